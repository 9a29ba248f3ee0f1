#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/discovery.h"

#define SLICE (&discovery_endpoint_slice_type)
#define ENDPOINT(members) "{'endpoints':[{'addresses':['10.0.0.1']," members "}]}"
#define ADDRESSES(type, list) "{'addressType':'" type "','endpoints':[{'addresses':[" list "]}]}"
#define PORTS(list) "{'ports':[" list "]}"
#define TCP "'protocol':'TCP','port':80"

static const char slice[] =
    "{'metadata':{'name':'s'},'addressType':'IPv4','endpoints':[{'addresses':["
    "'10.0.0.1']}],'ports':[{'name':'http','protocol':'TCP','port':80}]}";

static const struct kind_case cases[] = {
	{ NULL, "" },
	{ "{'addressType':''}", "addressType: Required value" },
	{ "{'addressType':'IP'}",
	  "addressType: Unsupported value: \"IP\": supported values: \"FQDN\", "
	  "\"IPv4\", \"IPv6\"" },
	{ ADDRESSES("IPv4", ""), "endpoints[0].addresses: Required value" },
	{ ADDRESSES("IPv4", "'a'"),
	  "endpoints[0].addresses[0]: Invalid value: \"a\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)" },
	{ ADDRESSES("IPv4", "'fd00::1'"),
	  "endpoints[0].addresses: Invalid value: \"fd00::1\": must be a valid IPv4 address" },
	{ ADDRESSES("IPv4", "'127.0.0.1'"), "endpoints[0].addresses[0]: Invalid value: "
					    "\"127.0.0.1\": may not be in the loopback range "
					    "(127.0.0.0/8, ::1/128)" },
	{ ADDRESSES("IPv6", "'fd00::1'"), "" },
	{ ADDRESSES("IPv6", "'10.0.0.1'"),
	  "endpoints[0].addresses: Invalid value: \"10.0.0.1\": must be a valid IPv6 address" },
	{ ADDRESSES("IPv6", "'FD00::1'"),
	  "endpoints[0].addresses[0]: Invalid value: \"FD00::1\": must "
	  "be in canonical form (\"fd00::1\")" },
	{ ADDRESSES("FQDN", "'a.b','a.b.'"), "" },
	{ ADDRESSES("FQDN", "'','a'"),
	  "endpoints[0].addresses[0]: Required value\n"
	  "endpoints[0].addresses[1]: Invalid value: \"a\": should be a domain with at least two "
	  "segments separated by dots" },
	{ ENDPOINT("'nodeName':'N'"),
	  "endpoints[0].nodeName: Invalid value: \"N\": a lowercase RFC 1123 subdomain must "
	  "consist "
	  "of lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ ENDPOINT("'hostname':'a.b'"),
	  "endpoints[0].hostname: Invalid value: \"a.b\": must not contain dots" },
	{ ENDPOINT("'hints':{'forZones':[{'name':'z'},{'name':'z'}]}"),
	  "endpoints[0].hints.forZones[1].name: Duplicate value: \"z\"" },
	{ ENDPOINT("'hints':{'forNodes':[{'name':'n'},{'name':'n'}]}"),
	  "endpoints[0].hints.forNodes[1].name: Duplicate value: \"n\"" },
	{ ENDPOINT(
	      "'hints':{'forZones':[{'name':'1'},{'name':'2'},{'name':'3'},{'name':'4'},{'name':"
	      "'5'},{'name':'6'},{'name':'7'},{'name':'8'},{'name':'9'}]}"),
	  "endpoints[0].hints.forZones: Too many: 9: must have at most 8 items" },
	{ PORTS("{" TCP "},{" TCP "}"), "ports[1].name: Duplicate value: \"\"" },
	{ PORTS("{'name':'a.b','protocol':'ICMP','appProtocol':'a b'}"),
	  "ports[0].name: Invalid value: \"a.b\": must not contain dots\n"
	  "ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", "
	  "\"UDP\"\n"
	  "ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. "
	  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(a_slice_has_addresses_of_one_type)
{
	KIND_CREATES(SLICE, slice, cases);
}

/* `count` endpoints. */
static const char *many_endpoints(uint32_t count)
{
	struct text out = text_in(test_arena(), MIB);

	text_lit(&out, "{'endpoints':[");
	for (uint32_t i = 0; i < count; i++)
		text_printf(&out, "%s{'addresses':['10.0.%u.%u']}", i ? "," : "", i / 200,
			    i % 200 + 1);
	text_lit(&out, "]}");
	text_add_char(&out, '\0');
	return out.at;
}

TEST(a_slice_has_a_thousand_endpoints_at_most)
{
	CHECK_STR(kind_lab_create(kind_lab(SLICE), slice, many_endpoints(1000)), "");
	CHECK_STR(kind_lab_create(kind_lab(SLICE), slice, many_endpoints(1001)),
		  "endpoints: Too many: 1001: must have at most 1000 items");
}

static const struct kind_case updates[] = {
	{ "{'metadata':{'annotations':{'a':'b'}}}", "" },
	{ "{'addressType':'IPv6'}", "addressType: Invalid value: null: field is immutable" },
	/* What was stored is not looked at again while it stays. */
	{ PORTS("{" TCP "}"), "" },
	{ "{'endpoints':[{'addresses':['127.0.0.1']},{'addresses':['10.0.0.1']}]}",
	  "endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback "
	  "range "
	  "(127.0.0.0/8, ::1/128)" },
};

TEST(the_type_of_a_slice_stays)
{
	KIND_UPDATES(SLICE, "",
		     "{'metadata':{'name':'s'},'addressType':'IPv4','endpoints':[{'addresses':["
		     "'127.0.0.1']}]}",
		     updates);
}

static struct str generation_after(const char *patch)
{
	struct kind_lab *lab = kind_lab(SLICE);

	CHECK_STR(kind_lab_update(lab, "",
				  "{'metadata':{'name':'s','generation':4},'addressType':'IPv4',"
				  "'endpoints':[{'addresses':['10.0.0.1']}],'ports':[]}",
				  patch),
		  "");
	return kind_lab_value(lab, "metadata.generation");
}

TEST(the_generation_of_a_slice_counts_its_endpoints_ports_and_labels)
{
	struct kind_lab *lab = kind_lab(SLICE);

	CHECK_STR(kind_lab_create(lab, slice, NULL), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(generation_after(NULL), "4");
	CHECK_STR(generation_after("{'metadata':{'annotations':{'a':'b'}}}"), "4");
	CHECK_STR(generation_after("{'metadata':{'labels':{'a':'b'}}}"), "5");
	CHECK_STR(generation_after(PORTS("{" TCP "}")), "5");
	CHECK_STR(generation_after(ENDPOINT("'zone':'z'")), "5");
}

#define OLD                                                                                     \
	"{'metadata':{'name':'s'},'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1']," \
	"'deprecatedTopology':{'kubernetes.io/hostname':'n1'}}]}"

TEST(a_node_that_was_said_in_the_topology_is_said_by_its_name)
{
	struct kind_lab *lab = kind_lab(SLICE);

	CHECK_STR(kind_lab_create(lab, OLD, NULL), "");
	CHECK_STR(kind_lab_value(lab, "endpoints[0].deprecatedTopology"), "");
	CHECK_STR(kind_lab_value(lab, "endpoints[0].nodeName"), "");
	CHECK_STR(kind_lab_update(lab, "", OLD, PORTS("{" TCP "}")), "");
	CHECK_STR(kind_lab_value(lab, "endpoints[0].deprecatedTopology"),
		  "{\"kubernetes.io/hostname\":\"n1\"}");
	CHECK_STR(kind_lab_update(lab, "", OLD,
				  "{'endpoints':[{'addresses':['10.0.0.2'],'deprecatedTopology':{"
				  "'kubernetes.io/hostname':'n1'}},{'addresses':['10.0.0.3'],"
				  "'deprecatedTopology':{'kubernetes.io/hostname':'n2'}}]}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "endpoints[0].nodeName"), "n1");
	CHECK_STR(kind_lab_value(lab, "endpoints[1].nodeName"), "");
	CHECK_STR(kind_lab_value(lab, "endpoints[0].deprecatedTopology"), "");
}

static const struct kind_case warnings[] = {
	{ NULL, "" },
	{ ADDRESSES("FQDN", "'a.b'"), "spec.addressType: FQDN endpoints are deprecated" },
};

TEST(slices_of_domains_are_of_the_past)
{
	KIND_WARNS(SLICE, slice, warnings);
}

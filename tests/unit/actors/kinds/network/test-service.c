#include "datastore/schema/core.h"
#include "datastore/schema/networking.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define TYPE (&core_service_type)

static const char base[] = "{'metadata':{'name':'web'},'spec':{'selector':{'app':'web'},"
			   "'ports':[{'port':80}]}}";

/* As it is stored. */
static const char stored[] =
    "{'metadata':{'name':'web'},'spec':{'selector':{'app':'web'},'clusterIP':'10.96.1.2',"
    "'clusterIPs':['10.96.1.2'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack',"
    "'ports':[{'port':80}]}}";
static const char stored_node_port[] =
    "{'metadata':{'name':'web'},'spec':{'type':'NodePort','clusterIP':'10.96.1.2',"
    "'clusterIPs':['10.96.1.2'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack',"
    "'ports':[{'name':'a','port':80,'nodePort':30080},{'name':'b','port':81,'nodePort':30081}]}}";
static const char stored_local[] =
    "{'metadata':{'name':'web'},'spec':{'type':'LoadBalancer','externalTrafficPolicy':'Local',"
    "'healthCheckNodePort':30999,'clusterIP':'10.96.1.2','loadBalancerClass':'a.b/c',"
    "'clusterIPs':['10.96.1.2'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack',"
    "'ports':[{'port':80,'nodePort':30080}]},'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]"
    "}}}";

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'spec':{'ports':[]}}", "spec.ports: Required value" },
	{ "{'spec':{'ports':[{'port':0}]}}",
	  "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n"
	  "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive" },
	{ "{'spec':{'ports':[{'port':1,'protocol':'X'}]}}",
	  "spec.ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", "
	  "\"UDP\"" },
	{ "{'spec':{'ports':[{'port':1,'targetPort':'a--b'}]}}",
	  "spec.ports[0].targetPort: Invalid value: \"a--b\": must not contain consecutive "
	  "hyphens" },
	{ "{'spec':{'ports':[{'port':1},{'port':2,'name':'a'}]}}",
	  "spec.ports[0].name: Required value" },
	{ "{'spec':{'ports':[{'port':1,'name':'a'},{'port':2,'name':'a'}]}}",
	  "spec.ports[1].name: Duplicate value: \"a\"" },
	{ "{'spec':{'ports':[{'port':1,'name':'a'},{'port':1,'name':'b'}]}}",
	  "spec.ports[1]: Duplicate value: "
	  "{\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,"
	  "\"Port\":1,\"TargetPort\":0,\"NodePort\":0}" },
	{ "{'spec':{'ports':[{'port':1,'nodePort':30000}]}}",
	  "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'" },
	{ "{'spec':{'type':'Funny'}}",
	  "spec.type: Unsupported value: \"Funny\": supported values: \"ClusterIP\", "
	  "\"ExternalName\", \"LoadBalancer\", \"NodePort\"" },
	{ "{'spec':{'sessionAffinity':'x'}}",
	  "spec.sessionAffinity: Unsupported value: \"x\": supported values: \"ClientIP\", "
	  "\"None\"" },
	{ "{'spec':{'sessionAffinity':'ClientIP','sessionAffinityConfig':{'clientIP':{"
	  "'timeoutSeconds':86401}}}}",
	  "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be "
	  "greater "
	  "than 0 and less than 86400" },
	{ "{'spec':{'type':'ExternalName','externalName':'a.b.'}}", "" },
	{ "{'spec':{'type':'ExternalName','clusterIP':'10.96.0.7'}}",
	  "spec.clusterIPs: Forbidden: may not be set for ExternalName services\n"
	  "spec.externalName: Required value" },
	{ "{'spec':{'type':'NodePort','clusterIP':'None'}}",
	  "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort "
	  "services" },
	{ "{'spec':{'clusterIP':'None','ports':[]}}", "" },
	{ "{'spec':{'clusterIP':'10.96.0.300'}}",
	  "spec.clusterIPs[0]: Invalid value: \"10.96.0.300\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)" },
	{ "{'spec':{'clusterIP':'10.96.0.07'}}",
	  "spec.clusterIPs[0]: Invalid value: \"10.96.0.07\": must not have leading 0s" },
	{ "{'spec':{'clusterIP':'10.97.0.1'}}",
	  "spec.clusterIPs: Invalid value: [\"10.97.0.1\"]: failed to allocate IP 10.97.0.1: the "
	  "provided network does not match the current range" },
	{ "{'spec':{'clusterIP':'10.96.0.0'}}",
	  "spec.clusterIPs: Invalid value: [\"10.96.0.0\"]: failed to allocate IP 10.96.0.0: the "
	  "provided network does not match the current range" },
	{ "{'spec':{'clusterIP':'10.96.0.7','clusterIPs':['10.96.0.8']}}",
	  "spec.clusterIPs: Invalid value: [\"10.96.0.8\"]: first value must match `clusterIP`" },
	{ "{'spec':{'clusterIPs':['10.96.0.8']}}",
	  "spec.clusterIPs: Invalid value: [\"10.96.0.8\"]: must be empty when `clusterIP` is not "
	  "specified" },
	{ "{'spec':{'ipFamilies':['IPv6']}}",
	  "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster" },
	{ "{'spec':{'ipFamilies':['IPv4','IPv4']}}",
	  "spec.ipFamilies[1]: Duplicate value: \"IPv4\"" },
	{ "{'spec':{'clusterIP':'fd00::1'}}",
	  "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this "
	  "cluster" },
	{ "{'spec':{'ipFamilyPolicy':'RequireDualStack'}}",
	  "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not "
	  "configured "
	  "for dual-stack services" },
	{ "{'spec':{'type':'NodePort','ports':[{'port':1,'nodePort':29999}]}}",
	  "spec.ports[0].nodePort: Invalid value: 29999: provided port is not in the valid range. "
	  "The "
	  "range of valid ports is 30000-32767" },
	{ "{'spec':{'loadBalancerClass':'a'}}",
	  "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'" },
	{ "{'spec':{'loadBalancerSourceRanges':['1.2.3.4/8']}}",
	  "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is "
	  "'LoadBalancer'\n"
	  "spec.LoadBalancerSourceRanges[0]: Invalid value: \"1.2.3.4/8\": must not have bits set "
	  "beyond the prefix length" },
	{ "{'spec':{'type':'LoadBalancer','loadBalancerSourceRanges':[' 1.0.0.0/8 ']}}", "" },
	{ "{'metadata':{'annotations':{'service.beta.kubernetes.io/load-balancer-source-ranges':"
	  "'1.0.0.0/8, x'}},'spec':{'type':'LoadBalancer'}}",
	  "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid "
	  "value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)" },
	{ "{'spec':{'externalTrafficPolicy':'Local'}}",
	  "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for "
	  "externally-accessible services" },
	{ "{'spec':{'healthCheckNodePort':30001}}",
	  "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is "
	  "'LoadBalancer' and `externalTrafficPolicy` is 'Local'" },
	{ "{'spec':{'externalIPs':['127.0.0.1','x']}}",
	  "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range "
	  "(127.0.0.0/8, ::1/128)\n"
	  "spec.externalIPs[1]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 "
	  "or "
	  "2001:db8::ffff)" },
	{ "{'spec':{'internalTrafficPolicy':'x'}}",
	  "spec.internalTrafficPolicy: Unsupported value: \"x\": supported values: \"Cluster\", "
	  "\"Local\"" },
	{ "{'spec':{'trafficDistribution':'x'}}",
	  "spec.trafficDistribution: Unsupported value: \"x\": supported values: \"PreferClose\", "
	  "\"PreferSameZone\", \"PreferSameNode\"" },
	{ "{'metadata':{'name':'Web'}}",
	  "metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower "
	  "case alphanumeric characters or '-', and must start and end with an alphanumeric "
	  "character "
	  "(e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ "{'metadata':{'name':'1web'}}", "" },
};

TEST(a_new_service_is_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

TEST(a_new_service_gets_an_address_that_is_reserved_with_it)
{
	struct kind_lab *lab = kind_lab(TYPE);
	struct str ip, key;

	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	ip = kind_lab_value(lab, "spec.clusterIP");
	CHECK(str_starts(ip, STR("10.96.")));
	CHECK(str_eq(kind_lab_value(lab, "spec.clusterIPs[0]"), ip));
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "[\"IPv4\"]");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilyPolicy"), "SingleStack");
	key = arena_printf(test_arena(), "+/registry/ipaddresses/" STR_FMT, STR_ARG(ip));
	CHECK(str_eq(kind_lab_writes(lab), key));
	CHECK_EQ(lab->change.writes[0].expected, 0);
	CHECK(str_starts(lab->change.writes[0].value, STR("k8s")));
	CHECK(str_find(lab->change.writes[0].value, STR("ipallocator.k8s.io")) > 0);
}

TEST(an_address_that_is_asked_for_is_honoured_once)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base, "{'spec':{'clusterIP':'10.96.0.1'}}"), "");
	CHECK_STR(kind_lab_writes(lab), "+/registry/ipaddresses/10.96.0.1");
	kind_lab_add(lab, &networking_ip_address_type,
		     "{'metadata':{'name':'10.96.0.1'},'spec':{'parentRef':{'resource':'services',"
		     "'namespace':'default','name':'kubernetes'}}}");
	CHECK_STR(
	    kind_lab_create(lab, base, "{'spec':{'clusterIP':'10.96.0.1'}}"),
	    "spec.clusterIPs: Invalid value: [\"10.96.0.1\"]: failed to allocate IP 10.96.0.1: "
	    "provided IP is already allocated");
}

static void add_range(struct kind_lab *lab, const char *name, const char *cidrs, const char *ready)
{
	struct str json = arena_printf(test_arena(),
				       "{'metadata':{'name':'%s'},'spec':{'cidrs':[%s]},'status':{"
				       "'conditions':[{'type':'Ready','status':'%s'}]}}",
				       name, cidrs, ready);

	kind_lab_add(lab, &networking_service_cidr_type, json.at);
}

TEST(addresses_come_from_the_ranges_that_are_ready)
{
	struct kind_lab *lab = kind_lab(TYPE);

	add_range(lab, "kubernetes", "'10.0.0.0/24'", "False");
	add_range(lab, "more", "'10.1.0.0/30'", "True");
	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIP"), STR("10.1.0.")));
	kind_lab_add(lab, &networking_ip_address_type, "{'metadata':{'name':'10.1.0.1'}}");
	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	CHECK_STR(kind_lab_value(lab, "spec.clusterIP"), "10.1.0.2");
	kind_lab_add(lab, &networking_ip_address_type, "{'metadata':{'name':'10.1.0.2'}}");
	CHECK_STR(
	    kind_lab_create(lab, base, NULL),
	    "500 Internal error occurred: failed to allocate a serviceIP for Service \"web\": "
	    "range is full");
}

TEST(a_service_takes_both_families_where_there_are_two)
{
	struct kind_lab *lab = kind_lab(TYPE);

	add_range(lab, "kubernetes", "'fd00::/112','10.96.0.0/16'", "True");
	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "[\"IPv6\"]");
	CHECK_STR(kind_lab_create(lab, base, "{'spec':{'ipFamilyPolicy':'PreferDualStack'}}"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "[\"IPv6\",\"IPv4\"]");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[0]"), STR("fd00::")));
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[1]"), STR("10.96.")));
	CHECK_EQ(lab->change.write_count, 2);
	CHECK_STR(kind_lab_create(lab, base,
				  "{'spec':{'clusterIP':'10.96.0.9','ipFamilyPolicy':"
				  "'PreferDualStack'}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "[\"IPv4\",\"IPv6\"]");
}

TEST(a_headless_service_needs_no_address)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base, "{'spec':{'clusterIP':'None'}}"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilyPolicy"), "SingleStack");
	CHECK_STR(kind_lab_writes(lab), "");
	CHECK_STR(kind_lab_create(lab, base, "{'spec':{'clusterIP':'None','selector':null}}"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilyPolicy"), "RequireDualStack");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "[\"IPv4\",\"IPv6\"]");
}

TEST(node_ports_are_picked_shared_and_reserved)
{
	struct kind_lab *lab = kind_lab(TYPE);
	struct str port;

	CHECK_STR(kind_lab_create(lab, base,
				  "{'spec':{'type':'NodePort','ports':[{'name':'a','port':53},"
				  "{'name':'b','port':53,'protocol':'UDP'},{'name':'c','port':80,"
				  "'nodePort':30080}]}}"),
		  "");
	port = kind_lab_value(lab, "spec.ports[0].nodePort");
	CHECK_EQ(port.len, 5);
	CHECK(str_eq(kind_lab_value(lab, "spec.ports[1].nodePort"), port));
	CHECK_EQ(lab->change.write_count, 3);
	CHECK_STR(lab->change.writes[2].key, "/troupe/nodeports/30080");
	CHECK_STR(lab->change.writes[2].value, "default/web");
	kind_lab_add(lab, TYPE, stored_node_port);
	CHECK_STR(
	    kind_lab_create(lab, base,
			    "{'spec':{'type':'NodePort','ports':[{'port':80,'nodePort':30080}]}}"),
	    "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated");
}

TEST(a_balancer_without_node_ports_gets_none)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base,
				  "{'spec':{'type':'LoadBalancer','allocateLoadBalancerNodePorts':"
				  "false}}"),
		  "");
	CHECK_EQ(lab->change.write_count, 1);
	CHECK_STR(kind_lab_create(
		      lab, base, "{'spec':{'type':'LoadBalancer','externalTrafficPolicy':'Local'}}"),
		  "");
	CHECK_EQ(lab->change.write_count, 3);
	CHECK(kind_lab_value(lab, "spec.healthCheckNodePort").len == 5);
}

TEST(more_node_ports_than_one_write_can_reserve_are_refused)
{
	struct kind_lab *lab = kind_lab(TYPE);
	struct text ports = text_in(test_arena(), MIB);

	text_lit(&ports, "{'spec':{'type':'NodePort','ports':[");
	for (uint32_t i = 1; i <= KIND_WRITES_MAX; i++)
		text_printf(&ports, "%s{'name':'p%u','port':%u}", i > 1 ? "," : "", i, i);
	text_lit(&ports, "]}}");
	text_add_char(&ports, '\0');
	CHECK(str_starts(kind_lab_create(lab, base, ports.at), STR("413 ")));
}

TEST(ports_without_end_are_refused_at_once)
{
	struct kind_lab *lab = kind_lab(TYPE);
	struct text ports = text_in(test_arena(), MIB);

	text_lit(&ports, "{'spec':{'ports':[{}");
	for (uint32_t i = 1; i < 2049; i++)
		text_lit(&ports, ",{}");
	text_lit(&ports, "]}}");
	text_add_char(&ports, '\0');
	CHECK_STR(kind_lab_create(lab, base, ports.at),
		  "spec.ports: Too many: 2049: must have at most 2048 items");
}

static const struct kind_case update_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'spec':{'clusterIP':null,'clusterIPs':null}}", "" },
	{ "{'spec':{'clusterIP':'10.96.1.3'}}",
	  "spec.clusterIPs[0]: Invalid value: [\"10.96.1.3\"]: may not change once set" },
	{ "{'spec':{'clusterIP':'None'}}",
	  "spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set" },
	{ "{'spec':{'ipFamilies':['IPv6']}}", "spec.clusterIPs[0]: Invalid value: \"10.96.1.2\": "
					      "expected an IPv6 value as indicated by "
					      "`ipFamilies[0]`" },
	{ "{'spec':{'type':'ExternalName','externalName':'a.b'}}", "" },
};

TEST(an_update_is_judged_against_what_is_stored)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

TEST(a_service_that_becomes_a_name_gives_its_address_back)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "", stored,
				  "{'spec':{'type':'ExternalName','externalName':'a.b'}}"),
		  "");
	CHECK_STR(kind_lab_writes(lab), "-/registry/ipaddresses/10.96.1.2");
	CHECK_EQ(lab->change.writes[0].expected, KIND_ANY_REVISION);
	CHECK_STR(kind_lab_value(lab, "spec.clusterIP"), "");
	CHECK_STR(kind_lab_value(lab, "spec.clusterIPs"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ipFamilies"), "");
}

TEST(a_name_that_becomes_a_service_gets_an_address)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "",
				  "{'metadata':{'name':'web'},'spec':{'type':'ExternalName',"
				  "'externalName':'a.b','ports':[{'port':80}]}}",
				  "{'spec':{'type':'ClusterIP','externalName':null}}"),
		  "");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[0]"), STR("10.96.")));
	CHECK_EQ(lab->change.write_count, 1);
}

TEST(node_ports_follow_the_names_of_ports)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "", stored_node_port,
				  "{'spec':{'ports':[{'name':'b','port':8081},{'name':'c','port':"
				  "82,'nodePort':30082}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.ports[0].nodePort"), "30081");
	CHECK_STR(kind_lab_writes(lab), "+/troupe/nodeports/30082\n-/troupe/nodeports/30080");
	CHECK_STR(kind_lab_update(lab, "", stored_node_port, "{'spec':{'type':'ClusterIP'}}"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ports[0].nodePort"), "");
	CHECK_STR(kind_lab_writes(lab), "-/troupe/nodeports/30080\n-/troupe/nodeports/30081");
	CHECK_STR(kind_lab_update(lab, "", stored_node_port,
				  "{'spec':{'type':'ClusterIP','ports':[{'name':'a','port':80,"
				  "'nodePort':30090}]}}"),
		  "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'");
}

static const struct kind_case balancer_cases[] = {
	{ "{'spec':{'healthCheckNodePort':30998}}",
	  "spec.healthCheckNodePort: Forbidden: field is immutable" },
	{ "{'spec':{'healthCheckNodePort':0}}", "" },
	{ "{'spec':{'loadBalancerClass':'x.y/z'}}",
	  "spec.loadBalancerClass: Invalid value: \"x.y/z\": may not change once set" },
	{ "{'spec':{'loadBalancerClass':null}}",
	  "spec.loadBalancerClass: Invalid value: null: may not change once set" },
};

TEST(a_balancer_keeps_its_class_and_its_health_port)
{
	struct kind_lab *lab = kind_lab(TYPE);

	KIND_UPDATES(TYPE, "", stored_local, balancer_cases);
	CHECK_STR(kind_lab_update(lab, "", stored_local, "{'spec':{'type':'ClusterIP'}}"), "");
	CHECK_STR(kind_lab_writes(lab), "-/troupe/nodeports/30999\n-/troupe/nodeports/30080");
	CHECK_STR(kind_lab_value(lab, "spec.loadBalancerClass"), "");
	CHECK_STR(kind_lab_value(lab, "spec.externalTrafficPolicy"), "");
	CHECK_STR(kind_lab_value(lab, "status.loadBalancer.ingress"), "");
}

TEST(a_second_family_comes_and_goes)
{
	static const char both[] =
	    "{'metadata':{'name':'web'},'spec':{'clusterIP':'10.96.1.2','clusterIPs':['10.96.1.2',"
	    "'fd00::5'],'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'RequireDualStack','ports':["
	    "{'port':80}]}}";
	struct kind_lab *lab = kind_lab(TYPE);

	add_range(lab, "kubernetes", "'10.96.0.0/16','fd00::/112'", "True");
	CHECK_STR(
	    kind_lab_update(lab, "", stored, "{'spec':{'ipFamilyPolicy':'RequireDualStack'}}"), "");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[1]"), STR("fd00::")));
	CHECK_EQ(lab->change.write_count, 1);
	CHECK_STR(kind_lab_update(lab, "", both, "{'spec':{'ipFamilyPolicy':'SingleStack'}}"), "");
	CHECK_STR(kind_lab_value(lab, "spec.clusterIPs"), "[\"10.96.1.2\"]");
	CHECK_STR(kind_lab_writes(lab), "-/registry/ipaddresses/fd00::5");
	CHECK_STR(
	    kind_lab_update(lab, "", both, "{'spec':{'clusterIPs':['10.96.1.2']}}"),
	    "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to "
	    "release the secondary cluster IP");
}

TEST(what_was_reserved_goes_with_the_service)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_delete(lab, stored_local), "");
	CHECK_STR(kind_lab_writes(lab),
		  "-/registry/ipaddresses/10.96.1.2\n-/troupe/nodeports/30080\n"
		  "-/troupe/nodeports/30999");
	CHECK_STR(kind_lab_delete(lab, "{'spec':{'clusterIP':'None','ports':[{'port':1}]}}"), "");
	CHECK_STR(kind_lab_writes(lab), "");
	kind_lab_add(lab, &networking_ip_address_type,
		     "{'metadata':{'name':'10.96.1.2'},'spec':{'parentRef':{'resource':'services',"
		     "'namespace':'default','name':'other'}}}");
	CHECK_STR(kind_lab_delete(lab, stored), "");
	CHECK_STR(kind_lab_writes(lab), "");
}

static const struct kind_case status_cases[] = {
	{ "{'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'},{'hostname':'a.b'}]}},"
	  "'spec':{'ports':[]}}",
	  "" },
	{ "{'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3'}]}}}",
	  "status.loadBalancer.ingress[0].ip: Invalid value: \"1.2.3\": must be a valid IP "
	  "address, "
	  "(e.g. 10.9.8.7 or 2001:db8::ffff)" },
	{ "{'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4','ipMode':'X'}]}}}",
	  "status.loadBalancer.ingress[0].ipMode: Unsupported value: \"X\": supported values: "
	  "\"Proxy\", \"VIP\"" },
	{ "{'status':{'loadBalancer':{'ingress':[{'hostname':'1.2.3.4'}]}}}",
	  "status.loadBalancer.ingress[0].hostname: Invalid value: \"1.2.3.4\": must be a DNS "
	  "name, "
	  "not an IP address" },
};

TEST(a_status_is_judged_and_leaves_the_spec_alone)
{
	struct kind_lab *lab = kind_lab(TYPE);

	KIND_UPDATES(TYPE, "status", stored_local, status_cases);
	CHECK_STR(kind_lab_update(lab, "status", stored,
				  "{'metadata':{'labels':{'a':'b'}},'status':{'loadBalancer':{"
				  "'ingress':[{'ip':'1.2.3.4'}]}}}"),
		  "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "
		  "'LoadBalancer'");
	CHECK_STR(kind_lab_value(lab, "metadata.labels[a]"), "b");
	CHECK_STR(kind_lab_value(lab, "spec.ports[0].port"), "80");
}

TEST(what_is_legal_and_useless_is_warned_of)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base,
				  "{'spec':{'clusterIP':'None','externalName':'x','externalIPs':["
				  "'2001:DB8::0:1'],'trafficDistribution':'PreferClose'}}"),
		  "");
	CHECK_STR(
	    kind_lab_warnings(lab),
	    "spec.externalIPs is ignored for headless services\n"
	    "spec.externalIPs[0]: IPv6 address \"2001:DB8::0:1\" should be in RFC 5952 canonical "
	    "format (\"2001:db8::1\")\n"
	    "spec.externalName is ignored when spec.type is not \"ExternalName\"\n"
	    "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
}

static struct kind_lab *lab_with(const struct service_setting *setting)
{
	struct kind_lab *lab = kind_lab(TYPE);

	lab->check.services = setting;
	return lab;
}

TEST(addresses_and_ports_come_from_what_the_server_was_told)
{
	static const struct service_setting setting = { .cidrs = { { "10.43.0.0/24", 12 },
								   { "fd00:43::/112", 13 } },
							.cidr_count = 2,
							.address = { "10.43.0.1", 9 },
							.port_min = 20000,
							.port_max = 20003 };
	struct kind_lab *lab = lab_with(&setting);

	CHECK_STR(kind_lab_create(
		      lab, base, "{'spec':{'type':'NodePort','ipFamilyPolicy':'PreferDualStack'}}"),
		  "");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[0]"), STR("10.43.0.")));
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIPs[1]"), STR("fd00:43::")));
	CHECK(str_starts(kind_lab_value(lab, "spec.ports[0].nodePort"), STR("2000")));
	CHECK_STR(
	    kind_lab_create(lab, base,
			    "{'spec':{'type':'NodePort','ports':[{'port':1,'nodePort':20003}]}}"),
	    "");
	CHECK_STR(
	    kind_lab_create(lab, base,
			    "{'spec':{'type':'NodePort','ports':[{'port':1,'nodePort':30000}]}}"),
	    "spec.ports[0].nodePort: Invalid value: 30000: provided port is not in the valid "
	    "range. The range of valid ports is 20000-20003");
	CHECK(str_find(kind_lab_create(lab, base, "{'spec':{'clusterIP':'10.96.0.7'}}"),
		       STR("the provided network does not match the current range")) > 0);
}

TEST(where_the_first_range_is_of_IPv6_so_is_a_service_that_does_not_say)
{
	static const struct service_setting setting = { .cidrs = { { "fd00:43::/112", 13 },
								   { "10.43.0.0/24", 12 } },
							.cidr_count = 2,
							.port_min = 1,
							.port_max = 65535 };
	struct kind_lab *lab = lab_with(&setting);

	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	CHECK(str_starts(kind_lab_value(lab, "spec.clusterIP"), STR("fd00:43::")));
	CHECK_STR(
	    kind_lab_create(lab, base,
			    "{'spec':{'type':'NodePort','ports':[{'port':1,'nodePort':65535}]}}"),
	    "");
}

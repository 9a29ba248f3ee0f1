#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/networking.h"

/* ---- NetworkPolicy ------------------------------------------------------------------------------------------------ */

#define POLICY (&networking_network_policy_type)
#define SPEC(members) "{'spec':{" members "}}"
#define FROM(peer) SPEC("'ingress':[{'from':[" peer "]}]")
#define PORT(members) SPEC("'egress':[{'ports':[{" members "}]}]")

static const char policy[] = "{'metadata':{'name':'p'},'spec':{'podSelector':{}}}";

static const struct kind_case policy_cases[] = {
	{ NULL, "" },
	{ FROM("{'podSelector':{},'namespaceSelector':{}}"), "" },
	{ FROM("{}"), "spec.ingress[0].from[0]: Required value: must specify a peer" },
	{ FROM("{'podSelector':{},'ipBlock':{'cidr':'10.0.0.0/8'}}"),
	  "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer" },
	{ FROM("{'podSelector':{'matchExpressions':[{'key':'a','operator':'In','values':['-']}]}}"),
	  "spec.ingress[0].from[0].podSelector.matchExpressions[0].values[0]: Invalid value: "
	  "\"-\": a valid label must be an empty string or consist of alphanumeric characters, "
	  "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
	  "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
	  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ FROM("{'ipBlock':{'cidr':''}}"), "spec.ingress[0].from[0].ipBlock.cidr: Required value" },
	{ FROM("{'ipBlock':{'cidr':'10.0.0.0'}}"),
	  "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR "
	  "value, (e.g. 10.9.8.0/24 or 2001:db8::/64)" },
	{ FROM("{'ipBlock':{'cidr':'10.0.0.0/8','except':['10.1.0.0/16','10.0.0.0/8','11.0.0.0/16',"
	       "'fd00::/64']}}"),
	  "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a "
	  "strict subset of `cidr`\n"
	  "spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: \"11.0.0.0/16\": must be a "
	  "strict subset of `cidr`\n"
	  "spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: \"fd00::/64\": must be a "
	  "strict subset of `cidr`" },
	{ PORT("'port':80,'endPort':90"), "" },
	{ PORT("'port':'http','protocol':'SCTP'"), "" },
	{ PORT("'port':0"), "spec.egress[0].ports[0].port: Invalid value: 0: must be between 1 and "
			    "65535, inclusive" },
	{ PORT("'protocol':'ICMP'"),
	  "spec.egress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: "
	  "\"TCP\", \"UDP\", \"SCTP\"" },
	{ PORT("'port':80,'endPort':70000"),
	  "spec.egress[0].ports[0].endPort: Invalid value: 70000: must be between 1 and 65535, "
	  "inclusive" },
	{ PORT("'port':80,'endPort':79"),
	  "spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to "
	  "`port`" },
	{ PORT("'port':'http','endPort':80"),
	  "spec.egress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is "
	  "non-numeric" },
	{ PORT("'endPort':80"),
	  "spec.egress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is "
	  "not specified" },
	{ SPEC("'policyTypes':['Ingress','Ingress']"), "" },
	{ SPEC("'policyTypes':['Up','Egress']"),
	  "spec.policyTypes[0]: Unsupported value: \"Up\": supported values: \"Ingress\", "
	  "\"Egress\"" },
	{ SPEC("'policyTypes':['Ingress','Egress','Up']"),
	  "spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Up\"]: may not specify more "
	  "than two policyTypes" },
};

TEST(a_policy_names_peers_and_ports)
{
	KIND_CREATES(POLICY, policy, policy_cases);
}

/* A range that was taken once stays good wherever it stands, a new one is judged. */
static const struct kind_case old_policy_cases[] = {
	{ FROM("{'ipBlock':{'cidr':'10.0.0.0/8','except':['010.0.0.0/16']}}"), "" },
	{ FROM("{'ipBlock':{'cidr':'020.0.0.0/8'}}"),
	  "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"020.0.0.0/8\": must not have "
	  "leading 0s in IP or prefix length" },
	{ SPEC("'podSelector':{'matchLabels':{'a':'b'}}"), "" },
};

TEST(what_a_policy_had_may_stay)
{
	KIND_UPDATES(
	    POLICY, "",
	    "{'metadata':{'name':'p'},'spec':{'podSelector':{'matchExpressions':[{'key':'a',"
	    "'operator':'In','values':['-']}]},'ingress':[{'from':[{'ipBlock':{'cidr':"
	    "'010.0.0.0/16'}}]}]}}",
	    old_policy_cases);
}

static const struct kind_case policy_warnings[] = {
	{ FROM("{'ipBlock':{'cidr':'10.0.0.0/8'}}"), "" },
	{ FROM("{'ipBlock':{'cidr':'FD00::/64'}}"),
	  "spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value \"FD00::/64\" should be in RFC "
	  "5952 "
	  "canonical format (\"fd00::/64\")" },
};

TEST(ranges_of_policies_should_be_written_the_usual_way)
{
	KIND_WARNS(POLICY, policy, policy_warnings);
}

/* ---- Ingress ----------------------------------------------------------------------------------------------------------- */

#define INGRESS (&networking_ingress_type)
#define BACKEND(members) SPEC("'rules':null,'defaultBackend':{" members "}")
#define PATHS(paths) SPEC("'rules':[{'host':'a.b','http':{'paths':[" paths "]}}]")
#define TO_WEB "'backend':{'service':{'name':'web','port':{'number':80}}}"
#define HOST(host) SPEC("'rules':[{'host':'" host "'}]")
#define SUBDOMAIN_WORDS                                                                           \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " \
	"or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "     \
	"regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*["     \
	"a-z0-9])?)*')"

static const char ingress[] =
    "{'metadata':{'name':'i'},'spec':{'rules':[{'host':'a.b','http':{'paths':[{'path':'/',"
    "'pathType':'Prefix'," TO_WEB "}]}}]}}";

static const struct kind_case ingress_cases[] = {
	{ NULL, "" },
	{ SPEC("'rules':null"),
	  "spec: Invalid value: null: either `defaultBackend` or `rules` must be "
	  "specified" },
	{ BACKEND("'service':{'name':'web','port':{'name':'http'}}"), "" },
	{ BACKEND("'resource':{'apiGroup':'x.io','kind':'Bucket','name':'b'}"), "" },
	{ BACKEND(""),
	  "spec.defaultBackend: Invalid value: \"\": resource or service backend is required" },
	{ BACKEND(
	      "'resource':{'kind':'K','name':'n'},'service':{'name':'web','port':{'number':1}}"),
	  "spec.defaultBackend: Invalid value: \"\": cannot set both resource and service "
	  "backends" },
	{ BACKEND("'resource':{'apiGroup':'X','kind':'','name':'a/b'}"),
	  "spec.defaultBackend.resource.apiGroup: Invalid value: \"X\": " SUBDOMAIN_WORDS "\n"
	  "spec.defaultBackend.resource.kind: Required value\n"
	  "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'" },
	{ BACKEND("'service':{'name':'','port':{}}"),
	  "spec.defaultBackend.service.name: Required value\n"
	  "spec.defaultBackend: Required value: port name or number is required" },
	{ BACKEND("'service':{'name':'web','port':{'name':'a','number':1}}"),
	  "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number" },
	{ BACKEND("'service':{'name':'web','port':{'number':70000}}"),
	  "spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and "
	  "65535, inclusive" },
	{ HOST("*.a.b"), "" },
	{ HOST("1.2.3.4"),
	  "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not "
	  "an IP address" },
	{ HOST("A.b"), "spec.rules[0].host: Invalid value: \"A.b\": " SUBDOMAIN_WORDS },
	{ HOST("a.*"),
	  "spec.rules[0].host: Invalid value: \"a.*\": a wildcard DNS-1123 subdomain must start "
	  "with '*.', followed by a valid DNS subdomain, which must consist of lower case "
	  "alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. "
	  "'*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.["
	  "a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ PATHS(""), "spec.rules[0].http.paths: Required value" },
	{ PATHS("{'path':'/'," TO_WEB "}"),
	  "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified" },
	{ PATHS("{'path':'/','pathType':'Regex'," TO_WEB "}"),
	  "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: "
	  "\"Exact\", \"ImplementationSpecific\", \"Prefix\"" },
	{ PATHS("{'pathType':'ImplementationSpecific'," TO_WEB "}"), "" },
	{ PATHS("{'path':'a','pathType':'ImplementationSpecific'," TO_WEB "}"),
	  "spec.rules[0].http.paths[0].path: Invalid value: \"a\": must be an absolute path" },
	{ PATHS("{'path':'','pathType':'Exact'," TO_WEB "}"),
	  "spec.rules[0].http.paths[0].path: Invalid value: \"\": must be an absolute path" },
	{ PATHS("{'path':'/a//b/./c%2F/..','pathType':'Prefix'," TO_WEB "}"),
	  "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/./c%2F/..\": must not contain "
	  "'//'\n"
	  "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/./c%2F/..\": must not contain "
	  "'/./'\n"
	  "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/./c%2F/..\": must not contain "
	  "'%2F'\n"
	  "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/./c%2F/..\": cannot end with "
	  "'/..'" },
	{ SPEC("'tls':[{'hosts':['1.2.3.4','A'],'secretName':'S'}]"),
	  "spec.tls[0].hosts[1]: Invalid value: \"A\": " SUBDOMAIN_WORDS "\n"
	  "spec.tls[0].secretName: Invalid value: \"S\": " SUBDOMAIN_WORDS },
	{ SPEC("'ingressClassName':''"),
	  "spec.ingressClassName: Invalid value: \"\": " SUBDOMAIN_WORDS },
	{ "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'x'}},'spec':{"
	  "'ingressClassName':'y'}}",
	  "annotations.kubernetes.io/ingress.class: Invalid value: \"x\": must match "
	  "`ingressClassName` when both are specified" },
};

TEST(an_ingress_leads_hosts_and_paths_to_backends)
{
	struct kind_lab *lab = kind_lab(INGRESS);

	KIND_CREATES(INGRESS, ingress, ingress_cases);
	CHECK_STR(kind_lab_create(lab, ingress,
				  "{'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4"
				  "'}]}}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_value(lab, "status"), "{\"loadBalancer\":{}}");
	CHECK_STR(kind_lab_update(lab, "", ingress, HOST("c.d")), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
}

static const struct kind_case ingress_warnings[] = {
	{ "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'x'}}}",
	  "annotation \"kubernetes.io/ingress.class\" is deprecated, please use "
	  "'spec.ingressClassName' instead" },
	{ NULL, "" },
};

TEST(the_annotation_of_ingresses_is_of_the_past)
{
	KIND_WARNS(INGRESS, ingress, ingress_warnings);
}

static const struct kind_case old_ingress_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ SPEC("'rules':[{'host':'a.b','http':{'paths':[]}}]"),
	  "spec.rules[0].http.paths: Required value" },
	/* With both set and apart: that is judged when it is new. */
	{ "{'metadata':{'annotations':{'kubernetes.io/ingress.class':'x'}},'spec':{"
	  "'ingressClassName':'y'}}",
	  "" },
};

TEST(what_an_ingress_had_may_stay)
{
	KIND_UPDATES(
	    INGRESS, "",
	    "{'metadata':{'name':'i'},'spec':{'rules':[{'host':'*.a','http':{'paths':[]}}],"
	    "'tls':[{'secretName':'S'}]}}",
	    old_ingress_cases);
}

#define BALANCER(members) "{'status':{'loadBalancer':{'ingress':[{" members "}]}}}"

static const struct kind_case ingress_status_cases[] = {
	{ BALANCER("'ip':'1.2.3.4','hostname':'a.b'"), "" },
	{ BALANCER("'ip':'01.2.3.4'"), "status.loadBalancer.ingress[0].ip: Invalid value: "
				       "\"01.2.3.4\": must not have leading 0s" },
	{ BALANCER("'hostname':'1.2.3.4'"), "status.loadBalancer.ingress[0].hostname: Invalid "
					    "value: \"1.2.3.4\": must be a DNS name, "
					    "not an IP address" },
};

TEST(a_balancers_addresses_are_good)
{
	KIND_UPDATES(INGRESS, "status", ingress, ingress_status_cases);
}

/* ---- IngressClass -------------------------------------------------------------------------------------------------------- */

#define CLASS (&networking_ingress_class_type)
#define PARAMETERS(members) SPEC("'parameters':{'kind':'K','name':'n'," members "}")

static const char class[] = "{'metadata':{'name':'c'},'spec':{'controller':'a.io/b'}}";

static const struct kind_case class_cases[] = {
	{ NULL, "" },
	{ SPEC("'controller':''"), "spec.controller: Required value" },
	{ SPEC("'controller':'b'"),
	  "spec.controller: Invalid value: \"b\": must be a domain-prefixed "
	  "path (such as \"acme.io/foo\")" },
	{ PARAMETERS("'scope':'Namespace','namespace':'x'"), "" },
	{ PARAMETERS("'scope':'Namespace'"), "spec.parameters.namespace: Required value: "
					     "`parameters.scope` is set to 'Namespace'" },
	{ PARAMETERS("'scope':'Cluster','namespace':'x'"),
	  "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'" },
	{ PARAMETERS("'scope':'World'"),
	  "spec.parameters.scope: Unsupported value: \"World\": supported values: \"Cluster\", "
	  "\"Namespace\"" },
	{ PARAMETERS("'apiGroup':'X'"),
	  "spec.parameters.apiGroup: Invalid value: \"X\": " SUBDOMAIN_WORDS },
	{ SPEC("'parameters':{'kind':'','name':'..'}"),
	  "spec.parameters.name: Invalid value: \"..\": may not be '..'\n"
	  "spec.parameters.kind: Required value" },
};

static const struct kind_case fixed_class_cases[] = {
	{ PARAMETERS("'scope':'Cluster'"), "" },
	{ SPEC("'controller':'a.io/c'"),
	  "spec.controller: Invalid value: \"a.io/c\": field is immutable" },
};

TEST(a_class_names_its_controller_for_good)
{
	KIND_CREATES(CLASS, class, class_cases);
	KIND_UPDATES(CLASS, "", class, fixed_class_cases);
}

/* ---- addresses of Services ---------------------------------------------------------------------------------------------------- */

#define ADDRESS (&networking_ip_address_type)
#define PARENT(members) SPEC("'parentRef':{" members "}")

static const char address[] =
    "{'metadata':{'name':'10.96.0.1'},'spec':{'parentRef':{'resource':'services','namespace':'n',"
    "'name':'s'}}}";

static const struct kind_case address_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'fd00::1'}}", "" },
	{ "{'metadata':{'name':'web'}}",
	  "metadata.name: Invalid value: \"web\": must be a valid IP address, (e.g. 10.9.8.7 or "
	  "2001:db8::ffff)" },
	{ "{'metadata':{'name':'','generateName':'web'}}",
	  "metadata.generateName: Invalid value: \"web\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)\n"
	  "metadata.name: Required value: name or generateName is required" },
	{ "{'metadata':{'name':'FD00::1'}}",
	  "metadata.name: Invalid value: \"FD00::1\": must be in "
	  "canonical form (\"fd00::1\")" },
	{ SPEC("'parentRef':null"), "spec.parentRef: Required value" },
	{ PARENT("'group':'X','resource':'a/b','namespace':'..'"),
	  "spec.parentRef.group: Invalid value: \"X\": " SUBDOMAIN_WORDS "\n"
	  "spec.parentRef.resource: Invalid value: \"a/b\": may not contain '/'\n"
	  "spec.parentRef.namespace: Invalid value: \"..\": may not be '..'" },
	{ PARENT("'resource':'','name':''"),
	  "spec.parentRef.resource: Required value\nspec.parentRef.name: Required value" },
};

static const struct kind_case fixed_address_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ PARENT("'name':'t'"), "spec.parentRef: Invalid value: null: field is immutable" },
};

TEST(an_address_is_somebodys_for_good)
{
	KIND_CREATES(ADDRESS, address, address_cases);
	KIND_UPDATES(ADDRESS, "", address, fixed_address_cases);
}

#define RANGE (&networking_service_cidr_type)
#define RANGES(list) SPEC("'cidrs':[" list "]")

static const char range[] = "{'metadata':{'name':'r'},'spec':{'cidrs':['10.96.0.0/16']}}";

static const struct kind_case range_cases[] = {
	{ NULL, "" },
	{ RANGES("'10.96.0.0/16','fd00::/64'"), "" },
	{ RANGES(""), "spec.cidrs: Required value: at least one CIDR required" },
	{ RANGES("'10.96.0.1/16'"), "spec.cidrs[0]: Invalid value: \"10.96.0.1/16\": must not have "
				    "bits set beyond the prefix length" },
	{ RANGES("'10.96.0.0/16','10.97.0.0/16'"),
	  "spec.cidrs: Invalid value: [\"10.96.0.0/16\",\"10.97.0.0/16\"]: may specify no more "
	  "than "
	  "one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64" },
	{ RANGES("'10.96.0.0/16','fd00::/64','fd01::/64'"),
	  "spec.cidrs: Invalid value: {\"cidrs\":[\"10.96.0.0/16\",\"fd00::/64\",\"fd01::/64\"]}: "
	  "may "
	  "only hold up to 2 values" },
};

static const struct kind_case fixed_range_cases[] = {
	{ RANGES("'10.96.0.0/16','fd00::/64'"), "" },
	{ RANGES("'10.96.0.0/16','10.97.0.0/16'"),
	  "spec.cidrs: Invalid value: [\"10.96.0.0/16\",\"10.97.0.0/16\"]: may specify no more "
	  "than "
	  "one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64" },
	{ RANGES("'10.97.0.0/16'"),
	  "spec.cidrs[0]: Invalid value: \"10.97.0.0/16\": field is immutable" },
	{ RANGES(""), "spec.cidrs: Invalid value: []: field is immutable" },
};

TEST(a_range_of_services_may_get_a_second_family)
{
	struct kind_lab *lab = kind_lab(RANGE);

	KIND_CREATES(RANGE, range, range_cases);
	KIND_UPDATES(RANGE, "", range, fixed_range_cases);
	CHECK_STR(kind_lab_update(lab, "status", range, "{'metadata':{'labels':{'a':'b'}}}"), "");
	CHECK_STR(kind_lab_value(lab, "metadata.labels"), "");
}

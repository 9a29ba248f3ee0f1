#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/storage.h"

#define SPEC(members) "{'spec':{" members "}}"
#define KEY_WORDS                                                                                 \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and " \
	"end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex " \
	"used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define SUBDOMAIN_WORDS                                                                           \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " \
	"or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "     \
	"regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*["     \
	"a-z0-9])?)*')"

/* ---- classes ------------------------------------------------------------------------------------------------- */

#define CLASS (&storage_storage_class_type)
#define TOPOLOGY(terms) "{'allowedTopologies':[" terms "]}"
#define TERM(needs) "{'matchLabelExpressions':[" needs "]}"
#define ZONES(values) "{'key':'zone','values':[" values "]}"

static const char class[] = "{'metadata':{'name':'c'},'provisioner':'Disk.io/fast','reclaimPolicy':"
			    "'Delete','volumeBindingMode':'Immediate'}";

static const struct kind_case class_cases[] = {
	{ NULL, "" },
	{ "{'provisioner':''}", "provisioner: Required value" },
	{ "{'provisioner':'a b'}", "provisioner: Invalid value: \"a b\": " KEY_WORDS },
	{ "{'parameters':{'':'x'}}", "parameters: Invalid value: \"\": field can not be empty." },
	{ "{'reclaimPolicy':'Recycle'}", "reclaimPolicy: Unsupported value: \"Recycle\": supported "
					 "values: \"Delete\", \"Retain\"" },
	{ "{'volumeBindingMode':'Later'}",
	  "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", "
	  "\"WaitForFirstConsumer\"" },
	{ TOPOLOGY(TERM(ZONES("'a','b'")) "," TERM(ZONES("'a'"))), "" },
	{ TOPOLOGY(TERM(ZONES("'a','b'")) "," TERM(ZONES("'b','a'"))),
	  "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\"" },
	/* Once, however many terms there are. */
	{ TOPOLOGY("{}"), "allowedTopologies[0].matchLabelExpressions: Duplicate value: \"\"" },
	{ TOPOLOGY("{}," TERM(ZONES("'a'"))),
	  "allowedTopologies[0].matchLabelExpressions: Duplicate value: \"\"" },
	{ TOPOLOGY(TERM(ZONES("'a','a'") "," ZONES(""))),
	  "allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"a\"\n"
	  "allowedTopologies[0].matchLabelExpressions[1].values: Required value\n"
	  "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"zone\"" },
	{ TOPOLOGY(TERM("{'key':'a b','values':['c']}")),
	  "allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: \"a b\": " KEY_WORDS },
};

static const struct kind_case fixed_class_cases[] = {
	{ "{'allowVolumeExpansion':true,'mountOptions':['ro']}", "" },
	{ "{'provisioner':'other'}", "provisioner: Invalid value: null: field is immutable" },
	{ "{'parameters':{'a':'b'}}", "parameters: Invalid value: null: field is immutable" },
	{ "{'reclaimPolicy':'Retain','volumeBindingMode':'WaitForFirstConsumer'}",
	  "reclaimPolicy: Invalid value: null: field is immutable\n"
	  "volumeBindingMode: Invalid value: null: field is immutable" },
};

static const struct kind_case class_warnings[] = {
	{ TOPOLOGY(TERM("{'key':'failure-domain.beta.kubernetes.io/zone','values':['a']}")),
	  "allowedTopologies[0].matchLabelExpressions[0].key: "
	  "failure-domain.beta.kubernetes.io/zone "
	  "is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead" },
};

TEST(a_storage_class_says_who_makes_volumes_and_how)
{
	KIND_CREATES(CLASS, class, class_cases);
	KIND_UPDATES(CLASS, "", class, fixed_class_cases);
	KIND_WARNS(CLASS, class, class_warnings);
}

/* `count` parameters, or one of `bytes`. */
static const char *parameters(uint32_t count, uint32_t bytes)
{
	struct text out = text_in(test_arena(), MIB);

	text_lit(&out, "{'parameters':{");
	for (uint32_t i = 0; i < count; i++)
		text_printf(&out, "%s'a%u':'", i ? "," : "", i);
	while (count == 1 && bytes-- > 0)
		text_add_char(&out, 'x');
	return arena_printf(test_arena(), STR_FMT "'}}", STR_ARG(text_str(&out))).at;
}

static const char *many_parameters(uint32_t count)
{
	struct text out = text_in(test_arena(), MIB);

	text_lit(&out, "{'parameters':{");
	for (uint32_t i = 0; i < count; i++)
		text_printf(&out, "%s'a%u':''", i ? "," : "", i);
	text_lit(&out, "}}");
	text_add_char(&out, '\0');
	return out.at;
}

TEST(parameters_of_a_class_have_bounds)
{
	CHECK_STR(kind_lab_create(kind_lab(CLASS), class, many_parameters(512)), "");
	CHECK_STR(kind_lab_create(kind_lab(CLASS), class, many_parameters(513)),
		  "parameters: Too long: may not be more than 512 bytes");
	CHECK_STR(kind_lab_create(kind_lab(CLASS), class, parameters(1, 256 * KIB - 2)), "");
	CHECK_STR(kind_lab_create(kind_lab(CLASS), class, parameters(1, 256 * KIB - 1)),
		  "parameters: Too long: may not be more than 262144 bytes");
}

#define ATTRIBUTES (&storage_volume_attributes_class_type)

static const struct kind_case attributes_cases[] = {
	{ NULL, "" },
	{ "{'driverName':'','parameters':null}",
	  "driverName: Required value\n"
	  "parameters: Required value: must contain at least one key/value pair" },
};

static const struct kind_case fixed_attributes_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'driverName':'other','parameters':{'iops':'2'}}",
	  "driverName: Forbidden: updates to driverName are forbidden.\n"
	  "parameters: Forbidden: updates to parameters are forbidden." },
};

TEST(attributes_of_volumes_are_a_drivers_for_good)
{
	static const char attributes[] =
	    "{'metadata':{'name':'c'},'driverName':'d.io','parameters':{'iops':'1'}}";

	KIND_CREATES(ATTRIBUTES, attributes, attributes_cases);
	KIND_UPDATES(ATTRIBUTES, "", attributes, fixed_attributes_cases);
}

/* ---- CSIDriver ------------------------------------------------------------------------------------------------- */

#define DRIVER (&storage_csi_driver_type)

static const char driver[] =
    "{'metadata':{'name':'d.io'},'spec':{'attachRequired':true,'podInfoOnMount':false,"
    "'storageCapacity':false,'volumeLifecycleModes':['Persistent'],'seLinuxMount':false}}";

static const struct kind_case driver_cases[] = {
	{ NULL, "" },
	{ SPEC("'fsGroupPolicy':'Some'"),
	  "spec.fsGroupPolicy: Unsupported value: \"Some\": supported values: \"File\", \"None\", "
	  "\"ReadWriteOnceWithFSType\"" },
	{ SPEC("'volumeLifecycleModes':['Persistent','Eternal']"),
	  "spec.volumeLifecycleModes: Unsupported value: \"Eternal\": supported values: "
	  "\"Persistent\", \"Ephemeral\"" },
	{ SPEC("'tokenRequests':[{'audience':'a','expirationSeconds':599},{'audience':'a'},{"
	       "'audience':'b','expirationSeconds':4294967297}]"),
	  "spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration "
	  "less than 10 minutes\n"
	  "spec.tokenRequests[1].audience: Duplicate value: \"a\"\n"
	  "spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a "
	  "duration larger than 2^32 seconds" },
	{ SPEC("'nodeAllocatableUpdatePeriodSeconds':9"),
	  "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or "
	  "equal "
	  "to 10 seconds" },
	{ SPEC("'serviceAccountTokenInSecrets':true"),
	  "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets "
	  "is set but no tokenRequests are specified" },
};

#define TOKENS_WARNING                                                                      \
	"spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set " \
	"to true to prevent possible logging of tokens in volume attributes"

static const struct kind_case driver_warnings[] = {
	{ NULL, "" },
	{ SPEC("'tokenRequests':[{'audience':'a'}]"), TOKENS_WARNING },
	{ SPEC("'tokenRequests':[{'audience':'a'}],'serviceAccountTokenInSecrets':false"), "" },
};

static const struct kind_case fixed_driver_cases[] = {
	{ SPEC("'podInfoOnMount':true"), "" },
	{ SPEC("'attachRequired':false,'volumeLifecycleModes':['Ephemeral']"),
	  "spec.attachedRequired: Invalid value: false: field is immutable\n"
	  "spec.volumeLifecycleModes: Invalid value: [\"Ephemeral\"]: field is immutable" },
};

TEST(a_driver_says_what_it_can_do)
{
	struct kind_lab *lab = kind_lab(DRIVER);

	KIND_CREATES(DRIVER, driver, driver_cases);
	KIND_UPDATES(DRIVER, "", driver, fixed_driver_cases);
	KIND_WARNS(DRIVER, driver, driver_warnings);
	CHECK_STR(kind_lab_create(lab, driver, NULL), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "");
	CHECK_STR(kind_lab_update(lab, "", driver, SPEC("'podInfoOnMount':true")), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
}

/* ---- CSINode --------------------------------------------------------------------------------------------------- */

#define NODE (&storage_csi_node_type)
#define DRIVERS(list) SPEC("'drivers':[" list "]")
#define D1(members) "{'name':'d.io','nodeID':'i'," members "}"

static const char node[] =
    "{'metadata':{'name':'n'},'spec':{'drivers':[{'name':'d.io','nodeID':'i',"
    "'topologyKeys':['zone']}]}}";

static const struct kind_case node_cases[] = {
	{ NULL, "" },
	{ DRIVERS(""), "" },
	{ DRIVERS("{'name':'','nodeID':'','topologyKeys':null}"),
	  "spec.drivers[0].name: Required value\nspec.drivers[0].nodeID: Required value" },
	{ DRIVERS(D1("'topologyKeys':[]") "," D1("'topologyKeys':[]")),
	  "spec.drivers[1].name: Duplicate value: \"d.io\"" },
	{ DRIVERS(D1("'topologyKeys':['a','a','b c']")),
	  "spec.drivers[0]: Duplicate value: \"a\"\n"
	  "spec.drivers[0]: Invalid value: \"b c\": " KEY_WORDS },
	{ DRIVERS(D1("'topologyKeys':[],'allocatable':{'count':-1}")),
	  "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to "
	  "0" },
};

static const struct kind_case fixed_node_cases[] = {
	{ DRIVERS(D1("'topologyKeys':['zone'],'allocatable':{'count':5}")), "" },
	{ DRIVERS("{'name':'e.io','nodeID':'j','topologyKeys':null}"), "" },
	{ DRIVERS(D1("'topologyKeys':['rack']")),
	  "spec.drivers: Invalid value: {\"name\":\"d.io\",\"nodeID\":\"i\",\"topologyKeys\":["
	  "\"rack\"]}: field is immutable" },
};

TEST(a_node_has_each_driver_once_and_for_good)
{
	KIND_CREATES(NODE, node, node_cases);
	KIND_UPDATES(NODE, "", node, fixed_node_cases);
}

/* ---- CSIStorageCapacity ------------------------------------------------------------------------------------------ */

#define CAPACITY (&storage_csi_storage_capacity_type)

static const char capacity[] =
    "{'metadata':{'name':'c'},'storageClassName':'fast','capacity':'1Gi'}";

static const struct kind_case capacity_cases[] = {
	{ NULL, "" },
	{ "{'storageClassName':''}", "storageClassName: Invalid value: \"\": " SUBDOMAIN_WORDS },
	{ "{'capacity':'-1'}",
	  "capacity: Invalid value: \"-1\": must be greater than or equal to 0" },
	{ "{'nodeTopology':{'matchExpressions':[{'key':'a','operator':'In'}]}}",
	  "nodeTopology.matchExpressions[0].values: Required value: must be specified when "
	  "`operator` is 'In' or 'NotIn'" },
};

static const struct kind_case fixed_capacity_cases[] = {
	{ "{'capacity':'2Gi'}", "" },
	{ "{'storageClassName':'slow','nodeTopology':{}}",
	  "nodeTopology: Invalid value: {}: field is immutable\n"
	  "storageClassName: Invalid value: \"slow\": field is immutable" },
};

static const struct kind_case capacity_warnings[] = {
	{ "{'nodeTopology':{'matchLabels':{'beta.kubernetes.io/os':'linux'}}}",
	  "nodeTopology.matchLabels.beta.kubernetes.io/os: beta.kubernetes.io/os is deprecated "
	  "since "
	  "v1.14; use \"kubernetes.io/os\" instead" },
};

TEST(a_capacity_is_of_a_class_and_a_place)
{
	KIND_CREATES(CAPACITY, capacity, capacity_cases);
	KIND_UPDATES(CAPACITY, "", capacity, fixed_capacity_cases);
	KIND_WARNS(CAPACITY, capacity, capacity_warnings);
}

/* ---- VolumeAttachment --------------------------------------------------------------------------------------------- */

#define ATTACHMENT (&storage_volume_attachment_type)
#define SOURCE(members) SPEC("'source':{" members "}")

static const char attachment[] =
    "{'metadata':{'name':'a'},'spec':{'attacher':'d.io','nodeName':'n',"
    "'source':{'persistentVolumeName':'pv'}}}";

static const struct kind_case attachment_cases[] = {
	{ NULL, "" },
	{ SPEC("'attacher':'','nodeName':''"),
	  "spec.nodeName: Invalid value: \"\": " SUBDOMAIN_WORDS "\n"
	  "spec.attacher: Required value" },
	{ SOURCE("'persistentVolumeName':null"),
	  "spec.source: Required value: must specify exactly one of inlineVolumeSpec and "
	  "persistentVolumeName" },
	{ SOURCE("'inlineVolumeSpec':{}"), "spec.source: Forbidden: must specify exactly one of "
					   "inlineVolumeSpec and persistentVolumeName" },
	{ SOURCE("'persistentVolumeName':'A'"),
	  "spec.source.persistentVolumeName: Invalid value: \"A\": " SUBDOMAIN_WORDS },
	{ SOURCE("'persistentVolumeName':null,'inlineVolumeSpec':{'accessModes':['ReadWriteOnce'],"
		 "'csi':{'driver':'d.io','volumeHandle':'h'}}"),
	  "" },
	{ SOURCE("'persistentVolumeName':null,'inlineVolumeSpec':{'csi':{'driver':'d.io',"
		 "'volumeHandle':'h'}}"),
	  "spec.source.inlineVolumeSpec.accessModes: Required value" },
};

static const struct kind_case fixed_attachment_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ SPEC("'nodeName':'m'"), "spec: Invalid value: null: field is immutable" },
};

#define STATUS(members) "{'status':{" members "}}"

static const struct kind_case attachment_status_cases[] = {
	{ STATUS("'attached':true,'attachmentMetadata':{'a':'b'},'attachError':{'message':'m',"
		 "'errorCode':3}"),
	  "" },
	{ STATUS("'attached':true,'detachError':{'errorCode':-1}"),
	  "status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, "
	  "inclusive" },
};

TEST(an_attachment_is_of_one_volume_to_one_node)
{
	struct kind_lab *lab = kind_lab(ATTACHMENT);

	KIND_CREATES(ATTACHMENT, attachment, attachment_cases);
	KIND_UPDATES(ATTACHMENT, "", attachment, fixed_attachment_cases);
	KIND_UPDATES(ATTACHMENT, "status", attachment, attachment_status_cases);
	CHECK_STR(kind_lab_create(lab, attachment, STATUS("'attached':true")), "");
	CHECK_STR(kind_lab_value(lab, "status.attached"), "");
}

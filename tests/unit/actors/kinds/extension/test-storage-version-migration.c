#include "datastore/schema/storagemigration.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define MIGRATION (&storagemigration_storage_version_migration_type)
#define RESOURCE(members) "{'spec':{'resource':{" members "}}}"
#define CONDITION(type, status)                                  \
	"{'type':'" type "','status':'" status "','reason':'R'," \
	"'lastTransitionTime':'2026-01-02T03:04:05Z'}"
#define SHOWN(type, status)                                           \
	"{\"type\":\"" type "\",\"status\":\"" status "\","           \
	"\"lastTransitionTime\":\"2026-01-02T03:04:05Z\",\"reason\":" \
	"\"R\",\"message\":\"\"}"

static const char migration[] =
    "{'metadata':{'name':'m'},'spec':{'resource':{'group':'a.io','resource':'cars'}}}";

TEST(a_migration_is_of_one_resource_for_ever)
{
	static const struct kind_case creates[] = {
		{ NULL, "" },
		{ RESOURCE("'group':''"), "" },
		{ RESOURCE("'resource':''"),
		  "spec.resource.resource: Required value: resource is required to be set" },
		{ RESOURCE("'group':'A','resource':'1'"),
		  "spec.resource.resource: Invalid value: \"1\": a DNS-1035 label must consist of "
		  "lower case alphanumeric characters or '-', start with an alphabetic character, "
		  "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex "
		  "used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')\n"
		  "spec.resource.group: Invalid value: \"A\": a lowercase RFC 1123 subdomain must "
		  "consist of lower case alphanumeric characters, '-' or '.', and must start and "
		  "end with an alphanumeric character (e.g. 'example.com', regex used for "
		  "validation is "
		  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	};
	static const struct kind_case updates[] = {
		{ "{'metadata':{'labels':{'a':'b'}}}", "" },
		{ RESOURCE("'resource':'boats'"),
		  "spec: Invalid value: "
		  "{\"Resource\":{\"group\":\"a.io\",\"resource\":\"boats\"}}: "
		  "field is immutable" },
	};

	KIND_CREATES(MIGRATION, migration, creates);
	KIND_UPDATES(MIGRATION, "", migration, updates);
}

TEST(a_migration_ends_once)
{
	static const char done[] =
	    "{'metadata':{'name':'m'},'spec':{'resource':{'resource':'cars'}},'status':{"
	    "'resourceVersion':'7','conditions':[" CONDITION("Succeeded", "True") "]}}";
	static const struct kind_case running[] = {
		{ "{'status':{'resourceVersion':'12'}}", "" },
		{ "{'status':{'resourceVersion':'012'}}",
		  "status.resourceVersion: Invalid value: \"012\": resource version is not well "
		  "formed: "
		  "012" },
		{ "{'status':{'conditions':[" CONDITION("Succeeded", "True") "," CONDITION(
		      "Failed", "True") "]}}",
		  "status.conditions: Invalid value: [" SHOWN("Succeeded", "True") "," SHOWN(
		      "Failed",
		      "True") "]: Both "
			      "success and failed conditions cannot be true at the same time" },
	};
	static const struct kind_case after[] = {
		{ "{'status':{'resourceVersion':'8'}}",
		  "status.resourceVersion: Invalid value: \"8\": field is immutable" },
		{ "{'status':{'conditions':null}}", "status.conditions: Invalid value: null: "
						    "Success condition cannot be set to false "
						    "once it is true" },
	};

	KIND_UPDATES(MIGRATION, "status", migration, running);
	KIND_UPDATES(MIGRATION, "status", done, after);
}

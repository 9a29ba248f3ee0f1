#include "datastore/schema/apiextensions.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define CRD (&apiextensions_custom_resource_definition_type)
#define SPEC(members) "{'spec':{" members "}}"
#define SCHEMA(members)                                                              \
	"{'spec':{'versions':[{'name':'v1','served':true,'storage':true,'schema':{'" \
	"openAPIV3Schema':{" members "}}}]}}"
#define OBJECT(members) SCHEMA("'type':'object','properties':{" members "}")
#define AT "spec.validation.openAPIV3Schema"

static const char definition[] =
    "{'metadata':{'name':'widgets.example.com'},'spec':{'group':'example.com','scope':'Namespaced',"
    "'names':{'plural':'widgets','kind':'Widget'},'versions':[{'name':'v1','served':true,"
    "'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}";

static const struct kind_case cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'x'}}", "metadata.name: Invalid value: \"x\": must be "
				       "spec.names.plural+\".\"+spec.group" },
	{ "{'metadata':{'generateName':'x-'}}", "metadata.generateName: Invalid value: \"x-\": "
						"must be spec.names.plural+\".\"+spec.group" },
	{ SPEC("'scope':'Town'"), "spec.scope: Unsupported value: \"Town\": supported values: "
				  "\"Cluster\", \"Namespaced\"" },
	{ "{'metadata':{'name':'widgets.apps'},'spec':{'group':'apps'}}",
	  "spec.group: Invalid value: \"apps\": should be a domain with at least one dot" },
	{ "{'metadata':{'name':'widgets.rbac.authorization.k8s.io','annotations':{'api-approved."
	  "kubernetes.io':'unapproved'}},'spec':{'group':'rbac.authorization.k8s.io'}}",
	  "spec.group: Invalid value: \"rbac.authorization.k8s.io\": is a group of Kubernetes' own "
	  "kinds, which cannot be extended here" },
	{ "{'metadata':{'name':'widgets.x.k8s.io'},'spec':{'group':'x.k8s.io'}}",
	  "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must "
	  "have approval annotation \"api-approved.kubernetes.io\", see "
	  "https://github.com/kubernetes/enhancements/pull/1111" },
	{ SPEC("'names':{'kind':'Widget','listKind':'Widget'}"),
	  "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same" },
	{ SPEC("'names':{'shortNames':['W']}"),
	  "spec.names.shortNames[0]: Invalid value: \"W\": a DNS-1035 label must consist of lower "
	  "case alphanumeric characters or '-', start with an alphabetic character, and end with "
	  "an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
	  "'[a-z]([-a-z0-9]*[a-z0-9])?')" },
	{ SPEC("'conversion':{'strategy':'Webhook'}"),
	  "spec.conversion.webhookClientConfig: Required value: required when strategy is set to "
	  "Webhook\nspec.conversion.conversionReviewVersions: Required value" },
	{ SPEC("'conversion':{'strategy':'Webhook','webhook':{'clientConfig':{'url':'http://x'},"
	       "'conversionReviewVersions':['v2','v2']}}"),
	  "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only "
	  "allowed URL scheme; desired format: https://host[/path]\n"
	  "spec.conversion.conversionReviewVersions[1]: Invalid value: \"v2\": duplicate version\n"
	  "spec.conversion.conversionReviewVersions: Invalid value: [\"v2\",\"v2\"]: must include "
	  "at least one of v1, v1beta1" },
	{ SPEC("'conversion':{'strategy':'Webhook','webhook':{'clientConfig':{'service':{'"
	       "namespace':"
	       "'a','name':'b','path':'/c'}},'conversionReviewVersions':['v1']}}"),
	  "" },
	{ SPEC("'preserveUnknownFields':true"),
	  "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
	  "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead" },
	{ SPEC("'versions':[{'name':'v1','served':true,'storage':true}]"),
	  "spec.versions[0].schema.openAPIV3Schema: Required value" },
	/* Schemas. */
	{ SCHEMA("'type':''"), AT ".type: Required value: must not be empty at the root" },
	{ SCHEMA("'type':'string'"),
	  AT ".type: Invalid value: \"string\": must be object at the root" },
	{ OBJECT("'a':{}"),
	  AT ".properties[a].type: Required value: must not be empty for specified object fields" },
	{ OBJECT("'a':{'type':'thing'}"),
	  AT ".properties[a].type: Unsupported value: \"thing\": supported values: \"array\", "
	     "\"boolean\", \"integer\", \"number\", \"object\", \"string\"" },
	{ OBJECT("'a':{'type':'array'}"),
	  AT ".properties[a].items: Required value: must be specified" },
	{ OBJECT("'a':{'type':'array','items':{}}"),
	  AT ".properties[a].items.type: Required value: must not be empty for specified array "
	     "items" },
	{ OBJECT("'a':{'type':'string','pattern':'('}"), AT
	  ".properties[a].pattern: Invalid value: \"(\": must be a valid regular expression, but "
	  "isn't: error parsing regexp: missing closing ): `(`" },
	{ OBJECT("'a':{'type':'array','items':{'type':'string'},'uniqueItems':true}"),
	  AT ".properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the "
	     "runtime complexity becomes quadratic" },
	{ OBJECT("'a':{'type':'object','properties':{'b':{'type':'string'}},'additionalProperties':"
		 "{'type':'string'}}"),
	  AT ".properties[a].additionalProperties: Forbidden: additionalProperties and properties "
	     "are mutual exclusive" },
	{ SCHEMA("'type':'object','anyOf':[{'properties':{'b':{'minimum':1}}}]"),
	  AT ".properties[b]: Required value: because it is defined in " AT
	     ".anyOf[0].properties[b]" },
	{ OBJECT("'a':{'type':'integer','not':{'type':'string'}}"),
	  AT ".properties[a].not.type: Forbidden: must be empty to be structural" },
	{ OBJECT("'a':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':"
		 "'string'}]}"),
	  "" },
	{ OBJECT(
	      "'metadata':{'type':'object','properties':{'name':{'type':'string','pattern':'x'}}}"),
	  "" },
	{ OBJECT("'metadata':{'type':'object','properties':{'labels':{'type':'object'}}}"),
	  AT ".properties[metadata]: Forbidden: must not specify anything other than name and "
	     "generateName, but metadata is implicitly specified" },
	{ OBJECT("'a':{'type':'object','x-kubernetes-embedded-resource':true}"),
	  AT ".properties[a].properties: Required value: must not be empty if "
	     "x-kubernetes-embedded-resource is true without "
	     "x-kubernetes-preserve-unknown-fields" },
	{ OBJECT("'a':{'type':'array','x-kubernetes-list-type':'map','items':{'type':'object',"
		 "'properties':{'k':{'type':'string'}}}}"),
	  AT ".properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if "
	     "x-kubernetes-list-type is map" },
	{ OBJECT("'a':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':["
		 "'k'],'items':{'type':'object','properties':{'k':{'type':'string'}}}}"),
	  AT ".properties[a].items.properties[k].default: Required value: this property is in "
	     "x-kubernetes-list-map-keys, so it must have a default or be a required property" },
	{ OBJECT("'a':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'object',"
		 "'properties':{'k':{'type':'string'}}}}"),
	  AT ".properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as "
	     "item of a list with x-kubernetes-list-type=set" },
	{ OBJECT("'a':{'type':'integer','default':'x'}"),
	  AT ".properties[a].default: Invalid value: \"string\":  in body must be of type integer: "
	     "\"string\"" },
	{ OBJECT("'a':{'type':'object','default':{'b':1}}"),
	  AT ".properties[a].default: Invalid value: {\"b\":1}: must not have unknown fields" },
	{ OBJECT("'a':{'type':'string','x-kubernetes-validations':[{'rule':''}]}"),
	  AT ".properties[a].x-kubernetes-validations[0].rule: Required value: rule is not "
	     "specified" },
	{ OBJECT("'a':{'type':'string','x-kubernetes-validations':[{'rule':'self > 1'}]}"), AT
	  ".properties[a].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self "
	  "\\u003e 1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,"
	  "\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: "
	  "<input>:1:6: found no matching overload for '_>_' applied to '(string, int)'\n | self "
	  "> 1\n | .....^" },
	{ OBJECT("'a':{'type':'array','items':{'type':'string','x-kubernetes-validations':[{'rule':"
		 "'self == oldSelf'}]}}"),
	  AT
	  ".properties[a].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost "
	  "exceeds budget by factor of more than 100x (try simplifying the rule, or adding "
	  "maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
	  "declared)\n" AT
	  ".properties[a].items.x-kubernetes-validations[0].rule: Invalid value: \"self == "
	  "oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema "
	  "within " AT ".properties[a]\n" AT
	  ".properties[a].items.x-kubernetes-validations[0].rule: Forbidden: contributed to "
	  "estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema\n" AT
	  ": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 "
	  "schema exceeds budget by factor of more than 100x (try simplifying the rule, or "
	  "adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
	  "declared)" },
	{ OBJECT("'a':{'type':'string','maxLength':9,'x-kubernetes-validations':[{'rule':'self == "
		 "self','optionalOldSelf':true},{'rule':'1','message':'m'},{'rule':'true',"
		 "'messageExpression':'1'}]}"),
	  AT ".properties[a].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may "
	     "not be set if oldSelf is not used in rule\n" AT
	     ".properties[a].x-kubernetes-validations[1].rule: Invalid value: {\"Rule\":\"1\","
	     "\"Message\":\"m\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\","
	     "\"OptionalOldSelf\":null}: cel expression must evaluate to a bool\n" AT
	     ".properties[a].x-kubernetes-validations[2].messageExpression: Invalid value: "
	     "{\"Rule\":\"true\",\"Message\":\"\",\"MessageExpression\":\"1\",\"Reason\":null,"
	     "\"FieldPath\":\"\",\"OptionalOldSelf\":null}: messageExpression must evaluate to a "
	     "string" },
	{ OBJECT("'a':{'type':'string','default':'x','x-kubernetes-validations':[{'rule':"
		 "'self.size() > 1'}]}"),
	  AT ".properties[a].default: Invalid value: \"x\": failed rule: self.size() > 1" },
	{ OBJECT("'a':{'type':'string','$ref':'#/x'}"),
	  AT ".properties[a].$ref: Forbidden: $ref is not supported" },
	/* Columns, scale, selectable fields. */
	{ SPEC("'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{"
	       "'type':'object'}},'additionalPrinterColumns':[{'name':'','type':'text','jsonPath':"
	       "'spec'}]}]"),
	  "spec.additionalPrinterColumns[0].name: Required value\n"
	  "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of "
	  "boolean,date,integer,number,string\n"
	  "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec\": must be a simple "
	  "json path starting with ." },
	{ SPEC("'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{"
	       "'type':'object'}},'subresources':{'scale':{'specReplicasPath':'.status.n',"
	       "'statusReplicasPath':''}}}]"),
	  "spec.subresources.scale.specReplicasPath: Invalid value: \".status.n\": should be a "
	  "json "
	  "path under .spec\n"
	  "spec.subresources.scale.statusReplicasPath: Required value" },
	{ SPEC("'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{"
	       "'type':'object','properties':{'spec':{'type':'object'}}}},'selectableFields':[{"
	       "'jsonPath':'.spec'},{'jsonPath':'.nothing'}]}]"),
	  "spec.selectableFields[0].jsonPath: Invalid value: \".spec\": must point to a field of "
	  "type string, boolean or integer. Enum string fields and strings with formats are "
	  "allowed.\n"
	  "spec.selectableFields[1].jsonPath: Invalid value: \".nothing\": is an invalid path: "
	  "does "
	  "not refer to a valid field" },
	/* What two versions say differently is told at each. */
	{ SPEC("'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{"
	       "'type':'object'}}},{'name':'v2','served':true,'storage':true,'schema':{"
	       "'openAPIV3Schema':{'type':'object','properties':{'a':{}}}}}]"),
	  "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be "
	  "empty for specified object fields\n"
	  "spec.versions: Invalid value: [{\"name\":\"v1\",\"served\":true,\"storage\":true,"
	  "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}},{\"name\":\"v2\",\"served\":"
	  "true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\","
	  "\"properties\":{\"a\":{}}}}}]: must have exactly one version marked as storage "
	  "version\n"
	  "status.storedVersions: Invalid value: [\"v1\"]: must have the storage version v2" },
};

TEST(a_definition_is_judged_with_its_schemas)
{
	KIND_CREATES(CRD, definition, cases);
}

static const char served[] =
    "{'metadata':{'name':'widgets.example.com'},'spec':{'group':'example.com','scope':'Namespaced',"
    "'names':{'plural':'widgets','kind':'Widget'},'versions':[{'name':'v1','served':true,"
    "'storage':true,'schema':{'openAPIV3Schema':{'type':'object','properties':{'a':{}}}}}]},"
    "'status':{'storedVersions':['v1'],'conditions':[{'type':'Established','status':'True'}]}}";

static const struct kind_case updates[] = {
	/* A schema that is as it was is not judged again. */
	{ NULL, "" },
	{ SPEC("'scope':'Cluster','names':{'kind':'Other','listKind':'OtherList'}"),
	  "spec.scope: Invalid value: \"Cluster\": field is immutable\n"
	  "spec.names.kind: Invalid value: \"Other\": field is immutable" },
	{ SPEC("'versions':[{'name':'v2','served':true,'storage':true,'schema':{'openAPIV3Schema':{"
	       "'type':'object'}}}]"),
	  "status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was "
	  "previously a storage version, and must remain in spec.versions until a storage "
	  "migration ensures no data remains persisted in v1 and removes v1 from "
	  "status.storedVersions" },
};

TEST(names_and_stored_versions_of_a_served_definition_stay)
{
	KIND_UPDATES(CRD, "", served, updates);
}

TEST(a_definition_remembers_in_which_versions_objects_may_be_stored)
{
	struct kind_lab *lab = kind_lab(CRD);

	CHECK_STR(kind_lab_create(lab, definition, NULL), "");
	CHECK_STR(kind_lab_value(lab, "status.storedVersions[0]"), "v1");
	CHECK_STR(
	    kind_lab_update(
		lab, "", served,
		SPEC("'versions':[{'name':'v1','served':true,'schema':{'openAPIV3Schema':{'type':"
		     "'object'}}},{'name':'v2','served':true,'storage':true,'schema':{"
		     "'openAPIV3Schema':{'type':'object'}}}]")),
	    "");
	CHECK_STR(kind_lab_value(lab, "status.storedVersions[1]"), "v2");
}

TEST(rules_that_compile_are_taken)
{
	struct kind_lab *lab = kind_lab(CRD);

	CHECK_STR(kind_lab_create(lab, definition,
				  OBJECT("'a':{'type':'string','x-kubernetes-validations':[{'rule':"
					 "'self.size() > 1'}]}")),
		  "");
	CHECK_STR(kind_lab_warnings(lab), "");
}

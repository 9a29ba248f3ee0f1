#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/admissionregistration.h"

#define VALIDATING (&admissionregistration_validating_admission_policy_type)
#define MUTATING (&admissionregistration_mutating_admission_policy_type)
#define SPEC(members) "{'spec':{" members "}}"
#define PODS "{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':['pods']}"
#define MATCH(members)                                                                             \
	SPEC("'matchConstraints':{'matchPolicy':'Exact','namespaceSelector':{},'objectSelector':{" \
	     "}," members "}")
#define KIND(version, kind) SPEC("'paramKind':{'apiVersion':'" version "','kind':'" kind "'}")

static const char validating[] =
    "{'metadata':{'name':'p.io'},'spec':{'failurePolicy':'Fail','matchConstraints':{'matchPolicy':"
    "'Exact','namespaceSelector':{},'objectSelector':{},'resourceRules':[" PODS
    "]},'validations':[{"
    "'expression':'true'}]}}";

static const struct kind_case validating_cases[] = {
	{ NULL, "" },
	{ SPEC("'failurePolicy':'Maybe'"), "spec.failurePolicy: Unsupported value: \"Maybe\": "
					   "supported values: \"Fail\", \"Ignore\"" },
	{ KIND("a.io/v1", "Rule"), "" },
	{ KIND("", ""),
	  "spec.paramKind.apiVersion: Required value\nspec.paramKind.kind: Required value" },
	{ KIND("a.io/", "K"),
	  "spec.paramKind.apiVersion: Invalid value: \"a.io/\": version must be specified" },
	{ KIND("a/b/c", "K"), "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected "
			      "GroupVersion string: a/b/c" },
	{ KIND("v1", "my kind"),
	  "spec.paramKind.kind: Invalid value: \"my kind\": may have mixed case, but should "
	  "otherwise "
	  "match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
	  "start with "
	  "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
	  "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')" },
	{ SPEC("'matchConstraints':null"), "spec.matchConstraints: Required value" },
	{ MATCH("'resourceRules':[]"), "spec.matchConstraints.resourceRules: Required value" },
	{ MATCH("'resourceRules':[{'resourceNames':['a','a','b/"
		"c'],'operations':['DELETE'],'apiGroups':[''"
		"],'apiVersions':['v1'],'resources':['pods']}]"),
	  "spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: \"a\"\n"
	  "spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: \"b/c\": may "
	  "not "
	  "contain '/'" },
	{ SPEC("'matchConditions':[{'name':'','expression':''}]"),
	  "spec.matchConditions[0].expression: Required value\n"
	  "spec.matchConditions[0].name: Required value" },
	{ SPEC("'variables':[{'name':' ','expression':''},{'name':'a-b','expression':'1'}]"),
	  "spec.variables[0].name: Required value: name is not specified\n"
	  "spec.variables[0].expression: Required value: expression is not specified\n"
	  "spec.variables[1].name: Invalid value: \"a-b\": must be a valid CEL identifier" },
	{ SPEC("'validations':null"), "spec.validations: Required value: validations or "
				      "auditAnnotations must contain at least one "
				      "item\n"
				      "spec.auditAnnotations: Required value: validations or "
				      "auditAnnotations must contain at least one "
				      "item" },
	{ SPEC("'validations':[{'expression':' ','message':' ','messageExpression':' ','reason':"
	       "'Unauthorized'},{'expression':'true','message':'a\\nb'}]"),
	  "spec.validations[0].expression: Required value: expression is not specified\n"
	  "spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if "
	  "specified\n"
	  "spec.validations[0].message: Invalid value: \" \": must be non-empty if "
	  "specified\n"
	  "spec.validations[0].reason: Unsupported value: \"Unauthorized\": supported values: "
	  "\"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"\n"
	  "spec.validations[1].message: Invalid value: \"a\\nb\": must not contain line "
	  "breaks" },
	{ SPEC("'auditAnnotations':[{'key':'k','valueExpression':'null'},{'key':'k','"
	       "valueExpression':"
	       "''}]"),
	  "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not "
	  "specified\n"
	  "spec.auditAnnotations[1].key: Duplicate value: \"k\"" },
	{ SPEC("'matchConditions':[{'name':'c','expression':' 1 '}]"),
	  "spec.matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool but got "
	  "int" },
	{ SPEC("'auditAnnotations':[{'key':'k','valueExpression':' 1 '}]"),
	  "spec.auditAnnotations[0].valueExpression: Invalid value: \" 1 \": must evaluate to one "
	  "of [string null_type] but got int" },
	/* A variable that is none is anything to those that use it. */
	{ SPEC("'variables':[{'name':'v','expression':'object.'}],'validations':[{'expression':"
	       "'variables.v.x == 1'}]"),
	  "spec.variables[0].expression: Invalid value: \"object.\": compilation failed: ERROR: "
	  "<input>:1:8: Syntax error: no viable alternative at input '.'\n | object.\n | "
	  ".......^" },
	/* So is one of a type that upstream does not declare. */
	{ SPEC("'variables':[{'name':'v','expression':'quantity(\\'1\\')'}],'validations':[{"
	       "'expression':'variables.v.nothing == 1'}]"),
	  "" },
	{ SPEC("'auditAnnotations':[{'key':'a b','valueExpression':'null'}]"),
	  "spec.auditAnnotations[0].key: Invalid value: \"p.io/a b\": name part must consist of "
	  "alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. "
	  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(a_validating_policy_says_what_must_hold_and_of_what)
{
	struct kind_lab *lab = kind_lab(VALIDATING);

	KIND_CREATES(VALIDATING, validating, validating_cases);
	CHECK_STR(kind_lab_update(lab, "", validating, SPEC("'failurePolicy':'Ignore'")), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(
	    kind_lab_update(lab, "status", validating,
			    "{'status':{'conditions':[{'type':'a','status':'True','reason':'R',"
			    "'lastTransitionTime':'2026-01-01T00:00:00Z','message':''}]}}"),
	    "");
}

#define MUTATION(members) SPEC("'mutations':[{" members "}]")

static const char mutating[] =
    "{'metadata':{'name':'p'},'spec':{'failurePolicy':'Fail','reinvocationPolicy':'Never',"
    "'matchConstraints':{'matchPolicy':'Exact','namespaceSelector':{},'objectSelector':{},"
    "'resourceRules':[" PODS "]},'mutations':[{'patchType':'JSONPatch','jsonPatch':{'expression':"
    "'true?[JSONPatch{}]:[]'}}"
    "]}}";

static const struct kind_case mutating_cases[] = {
	{ NULL, "" },
	{ SPEC("'reinvocationPolicy':'Often','mutations':[]"),
	  "spec.mutations: Required value: mutations must contain at least one item\n"
	  "spec.reinvocationPolicy: Unsupported value: \"Often\": supported values: \"IfNeeded\", "
	  "\"Never\"" },
	{ MATCH("'resourceRules':[{'operations':['DELETE'],'apiGroups':[''],'apiVersions':['v1'],"
		"'resources':['pods']}]"),
	  "spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": "
	  "supported "
	  "values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"" },
	{ SPEC("'variables':[{'name':'n','expression':'variables.m'}]"),
	  "spec.variables[0].expression: Invalid value: \"variables.m\": compilation failed: "
	  "ERROR: "
	  "<input>:1:10: undefined field 'm'\n | variables.m\n | .........^" },
	{ MUTATION("'patchType':'ApplyConfiguration','applyConfiguration':{'expression':"
		   "'Object{spec: Object.spec{replicas: 3}}'}"),
	  "" },
	{ MUTATION("'patchType':'ApplyConfiguration','applyConfiguration':{'expression':' 1 '}"),
	  "spec.mutations[0].applyConfiguration.expression: Invalid value: \"1\": must evaluate to "
	  "Object but got int" },
	{ MUTATION("'patchType':'JSONPatch','jsonPatch':{'expression':'[Object{}]'}"),
	  "spec.mutations[0].jsonPatch.expression: Invalid value: \"[Object{}]\": must evaluate to "
	  "list(JSONPatch) but got list(Object)" },
	{ MUTATION("'patchType':'Magic'"),
	  "spec.mutations[0].patchType: Unsupported value: \"Magic\": supported values: "
	  "\"ApplyConfiguration\", \"JSONPatch\"" },
	{ MUTATION("'patchType':'ApplyConfiguration','jsonPatch':{'expression':'[]'}"),
	  "spec.mutations[0].applyConfiguration: Required value: must be specified when patchType "
	  "is "
	  "ApplyConfiguration\n"
	  "spec.mutations[0].jsonPatch: Invalid value: \"{jsonPatch}\": must not be specified when "
	  "patchType is "
	  "ApplyConfiguration" },
	{ MUTATION("'patchType':'JSONPatch','jsonPatch':{'expression':' '}"),
	  "spec.mutations[0].jsonPatch.expression: Required value" },
};

TEST(a_mutating_policy_says_how_it_changes_what_comes)
{
	KIND_CREATES(MUTATING, mutating, mutating_cases);
}

#define REF(members) SPEC("'paramRef':{" members "}")
#define ACTIONS(list) SPEC("'validationActions':[" list "]")

static const struct kind_case binding_cases[] = {
	{ NULL, "" },
	{ SPEC("'policyName':''"), "spec.policyName: Required value" },
	{ REF("'name':'a','parameterNotFoundAction':'Deny'"), "" },
	{ REF("'parameterNotFoundAction':'Cry'"),
	  "spec.paramRef: Required value: one of name or selector must be specified\n"
	  "spec.paramRef.parameterNotFoundAction: Unsupported value: \"Cry\": supported values: "
	  "\"Deny\", "
	  "\"Allow\"" },
	{ REF("'name':'a/b','selector':{}"),
	  "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'\n"
	  "spec.paramRef.name: Forbidden: name and selector are mutually exclusive\n"
	  "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive\n"
	  "spec.paramRef.parameterNotFoundAction: Required value" },
	{ ACTIONS(""), "spec.validationActions: Required value" },
	{ ACTIONS("'Deny','Warn','Warn','Shout'"),
	  "spec.validationActions[2]: Duplicate value: \"Warn\"\n"
	  "spec.validationActions[3]: Unsupported value: \"Shout\": supported values: \"Audit\", "
	  "\"Deny\", "
	  "\"Warn\"\n"
	  "spec.validationActions: Invalid value: [\"Deny\",\"Warn\",\"Warn\",\"Shout\"]: must not "
	  "contain "
	  "both Deny and Warn (repeating the same validation failure information in the API "
	  "response and "
	  "headers serves no purpose)" },
};

static const struct kind_case mutating_binding_cases[] = {
	{ NULL, "" },
	{ SPEC("'policyName':'A/'"),
	  "spec.policyName: Invalid value: \"A/\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case "
	  "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
	  "character (e.g. "
	  "'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ SPEC("'matchResources':{'matchPolicy':'Exact','namespaceSelector':{},'objectSelector':{}"
	       "}"),
	  "" },
};

TEST(a_binding_names_a_policy_and_its_parameters)
{
	KIND_CREATES(
	    &admissionregistration_validating_admission_policy_binding_type,
	    "{'metadata':{'name':'b'},'spec':{'policyName':'p','validationActions':['Deny']}}",
	    binding_cases);
	KIND_CREATES(&admissionregistration_mutating_admission_policy_binding_type,
		     "{'metadata':{'name':'b'},'spec':{'policyName':'p'}}", mutating_binding_cases);
}

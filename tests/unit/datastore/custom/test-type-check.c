#include "datastore/custom/policy/type-check.h"

#include "datastore/object/json.h"
#include "datastore/schema/apiextensions.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

/* With ' for ", and ` for '. */
static struct str quoted(const char *text)
{
	char *out = arena_cstr(test_arena(), str_from(text));

	for (char *at = out; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at == '`' ? '\'' : *at;
	return str_from(out);
}

static void *decoded(const struct type *type, const char *text)
{
	struct fault why;
	void *record;

	CHECK_STATUS(json_decode(type, quoted(text), test_arena(), (struct json_options){ 0 },
				 &record, &why),
		     OK);
	return record;
}

static const char definition[] =
    "{'metadata':{'name':'widgets.example.com'},'spec':{'group':'example.com','scope':'Namespaced',"
    "'names':{'plural':'widgets','kind':'Widget'},'versions':[{'name':'v1','served':true,'storage':"
    "true,'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object',"
    "'properties':{'size':{'type':'integer'}}}}}}}]}}";

/* The warnings of a policy: what each is about and what it says. */
static struct str checked(const char *spec)
{
	const void *const definitions[] = { decoded(&apiextensions_custom_resource_definition_type,
						    definition) };
	struct admissionregistration_expression_warning_list list =
	    type_check(decoded(&admissionregistration_validating_admission_policy_spec_type, spec),
		       (struct type_check_definitions){ definitions, 1 }, test_arena());
	struct text out = text_in(test_arena(), 64 * KIB);

	for (uint32_t i = 0; i < list.len; i++)
		text_printf(&out, STR_FMT "=" STR_FMT, STR_ARG(list.at[i].field_ref),
			    STR_ARG(list.at[i].warning));
	return text_str(&out);
}

#define ABOUT(group, resources)                                      \
	"'matchConstraints':{'resourceRules':[{'apiGroups':['" group \
	"'],'apiVersions':['v1'],'operations':['*'],'resources':[" resources "]}]}"

TEST(expressions_of_policies_are_checked_against_built_in_kinds)
{
	CHECK_STR(checked("{" ABOUT(
		      "apps", "'deployments'") ",'validations':["
					       "{'expression':'object.spec.replicas > 1'},"
					       "{'expression':'object.spec.replicas > `1`'},"
					       "{'expression':'object.spec.maxRetries < 10',"
					       "'messageExpression':'string(object.nothing)'}]}"),
		  "spec.validations[1].expression=apps/v1, Kind=Deployment: ERROR: "
		  "<input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n"
		  " | object.spec.replicas > '1'\n | .....................^\n"
		  "spec.validations[2].expression=apps/v1, Kind=Deployment: ERROR: "
		  "<input>:1:12: undefined field 'maxRetries'\n"
		  " | object.spec.maxRetries < 10\n | ...........^\n"
		  "spec.validations[2].messageExpression=apps/v1, Kind=Deployment: ERROR: "
		  "<input>:1:14: undefined field 'nothing'\n"
		  " | string(object.nothing)\n | .............^\n");
}

TEST(all_that_a_record_has_is_known_to_the_check)
{
	static const char *const good[] = {
		"object.apiVersion == `v1` && object.kind == `Pod`",
		"object.metadata.__namespace__ == `a` && object.metadata.namespace == `a`",
		"object.metadata.creationTimestamp.getFullYear() > 2000",
		"object.metadata.labels.all(k, k.startsWith(object.metadata.labels[k]))",
		"object.spec.containers.all(c, c.image.startsWith(`a`))",
		"object.spec.containers[0].resources.limits[`cpu`] == `1`",
		"object.spec.containers[0].livenessProbe.httpGet.port == 80",
		"object.spec.volumes.exists(v, has(v.configMap) && v.configMap.defaultMode == 420)",
		"!has(oldObject.status.podIP) || ip(oldObject.status.podIP).family() == 4",
		"authorizer.group(``).resource(`pods`).check(`get`).allowed()",
		"variables.images.size() > 0 && variables.images[0] == `a` && params.data.a == `b`",
		"variables.wrong > 1",
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct str spec = arena_printf(
		    test_arena(),
		    "{" ABOUT(
			"", "'pods','pods/status','*/x'") ",'paramKind':{'apiVersion':'v1',"
							  "'kind':'ConfigMap'},'variables':[{'name'"
							  ":'images','expression':"
							  "'object.spec.containers.map(c, "
							  "c.image)'},{'name':'wrong','expression':"
							  "'object.wrong'}],'validations':[{'"
							  "expression':'%s'}]}",
		    good[i]);

		CHECK_STR(checked(spec.at), "");
	}
}

TEST(expressions_of_policies_are_checked_against_definitions_and_parameters)
{
	CHECK_STR(
	    checked(
		"{" ABOUT("example.com", "'widgets'") ",'validations':["
						      "{'expression':'object.spec.size < 3 && "
						      "object.metadata.name != ``'},"
						      "{'expression':'object.spec.seize < 3'}]}"),
	    "spec.validations[1].expression=example.com/v1, Kind=Widget: ERROR: "
	    "<input>:1:12: undefined field 'seize'\n | object.spec.seize < 3\n | ...........^\n");
	CHECK_STR(
	    checked(
		"{" ABOUT("", "'pods','configmaps'") ",'paramKind':{'apiVersion':'v1','kind':"
						     "'ConfigMap'},'validations':[{'expression':"
						     "'params.datum == 1'}]}"),
	    "spec.validations[0].expression=/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined "
	    "field 'datum'\n | params.datum == 1\n | ......^\n\n"
	    "/v1, Kind=Pod: ERROR: <input>:1:7: undefined field 'datum'\n"
	    " | params.datum == 1\n | ......^\n");
	/* Kinds that are not named are not checked. */
	CHECK_STR(checked("{" ABOUT("*", "'pods'") ",'validations':[{'expression':'object.x'}]}"),
		  "");
	CHECK_STR(checked("{" ABOUT("", "'none'") ",'validations':[{'expression':'object.x'}]}"),
		  "");
}

#include "datastore/custom/policy/policy.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

static const struct value *make_value(const char *text)
{
	struct value *value = arena_new_of(test_arena(), struct value);

	CHECK_STATUS(value_parse(str_from(text), test_arena(), value), OK);
	return value;
}

static struct policy_input make_input(void)
{
	return (struct policy_input){
		.object = make_value("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":3}}"),
		.request = make_value("{\"operation\":\"CREATE\",\"userInfo\":{\"username\":\"u\","
				      "\"groups\":[\"g\"]}}"),
		.params = make_value("{\"max\":2}"),
		.authorizer = CEL_VALUE_NULL,
		.request_resource = CEL_VALUE_NULL,
	};
}

/* What becomes of an expression: true, false, or the words. */
static struct str outcome(struct policy *policy, const char *text)
{
	struct policy_input input = make_input();
	struct cel_program *program;
	struct cel_value value;
	uint64_t cost = 0;
	struct str words;

	if (policy_compile(policy, str_from(text), POLICY_BOOL, false, &program, &words) != OK)
		return words;
	value = policy_run_evaluate(policy_run_new(policy, &input, test_arena()), program, &cost);
	if (value.kind == CEL_ERROR)
		return value.text;
	return value.is_true ? STR("true") : STR("false");
}

TEST(expressions_see_the_request_and_what_it_is_about)
{
	struct policy policy = policy_in(test_arena(), true, true);

	CHECK_STR(outcome(&policy, "object.spec.n == 3 && oldObject == null"), "true");
	CHECK_STR(outcome(&policy, "request.operation == 'CREATE' && 'g' in "
				   "request.userInfo.groups"),
		  "true");
	CHECK_STR(outcome(&policy, "namespaceObject == null"), "true");
	CHECK_STR(outcome(&policy, "object.spec.n <= params.max"), "false");
	CHECK_STR(outcome(&policy, "has(request.name)"), "false");
	CHECK_STR(outcome(&policy, "object.spec.missing > 1"), "no such key: missing");
	CHECK_STR(outcome(&policy, "object.spec.n"), "must evaluate to bool but got dyn");
	CHECK_STR(
	    outcome(&policy, "authorizer.group('').resource('x').check('y').allowed()"),
	    "compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in "
	    "container '')\n | authorizer.group('').resource('x').check('y').allowed()\n | ^");
}

TEST(variables_are_evaluated_when_they_are_asked_for)
{
	struct policy policy = policy_in(test_arena(), false, true);
	struct str words;

	CHECK_STATUS(policy_add_variable(&policy, STR("n"), STR("object.spec.n"), &words), OK);
	CHECK_STATUS(policy_add_variable(&policy, STR("twice"), STR("variables.n * 2"), &words), OK);
	CHECK_STATUS(policy_add_variable(&policy, STR("bad"), STR("1 / 0"), &words), OK);
	CHECK_STATUS(policy_add_variable(&policy, STR("late"), STR("variables.later"), &words),
		     INVALID);
	CHECK_STR(outcome(&policy, "variables.twice == 6"), "true");
	CHECK_STR(outcome(&policy, "variables.bad == 1 || true"), "true");
	CHECK_STR(outcome(&policy, "variables.bad == 1"), "division by zero");
	CHECK_STR(outcome(&policy, "params == null"),
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in "
		  "container '')\n | params == null\n | ^");
}

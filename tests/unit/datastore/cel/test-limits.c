#include "datastore/cel/library/function.h"
#include "datastore/cel/library/opaque.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/cel/cel-fixture.h"

/*
 * Expressions that would take too much: of the stack, of memory, of time.
 */

#define PLAIN "{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\"}}}"

static const char *repeated(const char *before, const char *part, uint32_t count, const char *after)
{
	struct text out = text_in(test_arena(), 8 * MIB);

	text_add(&out, str_from(before));
	for (uint32_t i = 0; i < count; i++)
		text_add(&out, str_from(part));
	text_add(&out, str_from(after));
	return arena_cstr(test_arena(), text_str(&out));
}

static const char *around(const char *open, const char *inner, const char *close, uint32_t count)
{
	return repeated(repeated("", open, count, inner), close, count, "");
}

#define HAS(result, words) (str_find((result).text, STR(words)) >= 0)

TEST(what_nests_deeper_than_upstream_takes_is_refused)
{
	CHECK(HAS(fixture_evaluate(around("(", "1", ")", 100)), "int 1"));
	CHECK(HAS(fixture_evaluate(around("(", "1", ")", 300)),
		  "expression recursion limit exceeded: 250"));
	CHECK(HAS(fixture_evaluate(around("[", "1", "]", 40000)),
		  "expression recursion limit exceeded: 250"));
	CHECK(HAS(fixture_evaluate(repeated("1", "+1", 199, "")), "int 200"));
	CHECK(HAS(fixture_evaluate(repeated("1", "+1", 259, "")), "max recursion depth exceeded"));
	CHECK(HAS(fixture_evaluate(repeated("self", ".x", 20000, "")),
		  "max recursion depth exceeded"));
	CHECK(HAS(fixture_evaluate(repeated("", "-", 90000, "self.n")), "int 3"));
}

TEST(long_chains_of_logic_are_balanced)
{
	CHECK(HAS(fixture_evaluate(repeated("true", "&&true", 10000, "")), "bool true"));
	CHECK(HAS(fixture_evaluate(repeated("false", "||false", 10000, "")), "bool false"));
	CHECK(HAS(fixture_evaluate(repeated("true", "&&true", 20000, "")),
		  "expression code point size exceeds limit: size: 120004, limit 100000"));
}

TEST(macros_that_double_what_they_are_about_do_not_grow_without_end)
{
	CHECK(HAS(fixture_evaluate(repeated("optional.of(1)", ".optMap(x,x)", 12, ".hasValue()")),
		  "bool true"));
	CHECK(HAS(fixture_evaluate(repeated("optional.of(1)", ".optMap(x,x)", 60, ".hasValue()")),
		  "expression is too large"));
}

TEST(types_that_double_with_each_step_are_refused)
{
	CHECK(HAS(fixture_evaluate(repeated("[1]", ".map(a,{a:a})", 40, ".size()")),
		  "the type of this expression is too large"));
}

TEST(the_limit_of_cost_ends_an_evaluation_and_nothing_absorbs_it)
{
	static const char over[] = "error operation cancelled: actual cost limit exceeded";

	CHECK_STR(fixture_evaluate("lists.range(100000).map(x, x + 1).size() > 0 || true").text,
		  over);
	CHECK_STR(
	    fixture_evaluate("lists.range(2000).all(x, lists.range(2000).all(y, y >= 0))").text,
	    over);
	CHECK_STR(fixture_evaluate("lists.range(900000).sort().size() == 1 || true").text, over);
	CHECK_STR(fixture_evaluate("[1].exists(y, lists.range(2000000).size() > 0)").text, over);
}

TEST(the_limit_of_memory_ends_an_evaluation)
{
	CHECK_STR(fixture_evaluate("lists.range(9000000000).size() == 0").text,
		  "error operation cancelled: memory limit exceeded");
}

/* A subject that makes a naive engine try every split of it. */
TEST(patterns_that_try_every_way_are_given_up)
{
	const char *json = repeated("{\"s\":\"", "a", 3000, "\"}");
	struct fixture_result result;

	result = fixture_evaluate_over(PLAIN, json, STR("self.s.matches('^(a+)+$b')"));
	CHECK(HAS(result, "bool false") || HAS(result, "too many steps"));
	result = fixture_evaluate_over(PLAIN, json, STR("self.s.find('(a*)*(a*)*(a*)*b') == ''"));
	CHECK(HAS(result, "bool true") || HAS(result, "too many steps"));
	result =
	    fixture_evaluate_over(PLAIN, json, STR("self.s.findAll('([ab]{0,900}c|a)').size()"));
	CHECK(HAS(result, "int 3000") || HAS(result, "too many steps"));
}

TEST(constants_are_looked_up_and_not_made_again)
{
	CHECK_EQ(fixture_evaluate("self.n in [1, 2, 3]").cost, 2);
	CHECK_STR(fixture_evaluate("self.n in [1.0, 3.0]").text,
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '@in' "
		  "applied to '(int, list(double))'\n | self.n in [1.0, 3.0]\n | .......^");
	CHECK_STR(fixture_evaluate("dyn(self.n) in [1.0, 3.0]").text, "bool true");
	CHECK_STR(fixture_evaluate("self.a in ['x', 'hi']").text, "bool true");
}

/* ---- sets and maps of schemas ------------------------------------------------------------------------------ */

TEST(lists_that_are_sets_or_maps_compare_in_any_order_and_add_by_key)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{"
	    "\"s\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\","
	    "\"items\":{\"type\":\"string\"}},"
	    "\"m\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\","
	    "\"x-kubernetes-list-map-keys\":[\"k\"],\"items\":{\"type\":\"object\","
	    "\"properties\":{\"k\":{\"type\":\"string\"},\"v\":{\"type\":\"integer\"}}}},"
	    "\"n\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\","
	    "\"x-kubernetes-list-map-keys\":[\"k\"],\"items\":{\"type\":\"object\","
	    "\"properties\":{\"k\":{\"type\":\"string\"},\"v\":{\"type\":\"integer\"}}}}}}";
	static const char json[] =
	    "{\"s\":[\"a\",\"b\"],\"m\":[{\"k\":\"x\",\"v\":1},{\"k\":\"y\",\"v\":2}],"
	    "\"n\":[{\"k\":\"y\",\"v\":3},{\"k\":\"z\",\"v\":4}]}";
	static const struct {
		const char *expression, *text;
	} cases[] = {
		{ "self.s == ['b', 'a']", "bool true" },
		{ "self.s == ['a', 'c']", "bool false" },
		{ "self.s + ['b', 'c']", "list [\"a\",\"b\",\"c\"]" },
		{ "self.m.map(e, e.v)", "list [1,2]" },
		{ "(dyn(self.m) + dyn(self.n)).map(e, e.v)", "list [1,3,4]" },
		{ "dyn(self.m) == dyn(self.n)", "bool false" },
		{ "self.m == self.m", "bool true" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(fixture_evaluate_over(schema, json, str_from(cases[i].expression)).text,
			  cases[i].text);
}

/* ---- the authorizer ----------------------------------------------------------------------------------------- */

static void decide(void *arg, const struct cel_access *access, struct arena *arena,
		   struct cel_decision *out)
{
	*(struct str *)arg = arena_printf(
	    arena, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
	    STR_ARG(access->service_account), STR_ARG(access->group), STR_ARG(access->resource),
	    STR_ARG(access->namespace), STR_ARG(access->name), STR_ARG(access->verb));
	out->is_allowed = str_is(access->verb, "get");
	out->reason = STR("because");
}

static struct str authorized(const char *expression, bool *is_true)
{
	struct str asked = STR_NONE, words;
	struct cel_authorizer authorizer = { decide, &asked };
	struct check_variable variable = { STR("authorizer"), cel_type_of(CEL_AUTHORIZER) };
	struct cel_environment environment = { .variables = &variable, .count = 1 };
	struct cel_source source = { .text = str_from(expression),
				     .environment = &environment,
				     .result = CEL_BOOL };
	struct cel_program *program;
	struct cel_value value = authorize_value(&authorizer, test_arena()), out;
	uint64_t cost = 0;

	CHECK_STATUS(cel_compile(&source, test_arena(), &program, &words), OK);
	out = cel_evaluate(program, &value, test_arena(), &cost);
	CHECK(cost > 350000);
	CHECK(cel_uses(program, 0));
	cel_free(program);
	CHECK_EQ(out.kind, CEL_BOOL);
	*is_true = out.is_true;
	return asked;
}

TEST(the_authorizer_is_asked_what_the_expression_says)
{
	bool is_true;

	CHECK_STR(authorized("authorizer.group('apps').resource('deployments').namespace('n')."
			     "name('d').check('get').allowed()",
			     &is_true),
		  "|apps|deployments|n|d|get");
	CHECK(is_true);
	CHECK_STR(authorized("authorizer.serviceAccount('n', 'sa').group('').resource('pods')."
			     "check('list').reason() == 'because'",
			     &is_true),
		  "system:serviceaccount:n:sa||pods|||list");
	CHECK(is_true);
	authorized("authorizer.path('/healthz').check('post').allowed()", &is_true);
	CHECK(!is_true);
}

TEST(an_error_that_a_limit_made_is_known_as_such)
{
	struct cel_value over = { .kind = CEL_ERROR,
				  .text = STR("operation cancelled: actual cost limit exceeded") };
	struct cel_value other = { .kind = CEL_ERROR, .text = STR("division by zero") };

	CHECK(cel_is_over(over));
	CHECK(!cel_is_over(other));
}

/*
 * Conditions over the question that a webhook would be sent.
 */
#include "actors/authorization/webhook-condition.h"
#include "tests/lib/test.h"

static const char review[] =
    "{\"kind\":\"SubjectAccessReview\",\"spec\":{\"resourceAttributes\":{\"namespace\":\"a\","
    "\"verb\":\"get\",\"resource\":\"pods\"},\"user\":\"jane\",\"groups\":[\"g\"],\"extra\":{\"k\":"
    "["
    "\"v\"]}}}";

static struct webhook_condition compile(const char *text)
{
	struct webhook_condition condition;
	struct str words;

	CHECK_STATUS(webhook_condition_compile(str_from(text), test_arena(), &condition, &words),
		     OK);
	return condition;
}

TEST(one_that_is_false_decides_whatever_goes_wrong_with_others)
{
	static const struct {
		const char *first, *second;
		enum webhook_condition_verdict verdict;
	} cases[] = {
		{ "request.user == 'jane'", "'g' in request.groups", WEBHOOK_CONDITION_MET },
		{ "request.resourceAttributes.namespace == 'a'", "has(request.resourceAttributes)",
		  WEBHOOK_CONDITION_MET },
		{ "request.user == 'joe'", "true", WEBHOOK_CONDITION_UNMET },
		{ "request.nonResourceAttributes.path == '/'", "true", WEBHOOK_CONDITION_UNKNOWN },
		{ "request.nonResourceAttributes.path == '/'", "false", WEBHOOK_CONDITION_UNMET },
		{ "has(request.uid)", "true", WEBHOOK_CONDITION_UNMET },
		{ "request.extra['k'] == ['v']", "true", WEBHOOK_CONDITION_MET },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct webhook_condition both[2] = { compile(cases[i].first),
						     compile(cases[i].second) };
		struct str words;

		CHECK_EQ(webhook_condition_ask(both, 2, str_from(review), test_arena(), &words),
			 cases[i].verdict);
		if (cases[i].verdict == WEBHOOK_CONDITION_UNKNOWN)
			CHECK(str_find(words, STR("no such key: nonResourceAttributes")) > 0);
	}
}

TEST(without_conditions_everything_is_asked_and_what_is_no_question_is_not)
{
	struct webhook_condition one = compile("request.user == 'jane'");
	struct str words;

	CHECK_EQ(webhook_condition_ask(NULL, 0, STR_NONE, test_arena(), &words),
		 WEBHOOK_CONDITION_MET);
	CHECK_EQ(webhook_condition_ask(&one, 1, STR("{"), test_arena(), &words),
		 WEBHOOK_CONDITION_UNKNOWN);
}

TEST(an_expression_that_cannot_be_is_refused_in_one_line)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "request.user", "must evaluate to bool" },
		{ "request.", "compilation failed: ERROR: <input>:1:9: Syntax error" },
		{ "object == 1",
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to" },
		{ "request.resourceAttributes.kind == ''", "undefined field 'kind'" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct webhook_condition condition;
		struct str words = STR_NONE;

		CHECK_STATUS(webhook_condition_compile(str_from(cases[i].text), test_arena(),
						       &condition, &words),
			     INVALID);
		CHECK(str_find(words, str_from(cases[i].words)) >= 0);
		CHECK(str_find_char(words, '\n') < 0);
	}
}

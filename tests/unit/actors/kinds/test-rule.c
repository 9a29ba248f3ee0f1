#include "actors/kinds/rule.h"

#include "actors/kinds/seen.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

/* All faults, a line each. */
static struct str said(const struct faults *faults)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	for (uint32_t i = 0; i < faults->len; i++)
		text_printf(&out, "%s" STR_FMT ": " STR_FMT, i ? "\n" : "",
			    STR_ARG(faults->at[i].field), STR_ARG(faults->at[i].message));
	return text_str(&out);
}

TEST(a_path_is_written_as_upstream_writes_it)
{
	struct faults faults = faults_in(test_arena());
	const struct path *at = PATH_ROOT(&faults, "spec");

	path_required(PATH(PATH_AT(PATH(at, "containers"), 3), "name"), "");
	path_forbidden(PATH_KEY(PATH(at, "labels"), STR("a.b/c")), "no");
	path_too_long(PATH_ROOT(&faults, ""), 1);
	path_too_many(at, 3, 1);
	path_duplicate(at, STR("a\"b"));
	CHECK_STR(said(&faults), "spec.containers[3].name: Required value\n"
				 "spec.labels[a.b/c]: Forbidden: no\n"
				 "[]: Too long: may not be more than 1 byte\n"
				 "spec: Too many: 3: must have at most 1 item\n"
				 "spec: Duplicate value: \"a\\\"b\"");
}

TEST(numbers_and_percentages)
{
	struct faults faults = faults_in(test_arena());
	const struct path *at = PATH_ROOT(&faults, "x");
	struct int_or_string percent = { .is_string = true, .string = STR("101%") };
	struct int_or_string text = { .is_string = true, .string = STR("a%") };

	CHECK(rule_port(at, 1) && rule_port(at, 65535));
	CHECK(!rule_port(at, 65536));
	CHECK(!rule_not_negative(at, -1));
	CHECK(rule_count_or_percent(at, percent));
	CHECK(!rule_at_most_100_percent(at, percent));
	CHECK(!rule_count_or_percent(at, text));
	CHECK(rule_is_nothing((struct int_or_string){ .is_string = true, .string = STR("0%") }));
	CHECK(!rule_is_nothing(percent));
	CHECK(rule_is_nothing(text));
	CHECK_STR(
	    said(&faults),
	    "x: Invalid value: 65536: must be between 1 and 65535, inclusive\n"
	    "x: Invalid value: -1: must be greater than or equal to 0\n"
	    "x: Invalid value: \"101%\": must not be greater than 100%\n"
	    "x: Invalid value: \"a%\": a valid percent string must be a numeric string followed "
	    "by an ending '%' (e.g. '1%',  or '93%', regex used for validation is "
	    "'[0-9]+%')");
}

TEST(values_are_listed_in_order_without_those_of_gates_that_are_off)
{
	struct faults faults = faults_in(test_arena());
	const struct path *at = PATH_ROOT(&faults, "x");

	CHECK(rule_one_of(at, STR("TCP"), &core_protocol_values));
	CHECK(!rule_one_of(at, STR("tcp"), &core_protocol_values));
	CHECK(!rule_needed_one_of(at, STR(""), &core_protocol_values));
	CHECK_STR(said(&faults),
		  "x: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"\n"
		  "x: Required value");
}

TEST(domain_paths)
{
	struct faults faults = faults_in(test_arena());
	const struct path *at = PATH_ROOT(&faults, "x");

	CHECK(rule_domain_path(at, STR("example.com/a/b")));
	CHECK(!rule_domain_path(at, STR("example.com")));
	CHECK(!rule_domain_path(at, STR("example.com/a b")));
	CHECK_STR(said(&faults),
		  "x: Invalid value: \"example.com\": must be a domain-prefixed path (such as "
		  "\"acme.io/foo\")\n"
		  "x: Invalid value: \"a b\": Invalid path (regex used for validation is "
		  "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}

TEST(label_selectors_are_judged_and_matched)
{
	struct faults faults = faults_in(test_arena());
	const struct path *at = PATH_ROOT(&faults, "s");
	struct str bad = STR("a b");
	struct meta_label_selector_requirement expressions[] = {
		{ STR("a"), STR("In"), { 0 } },
		{ STR("a"), STR("Exists"), { &bad, 1 } },
		{ STR("a"), STR("like"), { 0 } },
	};
	struct str_entry entry = { STR("app"), STR("web") };
	struct meta_label_selector selector = { .match_labels = { &entry, 1 } };

	CHECK(rule_selector(at, NULL, false));
	CHECK(rule_selector(at, &selector, false));
	CHECK(rule_selector_matches(at, &selector, selector.match_labels));
	CHECK(!rule_selector_matches(at, &selector, (struct str_map){ 0 }));
	CHECK(!rule_selector_matches(at, NULL, selector.match_labels));
	CHECK(!rule_selector_is_empty(NULL) && !rule_selector_is_empty(&selector));
	selector.match_expressions = (struct meta_label_selector_requirement_list){ expressions, 3 };
	CHECK(!rule_selector(at, &selector, true));
	CHECK_STR(
	    said(&faults),
	    "s.matchExpressions[0].values: Required value: must be specified when `operator` is "
	    "'In' or 'NotIn'\n"
	    "s.matchExpressions[1].values: Forbidden: may not be specified when `operator` is "
	    "'Exists' or 'DoesNotExist'\n"
	    "s.matchExpressions[2].operator: Invalid value: \"like\": not a valid selector "
	    "operator");
}

TEST(annotation_keys_are_judged_in_lower_case_and_shown_as_they_are)
{
	struct faults faults = faults_in(test_arena());
	struct str_entry entries[] = { { STR("Example.COM/Key"), STR("") },
				       { STR("A/b/C"), STR("") } };

	CHECK(!rule_annotations(PATH_ROOT(&faults, "a"), (struct str_map){ entries, 2 }));
	CHECK_EQ(faults.len, 1);
	CHECK(str_starts(faults.at[0].message, STR("Invalid value: \"A/b/C\": a valid label key")));
}

TEST(conditions_are_complete_and_unique)
{
	struct faults faults = faults_in(test_arena());
	struct meta_condition conditions[2] = {
		{ .type = STR("Ready"), .status = STR("True"), .reason = STR("Good") },
		{ .type = STR("Ready"), .status = STR("Maybe"), .reason = STR("_") },
	};

	SET(&conditions[0], last_transition_time, ((struct wall){ 1 }));
	CHECK(rule_conditions(PATH_ROOT(&faults, "c"),
			      (struct meta_condition_list){ conditions, 1 }));
	CHECK(!rule_conditions(PATH_ROOT(&faults, "c"),
			       (struct meta_condition_list){ conditions, 2 }));
	CHECK_EQ(faults.len, 4);
	CHECK_STR(faults.at[0].message, "Duplicate value: \"Ready\"");
	CHECK_STR(faults.at[1].message,
		  "Unsupported value: \"Maybe\": supported values: \"False\", "
		  "\"True\", \"Unknown\"");
}

TEST(a_set_knows_what_it_has_seen)
{
	struct seen seen = seen_in(test_arena());

	CHECK(!seen_has(&seen, STR("1")));
	for (uint32_t i = 0; i < 1000; i++)
		CHECK(seen_add(&seen, arena_printf(test_arena(), "%u", i)));
	CHECK(!seen_add(&seen, STR("999")));
	CHECK(seen_has(&seen, STR("0")) && !seen_has(&seen, STR("1000")));
	CHECK(seen_add(&seen, STR_NONE) && !seen_add(&seen, STR("")));
}

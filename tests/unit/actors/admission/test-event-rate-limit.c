/*
 * Limits of events: what an operator may say, which buckets there are, and what who writes too fast is told.
 */
#include "actors/admission/event-rate-limit.h"

#include "actors/admission/plugin.h"
#include "tests/unit/actors/kinds/kind-lab.h"
#include "tests/unit/actors/server/rig.h"

#define EVENTS "/api/v1/namespaces/default/events"

static struct event_limits *make_limits(const char *limits, struct fault *why)
{
	const char *json = arena_printf(test_arena(), "{'limits':%s}", limits).at;
	struct event_limits *out = NULL;

	if (event_limits_of(kind_lab_record(&eventratelimit_configuration_type, json), "f",
			    test_arena(), &out, why) != OK)
		return NULL;
	return out;
}

TEST(limits_are_judged_as_upstream_judges_them)
{
	static const struct {
		const char *limits, *said;
	} cases[] = {
		{ "[{'type':'Server','qps':1,'burst':1,'cacheSize':-1}]", "" },
		{ "[]", "f: limits: Invalid value: null: must not be empty" },
		{ "[{'type':'User','qps':1,'burst':1},{'type':'Node','qps':1,'burst':1}]",
		  "f: limits[1].type: Unsupported value: \"Node\": supported values: "
		  "\"Namespace\", \"Server\", \"SourceAndObject\", \"User\"" },
		{ "[{'type':'User','qps':1}]",
		  "f: limits[0].burst: Invalid value: 0: must be positive" },
		{ "[{'type':'User','qps':-2,'burst':1}]",
		  "f: limits[0].qps: Invalid value: -2: must be positive" },
		{ "[{'type':'User','qps':1,'burst':1,'cacheSize':-1}]",
		  "f: limits[0].cacheSize: Invalid value: -1: must not be negative" },
		{ "[{'type':'User','qps':1,'burst':1,'cacheSize':1048577}]",
		  "f: limits[0].cacheSize: Invalid value: 1048577: must not be greater than "
		  "1048576 here" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why = { 0 };

		CHECK_EQ(make_limits(cases[i].limits, &why) != NULL, cases[i].said[0] == '\0');
		CHECK_STR(str_from(why.text), cases[i].said);
	}
}

static const char *ask(struct event_limits *limits, int64_t ms, const char *namespace,
		       const char *user, const char *name)
{
	struct core_event_source source = { STR("kubelet"), STR("n1") };
	struct core_object_reference about = { .kind = STR("Pod"),
					       .namespace = str_from(namespace),
					       .name = str_from(name),
					       .uid = STR("u"),
					       .api_version = STR("v1") };
	struct core_event event = { .source = &source, .involved_object = &about };
	struct event_writing writing = { str_from(namespace), str_from(user), &event };
	struct str said = event_limits_ask(limits, (struct mono){ TIME_S + ms * TIME_MS }, &writing,
					   test_arena());

	return said.at != NULL ? said.at : "";
}

TEST(a_bucket_of_each_type_is_of_who_and_what_it_says)
{
	static const struct {
		const char *type, *namespace, *user, *name, *said;
	} cases[] = {
		{ "Server", "b", "v", "q", "limit reached on type Server for key " },
		{ "Namespace", "a", "v", "q", "limit reached on type Namespace for key a" },
		{ "Namespace", "b", "u", "p", "" },
		{ "User", "b", "u", "q", "limit reached on type User for key u" },
		{ "User", "a", "v", "p", "" },
		{ "SourceAndObject", "a", "v", "p",
		  "limit reached on type SourceAndObject for key kubeletn1Podapuv1" },
		{ "SourceAndObject", "a", "u", "q", "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct event_limits *limits = make_limits(
		    rig_printf("[{'type':'%s','qps':1,'burst':1}]", cases[i].type).at, NULL);

		CHECK_STR(str_from(ask(limits, 0, "a", "u", "p")), "");
		CHECK_STR(str_from(ask(limits, 0, cases[i].namespace, cases[i].user, cases[i].name)),
			  cases[i].said);
	}
}

TEST(a_bucket_fills_again_with_time_and_not_beyond_its_burst)
{
	struct event_limits *limits = make_limits("[{'type':'User','qps':2,'burst':3}]", NULL);
	static const struct {
		int64_t ms;
		uint32_t taken;
	} cases[] = { { 0, 3 }, { 499, 0 }, { 500, 1 }, { 1500, 2 }, { 60000, 3 } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t taken = 0;

		while (ask(limits, cases[i].ms, "a", "u", "p")[0] == '\0')
			taken++;
		CHECK_EQ(taken, cases[i].taken);
	}
}

TEST(the_bucket_used_longest_ago_gives_way_and_is_full_again)
{
	struct event_limits *limits =
	    make_limits("[{'type':'User','qps':1,'burst':1,'cacheSize':2}]", NULL);

	CHECK_STR(str_from(ask(limits, 0, "a", "u", "p")), "");
	CHECK_STR(str_from(ask(limits, 0, "a", "v", "p")), "");
	CHECK(ask(limits, 0, "a", "u", "p")[0] != '\0');
	CHECK_STR(str_from(ask(limits, 0, "a", "w", "p")), ""); /* in the place of v */
	CHECK(ask(limits, 0, "a", "u", "p")[0] != '\0');
	CHECK_STR(str_from(ask(limits, 0, "a", "v", "p")), "");
	/* Many go through a few buckets. */
	for (uint32_t i = 0; i < 5000; i++)
		CHECK_STR(str_from(ask(limits, 0, "a", rig_printf("u%u", i).at, "p")), "");
}

TEST(all_limits_are_asked_and_all_that_refuse_are_named_once)
{
	struct event_limits *limits =
	    make_limits("[{'type':'Server','qps':1,'burst':1},{'type':'Namespace','qps':1,'burst':"
			"1},{'type':'Server','qps':1,'burst':1}]",
			NULL);

	CHECK_STR(str_from(ask(limits, 0, "a", "u", "p")), "");
	CHECK_STR(str_from(ask(limits, 0, "a", "u", "p")),
		  "[limit reached on type Server for key , limit reached on type Namespace for key "
		  "a]");
}

static uint64_t bit_of(const char *name)
{
	for (uint32_t i = 0; i < plugin_count; i++)
		if (strcmp(plugins[i]->name, name) == 0)
			return 1ULL << i;
	CHECK(false);
	return 0;
}

static struct rig_answer post(struct rig *rig, const char *name, const char *query)
{
	return rig_post(rig, rig_printf(EVENTS "%s", query).at,
			rig_json(rig_printf("{'metadata':{'name':'%s'},'involvedObject':{"
					    "'namespace':'default'}}",
					    name)
				     .at));
}

TEST(who_writes_events_too_fast_is_told_to_come_again)
{
	struct server_config config = {
		.event_limits = make_limits("[{'type':'User','qps':1,'burst':2}]", NULL),
		.more_plugins = bit_of("EventRateLimit"),
	};
	struct rig *rig = rig_open(&config);
	static const char merge[] = "{\"message\":\"m\"}";

	CHECK_CODE(post(rig, "a", ""), 201);
	CHECK_CODE(post(rig, "b", "?dryRun=All"), 201);
	CHECK_CODE(rig_patch(rig, "merge", EVENTS "/a", merge), 200);
	CHECK_FAILURE(post(rig, "c", ""), 429, "TooManyRequests",
		      "Too many requests: limit reached on type User for key " RIG_MAIN);
	CHECK_CODE(rig_as(rig, NULL, "POST", "/api/v1/namespaces/default/configmaps",
			  "{'metadata':{'name':'m'}}"),
		   201);
	CHECK_CODE(rig_delete(rig, EVENTS "/a", NULL), 200);
	rig_run(rig, 3000);
	CHECK_CODE(post(rig, "c", ""), 201);
	rig_close(rig);
	/* Nobody asked for it. */
	config.more_plugins = 0;
	rig = rig_open(&config);
	for (uint32_t i = 0; i < 5; i++)
		CHECK_CODE(post(rig, rig_printf("e%u", i).at, ""), 201);
	rig_close(rig);
}

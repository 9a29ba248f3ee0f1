/* Affinity between pods, and their spreading over the nodes. */
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/trial.h"

#define ZONE(zone) "{\"metadata\":{\"labels\":{\"zone\":\"" zone "\"}}}"
#define APP(app) "\"metadata\":{\"labels\":{\"app\":\"" app "\"}}"
#define TERM(app, key)                                                                      \
	"\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"" key "\"," \
	"\"labelSelector\":{\"matchLabels\":{\"app\":\"" app "\"}}}]"

static struct trial *make_zones(void)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a1", ZONE("a"));
	trial_node(trial, "a2", ZONE("a"));
	trial_node(trial, "b1", ZONE("b"));
	trial_node(trial, "lost", "{}");
	return trial;
}

TEST(affinity_brings_a_pod_near_others)
{
	struct trial *trial = make_zones();

	trial_placed(trial, "b1", "{" APP("db") "}");
	CHECK_STR(trial_run(trial,
			    "{\"spec\":{\"affinity\":{\"podAffinity\":{" TERM("db", "zone") "}}}}"),
		  "b1");
	CHECK_STR(trial_run(trial, "{\"spec\":{\"affinity\":{\"podAffinity\":{" TERM(
				       "web", "zone") "}}}}"),
		  "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.");
}

TEST(the_first_of_a_series_that_wants_to_be_near_itself_goes_where_the_key_is)
{
	struct trial *trial = trial_new();

	trial_node(trial, "lost", "{}");
	trial_node(trial, "b1", ZONE("b"));
	CHECK_STR(trial_run(trial, "{" APP("web") ",\"spec\":{\"affinity\":{\"podAffinity\":{" TERM(
				       "web", "zone") "}}}}"),
		  "b1");
	trial_placed(trial, "lost", "{" APP("web") "}");
	CHECK_STR(trial_run(trial, "{" APP("web") ",\"spec\":{\"affinity\":{\"podAffinity\":{" TERM(
				       "web", "zone") "}}}}"),
		  "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.");
}

TEST(anti_affinity_keeps_a_pod_away_from_others_and_others_from_it)
{
	struct trial *trial = make_zones();

	trial_placed(trial, "a1", "{" APP("noisy") "}");
	trial_placed(trial, "b1",
		     "{\"spec\":{\"affinity\":{\"podAntiAffinity\":{" TERM("web", "zone") "}}}}");
	CHECK_STR(trial_run(trial, "{" APP("web") ",\"spec\":{\"nodeSelector\":{\"zone\":\"b\"}}}"),
		  "0/4 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity "
		  "rules, 3 node(s) didn't match Pod's node affinity/selector.");
	CHECK_STR(
	    trial_run(trial, "{" APP("web") ",\"spec\":{\"affinity\":{\"podAntiAffinity\":{" TERM(
				 "noisy", "zone") "}}}}"),
	    "lost");
	CHECK_STR(trial_run(trial, "{\"spec\":{\"nodeSelector\":{\"zone\":\"a\"},\"affinity\":{"
				   "\"podAntiAffinity\":{" TERM("noisy", "zone") "}}}}"),
		  "0/4 nodes are available: 2 node(s) didn't match Pod's node affinity/selector, 2 "
		  "node(s) didn't match pod anti-affinity rules.");
}

TEST(terms_mean_their_own_namespace_or_those_they_name_or_select)
{
	static const struct {
		const char *where, *expected;
	} cases[] = {
		{ "", "none" },
		{ ",\"namespaces\":[\"other\"]", "b1" },
		{ ",\"namespaceSelector\":{}", "b1" },
		{ ",\"namespaceSelector\":{\"matchLabels\":{\"team\":\"x\"}}", "b1" },
		{ ",\"namespaceSelector\":{\"matchLabels\":{\"team\":\"y\"}}", "none" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = make_zones();
		struct str result;

		trial_object(trial, &core_namespace_type,
			     "{\"metadata\":{\"name\":\"other\",\"labels\":{\"team\":\"x\"}}}");
		trial_placed(
		    trial, "b1",
		    "{\"metadata\":{\"namespace\":\"other\",\"labels\":{\"app\":\"db\"}}}");
		result = trial_run(
		    trial,
		    "{\"spec\":{\"affinity\":{\"podAffinity\":{"
		    "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\","
		    "\"labelSelector\":{\"matchLabels\":{\"app\":\"db\"}}%s}]}}}}",
		    cases[i].where);
		CHECK_STR(str_starts(result, STR("0/4")) ? STR("none") : result, cases[i].expected);
	}
}

#define SPREAD(extra)                                                                      \
	"{" APP("web") ",\"spec\":{\"topologySpreadConstraints\":[{\"maxSkew\":1,"         \
		       "\"topologyKey\":\"zone\",\"whenUnsatisfiable\":\"DoNotSchedule\"," \
		       "\"labelSelector\":{"                                               \
		       "\"matchLabels\":{\"app\":\"web\"}}" extra "}]}}"

TEST(spreading_fills_the_emptiest_zone_first)
{
	struct trial *trial = make_zones();

	trial_placed(trial, "a1", "{" APP("web") "}");
	CHECK_STR(trial_run(trial, SPREAD("")), "b1");
	trial_placed(trial, "b1", "{" APP("web") "}");
	trial_placed(trial, "b1", "{" APP("web") "}");
	CHECK(str_starts(trial_run(trial, SPREAD(",\"nodeAffinityPolicy\":\"Ignore\"")), STR("a")));
}

TEST(spreading_says_why_a_zone_is_full)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a1", ZONE("a"));
	trial_node(trial, "b1",
		   "{\"metadata\":{\"labels\":{\"zone\":\"b\"}},\"status\":{"
		   "\"allocatable\":{\"pods\":\"0\"}}}");
	trial_node(trial, "lost", "{}");
	trial_placed(trial, "a1", "{" APP("web") "}");
	CHECK_STR(trial_run(trial, SPREAD("")),
		  "0/3 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology "
		  "spread constraints, 1 node(s) didn't match pod topology spread constraints "
		  "(missing required label).");
}

TEST(spreading_over_fewer_places_than_wanted_counts_from_nothing)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a1", ZONE("a"));
	trial_placed(trial, "a1", "{" APP("web") "}");
	CHECK_STR(trial_run(trial, SPREAD("")), "a1");
	CHECK_STR(
	    trial_run(trial, SPREAD(",\"minDomains\":2")),
	    "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.");
}

TEST(spreading_passes_over_pods_that_go_and_nodes_that_the_pod_cannot_use)
{
	struct trial *trial = make_zones();

	trial_placed(trial, "a1",
		     "{\"metadata\":{\"labels\":{\"app\":\"web\"},\"deletionTimestamp\":"
		     "\"2026-01-01T00:00:00Z\"}}");
	trial_placed(trial, "b1", "{" APP("web") "}");
	CHECK(str_starts(trial_run(trial, SPREAD("")), STR("a")));
	trial = trial_new();
	trial_node(trial, "a1", ZONE("a"));
	trial_node(
	    trial, "b1",
	    "{\"metadata\":{\"labels\":{\"zone\":\"b\"}},\"spec\":{\"taints\":[{\"key\":\"k\","
	    "\"effect\":\"NoSchedule\"}]}}");
	trial_placed(trial, "a1", "{" APP("web") "}");
	CHECK_STR(trial_run(trial, SPREAD(",\"nodeTaintsPolicy\":\"Honor\"")), "a1");
	CHECK(str_starts(trial_run(trial, SPREAD("")), STR("0/2")));
}

TEST(label_keys_narrow_a_constraint_to_pods_of_the_same_revision)
{
	struct trial *trial = make_zones();

	trial_placed(trial, "b1", "{\"metadata\":{\"labels\":{\"app\":\"web\",\"rev\":\"2\"}}}");
	trial_placed(trial, "a1", "{\"metadata\":{\"labels\":{\"app\":\"web\",\"rev\":\"1\"}}}");
	trial_placed(trial, "a2", "{\"metadata\":{\"labels\":{\"app\":\"web\",\"rev\":\"1\"}}}");
	CHECK(str_starts(
	    trial_run(trial,
		      "{\"metadata\":{\"labels\":{\"app\":\"web\",\"rev\":\"2\"}},\"spec\":{"
		      "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\","
		      "\"whenUnsatisfiable\":\"DoNotSchedule\",\"matchLabelKeys\":[\"rev\"],"
		      "\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]}}"),
	    STR("a")));
}

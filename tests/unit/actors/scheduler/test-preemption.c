#include "actors/scheduler/snapshot/nominator.h"
#include "datastore/schema/policy.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"
#include "tests/unit/actors/scheduler/trial.h"

#define POD(name, priority, cpu, more)                                                          \
	"{\"metadata\":{\"name\":\"" name "\",\"labels\":{\"app\":\"" name "\"}" more           \
	"},\"spec\":{\"priority\":" priority ",\"containers\":[{\"name\":\"c\",\"resources\":{" \
	"\"requests\":{\"cpu\":\"" cpu "\"}}}]}}"
#define URGENT(cpu) POD("urgent", "100", cpu, "")
#define NODE(cpu) "{\"status\":{\"allocatable\":{\"cpu\":\"" cpu "\"}}}"

TEST(as_few_and_as_unimportant_pods_as_possible_have_to_go)
{
	struct trial *trial = trial_new();

	trial_node(trial, "n", NODE("4"));
	trial_placed(trial, "n", POD("mid", "50", "1", ""));
	trial_placed(trial, "n", POD("low", "10", "1", ""));
	trial_placed(trial, "n", POD("lowest", "1", "1", ""));
	trial_placed(trial, "n", POD("peer", "100", "1", ""));
	CHECK_STR(trial_preempt(trial, URGENT("1")), "n: lowest");
	CHECK_STR(trial_preempt(trial, URGENT("2")), "n: low lowest");
	CHECK_STR(trial_preempt(trial, URGENT("3")), "n: mid low lowest");
	CHECK_STR(trial_preempt(trial, URGENT("4")),
		  "0/1 nodes are available: 1 Insufficient cpu.");
	CHECK_STR(trial_preempt(trial, POD("weak", "1", "1", "")),
		  "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
	CHECK_STR(trial_preempt(trial, URGENT("5")),
		  "0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
}

/* Nothing is left moved by a question. */
TEST(looking_for_victims_changes_nothing)
{
	struct trial *trial = trial_new();
	struct node_info *node;

	trial_node(trial, "n", NODE("4"));
	for (int i = 0; i < 8; i++)
		trial_placed(trial, "n", POD("p%d", "%d", "500m", ""), i, i, i);
	node = trial_node_info(trial, "n");
	CHECK_STR(trial_preempt(trial, URGENT("2")), "n: p3 p2 p1 p0");
	CHECK_EQ(node->requested.cpu_milli, 4000);
	CHECK_EQ(node_info_pods(node)->len, 8);
	CHECK_STR(trial_preempt(trial, URGENT("2")), "n: p3 p2 p1 p0");
}

TEST(the_node_where_it_costs_least_is_chosen)
{
	/* Upstream's questions one after another. Each row: pods on a, pods on b; b is cheaper. */
	static const struct {
		const char *a[3], *b[3];
	} cases[] = {
		{ { POD("a1", "50", "4", "") }, { POD("b1", "40", "4", "") } },
		{ { POD("a1", "50", "2", ""), POD("a2", "20", "2", "") },
		  { POD("b1", "50", "2", ""), POD("b2", "10", "2", "") } },
		{ { POD("a1", "-5", "2", ""), POD("a2", "-5", "2", "") },
		  { POD("b1", "-5", "4", "") } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = trial_new();

		trial_node(trial, "a", NODE("4"));
		trial_node(trial, "b", NODE("4"));
		for (int j = 0; j < 3 && cases[i].a[j] != NULL; j++)
			trial_placed(trial, "a", "%s", cases[i].a[j]);
		for (int j = 0; j < 3 && cases[i].b[j] != NULL; j++)
			trial_placed(trial, "b", "%s", cases[i].b[j]);
		CHECK(str_starts(trial_preempt(trial, URGENT("4")), STR("b: ")));
	}
}

#define STARTED(name, at)                                                                  \
	"{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"containers\":[{\"name\":\"c\"," \
	"\"resources\":{\"requests\":{\"cpu\":\"4\"}}}]},\"status\":{\"startTime\":\"" at "\"}}"

TEST(of_equals_the_one_that_started_last_has_to_go)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a", NODE("4"));
	trial_node(trial, "b", NODE("4"));
	trial_placed(trial, "a", STARTED("old", "2026-01-01T00:00:00Z"));
	trial_placed(trial, "b", STARTED("new", "2026-01-02T00:00:00Z"));
	CHECK_STR(trial_preempt(trial, URGENT("4")), "b: new");
}

static void put_budget(struct trial *trial, const char *app, int allowed)
{
	trial_object(trial, &policy_pod_disruption_budget_type,
		     "{\"metadata\":{\"name\":\"of-%s\",\"namespace\":\"default\"},\"spec\":{"
		     "\"selector\":{\"matchLabels\":{\"app\":\"%s\"}}},\"status\":{"
		     "\"disruptionsAllowed\":%d}}",
		     app, app, allowed);
}

TEST(budgets_of_disruption_are_kept_where_there_is_a_choice)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a", NODE("4"));
	trial_placed(trial, "a", POD("guarded", "1", "2", ""));
	trial_placed(trial, "a", POD("free", "50", "2", ""));
	CHECK_STR(trial_preempt(trial, URGENT("2")), "a: guarded");
	put_budget(trial, "guarded", 0);
	CHECK_STR(trial_preempt(trial, URGENT("2")), "a: free");
	CHECK_STR(trial_preempt(trial, URGENT("4")), "a: free guarded");
	/* A node where none is broken is cheaper, whoever has to go there. */
	trial_node(trial, "b", NODE("4"));
	trial_placed(trial, "b", POD("dear", "99", "4", ""));
	CHECK_STR(trial_preempt(trial, URGENT("4")), "b: dear");
}

TEST(victims_of_affinity_and_spreading_count_as_gone)
{
	struct trial *trial = trial_new();
	const char *shy =
	    "{\"metadata\":{\"name\":\"shy\"},\"spec\":{\"priority\":9,\"affinity\":{"
	    "\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
	    "\"topologyKey\":\"host\",\"labelSelector\":{\"matchLabels\":{\"app\":"
	    "\"noisy\"}}}]}}}}";

	trial_node(trial, "n", "{\"metadata\":{\"labels\":{\"host\":\"n\"}}}");
	trial_placed(trial, "n", POD("noisy", "1", "1", ""));
	trial_placed(trial, "n", POD("quiet", "0", "1", ""));
	CHECK_STR(trial_preempt(trial, "%s", shy), "n: noisy");
}

TEST(a_pod_whose_victims_are_leaving_waits_for_them)
{
	struct trial *trial = trial_new();
	struct nominator *nominator = snapshot_nominator(trial->snapshot);
	struct pod_info *urgent = records_pod(URGENT("4"));

	trial_node(trial, "n", NODE("4"));
	trial_placed(trial, "n",
		     "{\"metadata\":{\"name\":\"going\",\"deletionTimestamp\":"
		     "\"2026-01-01T00:00:00Z\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		     "\"resources\":{\"requests\":{\"cpu\":\"4\"}}}]},\"status\":{\"conditions\":[{"
		     "\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":"
		     "\"PreemptionByScheduler\"}]}}");
	CHECK_STR(trial_preempt(trial, URGENT("4")), "n: going");
	nominator_set(nominator, urgent, STR("n"));
	CHECK_STR(trial_preempt(trial, URGENT("4")),
		  "not eligible due to a terminating pod on the nominated node.");
	nominator_set(nominator, urgent, STR(""));
	CHECK(nominator_is_empty(nominator));
}

TEST(a_promise_holds_against_less_important_pods_only)
{
	struct trial *trial = trial_new();

	trial_node(trial, "n", NODE("4"));
	nominator_set(snapshot_nominator(trial->snapshot), records_pod(URGENT("3")), STR("n"));
	CHECK_STR(trial_run(trial, POD("weak", "1", "2", "")),
		  "0/1 nodes are available: 1 Insufficient cpu.");
	CHECK_STR(trial_run(trial, POD("weak", "1", "1", "")), "n");
	CHECK_STR(trial_run(trial, POD("strong", "101", "2", "")), "n");
	CHECK_STR(trial_run(trial, URGENT("3")), "n");
}

TEST(what_the_status_says_about_a_promise_counts_when_it_says_something_new)
{
	struct nominator *nominator = nominator_new();
	struct pod_info *plain = records_pod("{\"metadata\":{\"name\":\"p\"}}");
	struct pod_info *said =
	    records_pod("{\"metadata\":{\"name\":\"p\"},\"status\":{\"nominatedNodeName\":\"a\"}}");

	nominator_update(nominator, said, NULL);
	CHECK_STR(nominator_node(nominator, said->key), "a");
	CHECK_EQ(nominator_pods(nominator, STR("a")).len, 1);
	nominator_set(nominator, said, STR("b"));
	nominator_update(nominator, said, said); /* our own word has not come back yet */
	CHECK_STR(nominator_node(nominator, said->key), "b");
	nominator_update(nominator, plain, said);
	CHECK(nominator_is_empty(nominator));
	CHECK_EQ(nominator_pods(nominator, STR("b")).len, 0);
	nominator_set(nominator, plain, STR("c"));
	nominator_free(nominator);
}

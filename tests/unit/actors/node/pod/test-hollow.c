#include "actors/node/pod/hollow-script.h"

#include "actors/controller/workload/pod.h"
#include "actors/node/agent.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/node/node-rig.h"

static const struct agent_args args = NODE_RIG_ARGS("10.244.7.0/29");

static void put_pod(struct api_lab *lab, const char *name, const char *annotations, const char *spec)
{
	api_lab_put(
	    lab, &core_pod_type,
	    arena_printf(test_arena(),
			 "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","
			 "\"namespace\":\"default\",\"annotations\":{%s}},\"spec\":{"
			 "\"nodeName\":\"n1\",%s\"containers\":[{\"name\":\"app\"},"
			 "{\"name\":\"log\"}]}}",
			 name, annotations, spec)
		.at);
}

#define SAYS(what, value) "\"" HOLLOW_SCRIPT_ANNOTATION what "\":\"" value "\""

TEST(annotations_write_a_pods_script)
{
	static const struct {
		const char *annotations, *spec;
		uint64_t at_ms;
		const char *phase;
		bool is_ready;
	} cases[] = {
		{ "", "", 500, "Running", true },
		{ SAYS("start", "2s"), "", 1900, "Pending", false },
		{ SAYS("start", "2s"), "", 2200, "Running", true },
		{ SAYS("start", "never"), "", 60000, "Pending", false },
		{ SAYS("start.log", "2s"), "", 1900, "Pending", false },
		{ SAYS("ready", "2s"), "", 1900, "Running", false },
		{ SAYS("ready", "2s"), "", 2200, "Running", true },
		{ SAYS("ready.log", "never"), "", 60000, "Running", false },
		{ SAYS("fail", "no such image"), "", 500, "Pending", false },
		{ SAYS("start", "nonsense"), "", 500, "Running", true },
		{ "", "\"restartPolicy\":\"Never\",", 500, "Running", true },
		{ "", "\"restartPolicy\":\"Never\",", 1500, "Succeeded", false },
		{ "", "\"restartPolicy\":\"OnFailure\",", 1500, "Succeeded", false },
		{ SAYS("exit", "5s"), "\"restartPolicy\":\"Never\",", 4500, "Running", true },
		{ SAYS("exit", "5s"), "\"restartPolicy\":\"Never\",", 5500, "Succeeded", false },
		{ SAYS("exit-code", "3"), "\"restartPolicy\":\"Never\",", 1500, "Failed", false },
		{ SAYS("exit-code.log", "3"), "\"restartPolicy\":\"Never\",", 1500, "Failed",
		  false },
		{ SAYS("exit-code", "900"), "\"restartPolicy\":\"Never\",", 1500, "Succeeded",
		  false },
		{ SAYS("exit", "never"), "\"restartPolicy\":\"Never\",", 60000, "Running", true },
		{ SAYS("exit.log", "1s"), "", 1500, "Running", true },
		{ SAYS("exit.log", "1s") "," SAYS("exit-code", "1"), "", 2500, "Running", false },
		{ SAYS("ready", "3s") "," SAYS("exit", "1s"), "\"restartPolicy\":\"Never\",", 1500,
		  "Succeeded", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct api_lab *lab = node_rig_open(&args);
		const struct core_pod *pod;

		put_pod(lab, "p", cases[i].annotations, cases[i].spec);
		api_lab_run(lab, cases[i].at_ms);
		pod = api_lab_pod(lab, "p");
		if (!str_is(pod->status->phase, cases[i].phase) ||
		    pod_is_ready(pod) != cases[i].is_ready)
			test_fail(__FILE__, __LINE__, "case %zu: " STR_FMT, i,
				  STR_ARG(pod->status->phase));
		api_lab_close(lab);
	}
}

TEST(init_containers_come_first_and_a_sidecar_stays)
{
	struct api_lab *lab = node_rig_open(&args);
	const struct core_pod_status *status;

	put_pod(
	    lab, "p", SAYS("exit.x", "1s"),
	    "\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\"},{\"name\":\"x\"}],");
	api_lab_run(lab, 900);
	status = api_lab_pod(lab, "p")->status;
	CHECK_STR(status->phase, "Pending");
	CHECK(status->init_container_statuses.at[0].started);
	CHECK_STR(status->container_statuses.at[0].state->waiting->reason, "PodInitializing");
	api_lab_run(lab, 500);
	status = api_lab_pod(lab, "p")->status;
	CHECK_STR(status->phase, "Running");
	CHECK(status->init_container_statuses.at[0].state->running != NULL);
	CHECK_EQ(status->init_container_statuses.at[1].state->terminated->exit_code, 0);
	CHECK(pod_is_ready(api_lab_pod(lab, "p")));
	api_lab_close(lab);
}

TEST(a_slow_end_takes_as_long_as_it_says_but_not_longer_than_its_grace)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "p", SAYS("stop", "3s"), "");
	put_pod(lab, "q", SAYS("stop", "never"), "");
	api_lab_run(lab, 500);
	api_lab_delete(lab, "p", 30);
	api_lab_delete(lab, "q", 10);
	api_lab_run(lab, 2800);
	CHECK(api_lab_pod(lab, "p") != NULL);
	api_lab_run(lab, 400);
	CHECK(api_lab_pod(lab, "p") == NULL);
	api_lab_run(lab, 6600);
	CHECK(api_lab_pod(lab, "q") != NULL);
	api_lab_run(lab, 500);
	CHECK(api_lab_pod(lab, "q") == NULL);
	api_lab_close(lab);
}

/* How many of the six pods run; the last that does and the one that does not. */
static int count_running(const struct api_lab *lab, int *runs, int *waits)
{
	int count = 0;

	for (int i = 0; i < 6; i++) {
		const struct core_pod *pod =
		    api_lab_pod(lab, arena_printf(test_arena(), "p%d", i).at);

		if (pod == NULL)
			continue;
		if (str_is(pod->status->phase, "Running"))
			*runs = i, count++;
		else
			*waits = i;
	}
	return count;
}

TEST(an_address_is_one_pods_and_free_again_when_it_ends)
{
	struct api_lab *lab = node_rig_open(&args);
	struct map seen = { 0 };
	int runs = -1, waits = -1;

	for (int i = 0; i < 6; i++)
		put_pod(lab, arena_printf(test_arena(), "p%d", i).at, "", "");
	api_lab_run(lab, 500);
	CHECK_EQ(count_running(lab, &runs, &waits), 5);
	for (int i = 0; i < 6; i++)
		if (i != waits)
			CHECK(map_put(&seen,
				      api_lab_pod(lab, arena_printf(test_arena(), "p%d", i).at)
					  ->status->pod_ip,
				      lab) == NULL);
	map_fini(&seen);
	CHECK(str_find(str_from(lab->fake.last_event), STR("no pod address is free")) >= 0);
	api_lab_delete(lab, arena_printf(test_arena(), "p%d", runs).at, 0);
	api_lab_run(lab, 5000);
	CHECK_EQ(count_running(lab, &runs, &waits), 5);
	api_lab_close(lab);
}

TEST(a_pod_in_the_hosts_network_has_the_nodes_address)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "p", "", "\"hostNetwork\":true,");
	api_lab_run(lab, 500);
	CHECK_STR(api_lab_pod(lab, "p")->status->pod_ip, "192.0.2.9");
	api_lab_kill(lab);
	api_lab_run(lab, 1000);
	CHECK_STR(api_lab_pod(lab, "p")->status->pod_ip, "192.0.2.9");
	CHECK_STR(api_lab_pod(lab, "p")->status->phase, "Running");
	api_lab_close(lab);
}

TEST(what_should_have_ended_while_the_agent_was_away_ends_when_it_is_back)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "p", SAYS("exit", "3s"), "\"restartPolicy\":\"Never\",");
	api_lab_run(lab, 2500);
	CHECK_STR(api_lab_pod(lab, "p")->status->phase, "Running");
	api_lab_kill(lab);
	api_lab_run(lab, 1500);
	CHECK_STR(api_lab_pod(lab, "p")->status->phase, "Succeeded");
	api_lab_close(lab);
}

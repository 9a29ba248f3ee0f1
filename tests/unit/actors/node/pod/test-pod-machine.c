#include "actors/node/pod/pod-machine.h"

#include "actors/node/pod/pod-status.h"
#include "datastore/object/record.h"
#include "tests/lib/test.h"

#define START_NS (1767225600LL * TIME_S) /* 2026-01-01T00:00:00Z */

/*
 * A play: a machine, the time, and what it has said so far. Scripts are words: `sandbox`, `no-sandbox`, `gone`, `lost`, `vanish`, `delete:30`,
 * `pass:10` seconds, and for the container in a place `runs:0`, `starts:0`, `ready:0`, `unready:0`, `fails:0`, `ends:0:1` with a code.
 */
struct play {
	struct pod_machine *machine;
	struct moment now;
	struct text said;
};

static const struct object *make_pod(const char *meta, const char *spec, const char *status)
{
	struct object *object;
	struct fault why = { 0 };
	struct str text =
	    arena_printf(test_arena(),
			 "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\","
			 "\"namespace\":\"d\","
			 "\"uid\":\"u\",\"generation\":1%s},\"spec\":{%s},\"status\":{%s}}",
			 meta, spec, status);

	if (object_decode(&core_pod_type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why.field, why.text);
	record_default(&core_pod_type, object->record, object_arena(object),
		       (struct wall){ START_NS });
	object_freeze(object, 1);
	object_hold(test_arena(), object);
	object_unref(object);
	return object;
}

static void free_machine(void *machine)
{
	pod_machine_free(machine);
}

static struct play make_play(const char *meta, const char *spec, const char *status)
{
	struct play play = { .now = { { TIME_S }, { START_NS } } };

	play.machine = pod_machine_new(make_pod(meta, spec, status), 1, play.now);
	arena_on_free(test_arena(), free_machine, play.machine);
	play.said = text_in(test_arena(), 64 * KIB);
	return play;
}

/* Takes down all that the machine wants done. */
static void listen(struct play *play)
{
	struct pod_step step;

	while (pod_machine_next(play->machine, play->now, &step)) {
		if (play->said.len > 0)
			text_add_char(&play->said, ' ');
		switch (step.kind) {
		case POD_SANDBOX_START: text_lit(&play->said, "SANDBOX"); break;
		case POD_SANDBOX_STOP: text_lit(&play->said, "END"); break;
		case POD_CONTAINER_START: text_printf(&play->said, "start:%u", step.place); break;
		case POD_CONTAINER_STOP:
			text_printf(&play->said, "stop:%u:%ju", step.place,
				    (uintmax_t)step.grace_ms / 1000);
			break;
		}
	}
}

static void delete_pod(struct play *play, int64_t grace_s)
{
	struct object *object = object_edit(play->machine->object);

	SET(object_meta(object), deletion_timestamp, play->now.wall);
	SET(object_meta(object), deletion_grace_period_seconds, grace_s);
	object_freeze(object, 2);
	pod_machine_see(play->machine, object);
	object_unref(object);
}

static const struct {
	const char *word;
	enum runtime_what what;
} happenings[] = {
	{ "sandbox", RUNTIME_SANDBOX_READY },     { "no-sandbox", RUNTIME_SANDBOX_FAILED },
	{ "gone", RUNTIME_SANDBOX_GONE },         { "runs", RUNTIME_CONTAINER_RUNS },
	{ "starts", RUNTIME_CONTAINER_STARTED },  { "ready", RUNTIME_CONTAINER_READY },
	{ "unready", RUNTIME_CONTAINER_UNREADY }, { "fails", RUNTIME_CONTAINER_FAILED },
	{ "ends", RUNTIME_CONTAINER_ENDED },
};

static void happen(struct play *play, struct str word, int64_t place, int64_t code)
{
	struct runtime_event event = { .place = (uint32_t)place,
				       .exit_code = (int32_t)code,
				       .at = play->now.wall,
				       .address = STR("10.0.0.7"),
				       .id = STR("hollow://1"),
				       .image_id = STR("hollow://i"),
				       .reason = STR("Word"),
				       .message = STR("words") };

	for (size_t i = 0; i < sizeof happenings / sizeof happenings[0]; i++)
		if (str_is(word, happenings[i].word)) {
			event.what = happenings[i].what;
			pod_machine_take(play->machine, &event, play->now);
			return;
		}
	test_fail(__FILE__, __LINE__, "no such word: " STR_FMT, STR_ARG(word));
}

static void play_on(struct play *play, const char *script)
{
	struct str rest = str_from(script);

	listen(play);
	while (rest.len > 0) {
		struct str numbers = str_cut(&rest, ' '), word = str_cut(&numbers, ':');
		int64_t first = 0, second = 0;

		if (numbers.at != NULL)
			CHECK_STATUS(str_to_i64(str_cut(&numbers, ':'), &first), OK);
		if (numbers.at != NULL)
			CHECK_STATUS(str_to_i64(numbers, &second), OK);
		if (str_is(word, "pass")) {
			play->now.mono.ns += first * TIME_S;
			play->now.wall.ns += first * TIME_S;
		} else if (str_is(word, "delete")) {
			delete_pod(play, first);
		} else if (str_is(word, "vanish")) {
			pod_machine_vanish(play->machine);
		} else if (str_is(word, "lost")) {
			pod_machine_lost(play->machine, play->now);
		} else {
			happen(play, word, first, second);
		}
		listen(play);
	}
}

static struct str value(const struct play *play, const char *path)
{
	struct core_pod pod = *pod_machine_pod(play->machine);

	pod.status = pod_status_make(test_arena(), play->machine, STR("192.0.2.1"), play->now.wall);
	return record_value(&core_pod_type, &pod, str_from(path), test_arena());
}

#define ONE "\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]"
#define TWO "\"containers\":[{\"name\":\"a\",\"image\":\"i\"},{\"name\":\"b\",\"image\":\"i\"}]"
#define INIT "\"initContainers\":[{\"name\":\"x\",\"image\":\"i\"}]," ONE
#define SIDECAR                                                                               \
	"\"initContainers\":[{\"name\":\"s\",\"image\":\"i\",\"restartPolicy\":\"Always\"},{" \
	"\"name\":\"x\",\"image\":\"i\"}]," ONE
#define POLICY(policy) "\"restartPolicy\":\"" policy "\","
#define UP "sandbox runs:0 starts:0 ready:0 "

TEST(a_pod_goes_its_way)
{
	static const struct {
		const char *spec, *script, *said, *phase;
	} cases[] = {
		{ ONE, "", "SANDBOX", "Pending" },
		{ ONE, "sandbox", "SANDBOX start:0", "Pending" },
		{ ONE, UP, "SANDBOX start:0", "Running" },
		{ TWO, "sandbox", "SANDBOX start:0 start:1", "Pending" },
		{ TWO, "sandbox runs:0", "SANDBOX start:0 start:1", "Pending" },
		{ TWO, "sandbox runs:0 runs:1", "SANDBOX start:0 start:1", "Running" },
		/* A sandbox that fails is tried again after one second, then after two. */
		{ ONE, "no-sandbox", "SANDBOX", "Pending" },
		{ ONE, "no-sandbox pass:1", "SANDBOX SANDBOX", "Pending" },
		{ ONE, "no-sandbox pass:1 no-sandbox pass:1", "SANDBOX SANDBOX", "Pending" },
		{ ONE, "no-sandbox pass:1 no-sandbox pass:2 sandbox",
		  "SANDBOX SANDBOX SANDBOX start:0", "Pending" },
		/* Init containers run in order, and once. */
		{ INIT, "sandbox", "SANDBOX start:0", "Pending" },
		{ INIT, "sandbox runs:0 ends:0:0", "SANDBOX start:0 start:1", "Pending" },
		{ INIT, "sandbox runs:0 ends:0:0 runs:1", "SANDBOX start:0 start:1", "Running" },
		{ INIT, "sandbox runs:0 ends:0:1", "SANDBOX start:0 start:0", "Pending" },
		{ POLICY("Never") INIT, "sandbox runs:0 ends:0:1", "SANDBOX start:0 END",
		  "Pending" },
		{ POLICY("Never") INIT, "sandbox runs:0 ends:0:1 gone", "SANDBOX start:0 END",
		  "Failed" },
		/* A sidecar holds the others up until it has started, and outlives them. */
		{ SIDECAR, "sandbox runs:0", "SANDBOX start:0", "Pending" },
		{ SIDECAR, "sandbox runs:0 starts:0", "SANDBOX start:0 start:1", "Pending" },
		{ SIDECAR, "sandbox runs:0 starts:0 runs:1 ends:1:0",
		  "SANDBOX start:0 start:1 start:2", "Pending" },
		{ POLICY("Never") SIDECAR,
		  "sandbox runs:0 starts:0 runs:1 ends:1:0 runs:2 ends:2:0 ends:0:0 gone",
		  "SANDBOX start:0 start:1 start:2 stop:0:30 END", "Succeeded" },
		/* What ends is started again by policy: at once, then after ten seconds. */
		{ ONE, UP "ends:0:0", "SANDBOX start:0 start:0", "Running" },
		{ ONE, UP "ends:0:0 runs:0 ends:0:1 pass:9", "SANDBOX start:0 start:0", "Running" },
		{ ONE, UP "ends:0:0 runs:0 ends:0:1 pass:10", "SANDBOX start:0 start:0 start:0",
		  "Running" },
		{ POLICY("OnFailure") ONE, UP "ends:0:1", "SANDBOX start:0 start:0", "Running" },
		{ POLICY("OnFailure") ONE, UP "ends:0:0 gone", "SANDBOX start:0 END", "Succeeded" },
		{ POLICY("Never") ONE, UP "ends:0:3 gone", "SANDBOX start:0 END", "Failed" },
		{ POLICY("Never") TWO, "sandbox runs:0 runs:1 ends:0:0", "SANDBOX start:0 start:1",
		  "Running" },
		{ POLICY("Never") TWO, "sandbox runs:0 runs:1 ends:0:0 ends:1:1 gone",
		  "SANDBOX start:0 start:1 END", "Failed" },
		/* One that cannot be started waits ten seconds. */
		{ ONE, "sandbox fails:0 pass:9", "SANDBOX start:0", "Pending" },
		{ ONE, "sandbox fails:0 pass:10", "SANDBOX start:0 start:0", "Pending" },
		/* Deletion, as long as the pod is given. */
		{ ONE, "delete:30", "SANDBOX END", "Pending" },
		{ ONE, "delete:30 gone", "SANDBOX END", "Failed" },
		{ ONE, UP "delete:30", "SANDBOX start:0 stop:0:30", "Running" },
		{ ONE, UP "delete:30 ends:0:0", "SANDBOX start:0 stop:0:30 END", "Running" },
		{ ONE, UP "delete:30 ends:0:0 gone", "SANDBOX start:0 stop:0:30 END", "Succeeded" },
		{ ONE, UP "delete:30 ends:0:137 gone", "SANDBOX start:0 stop:0:30 END", "Failed" },
		{ ONE, UP "delete:30 delete:5", "SANDBOX start:0 stop:0:30 stop:0:5", "Running" },
		{ ONE, UP "delete:5 delete:30", "SANDBOX start:0 stop:0:5", "Running" },
		{ SIDECAR, "sandbox runs:0 starts:0 runs:1 ends:1:0 runs:2 delete:7 ends:2:0",
		  "SANDBOX start:0 start:1 start:2 stop:2:7 stop:0:7", "Running" },
		/* What is being started when it is deleted is ended with its sandbox. */
		{ ONE, "sandbox delete:30", "SANDBOX start:0 END", "Pending" },
		{ ONE, UP "vanish", "SANDBOX start:0 stop:0:0", "Running" },
		/* Too old. */
		{ "\"activeDeadlineSeconds\":5," ONE, UP "pass:4", "SANDBOX start:0", "Running" },
		{ "\"activeDeadlineSeconds\":5," ONE, UP "pass:5 ends:0:0 gone",
		  "SANDBOX start:0 stop:0:30 END", "Failed" },
		/* A sandbox that goes by itself takes its containers along. */
		{ ONE, UP "gone", "SANDBOX start:0 SANDBOX", "Running" },
		{ ONE, UP "gone sandbox", "SANDBOX start:0 SANDBOX start:0", "Running" },
		{ POLICY("Never") ONE, UP "gone sandbox gone", "SANDBOX start:0 SANDBOX END",
		  "Failed" },
		/* Late news of what is over changes nothing. */
		{ POLICY("Never") ONE, UP "ends:0:0 runs:0 ready:0 gone", "SANDBOX start:0 END",
		  "Succeeded" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct play play = make_play("", cases[i].spec, "");

		play_on(&play, cases[i].script);
		if (!str_is(text_str(&play.said), cases[i].said) ||
		    !str_is(pod_machine_phase(play.machine), cases[i].phase))
			test_fail(__FILE__, __LINE__,
				  "case %zu (%s): said " STR_FMT "; phase " STR_FMT, i,
				  cases[i].script, STR_ARG(text_str(&play.said)),
				  STR_ARG(pod_machine_phase(play.machine)));
	}
}

TEST(rules_of_a_container_count_before_the_pods_policy)
{
	struct play play =
	    make_play("",
		      "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"image\":\"i\","
		      "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\","
		      "\"exitCodes\":{\"operator\":\"In\",\"values\":[42]}}]}]",
		      "");

	play_on(&play, UP "ends:0:42 runs:0 ends:0:1");
	CHECK_STR(text_str(&play.said), "SANDBOX start:0 start:0 END");
}

TEST(back_off_doubles_up_to_five_minutes_and_is_forgotten_after_ten_good_ones)
{
	static const uint32_t seconds[] = { 0, 0, 10, 20, 40, 80, 160, 300, 300 };
	struct play play = make_play("", ONE, "");

	for (uint32_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
		CHECK_EQ(pod_machine_backoff_s(i), seconds[i]);
	play_on(&play, "sandbox runs:0 ends:0:1 runs:0 ends:0:1");
	CHECK_EQ(pod_machine_wait_ms(play.machine, play.now), 10001);
	CHECK(pod_machine_backs_off(&play.machine->containers[0]));
	play_on(&play, "pass:11 runs:0 pass:601 ends:0:1");
	CHECK_EQ(play.machine->containers[0].failures, 1);
	CHECK_EQ(pod_machine_wait_ms(play.machine, play.now), -1);
}

TEST(a_status_says_how_the_pod_is)
{
	static const struct {
		const char *spec, *script, *path, *value;
	} cases[] = {
		{ ONE, "", "status.containerStatuses[0].state.waiting.reason", "ContainerCreating" },
		{ INIT, "", "status.containerStatuses[0].state.waiting.reason", "PodInitializing" },
		{ ONE, "", "status.podIP", "" },
		{ ONE, "", "status.hostIP", "192.0.2.1" },
		{ ONE, "", "status.startTime", "2026-01-01T00:00:00Z" },
		{ ONE, UP, "status.podIP", "10.0.0.7" },
		{ ONE, UP, "status.podIPs[0].ip", "10.0.0.7" },
		{ ONE, UP, "status.observedGeneration", "1" },
		{ ONE, UP, "status.containerStatuses[0].ready", "true" },
		{ ONE, UP, "status.containerStatuses[0].restartCount", "0" },
		{ ONE, UP, "status.containerStatuses[0].containerID", "hollow://1" },
		{ ONE, UP "unready:0", "status.containerStatuses[0].ready", "false" },
		{ ONE, UP "ends:0:1", "status.containerStatuses[0].state.terminated.exitCode", "1" },
		{ ONE, UP "ends:0:1 runs:0", "status.containerStatuses[0].restartCount", "1" },
		{ ONE, UP "ends:0:1 runs:0",
		  "status.containerStatuses[0].lastState.terminated.exitCode", "1" },
		{ ONE, UP "ends:0:1 runs:0 ends:0:2",
		  "status.containerStatuses[0].state.waiting.reason", "CrashLoopBackOff" },
		{ ONE, UP "ends:0:1 runs:0 ends:0:2",
		  "status.containerStatuses[0].state.waiting.message",
		  "back-off 10s restarting failed container=a pod=p_d(u)" },
		{ ONE, UP "ends:0:1 runs:0 ends:0:2",
		  "status.containerStatuses[0].lastState.terminated.exitCode", "2" },
		{ ONE, "sandbox fails:0", "status.containerStatuses[0].state.waiting.reason",
		  "Word" },
		{ ONE, "delete:0 gone", "status.containerStatuses[0].state.terminated.reason",
		  "ContainerStatusUnknown" },
		{ POLICY("Never") ONE, UP "ends:0:0 gone",
		  "status.containerStatuses[0].state.terminated.reason", "Word" },
		{ "\"activeDeadlineSeconds\":5," ONE, UP "pass:5", "status.reason",
		  "DeadlineExceeded" },
		{ INIT, "sandbox runs:0 ends:0:0", "status.initContainerStatuses[0].ready", "true" },
		{ INIT, "sandbox runs:0", "status.initContainerStatuses[0].ready", "false" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct play play = make_play("", cases[i].spec, "");
		struct str got;

		play_on(&play, cases[i].script);
		got = value(&play, cases[i].path);
		if (!str_is(got, cases[i].value))
			test_fail(__FILE__, __LINE__, "case %zu: %s is " STR_FMT, i, cases[i].path,
				  STR_ARG(got));
	}
}

static const struct core_pod_condition *condition(const struct core_pod_status *status,
						  const char *type)
{
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type))
			return &status->conditions.at[i];
	test_fail(__FILE__, __LINE__, "no condition %s", type);
}

TEST(conditions_have_the_kubelets_words)
{
	static const struct {
		const char *spec, *script, *type, *status, *reason, *message;
	} cases[] = {
		{ ONE, "", "PodReadyToStartContainers", "False", "", "" },
		{ ONE, "sandbox", "PodReadyToStartContainers", "True", "", "" },
		{ ONE, "", "Initialized", "True", "", "" },
		{ ONE, "", "Ready", "False", "ContainersNotReady",
		  "containers with unready status: [a]" },
		{ TWO, "", "ContainersReady", "False", "ContainersNotReady",
		  "containers with unready status: [a b]" },
		{ TWO, "sandbox runs:0 starts:0 ready:0", "ContainersReady", "False",
		  "ContainersNotReady", "containers with unready status: [b]" },
		{ ONE, UP, "Ready", "True", "", "" },
		{ ONE, UP, "ContainersReady", "True", "", "" },
		{ INIT, "", "Initialized", "False", "ContainersNotInitialized",
		  "containers with incomplete status: [x]" },
		{ SIDECAR, "sandbox runs:0 starts:0", "Initialized", "False",
		  "ContainersNotInitialized", "containers with incomplete status: [x]" },
		{ SIDECAR, "sandbox runs:0 starts:0 runs:1 ends:1:0", "Initialized", "True", "",
		  "" },
		{ POLICY("Never") ONE, UP "ends:0:0 gone", "Ready", "False", "PodCompleted", "" },
		{ POLICY("Never") ONE, UP "ends:0:0 gone", "Initialized", "True", "PodCompleted",
		  "" },
		{ POLICY("Never") ONE, UP "ends:0:1 gone", "Ready", "False", "PodFailed", "" },
		{ "\"readinessGates\":[{\"conditionType\":\"g/a\"}]," ONE, UP, "Ready", "False",
		  "ReadinessGatesNotReady",
		  "corresponding condition of pod readiness gate \"g/a\" does not exist." },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct play play = make_play("", cases[i].spec, "");
		const struct core_pod_condition *found;

		play_on(&play, cases[i].script);
		found = condition(
		    pod_status_make(test_arena(), play.machine, STR("192.0.2.1"), play.now.wall),
		    cases[i].type);
		if (!str_is(found->status, cases[i].status) ||
		    !str_is(found->reason, cases[i].reason) ||
		    !str_is(found->message, cases[i].message))
			test_fail(__FILE__, __LINE__, "case %zu: " STR_FMT ", " STR_FMT ", " STR_FMT,
				  i, STR_ARG(found->status), STR_ARG(found->reason),
				  STR_ARG(found->message));
	}
}

TEST(a_status_without_news_is_the_same_and_keeps_what_others_wrote)
{
	struct play play = make_play(
	    "", ONE,
	    "\"phase\":\"Pending\",\"qosClass\":\"Burstable\",\"nominatedNodeName\":\"n9\","
	    "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"},"
	    "{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"r\"}]");
	struct core_pod_status *first, *second;
	struct object *object;

	play_on(&play, UP);
	first = pod_status_make(test_arena(), play.machine, STR("192.0.2.1"), play.now.wall);
	CHECK_STR(first->qos_class, "Burstable");
	CHECK_STR(first->nominated_node_name, "n9");
	CHECK_STR(condition(first, "DisruptionTarget")->reason, "r");
	CHECK_STR(condition(first, "PodScheduled")->status, "True");
	object = object_edit(play.machine->object);
	((struct core_pod *)object->record)->status = first;
	object_freeze(object, 2);
	pod_machine_see(play.machine, object);
	object_unref(object);
	play.now.wall.ns += 100 * TIME_S;
	second = pod_status_make(test_arena(), play.machine, STR("192.0.2.1"), play.now.wall);
	CHECK(record_equal(&core_pod_status_type, first, second));
	happen(&play, STR("unready"), 0, 0);
	second = pod_status_make(test_arena(), play.machine, STR("192.0.2.1"), play.now.wall);
	CHECK_EQ(condition(second, "Ready")->last_transition_time.ns, START_NS + 100 * TIME_S);
	CHECK_EQ(condition(second, "Initialized")->last_transition_time.ns, START_NS);
}

TEST(a_refused_pod_says_why_and_nothing_else)
{
	struct play play = make_play("", ONE, "\"phase\":\"Pending\"");

	pod_machine_refuse(play.machine, STR("OutOfcpu"), STR("Pod was rejected: no"));
	play_on(&play, "");
	CHECK_STR(text_str(&play.said), "");
	CHECK_STR(value(&play, "status.phase"), "Failed");
	CHECK_STR(value(&play, "status.reason"), "OutOfcpu");
	CHECK_STR(value(&play, "status.message"), "Pod was rejected: no");
	CHECK_STR(value(&play, "status.containerStatuses"), "");
}

TEST(a_pod_found_running_goes_on_from_its_status)
{
	struct play play = make_play(
	    "", TWO,
	    "\"phase\":\"Running\",\"podIP\":\"10.0.0.9\",\"podIPs\":[{\"ip\":\"10.0.0.9\"}],"
	    "\"startTime\":\"2025-12-31T00:00:00Z\",\"containerStatuses\":["
	    "{\"name\":\"a\",\"ready\":true,\"started\":true,\"restartCount\":2,"
	    "\"containerID\":\"hollow://7\",\"image\":\"i\",\"imageID\":\"\","
	    "\"state\":{\"running\":{\"startedAt\":\"2025-12-31T00:00:05Z\"}},"
	    "\"lastState\":{\"terminated\":{\"exitCode\":9,\"finishedAt\":\"2025-12-31T00:00:04Z\"}"
	    "}},"
	    "{\"name\":\"b\",\"ready\":false,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\","
	    "\"state\":{\"terminated\":{\"exitCode\":3,\"reason\":\"Error\"}}}]");

	CHECK(pod_machine_resume(play.machine));
	play_on(&play, "");
	CHECK_STR(text_str(&play.said), "start:1");
	CHECK_STR(value(&play, "status.startTime"), "2025-12-31T00:00:00Z");
	CHECK_STR(value(&play, "status.containerStatuses[0].state.running.startedAt"),
		  "2025-12-31T00:00:05Z");
	CHECK_STR(value(&play, "status.containerStatuses[0].containerID"), "hollow://7");
	CHECK_STR(value(&play, "status.containerStatuses[0].restartCount"), "2");
	CHECK_STR(value(&play, "status.containerStatuses[0].lastState.terminated.exitCode"), "9");
	play_on(&play, "runs:1");
	CHECK_STR(value(&play, "status.containerStatuses[1].restartCount"), "1");
	CHECK_STR(value(&play, "status.containerStatuses[1].lastState.terminated.exitCode"), "3");
}

TEST(a_pod_found_running_that_the_runtime_has_lost_is_started_again)
{
	struct play play = make_play(
	    "", ONE,
	    "\"phase\":\"Running\",\"podIP\":\"10.0.0.9\",\"containerStatuses\":[{\"name\":\"a\","
	    "\"ready\":true,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\",\"containerID\":"
	    "\"x\","
	    "\"state\":{\"running\":{\"startedAt\":\"2025-12-31T00:00:05Z\"}}}]");

	CHECK(pod_machine_resume(play.machine));
	play_on(&play, "lost sandbox runs:0");
	CHECK_STR(text_str(&play.said), "SANDBOX start:0");
	CHECK_STR(value(&play, "status.podIP"), "10.0.0.7");
	CHECK_STR(value(&play, "status.containerStatuses[0].restartCount"), "1");
	CHECK_STR(value(&play, "status.containerStatuses[0].lastState.terminated.reason"),
		  "ContainerStatusUnknown");
}

TEST(a_pod_that_another_has_failed_is_stopped_and_stays_failed)
{
	struct play play = make_play("", ONE, "\"phase\":\"Pending\"");

	play_on(&play, UP);
	pod_machine_see(play.machine,
			make_pod("", ONE, "\"phase\":\"Failed\",\"reason\":\"Theirs\""));
	play_on(&play, "ends:0:0 gone");
	CHECK_STR(text_str(&play.said), "SANDBOX start:0 stop:0:30 END");
	CHECK_STR(value(&play, "status.phase"), "Failed");
	CHECK_STR(value(&play, "status.reason"), "Theirs");
	CHECK_STR(value(&play, "status.containerStatuses[0].state.terminated.exitCode"), "0");
}

TEST(a_pod_found_at_its_end_stays_as_it_is)
{
	struct play play =
	    make_play("", ONE, "\"phase\":\"Succeeded\",\"reason\":\"r\",\"podIP\":\"10.0.0.9\"");

	CHECK(!pod_machine_resume(play.machine));
	play_on(&play, "");
	CHECK_STR(text_str(&play.said), "");
	CHECK(record_equal(
	    &core_pod_status_type, pod_machine_pod(play.machine)->status,
	    pod_status_make(test_arena(), play.machine, STR("192.0.2.1"), play.now.wall)));
}

TEST(ephemeral_containers_join_a_running_pod_and_run_once)
{
	struct play play = make_play("", ONE, "");
	const struct object *debugged;

	play_on(&play, UP);
	debugged =
	    make_pod("", ONE ",\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"i\"}]", "");
	pod_machine_see(play.machine, debugged);
	play_on(&play, "runs:1 ends:1:0");
	CHECK_STR(text_str(&play.said), "SANDBOX start:0 start:1");
	CHECK_STR(value(&play, "status.ephemeralContainerStatuses[0].state.terminated.exitCode"),
		  "0");
	CHECK_STR(value(&play, "status.phase"), "Running");
}

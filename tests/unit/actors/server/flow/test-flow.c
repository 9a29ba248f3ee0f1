/*
 * Requests and their priority levels: who waits, who is refused, and what is shown of it.
 */
#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define FLOW "/apis/flowcontrol.apiserver.k8s.io/v1"
#define DUMP "/debug/api_priority_and_fairness/"
#define TOO_MANY "Too many requests, please try again later.\n"

/* Two seats: one for the level `tight`, one for catch-all. */
static const struct server_config narrow = { .in_flight_max = 1, .mutating_max = 1 };

static void add_level(struct rig *rig, const char *name, const char *response)
{
	CHECK_CODE(
	    rig_as(rig, NULL, "POST", FLOW "/prioritylevelconfigurations",
		   rig_printf("{'metadata':{'name':'%s'},'spec':{'type':'Limited','limited':{"
			      "'nominalConcurrencyShares':5,'borrowingLimitPercent':0,"
			      "'limitResponse':%s}}}",
			      name, response)
		       .at),
	    201);
}

static void add_schema(struct rig *rig, const char *name, const char *level, int precedence,
		       const char *subject)
{
	CHECK_CODE(
	    rig_as(
		rig, NULL, "POST", FLOW "/flowschemas",
		rig_printf(
		    "{'metadata':{'name':'%s'},'spec':{'priorityLevelConfiguration':{'name':'%s'},"
		    "'matchingPrecedence':%d,'distinguisherMethod':{'type':'ByUser'},'rules':[{"
		    "'subjects':[%s],'resourceRules':[{'verbs':['*'],'apiGroups':['*'],"
		    "'resources':['*'],'namespaces':['*'],'clusterScope':true}]}]}}",
		    name, level, precedence, subject)
		    .at),
	    201);
}

#define ALICE "{'kind':'User','user':{'name':'alice'}}"
#define QUEUE(lanes, hand, length)                                       \
	"{'type':'Queue','queuing':{'queues':" lanes ",'handSize':" hand \
	",'queueLengthLimit':" length "}}"

static struct rig *open_tight(const char *response)
{
	struct rig *rig = rig_open(&narrow);

	add_level(rig, "tight", response);
	add_schema(rig, "alices", "tight", 50, ALICE);
	rig_run(rig, 10);
	return rig;
}

static uint32_t begin(struct rig *rig, const char *user, const char *name)
{
	return rig_begin(rig, &(struct rig_request){
				  .method = "POST",
				  .path = MAPS,
				  .user = user,
				  .body = rig_printf("{\"metadata\":{\"name\":\"%s\"}}", name).at });
}

static void check_refused(struct rig_answer answer)
{
	CHECK_CODE(answer, 429);
	CHECK_STR(answer.body, TOO_MANY);
	CHECK_STR(answer.type, "text/plain; charset=utf-8");
	CHECK(answer.retry_after_s >= 1);
}

static struct str metric(struct rig *rig, const char *line)
{
	struct str page = rig_get(rig, "/metrics").body;
	int64_t at = str_find(page, str_from(line));

	if (at < 0)
		return STR("");
	page = str_slice(page, (uint32_t)at + (uint32_t)strlen(line) + 1, page.len);
	return str_cut(&page, '\n');
}

#define READ_VS_WRITE "apiserver_flowcontrol_read_vs_write_current_requests"

static double number(struct rig *rig, const char *line)
{
	double value = -1;

	CHECK_STATUS(str_to_double(metric(rig, line), &value), OK);
	return value;
}

TEST(a_request_waits_for_a_seat_of_its_level)
{
	struct rig *rig = open_tight(QUEUE("1", "1", "50"));
	uint32_t numbers[5];

	rig_hold_disk(rig, true);
	for (int i = 0; i < 5; i++)
		numbers[i] = begin(rig, "alice", rig_printf("a%d", i).at);
	rig_run(rig, 100);
	CHECK(str_find(rig_get(rig, DUMP "dump_priority_levels").body,
		       STR("tight,             1,            false,  false,       4,              "
			   " 1\n")) > 0);
	CHECK_STR(metric(rig, "apiserver_flowcontrol_current_inqueue_requests{flow_schema="
			      "\"alices\",priority_level=\"tight\"}"),
		  "4");
	CHECK(metric(rig, "apiserver_flowcontrol_priority_level_seat_utilization_count{phase="
			  "\"executing\",priority_level=\"tight\"}")
		  .len > 0);
	CHECK(metric(rig, "apiserver_flowcontrol_demand_seats_sum{priority_level=\"tight\"}").len >
	      0);
	/* Those four waited for all of the last tenth of a second, and one ran; what reads did neither. */
	CHECK(number(rig, READ_VS_WRITE "_sum{phase=\"waiting\",request_kind=\"mutating\"}") >=
	      4.0 / 10000 * 90e6);
	CHECK(number(rig, READ_VS_WRITE "_sum{phase=\"executing\",request_kind=\"mutating\"}") > 0);
	CHECK(number(rig, READ_VS_WRITE "_sum{phase=\"waiting\",request_kind=\"readOnly\"}") == 0);
	/* Others have seats of their own. */
	CHECK_CODE(rig_get(rig, MAPS), 200);
	CHECK_CODE(rig_as(rig, "bob", "GET", MAPS "?resourceVersion=0", NULL), 200);
	rig_hold_disk(rig, false);
	for (int i = 0; i < 5; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 201);
	CHECK_STR(metric(rig, "apiserver_flowcontrol_current_inqueue_requests{flow_schema="
			      "\"alices\",priority_level=\"tight\"}"),
		  "0");
	CHECK_STR(metric(rig, "apiserver_flowcontrol_dispatched_requests_total{flow_schema="
			      "\"alices\",priority_level=\"tight\"}"),
		  "5");
	rig_close(rig);
}

TEST(without_queues_what_finds_no_seat_is_refused)
{
	struct rig *rig = open_tight("{'type':'Reject'}");
	uint32_t first;

	rig_hold_disk(rig, true);
	first = begin(rig, "alice", "a");
	for (int i = 0; i < 5; i++)
		check_refused(rig_finish(rig, begin(rig, "alice", "b")));
	CHECK_STR(metric(rig,
			 "apiserver_flowcontrol_rejected_requests_total{flow_schema=\"alices\","
			 "priority_level=\"tight\",reason=\"concurrency-limit\"}"),
		  "5");
	rig_hold_disk(rig, false);
	CHECK_CODE(rig_finish(rig, first), 201);
	CHECK_CODE(rig_finish(rig, begin(rig, "alice", "b")), 201);
	rig_close(rig);
}

TEST(who_waits_too_long_is_refused)
{
	struct rig *rig = open_tight(QUEUE("4", "1", "50"));
	uint32_t first, second;

	rig_hold_disk(rig, true);
	first = begin(rig, "alice", "a");
	second = begin(rig, "alice", "b");
	rig_run(rig, 14900); /* a quarter of 60 s */
	CHECK(!rig_is_answered(rig, second));
	rig_run(rig, 200);
	CHECK(rig_is_answered(rig, second));
	check_refused(rig_finish(rig, second));
	CHECK_STR(metric(rig,
			 "apiserver_flowcontrol_rejected_requests_total{flow_schema=\"alices\","
			 "priority_level=\"tight\",reason=\"time-out\"}"),
		  "1");
	rig_hold_disk(rig, false);
	CHECK_CODE(rig_finish(rig, first), 201);
	CHECK_CODE(rig_finish(rig, begin(rig, "alice", "b")), 201);
	rig_close(rig);
}

TEST(the_more_are_refused_the_longer_they_are_told_to_wait)
{
	struct rig *rig = open_tight("{'type':'Reject'}");
	struct rig_answer answer = { 0 };
	uint32_t first;

	rig_hold_disk(rig, true);
	first = begin(rig, "alice", "a");
	for (int second = 0; second < 12; second++) {
		for (int i = 0; i < 8; i++)
			answer = rig_finish(rig, begin(rig, "alice", "b"));
		rig_run(rig, 1000);
	}
	CHECK(answer.retry_after_s >= 4 && answer.retry_after_s <= 32);
	rig_run(rig, 10000);
	rig_hold_disk(rig, false);
	rig_finish(rig, first);
	rig_close(rig);
}

TEST(a_watch_has_its_seat_only_until_it_has_begun)
{
	struct rig *rig = open_tight("{'type':'Reject'}");

	for (uint64_t number = 1; number <= 5; number++)
		CHECK_CODE(rig_watch(rig, MAPS "?watch=1", number), 200);
	CHECK_CODE(rig_as(rig, "alice", "GET", MAPS "?resourceVersion=0", NULL), 200);
	rig_close(rig);
}

TEST(levels_change_while_requests_are_under_way)
{
	struct rig *rig = open_tight(QUEUE("4", "1", "50"));
	uint32_t numbers[4];

	rig_hold_disk(rig, true);
	for (int i = 0; i < 4; i++)
		numbers[i] = begin(rig, "alice", rig_printf("a%d", i).at);
	rig_run(rig, 10);
	rig_hold_disk(rig, false);
	CHECK_CODE(rig_delete(rig, FLOW "/flowschemas/alices", NULL), 200);
	CHECK_CODE(rig_delete(rig, FLOW "/prioritylevelconfigurations/tight", NULL), 200);
	for (int i = 0; i < 4; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 201);
	CHECK_CODE(rig_finish(rig, begin(rig, "alice", "b")), 201);
	rig_run(rig, 25000);
	CHECK(str_find(rig_get(rig, DUMP "dump_priority_levels").body, STR("tight")) < 0);
	rig_close(rig);
}

/* A schema whose level is not there is passed over. */
TEST(a_schema_that_dangles_is_as_if_it_were_not)
{
	struct rig *rig = rig_open(&narrow);

	add_schema(rig, "alices", "nowhere", 50, ALICE);
	CHECK_CODE(rig_finish(rig, begin(rig, "alice", "a")), 201);
	CHECK_STR(metric(rig, "apiserver_flowcontrol_dispatched_requests_total{flow_schema="
			      "\"catch-all\",priority_level=\"catch-all\"}"),
		  "1");
	rig_close(rig);
}

TEST(the_dumps_show_lanes_and_who_waits_in_them)
{
	struct rig *rig = open_tight(QUEUE("1", "1", "50"));
	uint32_t numbers[2];
	struct str page;

	rig_hold_disk(rig, true);
	for (int i = 0; i < 2; i++)
		numbers[i] = begin(rig, "alice", rig_printf("a%d", i).at);
	rig_run(rig, 10);
	page = rig_get(rig, DUMP "dump_queues").body;
	CHECK(str_starts(page, STR("PriorityLevelName, Index,  PendingRequests, ExecutingRequests, "
				   "SeatsInUse, NextDispatchR,")));
	CHECK(str_find(page,
		       STR("tight,             0,      1,               1,                 1,   "
			   "       ")) > 0);
	page = rig_get(rig, DUMP "dump_requests").body;
	CHECK(str_starts(page, STR("PriorityLevelName, FlowSchemaName, QueueIndex, "
				   "RequestIndexInQueue, FlowDistingsher, ArriveTime,")));
	CHECK(str_find(page,
		       STR("tight,             alices,         0,          0,                   "
			   "alice,           2026-01-01T00:00:0")) > 0);
	CHECK(str_ends(page, STR(" 1,            0,          0s\n")));
	page = rig_get(rig, DUMP "dump_requests?includeRequestDetails=1").body;
	CHECK(str_find(page, STR("create, " MAPS ", default,")) > 0);
	CHECK_CODE(rig_get(rig, DUMP "dump_what"), 404);
	rig_hold_disk(rig, false);
	for (int i = 0; i < 2; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 201);
	rig_close(rig);
}

TEST(without_fairness_there_is_nothing_to_dump)
{
	const struct server_config config = { .is_unfair = true };
	struct rig *rig = rig_open(&config);

	CHECK_CODE(rig_get(rig, DUMP "dump_queues"), 404);
	CHECK(str_find(rig_get(rig, "/metrics").body, STR("apiserver_flowcontrol_")) < 0);
	rig_close(rig);
}

TEST(seats_that_nobody_wants_are_lent)
{
	const struct server_config config = { .in_flight_max = 50, .mutating_max = 50 };
	struct rig *rig = rig_open(&config);

	CHECK_CODE(rig_as(rig, NULL, "POST", FLOW "/prioritylevelconfigurations",
			  "{'metadata':{'name':'idle'},'spec':{'type':'Limited','limited':{"
			  "'nominalConcurrencyShares':90,'lendablePercent':90,'limitResponse':{"
			  "'type':'Reject'}}}}"),
		   201);
	CHECK_CODE(rig_as(rig, NULL, "POST", FLOW "/prioritylevelconfigurations",
			  "{'metadata':{'name':'tight'},'spec':{'type':'Limited','limited':{"
			  "'nominalConcurrencyShares':5,'limitResponse':{'type':'Queue','queuing':{"
			  "'queues':1,'handSize':1,'queueLengthLimit':50}}}}}"),
		   201);
	add_schema(rig, "alices", "tight", 50, ALICE);
	CHECK_STR(
	    metric(rig, "apiserver_flowcontrol_nominal_limit_seats{priority_level=\"tight\"}"), "5");
	rig_hold_disk(rig, true);
	for (int i = 0; i < 60; i++)
		begin(rig, "alice", rig_printf("a%d", i).at);
	rig_run(rig, 100);
	rig_run(rig, 11000);
	/* The sixty are wanted; idle keeps its nine, catch-all its five, and the rest of a hundred is tight's. */
	CHECK_STR(metric(rig, "apiserver_flowcontrol_nominal_limit_seats{priority_level=\"idle\"}"),
		  "90");
	CHECK_STR(metric(rig, "apiserver_flowcontrol_lower_limit_seats{priority_level=\"idle\"}"),
		  "9");
	CHECK(
	    str_find(
		rig_get(rig, DUMP "dump_priority_levels").body,
		STR("tight,             0,            false,  false,       0,               60")) >
	    0);
	rig_hold_disk(rig, false);
	rig_run(rig, 1000);
	rig_close(rig);
}

#include "actors/server/verb/carry.h"

#include "datastore/store/store.h"
#include "tests/unit/actors/server/rig.h"

/*
 * What becomes of writes whose store goes away under them. Between server and store stands an actor that loses what the test says: a write
 * before the store has it, or the store's answer to it; and that forgets the numbers of writes, as an etcd does.
 */

#define MAPS "/api/v1/namespaces/default/configmaps"
#define AWAY_MS 100
#define STORE_MS 10000U

struct middle {
	bool is_away;      /* nobody is there */
	bool is_catching;  /* the next write is held: */
	bool is_applied;   /* after the store has done it, else before */
	bool is_forgetful; /* no number is known */
	bool is_stingy;    /* the store hears of nothing that was read of its watch */
	bool is_caught, is_let_go;
	struct act_ticket ticket;
	uint32_t writes; /* that came */
};
static struct middle middle;

struct middle_tick {
	char nothing;
};
static const ACT_TYPE(middle_tick, .id = 0);

static void forward(struct act *act, const struct act_msg *msg)
{
	CHECK_STATUS(act_forward(act, msg, act_named(act, "store")), OK);
}

static void catch_write(struct act *act, const struct act_msg *msg)
{
	struct store_write write = *ACT_AS(msg, store_write);

	middle.is_catching = false;
	middle.is_caught = true;
	middle.ticket = act_ticket(msg);
	if (!middle.is_applied)
		return;
	CHECK(act_keep(act, msg) == NULL);
	CHECK_STATUS(
	    act_request(act, act_named(act, "store"), &store_write_type, &write, STORE_MS, 1), OK);
}

static void write_came(struct act *act, const struct act_msg *msg)
{
	struct store_write *write = msg->body;

	middle.writes++;
	if (middle.is_forgetful && write->since != 0) {
		CHECK_STATUS(act_reply(act, msg, &store_write_answer_type,
				       &(struct store_write_answer){ .status = TIMEOUT }),
			     OK);
		return;
	}
	if (middle.is_forgetful)
		write->request = 0;
	if (middle.is_catching)
		catch_write(act, msg);
	else
		forward(act, msg);
}

static enum act_verdict middle_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, middle_tick)) {
		if (middle.is_caught && middle.is_let_go)
			(void)act_answer_status(act, middle.ticket, UNAVAILABLE);
		middle.is_caught = middle.is_caught && !middle.is_let_go;
	} else if (msg->kind == ACT_ANSWER) {
		CHECK_STATUS(store_outcome(msg), OK); /* who asked will never know */
	} else if (middle.is_away && msg->kind == ACT_REQUEST) {
		act_refuse(act, msg, UNAVAILABLE);
	} else if (ACT_IS(msg, store_write) && msg->kind == ACT_REQUEST) {
		write_came(act, msg);
	} else if (!middle.is_stingy || !ACT_IS(msg, store_watch_credit)) {
		forward(act, msg);
	}
	return ACT_OK;
}

static enum status middle_init(struct act *act, void *state, const void *args)
{
	(void)state;
	(void)args;
	act_every(act, 1, &middle_tick_type, &(struct middle_tick){ 0 });
	return OK;
}

static const struct act_class middle_class = { .name = "middle",
					       .init = middle_init,
					       .receive = middle_receive };

static struct rig *open_rig(struct middle how)
{
	static struct server_config config;
	const struct act_child children[] = { { .id = "middle", .class = &middle_class } };

	config = (struct server_config){ .store = "middle", .is_apart = true, .request_ms = 5000 };
	middle = (struct middle){ 0 };
	struct rig *rig = rig_open_with(&config, children, 1);
	CHECK_CODE(rig_post(rig, MAPS, rig_json("{'metadata':{'name':'a'},'data':{'x':'0'}}")), 201);
	middle = how;
	middle.writes = 0;
	return rig;
}

static struct rig_request request(const char *method, const char *path, const char *body)
{
	return (struct rig_request){ .method = method,
				     .path = path,
				     .body = body,
				     .type =
					 method[1] == 'A' ? "application/merge-patch+json" : NULL };
}

/* The write is caught; then `other` happens, if it is anything; then it is lost. */
static struct rig_answer lose(struct rig *rig, const char *method, const char *path,
			      const char *body, void (*other)(struct rig *rig))
{
	struct rig_request asked = request(method, path, body);
	uint32_t number;

	middle.is_catching = true;
	number = rig_begin(rig, &asked);
	while (!middle.is_caught)
		rig_run(rig, 1);
	rig_run(rig, 20);
	CHECK(!rig_is_answered(rig, number));
	if (other != NULL)
		other(rig);
	middle.is_let_go = true;
	return rig_finish(rig, number);
}

static void another_changes(struct rig *rig)
{
	CHECK_CODE(rig_patch(rig, "merge", MAPS "/a", rig_json("{'data':{'y':'another'}}")), 200);
}

static void another_changes_new(struct rig *rig)
{
	CHECK_CODE(rig_patch(rig, "merge", MAPS "/n", rig_json("{'data':{'y':'another'}}")), 200);
}

static void another_deletes(struct rig *rig)
{
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
}

static void another_deletes_new(struct rig *rig)
{
	CHECK_CODE(rig_delete(rig, MAPS "/n", NULL), 200);
}

static void another_creates_new(struct rig *rig)
{
	CHECK_CODE(rig_post(rig, MAPS, rig_json("{'metadata':{'name':'n'},'data':{'y':'1'}}")), 201);
}

static void another_makes_it_anew(struct rig *rig)
{
	another_deletes(rig);
	CHECK_CODE(rig_post(rig, MAPS, rig_json("{'metadata':{'name':'a'},'data':{'y':'1'}}")), 201);
}

#define MADE "{'metadata':{'name':'n'},'data':{'x':'1'}}"
#define PATCH "{'data':{'x':'1'}}"

/* One write, what is lost of it, what another does meanwhile, and what is true afterwards. */
static const struct {
	const char *what, *method, *path, *body;
	bool is_applied;
	void (*other)(struct rig *rig);
	int32_t code;
	const char *then, *data; /* what is at that path then; NULL: nothing */
} cases[] = {
	{ "create, done", "POST", MAPS, MADE, true, NULL, 201, MAPS "/n", "{'x':'1'}" },
	{ "create, not done", "POST", MAPS, MADE, false, NULL, 201, MAPS "/n", "{'x':'1'}" },
	{ "create, done and changed", "POST", MAPS, MADE, true, another_changes_new, 201, MAPS "/n",
	  "{'x':'1','y':'another'}" },
	{ "create, done and deleted", "POST", MAPS, MADE, true, another_deletes_new, 201, MAPS "/n",
	  NULL },
	{ "create, not done, another was faster", "POST", MAPS, MADE, false, another_creates_new,
	  409, MAPS "/n", "{'y':'1'}" },
	{ "patch, done", "PATCH", MAPS "/a", PATCH, true, NULL, 200, MAPS "/a", "{'x':'1'}" },
	{ "patch, not done", "PATCH", MAPS "/a", PATCH, false, NULL, 200, MAPS "/a", "{'x':'1'}" },
	{ "patch, done and changed", "PATCH", MAPS "/a", PATCH, true, another_changes, 200,
	  MAPS "/a", "{'x':'1','y':'another'}" },
	{ "patch, not done, another was faster: made again", "PATCH", MAPS "/a", PATCH, false,
	  another_changes, 200, MAPS "/a", "{'x':'1','y':'another'}" },
	{ "patch, done and deleted", "PATCH", MAPS "/a", PATCH, true, another_deletes, 200,
	  MAPS "/a", NULL },
	{ "patch, not done and deleted", "PATCH", MAPS "/a", PATCH, false, another_deletes, 404,
	  MAPS "/a", NULL },
	{ "delete, done", "DELETE", MAPS "/a", NULL, true, NULL, 200, MAPS "/a", NULL },
	{ "delete, not done", "DELETE", MAPS "/a", NULL, false, NULL, 200, MAPS "/a", NULL },
	{ "delete, not done, another was faster: made again", "DELETE", MAPS "/a", NULL, false,
	  another_changes, 200, MAPS "/a", NULL },
};

static void try_case(uint32_t at, bool is_forgetful)
{
	struct rig *rig = open_rig(
	    (struct middle){ .is_applied = cases[at].is_applied, .is_forgetful = is_forgetful });
	const char *body = cases[at].body ? rig_json(cases[at].body) : NULL;
	struct rig_answer answer =
	    lose(rig, cases[at].method, cases[at].path, body, cases[at].other);
	struct rig_answer then = rig_get(rig, cases[at].then);

	if (answer.code != cases[at].code || then.code != (cases[at].data ? 200 : 404))
		test_fail(__FILE__, __LINE__, cases[at].what);
	if (cases[at].data != NULL)
		CHECK_AT(then.body, "data", rig_json(cases[at].data));
	if (answer.code == 201)
		CHECK_AT(answer.body, "data", rig_json("{'x':'1'}"));
	rig_close(rig);
}

TEST(a_write_that_was_lost_with_its_store_happens_once)
{
	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		try_case(i, false);
}

TEST(a_store_that_knows_no_numbers_is_looked_at)
{
	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		try_case(i, true);
}

TEST(a_delete_whose_object_was_made_anew_meanwhile_is_done)
{
	struct rig *rig = open_rig((struct middle){ .is_forgetful = true });
	struct rig_answer answer = lose(rig, "DELETE", MAPS "/a", NULL, another_makes_it_anew);

	CHECK_CODE(answer, 200);
	CHECK_AT(rig_get(rig, MAPS "/a").body, "data", rig_json("{'y':'1'}"));
	rig_close(rig);
}

TEST(who_names_the_version_is_told_that_another_was_faster)
{
	for (uint32_t is_forgetful = 0; is_forgetful < 2; is_forgetful++) {
		struct rig *rig = open_rig((struct middle){ .is_forgetful = is_forgetful });
		uint64_t version = rig_version(rig_get(rig, MAPS "/a").body);
		struct str body = rig_printf("{\"metadata\":{\"name\":\"a\","
					     "\"resourceVersion\":\"%ju\"},\"data\":{}}",
					     (uintmax_t)version);

		CHECK_CODE(lose(rig, "PUT", MAPS "/a", body.at, another_changes), 409);
		rig_close(rig);
	}
}

static uint32_t begin(struct rig *rig, const char *method, const char *path, const char *body)
{
	struct rig_request asked = request(method, path, body);

	return rig_begin(rig, &asked);
}

TEST(what_is_asked_while_the_store_is_away_waits_for_it)
{
	struct rig *rig = open_rig((struct middle){ .is_away = true });
	uint32_t made = begin(rig, "POST", MAPS, rig_json(MADE));
	uint32_t seen = begin(rig, "GET", MAPS "/a", NULL);
	uint32_t listed = begin(rig, "GET", MAPS, NULL);
	uint32_t cached = begin(rig, "GET", MAPS "?resourceVersion=0", NULL);

	rig_run(rig, AWAY_MS);
	CHECK(!rig_is_answered(rig, made));
	CHECK(!rig_is_answered(rig, seen));
	CHECK(!rig_is_answered(rig, listed));
	CHECK(rig_is_answered(rig, cached));
	CHECK_CODE(rig_finish(rig, cached), 200);
	middle.is_away = false;
	CHECK_CODE(rig_finish(rig, made), 201);
	CHECK_CODE(rig_finish(rig, seen), 200);
	CHECK_CODE(rig_finish(rig, listed), 200);
	rig_close(rig);
}

TEST(what_waits_longer_than_a_request_may_is_told_so)
{
	struct rig *rig = open_rig((struct middle){ .is_away = true });
	uint32_t made = begin(rig, "POST", MAPS, rig_json(MADE));
	uint32_t seen = begin(rig, "GET", MAPS "/a", NULL);

	rig_run(rig, 7000);
	CHECK(rig_is_answered(rig, made));
	CHECK_CODE(rig_finish(rig, made), 504);
	CHECK_CODE(rig_finish(rig, seen), 504);
	middle.is_away = false;
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	CHECK_CODE(rig_get(rig, MAPS "/n"), 404);
	rig_close(rig);
}

/* As much as the store tells a watcher that says nothing. */
static void fill_window(struct rig *rig)
{
	static char value[LIMIT_OBJECT_BYTES / 3 * 2];

	memset(value, 'x', sizeof value - 1);
	for (uint32_t i = 0; i < LIMIT_WATCH_BYTES / sizeof value; i++)
		CHECK_CODE(rig_post(rig, MAPS,
				    rig_printf("{\"metadata\":{\"name\":\"w%u\"},"
					       "\"data\":{\"x\":\"%s\"}}",
					       i, value)
					.at),
			   201);
}

/* A node that has no time to read what its store tells is not one that knows the future. */
TEST(who_has_written_waits_for_his_own_write_as_long_as_a_request_may_take)
{
	struct rig *rig = open_rig((struct middle){ .is_stingy = true });
	uint32_t made;

	fill_window(rig);
	made = begin(rig, "POST", MAPS, rig_json(MADE));
	rig_run(rig, LIMIT_FRESH_MS + 1500);
	CHECK(!rig_is_answered(rig, made));
	CHECK_FAILURE(rig_finish(rig, made), 504, "Timeout",
		      "Timeout: request did not complete within the allotted timeout");
	rig_close(rig);
}

TEST(a_watch_goes_on_over_the_end_of_the_store)
{
	static const struct server_config config = { .is_apart = true };
	struct rig *rig = rig_open(&config);
	struct str events;

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 7), 200);
	rig_run(rig, 10);
	(void)rig_events(rig, 7);
	for (uint32_t i = 0; i < 3; i++) {
		rig_kill_store(rig);
		CHECK_CODE(rig_post(rig, MAPS, rig_json(MADE)), 201);
		CHECK_CODE(rig_delete(rig, MAPS "/n", NULL), 200);
		rig_run(rig, 50);
	}
	events = rig_events(rig, 7);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK(str_starts(events, STR("ADDED n@")));
		str_cut(&events, ' ');
		str_cut(&events, ' ');
		CHECK(str_starts(events, STR("DELETED n@")));
		str_cut(&events, ' ');
		str_cut(&events, ' ');
	}
	CHECK_EQ(events.len, 0);
	rig_close(rig);
}

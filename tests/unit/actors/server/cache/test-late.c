/*
 * Resources with more than a page of the store: the server is ready before it has them, and somebody between it and the store has them come
 * only when the test wants it.
 */
#include "actors/server/cache/late.h"

#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define COUNT 5U
#define PAGES 3U
#define VALUE_BYTES (900U * 1024U) /* two are a page */

static struct relay {
	bool is_holding;
	uint32_t held, pages, alone; /* alone: one object was asked for */
	enum status status;          /* of the next page; OK: as the store answers */
} relay;

struct relay_go {
	bool is_loss; /* of the watch; else what was held goes on */
};
static const ACT_TYPE(relay_go, .id = 0);
static uint64_t watch;

static void go(struct act *act, const struct relay_go *order)
{
	relay.held = 0;
	act_unstash(act);
	if (order->is_loss)
		act_cast(act, act_whereis(act, "api"), &store_events_type,
			 &(struct store_events){ .status = BUSY, .watch = watch });
}

/* Pages of the filling begin at /registry/ or at the key behind one: in a ConfigMap only the second. */
static bool is_late_page(const struct act_msg *msg)
{
	const struct store_range *range = msg->body;

	return ACT_IS(msg, store_range) && range->end.at != NULL &&
	       str_is(range->end, "/registry/configmaps0");
}

static bool is_alone(const struct act_msg *msg)
{
	return ACT_IS(msg, store_range) && ACT_AS(msg, store_range)->end.at == NULL &&
	       str_starts(ACT_AS(msg, store_range)->key, STR("/registry/configmaps/"));
}

static enum act_verdict relay_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, relay_go)) {
		go(act, msg->body);
		return ACT_OK;
	}
	if (ACT_IS(msg, store_watch))
		watch = ACT_AS(msg, store_watch)->watch;
	relay.alone += is_alone(msg);
	if (is_late_page(msg) && relay.is_holding) {
		relay.held++;
		CHECK_STATUS(act_stash(act, msg), OK);
		return ACT_OK;
	}
	relay.pages += is_late_page(msg);
	if (is_late_page(msg) && relay.status != OK) {
		struct store_range_answer answer = { .status = relay.status };

		relay.status = OK;
		act_answer(act, act_ticket(msg), &store_range_answer_type, &answer);
		return ACT_OK;
	}
	act_forward(act, msg, act_whereis(act, "store"));
	return ACT_OK;
}

static const struct act_class relay_class = { .name = "relay", .receive = relay_receive };

static void send_go(struct act *act, void *arg)
{
	act_cast(act, act_whereis(act, "relay"), &relay_go_type, arg);
}

static void let_go(struct rig *rig)
{
	relay.is_holding = false;
	rig_enter(rig, send_go, &(struct relay_go){ false });
	rig_run(rig, 500);
}

static void lose_watch(struct rig *rig)
{
	rig_enter(rig, send_go, &(struct relay_go){ true });
	rig_run(rig, 500);
}

static void post_large(struct rig *rig, char name)
{
	struct text body = text_new(VALUE_BYTES + 200);

	text_printf(&body, "{\"metadata\":{\"name\":\"%c\"},\"data\":{\"a\":\"", name);
	for (uint32_t i = 0; i < VALUE_BYTES; i++)
		text_add_char(&body, 'a');
	text_add(&body, STR("\"}}"));
	text_add_char(&body, '\0');
	CHECK_CODE(rig_post(rig, MAPS, body.at), 201);
	text_fini(&body);
}

/* a to e are there, and a server that has just begun; what is behind its readiness is held back. */
static struct rig *make_late(void)
{
	static const struct act_child children[] = { { .id = "relay", .class = &relay_class } };
	static const struct server_config config = { .store = "relay" };
	struct rig *rig = rig_open_with(&config, children, 1);

	for (uint32_t i = 0; i < COUNT; i++)
		post_large(rig, (char)('a' + i));
	relay.is_holding = true;
	rig_kill_server(rig);
	rig_run(rig, 2000);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default"), 200); /* it is ready */
	CHECK_EQ(relay.held, 1);
	return rig;
}

static uint32_t begin(struct rig *rig, const char *path)
{
	uint32_t number = rig_begin(rig, &(struct rig_request){ .method = "GET", .path = path });

	rig_run(rig, 500);
	return number;
}

TEST(a_server_is_ready_before_it_has_read_a_kind_of_which_there_is_much)
{
	struct rig *rig = make_late();
	uint32_t list = begin(rig, MAPS), watched = begin(rig, MAPS "?watch=1");

	CHECK(!rig_is_answered(rig, list));
	CHECK(!rig_is_answered(rig, watched));
	CHECK(rig_count(rig_get(rig, "/api/v1/namespaces").body, "items") > 0);
	let_go(rig);
	CHECK_STR(rig_names(rig_finish(rig, list).body), "a b c d e");
	CHECK_CODE(rig_finish(rig, watched), 200);
	CHECK_EQ(relay.pages, PAGES);
	rig_close(rig);
}

TEST(an_object_of_it_that_is_asked_for_by_name_is_read_alone)
{
	struct rig *rig = make_late();
	struct rig_answer answer = rig_get(rig, MAPS "/c");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "metadata.name", "c");
	CHECK_EQ(relay.alone, 1);
	CHECK_CODE(rig_get(rig, MAPS "/c"), 200);
	CHECK_EQ(relay.alone, 1); /* it is known now */
	CHECK_CODE(rig_get(rig, MAPS "/x"), 404);
	CHECK_EQ(relay.alone, 2);
	let_go(rig);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a b c d e");
	rig_close(rig);
}

TEST(what_changes_while_it_is_read_is_shown_as_it_is_then)
{
	struct rig *rig = make_late();
	struct rig_answer list;

	CHECK_CODE(rig_patch(rig, "merge", MAPS "/b", "{\"data\":{\"a\":\"new\"}}"), 200);
	CHECK_CODE(rig_delete(rig, MAPS "/d", NULL), 200);
	CHECK_CODE(rig_get(rig, MAPS "/d"), 404);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"f\"}}"), 201);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"e\"}}"), 409);
	CHECK_CODE(rig_delete(rig, MAPS "/e", NULL), 200);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"e\"}}"), 201);
	CHECK_AT(rig_get(rig, MAPS "/b").body, "data.a", "new");
	let_go(rig);
	list = rig_get(rig, MAPS);
	CHECK_STR(rig_names(list.body), "a b c e f");
	CHECK_AT(list.body, "items[1].data.a", "new");
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "b c e f");
	rig_close(rig);
}

/* Who was there before the server began anew has missed nothing if nothing happened, and reads all again if it did. */
TEST(watches_of_it_go_on_from_its_last_change)
{
	struct rig *rig = make_late();
	uint64_t before = rig_version(rig_get(rig, MAPS "/e").body), after;
	struct rig_answer made = rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"f\"}}");

	after = rig_version(made.body);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/endpoints",
			    "{\"metadata\":{\"name\":\"s\"}}"),
		   201);
	let_go(rig);
	rig_watch(rig, rig_printf(MAPS "?watch=1&resourceVersion=%ju", (uintmax_t)after).at, 1);
	rig_watch(rig, rig_printf(MAPS "?watch=1&resourceVersion=%ju", (uintmax_t)before).at, 2);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"g\"}}"), 201);
	rig_run(rig, 200);
	CHECK(str_starts(rig_events(rig, 1), STR("ADDED g@")));
	CHECK(str_find(rig_events(rig, 2), STR("410")) >= 0);
	rig_close(rig);
}

TEST(a_watch_that_is_lost_meanwhile_has_all_of_it_read_again)
{
	struct rig *rig = make_late();
	uint32_t list = begin(rig, MAPS);

	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	lose_watch(rig);
	CHECK(!rig_is_answered(rig, list));
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	CHECK_CODE(rig_get(rig, MAPS "/b"), 200);
	let_go(rig);
	CHECK_STR(rig_names(rig_finish(rig, list).body), "b c d e");
	rig_close(rig);
}

static void fail_one_page(enum status status)
{
	struct rig *rig = make_late();

	relay.status = status;
	let_go(rig);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a b c d e");
	CHECK_EQ(relay.pages, PAGES + 1);
	rig_close(rig);
}

TEST(a_page_that_does_not_come_is_asked_for_again)
{
	fail_one_page(UNAVAILABLE);
}

TEST(a_revision_that_is_gone_meanwhile_has_everything_read_again)
{
	fail_one_page(EXPIRED);
}

/* The policy's parameters are of that kind: as long as they are late nobody knows whether it forbids. */
TEST(admission_waits_for_parameters_that_are_late)
{
	struct rig *rig = make_late();
	uint32_t post;

	CHECK_CODE(
	    rig_post(
		rig, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
		rig_json("{'metadata':{'name':'p'},'spec':{'paramKind':{'apiVersion':'v1',"
			 "'kind':'ConfigMap'},'matchConstraints':{'resourceRules':[{"
			 "'apiGroups':[''],'apiVersions':['v1'],'operations':['CREATE'],"
			 "'resources':['secrets']}]},'validations':[{'expression':'false'}]}}")),
	    201);
	post = rig_begin(rig, &(struct rig_request){ .method = "POST",
						     .path = "/api/v1/namespaces/default/endpoints",
						     .body = "{\"metadata\":{\"name\":\"n\"}}" });
	rig_run(rig, 1000);
	CHECK(!rig_is_answered(rig, post));
	let_go(rig);
	CHECK_CODE(rig_finish(rig, post), 201);
	rig_close(rig);
}

TEST(the_secret_of_a_token_waits_for_the_authority_that_is_late)
{
	struct rig *rig = make_late();
	uint32_t post =
	    rig_begin(rig, &(struct rig_request){ .method = "POST",
						  .path = "/api/v1/namespaces/default/secrets",
						  .body = "{\"metadata\":{\"name\":\"n\"}}" });

	rig_run(rig, 1000);
	CHECK(!rig_is_answered(rig, post));
	let_go(rig);
	CHECK_CODE(rig_finish(rig, post), 201);
	rig_close(rig);
}

TEST(who_does_not_wait_any_longer_is_forgotten)
{
	struct rig *rig = make_late();
	uint32_t list = begin(rig, MAPS);

	rig_run(rig, 70000);
	CHECK_CODE(rig_finish(rig, list), 504);
	let_go(rig);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a b c d e");
	rig_close(rig);
}

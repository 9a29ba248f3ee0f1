/*
 * The feed of the caches, with somebody between it and the store who is slow.
 */
#include "datastore/store/store.h"
#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static struct relay {
	bool holds_watches, holds_pages;
	uint64_t watch;     /* the last one asked for */
	uint64_t cancelled; /* likewise; it does not get there */
	uint32_t held;
} relay;

struct relay_go {
	bool is_loss; /* of the watch; else what was held goes on */
};
static const ACT_TYPE(relay_go, .id = 0);

static bool is_held(const struct act_msg *msg)
{
	if (ACT_IS(msg, store_watch))
		return relay.holds_watches;
	return ACT_IS(msg, store_range) && relay.holds_pages &&
	       str_is(ACT_AS(msg, store_range)->key, "/registry/");
}

static void go(struct act *act, const struct relay_go *order)
{
	relay.held = 0;
	if (!order->is_loss)
		act_unstash(act);
	else
		act_cast(act, act_whereis(act, "api"), &store_events_type,
			 &(struct store_events){ .status = BUSY, .watch = relay.watch });
}

static enum act_verdict relay_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, relay_go)) {
		go(act, msg->body);
		return ACT_OK;
	}
	if (ACT_IS(msg, store_cancel)) {
		relay.cancelled = ACT_AS(msg, store_cancel)->watch;
		return ACT_OK;
	}
	if (ACT_IS(msg, store_watch))
		relay.watch = ACT_AS(msg, store_watch)->watch;
	if (is_held(msg)) {
		relay.held++;
		CHECK_STATUS(act_stash(act, msg), OK);
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

static void relay_order(struct rig *rig, bool is_loss)
{
	rig_enter(rig, send_go, &(struct relay_go){ is_loss });
	rig_run(rig, 50);
}

TEST(what_a_watch_tells_that_was_given_up_is_not_for_caches_that_are_filled_again)
{
	static const struct act_child children[] = { { .id = "relay", .class = &relay_class } };
	static const struct server_config config = { .store = "relay" };
	struct rig *rig = rig_open_with(&config, children, 1);
	uint64_t given_up;
	uint32_t post;
	struct rig_answer answer;

	relay.holds_watches = true;
	relay_order(rig, true);
	rig_run(rig, 1000);
	CHECK_EQ(relay.held, 1); /* nobody answers this one */
	given_up = relay.watch;
	relay.holds_pages = true;
	rig_run(rig, 30000);
	CHECK_EQ(relay.held, 2); /* so all is read again */
	CHECK_EQ(relay.cancelled, given_up);

	relay.holds_watches = false;
	relay_order(rig, false); /* and now the store gets it after all */
	post = rig_begin(rig, &(struct rig_request){ .method = "POST",
						     .path = MAPS,
						     .body = "{\"metadata\":{\"name\":\"a\"}}" });
	rig_run(rig, 500);
	CHECK(!rig_is_answered(rig, post)); /* what it made is shown nowhere yet */

	relay.holds_pages = false;
	relay_order(rig, false);
	answer = rig_finish(rig, post);
	CHECK_CODE(answer, 201);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a");
	CHECK(relay.watch > given_up);
	rig_close(rig);
}

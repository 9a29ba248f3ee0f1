/* Links under hosts of actors: what becomes of monitors, requests and references when a session ends. */
#include <malloc.h>
#include <stdio.h>

#include "runtime/loop/loop.h"
#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"

#define WAIT_MS 15000U
#define LONG_MS 60000U

struct number {
	int64_t n;
};

static enum status number_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct number));
	return OK;
}

static enum status number_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct number))
		return INVALID;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

static ACT_TYPE(number, .id = 77, .encode = number_encode, .decode = number_decode);
static const struct act_type *const types[] = { &number_type };

/* What an actor was told, in the order in which it was. */
enum told { TOLD_NUMBER = 1, TOLD_DOWN, TOLD_ANSWER };

struct actor {
	struct act_ref ref;
	enum told told[16];
	uint32_t count;
	int64_t number;
	enum act_reason why;
	enum status answer;
};

static enum status actor_init(struct act *act, void *state, const void *args)
{
	*(struct actor **)state = (struct actor *)(uintptr_t)args;
	(*(struct actor **)state)->ref = act_self(act);
	return act_register(act, "one");
}

static enum act_verdict actor_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct actor *actor = *(struct actor **)state;
	enum told told = TOLD_NUMBER;

	(void)act;
	if (ACT_IS(msg, act_down)) {
		told = TOLD_DOWN;
		actor->why = ACT_AS(msg, act_down)->why;
	} else if (msg->kind == ACT_ANSWER) {
		told = TOLD_ANSWER;
		actor->answer = msg->status;
	} else if (msg->kind == ACT_REQUEST) {
		return ACT_OK; /* never answered */
	} else {
		actor->number = ACT_AS(msg, number)->n;
	}
	if (actor->count < sizeof actor->told / sizeof *actor->told)
		actor->told[actor->count++] = told;
	return ACT_OK;
}

static const struct act_class actor_class = { .name = "one",
					      .state_size = sizeof(struct actor *),
					      .init = actor_init,
					      .receive = actor_receive };

/* A host with one actor, and its links. */
struct place {
	struct loop *loop;
	struct peer *peer;
	struct actor actor;
	VEC(struct due *) due; /* calls at a time that its links have asked for and not had */
};

struct due {
	struct place *place;
	void (*fn)(void *arg);
	void *arg;
};

static void spawn(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(act_spawn(act, &actor_class, arg, NULL, NULL), OK);
}

static void open_links(struct place *place, uint16_t host, uint16_t epoch)
{
	struct peer_config config = link_side_config(host, epoch);
	struct seams_link link;

	config.owner = peer_owner_host(loop_host(place->loop));
	config.clock = act_host_seams(loop_host(place->loop))->clock;
	config.random = act_host_seams(loop_host(place->loop))->random;
	config.loop = link_side_is_over_nng() ? NULL : place->loop;
	CHECK_STATUS(peer_open(&config, &place->peer, NULL), OK);
	link = peer_seam(place->peer);
	act_host_set_link(loop_host(place->loop), &link);
}

static void open_place(struct place *place, uint16_t host, uint16_t epoch)
{
	const struct loop_config loop = { .host = { .name = "test",
						    .node = 1,
						    .host = host,
						    .epoch = epoch,
						    .types = types,
						    .type_count = 1 } };

	*place = (struct place){ 0 };
	CHECK_STATUS(loop_open(&loop, &place->loop), OK);
	open_links(place, host, epoch);
	CHECK(act_host_enter(loop_host(place->loop), act_host_root(loop_host(place->loop)), spawn,
			     &place->actor));
}

static void close_place(struct place *place)
{
	peer_stop(place->peer);
	loop_close(place->loop);
	peer_free(place->peer);
}

/* Both take turns until one of them was told so much. */
static bool has_been_told(struct place *here, struct place *there, uint32_t count)
{
	const struct seams_clock *clock = loop_clock();
	int64_t end = clock->mono(clock->self).ns + WAIT_MS * TIME_MS;

	while (here->actor.count < count && clock->mono(clock->self).ns < end) {
		if (there != NULL)
			loop_step(there->loop, 0);
		loop_step(here->loop, 1);
	}
	return here->actor.count >= count;
}

struct inside {
	void (*fn)(struct act *act, struct place *there);
	struct place *there;
};

static void inside(struct act *act, void *state, void *arg)
{
	struct inside *in = arg;

	(void)state;
	in->fn(act, in->there);
}

static void as_actor(struct place *here, void (*fn)(struct act *act, struct place *there),
		     struct place *there)
{
	struct inside in = { fn, there };

	CHECK(act_host_enter(loop_host(here->loop), here->actor.ref, inside, &in));
}

static void greet(struct act *act, struct place *there)
{
	CHECK_STATUS(act_tell(act, there->actor.ref, number, 5), OK);
}

static void watch_and_ask(struct act *act, struct place *there)
{
	act_monitor(act, there->actor.ref);
	CHECK_STATUS(
	    act_request(act, there->actor.ref, &number_type, &(struct number){ 6 }, LONG_MS, 1), OK);
	CHECK_STATUS(act_tell(act, there->actor.ref, number, 7), OK);
}

static void reach_for_the_dead(struct act *act, struct place *there)
{
	CHECK_STATUS(act_tell(act, there->actor.ref, number, 8), GONE);
	act_monitor(act, there->actor.ref);
}

LINK_TEST(the_end_of_a_host_is_told_to_monitors_and_askers_before_its_next_life_is_heard)
{
	struct place a, b;
	struct act_ref old;
	struct act_host_stats stats;

	open_place(&a, 1, 7);
	open_place(&b, 2, 9);
	as_actor(&a, greet, &b);
	CHECK(has_been_told(&b, &a, 1));
	as_actor(&a, watch_and_ask, &b);
	CHECK(has_been_told(&b, &a, 2));
	CHECK_EQ(b.actor.number, 7);
	CHECK_EQ(a.actor.count, 0);
	old = b.actor.ref;
	close_place(&b);
	open_place(&b, 2, 10);
	as_actor(&b, greet, &a);
	CHECK(has_been_told(&a, &b, 3));
	CHECK(a.actor.told[0] != TOLD_NUMBER && a.actor.told[1] != TOLD_NUMBER);
	CHECK(a.actor.told[0] != a.actor.told[1]);
	CHECK_EQ(a.actor.told[2], TOLD_NUMBER);
	CHECK_EQ(a.actor.why, ACT_NO_CONNECTION);
	CHECK_STATUS(a.actor.answer, UNAVAILABLE);
	/* The old reference leads nowhere, though an actor of the new life has its slot. */
	b.actor.ref = old;
	as_actor(&a, reach_for_the_dead, &b);
	CHECK(has_been_told(&a, &b, 4));
	CHECK_EQ(a.actor.told[3], TOLD_DOWN);
	CHECK_EQ(b.actor.count, 0);
	act_host_stats(loop_host(a.loop), &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_LINK], 1);
	close_place(&a);
	close_place(&b);
}

/* Whoever keeps the links of a host was ended, and the host lives: what stood across them is lost, as if the other one had gone. */
LINK_TEST(the_end_of_the_links_of_a_host_is_told_to_its_own_monitors_and_askers)
{
	struct place a, b;
	struct peer *old;

	open_place(&a, 1, 7);
	open_place(&b, 2, 9);
	as_actor(&a, greet, &b);
	CHECK(has_been_told(&b, &a, 1));
	as_actor(&a, watch_and_ask, &b);
	CHECK(has_been_told(&b, &a, 2));
	CHECK_EQ(a.actor.count, 0);
	old = a.peer;
	peer_stop(old);
	open_links(&a, 1, 7);
	CHECK(has_been_told(&a, &b, 2));
	CHECK(a.actor.told[0] != a.actor.told[1]);
	CHECK_EQ(a.actor.why, ACT_NO_CONNECTION);
	CHECK_STATUS(a.actor.answer, UNAVAILABLE);
	/* The new ones carry on. */
	as_actor(&a, greet, &b);
	CHECK(has_been_told(&b, &a, 3));
	close_place(&a);
	peer_free(old);
	close_place(&b);
}

static void run_due(void *arg)
{
	struct due due = *(struct due *)arg;

	for (uint32_t i = 0; i < due.place->due.len; i++)
		if (due.place->due.at[i] == arg)
			vec_remove(&due.place->due, i);
	due.fn(due.arg);
}

static void note_call_at(void *self, struct mono at, void (*fn)(void *arg), void *arg)
{
	struct place *place = self;
	struct due *due = arena_new_of(test_arena(), struct due);

	*due = (struct due){ place, fn, arg };
	vec_push(&place->due, due);
	act_host_call_at(loop_host(place->loop), at, run_due, due);
}

static void note_call(void *self, void (*fn)(void *arg), void *arg)
{
	struct peer_owner host = peer_owner_host(loop_host(((struct place *)self)->loop));

	host.call(host.self, fn, arg);
}

static void note_received(void *self, struct seams_peer from, struct str bytes)
{
	act_host_receive(loop_host(((struct place *)self)->loop), from, bytes);
}

static void note_lost(void *self, struct seams_peer peer)
{
	act_host_lost(loop_host(((struct place *)self)->loop), peer);
}

/* As the actor that keeps a host's links does when it begins another life. */
static void open_again(struct place *place, uint16_t host, uint16_t epoch)
{
	struct peer_config config = link_side_config(host, epoch);
	struct peer *ended = place->peer;
	struct seams_link link;

	config.owner =
	    (struct peer_owner){ place, note_received, note_lost, note_call, note_call_at };
	config.clock = act_host_seams(loop_host(place->loop))->clock;
	config.random = act_host_seams(loop_host(place->loop))->random;
	config.loop = place->loop;
	config.connect_ms = config.greet_ms = 3000; /* a busy machine takes a while to connect */
	peer_stop(ended);
	CHECK_STATUS(peer_open(&config, &place->peer, NULL), OK);
	link = peer_seam(place->peer);
	act_host_set_link(loop_host(place->loop), &link);
	peer_retire(ended);
}

static bool has_others_due(const struct place *place)
{
	for (uint32_t i = 0; i < place->due.len; i++)
		if (place->due.at[i]->arg != place->peer)
			return true;
	return false;
}

/* Each has asked for calls when it ends: its memory goes with the last of them. */
TEST(links_that_are_opened_again_and_again_leave_nothing_behind)
{
	struct place a, b;
	size_t before = 0;

	open_place(&a, 1, 7);
	open_place(&b, 2, 9);
	for (uint32_t life = 0; life < 40; life++) {
		b.actor.count = 0;
		as_actor(&a, greet, &b);
		CHECK(has_been_told(&b, &a, 1));
		if (life == 8)
			before = mallinfo2().uordblks;
		open_again(&a, 1, 7);
		CHECK(life == 0 || has_others_due(&a));
	}
	while (has_others_due(&a)) {
		loop_step(a.loop, 1);
		loop_step(b.loop, 0);
	}
	CHECK(mallinfo2().uordblks <=
	      before + 16 * KIB); /* 32 lives, each with a hub of 3 KiB and its links */
	close_place(&a);
	close_place(&b);
	vec_fini(&a.due);
}

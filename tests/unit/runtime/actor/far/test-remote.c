#include "runtime/actor/far/envelope.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct number {
	int64_t n;
};
struct secret {
	int64_t n;
};
static ACT_TYPE(secret);

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

struct log {
	int64_t last;
	uint32_t messages, downs, exits;
	enum status status;
	enum act_reason why;
	enum act_verdict verdict;
	bool is_silent;
	char what[80];
	struct act_ref from; /* of the last message */
};

struct node {
	struct log *log;
};

static enum status node_init(struct act *act, void *state, const void *args)
{
	((struct node *)state)->log = (void *)(uintptr_t)args;
	return act_register(act, "node");
}

static enum act_verdict node_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct log *log = ((struct node *)state)->log;

	if (ACT_IS(msg, act_down)) {
		log->downs++;
		log->why = ACT_AS(msg, act_down)->why;
		memcpy(log->what, ACT_AS(msg, act_down)->what, sizeof log->what);
		return ACT_OK;
	}
	log->messages++;
	log->status = msg->status;
	log->from = msg->from;
	if (msg->body)
		log->last = ACT_AS(msg, number)->n;
	if (msg->kind == ACT_REQUEST && log->last == 13)
		act_fail(act, "thirteen");
	if (msg->kind == ACT_REQUEST && !log->is_silent)
		act_reply_of(act, msg, number, log->last + 1);
	return log->verdict;
}

static const struct act_class node_class = { .name = "node",
					     .state_size = sizeof(struct node),
					     .init = node_init,
					     .receive = node_receive };

struct pair {
	struct manual manual[2];
	struct log log[2];
	struct act_ref ref[2];
};

static void pair_open(struct pair *pair)
{
	*pair = (struct pair){ 0 };
	for (int i = 0; i < 2; i++) {
		manual_open(&pair->manual[i], NULL);
		CHECK_STATUS(act_host_add_types(pair->manual[i].host, types, 1), OK);
		pair->ref[i] = manual_spawn(&pair->manual[i], &node_class, &pair->log[i]);
	}
	manual_join(&pair->manual[0], &pair->manual[1]);
}

static void pair_run(struct pair *pair, uint64_t ms)
{
	for (int i = 0; i < 6; i++) {
		manual_run(&pair->manual[i % 2], 0);
		manual_run(&pair->manual[(i + 1) % 2], 0);
	}
	manual_run(&pair->manual[0], ms);
	manual_run(&pair->manual[1], ms);
	for (int i = 0; i < 6; i++)
		manual_run(&pair->manual[i % 2], 0);
}

static void pair_close(struct pair *pair)
{
	struct act_host_stats stats;

	for (int i = 0; i < 2; i++) {
		act_host_stats(pair->manual[i].host, &stats);
		CHECK_EQ(stats.requests, 0);
		manual_close(&pair->manual[i]);
	}
}

static void send_there(struct act *act, void *state, void *arg)
{
	struct act_ref to = *(struct act_ref *)arg;

	(void)state;
	CHECK_STATUS(act_tell(act, to, number, 5), OK);
	CHECK_STATUS(act_tell(act, act_named(act, "node@n2"), number, 6), OK);
	CHECK_STATUS(act_tell(act, to, secret, 5), NOT_IMPLEMENTED);
	CHECK_STATUS(act_request(act, to, &number_type, &(struct number){ 41 }, 100, 1), OK);
}

TEST(messages_requests_and_names_reach_another_host)
{
	struct pair pair;

	pair_open(&pair);
	CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], send_there, &pair.ref[1]));
	pair_run(&pair, 0);
	CHECK_EQ(pair.log[1].messages, 3);
	CHECK_EQ(pair.log[0].messages, 1);
	CHECK_EQ(pair.log[0].last, 42);
	CHECK_STATUS(pair.log[0].status, OK);
	pair_close(&pair);
}

static void ask_there(struct act *act, void *state, void *arg)
{
	void **args = arg;

	(void)state;
	act_monitor(act, *(struct act_ref *)args[0]);
	CHECK_STATUS(act_request(act, *(struct act_ref *)args[0], &number_type, args[1], 100, 1),
		     OK);
}

static void ask_by_name(struct act *act, void *state, void *arg)
{
	(void)state;
	(void)arg;
	CHECK_STATUS(act_request(act, act_named(act, "node@n2"), &number_type,
				 &(struct number){ 41 }, 100, 1),
		     OK);
}

static void watch_answerer(struct act *act, void *state, void *arg)
{
	(void)arg;
	act_monitor(act, ((struct node *)state)->log->from);
}

TEST(an_answer_from_another_host_says_who_answered)
{
	struct pair pair;

	pair_open(&pair);
	CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], ask_by_name, NULL));
	pair_run(&pair, 0);
	CHECK_EQ(pair.log[0].last, 42);
	CHECK(act_ref_eq(pair.log[0].from, pair.ref[1]));
	CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], watch_answerer, NULL));
	pair_run(&pair, 0);
	CHECK_EQ(pair.log[0].downs, 0);
	pair_close(&pair);
}

TEST(a_request_to_another_host_ends_by_crash_timeout_or_loss_of_the_link)
{
	static const struct {
		int64_t n;
		bool is_cut;
		enum status status;
		uint32_t downs;
		enum act_reason why;
	} cases[] = {
		{ 13, false, GONE, 1, ACT_CRASHED },
		{ 1, false, TIMEOUT, 0, ACT_NORMAL },
		{ 1, true, UNAVAILABLE, 1, ACT_NO_CONNECTION },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pair pair;
		struct number number = { cases[i].n };

		pair_open(&pair);
		pair.log[1].is_silent = true;
		void *args[] = { &pair.ref[1], &number };
		/* Nodes are numbered on, so names by number work only in the first round. */
		CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], ask_there, args));
		pair_run(&pair, cases[i].is_cut ? 0 : 200);
		if (cases[i].is_cut)
			manual_cut(&pair.manual[0], &pair.manual[1]);
		pair_run(&pair, 0);
		CHECK_EQ(pair.log[0].messages, 1);
		CHECK_STATUS(pair.log[0].status, cases[i].status);
		CHECK_EQ(pair.log[0].downs, cases[i].downs);
		if (cases[i].downs)
			CHECK_EQ(pair.log[0].why, cases[i].why);
		if (cases[i].why == ACT_CRASHED)
			CHECK_STR(str_from(pair.log[0].what), "thirteen");
		pair_close(&pair);
	}
}

static void link_there(struct act *act, void *state, void *arg)
{
	(void)state;
	act_link(act, *(struct act_ref *)arg);
}

static void kill_there(struct act *act, void *state, void *arg)
{
	(void)state;
	act_kill(act, *(struct act_ref *)arg);
}

static uint32_t actors(struct manual *manual)
{
	struct act_host_stats stats;
	act_host_stats(manual->host, &stats);
	return stats.actors;
}

TEST(links_between_hosts_end_both_whichever_ends_or_if_the_link_is_lost)
{
	for (int how = 0; how < 3; how++) {
		struct pair pair;

		pair_open(&pair);
		CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], link_there, &pair.ref[1]));
		pair_run(&pair, 0);
		CHECK_EQ(actors(&pair.manual[0]), 2);
		if (how == 2)
			manual_cut(&pair.manual[0], &pair.manual[1]);
		else
			manual_enter(&pair.manual[0], kill_there, &pair.ref[how]);
		pair_run(&pair, 0);
		CHECK_EQ(actors(&pair.manual[0]), 1);
		CHECK_EQ(actors(&pair.manual[1]), 1);
		pair_close(&pair);
	}
}

TEST(a_dead_target_elsewhere_is_reported_to_monitors_and_askers)
{
	struct pair pair;
	struct number number = { 1 };

	pair_open(&pair);
	manual_enter(&pair.manual[1], kill_there, &pair.ref[1]);
	pair_run(&pair, 0);
	void *args[] = { &pair.ref[1], &number };
	CHECK(act_host_enter(pair.manual[0].host, pair.ref[0], ask_there, args));
	pair_run(&pair, 0);
	CHECK_STATUS(pair.log[0].status, GONE);
	CHECK_EQ(pair.log[0].why, ACT_NO_ACTOR);
	pair_close(&pair);
}

TEST(damaged_messages_are_counted_and_change_nothing)
{
	struct pair pair;
	char bytes[ENVELOPE_BYTES + 8];
	struct act_host_stats stats;
	const struct envelope good = { .kind = ENVELOPE_SEND, .length = 8, .type = 77 };

	pair_open(&pair);
	for (uint32_t len = 0; len < sizeof bytes; len++) {
		memset(bytes, 0, sizeof bytes);
		envelope_encode(&good, bytes);
		act_host_receive(pair.manual[0].host, act_host_peer(pair.manual[1].host),
				 str_of(bytes, len));
	}
	for (int kind = 0; kind < 256; kind++) {
		memset(bytes, 0xff, sizeof bytes);
		bytes[0] = 8;
		bytes[1] = bytes[2] = 0;
		bytes[3] = (char)kind;
		act_host_receive(pair.manual[0].host, act_host_peer(pair.manual[1].host),
				 str_of(bytes, sizeof bytes));
	}
	pair_run(&pair, 0);
	act_host_stats(pair.manual[0].host, &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_UNDECODABLE] + stats.dead[ACT_DEAD_STALE], 48 + 256);
	CHECK_EQ(pair.log[0].messages, 0);
	pair_close(&pair);
}

/* Says `envelope` to the first host as if it had come by the link from the second. */
static void say(struct pair *pair, struct envelope envelope)
{
	char bytes[ENVELOPE_BYTES + sizeof(struct number)] = { 0 };

	envelope.slot = pair->ref[0].slot;
	envelope.gen = pair->ref[0].gen;
	envelope_encode(&envelope, bytes);
	act_host_receive(pair->manual[0].host, act_host_peer(pair->manual[1].host),
			 str_of(bytes, ENVELOPE_BYTES + envelope.length));
}

static void see_entry(void *arg, const struct act_trace_entry *entry)
{
	*(struct act_trace_entry *)arg = *entry;
}

TEST(what_comes_from_a_host_that_traces_has_its_number_there)
{
	struct envelope envelope = { .kind = ENVELOPE_SEND,
				     .length = sizeof(struct number),
				     .type = 77,
				     .trace = 0x123456789aULL };
	char bytes[ENVELOPE_BYTES + sizeof(struct number) + ENVELOPE_TRACE_BYTES] = { 0 };
	struct act_trace_entry entry = { 0 };
	struct envelope decoded;
	struct pair pair;
	struct str body;

	pair_open(&pair);
	act_host_trace(pair.manual[0].host, 16);
	envelope.slot = pair.ref[0].slot;
	envelope.gen = pair.ref[0].gen;
	envelope.from = pair.ref[1];
	envelope_encode(&envelope, bytes);
	envelope_encode_trace(envelope.trace, bytes + ENVELOPE_BYTES + envelope.length);
	CHECK_STATUS(envelope_decode(str_of(bytes, sizeof bytes), &decoded, &body), OK);
	CHECK(decoded.trace == envelope.trace && decoded.length == envelope.length &&
	      body.len == envelope.length && decoded.kind == ENVELOPE_SEND);
	act_host_receive(pair.manual[0].host, act_host_peer(pair.manual[1].host),
			 str_of(bytes, sizeof bytes));
	act_host_trace_each(pair.manual[0].host, pair.ref[0], see_entry, &entry);
	CHECK(entry.parent == 0 && entry.far_parent == envelope.trace && entry.far_host == 1);
	CHECK_EQ(entry.far_node, act_host_peer(pair.manual[1].host).node);
	/* And what comes from elsewhere has not. */
	envelope.trace = 0;
	say(&pair, envelope);
	act_host_trace_each(pair.manual[0].host, pair.ref[0], see_entry, &entry);
	CHECK(entry.far_parent == 0);
	pair_run(&pair, 0);
	CHECK_EQ(pair.log[0].messages, 2);
	pair_close(&pair);
}

static void see_arrival(void *arg, const struct act_trace_entry *entry)
{
	if (!entry->is_out && entry->kind == ACT_PLAIN)
		*(struct act_trace_entry *)arg = *entry;
}

/* The second host's entry of what the first sends it. */
static struct act_trace_entry send_and_see(struct pair *pair)
{
	struct act_trace_entry entry = { 0 };

	CHECK(act_host_enter(pair->manual[0].host, pair->ref[0], send_there, &pair->ref[1]));
	pair_run(pair, 0);
	act_host_trace_each(pair->manual[1].host, pair->ref[1], see_arrival, &entry);
	CHECK(entry.number != 0);
	return entry;
}

/* A node of an older release would take the bit for damage; one that asks knows of it. */
TEST(what_goes_to_another_node_has_its_number_only_while_that_node_wants_it)
{
	struct act_trace_entry entry;
	struct pair pair;

	pair_open(&pair);
	act_host_trace(pair.manual[0].host, 64);
	act_host_trace(pair.manual[1].host, 64);
	CHECK_EQ(send_and_see(&pair).far_parent, 0);
	act_host_trace_for(pair.manual[0].host, pair.ref[1].node);
	entry = send_and_see(&pair);
	CHECK(entry.far_parent != 0 && entry.far_node == pair.ref[0].node);
	act_host_trace(pair.manual[0].host, 64);
	CHECK_EQ(send_and_see(&pair).far_parent, 0);
	pair_close(&pair);
}

TEST(a_message_that_says_it_is_traced_and_has_no_number_is_damaged)
{
	struct envelope envelope = { .kind = ENVELOPE_KILL, .trace = 1 };
	char bytes[ENVELOPE_BYTES + ENVELOPE_TRACE_BYTES] = { 0 };
	struct str body;

	envelope_encode(&envelope, bytes);
	CHECK_STATUS(envelope_decode(str_of(bytes, sizeof bytes), &envelope, &body), INVALID);
	bytes[0] = 4; /* the length: too short for a number */
	CHECK_STATUS(envelope_decode(str_of(bytes, ENVELOPE_BYTES + 4), &envelope, &body), INVALID);
}

TEST(a_peer_cannot_speak_for_others_nor_for_a_life_that_is_over)
{
	static const struct {
		enum envelope_kind kind;
		uint32_t type, length;
	} cases[] = {
		{ ENVELOPE_REQUEST, 77, sizeof(struct number) },
		{ ENVELOPE_REPLY, 77, sizeof(struct number) },
		{ ENVELOPE_REFUSE, UNAVAILABLE, 0 },
		{ ENVELOPE_CANCEL, 0, 0 },
		{ ENVELOPE_MONITOR, 0, 0 },
		{ ENVELOPE_DEMONITOR, 0, 0 },
		{ ENVELOPE_DOWN, ACT_CRASHED, 0 },
		{ ENVELOPE_LINK, 0, 0 },
		{ ENVELOPE_UNLINK, 0, 0 },
		{ ENVELOPE_EXIT, ACT_CRASHED, 0 },
		{ ENVELOPE_STOP, 0, 0 },
		{ ENVELOPE_KILL, 0, 0 },
	};
	struct pair pair;
	struct act_host_stats stats;
	struct act_ref other;

	pair_open(&pair);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int lie = 0; lie < 3; lie++) {
			other = pair.ref[1];
			other.node += lie == 0;
			other.host = (uint16_t)(other.host + (lie == 1));
			other.epoch = (uint16_t)(other.epoch + (lie == 2));
			say(&pair, (struct envelope){ .kind = cases[i].kind,
						      .type = cases[i].type,
						      .length = cases[i].length,
						      .tag = 1,
						      .from = other });
		}
	/* A message may have been forwarded, but not by this peer from a life of its own that is over. */
	other = pair.ref[1];
	other.epoch++;
	say(&pair,
	    (struct envelope){ .kind = ENVELOPE_SEND, .type = 77, .length = 8, .from = other });
	pair_run(&pair, 0);
	act_host_stats(pair.manual[0].host, &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_UNDECODABLE], 3 * sizeof cases / sizeof *cases + 1);
	CHECK_EQ(pair.log[0].messages + pair.log[0].downs, 0);
	other = pair.ref[1];
	other.node += 5;
	say(&pair,
	    (struct envelope){ .kind = ENVELOPE_SEND, .type = 77, .length = 8, .from = other });
	say(&pair, (struct envelope){
		       .kind = ENVELOPE_SEND, .type = 77, .length = 8, .from = pair.ref[1] });
	pair_run(&pair, 0);
	CHECK_EQ(pair.log[0].messages, 2); /* and it still lives */
	pair_close(&pair);
}

TEST(an_envelope_is_read_as_it_was_written)
{
	char bytes[ENVELOPE_BYTES];
	struct envelope in = { .kind = ENVELOPE_REPLY,
			       .type = 0x01020304,
			       .slot = 5,
			       .gen = 6,
			       .tag = 0x1122334455667788,
			       .from = { 9, 8, 7, 6, 5 } };
	struct envelope out;
	struct str body;

	envelope_encode(&in, bytes);
	CHECK_STATUS(envelope_decode(str_of(bytes, sizeof bytes), &out, &body), OK);
	CHECK_EQ(out.kind, in.kind);
	CHECK_EQ(out.type, in.type);
	CHECK_EQ(out.tag, in.tag);
	CHECK_EQ(out.slot, in.slot);
	CHECK_EQ(out.gen, in.gen);
	CHECK(act_ref_eq(out.from, in.from));
	CHECK_EQ(body.len, 0);
}

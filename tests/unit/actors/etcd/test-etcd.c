/*
 * The door between a client over HTTP/2 with TLS and a store that says what the test wants.
 */
#include "actors/etcd/etcd.h"

#include <stdio.h>

#include "actors/etcd/fault.h"
#include "datastore/store/store.h"
#include "runtime/loop/loop.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/etcd/wire-lab.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"
#include "transport/wire/proto.h"

#define WAIT_MS 8000U
#define HEARD_MAX 16U

/* ---- a store that does as it is told ----------------------------------------------------------------------------- */

struct fake {
	enum status says;     /* to every request */
	uint32_t unavailable; /* so many times before that */
	bool is_silent, is_refusing;
	uint32_t asked;
	uint64_t watch; /* the last one's number */
	uint32_t cancelled, credited;
	struct act_ref watcher;
};

static struct fake *fake_now; /* the test's window into the actor of its one loop */

static enum status fake_init(struct act *act, void *state, const void *args)
{
	(void)act;
	(void)args;
	fake_now = state;
	return OK;
}

static void tell_status(struct act *act, const struct act_msg *msg)
{
	struct store_status status = { .id = 7,
				       .leader = 7,
				       .is_leader = true,
				       .term = 3,
				       .revision = 10,
				       .role = STORE_VOTER,
				       .arena = arena_new(0) };

	if (msg->kind == ACT_REQUEST)
		act_reply(act, msg, &store_status_type, &status);
	else
		act_cast(act, msg->from, &store_status_type, &status);
}

static void reply_range(struct act *act, const struct act_msg *msg, enum status status)
{
	struct arena *arena = arena_new(0);
	struct store_row *rows = arena_array(arena, struct store_row, 2);

	for (uint32_t i = 0; i < 2; i++)
		rows[i] = (struct store_row){ .key = arena_printf(arena, "k%u", i),
					      .value = arena_printf(arena, "v%u", 9 - i),
					      .create_revision = 2 + i,
					      .mod_revision = 4 + i,
					      .version = 1 };
	act_reply_of(act, msg, store_range_answer, .status = status, .arena = arena, .revision = 8,
		     .latest = 10, .rows = rows, .row_count = 2, .count = 5);
}

static void reply(struct act *act, struct fake *fake, const struct act_msg *msg, enum status status)
{
	if (ACT_IS(msg, store_range)) {
		reply_range(act, msg, status);
	} else if (ACT_IS(msg, store_write)) {
		act_reply_of(act, msg, store_write_answer, .status = status, .revision = 11);
	} else if (ACT_IS(msg, store_compact)) {
		act_reply_of(act, msg, store_compact_answer, .status = status, .revision = 11);
	} else if (ACT_IS(msg, store_watch)) {
		fake->watch = ACT_AS(msg, store_watch)->watch;
		fake->watcher = msg->from;
		act_reply_of(act, msg, store_watch_answer, .status = status, .watch = fake->watch,
			     .revision = 10);
	} else if (ACT_IS(msg, store_member_remove) || ACT_IS(msg, store_member_promote) ||
		   ACT_IS(msg, store_transfer)) {
		act_reply_of(act, msg, store_member_answer, .status = status);
	} else if (ACT_IS(msg, store_defragment)) {
		act_reply_of(act, msg, store_defragment_answer, .status = status);
	} else {
		act_reply_of(act, msg, store_lease_answer, .status = status, .id = 5, .ttl_s = 60,
			     .left_s = 50, .revision = 11);
	}
}

static enum act_verdict fake_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct fake *fake = state;

	if (ACT_IS(msg, store_status_watch) || ACT_IS(msg, store_ask_status)) {
		tell_status(act, msg);
	} else if (ACT_IS(msg, store_cancel)) {
		fake->cancelled++;
	} else if (ACT_IS(msg, store_watch_credit)) {
		fake->credited += ACT_AS(msg, store_watch_credit)->events;
	} else if (ACT_IS(msg, store_progress)) {
		act_cast(act, msg->from, &store_events_type,
			 &(struct store_events){ .watch = ACT_AS(msg, store_progress)->watch,
						 .revision = 42 });
	} else if (msg->kind == ACT_REQUEST) {
		fake->asked++;
		if (fake->is_silent)
			return ACT_OK;
		if (fake->is_refusing)
			act_refuse(act, msg, fake->says);
		else
			reply(act, fake, msg,
			      fake->asked <= fake->unavailable ? UNAVAILABLE : fake->says);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static const struct act_class fake_class = {
	.name = "store",
	.state_size = sizeof(struct fake),
	.init = fake_init,
	.receive = fake_receive,
};

/* ---- a client ------------------------------------------------------------------------------------------------------ */

struct asker {
	struct stage *stage;
	struct http_call *call;
	bool is_answered, is_readable, is_broken, is_listening;
};

struct stage {
	struct loop *loop;
	struct http_listener listener;
	struct http_server_config server;
	struct http_client_config client;
	struct etcd_config etcd;
	struct tls_context *server_tls, *client_tls;
	struct act_child children[4];
	struct act_supervisor root;
	struct act_ref asker_ref, client_ref;
	struct asker *asker;
	uint16_t port;
	char url[64];
	struct grpc_reader reader;
	bool has_ended;
};

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct asker *asker = state;

	asker->stage = *(struct stage *const *)args;
	asker->stage->asker = asker;
	asker->stage->asker_ref = act_self(act);
	return OK;
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct asker *asker = state;

	(void)act;
	if (ACT_IS(msg, http_listening)) {
		asker->stage->port = ACT_AS(msg, http_listening)->ports[0];
		asker->is_listening = true;
	} else if (msg->kind == ACT_ANSWER) {
		asker->is_answered = true;
		asker->is_broken = msg->status != OK;
	} else if (ACT_IS(msg, http_call_readable)) {
		asker->is_readable = true;
	} else if (ACT_IS(msg, http_call_broken)) {
		asker->is_broken = true;
	}
	return ACT_OK;
}

static const struct act_class asker_class = {
	.name = "asker",
	.state_size = sizeof(struct asker),
	.init = asker_init,
	.receive = asker_receive,
};

struct inside {
	struct stage *stage;
	void (*fn)(struct act *act, struct stage *stage, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;

	(void)state;
	inside->fn(act, inside->stage, inside->arg);
}

static void as_asker(struct stage *stage, void (*fn)(struct act *, struct stage *, void *),
		     void *arg)
{
	struct inside inside = { stage, fn, arg };

	CHECK(act_host_enter(loop_host(stage->loop), stage->asker_ref, enter, &inside));
}

static void wait_for(struct stage *stage, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(stage->loop, claim, stage, WAIT_MS));
}

static void make_tls(struct stage *stage, const char *group)
{
	struct authority_pair authority = authority_new("test CA");
	struct authority_pair server = authority_issue(&authority, "server", NULL, "localhost");
	struct authority_pair client = authority_issue(&authority, "alice", group, NULL);
	struct fault why = { 0 };
	const struct tls_config server_config = { .is_server = true,
						  .clients = TLS_CLIENTS_MUST_SHOW,
						  .certificate_pem = server.certificate_pem,
						  .key_pem = server.key_pem,
						  .authorities_pem = authority.certificate_pem,
						  .alpn = STR("h2"),
						  .now = authority_now };
	const struct tls_config client_config = { .certificate_pem = client.certificate_pem,
						  .key_pem = client.key_pem,
						  .authorities_pem = authority.certificate_pem,
						  .alpn = STR("h2"),
						  .now = authority_now };

	CHECK_STATUS(tls_context_new(&server_config, &stage->server_tls, &why), OK);
	CHECK_STATUS(tls_context_new(&client_config, &stage->client_tls, &why), OK);
}

static void ask_listening(struct act *act, struct stage *stage, void *arg)
{
	struct http_listening none = { 0 };

	(void)stage;
	(void)arg;
	CHECK_STATUS(
	    act_request(act, act_whereis(act, "http"), &http_listening_type, &none, WAIT_MS, 1), OK);
}

static bool is_listening(void *arg)
{
	return ((struct stage *)arg)->asker->is_listening;
}

static void spawn_client(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	CHECK_STATUS(act_spawn(act, &http_client_class, &stage->client, NULL, &stage->client_ref),
		     OK);
}

static struct stage *make_stage_of(const char *group)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);
	struct stage **self = arena_new_of(test_arena(), struct stage *);

	*self = stage;
	make_tls(stage, group);
	stage->listener = (struct http_listener){ "127.0.0.1:0", stage->server_tls, false };
	stage->etcd = (struct etcd_config){ .store = "store", .cluster = 77 };
	stage->server = (struct http_server_config){ .listeners = &stage->listener,
						     .listener_count = 1,
						     .handler = "etcd",
						     .is_streamed = etcd_is_streamed };
	stage->children[0] = (struct act_child){ .id = "store", .class = &fake_class };
	stage->children[1] =
	    (struct act_child){ .id = "etcd", .class = &etcd_class, .args = &stage->etcd };
	stage->children[2] =
	    (struct act_child){ .id = "http", .class = &http_server_class, .args = &stage->server };
	stage->children[3] =
	    (struct act_child){ .id = "asker", .class = &asker_class, .args = self };
	stage->root = (struct act_supervisor){ .children = stage->children, .child_count = 4 };
	struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &stage->root }
	};
	CHECK_STATUS(loop_open(&config, &stage->loop), OK);
	as_asker(stage, ask_listening, NULL);
	wait_for(stage, is_listening);
	snprintf(stage->url, sizeof stage->url, "https://127.0.0.1:%u", stage->port);
	stage->client = (struct http_client_config){ .url = stage->url,
						     .tls = stage->client_tls,
						     .server_name = STR("localhost") };
	as_asker(stage, spawn_client, NULL);
	stage->reader = grpc_reader_new(MIB);
	return stage;
}

static struct stage *make_stage(void)
{
	return make_stage_of("system:masters");
}

static void end_stage(struct stage *stage)
{
	grpc_reader_fini(&stage->reader);
	loop_close(stage->loop);
	tls_context_unref(stage->server_tls);
	tls_context_unref(stage->client_tls);
}

/* ---- one call ---------------------------------------------------------------------------------------------------------- */

static struct str framed(struct str message)
{
	struct text out = text_in(test_arena(), 4 * MIB);
	uint8_t prefix[GRPC_PREFIX_BYTES];

	grpc_prefix(prefix, message.len);
	text_add_bytes(&out, prefix, sizeof prefix);
	text_add(&out, message);
	return text_str(&out);
}

struct wish {
	const char *path, *timeout;
	struct str body;
	bool is_stream;
};

static void open_call(struct act *act, struct stage *stage, void *arg)
{
	const struct wish *wish = arg;
	const struct http_header headers[] = {
		{ STR("content-type"), STR("application/grpc") },
		{ STR("te"), STR("trailers") },
		{ STR("grpc-timeout"), str_from(wish->timeout) },
	};
	const struct http_request request = {
		.method = STR("POST"),
		.path = str_from(wish->path),
		.headers = { headers, wish->timeout != NULL ? 3 : 2 },
		.body = HTTP_BYTES(wish->body),
		.is_body_streamed = wish->is_stream,
		.is_answer_streamed = wish->is_stream,
	};

	stage->asker->is_answered = stage->asker->is_readable = stage->asker->is_broken = false;
	CHECK_STATUS(http_call(act, stage->client_ref, &request, 9, &stage->asker->call), OK);
}

static void close_call(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	http_call_close(stage->asker->call);
	stage->asker->call = NULL;
}

static bool is_answered(void *arg)
{
	return ((struct stage *)arg)->asker->is_answered;
}

/* The call's status: "code words". */
static const char *status_of(struct stage *stage)
{
	struct http_headers trailers = http_call_trailers(stage->asker->call);

	CHECK(!stage->asker->is_broken);
	CHECK_EQ(http_call_code(stage->asker->call), 200);
	return arena_printf(test_arena(), STR_FMT " " STR_FMT,
			    STR_ARG(http_header_get(trailers, STR("grpc-status"))),
			    STR_ARG(http_header_get(trailers, STR("grpc-message"))))
	    .at;
}

static void do_call(struct stage *stage, const char *path, struct str body, const char *timeout)
{
	struct wish wish = { path, timeout, body, false };

	as_asker(stage, open_call, &wish);
	wait_for(stage, is_answered);
}

static void check_fault(struct stage *stage, enum etcd_fault fault)
{
	struct grpc_fault expected = etcd_fault(fault);
	const char *status = arena_printf(test_arena(), "%u " STR_FMT, (unsigned)expected.code,
					  STR_ARG(expected.words))
				 .at;

	CHECK_STR(str_from(status_of(stage)), status);
}

/* ---- calls with one request -------------------------------------------------------------------------------------------- */

#define KV "/etcdserverpb.KV/"
#define LEASE "/etcdserverpb.Lease/"
#define CLUSTER "/etcdserverpb.Cluster/"
#define MAINTENANCE "/etcdserverpb.Maintenance/"

static struct text number(int64_t value)
{
	struct text out = wire_lab();

	wire_lab_int(&out, 1, value);
	return out;
}

TEST(each_outcome_of_the_store_is_an_error_of_etcds)
{
	struct stage *stage = make_stage();
	struct text key = wire_lab_range("a", NULL), put = wire_lab_put("a", "1"), seven = number(7);
	const struct {
		const char *path;
		struct text *request;
		enum status says;
		enum etcd_fault fault;
	} cases[] = {
		{ KV "Range", &key, EXPIRED, ETCD_COMPACTED },
		{ KV "Range", &key, BAD_REQUEST, ETCD_FUTURE_REVISION },
		{ KV "Range", &key, TIMEOUT, ETCD_TIMED_OUT },
		{ KV "Put", &put, INVALID, ETCD_LEASE_NOT_FOUND },
		{ KV "Put", &put, NOT_FOUND, ETCD_KEY_NOT_FOUND },
		{ KV "Put", &put, FULL, ETCD_NO_SPACE },
		{ KV "Put", &put, BUSY, ETCD_TOO_MANY_REQUESTS },
		{ KV "Put", &put, TIMEOUT, ETCD_TIMED_OUT },
		{ KV "Put", &put, TOO_LARGE, ETCD_REQUEST_TOO_LARGE },
		{ KV "DeleteRange", &key, BUSY, ETCD_TOO_MANY_REQUESTS },
		{ KV "Compact", &seven, EXPIRED, ETCD_COMPACTED },
		{ KV "Compact", &seven, BAD_REQUEST, ETCD_FUTURE_REVISION },
		{ LEASE "LeaseGrant", &seven, EXISTS, ETCD_LEASE_EXISTS },
		{ LEASE "LeaseRevoke", &seven, NOT_FOUND, ETCD_LEASE_NOT_FOUND },
		{ CLUSTER "MemberRemove", &seven, NOT_FOUND, ETCD_MEMBER_NOT_FOUND },
		{ CLUSTER "MemberRemove", &seven, FORBIDDEN, ETCD_MEMBER_ALIVE },
		{ CLUSTER "MemberRemove", &seven, CONFLICT, ETCD_NOT_ENOUGH_STARTED },
		{ CLUSTER "MemberPromote", &seven, CONFLICT, ETCD_LEARNER_NOT_READY },
		{ MAINTENANCE "MoveLeader", &seven, CONFLICT, ETCD_BAD_TRANSFEREE },
		{ MAINTENANCE "Defragment", &seven, TOO_LARGE, ETCD_DEFRAGMENT },
		{ MAINTENANCE "Defragment", &seven, BUSY, ETCD_TOO_MANY_REQUESTS },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fake_now->says = cases[i].says;
		do_call(stage, cases[i].path, framed(text_str(cases[i].request)), NULL);
		check_fault(stage, cases[i].fault);
		as_asker(stage, close_call, NULL);
	}
	end_stage(stage);
}

TEST(what_is_not_done_here_is_said_without_asking_the_store)
{
	static const struct {
		const char *path;
		enum etcd_fault fault;
	} cases[] = {
		{ MAINTENANCE "Downgrade", ETCD_DOWNGRADE },
		{ CLUSTER "MemberAdd", ETCD_MEMBER_ADD },
		{ CLUSTER "MemberUpdate", ETCD_MEMBER_UPDATE },
		{ "/etcdserverpb.Auth/Authenticate", ETCD_AUTH_NOT_ENABLED },
		{ "/etcdserverpb.Auth/AuthEnable", ETCD_AUTH },
		{ "/etcdserverpb.Auth/UserAdd", ETCD_AUTH },
		{ "/etcdserverpb.Auth/RoleGrantPermission", ETCD_AUTH },
		{ KV "Range", ETCD_EMPTY_KEY },
		{ KV "Put", ETCD_EMPTY_KEY },
		{ KV "DeleteRange", ETCD_EMPTY_KEY },
		{ KV "Compact", ETCD_COMPACTED },
		{ MAINTENANCE "MoveLeader", ETCD_BAD_TRANSFEREE },
	};
	struct stage *stage = make_stage();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		do_call(stage, cases[i].path, framed(STR("")), NULL);
		check_fault(stage, cases[i].fault);
		as_asker(stage, close_call, NULL);
	}
	CHECK_EQ(fake_now->asked, 0);
	end_stage(stage);
}

TEST(what_is_no_call_of_etcds_is_refused_as_grpc_does)
{
	struct text key = wire_lab_range("a", NULL);
	struct str good = framed(text_str(&key));
	const struct {
		const char *path;
		struct str body;
		const char *status;
	} cases[] = {
		{ KV "Rage", good, "12 unknown method Rage for service etcdserverpb.KV" },
		{ "/helloworld.Greeter/SayHello", good, "12 unknown service helloworld.Greeter" },
		{ "/", good, "12 malformed method name: \"/\"" },
		{ KV "Range", STR(""), "13 grpc: the call ended without a message" },
		{ KV "Range", str_slice(good, 0, good.len - 1),
		  "13 grpc: the call ended within a message" },
		{ KV "Range", str_of("\1\0\0\0\0", 5),
		  "12 grpc: compressed messages are not understood here" },
		{ KV "Range", str_of("\0\0\x20\0\1", 5),
		  "8 grpc: received message larger than max" },
		{ KV "Range", str_of("\0\0\0\0\2\x0a\x05", 7),
		  "13 grpc: the request's message cannot be read" },
	};
	struct stage *stage = make_stage();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		do_call(stage, cases[i].path, cases[i].body, NULL);
		CHECK_STR(str_from(status_of(stage)), cases[i].status);
		as_asker(stage, close_call, NULL);
	}
	end_stage(stage);
}

TEST(who_is_not_of_the_masters_is_not_answered)
{
	struct stage *stage = make_stage_of("system:nodes");
	struct text key = wire_lab_range("a", NULL);

	do_call(stage, KV "Range", framed(text_str(&key)), NULL);
	check_fault(stage, ETCD_PERMISSION_DENIED);
	CHECK_EQ(fake_now->asked, 0);
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

/* What an answer's fields are: "1{1:77 2:7 3:11 4:3} 2:5", messages one level deep by `nested`'s bits. */
static void print_fields(struct str bytes, uint64_t nested, struct text *out)
{
	struct proto in = proto_of(bytes);
	uint32_t field;
	enum proto_wire wire;

	while (proto_field(&in, &field, &wire)) {
		if (out->len > 0 && out->at[out->len - 1] != '{')
			text_add_char(out, ' ');
		if (wire == PROTO_VARINT) {
			text_printf(out, "%u:%lld", field, (long long)proto_varint(&in));
		} else if ((nested >> field & 1) != 0) {
			text_printf(out, "%u{", field);
			print_fields(proto_bytes(&in), 0, out);
			text_add_char(out, '}');
		} else {
			struct str value = proto_bytes(&in);

			text_printf(out, "%u=" STR_FMT, field, STR_ARG(value));
		}
	}
	CHECK(!in.is_bad);
}

static const char *fields_of(struct str message, uint64_t nested)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	print_fields(message, nested, &out);
	return arena_str(test_arena(), text_str(&out)).at;
}

static const char *answer_of(struct stage *stage, uint64_t nested)
{
	struct str body = http_call_body(stage->asker->call), message;
	struct grpc_fault why = { 0 };

	CHECK_STR(str_from(status_of(stage)), "0 ");
	CHECK(grpc_only(body, MIB, &message, &why));
	return fields_of(message, nested);
}

#define HEADER(revision) "1{1:77 2:7 3:" revision " 4:3}"

TEST(answers_have_etcds_fields)
{
	struct stage *stage = make_stage();
	struct text key = wire_lab_range("a", "b"), put = wire_lab_put("a", "1"), seven = number(7);
	struct text sorted = wire_lab_range("a", "b"), counted = wire_lab_range("a", "b");
	struct text sieved = wire_lab_range("a", "b"), old = wire_lab_range("a", "b");

	wire_lab_int(&sorted, 6, 4); /* by value */
	wire_lab_int(&sorted, 8, 1); /* keys only */
	wire_lab_int(&sieved, 10, 5);
	wire_lab_int(&sieved, 3, 1);
	wire_lab_int(&old, 4, 8);
	const struct {
		const char *path;
		struct text *request;
		const char *fields;
	} cases[] = {
		{ KV "Range", &key,
		  HEADER("10") " 2{1=k0 2:2 3:4 4:1 5=v9} 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ KV "Range", &sorted, HEADER("10") " 2{1=k1 2:3 3:5 4:1} 2{1=k0 2:2 3:4 4:1} 4:5" },
		{ KV "Range", &sieved, HEADER("10") " 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ KV "Range", &old,
		  HEADER("10") " 2{1=k0 2:2 3:4 4:1 5=v9} 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ KV "Put", &put, HEADER("11") },
		{ KV "Compact", &seven, HEADER("11") },
		{ LEASE "LeaseGrant", &seven, HEADER("11") " 2:5 3:60" },
		{ LEASE "LeaseRevoke", &seven, HEADER("11") },
		{ LEASE "LeaseTimeToLive", &seven, HEADER("11") " 2:7 3:50 4:60" },
		{ LEASE "LeaseLeases", &counted, HEADER("11") },
		{ "/etcdserverpb.Auth/AuthStatus", &counted, HEADER("10") " 3:1" },
		{ MAINTENANCE "Alarm", &counted, HEADER("10") },
		{ MAINTENANCE "Status", &counted, HEADER("10") " 2=3.6.0 4:7 6:3 11=3.6.0" },
		{ CLUSTER "MemberList", &counted, HEADER("10") },
		{ CLUSTER "MemberRemove", &seven, HEADER("10") },
		{ MAINTENANCE "MoveLeader", &seven, "" },
	};
	counted.len = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* Rows, where there are any, are field 2. */
		uint64_t nested = strcmp(cases[i].path, KV "Range") == 0 ? 1 << 1 | 1 << 2 : 1 << 1;

		do_call(stage, cases[i].path, framed(text_str(cases[i].request)), NULL);
		CHECK_STR(str_from(answer_of(stage, nested)), cases[i].fields);
		as_asker(stage, close_call, NULL);
	}
	end_stage(stage);
}

TEST(a_lease_that_is_gone_has_no_time_left)
{
	struct stage *stage = make_stage();
	struct text seven = number(7);

	fake_now->says = NOT_FOUND;
	do_call(stage, LEASE "LeaseTimeToLive", framed(text_str(&seven)), NULL);
	CHECK_STR(str_from(answer_of(stage, 1 << 1)), HEADER("11") " 2:7 3:-1");
	as_asker(stage, close_call, NULL);
	do_call(stage, LEASE "LeaseKeepAlive", framed(text_str(&seven)), NULL);
	CHECK_STR(str_from(answer_of(stage, 1 << 1)), HEADER("11") " 2:7");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(without_a_leader_it_is_asked_again)
{
	struct stage *stage = make_stage();
	struct text put = wire_lab_put("a", "1");

	fake_now->unavailable = 2;
	do_call(stage, KV "Put", framed(text_str(&put)), NULL);
	CHECK_STR(str_from(status_of(stage)), "0 ");
	CHECK_EQ(fake_now->asked, 3);
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(a_callers_deadline_ends_its_waiting)
{
	struct stage *stage = make_stage();
	struct text put = wire_lab_put("a", "1");

	fake_now->unavailable = UINT32_MAX;
	do_call(stage, KV "Put", framed(text_str(&put)), "200m");
	check_fault(stage, ETCD_DEADLINE);
	as_asker(stage, close_call, NULL);
	fake_now->unavailable = 0;
	fake_now->is_silent = true;
	do_call(stage, KV "Put", framed(text_str(&put)), "200m");
	check_fault(stage, ETCD_DEADLINE);
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

/* ---- watches ------------------------------------------------------------------------------------------------------------- */

static bool is_readable(void *arg)
{
	struct asker *asker = ((struct stage *)arg)->asker;

	return asker->is_readable || asker->is_broken;
}

static void read_call(struct act *act, struct stage *stage, void *arg)
{
	char bytes[4096];
	size_t len;

	(void)act;
	(void)arg;
	stage->asker->is_readable = false;
	while ((len = http_call_read(stage->asker->call, bytes, sizeof bytes, &stage->has_ended)) >
	       0)
		grpc_reader_feed(&stage->reader, str_of(bytes, len));
}

/* The next answer on the stream; "" at its end. */
static const char *next_answer(struct stage *stage)
{
	struct str message;

	for (;;) {
		if (grpc_reader_next(&stage->reader, &message))
			return fields_of(message, 1 << 1 | 1 << 11);
		if (stage->has_ended)
			return "";
		if (!stage->asker->is_readable)
			wait_for(stage, is_readable);
		as_asker(stage, read_call, NULL);
	}
}

static struct text watch_request(const char *key, int64_t from, int64_t id)
{
	struct text create = wire_lab_range(key, "z");

	wire_lab_int(&create, 3, from);
	wire_lab_int(&create, 7, id);
	return wire_lab_op(1, create);
}

static void open_stream(struct stage *stage, struct text request)
{
	struct wish wish = { "/etcdserverpb.Watch/Watch", NULL, framed(text_str(&request)), true };

	as_asker(stage, open_call, &wish);
}

static void write_call(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	http_call_write_copy(stage->asker->call, framed(text_str(arg)));
}

static void send_events(struct act *act, struct stage *stage, void *arg)
{
	struct arena *arena = arena_new(0);
	struct store_event *events = arena_array(arena, struct store_event, 2);
	enum status status = *(const enum status *)arg;

	(void)stage;
	events[0].row = (struct store_row){ .key = STR("a"),
					    .value = STR("1"),
					    .mod_revision = 20,
					    .create_revision = 20,
					    .version = 1 };
	events[1].is_delete = true;
	events[1].row = (struct store_row){ .key = STR("b"), .mod_revision = 20 };
	act_cast(act, fake_now->watcher, &store_events_type,
		 &(struct store_events){ .status = status,
					 .arena = arena,
					 .watch = fake_now->watch,
					 .revision = 20,
					 .events = events,
					 .count = status == OK ? 2 : 0,
					 .bytes = 100 });
}

static bool is_cancelled(void *arg)
{
	(void)arg;
	return fake_now->cancelled > 0;
}

static bool is_credited(void *arg)
{
	(void)arg;
	return fake_now->credited == 2;
}

TEST(a_watch_is_created_told_and_cancelled)
{
	struct stage *stage = make_stage();
	struct text cancel = number(0), cancel_request = wire_lab_op(2, cancel);
	enum status status = OK;

	open_stream(stage, watch_request("a", 5, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, send_events, &status);
	CHECK_STR(str_from(next_answer(stage)),
		  HEADER("20") " 11{2=\x0a\1a\x10\x14\x18\x14 \1*\0011} 11{1:1 2=\x0a\1b\x18\x14}");
	wait_for(stage, is_credited); /* what was sent is worked off */
	as_asker(stage, write_call, &cancel_request);
	CHECK_STR(str_from(next_answer(stage)), HEADER("20") " 4:1");
	wait_for(stage, is_cancelled);
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(watches_that_cannot_be_are_refused_on_a_stream_that_goes_on)
{
	struct stage *stage = make_stage();
	struct text again = watch_request("a", 0, 5), empty = watch_request("zz", 0, 0);
	struct text negative = watch_request("a", -1, 0);

	open_stream(stage, watch_request("a", 0, 5));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 2:5 3:1");
	as_asker(stage, write_call, &again);
	CHECK_STR(
	    str_from(next_answer(stage)),
	    HEADER("10") " 2:-1 3:1 4:1 6=mvcc: duplicate watch ID provided on the WatchStream");
	as_asker(stage, write_call, &empty);
	CHECK_STR(str_from(next_answer(stage)),
		  HEADER("10") " 2:-1 3:1 4:1 6=mvcc: watcher range is empty");
	as_asker(stage, write_call, &negative);
	CHECK_STR(
	    str_from(next_answer(stage)),
	    HEADER("10") " 2:-1 3:1 4:1 6=etcdserver: mvcc: required revision has been compacted");
	fake_now->says = EXPIRED;
	again = watch_request("a", 3, 6);
	as_asker(stage, write_call, &again);
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 2:6 3:1");
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 2:6 4:1 5:10");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(progress_is_told_once_for_all_watches_of_a_stream)
{
	struct stage *stage = make_stage();
	struct text second = watch_request("b", 0, 0), progress = wire_lab_op(3, wire_lab());

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, write_call, &second);
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 2:1 3:1");
	as_asker(stage, write_call, &progress);
	CHECK_STR(str_from(next_answer(stage)), HEADER("42") " 2:-1");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

/* Events of 64 KiB each, as many as the store's window holds; nobody reads them yet. */
static void send_large(struct act *act, struct stage *stage, void *arg)
{
	uint32_t count = *(const uint32_t *)arg;

	(void)stage;
	for (uint32_t i = 0; i < count; i++) {
		struct arena *arena = arena_new(0);
		struct store_event *event = arena_new_of(arena, struct store_event);
		char *value = arena_alloc(arena, 64 * KIB);

		memset(value, 'x', 64 * KIB);
		event->row = (struct store_row){ .key = STR("a"),
						 .value = str_of(value, 64 * KIB),
						 .mod_revision = 20 + i,
						 .version = 1 };
		act_cast(act, fake_now->watcher, &store_events_type,
			 &(struct store_events){ .arena = arena,
						 .watch = fake_now->watch,
						 .revision = 20 + i,
						 .events = event,
						 .count = 1,
						 .bytes = 64 * KIB });
	}
}

static bool is_still(void *arg)
{
	(void)arg;
	return false;
}

static uint32_t events_in(struct stage *stage, uint32_t wanted)
{
	uint32_t count = 0;

	while (count < wanted && strstr(next_answer(stage), " 11{") != NULL)
		count++;
	return count;
}

static bool is_all_credited(void *arg)
{
	(void)arg;
	return fake_now->credited == 64;
}

TEST(what_a_slow_peer_has_not_read_is_not_worked_off)
{
	struct stage *stage = make_stage();
	uint32_t count = 64; /* 4 MiB: more than sockets and windows hold */

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, send_large, &count);
	(void)loop_run_until(stage->loop, is_still, stage, 200);
	CHECK(fake_now->credited < 64);
	CHECK_EQ(events_in(stage, 64), 64);
	wait_for(stage, is_all_credited);
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(a_stream_that_is_not_read_at_all_ends_alone)
{
	struct stage *stage = make_stage();
	struct text put = wire_lab_put("a", "1");
	uint32_t count = LIMIT_ETCD_STREAM_BYTES / (64 * KIB) + 16;

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, send_large, &count);
	wait_for(stage, is_cancelled);
	as_asker(stage, close_call, NULL);
	do_call(stage, KV "Put", framed(text_str(&put)), NULL);
	CHECK_STR(str_from(status_of(stage)), "0 ");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(a_peer_that_goes_takes_its_watches_along)
{
	struct stage *stage = make_stage();

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, close_call, NULL);
	wait_for(stage, is_cancelled);
	end_stage(stage);
}

static void kill_store(struct act *act, struct stage *stage, void *arg)
{
	(void)stage;
	(void)arg;
	act_kill(act, act_whereis(act, "store"));
}

TEST(when_the_store_ends_streams_of_watches_end_and_calls_go_on_with_the_next_one)
{
	struct stage *stage = make_stage();
	struct text put = wire_lab_put("a", "1");

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, kill_store, NULL);
	CHECK_STR(str_from(next_answer(stage)), "");
	CHECK_STR(str_from(status_of(stage)), "14 etcdserver: server stopped");
	as_asker(stage, close_call, NULL);
	do_call(stage, KV "Put", framed(text_str(&put)), NULL);
	CHECK_STR(str_from(status_of(stage)), "0 ");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

TEST(a_watch_that_the_store_ends_is_cancelled_alone)
{
	struct stage *stage = make_stage();
	enum status status = EXPIRED;

	open_stream(stage, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(stage)), HEADER("10") " 3:1");
	as_asker(stage, send_events, &status);
	CHECK_STR(str_from(next_answer(stage)), HEADER("20") " 4:1 5:21");
	as_asker(stage, close_call, NULL);
	end_stage(stage);
}

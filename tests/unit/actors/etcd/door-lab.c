#include "tests/unit/actors/etcd/door-lab.h"

#include <stdio.h>

#include "actors/etcd/etcd.h"
#include "datastore/store/store.h"
#include "runtime/loop/loop.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"
#include "transport/wire/proto.h"

/* ---- a store that does as it is told ----------------------------------------------------------------------------- */

struct door_lab_store *door_lab_store;

static enum status fake_init(struct act *act, void *state, const void *args)
{
	(void)act;
	(void)args;
	door_lab_store = state;
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

static struct str value_of(const struct door_lab_store *fake, struct arena *arena, uint32_t i)
{
	char *at;

	if (fake->value_bytes == 0)
		return arena_printf(arena, "v%u", 9 - i);
	at = arena_alloc(arena, fake->value_bytes);
	memset(at, 'v', fake->value_bytes);
	return str_of(at, fake->value_bytes);
}

static void reply_range(struct act *act, const struct door_lab_store *fake,
			const struct act_msg *msg, enum status status)
{
	struct arena *arena = arena_new(0);
	struct store_row *rows = arena_array(arena, struct store_row, 2);

	for (uint32_t i = 0; i < 2; i++)
		rows[i] = (struct store_row){ .key = arena_printf(arena, "k%u", i),
					      .value = value_of(fake, arena, i),
					      .create_revision = 2 + i,
					      .mod_revision = 4 + i,
					      .version = 1 };
	act_reply_of(act, msg, store_range_answer, .status = status, .arena = arena, .revision = 8,
		     .latest = 10, .rows = rows, .row_count = 2, .count = 5);
}

static void reply(struct act *act, struct door_lab_store *fake, const struct act_msg *msg,
		  enum status status)
{
	if (ACT_IS(msg, store_range)) {
		reply_range(act, fake, msg, status);
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
	struct door_lab_store *fake = state;

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
	.state_size = sizeof(struct door_lab_store),
	.init = fake_init,
	.receive = fake_receive,
};

/* ---- a client ------------------------------------------------------------------------------------------------------ */

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct door_lab_asker *asker = state;

	asker->lab = *(struct door_lab *const *)args;
	asker->lab->asker = asker;
	asker->lab->asker_ref = act_self(act);
	return OK;
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct door_lab_asker *asker = state;

	(void)act;
	if (ACT_IS(msg, http_listening)) {
		asker->lab->port = ACT_AS(msg, http_listening)->ports[0];
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
	.state_size = sizeof(struct door_lab_asker),
	.init = asker_init,
	.receive = asker_receive,
};

struct inside {
	struct door_lab *lab;
	void (*fn)(struct act *act, struct door_lab *lab, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;

	(void)state;
	inside->fn(act, inside->lab, inside->arg);
}

void door_lab_enter(struct door_lab *lab, void (*fn)(struct act *, struct door_lab *, void *),
		    void *arg)
{
	struct inside inside = { lab, fn, arg };

	CHECK(act_host_enter(loop_host(lab->loop), lab->asker_ref, enter, &inside));
}

void door_lab_wait(struct door_lab *lab, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(lab->loop, claim, lab, DOOR_LAB_WAIT_MS));
}

static void make_tls(struct door_lab *lab, const char *group)
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

	CHECK_STATUS(tls_context_new(&server_config, &lab->server_tls, &why), OK);
	CHECK_STATUS(tls_context_new(&client_config, &lab->client_tls, &why), OK);
}

static void ask_listening(struct act *act, struct door_lab *lab, void *arg)
{
	struct http_listening none = { 0 };

	(void)lab;
	(void)arg;
	CHECK_STATUS(act_request(act, act_whereis(act, "http"), &http_listening_type, &none,
				 DOOR_LAB_WAIT_MS, 1),
		     OK);
}

static bool is_listening(void *arg)
{
	return ((struct door_lab *)arg)->asker->is_listening;
}

static void spawn_client(struct act *act, struct door_lab *lab, void *arg)
{
	(void)arg;
	CHECK_STATUS(act_spawn(act, &http_client_class, &lab->client, NULL, &lab->client_ref), OK);
}

struct door_lab *door_lab_open_as(const char *group)
{
	struct door_lab *lab = arena_new_of(test_arena(), struct door_lab);
	struct door_lab **self = arena_new_of(test_arena(), struct door_lab *);

	*self = lab;
	make_tls(lab, group);
	lab->listener = (struct http_listener){ .address = "127.0.0.1:0", .tls = lab->server_tls };
	lab->etcd = (struct etcd_config){ .store = "store", .cluster = 77 };
	lab->server = (struct http_server_config){ .listeners = &lab->listener,
						   .listener_count = 1,
						   .handler = "etcd",
						   .is_streamed = etcd_is_streamed };
	lab->children[0] = (struct act_child){ .id = "store", .class = &fake_class };
	lab->children[1] =
	    (struct act_child){ .id = "etcd", .class = &etcd_class, .args = &lab->etcd };
	lab->children[2] =
	    (struct act_child){ .id = "http", .class = &http_server_class, .args = &lab->server };
	lab->children[3] = (struct act_child){ .id = "asker", .class = &asker_class, .args = self };
	lab->root = (struct act_supervisor){ .children = lab->children, .child_count = 4 };
	struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &lab->root }
	};
	CHECK_STATUS(loop_open(&config, &lab->loop), OK);
	door_lab_enter(lab, ask_listening, NULL);
	door_lab_wait(lab, is_listening);
	snprintf(lab->url, sizeof lab->url, "https://127.0.0.1:%u", lab->port);
	lab->client = (struct http_client_config){ .url = lab->url,
						   .tls = lab->client_tls,
						   .server_name = STR("localhost") };
	door_lab_enter(lab, spawn_client, NULL);
	lab->reader = grpc_reader_new(MIB);
	return lab;
}

struct door_lab *door_lab_open(void)
{
	return door_lab_open_as("system:masters");
}

void door_lab_close(struct door_lab *lab)
{
	grpc_reader_fini(&lab->reader);
	loop_close(lab->loop);
	tls_context_unref(lab->server_tls);
	tls_context_unref(lab->client_tls);
}

/* ---- one call ---------------------------------------------------------------------------------------------------------- */

struct str door_lab_framed(struct str message)
{
	struct text out = text_in(test_arena(), 4 * MIB);
	uint8_t prefix[GRPC_PREFIX_BYTES];

	grpc_prefix(prefix, message.len);
	text_add_bytes(&out, prefix, sizeof prefix);
	text_add(&out, message);
	return text_str(&out);
}

void door_lab_open_call(struct act *act, struct door_lab *lab, void *arg)
{
	const struct door_lab_wish *wish = arg;
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

	lab->asker->is_answered = lab->asker->is_readable = lab->asker->is_broken = false;
	CHECK_STATUS(http_call(act, lab->client_ref, &request, 9, &lab->asker->call), OK);
}

void door_lab_close_call(struct act *act, struct door_lab *lab, void *arg)
{
	(void)act;
	(void)arg;
	http_call_close(lab->asker->call);
	lab->asker->call = NULL;
}

static bool is_answered(void *arg)
{
	return ((struct door_lab *)arg)->asker->is_answered;
}

const char *door_lab_status(struct door_lab *lab)
{
	struct http_headers trailers = http_call_trailers(lab->asker->call);

	CHECK(!lab->asker->is_broken);
	CHECK_EQ(http_call_code(lab->asker->call), 200);
	return arena_printf(test_arena(), STR_FMT " " STR_FMT,
			    STR_ARG(http_header_get(trailers, STR("grpc-status"))),
			    STR_ARG(http_header_get(trailers, STR("grpc-message"))))
	    .at;
}

void door_lab_call(struct door_lab *lab, const char *path, struct str body, const char *timeout)
{
	struct door_lab_wish wish = { path, timeout, body, false };

	door_lab_enter(lab, door_lab_open_call, &wish);
	door_lab_wait(lab, is_answered);
}

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

const char *door_lab_fields(struct str message, uint64_t nested)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	print_fields(message, nested, &out);
	return arena_str(test_arena(), text_str(&out)).at;
}

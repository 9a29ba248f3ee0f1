/*
 * Streams of watches: what they are told, and how they end.
 */
#include "actors/etcd/etcd.h"

#include "datastore/store/store.h"
#include "runtime/loop/loop.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/etcd/door-lab.h"
#include "tests/unit/actors/etcd/wire-lab.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"

/* ---- watches ------------------------------------------------------------------------------------------------------------- */

static bool is_readable(void *arg)
{
	struct door_lab_asker *asker = ((struct door_lab *)arg)->asker;

	return asker->is_readable || asker->is_broken;
}

static void read_call(struct act *act, struct door_lab *lab, void *arg)
{
	char bytes[4096];
	size_t len;

	(void)act;
	(void)arg;
	lab->asker->is_readable = false;
	while ((len = http_call_read(lab->asker->call, bytes, sizeof bytes, &lab->has_ended)) > 0)
		grpc_reader_feed(&lab->reader, str_of(bytes, len));
}

/* The next answer on the stream; "" at its end. */
static const char *next_answer(struct door_lab *lab)
{
	struct str message;

	for (;;) {
		if (grpc_reader_next(&lab->reader, &message))
			return door_lab_fields(message, 1 << 1 | 1 << 11);
		if (lab->has_ended)
			return "";
		if (!lab->asker->is_readable)
			door_lab_wait(lab, is_readable);
		door_lab_enter(lab, read_call, NULL);
	}
}

static struct text watch_request(const char *key, int64_t from, int64_t id)
{
	struct text create = wire_lab_range(key, "z");

	wire_lab_int(&create, 3, from);
	wire_lab_int(&create, 7, id);
	return wire_lab_op(1, create);
}

static void open_stream(struct door_lab *lab, struct text request)
{
	struct door_lab_wish wish = { "/etcdserverpb.Watch/Watch", NULL,
				      door_lab_framed(text_str(&request)), true };

	door_lab_enter(lab, door_lab_open_call, &wish);
}

static void write_call(struct act *act, struct door_lab *lab, void *arg)
{
	(void)act;
	http_call_write_copy(lab->asker->call, door_lab_framed(text_str(arg)));
}

static void send_events(struct act *act, struct door_lab *lab, void *arg)
{
	struct arena *arena = arena_new(0);
	struct store_event *events = arena_array(arena, struct store_event, 2);
	enum status status = *(const enum status *)arg;

	(void)lab;
	events[0].row = (struct store_row){ .key = STR("a"),
					    .value = STR("1"),
					    .mod_revision = 20,
					    .create_revision = 20,
					    .version = 1 };
	events[1].is_delete = true;
	events[1].row = (struct store_row){ .key = STR("b"), .mod_revision = 20 };
	act_cast(act, door_lab_store->watcher, &store_events_type,
		 &(struct store_events){ .status = status,
					 .arena = arena,
					 .watch = door_lab_store->watch,
					 .revision = 20,
					 .events = events,
					 .count = status == OK ? 2 : 0,
					 .bytes = 100 });
}

static bool is_cancelled(void *arg)
{
	(void)arg;
	return door_lab_store->cancelled > 0;
}

TEST(a_watch_is_created_told_and_cancelled)
{
	struct door_lab *lab = door_lab_open();
	struct text cancel = wire_lab_number(0), cancel_request = wire_lab_op(2, cancel);
	enum status status = OK;

	open_stream(lab, watch_request("a", 5, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, send_events, &status);
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER(
		      "20") " 11{2=\x0a\1a\x10\x14\x18\x14 \1*\0011} 11{1:1 2=\x0a\1b\x18\x14}");
	door_lab_enter(lab, write_call, &cancel_request);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("20") " 4:1");
	door_lab_wait(lab, is_cancelled);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(watches_that_cannot_be_are_refused_on_a_stream_that_goes_on)
{
	struct door_lab *lab = door_lab_open();
	struct text again = watch_request("a", 0, 5), empty = watch_request("zz", 0, 0);
	struct text negative = watch_request("a", -1, 0);

	open_stream(lab, watch_request("a", 0, 5));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 2:5 3:1");
	door_lab_enter(lab, write_call, &again);
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER(
		      "10") " 2:-1 3:1 4:1 6=mvcc: duplicate watch ID provided on the WatchStream");
	door_lab_enter(lab, write_call, &empty);
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER("10") " 2:-1 3:1 4:1 6=mvcc: watcher range is empty");
	door_lab_enter(lab, write_call, &negative);
	CHECK_STR(
	    str_from(next_answer(lab)),
	    DOOR_LAB_HEADER(
		"10") " 2:-1 3:1 4:1 6=etcdserver: mvcc: required revision has been compacted");
	door_lab_store->says = EXPIRED;
	again = watch_request("a", 3, 6);
	door_lab_enter(lab, write_call, &again);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 2:6 3:1");
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 2:6 4:1 5:10");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(progress_is_told_once_for_all_watches_of_a_stream)
{
	struct door_lab *lab = door_lab_open();
	struct text second = watch_request("b", 0, 0), progress = wire_lab_op(3, wire_lab());

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, write_call, &second);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 2:1 3:1");
	door_lab_enter(lab, write_call, &progress);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("42") " 2:-1");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

/* To the watch before the last one and to the last one, as a store tells all of them of one change after the other. */
static void send_same(struct act *act, struct door_lab *lab, void *arg)
{
	const struct store_event *event = arg;

	(void)lab;
	for (uint64_t i = 2; i > 0; i--) {
		struct arena *arena = arena_new(0);
		struct store_event *events = arena_new_of(arena, struct store_event);

		*events = *event;
		act_cast(act, door_lab_store->watcher, &store_events_type,
			 &(struct store_events){ .arena = arena,
						 .watch = door_lab_store->watch + 1 - i,
						 .revision = event->row.mod_revision,
						 .events = events,
						 .count = 1,
						 .bytes = 100 });
	}
}

TEST(watches_of_one_change_are_told_the_same_under_their_own_numbers)
{
	struct door_lab *lab = door_lab_open();
	struct text second = watch_request("a", 0, 0);
	struct store_event event = { .row = { .key = STR("a"),
					      .value = STR("1"),
					      .mod_revision = 20,
					      .create_revision = 20,
					      .version = 1 } };

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, write_call, &second);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 2:1 3:1");
	door_lab_enter(lab, send_same, &event);
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER("20") " 11{2=\x0a\1a\x10\x14\x18\x14 \1*\0011}");
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER("20") " 2:1 11{2=\x0a\1a\x10\x14\x18\x14 \1*\0011}");
	event = (struct store_event){ .is_delete = true,
				      .row = { .key = STR("a"), .mod_revision = 21 } };
	door_lab_enter(lab, send_same, &event);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("21") " 11{1:1 2=\x0a\1a\x18\x15}");
	CHECK_STR(str_from(next_answer(lab)),
		  DOOR_LAB_HEADER("21") " 2:1 11{1:1 2=\x0a\1a\x18\x15}");
	CHECK_EQ(door_lab_store->credited, 0); /* told of when there is more to tell */
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

/* Events of 64 KiB each, as many as the store's window holds; nobody reads them yet. */
static void send_large(struct act *act, struct door_lab *lab, void *arg)
{
	uint32_t count = *(const uint32_t *)arg;

	(void)lab;
	for (uint32_t i = 0; i < count; i++) {
		struct arena *arena = arena_new(0);
		struct store_event *event = arena_new_of(arena, struct store_event);
		char *value = arena_alloc(arena, 64 * KIB);

		memset(value, 'x', 64 * KIB);
		event->row = (struct store_row){ .key = STR("a"),
						 .value = str_of(value, 64 * KIB),
						 .mod_revision = 20 + i,
						 .version = 1 };
		act_cast(act, door_lab_store->watcher, &store_events_type,
			 &(struct store_events){ .arena = arena,
						 .watch = door_lab_store->watch,
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

static uint32_t events_in(struct door_lab *lab, uint32_t wanted)
{
	uint32_t count = 0;

	while (count < wanted && strstr(next_answer(lab), " 11{") != NULL)
		count++;
	return count;
}

/* But for what is too little to be worth a message. */
static bool is_all_credited(void *arg)
{
	(void)arg;
	return door_lab_store->credited > 64 - LIMIT_WATCH_BYTES / 8 / (64 * KIB);
}

TEST(what_a_slow_peer_has_not_read_is_not_worked_off)
{
	struct door_lab *lab = door_lab_open();
	uint32_t count = 64; /* 4 MiB: more than sockets and windows hold */

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, send_large, &count);
	(void)loop_run_until(lab->loop, is_still, lab, 200);
	CHECK(door_lab_store->credited < 64);
	CHECK_EQ(events_in(lab, 64), 64);
	door_lab_wait(lab, is_all_credited);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(a_stream_that_is_not_read_at_all_ends_alone)
{
	struct door_lab *lab = door_lab_open();
	struct text put = wire_lab_put("a", "1");
	uint32_t count = LIMIT_ETCD_STREAM_BYTES / (64 * KIB) + 16;

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, send_large, &count);
	door_lab_wait(lab, is_cancelled);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_call(lab, DOOR_LAB_KV "Put", door_lab_framed(text_str(&put)), NULL);
	CHECK_STR(str_from(door_lab_status(lab)), "0 ");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(a_peer_that_goes_takes_its_watches_along)
{
	struct door_lab *lab = door_lab_open();

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_wait(lab, is_cancelled);
	door_lab_close(lab);
}

static void kill_store(struct act *act, struct door_lab *lab, void *arg)
{
	(void)lab;
	(void)arg;
	act_kill(act, act_whereis(act, "store"));
}

TEST(when_the_store_ends_streams_of_watches_end_and_calls_go_on_with_the_next_one)
{
	struct door_lab *lab = door_lab_open();
	struct text put = wire_lab_put("a", "1");

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, kill_store, NULL);
	CHECK_STR(str_from(next_answer(lab)), "");
	CHECK_STR(str_from(door_lab_status(lab)), "14 etcdserver: server stopped");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_call(lab, DOOR_LAB_KV "Put", door_lab_framed(text_str(&put)), NULL);
	CHECK_STR(str_from(door_lab_status(lab)), "0 ");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(a_watch_that_the_store_ends_is_cancelled_alone)
{
	struct door_lab *lab = door_lab_open();
	enum status status = EXPIRED;

	open_stream(lab, watch_request("a", 0, 0));
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("10") " 3:1");
	door_lab_enter(lab, send_events, &status);
	CHECK_STR(str_from(next_answer(lab)), DOOR_LAB_HEADER("20") " 4:1 5:21");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

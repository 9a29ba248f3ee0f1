#include <stdio.h>

#include "deploy/sim/citizens.h"
#include "deploy/sim/claim.h"
#include "deploy/sim/dig.h"

#define PLACE "/api/v1/namespaces/r/configmaps"

#define TAG_LIST 1U /* of a watch it is the watch's number */

struct reader_go_on {
	uint64_t watch;
};
static ACT_TYPE(reader_go_on);

struct reader {
	const struct citizen *citizen;
	struct act_ref server;
	uint64_t monitor, watch; /* the number of the present watch: events of others are old */
	uint32_t stream;
	uint64_t told; /* up to here everything was told; 0: it must list */
};

static void again_later(struct act *act, struct reader *reader)
{
	act_demonitor(act, reader->monitor);
	reader->monitor = 0;
	reader->watch++;
	act_after(act, 20 + citizen_below(act, 300), &reader_go_on_type,
		  &(struct reader_go_on){ reader->watch });
}

static void list(struct act *act, struct reader *reader)
{
	struct api_call call = citizen_call_new("GET", STR(PLACE), STR_NONE);

	if (citizen_call(act, reader->citizen, 0, &call, 5000, TAG_LIST) != OK)
		again_later(act, reader);
}

static void watch(struct act *act, struct reader *reader)
{
	uint32_t machine = 1 + (uint32_t)citizen_below(act, reader->citizen->machines);
	struct api_call call;
	char path[128];

	snprintf(path, sizeof path,
		 PLACE "?watch=1&allowWatchBookmarks=true&timeoutSeconds=30&resourceVersion=%llu",
		 (unsigned long long)reader->told);
	call = citizen_call_new("GET", str_from(path), STR_NONE);
	call.watch = reader->watch;
	reader->server = citizen_server(act, reader->citizen, machine);
	reader->monitor = act_monitor(act, reader->server);
	if (citizen_call(act, reader->citizen, machine, &call, 40000, reader->watch) != OK)
		again_later(act, reader);
}

static void take_list(struct act *act, struct reader *reader, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->status == OK ? msg->body : NULL;
	struct arena *arena = arena_new(0);

	if (answer && answer->code == 200) {
		reader->told = dig_number(arena, answer->body, "metadata.resourceVersion");
		CLAIM(reader->told != 0);
		reader->stream = ledger_stream(reader->citizen->ledger, reader->told);
	}
	arena_free(arena);
	again_later(act, reader);
}

/* 410: what it knew is too old. Anything else: elsewhere, from where it was. */
static void take_end(struct act *act, struct reader *reader, int32_t code)
{
	if (code == 410)
		reader->told = 0;
	again_later(act, reader);
}

static void take_answer(struct act *act, struct reader *reader, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->status == OK ? msg->body : NULL;

	if (!answer || answer->code != 200)
		take_end(act, reader, answer ? answer->code : 504);
}

static void take_event(struct reader *reader, struct arena *arena, const struct api_event *from,
		       struct store_events *events, struct store_event *to)
{
	struct str name = dig(arena, from->object, "metadata.name");
	uint64_t key;

	if (from->revision == 0)
		return; /* an error: the end follows */
	events->revision = from->revision;
	CLAIM_EQ(dig_number(arena, from->object, "metadata.resourceVersion"), from->revision);
	if (from->kind == API_BOOKMARK || str_to_u64(name, &key) != OK)
		return;
	CLAIM(key < LEDGER_REGISTERS);
	*to = (struct store_event){ .is_delete = from->kind == API_DELETED };
	to->row.key = ledger_key(reader->citizen->ledger, (uint32_t)key);
	to->row.mod_revision = from->revision;
	to->row.value = from->object;
	events->count++;
}

static void take_events(struct act *act, struct reader *reader, const struct api_events *from)
{
	struct arena *arena = arena_new(0);
	struct store_event *to = arena_array(arena, struct store_event, from->count);
	struct store_events events = { .revision = reader->told, .events = to };

	for (uint32_t i = 0; i < from->count; i++)
		take_event(reader, arena, &from->events[i], &events, &to[events.count]);
	ledger_events(reader->citizen->ledger, reader->stream, &events, act_now(act).ns);
	reader->told = events.revision;
	arena_free(arena);
	(void)!act_tell(act, reader->server, api_more, .watch = reader->watch);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct reader *reader = state;

	if (ACT_IS(msg, reader_go_on)) {
		if (ACT_AS(msg, reader_go_on)->watch != reader->watch)
			return ACT_OK;
		if (reader->told == 0)
			list(act, reader);
		else
			watch(act, reader);
	} else if (msg->kind == ACT_ANSWER && msg->tag == TAG_LIST) {
		take_list(act, reader, msg);
	} else if (msg->kind == ACT_ANSWER && msg->tag == reader->watch) {
		take_answer(act, reader, msg);
	} else if (ACT_IS(msg, api_events)) {
		if (ACT_AS(msg, api_events)->watch == reader->watch)
			take_events(act, reader, msg->body);
	} else if (ACT_IS(msg, api_closed)) {
		if (ACT_AS(msg, api_closed)->watch == reader->watch)
			take_end(act, reader, ACT_AS(msg, api_closed)->code);
	} else if (ACT_IS(msg, act_down) && ACT_AS(msg, act_down)->monitor == reader->monitor) {
		again_later(act, reader);
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct reader *reader = state;

	reader->citizen = args;
	reader->watch = act_random(act) >> 16; /* no number of an earlier life */
	again_later(act, reader);
	return OK;
}

const struct act_class reader_class = {
	.name = "reader", .state_size = sizeof(struct reader), .init = init, .receive = receive
};

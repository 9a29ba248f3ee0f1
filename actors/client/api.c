#include "actors/client/api.h"

#include "runtime/base/base.h"
#include "transport/wire/msgpack.h"

/* ---- words ---------------------------------------------------------------------------------------- */

static const struct str event_names[] = {
	[API_ADDED] = { "ADDED", 5 },     [API_MODIFIED] = { "MODIFIED", 8 },
	[API_DELETED] = { "DELETED", 7 }, [API_BOOKMARK] = { "BOOKMARK", 8 },
	[API_ERROR] = { "ERROR", 5 },
};

struct str api_event_name(enum api_event_kind kind)
{
	assert((size_t)kind < sizeof event_names / sizeof event_names[0]);
	return event_names[kind];
}

/* ---- calls ------------------------------------------------------------------------------------------ */

struct api_call api_call_new(void)
{
	return (struct api_call){ .arena = arena_new(0) };
}

void api_call_free(struct api_call *call)
{
	arena_free(call->arena);
	*call = (struct api_call){ 0 };
}

static void call_drop(void *body)
{
	arena_free(((struct api_call *)body)->arena);
}

static void pack_strs(struct text *out, const struct str *at, uint32_t count)
{
	pack_list(out, count);
	for (uint32_t i = 0; i < count; i++)
		pack_str(out, at[i]);
}

static const struct str *unpack_strs(struct unpack *in, struct arena *arena, uint32_t *count)
{
	uint32_t len = unpack_list(in);
	struct str *at = arena_array(arena, struct str, len);

	for (uint32_t i = 0; i < len; i++)
		at[i] = arena_str(arena, unpack_str(in));
	unpack_end(in);
	*count = len;
	return at;
}

static enum status packed(const struct text *out)
{
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status call_encode(const void *body, struct text *out)
{
	const struct api_call *call = body;

	pack_begin(out, 10);
	pack_str(out, call->user);
	pack_strs(out, call->groups, call->group_count);
	pack_str(out, call->method);
	pack_str(out, call->path);
	pack_str(out, call->content_type);
	pack_str(out, call->accept);
	pack_str(out, call->agent);
	pack_bytes(out, call->body);
	pack_u64(out, call->watch);
	pack_u64(out, call->term);
	return packed(out);
}

static enum status call_decode(struct str bytes, struct arena *arena, void *body)
{
	struct api_call *call = body;
	struct unpack in = unpack_of(bytes);

	unpack_begin(&in);
	call->user = arena_str(arena, unpack_str(&in));
	call->groups = unpack_strs(&in, arena, &call->group_count);
	call->method = arena_str(arena, unpack_str(&in));
	call->path = arena_str(arena, unpack_str(&in));
	call->content_type = arena_str(arena, unpack_str(&in));
	call->accept = arena_str(arena, unpack_str(&in));
	call->agent = arena_str(arena, unpack_str(&in));
	call->body = arena_str(arena, unpack_bytes(&in));
	call->watch = unpack_u64(&in);
	call->term = unpack_u64(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

/* ---- answers ------------------------------------------------------------------------------------------ */

static void answer_drop(void *body)
{
	arena_free(((struct api_answer *)body)->arena);
}

static enum status answer_encode(const void *body, struct text *out)
{
	const struct api_answer *answer = body;

	pack_begin(out, 5);
	pack_i64(out, answer->code);
	pack_str(out, answer->content_type);
	pack_bytes(out, answer->body);
	pack_u64(out, answer->retry_after_s);
	pack_strs(out, answer->warnings, answer->warning_count);
	return packed(out);
}

static enum status answer_decode(struct str bytes, struct arena *arena, void *body)
{
	struct api_answer *answer = body;
	struct unpack in = unpack_of(bytes);

	unpack_begin(&in);
	answer->code = unpack_i32(&in);
	answer->content_type = arena_str(arena, unpack_str(&in));
	answer->body = arena_str(arena, unpack_bytes(&in));
	answer->retry_after_s = unpack_u32(&in);
	answer->warnings = unpack_strs(&in, arena, &answer->warning_count);
	unpack_end(&in);
	return unpack_status(&in);
}

/* ---- watches -------------------------------------------------------------------------------------------- */

static void events_drop(void *body)
{
	arena_free(((struct api_events *)body)->arena);
}

static enum status events_encode(const void *body, struct text *out)
{
	const struct api_events *events = body;

	pack_begin(out, 2);
	pack_u64(out, events->watch);
	pack_list(out, events->count);
	for (uint32_t i = 0; i < events->count; i++) {
		pack_begin(out, 4);
		pack_u64(out, events->events[i].kind);
		pack_u64(out, events->events[i].revision);
		pack_bool(out, events->events[i].is_initial_end);
		pack_bytes(out, events->events[i].object);
	}
	return packed(out);
}

static enum status events_decode(struct str bytes, struct arena *arena, void *body)
{
	struct api_events *events = body;
	struct unpack in = unpack_of(bytes);
	struct api_event *at;

	unpack_begin(&in);
	events->watch = unpack_u64(&in);
	events->count = unpack_list(&in);
	at = arena_array(arena, struct api_event, events->count);
	for (uint32_t i = 0; i < events->count; i++) {
		uint64_t kind;

		unpack_begin(&in);
		kind = unpack_u64(&in);
		if (kind > API_ERROR)
			return CORRUPT;
		at[i].kind = (enum api_event_kind)kind;
		at[i].revision = unpack_u64(&in);
		at[i].is_initial_end = unpack_bool(&in);
		at[i].object = arena_str(arena, unpack_bytes(&in));
		unpack_end(&in);
	}
	unpack_end(&in);
	unpack_end(&in);
	events->events = at;
	return unpack_status(&in);
}

/* More, cancel and progress are a number each. */
static enum status number_encode(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_u64(out, *(const uint64_t *)body);
	return packed(out);
}

static enum status number_decode(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);

	(void)arena;
	unpack_begin(&in);
	*(uint64_t *)body = unpack_u64(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

static enum status closed_encode(const void *body, struct text *out)
{
	const struct api_closed *closed = body;

	pack_begin(out, 2);
	pack_u64(out, closed->watch);
	pack_i64(out, closed->code);
	return packed(out);
}

static enum status closed_decode(struct str bytes, struct arena *arena, void *body)
{
	struct api_closed *closed = body;
	struct unpack in = unpack_of(bytes);

	(void)arena;
	unpack_begin(&in);
	closed->watch = unpack_u64(&in);
	closed->code = unpack_i32(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

_Static_assert(sizeof(struct api_more) == sizeof(uint64_t), "number_encode");
_Static_assert(sizeof(struct api_cancel) == sizeof(uint64_t), "number_encode");
_Static_assert(sizeof(struct api_progress) == sizeof(uint64_t), "number_encode");

ACT_TYPE(api_call, .id = 201, .drop = call_drop, .encode = call_encode, .decode = call_decode);
ACT_TYPE(api_answer, .id = 202, .drop = answer_drop, .encode = answer_encode,
	 .decode = answer_decode);
ACT_TYPE(api_events, .id = 203, .drop = events_drop, .encode = events_encode,
	 .decode = events_decode);
ACT_TYPE(api_more, .id = 204, .encode = number_encode, .decode = number_decode);
ACT_TYPE(api_cancel, .id = 205, .encode = number_encode, .decode = number_decode);
ACT_TYPE(api_closed, .id = 206, .encode = closed_encode, .decode = closed_decode);
ACT_TYPE(api_progress, .id = 207, .encode = number_encode, .decode = number_decode);

const struct act_type *const api_types[] = {
	&api_call_type,   &api_answer_type, &api_events_type,   &api_more_type,
	&api_cancel_type, &api_closed_type, &api_progress_type,
};
const uint32_t api_type_count = sizeof api_types / sizeof api_types[0];

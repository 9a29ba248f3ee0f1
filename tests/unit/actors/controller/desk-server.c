#include "tests/unit/actors/controller/desk-private.h"

#include <stdio.h>

#include "actors/client/failure.h"
#include "datastore/object/patch/patch.h"

/*
 * The server that only pretends: objects in memory, answers, events.
 */

struct tick {
	char nothing;
};
static const ACT_TYPE(tick, .id = 0);

static enum format format_of(const struct type *type)
{
	return type->flags & TYPE_JSON_ONLY ? FORMAT_JSON : FORMAT_PROTO;
}

int64_t desk_find(const struct desk *desk, const struct type *type, struct str namespace,
		  struct str name)
{
	for (uint32_t i = 0; i < desk->objects.len; i++)
		if (desk->objects.at[i]->type == type &&
		    str_eq(object_name(desk->objects.at[i]), name) &&
		    str_eq(object_namespace(desk->objects.at[i]), namespace))
			return i;
	return -1;
}

static void send(struct act *act, const struct watcher *watcher, const struct api_event *events,
		 uint32_t count)
{
	struct arena *arena = arena_new(0);
	struct api_event *copies = arena_array(arena, struct api_event, count);
	struct api_events body = { arena, watcher->watch, copies, count };

	for (uint32_t i = 0; i < count; i++) {
		copies[i] = events[i];
		copies[i].object = arena_str(arena, events[i].object);
	}
	act_cast(act, watcher->who, &api_events_type, &body);
}

void desk_tell(struct desk *desk, struct act *act, const struct type *type, struct api_event event)
{
	if (desk->held_type == type) {
		event.object = arena_str(test_arena(), event.object);
		vec_push(&desk->events, (struct held_event){ type, event });
		return;
	}
	for (uint32_t i = 0; i < desk->watchers.len; i++)
		if (!desk->watchers.at[i].is_over && desk->watchers.at[i].type == type)
			send(act, &desk->watchers.at[i], &event, 1);
}

static struct api_event event_of(enum api_event_kind kind, const struct object *object)
{
	struct arena *arena = test_arena();

	return (struct api_event){ .kind = kind,
				   .revision = (uint64_t)object->revision,
				   .object = object_bytes(object, format_of(object->type), arena) };
}

static void stamp(struct desk *desk, struct object *object)
{
	struct meta_object_meta *meta = object_meta(object);
	struct arena *arena = object_arena(object);

	desk->revision++;
	meta->resource_version = arena_printf(arena, "%ju", (uintmax_t)desk->revision);
	if (meta->uid.len == 0)
		meta->uid = arena_printf(arena, "uid-%ju", (uintmax_t)desk->revision);
	object_freeze(object, (int64_t)desk->revision);
}

void desk_write(struct desk *desk, struct act *act, struct object *object)
{
	int64_t at = desk_find(desk, object->type, object_namespace(object), object_name(object));

	if (at >= 0 && object_meta(object)->uid.len == 0)
		object_meta(object)->uid =
		    arena_str(object_arena(object), object_uid(desk->objects.at[at]));
	stamp(desk, object);
	if (at >= 0) {
		object_unref(desk->objects.at[at]);
		desk->objects.at[at] = object;
	} else {
		vec_push(&desk->objects, object);
	}
	desk_tell(desk, act, object->type, event_of(at >= 0 ? API_MODIFIED : API_ADDED, object));
}

const struct object *desk_take_out(struct desk *desk, struct act *act, uint32_t at)
{
	struct object *last = object_edit(desk->objects.at[at]);

	object_unref(desk->objects.at[at]);
	vec_remove(&desk->objects, at);
	stamp(desk, last);
	desk_tell(desk, act, last->type, event_of(API_DELETED, last));
	return last;
}

/* ---- where a path leads --------------------------------------------------------------------------------------- */

struct place {
	const struct type *type;
	struct str namespace, name, subresource;
};

/* /api/v1/[namespaces/<namespace>/]<resource>[/<name>[/<subresource>]] or /apis/<group>/<version>/... */
static bool is_at(const struct type *type, struct str group, struct str version, struct str resource)
{
	return str_eq(type_resource(type), resource) && str_eq(type_group(type), group) &&
	       str_eq(type_version(type), version) && (type->flags & TYPE_LIST) == 0;
}

static struct place place_of(const struct desk *desk, struct str path)
{
	struct str rest = str_cut(&path, '?'), group = STR(""), version;
	struct place place = { 0 };
	uint32_t count;
	const struct type *all = type_all(&count);
	struct str resource;

	(void)str_cut(&rest, '/');
	if (str_is(str_cut(&rest, '/'), "apis"))
		group = str_cut(&rest, '/');
	version = str_cut(&rest, '/');
	resource = str_cut(&rest, '/');
	if (str_is(resource, "namespaces") && rest.at != NULL && str_find_char(rest, '/') >= 0) {
		place.namespace = str_cut(&rest, '/');
		resource = str_cut(&rest, '/');
	}
	place.name = rest.at ? str_cut(&rest, '/') : STR_NONE;
	place.subresource = rest;
	for (uint32_t i = 0; i < count; i++)
		if (is_at(&all[i], group, version, resource))
			place.type = &all[i];
	if (desk->own != NULL && is_at(desk->own, group, version, resource))
		place.type = desk->own;
	CHECK(place.type != NULL);
	return place;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

static struct api_answer failed(int32_t code)
{
	struct api_answer answer = { .arena = arena_new(0), .code = code };
	struct failure *failure = failure_plain(answer.arena, code, STR("said so"));
	struct text out = text_in(answer.arena, 4 * KIB);

	failure->reason = code == 409   ? STR("Conflict")
			  : code == 404 ? STR("NotFound")
			  : code == 410 ? STR("Gone")
					: STR("");
	failure_encode(failure, FORMAT_PROTO, &out);
	answer.content_type = API_TYPE_PROTOBUF;
	answer.body = text_str(&out);
	return answer;
}

static struct api_answer with_object(int32_t code, const struct object *object)
{
	struct api_answer answer = { .arena = arena_new(0), .code = code };

	answer.content_type = API_TYPE_PROTOBUF;
	answer.body =
	    arena_str(answer.arena, object_bytes(object, format_of(object->type), answer.arena));
	return answer;
}

void desk_give(struct desk *desk, struct act *act, struct act_ticket ticket,
	       struct api_answer answer)
{
	if (desk->holds_answers) {
		vec_push(&desk->answers, (struct held_answer){ ticket, answer });
		return;
	}
	desk->counts.under_way--;
	if (act_answer(act, ticket, &api_answer_type, &answer) != OK)
		arena_free(answer.arena);
}

/* ---- writes ------------------------------------------------------------------------------------------------------ */

static struct api_answer create(struct desk *desk, struct act *act, const struct place *place,
				struct str body)
{
	struct object *object;
	struct meta_object_meta *meta;

	desk->counts.creates++;
	CHECK_STATUS(object_decode(place->type, format_of(place->type), body, &object, NULL), OK);
	meta = object_meta(object);
	if (meta->name.len == 0)
		meta->name = arena_printf(object_arena(object), STR_FMT "%u",
					  STR_ARG(meta->generate_name), ++desk->names);
	if (desk_find(desk, place->type, meta->namespace, meta->name) >= 0) {
		object_unref(object);
		return failed(409);
	}
	desk_write(desk, act, object);
	return with_object(201, object);
}

static struct api_answer update(struct desk *desk, struct act *act, const struct place *place,
				struct str body)
{
	int64_t at = desk_find(desk, place->type, place->namespace, place->name);
	struct object *object;

	desk->counts.updates++;
	if (at < 0)
		return failed(404);
	CHECK_STATUS(object_decode(place->type, format_of(place->type), body, &object, NULL), OK);
	if (!str_eq(object_meta(object)->resource_version,
		    object_meta(desk->objects.at[at])->resource_version)) {
		object_unref(object);
		return failed(409);
	}
	desk_write(desk, act, object);
	return with_object(200, object);
}

static struct api_answer patch(struct desk *desk, struct act *act, const struct place *place,
			       struct str body)
{
	int64_t at = desk_find(desk, place->type, place->namespace, place->name);
	struct str version;
	struct object *object;

	desk->counts.patches++;
	if (at < 0)
		return failed(404);
	object = object_edit(desk->objects.at[at]);
	version = object_meta(object)->resource_version;
	CHECK_STATUS(patch_apply(PATCH_MERGE, place->type, object->record, body,
				 object_arena(object), NULL, NULL),
		     OK);
	if (!str_eq(object_meta(object)->resource_version, version)) {
		object_unref(object);
		return failed(409);
	}
	desk_write(desk, act, object);
	return with_object(200, object);
}

static struct api_answer delete_one(struct desk *desk, struct act *act, const struct place *place)
{
	int64_t at = desk_find(desk, place->type, place->namespace, place->name);

	desk->counts.deletes++;
	if (at < 0)
		return failed(404);
	object_unref(desk_take_out(desk, act, (uint32_t)at));
	return failed(200); /* a Status, as for most kinds */
}

static struct api_answer read_one(struct desk *desk, const struct place *place)
{
	int64_t at = desk_find(desk, place->type, place->namespace, place->name);

	return at < 0 ? failed(404) : with_object(200, desk->objects.at[at]);
}

static bool is_refused(struct desk *desk, const struct api_call *call)
{
	struct str line = arena_printf(test_arena(), STR_FMT " " STR_FMT, STR_ARG(call->method),
				       STR_ARG(call->path));

	if (desk->refused_count == 0 || !str_starts(line, str_from(desk->refused)))
		return false;
	desk->refused_count--;
	return true;
}

static void write_came(struct desk *desk, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct place place = place_of(desk, call->path);
	struct api_answer answer;

	desk->counts.writes++;
	desk->counts.wrong_terms += call->term != DESK_TERM;
	if (++desk->counts.under_way > desk->counts.most_under_way)
		desk->counts.most_under_way = desk->counts.under_way;
	if (is_refused(desk, call))
		answer = failed(desk->refused_code);
	else if ((place.type->flags & TYPE_JSON_ONLY) != 0 && !str_eq(call->accept, API_TYPE_JSON))
		answer = failed(406);
	else if (str_is(call->method, "POST"))
		answer = create(desk, act, &place, call->body);
	else if (str_is(call->method, "GET"))
		answer = read_one(desk, &place);
	else if (str_is(call->method, "PUT"))
		answer = update(desk, act, &place, call->body);
	else if (str_is(call->method, "PATCH"))
		answer = patch(desk, act, &place, call->body);
	else
		answer = delete_one(desk, act, &place);
	desk_give(desk, act, act_ticket(msg), answer);
}

/* Of a repeat only the count travels. */
static void event_came(struct desk *desk, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct api_answer answer = failed(201);
	struct object *object;

	desk->counts.events++;
	if (str_is(call->method, "POST")) {
		const struct core_event *event;
		uintptr_t before;

		CHECK_STATUS(
		    object_decode(&core_event_type, FORMAT_PROTO, call->body, &object, NULL), OK);
		event = object->record;
		before = (uintptr_t)map_get(&desk->reasons, event->reason);
		map_put(&desk->reasons, event->reason, (void *)(before + 1));
		desk->last_event = arena_str(test_arena(), event->message);
		object_unref(object);
	}
	if (act_answer(act, act_ticket(msg), &api_answer_type, &answer) != OK)
		arena_free(answer.arena);
}

/* ---- watches ------------------------------------------------------------------------------------------------------- */

static uint64_t revision_in(struct str path)
{
	int64_t at = str_find(path, STR("&resourceVersion="));
	struct str rest;
	uint64_t revision = 0;

	if (at < 0)
		return 0;
	rest = str_slice(path, (uint32_t)at + sizeof "&resourceVersion=" - 1, path.len);
	CHECK_STATUS(str_to_u64(str_cut(&rest, '&'), &revision), OK);
	return revision;
}

static void send_initial(struct desk *desk, struct act *act, const struct watcher *watcher)
{
	struct api_event *events =
	    arena_array(test_arena(), struct api_event, desk->objects.len + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < desk->objects.len; i++)
		if (desk->objects.at[i]->type == watcher->type)
			events[count++] = event_of(API_ADDED, desk->objects.at[i]);
	events[count++] = (struct api_event){ .kind = API_BOOKMARK,
					      .revision = desk->revision,
					      .is_initial_end = true,
					      .object = STR("") };
	send(act, watcher, events, count);
}

/* What changed since; those that are gone are not told, so the tests remove nothing meanwhile. */
static void send_since(struct desk *desk, struct act *act, const struct watcher *watcher,
		       uint64_t since)
{
	for (uint32_t i = 0; i < desk->objects.len; i++)
		if (desk->objects.at[i]->type == watcher->type &&
		    (uint64_t)desk->objects.at[i]->revision > since) {
			struct api_event event = event_of(API_MODIFIED, desk->objects.at[i]);

			send(act, watcher, &event, 1);
		}
}

static void watch_came(struct desk *desk, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct watcher watcher = { msg->from, call->watch, place_of(desk, call->path).type, false };
	bool is_list = str_find(call->path, STR("sendInitialEvents")) >= 0;
	bool is_old = !is_list && revision_in(call->path) < desk->oldest;
	struct api_answer answer = failed(desk->watch_code ? desk->watch_code : is_old ? 410 : 200);
	int32_t code = answer.code;

	desk->counts.watches++;
	desk->counts.lists += is_list && code == 200;
	if (act_answer(act, act_ticket(msg), &api_answer_type, &answer) != OK)
		arena_free(answer.arena);
	if (code != 200)
		return;
	vec_push(&desk->watchers, watcher);
	if (is_list)
		send_initial(desk, act, &watcher);
	else
		send_since(desk, act, &watcher, revision_in(call->path));
}

static struct watcher *watcher_of(struct desk *desk, uint64_t number)
{
	for (uint32_t i = 0; i < desk->watchers.len; i++)
		if (desk->watchers.at[i].watch == number)
			return &desk->watchers.at[i];
	return NULL;
}

void desk_bookmark_one(struct desk *desk, struct act *act, const struct watcher *watcher)
{
	struct api_event event = { .kind = API_BOOKMARK,
				   .revision = desk->revision,
				   .object = STR("") };

	if (!watcher->is_over && watcher->type != desk->held_type)
		send(act, watcher, &event, 1);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct desk *desk = *(struct desk **)state;

	if (ACT_IS(msg, api_call) && ACT_AS(msg, api_call)->watch != 0) {
		watch_came(desk, act, msg);
	} else if (ACT_IS(msg, api_call) &&
		   str_find(ACT_AS(msg, api_call)->path, STR("/events")) >= 0) {
		event_came(desk, act, msg);
	} else if (ACT_IS(msg, api_call)) {
		write_came(desk, act, msg);
	} else if (ACT_IS(msg, api_more)) {
		desk->counts.acknowledged++;
	} else if (ACT_IS(msg, api_cancel)) {
		desk->counts.cancelled++;
		watcher_of(desk, ACT_AS(msg, api_cancel)->watch)->is_over = true;
	} else if (ACT_IS(msg, api_progress)) {
		desk->counts.progress++;
		desk_bookmark_one(desk, act, watcher_of(desk, ACT_AS(msg, api_progress)->watch));
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct desk *desk = (struct desk *)(uintptr_t)args;

	*(struct desk **)state = desk;
	desk->self = act_self(act);
	act_every(act, 10, &tick_type,
		  &(struct tick){ 0 }); /* time goes on though nothing happens */
	vec_clear(&desk->watchers);
	return OK;
}

const struct act_class desk_server_class = {
	.name = "api", .state_size = sizeof(struct desk *), .init = init, .receive = receive
};

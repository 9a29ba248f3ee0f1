#include "tests/unit/actors/controller/desk.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/failure.h"
#include "actors/client/request.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"
#include "datastore/schema/registry.h"

#define CHILDREN_MAX 8U

struct watcher {
	struct act_ref who;
	uint64_t watch;
	const struct type *type;
	bool is_over;
};

struct held_answer {
	struct act_ticket ticket;
	struct api_answer answer;
};

struct held_event {
	const struct type *type;
	struct api_event event; /* its bytes are the test's */
};

struct tick {
	char nothing;
};
static const ACT_TYPE(tick, .id = 0);

struct desk {
	struct act_sim *sim;
	struct act_ref self;
	VEC(const struct object *) objects;
	VEC(struct watcher) watchers;
	VEC(struct held_answer) answers;
	VEC(struct held_event) events;
	uint64_t revision, oldest;
	bool holds_answers;
	const struct type *held_type; /* its events wait */
	const char *refused;
	int32_t refused_code, watch_code;
	uint32_t refused_count, names;
	struct map reasons; /* reason -> uint32_t: events written */
	struct str last_event;
	struct desk_counts counts;
	struct act_child children[CHILDREN_MAX];
	struct act_supervisor root;
	const struct type *own; /* that is served beside the built-in ones; or NULL */
};

static enum format format_of(const struct type *type)
{
	return type->flags & TYPE_JSON_ONLY ? FORMAT_JSON : FORMAT_PROTO;
}

/* ---- from the test's side --------------------------------------------------------------------------------- */

struct entering {
	struct desk *desk;
	void (*fn)(struct desk *desk, struct act *act, void *arg);
	void *arg;
};

static void entered(struct act *act, void *state, void *arg)
{
	struct entering *entering = arg;

	(void)state;
	entering->fn(entering->desk, act, entering->arg);
}

static void enter(struct desk *desk, void (*fn)(struct desk *desk, struct act *act, void *arg),
		  void *arg)
{
	struct entering entering = { desk, fn, arg };

	CHECK(act_host_enter(desk_host(desk), desk->self, entered, &entering));
}

/* ---- objects ------------------------------------------------------------------------------------------------ */

static int64_t find(const struct desk *desk, const struct type *type, struct str namespace,
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

static void tell(struct desk *desk, struct act *act, const struct type *type, struct api_event event)
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

static void put(struct desk *desk, struct act *act, struct object *object)
{
	int64_t at = find(desk, object->type, object_namespace(object), object_name(object));

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
	tell(desk, act, object->type, event_of(at >= 0 ? API_MODIFIED : API_ADDED, object));
}

static const struct object *take_out(struct desk *desk, struct act *act, uint32_t at)
{
	struct object *last = object_edit(desk->objects.at[at]);

	object_unref(desk->objects.at[at]);
	vec_remove(&desk->objects, at);
	stamp(desk, last);
	tell(desk, act, last->type, event_of(API_DELETED, last));
	return last;
}

static void put_from_outside(struct desk *desk, struct act *act, void *arg)
{
	put(desk, act, arg);
}

uint64_t desk_put(struct desk *desk, const struct type *type, const char *json, ...)
{
	struct fault why = { 0 };
	struct object *object;
	struct str text;
	va_list args;

	va_start(args, json);
	text = arena_vprintf(test_arena(), json, args);
	va_end(args);
	if (object_decode(type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	record_default(type, object->record, object_arena(object), (struct wall){ TIME_S });
	enter(desk, put_from_outside, object);
	return desk->revision;
}

static void remove_from_outside(struct desk *desk, struct act *act, void *arg)
{
	object_unref(take_out(desk, act, *(uint32_t *)arg));
}

void desk_serve(struct desk *desk, const struct type *type)
{
	desk->own = type;
}

void desk_remove(struct desk *desk, const struct type *type, const char *namespace, const char *name)
{
	int64_t found = find(desk, type, str_from(namespace), str_from(name));
	uint32_t at = (uint32_t)found;

	CHECK(found >= 0);
	enter(desk, remove_from_outside, &at);
}

const struct object *desk_get(struct desk *desk, const struct type *type, const char *namespace,
			      const char *name)
{
	int64_t at = find(desk, type, str_from(namespace), str_from(name));

	return at < 0 ? NULL : desk->objects.at[at];
}

uint32_t desk_count(const struct desk *desk, const struct type *type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < desk->objects.len; i++)
		count += desk->objects.at[i]->type == type;
	return count;
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

static void give(struct desk *desk, struct act *act, struct act_ticket ticket,
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
	if (find(desk, place->type, meta->namespace, meta->name) >= 0) {
		object_unref(object);
		return failed(409);
	}
	put(desk, act, object);
	return with_object(201, object);
}

static struct api_answer update(struct desk *desk, struct act *act, const struct place *place,
				struct str body)
{
	int64_t at = find(desk, place->type, place->namespace, place->name);
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
	put(desk, act, object);
	return with_object(200, object);
}

static struct api_answer patch(struct desk *desk, struct act *act, const struct place *place,
			       struct str body)
{
	int64_t at = find(desk, place->type, place->namespace, place->name);
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
	put(desk, act, object);
	return with_object(200, object);
}

static struct api_answer delete_one(struct desk *desk, struct act *act, const struct place *place)
{
	int64_t at = find(desk, place->type, place->namespace, place->name);

	desk->counts.deletes++;
	if (at < 0)
		return failed(404);
	object_unref(take_out(desk, act, (uint32_t)at));
	return failed(200); /* a Status, as for most kinds */
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
	else if (str_is(call->method, "PUT"))
		answer = update(desk, act, &place, call->body);
	else if (str_is(call->method, "PATCH"))
		answer = patch(desk, act, &place, call->body);
	else
		answer = delete_one(desk, act, &place);
	give(desk, act, act_ticket(msg), answer);
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

static void bookmark(struct desk *desk, struct act *act, const struct watcher *watcher)
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
		bookmark(desk, act, watcher_of(desk, ACT_AS(msg, api_progress)->watch));
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

static const struct act_class pretended_api = {
	.name = "api", .state_size = sizeof(struct desk *), .init = init, .receive = receive
};

/* ---- knobs ----------------------------------------------------------------------------------------------------------- */

void desk_refuse(struct desk *desk, const char *call, int32_t code, uint32_t count)
{
	desk->refused = call;
	desk->refused_code = code;
	desk->refused_count = count;
}

static void let_answers_go(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->answers.len; i++)
		give(desk, act, desk->answers.at[i].ticket, desk->answers.at[i].answer);
	vec_clear(&desk->answers);
}

void desk_hold_answers(struct desk *desk, bool is_holding)
{
	desk->holds_answers = is_holding;
	if (!is_holding)
		enter(desk, let_answers_go, NULL);
}

static void let_events_go(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->events.len; i++)
		tell(desk, act, desk->events.at[i].type, desk->events.at[i].event);
	vec_clear(&desk->events);
}

void desk_hold_events(struct desk *desk, const struct type *type)
{
	desk->held_type = type;
	if (type == NULL)
		enter(desk, let_events_go, NULL);
}

static void end_watches(struct desk *desk, struct act *act, void *arg)
{
	int32_t code = *(int32_t *)arg;

	for (uint32_t i = 0; i < desk->watchers.len && code != 0; i++)
		if (!desk->watchers.at[i].is_over)
			act_cast(act, desk->watchers.at[i].who, &api_closed_type,
				 &(struct api_closed){ desk->watchers.at[i].watch, code });
	vec_clear(&desk->watchers);
	if (code == 0)
		act_kill(act, act_self(act));
}

void desk_end_watches(struct desk *desk, int32_t code)
{
	enter(desk, end_watches, &code);
}

void desk_forget(struct desk *desk)
{
	desk->oldest = ++desk->revision;
}

void desk_refuse_watches(struct desk *desk, int32_t code)
{
	desk->watch_code = code;
}

static void bookmark_all(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->watchers.len; i++)
		bookmark(desk, act, &desk->watchers.at[i]);
}

void desk_bookmark(struct desk *desk)
{
	enter(desk, bookmark_all, NULL);
}

static void send_nonsense(struct desk *desk, struct act *act, void *arg)
{
	tell(desk, act, arg,
	     (struct api_event){ API_MODIFIED, ++desk->revision, false, STR("nonsense") });
}

void desk_send_nonsense(struct desk *desk, const struct type *type)
{
	enter(desk, send_nonsense, (void *)(uintptr_t)type);
}

/* ---- life ------------------------------------------------------------------------------------------------------------- */

struct desk *desk_open(uint64_t seed, const struct act_child *children, uint32_t count)
{
	struct desk *desk = arena_new_of(test_arena(), struct desk);

	CHECK(count < CHILDREN_MAX);
	desk->sim = act_sim_new(seed);
	desk->revision = 10;
	desk->children[0] = (struct act_child){ .id = "api", .class = &pretended_api, .args = desk };
	if (count > 0)
		memcpy(&desk->children[1], children, count * sizeof *children);
	desk->root = (struct act_supervisor){ .children = desk->children, .child_count = count + 1 };
	CHECK_STATUS(act_sim_host(desk->sim, 1,
				  &(struct act_host_config){
				      .name = "desk", .host = 1, .root = &desk->root }),
		     OK);
	return desk;
}

void desk_close(struct desk *desk)
{
	act_sim_free(desk->sim);
	for (uint32_t i = 0; i < desk->objects.len; i++)
		object_unref(desk->objects.at[i]);
	for (uint32_t i = 0; i < desk->answers.len; i++)
		arena_free(desk->answers.at[i].answer.arena);
	vec_fini(&desk->objects);
	vec_fini(&desk->watchers);
	vec_fini(&desk->answers);
	vec_fini(&desk->events);
	map_fini(&desk->reasons);
}

void desk_run(struct desk *desk, uint64_t ms)
{
	act_sim_run_for(desk->sim, ms, NULL, NULL);
}

struct act_host *desk_host(struct desk *desk)
{
	return act_sim_host_of(desk->sim, 1, 1);
}

struct desk_counts desk_counts(const struct desk *desk)
{
	return desk->counts;
}

uint32_t desk_events(const struct desk *desk, const char *reason)
{
	return (uint32_t)(uintptr_t)map_get(&desk->reasons, str_from(reason));
}

struct str desk_last_event(const struct desk *desk)
{
	return desk->last_event;
}

uint64_t desk_revision(const struct desk *desk)
{
	return desk->revision;
}

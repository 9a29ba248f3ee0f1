#include "tests/unit/actors/scheduler/stage.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/failure.h"
#include "actors/client/request.h"
#include "actors/controller/caches.h"
#include "actors/scheduler/scheduler.h"
#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/record.h"
#include "datastore/schema/policy.h"
#include "tests/lib/test.h"

#define TERM 7U

struct kept {
	const struct type *type;
	const struct object *object;
};

struct watcher {
	struct act_ref who;
	uint64_t watch;
	const struct type *type;
};

struct held {
	struct act_ticket ticket;
	struct api_call call; /* copied */
};

struct written_event {
	struct str reason, message;
};

struct stage {
	struct act_sim *sim;
	struct act_ref self;
	VEC(struct kept) kept;
	VEC(struct watcher) watchers;
	VEC(struct held) held;
	VEC(struct written_event) events;
	uint64_t revision;
	bool is_holding;
	const char *refused_end;
	int32_t refused_code;
	uint32_t refused_count;
	struct stage_counts counts;
	struct caches_args caches;
	struct scheduler_args scheduler;
	struct act_child children[3];
	struct act_supervisor root;
};

/* ---- objects ------------------------------------------------------------------------------------------ */

static struct kept *find(struct stage *stage, const struct type *type, struct str namespace,
			 struct str name)
{
	for (uint32_t i = 0; i < stage->kept.len; i++)
		if (stage->kept.at[i].type == type &&
		    str_eq(object_name(stage->kept.at[i].object), name) &&
		    str_eq(object_namespace(stage->kept.at[i].object), namespace))
			return &stage->kept.at[i];
	return NULL;
}

static struct api_event event_of(struct arena *arena, enum api_event_kind kind,
				 const struct object *object)
{
	struct str bytes = object_bytes(object, FORMAT_PROTO, arena);

	return (struct api_event){ .kind = kind,
				   .revision = (uint64_t)object->revision,
				   .object = arena_str(arena, bytes) };
}

static void send_events(struct act *act, const struct watcher *watcher, struct arena *arena,
			const struct api_event *events, uint32_t count)
{
	struct api_events body = { arena, watcher->watch, events, count };

	act_cast(act, watcher->who, &api_events_type, &body);
}

struct telling {
	struct stage *stage;
	enum api_event_kind kind;
	const struct object *object;
};

static void tell(struct act *act, void *state, void *arg)
{
	struct telling *telling = arg;

	(void)state;
	for (uint32_t i = 0; i < telling->stage->watchers.len; i++) {
		const struct watcher *watcher = &telling->stage->watchers.at[i];
		struct arena *arena;
		struct api_event *event;

		if (watcher->type != telling->object->type)
			continue;
		arena = arena_new(0);
		event = arena_new_of(arena, struct api_event);
		*event = event_of(arena, telling->kind, telling->object);
		send_events(act, watcher, arena, event, 1);
	}
}

/* From the test's side, outside of any activation; within one, tell is called directly. */
static void tell_from_outside(struct stage *stage, struct telling *telling)
{
	if (!act_ref_is_nil(stage->self))
		CHECK(act_host_enter(act_sim_host_of(stage->sim, 1, 1), stage->self, tell, telling));
}

static void stamp(struct stage *stage, struct object *object)
{
	struct meta_object_meta *meta = object_meta(object);
	struct arena *arena = object_arena(object);

	stage->revision++;
	meta->resource_version = arena_printf(arena, "%ju", (uintmax_t)stage->revision);
	if (meta->uid.len == 0)
		meta->uid = arena_printf(arena, "uid-%ju", (uintmax_t)stage->revision);
	object_freeze(object, (int64_t)stage->revision);
}

/* Takes the object. */
static struct telling store(struct stage *stage, struct object *object)
{
	struct kept *kept = find(stage, object->type, object_namespace(object), object_name(object));
	enum api_event_kind kind = kept ? API_MODIFIED : API_ADDED;

	if (kept != NULL && object_meta(object)->uid.len == 0)
		object_meta(object)->uid = arena_str(object_arena(object), object_uid(kept->object));
	stamp(stage, object);
	if (kept != NULL) {
		object_unref(kept->object);
		kept->object = object;
	} else {
		vec_push(&stage->kept, (struct kept){ object->type, object });
	}
	return (struct telling){ stage, kind, object };
}

void stage_put(struct stage *stage, const struct type *type, const char *json, ...)
{
	struct object *object;
	struct fault why = { 0 };
	struct telling telling;
	va_list args;
	struct str text;

	va_start(args, json);
	text = arena_vprintf(test_arena(), json, args);
	va_end(args);
	if (object_decode(type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	record_default(type, object->record, object_arena(object), (struct wall){ TIME_S });
	record_fill(type, object->record, object_arena(object));
	telling = store(stage, object);
	tell_from_outside(stage, &telling);
}

static struct telling take_out(struct stage *stage, struct kept *kept)
{
	struct object *last = object_edit(kept->object);

	object_unref(kept->object);
	*kept = vec_pop(&stage->kept);
	stamp(stage, last);
	return (struct telling){ stage, API_DELETED, last };
}

void stage_delete(struct stage *stage, const struct type *type, const char *namespace,
		  const char *name)
{
	struct kept *kept = find(stage, type, str_from(namespace), str_from(name));
	struct telling telling;

	CHECK(kept != NULL);
	telling = take_out(stage, kept);
	tell_from_outside(stage, &telling);
	object_unref(telling.object);
}

const void *stage_get(struct stage *stage, const struct type *type, const char *namespace,
		      const char *name)
{
	struct kept *kept = find(stage, type, str_from(namespace), str_from(name));

	return kept ? kept->object->record : NULL;
}

/* ---- the server ------------------------------------------------------------------------------------------ */

static void answer(struct act *act, struct act_ticket ticket, int32_t code)
{
	struct api_answer body = { .arena = arena_new(0), .code = code };
	struct failure *failure = failure_plain(body.arena, code, STR("said so"));
	struct text out = text_in(body.arena, 4 * KIB);

	failure->reason = code == 409 ? STR("Conflict") : code == 404 ? STR("NotFound") : STR("");
	failure_encode(failure, FORMAT_PROTO, &out);
	body.content_type = API_TYPE_PROTOBUF;
	body.body = text_str(&out);
	if (act_answer(act, ticket, &api_answer_type, &body) != OK)
		arena_free(body.arena);
}

static const struct type *type_of_path(struct str path)
{
	static const struct type *const types[] = { &core_pod_type, &core_node_type,
						    &core_namespace_type,
						    &core_persistent_volume_claim_type,
						    &core_persistent_volume_type };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct str root = request_path(test_arena(), types[i], STR_NONE, STR_NONE, NULL);

		if (str_starts(path, root) && (path.len == root.len || path.at[root.len] == '?'))
			return types[i];
	}
	return NULL;
}

static const struct type *any_type_of_path(struct str path)
{
	const struct type *type = type_of_path(path);
	uint32_t count;
	const struct type *all = type_all(&count);

	for (uint32_t i = 0; type == NULL && i < count; i++)
		if (type_resource(&all[i]).len > 0 && (all[i].flags & TYPE_LIST) == 0) {
			struct str root =
			    request_path(test_arena(), &all[i], STR_NONE, STR_NONE, NULL);

			if (str_starts(path, root) &&
			    (path.len == root.len || path.at[root.len] == '?'))
				return &all[i];
		}
	return type;
}

static void begin_watch(struct stage *stage, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct watcher watcher = { msg->from, call->watch, any_type_of_path(call->path) };
	struct arena *arena = arena_new(0);
	struct api_event *events = arena_array(arena, struct api_event, stage->kept.len + 1);
	uint32_t count = 0;

	CHECK(watcher.type != NULL);
	answer(act, act_ticket(msg), 200);
	for (uint32_t i = 0; i < stage->kept.len; i++)
		if (stage->kept.at[i].type == watcher.type)
			events[count++] = event_of(arena, API_ADDED, stage->kept.at[i].object);
	events[count++] = (struct api_event){ .kind = API_BOOKMARK,
					      .revision = ++stage->revision,
					      .is_initial_end = true,
					      .object = STR("") };
	vec_push(&stage->watchers, watcher);
	send_events(act, &watcher, arena, events, count);
}

/* "/api/v1/namespaces/default/pods/x/binding" is {"default", "x", "binding"}. */
struct place {
	struct str namespace, name, subresource;
};

static struct place place_of(struct str path)
{
	struct place place = { 0 };
	struct str rest = path;

	for (int i = 0; i < 4; i++)
		(void)str_cut(&rest, '/');
	place.namespace = str_cut(&rest, '/');
	(void)str_cut(&rest, '/');
	place.name = str_cut(&rest, '/');
	place.subresource = rest;
	return place;
}

static int32_t bind(struct stage *stage, struct act *act, const struct place *place, struct str body)
{
	struct kept *kept = find(stage, &core_pod_type, place->namespace, place->name);
	struct object *binding, *next;
	struct core_pod *pod;
	struct telling telling;
	int32_t code = 201;

	if (kept == NULL)
		return 404;
	CHECK_STATUS(object_decode(&core_binding_type, FORMAT_PROTO, body, &binding, NULL), OK);
	pod = kept->object->record;
	if (pod->spec->node_name.len > 0 ||
	    !str_eq(((struct core_binding *)binding->record)->metadata->uid, pod->metadata->uid)) {
		code = 409;
	} else {
		next = object_edit(kept->object);
		pod = next->record;
		pod->spec->node_name = arena_str(
		    object_arena(next), ((struct core_binding *)binding->record)->target->name);
		telling = store(stage, next);
		tell(act, NULL, &telling);
	}
	object_unref(binding);
	return code;
}

static int32_t patch(struct stage *stage, struct act *act, const struct place *place,
		     struct str body)
{
	struct kept *kept = find(stage, &core_pod_type, place->namespace, place->name);
	struct object *next;
	struct fault why = { 0 };
	struct telling telling;

	if (kept == NULL)
		return 404;
	next = object_edit(kept->object);
	if (patch_apply(PATCH_STRATEGIC, &core_pod_type, next->record, body, object_arena(next),
			NULL, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(body));
	telling = store(stage, next);
	tell(act, NULL, &telling);
	return 200;
}

/* A merge patch of a claim or volume; resourceVersion in it must be the one we have. */
static int32_t merge(struct stage *stage, struct act *act, const struct api_call *call)
{
	bool is_claim = str_find(call->path, STR("/persistentvolumeclaims/")) >= 0;
	int64_t slash = str_find_last(call->path, '/');
	struct kept *kept =
	    find(stage, is_claim ? &core_persistent_volume_claim_type : &core_persistent_volume_type,
		 is_claim ? STR("default") : STR(""),
		 str_slice(call->path, (uint32_t)slash + 1, call->path.len));
	struct object *next;
	struct telling telling;

	if (kept == NULL)
		return 404;
	next = object_edit(kept->object);
	CHECK_STATUS(patch_apply(PATCH_MERGE, next->type, next->record, call->body,
				 object_arena(next), NULL, NULL),
		     OK);
	if (!str_eq(object_meta(next)->resource_version,
		    object_meta(kept->object)->resource_version)) {
		object_unref(next);
		return 409;
	}
	telling = store(stage, next);
	tell(act, NULL, &telling);
	return 200;
}

static int32_t delete (struct stage *stage, struct act *act, const struct place *place)
{
	struct kept *kept = find(stage, &core_pod_type, place->namespace, place->name);
	struct telling telling;

	if (kept == NULL)
		return 404;
	telling = take_out(stage, kept);
	tell(act, NULL, &telling);
	object_unref(telling.object);
	return 200;
}

static int32_t note_event(struct stage *stage, struct str body)
{
	struct object *object;
	const struct core_event *event;

	CHECK_STATUS(object_decode(&core_event_type, FORMAT_PROTO, body, &object, NULL), OK);
	event = object->record;
	vec_push(&stage->events, (struct written_event){ arena_str(test_arena(), event->reason),
							 arena_str(test_arena(), event->message) });
	object_unref(object);
	return 201;
}

static int32_t perform(struct stage *stage, struct act *act, const struct api_call *call)
{
	struct place place = place_of(call->path);

	if (str_find(call->path, STR("/events")) >= 0)
		return str_is(call->method, "POST") ? note_event(stage, call->body) : 200;
	if (call->term != TERM)
		stage->counts.wrong_terms++;
	if (stage->refused_count > 0 && str_ends(call->path, str_from(stage->refused_end))) {
		stage->refused_count--;
		return stage->refused_code;
	}
	if (str_find(call->path, STR("/persistentvolume")) >= 0)
		return merge(stage, act, call);
	if (str_is(place.subresource, "binding"))
		return bind(stage, act, &place, call->body);
	if (str_is(place.subresource, "status"))
		return patch(stage, act, &place, call->body);
	if (str_is(call->method, "DELETE"))
		return delete (stage, act, &place);
	return 405;
}

static void count_call(struct stage *stage, const struct api_call *call)
{
	stage->counts.bindings += str_ends(call->path, STR("/binding"));
	stage->counts.patches += str_ends(call->path, STR("/status"));
	stage->counts.deletes += str_is(call->method, "DELETE");
}

static void called(struct stage *stage, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct held held = { .ticket = act_ticket(msg) };

	count_call(stage, call);
	if (!stage->is_holding || str_find(call->path, STR("/events")) >= 0) {
		answer(act, act_ticket(msg), perform(stage, act, call));
		return;
	}
	held.call.term = call->term;
	held.call.method = arena_str(test_arena(), call->method);
	held.call.path = arena_str(test_arena(), call->path);
	held.call.body = arena_str(test_arena(), call->body);
	vec_push(&stage->held, held);
	stage->counts.waiting++;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct stage *stage = *(struct stage **)state;

	if (ACT_IS(msg, api_call) && ACT_AS(msg, api_call)->watch != 0)
		begin_watch(stage, act, msg);
	else if (ACT_IS(msg, api_call))
		called(stage, act, msg);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct stage *stage = (struct stage *)(uintptr_t)args;

	*(struct stage **)state = stage;
	stage->self = act_self(act);
	return OK;
}

static const struct act_class pretended_api = {
	.name = "api", .state_size = sizeof(struct stage *), .init = init, .receive = receive
};

/* ---- the stage -------------------------------------------------------------------------------------------- */

struct stage *stage_open(uint64_t seed)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);

	stage->sim = act_sim_new(seed);
	stage->caches =
	    (struct caches_args){ .api = "api", .user = "system:kube-controller-manager" };
	stage->scheduler = (struct scheduler_args){ "api", TERM, NULL };
	stage->children[0] =
	    (struct act_child){ .id = "api", .class = &pretended_api, .args = stage };
	stage->children[1] =
	    (struct act_child){ .id = "caches", .class = &caches_class, .args = &stage->caches };
	stage->children[2] = (struct act_child){ .id = "scheduler",
						 .class = &scheduler_class,
						 .args = &stage->scheduler };
	stage->root = (struct act_supervisor){ .children = stage->children,
					       .child_count = 3,
					       .max_restarts = 1000,
					       .within_ms = 10000 };
	CHECK_STATUS(act_sim_host(stage->sim, 1,
				  &(struct act_host_config){
				      .name = "control", .host = 1, .root = &stage->root }),
		     OK);
	return stage;
}

void stage_close(struct stage *stage)
{
	act_sim_free(stage->sim);
	for (uint32_t i = 0; i < stage->kept.len; i++)
		object_unref(stage->kept.at[i].object);
	vec_fini(&stage->kept);
	vec_fini(&stage->watchers);
	vec_fini(&stage->held);
	vec_fini(&stage->events);
}

void stage_run(struct stage *stage, uint64_t ms)
{
	act_sim_run_for(stage->sim, ms, NULL, NULL);
}

void stage_node(struct stage *stage, const char *name, const char *cpu, const char *memory)
{
	stage_put(stage, &core_node_type,
		  "{\"metadata\":{\"name\":\"%s\"},\"status\":{\"allocatable\":{\"cpu\":\"%s\","
		  "\"memory\":\"%s\",\"pods\":\"110\"}}}",
		  name, cpu, memory);
}

void stage_pod(struct stage *stage, const char *name, const char *cpu, const char *memory)
{
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},\"spec\":{"
		  "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{\"requests\":{"
		  "\"cpu\":\"%s\",\"memory\":\"%s\"}}}]}}",
		  name, cpu, memory);
}

struct str stage_node_of(struct stage *stage, const char *pod)
{
	const struct core_pod *record = stage_get(stage, &core_pod_type, "default", pod);

	return record ? record->spec->node_name : STR("(gone)");
}

const struct core_pod_condition *stage_condition(struct stage *stage, const char *pod)
{
	const struct core_pod *record = stage_get(stage, &core_pod_type, "default", pod);

	for (uint32_t i = 0; record != NULL && i < record->status->conditions.len; i++)
		if (str_is(record->status->conditions.at[i].type, "PodScheduled"))
			return &record->status->conditions.at[i];
	return NULL;
}

void stage_refuse(struct stage *stage, const char *path_end, int32_t code, uint32_t count)
{
	stage->refused_end = path_end;
	stage->refused_code = code;
	stage->refused_count = count;
}

static void let_go(struct act *act, void *state, void *arg)
{
	struct stage *stage = arg;

	(void)state;
	for (uint32_t i = 0; i < stage->held.len; i++)
		answer(act, stage->held.at[i].ticket, perform(stage, act, &stage->held.at[i].call));
	vec_clear(&stage->held);
	stage->counts.waiting = 0;
}

void stage_hold(struct stage *stage, bool is_holding)
{
	stage->is_holding = is_holding;
	if (!is_holding)
		CHECK(act_host_enter(act_sim_host_of(stage->sim, 1, 1), stage->self, let_go, stage));
}

static void kill_named(struct act *act, void *state, void *arg)
{
	struct stage *stage = *(struct stage **)state;

	act_kill(act, act_whereis(act, arg));
	if (strcmp(arg, "caches") == 0)
		vec_clear(&stage->watchers);
}

void stage_kill(struct stage *stage, const char *name)
{
	CHECK(act_host_enter(act_sim_host_of(stage->sim, 1, 1), stage->self, kill_named,
			     (void *)(uintptr_t)name));
}

struct stage_counts stage_counts(const struct stage *stage)
{
	return stage->counts;
}

uint32_t stage_events(const struct stage *stage, const char *reason, const char *message)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < stage->events.len; i++)
		if (str_is(stage->events.at[i].reason, reason) &&
		    (message == NULL || str_is(stage->events.at[i].message, message)))
			count++;
	return count;
}

#include "tests/unit/actors/node/api-fake.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/failure.h"
#include "datastore/object/record.h"
#include "datastore/schema/coordination.h"
#include "tests/lib/test.h"

struct fake_due {
	struct act_ticket ticket;
	struct api_answer answer;
};
static const ACT_TYPE(fake_due, .id = 0);

struct fake_stray {
	uint64_t watch;
};
static const ACT_TYPE(fake_stray, .id = 0);

struct state {
	struct api_fake *fake;
};

/* ---- objects ------------------------------------------------------------------------------------------------------ */

static uint32_t place_of(const struct api_fake *fake, const struct type *type, struct str name)
{
	for (uint32_t i = 0; i < fake->len; i++)
		if (fake->objects[i]->type == type && str_eq(object_name(fake->objects[i]), name))
			return i;
	return UINT32_MAX;
}

static bool is_watched(const struct api_fake_watch *watch, const struct object *object)
{
	struct str rest = str_from(watch->selector), key = str_cut(&rest, '=');

	if (watch->type != object->type)
		return false;
	if (str_is(key, "metadata.name"))
		return str_eq(rest, object_name(object));
	if (str_is(key, "spec.nodeName"))
		return str_eq(rest, ((const struct core_pod *)object->record)->spec->node_name);
	return true;
}

static void send_event(struct act *act, const struct api_fake_watch *watch,
		       enum api_event_kind kind, const struct object *object, bool is_end)
{
	struct api_events events = { .arena = arena_new(0), .watch = watch->number, .count = 1 };
	struct api_event *event = arena_new_of(events.arena, struct api_event);

	event->kind = kind;
	event->is_initial_end = is_end;
	event->revision = (uint64_t)object->revision;
	event->object = object_bytes(object, FORMAT_PROTO, events.arena);
	events.events = event;
	act_cast(act, watch->who, &api_events_type, &events);
}

static void tell_watchers(struct api_fake *fake, struct act *act, enum api_event_kind kind,
			  const struct object *object)
{
	for (uint32_t i = 0; i < fake->watch_count; i++)
		if (is_watched(&fake->watches[i], object))
			send_event(act, &fake->watches[i], kind, object, false);
}

static void stamp(struct api_fake *fake, struct object *object)
{
	struct meta_object_meta *meta = object_meta(object);

	fake->revision++;
	meta->resource_version =
	    arena_printf(object_arena(object), "%ju", (uintmax_t)fake->revision);
	if (meta->uid.len == 0)
		meta->uid = arena_printf(object_arena(object), "uid-%ju", (uintmax_t)fake->revision);
	object_freeze(object, (int64_t)fake->revision);
}

static void store(struct api_fake *fake, struct act *act, struct object *object)
{
	uint32_t at = place_of(fake, object->type, object_name(object));

	stamp(fake, object);
	if (at == UINT32_MAX) {
		assert(fake->len < API_FAKE_OBJECTS);
		fake->objects[fake->len++] = object;
		tell_watchers(fake, act, API_ADDED, object);
		return;
	}
	object_unref(fake->objects[at]);
	fake->objects[at] = object;
	tell_watchers(fake, act, API_MODIFIED, object);
}

static void drop(struct api_fake *fake, struct act *act, uint32_t at)
{
	struct object *last = object_edit(fake->objects[at]);

	stamp(fake, last);
	object_unref(fake->objects[at]);
	fake->objects[at] = fake->objects[--fake->len];
	tell_watchers(fake, act, API_DELETED, last);
	object_unref(last);
}

/* ---- requests --------------------------------------------------------------------------------------------------------- */

struct asked {
	const struct type *type;
	struct str name, subresource, selector;
	bool is_pod_write;
};

/* "/api/v1/namespaces/a/pods/b/status?..." */
static struct asked parse(const struct api_call *call)
{
	struct asked asked = { .type = NULL };
	struct str query = call->path, path = str_cut(&query, '?');
	int64_t at = str_find(path, STR("/v1/"));
	struct str rest = str_slice(path, (uint32_t)at + 4, path.len),
		   resource = str_cut(&rest, '/');

	if (str_is(resource, "namespaces")) {
		str_cut(&rest, '/');
		resource = str_cut(&rest, '/');
	}
	asked.type = str_is(resource, "nodes")    ? &core_node_type
		     : str_is(resource, "pods")   ? &core_pod_type
		     : str_is(resource, "leases") ? &coordination_lease_type
						  : &core_event_type;
	if (rest.at != NULL)
		asked.name = str_cut(&rest, '/');
	asked.subresource = rest;
	at = str_find(query, STR("fieldSelector="));
	if (at >= 0)
		asked.selector =
		    str_slice(query, (uint32_t)at + sizeof "fieldSelector=" - 1, query.len);
	return asked;
}

static void answer(struct api_fake *fake, struct act *act, struct act_ticket ticket,
		   struct api_answer *answer, bool is_write)
{
	if (is_write && fake->delay_ms > 0) {
		fake->under_way++;
		if (fake->under_way > fake->most_under_way)
			fake->most_under_way = fake->under_way;
		act_after(act, fake->delay_ms, &fake_due_type,
			  &(struct fake_due){ ticket, *answer });
		return;
	}
	if (act_answer(act, ticket, &api_answer_type, answer) != OK)
		arena_free(answer->arena);
}

static struct api_answer with_object(const struct object *object, int32_t code)
{
	struct api_answer made = { .arena = arena_new(0), .code = code };

	made.content_type = API_TYPE_PROTOBUF;
	made.body = object_bytes(object, FORMAT_PROTO, made.arena);
	return made;
}

static struct api_answer with_failure(int32_t code, const char *reason)
{
	struct api_answer made = { .arena = arena_new(0), .code = code };
	struct text body = text_in(made.arena, 4 * KIB);

	text_printf(&body,
		    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
		    "\"reason\":\"%s\",\"code\":%d}",
		    reason, code);
	made.content_type = API_TYPE_JSON;
	made.body = text_str(&body);
	return made;
}

static void watch(struct api_fake *fake, struct act *act, const struct act_msg *msg,
		  const struct asked *asked)
{
	const struct api_call *call = msg->body;
	struct api_fake_watch *made = &fake->watches[fake->watch_count++];
	struct api_answer fine = { .code = 200 };
	struct object *bookmark = object_new(asked->type);

	assert(fake->watch_count <= API_FAKE_WATCHES);
	*made =
	    (struct api_fake_watch){ .who = msg->from, .number = call->watch, .type = asked->type };
	snprintf(made->selector, sizeof made->selector, STR_FMT, STR_ARG(asked->selector));
	/* url_encode has made '=' into %3D. */
	char *escaped = strstr(made->selector, "%3D");
	if (escaped != NULL) {
		*escaped = '=';
		memmove(escaped + 1, escaped + 3, strlen(escaped + 3) + 1);
	}
	answer(fake, act, act_ticket(msg), &fine, false);
	for (uint32_t i = 0; i < fake->len; i++)
		if (is_watched(made, fake->objects[i]))
			send_event(act, made, API_ADDED, fake->objects[i], false);
	object_meta(bookmark);
	object_freeze(bookmark, (int64_t)fake->revision);
	send_event(act, made, API_BOOKMARK, bookmark, true);
	object_unref(bookmark);
}

static void count(struct api_fake *fake, const struct asked *asked, const struct api_call *call)
{
	bool is_create = str_is(call->method, "POST");

	if (asked->type == &core_node_type)
		fake->node_writes++;
	else if (asked->type == &core_event_type)
		fake->events++;
	else if (asked->type == &coordination_lease_type && is_create)
		fake->lease_creates++;
	else if (asked->type == &coordination_lease_type)
		fake->lease_renewals++;
	else if (str_is(call->method, "DELETE"))
		fake->deletes++;
	else
		fake->status_writes++;
}

static struct api_answer create(struct api_fake *fake, struct act *act, const struct asked *asked,
				struct object *object)
{
	if (asked->type == &core_event_type) {
		const struct core_event *event = object->record;
		struct str name = object_name(object);
		struct str number =
		    str_slice(name, (uint32_t)str_find_last(name, '.') + 1, name.len);

		if (str_cmp(number, str_from(fake->last_event_number)) <= 0)
			fake->has_disordered_events = true;
		snprintf(fake->last_event_number, sizeof fake->last_event_number, STR_FMT,
			 STR_ARG(number));
		snprintf(fake->last_event, sizeof fake->last_event, STR_FMT ": " STR_FMT,
			 STR_ARG(event->reason), STR_ARG(event->message));
		stamp(fake, object);
		object_unref(object);
		return with_failure(500, "InternalError"); /* nobody looks at it */
	}
	if (place_of(fake, asked->type, object_name(object)) != UINT32_MAX) {
		stamp(fake, object);
		object_unref(object);
		return with_failure(409, "AlreadyExists");
	}
	store(fake, act, object);
	return with_object(object, 201);
}

/* A status replaces the status only; anything else replaces all but the status. */
static struct object *merged(const struct object *had, const struct object *sent,
			     const struct asked *asked)
{
	bool is_status = str_is(asked->subresource, "status");
	struct object *made = object_edit(is_status ? had : sent);
	const struct object *status_of = is_status ? sent : had;
	const struct field *field = type_field(asked->type, STR("status"));

	if (field != NULL)
		record_clone_field(field, status_of->record, made->record, object_arena(made));
	return made;
}

static struct api_answer update(struct api_fake *fake, struct act *act, const struct asked *asked,
				struct object *sent)
{
	uint32_t at = place_of(fake, asked->type, asked->name);
	struct str version = object_meta(sent)->resource_version;
	struct object *made;

	object_freeze(sent, 0);
	if (at == UINT32_MAX) {
		object_unref(sent);
		return with_failure(404, "NotFound");
	}
	if (!str_eq(version, object_meta(fake->objects[at])->resource_version)) {
		fake->conflicts++;
		object_unref(sent);
		return with_failure(409, "Conflict");
	}
	made = merged(fake->objects[at], sent, asked);
	object_unref(sent);
	store(fake, act, made);
	return with_object(made, 200);
}

static struct api_answer patch_lease(struct api_fake *fake, struct act *act,
				     const struct asked *asked)
{
	uint32_t at = place_of(fake, asked->type, asked->name);
	struct object *made;

	if (at == UINT32_MAX)
		return with_failure(404, "NotFound");
	made = object_edit(fake->objects[at]);
	store(fake, act, made);
	return with_object(made, 200);
}

static struct api_answer delete (struct api_fake *fake, struct act *act, const struct asked *asked,
				 const struct api_call *call)
{
	uint32_t at = place_of(fake, asked->type, asked->name);

	if (at == UINT32_MAX)
		return with_failure(404, "NotFound");
	if (str_find(call->body, object_uid(fake->objects[at])) < 0) {
		fake->conflicts++;
		return with_failure(409, "Conflict");
	}
	drop(fake, act, at);
	return (struct api_answer){ .code = 200 };
}

static struct api_answer write(struct api_fake *fake, struct act *act, const struct asked *asked,
			       const struct api_call *call)
{
	struct object *object;

	if (asked->type == &core_pod_type && fake->fail_writes > 0) {
		fake->fail_writes--;
		return with_failure(fake->fail_code,
				    fake->fail_code == 409 ? "Conflict" : "ServiceUnavailable");
	}
	if (str_is(call->method, "DELETE"))
		return delete (fake, act, asked, call);
	if (str_is(call->method, "PATCH") && asked->type == &coordination_lease_type)
		return patch_lease(fake, act, asked);
	if (str_is(call->method, "PATCH"))
		return with_failure(404, "NotFound");
	if (object_decode(asked->type, FORMAT_PROTO, call->body, &object, NULL) != OK)
		return with_failure(400, "BadRequest");
	return str_is(call->method, "POST") ? create(fake, act, asked, object)
					    : update(fake, act, asked, object);
}

static void call_came(struct api_fake *fake, struct act *act, const struct act_msg *msg)
{
	const struct api_call *call = msg->body;
	struct asked asked = parse(call);
	struct api_answer made;

	if (fake->is_silent)
		return;
	snprintf(fake->groups, sizeof fake->groups, STR_FMT,
		 STR_ARG(call->group_count > 0 ? call->groups[0] : STR("")));
	if (call->watch != 0) {
		watch(fake, act, msg, &asked);
		return;
	}
	count(fake, &asked, call);
	made = write(fake, act, &asked, call);
	answer(fake, act, act_ticket(msg), &made, asked.type == &core_pod_type);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct api_fake *fake = ((struct state *)state)->fake;

	if (ACT_IS(msg, api_call)) {
		call_came(fake, act, msg);
	} else if (ACT_IS(msg, api_cancel)) {
		fake->cancels++;
	} else if (ACT_IS(msg, fake_stray)) {
		send_event(act,
			   &(struct api_fake_watch){ .who = act_whereis(act, "agent"),
						     .number = ACT_AS(msg, fake_stray)->watch },
			   API_ADDED, fake->objects[0], false);
	} else if (ACT_IS(msg, fake_due)) {
		struct fake_due *due = msg->body;

		fake->under_way--;
		if (act_answer(act, due->ticket, &api_answer_type, &due->answer) != OK)
			arena_free(due->answer.arena);
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct state *)state)->fake = (struct api_fake *)(uintptr_t)args;
	return OK;
}

const struct act_class api_fake_class = {
	.name = "api-fake", .state_size = sizeof(struct state), .init = init, .receive = receive
};

/* ---- the lab --------------------------------------------------------------------------------------------------------- */

void api_lab_open_with(struct api_lab *lab, const struct act_child *children, uint32_t count)
{
	assert(count < API_LAB_CHILDREN);
	lab->sim = act_sim_new(7);
	lab->children[0] =
	    (struct act_child){ .id = "api", .class = &api_fake_class, .args = &lab->fake };
	memcpy(lab->children + 1, children, count * sizeof *children);
	lab->root = (struct act_supervisor){ .max_restarts = 1000,
					     .within_ms = 1000,
					     .children = lab->children,
					     .child_count = count + 1 };
	lab->config = (struct act_host_config){
		.name = "lab", .root = &lab->root, .types = api_types, .type_count = api_type_count
	};
	CHECK_STATUS(act_sim_host(lab->sim, 1, &lab->config), OK);
}

void api_lab_open(struct api_lab *lab, const struct act_class *class, const void *args)
{
	const struct act_child child = { .id = "agent", .class = class, .args = args };

	api_lab_open_with(lab, &child, 1);
}

void api_lab_close(struct api_lab *lab)
{
	act_sim_free(lab->sim);
	for (uint32_t i = 0; i < lab->fake.len; i++)
		object_unref(lab->fake.objects[i]);
}

void api_lab_run(struct api_lab *lab, uint64_t ms)
{
	act_sim_run_for(lab->sim, ms, NULL, NULL);
}

struct deed {
	struct api_lab *lab;
	const struct type *type;
	const char *text;
	int64_t grace_s;
	void (*run)(struct act *act, const struct deed *deed);
	struct object *object;
	const struct act_class *class;
	const void *args;
};

static void enter(struct act *act, void *state, void *arg)
{
	const struct deed *deed = arg;

	(void)state;
	deed->run(act, deed);
}

static void do_deed(struct deed deed)
{
	struct act_host *host = act_sim_host_of(deed.lab->sim, 1, deed.lab->config.host);

	CHECK(act_host_enter(host, act_host_root(host), enter, &deed));
}

static void spawn(struct act *act, const struct deed *deed)
{
	CHECK_STATUS(act_spawn(act, deed->class, deed->args, NULL, NULL), OK);
}

void api_lab_spawn(struct api_lab *lab, const struct act_class *class, const void *args)
{
	do_deed((struct deed){ .lab = lab, .run = spawn, .class = class, .args = args });
}

static void stray(struct act *act, const struct deed *deed)
{
	CHECK_STATUS(
	    act_tell(act, act_whereis(act, "api"), fake_stray, .watch = (uint64_t)deed->grace_s),
	    OK);
}

void api_lab_stray(struct api_lab *lab, uint64_t watch)
{
	do_deed((struct deed){ .lab = lab, .run = stray, .grace_s = (int64_t)watch });
}

/* Its watches end with it. */
static void kill(struct act *act, const struct deed *deed)
{
	struct api_fake *fake = &deed->lab->fake;
	struct act_ref agent = act_whereis(act, "agent");

	for (uint32_t i = fake->watch_count; i-- > 0;)
		if (act_ref_eq(fake->watches[i].who, agent))
			fake->watches[i] = fake->watches[--fake->watch_count];
	act_kill(act, agent);
}

void api_lab_kill(struct api_lab *lab)
{
	do_deed((struct deed){ .lab = lab, .run = kill });
}

static void put(struct act *act, const struct deed *deed)
{
	struct object *object;
	struct fault why = { 0 };

	if (object_decode(deed->type, FORMAT_JSON, str_from(deed->text), &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why.field, why.text);
	record_default(deed->type, object->record, object_arena(object), act_wall(act));
	if (!object_meta(object)->has.generation)
		SET(object_meta(object), generation, 1);
	store(&deed->lab->fake, act, object);
}

void api_lab_put(struct api_lab *lab, const struct type *type, const char *json)
{
	do_deed((struct deed){ .lab = lab, .type = type, .text = json, .run = put });
}

static void delete_pod(struct act *act, const struct deed *deed)
{
	struct api_fake *fake = &deed->lab->fake;
	uint32_t at = place_of(fake, &core_pod_type, str_from(deed->text));
	struct object *made;

	CHECK(at != UINT32_MAX);
	made = object_edit(fake->objects[at]);
	SET(object_meta(made), deletion_timestamp, act_wall(act));
	SET(object_meta(made), deletion_grace_period_seconds, deed->grace_s);
	store(fake, act, made);
}

void api_lab_delete(struct api_lab *lab, const char *name, int64_t grace_s)
{
	do_deed((struct deed){ .lab = lab, .text = name, .grace_s = grace_s, .run = delete_pod });
}

static void remove_one(struct act *act, const struct deed *deed)
{
	struct api_fake *fake = &deed->lab->fake;
	uint32_t at = place_of(fake, deed->type, str_from(deed->text));

	CHECK(at != UINT32_MAX);
	drop(fake, act, at);
}

void api_lab_remove(struct api_lab *lab, const char *name)
{
	do_deed(
	    (struct deed){ .lab = lab, .type = &core_pod_type, .text = name, .run = remove_one });
}

void api_lab_remove_node(struct api_lab *lab, const char *name)
{
	do_deed(
	    (struct deed){ .lab = lab, .type = &core_node_type, .text = name, .run = remove_one });
}

static void store_made(struct act *act, const struct deed *deed)
{
	store(&deed->lab->fake, act, deed->object);
}

void api_lab_store(struct api_lab *lab, struct object *object)
{
	do_deed((struct deed){ .lab = lab, .run = store_made, .object = object });
}

const struct object *api_lab_get(const struct api_lab *lab, const struct type *type,
				 const char *name)
{
	uint32_t at = place_of(&lab->fake, type, str_from(name));

	return at == UINT32_MAX ? NULL : lab->fake.objects[at];
}

const struct core_pod *api_lab_pod(const struct api_lab *lab, const char *name)
{
	const struct object *object = api_lab_get(lab, &core_pod_type, name);

	return object != NULL ? object->record : NULL;
}

const struct core_node *api_lab_node(const struct api_lab *lab, const char *name)
{
	const struct object *object = api_lab_get(lab, &core_node_type, name);

	return object != NULL ? object->record : NULL;
}

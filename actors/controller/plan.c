#include "actors/controller/plan.h"

#include <stdarg.h>

#include "actors/controller/plan-private.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "datastore/schema/authorization.h"

void plan_init(struct plan *plan, struct arena *arena)
{
	*plan = (struct plan){ .arena = arena, .again_ms = -1 };
}

struct arena *plan_arena(struct plan *plan)
{
	return plan->arena;
}

void *plan_copy_(struct plan *plan, const struct type *type, const void *record)
{
	return record_clone(type, record, plan->arena);
}

/* A write past the limit is forgotten here and asked for again by the next call: is_cut makes that happen. */
static struct plan_write *add(struct plan *plan, enum plan_verb verb)
{
	if (plan->write_count == PLAN_WRITES_MAX) {
		plan->is_cut = true;
		return NULL;
	}
	if (plan->write_count == plan->write_cap) {
		uint32_t cap = plan->write_cap ? plan->write_cap * 2 : 4;

		plan->writes =
		    arena_grow(plan->arena, plan->writes, plan->write_cap * sizeof *plan->writes,
			       cap * sizeof *plan->writes);
		plan->write_cap = cap;
	}
	plan->writes[plan->write_count] = (struct plan_write){ .verb = verb, .grace_s = -1 };
	return &plan->writes[plan->write_count++];
}

void *plan_new_(struct plan *plan, const struct type *type, struct str namespace, struct str name)
{
	struct plan_write *write = add(plan, PLAN_CREATE);
	void *record = record_new(type, plan->arena);
	struct meta_object_meta *meta;

	record_fill(type, record, plan->arena);
	meta = record_meta(type, record);
	meta->namespace = arena_str(plan->arena, namespace);
	meta->name = arena_str(plan->arena, name);
	if (write != NULL) {
		write->type = type;
		write->record = record;
	}
	return record;
}

static void set_owner(struct plan *plan, struct meta_object_meta *meta,
		      const struct type *owner_type, const struct meta_object_meta *owner)
{
	struct meta_owner_reference *reference =
	    arena_new_of(plan->arena, struct meta_owner_reference);

	reference->api_version = type_api_version(owner_type, plan->arena);
	reference->kind = type_kind(owner_type);
	reference->name = arena_str(plan->arena, owner->name);
	reference->uid = arena_str(plan->arena, owner->uid);
	SET(reference, controller, true);
	SET(reference, block_owner_deletion, true);
	meta->owner_references.at = reference;
	meta->owner_references.len = 1;
}

void *plan_new_child_(struct plan *plan, const struct type *type, const struct type *owner_type,
		      const struct meta_object_meta *owner, struct str name)
{
	void *record = plan_new_(plan, type, owner->namespace, name);
	struct meta_object_meta *meta = record_meta(type, record);

	if (name.len == 0) {
		meta->name = STR_NONE;
		meta->generate_name = arena_printf(plan->arena, STR_FMT "-", STR_ARG(owner->name));
	}
	set_owner(plan, meta, owner_type, owner);
	return record;
}

static bool is_same_place(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void *edit(struct plan *plan, const struct type *type, const void *record,
		  const char *subresource)
{
	struct plan_write *write;

	for (uint32_t i = 0; i < plan->write_count; i++)
		if (plan->writes[i].original == record &&
		    is_same_place(plan->writes[i].subresource, subresource))
			return plan->writes[i].record;
	write = add(plan, PLAN_UPDATE);
	if (write == NULL)
		return record_clone(type, record, plan->arena);
	write->type = type;
	write->record = record_clone(type, record, plan->arena);
	write->original = record;
	write->subresource = subresource;
	return write->record;
}

void *plan_edit_(struct plan *plan, const struct type *type, const void *record)
{
	return edit(plan, type, record, NULL);
}

void *plan_status_(struct plan *plan, const struct type *type, const void *record)
{
	return edit(plan, type, record, "status");
}

void *plan_subresource_(struct plan *plan, const struct type *type, const void *record,
			const char *subresource)
{
	return edit(plan, type, record, subresource);
}

void plan_delete_(struct plan *plan, const struct type *type, const struct meta_object_meta *object,
		  enum plan_delete_how how, int64_t grace_s)
{
	struct plan_write *write = add(plan, PLAN_DELETE);

	if (write == NULL)
		return;
	write->type = type;
	write->namespace = arena_str(plan->arena, object->namespace);
	write->name = arena_str(plan->arena, object->name);
	write->uid = arena_str(plan->arena, object->uid);
	write->how = how;
	write->grace_s = grace_s;
}

void plan_request(struct plan *plan, const char *verb, struct str path, struct str content_type,
		  struct str body)
{
	struct plan_write *write = add(plan, PLAN_REQUEST);

	if (write == NULL)
		return;
	write->method = verb;
	write->path = arena_str(plan->arena, path);
	write->content_type = arena_str(plan->arena, content_type);
	write->body = arena_str(plan->arena, body);
}

void plan_review(struct plan *plan, const struct authorization_subject_access_review_spec *spec)
{
	struct authorization_subject_access_review *review =
	    plan_new(plan, STR(""), STR(""), authorization_subject_access_review);

	review->spec = plan_copy(plan, spec, authorization_subject_access_review_spec);
}

/* What an event says about it: the object itself may be gone when the event is written. */
static const struct meta_object_meta *place_of(struct plan *plan,
					       const struct meta_object_meta *about)
{
	struct meta_object_meta *copy = arena_new_of(plan->arena, struct meta_object_meta);

	copy->namespace = arena_str(plan->arena, about->namespace);
	copy->name = arena_str(plan->arena, about->name);
	copy->uid = arena_str(plan->arena, about->uid);
	copy->resource_version = arena_str(plan->arena, about->resource_version);
	return copy;
}

void plan_event(struct plan *plan, const struct type *type, const struct meta_object_meta *about,
		bool is_warning, const char *reason, const char *format, ...)
{
	va_list args;
	struct plan_event *event;

	if (plan->event_count == PLAN_EVENTS_MAX)
		return;
	if (plan->events == NULL)
		plan->events = arena_array(plan->arena, struct plan_event, PLAN_EVENTS_MAX);
	event = &plan->events[plan->event_count++];
	*event = (struct plan_event){ .type = type,
				      .about = place_of(plan, about),
				      .after = plan->write_count,
				      .is_warning = is_warning,
				      .reason = reason };
	va_start(args, format);
	event->message = arena_vprintf(plan->arena, format, args);
	va_end(args);
}

void plan_ask(struct plan *plan, struct str path, const struct type *type)
{
	struct plan_write *write = plan->ask_count < PLAN_ASKS_MAX ? add(plan, PLAN_ASK) : NULL;

	if (write == NULL)
		return;
	write->path = arena_str(plan->arena, path);
	write->type = type;
	plan->ask_count++;
}

void plan_remember(struct plan *plan, struct str bytes)
{
	assert(bytes.len <= PLAN_MEMORY_MAX);
	plan->memory = bytes;
	plan->has_memory = true;
}

void plan_again(struct plan *plan, int64_t after_ms)
{
	if (plan->again_ms < 0 || after_ms < plan->again_ms)
		plan->again_ms = after_ms;
}

void plan_await(struct plan *plan, const struct type *type, uint64_t revision)
{
	for (uint32_t i = 0; i < plan->await_count; i++)
		if (plan->awaits[i].type == type) {
			if (plan->awaits[i].revision < revision)
				plan->awaits[i].revision = revision;
			return;
		}
	if (plan->awaits == NULL)
		plan->awaits = arena_array(plan->arena, struct plan_await, PLAN_AWAITS_MAX);
	if (plan->await_count < PLAN_AWAITS_MAX)
		plan->awaits[plan->await_count++] = (struct plan_await){ type, revision };
}

bool plan_has_seen(struct plan *plan, const struct world *world, const struct type *type,
		   uint64_t revision)
{
	if (world_revision(world, type) >= revision)
		return true;
	plan_await(plan, type, revision);
	return false;
}

static bool is_among(const struct type *type, const struct type *const *types, uint32_t count)
{
	for (uint32_t i = 0; i < count && types[i] != NULL; i++)
		if (types[i] == type)
			return true;
	return false;
}

static void keep_asks(struct plan *plan)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < plan->write_count; i++)
		if (plan->writes[i].verb == PLAN_ASK)
			plan->writes[kept++] = plan->writes[i];
	plan->write_count = kept;
	plan->event_count = plan->await_count = 0;
	plan->again_ms = -1;
	plan->has_memory = plan->is_cut = false;
}

void plan_settle(struct plan *plan, const struct type *const *patches, uint32_t count)
{
	uint32_t kept = 0;

	if (plan->ask_count > 0) {
		keep_asks(plan);
		return;
	}

	for (uint32_t i = 0, e = 0; i <= plan->write_count; i++) {
		for (; e < plan->event_count && plan->events[e].after <= i; e++)
			plan->events[e].after = kept;
		if (i == plan->write_count)
			break;
		if (plan->writes[i].verb == PLAN_UPDATE &&
		    record_equal(plan->writes[i].type, plan->writes[i].record,
				 plan->writes[i].original))
			continue;
		plan->writes[kept] = plan->writes[i];
		if (plan->writes[i].verb == PLAN_UPDATE &&
		    ((plan->writes[i].type->flags & TYPE_METADATA_ONLY) != 0 ||
		     is_among(plan->writes[i].type, patches, count)))
			plan->writes[kept].before = record_clone(
			    plan->writes[i].type, plan->writes[i].original, plan->arena);
		kept++;
	}
	plan->write_count = kept;
}

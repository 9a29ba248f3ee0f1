#include <stdarg.h>

#include "datastore/object/record.h"
#include "deploy/embed/troupe-private.h"
#include "runtime/base/log.h"

/*
 * A turn: the world and the plan of the framework as a program sees them, by names in place of tables.
 */

struct troupe_turn {
	const struct troupe_bound *bound;
	const struct world *world;
	struct plan *plan;
	struct key key;
	const char *namespace, *name;
	enum status status;
};

enum status troupe_reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct troupe_bound *bound = world_arg(world);
	struct troupe_turn turn = { .bound = bound, .world = world, .plan = plan, .key = key };

	turn.namespace = arena_cstr(world_arena(world), key.namespace);
	turn.name = arena_cstr(world_arena(world), key.name);
	if (bound->kind->reconcile != NULL)
		bound->kind->reconcile(&turn, bound->kind->arg);
	return turn.status;
}

/* ---- the world ------------------------------------------------------------------------------------------- */

const char *troupe_namespace(const struct troupe_turn *turn)
{
	return turn->namespace;
}

const char *troupe_name(const struct troupe_turn *turn)
{
	return turn->name;
}

static struct troupe_object *make(struct troupe_turn *turn, const struct type *type,
				  const void *record, void *wanted)
{
	struct troupe_object *object = arena_new_of(world_arena(turn->world), struct troupe_object);

	*object = (struct troupe_object){ type, record, wanted, world_arena(turn->world) };
	return object;
}

static bool is_among(const struct type *type, const struct type *const *types, uint32_t count)
{
	for (uint32_t i = 0; i < count && types[i] != NULL; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* One that is not cached for this kind would be empty at first and right later: it is a mistake of the program, and said. */
static const struct type *cached(struct troupe_turn *turn, const char *kind)
{
	const struct controller *controller = &turn->bound->controller;
	const struct type *type = troupe_type_named(turn->bound->troupe, kind);

	if (type == controller->reconciles ||
	    is_among(type, controller->owns, CONTROLLER_OWNS_MAX) ||
	    is_among(type, controller->reads, CONTROLLER_READS_MAX))
		return type;
	troupe_failed(turn, "%s is not among what %s owns or reads", kind, controller->name);
	return NULL;
}

const struct troupe_object *troupe_this(struct troupe_turn *turn)
{
	const void *record = world_get_(turn->world, turn->bound->type, turn->key);

	return record ? make(turn, turn->bound->type, record, NULL) : NULL;
}

const struct troupe_object *troupe_get(struct troupe_turn *turn, const char *kind,
				       const char *namespace, const char *name)
{
	const struct type *type = cached(turn, kind);
	struct key key = { str_from(namespace), str_from(name) };
	const void *record = type ? world_get_(turn->world, type, key) : NULL;

	return record ? make(turn, type, record, NULL) : NULL;
}

static uint32_t give(struct troupe_turn *turn, const struct type *type, struct records records,
		     const struct troupe_object *const **out)
{
	const struct troupe_object **all =
	    arena_array(world_arena(turn->world), const struct troupe_object *, records.len + 1);

	for (uint32_t i = 0; i < records.len; i++)
		all[i] = make(turn, type, records.at[i], NULL);
	*out = all;
	return records.len;
}

uint32_t troupe_list(struct troupe_turn *turn, const char *kind, const char *namespace,
		     const struct troupe_object *const **out)
{
	const struct type *type = cached(turn, kind);
	struct records records = { 0 };

	if (type != NULL)
		records = world_list_(turn->world, type, str_from(namespace));
	return give(turn, type, records, out);
}

uint32_t troupe_owned(struct troupe_turn *turn, const struct troupe_object *owner, const char *kind,
		      const struct troupe_object *const **out)
{
	const struct type *type = cached(turn, kind);
	struct records records = { 0 };

	if (type != NULL)
		records = world_owned_(turn->world, type, world_meta(owner->type, owner->record));
	return give(turn, type, records, out);
}

int64_t troupe_now_ms(const struct troupe_turn *turn)
{
	return world_now(turn->world).ns / TIME_MS;
}

/* ---- the plan --------------------------------------------------------------------------------------------- */

struct troupe_object *troupe_edit(struct troupe_turn *turn, const struct troupe_object *object)
{
	void *record = plan_edit_(turn->plan, object->type, object->record);

	return make(turn, object->type, record, record);
}

struct troupe_object *troupe_status(struct troupe_turn *turn, const struct troupe_object *object)
{
	void *record = plan_status_(turn->plan, object->type, object->record);

	return make(turn, object->type, record, record);
}

/* Of a kind that is not there nothing is planned; what the caller sets in it goes nowhere, and the turn fails. */
static const struct type *known(struct troupe_turn *turn, const char *kind)
{
	const struct type *type = troupe_type_named(turn->bound->troupe, kind);

	if (type == NULL)
		troupe_failed(turn, "there is no kind \"%s\" here", kind);
	return type;
}

static struct troupe_object *nothing(struct troupe_turn *turn)
{
	const struct type *type = turn->bound->type;
	void *record = record_new(type, world_arena(turn->world));

	record_fill(type, record, world_arena(turn->world));
	return make(turn, type, record, record);
}

struct troupe_object *troupe_new(struct troupe_turn *turn, const char *kind, const char *namespace,
				 const char *name)
{
	const struct type *type = known(turn, kind);
	void *record;

	if (type == NULL)
		return nothing(turn);
	record = plan_new_(turn->plan, type, str_from(namespace), str_from(name));
	return make(turn, type, record, record);
}

struct troupe_object *troupe_new_child(struct troupe_turn *turn, const char *kind,
				       const struct troupe_object *owner, const char *name)
{
	const struct type *type = known(turn, kind);
	void *record;

	if (type == NULL)
		return nothing(turn);
	record = plan_new_child_(turn->plan, type, owner->type,
				 world_meta(owner->type, owner->record), str_from(name));
	return make(turn, type, record, record);
}

void troupe_delete(struct troupe_turn *turn, const struct troupe_object *object)
{
	plan_delete_(turn->plan, object->type, world_meta(object->type, object->record),
		     PLAN_BACKGROUND, -1);
}

void troupe_event(struct troupe_turn *turn, const struct troupe_object *about, bool is_warning,
		  const char *reason, const char *format, ...)
{
	struct arena *arena = world_arena(turn->world);
	struct str words;
	va_list args;

	va_start(args, format);
	words = arena_vprintf(arena, format, args);
	va_end(args);
	plan_event(turn->plan, about->type, world_meta(about->type, about->record), is_warning,
		   arena_cstr(arena, str_from(reason)), "%s", words.at);
}

void troupe_again(struct troupe_turn *turn, int64_t after_ms)
{
	plan_again(turn->plan, after_ms);
}

void troupe_failed(struct troupe_turn *turn, const char *format, ...)
{
	struct str words;
	va_list args;

	va_start(args, format);
	words = arena_vprintf(world_arena(turn->world), format, args);
	va_end(args);
	turn->status = INTERNAL;
	log_warn("troupe", "a turn failed", LOG_CSTR("kind", turn->bound->controller.name),
		 LOG_CSTR("namespace", turn->namespace), LOG_CSTR("name", turn->name),
		 LOG_STR("why", words));
}

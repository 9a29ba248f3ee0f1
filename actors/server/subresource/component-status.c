#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

/*
 * componentstatuses: how the parts of the control plane are, for `kubectl get cs`. Nothing is kept: the store stands for etcd-0,
 * the configuration's own checks follow by their names.
 */

static const struct object *status_of(struct request *r, const char *name, bool is_well)
{
	struct object *object = object_new(&core_component_status_type);
	struct arena *arena = object_arena(object);
	struct core_component_status *status = object->record;
	struct core_component_condition *condition =
	    arena_new_of(arena, struct core_component_condition);

	object_meta(object)->name = arena_str(arena, str_from(name));
	*condition =
	    (struct core_component_condition){ .type = STR("Healthy"),
					       .status = is_well ? STR("True") : STR("False"),
					       .message = is_well ? STR("ok") : STR("not well") };
	status->conditions.at = condition;
	status->conditions.len = 1;
	object_freeze(object, 0);
	object_hold(r->arena, object);
	object_unref(object);
	return object;
}

static const struct object **all(struct request *r, uint32_t *count)
{
	const struct server_config *config = r->server->config;
	const struct object **out =
	    arena_array(r->arena, const struct object *, config->check_count + 1);

	out[0] = status_of(r, "etcd-0", r->server->feed.state == FEED_WATCHING);
	for (uint32_t i = 0; i < config->check_count; i++)
		out[i + 1] = status_of(r, config->checks[i].name,
				       config->checks[i].is_well(config->checks[i].arg));
	*count = config->check_count + 1;
	return out;
}

static enum next list_read(struct request *r)
{
	uint32_t count;
	const struct object **objects = all(r, &count);

	respond_list(r, objects, count, r->server->feed.revision, STR_NONE, -1);
	return DONE;
}

static enum next get_read(struct request *r)
{
	uint32_t count;
	const struct object **objects = all(r, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (!str_eq(object_name(objects[i]), r->route.name))
			continue;
		respond_object(r, 200, objects[i]);
		return DONE;
	}
	return request_not_found(r);
}

const struct verb_steps component_status_list_steps = { .name = "list", .read = list_read };
const struct verb_steps component_status_get_steps = { .name = "get", .read = get_read };

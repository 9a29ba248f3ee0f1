#include "actors/controller/scaling/target.h"

#include "actors/client/request.h"
#include "datastore/object/json.h"
#include "runtime/base/text.h"

enum reading_outcome target_read(const struct world *world, struct plan *plan, struct str namespace,
				 const struct autoscaling_v2_cross_version_object_reference *of,
				 struct target *out)
{
	struct arena *arena = plan_arena(plan);
	struct str group = reading_group(of->api_version), rest = of->api_version;
	const struct world_answer *answer;
	const struct type *type;

	*out = (struct target){ 0 };
	(void)str_cut(&rest, '/');
	if (str_find_char(rest, '/') >= 0) {
		out->why = arena_printf(arena, "unexpected GroupVersion string: " STR_FMT,
					STR_ARG(of->api_version));
		return READING_FAILED;
	}
	type = world_kind_named(world, group, of->kind);
	if (type == NULL) {
		out->why = arena_printf(
		    arena, "no matches for kind \"" STR_FMT "\" in group \"" STR_FMT "\"",
		    STR_ARG(of->kind), STR_ARG(group));
		return READING_FAILED;
	}
	out->path = request_path(arena, type, namespace, of->name, "scale");
	answer = world_answer(world, out->path);
	if (answer == NULL) {
		plan_ask(plan, out->path, &autoscaling_scale_type);
		return READING_WAITS;
	}
	if (answer->status != OK) {
		out->why = reading_words(answer, arena, type_resource(type));
		return READING_FAILED;
	}
	out->scale = answer->record;
	return READING_DONE;
}

bool target_select(struct str text, struct arena *arena, struct selector *out, struct str *why)
{
	struct fault fault = { 0 };

	if (selector_parse_labels(text, arena, out, &fault) == OK)
		return true;
	*why = arena_printf(
	    arena, "couldn't convert selector into a corresponding internal selector object: %s",
	    fault.text);
	return false;
}

void target_write(struct plan *plan, const struct target *target, int32_t replicas)
{
	struct autoscaling_scale *scale = plan_copy(plan, target->scale, autoscaling_scale);
	struct text body = text_in(plan_arena(plan), 64 * KIB);

	scale->status = NULL;
	if (scale->spec == NULL)
		scale->spec = arena_new_of(plan_arena(plan), struct autoscaling_scale_spec);
	SET(scale->spec, replicas, replicas);
	json_encode(&autoscaling_scale_type, scale, &body);
	plan_request(plan, "PUT", target->path, STR("application/json"), text_str(&body));
}

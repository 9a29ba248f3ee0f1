/*
 * PodResizeValidator: a pod that runs is not resized past what its node has at all (upstream: plugin/pkg/admission/podresize).
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"
#include "actors/client/failure.h"
#include "actors/client/quota.h"
#include "datastore/object/object.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/type.h"
#include "runtime/base/text.h"

static enum check refuse(struct admission *admission, const char *cause, struct str words)
{
	(void)admission_deny(admission, STR_FMT, STR_ARG(words));
	failure_cause_add(admission->failure, admission->check.arena, str_from(cause), STR_NONE,
			  STR_NONE);
	return CHECK_DENY;
}

static struct quantity asked_of(const struct quota_uses *asked, const struct core_pod_spec *spec,
				const char *name)
{
	const struct quota_use *use = quota_find(asked, str_from(name));
	struct quantity amount = use != NULL ? use->amount : quantity_from(0, QUANTITY_DECIMAL);

	return quantity_add(amount, quantity_of(str_map_get(spec->overhead, str_from(name))));
}

static enum check judge(struct admission *admission, const struct core_pod_spec *spec,
			const struct core_node *node)
{
	static const struct str_map none;
	struct arena *arena = admission->check.arena;
	struct quota_uses asked = quota_pod_amounts(spec, false, arena);
	struct str_map has = node->status != NULL ? node->status->allocatable : none;
	struct quantity cpu = asked_of(&asked, spec, "cpu"),
			memory = asked_of(&asked, spec, "memory");
	struct quantity cpu_max = quantity_of(str_map_get(has, STR("cpu")));
	struct quantity memory_max = quantity_of(str_map_get(has, STR("memory")));
	bool is_over = quantity_cmp(cpu, cpu_max) > 0;
	struct text words = text_in(arena, 512);

	text_lit(&words, "node didn't have enough allocatable resources: ");
	if (is_over)
		text_printf(&words, "cpu, requested: %lld, allocatable: %lld",
			    (long long)quantity_milli(cpu), (long long)quantity_milli(cpu_max));
	if (quantity_cmp(memory, memory_max) > 0) {
		text_printf(&words, "%smemory, requested: %lld, allocatable: %lld",
			    is_over ? "; " : "", (long long)quantity_value(memory),
			    (long long)quantity_value(memory_max));
		is_over = true;
	}
	return is_over ? refuse(admission, "NodeCapacity", text_str(&words)) : CHECK_PASS;
}

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object, *old = admission->old;
	const struct object *node;
	struct str system;

	/* The generation moves with the spec. */
	if (!pod_plugin_concerns(admission, "resize") || pod->spec->node_name.len == 0 ||
	    pod->metadata->generation == old->metadata->generation)
		return CHECK_PASS;
	node = check_get(&admission->check, &core_node_type, STR_NONE, pod->spec->node_name);
	if (node == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (node == NULL)
		return admission_deny(admission, "node \"" STR_FMT "\" not found",
				      STR_ARG(pod->spec->node_name));
	system = str_map_get(object_meta(node)->labels, STR("kubernetes.io/os"));
	if (system.at != NULL && !str_is(system, "linux"))
		return refuse(admission, "UnsupportedPlatform",
			      arena_printf(admission->check.arena,
					   "pod resize is only supported on linux nodes, node "
					   "\"" STR_FMT "\" is \"" STR_FMT "\"",
					   STR_ARG(pod->spec->node_name), STR_ARG(system)));
	return judge(admission, pod->spec, node->record);
}

const struct plugin admission_pod_resize_validator = {
	.name = "PodResizeValidator",
	.operations = ADMISSION_UPDATE,
	.validate = validate,
};

/*
 * PodTopologyLabels: a pod that goes to a node is told by its labels where that node is (upstream: plugin/pkg/admission/podtopologylabels).
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

static const char *const keys[] = { "topology.kubernetes.io/zone",
				    "topology.kubernetes.io/region" };

/* Of a node that is not known nothing is said; whoever runs the pod there has to bring it first. */
static void copy_labels(const struct admission *admission, struct str node,
			struct meta_object_meta *meta)
{
	struct arena *arena = admission->check.arena;
	const struct object *object = check_get(&admission->check, &core_node_type, STR_NONE, node);

	for (size_t i = 0; object != NULL && i < sizeof keys / sizeof keys[0]; i++) {
		struct str key = str_from(keys[i]);
		struct str value = str_map_get(object_meta(object)->labels, key);

		if (value.at != NULL)
			str_map_put(&meta->labels, arena, key, arena_str(arena, value));
	}
}

static enum check mutate(struct admission *admission)
{
	struct core_binding *binding = admission->object;
	struct core_pod *pod = admission->object;

	if (admission->group.len > 0 || !str_is(admission->resource, "pods"))
		return CHECK_PASS;
	if (admission->subresource.len == 0 && pod->spec->node_name.len > 0)
		copy_labels(admission, pod->spec->node_name, pod->metadata);
	/* A target without a kind is no node in upstream's eyes. */
	else if (str_is(admission->subresource, "binding") && binding->target != NULL &&
		 str_is(binding->target->kind, "Node"))
		copy_labels(admission, binding->target->name, binding->metadata);
	return CHECK_PASS;
}

const struct plugin admission_pod_topology_labels = {
	.name = "PodTopologyLabels",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};

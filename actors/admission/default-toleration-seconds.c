/*
 * DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or unreachable, unless it says otherwise.
 */
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"
#include "runtime/base/str.h"

/* Upstream's --default-not-ready-toleration-seconds and its other half. */
static const struct toleration_seconds usual = { 300, 300 };

static const char *const taints[] = { "node.kubernetes.io/not-ready",
				      "node.kubernetes.io/unreachable" };
#define TAINTS (sizeof taints / sizeof taints[0])

/* An empty key tolerates every key, an empty effect every effect. */
static bool tolerates(const struct core_toleration *toleration, const char *key)
{
	return (toleration->key.len == 0 || str_is(toleration->key, key)) &&
	       (toleration->effect.len == 0 || str_is(toleration->effect, "NoExecute"));
}

static bool has(const struct core_pod_spec *spec, const char *key)
{
	for (uint32_t i = 0; i < spec->tolerations.len; i++)
		if (tolerates(&spec->tolerations.at[i], key))
			return true;
	return false;
}

static enum check mutate(struct admission *admission)
{
	const struct toleration_seconds *seconds =
	    admission->tolerations != NULL ? admission->tolerations : &usual;
	struct core_pod *pod = admission->object;
	struct core_toleration_list *list;
	struct core_toleration *grown;

	if (admission->group.len > 0 || !str_is(admission->resource, "pods") ||
	    admission->subresource.len > 0)
		return CHECK_PASS;
	list = &pod->spec->tolerations;
	for (size_t i = 0; i < TAINTS; i++) {
		if (has(pod->spec, taints[i]))
			continue;
		grown = arena_array(admission->check.arena, struct core_toleration, list->len + 1);
		if (list->len > 0)
			memcpy(grown, list->at, list->len * sizeof *grown);
		grown[list->len] = (struct core_toleration){ .key = str_from(taints[i]),
							     .operator= STR("Exists"),
							     .effect = STR("NoExecute") };
		SET(&grown[list->len], toleration_seconds,
		    i == 0 ? seconds->not_ready : seconds->unreachable);
		list->at = grown;
		list->len++;
	}
	return CHECK_PASS;
}

const struct plugin admission_default_toleration_seconds = {
	.name = "DefaultTolerationSeconds",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.mutate = mutate,
};

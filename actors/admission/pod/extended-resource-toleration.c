/*
 * ExtendedResourceToleration: who asks for a resource may run where only those may that do (upstream:
 * plugin/pkg/admission/extendedresourcetoleration).
 */
#include <stdlib.h>

#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"
#include "datastore/object/name.h"

struct asked {
	struct arena *arena;
	struct str *at;
	uint32_t len;
};

/* As helper.IsExtendedResourceName. */
static bool is_extended(struct str name, struct arena *arena)
{
	struct str for_quota = arena_printf(arena, "requests." STR_FMT, STR_ARG(name));

	return str_find_char(name, '/') >= 0 && str_find(name, STR("kubernetes.io/")) < 0 &&
	       !str_starts(name, STR("requests.")) && name_is(NAME_LABEL_KEY, for_quota);
}

static void add(struct asked *asked, struct core_container_list containers)
{
	for (uint32_t i = 0; i < containers.len; i++) {
		const struct core_resource_requirements *resources = containers.at[i].resources;

		for (uint32_t k = 0; resources != NULL && k < resources->requests.len; k++) {
			struct str name = resources->requests.at[k].key;

			if (!is_extended(name, asked->arena))
				continue;
			asked->at = arena_grow(asked->arena, asked->at, asked->len * sizeof name,
					       (asked->len + 1) * sizeof name);
			asked->at[asked->len++] = name;
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool has(struct core_toleration_list list, struct str key)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_eq(list.at[i].key, key) && str_is(list.at[i].operator, "Exists") &&
		    str_is(list.at[i].effect, "NoSchedule") && list.at[i].value.len == 0 &&
		    !list.at[i].has.toleration_seconds)
			return true;
	return false;
}

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	struct asked asked = { .arena = admission->check.arena };
	struct core_toleration_list *list;

	if (!pod_plugin_concerns(admission, ""))
		return CHECK_PASS;
	add(&asked, pod->spec->containers);
	add(&asked, pod->spec->init_containers);
	if (asked.len > 1)
		qsort(asked.at, asked.len, sizeof *asked.at, by_name);
	list = &pod->spec->tolerations;
	for (uint32_t i = 0; i < asked.len; i++) {
		if (has(*list, asked.at[i]))
			continue;
		list->at = arena_grow(asked.arena, list->at, list->len * sizeof *list->at,
				      (list->len + 1) * sizeof *list->at);
		list->at[list->len++] = (struct core_toleration){ .key = asked.at[i],
								  .operator= STR("Exists"),
								  .effect = STR("NoSchedule") };
	}
	return CHECK_PASS;
}

const struct plugin admission_extended_resource_toleration = {
	.name = "ExtendedResourceToleration",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.is_off = true,
	.mutate = mutate,
};

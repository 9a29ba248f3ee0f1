/*
 * PodNodeSelector: pods of a namespace run where its annotation says (upstream: plugin/pkg/admission/podnodeselector, without the file of defaults).
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"
#include "actors/client/failure.h"
#include "datastore/object/object.h"
#include "datastore/schema/type.h"

#define ANNOTATION "scheduler.alpha.kubernetes.io/node-selector"

/* The annotation of the pod's namespace; absent: there is none. *check is not PASS: to stand behind `return`. */
static struct str namespace_says(struct admission *admission, struct str annotation,
				 enum check *check)
{
	const struct object *namespace =
	    check_get(&admission->check, &core_namespace_type, STR_NONE, admission->namespace);

	*check = CHECK_PASS;
	if (namespace != NULL)
		return str_map_get(object_meta(namespace)->annotations, annotation);
	if (!admission->check.is_fresh) {
		*check = check_refresh(&admission->check);
		return STR_NONE;
	}
	admission->failure = failure_not_found(admission->check.arena, STR(""), STR("namespaces"),
					       admission->namespace);
	*check = CHECK_DENY;
	return STR_NONE;
}

/* As labels.ConvertSelectorToLabelsMap; false: the annotation is none, which upstream answers without a reason. */
static bool parse(struct admission *admission, struct str text, struct str_map *out)
{
	struct arena *arena = admission->check.arena;

	while (text.len > 0) {
		struct str value = str_cut(&text, ','), whole = value;
		struct str key = str_trim(str_cut(&value, '='));

		if (value.at == NULL || str_find_char(value, '=') >= 0) {
			admission->failure = failure_plain(
			    arena, 500,
			    arena_printf(arena, "invalid selector: " STR_FMT, STR_ARG(whole)));
			return false;
		}
		str_map_put(out, arena, key, str_trim(value));
	}
	return true;
}

static bool conflicts(struct str_map wanted, struct str_map own)
{
	for (uint32_t i = 0; i < wanted.len; i++) {
		struct str said = str_map_get(own, wanted.at[i].key);

		if (said.at != NULL && !str_eq(said, wanted.at[i].value))
			return true;
	}
	return false;
}

static enum check ask(struct admission *admission, struct str_map *wanted)
{
	const struct core_pod *pod = admission->object;
	enum check check;
	struct str said = namespace_says(admission, STR(ANNOTATION), &check);

	*wanted = (struct str_map){ 0 };
	if (check != CHECK_PASS)
		return check;
	if (!parse(admission, said, wanted))
		return CHECK_DENY;
	return conflicts(*wanted, pod->spec->node_selector)
		   ? admission_deny(admission, "pod node label selector conflicts with its "
					       "namespace node label selector")
		   : CHECK_PASS;
}

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	struct str_map wanted;
	enum check check;

	if (!pod_plugin_concerns(admission, ""))
		return CHECK_PASS;
	check = ask(admission, &wanted);
	for (uint32_t i = 0; check == CHECK_PASS && i < wanted.len; i++)
		str_map_put(&pod->spec->node_selector, admission->check.arena, wanted.at[i].key,
			    wanted.at[i].value);
	return check;
}

static enum check validate(struct admission *admission)
{
	struct str_map wanted;

	return pod_plugin_concerns(admission, "") ? ask(admission, &wanted) : CHECK_PASS;
}

const struct plugin admission_pod_node_selector = {
	.name = "PodNodeSelector",
	.operations = ADMISSION_CREATE,
	.is_off = true,
	.mutate = mutate,
	.validate = validate,
};

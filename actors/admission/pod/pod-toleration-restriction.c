/*
 * PodTolerationRestriction: pods of a namespace tolerate what its annotations give them, and nothing that they do not allow (upstream:
 * plugin/pkg/admission/podtolerationrestriction, without the file of the cluster's defaults).
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"
#include "actors/client/failure.h"
#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"

#define DEFAULTS "scheduler.alpha.kubernetes.io/defaultTolerations"
#define ALLOWED "scheduler.alpha.kubernetes.io/tolerationsWhitelist"

static enum check fail(struct admission *admission, struct str why)
{
	admission->failure = failure_plain(admission->check.arena, 500, why);
	return CHECK_DENY;
}

/* What the annotation of the pod's namespace lists; an absent one nothing. */
static enum check read_list(struct admission *admission, const char *annotation,
			    struct core_toleration_list *out)
{
	struct arena *arena = admission->check.arena;
	const struct object *namespace =
	    check_get(&admission->check, &core_namespace_type, STR_NONE, admission->namespace);
	struct fault why = { 0 };
	struct str text;
	void *spec;

	*out = (struct core_toleration_list){ 0 };
	if (namespace == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (namespace == NULL) {
		admission->failure =
		    failure_not_found(arena, STR(""), STR("namespaces"), admission->namespace);
		return CHECK_DENY;
	}
	text = str_map_get(object_meta(namespace)->annotations, str_from(annotation));
	if (text.len == 0)
		return CHECK_PASS;
	text = arena_printf(arena, "{\"tolerations\":" STR_FMT "}", STR_ARG(text));
	if (json_decode(&core_pod_spec_type, text, arena, (struct json_options){ 0 }, &spec,
			&why) != OK)
		return fail(admission, arena_str(arena, str_from(why.text)));
	*out = ((struct core_pod_spec *)spec)->tolerations;
	return CHECK_PASS;
}

static bool is_same(const struct core_toleration *a, const struct core_toleration *b)
{
	return record_equal(&core_toleration_type, a, b);
}

/* Whatever the one tolerates, so does the other. */
static bool covers(const struct core_toleration *more, const struct core_toleration *less)
{
	bool is_exists = str_is(more->operator, "Exists");

	if (is_same(more, less))
		return true;
	if (!str_eq(less->key, more->key) && !(more->key.len == 0 && is_exists))
		return false;
	if (!str_eq(less->effect, more->effect) && more->effect.len > 0)
		return false;
	if (str_is(more->effect, "NoExecute") && more->has.toleration_seconds &&
	    (!less->has.toleration_seconds || less->toleration_seconds > more->toleration_seconds))
		return false;
	if (is_exists)
		return true;
	return (more->operator.len == 0 || str_is(more->operator, "Equal")) &&
	       str_is(less->operator, "Equal") && str_eq(less->value, more->value);
}

/* Of two of which one covers the other only that one stays; of two that are the same, the first. */
static struct core_toleration_list merge(struct arena *arena, struct core_toleration_list all)
{
	struct core_toleration_list out = { .at = arena_array(arena, struct core_toleration,
							      all.len) };

	for (uint32_t i = 0; i < all.len; i++) {
		bool is_needless = false;

		for (uint32_t k = 0; k < out.len; k++)
			is_needless |= covers(&out.at[k], &all.at[i]);
		for (uint32_t k = i + 1; k < all.len; k++)
			is_needless |=
			    !is_same(&all.at[i], &all.at[k]) && covers(&all.at[k], &all.at[i]);
		if (!is_needless)
			out.at[out.len++] = all.at[i];
	}
	return out;
}

static bool says_anything(struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++)
		if (str_is_among(amounts.at[i].key, "cpu|memory", '|') &&
		    !quantity_is_zero(quantity_of(amounts.at[i].value)))
			return true;
	return false;
}

static bool is_resourced(struct core_container_list containers)
{
	for (uint32_t i = 0; i < containers.len; i++) {
		const struct core_resource_requirements *one = containers.at[i].resources;

		if (one != NULL && (says_anything(one->requests) || says_anything(one->limits)))
			return true;
	}
	return false;
}

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	struct core_toleration_list allowed;
	enum check check;

	if (!pod_plugin_concerns(admission, "") || pod->spec->tolerations.len == 0)
		return CHECK_PASS;
	check = read_list(admission, ALLOWED, &allowed);
	for (uint32_t i = 0;
	     check == CHECK_PASS && allowed.len > 0 && i < pod->spec->tolerations.len; i++) {
		bool is_allowed = false;

		for (uint32_t k = 0; k < allowed.len; k++)
			is_allowed |= covers(&allowed.at[k], &pod->spec->tolerations.at[i]);
		if (!is_allowed)
			check =
			    fail(admission, STR("pod tolerations (possibly merged with namespace "
						"default tolerations) conflict with its "
						"namespace whitelist"));
	}
	return check;
}

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	struct core_toleration_list all, given = { 0 };
	enum check check = CHECK_PASS;

	if (!pod_plugin_concerns(admission, ""))
		return CHECK_PASS;
	if (admission->operation == ADMISSION_CREATE)
		check = read_list(admission, DEFAULTS, &given);
	if (check != CHECK_PASS)
		return check;
	all = (struct core_toleration_list){ .at = arena_array(
						 admission->check.arena, struct core_toleration,
						 pod->spec->tolerations.len + given.len + 1) };
	for (uint32_t i = 0; i < pod->spec->tolerations.len; i++)
		all.at[all.len++] = pod->spec->tolerations.at[i];
	for (uint32_t i = 0; i < given.len; i++)
		all.at[all.len++] = given.at[i];
	if (is_resourced(pod->spec->containers) || is_resourced(pod->spec->init_containers))
		all.at[all.len++] =
		    (struct core_toleration){ .key = STR("node.kubernetes.io/memory-pressure"),
					      .operator= STR("Exists"),
					      .effect = STR("NoSchedule") };
	if (all.len > pod->spec->tolerations.len)
		pod->spec->tolerations = merge(admission->check.arena, all);
	return validate(admission);
}

const struct plugin admission_pod_toleration_restriction = {
	.name = "PodTolerationRestriction",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.is_off = true,
	.mutate = mutate,
	.validate = validate,
};

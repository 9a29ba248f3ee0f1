#include "actors/kinds/field/toleration.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/json.h"

/*
 * Annotations that mean something to pods: leftovers of features that are fields today, checked as long as anybody writes them.
 */

#define TOLERATIONS STR("scheduler.alpha.kubernetes.io/tolerations")
#define DELETION_COST STR("controller.kubernetes.io/pod-deletion-cost")
#define SECCOMP_POD STR("seccomp.security.alpha.kubernetes.io/pod")
#define SECCOMP_CONTAINER STR("container.seccomp.security.alpha.kubernetes.io/")
#define LOCALHOST STR("localhost/")
#define NESTED_MAX 65536U

/* ---- seccomp and AppArmor ---------------------------------------------------------------------------------------------- */

static void check_seccomp(const struct path *at, struct str profile)
{
	if (str_is(profile, "runtime/default") || str_is(profile, "docker/default") ||
	    str_is(profile, "unconfined"))
		return;
	if (str_starts(profile, LOCALHOST))
		volume_check_path(at, str_slice(profile, LOCALHOST.len, profile.len));
	else
		path_invalid(at, profile, "must be a valid seccomp profile");
}

static bool is_app_armor(struct str profile)
{
	return profile.len == 0 || str_is(profile, "runtime/default") ||
	       str_is(profile, "unconfined") || str_starts(profile, LOCALHOST);
}

/* Made when the first annotation asks for it. */
static bool has_container(const struct path *at, const struct core_pod_spec *spec, struct str name,
			  struct seen *names)
{
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	if (names->arena == NULL) {
		*names = seen_in(path_arena(at));
		while ((container = pod_walk_next(&walk)) != NULL)
			seen_add(names, container->name);
	}
	return seen_has(names, name);
}

static void check_app_armor(const struct path *at, struct str_entry annotation,
			    const struct core_pod_spec *spec, struct seen *names)
{
	struct str name = str_slice(annotation.key, POD_APP_ARMOR.len, annotation.key.len);

	if (!has_container(at, spec, name, names))
		path_invalid(at, name, "container not found");
	if (!is_app_armor(annotation.value))
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), annotation.value),
			   "invalid AppArmor profile name: " STR_FMT,
			   STR_ARG(name_quoted(path_arena(at), annotation.value)));
}

/* ---- tolerations of old --------------------------------------------------------------------------------------------------- */

/* The list stands in the annotation as JSON; it is read as a pod would be that has it. */
static void check_tolerations(const struct path *at, struct str value, bool allows_comparison)
{
	struct text json = text_in(path_arena(at), value.len + NESTED_MAX);
	void *record = NULL;
	struct fault why = { 0 };

	text_printf(&json, "{\"tolerations\":" STR_FMT "}", STR_ARG(value));
	if (json_decode(&core_pod_spec_type, text_str(&json), path_arena(at),
			(struct json_options){ 0 }, &record, &why) != OK) {
		path_invalid(at, TOLERATIONS, why.text);
		return;
	}
	toleration_check(PATH_NAMED(at, TOLERATIONS), ((struct core_pod_spec *)record)->tolerations,
			 allows_comparison);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------ */

/* 32 bits; no plus sign, no leading zeros. */
static bool is_deletion_cost(struct str text)
{
	int64_t number;
	bool begins_well =
	    str_is(text, "0") ||
	    (text.len > 0 && (text.at[0] == '-' || (text.at[0] >= '1' && text.at[0] <= '9')));

	return begins_well && str_to_i64(text, &number) == OK && number >= INT32_MIN &&
	       number <= INT32_MAX;
}

static void check_one(const struct path *at, struct str_entry annotation,
		      const struct core_pod_spec *spec, const struct pod_tolerance *tolerance,
		      struct seen *names)
{
	struct str key = annotation.key, value = annotation.value;

	if (str_eq(key, POD_MIRROR) && spec->node_name.len == 0)
		path_invalid(PATH_KEY(at, key), value,
			     "must set spec.nodeName if mirror pod annotation is set");
	else if (str_eq(key, TOLERATIONS) && value.len > 0)
		check_tolerations(at, value, tolerance->comparing_tolerations);
	else if (str_eq(key, DELETION_COST) && !tolerance->bad_deletion_cost &&
		 !is_deletion_cost(value))
		path_invalid(PATH_KEY(at, key), value, "must be a 32bit integer");
	else if (str_eq(key, SECCOMP_POD) || str_starts(key, SECCOMP_CONTAINER))
		check_seccomp(PATH_NAMED(at, key), value);
	else if (str_starts(key, POD_APP_ARMOR))
		check_app_armor(PATH_KEY(at, key), annotation, spec, names);
}

void pod_spec_check_annotations(const struct path *at, struct str_map annotations,
				const struct core_pod_spec *spec,
				const struct pod_tolerance *tolerance)
{
	struct seen names = { 0 };

	for (uint32_t i = 0; i < annotations.len; i++)
		check_one(at, annotations.at[i], spec, tolerance, &names);
}

/* ---- with their fields ---------------------------------------------------------------------------------------------------------- */

static bool is_same_profile(const struct path *at, struct str annotation, struct str profile,
			    const char *what)
{
	if (profile.at != NULL && str_starts(annotation, LOCALHOST) &&
	    str_eq(str_slice(annotation, LOCALHOST.len, annotation.len), profile))
		return true;
	path_fault(PATH(at, "localhostProfile"), FAULT_FORBIDDEN, STR_NONE,
		   "%s profile in annotation and field must match", what);
	return false;
}

static void compare(const struct path *at, struct str annotation, struct str type,
		    struct str profile, const char *what)
{
	bool is_same = true;

	if (annotation.at == NULL)
		return;
	if (str_is(type, "Unconfined"))
		is_same = str_is(annotation, "unconfined");
	else if (str_is(type, "RuntimeDefault"))
		is_same = str_is(annotation, "runtime/default") ||
			  (strcmp(what, "seccomp") == 0 && str_is(annotation, "docker/default"));
	else if (str_is(type, "Localhost"))
		is_same = str_starts(annotation, LOCALHOST);
	if (!is_same)
		path_fault(PATH(at, "type"), FAULT_FORBIDDEN, STR_NONE,
			   "%s type in annotation and field must match", what);
	else if (str_is(type, "Localhost"))
		is_same_profile(at, annotation, profile, what);
}

static struct str annotation_of(const struct path *at, const struct meta_object_meta *meta,
				struct str prefix, struct str name)
{
	return str_map_get(meta->annotations, arena_printf(path_arena(at), STR_FMT STR_FMT,
							   STR_ARG(prefix), STR_ARG(name)));
}

static void compare_app_armor(const struct path *at, const struct meta_object_meta *meta,
			      const struct core_pod_spec *spec,
			      const struct core_container *container)
{
	const struct core_app_armor_profile *profile =
	    spec->security_context ? spec->security_context->app_armor_profile : NULL;

	if (container->security_context != NULL &&
	    container->security_context->app_armor_profile != NULL)
		profile = container->security_context->app_armor_profile;
	if (profile != NULL)
		compare(PATH(PATH(at, "securityContext"), "appArmorProfile"),
			annotation_of(at, meta, POD_APP_ARMOR, container->name), profile->type,
			profile->localhost_profile, "apparmor");
}

static void compare_seccomp(const struct path *at, const struct meta_object_meta *meta,
			    const struct core_container *container)
{
	const struct core_seccomp_profile *profile =
	    container->security_context ? container->security_context->seccomp_profile : NULL;

	if (profile != NULL)
		compare(PATH(PATH(at, "securityContext"), "seccompProfile"),
			annotation_of(at, meta, SECCOMP_CONTAINER, container->name), profile->type,
			profile->localhost_profile, "seccomp");
}

void pod_spec_check_profiles(const struct path *at, const struct meta_object_meta *meta,
			     const struct core_pod_spec *spec)
{
	const struct core_pod_security_context *context = spec->security_context;
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;
	bool has_app_armor = spec->os == NULL || !str_is(spec->os->name, "windows");

	if (meta->annotations.len == 0)
		return;
	if (context != NULL && context->seccomp_profile != NULL)
		compare(PATH(PATH(at, "securityContext"), "seccompProfile"),
			str_map_get(meta->annotations, SECCOMP_POD), context->seccomp_profile->type,
			context->seccomp_profile->localhost_profile, "seccomp");
	while ((container = pod_walk_next(&walk)) != NULL)
		compare_seccomp(POD_WALK_PATH(at, &walk), meta, container);
	walk = pod_walk_of(spec);
	while (has_app_armor && (container = pod_walk_next(&walk)) != NULL)
		compare_app_armor(POD_WALK_PATH(at, &walk), meta, spec, container);
}

/* ---- changes ------------------------------------------------------------------------------------------------------------------------ */

static bool is_fixed(struct str key)
{
	return str_eq(key, POD_MIRROR) || str_starts(key, POD_APP_ARMOR);
}

static void forbid(const struct path *at, struct str key, const char *did)
{
	bool is_mirror = str_eq(key, POD_MIRROR);

	path_fault(PATH_KEY(at, key), FAULT_FORBIDDEN, STR_NONE, "may not %s %s", did,
		   is_mirror ? "mirror pod annotation" : "AppArmor annotations");
}

void pod_check_annotation_change(struct kind_change *change)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "metadata"), "annotations");
	struct str_map now = ((const struct core_pod *)change->object)->metadata->annotations;
	struct str_map old = ((const struct core_pod *)change->old)->metadata->annotations;

	for (uint32_t i = 0; i < old.len; i++) {
		struct str value = str_map_get(now, old.at[i].key);

		if (is_fixed(old.at[i].key) && (value.at == NULL || !str_eq(value, old.at[i].value)))
			forbid(at, old.at[i].key, "remove or update");
	}
	for (uint32_t i = 0; i < now.len; i++)
		if (is_fixed(now.at[i].key) && str_map_get(old, now.at[i].key).at == NULL)
			forbid(at, now.at[i].key, "add");
}

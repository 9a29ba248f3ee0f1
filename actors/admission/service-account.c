/*
 * ServiceAccount: a pod runs as an account that exists, and gets a token for it as a projected volume.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/hash.h"
#include "runtime/base/str.h"

#define TOKEN_PATH STR("/var/run/secrets/kubernetes.io/serviceaccount")
#define TOKEN_SECONDS \
	3607 /* upstream's: an hour and a little, by which extended tokens are recognised */
#define VOLUME_PREFIX "kube-api-access-"
#define MIRROR "kubernetes.io/config.mirror"

/* ---- the account ------------------------------------------------------------------------------------------ */

static const struct core_service_account *find_account(const struct admission *admission,
						       struct str name)
{
	const struct object *object =
	    check_get(&admission->check, &core_service_account_type, admission->namespace, name);

	/* The pod takes parts of it over, so it must live as long as the request. */
	return object ? object_hold(admission->check.arena, object)->record : NULL;
}

/* A mirror pod shows what a node runs by itself: it may not use an account or secrets. */
static enum check judge_mirror(struct admission *admission, const struct core_pod_spec *spec)
{
	if (spec->service_account_name.len > 0)
		return admission_deny(admission, "a mirror pod may not reference service accounts");
	for (uint32_t i = 0; i < spec->volumes.len; i++) {
		const struct core_volume_source *source = spec->volumes.at[i].volume_source;

		if (source != NULL && source->secret != NULL)
			return admission_deny(admission, "a mirror pod may not reference secrets");
	}
	return CHECK_PASS;
}

/* ---- the token's volume -------------------------------------------------------------------------------------- */

static bool is_mounted(const struct core_container *container)
{
	for (uint32_t i = 0; i < container->volume_mounts.len; i++)
		if (str_eq(container->volume_mounts.at[i].mount_path, TOKEN_PATH))
			return true;
	return false;
}

static void mount(struct arena *arena, struct core_container_list list, struct str volume)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct core_container *c = &list.at[i];
		struct core_volume_mount *grown;

		if (is_mounted(c))
			continue;
		grown = arena_array(arena, struct core_volume_mount, c->volume_mounts.len + 1);
		if (c->volume_mounts.len > 0)
			memcpy(grown, c->volume_mounts.at, c->volume_mounts.len * sizeof *grown);
		grown[c->volume_mounts.len] =
		    (struct core_volume_mount){ .name = volume, .mount_path = TOKEN_PATH };
		SET(&grown[c->volume_mounts.len], read_only, true);
		c->volume_mounts.at = grown;
		c->volume_mounts.len++;
	}
}

static bool all_are_mounted(struct core_container_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (!is_mounted(&list.at[i]))
			return false;
	return true;
}

static struct core_volume_projection token_projection(struct arena *arena)
{
	struct core_service_account_token_projection *token =
	    arena_new_of(arena, struct core_service_account_token_projection);

	SET(token, expiration_seconds, TOKEN_SECONDS);
	token->path = STR("token");
	return (struct core_volume_projection){ .service_account_token = token };
}

static struct core_volume_projection authority_projection(struct arena *arena)
{
	struct core_config_map_projection *map =
	    arena_new_of(arena, struct core_config_map_projection);
	struct core_key_to_path *item = arena_new_of(arena, struct core_key_to_path);

	map->local_object_reference = arena_new_of(arena, struct core_local_object_reference);
	map->local_object_reference->name = STR("kube-root-ca.crt");
	*item = (struct core_key_to_path){ .key = STR("ca.crt"), .path = STR("ca.crt") };
	map->items.at = item;
	map->items.len = 1;
	return (struct core_volume_projection){ .config_map = map };
}

static struct core_volume_projection namespace_projection(struct arena *arena)
{
	struct core_downward_api_projection *api =
	    arena_new_of(arena, struct core_downward_api_projection);
	struct core_downward_api_volume_file *file =
	    arena_new_of(arena, struct core_downward_api_volume_file);

	file->path = STR("namespace");
	file->field_ref = arena_new_of(arena, struct core_object_field_selector);
	file->field_ref->api_version = STR("v1");
	file->field_ref->field_path = STR("metadata.namespace");
	api->items.at = file;
	api->items.len = 1;
	return (struct core_volume_projection){ .downward_api = api };
}

static struct core_volume token_volume(struct arena *arena, struct str name)
{
	struct core_volume_source *source = arena_new_of(arena, struct core_volume_source);
	struct core_projected_volume_source *projected =
	    arena_new_of(arena, struct core_projected_volume_source);

	projected->sources.at = arena_array(arena, struct core_volume_projection, 3);
	projected->sources.len = 3;
	projected->sources.at[0] = token_projection(arena);
	projected->sources.at[1] = authority_projection(arena);
	projected->sources.at[2] = namespace_projection(arena);
	SET(projected, default_mode, 0644);
	source->projected = projected;
	return (struct core_volume){ .name = name, .volume_source = source };
}

/* Unique in its pod and the same for the same pod name: dry runs and retries of a request agree. */
static struct str volume_name(struct arena *arena, const struct core_pod *pod)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	uint64_t hash = hash_mix(hash_str(pod->metadata->name), hash_str(pod->metadata->uid));
	char suffix[6] = "";

	for (int i = 0; i < 5; i++, hash /= sizeof letters - 1)
		suffix[i] = letters[hash % (sizeof letters - 1)];
	return arena_printf(arena, VOLUME_PREFIX "%s", suffix);
}

static void add_token(struct arena *arena, struct core_pod *pod)
{
	struct core_pod_spec *spec = pod->spec;
	struct core_volume *grown;
	struct str name;

	if (all_are_mounted(spec->containers) && all_are_mounted(spec->init_containers))
		return;
	name = volume_name(arena, pod);
	grown = arena_array(arena, struct core_volume, spec->volumes.len + 1);
	if (spec->volumes.len > 0)
		memcpy(grown, spec->volumes.at, spec->volumes.len * sizeof *grown);
	grown[spec->volumes.len] = token_volume(arena, name);
	spec->volumes.at = grown;
	spec->volumes.len++;
	mount(arena, spec->containers, name);
	mount(arena, spec->init_containers, name);
}

static bool wants_token(const struct core_pod_spec *spec, const struct core_service_account *account)
{
	if (spec->has.automount_service_account_token)
		return spec->automount_service_account_token;
	return !account->has.automount_service_account_token ||
	       account->automount_service_account_token;
}

/* ---- the plug-in ------------------------------------------------------------------------------------------------ */

static bool is_pod(const struct admission *admission)
{
	return admission->group.len == 0 && str_is(admission->resource, "pods") &&
	       admission->subresource.len == 0;
}

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	const struct core_service_account *account;

	if (!is_pod(admission) || admission->operation != ADMISSION_CREATE)
		return CHECK_PASS;
	if (str_map_get(pod->metadata->annotations, STR(MIRROR)).at != NULL)
		return judge_mirror(admission, pod->spec);
	if (pod->spec->service_account_name.len == 0)
		pod->spec->service_account_name = STR("default");
	pod->spec->service_account = pod->spec->service_account_name;
	account = find_account(admission, pod->spec->service_account_name);
	if (account == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (account == NULL)
		return admission_deny(admission,
				      "error looking up service account " STR_FMT "/" STR_FMT
				      ": serviceaccount \"" STR_FMT "\" not found",
				      STR_ARG(admission->namespace),
				      STR_ARG(pod->spec->service_account_name),
				      STR_ARG(pod->spec->service_account_name));
	if (wants_token(pod->spec, account))
		add_token(admission->check.arena, pod);
	if (pod->spec->image_pull_secrets.len == 0)
		pod->spec->image_pull_secrets = account->image_pull_secrets;
	return CHECK_PASS;
}

const struct plugin admission_service_account = {
	.name = "ServiceAccount",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.mutate = mutate,
};

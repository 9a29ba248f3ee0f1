/*
 * ServiceAccount: a pod runs as an account that exists, and gets a token for it as a projected volume.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "actors/client/pod-reference.h"
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

static bool note_secret(void *arg, enum pod_reference kind, struct str name)
{
	(void)name;
	*(bool *)arg |= kind == POD_REFERENCE_SECRET;
	return true;
}

static bool has_projected_token(const struct core_pod_spec *spec)
{
	for (uint32_t i = 0; i < spec->volumes.len; i++) {
		const struct core_volume_source *source = spec->volumes.at[i].volume_source;

		for (uint32_t j = 0; source != NULL && source->projected != NULL &&
				     j < source->projected->sources.len;
		     j++)
			if (source->projected->sources.at[j].service_account_token != NULL)
				return true;
	}
	return false;
}

/* A mirror pod shows what a node runs by itself: it may not use an account, secrets or tokens. */
static enum check judge_mirror(struct admission *admission, const struct core_pod *pod)
{
	bool has_secrets = false;

	if (pod->spec->service_account_name.len > 0)
		return admission_deny(admission, "a mirror pod may not reference service accounts");
	pod_reference_each(pod, admission->check.arena, note_secret, &has_secrets);
	if (has_secrets)
		return admission_deny(admission, "a mirror pod may not reference secrets");
	if (has_projected_token(pod->spec))
		return admission_deny(admission, "a mirror pod may not use ServiceAccountToken "
						 "volume projections");
	return CHECK_PASS;
}

/* ---- accounts that hold their pods to their own secrets ------------------------------------------------------ */

/* As Go reads a bool. */
static bool holds_to_its_secrets(const struct core_service_account *account)
{
	static const char *const words[] = { "1", "t", "T", "true", "TRUE", "True" };
	struct str value = str_map_get(account->metadata->annotations,
				       STR("kubernetes.io/enforce-mountable-secrets"));

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_is(value, words[i]))
			return true;
	return false;
}

static bool has_secret(const struct core_service_account *account, struct str name)
{
	for (uint32_t i = 0; i < account->secrets.len; i++)
		if (str_eq(account->secrets.at[i].name, name))
			return true;
	return false;
}

#define NOT_ALLOWED                                \
	"referencing secret.secretName=\"" STR_FMT \
	"\" is not allowed because service account " STR_FMT " does not reference that secret"

static enum check judge_env(struct admission *admission, const struct core_service_account *account,
			    const struct core_container *container, const char *sort)
{
	struct str of = account->metadata->name;

	for (uint32_t i = 0; i < container->env.len; i++) {
		const struct core_env_var *env = &container->env.at[i];
		struct str name = env->value_from && env->value_from->secret_key_ref &&
					  env->value_from->secret_key_ref->local_object_reference
				      ? env->value_from->secret_key_ref->local_object_reference->name
				      : STR_NONE;

		if (name.at != NULL && !has_secret(account, name))
			return admission_deny(admission,
					      "%s " STR_FMT " with envVar " STR_FMT " " NOT_ALLOWED,
					      sort, STR_ARG(container->name), STR_ARG(env->name),
					      STR_ARG(name), STR_ARG(of));
	}
	for (uint32_t i = 0; i < container->env_from.len; i++) {
		const struct core_secret_env_source *source = container->env_from.at[i].secret_ref;
		struct str name = source && source->local_object_reference
				      ? source->local_object_reference->name
				      : STR_NONE;

		if (name.at != NULL && !has_secret(account, name))
			return admission_deny(admission, "%s " STR_FMT " with envFrom " NOT_ALLOWED,
					      sort, STR_ARG(container->name), STR_ARG(name),
					      STR_ARG(of));
	}
	return CHECK_PASS;
}

static enum check judge_containers(struct admission *admission,
				   const struct core_service_account *account,
				   struct core_container_list list, const char *sort)
{
	enum check check = CHECK_PASS;

	for (uint32_t i = 0; i < list.len && check == CHECK_PASS; i++)
		check = judge_env(admission, account, &list.at[i], sort);
	return check;
}

static enum check judge_volumes(struct admission *admission,
				const struct core_service_account *account,
				struct core_volume_list list)
{
	struct str of = account->metadata->name;

	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_volume_source *source = list.at[i].volume_source;
		struct str name;

		if (source == NULL || source->secret == NULL)
			continue;
		name = source->secret->secret_name;
		if (!has_secret(account, name))
			return admission_deny(admission,
					      "volume with secret.secretName=\"" STR_FMT
					      "\" is not allowed because service account " STR_FMT
					      " does not reference that secret",
					      STR_ARG(name), STR_ARG(of));
	}
	return CHECK_PASS;
}

static enum check judge_pulls(struct admission *admission,
			      const struct core_service_account *account,
			      struct core_local_object_reference_list list)
{
	struct str of = account->metadata->name;

	for (uint32_t i = 0; i < list.len; i++) {
		struct str name = list.at[i].name;
		bool is_there = false;

		for (uint32_t j = 0; j < account->image_pull_secrets.len; j++)
			is_there |= str_eq(account->image_pull_secrets.at[j].name, name);
		if (!is_there)
			return admission_deny(admission,
					      "imagePullSecrets[%u].name=\"" STR_FMT
					      "\" is not allowed because service account " STR_FMT
					      " does not reference that imagePullSecret",
					      i, STR_ARG(name), STR_ARG(of));
	}
	return CHECK_PASS;
}

static enum check judge_secrets(struct admission *admission,
				const struct core_service_account *account,
				const struct core_pod_spec *spec)
{
	enum check check;

	if (!holds_to_its_secrets(account))
		return CHECK_PASS;
	check = judge_volumes(admission, account, spec->volumes);
	if (check == CHECK_PASS)
		check =
		    judge_containers(admission, account, spec->init_containers, "init container");
	if (check == CHECK_PASS)
		check = judge_containers(admission, account, spec->containers, "container");
	return check == CHECK_PASS ? judge_pulls(admission, account, spec->image_pull_secrets)
				   : check;
}

static enum check judge_ephemeral(struct admission *admission,
				  const struct core_service_account *account,
				  const struct core_pod_spec *spec)
{
	enum check check = CHECK_PASS;

	_Static_assert(sizeof(struct core_container) ==
			   sizeof(struct core_ephemeral_container_common),
		       "the two types have the same members in the same order");
	for (uint32_t i = 0; i < spec->ephemeral_containers.len && check == CHECK_PASS &&
			     holds_to_its_secrets(account);
	     i++)
		check = judge_env(admission, account,
				  (const struct core_container *)spec->ephemeral_containers.at[i]
				      .ephemeral_container_common,
				  "ephemeral container");
	return check;
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

static enum check deny_account(struct admission *admission, struct str name)
{
	return admission_deny(admission,
			      "error looking up service account " STR_FMT "/" STR_FMT
			      ": serviceaccount \"" STR_FMT "\" not found",
			      STR_ARG(admission->namespace), STR_ARG(name), STR_ARG(name));
}

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	const struct core_service_account *account;

	if (!is_pod(admission) || admission->operation != ADMISSION_CREATE)
		return CHECK_PASS;
	if (str_map_get(pod->metadata->annotations, STR(MIRROR)).at != NULL)
		return judge_mirror(admission, pod);
	if (pod->spec->service_account_name.len == 0)
		pod->spec->service_account_name = STR("default");
	pod->spec->service_account = pod->spec->service_account_name;
	account = find_account(admission, pod->spec->service_account_name);
	if (account == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (account == NULL)
		return deny_account(admission, pod->spec->service_account_name);
	if (wants_token(pod->spec, account))
		add_token(admission->check.arena, pod);
	if (pod->spec->image_pull_secrets.len == 0)
		pod->spec->image_pull_secrets = account->image_pull_secrets;
	return CHECK_PASS;
}

/* Again when everybody has changed what they wanted to, and of debugging containers that come later. */
static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	bool is_new = is_pod(admission) && admission->operation == ADMISSION_CREATE;
	bool is_debugging = admission->group.len == 0 && str_is(admission->resource, "pods") &&
			    str_is(admission->subresource, "ephemeralcontainers") &&
			    admission->operation == ADMISSION_UPDATE;
	const struct core_service_account *account;

	if (!is_new && !is_debugging)
		return CHECK_PASS;
	if (is_new && str_map_get(pod->metadata->annotations, STR(MIRROR)).at != NULL)
		return judge_mirror(admission, pod);
	account = find_account(admission, pod->spec->service_account_name);
	if (account == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (account == NULL)
		return deny_account(admission, pod->spec->service_account_name);
	return is_new ? judge_secrets(admission, account, pod->spec)
		      : judge_ephemeral(admission, account, pod->spec);
}

const struct plugin admission_service_account = {
	.name = "ServiceAccount",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.mutate = mutate,
	.validate = validate,
};

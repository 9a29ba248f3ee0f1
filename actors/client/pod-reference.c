#include "actors/client/pod-reference.h"

struct walk {
	struct arena *arena;
	pod_reference_fn *visit;
	void *arg;
	bool is_over;
};

static void tell(struct walk *walk, enum pod_reference kind, struct str name)
{
	if (!walk->is_over)
		walk->is_over = !walk->visit(walk->arg, kind, name);
}

static void tell_secret(struct walk *walk, const struct core_local_object_reference *reference)
{
	if (reference != NULL)
		tell(walk, POD_REFERENCE_SECRET, reference->name);
}

/* ---- containers ------------------------------------------------------------------------------------------- */

static void walk_env(struct walk *walk, struct core_env_var_list env)
{
	for (uint32_t i = 0; i < env.len; i++) {
		const struct core_env_var_source *from = env.at[i].value_from;

		if (from == NULL)
			continue;
		if (from->secret_key_ref != NULL)
			tell_secret(walk, from->secret_key_ref->local_object_reference);
		if (from->config_map_key_ref != NULL)
			tell(walk, POD_REFERENCE_CONFIG_MAP,
			     from->config_map_key_ref->local_object_reference->name);
	}
}

static void walk_env_from(struct walk *walk, struct core_env_from_source_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_env_from_source *from = &list.at[i];

		if (from->secret_ref != NULL)
			tell_secret(walk, from->secret_ref->local_object_reference);
		if (from->config_map_ref != NULL)
			tell(walk, POD_REFERENCE_CONFIG_MAP,
			     from->config_map_ref->local_object_reference->name);
	}
}

static void walk_containers(struct walk *walk, struct core_container_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		walk_env(walk, list.at[i].env);
		walk_env_from(walk, list.at[i].env_from);
	}
}

static void walk_ephemeral_containers(struct walk *walk, struct core_ephemeral_container_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		walk_env(walk, list.at[i].ephemeral_container_common->env);
		walk_env_from(walk, list.at[i].ephemeral_container_common->env_from);
	}
}

/* ---- volumes ------------------------------------------------------------------------------------------------ */

static void walk_projected(struct walk *walk, const struct core_projected_volume_source *projected)
{
	for (uint32_t i = 0; i < projected->sources.len; i++) {
		const struct core_volume_projection *p = &projected->sources.at[i];

		if (p->secret != NULL)
			tell_secret(walk, p->secret->local_object_reference);
		if (p->config_map != NULL)
			tell(walk, POD_REFERENCE_CONFIG_MAP,
			     p->config_map->local_object_reference->name);
		if (p->cluster_trust_bundle != NULL)
			tell(walk, POD_REFERENCE_TRUST_BUNDLE, p->cluster_trust_bundle->name);
	}
}

/* Sources whose driver on the node reads a secret. */
static void walk_driver_secrets(struct walk *walk, const struct core_volume_source *source)
{
	if (source->azure_file != NULL)
		tell(walk, POD_REFERENCE_SECRET, source->azure_file->secret_name);
	if (source->cephfs != NULL)
		tell_secret(walk, source->cephfs->secret_ref);
	if (source->cinder != NULL)
		tell_secret(walk, source->cinder->secret_ref);
	if (source->flex_volume != NULL)
		tell_secret(walk, source->flex_volume->secret_ref);
	if (source->iscsi != NULL)
		tell_secret(walk, source->iscsi->secret_ref);
	if (source->rbd != NULL)
		tell_secret(walk, source->rbd->secret_ref);
	if (source->scale_io != NULL)
		tell_secret(walk, source->scale_io->secret_ref);
	if (source->storageos != NULL)
		tell_secret(walk, source->storageos->secret_ref);
	if (source->csi != NULL)
		tell_secret(walk, source->csi->node_publish_secret_ref);
}

static void walk_volume(struct walk *walk, const struct core_pod *pod,
			const struct core_volume *volume)
{
	const struct core_volume_source *source = volume->volume_source;
	struct str pod_name = pod->metadata->name;

	if (source == NULL)
		return;
	if (source->secret != NULL)
		tell(walk, POD_REFERENCE_SECRET, source->secret->secret_name);
	if (source->config_map != NULL)
		tell(walk, POD_REFERENCE_CONFIG_MAP,
		     source->config_map->local_object_reference->name);
	if (source->projected != NULL)
		walk_projected(walk, source->projected);
	if (source->persistent_volume_claim != NULL)
		tell(walk, POD_REFERENCE_CLAIM, source->persistent_volume_claim->claim_name);
	if (source->ephemeral != NULL)
		tell(walk, POD_REFERENCE_CLAIM,
		     arena_printf(walk->arena, STR_FMT "-" STR_FMT, STR_ARG(pod_name),
				  STR_ARG(volume->name)));
	walk_driver_secrets(walk, source);
}

bool pod_reference_each(const struct core_pod *pod, struct arena *arena, pod_reference_fn *visit,
			void *arg)
{
	struct walk walk = { .arena = arena, .visit = visit, .arg = arg };
	const struct core_pod_spec *spec = pod->spec;

	if (spec->service_account_name.len > 0)
		tell(&walk, POD_REFERENCE_ACCOUNT, spec->service_account_name);
	for (uint32_t i = 0; i < spec->image_pull_secrets.len; i++)
		tell_secret(&walk, &spec->image_pull_secrets.at[i]);
	walk_containers(&walk, spec->init_containers);
	walk_containers(&walk, spec->containers);
	walk_ephemeral_containers(&walk, spec->ephemeral_containers);
	for (uint32_t i = 0; i < spec->volumes.len; i++)
		walk_volume(&walk, pod, &spec->volumes.at[i]);
	for (uint32_t i = 0; i < spec->resource_claims.len; i++)
		tell(&walk, POD_REFERENCE_RESOURCE_CLAIM, spec->resource_claims.at[i].name);
	return !walk.is_over;
}

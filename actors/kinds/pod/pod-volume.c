#include "actors/kinds/field/claim.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"

/*
 * Volumes of a pod (upstream's ValidateVolumes). The first source of a volume is judged, any further one refused; a volume with a fault
 * does not exist for those who mount it.
 */

#define MODE_MAX 0777
#define EMPTY_DIR_MODE_MAX 01777
#define ISCSI_TITLE_MAX 64U

struct volume {
	const struct pod_check *check;
	struct str name;
};

/* ---- pieces --------------------------------------------------------------------------------------------------- */

void pod_check_mode(const struct path *at, bool is_set, int32_t mode)
{
	if (is_set && (mode < 0 || mode > MODE_MAX))
		path_invalid_number(at, mode,
				    "must be a number between 0 and 0777 (octal), both inclusive");
}

void pod_check_user(const struct path *at, bool is_set, int64_t user)
{
	if (is_set)
		rule_range(at, user, 0, INT32_MAX);
}

void pod_check_keys(const struct path *at, struct core_key_to_path_list items)
{
	for (uint32_t i = 0; i < items.len; i++) {
		const struct core_key_to_path *item = &items.at[i];
		const struct path *here = PATH_AT(at, i);

		rule_needed(PATH(here, "key"), item->key, "");
		rule_needed(PATH(here, "path"), item->path, "");
		volume_check_path_name(PATH(here, "path"), item->path);
		pod_check_mode(PATH(here, "mode"), item->has.mode, item->mode);
		pod_check_user(PATH(here, "user"), item->has.user, item->user);
	}
}

void pod_check_downward_file(const struct path *at, const struct core_downward_api_volume_file *file)
{
	rule_needed(PATH(at, "path"), file->path, "");
	volume_check_path_name(PATH(at, "path"), file->path);
	if (file->field_ref != NULL) {
		pod_check_field_ref(PATH(at, "fieldRef"), file->field_ref, true);
		if (file->resource_field_ref != NULL)
			path_invalid(at, STR("resource"),
				     "fieldRef and resourceFieldRef can not be specified "
				     "simultaneously");
	} else if (file->resource_field_ref != NULL) {
		pod_check_resource_ref(PATH(at, "resourceFieldRef"), file->resource_field_ref, true);
	} else {
		path_required(at, "one of fieldRef and resourceFieldRef is required");
	}
	pod_check_mode(PATH(at, "mode"), file->has.mode, file->mode);
	pod_check_user(PATH(at, "user"), file->has.user, file->user);
}

/* ---- sources ---------------------------------------------------------------------------------------------------- */

static void check_empty_dir(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_empty_dir_volume_source *source = record;

	(void)volume;
	if (quantity_of(source->size_limit).nano < 0)
		path_forbidden(PATH(at, "sizeLimit"),
			       "SizeLimit field must be a valid resource quantity");
	if (source->has.mode && (source->mode < 0 || source->mode > EMPTY_DIR_MODE_MAX))
		path_invalid_number(PATH(at, "mode"), source->mode,
				    "must be a number between 0 and 01777 (octal), both inclusive");
}

static void check_host_path(const struct path *at, const void *record, const struct volume *volume)
{
	(void)volume;
	volume_check_host_path(at, record);
}

static void check_git_repo(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_git_repo_volume_source *source = record;

	(void)volume;
	volume_check_path(PATH(at, "directory"), source->directory);
}

static void check_secret(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_secret_volume_source *source = record;

	(void)volume;
	pod_check_mode(PATH(at, "defaultMode"), source->has.default_mode, source->default_mode);
	pod_check_user(PATH(at, "defaultUser"), source->has.default_user, source->default_user);
	pod_check_keys(PATH(at, "items"), source->items);
}

static void check_config_map(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_config_map_volume_source *source = record;

	(void)volume;
	rule_needed(PATH(at, "name"), source->local_object_reference->name, "");
	pod_check_mode(PATH(at, "defaultMode"), source->has.default_mode, source->default_mode);
	pod_check_user(PATH(at, "defaultUser"), source->has.default_user, source->default_user);
	pod_check_keys(PATH(at, "items"), source->items);
}

static void check_downward(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_downward_api_volume_source *source = record;

	(void)volume;
	pod_check_mode(PATH(at, "defaultMode"), source->has.default_mode, source->default_mode);
	pod_check_user(PATH(at, "defaultUser"), source->has.default_user, source->default_user);
	/* Without their places, as upstream says it. */
	for (uint32_t i = 0; i < source->items.len; i++)
		pod_check_downward_file(at, &source->items.at[i]);
}

static void check_nfs(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_nfs_volume_source *source = record;

	(void)volume;
	if (!str_starts(source->path, STR("/")))
		path_invalid(PATH(at, "path"), source->path, "must be an absolute path");
}

static void check_iscsi(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_iscsi_volume_source *source = record;
	uint32_t title = volume->name.len + 1 + source->target_portal.len;

	if (rule_needed(PATH(at, "iqn"), source->iqn, ""))
		volume_check_iscsi_name(PATH(at, "iqn"), source->iqn, true);
	if ((source->chap_auth_discovery || source->chap_auth_session) && source->secret_ref == NULL)
		path_required(PATH(at, "secretRef"), "");
	if (source->initiator_name.at == NULL)
		return;
	volume_check_iscsi_name(PATH(at, "initiatorname"), source->initiator_name, true);
	if (title > ISCSI_TITLE_MAX)
		path_invalid(PATH(at->up, "name"), volume->name,
			     "Total length of <volume name>:<iscsi.targetPortal> must be under 64 "
			     "characters if iscsi.initiatorName is specified.");
}

static void check_flocker(const struct path *at, const void *record, const struct volume *volume)
{
	(void)volume;
	volume_check_flocker(at, record);
}

static void check_cinder(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_cinder_volume_source *source = record;

	(void)volume;
	if (source->secret_ref != NULL)
		rule_needed(PATH(PATH(at, "secretRef"), "name"), source->secret_ref->name, "");
}

static void check_quobyte(const struct path *at, const void *record, const struct volume *volume)
{
	(void)volume;
	volume_check_quobyte(at, record);
}

static void check_fc(const struct path *at, const void *record, const struct volume *volume)
{
	(void)volume;
	volume_check_fc(at, record);
}

static void check_flex(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_flex_volume_source *source = record;

	(void)volume;
	volume_check_flex_options(PATH(at, "options"), source->options);
}

static void check_azure_disk(const struct path *at, const void *record, const struct volume *volume)
{
	(void)volume;
	volume_check_azure_disk(at, record);
}

static void check_storage_os(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_storage_os_volume_source *source = record;

	(void)volume;
	rule_needed_name(PATH(at, "volumeName"), NAME_DNS_LABEL, source->volume_name, "");
	if (source->volume_namespace.len > 0)
		rule_name(PATH(at, "volumeNamespace"), NAME_DNS_LABEL, source->volume_namespace);
	if (source->secret_ref != NULL)
		rule_needed(PATH(PATH(at, "secretRef"), "name"), source->secret_ref->name, "");
}

static void check_projected(const struct path *at, const void *record, const struct volume *volume)
{
	pod_check_projected(volume->check, at, record);
}

static void check_csi(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_csi_volume_source *source = record;
	const struct core_local_object_reference *secret = source->node_publish_secret_ref;

	(void)volume;
	volume_check_driver(PATH(at, "driver"), source->driver);
	if (secret == NULL)
		return;
	if (rule_needed(PATH(PATH(at, "nodePublishSecretRef"), "name"), secret->name, ""))
		rule_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, secret->name);
}

/* A template for a claim has labels and annotations and nothing else: its name is given. */
static void check_template_meta(const struct path *at, const struct meta_object_meta *meta)
{
	static const char words[] = "cannot be set";

	rule_annotations(PATH(at, "annotations"), meta->annotations);
	rule_labels(PATH(at, "labels"), meta->labels);
	if (meta->name.len > 0)
		path_forbidden(PATH(at, "name"), words);
	if (meta->generate_name.len > 0)
		path_forbidden(PATH(at, "generateName"), words);
	if (meta->namespace.len > 0)
		path_forbidden(PATH(at, "namespace"), words);
	if (meta->self_link.len > 0)
		path_forbidden(PATH(at, "selfLink"), words);
	if (meta->uid.len > 0)
		path_forbidden(PATH(at, "uID"), words);
	if (meta->resource_version.len > 0)
		path_forbidden(PATH(at, "resourceVersion"), words);
	if (meta->generation != 0)
		path_forbidden(PATH(at, "generation"), words);
	if (meta->creation_timestamp.ns != 0)
		path_forbidden(PATH(at, "creationTimestamp"), words);
	if (meta->has.deletion_timestamp)
		path_forbidden(PATH(at, "deletionTimestamp"), words);
	if (meta->has.deletion_grace_period_seconds)
		path_forbidden(PATH(at, "deletionGracePeriodSeconds"), words);
	if (meta->owner_references.at != NULL)
		path_forbidden(PATH(at, "ownerReferences"), words);
	if (meta->finalizers.at != NULL)
		path_forbidden(PATH(at, "finalizers"), words);
	if (meta->managed_fields.at != NULL)
		path_forbidden(PATH(at, "managedFields"), words);
}

static struct str claim_name(struct arena *arena, struct str pod, struct str volume)
{
	return arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(pod), STR_ARG(volume));
}

static void check_claim_name(const struct path *at, const struct volume *volume)
{
	const struct meta_object_meta *meta = volume->check->meta;
	struct str name, words;

	if (meta == NULL || meta->name.len == 0 || volume->name.len == 0)
		return;
	name = claim_name(path_arena(at), meta->name, volume->name);
	words = rule_words(at, NAME_DNS_SUBDOMAIN, name, "\n");
	path_invalid_lines(at, volume->name,
			   arena_printf(path_arena(at), "PVC name \"" STR_FMT "\": ", STR_ARG(name)),
			   words);
}

static void check_ephemeral(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_ephemeral_volume_source *source = record;
	const struct path *template = PATH(at, "volumeClaimTemplate");

	if (source->volume_claim_template == NULL) {
		path_required(template, "");
	} else {
		check_template_meta(PATH(template, "metadata"),
				    source->volume_claim_template->metadata);
		claim_check_spec(PATH(template, "spec"), source->volume_claim_template->spec, false,
				 false);
	}
	check_claim_name(PATH(at->up, "name"), volume);
}

static void check_image(const struct path *at, const void *record, const struct volume *volume)
{
	const struct core_image_volume_source *source = record;

	if (!volume->check->tolerance->nameless_images)
		rule_needed(PATH(at, "reference"), source->reference, "");
	rule_needed_one_of(PATH(at, "pullPolicy"), source->pull_policy, &core_pull_policy_values);
}

/* ---- all of them --------------------------------------------------------------------------------------------------- */

/* In upstream's order. Where the path of a fault is not the member's name, that is upstream's too. */
static const struct {
	const char *member;
	const char *checked, *refused; /* NULL: the member's name */
	void (*check)(const struct path *at, const void *record, const struct volume *volume);
} sources[] = {
	{ "emptyDir", NULL, NULL, check_empty_dir },
	{ "hostPath", NULL, NULL, check_host_path },
	{ "gitRepo", NULL, NULL, check_git_repo },
	{ "gcePersistentDisk", "persistentDisk", NULL, NULL },
	{ "awsElasticBlockStore", NULL, NULL, NULL },
	{ "secret", NULL, NULL, check_secret },
	{ "nfs", NULL, NULL, check_nfs },
	{ "iscsi", NULL, NULL, check_iscsi },
	{ "glusterfs", NULL, NULL, NULL },
	{ "flocker", NULL, NULL, check_flocker },
	{ "persistentVolumeClaim", NULL, NULL, NULL },
	{ "rbd", NULL, NULL, NULL },
	{ "cinder", NULL, NULL, check_cinder },
	{ "cephfs", NULL, "cephFS", NULL },
	{ "quobyte", NULL, NULL, check_quobyte },
	{ "downwardAPI", NULL, "downwarAPI", check_downward },
	{ "fc", NULL, NULL, check_fc },
	{ "flexVolume", NULL, NULL, check_flex },
	{ "configMap", NULL, NULL, check_config_map },
	{ "azureFile", NULL, NULL, NULL },
	{ "vsphereVolume", NULL, NULL, NULL },
	{ "photonPersistentDisk", NULL, NULL, NULL },
	{ "portworxVolume", NULL, NULL, NULL },
	{ "azureDisk", NULL, NULL, check_azure_disk },
	{ "storageos", NULL, NULL, check_storage_os },
	{ "projected", NULL, NULL, check_projected },
	{ "scaleIO", NULL, NULL, NULL },
	{ "csi", NULL, NULL, check_csi },
	{ "ephemeral", NULL, NULL, check_ephemeral },
	{ "image", NULL, NULL, check_image },
};

static void check_source(const struct path *at, size_t i, const struct volume *volume,
			 const void *record, bool is_first)
{
	const struct field *field =
	    type_field(&core_volume_source_type, str_from(sources[i].member));
	const char *name = sources[i].member;
	const void *source = *(void *const *)field_at(field, record);
	const struct path *here;

	if (!is_first) {
		name = sources[i].refused ? sources[i].refused : name;
		path_forbidden(PATH_NAMED(at, str_from(name)),
			       "may not specify more than 1 volume type");
		return;
	}
	here = PATH_NAMED(at, str_from(sources[i].checked ? sources[i].checked : name));
	volume_check_members(here, name, field_type(field), source);
	if (sources[i].check != NULL)
		sources[i].check(here, source, volume);
}

static void check_sources(const struct path *at, const struct volume *volume,
			  const struct core_volume_source *record)
{
	bool is_first = true;

	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		const struct field *field =
		    type_field(&core_volume_source_type, str_from(sources[i].member));

		if (!field_is_set(field, record))
			continue;
		check_source(at, i, volume, record, is_first);
		is_first = false;
	}
	if (is_first)
		path_required(at, "must specify a volume type");
}

static bool check_volume(struct pod_check *check, const struct path *at,
			 const struct core_volume *volume)
{
	uint32_t before = path_faults(at)->len;

	check_sources(at, &(struct volume){ check, volume->name }, volume->volume_source);
	rule_needed_name(PATH(at, "name"), NAME_DNS_LABEL, volume->name, "");
	if (seen_has(&check->volumes, volume->name))
		path_duplicate(PATH(at, "name"), volume->name);
	return path_faults(at)->len == before;
}

/* Claims that the pod's own volumes will make cannot be used by another of its volumes. */
static struct seen made_claims(const struct pod_check *check, const struct path *at)
{
	struct seen made = seen_in(path_arena(at));
	struct core_volume_list volumes = check->spec->volumes;

	if (check->meta == NULL || check->meta->name.len == 0)
		return made;
	for (uint32_t i = 0; i < volumes.len; i++)
		if (volumes.at[i].volume_source->ephemeral != NULL)
			seen_add(&made,
				 claim_name(path_arena(at), check->meta->name, volumes.at[i].name));
	return made;
}

void pod_check_volumes(struct pod_check *check, const struct path *at)
{
	struct core_volume_list volumes = check->spec->volumes;
	struct seen made = made_claims(check, at);

	check->volumes = seen_in(path_arena(at));
	for (uint32_t i = 0; i < volumes.len; i++) {
		const struct core_persistent_volume_claim_volume_source *claim =
		    volumes.at[i].volume_source->persistent_volume_claim;
		const struct path *here = PATH_AT(at, i);

		if (check_volume(check, here, &volumes.at[i]))
			seen_put(&check->volumes, volumes.at[i].name, i);
		if (claim != NULL && seen_has(&made, claim->claim_name))
			path_invalid(PATH(PATH(here, "persistentVolumeClaim"), "claimName"),
				     claim->claim_name,
				     "must not reference a PVC that gets created for an ephemeral "
				     "volume");
	}
}

#include "actors/kinds/storage/persistent-volume-source.h"

#include "actors/kinds/field/volume.h"
#include "datastore/object/record.h"

/*
 * What a PersistentVolume is made of: one source, whose members have rules of their own.
 */

#define ISCSI_TITLE_MAX 64U

/* ---- secrets ------------------------------------------------------------------------------------------------------------- */

static void need_secret(const struct path *at, const struct core_secret_reference *ref)
{
	if (ref == NULL)
		return;
	rule_needed(PATH(at, "name"), ref->name, "");
	rule_needed(PATH(at, "namespace"), ref->namespace, "");
}

static void check_secret(const struct path *at, const struct core_secret_reference *ref)
{
	if (ref == NULL)
		return;
	rule_needed_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, ref->name, "");
	rule_needed_name(PATH(at, "namespace"), NAME_DNS_LABEL, ref->namespace, "");
}

/* ---- sources --------------------------------------------------------------------------------------------------------------- */

static void check_host_path(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_host_path(at, record);
}

static void check_glusterfs(const struct path *at, const void *record, struct str name)
{
	const struct core_glusterfs_persistent_volume_source *source = record;
	const struct path *namespace = PATH(at, "endpointsNamespace");

	(void)name;
	if (source->endpoints_namespace.at == NULL)
		return;
	if (source->endpoints_namespace.len == 0)
		path_invalid(namespace, source->endpoints_namespace,
			     "if the endpointnamespace is set, it must be a valid namespace name");
	else
		rule_name(namespace, NAME_DNS_LABEL, source->endpoints_namespace);
}

static void check_flocker(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_flocker(at, record);
}

static void check_nfs(const struct path *at, const void *record, struct str name)
{
	const struct core_nfs_volume_source *source = record;

	(void)name;
	if (!str_starts(source->path, STR("/")))
		path_invalid(PATH(at, "path"), source->path, "must be an absolute path");
}

static void check_quobyte(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_quobyte(at, record);
}

static void check_iscsi(const struct path *at, const void *record, struct str name)
{
	const struct core_iscsi_persistent_volume_source *source = record;

	if (source->initiator_name.at != NULL &&
	    name.len + 1 + source->target_portal.len > ISCSI_TITLE_MAX)
		path_invalid(PATH(at, "targetportal"), source->target_portal,
			     "Total length of <volume name>:<iscsi.targetPortal> must be under 64 "
			     "characters if iscsi.initiatorName is specified.");
	if (rule_needed(PATH(at, "iqn"), source->iqn, ""))
		volume_check_iscsi_name(PATH(at, "iqn"), source->iqn, false);
	if ((source->chap_auth_discovery || source->chap_auth_session) && source->secret_ref == NULL)
		path_required(PATH(at, "secretRef"), "");
	if (source->secret_ref != NULL)
		rule_needed(PATH(PATH(at, "secretRef"), "name"), source->secret_ref->name, "");
	if (source->initiator_name.at != NULL)
		volume_check_iscsi_name(PATH(at, "initiatorname"), source->initiator_name, false);
}

static void check_cinder(const struct path *at, const void *record, struct str name)
{
	(void)name;
	need_secret(PATH(at, "secretRef"),
		    ((const struct core_cinder_persistent_volume_source *)record)->secret_ref);
}

static void check_fc(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_fc(at, record);
}

static void check_flex(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_flex_options(
	    PATH(at, "options"),
	    ((const struct core_flex_persistent_volume_source *)record)->options);
}

static void check_azure_file(const struct path *at, const void *record, struct str name)
{
	const struct core_azure_file_persistent_volume_source *source = record;

	(void)name;
	if (source->secret_namespace.at != NULL)
		rule_needed(PATH(at, "secretNamespace"), source->secret_namespace, "");
}

static void check_azure_disk(const struct path *at, const void *record, struct str name)
{
	(void)name;
	volume_check_azure_disk(at, record);
}

static void check_local(const struct path *at, const void *record, struct str name)
{
	const struct core_local_volume_source *source = record;

	(void)name;
	if (rule_needed(PATH(at, "path"), source->path, ""))
		volume_check_no_backsteps(PATH(at, "path"), source->path);
}

static void check_storage_os(const struct path *at, const void *record, struct str name)
{
	const struct core_storage_os_persistent_volume_source *source = record;
	const struct core_object_reference *ref = source->secret_ref;

	(void)name;
	rule_needed_name(PATH(at, "volumeName"), NAME_DNS_LABEL, source->volume_name, "");
	if (source->volume_namespace.len > 0)
		rule_name(PATH(at, "volumeNamespace"), NAME_DNS_LABEL, source->volume_namespace);
	if (ref == NULL)
		return;
	rule_needed(PATH(PATH(at, "secretRef"), "name"), ref->name, "");
	rule_needed(PATH(PATH(at, "secretRef"), "namespace"), ref->namespace, "");
}

static void check_csi(const struct path *at, const void *record, struct str name)
{
	const struct core_csi_persistent_volume_source *source = record;

	(void)name;
	volume_check_driver(PATH(at, "driver"), source->driver);
	rule_needed(PATH(at, "volumeHandle"), source->volume_handle, "");
	check_secret(PATH(at, "controllerPublishSecretRef"), source->controller_publish_secret_ref);
	check_secret(PATH(at, "controllerExpandSecretRef"), source->controller_expand_secret_ref);
	check_secret(PATH(at, "nodePublishSecretRef"), source->node_publish_secret_ref);
	check_secret(PATH(at, "nodeExpandSecretRef"), source->node_expand_secret_ref);
}

/* In upstream's order. Where the path of a fault is not the member's name, that is upstream's too. */
static const struct {
	const char *member;
	const char *checked, *refused; /* NULL: the member's name */
	void (*check)(const struct path *at, const void *record, struct str name);
} sources[] = {
	{ "hostPath", NULL, NULL, check_host_path },
	{ "gcePersistentDisk", "persistentDisk", NULL, NULL },
	{ "awsElasticBlockStore", NULL, NULL, NULL },
	{ "glusterfs", NULL, NULL, check_glusterfs },
	{ "flocker", NULL, NULL, check_flocker },
	{ "nfs", NULL, NULL, check_nfs },
	{ "rbd", NULL, NULL, NULL },
	{ "quobyte", NULL, NULL, check_quobyte },
	{ "cephfs", NULL, "cephFS", NULL },
	{ "iscsi", NULL, NULL, check_iscsi },
	{ "cinder", NULL, NULL, check_cinder },
	{ "fc", NULL, NULL, check_fc },
	{ "flexVolume", NULL, NULL, check_flex },
	{ "azureFile", NULL, NULL, check_azure_file },
	{ "vsphereVolume", NULL, NULL, NULL },
	{ "photonPersistentDisk", NULL, NULL, NULL },
	{ "portworxVolume", NULL, NULL, NULL },
	{ "azureDisk", NULL, NULL, check_azure_disk },
	{ "scaleIO", NULL, NULL, NULL },
	{ "local", NULL, NULL, check_local },
	{ "storageos", NULL, NULL, check_storage_os },
	{ "csi", NULL, NULL, check_csi },
};

static void check_source(const struct path *at, size_t i, const struct field *field,
			 const void *source, struct str name)
{
	const char *step = sources[i].checked ? sources[i].checked : sources[i].member;
	const struct path *here = PATH_NAMED(at, str_from(step));

	volume_check_members(here, sources[i].member, field_type(field), source);
	if (sources[i].check != NULL)
		sources[i].check(here, source, name);
}

void persistent_volume_check_source(const struct path *at,
				    const struct core_persistent_volume_source *source,
				    struct str name)
{
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		const char *step = sources[i].refused ? sources[i].refused : sources[i].member;
		const struct field *field =
		    type_field(&core_persistent_volume_source_type, str_from(sources[i].member));

		if (!field_is_set(field, source))
			continue;
		/* A flexible one is never one too many. */
		if (count++ == 0 || strcmp(sources[i].member, "flexVolume") == 0)
			check_source(at, i, field, *(void *const *)field_at(field, source), name);
		else
			path_forbidden(PATH_NAMED(at, str_from(step)),
				       "may not specify more than 1 volume type");
	}
	if (count == 0)
		path_required(at, "must specify a volume type");
}

#include "actors/kinds/field/volume.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/storage/persistent-volume.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"

/*
 * The VolumeAttachment: that a volume is to be at a node (upstream: apis/storage/validation, ValidateVolumeAttachment). That its spec stays
 * says a mark.
 */

#define METADATA_BYTES_MAX (256U * KIB)
#define MESSAGE_MAX 1024U
#define ONE_SOURCE "must specify exactly one of inlineVolumeSpec and persistentVolumeName"

static void check_source(const struct path *at,
			 const struct storage_volume_attachment_source *source)
{
	const struct path *name = PATH(at, "persistentVolumeName");
	bool is_named = source->persistent_volume_name.at != NULL;

	if (!is_named && source->inline_volume_spec == NULL)
		path_required(at, ONE_SOURCE);
	else if (is_named && source->inline_volume_spec != NULL)
		path_forbidden(at, ONE_SOURCE);
	else if (!is_named)
		persistent_volume_check_spec(PATH(at, "inlineVolumeSpec"),
					     source->inline_volume_spec, STR(""), true, false);
	else if (source->persistent_volume_name.len == 0)
		path_required(name, "must specify non empty persistentVolumeName");
	if (is_named)
		rule_name(name, NAME_DNS_SUBDOMAIN, source->persistent_volume_name);
}

static void check_error(const struct path *at, const struct storage_volume_error *error)
{
	if (error == NULL)
		return;
	if (error->message.len > MESSAGE_MAX)
		path_too_long(PATH(at, "message"), MESSAGE_MAX);
	if (error->has.error_code)
		rule_range(PATH(at, "errorCode"), error->error_code, 0, INT32_MAX);
}

static void check_status(const struct path *at,
			 const struct storage_volume_attachment_status *status)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < status->attachment_metadata.len; i++)
		bytes += (uint64_t)status->attachment_metadata.at[i].key.len +
			 status->attachment_metadata.at[i].value.len;
	if (bytes > METADATA_BYTES_MAX)
		path_too_long(PATH(at, "attachmentMetadata"), METADATA_BYTES_MAX);
	check_error(PATH(at, "attachError"), status->attach_error);
	check_error(PATH(at, "detachError"), status->detach_error);
}

static void validate(struct kind_change *change)
{
	const struct storage_volume_attachment *attachment = change->object;
	const struct storage_volume_attachment_spec *spec = attachment->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	volume_check_driver(PATH(at, "attacher"), spec->attacher);
	check_source(PATH(at, "source"), spec->source);
	rule_name(PATH(at, "nodeName"), NAME_DNS_SUBDOMAIN, spec->node_name);
	if (attachment->status != NULL)
		check_status(PATH_ROOT(change->faults, "status"), attachment->status);
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, validate },
};

const struct kind_rules kind_volume_attachment = {
	.group = "storage.k8s.io",
	.kind = "VolumeAttachment",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.needs_resource_version = true,
	.returns_deleted = true,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};

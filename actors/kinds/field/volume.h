/*
 * Sources of volumes: what pods and PersistentVolumes ask of each kind of storage alike.
 */
#ifndef ACTORS_KINDS_FIELD_VOLUME_H
#define ACTORS_KINDS_FIELD_VOLUME_H

#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/*
 * The members that a source has to have, its modes and numbers, by the source's name in JSON ("nfs"). `record` is of `type`; what
 * needs more than one member is not looked at.
 */
void volume_check_members(const struct path *at, const char *source, const struct type *type,
			  const void *record);

/* A path below some folder: relative, without `..`. `_name` cannot begin with `..` either. */
bool volume_check_path(const struct path *at, struct str text);
bool volume_check_path_name(const struct path *at, struct str text);
bool volume_check_no_backsteps(const struct path *at, struct str text);
bool volume_is_without_backsteps(struct str text);

void volume_check_host_path(const struct path *at,
			    const struct core_host_path_volume_source *source);
void volume_check_flocker(const struct path *at, const struct core_flocker_volume_source *source);
void volume_check_quobyte(const struct path *at, const struct core_quobyte_volume_source *source);
void volume_check_fc(const struct path *at, const struct core_fc_volume_source *source);
void volume_check_azure_disk(const struct path *at,
			     const struct core_azure_disk_volume_source *source);
/* `with_prefix_words`: an iqn that begins wrongly is told so. */
void volume_check_iscsi_name(const struct path *at, struct str name, bool with_prefix_words);
void volume_check_flex_options(const struct path *at, struct str_map options);
bool volume_check_driver(const struct path *at, struct str driver);
/* PVCs and volumes, `spec.accessModes`. */
void volume_check_access_modes(const struct path *at, struct str_list modes);

#endif

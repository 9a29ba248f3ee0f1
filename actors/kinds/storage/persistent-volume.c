#include "actors/kinds/storage/persistent-volume.h"

#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/storage/persistent-volume-source.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"

/*
 * The PersistentVolume: storage that is there before anybody uses it. What it is made of never changes.
 */

#define OLD_MOUNT_OPTIONS STR("volume.beta.kubernetes.io/mount-options")

static struct core_persistent_volume *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct core_persistent_volume *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- the spec -------------------------------------------------------------------------------------------------------------- */

#define INLINE_WORDS "may not be specified in the context of inline volumes"

static void check_capacity(const struct path *at, struct str_map capacity)
{
	if (capacity.len == 0)
		path_required(at, "");
	if (str_map_get(capacity, STR("storage")).at == NULL || capacity.len > 1)
		path_fault(at, FAULT_NOT_SUPPORTED, path_shown_map(at, capacity),
			   "supported values: \"storage\"");
	for (uint32_t i = 0; i < capacity.len; i++) {
		const struct path *here = PATH_KEY(at, capacity.at[i].key);
		struct quantity amount = quantity_of(capacity.at[i].value);

		if (quantity_value(amount) < 0)
			path_invalid_number(here, quantity_value(amount),
					    "must be a valid resource quantity");
		if (amount.nano <= 0)
			path_invalid(here, capacity.at[i].value, "must be greater than zero");
	}
}

static void check_affinity(const struct path *at, const struct core_volume_node_affinity *affinity,
			   bool allows_bad_values)
{
	if (affinity->required != NULL)
		node_selector_check(PATH(at, "required"), affinity->required, allows_bad_values);
	else
		path_required(PATH(at, "required"), "must specify required node constraints");
}

/* Text that leads to the root, however many slashes and dots it takes. */
static bool is_root(struct str text)
{
	struct str rest = text;
	uint32_t depth = 0;

	if (!str_starts(text, STR("/")))
		return false;
	while (rest.at != NULL) {
		struct str step = str_cut(&rest, '/');

		if (str_is(step, ".."))
			depth -= depth > 0;
		else if (step.len > 0 && !str_is(step, "."))
			depth++;
	}
	return depth == 0;
}

static void check_attributes_class(const struct path *at,
				   const struct core_persistent_volume_spec *spec)
{
	const struct path *class = PATH(at, "volumeAttributesClassName");

	if (spec->volume_attributes_class_name.at == NULL)
		return;
	rule_needed_name(class, NAME_DNS_SUBDOMAIN, spec->volume_attributes_class_name,
			 "an empty string is disallowed");
	if (spec->persistent_volume_source->csi == NULL)
		path_required(PATH(at, "csi"),
			      "has to be specified when using volumeAttributesClassName");
}

static void check_inline(const struct path *at, const struct core_persistent_volume_spec *spec)
{
	if (spec->claim_ref != NULL)
		path_forbidden(PATH(at, "claimRef"), INLINE_WORDS);
	if (spec->capacity.len > 0)
		path_forbidden(PATH(at, "capacity"), INLINE_WORDS);
	if (spec->persistent_volume_source->csi == NULL)
		path_required(PATH(at, "csi"),
			      "has to be specified in the context of inline volumes");
}

/* What stands alone has a class and a mode; what is inline has what it is attached by. */
static void check_rest(const struct path *at, const struct core_persistent_volume_spec *spec,
		       bool is_inline)
{
	const struct core_host_path_volume_source *host = spec->persistent_volume_source->host_path;
	const struct path *reclaim = PATH(at, "persistentVolumeReclaimPolicy");
	const struct path *class = PATH(at, "storageClassName"), *mode = PATH(at, "volumeMode");

	if (host != NULL && is_root(host->path) &&
	    str_is(spec->persistent_volume_reclaim_policy, "Recycle"))
		path_forbidden(reclaim, "may not be 'recycle' for a hostPath mount of '/'");
	if (spec->storage_class_name.len > 0 && is_inline)
		path_forbidden(class, INLINE_WORDS);
	else if (spec->storage_class_name.len > 0)
		rule_name(class, NAME_DNS_SUBDOMAIN, spec->storage_class_name);
	if (spec->volume_mode.at != NULL && !is_inline)
		rule_one_of(mode, spec->volume_mode, &core_persistent_volume_mode_values);
	else if (spec->volume_mode.at != NULL && !str_is(spec->volume_mode, "Filesystem"))
		path_forbidden(mode, "may not specify volumeMode other than Filesystem in the "
				     "context of inline volumes");
	check_attributes_class(at, spec);
}

static void check_reclaim(const struct path *at, struct str policy, bool is_inline)
{
	if (policy.len == 0)
		return;
	if (!is_inline)
		rule_one_of(at, policy, &core_persistent_volume_reclaim_policy_values);
	else if (!str_is(policy, "Retain"))
		path_forbidden(at, "may only be Retain in the context of inline volumes");
}

void persistent_volume_check_spec(const struct path *at,
				  const struct core_persistent_volume_spec *spec, struct str name,
				  bool is_inline, bool allows_bad_values)
{
	const struct path *affinity = PATH(at, "nodeAffinity");

	if (is_inline)
		check_inline(at, spec);
	if (spec->access_modes.len == 0)
		path_required(PATH(at, "accessModes"), "");
	volume_check_access_modes(PATH(at, "accessModes"), spec->access_modes);
	if (!is_inline)
		check_capacity(PATH(at, "capacity"), spec->capacity);
	check_reclaim(PATH(at, "persistentVolumeReclaimPolicy"),
		      spec->persistent_volume_reclaim_policy, is_inline);
	if (spec->node_affinity != NULL && is_inline)
		path_forbidden(affinity, INLINE_WORDS);
	else if (spec->node_affinity != NULL)
		check_affinity(affinity, spec->node_affinity, allows_bad_values);
	persistent_volume_check_source(at, spec->persistent_volume_source, name);
	if (spec->persistent_volume_source->local != NULL && spec->node_affinity == NULL)
		path_required(affinity, "Local volume requires node affinity");
	check_rest(at, spec, is_inline);
}

/* ---- before rules ---------------------------------------------------------------------------------------------------------------- */

static void set_transition(struct kind_change *change)
{
	struct core_persistent_volume_status *status = new_of(change)->status;

	SET(status, last_phase_transition_time, change->check->now);
	status->last_phase_transition_time.ns -= status->last_phase_transition_time.ns % TIME_S;
}

static void prepare_create(struct kind_change *change)
{
	MAKE(new_of(change)->status, change->arena)->phase = STR("Pending");
	set_transition(change);
}

static void prepare_status(struct kind_change *change)
{
	const struct core_persistent_volume_status *old;
	struct core_persistent_volume_status *now;
	bool is_same_time;

	kind_prepare_status(change);
	now = MAKE(new_of(change)->status, change->arena);
	old = old_of(change)->status;
	is_same_time = now->has.last_phase_transition_time == old->has.last_phase_transition_time &&
		       now->last_phase_transition_time.ns == old->last_phase_transition_time.ns;
	if (str_eq(now->phase, old->phase)) {
		if (!now->has.last_phase_transition_time && old->has.last_phase_transition_time)
			SET(now, last_phase_transition_time, old->last_phase_transition_time);
	} else if (!now->has.last_phase_transition_time || is_same_time) {
		set_transition(change);
	}
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------------- */

static bool takes_mount_options(const struct core_persistent_volume_source *source)
{
	return source->gce_persistent_disk != NULL || source->aws_elastic_block_store != NULL ||
	       source->glusterfs != NULL || source->nfs != NULL || source->rbd != NULL ||
	       source->quobyte != NULL || source->iscsi != NULL || source->cinder != NULL ||
	       source->cephfs != NULL || source->azure_file != NULL ||
	       source->vsphere_volume != NULL || source->azure_disk != NULL ||
	       source->photon_persistent_disk != NULL;
}

static void check_volume(struct kind_change *change, bool allows_bad_values)
{
	const struct core_persistent_volume *volume = new_of(change);
	const struct path *annotations = PATH(PATH_ROOT(change->faults, "metadata"), "annotations");

	persistent_volume_check_spec(PATH_ROOT(change->faults, "spec"), volume->spec,
				     volume->metadata->name, false, allows_bad_values);
	if (!takes_mount_options(volume->spec->persistent_volume_source) &&
	    str_map_get(volume->metadata->annotations, OLD_MOUNT_OPTIONS).at != NULL)
		path_forbidden(PATH_NAMED(annotations, OLD_MOUNT_OPTIONS),
			       "may not specify mount options for this volume type");
}

static void warn(struct kind_change *change)
{
	static const struct {
		const char *key, *words;
	} annotations[] = {
		{ "volume.beta.kubernetes.io/storage-class",
		  "deprecated since v1.8; use \"storageClassName\" attribute instead" },
		{ "volume.beta.kubernetes.io/mount-options",
		  "deprecated since v1.31; use \"mountOptions\" attribute instead" },
	};
	const struct core_persistent_volume_spec *spec = new_of(change)->spec;
	const struct core_persistent_volume_source *source = spec->persistent_volume_source;
	const struct {
		const void *source;
		const char *words;
	} sources[] = {
		{ source->cephfs, "spec.cephfs: deprecated in v1.28, non-functional in v1.31+" },
		{ source->photon_persistent_disk,
		  "spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+" },
		{ source->scale_io, "spec.scaleIO: deprecated in v1.16, non-functional in v1.22+" },
		{ source->storageos,
		  "spec.storageOS: deprecated in v1.22, non-functional in v1.25+" },
		{ source->glusterfs,
		  "spec.glusterfs: deprecated in v1.25, non-functional in v1.26+" },
		{ source->rbd, "spec.rbd: deprecated in v1.28, non-functional in v1.31+" },
	};
	const struct path *terms =
	    PATH(PATH(PATH(PATH_ROOT(change->faults, "spec"), "nodeAffinity"), "required"),
		 "nodeSelectorTerms");
	const struct core_node_selector *nodes =
	    spec->node_affinity ? spec->node_affinity->required : NULL;

	for (size_t i = 0; i < sizeof annotations / sizeof annotations[0]; i++)
		if (str_map_get(new_of(change)->metadata->annotations, str_from(annotations[i].key))
			.at != NULL)
			kind_warn(change, "metadata.annotations[%s]: %s", annotations[i].key,
				  annotations[i].words);
	if (str_is(spec->persistent_volume_reclaim_policy, "Recycle"))
		kind_warn(change, "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy "
				  "is deprecated. Instead, the recommended approach is to use "
				  "dynamic provisioning.");
	for (uint32_t i = 0; nodes != NULL && i < nodes->node_selector_terms.len; i++)
		node_selector_warn(change, PATH_AT(terms, i), &nodes->node_selector_terms.at[i],
				   false);
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		if (sources[i].source != NULL)
			kind_warn(change, "%s", sources[i].words);
}

static void validate_create(struct kind_change *change)
{
	check_volume(change, false);
	warn(change);
}

/* ---- update --------------------------------------------------------------------------------------------------------------------------- */

/* A secret for growing may be added; nothing else of the source changes. */
static bool has_same_source(const struct kind_change *change)
{
	const struct core_persistent_volume_source *old =
	    old_of(change)->spec->persistent_volume_source;
	struct core_persistent_volume_source *now =
	    record_clone_shallow(&core_persistent_volume_source_type,
				 new_of(change)->spec->persistent_volume_source, change->arena);

	if (old->csi != NULL && old->csi->controller_expand_secret_ref == NULL && now->csi != NULL)
		now->csi->controller_expand_secret_ref = NULL;
	return record_equal(&core_persistent_volume_source_type, now, old);
}

/* Labels of nodes that have got other names. */
static struct str today(struct str key)
{
	static const char *const names[][2] = {
		{ "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone" },
		{ "failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region" },
		{ "beta.kubernetes.io/os", "kubernetes.io/os" },
		{ "beta.kubernetes.io/arch", "kubernetes.io/arch" },
		{ "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type" },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(key, names[i][0]))
			return str_from(names[i][1]);
	return key;
}

static void rename_keys(struct core_node_selector_requirement_list old,
			struct core_node_selector_requirement_list now)
{
	for (uint32_t i = 0; i < old.len && i < now.len; i++)
		if (str_eq(today(old.at[i].key), now.at[i].key))
			old.at[i].key = now.at[i].key;
}

static bool has_same_affinity(const struct kind_change *change)
{
	const struct core_volume_node_affinity *now = new_of(change)->spec->node_affinity;
	struct core_volume_node_affinity *old = record_clone(
	    &core_volume_node_affinity_type, old_of(change)->spec->node_affinity, change->arena);
	struct core_node_selector_term_list before = { 0 }, after = { 0 };

	if (now != NULL && now->required != NULL && old->required != NULL) {
		before = old->required->node_selector_terms;
		after = now->required->node_selector_terms;
	}
	for (uint32_t i = 0; i < before.len && i < after.len; i++) {
		rename_keys(before.at[i].match_expressions, after.at[i].match_expressions);
		rename_keys(before.at[i].match_fields, after.at[i].match_fields);
	}
	return now != NULL && record_equal(&core_volume_node_affinity_type, now, old);
}

static bool had_bad_values(const struct kind_change *change)
{
	const struct core_volume_node_affinity *affinity = old_of(change)->spec->node_affinity;
	struct faults found = faults_in(change->arena);
	struct faults lenient = faults_in(change->arena);

	if (affinity == NULL || affinity->required == NULL)
		return false;
	node_selector_check(PATH_ROOT(&found, "x"), affinity->required, false);
	node_selector_check(PATH_ROOT(&lenient, "x"), affinity->required, true);
	return found.len > lenient.len;
}

static void validate_update(struct kind_change *change)
{
	const struct core_persistent_volume_spec *now = new_of(change)->spec;
	const struct core_persistent_volume_spec *old = old_of(change)->spec;
	const struct path *spec = PATH_ROOT(change->faults, "spec");
	const struct path *affinity = PATH_ROOT(change->faults, "nodeAffinity");

	check_volume(change, had_bad_values(change));
	if (!has_same_source(change))
		path_forbidden(PATH(spec, "persistentvolumesource"),
			       "spec.persistentvolumesource is immutable after creation");
	rule_unchanged(PATH_ROOT(change->faults, "volumeMode"), &core_persistent_volume_spec_type,
		       "volumeMode", now, old);
	if (old->node_affinity != NULL && !has_same_affinity(change))
		path_fault(affinity, FAULT_INVALID,
			   path_shown_record(affinity, &core_volume_node_affinity_type,
					     now->node_affinity),
			   "field is immutable, except for updating from beta label to GA");
	if (old->volume_attributes_class_name.at != NULL &&
	    now->volume_attributes_class_name.at == NULL)
		path_forbidden(PATH(spec, "volumeAttributesClassName"),
			       "update from non-nil value to nil is forbidden");
	warn(change);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, NULL },
};

const struct kind_rules kind_persistent_volume = {
	.group = "",
	.kind = "PersistentVolume",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.prepare_create = prepare_create,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};

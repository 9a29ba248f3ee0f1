#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/claim.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"
#include "datastore/schema/type.h"

/*
 * The PersistentVolumeClaim. Bound, it may grow and change the class of its attributes; all else of it is as it was made.
 */

#define OLD_CLASS STR("volume.beta.kubernetes.io/storage-class")

static struct core_persistent_volume_claim *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct core_persistent_volume_claim *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- sources of data: two fields for one thing ---------------------------------------------------------------------------- */

static bool is_known_source(const struct core_typed_local_object_reference *source)
{
	return (str_is(source->kind, "PersistentVolumeClaim") && source->api_group.len == 0) ||
	       (str_is(source->kind, "VolumeSnapshot") &&
		str_is(source->api_group, "snapshot.storage.k8s.io"));
}

/* Each is filled from the other. One in another namespace has no place in the elder. */
static void fill_sources(struct core_persistent_volume_claim_spec *spec, struct arena *arena)
{
	const struct core_typed_local_object_reference *source = spec->data_source;
	const struct core_typed_object_reference *ref = spec->data_source_ref;

	if (source != NULL && ref == NULL) {
		spec->data_source_ref = arena_new_of(arena, struct core_typed_object_reference);
		*spec->data_source_ref = (struct core_typed_object_reference){
			.api_group = source->api_group,
			.kind = source->kind,
			.name = source->name,
		};
	} else if (ref != NULL && source == NULL && ref->namespace.len == 0) {
		spec->data_source = arena_new_of(arena, struct core_typed_local_object_reference);
		*spec->data_source = (struct core_typed_local_object_reference){
			.api_group = ref->api_group,
			.kind = ref->kind,
			.name = ref->name,
		};
	}
}

static void prepare(struct kind_change *change)
{
	struct core_persistent_volume_claim_spec *spec = new_of(change)->spec;
	const struct core_persistent_volume_claim_spec *old =
	    change->old ? old_of(change)->spec : NULL;
	bool had_ref = old != NULL && old->data_source_ref != NULL;
	bool had_any = old != NULL && (had_ref || old->data_source != NULL);

	if (!gate_is_on(STR("CrossNamespaceVolumeDataSource")) && !had_ref &&
	    spec->data_source_ref != NULL && spec->data_source_ref->namespace.len > 0)
		spec->data_source_ref = NULL;
	/* What the elder field cannot mean was always dropped without a word. */
	if (!had_any && spec->data_source_ref == NULL && spec->data_source != NULL &&
	    !is_known_source(spec->data_source))
		spec->data_source = NULL;
	fill_sources(spec, change->arena);
}

static void prepare_create(struct kind_change *change)
{
	prepare(change);
	MAKE(new_of(change)->status, change->arena)->phase = STR("Pending");
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------ */

static void warn(struct kind_change *change)
{
	if (str_map_get(new_of(change)->metadata->annotations, OLD_CLASS).at != NULL)
		kind_warn(change,
			  "metadata.annotations[" STR_FMT
			  "]: deprecated since v1.8; use \"storageClassName\" attribute instead",
			  STR_ARG(OLD_CLASS));
	claim_warn(change, PATH_ROOT(change->faults, "spec"), new_of(change)->spec);
}

static void validate_create(struct kind_change *change)
{
	claim_check_spec(PATH_ROOT(change->faults, "spec"), new_of(change)->spec, false, false);
	warn(change);
}

/* ---- update -------------------------------------------------------------------------------------------------------------------- */

static bool is_same(struct str a, struct str b)
{
	return (a.at == NULL) == (b.at == NULL) && str_eq(a, b);
}

/* The annotation moves into the field. */
static bool is_class_moved(const struct kind_change *change)
{
	struct str before = str_map_get(old_of(change)->metadata->annotations, OLD_CLASS);
	struct str after = str_map_get(new_of(change)->metadata->annotations, OLD_CLASS);
	struct str now = new_of(change)->spec->storage_class_name;

	return before.at != NULL && old_of(change)->spec->storage_class_name.at == NULL &&
	       now.at != NULL && str_eq(now, before) && (after.at == NULL || str_eq(after, before));
}

/* A class that nobody chose may still be chosen. */
static bool is_class_chosen(const struct kind_change *change)
{
	struct str before = str_map_get(old_of(change)->metadata->annotations, OLD_CLASS);
	struct str now = new_of(change)->spec->storage_class_name;

	return now.at != NULL && old_of(change)->spec->storage_class_name.at == NULL &&
	       (before.at == NULL || str_eq(now, before));
}

static void check_class_annotation(struct kind_change *change)
{
	struct str before = str_map_get(old_of(change)->metadata->annotations, OLD_CLASS);
	struct str now = str_map_get(new_of(change)->metadata->annotations, OLD_CLASS);
	const struct path *at = PATH(PATH_ROOT(change->faults, "metadata"), "annotations");

	if (!str_eq(now, before))
		path_invalid(PATH_NAMED(at, OLD_CLASS), now, "field is immutable");
}

/* The new spec with what may change as it was. */
static struct core_persistent_volume_claim_spec *set_back(struct kind_change *change)
{
	const struct core_persistent_volume_claim_spec *old = old_of(change)->spec;
	struct core_persistent_volume_claim_spec *spec = record_clone_shallow(
	    &core_persistent_volume_claim_spec_type, new_of(change)->spec, change->arena);
	struct str size = str_map_get(old->resources->requests, STR("storage"));

	if (old->volume_name.len == 0)
		spec->volume_name = old->volume_name;
	if (is_class_moved(change) || is_class_chosen(change))
		spec->storage_class_name = old->storage_class_name;
	if (!str_is(new_of(change)->status->phase, "Bound"))
		return spec;
	spec->volume_attributes_class_name = old->volume_attributes_class_name;
	if (spec->resources->requests.at != NULL && size.at != NULL)
		str_map_put(&spec->resources->requests, change->arena, STR("storage"), size);
	return spec;
}

static void check_spec(struct kind_change *change, const struct path *at)
{
	struct core_persistent_volume_claim_spec *old = record_clone_shallow(
	    &core_persistent_volume_claim_spec_type, old_of(change)->spec, change->arena);

	fill_sources(old, change->arena);
	if (!is_class_moved(change))
		check_class_annotation(change);
	if (!record_equal(&core_persistent_volume_claim_spec_type, set_back(change), old))
		path_forbidden(at, "spec is immutable after creation except resources.requests and "
				   "volumeAttributesClassName for bound claims");
}

static void check_size(struct kind_change *change, const struct path *at)
{
	const struct core_persistent_volume_claim *old = old_of(change);
	struct str name = STR("storage");
	struct str size = str_map_get(new_of(change)->spec->resources->requests, name);

	if (amount_cmp(size, str_map_get(old->spec->resources->requests, name)) < 0 &&
	    amount_cmp(size, str_map_get(old->status->capacity, name)) <= 0)
		path_forbidden(PATH(PATH(PATH(at, "resources"), "requests"), "storage"),
			       "field can not be less than status.capacity");
}

static void check_attributes_class(struct kind_change *change, const struct path *at)
{
	struct str now = new_of(change)->spec->volume_attributes_class_name;

	if (is_same(now, old_of(change)->spec->volume_attributes_class_name) ||
	    old_of(change)->status->current_volume_attributes_class_name.at == NULL)
		return;
	if (now.at == NULL)
		path_forbidden(at, "update to nil is forbidden when "
				   "status.currentVolumeAttributesClassName is not nil");
	else if (now.len == 0)
		path_forbidden(at, "update to empty string is forbidden when "
				   "status.currentVolumeAttributesClassName is not nil");
}

static void validate_update(struct kind_change *change)
{
	const struct core_persistent_volume_claim_spec *old = old_of(change)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct faults before = faults_in(change->arena);
	bool had_bad_selector = !rule_selector(PATH_ROOT(&before, "x"), old->selector, false);
	bool had_group =
	    (old->data_source != NULL && old->data_source->api_group.at != NULL) ||
	    (old->data_source_ref != NULL && old->data_source_ref->api_group.at != NULL);

	claim_check_spec(at, new_of(change)->spec, had_bad_selector, had_group);
	check_spec(change, at);
	check_size(change, at);
	rule_unchanged(PATH_ROOT(change->faults, "volumeMode"),
		       &core_persistent_volume_claim_spec_type, "volumeMode", new_of(change)->spec,
		       old);
	check_attributes_class(change, PATH(at, "volumeAttributesClassName"));
	warn(change);
}

/* ---- status ----------------------------------------------------------------------------------------------------------------------- */

static bool check_resource(const struct path *at, struct str name)
{
	if (!rule_name(at, NAME_LABEL_KEY, name))
		return false;
	return !amount_is_native(name) || str_is(name, "storage") ||
	       path_not_supported(at, name, "\"storage\"");
}

static bool check_amount(const struct path *at, struct str value)
{
	int64_t whole = quantity_value(quantity_of(value));

	return whole >= 0 || path_invalid_number(at, whole, "must be a valid resource quantity");
}

static void check_allocated(const struct path *at, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++) {
		const struct path *here = PATH_KEY(at, amounts.at[i].key);

		if (check_resource(at, amounts.at[i].key) && check_amount(here, amounts.at[i].value))
			amount_check(here, STR("storage"), amounts.at[i].value);
	}
}

static bool is_resize_status(struct str value)
{
	static const char *const known[] = {
		"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizePending",
		"NodeResizeInProgress",       "NodeResizeInfeasible",
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_is(value, known[i]))
			return true;
	return false;
}

/* What is shown is the resource, not its status. */
static void check_resizes(const struct path *at, struct str_map statuses)
{
	for (uint32_t i = 0; i < statuses.len; i++) {
		check_resource(at, statuses.at[i].key);
		if (!is_resize_status(statuses.at[i].value))
			path_not_supported(at, statuses.at[i].key,
					   "\"ControllerResizeInProgress\", "
					   "\"ControllerResizeInfeasible\", "
					   "\"NodeResizeInProgress\", \"NodeResizeInfeasible\", "
					   "\"NodeResizePending\"");
	}
}

static void validate_status(struct kind_change *change)
{
	const struct core_persistent_volume_claim_status *status = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	if (new_of(change)->spec->access_modes.len == 0)
		path_required(PATH(PATH_ROOT(change->faults, "Spec"), "accessModes"), "");
	for (uint32_t i = 0; i < status->capacity.len; i++)
		check_amount(PATH_KEY(PATH(at, "capacity"), status->capacity.at[i].key),
			     status->capacity.at[i].value);
	check_resizes(PATH(at, "allocatedResourceStatuses"), status->allocated_resource_statuses);
	check_allocated(PATH(at, "allocatedResources"), status->allocated_resources);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_persistent_volume_claim = {
	.group = "",
	.kind = "PersistentVolumeClaim",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};

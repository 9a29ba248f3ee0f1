#include "actors/kinds/field/claim.h"

#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/volume.h"
#include "datastore/object/quantity.h"

/* Without a group only a claim can be a source of data. */
static void check_source(const struct path *at, struct str group, struct str kind, struct str name,
			 bool allows_bad_group)
{
	rule_needed(PATH(at, "name"), name, "");
	rule_needed(PATH(at, "kind"), kind, "");
	if (group.len == 0 && !str_is(kind, "PersistentVolumeClaim"))
		path_invalid(
		    at, kind,
		    "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
	if (group.len > 0 && !allows_bad_group)
		rule_name(PATH(at, "apiGroup"), NAME_DNS_SUBDOMAIN, group);
}

static void check_sources(const struct path *at,
			  const struct core_persistent_volume_claim_spec *spec,
			  bool allows_bad_group)
{
	const struct core_typed_local_object_reference *source = spec->data_source;
	const struct core_typed_object_reference *ref = spec->data_source_ref;

	if (source != NULL)
		check_source(PATH(at, "dataSource"), source->api_group, source->kind, source->name,
			     allows_bad_group);
	if (ref == NULL)
		return;
	check_source(PATH(at, "dataSourceRef"), ref->api_group, ref->kind, ref->name,
		     allows_bad_group);
	if (ref->namespace.len > 0)
		rule_name(PATH(PATH(at, "dataSourceRef"), "namespace"), NAME_DNS_LABEL,
			  ref->namespace);
	/* Upstream shows a path as the value, which has nothing to show. */
	if (source != NULL && ref->namespace.len > 0)
		path_fault(at, FAULT_INVALID, STR("{}"),
			   "may not be specified when dataSourceRef.namespace is specified");
	else if (source != NULL &&
		 !(str_eq(source->api_group, ref->api_group) && str_eq(source->kind, ref->kind) &&
		   str_eq(source->name, ref->name)))
		path_fault(at, FAULT_INVALID, STR("{}"), "must match dataSourceRef");
}

static void check_storage(const struct path *at, struct str amount)
{
	if (amount.at == NULL)
		path_required(at, "");
	else if (quantity_of(amount).nano <= 0)
		path_invalid(at, amount, "must be greater than zero");
}

void claim_check_spec(const struct path *at, const struct core_persistent_volume_claim_spec *spec,
		      bool allows_bad_selector, bool allows_bad_group)
{
	const struct path *modes = PATH(at, "accessModes");

	if (spec->access_modes.len == 0)
		path_required(modes, "at least 1 access mode is required");
	rule_selector(PATH(at, "selector"), spec->selector, allows_bad_selector);
	volume_check_access_modes(modes, spec->access_modes);
	check_storage(PATH_KEY(PATH(at, "resources"), STR("storage")),
		      str_map_get(spec->resources->requests, STR("storage")));
	if (spec->storage_class_name.len > 0)
		rule_name(PATH(at, "storageClassName"), NAME_DNS_SUBDOMAIN,
			  spec->storage_class_name);
	if (spec->volume_mode.at != NULL)
		rule_one_of(PATH(at, "volumeMode"), spec->volume_mode,
			    &core_persistent_volume_mode_values);
	check_sources(at, spec, allows_bad_group);
	if (spec->volume_attributes_class_name.len > 0)
		rule_name(PATH(at, "volumeAttributesClassName"), NAME_DNS_SUBDOMAIN,
			  spec->volume_attributes_class_name);
}

void claim_warn(struct kind_change *change, const struct path *at,
		const struct core_persistent_volume_claim_spec *spec)
{
	const struct path *resources = PATH(at, "resources");

	amount_warn_of_fraction(change, PATH(resources, "requests"), spec->resources->requests,
				"storage");
	amount_warn_of_fraction(change, PATH(resources, "limits"), spec->resources->limits,
				"storage");
}

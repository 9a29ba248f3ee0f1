#include "datastore/object/columns/columns-private.h"
#include "datastore/object/json.h"
#include "datastore/object/selector.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/flowcontrol.h"
#include "datastore/schema/rbac.h"
#include "datastore/schema/resource.h"
#include "datastore/schema/storagemigration.h"
#include "runtime/base/limits.h"

/*
 * Kinds that run the cluster: admission, extensions, certificates, flow control, roles, devices, migrations.
 */

/* ---- admission policies ------------------------------------------------------------------------------------- */

/* A name without a namespace may be of any, or of none: nobody can tell from here. */
static void put_parameter(struct cell *cell, const struct admissionregistration_param_ref *from)
{
	struct selector selector = { 0 };

	if (from != NULL && from->name.len > 0)
		columns_put_format(cell, STR_FMT "/" STR_FMT,
				   STR_ARG(columns_or(from->namespace, STR("*"))),
				   STR_ARG(from->name));
	else if (from != NULL && from->selector != NULL &&
		 selector_from_label_selector(from->selector, cell->arena, &selector, NULL) == OK)
		columns_put(cell, selector_print(&selector, cell->arena));
	else
		columns_put(cell, COLUMNS_UNSET);
}

void columns_mutating_parameter(struct cell *cell, const void *record)
{
	const struct admissionregistration_mutating_admission_policy_binding *binding = record;

	put_parameter(cell,
		      COLUMNS_OR_EMPTY(admissionregistration_mutating_admission_policy_binding_spec,
				       binding->spec)
			  ->param_ref);
}

void columns_validating_parameter(struct cell *cell, const void *record)
{
	const struct admissionregistration_validating_admission_policy_binding *binding = record;

	put_parameter(
	    cell, COLUMNS_OR_EMPTY(admissionregistration_validating_admission_policy_binding_spec,
				   binding->spec)
		      ->param_ref);
}

/* ---- extensions ------------------------------------------------------------------------------------------------ */

void columns_definition_versions(struct cell *cell, const void *record)
{
	const struct apiextensions_custom_resource_definition *definition = record;
	struct apiextensions_custom_resource_definition_version_list all =
	    COLUMNS_OR_EMPTY(apiextensions_custom_resource_definition_spec, definition->spec)
		->versions;
	struct str_list names = { arena_array(cell->arena, struct str, all.len + 1), 0 };
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (uint32_t i = 0; i < all.len; i++)
		if (all.at[i].served)
			names.at[names.len++] =
			    arena_printf(cell->arena, STR_FMT "%s", STR_ARG(all.at[i].name),
					 all.at[i].storage ? "(storage)" : "");
	names = columns_sorted(cell, names);
	for (uint32_t i = 0; i < names.len; i++)
		columns_list_add(&list, names.at[i]);
	columns_list_put(cell, &list, STR(""));
}

void columns_definition_established(struct cell *cell, const void *record)
{
	const struct apiextensions_custom_resource_definition_status *status = COLUMNS_OR_EMPTY(
	    apiextensions_custom_resource_definition_status,
	    ((const struct apiextensions_custom_resource_definition *)record)->status);

	columns_put_bool(
	    cell, str_is(columns_condition(&apiextensions_custom_resource_definition_condition_type,
					   &status->conditions, "Established"),
			 "True"));
}

void columns_api_service_available(struct cell *cell, const void *record)
{
	const struct apiregistration_api_service_status *status =
	    COLUMNS_OR_EMPTY(apiregistration_api_service_status,
			     ((const struct apiregistration_api_service *)record)->status);

	for (uint32_t i = 0; i < status->conditions.len; i++) {
		const struct apiregistration_api_service_condition *condition =
		    &status->conditions.at[i];

		if (!str_is(condition->type, "Available"))
			continue;
		if (str_is(condition->status, "True"))
			columns_put(cell, condition->status);
		else
			columns_put_format(cell, STR_FMT " (" STR_FMT ")",
					   STR_ARG(condition->status), STR_ARG(condition->reason));
		return;
	}
	columns_put(cell, STR("Unknown"));
}

/* ---- certificates ------------------------------------------------------------------------------------------------ */

void columns_request_duration(struct cell *cell, const void *record)
{
	const struct certificates_certificate_signing_request_spec *spec = COLUMNS_OR_EMPTY(
	    certificates_certificate_signing_request_spec,
	    ((const struct certificates_certificate_signing_request *)record)->spec);
	char age[TIME_TEXT];

	if (spec->has.expiration_seconds)
		columns_put(cell, time_print_age(spec->expiration_seconds * TIME_S, age));
	else
		columns_put(cell, COLUMNS_NONE);
}

void columns_request_condition(struct cell *cell, const void *record)
{
	const struct certificates_certificate_signing_request_status *status = COLUMNS_OR_EMPTY(
	    certificates_certificate_signing_request_status,
	    ((const struct certificates_certificate_signing_request *)record)->status);
	bool is_approved = false, is_denied = false, is_failed = false;

	for (uint32_t i = 0; i < status->conditions.len; i++) {
		is_approved |= str_is(status->conditions.at[i].type, "Approved");
		is_denied |= str_is(status->conditions.at[i].type, "Denied");
		is_failed |= str_is(status->conditions.at[i].type, "Failed");
	}
	columns_put_format(cell, "%s%s%s",
			   is_denied     ? "Denied"
			   : is_approved ? "Approved"
					 : "Pending",
			   is_failed ? ",Failed" : "", status->certificate.len > 0 ? ",Issued" : "");
}

void columns_pod_request_state(struct cell *cell, const void *record)
{
	const struct certificates_pod_certificate_request_status *status =
	    COLUMNS_OR_EMPTY(certificates_pod_certificate_request_status,
			     ((const struct certificates_pod_certificate_request *)record)->status);
	struct str state = STR("Pending");

	for (uint32_t i = 0; i < status->conditions.len; i++) {
		struct str type = status->conditions.at[i].type;

		if (str_is(type, "Issued") || str_is(type, "Denied") || str_is(type, "Failed"))
			state = type;
	}
	columns_put(cell, state);
}

/* ---- flow control -------------------------------------------------------------------------------------------------- */

void columns_flow_missing(struct cell *cell, const void *record)
{
	const struct flowcontrol_flow_schema_status *status =
	    COLUMNS_OR_EMPTY(flowcontrol_flow_schema_status,
			     ((const struct flowcontrol_flow_schema *)record)->status);
	struct str dangling = columns_condition(&flowcontrol_flow_schema_condition_type,
						&status->conditions, "Dangling");

	columns_put(cell, dangling.at == NULL ? STR("?") : dangling);
}

/* ---- roles ----------------------------------------------------------------------------------------------------------- */

static void put_subjects(struct cell *cell, struct rbac_subject_list subjects, const char *kind)
{
	struct columns_list list = columns_list_of(cell, ", ", 0);
	bool has_namespace = strcmp(kind, "ServiceAccount") == 0;

	for (uint32_t i = 0; i < subjects.len; i++) {
		const struct rbac_subject *subject = &subjects.at[i];

		if (!str_is(subject->kind, kind))
			continue;
		columns_list_add(&list, has_namespace
					    ? arena_printf(cell->arena, STR_FMT "/" STR_FMT,
							   STR_ARG(subject->namespace),
							   STR_ARG(subject->name))
					    : subject->name);
	}
	columns_list_put(cell, &list, STR(""));
}

static struct rbac_subject_list subjects_of(const void *record)
{
	return ((const struct rbac_role_binding *)record)->subjects;
}

static struct rbac_subject_list cluster_subjects_of(const void *record)
{
	return ((const struct rbac_cluster_role_binding *)record)->subjects;
}

void columns_binding_users(struct cell *cell, const void *record)
{
	put_subjects(cell, subjects_of(record), "User");
}

void columns_binding_groups(struct cell *cell, const void *record)
{
	put_subjects(cell, subjects_of(record), "Group");
}

void columns_binding_accounts(struct cell *cell, const void *record)
{
	put_subjects(cell, subjects_of(record), "ServiceAccount");
}

void columns_cluster_binding_users(struct cell *cell, const void *record)
{
	put_subjects(cell, cluster_subjects_of(record), "User");
}

void columns_cluster_binding_groups(struct cell *cell, const void *record)
{
	put_subjects(cell, cluster_subjects_of(record), "Group");
}

void columns_cluster_binding_accounts(struct cell *cell, const void *record)
{
	put_subjects(cell, cluster_subjects_of(record), "ServiceAccount");
}

/* ---- devices, migrations ------------------------------------------------------------------------------------------------ */

void columns_resource_claim_state(struct cell *cell, const void *record)
{
	const struct resource_resource_claim *claim = record;
	const struct resource_resource_claim_status *status =
	    COLUMNS_OR_EMPTY(resource_resource_claim_status, claim->status);
	struct columns_list list = columns_list_of(cell, ",", 0);
	bool is_deleted = columns_is_deleting(claim->metadata);

	if (is_deleted)
		columns_list_add(&list, STR("deleted"));
	if (status->allocation != NULL) {
		columns_list_add(&list, STR("allocated"));
		if (status->reserved_for.len > 0)
			columns_list_add(&list, STR("reserved"));
	} else if (!is_deleted) {
		columns_list_add(&list, STR("pending"));
	}
	columns_list_put(cell, &list, STR(""));
}

static const struct storagemigration_storage_version_migration *migration_of(const void *record)
{
	return record;
}

void columns_migration_resource(struct cell *cell, const void *record)
{
	const struct meta_group_resource *resource = COLUMNS_OR_EMPTY(
	    meta_group_resource, COLUMNS_OR_EMPTY(storagemigration_storage_version_migration_spec,
						  migration_of(record)->spec)
				     ->resource);

	columns_put_format(cell, STR_FMT "%s" STR_FMT, STR_ARG(resource->resource),
			   resource->group.len > 0 ? "." : "", STR_ARG(resource->group));
}

void columns_migration_status(struct cell *cell, const void *record)
{
	struct meta_condition_list all =
	    COLUMNS_OR_EMPTY(storagemigration_storage_version_migration_status,
			     migration_of(record)->status)
		->conditions;
	struct str state = STR("Unknown");

	for (uint32_t i = 0; i < all.len; i++) {
		struct str type = all.at[i].type;
		bool is_known =
		    str_is(type, "Running") || str_is(type, "Failed") || str_is(type, "Succeeded");

		if (is_known && str_is(all.at[i].status, "True"))
			state = type;
	}
	columns_put(cell, state);
}

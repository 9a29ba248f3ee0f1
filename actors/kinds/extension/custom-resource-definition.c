#include "actors/kinds/extension/definition-schema.h"
#include "actors/kinds/extension/definition-version.h"
#include "actors/kinds/extension/hook-client.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/custom/props.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/resource-row.h"
#include "datastore/schema/type.h"

/*
 * The CustomResourceDefinition (upstream: apiextensions-apiserver, apis/apiextensions/validation and registry/customresourcedefinition).
 *
 * What all versions say alike is reported at the top, as upstream does: a definition with one version always there. An update does not judge
 * schemas that are as they were. Refused are, and upstream takes them, groups of Kubernetes' own kinds. The authorities of a conversion
 * webhook are not read.
 */

#define FINALIZER STR("customresourcecleanup.apiextensions.k8s.io")
#define APPROVAL STR("api-approved.kubernetes.io")

typedef struct apiextensions_custom_resource_definition definition;
/* ---- names ------------------------------------------------------------------------------------------------ */

static void check_kind_name(const struct path *at, struct str value)
{
	struct str words;

	if (value.len == 0)
		return;
	words = rule_words(at, NAME_DNS1035_LABEL, arena_lower(path_arena(at), value), ",");
	if (words.len > 0)
		path_invalid(
		    at, value,
		    arena_printf(path_arena(at),
				 "may have mixed case, but should otherwise match: " STR_FMT,
				 STR_ARG(words))
			.at);
}

static void check_names(const struct path *at,
			const struct apiextensions_custom_resource_definition_names *names)
{
	rule_whole_name(PATH(at, "plural"), NAME_DNS1035_LABEL, names->plural);
	rule_whole_name(PATH(at, "singular"), NAME_DNS1035_LABEL, names->singular);
	check_kind_name(PATH(at, "kind"), names->kind);
	check_kind_name(PATH(at, "listKind"), names->list_kind);
	for (uint32_t i = 0; i < names->short_names.len; i++)
		rule_whole_name(PATH_AT(PATH(at, "shortNames"), i), NAME_DNS1035_LABEL,
				names->short_names.at[i]);
	if (names->kind.len > 0 && str_eq(names->kind, names->list_kind))
		path_invalid(PATH(at, "listKind"), names->list_kind,
			     "kind and listKind may not be the same");
	for (uint32_t i = 0; i < names->categories.len; i++)
		rule_whole_name(PATH_AT(PATH(at, "categories"), i), NAME_DNS1035_LABEL,
				names->categories.at[i]);
}

static bool is_built_in(struct str group)
{
	for (uint32_t i = 0; i < resource_row_count; i++)
		if (str_eq(resource_rows[i].group, group))
			return true;
	return false;
}

static void check_group(const struct path *at, struct str group)
{
	struct str words;

	if (group.len == 0) {
		path_required(at, "");
		return;
	}
	words = rule_words(at, NAME_DNS_SUBDOMAIN, group, ",");
	if (words.len > 0)
		path_invalid(at, group, words.at);
	else if (str_find_char(group, '.') < 0)
		path_invalid(at, group, "should be a domain with at least one dot");
	else if (is_built_in(group))
		path_invalid(at, group,
			     "is a group of Kubernetes' own kinds, which cannot be "
			     "extended here");
}

static void check_scope(const struct path *at, struct str scope)
{
	if (scope.len == 0)
		path_required(at, "");
	else if (!str_is(scope, "Cluster") && !str_is(scope, "Namespaced"))
		path_not_supported(at, scope, "\"Cluster\", \"Namespaced\"");
}

/* ---- the spec --------------------------------------------------------------------------------------------- */

static void check_webhook(const struct path *at,
			  const struct apiextensions_webhook_conversion *webhook,
			  const struct apiextensions_webhook_conversion *old)
{
	const struct apiextensions_webhook_client_config *client =
	    webhook != NULL ? webhook->client_config : NULL;
	const struct apiextensions_service_reference *in = client != NULL ? client->service : NULL;
	struct admissionregistration_service_reference service = { 0 };

	if (client == NULL) {
		path_required(PATH(at, "webhookClientConfig"),
			      "required when strategy is set to Webhook");
	} else {
		if (in != NULL)
			service = (struct admissionregistration_service_reference){
				.namespace = in->namespace,
				.name = in->name,
				.path = in->path,
				.port = in->port,
			};
		hook_client_check(PATH(at, "webhookClientConfig"), client->url,
				  in != NULL ? &service : NULL);
	}
	hook_client_check_versions(
	    PATH(at, "conversionReviewVersions"),
	    webhook != NULL ? webhook->conversion_review_versions : (struct str_list){ 0 }, "",
	    old != NULL && old->conversion_review_versions.len > 0 &&
		!hook_client_is_known(old->conversion_review_versions));
}

static void check_conversion(const struct path *at,
			     const struct apiextensions_custom_resource_conversion *conversion,
			     const struct apiextensions_custom_resource_conversion *old)
{
	static const char unset[] = "should not be set when strategy is not set to Webhook";

	if (conversion == NULL)
		return;
	if (conversion->strategy.len == 0)
		path_required(PATH(at, "strategy"), "");
	else if (str_is(conversion->strategy, "Webhook"))
		check_webhook(at, conversion->webhook, old != NULL ? old->webhook : NULL);
	else if (!str_is(conversion->strategy, "None"))
		path_not_supported(PATH(at, "strategy"), conversion->strategy,
				   "\"None\", \"Webhook\"");
	if (conversion->webhook == NULL || str_is(conversion->strategy, "Webhook"))
		return;
	if (conversion->webhook->client_config != NULL)
		path_forbidden(PATH(at, "webhookClientConfig"), unset);
	if (conversion->webhook->conversion_review_versions.len > 0)
		path_forbidden(PATH(at, "conversionReviewVersions"), unset);
}

static void need_names(const struct path *at,
		       const struct apiextensions_custom_resource_definition_names *names)
{
	rule_needed(PATH(at, "plural"), names->plural, "");
	rule_needed(PATH(at, "singular"), names->singular, "");
	rule_needed(PATH(at, "kind"), names->kind, "");
	rule_needed(PATH(at, "listKind"), names->list_kind, "");
	check_names(at, names);
}

static void check_spec(const struct path *at, const definition_spec *spec,
		       const definition_spec *old)
{
	check_group(PATH(at, "group"), spec->group);
	check_scope(PATH(at, "scope"), spec->scope);
	definition_version_check_all(PATH(at, "versions"), spec, old);
	/* Upstream fills it in from the first version. */
	if (spec->versions.len > 0)
		rule_whole_name(PATH(at, "version"), NAME_DNS1035_LABEL, spec->versions.at[0].name);
	need_names(PATH(at, "names"), spec->names);
	definition_version_check_common(at, spec, old);
	check_conversion(PATH(at, "conversion"), spec->conversion,
			 old != NULL ? old->conversion : NULL);
	if (spec->preserve_unknown_fields && (old == NULL || !old->preserve_unknown_fields))
		path_fault(
		    PATH(at, "preserveUnknownFields"), FAULT_INVALID, STR("true"),
		    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
		    "spec.versions[*].schema instead");
}

static bool is_established(const definition *of)
{
	for (uint32_t i = 0; of->status != NULL && i < of->status->conditions.len; i++)
		if (str_is(of->status->conditions.at[i].type, "Established"))
			return str_is(of->status->conditions.at[i].status, "True");
	return false;
}

static void check_unchanged(const struct path *at, const definition *now, const definition *old)
{
	const struct type *spec = &apiextensions_custom_resource_definition_spec_type;
	const struct type *names = &apiextensions_custom_resource_definition_names_type;
	const struct path *below = PATH(at, "names");

	if (is_established(old)) {
		rule_unchanged(PATH(at, "scope"), spec, "scope", now->spec, old->spec);
		rule_unchanged(PATH(below, "kind"), names, "kind", now->spec->names,
			       old->spec->names);
	}
	rule_unchanged(PATH(at, "group"), spec, "group", now->spec, old->spec);
	rule_unchanged(PATH(below, "plural"), names, "plural", now->spec->names, old->spec->names);
}

/* ---- the rest of the object ------------------------------------------------------------------------------- */

static void check_name(const struct kind_change *change, const struct path *at, struct str name,
		       bool is_prefix)
{
	const definition *of = change->object;
	struct str wanted = arena_printf(path_arena(at), STR_FMT "." STR_FMT,
					 STR_ARG(of->spec->names->plural), STR_ARG(of->spec->group));

	if (is_prefix)
		rule_name_prefix(at, NAME_DNS_SUBDOMAIN, name);
	else
		rule_name(at, NAME_DNS_SUBDOMAIN, name);
	if (!str_eq(name, wanted))
		path_invalid(at, name, "must be spec.names.plural+\".\"+spec.group");
}

static bool is_protected(struct str group)
{
	return str_is(group, "k8s.io") || str_is(group, "kubernetes.io") ||
	       str_ends(group, STR(".k8s.io")) || str_ends(group, STR(".kubernetes.io"));
}

static void check_approval(const struct path *at, const definition *now, const definition *old)
{
	struct str said = str_map_get(now->metadata->annotations, APPROVAL);
	struct str before = old ? str_map_get(old->metadata->annotations, APPROVAL) : STR_NONE;
	const struct path *here = PATH_KEY(PATH(at, "annotations"), APPROVAL);

	if (!is_protected(now->spec->group) ||
	    (old != NULL && str_eq(said, before) && (said.at == NULL) == (before.at == NULL)))
		return;
	if (said.len == 0)
		path_required(here, "protected groups must have approval annotation "
				    "\"api-approved.kubernetes.io\", see "
				    "https://github.com/kubernetes/enhancements/pull/1111");
	else if (!str_starts(said, STR("unapproved")) && !str_starts(said, STR("https://")) &&
		 !str_starts(said, STR("http://")))
		path_invalid(here, said,
			     arena_printf(path_arena(at),
					  "protected groups must have approval annotation "
					  "\"api-approved.kubernetes.io\" with either a URL or a "
					  "reason starting with \"unapproved\", see "
					  "https://github.com/kubernetes/enhancements/pull/1111")
				 .at);
}

static void check_stored(const struct path *at, const definition *of)
{
	struct str_list stored = of->status->stored_versions;

	if (stored.len == 0) {
		path_fault(at, FAULT_INVALID, path_shown_list(at, stored),
			   "must have at least one stored version");
		return;
	}
	for (uint32_t i = 0; i < of->spec->versions.len; i++)
		if (of->spec->versions.at[i].storage &&
		    !str_list_has(stored, of->spec->versions.at[i].name))
			path_fault(at, FAULT_INVALID, path_shown_list(at, stored),
				   "must have the storage version " STR_FMT,
				   STR_ARG(of->spec->versions.at[i].name));
	for (uint32_t i = 0; i < stored.len; i++)
		if (definition_version_named(of->spec, stored.at[i]) == NULL)
			path_fault(
			    PATH_AT(at, i), FAULT_INVALID, name_quoted(path_arena(at), stored.at[i]),
			    "missing from spec.versions; " STR_FMT
			    " was previously a storage version, and must remain in "
			    "spec.versions until a storage migration ensures no data remains "
			    "persisted in " STR_FMT " and removes " STR_FMT
			    " from status.storedVersions",
			    STR_ARG(stored.at[i]), STR_ARG(stored.at[i]), STR_ARG(stored.at[i]));
}

static void check_status(const struct path *at, const definition *of)
{
	if (of->status->accepted_names != NULL)
		check_names(PATH(at, "acceptedNames"), of->status->accepted_names);
	check_stored(PATH(at, "storedVersions"), of);
}

static void warn_of_format(void *arg, struct str format)
{
	kind_warn(arg, "unrecognized format \"" STR_FMT "\"", STR_ARG(format));
}

/* Of what is in a schema and has no effect. */
static void warn_of_schemas(struct kind_change *change, const definition *of)
{
	for (uint32_t i = 0; i < of->spec->versions.len; i++) {
		schema_props *schema = definition_version_schema(&of->spec->versions.at[i]);

		if (schema == NULL)
			continue;
		definition_schema_unknown_formats(schema, warn_of_format, change);
	}
}

/* ---- hooks ------------------------------------------------------------------------------------------------ */

/* Absent: there is none. One without a name is one. */
static struct str storage_version(const definition_spec *spec)
{
	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (spec->versions.at[i].storage)
			return spec->versions.at[i].name.len > 0 ? spec->versions.at[i].name
								 : STR("");
	return STR_NONE;
}

/* Objects may be stored in each of them. */
static void add_stored(struct kind_change *change, definition *of)
{
	struct str version = storage_version(of->spec);
	struct str_list *list = &MAKE(of->status, change->arena)->stored_versions;
	struct str *names;

	if (version.at == NULL || str_list_has(*list, version))
		return;
	names = arena_array(change->arena, struct str, list->len + 1);
	for (uint32_t i = 0; i < list->len; i++)
		names[i] = list->at[i];
	names[list->len] = version;
	*list = (struct str_list){ names, list->len + 1 };
}

static void prepare(struct kind_change *change)
{
	add_stored(change, change->object);
}

static void validate_create(struct kind_change *change)
{
	definition *now = change->object;

	check_spec(PATH_ROOT(change->faults, "spec"), now->spec, NULL);
	check_status(PATH_ROOT(change->faults, "status"), now);
	check_approval(PATH_ROOT(change->faults, "metadata"), now, NULL);
	warn_of_schemas(change, now);
}

static void validate_update(struct kind_change *change)
{
	definition *now = change->object;
	const definition *old = change->old;

	metadata_validate_update(change);
	check_spec(PATH_ROOT(change->faults, "spec"), now->spec, old->spec);
	check_unchanged(PATH_ROOT(change->faults, "spec"), now, old);
	check_status(PATH_ROOT(change->faults, "status"), now);
	check_approval(PATH_ROOT(change->faults, "metadata"), now, old);
	if (!record_equal(&apiextensions_custom_resource_definition_spec_type, now->spec, old->spec))
		warn_of_schemas(change, now);
}

static void validate_status(struct kind_change *change)
{
	definition *now = change->object;

	if (now->status->accepted_names != NULL)
		check_names(PATH(PATH_ROOT(change->faults, "status"), "acceptedNames"),
			    now->status->accepted_names);
}

/* It stays until its objects have gone. */
static bool outlives(const void *object)
{
	const definition *of = object;

	return str_list_has(of->metadata->finalizers, FINALIZER);
}

static void mark(void *object, struct arena *arena)
{
	definition *of = object;
	struct str_list old = of->metadata->finalizers;
	struct apiextensions_custom_resource_definition_condition_list *conditions =
	    &MAKE(of->status, arena)->conditions;
	struct apiextensions_custom_resource_definition_condition *at = arena_array(
	    arena, struct apiextensions_custom_resource_definition_condition, conditions->len + 1);
	struct str *names = arena_array(arena, struct str, old.len + 1);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < old.len; i++)
		names[i] = old.at[i];
	names[old.len] = FINALIZER;
	if (!outlives(of))
		of->metadata->finalizers = (struct str_list){ names, old.len + 1 };
	for (uint32_t i = 0; i < conditions->len; i++)
		if (!str_is(conditions->at[i].type, "Terminating"))
			at[kept++] = conditions->at[i];
	at[kept] = (struct apiextensions_custom_resource_definition_condition){
		.type = STR("Terminating"),
		.status = STR("True"),
		.reason = STR("InstanceDeletionPending"),
		.message =
		    STR("CustomResourceDefinition marked for deletion; CustomResource deletion "
			"will begin soon"),
	};
	SET(&at[kept], last_transition_time, of->metadata->deletion_timestamp);
	*conditions =
	    (struct apiextensions_custom_resource_definition_condition_list){ at, kept + 1 };
}

static const struct kind_subresource subresources[] = { { .name = "status",
							  .validate = validate_status } };

const struct kind_rules kind_custom_resource_definition = {
	.group = "apiextensions.k8s.io",
	.kind = "CustomResourceDefinition",
	.precondition = "precondition failed",
	.has_any_finalizer = true,
	.check_name = check_name,
	.keeps_twins = true,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.outlives = outlives,
	.mark = mark,
	.subresources = subresources,
	.subresource_count = 1,
};

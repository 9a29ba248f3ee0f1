#include "actors/kinds/extension/definition-schema.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
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
 * schemas that are as they were. Two things are refused that upstream takes: conversion by webhooks, which nobody would call, and
 * groups of Kubernetes' own kinds.
 */

#define FINALIZER STR("customresourcecleanup.apiextensions.k8s.io")
#define APPROVAL STR("api-approved.kubernetes.io")
#define SELECTABLE_MAX 8U
#define DEPRECATION_BYTES_MAX 256U

typedef struct apiextensions_custom_resource_definition definition;
typedef struct apiextensions_custom_resource_definition_spec definition_spec;
typedef struct apiextensions_custom_resource_definition_version definition_version;
static schema_props *schema_of(const definition_version *version)
{
	return version->schema != NULL ? version->schema->open_api_v3_schema : NULL;
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static struct str lower(struct arena *arena, struct str text)
{
	char *out = arena_cstr(arena, text);

	for (uint32_t i = 0; i < text.len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return str_of(out, text.len);
}

/* All that is wrong in one fault. */
static void check_label(const struct path *at, struct str value)
{
	struct str words;

	if (value.len == 0)
		return;
	words = rule_words(at, NAME_DNS1035_LABEL, value, ",");
	if (words.len > 0)
		path_invalid(at, value, words.at);
}

static void check_kind_name(const struct path *at, struct str value)
{
	struct str words;

	if (value.len == 0)
		return;
	words = rule_words(at, NAME_DNS1035_LABEL, lower(path_arena(at), value), ",");
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
	check_label(PATH(at, "plural"), names->plural);
	check_label(PATH(at, "singular"), names->singular);
	check_kind_name(PATH(at, "kind"), names->kind);
	check_kind_name(PATH(at, "listKind"), names->list_kind);
	for (uint32_t i = 0; i < names->short_names.len; i++)
		check_label(PATH_AT(PATH(at, "shortNames"), i), names->short_names.at[i]);
	if (names->kind.len > 0 && str_eq(names->kind, names->list_kind))
		path_invalid(PATH(at, "listKind"), names->list_kind,
			     "kind and listKind may not be the same");
	for (uint32_t i = 0; i < names->categories.len; i++)
		check_label(PATH_AT(PATH(at, "categories"), i), names->categories.at[i]);
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

/* ---- columns, subresources, selectable fields --------------------------------------------------------------- */

static bool is_one_of(struct str value, const char *words)
{
	struct str rest = str_from(words);

	while (rest.at != NULL)
		if (str_eq(str_cut(&rest, ','), value))
			return true;
	return false;
}

static void must_be_one_of(const struct path *at, struct str value, const char *words)
{
	const char *text = arena_printf(path_arena(at), "must be one of %s", words).at;

	if (value.len == 0)
		path_required(at, text);
	else if (!is_one_of(value, words))
		path_invalid(at, value, text);
}

static bool check_json_path(const struct path *at, struct str value)
{
	if (value.len == 0)
		return path_required(at, "");
	if (value.at[0] != '.')
		return path_invalid(at, value, "must be a simple json path starting with .");
	return true;
}

static void check_column(const struct path *at,
			 const struct apiextensions_custom_resource_column_definition *column)
{
	if (column->name.len == 0)
		path_required(PATH(at, "name"), "");
	must_be_one_of(PATH(at, "type"), column->type, "boolean,date,integer,number,string");
	if (column->format.len > 0)
		must_be_one_of(PATH(at, "format"), column->format,
			       "byte,date,date-time,double,float,int32,int64,password");
	check_json_path(PATH(at, "JSONPath"), column->json_path);
}

static void check_replicas(const struct path *at, struct str value, const char *below,
			   const char *words)
{
	if (check_json_path(at, value) && !str_starts(value, str_from(below)))
		path_invalid(at, value, words);
}

static void check_subresources(const struct path *at,
			       const struct apiextensions_custom_resource_subresources *of)
{
	struct str selector;

	if (of == NULL || of->scale == NULL)
		return;
	check_replicas(PATH(at, "scale.specReplicasPath"), of->scale->spec_replicas_path, ".spec.",
		       "should be a json path under .spec");
	check_replicas(PATH(at, "scale.statusReplicasPath"), of->scale->status_replicas_path,
		       ".status.", "should be a json path under .status");
	selector = of->scale->label_selector_path;
	if (selector.len > 0 && check_json_path(PATH(at, "scale.labelSelectorPath"), selector) &&
	    !str_starts(selector, STR(".spec.")) && !str_starts(selector, STR(".status.")))
		path_invalid(PATH(at, "scale.labelSelectorPath"), selector,
			     "should be a json path under either .spec or .status");
}

static void check_selectable(const struct path *at, struct str value, schema_props *schema,
			     struct seen *seen)
{
	schema_props *found;

	if (value.len == 0) {
		path_required(at, "");
		return;
	}
	found = definition_schema_follow(schema, value);
	if (found == NULL) {
		path_invalid(at, value, "is an invalid path: does not refer to a valid field");
		return;
	}
	if (str_starts(value, STR(".metadata.")) || str_is(value, ".metadata"))
		path_invalid(at, value, "must not point to fields in metadata");
	if (!is_one_of(found->type, "string,boolean,integer"))
		path_invalid(
		    at, value,
		    "must point to a field of type string, boolean or integer. Enum string "
		    "fields and strings with formats are allowed.");
	if (!seen_add(seen, value))
		path_duplicate(at, value);
}

static void check_all_selectable(const struct path *at, const definition_version *version,
				 const definition_version *old)
{
	struct apiextensions_selectable_field_list list = version->selectable_fields;
	struct seen seen = seen_in(path_arena(at));

	if (list.len > 0 && schema_of(version) == NULL) {
		path_fault(at, FAULT_INVALID, STR("\"\""),
			   "may only be set when validations.schema is included");
		return;
	}
	for (uint32_t i = 0; i < list.len; i++)
		check_selectable(PATH(PATH_AT(at, i), "jsonPath"), list.at[i].json_path,
				 schema_of(version), &seen);
	if (seen.len > SELECTABLE_MAX &&
	    (old == NULL || old->selectable_fields.len <= SELECTABLE_MAX))
		path_too_many(at, seen.len, SELECTABLE_MAX);
}

/* ---- versions --------------------------------------------------------------------------------------------- */

static bool is_printable(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	return true;
}

static void check_deprecation(const struct path *at, const definition_version *version)
{
	struct str text = version->deprecation_warning;

	if (text.at == NULL)
		return;
	if (!version->deprecated) {
		path_invalid(at, text, "can only be set for deprecated versions");
		return;
	}
	if (text.len > DEPRECATION_BYTES_MAX)
		path_invalid(at, text, "must be <= 256 characters long");
	if (text.len == 0)
		path_invalid(at, text, "must not be an empty string");
	if (!is_printable(text))
		path_invalid(at, text, "must only contain printable UTF-8 characters");
}

static const definition_version *version_named(const definition_spec *spec, struct str name)
{
	for (uint32_t i = 0; spec != NULL && i < spec->versions.len; i++)
		if (str_eq(spec->versions.at[i].name, name))
			return &spec->versions.at[i];
	return NULL;
}

static bool is_same_schema(schema_props *a, schema_props *b)
{
	return a != NULL && b != NULL && record_equal(&apiextensions_json_schema_props_type, a, b);
}

static bool has_status(const definition_version *version)
{
	return version->subresources != NULL && version->subresources->status != NULL;
}

/* What the versions have in common is said once, at the top. */
enum part { PART_SCHEMA, PART_SUBRESOURCES, PART_COLUMNS, PART_SELECTABLE };

static bool is_common(const definition_spec *spec, enum part part)
{
	static const char *const members[] = {
		[PART_SCHEMA] = "schema",
		[PART_SUBRESOURCES] = "subresources",
		[PART_COLUMNS] = "additionalPrinterColumns",
		[PART_SELECTABLE] = "selectableFields",
	};
	const struct field *field = type_field(
	    &apiextensions_custom_resource_definition_version_type, str_from(members[part]));

	for (uint32_t i = 1; i < spec->versions.len; i++)
		if (!record_equal_field(field, &spec->versions.at[0], &spec->versions.at[i]))
			return false;
	return true;
}

static void check_schema(const struct path *at, const definition_version *version,
			 const definition_spec *old)
{
	const definition_version *before = version_named(old, version->name);
	schema_props *schema = schema_of(version);

	if (schema == NULL || (before != NULL && is_same_schema(schema, schema_of(before))))
		return;
	definition_schema_check(at, schema, has_status(version));
}

static void check_columns(const struct path *at, const definition_version *version)
{
	for (uint32_t i = 0; i < version->additional_printer_columns.len; i++)
		check_column(PATH_AT(at, i), &version->additional_printer_columns.at[i]);
}

static void check_version(const struct path *at, const definition_version *version,
			  const definition_spec *spec, const definition_spec *old)
{
	check_label(PATH(at, "name"), version->name);
	if (version->name.len == 0)
		path_invalid(PATH(at, "name"), version->name,
			     rule_words(at, NAME_DNS1035_LABEL, STR(""), ",").at);
	check_deprecation(PATH(at, "deprecationWarning"), version);
	if (!is_common(spec, PART_SCHEMA))
		check_schema(PATH(PATH(at, "schema"), "openAPIV3Schema"), version, old);
	if (!is_common(spec, PART_SUBRESOURCES))
		check_subresources(PATH(at, "subresources"), version->subresources);
	if (!is_common(spec, PART_COLUMNS))
		check_columns(PATH(at, "additionalPrinterColumns"), version);
	if (!is_common(spec, PART_SELECTABLE))
		check_all_selectable(PATH(at, "selectableFields"), version,
				     version_named(old, version->name));
}

static void check_common(const struct path *at, const definition_spec *spec,
			 const definition_spec *old)
{
	const definition_version *first = spec->versions.len > 0 ? &spec->versions.at[0] : NULL;

	if (first == NULL)
		return;
	if (is_common(spec, PART_SCHEMA))
		check_schema(PATH(PATH(at, "validation"), "openAPIV3Schema"), first, old);
	if (is_common(spec, PART_SUBRESOURCES))
		check_subresources(PATH(at, "subresources"), first->subresources);
	if (is_common(spec, PART_COLUMNS))
		check_columns(PATH(at, "additionalPrinterColumns"), first);
	if (is_common(spec, PART_SELECTABLE))
		check_all_selectable(PATH(at, "selectableFields"), first,
				     version_named(old, first->name));
}

static void check_versions(const struct path *at, const definition_spec *spec,
			   const definition_spec *old)
{
	struct seen seen = seen_in(path_arena(at));
	uint32_t stored = 0;
	bool is_unique = true;

	for (uint32_t i = 0; i < spec->versions.len; i++) {
		const definition_version *version = &spec->versions.at[i];
		const struct path *here = PATH_AT(at, i);

		stored += version->storage;
		is_unique &= seen_add(&seen, version->name);
		if (schema_of(version) == NULL)
			path_required(PATH(PATH(here, "schema"), "openAPIV3Schema"), "");
		check_version(here, version, spec, old);
	}
	if (!is_unique)
		path_fault(at, FAULT_INVALID,
			   path_shown_field(at, &apiextensions_custom_resource_definition_spec_type,
					    "versions", spec),
			   "must contain unique version names");
	if (stored != 1)
		path_fault(at, FAULT_INVALID,
			   path_shown_field(at, &apiextensions_custom_resource_definition_spec_type,
					    "versions", spec),
			   "must have exactly one version marked as storage version");
}

/* ---- the spec --------------------------------------------------------------------------------------------- */

static void check_conversion(const struct path *at,
			     const struct apiextensions_custom_resource_conversion *conversion)
{
	static const char unset[] = "should not be set when strategy is not set to Webhook";

	if (conversion == NULL)
		return;
	if (conversion->strategy.len == 0)
		path_required(PATH(at, "strategy"), "");
	else if (str_is(conversion->strategy, "Webhook"))
		path_invalid(PATH(at, "strategy"), conversion->strategy,
			     "conversion by webhooks is not served here: use None, which changes "
			     "nothing but apiVersion");
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
	check_versions(PATH(at, "versions"), spec, old);
	/* Upstream fills it in from the first version. */
	if (spec->versions.len > 0)
		check_label(PATH(at, "version"), spec->versions.at[0].name);
	need_names(PATH(at, "names"), spec->names);
	check_common(at, spec, old);
	check_conversion(PATH(at, "conversion"), spec->conversion);
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

static void check_name(const struct path *at, const definition *of)
{
	struct str wanted = arena_printf(path_arena(at), STR_FMT "." STR_FMT,
					 STR_ARG(of->spec->names->plural), STR_ARG(of->spec->group));

	if (!str_eq(of->metadata->name, wanted))
		path_invalid(PATH(at, "name"), of->metadata->name,
			     "must be spec.names.plural+\".\"+spec.group");
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
		    !rule_list_has(stored, of->spec->versions.at[i].name))
			path_fault(at, FAULT_INVALID, path_shown_list(at, stored),
				   "must have the storage version " STR_FMT,
				   STR_ARG(of->spec->versions.at[i].name));
	for (uint32_t i = 0; i < stored.len; i++)
		if (version_named(of->spec, stored.at[i]) == NULL)
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
		schema_props *schema = schema_of(&of->spec->versions.at[i]);

		if (schema == NULL)
			continue;
		definition_schema_unknown_formats(schema, warn_of_format, change);
	}
}

/* ---- hooks ------------------------------------------------------------------------------------------------ */

static struct str storage_version(const definition_spec *spec)
{
	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (spec->versions.at[i].storage)
			return spec->versions.at[i].name;
	return STR_NONE;
}

/* Objects may be stored in each of them. */
static void add_stored(struct kind_change *change, definition *of)
{
	struct str version = storage_version(of->spec);
	struct str_list *list = &MAKE(of->status, change->arena)->stored_versions;
	struct str *names;

	if (version.at == NULL || rule_list_has(*list, version))
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

	check_name(PATH_ROOT(change->faults, "metadata"), now);
	check_spec(PATH_ROOT(change->faults, "spec"), now->spec, NULL);
	check_status(PATH_ROOT(change->faults, "status"), now);
	check_approval(PATH_ROOT(change->faults, "metadata"), now, NULL);
	warn_of_schemas(change, now);
}

static void validate_update(struct kind_change *change)
{
	definition *now = change->object;
	const definition *old = change->old;

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

	return rule_list_has(of->metadata->finalizers, FINALIZER);
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
	.name_syntax = NAME_DNS_SUBDOMAIN,
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

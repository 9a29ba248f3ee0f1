#include "actors/kinds/extension/definition-version.h"

#include "actors/kinds/extension/definition-schema.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

#define SELECTABLE_MAX 8U
#define DEPRECATION_BYTES_MAX 256U

schema_props *definition_version_schema(const definition_version *version)
{
	return version->schema != NULL ? version->schema->open_api_v3_schema : NULL;
}

/* ---- columns, subresources, selectable fields --------------------------------------------------------------- */

static void must_be_one_of(const struct path *at, struct str value, const char *words)
{
	const char *text = arena_printf(path_arena(at), "must be one of %s", words).at;

	if (value.len == 0)
		path_required(at, text);
	else if (!str_is_among(value, words, ','))
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
	if (!str_is_among(found->type, "string,boolean,integer", ','))
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

	if (list.len > 0 && definition_version_schema(version) == NULL) {
		path_fault(at, FAULT_INVALID, STR("\"\""),
			   "may only be set when validations.schema is included");
		return;
	}
	for (uint32_t i = 0; i < list.len; i++)
		check_selectable(PATH(PATH_AT(at, i), "jsonPath"), list.at[i].json_path,
				 definition_version_schema(version), &seen);
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

const definition_version *definition_version_named(const definition_spec *spec, struct str name)
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
	const definition_version *before = definition_version_named(old, version->name);
	schema_props *schema = definition_version_schema(version);

	if (schema == NULL ||
	    (before != NULL && is_same_schema(schema, definition_version_schema(before))))
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
	rule_whole_name(PATH(at, "name"), NAME_DNS1035_LABEL, version->name);
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
				     definition_version_named(old, version->name));
}

void definition_version_check_common(const struct path *at, const definition_spec *spec,
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
				     definition_version_named(old, first->name));
}

void definition_version_check_all(const struct path *at, const definition_spec *spec,
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
		if (definition_version_schema(version) == NULL)
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

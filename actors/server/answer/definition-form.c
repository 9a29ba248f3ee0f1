#include "actors/server/answer/definition-form.h"

#include "actors/server/answer/alike.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* Columns spell one name in another way; all else has the same in both. */
static const struct alike_name pairs[] = { { "jsonPath", "JSONPath" } };
static const struct alike_names names = { pairs, sizeof pairs / sizeof *pairs };

/* ---- what all versions have in common --------------------------------------------------------------------------- */

/* Whether that member is the same in all versions. */
static bool is_common(const struct apiextensions_custom_resource_definition_spec *in,
		      const char *member)
{
	const struct type *type = &apiextensions_custom_resource_definition_version_type;
	const struct field *field = type_field(type, str_from(member));

	for (uint32_t i = 1; i < in->versions.len; i++)
		if (!record_equal_field(field, &in->versions.at[0], &in->versions.at[i]))
			return false;
	return in->versions.len > 0;
}

static void share_common(const struct apiextensions_custom_resource_definition_spec *in,
			 struct apiextensions_v1beta1_custom_resource_definition_spec *out)
{
	struct apiextensions_v1beta1_custom_resource_definition_version *versions = out->versions.at;
	bool has_schema = is_common(in, "schema"), has_subresources = is_common(in, "subresources");
	bool has_columns = is_common(in, "additionalPrinterColumns");
	bool has_selectable = is_common(in, "selectableFields");

	if (has_schema)
		out->validation = versions[0].schema;
	if (has_subresources)
		out->subresources = versions[0].subresources;
	if (has_columns)
		out->additional_printer_columns = versions[0].additional_printer_columns;
	if (has_selectable)
		out->selectable_fields = versions[0].selectable_fields;
	for (uint32_t i = 0; i < out->versions.len; i++) {
		if (has_schema)
			versions[i].schema = NULL;
		if (has_subresources)
			versions[i].subresources = NULL;
		if (has_columns)
			versions[i].additional_printer_columns =
			    (struct apiextensions_v1beta1_custom_resource_column_definition_list){
				    0
			    };
		if (has_selectable)
			versions[i].selectable_fields =
			    (struct apiextensions_selectable_field_list){ 0 };
	}
}

/* Its columns, as each of the new versions has them. */
static struct apiextensions_custom_resource_column_definition_list
common_columns(const struct apiextensions_v1beta1_custom_resource_definition_spec *in,
	       struct arena *arena)
{
	struct apiextensions_custom_resource_definition_version out = { 0 };

	alike_take(&apiextensions_custom_resource_definition_version_type, &out,
		   &apiextensions_v1beta1_custom_resource_definition_spec_type, in, names, arena);
	return out.additional_printer_columns;
}

static void hand_out_common(const struct apiextensions_v1beta1_custom_resource_definition_spec *in,
			    struct apiextensions_custom_resource_definition_spec *out,
			    struct arena *arena)
{
	for (uint32_t i = 0; i < out->versions.len; i++) {
		struct apiextensions_custom_resource_definition_version *each = &out->versions.at[i];

		if (in->validation != NULL)
			each->schema = in->validation;
		if (in->subresources != NULL)
			each->subresources = in->subresources;
		if (in->additional_printer_columns.len > 0)
			each->additional_printer_columns = common_columns(in, arena);
		if (in->selectable_fields.len > 0)
			each->selectable_fields = in->selectable_fields;
	}
}

/* ---- conversion: a webhook has a message of its own in the new form ------------------------------------------------- */

static void conversion_to_old(const struct apiextensions_custom_resource_definition_spec *in,
			      struct apiextensions_v1beta1_custom_resource_definition_spec *out)
{
	const struct apiextensions_custom_resource_conversion *from = in->conversion;
	struct apiextensions_v1beta1_custom_resource_conversion *to;

	if (from == NULL)
		return;
	to = out->conversion;
	if (from->webhook != NULL) {
		to->webhook_client_config = from->webhook->client_config;
		to->conversion_review_versions = from->webhook->conversion_review_versions;
	}
}

static void conversion_to_new(const struct apiextensions_v1beta1_custom_resource_definition_spec *in,
			      struct apiextensions_custom_resource_definition_spec *out,
			      struct arena *arena)
{
	const struct apiextensions_v1beta1_custom_resource_conversion *from = in->conversion;
	struct apiextensions_custom_resource_conversion *to;

	if (from == NULL)
		return;
	to = out->conversion;
	if (from->webhook_client_config != NULL || from->conversion_review_versions.len > 0) {
		struct apiextensions_webhook_conversion *webhook = MAKE(to->webhook, arena);

		webhook->client_config = from->webhook_client_config;
		webhook->conversion_review_versions = from->conversion_review_versions;
	}
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static void spec_to_old(const struct apiextensions_custom_resource_definition_spec *in,
			struct apiextensions_v1beta1_custom_resource_definition_spec *out,
			struct arena *arena)
{
	alike_take(&apiextensions_v1beta1_custom_resource_definition_spec_type, out,
		   &apiextensions_custom_resource_definition_spec_type, in, names, arena);
	SET(out, preserve_unknown_fields, in->preserve_unknown_fields);
	if (in->versions.len > 0)
		out->version = in->versions.at[0].name;
	share_common(in, out);
	conversion_to_old(in, out);
}

static void spec_to_new(const struct apiextensions_v1beta1_custom_resource_definition_spec *in,
			struct apiextensions_custom_resource_definition_spec *out,
			struct arena *arena)
{
	alike_take(&apiextensions_custom_resource_definition_spec_type, out,
		   &apiextensions_v1beta1_custom_resource_definition_spec_type, in, names, arena);
	SET(out, preserve_unknown_fields,
	    !in->has.preserve_unknown_fields || in->preserve_unknown_fields);
	if (in->versions.len == 0 && in->version.len > 0) {
		struct apiextensions_custom_resource_definition_version *only =
		    arena_new_of(arena, struct apiextensions_custom_resource_definition_version);

		only->name = in->version;
		SET(only, served, true);
		SET(only, storage, true);
		out->versions =
		    (struct apiextensions_custom_resource_definition_version_list){ only, 1 };
	}
	hand_out_common(in, out, arena);
	conversion_to_new(in, out, arena);
}

struct apiextensions_v1beta1_custom_resource_definition *
definition_form_old(const struct apiextensions_custom_resource_definition *definition,
		    struct arena *arena)
{
	struct apiextensions_v1beta1_custom_resource_definition *out =
	    arena_new_of(arena, struct apiextensions_v1beta1_custom_resource_definition);

	out->metadata = definition->metadata;
	out->status = definition->status;
	if (definition->spec != NULL)
		spec_to_old(definition->spec, MAKE(out->spec, arena), arena);
	return out;
}

struct apiextensions_custom_resource_definition *
definition_form_new(const struct apiextensions_v1beta1_custom_resource_definition *definition,
		    struct arena *arena)
{
	struct apiextensions_custom_resource_definition *out =
	    arena_new_of(arena, struct apiextensions_custom_resource_definition);

	out->metadata = definition->metadata;
	out->status = definition->status;
	if (definition->spec != NULL)
		spec_to_new(definition->spec, MAKE(out->spec, arena), arena);
	return out;
}

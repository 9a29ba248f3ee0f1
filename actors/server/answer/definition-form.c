#include "actors/server/answer/definition-form.h"

#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* ---- columns: one name is spelled in another way -------------------------------------------------------------- */

static struct apiextensions_v1beta1_custom_resource_column_definition_list
columns_to_old(struct apiextensions_custom_resource_column_definition_list in, struct arena *arena)
{
	struct apiextensions_v1beta1_custom_resource_column_definition_list out = { .len = in.len };

	out.at = arena_array(arena, struct apiextensions_v1beta1_custom_resource_column_definition,
			     in.len);
	for (uint32_t i = 0; i < in.len; i++) {
		out.at[i] = (struct apiextensions_v1beta1_custom_resource_column_definition){
			.name = in.at[i].name,
			.type = in.at[i].type,
			.format = in.at[i].format,
			.description = in.at[i].description,
			.priority = in.at[i].priority,
			.json_path = in.at[i].json_path,
		};
		out.at[i].has.priority = in.at[i].has.priority;
	}
	return out;
}

static struct apiextensions_custom_resource_column_definition_list
columns_to_new(struct apiextensions_v1beta1_custom_resource_column_definition_list in,
	       struct arena *arena)
{
	struct apiextensions_custom_resource_column_definition_list out = { .len = in.len };

	out.at = arena_array(arena, struct apiextensions_custom_resource_column_definition, in.len);
	for (uint32_t i = 0; i < in.len; i++) {
		out.at[i] = (struct apiextensions_custom_resource_column_definition){
			.name = in.at[i].name,
			.type = in.at[i].type,
			.format = in.at[i].format,
			.description = in.at[i].description,
			.priority = in.at[i].priority,
			.json_path = in.at[i].json_path,
		};
		out.at[i].has.priority = in.at[i].has.priority;
	}
	return out;
}

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
			each->additional_printer_columns =
			    columns_to_new(in->additional_printer_columns, arena);
		if (in->selectable_fields.len > 0)
			each->selectable_fields = in->selectable_fields;
	}
}

/* ---- versions and conversion ------------------------------------------------------------------------------------- */

static struct apiextensions_v1beta1_custom_resource_definition_version
version_to_old(const struct apiextensions_custom_resource_definition_version *in,
	       struct arena *arena)
{
	struct apiextensions_v1beta1_custom_resource_definition_version out = {
		.name = in->name,
		.served = in->served,
		.storage = in->storage,
		.deprecated = in->deprecated,
		.deprecation_warning = in->deprecation_warning,
		.schema = in->schema,
		.subresources = in->subresources,
		.additional_printer_columns = columns_to_old(in->additional_printer_columns, arena),
		.selectable_fields = in->selectable_fields,
	};

	out.has.served = in->has.served;
	out.has.storage = in->has.storage;
	out.has.deprecated = in->has.deprecated;
	return out;
}

static struct apiextensions_custom_resource_definition_version
version_to_new(const struct apiextensions_v1beta1_custom_resource_definition_version *in,
	       struct arena *arena)
{
	struct apiextensions_custom_resource_definition_version out = {
		.name = in->name,
		.served = in->served,
		.storage = in->storage,
		.deprecated = in->deprecated,
		.deprecation_warning = in->deprecation_warning,
		.schema = in->schema,
		.subresources = in->subresources,
		.additional_printer_columns = columns_to_new(in->additional_printer_columns, arena),
		.selectable_fields = in->selectable_fields,
	};

	out.has.served = in->has.served;
	out.has.storage = in->has.storage;
	out.has.deprecated = in->has.deprecated;
	return out;
}

static void conversion_to_old(const struct apiextensions_custom_resource_definition_spec *in,
			      struct apiextensions_v1beta1_custom_resource_definition_spec *out,
			      struct arena *arena)
{
	const struct apiextensions_custom_resource_conversion *from = in->conversion;
	struct apiextensions_v1beta1_custom_resource_conversion *to;

	if (from == NULL)
		return;
	to = MAKE(out->conversion, arena);
	to->strategy = from->strategy;
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
	to = MAKE(out->conversion, arena);
	to->strategy = from->strategy;
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
	out->group = in->group;
	out->names = in->names;
	out->scope = in->scope;
	SET(out, preserve_unknown_fields, in->preserve_unknown_fields);
	out->versions.at =
	    arena_array(arena, struct apiextensions_v1beta1_custom_resource_definition_version,
			in->versions.len);
	for (uint32_t i = 0; i < in->versions.len; i++)
		out->versions.at[out->versions.len++] = version_to_old(&in->versions.at[i], arena);
	if (in->versions.len > 0)
		out->version = in->versions.at[0].name;
	share_common(in, out);
	conversion_to_old(in, out, arena);
}

static void spec_to_new(const struct apiextensions_v1beta1_custom_resource_definition_spec *in,
			struct apiextensions_custom_resource_definition_spec *out,
			struct arena *arena)
{
	bool has_one = in->versions.len == 0 && in->version.len > 0;

	out->group = in->group;
	out->names = in->names;
	out->scope = in->scope;
	SET(out, preserve_unknown_fields,
	    !in->has.preserve_unknown_fields || in->preserve_unknown_fields);
	out->versions.at = arena_array(
	    arena, struct apiextensions_custom_resource_definition_version, in->versions.len + 1U);
	for (uint32_t i = 0; i < in->versions.len; i++)
		out->versions.at[out->versions.len++] = version_to_new(&in->versions.at[i], arena);
	if (has_one) {
		struct apiextensions_custom_resource_definition_version *only =
		    &out->versions.at[out->versions.len++];

		only->name = in->version;
		SET(only, served, true);
		SET(only, storage, true);
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

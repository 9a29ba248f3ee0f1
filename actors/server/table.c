#include "actors/server/table.h"

#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

static void add_definition(struct text *out, const char *name, const char *type, const char *format)
{
	text_printf(out,
		    "{\"name\":\"%s\",\"type\":\"%s\",\"format\":\"%s\",\"description\":\"\","
		    "\"priority\":0}",
		    name, type, format);
}

static void add_definitions(struct text *out)
{
	text_lit(out, ",\"columnDefinitions\":[");
	add_definition(out, "Name", "string", "name");
	text_add_char(out, ',');
	add_definition(out, "Created At", "date", "");
	text_add_char(out, ']');
}

static void add_object(const struct table_row *row, const struct table_options *options,
		       struct text *out)
{
	struct meta_partial_object_metadata partial = {
		.metadata = record_meta(row->type, (void *)(uintptr_t)row->record),
	};

	if (str_is(options->include_object, "None"))
		text_lit(out, "null");
	else if (str_is(options->include_object, "Object"))
		json_encode(row->type, row->record, out);
	else
		json_encode(&meta_partial_object_metadata_type, &partial, out);
}

static void add_row(const struct table_row *row, const struct table_options *options,
		    struct text *out)
{
	const struct meta_object_meta *meta = record_meta(row->type, (void *)(uintptr_t)row->record);
	char time[TIME_TEXT];

	text_lit(out, "{\"cells\":[");
	json_write_string(out, meta->name);
	text_add_char(out, ',');
	json_write_string(out, time_print(meta->creation_timestamp, time));
	text_lit(out, "],\"object\":");
	add_object(row, options, out);
	text_add_char(out, '}');
}

void table_encode(const struct type *type, const struct table_row *rows, uint32_t count,
		  const struct table_options *options, struct text *out)
{
	struct meta_list_meta meta = { .resource_version = options->resource_version,
				       .continue_ = options->continue_token };

	(void)type;
	if (options->remaining > 0)
		SET(&meta, remaining_item_count, options->remaining);
	text_printf(out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":",
		    options->is_beta ? "v1beta1" : "v1");
	json_encode(&meta_list_meta_type, &meta, out);
	if (options->has_columns)
		add_definitions(out);
	else
		text_lit(out, ",\"columnDefinitions\":null");
	text_lit(out, ",\"rows\":[");
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(out, ',');
		add_row(&rows[i], options, out);
	}
	text_lit(out, "]}");
}

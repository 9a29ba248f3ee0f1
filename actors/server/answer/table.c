#include "actors/server/answer/table.h"

#include "actors/server/answer/convert.h"
#include "actors/server/catalog/custom.h"
#include "datastore/object/columns/columns.h"
#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/schema/meta.h"

/* How many rows ahead, and how much. */
#define FETCH_RECORD 8U
#define FETCH_RECORD_BYTES 384U
#define FETCH_NAMES 4U
#define FETCH_NAMES_BYTES 256U
#define LINE_BYTES 64U /* of the processor's cache */

/* A table that is being written. */
struct table {
	struct columns columns;
	struct columns_view view;
	const struct table_options *options;
	struct str version;    /* of meta.k8s.io */
	struct arena *arena;   /* of the whole */
	struct arena *scratch; /* of one row */
	struct text *out;
};

static void add_object(const struct table *table, const struct table_row *row)
{
	struct text *out = table->out;

	if (str_is(table->options->include_object, "None")) {
		text_lit(out, "null");
	} else if (str_is(table->options->include_object, "Object")) {
		json_encode(row->type, row->record, out);
	} else if (row->object != NULL && !table->options->is_beta) {
		object_add_metadata(row->object, out, table->options->kept);
	} else {
		text_lit(out, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/");
		text_add(out, table->version);
		text_lit(out, "\",\"metadata\":");
		json_encode(&meta_object_meta_type, record_meta(row->type, row->record), out);
		text_add_char(out, '}');
	}
}

static void add_row(const struct table *table, const struct table_row *row, const void *record)
{
	struct text *out = table->out, conditions = text_in(table->scratch, KIB);

	text_lit(out, "{\"cells\":");
	columns_write_cells(&table->columns, record, &table->view, table->scratch, out);
	if (columns_write_conditions(&table->columns, record, &conditions)) {
		text_lit(out, ",\"conditions\":");
		text_add(out, text_str(&conditions));
	}
	text_lit(out, ",\"object\":");
	add_object(table, row);
	text_add_char(out, '}');
	arena_reset(table->scratch);
}

/* The records as the columns read them, which may be another version of theirs. */
static const void **records_of(const struct table *table, const struct table_row *rows,
			       uint32_t count)
{
	const void **records = arena_array(table->arena, const void *, count + 1);

	for (uint32_t i = 0; i < count; i++)
		records[i] =
		    convert_record(rows[i].type, rows[i].record, table->columns.type, table->arena);
	return records;
}

static void fetch(const void *at, uint32_t bytes)
{
	for (uint32_t i = 0; at != NULL && i < bytes; i += LINE_BYTES)
		__builtin_prefetch((const char *)at + i);
}

/*
 * Records lie all over memory, and looking at one after the other is mostly waiting for it: what will be read of those that come soon is
 * fetched meanwhile, the block that a record is in first, then its names, which stand together in the bytes it was read from.
 */
static void fetch_ahead(const struct table_row *rows, const uint32_t *order, uint32_t count,
			uint32_t at)
{
	if (at + FETCH_RECORD < count)
		object_fetch_metadata(rows[order[at + FETCH_RECORD]].object,
				      rows[order[at + FETCH_NAMES]].object);
	if (at + FETCH_RECORD < count)
		fetch(rows[order[at + FETCH_RECORD]].record, FETCH_RECORD_BYTES);
	if (at + FETCH_NAMES < count) {
		const struct table_row *row = &rows[order[at + FETCH_NAMES]];
		const struct meta_object_meta *meta =
		    record_meta(row->type, (void *)(uintptr_t)row->record);

		if (meta == NULL)
			return;
		fetch(meta->name.at, FETCH_NAMES_BYTES);
		fetch(meta->managed_fields.at, sizeof *meta->managed_fields.at);
	}
}

static void add_rows(struct table *table, const struct table_row *rows, uint32_t count)
{
	const void **records = records_of(table, rows, count);
	uint32_t *order = arena_array(table->arena, uint32_t, count + 1);

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	if (table->options->is_list)
		columns_arrange(&table->columns, records, count, order, &table->view);
	for (uint32_t i = 0; i < count; i++) {
		fetch_ahead(rows, order, count, i);
		if (i > 0)
			text_add_char(table->out, ',');
		add_row(table, &rows[order[i]], records[order[i]]);
	}
}

static void add_head(const struct table *table)
{
	const struct table_options *options = table->options;
	struct meta_list_meta meta = { .resource_version = options->resource_version,
				       .continue_ = options->continue_token };
	struct text *out = table->out;

	if (options->remaining > 0)
		SET(&meta, remaining_item_count, options->remaining);
	text_printf(out,
		    "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/" STR_FMT "\",\"metadata\":",
		    STR_ARG(table->version));
	json_encode(&meta_list_meta_type, &meta, out);
	text_lit(out, ",\"columnDefinitions\":");
	if (options->has_columns)
		columns_write_definitions(&table->columns, out);
	else
		text_lit(out, "null");
}

void table_encode(const struct type *type, const struct table_row *rows, uint32_t count,
		  const struct table_options *options, struct text *out)
{
	struct table table = {
		.view = { .now = options->now },
		.options = options,
		.version = options->is_beta ? STR("v1beta1") : STR("v1"),
		.arena = arena_new(0),
		.scratch = arena_new(0),
		.out = out,
	};

	if (options->custom != NULL)
		columns_of_custom(type, options->custom->version, table.arena, &table.columns);
	else
		columns_of(type, &table.columns);
	add_head(&table);
	text_lit(out, ",\"rows\":[");
	add_rows(&table, rows, count);
	text_lit(out, "]}");
	arena_free(table.scratch);
	arena_free(table.arena);
}

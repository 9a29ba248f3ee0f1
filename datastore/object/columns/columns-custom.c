#include "datastore/object/columns/columns-private.h"
#include "datastore/object/columns/json-path.h"
#include "datastore/object/json.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

/*
 * Custom resources: columns by JSONPath, as upstream's table convertor for them has it. A value of another type than the column's,
 * or none, is null.
 */

static const struct column_row name_row = { .name = { "Name", 4 },
					    .type = { "string", 6 },
					    .format = { "name", 4 },
					    .description = { "Its name", 8 },
					    .cell = { ".metadata.name", 14 },
					    .form = CELL_VALUE };
static const struct column_row age_row = { .name = { "Age", 3 },
					   .type = { "date", 4 },
					   .format = { "", 0 },
					   .description = { "Time since it was made", 22 },
					   .cell = { ".metadata.creationTimestamp", 27 },
					   .form = CELL_PATH };

void columns_of_custom(const struct type *type,
		       const struct apiextensions_custom_resource_definition_version *version,
		       struct arena *arena, struct columns *out)
{
	struct apiextensions_custom_resource_column_definition_list from =
	    version->additional_printer_columns;
	struct column_row *rows = arena_array(arena, struct column_row, from.len + 2);

	*out = (struct columns){ .type = type, .rows = rows };
	rows[out->len++] = name_row;
	if (from.len == 0)
		rows[out->len++] = age_row;
	for (uint32_t i = 0; i < from.len; i++)
		rows[out->len++] = (struct column_row){
			.name = from.at[i].name,
			.type = from.at[i].type,
			.format = columns_or(from.at[i].format, STR("")),
			.description = columns_or(from.at[i].description, STR("")),
			.cell = from.at[i].json_path,
			.form = CELL_PATH,
			.priority = from.at[i].priority > 0,
		};
}

static struct str record_json(struct cell *cell, const struct type *type, const void *record)
{
	struct text out = text_in(cell->arena, LIMIT_BODY_BYTES);

	if (cell->json.at == NULL) {
		json_encode(type, record, &out);
		cell->json = out.is_cut ? STR("{}") : text_str(&out);
	}
	return cell->json;
}

static struct str string_of(struct cell *cell, struct str json)
{
	struct json in = json_of(json);
	struct str out = json;

	if (json_peek(&in) == JSON_STRING)
		json_string(&in, cell->arena, &out);
	return out;
}

static void put_date(struct cell *cell, struct str json)
{
	struct wall at;

	if (time_parse(string_of(cell, json), &at) == OK)
		columns_put(cell, columns_age(cell, at));
	else
		columns_put(cell, STR("<invalid>"));
}

static void put_number(struct cell *cell, struct str json, bool is_whole)
{
	double value;

	if (!is_whole)
		text_add(cell->out, json);
	else if (str_to_double(json, &value) == OK && value > -0x1p63 && value < 0x1p63)
		columns_put_int(cell, (int64_t)value);
	else
		text_lit(cell->out, "null");
}

void columns_put_path(struct cell *cell, const struct columns *columns,
		      const struct column_row *row, const void *record)
{
	struct str value =
	    json_path_first(record_json(cell, columns->type, record), row->cell, cell->arena);
	struct json in = json_of(value);
	enum json_token token = value.at == NULL ? JSON_NULL : json_peek(&in);
	bool is_bool = token == JSON_TRUE || token == JSON_FALSE;

	if (token == JSON_NULL)
		text_lit(cell->out, "null");
	else if (str_is(row->type, "string"))
		columns_put(cell, string_of(cell, value));
	else if (str_is(row->type, "date") && token == JSON_STRING)
		put_date(cell, value);
	else if (str_is(row->type, "boolean") && is_bool)
		columns_put_bool(cell, token == JSON_TRUE);
	else if ((str_is(row->type, "integer") || str_is(row->type, "number")) &&
		 token == JSON_NUMBER)
		put_number(cell, value, str_is(row->type, "integer"));
	else
		text_lit(cell->out, "null");
}

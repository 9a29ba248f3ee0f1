#include "actors/server/virtual.h"

#include <stdio.h>

#include "actors/server/server-private.h"
#include "transport/wire/json.h"

#define ROW_TIME_MS 5000U /* an actor that does not say its rows in time has none */

struct virtual_row *virtual_add(struct virtual_rows *rows)
{
	size_t size = sizeof *rows->at;

	if (rows->len == LIMIT_VIRTUAL_ROWS)
		return NULL;
	if ((rows->len & (rows->len - 1)) == 0) /* full at each power of two */
		rows->at = arena_grow(rows->arena, rows->at, rows->len * size,
				      (rows->len ? rows->len * 2 : 1) * size);
	memset(&rows->at[rows->len], 0, size);
	return &rows->at[rows->len++];
}

static void drop_reply(void *body)
{
	arena_free(((struct virtual_reply *)body)->arena);
}

ACT_TYPE(virtual_ask, .id = 0);
ACT_TYPE(virtual_reply, .id = 0, .drop = drop_reply);

/* ---- the rows as the API shows them ----------------------------------------------------------------------- */

static void add_object(const struct resource *resource, const struct virtual_row *row,
		       struct text *out)
{
	const struct virtual_resource *virtual = resource->virtual;

	text_printf(out, "{\"kind\":\"%s\",\"apiVersion\":\"" STR_FMT "\",\"metadata\":{\"name\":",
		    virtual->kind, STR_ARG(resource->api_version));
	json_write_string(out, row->name);
	text_lit(out, "},\"cells\":{");
	for (uint32_t i = 1; i < virtual->column_count; i++) {
		if (i > 1)
			text_add_char(out, ',');
		json_write_string(out, str_from(virtual->columns[i].name));
		text_add_char(out, ':');
		json_write_string(out, row->cells[i]);
	}
	text_lit(out, "}}");
}

static void add_cell(const struct virtual_column *column, struct str cell, struct text *out)
{
	int64_t number;

	if (cell.at == NULL)
		text_lit(out, "null");
	else if (strcmp(column->type, "integer") == 0 && str_to_i64(cell, &number) == OK)
		text_add_i64(out, number);
	else
		json_write_string(out, cell);
}

static void add_table_row(const struct resource *resource, const struct virtual_row *row,
			  struct text *out)
{
	const struct virtual_resource *virtual = resource->virtual;

	text_lit(out, "{\"cells\":[");
	json_write_string(out, row->name);
	for (uint32_t i = 1; i < virtual->column_count; i++) {
		text_add_char(out, ',');
		add_cell(&virtual->columns[i], row->cells[i], out);
	}
	text_lit(out, "],\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":"
		      "\"meta.k8s.io/v1\",\"metadata\":{\"name\":");
	json_write_string(out, row->name);
	text_lit(out, "}}}");
}

static void add_columns(const struct virtual_resource *virtual, struct text *out)
{
	text_lit(out, "\"columnDefinitions\":[");
	for (uint32_t i = 0; i < virtual->column_count; i++) {
		const struct virtual_column *column = &virtual->columns[i];

		text_printf(out,
			    "%s{\"name\":\"%s\",\"type\":\"%s\",\"format\":\"%s\",\"description\":",
			    i ? "," : "", column->name, column->type, i ? "" : "name");
		json_write_string(out, str_from(column->help ? column->help : ""));
		text_printf(out, ",\"priority\":%d}", column->priority);
	}
	text_lit(out, "],");
}

static bool is_wanted(const struct request *r, const struct virtual_row *row)
{
	return r->route.name.len == 0 || str_eq(r->route.name, row->name);
}

static struct str print_all(struct request *r, const struct virtual_row *rows, uint32_t len)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	bool is_table = r->form.view == VIEW_TABLE, is_first = true;

	if (is_table) {
		text_printf(
		    &out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":{},",
		    r->form.is_table_beta ? "v1beta1" : "v1");
		add_columns(r->resource->virtual, &out);
		text_lit(&out, "\"rows\":[");
	} else {
		text_printf(&out,
			    "{\"kind\":\"%sList\",\"apiVersion\":\"" STR_FMT
			    "\",\"metadata\":{},\"items\":[",
			    r->resource->virtual->kind, STR_ARG(r->resource->api_version));
	}
	for (uint32_t i = 0; i < len; i++) {
		if (!is_wanted(r, &rows[i]))
			continue;
		if (!is_first)
			text_add_char(&out, ',');
		is_first = false;
		if (is_table)
			add_table_row(r->resource, &rows[i], &out);
		else
			add_object(r->resource, &rows[i], &out);
	}
	text_lit(&out, "]}");
	return text_str(&out);
}

static enum next print_one(struct request *r, const struct virtual_row *rows, uint32_t len)
{
	struct text out = text_in(r->arena, LIMIT_OBJECT_BYTES);

	for (uint32_t i = 0; i < len; i++) {
		if (!is_wanted(r, &rows[i]))
			continue;
		if (r->form.view == VIEW_TABLE)
			return request_answer_body(r, 200, STR("application/json"),
						   print_all(r, &rows[i], 1));
		add_object(r->resource, &rows[i], &out);
		return request_answer_body(r, 200, STR("application/json"), text_str(&out));
	}
	return request_not_found(r);
}

static enum next show(struct request *r, const struct virtual_row *rows, uint32_t len)
{
	if (r->route.name.len > 0)
		return print_one(r, rows, len);
	return request_answer_body(r, 200, STR("application/json"), print_all(r, rows, len));
}

static enum next ask_actor(struct request *r)
{
	struct virtual_ask *ask = arena_new_of(r->arena, struct virtual_ask);
	struct act_ref who = act_named(r->server->act, r->resource->virtual->actor);

	snprintf(ask->resource, sizeof ask->resource, "%s", r->resource->virtual->name);
	if (act_request(r->server->act, who, &virtual_ask_type, ask, ROW_TIME_MS, r->tag) != OK)
		return request_fail(
		    r, failure_unavailable(r->arena, "who knows about this does not answer"));
	r->is_at_store = true;
	return WAIT;
}

static enum next virtual_read(struct request *r)
{
	const struct virtual_resource *virtual = r->resource->virtual;
	struct virtual_rows rows = { .arena = r->arena };

	if (r->store_answer != NULL) {
		const struct virtual_reply *reply = r->store_answer->body;

		if (r->store_answer->status != OK)
			return request_fail_status(r, UNAVAILABLE, NULL);
		return show(r, reply->rows, reply->len);
	}
	if (virtual->rows == NULL)
		return ask_actor(r);
	virtual->rows(virtual->arg, r->server->act, &rows);
	return show(r, rows.at, rows.len);
}

const struct verb_steps virtual_steps = { .name = "virtual", .read = virtual_read };

#include "actors/server/virtual.h"

#include <stdio.h>

#include "actors/server/server-private.h"
#include "transport/wire/json.h"

#define WATCH_S 1800      /* of one that names no end, as long as upstream's at least */
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

/* Of one name: by the path, or as kubectl watches one object. */
static bool is_wanted(const struct request *r, const struct virtual_row *row)
{
	struct str mark = STR("metadata.name="), name = r->route.name;

	if (name.len == 0 && str_starts(r->options.field_selector, mark))
		name = str_slice(r->options.field_selector, mark.len, r->options.field_selector.len);
	return name.len == 0 || str_eq(name, row->name);
}

/* Lists say a version, since watches begin at one; what is kept nowhere has none of its own. */
static void add_version(const struct request *r, struct text *out)
{
	text_printf(out, "\"metadata\":{\"resourceVersion\":\"%ju\"},",
		    (uintmax_t)r->server->feed.revision);
}

static struct str print_all(struct request *r, const struct virtual_row *rows, uint32_t len)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	bool is_table = r->form.view == VIEW_TABLE, is_first = true;

	if (is_table) {
		text_printf(&out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",",
			    r->form.is_table_beta ? "v1beta1" : "v1");
		add_version(r, &out);
		add_columns(r->resource->virtual, &out);
		text_lit(&out, "\"rows\":[");
	} else {
		text_printf(&out, "{\"kind\":\"%sList\",\"apiVersion\":\"" STR_FMT "\",",
			    r->resource->virtual->kind, STR_ARG(r->resource->api_version));
		add_version(r, &out);
		text_lit(&out, "\"items\":[");
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

/* False: nobody is there to be asked. */
static bool ask_to_look(struct request *r)
{
	struct virtual_ask ask = { { 0 } };
	struct act_ref who = act_named(r->server->act, r->resource->virtual->actor);

	snprintf(ask.resource, sizeof ask.resource, "%s", r->resource->virtual->name);
	r->is_at_store =
	    act_request(r->server->act, who, &virtual_ask_type, &ask, ROW_TIME_MS, r->tag) == OK;
	return r->is_at_store;
}

static enum next ask_actor(struct request *r)
{
	if (ask_to_look(r))
		return WAIT;
	return request_fail(r,
			    failure_unavailable(r->arena, "who knows about this does not answer"));
}

/* ---- watching: what changed between two looks ------------------------------------------------------------- */

/* What was shown last, by name, in an arena of its own that the next look replaces. */
struct virtual_watch {
	struct arena *arena;
	struct map seen; /* struct str: the object, or the table's row */
	struct mono ends;
	bool has_looked, has_columns, is_quiet; /* quiet: what is there at first is not told */
};

static void release_watch(void *arg)
{
	struct virtual_watch *watch = arg;

	map_fini(&watch->seen);
	arena_free(watch->arena);
}

static bool has_room_for_watch(const struct server *server)
{
	uint32_t count = 0;

	list_each (&server->requests, link) {
		const struct request *r = list_item(link, struct request, link);

		count += r->steps == &virtual_steps && r->route.verb == VERB_WATCH;
	}
	return count <= LIMIT_VIRTUAL_WATCHES;
}

static enum next begin_watch(struct request *r)
{
	struct virtual_watch *watch = arena_new_of(r->arena, struct virtual_watch);
	struct str version = r->options.resource_version;
	int64_t seconds = r->options.timeout_seconds;

	if (!has_room_for_watch(r->server))
		return request_fail(r, failure_too_many(r->arena, 1, "too many watch this already"));
	if (seconds <= 0)
		seconds = WATCH_S;
	watch->ends.ns = act_now(r->server->act).ns + seconds * TIME_S;
	watch->is_quiet = version.len > 0 && !str_is(version, "0");
	arena_on_free(r->arena, release_watch, watch);
	r->deadline.ns = watch->ends.ns + TIME_S * ROW_TIME_MS / 1000;
	r->work = watch;
	r->answer.code = 200;
	r->answer.content_type = STR("application/json");
	r->door->begin(r);
	return NEXT;
}

static bool send_row(struct request *r, struct virtual_watch *watch, const char *kind,
		     struct str row)
{
	struct text out = text_new(LIMIT_OBJECT_BYTES);
	bool has_room;

	if (r->form.view == VIEW_TABLE) {
		text_printf(&out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",",
			    r->form.is_table_beta ? "v1beta1" : "v1");
		add_version(r, &out);
		if (!watch->has_columns)
			add_columns(r->resource->virtual, &out);
		else
			text_lit(&out, "\"columnDefinitions\":null,");
		watch->has_columns = true;
		text_lit(&out, "\"rows\":[");
		text_add(&out, row);
		text_lit(&out, "]}");
	} else {
		text_add(&out, row);
	}
	has_room = r->door->event_bytes(r, kind, text_str(&out), r->server->feed.revision, false);
	text_fini(&out);
	return has_room;
}

static struct str print_row(struct request *r, const struct virtual_row *row, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);

	if (r->form.view == VIEW_TABLE)
		add_table_row(r->resource, row, &out);
	else
		add_object(r->resource, row, &out);
	return text_str(&out);
}

/* One whose peer does not read fast enough misses looks and not changes: what it has not seen differs still. */
static bool compare(struct request *r, struct virtual_watch *watch, const struct virtual_row *rows,
		    uint32_t len)
{
	struct virtual_watch now = { .arena = arena_new(0) };
	bool is_quiet = watch->is_quiet && !watch->has_looked, has_room = true;
	struct str name;
	void *old;

	for (uint32_t i = 0; i < len; i++) {
		struct str *row = arena_new_of(now.arena, struct str);
		const struct str *before = map_get(&watch->seen, rows[i].name);

		if (!is_wanted(r, &rows[i]))
			continue;
		*row = print_row(r, &rows[i], now.arena);
		map_put(&now.seen, rows[i].name, row);
		if (!is_quiet && has_room && (before == NULL || !str_eq(*before, *row)))
			has_room = send_row(r, watch, before ? "MODIFIED" : "ADDED", *row);
	}
	for (uint32_t at = 0; map_next(&watch->seen, &at, &name, &old);)
		if (has_room && !map_has(&now.seen, name))
			has_room = send_row(r, watch, "DELETED", *(const struct str *)old);
	release_watch(watch);
	watch->arena = now.arena;
	watch->seen = now.seen;
	watch->has_looked = true;
	return r->door->flush(r);
}

static enum next end_watch(struct request *r, int32_t code)
{
	r->door->end(r, code);
	r->is_answered = true;
	return DONE;
}

static enum next look_later(struct request *r, const struct virtual_watch *watch)
{
	struct mono now = act_now(r->server->act);

	if (now.ns >= watch->ends.ns)
		return end_watch(r, 200);
	r->look_at.ns = now.ns + LIMIT_VIRTUAL_WATCH_MS * TIME_MS;
	return WAIT;
}

static enum next virtual_watch(struct request *r)
{
	const struct virtual_resource *virtual = r->resource->virtual;
	struct virtual_watch *watch = r->work;
	struct virtual_rows rows = { .arena = r->arena };
	bool has_room;

	r->look_at.ns = 0;
	if (watch == NULL && begin_watch(r) != NEXT)
		return DONE;
	watch = r->work;
	if (r->store_answer == NULL && virtual->rows == NULL)
		return ask_to_look(r) ? WAIT : look_later(r, watch);
	if (virtual->rows != NULL) {
		rows.arena = arena_new(0);
		virtual->rows(virtual->arg, r->server->act, &rows);
	} else if (r->store_answer->status == OK) {
		const struct virtual_reply *reply = r->store_answer->body;

		rows.at = reply->rows;
		rows.len = reply->len;
	} else {
		return look_later(r,
				  watch); /* who knows does not say just now: nothing has changed */
	}
	has_room = compare(r, watch, rows.at, rows.len);
	if (virtual->rows != NULL)
		arena_free(rows.arena);
	return has_room ? look_later(r, watch) : end_watch(r, 410);
}

static enum next virtual_read(struct request *r)
{
	const struct virtual_resource *virtual = r->resource->virtual;
	struct virtual_rows rows = { .arena = r->arena };

	if (r->route.verb == VERB_WATCH)
		return virtual_watch(r);
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

/*
 * What is kept of the past, kind by kind: weighed when it may go, and given up one kind at a time.
 *
 * The numbers in memory change together with the rows: whoever ends the transaction badly sets is_known to false, and they are read again.
 */
#include "datastore/table/table-private.h"

/* A row that superseded another, and what that one weighs; a delete weighs something itself, since it goes with its own id. */
struct past_row {
	uint64_t id, prev, bytes;
	uint32_t kind;
	bool is_delete;
};

struct past_rows {
	VEC(struct past_row) all;
};

enum status table_kinds_prepare(struct table *table, struct fault *why)
{
	const struct {
		sqlite3_stmt **out;
		const char *sql;
	} statements[] = {
		{ &table->past_rows,
		  "SELECT h.id, h.key, h.prev, h.flags & 1,"
		  " coalesce(length(o.key) + coalesce(length(o.value), 0) + 64, 0)"
		  " + (h.flags & 1) * (2 * length(h.key) + 128)"
		  " FROM hist h LEFT JOIN hist o ON o.id = h.prev AND NOT o.flags & 1"
		  " WHERE h.id > ?1 AND h.id <= ?2 ORDER BY h.id" },
		{ &table->drop_row, "DELETE FROM hist WHERE id = ?1" },
		{ &table->drop_key, "DELETE FROM cur WHERE key = (SELECT key FROM hist WHERE id ="
				    " ?1) AND id = ?1" },
		{ &table->put_past, "INSERT OR REPLACE INTO past_mark VALUES(1, ?1, ?2, ?3, ?4)" },
		{ &table->put_kind, "INSERT OR REPLACE INTO past_kind VALUES(?1, ?2, ?3)" },
		{ &table->drop_kind, "DELETE FROM past_kind WHERE prefix = ?1" },
	};
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		TRY(table_prepare(table->db, statements[i].sql, statements[i].out, why));
	return OK;
}

/* ---- kinds ---- */

static uint32_t end_of_part(struct str key, uint32_t from)
{
	while (from < key.len && key.at[from] != '/')
		from++;
	return from;
}

struct str table_kind_of(struct str key)
{
	if (!key.len || key.at[0] != '/')
		return STR("");
	uint32_t first = end_of_part(key, 1);
	uint32_t second = first < key.len ? end_of_part(key, first + 1) : key.len;
	bool is_group = str_find_char(str_slice(key, first, second), '.') >= 0;
	if (is_group && second < key.len)
		second = end_of_part(key, second + 1);
	return second < key.len ? str_slice(key, 0, second + 1) : STR("");
}

bool table_kind_meets(struct str prefix, struct str from, struct str end)
{
	if (!end.at)
		return str_starts(from, prefix);
	bool is_endless = end.len == 1 && !end.at[0];
	return (is_endless || str_cmp(prefix, end) < 0) &&
	       (str_cmp(from, prefix) <= 0 || str_starts(from, prefix));
}

static uint32_t find_kind(struct table_kinds *kinds, struct str prefix)
{
	for (uint32_t i = 0; i < kinds->all.len; i++)
		if (str_eq(kinds->all.at[i].prefix, prefix))
			return i;
	return kinds->all.len;
}

static void add_kind(struct table_kinds *kinds, struct str prefix, uint64_t swept_id, uint64_t bytes)
{
	struct table_kind *kind = vec_add(&kinds->all);
	*kind = (struct table_kind){ .swept_id = swept_id, .bytes = bytes };
	kind->prefix = (struct str){ mem_copy(prefix.at, prefix.len), prefix.len };
}

/* Of which nothing has been weighed: it reads as far back as anything. */
static uint32_t find_or_add(struct table_kinds *kinds, struct str prefix)
{
	uint32_t at = find_kind(kinds, prefix);
	if (at == kinds->all.len && at >= TABLE_KINDS_MAX - 1)
		at = find_kind(kinds, prefix = STR(""));
	if (at == kinds->all.len)
		add_kind(kinds, prefix, kinds->gate_id, 0);
	return at;
}

static void forget_kind(struct table_kinds *kinds, uint32_t at)
{
	mem_free((char *)kinds->all.at[at].prefix.at);
	vec_swap_remove(&kinds->all, at);
}

void table_kinds_forget(struct table *table)
{
	while (table->past.all.len)
		forget_kind(&table->past, table->past.all.len - 1);
	table->past.is_known = false;
}

static bool is_without(const struct table_keep *keep, struct str prefix)
{
	for (uint32_t i = 0; i < keep->without_count; i++)
		if (str_eq(keep->without[i], prefix))
			return true;
	return false;
}

uint64_t table_kinds_bytes(const struct table_kinds *kinds)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < kinds->all.len; i++)
		bytes += kinds->all.at[i].bytes;
	return bytes;
}

int32_t table_kinds_next(const struct table_kinds *kinds, const struct table_keep *keep)
{
	uint32_t largest = 0;
	for (uint32_t i = 0; i < kinds->all.len; i++) {
		const struct table_kind *kind = &kinds->all.at[i];
		if (kind->bytes && is_without(keep, kind->prefix))
			return (int32_t)i;
		if (kind->bytes > kinds->all.at[largest].bytes)
			largest = i;
	}
	return table_kinds_bytes(kinds) > keep->max_bytes ? (int32_t)largest : -1;
}

/* ---- reading and writing what is known of them ---- */

static enum status read_kinds(struct table *table, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(table->db, "SELECT prefix, swept_id, bytes FROM past_kind", &read, why));
	int rc;
	while ((rc = sqlite3_step(read)) == SQLITE_ROW)
		add_kind(&table->past, table_column_str(read, 0),
			 (uint64_t)sqlite3_column_int64(read, 1),
			 (uint64_t)sqlite3_column_int64(read, 2));
	enum status status = table_code(table->db, rc, why);
	sqlite3_finalize(read);
	return status;
}

/* *is_agreed: nobody who knows nothing of kinds has swept since the marks were written. */
static enum status read_marks(struct table *table, bool *is_agreed, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	struct table_kinds *past = &table->past;
	TRY(table_prepare(table->db,
			  "SELECT (SELECT at FROM moment ORDER BY rev DESC LIMIT 1), m.swept_id,"
			  " p.one, p.floor_id, p.gate_id, p.counted_id, p.seen_id"
			  " FROM meta m LEFT JOIN past_mark p",
			  &read, why));
	enum status status = table_code(table->db, sqlite3_step(read), why);
	if (status == OK) {
		table->moment_s = sqlite3_column_int64(read, 0);
		table->swept_id = (uint64_t)sqlite3_column_int64(read, 1);
		bool has_marks = sqlite3_column_int(read, 2);
		past->floor_id = past->gate_id = past->counted_id = table->swept_id;
		if (has_marks) {
			past->floor_id = (uint64_t)sqlite3_column_int64(read, 3);
			past->gate_id = (uint64_t)sqlite3_column_int64(read, 4);
			past->counted_id = (uint64_t)sqlite3_column_int64(read, 5);
		}
		*is_agreed = has_marks ? (uint64_t)sqlite3_column_int64(read, 6) == table->swept_id
				       : !table->swept_id;
	}
	sqlite3_finalize(read);
	return status;
}

/* It has left what it knew nothing of between the floor and where it went on, and the weights are no longer right. */
static enum status agree(struct table *table, struct fault *why)
{
	struct table_kinds *past = &table->past;
	if (past->gate_id < table->swept_id)
		past->gate_id = table->swept_id;
	past->counted_id = past->floor_id;
	for (uint32_t i = 0; i < past->all.len; i++) {
		past->all.at[i].bytes = 0;
		past->all.at[i].is_changed = true;
	}
	TRY(table_run(table->db, table->begin, why));
	return table_finish(table, table_kinds_write(table, why), why);
}

enum status table_kinds_read(struct table *table, struct fault *why)
{
	bool is_agreed;
	table_kinds_forget(table);
	TRY(read_marks(table, &is_agreed, why));
	TRY(read_kinds(table, why));
	if (!is_agreed)
		TRY(agree(table, why));
	table->past.is_known = true;
	return OK;
}

static enum status write_kind(struct table *table, struct table_kind *kind, struct fault *why)
{
	table_bind_str(table->put_kind, 1, kind->prefix);
	table_bind_u64(table->put_kind, 2, kind->swept_id);
	table_bind_u64(table->put_kind, 3, kind->bytes);
	kind->is_changed = false;
	return table_run(table->db, table->put_kind, why);
}

/* Those that say nothing any more go; an older release is told of the one of which the least is left. */
enum status table_kinds_write(struct table *table, struct fault *why)
{
	struct table_kinds *past = &table->past;
	uint64_t swept_id = past->gate_id;
	for (uint32_t i = past->all.len; i-- > 0;) {
		struct table_kind *kind = &past->all.at[i];
		if (kind->swept_id > swept_id)
			swept_id = kind->swept_id;
		if (kind->bytes || kind->swept_id > past->gate_id) {
			if (kind->is_changed)
				TRY(write_kind(table, kind, why));
			continue;
		}
		table_bind_str(table->drop_kind, 1, kind->prefix);
		TRY(table_run(table->db, table->drop_kind, why));
		forget_kind(past, i);
	}
	table_bind_u64(table->put_past, 1, past->floor_id);
	table_bind_u64(table->put_past, 2, past->gate_id);
	table_bind_u64(table->put_past, 3, past->counted_id);
	table_bind_u64(table->put_past, 4, swept_id);
	TRY(table_run(table->db, table->put_past, why));
	table_bind_u64(table->sweep_mark, 1, swept_id);
	table->swept_id = swept_id;
	return table_run(table->db, table->sweep_mark, why);
}

/* ---- rows ---- */

/* Those that weigh nothing have nothing to give. */
static enum status read_rows(struct table *table, struct table_span span, struct past_rows *rows,
			     struct fault *why)
{
	sqlite3_stmt *read = table->past_rows;
	int rc;
	table_bind_u64(read, 1, span.from);
	table_bind_u64(read, 2, span.upto);
	while ((rc = sqlite3_step(read)) == SQLITE_ROW) {
		struct past_row row = { .id = (uint64_t)sqlite3_column_int64(read, 0),
					.prev = (uint64_t)sqlite3_column_int64(read, 2),
					.is_delete = sqlite3_column_int(read, 3),
					.bytes = (uint64_t)sqlite3_column_int64(read, 4) };
		if (!row.bytes)
			continue;
		row.kind = find_or_add(&table->past, table_kind_of(table_column_str(read, 1)));
		vec_push(&rows->all, row);
	}
	enum status status = table_code(table->db, rc, why);
	sqlite3_reset(read);
	return status;
}

static enum status run_with_id(struct table *table, sqlite3_stmt *statement, uint64_t id,
			       struct fault *why)
{
	table_bind_u64(statement, 1, id);
	return table_run(table->db, statement, why);
}

/* What it superseded, and itself if it is a delete. */
static enum status drop_row(struct table *table, const struct past_row *row, struct fault *why)
{
	if (row->prev)
		TRY(run_with_id(table, table->drop_row, row->prev, why));
	if (!row->is_delete)
		return OK;
	TRY(run_with_id(table, table->drop_key, row->id, why));
	return run_with_id(table, table->drop_row, row->id, why);
}

static enum status count_rows(struct table *table, const struct table_keep *keep,
			      const struct past_rows *rows, struct fault *why)
{
	for (uint32_t i = 0; i < rows->all.len; i++) {
		const struct past_row *row = &rows->all.at[i];
		struct table_kind *kind = &table->past.all.at[row->kind];
		kind->is_changed = true;
		/* What was there of it before has to go first, in its own steps. */
		if (kind->bytes || !is_without(keep, kind->prefix)) {
			kind->bytes += row->bytes;
			continue;
		}
		TRY(drop_row(table, row, why));
		kind->swept_id = row->id;
	}
	return OK;
}

enum status table_kinds_count(struct table *table, const struct table_keep *keep,
			      struct table_span span, struct fault *why)
{
	struct past_rows rows = { 0 };
	enum status status = read_rows(table, span, &rows, why);
	if (status == OK)
		status = count_rows(table, keep, &rows, why);
	vec_fini(&rows.all);
	table->past.counted_id = span.upto;
	return status;
}

static void take_weight(struct table_kind *kind, uint64_t bytes)
{
	kind->bytes -= bytes < kind->bytes ? bytes : kind->bytes;
	kind->is_changed = true;
}

enum status table_kinds_uncount(struct table *table, struct table_span span, struct fault *why)
{
	struct past_rows rows = { 0 };
	enum status status = read_rows(table, span, &rows, why);
	for (uint32_t i = 0; i < rows.all.len; i++)
		take_weight(&table->past.all.at[rows.all.at[i].kind], rows.all.at[i].bytes);
	vec_fini(&rows.all);
	return status;
}

static enum status drop_rows(struct table *table, uint32_t at, const struct past_rows *rows,
			     uint64_t upto, uint64_t max_bytes, struct fault *why)
{
	struct table_kind *kind = &table->past.all.at[at];
	uint64_t left = table_kinds_bytes(&table->past);
	kind->is_changed = true;
	for (uint32_t i = 0; i < rows->all.len; i++) {
		const struct past_row *row = &rows->all.at[i];
		if (row->kind != at)
			continue;
		if (left <= max_bytes)
			return OK;
		TRY(drop_row(table, row, why));
		take_weight(kind, row->bytes);
		kind->swept_id = row->id;
		left -= row->bytes < left ? row->bytes : left;
	}
	kind->swept_id = upto;
	if (upto >= table->past.counted_id)
		kind->bytes = 0;
	return OK;
}

enum status table_kinds_drop(struct table *table, uint32_t kind, struct table_span span,
			     uint64_t max_bytes, struct fault *why)
{
	struct past_rows rows = { 0 };
	enum status status = read_rows(table, span, &rows, why);
	if (status == OK)
		status = drop_rows(table, kind, &rows, span.upto, max_bytes, why);
	vec_fini(&rows.all);
	return status;
}

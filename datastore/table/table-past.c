/* Views of the past: what was compacted and has not been swept, and when it was. */
#include "datastore/table/table-private.h"

enum status table_past_prepare(struct table_view *view, struct fault *why)
{
	const struct {
		sqlite3_stmt **out;
		const char *sql;
	} statements[] = {
		{ &view->begin, "BEGIN" },
		{ &view->commit, "COMMIT" },
		{ &view->key, "SELECT id FROM cur WHERE key = ?1" },
		{ &view->gate, "SELECT gate_id FROM past_mark" },
		{ &view->kinds, "SELECT prefix, swept_id, bytes FROM past_kind" },
		{ &view->moment,
		  "SELECT at FROM moment WHERE rev <= ?1 ORDER BY rev DESC LIMIT 1" },
		{ &view->moment_after, "SELECT min(rev), (SELECT min(rev) FROM moment),"
				       " (SELECT rev FROM meta) FROM moment WHERE at > ?1" },
	};
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		TRY(table_prepare(view->db, statements[i].sql, statements[i].out, why));
	return OK;
}

/* The first column of the first row; 0: there is none. */
static enum status read_number(struct table_view *view, sqlite3_stmt *read, uint64_t *out)
{
	int rc = sqlite3_step(read);
	enum status status = table_code(view->db, rc, NULL);
	if (status == OK)
		*out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(read, 0) : 0;
	sqlite3_reset(read);
	return status;
}

static enum status find_time(struct table_view *view, uint64_t revision, int64_t *out)
{
	uint64_t at;
	table_bind_u64(view->moment, 1, revision);
	TRY(read_number(view, view->moment, &at));
	*out = (int64_t)at;
	return OK;
}

/* What a row superseded went with the row's own id, so the revision of the last id that was swept reads as it was. */
static bool is_within_kind(struct str kind, struct str end)
{
	if (!kind.len || !end.at || str_starts(end, kind))
		return kind.len > 0;
	/* "/registry/pods0" is what comes right behind "/registry/pods/". */
	return end.len == kind.len && str_starts(end, str_slice(kind, 0, kind.len - 1)) &&
	       end.at[end.len - 1] == '/' + 1;
}

static enum status look_at_kinds(struct table_view *view, struct str from, struct str end,
				 uint64_t *swept_id, uint64_t *bytes)
{
	struct str own = table_kind_of(from);
	/* A kind that nothing is known of may be among the others; so may a part of a range that is wider than one. */
	bool is_own = false;
	uint64_t others = 0;
	int rc;
	while ((rc = sqlite3_step(view->kinds)) == SQLITE_ROW) {
		struct str prefix = table_column_str(view->kinds, 0);
		uint64_t swept = (uint64_t)sqlite3_column_int64(view->kinds, 1);
		*bytes += (uint64_t)sqlite3_column_int64(view->kinds, 2);
		if (!prefix.len)
			others = swept;
		else if (table_kind_meets(prefix, from, end) && swept > *swept_id)
			*swept_id = swept;
		is_own = is_own || (str_eq(prefix, own) && is_within_kind(own, end));
	}
	if (!is_own && others > *swept_id)
		*swept_id = others;
	enum status status = table_code(view->db, rc, NULL);
	sqlite3_reset(view->kinds);
	return status;
}

enum status table_past_look(struct table_view *view, struct str from, struct str end,
			    struct table_past *out)
{
	struct table_past past = { .bytes = 0 };
	uint64_t swept_id, gate_id;
	TRY(table_view_connect(view, NULL));
	TRY(read_number(view, view->gate, &swept_id));
	gate_id = swept_id;
	TRY(look_at_kinds(view, from, end, &swept_id, &past.bytes));
	if (!from.at)
		swept_id = gate_id;
	past.oldest = swept_id >> TABLE_PLACE_BITS;
	if (!past.oldest)
		past.oldest = 1;
	TRY(find_time(view, past.oldest, &past.since_s));
	*out = past;
	return OK;
}

static enum status walk(struct table_view *view, uint64_t id, uint64_t below, uint32_t limit,
			table_each_past *each, void *arg, bool *more)
{
	uint32_t count = 0;
	while (id) {
		struct table_row row;
		bool is_there;
		int64_t at_s;
		TRY(table_seek(view, id, &is_there));
		if (!is_there)
			return OK; /* it was swept, and all before it */
		id = (uint64_t)sqlite3_column_int64(view->get, 7);
		table_row_of(view->get, &row);
		uint64_t revision = row.id >> TABLE_PLACE_BITS;
		if (below && revision >= below)
			continue;
		*more = count == limit;
		if (*more)
			return OK;
		TRY(find_time(view, revision, &at_s));
		each(arg, &row, at_s);
		count++;
	}
	return OK;
}

enum status table_walk(struct table_view *view, struct str key, uint64_t below, uint32_t limit,
		       table_each_past *each, void *arg, bool *more)
{
	uint64_t id;
	*more = false;
	TRY(table_view_connect(view, NULL));
	TRY(table_run(view->db, view->begin, NULL));
	table_bind_str(view->key, 1, key);
	enum status status = read_number(view, view->key, &id);
	if (status == OK)
		status = walk(view, id, below, limit, each, arg, more);
	sqlite3_reset(view->get);
	enum status ended = table_run(view->db, view->commit, NULL);
	return status == OK ? ended : status;
}

enum status table_revision_at(struct table_view *view, int64_t at_s, uint64_t *out)
{
	TRY(table_view_connect(view, NULL));
	sqlite3_stmt *read = view->moment_after;
	sqlite3_bind_int64(read, 1, at_s);
	enum status status = table_code(view->db, sqlite3_step(read), NULL);
	if (status == OK) {
		uint64_t after = (uint64_t)sqlite3_column_int64(read, 0);
		uint64_t first = (uint64_t)sqlite3_column_int64(read, 1);
		uint64_t latest = (uint64_t)sqlite3_column_int64(read, 2);
		*out = !after ? latest : after == first ? 0 : after - 1;
	}
	sqlite3_reset(read);
	return status;
}

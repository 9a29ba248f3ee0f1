/*
 * Sweeping: what compaction allows to forget goes, a little at a time, but for the latest of it that is kept as the past.
 *
 * Rows stay where they are until they go: keeping costs no writing, and reads of the past follow the same links as those of the present.
 * Two marks go up through the ids: `counted_id`, up to where rows that may go have been weighed, and behind it `swept_id`, up to where
 * they are gone. Both, and the weight between them, are in the table; where an older release has swept, the weight is taken anew.
 */
#include "datastore/table/table-private.h"

#define PAST_ROWS_MAX 64U /* of a step that makes room: it goes no further than it must */

enum status table_past_open(struct table *table, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_code(table->db, sqlite3_exec(table->db, TABLE_PAST_SCHEMA, NULL, NULL, NULL),
		       why));
	TRY(table_prepare(table->db,
			  "SELECT (SELECT at FROM moment ORDER BY rev DESC LIMIT 1),"
			  " (SELECT swept_id FROM past), (SELECT counted_id FROM past),"
			  " (SELECT bytes FROM past)",
			  &read, why));
	enum status status = table_code(table->db, sqlite3_step(read), why);
	if (status == OK) {
		table->moment_s = sqlite3_column_int64(read, 0);
		table->counted_id = table->swept_id;
		if ((uint64_t)sqlite3_column_int64(read, 1) == table->swept_id) {
			table->counted_id = (uint64_t)sqlite3_column_int64(read, 2);
			table->past_bytes = (uint64_t)sqlite3_column_int64(read, 3);
		}
	}
	sqlite3_finalize(read);
	return status;
}

enum status table_sweep_prepare(struct table *table, struct fault *why)
{
	const struct {
		sqlite3_stmt **out;
		const char *sql;
	} statements[] = {
		{ &table->sweep_bound, "SELECT max(id) FROM (SELECT id FROM hist"
				       " WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3)" },
		{ &table->sweep_rows, "DELETE FROM hist WHERE id IN (SELECT prev FROM hist"
				      " WHERE id > ?1 AND id <= ?2 AND prev > 0)" },
		{ &table->sweep_keys,
		  "DELETE FROM cur WHERE key IN (SELECT key FROM hist WHERE id > ?1 AND id <= ?2"
		  " AND flags & 1) AND flags & 1 AND id <= ?2" },
		{ &table->sweep_deletes,
		  "DELETE FROM hist WHERE id > ?1 AND id <= ?2 AND flags & 1" },
		{ &table->sweep_moments, "DELETE FROM moment WHERE rev < (SELECT max(rev)"
					 " FROM moment WHERE rev <= ?2 >> 20)" },
		{ &table->sweep_mark, "UPDATE meta SET swept_id = ?1" },
		/* Deletes are weighed as themselves, not as what was superseded: they go with their own id. */
		{ &table->weigh_rows,
		  "SELECT coalesce(sum(length(o.key) + coalesce(length(o.value), 0) + 64), 0)"
		  " FROM hist h CROSS JOIN hist o WHERE h.id > ?1 AND h.id <= ?2 AND h.prev > 0"
		  " AND o.id = h.prev AND NOT o.flags & 1" },
		{ &table->weigh_deletes, "SELECT coalesce(sum(2 * length(key) + 128), 0) FROM hist"
					 " WHERE id > ?1 AND id <= ?2 AND flags & 1" },
		{ &table->put_past, "INSERT OR REPLACE INTO past VALUES(1, ?1, ?2, ?3)" },
		{ &table->first_moment, "SELECT min(rev) FROM moment WHERE at > ?1" },
	};
	_Static_assert(TABLE_PLACE_BITS == 20, "a statement above shifts by it");
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		TRY(table_prepare(table->db, statements[i].sql, statements[i].out, why));
	return OK;
}

/* The one number that a statement, its values bound, gives; 0 for NULL. */
static enum status read_number(struct table *table, sqlite3_stmt *read, uint64_t *out,
			       struct fault *why)
{
	enum status status = table_code(table->db, sqlite3_step(read), why);
	if (status == OK)
		*out = (uint64_t)sqlite3_column_int64(read, 0);
	sqlite3_reset(read);
	return status;
}

/* The last of at most max_rows ids behind `from`; 0: there are none up to `to`. */
static enum status find_bound(struct table *table, uint64_t from, uint64_t to, uint32_t max_rows,
			      uint64_t *out, struct fault *why)
{
	table_bind_u64(table->sweep_bound, 1, from);
	table_bind_u64(table->sweep_bound, 2, to);
	table_bind_u64(table->sweep_bound, 3, max_rows);
	return read_number(table, table->sweep_bound, out, why);
}

static enum status weigh(struct table *table, uint64_t from, uint64_t to, uint64_t *out,
			 struct fault *why)
{
	uint64_t rows = 0, deletes = 0;
	table_bind_u64(table->weigh_rows, 1, from);
	table_bind_u64(table->weigh_rows, 2, to);
	TRY(read_number(table, table->weigh_rows, &rows, why));
	table_bind_u64(table->weigh_deletes, 1, from);
	table_bind_u64(table->weigh_deletes, 2, to);
	TRY(read_number(table, table->weigh_deletes, &deletes, why));
	*out = rows + deletes;
	return OK;
}

static enum status put_past(struct table *table, uint64_t swept_id, uint64_t counted_id,
			    uint64_t bytes, struct fault *why)
{
	table_bind_u64(table->put_past, 1, swept_id);
	table_bind_u64(table->put_past, 2, counted_id);
	table_bind_u64(table->put_past, 3, bytes);
	return table_run(table->db, table->put_past, why);
}

/* ---- weighing ---- */

static enum status count_upto(struct table *table, uint64_t upto, struct fault *why)
{
	uint64_t bytes;
	TRY(weigh(table, table->counted_id, upto, &bytes, why));
	bytes += table->past_bytes;
	TRY(put_past(table, table->swept_id, upto, bytes, why));
	table->counted_id = upto;
	table->past_bytes = bytes;
	return OK;
}

/* ---- forgetting ---- */

static enum status sweep_rows(struct table *table, uint64_t upto, uint64_t bytes, struct fault *why)
{
	sqlite3_stmt *const steps[] = { table->sweep_rows, table->sweep_keys, table->sweep_deletes,
					table->sweep_moments };
	uint64_t counted = table->counted_id > upto ? table->counted_id : upto;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		table_bind_u64(steps[i], 1, table->swept_id);
		table_bind_u64(steps[i], 2, upto);
		TRY(table_run(table->db, steps[i], why));
	}
	table_bind_u64(table->sweep_mark, 1, upto);
	TRY(table_run(table->db, table->sweep_mark, why));
	return put_past(table, upto, counted, bytes, why);
}

static enum status sweep_upto(struct table *table, uint64_t upto, struct fault *why)
{
	uint64_t gone = 0;
	if (table->counted_id > table->swept_id)
		TRY(weigh(table, table->swept_id,
			  upto < table->counted_id ? upto : table->counted_id, &gone, why));
	uint64_t bytes = gone < table->past_bytes ? table->past_bytes - gone : 0;
	TRY(table_run(table->db, table->begin, why));
	TRY(table_finish(table, sweep_rows(table, upto, bytes, why), why));
	table->swept_id = upto;
	table->past_bytes = bytes;
	if (table->counted_id < upto)
		table->counted_id = upto;
	return OK;
}

/* The last id of what was superseded before that second. */
static enum status find_age_bound(struct table *table, int64_t since_s, uint64_t last,
				  uint64_t *out, struct fault *why)
{
	uint64_t revision = 0;
	sqlite3_bind_int64(table->first_moment, 1, since_s);
	TRY(read_number(table, table->first_moment, &revision, why));
	*out = revision ? (revision << TABLE_PLACE_BITS) - 1 : last;
	if (*out > last)
		*out = last;
	return OK;
}

/* One step; *upto 0: there was nothing to do. */
static enum status step_keeping(struct table *table, const struct table_keep *keep, uint64_t last,
				uint32_t max_rows, uint64_t *upto, struct fault *why)
{
	uint64_t aged;
	TRY(find_bound(table, table->counted_id, last, max_rows, upto, why));
	if (*upto)
		return count_upto(table, *upto, why);
	TRY(find_age_bound(table, keep->since_s, last, &aged, why));
	TRY(find_bound(table, table->swept_id, aged, max_rows, upto, why));
	if (!*upto && table->past_bytes > keep->max_bytes)
		TRY(find_bound(table, table->swept_id, last,
			       max_rows < PAST_ROWS_MAX ? max_rows : PAST_ROWS_MAX, upto, why));
	return *upto ? sweep_upto(table, *upto, why) : OK;
}

enum status table_sweep(struct table *table, const struct table_keep *keep, uint32_t max_rows,
			bool *is_done, struct fault *why)
{
	uint64_t last = ((table->compact_revision + 1) << TABLE_PLACE_BITS) - 1;
	uint64_t upto = 0;
	if (keep && keep->max_bytes > 0) {
		TRY(step_keeping(table, keep, last, max_rows, &upto, why));
	} else {
		TRY(find_bound(table, table->swept_id, last, max_rows, &upto, why));
		if (upto)
			TRY(sweep_upto(table, upto, why));
	}
	*is_done = !upto;
	return OK;
}

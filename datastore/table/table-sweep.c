/*
 * Sweeping: what compaction allows to forget goes, a little at a time, but for the latest of it that is kept as the past.
 *
 * Rows stay where they are until they go: keeping costs no writing, and reads of the past follow the same links as those of the present.
 * What is too old goes for all kinds of keys at once; what is too much goes kind by kind (table-kinds.c).
 */
#include "datastore/table/table-private.h"

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
		/* Whose successor has gone before them: nothing points to them any more, and they are nobody's latest. */
		{ &table->sweep_left,
		  "DELETE FROM hist WHERE id > ?1 AND id <= ?2 AND id NOT IN (SELECT prev FROM"
		  " hist WHERE id > ?2) AND id NOT IN (SELECT id FROM cur WHERE key = hist.key)" },
		{ &table->sweep_moments, "DELETE FROM moment WHERE rev < (SELECT max(rev)"
					 " FROM moment WHERE rev <= ?2 >> 20)" },
		{ &table->sweep_mark, "UPDATE meta SET swept_id = ?1" },
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

/* Ends the transaction; where it did not go well, what is in memory is not what is in the table. */
static enum status finish_step(struct table *table, enum status status, struct fault *why)
{
	if (status == OK)
		status = table_kinds_write(table, why);
	status = table_finish(table, status, why);
	table->past.is_known = status == OK;
	return status;
}

static enum status count_upto(struct table *table, const struct table_keep *keep, uint64_t upto,
			      struct fault *why)
{
	struct table_span span = { table->past.counted_id, upto };
	TRY(table_run(table->db, table->begin, why));
	return finish_step(table, table_kinds_count(table, keep, span, why), why);
}

/* ---- forgetting ---- */

static enum status sweep_rows(struct table *table, uint64_t upto, struct fault *why)
{
	sqlite3_stmt *const steps[] = { table->sweep_rows, table->sweep_keys, table->sweep_deletes,
					table->sweep_moments };
	struct table_kinds *past = &table->past;
	uint64_t counted = upto < past->counted_id ? upto : past->counted_id;
	TRY(table_kinds_uncount(table, (struct table_span){ past->floor_id, counted }, why));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		table_bind_u64(steps[i], 1, past->floor_id);
		table_bind_u64(steps[i], 2, upto);
		TRY(table_run(table->db, steps[i], why));
	}
	/* Only where an older release went on is the gate above. */
	if (past->gate_id > past->floor_id) {
		table_bind_u64(table->sweep_left, 1, past->floor_id);
		table_bind_u64(table->sweep_left, 2, upto);
		TRY(table_run(table->db, table->sweep_left, why));
	}
	past->floor_id = upto;
	if (past->gate_id < upto)
		past->gate_id = upto;
	if (past->counted_id > upto)
		return OK;
	past->counted_id = upto;
	for (uint32_t i = 0; i < past->all.len; i++)
		past->all.at[i].bytes = 0;
	return OK;
}

static enum status sweep_upto(struct table *table, uint64_t upto, struct fault *why)
{
	TRY(table_run(table->db, table->begin, why));
	return finish_step(table, sweep_rows(table, upto, why), why);
}

static enum status drop_of_kind(struct table *table, const struct table_keep *keep, uint32_t at,
				uint32_t max_rows, uint64_t *upto, struct fault *why)
{
	const struct table_kinds *past = &table->past;
	const struct table_kind *kind = &past->all.at[at];
	struct table_span span = { .from = kind->swept_id };
	uint64_t max_bytes = table_kinds_bytes(past) > keep->max_bytes ? keep->max_bytes : 0;
	if (span.from < past->floor_id)
		span.from = past->floor_id;
	TRY(find_bound(table, span.from, past->counted_id, max_rows, &span.upto, why));
	if (!span.upto)
		span.upto = past->counted_id;
	*upto = span.upto;
	TRY(table_run(table->db, table->begin, why));
	return finish_step(table, table_kinds_drop(table, at, span, max_bytes, why), why);
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
	const struct table_kinds *past = &table->past;
	uint64_t aged;
	if (past->floor_id < past->gate_id) {
		TRY(find_bound(table, past->floor_id, past->gate_id, max_rows, upto, why));
		*upto = *upto ? *upto : past->gate_id;
		return sweep_upto(table, *upto, why);
	}
	TRY(find_bound(table, past->counted_id, last, max_rows, upto, why));
	if (*upto)
		return count_upto(table, keep, *upto, why);
	TRY(find_age_bound(table, keep->since_s, last, &aged, why));
	TRY(find_bound(table, past->floor_id, aged, max_rows, upto, why));
	if (*upto)
		return sweep_upto(table, *upto, why);
	int32_t kind = table_kinds_next(past, keep);
	return kind < 0 ? OK : drop_of_kind(table, keep, (uint32_t)kind, max_rows, upto, why);
}

enum status table_sweep(struct table *table, const struct table_keep *keep, uint32_t max_rows,
			bool *is_done, struct fault *why)
{
	uint64_t last = ((table->compact_revision + 1) << TABLE_PLACE_BITS) - 1;
	uint64_t upto = 0;
	if (!table->past.is_known)
		TRY(table_kinds_read(table, why));
	if (keep && keep->max_bytes > 0) {
		TRY(step_keeping(table, keep, last, max_rows, &upto, why));
	} else {
		TRY(find_bound(table, table->past.floor_id, last, max_rows, &upto, why));
		if (upto)
			TRY(sweep_upto(table, upto, why));
	}
	*is_done = !upto;
	return OK;
}

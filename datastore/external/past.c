#include "datastore/external/external-private.h"

#include "runtime/base/limits.h"

/*
 * An etcd has no list of a key's versions, but each is found behind the next one: what was there one revision before it was made.
 * So far as nothing was compacted; when something was deleted it does not say.
 */

struct past {
	struct store_past_change *changes;
	uint32_t count, limit;
	uint64_t at; /* where to look next; 0: the latest */
};

/* One version further back. NOT_FOUND: there is none; EXPIRED: it was compacted. */
static enum status step(struct external *external, struct str key, struct past *past,
			struct arena *arena)
{
	struct store_range range = { .key = key, .revision = past->at };
	struct store_range_answer found = { .arena = arena };
	struct fault why = { 0 };

	TRY(external_range(external, &range, &found, &why));
	if (found.row_count == 0)
		return NOT_FOUND;
	past->changes[past->count++].row = found.rows[0];
	past->at = found.rows[0].mod_revision - 1;
	return past->at > 0 ? OK : NOT_FOUND;
}

/* What the API servers have agreed to forget; what others compacted only a read can tell. */
static uint64_t oldest(struct external *external, struct arena *arena)
{
	struct store_range range = { .key = EXTERNAL_COMPACTED };
	struct store_range_answer found = { .arena = arena };
	struct fault why = { 0 };
	uint64_t revision = 0;

	if (external_range(external, &range, &found, &why) == OK && found.row_count == 1 &&
	    str_to_u64(found.rows[0].value, &revision) != OK)
		revision = 0;
	return revision != 0 ? revision : 1;
}

enum status past_walk(struct external *external, const struct store_past *asked,
		      struct store_past_answer *answer)
{
	uint32_t most =
	    asked->limit != 0 && asked->limit < LIMIT_STORE_PAST ? asked->limit : LIMIT_STORE_PAST;
	struct past past = { .limit = most, .at = asked->below > 1 ? asked->below - 1 : 0 };
	enum status status = asked->key.at != NULL ? OK : NOT_FOUND;

	past.changes = arena_array(answer->arena, struct store_past_change, most);
	while (status == OK && past.count < past.limit)
		status = step(external, asked->key, &past, answer->arena);
	if (status != OK && status != NOT_FOUND && status != EXPIRED)
		return status;
	answer->changes = past.changes;
	answer->count = past.count;
	answer->more = status == OK;
	answer->oldest = oldest(external, answer->arena);
	return OK;
}

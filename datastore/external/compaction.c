#include "datastore/external/external-private.h"

/* Compaction, by the agreement that upstream's API servers have. */

/*
 * compact_rev_key counts compactions by its version. Whoever still knows the latest count writes the next one, and compacts to what
 * was the revision when it last looked; the others look again a period later.
 */
struct compaction {
	uint64_t count;    /* the version that was seen */
	uint64_t revision; /* of when that was */
};

static void compact_once(struct external *external, struct compaction *compaction,
			 struct arena *arena)
{
	struct store_compare compare = { .target = STORE_COMPARE_VERSION,
					 .key = EXTERNAL_COMPACTED,
					 .number = (int64_t)compaction->count };
	struct store_op put = { .kind = STORE_PUT,
				.key = EXTERNAL_COMPACTED,
				.value = arena_printf(arena, "%ju", (uintmax_t)compaction->revision),
				.expected = STORE_ANY_REVISION };
	struct store_op get = { .kind = STORE_GET,
				.key = EXTERNAL_COMPACTED,
				.expected = STORE_ANY_REVISION };
	struct store_write write = { .compares = &compare,
				     .compare_count = 1,
				     .success = &put,
				     .success_count = 1,
				     .failure = &get,
				     .failure_count = 1,
				     .term = external->rank.term };
	struct store_write_answer answer = { .arena = arena };
	struct external_reply reply;
	struct proto_out question;
	struct fault why = { 0 };
	uint64_t revision = compaction->revision;

	if (external_write(external, &write, &answer, &why) != OK)
		return;
	compaction->revision = answer.revision;
	if (!answer.is_success) {
		compaction->count =
		    answer.results[0].row_count > 0 ? answer.results[0].rows[0].version : 0;
		return;
	}
	compaction->count++;
	if (revision == 0)
		return;
	question = question_numbers(revision, 0);
	if (external_ask(external, "/etcdserverpb.KV/Compact", &question, EXTERNAL_REPEAT, &reply,
			 &why) == OK)
		external_reply_done(&reply);
}

void compaction_run(struct act *act, void *state, void *arg)
{
	struct external *external = arg;
	struct compaction compaction = { 0 };
	uint32_t s = external->config->history_s;

	(void)state;
	for (;;) {
		struct external_scratch scratch = external_scratch(external);

		if (rank_is_leader(external))
			compact_once(external, &compaction, scratch.arena);
		external_scratch_end(external, &scratch);
		act_sleep(act, (s != 0 ? s : EXTERNAL_HISTORY_S) * UINT64_C(1000));
	}
}

#include <assert.h>

#include "datastore/store/store-private.h"

#define SAMPLE_S 30 /* how exactly the age of a revision is known */
#define LATE_S \
	60 /* so long others leave it to the leader, who may not have been there long enough to know */
#define PROPOSE_AGAIN_S 5 /* what was proposed and has not happened */

static struct mono later(const struct store *store, uint32_t seconds)
{
	return (struct mono){ act_now(store->act).ns + (int64_t)seconds * TIME_S };
}

/* Nobody knows when leases were kept under the last leader, so each gets its whole time. */
void store_became_leader(struct store *store)
{
	struct lease *lease;
	for (uint32_t at = 0; (lease = leases_next(index_leases(store->index), &at));) {
		lease->ends = later(store, lease->ttl_s);
		lease->is_ending = false;
	}
}

static void end_leases(struct store *store)
{
	struct lease *lease;
	int64_t now = act_now(store->act).ns;
	for (uint32_t at = 0; (lease = leases_next(index_leases(store->index), &at));) {
		if (lease->ends.ns > now)
			continue;
		if (store->waiting >= LIMIT_PROPOSALS / 2)
			return; /* in a second */
		lease->is_ending =
		    true; /* it cannot be kept any more, but the proposal may be refused */
		lease->ends = later(store, PROPOSE_AGAIN_S);
		store_propose(store, &(struct command){ .kind = COMMAND_LEASE_REVOKE,
							.revoke = { .id = lease->id } });
	}
}

/* The latest revision that is `age_s` old, as far as this replica was there to see; 0: none. */
static uint64_t revision_of_age(struct store *store, uint32_t age_s)
{
	int64_t now = act_now(store->act).ns;
	uint64_t revision = 0;
	while (store->samples.len && now - store->samples.at[0].at.ns >= (int64_t)age_s * TIME_S) {
		revision = store->samples.at[0].revision;
		vec_remove(&store->samples, 0);
	}
	return revision > index_compact_revision(store->index) ? revision : 0;
}

/* An idle store takes none. */
static void sample(struct store *store)
{
	int64_t now = act_now(store->act).ns;
	uint64_t latest = index_revision(store->index);
	struct store_sample *last =
	    store->samples.len ? &store->samples.at[store->samples.len - 1] : NULL;
	int64_t since = last ? now - last->at.ns : INT64_MAX;
	if (latest > index_compact_revision(store->index) && (!last || last->revision != latest) &&
	    since >= SAMPLE_S * TIME_S)
		vec_push(&store->samples, (struct store_sample){ { now }, latest });
}

/*
 * Compacts to what was the latest revision history_s ago. Where leaders come and go none of them knows how old a revision is, so whoever does asks, the
 * others a while later than the leader would. An idle store proposes nothing.
 */
static void compact(struct store *store)
{
	uint32_t history_s = store->config->history_s ? store->config->history_s : STORE_HISTORY_S;
	bool is_leader = store_is_leader(store);
	uint64_t revision = revision_of_age(store, is_leader ? history_s : history_s + LATE_S);
	struct store_compact ask = { .revision = revision };
	if (revision && is_leader)
		store_propose(store, &(struct command){ .kind = COMMAND_COMPACT, .compact = ask });
	else if (revision &&
		 act_send(store->act, act_self(store->act), &store_compact_type, &ask) != OK)
		return; /* the next sample will do */
	sample(store);
}

void store_timed_second(struct store *store)
{
	/* A witness has no revisions. */
	if (!store->index || (store_is_leader(store) && !store->seen.is_established))
		return;
	if (store_is_leader(store))
		end_leases(store);
	compact(store);
}

static void answer_lease(struct store *store, const struct act_msg *msg,
			 struct store_lease_answer *answer)
{
	answer->revision = index_revision(store->index);
	if (msg->kind != ACT_REQUEST ||
	    act_reply(store->act, msg, &store_lease_answer_type, answer) != OK) {
		if (answer->arena)
			arena_free(answer->arena);
	}
}

/* True: it is for us to answer. Keeps and what is left of a lease are known to the leader only. */
static bool is_ours(struct store *store, const struct act_msg *msg, bool is_forwarded)
{
	if (store_is_leader(store))
		return true;
	if (is_forwarded || store_pass_on(store, msg) != OK)
		store_answer_failure(store, act_ticket(msg), msg->type, UNAVAILABLE);
	return false;
}

static void answer_keep(struct store *store, const struct store_keep *keep, enum status status)
{
	struct lease *lease = leases_find(index_leases(store->index), keep->lease);
	struct store_lease_answer answer = { .status = status,
					     .id = keep->lease,
					     .revision = index_revision(store->index) };
	if (status == OK && lease && !lease->is_ending) {
		lease->ends = later(store, lease->ttl_s);
		answer.ttl_s = answer.left_s = lease->ttl_s;
	} else if (status == OK) {
		answer.status = NOT_FOUND;
	}
	act_answer(store->act, keep->ticket, &store_lease_answer_type, &answer);
}

void store_on_lease_keep(struct store *store, const struct act_msg *msg)
{
	const struct store_lease_keep *keep = ACT_AS(msg, store_lease_keep);
	if (msg->kind != ACT_REQUEST || !is_ours(store, msg, keep->is_forwarded))
		return;
	struct store_keep one = { act_ticket(msg), keep->id };
	if (store->keeps.gathering.len >= LIMIT_LEASES) {
		answer_keep(store, &one, BUSY);
		return;
	}
	vec_push(&store->keeps.gathering, one);
	store_keeps_begin(store);
	store_settle(store);
}

static void answer_asked(struct store *store, enum status status)
{
	for (uint32_t i = 0; i < store->keeps.asked.len; i++)
		answer_keep(store, &store->keeps.asked.at[i], status);
	vec_clear(&store->keeps.asked);
}

void store_keeps_begin(struct store *store)
{
	struct store_keeps *keeps = &store->keeps;
	if (keeps->asked.len || !keeps->gathering.len)
		return;
	for (uint32_t i = 0; i < keeps->gathering.len; i++)
		vec_push(&keeps->asked, keeps->gathering.at[i]);
	vec_clear(&keeps->gathering);
	enum status status = replica_read_index(store->replica, STORE_KEEP_ROUND | ++keeps->round,
						act_now(store->act), &store->out);
	if (status != OK)
		answer_asked(store, status);
}

/* Also followers complete a round: one that was deposed meanwhile keeps nothing. */
void store_on_kept(struct store *store, enum status status)
{
	answer_asked(store, status == OK && !store_is_leader(store) ? UNAVAILABLE : status);
}

void store_fail_keeps(struct store *store)
{
	answer_asked(store, UNAVAILABLE);
	for (uint32_t i = 0; i < store->keeps.gathering.len; i++)
		answer_keep(store, &store->keeps.gathering.at[i], UNAVAILABLE);
	vec_clear(&store->keeps.gathering);
}

void store_keeps_fini(struct store *store)
{
	vec_fini(&store->keeps.gathering);
	vec_fini(&store->keeps.asked);
}

static void show_keys(const struct lease *lease, struct store_lease_answer *answer)
{
	if (!lease->keys)
		return;
	answer->keys = arena_array(answer->arena, struct str, tree_len(lease->keys));
	struct str key;
	void *nothing;
	struct tree_cursor cursor = tree_from(lease->keys, STR(""));
	while (tree_step(&cursor, &key, &nothing))
		answer->keys[answer->key_count++] = arena_str(answer->arena, key);
}

static void show_all(struct store *store, struct store_lease_answer *answer)
{
	struct leases *leases = index_leases(store->index);
	struct lease *lease;
	answer->ids = arena_array(answer->arena, uint64_t, leases_count(leases));
	for (uint32_t at = 0; (lease = leases_next(leases, &at));)
		answer->ids[answer->id_count++] = lease->id;
}

void store_on_lease_show(struct store *store, const struct act_msg *msg)
{
	const struct store_lease_show *show = ACT_AS(msg, store_lease_show);
	if (!is_ours(store, msg, show->is_forwarded))
		return;
	struct store_lease_answer answer = { .status = OK, .id = show->id };
	struct lease *lease = show->id ? leases_find(index_leases(store->index), show->id) : NULL;
	if (show->id && !lease) {
		answer.status = NOT_FOUND;
	} else {
		answer.arena = arena_new(0);
		if (!show->id)
			show_all(store, &answer);
		else if (show->wants_keys)
			show_keys(lease, &answer);
	}
	if (lease) {
		int64_t left = lease->ends.ns - act_now(store->act).ns;
		answer.ttl_s = lease->ttl_s;
		answer.left_s = left > 0 ? (uint32_t)(left / TIME_S) : 0;
	}
	answer_lease(store, msg, &answer);
}

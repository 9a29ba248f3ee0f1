#include "tests/unit/datastore/log/quorum-private.h"

/*
 * Raft's promises, looked at after each step: one leader a term, logs that agree, nothing committed is lost.
 */

uint64_t quorum_hash_entry(const struct entry *entry)
{
	return hash_mix(hash_bytes(entry->kind, entry->bytes, entry->len), entry->term);
}

bool quorum_is_witness(const struct quorum *quorum, uint32_t at)
{
	return quorum->config.witness != 0 && at == quorum->config.witness;
}

void quorum_check_truth(struct quorum *quorum, uint32_t at, const struct entry *entry)
{
	while (quorum->truth.len < entry->index)
		vec_push(&quorum->truth, (struct applied){ 0 });
	struct applied *truth = &quorum->truth.at[entry->index - 1];
	struct applied mine = { entry->index, entry->term, quorum_hash_entry(entry) };
	/* A witness has the numbers alone. */
	if (quorum_is_witness(quorum, at)) {
		if (truth->index != 0 && truth->term != mine.term)
			BROKEN(quorum, "the witness has another term at index %llu",
			       (unsigned long long)entry->index);
		return;
	}
	if (truth->index == 0)
		*truth = mine;
	else if (truth->hash != mine.hash)
		BROKEN(quorum, "node %u applies another entry at index %llu", at,
		       (unsigned long long)entry->index);
}

void quorum_check_leader(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	const struct core *core = node->replica->core;
	bool is_leader = core_role(core) == CORE_LEADER;
	if (!is_leader || node->was_leader) {
		node->was_leader = is_leader;
		return;
	}
	node->was_leader = true;
	if (quorum_is_witness(quorum, at))
		BROKEN(quorum, "the witness leads");
	uint64_t term = core_term(core);
	while (quorum->leaders.len <= term)
		vec_push(&quorum->leaders, 0);
	uint64_t *leader = &quorum->leaders.at[term];
	if (*leader != 0 && *leader != node->id)
		BROKEN(quorum, "two leaders in term %llu", (unsigned long long)term);
	quorum->elections += *leader == 0;
	*leader = node->id;
	/* Leader completeness: whatever anybody has applied is in its log, or below it. */
	const struct window *window = core_window(core);
	for (uint64_t index = window->base_index + 1; index <= quorum->truth.len; index++) {
		const struct entry *entry = window_at(window, index);
		const struct applied *truth = &quorum->truth.at[index - 1];
		if (truth->index != 0 && (!entry || quorum_hash_entry(entry) != truth->hash))
			BROKEN(quorum, "leader of term %llu lacks entry %llu",
			       (unsigned long long)term, (unsigned long long)index);
	}
}

static void check_matching(struct quorum *quorum, uint32_t a, uint32_t b)
{
	const struct window *left = core_window(quorum->nodes[a].replica->core);
	const struct window *right = core_window(quorum->nodes[b].replica->core);
	uint64_t last =
	    window_last(left) < window_last(right) ? window_last(left) : window_last(right);
	bool must_match = false;
	for (uint64_t index = last; index > 0; index--) {
		const struct entry *x = window_at(left, index), *y = window_at(right, index);
		if (!x || !y)
			return;
		must_match |= x->term == y->term;
		bool has_both = !quorum_is_witness(quorum, a) && !quorum_is_witness(quorum, b);
		if (must_match && (x->term != y->term ||
				   (has_both && quorum_hash_entry(x) != quorum_hash_entry(y))))
			BROKEN(quorum, "logs of %u and %u differ below a match, at %llu", a, b,
			       (unsigned long long)index);
	}
}

void quorum_check_all(struct quorum *quorum)
{
	for (uint32_t a = 0; a < quorum->config.nodes; a++)
		for (uint32_t b = a + 1; b < quorum->config.nodes; b++)
			if (quorum->nodes[a].replica && quorum->nodes[b].replica)
				check_matching(quorum, a, b);
}

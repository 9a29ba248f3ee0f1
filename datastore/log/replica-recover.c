/*
 * A log whose majority is lost for good: what is in it, and how its member goes on alone.
 */
#include "datastore/log/replica-private.h"

static void last_of(const struct wal_found *found, uint64_t *index, uint64_t *term)
{
	uint32_t len = found->entries.len;

	*index = found->base.index + len;
	*term = len ? found->entries.at[len - 1]->term : found->base.term;
}

enum status replica_standing(const struct replica *replica, struct replica_standing *out,
			     struct fault *why)
{
	const struct wal_found *found = &replica->found;
	struct replica_standing standing = { .term = found->term };
	struct str members = found->base.members;
	uint64_t index = found->base.members_index;

	assert(!replica->is_started);
	last_of(found, &standing.last_index, &standing.last_term);
	for (uint32_t i = 0; i < found->entries.len; i++) {
		const struct entry *entry = found->entries.at[i];

		if (entry->kind == ENTRY_MEMBERS) {
			members = entry_payload(entry);
			index = entry->index;
		}
	}
	if (index > 0)
		TRY(members_decode(members, index, &standing.members, why));
	*out = standing;
	return OK;
}

static enum status make_list(const struct replica *replica, const struct members *members,
			     struct text *out, struct fault *why)
{
	const struct member *self = members_find(members, replica->id);
	struct members alone = { 0 };
	struct member voter;

	if (!self)
		return fault_set(why, NOT_FOUND, "",
				 "by its own log this is no member of the cluster");
	if (self->is_witness)
		return fault_set(why, INVALID, "",
				 "this member is a witness: it does not hold the data");
	if (self->role == MEMBER_SPARE)
		return fault_set(why, INVALID, "",
				 "this member is a spare: it does not hold the data");
	voter = *self;
	voter.role = MEMBER_VOTER;
	TRY(members_put(&alone, &voter));
	members_encode(&alone, out);
	return OK;
}

static enum status append(struct replica *replica, const struct replica_standing *standing,
			  struct str list, struct str command, struct fault *why)
{
	struct wal_found *found = &replica->found;
	uint64_t term = standing->term + 1, index = standing->last_index;
	struct entry *entries[] = { entry_new(index + 1, term, ENTRY_MEMBERS, list),
				    entry_new(index + 2, term, ENTRY_COMMAND, command) };
	struct wal_work work = { .has_meta = true, .term = term, .vote = replica->id };

	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
		vec_push(&work.entries, entries[i]);
	wal_run(replica->wal, &work);
	wal_work_fini(&work);
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		if (work.status == OK)
			vec_push(&found->entries, entries[i]);
		else
			entry_unref(entries[i]);
	}
	if (work.status != OK)
		return fault_set(why, work.status, "", "%s", work.why.text);
	found->term = term;
	found->vote = replica->id;
	return OK;
}

enum status replica_recover(struct replica *replica, struct str command, struct fault *why)
{
	struct replica_standing standing;
	struct text list;
	enum status status;

	TRY(replica_standing(replica, &standing, why));
	list = text_new(LIMIT_ENTRY_BYTES);
	status = make_list(replica, &standing.members, &list, why);
	if (status == OK)
		status = append(replica, &standing, text_str(&list), command, why);
	text_fini(&list);
	return status;
}

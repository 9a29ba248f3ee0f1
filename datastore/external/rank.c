#include <stdio.h>

#include "datastore/external/external-private.h"
#include "runtime/base/hash.h"
#include "runtime/base/log.h"
#include "runtime/base/mem.h"

/*
 * Below /troupe.internal/:
 *
 *     cluster           which cluster this etcd serves
 *     leader            the name of the node that leads, with its lease
 *     alive/NAME        with NAME's lease
 *     members/NAME      "ADDRESS WEIGHT DOMAIN"
 *
 * A node keeps its lease, and the key of the leader falls to whoever makes it first when it is not there. Whoever leads stops
 * by its own clock before the etcd can have ended the lease: the lease counts from when it was asked for, not from the answer.
 */

#define LEADER STR("/troupe.internal/leader")
#define ALIVE STR("/troupe.internal/alive/")
#define MEMBERS STR("/troupe.internal/members/")
#define AGAIN_MS 500U
#define REST_MS 1000U /* of one that has given up the lead */

static const char *prefixed(struct arena *arena, struct str prefix, struct str name)
{
	return arena_printf(arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(name)).at;
}

static uint64_t lease_ms(const struct external *external)
{
	uint32_t s = external->config->lease_s;

	return (s != 0 ? s : EXTERNAL_LEASE_S) * UINT64_C(1000);
}

uint64_t rank_id_of(struct str name)
{
	return hash_bytes(0, name.at, name.len) | 1;
}

static bool has_lease(const struct external *external)
{
	return external->rank.lease != 0 && act_now(external->act).ns < external->rank.lease_ends.ns;
}

bool rank_is_leader(const struct external *external)
{
	const struct external_rank *rank = &external->rank;

	return rank->is_filled && !rank->is_leaving && has_lease(external) && rank->term != 0 &&
	       str_is(external->config->name, rank->leader);
}

struct question_guard rank_guard(const struct external *external, uint64_t term)
{
	(void)external;
	return (struct question_guard){ LEADER, term };
}

/* ---- what is there ------------------------------------------------------------------------------------------------ */

static struct external_member *member_of(struct external_rank *rank, struct str name)
{
	struct external_member *member = map_get(&rank->members, name);

	if (member != NULL)
		return member;
	member = mem_new(struct external_member);
	member->arena = arena_new(0);
	member->address = member->domain = STR("");
	map_put(&rank->members, name, member);
	return member;
}

static void free_member(struct external_member *member)
{
	if (member == NULL)
		return;
	arena_free(member->arena);
	mem_free(member);
}

static void forget_if_nothing(struct external_rank *rank, struct str name)
{
	const struct external_member *member = map_get(&rank->members, name);

	if (member != NULL && !member->is_known && !member->is_alive)
		free_member(map_remove(&rank->members, name));
}

static void clear(struct external_rank *rank)
{
	struct str name;
	void *member;

	for (uint32_t at = 0; map_next(&rank->members, &at, &name, &member);)
		free_member(member);
	map_clear(&rank->members);
	rank->term = 0;
	rank->leader[0] = '\0';
}

static void take_member(struct external_rank *rank, struct str name, struct str text)
{
	struct external_member *member = member_of(rank, name);
	uint64_t weight = 0;

	arena_reset(member->arena);
	member->is_known = true;
	member->address = arena_str(member->arena, str_cut(&text, ' '));
	member->weight = str_to_u64(str_cut(&text, ' '), &weight) == OK && weight <= UINT32_MAX
			     ? (uint32_t)weight
			     : 0;
	member->domain = arena_str(member->arena, text.at != NULL ? text : STR(""));
}

static void take_leader(struct external_rank *rank, const struct store_row *row, bool is_delete)
{
	rank->term = is_delete ? 0 : row->create_revision;
	snprintf(rank->leader, sizeof rank->leader, STR_FMT,
		 STR_ARG(is_delete ? STR("") : row->value));
}

static void take_row(struct external_rank *rank, const struct store_row *row, bool is_delete)
{
	struct str name;

	if (str_eq(row->key, LEADER)) {
		take_leader(rank, row, is_delete);
	} else if (str_starts(row->key, ALIVE)) {
		name = str_slice(row->key, ALIVE.len, row->key.len);
		member_of(rank, name)->is_alive = !is_delete;
		forget_if_nothing(rank, name);
	} else if (str_starts(row->key, MEMBERS)) {
		name = str_slice(row->key, MEMBERS.len, row->key.len);
		if (!is_delete)
			take_member(rank, name, row->value);
		else
			member_of(rank, name)->is_known = false;
		forget_if_nothing(rank, name);
	}
}

/* ---- leading ------------------------------------------------------------------------------------------------------- */

/* In a task. */
static enum status put(struct external *external, struct store_op op)
{
	struct external_scratch scratch = external_scratch(external);
	struct store_write_answer answer = { .arena = scratch.arena };
	struct store_write write = { .success = &op, .success_count = 1 };
	struct fault why = { 0 };
	enum status status = external_write(external, &write, &answer, &why);

	external_scratch_end(external, &scratch);
	return status;
}

static void run_for_lead(struct act *act, void *state, void *arg)
{
	struct external *external = arg;

	(void)act;
	(void)state;
	/* Whoever wins hears of it by the watch, as all do: so what is known is never older than that one leads. */
	(void)put(external, (struct store_op){ .kind = STORE_PUT,
					       .key = LEADER,
					       .value = external->config->name,
					       .lease = external->rank.lease,
					       .expected = 0 });
	external->rank.is_electing = false;
}

static void elect(struct external *external)
{
	struct external_rank *rank = &external->rank;

	if (!rank->is_filled || rank->term != 0 || rank->is_electing || rank->is_leaving ||
	    !has_lease(external) || act_now(external->act).ns < rank->rests_until.ns)
		return;
	rank->is_electing = true;
	if (act_task(external->act, run_for_lead, external) != OK)
		rank->is_electing = false;
}

void rank_events(struct external *external, const struct answer_watch *answer)
{
	if (answer == NULL) {
		external->rank.is_filled = false;
		external_tell_status(external);
		return;
	}
	for (uint32_t i = 0; i < answer->count; i++)
		take_row(&external->rank, &answer->events[i].row, answer->events[i].is_delete);
	elect(external);
	external_tell_status(external);
}

/* ---- taking part ------------------------------------------------------------------------------------------------------ */

static enum status claim(struct external *external, struct arena *arena)
{
	struct store_range_answer found = { .arena = arena };
	struct fault why = { 0 };
	enum status status = put(external, (struct store_op){ .kind = STORE_PUT,
							      .key = EXTERNAL_CLUSTER,
							      .value = external->config->cluster,
							      .expected = 0 });

	if (status == OK || status != EXISTS)
		return status;
	TRY(external_range(external, &(struct store_range){ .key = EXTERNAL_CLUSTER }, &found,
			   &why));
	if (found.row_count == 1 && str_eq(found.rows[0].value, external->config->cluster))
		return OK;
	if (!external->rank.has_complained)
		log_error("external",
			  "this etcd serves another cluster: nothing is read or written here",
			  LOG_STR("cluster", found.row_count == 1 ? found.rows[0].value : STR("")));
	external->rank.has_complained = true;
	return FORBIDDEN;
}

static enum status take_lease(struct external *external, struct arena *arena)
{
	struct proto_out question =
	    question_numbers(lease_ms(external) / 1000, 0); /* of a number that the etcd chooses */
	struct mono asked = act_now(external->act);
	struct external_reply reply;
	struct answer_lease lease = { 0 };
	struct fault why = { 0 };
	enum status status;

	TRY(external_ask(external, "/etcdserverpb.Lease/LeaseGrant", &question, EXTERNAL_REPEAT,
			 &reply, &why));
	status = answer_one_lease(reply.message, arena, &lease);
	external_reply_done(&reply);
	if (status != OK || lease.id == 0)
		return IO;
	external->rank.lease = lease.id;
	external->rank.lease_ends.ns = asked.ns + (int64_t)lease_ms(external) * TIME_MS;
	return OK;
}

static struct str member_text(struct arena *arena, struct str address, uint32_t weight,
			      struct str domain)
{
	return arena_printf(arena, STR_FMT " %u " STR_FMT, STR_ARG(address), weight,
			    STR_ARG(domain));
}

static enum status sign_on(struct external *external, struct arena *arena)
{
	const struct external_config *config = external->config;
	struct str member = str_from(prefixed(arena, MEMBERS, config->name));
	enum status status;

	status = put(external,
		     (struct store_op){ .kind = STORE_PUT,
					.key = member,
					.value = member_text(arena, config->address, 0, STR("")),
					.expected = 0 });
	if (status != OK && status != EXISTS)
		return status; /* what is there is kept: domain and weight; `place` puts the address right */
	return put(external,
		   (struct store_op){ .kind = STORE_PUT,
				      .key = str_from(prefixed(arena, ALIVE, config->name)),
				      .value = config->name,
				      .lease = external->rank.lease,
				      .expected = STORE_ANY_REVISION });
}

static enum status fill(struct external *external, struct arena *arena)
{
	struct store_range range = { .key = EXTERNAL_ROOM, .end = EXTERNAL_ROOM_END };
	struct store_range_answer found = { .arena = arena };
	struct fault why = { 0 };

	clear(&external->rank);
	do {
		TRY(external_range(external, &range, &found, &why));
		for (uint32_t i = 0; i < found.row_count; i++)
			take_row(&external->rank, &found.rows[i], false);
		range.revision = found.revision;
		if (found.row_count > 0)
			range.key = str_of(found.rows[found.row_count - 1].key.at,
					   found.rows[found.row_count - 1].key.len + 1U);
	} while (found.more && found.row_count > 0);
	external->rank.is_filled = true;
	stream_watch_own(external, found.revision + 1);
	return OK;
}

/* GONE: the etcd has ended it. */
static enum status keep_lease(struct external *external, struct arena *arena)
{
	struct proto_out question = question_numbers(external->rank.lease, 0);
	struct mono asked = act_now(external->act);
	struct external_reply reply;
	struct answer_lease lease = { 0 };
	struct fault why = { 0 };
	enum status status;

	TRY(external_ask(external, "/etcdserverpb.Lease/LeaseKeepAlive", &question, EXTERNAL_REPEAT,
			 &reply, &why));
	status = answer_one_lease(reply.message, arena, &lease);
	external_reply_done(&reply);
	if (status != OK)
		return IO;
	if (lease.ttl_s <= 0)
		return GONE;
	external->rank.lease_ends.ns = asked.ns + (int64_t)lease_ms(external) * TIME_MS;
	return OK;
}

/* One round: whatever is missing for taking part, else the lease is kept. */
static enum status take_part(struct external *external, struct arena *arena)
{
	struct external_rank *rank = &external->rank;
	enum status status;

	if (rank->lease == 0) {
		TRY(claim(external, arena));
		TRY(take_lease(external, arena));
		TRY(sign_on(external, arena));
	}
	if (!rank->is_filled)
		TRY(fill(external, arena));
	status = keep_lease(external, arena);
	if (status == GONE)
		rank->lease = 0;
	elect(external);
	return status;
}

static void run_rounds(struct act *act, void *state, void *arg)
{
	struct external *external = arg;
	enum status status;

	(void)state;
	for (;;) {
		struct external_scratch scratch = external_scratch(external);

		if (!external->rank.is_leaving) {
			status = take_part(external, scratch.arena);
			if (status != OK)
				log_debug("external", "cannot take part now", LOG_STATUS(status));
		} else {
			status = OK;
		}
		external_scratch_end(external, &scratch);
		external_tell_status(external);
		act_sleep(act, status == OK ? lease_ms(external) / 4 : AGAIN_MS);
	}
}

/* ---- requests about members -------------------------------------------------------------------------------------------- */

enum status rank_add(struct external *external, const struct store_member_add *add)
{
	struct str domain = add->domain.at != NULL ? add->domain : STR("");
	struct external_scratch scratch;
	struct store_op op;
	enum status status;

	if (add->is_witness)
		return NOT_IMPLEMENTED;
	if (add->name.len == 0 || str_find_char(add->address, ' ') >= 0)
		return BAD_REQUEST;
	scratch = external_scratch(external);
	op = (struct store_op){ .kind = STORE_PUT,
				.key = str_from(prefixed(scratch.arena, MEMBERS, add->name)),
				.value =
				    member_text(scratch.arena, add->address, add->weight, domain),
				.expected = STORE_ANY_REVISION };
	status = put(external, op);
	external_scratch_end(external, &scratch);
	return status;
}

static enum status delete_member(struct external *external, struct str name)
{
	struct external_scratch scratch = external_scratch(external);
	struct store_op ops[] = {
		{ .kind = STORE_DELETE, .expected = STORE_ANY_REVISION },
		{ .kind = STORE_DELETE, .expected = STORE_ANY_REVISION },
	};
	struct store_write write = { .success = ops, .success_count = 2 };
	struct store_write_answer answer = { .arena = scratch.arena };
	struct fault why = { 0 };
	enum status status;

	ops[0].key = str_from(prefixed(scratch.arena, MEMBERS, name));
	ops[1].key = str_from(prefixed(scratch.arena, ALIVE, name));
	status = external_write(external, &write, &answer, &why);
	external_scratch_end(external, &scratch);
	return status;
}

enum status rank_remove(struct external *external, const struct store_member_remove *remove)
{
	struct str name;
	void *value;

	for (uint32_t at = 0; map_next(&external->rank.members, &at, &name, &value);) {
		const struct external_member *member = value;

		if (rank_id_of(name) != remove->id)
			continue;
		if (member->is_alive && !remove->is_forced)
			return FORBIDDEN;
		return delete_member(external, name);
	}
	return NOT_FOUND;
}

/* The lease takes the sign of life and the lead with it. */
enum status rank_leave(struct external *external, const struct store_member_leave *leave)
{
	struct external_rank *rank = &external->rank;
	struct proto_out question;
	struct external_reply reply;
	struct fault why = { 0 };
	uint64_t lease = rank->lease;

	if (leave->id != rank_id_of(external->config->name))
		return OK;
	rank->is_leaving = true;
	rank->lease = 0;
	external_tell_status(external);
	if (lease == 0)
		return OK;
	question = question_numbers(lease, 0);
	TRY(external_ask(external, "/etcdserverpb.Lease/LeaseRevoke", &question, EXTERNAL_REPEAT,
			 &reply, &why));
	external_reply_done(&reply);
	return OK;
}

enum status rank_transfer(struct external *external, const struct store_transfer *transfer)
{
	struct external_rank *rank = &external->rank;

	if (transfer->id != 0)
		return NOT_IMPLEMENTED;
	if (rank->term == 0)
		return UNAVAILABLE;
	if (rank_is_leader(external))
		rank->rests_until.ns = act_now(external->act).ns + REST_MS * TIME_MS;
	return put(external, (struct store_op){ .kind = STORE_DELETE,
						.key = LEADER,
						.expected = STORE_ANY_REVISION });
}

/* ---- the status ------------------------------------------------------------------------------------------------------- */

static void describe_members(const struct external *external, struct store_status *status)
{
	uint32_t count = external->rank.members.len, n = 0;
	struct store_member *members = arena_array(status->arena, struct store_member, count);
	struct store_standing *standings = arena_array(status->arena, struct store_standing, count);
	struct str name;
	void *value;

	for (uint32_t at = 0; map_next(&external->rank.members, &at, &name, &value);) {
		const struct external_member *member = value;

		members[n] =
		    (struct store_member){ .id = rank_id_of(name),
					   .name = arena_str(status->arena, name),
					   .address = arena_str(status->arena, member->address),
					   .role = STORE_STANDBY,
					   .is_alive = member->is_alive };
		standings[n] = (struct store_standing){
			.domain = arena_str(status->arena, member->domain),
			.weight = member->weight,
			.may_stop = true,
			.forecast =
			    STR("the data is in an etcd: any node may stop, the others go on"),
			.reason = STR("the data is in an etcd")
		};
		status->tolerance += member->is_alive;
		n++;
	}
	status->tolerance -= status->tolerance > 0;
	status->members = members;
	status->standings = standings;
	status->member_count = status->standing_count = n;
}

static struct store_status describe(const struct external *external)
{
	const struct external_rank *rank = &external->rank;
	const struct external_config *config = external->config;
	struct str leader = str_from(rank->leader);
	bool is_connected = external->stream.is_connected && rank->is_filled;
	struct store_status status = { .status = OK, .arena = arena_new(0) };

	status.cluster = hash_bytes(0, config->cluster.at, config->cluster.len);
	status.id = rank_id_of(config->name);
	status.name = arena_str(status.arena, config->name);
	status.role = rank->is_filled ? STORE_STANDBY : STORE_NOT_MEMBER;
	status.is_leader = rank_is_leader(external);
	status.term = rank->term;
	status.revision = external->revision;
	if (is_connected && rank->term != 0) {
		status.leader = rank_id_of(leader);
		status.leader_name = arena_str(status.arena, leader);
	}
	status.alarms = status.leader == 0 ? STORE_ALARM_NO_LEADER : 0;
	describe_members(external, &status);
	return status;
}

static uint64_t fingerprint(const struct external *external)
{
	const struct external_rank *rank = &external->rank;
	uint64_t hash = hash_mix(rank->term, (uint64_t)rank_is_leader(external) << 2 |
						 (uint64_t)external->stream.is_connected << 1 |
						 rank->is_filled);
	struct str name;
	void *value;

	for (uint32_t at = 0; map_next(&rank->members, &at, &name, &value);) {
		const struct external_member *member = value;

		hash = hash_mix(hash, rank_id_of(name) + member->is_alive);
		hash = hash_mix(
		    hash, hash_bytes(member->weight, member->address.at, member->address.len));
		hash = hash_mix(hash, hash_bytes(0, member->domain.at, member->domain.len));
	}
	return hash;
}

void external_tell_status(struct external *external)
{
	uint64_t now = fingerprint(external);

	if (now == external->told)
		return;
	external->told = now;
	for (uint32_t i = 0; i < external->subscribers.len; i++) {
		struct store_status status = describe(external);

		act_cast(external->act, external->subscribers.at[i].who, &store_status_type,
			 &status);
	}
}

void rank_on_status(struct external *external, const struct act_msg *msg)
{
	struct store_status status = describe(external);

	if (msg->kind != ACT_REQUEST)
		act_cast(external->act, msg->from, &store_status_type, &status);
	else if (act_reply(external->act, msg, &store_status_type, &status) != OK)
		arena_free(status.arena);
}

/* ---- life ---- */

void rank_init(struct external *external)
{
	if (act_task(external->act, run_rounds, external) != OK ||
	    act_task(external->act, compaction_run, external) != OK)
		act_fail(external->act, "no room for tasks");
}

void rank_fini(struct external *external)
{
	clear(&external->rank);
	map_fini(&external->rank.members);
}

#include <assert.h>

#include "datastore/store/store-private.h"

/* ---- status ---- */

enum store_role store_role_of(enum member_role role)
{
	switch (role) {
	case MEMBER_VOTER: return STORE_VOTER;
	case MEMBER_STANDBY: return STORE_STANDBY;
	case MEMBER_SPARE: return STORE_SPARE;
	}
	return STORE_NOT_MEMBER;
}

static uint32_t alarms(const struct store *store)
{
	return (store->seen.leader ? 0 : STORE_ALARM_NO_LEADER) |
	       (store->seen.is_full ? STORE_ALARM_DISK : 0) |
	       (store->is_table_full ? STORE_ALARM_TABLE : 0) |
	       (store->state == STORE_GONE ? STORE_ALARM_GONE : 0) |
	       (store->state == STORE_DAMAGED ? STORE_ALARM_DAMAGED : 0);
}

static void fill_member(struct store *store, struct arena *arena, const struct member *from,
			struct store_member *member)
{
	struct roles_member seen = { 0 };
	bool is_self = from->id == replica_id(store->replica);
	*member = (struct store_member){ .id = from->id,
					 .name = arena_str(arena, from->name),
					 .address = arena_str(arena, from->address),
					 .role = store_role_of(from->role),
					 .is_alive = is_self };
	if (replica_member(store->replica, from->id, &seen) == OK) {
		member->is_alive = is_self || seen.is_alive;
		member->lag_entries = seen.lag;
	}
}

static void fill_standing(struct store *store, struct arena *arena, const struct member *from,
			  struct store_standing *standing)
{
	const struct store_note *note = store_note_of(store, from->id, store_role_of(from->role));
	struct roles_member seen = { 0 };
	struct forecast forecast;
	*standing = (struct store_standing){ .domain = arena_str(arena, from->domain),
					     .weight = from->weight,
					     .is_witness = from->is_witness };
	if (note) {
		standing->reason = arena_str(arena, str_from(note->reason));
		standing->changed_s = note->changed_s;
	}
	if (replica_member(store->replica, from->id, &seen) != OK ||
	    replica_forecast(store->replica, from->id, &forecast) != OK)
		return;
	struct text words = text_in(arena, 256);
	forecast_words(&forecast, &words);
	standing->forecast = text_str(&words);
	standing->may_stop = forecast.may_stop;
	standing->is_suspect = seen.is_suspect;
	standing->is_pressed = seen.is_pressed;
	standing->is_going = seen.is_leaving || seen.is_stopping;
	standing->latency_us = seen.p95_us;
}

static void fill_from_replica(struct store *store, struct store_status *status)
{
	const struct members *members = replica_members(store->replica);
	const struct member *self = members_find(members, replica_id(store->replica));
	const struct member *leader = members_find(members, store->seen.leader);
	struct store_member *list = arena_array(status->arena, struct store_member, members->len);
	struct store_standing *standings =
	    arena_array(status->arena, struct store_standing, members->len);
	for (uint32_t i = 0; i < members->len; i++) {
		fill_member(store, status->arena, &members->at[i], &list[i]);
		fill_standing(store, status->arena, &members->at[i], &standings[i]);
	}
	status->members = list;
	status->standings = standings;
	status->standing_count = members->len;
	status->tolerance = store->seen.tolerance > 0 ? (uint32_t)store->seen.tolerance : 0;
	status->member_count = members->len;
	status->id = replica_id(store->replica);
	status->role = self ? store_role_of(self->role) : STORE_NOT_MEMBER;
	status->is_leader = store_is_leader(store);
	status->leader = store->seen.leader;
	status->leader_name = leader ? arena_str(status->arena, leader->name) : STR_NONE;
	status->term = store->seen.term;
	status->commit_index = store->seen.commit;
	status->last_index = store->seen.last;
	status->last_term = store->seen.last_term;
}

/* While the store opens there is little to say, but it is said. */
static struct store_status describe(struct store *store)
{
	struct store_status status = { .status = OK, .arena = arena_new(0) };
	status.name = arena_str(status.arena, store->config->name);
	status.alarms = alarms(store);
	if (store->state == STORE_GONE)
		status.id = replica_id(store->replica);
	if (store->state != STORE_RUNNING)
		return status;
	fill_from_replica(store, &status);
	status.applied_index = store->applied_index;
	if (store->config->is_witness)
		return status;
	status.revision = index_revision(store->index);
	status.compact_revision = index_compact_revision(store->index);
	status.index_bytes = index_size(store->index);
	status.keys = index_keys(store->index);
	status.database_bytes = store->database_bytes;
	return status;
}

void store_on_ask_status(struct store *store, const struct act_msg *msg)
{
	struct store_status status = describe(store);
	if (ACT_AS(msg, store_ask_status)->wants_hash && store->state == STORE_RUNNING &&
	    !store->config->is_witness)
		status.hash = index_hash(store->index);
	if (msg->kind != ACT_REQUEST ||
	    act_reply(store->act, msg, &store_status_type, &status) != OK)
		arena_free(status.arena);
}

/* ---- subscribers ---- */

static void forget_subscriber(struct store *store, uint32_t i)
{
	act_demonitor(store->act, store->subscribers.at[i].monitor);
	vec_remove(&store->subscribers, i);
}

void store_on_status_watch(struct store *store, const struct act_msg *msg)
{
	for (uint32_t i = 0; i < store->subscribers.len; i++) {
		if (act_ref_eq(store->subscribers.at[i].who, msg->from)) {
			forget_subscriber(store, i);
			break;
		}
	}
	if (ACT_AS(msg, store_status_watch)->is_end || act_ref_is_nil(msg->from))
		return;
	if (store->subscribers.len >= STORE_SUBSCRIBERS) {
		if (msg->kind == ACT_REQUEST)
			act_refuse(store->act, msg, BUSY);
		return;
	}
	vec_push(&store->subscribers,
		 (struct store_subscriber){ msg->from, act_monitor(store->act, msg->from) });
	struct store_status status = describe(store);
	if (msg->kind != ACT_REQUEST)
		act_cast(store->act, msg->from, &store_status_type, &status);
	else if (act_reply(store->act, msg, &store_status_type, &status) != OK)
		arena_free(status.arena);
}

bool store_on_subscriber_down(struct store *store, const struct act_down *down)
{
	for (uint32_t i = 0; i < store->subscribers.len; i++) {
		if (store->subscribers.at[i].monitor == down->monitor) {
			vec_remove(&store->subscribers, i);
			return true;
		}
	}
	return false;
}

/* What a subscriber would see change; lag and revisions alone are not worth a message. */
static uint64_t fingerprint(struct store *store)
{
	if (store->state == STORE_GONE || store->state == STORE_DAMAGED)
		return store->state;
	const struct members *members = replica_members(store->replica);
	uint64_t hash = hash_mix(store->seen.term, store->seen.leader);
	hash = hash_mix(hash, (uint64_t)store->seen.role << 32 | alarms(store));
	hash = hash_mix(hash, members->index);
	for (uint32_t i = 0; i < members->len; i++) {
		struct roles_member seen = { 0 };
		bool is_alive =
		    replica_member(store->replica, members->at[i].id, &seen) == OK && seen.is_alive;
		hash = hash_mix(hash, members->at[i].id * 2 + is_alive);
		hash = hash_mix(hash, members->at[i].role);
		hash = hash_mix(hash, (uint64_t)seen.is_suspect << 1 | seen.is_pressed);
	}
	return hash;
}

void store_tell_status(struct store *store)
{
	if (store->state == STORE_OPENING || store->state == STORE_CLOSING)
		return;
	uint64_t now = fingerprint(store);
	if (now == store->told_status)
		return;
	store->told_status = now;
	for (uint32_t i = 0; i < store->subscribers.len; i++) {
		struct store_status status = describe(store);
		act_cast(store->act, store->subscribers.at[i].who, &store_status_type, &status);
	}
}

/* ---- membership ---- */

static bool is_forwarded(const struct act_msg *msg)
{
	if (ACT_IS(msg, store_member_add))
		return ACT_AS(msg, store_member_add)->is_forwarded;
	if (ACT_IS(msg, store_member_remove))
		return ACT_AS(msg, store_member_remove)->is_forwarded;
	if (ACT_IS(msg, store_member_promote))
		return ACT_AS(msg, store_member_promote)->is_forwarded;
	if (ACT_IS(msg, store_member_leave))
		return ACT_AS(msg, store_member_leave)->is_forwarded;
	return ACT_AS(msg, store_transfer)->is_forwarded;
}

static enum status add_member(struct store *store, const struct store_member_add *add)
{
	const struct member *known = members_find(replica_members(store->replica), add->id);
	const struct member member = { .id = add->id,
				       .role = MEMBER_SPARE,
				       .is_witness = known ? known->is_witness : add->is_witness,
				       .weight = add->weight,
				       .name = add->name,
				       .address = add->address,
				       .domain = add->domain };
	if (!add->id || !add->name.len)
		return BAD_REQUEST;
	bool is_new = !known;
	TRY(replica_add(store->replica, &member, act_now(store->act), &store->out));
	if (is_new)
		store_note_role(store, add->id, STORE_SPARE, "it has joined");
	return OK;
}

static enum status assign_role(struct store *store, const struct store_member_promote *promote)
{
	static const enum member_role roles[] = {
		[STORE_SPARE] = MEMBER_SPARE, [STORE_STANDBY] = MEMBER_STANDBY, [STORE_VOTER] = MEMBER_VOTER
	};
	if (promote->role < STORE_SPARE || promote->role > STORE_VOTER)
		return BAD_REQUEST;
	TRY(replica_assign(store->replica, promote->id, roles[promote->role], act_now(store->act),
			   &store->out));
	store_note_role(store, promote->id, promote->role, "somebody asked for it");
	return OK;
}

/* What is done only once it is committed. */
static bool is_change(const struct act_msg *msg)
{
	return ACT_IS(msg, store_member_add) || ACT_IS(msg, store_member_remove) ||
	       ACT_IS(msg, store_member_promote);
}

/* What was said when they asked may be long ago. */
static void tell_going(struct store *store)
{
	const struct members *members = replica_members(store->replica);
	for (uint32_t i = 0; i < members->len; i++) {
		struct roles_member seen = { 0 };
		if (replica_member(store->replica, members->at[i].id, &seen) == OK &&
		    (seen.is_leaving || seen.is_stopping))
			store_note_leave(store, seen.id, !seen.is_leaving);
	}
}

static enum status do_member_request(struct store *store, const struct act_msg *msg, uint64_t *id)
{
	if (ACT_IS(msg, store_member_add)) {
		*id = ACT_AS(msg, store_member_add)->id;
		return add_member(store, ACT_AS(msg, store_member_add));
	}
	if (ACT_IS(msg, store_member_remove)) {
		const struct store_member_remove *gone = ACT_AS(msg, store_member_remove);
		*id = gone->id;
		return replica_remove(store->replica, gone->id, gone->is_forced,
				      act_now(store->act), &store->out);
	}
	if (ACT_IS(msg, store_member_promote)) {
		*id = ACT_AS(msg, store_member_promote)->id;
		return assign_role(store, ACT_AS(msg, store_member_promote));
	}
	if (ACT_IS(msg, store_member_leave)) {
		*id = ACT_AS(msg, store_member_leave)->id;
		bool is_for_a_while = ACT_AS(msg, store_member_leave)->is_for_a_while;
		store_note_leave(store, *id, is_for_a_while);
		store_submit_rest(store);
		return replica_leave(store->replica, *id, !is_for_a_while, act_now(store->act),
				     &store->out);
	}
	*id = ACT_AS(msg, store_transfer)->id;
	tell_going(store);
	store_submit_rest(store);
	return replica_transfer(store->replica, *id, act_now(store->act), &store->out);
}

static void answer_member(struct store *store, enum status status)
{
	struct store_member_answer answer = { .status = status, .id = store->member_wait.id };

	store->member_wait.is_waiting = false;
	act_answer(store->act, store->member_wait.ticket, &store_member_answer_type, &answer);
}

void store_members_settle(struct store *store)
{
	const struct store_member_wait *wait = &store->member_wait;

	if (!wait->is_waiting)
		return;
	if (!store_is_leader(store) || store->seen.term != wait->term)
		answer_member(store, UNAVAILABLE);
	else if (!store->seen.is_changing)
		answer_member(store, OK);
}

void store_fail_members(struct store *store)
{
	if (store->member_wait.is_waiting)
		answer_member(store, UNAVAILABLE);
}

void store_on_member_request(struct store *store, const struct act_msg *msg)
{
	if (msg->kind != ACT_REQUEST)
		return;
	struct act_ticket ticket = act_ticket(msg);
	if (!store_is_leader(store)) {
		if (is_forwarded(msg) || store_pass_on(store, msg) != OK)
			store_answer_failure(store, ticket, msg->type, UNAVAILABLE);
		return;
	}
	struct store_member_wait wait = { .is_waiting = true,
					  .ticket = ticket,
					  .term = store->seen.term };
	struct store_member_answer answer = { 0 };
	answer.status = do_member_request(store, msg, &wait.id);
	answer.id = wait.id;
	/* A second change is refused while one is under way, so the one who waits is the one who began it. */
	if (answer.status == OK && is_change(msg) && !store->member_wait.is_waiting)
		store->member_wait = wait;
	else
		act_answer(store->act, ticket, &store_member_answer_type, &answer);
	store_settle(store);
}

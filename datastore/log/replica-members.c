/*
 * Who takes part: a leader's knowledge of its members, changes of their list, handing over, and the steps that
 * roles.h proposes.
 */
#include "datastore/log/replica-private.h"

#define SETTLE_MS 1000 /* after an election, before anybody's lag is believed */
#define FULL_MOVE_MS \
	1000 /* from its election, and between attempts to hand over because of a full disk */
#define AGAIN_MS 500  /* after a step that could not be begun, and while somebody goes */
#define HURRY_MS 20   /* the same, when a new leader has to see somebody off */
#define STOP_MS 10000 /* who has not gone by then, or is not back, is like any other */

/* ---- peers ---- */

static struct peer *find_peer(const struct replica *replica, uint64_t id)
{
	for (uint32_t i = 0; i < replica->peers.len; i++)
		if (replica->peers.at[i].id == id)
			return &replica->peers.at[i];
	return NULL;
}

/* One for every member, and none for others: so their number is limited as members are. */
static void sync_peers(struct replica *replica, struct mono now)
{
	const struct members *members = core_members(replica->core);
	for (uint32_t i = 0; i < replica->peers.len;)
		if (members_find(members, replica->peers.at[i].id))
			i++;
		else
			vec_swap_remove(&replica->peers, i);
	for (uint32_t i = 0; i < members->len; i++) {
		if (find_peer(replica, members->at[i].id))
			continue;
		struct peer *peer = vec_add(&replica->peers);
		peer->id = members->at[i].id;
		liveness_init(&peer->liveness, replica->config.dead_ms, now);
	}
}

static void mark_going(struct peer *peer, bool is_for_good, struct mono now)
{
	peer->is_leaving |= is_for_good;
	peer->is_stopping |= !is_for_good;
	peer->going_since = now;
}

static void take_expected(struct replica *replica, struct mono now)
{
	for (uint32_t i = 0; i < REPLICA_EXPECTED; i++) {
		const struct expected *expected = &replica->expected[i];
		struct peer *peer = expected->id ? find_peer(replica, expected->id) : NULL;
		if (!peer || now.ns - expected->at.ns >= REPLICA_EXPECT_MS * TIME_MS)
			continue;
		mark_going(peer, expected->is_for_good, now);
		if (!expected->has_gone)
			continue;
		liveness_lost(&peer->liveness);
		(void)liveness_tick(&peer->liveness, now); /* it is looked at in any case */
	}
}

void replica_expect_leave(struct replica *replica, uint64_t id, bool is_for_good, struct mono now)
{
	uint32_t at = replica->next_expected++ % REPLICA_EXPECTED;
	replica->expected[at] = (struct expected){ .id = id, .is_for_good = is_for_good, .at = now };
}

void replica_became_leader(struct replica *replica, struct mono now)
{
	vec_clear(&replica->peers);
	sync_peers(replica, now);
	transfers_clear(&replica->transfers);
	replica->manage_after = (struct mono){ now.ns + SETTLE_MS * TIME_MS };
	replica->better_since = replica->unfit_since = (struct mono){ 0 };
	replica->swapped = replica->moved = replica->led_since = replica->kept_since = now;
	replica->transfer_to = 0;
	take_expected(replica, now);
	/* Of the last leader more is known than that it has been alive until now. */
	struct peer *last = find_peer(replica, replica->led_by);
	if (last)
		last->liveness.heard = replica->led_at;
}

/* A member that has caught up may be given a vote: that is looked into at once and not when the clock says so. */
static void note_progress(struct replica *replica, struct peer *peer, struct mono now)
{
	uint64_t match = core_match(replica->core, peer->id), last = core_last(replica->core);
	bool has_caught_up =
	    match >= core_members(replica->core)->index && last <= match + ROLES_LAG_ENTRIES;
	if (has_caught_up && !peer->has_caught_up && replica->manage_after.ns > now.ns &&
	    core_is_established(replica->core))
		replica->manage_after = now;
	peer->has_caught_up = has_caught_up;
}

/* Looks at the members not later than then. */
static void manage_by(struct replica *replica, struct mono at)
{
	if (at.ns < replica->manage_after.ns)
		replica->manage_after = at;
}

/* Who said that it would stop, went, and is back: as good as before. */
static void welcome_back(struct peer *peer, struct mono now)
{
	if (peer->is_stopping && peer->liveness.state != LIVENESS_ALIVE) {
		peer->is_stopping = false;
		liveness_welcome(&peer->liveness, now);
	}
}

static void hear(struct replica *replica, struct peer *peer, struct mono now)
{
	uint32_t samples = peer->liveness.next;
	bool was_quiet = liveness_is_quiet(&peer->liveness, now);
	welcome_back(peer, now);
	liveness_heard(&peer->liveness, core_match(replica->core, peer->id), now);
	if (liveness_tick(&peer->liveness, now) || was_quiet)
		manage_by(replica, now);
	if (peer->liveness.next != samples)
		manage_by(replica, (struct mono){ now.ns + REPLICA_MEASURE_MS * TIME_MS });
}

void replica_heard(struct replica *replica, uint64_t from, struct mono now)
{
	struct peer *peer = find_peer(replica, from);
	if (core_role(replica->core) != CORE_LEADER && core_leader(replica->core) == from) {
		replica->led_by = from;
		replica->led_at = now;
	}
	if (core_role(replica->core) != CORE_LEADER || !peer)
		return;
	hear(replica, peer, now);
	note_progress(replica, peer, now);
}

void replica_excuse(struct replica *replica, struct mono now)
{
	int64_t away_ns = now.ns - replica->now.ns - 2 * replica->config.heartbeat_ms * TIME_MS;
	for (uint32_t i = 0; i < replica->peers.len && away_ns > 0; i++)
		liveness_excuse(&replica->peers.at[i].liveness, away_ns, now);
}

void replica_missed(struct replica *replica, uint64_t id, struct mono now)
{
	struct peer *peer = find_peer(replica, id);
	for (uint32_t i = 0; i < REPLICA_EXPECTED; i++)
		replica->expected[i].has_gone |= replica->expected[i].id == id;
	if (core_role(replica->core) != CORE_LEADER || !peer)
		return;
	liveness_lost(&peer->liveness);
	if (liveness_tick(&peer->liveness, now))
		manage_by(replica, now);
}

void replica_note_sent(struct replica *replica, struct mono now)
{
	for (uint32_t i = 0; i < replica->peers.len; i++)
		liveness_sent(&replica->peers.at[i].liveness, core_last(replica->core), now);
}

void replica_report(struct replica *replica, uint64_t id, bool is_pressed, uint32_t sync_us,
		    struct mono now)
{
	struct peer *peer = find_peer(replica, id);
	if (core_role(replica->core) != CORE_LEADER || !peer)
		return;
	/* Spares say nothing else. */
	hear(replica, peer, now);
	if (peer->is_pressed != is_pressed || peer->sync_us != sync_us)
		manage_by(replica, now);
	peer->is_pressed = is_pressed;
	peer->sync_us = sync_us;
}

/* ---- what roles.h is shown ---- */

static struct roles_member describe(const struct replica *replica, const struct member *member,
				    const struct peer *peer, struct mono now)
{
	struct roles_member out = { .id = member->id,
				    .role = member->role,
				    .weight = member->weight,
				    .domain = member->domain,
				    .is_witness = member->is_witness,
				    .is_alive = true };
	if (peer) {
		out.is_leaving = peer->is_leaving;
		out.is_stopping = peer->is_stopping;
		out.is_pressed = peer->is_pressed;
	}
	if (member->id == replica->id) {
		out.is_pressed |= replica->is_full;
		out.p95_us = liveness_p95_us(&replica->self, now);
		out.is_informed = true;
		return out;
	}
	uint64_t match = core_match(replica->core, member->id), last = core_last(replica->core);
	out.lag = last > match ? last - match : 0;
	out.is_informed = match >= core_members(replica->core)->index;
	if (peer) {
		enum liveness_state state = peer->liveness.state;
		out.is_alive = state != LIVENESS_DEAD;
		out.is_suspect = state != LIVENESS_ALIVE;
		out.is_quiet = liveness_is_quiet(&peer->liveness, now);
		out.p95_us = liveness_p95_us(&peer->liveness, now);
		out.sync_us = peer->sync_us;
	}
	return out;
}

static int64_t ms_since(struct mono since, struct mono now)
{
	return since.ns == 0 ? 0 : (now.ns - since.ns) / TIME_MS;
}

static struct roles_input make_input(const struct replica *replica,
				     struct roles_member at[LIMIT_MEMBERS], struct mono now)
{
	const struct members *members = core_members(replica->core);
	for (uint32_t i = 0; i < members->len; i++)
		at[i] =
		    describe(replica, &members->at[i], find_peer(replica, members->at[i].id), now);
	return (struct roles_input){
		.at = at,
		.len = members->len,
		.leader = replica->id,
		.is_changing =
		    core_is_changing(replica->core) || core_transferee(replica->core) != 0,
		.led_ms = ms_since(replica->led_since, now),
		.kept_ms = ms_since(replica->kept_since, now),
		.better_ms = ms_since(replica->better_since, now),
		.unfit_ms = ms_since(replica->unfit_since, now),
		.since_swap_ms = ms_since(replica->swapped, now),
		.since_move_ms = ms_since(replica->moved, now),
	};
}

static enum status check_leader(const struct replica *replica)
{
	return core_role(replica->core) == CORE_LEADER ? OK : UNAVAILABLE;
}

enum status replica_member(const struct replica *replica, uint64_t id, struct roles_member *out)
{
	const struct member *member = members_find(core_members(replica->core), id);
	TRY(check_leader(replica));
	if (!member)
		return NOT_FOUND;
	*out = describe(replica, member, find_peer(replica, id), replica->now);
	return OK;
}

void replica_fill_status(const struct replica *replica, struct replica_status *out)
{
	out->sync_p95_us = liveness_p95_us(&replica->self, replica->now);
	if (core_role(replica->core) != CORE_LEADER)
		return;
	struct roles_member at[LIMIT_MEMBERS];
	struct roles_input input = make_input(replica, at, replica->now);
	out->tolerance = roles_tolerance(&input);
}

enum status replica_forecast(const struct replica *replica, uint64_t id, struct forecast *out)
{
	struct roles_member at[LIMIT_MEMBERS];
	TRY(check_leader(replica));
	if (!members_find(core_members(replica->core), id))
		return NOT_FOUND;
	struct roles_input input = make_input(replica, at, replica->now);
	*out = forecast_of(&input, id);
	return OK;
}

struct transfers *replica_transfers(struct replica *replica)
{
	return &replica->transfers;
}

/* ---- changes ---- */

static enum status change(struct replica *replica, const struct members *next, struct mono now,
			  struct replica_output *out)
{
	struct core_event event = { .kind = CORE_CHANGE, .change = next };
	TRY(replica_step(replica, &event, now, out, NULL));
	sync_peers(replica, now);
	/* Nobody has caught up with this list yet: who does is looked at anew. */
	for (uint32_t i = 0; i < replica->peers.len; i++)
		replica->peers.at[i].has_caught_up = false;
	return OK;
}

enum status replica_add(struct replica *replica, const struct member *member, struct mono now,
			struct replica_output *out)
{
	TRY(check_leader(replica));
	struct members next = *core_members(replica->core);
	struct member added = *member;
	const struct member *known = members_find(&next, member->id);
	added.role = known ? known->role : MEMBER_SPARE;
	TRY(members_put(&next, &added));
	enum status status = change(replica, &next, now, out);
	replica_settle(replica, now, out);
	return status;
}

/* A leader does not vote itself out: the next one does it, without a gap in between. */
static enum status hand_over_first(struct replica *replica, struct mono now,
				   struct replica_output *out)
{
	enum status status = replica_transfer(replica, 0, now, out);
	return status == OK ? UNAVAILABLE : status;
}

static bool keeps_majority(const struct replica *replica, uint64_t id, enum member_role role,
			   struct mono now)
{
	struct roles_member at[LIMIT_MEMBERS];
	struct roles_input input = make_input(replica, at, now);
	return roles_keeps_majority(&input, id, role);
}

static enum status assign(struct replica *replica, uint64_t id, enum member_role role,
			  struct mono now, struct replica_output *out)
{
	struct members next = *core_members(replica->core);
	const struct member *known = members_find(&next, id);
	if (!known)
		return NOT_FOUND;
	if (known->role == role)
		return OK;
	struct member changed = *known;
	changed.role = role;
	TRY(members_put(&next, &changed));
	return change(replica, &next, now, out);
}

enum status replica_assign(struct replica *replica, uint64_t id, enum member_role role,
			   struct mono now, struct replica_output *out)
{
	struct roles_member member;
	TRY(replica_member(replica, id, &member));
	if (id == replica->id && role != MEMBER_VOTER)
		return hand_over_first(replica, now, out);
	if (!keeps_majority(replica, id, role, now))
		return CONFLICT;
	if (role == MEMBER_VOTER && (member.lag > ROLES_LAG_ENTRIES || !member.is_informed))
		return BUSY; /* it has to catch up first */
	enum status status = assign(replica, id, role, now, out);
	replica_settle(replica, now, out);
	return status;
}

enum status replica_remove(struct replica *replica, uint64_t id, bool is_forced, struct mono now,
			   struct replica_output *out)
{
	TRY(check_leader(replica));
	struct members next = *core_members(replica->core);
	if (!members_find(&next, id)) /* gone for good only once that is committed */
		return core_is_changing(replica->core) || !core_is_established(replica->core)
			   ? CONFLICT
			   : NOT_FOUND;
	TRY(members_remove(&next, id));
	struct roles_member member;
	if (!is_forced && replica_member(replica, id, &member) == OK && member.is_alive)
		return FORBIDDEN;
	if (!keeps_majority(replica, id, MEMBER_SPARE, now))
		return CONFLICT;
	if (id == replica->id)
		return hand_over_first(replica, now, out);
	const struct peer *peer = find_peer(replica, id);
	bool has_asked = peer && peer->is_leaving;
	enum status status = change(replica, &next, now, out);
	if (status == OK && !has_asked)
		replica->kept_since = now;
	replica_settle(replica, now, out);
	return status;
}

/* ---- handing over ---- */

static bool is_better_heir(const struct roles_member *a, const struct roles_member *b)
{
	if (a->is_suspect != b->is_suspect)
		return b->is_suspect;
	if (a->is_pressed != b->is_pressed)
		return b->is_pressed;
	return a->lag < b->lag;
}

static uint64_t choose_heir(const struct replica *replica, struct mono now)
{
	struct roles_member at[LIMIT_MEMBERS];
	struct roles_input input = make_input(replica, at, now);
	const struct roles_member *best = NULL;
	for (uint32_t i = 0; i < input.len; i++) {
		const struct roles_member *member = &at[i];
		if (member->role != MEMBER_VOTER || member->id == replica->id || !member->is_alive ||
		    member->is_leaving || member->is_stopping || member->is_witness)
			continue;
		if (!best || is_better_heir(member, best))
			best = member;
	}
	return best ? best->id : 0;
}

static enum status try_transfer(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct core_event event = { .kind = CORE_TRANSFER, .transfer = replica->transfer_to };
	replica->transfer_tries++;
	return replica_step(replica, &event, now, out, NULL);
}

enum status replica_transfer(struct replica *replica, uint64_t id, struct mono now,
			     struct replica_output *out)
{
	TRY(check_leader(replica));
	if (id == 0)
		id = choose_heir(replica, now);
	if (id == 0)
		return CONFLICT;
	replica->transfer_to = id;
	replica->transfer_term = core_term(replica->core);
	replica->transfer_tries = 0;
	enum status status = try_transfer(replica, now, out);
	if (status != OK)
		replica->transfer_to = 0;
	replica_settle(replica, now, out);
	return status;
}

bool replica_is_handing_over(const struct replica *replica)
{
	return core_transferee(replica->core) != 0;
}

static void follow_transfer(struct replica *replica, struct mono now, struct replica_output *out)
{
	if (replica->transfer_to == 0 || core_transferee(replica->core) != 0)
		return;
	/* libraft gave up, and we still lead. */
	if (replica->transfer_term != core_term(replica->core) ||
	    replica->transfer_tries >= REPLICA_TRANSFER_TRIES ||
	    try_transfer(replica, now, out) != OK)
		replica->transfer_to = 0;
}

enum status replica_leave(struct replica *replica, uint64_t id, bool is_for_good, struct mono now,
			  struct replica_output *out)
{
	TRY(check_leader(replica));
	sync_peers(replica, now);
	struct peer *peer = find_peer(replica, id);
	if (!peer)
		return NOT_FOUND;
	mark_going(peer, is_for_good, now);
	replica->manage_after = now;
	replica_manage(replica, now, out);
	replica_settle(replica, now, out);
	return OK;
}

/* ---- looking after members ---- */

static void keep_clock(struct mono *since, bool is_true, struct mono now)
{
	if (!is_true)
		since->ns = 0;
	else if (since->ns == 0)
		*since = now;
}

static bool is_anyone_leaving(const struct replica *replica)
{
	for (uint32_t i = 0; i < replica->peers.len; i++)
		if (replica->peers.at[i].is_leaving || replica->peers.at[i].is_stopping)
			return true;
	return false;
}

static void take_step(struct replica *replica, struct roles_step step, struct mono now,
		      struct replica_output *out)
{
	enum status status = OK;
	if (step.kind == ROLES_ASSIGN)
		status = assign(replica, step.id, step.role, now, out);
	else if (step.kind == ROLES_TRANSFER)
		status = replica_transfer(replica, step.id, now, out);
	if (status != OK)
		manage_by(replica, (struct mono){ now.ns + AGAIN_MS * TIME_MS });
	if (step.kind == ROLES_NONE || status != OK)
		return;
	if (step.is_swap)
		replica->swapped = now;
	if (step.kind == ROLES_TRANSFER)
		replica->moved = now;
	out->step = step;
}

static void propose(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct roles_member at[LIMIT_MEMBERS];
	struct roles_input input = make_input(replica, at, now);
	keep_clock(&replica->better_since, roles_sees_better(&input), now);
	keep_clock(&replica->unfit_since, roles_sees_unfit_leader(&input), now);
	if (replica->config.is_managing || is_anyone_leaving(replica))
		take_step(replica, roles_next(&input), now, out);
	/* Who cannot write must not lead, if anybody else can. */
	if (replica->is_full && ms_since(replica->moved, now) > FULL_MOVE_MS &&
	    replica_transfer(replica, 0, now, out) == OK)
		replica->moved = now;
}

/* A spare is sent nothing and need not answer; we ourselves are there. */
static bool is_watched(const struct replica *replica, const struct peer *peer)
{
	const struct member *member = members_find(core_members(replica->core), peer->id);
	return member && member->role != MEMBER_SPARE && peer->id != replica->id;
}

static bool tick_peer(struct peer *peer, struct mono now, struct replica_output *out)
{
	bool changed = liveness_tick(&peer->liveness, now);
	bool is_dead = peer->liveness.state == LIVENESS_DEAD;
	if (is_dead && !peer->is_told_dead)
		vec_push(&out->dead, peer->id);
	peer->is_told_dead = is_dead;
	return changed;
}

static bool tick_peers(struct replica *replica, struct mono now, struct replica_output *out)
{
	bool changed = false;
	for (uint32_t i = 0; i < replica->peers.len; i++) {
		struct peer *peer = &replica->peers.at[i];
		if (is_watched(replica, peer))
			changed |= tick_peer(peer, now, out);
		else
			peer->liveness.heard = now;
		if (peer->is_stopping && now.ns - peer->going_since.ns > STOP_MS * TIME_MS)
			peer->is_stopping = false;
	}
	return changed;
}

/* When something may have to be done though nothing happens. */
static struct mono next_look(const struct replica *replica, struct mono now)
{
	struct mono at = { INT64_MAX };
	const struct {
		bool is_running;
		struct mono since;
		int64_t ms;
	} clocks[] = {
		{ replica->better_since.ns != 0, replica->better_since, ROLES_SWAP_MS },
		{ replica->better_since.ns != 0, replica->swapped, ROLES_SWAP_MS },
		{ replica->unfit_since.ns != 0, replica->unfit_since, ROLES_MOVE_MS },
		{ replica->unfit_since.ns != 0, replica->moved, ROLES_MOVE_PAUSE_MS },
		{ replica->peers.len > 1, replica->led_since, ROLES_KNOWN_MS },
		{ replica->peers.len > 1, replica->kept_since, ROLES_RETURN_MS },
		{ replica->is_full, now, FULL_MOVE_MS },
		{ replica->transfers.len > 0, now, TRANSFER_IDLE_MS },
		{ is_anyone_leaving(replica), now, AGAIN_MS },
	};
	for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
		int64_t due = clocks[i].since.ns + clocks[i].ms * TIME_MS;
		if (clocks[i].is_running && due > now.ns && due < at.ns)
			at.ns = due;
	}
	for (uint32_t i = 0; i < replica->peers.len; i++) {
		struct mono due = liveness_due(&replica->peers.at[i].liveness);
		if (is_watched(replica, &replica->peers.at[i]) && due.ns < at.ns)
			at = due;
	}
	return at;
}

void replica_manage(struct replica *replica, struct mono now, struct replica_output *out)
{
	if (core_role(replica->core) != CORE_LEADER || replica->is_failed)
		return;
	follow_transfer(replica, now, out);
	if (tick_peers(replica, now, out))
		replica->manage_after = now;
	if (now.ns < replica->manage_after.ns)
		return;
	replica->manage_after =
	    (struct mono){ now.ns + (is_anyone_leaving(replica) ? HURRY_MS : AGAIN_MS) * TIME_MS };
	if (!core_is_established(replica->core))
		return;
	sync_peers(replica, now);
	transfers_tick(&replica->transfers, now);
	replica->manage_after = next_look(replica, now);
	propose(replica, now, out);
	/* Their clocks may have been started only now. */
	manage_by(replica, next_look(replica, now));
}

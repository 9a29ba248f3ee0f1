#include <assert.h>

#include "datastore/store/store-private.h"

/* ---- peers ---- */

static struct act_ref peer_named(struct store *store, struct str name)
{
	char path[256] = "store@"; /* each message of raft comes by here */
	const size_t len = strlen("store@");
	if (name.len >= sizeof path - len)
		return ACT_NIL;
	memcpy(path + len, name.at, name.len);
	path[len + name.len] = '\0';
	return act_named(store->act, path);
}

/* One that is not in our list yet is known by what it said: a joining member must answer before it has a list. */
struct act_ref store_peer(struct store *store, uint64_t id)
{
	const struct member *member = members_find(replica_members(store->replica), id);
	if (member)
		return peer_named(store, member->name);
	return id && id == store->stranger_id ? store->stranger : ACT_NIL;
}

struct peer_watch {
	uint64_t monitor, id;
};

/* Each other member's store is monitored: a broken link is known at once and not by silence. */
static void watch_peer(struct store *store, const struct member *member)
{
	if (member->id == replica_id(store->replica) || map_has(&store->monitors, member->name))
		return;
	struct peer_watch *watch = mem_new(struct peer_watch);
	watch->id = member->id;
	map_put(&store->monitors, member->name, watch);
	watch->monitor = act_monitor(store->act, peer_named(store, member->name));
}

void store_watch_peers(struct store *store)
{
	const struct members *members = replica_members(store->replica);
	for (uint32_t i = 0; i < members->len; i++)
		watch_peer(store, &members->at[i]);
}

/* NULL: it is not of a peer. */
static struct peer_watch *find_watch(struct store *store, uint64_t monitor, struct str *name)
{
	void *value;
	for (uint32_t at = 0; map_next(&store->monitors, &at, name, &value);) {
		struct peer_watch *watch = value;
		if (watch->monitor == monitor)
			return watch;
	}
	return NULL;
}

void store_on_peer_gone(struct store *store, uint64_t monitor)
{
	struct str name;
	struct peer_watch *watch = find_watch(store, monitor, &name);
	if (!watch)
		return;
	uint64_t id = watch->id;
	map_remove(&store->monitors, name);
	mem_free(watch);
	if (store->state != STORE_RUNNING)
		return;
	replica_peer_lost(store->replica, id, act_now(store->act), &store->out);
	store_settle(store);
}

/*
 * The news overtakes what the member said before and what waits in the mailbox still. Its last words must not be taken for its return, nor
 * put off an election: so the news is put behind them.
 */
bool store_on_peer_down(struct store *store, const struct act_down *down)
{
	struct str name;
	struct store_peer_gone gone = { .monitor = down->monitor };
	if (!find_watch(store, down->monitor, &name))
		return false;
	if (act_send(store->act, act_self(store->act), &store_peer_gone_type, &gone) != OK)
		store_on_peer_gone(store, down->monitor); /* the mailbox is full */
	return true;
}

void store_drive_fini(struct store *store)
{
	struct str name;
	void *watch;
	for (uint32_t at = 0; map_next(&store->monitors, &at, &name, &watch);)
		mem_free(watch);
	map_fini(&store->monitors);
}

/* A message may be lost: raft says it again. Across a link it is encoded before the call returns, and needs no copy. */
static void send_messages(struct store *store)
{
	for (uint32_t i = 0; i < store->out.messages.len; i++) {
		const struct replica_message *message = &store->out.messages.at[i];
		struct act_ref to = store_peer(store, message->to);
		if (act_ref_is_nil(to))
			continue;
		bool is_here = to.node == act_self(store->act).node;
		struct arena *arena = is_here ? arena_new(0) : NULL;
		struct store_raft raft = { .arena = arena,
					   .from = replica_id(store->replica),
					   .bytes = is_here ? arena_str(arena, message->bytes)
							    : message->bytes };
		act_cast(store->act, to, &store_raft_type, &raft);
	}
}

/*
 * The link proved which node speaks; that it speaks for that member is for the list of members to say. Only stores of this
 * cluster get a link at all, so one that is not in our list is heard: ours may be older.
 */
static bool speaks_for(struct store *store, struct act_ref from, uint64_t id)
{
	const struct member *member = members_find(replica_members(store->replica), id);
	if (member)
		return peer_named(store, member->name).node == from.node;
	store->stranger_id = id;
	store->stranger = from;
	return true;
}

void store_on_raft(struct store *store, const struct act_msg *msg)
{
	const struct store_raft *raft = ACT_AS(msg, store_raft);
	if (!speaks_for(store, msg->from, raft->from))
		return;
	/* It can be reached now: one that was looked for in vain is not left alone until the next second. */
	const struct member *member = members_find(replica_members(store->replica), raft->from);
	if (member)
		watch_peer(store, member);
	replica_receive(store->replica, raft->from, raft->bytes, act_now(store->act), &store->out);
	store_settle(store);
}

/* ---- acting on the output ---- */

static void run_replica_job(void *arg)
{
	struct replica_job *job = arg;
	job->run(job);
}

static void drop_replica_job(void *arg)
{
	struct replica_job *job = arg;
	job->drop(job);
}

static void start_jobs(struct store *store)
{
	struct replica_job *log = store->out.log_job;
	if (log && log->is_brief)
		store_job_brief(store, store->log_lane, run_replica_job, log, drop_replica_job,
				TAG_LOG_JOB);
	else if (log)
		store_job(store, store->log_lane, run_replica_job, log, drop_replica_job,
			  TAG_LOG_JOB);
	if (store->out.background_job)
		store_job(store, NULL, run_replica_job, store->out.background_job, drop_replica_job,
			  TAG_BACKGROUND_JOB);
}

void store_on_log_job(struct store *store, struct replica_job *job)
{
	if (store->state != STORE_RUNNING) {
		job->drop(job); /* the replica will be closed, whatever it has written */
		return;
	}
	replica_job_done(store->replica, job, act_now(store->act), &store->out);
	/* Before what has been written is applied and answered: the disk works meanwhile. */
	if (store_is_leader(store))
		store_submit(store);
	store_settle(store);
}

static void take_state(struct store *store)
{
	bool was_leader = store->seen.role == CORE_LEADER;
	uint64_t term = store->seen.term, leader = store->seen.leader;
	replica_status(store->replica, &store->seen);
	bool is_leader = store->seen.role == CORE_LEADER;
	if (is_leader && (!was_leader || term != store->seen.term)) {
		log_info("store", "leads", LOG_U64("term", store->seen.term));
		store_became_leader(store);
	}
	if (was_leader && !is_leader)
		store_fail_gathering(store);
	if (term != store->seen.term || leader != store->seen.leader)
		store_forward_leader(store);
}

static void tell_step(struct store *store, const struct roles_step *step)
{
	if (step->kind == ROLES_ASSIGN)
		store_note_role(store, step->id, store_role_of(step->role), step->why);
	if (step->kind != ROLES_NONE)
		log_info("store", "takes a step of membership", LOG_CSTR("why", step->why),
			 LOG_U64("member", step->id),
			 LOG_CSTR("role", step->kind == ROLES_ASSIGN ? member_role_name(step->role)
								     : "leader"));
}

static void tell_dead(const struct replica_output *out)
{
	for (uint32_t i = 0; i < out->dead.len; i++)
		log_warn("store", "takes a member for dead", LOG_U64("member", out->dead.at[i]));
}

static void leave_cluster(struct store *store)
{
	log_warn("store", "is no longer a member of its cluster", LOG_U64("id", store->seen.id));
	store->state = STORE_GONE;
	store_fail_reads(store, GONE);
	store_fail_keeps(store);
	store_fail_members(store);
	store_fail_gathering(store);
	store_fail_in_flight(store);
	store_watch_end(store, GONE);
	store_tell_status(store);
}

/* Entries change the index only, so nothing in here calls the replica while its output is looked at. */
static void act_on_output(struct store *store)
{
	struct replica_output *out = &store->out;
	if (out->is_failed) {
		struct fault why = out->why;
		act_fail(store->act, "the log failed: %s", why.text);
	}
	start_jobs(store);
	send_messages(store);
	for (uint32_t i = 0; i < out->committed.len; i++) {
		if (store->config->is_witness)
			store->applied_index = out->committed.at[i]->index;
		else
			store_apply(store, out->committed.at[i]);
	}
	for (uint32_t i = 0; i < out->reads.len; i++) {
		if (out->reads.at[i].token & STORE_KEEP_ROUND)
			store_on_kept(store, out->reads.at[i].status);
		else
			store_on_read_index(store, &out->reads.at[i]);
	}
	tell_dead(out);
	tell_step(store, &out->step);
	if (out->offer.from)
		store_on_offer(store, &out->offer);
	if (out->is_removed)
		leave_cluster(store);
	else if (out->missing)
		store_is_outdated(store, out->missing);
}

static bool has_output(const struct replica_output *out)
{
	return out->messages.len || out->committed.len || out->reads.len || out->log_job ||
	       out->background_job || out->offer.from || out->snapshot_wanted.len ||
	       out->state_changed || out->members_changed || out->is_removed || out->missing ||
	       out->is_failed || out->dead.len || out->step.kind != ROLES_NONE;
}

static void arm(struct store *store)
{
	struct mono at = replica_wake_at(store->replica);
	if (store->tick_timer && store->tick_at.ns == at.ns)
		return;
	if (store->tick_timer)
		act_cancel(store->act, store->tick_timer);
	store->tick_timer = 0;
	if (at.ns == INT64_MAX)
		return;
	int64_t left = at.ns - act_now(store->act).ns;
	uint64_t delay = left > 0 ? (uint64_t)((left + TIME_MS - 1) / TIME_MS) : 0;
	store->tick_at = at;
	store->tick_timer =
	    act_after(store->act, delay, &store_tick_type, &(struct store_tick){ 0 });
}

void store_on_tick(struct store *store)
{
	store->tick_timer = 0;
	replica_tick(store->replica, act_now(store->act), &store->out);
	store_settle(store);
}

void store_settle(struct store *store)
{
	bool has_applied = false, has_changed = false;
	while (store->state == STORE_RUNNING && has_output(&store->out)) {
		bool state_changed = store->out.state_changed;
		bool members_changed = store->out.members_changed;
		has_applied = has_applied || store->out.committed.len;
		has_changed = has_changed || state_changed || members_changed;
		bool has_forgotten = store->config->is_witness && store->out.committed.len;
		act_on_output(store);
		replica_output_clear(&store->out);
		if (store->state != STORE_RUNNING)
			return;
		if (has_forgotten) /* there is nothing that an entry could be needed for again */
			replica_state_durable(
			    store->replica, &(struct replica_state){ .index = store->applied_index },
			    act_now(store->act), &store->out);
		take_state(store);
		if (members_changed)
			store_watch_peers(store);
		store_submit(store);
		store_reads_begin(store);
		store_keeps_begin(store);
	}
	if (store->state != STORE_RUNNING)
		return;
	store_members_settle(store);
	if (has_applied) {
		store_reads_advance(store);
		store_watch_pump(store);
	}
	if (has_changed)
		store_tell_status(store);
	arm(store);
}

/*
 * One member's replica of the log: core and write-ahead log together, driven by an actor.
 *
 * Not an actor itself: the store actor (or a test) calls it with what happened and does what the output
 * says. It never blocks and never calls back. The calls that touch the disk are jobs, handed out in the output, run by
 * the caller on its log lane and given back with replica_job_done(). The promises upwards:
 *   - `committed` entries come in order, each index once per opening, on every member the same, only what is
 *     also on this member's own disk, from the index after the state's own on;
 *   - a message leaves only after everything that it stands for is durable here;
 *   - reads complete when `committed` has given out everything up to their index, and never say less than was
 *     acknowledged anywhere before they were asked;
 *   - at most one job on the log lane at a time; what gathers meanwhile becomes the next one's single write.
 * A failed job is the end: `is_failed` is set, nothing more is sent or accepted (UNAVAILABLE), and the owner ends its process.
 *
 * Every function takes `now` and appends to `out`; call replica_output_clear() after acting on it.
 */
#ifndef DATASTORE_LOG_REPLICA_H
#define DATASTORE_LOG_REPLICA_H

#include "datastore/log/core.h"
#include "datastore/log/role/forecast.h"
#include "datastore/log/role/member.h"
#include "datastore/log/role/roles.h"
#include "datastore/log/transfer.h"
#include "datastore/log/wal/wal.h"

struct replica;

#define REPLICA_ELECTION_MS 500
#define REPLICA_HEARTBEAT_MS 150

/* The state that entries are applied to: what of the log it durably holds. The store keeps this beside its data. */
struct replica_state {
	uint64_t index, term;   /* applied and durable; 0: none */
	uint64_t members_index; /* the last ENTRY_MEMBERS among them, and its payload */
	struct str members;
};

struct replica_config {
	const struct seams_files *files;
	const struct seams_clock *clock;
	const struct seams_random *random;
	const char *folder;
	uint64_t segment_bytes;             /* 0: LIMIT_LOG_SEGMENT_BYTES */
	uint32_t election_ms, heartbeat_ms; /* 0: the values above */
	/* What of the log is kept for members that were away; 0: LIMIT_LOG_KEPT_ENTRIES, LIMIT_LOG_KEPT_BYTES. */
	uint64_t kept_entries, kept_bytes;
	uint32_t dead_ms; /* of silence, after which a leader takes a member for dead; 0: LIVENESS_DEAD_MS */
	/* Who is the only member of a log that is made for a state of no cluster (index, but no members); NULL: such a state is CORRUPT. */
	const struct member *founder;
	bool is_managing; /* as leader, take the steps that roles.h proposes */
	bool is_witness; /* entries come without what is in them, and the state is nothing but their number */
};

/* ---- opening: blocking, in a job or before there are actors ------------------------------------------------ */

/*
 * Opens or makes the log; a witness's state is what its log stands on, so it is asked for none (NULL). If the state is ahead of the log (a snapshot was installed), the log is begun anew behind
 * it. Statuses of wal_open; CORRUPT also if the log no longer reaches back to the state.
 */
MUST_USE enum status replica_open(const struct replica_config *config,
				  const struct replica_state *state, struct replica **out,
				  struct fault *why);
void replica_close(TAKE struct replica *replica);
uint64_t
replica_id(const struct replica *replica); /* chosen at random when the log was made, and kept */
/* Its log waits for the disk: what is submitted meanwhile is written when that has come back, and not before. */
bool replica_is_writing(const struct replica *replica);
/* A leader that has begun to hand over: it takes nothing that is submitted, until another one leads or that has failed. */
bool replica_is_handing_over(const struct replica *replica);
bool replica_is_pristine(const struct replica *replica); /* no entries: bootstrap it, or have it added */
/* Makes this the only voter of a new cluster. `self.id` is ignored. EXISTS unless pristine. Blocking too. */
MUST_USE enum status replica_bootstrap(struct replica *replica, const struct member *self,
				       struct fault *why);

/* ---- a log whose majority is lost (replica-recover.c): as bootstrap, before replica_start -------------------- */

struct replica_standing {
	uint64_t term;
	uint64_t last_index, last_term;
	struct members
	    members; /* the newest list, agreed upon or not; strings live as long as the replica */
};

/* CORRUPT: the list of members cannot be read. */
MUST_USE enum status replica_standing(const struct replica *replica, struct replica_standing *out,
				      struct fault *why);
/*
 * From here on this is the only member, whatever the others agreed upon without it: a list with itself alone and `command` become the
 * last entries of its log, of a new term. What is in the log before them stays. NOT_FOUND: it is no member; INVALID: it holds no data.
 */
MUST_USE enum status replica_recover(struct replica *replica, struct str command, struct fault *why);

/* ---- output ------------------------------------------------------------------------------------------------ */

/* Opaque work for a thread; the replica owns it. */
struct replica_job {
	void (*run)(struct replica_job *job); /* call on the lane it came for, then replica_job_done */
	/* Instead of replica_job_done when nobody can be told any more: it has run or will not; close may follow. */
	void (*drop)(struct replica_job *job);
	bool is_brief; /* one short write: over in as long as the disk takes for one */
};

struct replica_message {
	uint64_t to; /* member id; its address is in the members' list */
	struct str bytes;
};

struct replica_read {
	uint64_t token;
	enum status status; /* OK: read now; UNAVAILABLE: no leader */
};

struct replica_output {
	struct arena *arena; /* bytes of messages */
	VEC(struct replica_message) messages;
	VEC(struct entry *) committed; /* a reference each, given back by replica_output_clear */
	VEC(struct replica_read) reads;
	struct replica_job *log_job;        /* run on the log lane; NULL: none */
	struct replica_job *background_job; /* run on any worker (makes spare segments) */
	/* Follower: our log cannot be continued; fetch a snapshot at `index` or later from `from`, then replica_install. */
	struct core_offer offer;
	/* Leader: these members were offered one and will ask for it. */
	VEC(uint64_t) snapshot_wanted;
	VEC(uint64_t) dead;   /* leader: members that it takes for dead from now on, for the log */
	bool state_changed;   /* role, term or leader: replica_status */
	bool members_changed; /* replica_members */
	bool is_removed;      /* we are no member any more: stop, forget the folder */
	uint64_t missing; /* an entry that we have acknowledged and do not have: take no part, return under a new id; 0: none */
	bool is_failed;   /* a job failed: end the process; `why` */
	struct roles_step step; /* a step of membership that was just begun, for the log */
	struct fault why;
};

void replica_output_init(struct replica_output *out);
void replica_output_clear(struct replica_output *out);
void replica_output_fini(struct replica_output *out);

/* ---- what happens ---------------------------------------------------------------------------------------- */

void replica_start(struct replica *replica, struct mono now, struct replica_output *out);
/* One batch of commands as one entry, at most LIMIT_ENTRY_BYTES. *index and *term name it: it is accepted for good
 * when `committed` gives out this index with this term, and lost when it does so with another.
 * UNAVAILABLE: not the leader (any more); BUSY: LIMIT_PROPOSALS under way; FULL: the disk is; TOO_LARGE. */
MUST_USE enum status replica_submit(struct replica *replica, struct str payload, struct mono now,
				    struct replica_output *out, uint64_t *index, uint64_t *term);
/* A message from that member, whose identity the link has proved. Malformed ones are dropped and counted. */
void replica_receive(struct replica *replica, uint64_t from, struct str bytes, struct mono now,
		     struct replica_output *out);
/* Leader: what is submitted next was passed on by a member, who is to hear soon of what comes of it. */
void replica_was_asked(struct replica *replica);
void replica_tick(struct replica *replica, struct mono now, struct replica_output *out);
struct mono replica_wake_at(const struct replica *replica); /* when replica_tick is next due */
void replica_job_done(struct replica *replica, struct replica_job *job, struct mono now,
		      struct replica_output *out);
/* The link to a member broke: if it was the leader, elect at once (after 0-100 ms) instead of waiting. */
void replica_peer_lost(struct replica *replica, uint64_t id, struct mono now,
		       struct replica_output *out);
/* Asks for a linearizable read on any member; completes in out->reads. BUSY: LIMIT_PROPOSALS waiting. */
MUST_USE enum status replica_read_index(struct replica *replica, uint64_t token, struct mono now,
					struct replica_output *out);
/* The state durably holds everything up to here: the log may be trimmed. */
void replica_state_durable(struct replica *replica, const struct replica_state *state,
			   struct mono now, struct replica_output *out);
/* A snapshot was fetched and is now the durable state: the log begins behind it. CONFLICT: we are the leader,
 * or our state is newer (forget the snapshot). Afterwards `committed` goes on at state->index + 1. */
MUST_USE enum status replica_install(struct replica *replica, const struct replica_state *state,
				     struct mono now, struct replica_output *out);

/* ---- membership: leader only, else UNAVAILABLE; CONFLICT while a change is under way ------------------------ */

MUST_USE enum status replica_add(struct replica *replica, const struct member *member,
				 struct mono now,
				 struct replica_output *out); /* as spare, or new address etc. */
/* CONFLICT also if those that answer would no longer be a majority. */
MUST_USE enum status replica_assign(struct replica *replica, uint64_t id, enum member_role role,
				    struct mono now, struct replica_output *out);
/* FORBIDDEN of a member that is alive, unless forced; CONFLICT as above, always. Of the leader itself: hands over first (UNAVAILABLE
 * meanwhile; ask the next leader). NOT_FOUND: committed that it is none. */
MUST_USE enum status replica_remove(struct replica *replica, uint64_t id, bool is_forced,
				    struct mono now, struct replica_output *out);
MUST_USE enum status
replica_transfer(struct replica *replica, uint64_t id, struct mono now,
		 struct replica_output *out); /* 0: the best voter; CONFLICT: no other is alive */
/*
 * That member is about to stop: another one takes its place, and the leadership moves first if it is the leader. Not for good: it
 * stays a standby, keeps its vote if nobody can take it, and is trusted at once when it is back.
 */
MUST_USE enum status replica_leave(struct replica *replica, uint64_t id, bool is_for_good,
				   struct mono now, struct replica_output *out);
/* The leader says that this was asked of it: should we lead within seconds we know it, too. */
void replica_expect_leave(struct replica *replica, uint64_t id, bool is_for_good, struct mono now);
/* Told by a member about itself, on the leader: short of memory or disk, p95 of its log's syncs. */
void replica_report(struct replica *replica, uint64_t id, bool is_pressed, uint32_t sync_us,
		    struct mono now);

/* ---- looking ---------------------------------------------------------------------------------------------- */

struct replica_status {
	enum core_role role;
	uint64_t id, term, leader; /* leader 0: not known */
	bool is_established;       /* leader: everything before its term is committed */
	bool is_changing;          /* the newest list of members is not committed yet */
	bool is_full;              /* no spare segments and no room for them: read-only */
	uint64_t commit, persisted, last, given; /* `given`: the last index put into `committed` */
	uint64_t last_term;                      /* of the entry `last` */
	uint64_t log_first, log_bytes;
	uint32_t spares;
	uint32_t sync_p95_us;
	int32_t tolerance; /* leader: voters that may still fail */
	uint64_t refused;  /* malformed messages */
};

void replica_status(const struct replica *replica, struct replica_status *out);
const struct members *replica_members(const struct replica *replica); /* the newest list */
/* Leader: how a member is. NOT_FOUND; UNAVAILABLE: not the leader. */
MUST_USE enum status replica_member(const struct replica *replica, uint64_t id,
				    struct roles_member *out);
/* Leader, else UNAVAILABLE: what would become of writes if that member stopped now. NOT_FOUND. */
MUST_USE enum status replica_forecast(const struct replica *replica, uint64_t id,
				      struct forecast *out);
/* Leader: snapshots under way to followers (transfer.h); what they pin is kept in the log, within limits. */
struct transfers *replica_transfers(struct replica *replica);

#endif

/*
 * What replica.c (driving core and log), replica-jobs.c (what the disk does) and replica-members.c (who takes part) share.
 */
#ifndef DATASTORE_LOG_REPLICA_PRIVATE_H
#define DATASTORE_LOG_REPLICA_PRIVATE_H

#include "datastore/log/replica.h"
#include "datastore/log/role/liveness.h"

#define REPLICA_HELD \
	1024U /* messages that wait for the term to be durable; older ones are dropped */
#define REPLICA_GIVEN 256U /* entries given out at once, so that the owner's turn stays short */
#define REPLICA_SPARE_RETRY_MS 5000
#define REPLICA_MEASURE_MS 2000 /* measurements are looked at this long after one of them came */
#define REPLICA_TRANSFER_TRIES \
	2U /* libraft sends its order once; it may be lost, or come too early */

struct log_job {
	struct replica_job job; /* first: this is what the caller gives back */
	struct replica *replica;
	struct wal_work work;
	uint64_t meta_number; /* of what it makes durable */
	struct mono began;
	bool is_busy;
};

struct spare_job {
	struct replica_job job;
	struct replica *replica;
	uint32_t number;
	enum status status;
	bool is_busy;
};

/* A message that must not leave before the term and vote it was sent in are durable. */
struct held_message {
	uint64_t to;
	char *at;
	uint32_t len;
	uint64_t meta_number;
};

/* Of whom we have heard that it is about to go, most lately. */
#define REPLICA_EXPECTED 4U
#define REPLICA_EXPECT_MS 3000 /* a hand-over takes a second at most, and nobody is back before */
struct expected {
	uint64_t id;
	bool is_for_good;
	bool has_gone; /* its link broke since: whoever speaks in its name is back */
	struct mono at;
};

/* What a leader knows of a member beside its entry in the list. */
struct peer {
	uint64_t id;
	struct liveness liveness;
	uint32_t sync_us; /* reported: of its own log */
	bool is_pressed, is_leaving, is_stopping;
	struct mono going_since;
	bool has_caught_up; /* when it was last heard */
	bool is_told_dead;  /* the owner knows */
};

struct replica {
	struct replica_config config;
	struct wal_config wal_config;
	struct wal *wal;
	struct wal_found found; /* until replica_start */
	struct core *core;
	struct core_update update;
	uint64_t id;
	bool is_started, is_failed;
	struct mono now; /* of the last call */
	struct fault why;

	/* What the log stands on, as last handed to the log lane, and what is to be handed over next. */
	struct wal_base base;
	char *base_members;
	bool base_pending, reset_pending;

	struct log_job log_job;
	VEC(struct entry *) unwritten;      /* for the next job */
	uint64_t meta_wanted, meta_durable; /* numbers of changes of term and vote */
	VEC(struct held_message) held;

	struct spare_job spare_job;
	VEC(uint32_t) new_spares;
	uint32_t next_spare, spare_count;
	bool is_filling;         /* the current segment: spares are wanted */
	struct mono spare_after; /* not tried again before */
	bool is_full;

	uint64_t state_index;        /* durable in the state */
	uint64_t given;              /* last index put into `committed` */
	VEC(struct core_read) reads; /* wait for `given` */
	uint64_t refused;

	/* Leader only; kept in replica-members.c. */
	VEC(struct peer) peers;
	struct liveness self; /* syncs of our own log */
	struct transfers transfers;
	struct mono manage_after;
	struct mono better_since, unfit_since, swapped, moved; /* 0: not */
	struct mono led_since, kept_since;
	struct core_base told_base; /* witness: of the last step */
	struct expected expected[REPLICA_EXPECTED];
	uint32_t next_expected;
	uint64_t led_by; /* who led before us, and when it last said so */
	struct mono led_at;
	uint64_t transfer_to, transfer_term;
	uint32_t transfer_tries;
};

/* One event into the core, what comes of it into `out`. */
MUST_USE enum status replica_step(struct replica *replica, struct core_event *event,
				  struct mono now, struct replica_output *out, struct fault *why);
/* The same of one that cannot be refused, or whose refusal changes nothing. */
void replica_step_quietly(struct replica *replica, struct core_event *event, struct mono now,
			  struct replica_output *out);
/* What every call ends with: entries given out, jobs begun. */
void replica_settle(struct replica *replica, struct mono now, struct replica_output *out);
/* `members` is copied. */
void replica_keep_base(struct replica *replica, uint64_t index, uint64_t term,
		       uint64_t members_index, struct str members);
/* Messages that waited for what is durable now. */
void replica_release_messages(struct replica *replica, struct replica_output *out);

/* replica-jobs.c */
void replica_begin_jobs(struct replica *replica, struct mono now, struct replica_output *out);
void replica_run_log_job(struct replica_job *job);
void replica_run_spare_job(struct replica_job *job);
void replica_drop_log_job(struct replica_job *job);
void replica_drop_spare_job(struct replica_job *job);

/* replica-members.c */
void replica_fill_status(const struct replica *replica, struct replica_status *out);
void replica_became_leader(struct replica *replica, struct mono now);
void replica_heard(struct replica *replica, uint64_t from, struct mono now);
/* A leader that nothing has called for more than two heartbeats was away itself, and has not listened. */
void replica_excuse(struct replica *replica, struct mono now);
void replica_missed(struct replica *replica, uint64_t id, struct mono now); /* its link broke */
void replica_note_sent(struct replica *replica, struct mono now);
/* Leader: follows up a transfer, looks after members, takes a step if it is time to. */
void replica_manage(struct replica *replica, struct mono now, struct replica_output *out);

#endif

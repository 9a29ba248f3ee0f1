/* What is done away from the loop: writes of the log, and the spares of its segments. */
#include "datastore/log/replica-private.h"

/* ---- as they begin, and as they run ---- */

void replica_run_log_job(struct replica_job *job)
{
	struct log_job *log_job = (struct log_job *)(void *)job;
	wal_run(log_job->replica->wal, &log_job->work);
}

void replica_run_spare_job(struct replica_job *job)
{
	struct spare_job *spare_job = (struct spare_job *)(void *)job;
	spare_job->status = wal_make_spare(&spare_job->replica->wal_config, spare_job->number);
}

static void begin_log_job(struct replica *replica, struct replica_output *out)
{
	struct log_job *job = &replica->log_job;
	bool has_meta = replica->meta_wanted > job->meta_number;
	if (job->is_busy || (!has_meta && !replica->base_pending && replica->unwritten.len == 0 &&
			     replica->new_spares.len == 0))
		return;
	struct wal_work *work = &job->work;
	assert(work->entries.len == 0 && work->spares.len == 0);
	work->has_meta = has_meta;
	work->term = core_term(replica->core);
	work->vote = core_vote(replica->core);
	work->committed = core_commit(replica->core);
	work->has_base = replica->base_pending;
	work->is_reset = replica->reset_pending;
	work->base = replica->base;
	if (work->has_base) /* the job's own: ours may change while it runs */
		work->base.members.at = mem_copy(work->base.members.at, work->base.members.len);
	for (uint32_t i = 0; i < replica->unwritten.len; i++)
		vec_push(&work->entries, replica->unwritten.at[i]);
	for (uint32_t i = 0; i < replica->new_spares.len; i++)
		vec_push(&work->spares, replica->new_spares.at[i]);
	vec_clear(&replica->unwritten);
	vec_clear(&replica->new_spares);
	replica->base_pending = replica->reset_pending = false;
	job->is_busy = true;
	job->meta_number = replica->meta_wanted;
	job->began = replica->now;
	job->job.is_brief = wal_work_is_brief(work);
	out->log_job = &job->job;
}

static void begin_spare_job(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct spare_job *job = &replica->spare_job;
	uint32_t have =
	    replica->spare_count + replica->new_spares.len + replica->log_job.work.spares.len;
	if (job->is_busy || !replica->is_filling || have >= WAL_SPARES ||
	    now.ns < replica->spare_after.ns)
		return;
	job->number = replica->next_spare;
	replica->next_spare += 2;
	job->is_busy = true;
	out->background_job = &job->job;
}

void replica_begin_jobs(struct replica *replica, struct mono now, struct replica_output *out)
{
	begin_log_job(replica, out);
	begin_spare_job(replica, now, out);
}

/* ---- as they end ---- */

/* A simulated disk takes its time between a job and its end, where no clock of the job's sees it. */
static void sample_sync(struct replica *replica, const struct log_job *job, struct mono now)
{
	int64_t took_us = (now.ns - job->began.ns) / TIME_US;
	uint32_t sync_us = job->work.sync_us;
	if (sync_us == 0)
		sync_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
	if (sync_us > 0)
		liveness_sample(&replica->self, sync_us, now);
}

static void log_job_done(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct log_job *job = &replica->log_job;
	struct wal_work *work = &job->work;
	assert(job->is_busy);
	job->is_busy = false;
	if (work->has_base)
		mem_free((char *)work->base.members.at);
	replica->spare_count = work->spare_count;
	replica->is_filling = work->is_filling;
	/* Nothing more is wanted now: the segment has room, or trimming gave back what could not be made. */
	if (!replica->is_filling || replica->spare_count >= WAL_SPARES)
		replica->is_full = false;
	if (work->status != OK) {
		replica->is_failed = true;
		replica->why = work->why;
	} else {
		replica->meta_durable = job->meta_number;
		replica_release_messages(replica, out);
	}
	if (work->status == OK && work->entries.len > 0) {
		sample_sync(replica, job, now);
		struct core_event event = { .kind = CORE_PERSISTED,
					    .persisted = work->entries.at[work->entries.len - 1] };
		replica_step_quietly(replica, &event, now, out);
	}
	for (uint32_t i = 0; i < work->entries.len; i++)
		entry_unref(work->entries.at[i]);
	vec_clear(&work->entries);
	vec_clear(&work->spares);
	work->has_meta = work->has_base = work->is_reset = false;
	work->sync_us = 0;
}

static void spare_job_done(struct replica *replica, struct mono now)
{
	struct spare_job *job = &replica->spare_job;
	assert(job->is_busy);
	job->is_busy = false;
	if (job->status == OK) {
		vec_push(&replica->new_spares, job->number);
		replica->is_full = false;
		return;
	}
	/* No room for the log: what is prepared still lasts for what is under way, but nothing new is let in. Nor waits for the next look. */
	if (!replica->is_full)
		replica->manage_after = now;
	replica->is_full = true;
	replica->spare_after = (struct mono){ now.ns + REPLICA_SPARE_RETRY_MS * TIME_MS };
}

void replica_job_done(struct replica *replica, struct replica_job *job, struct mono now,
		      struct replica_output *out)
{
	if (job == &replica->log_job.job)
		log_job_done(replica, now, out);
	else
		spare_job_done(replica, now);
	replica_settle(replica, now, out);
}

void replica_drop_log_job(struct replica_job *job)
{
	struct log_job *log_job = (struct log_job *)(void *)job;
	if (log_job->work.has_base)
		mem_free((char *)log_job->work.base.members.at);
	log_job->work.has_base = false;
	for (uint32_t i = 0; i < log_job->work.entries.len; i++)
		entry_unref(log_job->work.entries.at[i]);
	vec_clear(&log_job->work.entries);
	log_job->is_busy = false;
}

void replica_drop_spare_job(struct replica_job *job)
{
	((struct spare_job *)(void *)job)->is_busy = false;
}

#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"

ACT_TYPE(act_job_done);

struct act_lane {
	struct list link;
	struct seams_worker *worker;
};

/* Given -> run on a worker -> done on the host's thread -> delivered or discarded. */
struct job {
	struct seams_job work; /* first: the seam hands back this */
	struct list link;      /* in the actor's jobs, until done */
	struct act *act;
	struct act_host *host;
	struct seams_worker *worker;
	void (*run)(void *arg);
	void *arg;
	void (*drop)(void *arg);
	uint64_t tag;
	struct task *task;
	char name[48]; /* of the actor, which may change it meanwhile */
};

/* A handler of signals on a worker has to find out whose work it interrupted. */
static _Thread_local const struct job *running;

bool act_job_peek(struct act_host_now *out)
{
	const struct job *job = running;

	if (!job)
		return false;
	*out = (struct act_host_now){ .class_name = job->act->class->name, .type_name = "a job" };
	memcpy(out->name_copy, job->name, sizeof out->name_copy);
	out->name = out->name_copy;
	return true;
}

struct act_lane *act_lane_open(struct act *act, const char *name)
{
	const struct seams_jobs *jobs = &act->host->seams.jobs;
	struct act_lane *lane = mem_new(struct act_lane);

	lane->worker = jobs->open(jobs->self, name);
	list_push(&actor_ties(act)->lanes, &lane->link);
	return lane;
}

void job_close_lanes(struct act *act)
{
	const struct seams_jobs *jobs = &act->host->seams.jobs;

	while (!list_is_empty(&act->ties->lanes)) {
		struct act_lane *lane = list_item(act->ties->lanes.next, struct act_lane, link);
		list_remove(&lane->link);
		jobs->close(jobs->self, lane->worker);
		mem_free(lane);
	}
}

static void job_run(struct seams_job *work)
{
	struct job *job = (struct job *)(void *)work;

	running = job;
	job->run(job->arg);
	running = NULL;
}

void job_discard(struct job *job)
{
	if (job->drop)
		job->drop(job->arg);
	mem_free(job);
}

void job_delivered(struct job *job)
{
	mem_free(job);
}

static void job_done(struct seams_job *work)
{
	struct job *job = (struct job *)(void *)work;
	struct act *act = job->act;
	const struct act_job_done done = { job->arg };

	list_remove(&job->link);
	job->host->job_count--;
	if (act->flags & ACTOR_ENDING) {
		job_discard(job);
		life_go_on(act);
		return;
	}
	struct message *message = message_new(job->host, &act_job_done_type, &done);
	message->msg.kind = ACT_JOB;
	message->msg.tag = job->tag;
	message->flags |= MESSAGE_JOB;
	message->job = job;
	if (job->task) {
		message->flags |= MESSAGE_TASK;
		message->task = job->task;
	}
	mailbox_put_system(act, message);
}

static struct job *job_new(struct act *act, struct act_lane *lane, void (*run)(void *arg),
			   void *arg, void (*drop)(void *arg), uint64_t tag)
{
	struct job *job = mem_new(struct job);
	const char *name = act_name(act);

	*job = (struct job){ .work = { .run = job_run, .done = job_done },
			     .act = act,
			     .host = act->host,
			     .worker = lane ? lane->worker : NULL,
			     .run = run,
			     .arg = arg,
			     .drop = drop,
			     .tag = tag };
	memcpy(job->name, name, strnlen(name, sizeof job->name - 1));
	list_push(&actor_ties(act)->jobs, &job->link);
	act->host->job_count++;
	return job;
}

static void job_submit(struct job *job)
{
	const struct seams_jobs *jobs = &job->host->seams.jobs;

	jobs->submit(jobs->self, job->worker, &job->work);
}

void job_start(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
	       struct task *task)
{
	struct job *job = job_new(act, lane, run, arg, NULL, 0);

	job->task = task;
	job_submit(job);
}

void act_job(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
	     void (*drop)(void *arg), uint64_t tag)
{
	job_submit(job_new(act, lane, run, arg, drop, tag));
}

void act_job_brief(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
		   void (*drop)(void *arg), uint64_t tag)
{
	struct job *job = job_new(act, lane, run, arg, drop, tag);

	job->work.is_brief = true;
	job_submit(job);
}

void job_withdraw_all(struct act *act)
{
	const struct seams_jobs *jobs = &act->host->seams.jobs;

	list_each (&act->ties->jobs, link) {
		struct job *job = list_item(link, struct job, link);
		if (jobs->withdraw(jobs->self, job->worker, &job->work)) {
			list_remove(&job->link);
			act->host->job_count--;
			job_discard(job);
		}
	}
}

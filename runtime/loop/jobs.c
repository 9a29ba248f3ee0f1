/*
 * Workers: threads that run blocking jobs and hand them back to the loop's thread.
 *
 * A lane is a worker with a thread of its own; jobs without a lane share a few threads and one queue. Threads are
 * started with the first job, so that a host that never blocks has none.
 *
 * To wake a thread and to be woken by it costs more than a short job. One that is called brief is kept until the loop would sleep, which
 * then does that job itself: nobody waits for anything else. If it has more to do for 100 us, more than what a few messages set off, the
 * job goes to its thread. For the time of the job the loop hears nothing, so this is done while those jobs are short (brief.h).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "runtime/loop/loop-private.h"

#define SHARED_MAX 16U
#define FINISH_NS 200000 /* between two looks of a host that ends without a loop */
#define KEPT_NS 100000   /* a brief job waits for a moment without anything else to do */
#define STACK_BYTES \
	(256U * KIB) /* jobs are shallow; the default of 8 MiB is address space for nothing */

/* A queue of jobs and the threads that take from it. */
struct seams_worker {
	struct list link; /* among all workers */
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t has_job;
	struct seams_job *head, *tail;
	pthread_t threads[SHARED_MAX];
	uint32_t thread_count, thread_max, idle;
	bool is_closing;
	char name[16];
};

struct workers {
	struct loop *loop;
	struct seams_worker *shared;
	struct list all;
	pthread_mutex_t lock; /* of what is finished */
	struct seams_job *done_head, *done_tail;
};

static void finished(struct workers *workers, struct seams_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&workers->lock);
	if (workers->done_tail != NULL)
		workers->done_tail->next = job;
	else
		workers->done_head = job;
	workers->done_tail = job;
	pthread_mutex_unlock(&workers->lock);
	workers->loop->seams.wake(workers->loop);
}

static int64_t run_timed(const struct loop *loop, struct seams_job *job)
{
	int64_t began_ns = loop->seams.clock.mono(loop->seams.clock.self).ns;

	job->run(job);
	return loop->seams.clock.mono(loop->seams.clock.self).ns - began_ns;
}

static struct seams_job *take(struct seams_worker *worker)
{
	struct seams_job *job;

	pthread_mutex_lock(&worker->lock);
	worker->idle++;
	while (worker->head == NULL && !worker->is_closing)
		pthread_cond_wait(&worker->has_job, &worker->lock);
	worker->idle--;
	job = worker->head;
	if (job != NULL) {
		worker->head = job->next;
		if (worker->head == NULL)
			worker->tail = NULL;
	}
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *work(void *arg)
{
	struct seams_worker *worker = arg;
	struct seams_job *job;

	while ((job = take(worker)) != NULL) {
		if (job->is_brief)
			job->ran_ns = run_timed(worker->loop, job);
		else
			job->run(job);
		finished(worker->loop->workers, job);
	}
	return NULL;
}

/* With the worker's lock held. */
static void start_thread(struct seams_worker *worker)
{
	pthread_attr_t attributes;
	static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	sigset_t all, old;
	int error;

	/* Signals belong to the loop's thread. */
	sigfillset(&all);
	/* What a thread does wrong itself has to reach its black box. */
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(&worker->threads[worker->thread_count], &attributes, work, worker);
	assert(error == 0);
	pthread_setname_np(worker->threads[worker->thread_count], worker->name);
	worker->thread_count++;
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static struct seams_worker *worker_new(struct workers *workers, const char *name, uint32_t threads)
{
	struct seams_worker *worker = mem_new(struct seams_worker);

	worker->loop = workers->loop;
	worker->thread_max = threads < SHARED_MAX ? threads : SHARED_MAX;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->has_job, NULL);
	snprintf(worker->name, sizeof worker->name, "%s", name);
	list_push(&workers->all, &worker->link);
	return worker;
}

static void worker_free(struct seams_worker *worker)
{
	assert(worker->head == NULL);
	pthread_mutex_lock(&worker->lock);
	worker->is_closing = true;
	pthread_cond_broadcast(&worker->has_job);
	pthread_mutex_unlock(&worker->lock);
	for (uint32_t i = 0; i < worker->thread_count; i++)
		pthread_join(worker->threads[i], NULL);
	pthread_cond_destroy(&worker->has_job);
	pthread_mutex_destroy(&worker->lock);
	list_remove(&worker->link);
	mem_free(worker);
}

static struct seams_worker *jobs_open(void *self, const char *name)
{
	return worker_new(((struct loop *)self)->workers, name, 1);
}

static void jobs_close(void *self, struct seams_worker *worker)
{
	(void)self;
	worker_free(worker);
}

static void give(struct seams_worker *worker, struct seams_job *job)
{
	bool is_awaited;

	job->next = NULL;
	pthread_mutex_lock(&worker->lock);
	if (worker->tail != NULL)
		worker->tail->next = job;
	else
		worker->head = job;
	worker->tail = job;
	if (worker->idle == 0 && worker->thread_count < worker->thread_max)
		start_thread(worker);
	is_awaited = worker->idle > 0;
	pthread_mutex_unlock(&worker->lock);
	/* Without the lock, which whoever wakes takes first. */
	if (is_awaited)
		pthread_cond_signal(&worker->has_job);
}

static void give_kept(struct loop *loop)
{
	struct seams_job *job = loop->kept.job;

	loop->kept.job = NULL;
	if (job != NULL)
		give(loop->kept.worker, job);
}

void jobs_postpone_kept(struct loop *loop)
{
	const struct seams_clock *clock = &loop->seams.clock;

	if (loop->kept.job == NULL)
		return;
	if (loop->quits || clock->mono(clock->self).ns - loop->kept.since_ns >= KEPT_NS)
		give_kept(loop);
}

void jobs_run_kept(struct loop *loop)
{
	struct seams_job *job = loop->kept.job;

	loop->kept.job = NULL;
	if (job == NULL)
		return;
	loop->kept.has_run = true;
	brief_ran(&loop->kept.trust, run_timed(loop, job), true);
	job->done(job);
}

static bool is_at_rest(struct seams_worker *worker)
{
	bool is_so;

	pthread_mutex_lock(&worker->lock);
	is_so = worker->head == NULL && worker->idle == worker->thread_count;
	pthread_mutex_unlock(&worker->lock);
	return is_so;
}

static void jobs_submit(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct loop *loop = self;

	if (worker == NULL)
		worker = loop->workers->shared;
	if (loop->kept.job != NULL && loop->kept.worker == worker)
		give_kept(loop); /* in the order given */
	if (!job->is_brief || loop->kept.job != NULL || !brief_may(&loop->kept.trust) ||
	    !is_at_rest(worker)) {
		give(worker, job);
		return;
	}
	loop->kept.job = job;
	loop->kept.worker = worker;
	loop->kept.since_ns = loop->seams.clock.mono(loop->seams.clock.self).ns;
}

static bool jobs_withdraw(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct loop *loop = self;
	struct seams_job *before = NULL;
	bool is_found = false;

	if (loop->kept.job == job) {
		loop->kept.job = NULL;
		return true;
	}
	if (worker == NULL)
		worker = loop->workers->shared;
	pthread_mutex_lock(&worker->lock);
	for (struct seams_job *at = worker->head; at != NULL && !is_found;
	     before = at, at = at->next) {
		if (at != job)
			continue;
		is_found = true;
		if (before != NULL)
			before->next = at->next;
		else
			worker->head = at->next;
		if (worker->tail == at)
			worker->tail = before;
	}
	pthread_mutex_unlock(&worker->lock);
	return is_found;
}

static void jobs_finish(void *self)
{
	const struct timespec moment = { .tv_nsec = FINISH_NS };

	give_kept(self);
	nanosleep(&moment, NULL);
	workers_finish(((struct loop *)self)->workers);
}

void jobs_seams(struct seams *seams, struct loop *loop)
{
	seams->jobs = (struct seams_jobs){ .self = loop,
					   .open = jobs_open,
					   .close = jobs_close,
					   .submit = jobs_submit,
					   .withdraw = jobs_withdraw,
					   .finish = jobs_finish };
}

struct workers *workers_new(struct loop *loop, uint32_t count)
{
	struct workers *workers = mem_new(struct workers);

	workers->loop = loop;
	brief_init(&loop->kept.trust);
	list_init(&workers->all);
	pthread_mutex_init(&workers->lock, NULL);
	workers->shared = worker_new(workers, "worker", count);
	return workers;
}

void workers_finish(struct workers *workers)
{
	struct seams_job *job, *next;

	pthread_mutex_lock(&workers->lock);
	job = workers->done_head;
	workers->done_head = workers->done_tail = NULL;
	pthread_mutex_unlock(&workers->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		if (job->is_brief)
			brief_ran(&workers->loop->kept.trust, job->ran_ns, false);
		job->done(job);
	}
}

void workers_free(struct workers *workers)
{
	list_each (&workers->all, link)
		worker_free(list_item(link, struct seams_worker, link));
	workers_finish(workers);
	pthread_mutex_destroy(&workers->lock);
	mem_free(workers);
}

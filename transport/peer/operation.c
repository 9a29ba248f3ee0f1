#include "transport/peer/operation.h"

#include <nng/supplemental/util/platform.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "transport/peer/processors.h"

static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static enum status start_result;

/* nng starts with the first thing that is made of it, a thread per processor and more: it is told that there is one. */
static void start_nng(void)
{
	nng_aio *first;

	processors_hide(true);
	start_result = nng_aio_alloc(&first, NULL, NULL) == 0 ? OK : INTERNAL;
	processors_hide(false);
	if (start_result == OK)
		nng_aio_free(first);
}

enum status operations_init(struct operations *all, const struct peer_owner *owner)
{
	pthread_once(&start_once, start_nng);
	if (start_result != OK)
		return start_result;
	*all = (struct operations){ .owner = *owner };
	pthread_mutex_init(&all->lock, NULL);
	return OK;
}

static struct operation *take(struct operations *all)
{
	struct operation *first;

	pthread_mutex_lock(&all->lock);
	first = all->first;
	for (struct operation *one = first; one != NULL; one = one->next)
		one->is_queued = false;
	all->first = all->last = NULL;
	all->is_called = false;
	pthread_mutex_unlock(&all->lock);
	return first;
}

/* `ended` may free its operation and begin others, but none that is still in the queue: those count as under way. */
static void drain(void *arg)
{
	struct operations *all = arg;
	struct operation *operation, *next;

	if (all->is_stopped)
		return;
	all->is_draining = true;
	for (operation = take(all); operation != NULL; operation = next) {
		next = operation->next;
		operation->is_under_way = false;
		operation->ended(operation->arg, nng_aio_result(operation->aio));
	}
	all->is_draining = false;
}

/* Both with the lock held. */
static bool is_quiet(const struct operation *operation)
{
	return operation->quiet_bytes > 0 && nng_aio_result(operation->aio) == 0 &&
	       nng_aio_count(operation->aio) == operation->quiet_bytes;
}

static bool must_call(struct operations *all)
{
	bool was_called = all->is_called;

	all->is_called = true;
	return !was_called;
}

/* On one of nng's threads. */
static void report(void *arg)
{
	struct operation *operation = arg;
	struct operations *all = operation->all;
	bool is_to_call;

	operation->next = NULL;
	pthread_mutex_lock(&all->lock);
	operation->is_queued = true;
	if (all->last != NULL)
		all->last->next = operation;
	else
		all->first = operation;
	all->last = operation;
	is_to_call = !is_quiet(operation) && must_call(all);
	pthread_mutex_unlock(&all->lock);
	if (is_to_call)
		all->owner.call(all->owner.self, drain, all);
}

void operation_hurry(struct operation *operation)
{
	struct operations *all = operation->all;
	bool is_to_call;

	pthread_mutex_lock(&all->lock);
	operation->quiet_bytes = 0;
	is_to_call = operation->is_queued && must_call(all);
	pthread_mutex_unlock(&all->lock);
	if (is_to_call)
		all->owner.call(all->owner.self, drain, all);
}

void operations_stop(struct operations *all)
{
	assert(!all->is_draining);
	all->is_stopped = true;
	take(all);
}

void operations_fini(struct operations *all)
{
	assert(all->is_stopped);
	pthread_mutex_destroy(&all->lock);
}

void operation_init(struct operation *operation, struct operations *all,
		    void (*ended)(void *arg, int result), void *arg)
{
	*operation = (struct operation){ .all = all, .ended = ended, .arg = arg };
	if (nng_aio_alloc(&operation->aio, report, operation) != 0)
		abort(); /* nng says so for want of memory only */
}

void operation_begin_quiet(struct operation *operation, size_t bytes)
{
	assert(!operation->is_under_way && !operation->all->is_stopped);
	operation->is_under_way = true;
	pthread_mutex_lock(&operation->all->lock);
	operation->quiet_bytes = bytes;
	pthread_mutex_unlock(&operation->all->lock);
}

void operation_begin(struct operation *operation)
{
	operation_begin_quiet(operation, 0);
}

void operation_finish(struct operation *operation)
{
	nng_aio_wait(operation->aio);
	operation->is_under_way = false;
}

void operation_fini(struct operation *operation)
{
	assert(!operation->is_under_way);
	nng_aio_free(operation->aio);
}

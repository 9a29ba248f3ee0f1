#include "runtime/loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/loop/blackbox.h"
#include "runtime/loop/loop-private.h"
#include "runtime/loop/stream-private.h"

#define WORKERS 4U
#define SLICE_NS 100000U /* the least that the kernel gives; it takes 3 ms unless told */

enum status loop_status(int error)
{
	switch (error) {
	case UV_ENOENT: return NOT_FOUND;
	case UV_EEXIST: return EXISTS;
	case UV_EACCES:
	case UV_EPERM:
	case UV_EROFS: return FORBIDDEN;
	case UV_ENOSPC: return FULL;
	case UV_EAGAIN:
	case UV_EBUSY:
	case UV_EMFILE:
	case UV_ENFILE:
	case UV_EADDRINUSE: return BUSY;
	case UV_ETIMEDOUT: return TIMEOUT;
	case UV_ECANCELED: return CANCELLED;
	case UV_EPIPE:
	case UV_ECONNRESET:
	case UV_EOF: return GONE;
	case UV_ECONNREFUSED:
	case UV_EHOSTUNREACH:
	case UV_ENETUNREACH:
	case UV_EADDRNOTAVAIL: return UNAVAILABLE;
	case UV_EINVAL: return INVALID;
	default: return IO;
	}
}

/* ---- waking -------------------------------------------------------------------------------------------- */

/*
 * Any thread. Not uv_async_send: the loop that it wakes spins until the sender has said that it is done with the handle, and a sender
 * is often switched away in that very moment, by the one it woke.
 */
static void wake(void *self)
{
	struct loop *loop = self;
	const uint64_t one = 1;

	if (atomic_exchange(&loop->is_woken, true))
		return; /* whoever said so before writes, and what it wakes has not begun to look */
	while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void woken(uv_poll_t *handle, int status, int events)
{
	struct loop *loop = handle->data;
	uint64_t count;

	(void)status;
	(void)events;
	if (read(loop->wake_fd, &count, sizeof count) < 0)
		return; /* it was for nothing */
	/* Before the look: what comes from here on wakes again. */
	atomic_exchange(&loop->is_woken, false);
	workers_finish(loop->workers);
	stream_listeners_resume(loop);
}

/*
 * The host looks at its own timers in the next turn; being awake is all that is needed. uv_run looks at timers before it waits and not
 * again before it sleeps: one that fires there has to say that there shall be no sleep.
 */
static void timer_fired(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void close_done(uv_handle_t *handle)
{
	(void)handle;
}

static void close_rest(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, close_done);
}

static void fini(struct loop *loop)
{
	process_forget_all(loop);
	if (loop->workers != NULL)
		workers_free(loop->workers);
	stream_connects_end(loop);
	uv_walk(&loop->uv, close_rest, NULL);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		;
	uv_loop_close(&loop->uv);
	close(loop->wake_fd);
	mem_free(loop->read_buffer);
	mem_free(loop);
}

/* A peer that has gone is told by the write's outcome; the signal would end the process. Whoever handles it already goes on so. */
static void ignore_broken_pipes(void)
{
	struct sigaction now, ignore = { .sa_handler = SIG_IGN };

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)sigaction(SIGPIPE, &ignore, NULL);
}

/* Nobody looks into a host that is being freed. */
static void close_host(struct loop *loop)
{
	if (loop->watchdog != NULL)
		watchdog_free(loop->watchdog);
	loop->watchdog = NULL;
	blackbox_unwatch(loop->host);
	act_host_close(loop->host);
}

static void open_wake(struct loop *loop)
{
	int error;

	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert(loop->wake_fd >= 0);
	error = uv_poll_init(&loop->uv, &loop->wake, loop->wake_fd);
	assert(error == 0);
	loop->wake.data = loop;
	error = uv_poll_start(&loop->wake, UV_READABLE, woken);
	assert(error == 0);
}

static struct loop *loop_new(const struct loop_config *config)
{
	struct loop *loop = mem_new(struct loop);
	int error = uv_loop_init(&loop->uv);

	assert(error == 0);
	ignore_broken_pipes();
	calm_keep_heap();
	list_init(&loop->processes);
	list_init(&loop->listeners);
	list_init(&loop->connects);
	list_init(&loop->soon);
	loop->uv.data = loop;
	spin_init(&loop->spin, config->spin_us);
	open_wake(loop);
	error = uv_timer_init(&loop->uv, &loop->timer);
	assert(error == 0);
	error = uv_timer_init(&loop->uv, &loop->look);
	assert(error == 0);
	loop->look.data = loop;
	loop->read_buffer = mem_alloc(LOOP_READ_BYTES);
	loop->workers = workers_new(loop, config->workers ? config->workers : WORKERS);
	clock_seams(&loop->seams);
	loop->seams.files = *loop_files();
	process_seams(&loop->seams, loop);
	jobs_seams(&loop->seams, loop);
	if (config->link != NULL)
		loop->seams.link = *config->link;
	loop->seams.wake_self = loop;
	loop->seams.wake = wake;
	if (config->on_seams != NULL)
		config->on_seams(config->on_seams_arg, &loop->seams);
	return loop;
}

/* The kernel's struct sched_attr, which libc does not know. */
struct slice {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/* An older kernel ignores it; inherited by threads and children. */
static void ask_for_short_slices(void)
{
	struct slice slice = { .size = sizeof slice };

	if (syscall(SYS_sched_getattr, 0, &slice, sizeof slice, 0) != 0 || slice.policy != 0)
		return; /* somebody has chosen how this process runs */
	slice.size = sizeof slice;
	slice.runtime_ns = SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &slice, 0);
}

enum status loop_open(const struct loop_config *config, struct loop **out)
{
	struct loop *loop;
	struct act_host_config host = config->host;
	enum status status;

	if (config->is_prompt)
		ask_for_short_slices(); /* before there are threads, which inherit it */
	loop = loop_new(config);
	host.driver = loop;
	host.root = NULL;
	status = act_host_open(&host, &loop->seams, &loop->host);
	if (status != OK) {
		fini(loop);
		return status;
	}
	/* What is wrong with an actor may show in its init already. */
	if (config->box != NULL)
		blackbox_watch(config->box, loop->host);
	if (config->has_watchdog)
		loop->watchdog = watchdog_new(loop->host, config->stuck_ms);
	if (config->host.root != NULL)
		status = act_host_start(loop->host, config->host.root);
	if (status != OK) {
		close_host(loop);
		fini(loop);
		return status;
	}
	*out = loop;
	return OK;
}

void loop_close(struct loop *loop)
{
	/* Actors end while the loop still turns: their last jobs and writes finish. */
	act_host_stop(loop->host);
	while (!act_host_is_done(loop->host))
		loop_step(loop, 1000);
	close_host(loop);
	fini(loop);
}

/* ---- running ------------------------------------------------------------------------------------------------ */

static void set_timer(struct loop *loop, uint64_t wait_ms)
{
	struct mono next = act_host_next(loop->host);
	int64_t wait_ns;

	uv_update_time(&loop->uv);
	if (next.ns != INT64_MAX) {
		wait_ns = next.ns - loop->seams.clock.mono(loop->seams.clock.self).ns;
		if (wait_ns < 0)
			wait_ns = 0;
		/* Rounded up: waking a little early would only spin until the time has come. */
		if ((uint64_t)(wait_ns + TIME_MS - 1) / TIME_MS < wait_ms)
			wait_ms = (uint64_t)(wait_ns + TIME_MS - 1) / TIME_MS;
	}
	if (wait_ms == UINT64_MAX)
		uv_timer_stop(&loop->timer);
	else
		uv_timer_start(&loop->timer, timer_fired, wait_ms, 0);
}

void loop_soon(struct loop *loop, struct loop_soon *soon)
{
	if (soon->is_asked)
		return;
	soon->is_asked = true;
	list_push(&loop->soon, &soon->link);
}

void loop_soon_never(struct loop_soon *soon)
{
	if (soon->is_asked)
		list_remove(&soon->link);
	soon->is_asked = false;
}

/* What asks again meanwhile is called in the same turn: none does so without end. */
static void call_soon(struct loop *loop)
{
	while (!list_is_empty(&loop->soon)) {
		struct loop_soon *soon = list_item(loop->soon.next, struct loop_soon, link);

		loop_soon_never(soon);
		soon->fn(soon->arg);
	}
}

static void look_at_memory(uv_timer_t *timer);

static void look_in(struct loop *loop, uint32_t wait_ms)
{
	if (wait_ms != 0)
		uv_timer_start(&loop->look, look_at_memory, wait_ms, 0);
}

static void look_at_memory(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	look_in(loop, calm_look(&loop->calm));
}

static int64_t now_ns(const struct loop *loop)
{
	return loop->seams.clock.mono(loop->seams.clock.self).ns;
}

static void ask_machine(struct loop *loop, uv_run_mode mode)
{
	loop->kept.has_run = false;
	uv_run(&loop->uv, mode);
}

/* Looks again and again for as long as `spin` finds that worth it. True: there is something to do. */
static bool look_again(struct loop *loop)
{
	int64_t end = now_ns(loop) + loop->spin.limit_ns;
	bool is_timed = act_host_next(loop->host).ns < end;

	if (!spin_may(&loop->spin))
		return false;
	if (is_timed)
		end = act_host_next(loop->host).ns;
	do {
		ask_machine(loop, UV_RUN_NOWAIT);
		if (loop->quits || !list_is_empty(&loop->soon) || !act_host_sleep(loop->host)) {
			spin_hit(&loop->spin);
			return true;
		}
	} while (now_ns(loop) < end);
	if (!is_timed)
		spin_missed(&loop->spin);
	return is_timed;
}

/*
 * Instead of sleeping: the job that was kept. What has come since the machine was asked last, in this turn, waits for it; to ask again costs as
 * much as a third of the job, so it is asked only if another job was done since. False: there is none.
 */
static bool work_instead(struct loop *loop)
{
	if (loop->kept.job == NULL)
		return false;
	if (loop->kept.has_run)
		ask_machine(loop, UV_RUN_NOWAIT);
	if (loop->quits || !list_is_empty(&loop->soon) || !act_host_sleep(loop->host))
		jobs_postpone_kept(loop);
	else
		jobs_run_kept(loop);
	return true;
}

static void sleep_now(struct loop *loop, uint64_t wait_ms)
{
	int64_t began_ns;

	if (work_instead(loop) || look_again(loop))
		return;
	began_ns = now_ns(loop);
	set_timer(loop, wait_ms);
	ask_machine(loop, UV_RUN_ONCE);
	spin_slept(&loop->spin, now_ns(loop) - began_ns);
}

/* What the machine has for us; waits for it only if the host has nothing to do. */
static void turn_machine(struct loop *loop, bool has_more, uint64_t wait_ms)
{
	call_soon(loop);
	look_in(loop, calm_turn(&loop->calm));
	if (has_more || loop->quits || act_host_is_done(loop->host) || !act_host_sleep(loop->host)) {
		jobs_postpone_kept(loop);
		ask_machine(loop, UV_RUN_NOWAIT);
		return;
	}
	sleep_now(loop, wait_ms);
}

static void step(struct loop *loop, uint64_t wait_ms)
{
	bool has_more = act_host_turn(loop->host);

	turn_machine(loop, has_more, wait_ms);
}

void loop_step(struct loop *loop, uint32_t wait_ms)
{
	step(loop, wait_ms);
}

void loop_run(struct loop *loop)
{
	while (!loop->quits && !act_host_is_done(loop->host))
		step(loop, UINT64_MAX);
	loop->quits = 0;
}

bool loop_run_until(struct loop *loop, bool (*claim)(void *arg), void *arg, uint32_t timeout_ms)
{
	int64_t end = loop->seams.clock.mono(loop->seams.clock.self).ns + timeout_ms * TIME_MS;

	while (!claim(arg)) {
		int64_t left = end - loop->seams.clock.mono(loop->seams.clock.self).ns;
		bool has_more;

		if (left <= 0)
			return false;
		has_more = act_host_turn(loop->host);
		if (claim(arg)) /* it may be the turn's doing: there is nothing to wait for then */
			break;
		turn_machine(loop, has_more, (uint64_t)(left / TIME_MS) + 1);
	}
	return true;
}

void loop_quit(struct loop *loop)
{
	loop->quits = 1;
	wake(loop);
}

struct act_host *loop_host(struct loop *loop)
{
	return loop->host;
}

struct loop *loop_of(struct act *act)
{
	return act_host_driver(act_host_of(act));
}

int loop_fd(const struct loop *loop)
{
	return uv_backend_fd(&loop->uv);
}

/*
 * The watchdog: a thread that notices an activation that does not end.
 *
 * It looks at what the host is doing, a few times a second while it does something. It logs the actor once when it finds
 * it at the same activation again. After the class's run_max_ms, else the loop's stuck_ms, it ends the process: a loop that hangs
 * is worth less than one that starts again. It does so by a signal to the loop's thread, whose stack is the one worth writing down, and
 * if that thread takes no signals any more, by its own. A loop that is ready to run and gets no processor does not hang.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/loop/loop-private.h"

#define LOOK_MS 250
#define LOOK_MIN_MS 5
#define IDLE_MS 1000      /* a host at rest is left in peace */
#define LAST_WORDS_MS 500 /* for the loop's thread to take the signal */

struct watchdog {
	struct act_host *host;
	char schedstat[64]; /* of the loop's thread */
	uint32_t stuck_ms;
	pthread_t thread, loop;
	pthread_mutex_t lock;
	pthread_cond_t ends;
	bool is_ending;
};

/* ---- patience --------------------------------------------------------------------------------------------- */

/* "ran waited slices", in ns. */
static uint64_t starved_ms(const struct seams_files *files, const char *schedstat)
{
	struct seams_file *file;
	struct str words, ran;
	char line[96];
	uint64_t ns = 0;
	size_t len = 0;

	if (files->open(files->self, schedstat, SEAMS_READ, 0, &file) != OK)
		return 0;
	if (files->read(files->self, file, line, sizeof line, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	words = str_of(line, (uint32_t)len);
	ran = str_cut(&words, ' ');
	return ran.len > 0 && str_to_u64(str_cut(&words, ' '), &ns) == OK ? ns / TIME_MS : 0;
}

struct patience patience_from(const struct seams_files *files, const char *schedstat, int64_t now_ms)
{
	return (struct patience){ now_ms, starved_ms(files, schedstat) };
}

int64_t patience_spent_ms(const struct patience *from, const struct seams_files *files,
			  const char *schedstat, int64_t now_ms)
{
	uint64_t starved = starved_ms(files, schedstat);
	int64_t waited = starved > from->starved_ms ? (int64_t)(starved - from->starved_ms) : 0;
	int64_t passed = now_ms - from->since_ms;

	return passed > waited ? passed - waited : 0;
}

/* ---- the thread ------------------------------------------------------------------------------------------- */

/* False when the watchdog is to end. */
static bool pause_a_little(struct watchdog *dog, int64_t ms)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * TIME_MS;
	until.tv_sec += until.tv_nsec / TIME_S;
	until.tv_nsec %= TIME_S;
	pthread_mutex_lock(&dog->lock);
	if (!dog->is_ending)
		pthread_cond_timedwait(&dog->ends, &dog->lock, &until);
	goes_on = !dog->is_ending;
	pthread_mutex_unlock(&dog->lock);
	return goes_on;
}

static int64_t watchdog_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / TIME_MS;
}

static int64_t between(int64_t ms, int64_t min_ms, int64_t max_ms)
{
	return ms < min_ms ? min_ms : ms > max_ms ? max_ms : ms;
}

static uint32_t limit_ms(const struct watchdog *dog, const struct act_host_now *now)
{
	return now->run_max_ms != 0 ? now->run_max_ms : dog->stuck_ms;
}

static _Noreturn void end_process(struct watchdog *dog, const struct act_host_now *now)
{
	log_error("watchdog", "the loop is stuck, ending the process", LOG_CSTR("actor", now->name),
		  LOG_U64("limit_ms", limit_ms(dog, now)));
	pthread_kill(dog->loop, SIGABRT);
	(void)pause_a_little(dog, LAST_WORDS_MS);
	abort();
}

static void *watch(void *arg)
{
	struct watchdog *dog = arg;
	struct act_host_now now = { 0 };
	struct patience patience = { 0 };
	uint64_t last = 0;
	int64_t pause_ms = between(dog->stuck_ms, LOOK_MIN_MS, IDLE_MS);
	bool is_reported = false;

	while (pause_a_little(dog, pause_ms)) {
		act_peek_read(act_host_peek(dog->host), &now);
		if (now.class_name == NULL) {
			pause_ms = between(dog->stuck_ms, LOOK_MIN_MS, IDLE_MS);
			continue;
		}
		pause_ms = between(limit_ms(dog, &now) / 4, LOOK_MIN_MS, LOOK_MS);
		if (now.activation != last) {
			last = now.activation;
			patience = patience_from(loop_files(), dog->schedstat, watchdog_now_ms());
			is_reported = false;
			continue;
		}
		if (!is_reported)
			log_warn("watchdog", "an activation does not end",
				 LOG_CSTR("actor", now.name), LOG_CSTR("class", now.class_name));
		is_reported = true;
		if (patience_spent_ms(&patience, loop_files(), dog->schedstat, watchdog_now_ms()) >=
		    limit_ms(dog, &now))
			end_process(dog, &now);
	}
	return NULL;
}

struct watchdog *watchdog_new(struct act_host *host, uint32_t stuck_ms)
{
	struct watchdog *dog = mem_new(struct watchdog);
	pthread_condattr_t attributes;
	int error;

	dog->host = host;
	snprintf(dog->schedstat, sizeof dog->schedstat, "/proc/self/task/%d/schedstat", gettid());
	dog->stuck_ms = stuck_ms != 0 ? stuck_ms : LIMIT_STUCK_MS;
	dog->loop = pthread_self();
	pthread_mutex_init(&dog->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&dog->ends, &attributes);
	pthread_condattr_destroy(&attributes);
	error = pthread_create(&dog->thread, NULL, watch, dog);
	assert(error == 0);
	return dog;
}

void watchdog_free(struct watchdog *dog)
{
	pthread_mutex_lock(&dog->lock);
	dog->is_ending = true;
	pthread_cond_signal(&dog->ends);
	pthread_mutex_unlock(&dog->lock);
	pthread_join(dog->thread, NULL);
	pthread_cond_destroy(&dog->ends);
	pthread_mutex_destroy(&dog->lock);
	mem_free(dog);
}

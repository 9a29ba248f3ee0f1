/*
 * The watchdog: a thread that notices an activation that does not end.
 *
 * It looks at what the host is doing, a few times a second while it does something. It logs the actor once when it finds
 * it at the same activation again; after LIMIT_STUCK_MS it aborts the process: a loop that hangs is worth less than one
 * that starts again.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/loop/loop-private.h"

#define LOOK_MS 250
#define IDLE_MS 1000 /* a host at rest is left in peace */

struct watchdog {
	struct act_host *host;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ends;
	bool is_ending;
};

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

static void *watch(void *arg)
{
	struct watchdog *dog = arg;
	struct act_host_now now = { 0 };
	uint64_t last = 0;
	int64_t stuck_ms = 0;

	while (pause_a_little(dog, now.class_name == NULL ? IDLE_MS : LOOK_MS)) {
		act_host_peek(dog->host, &now);
		if (now.class_name == NULL || now.activation != last) {
			last = now.activation;
			stuck_ms = 0;
			continue;
		}
		if (stuck_ms == 0)
			log_warn("watchdog", "an activation does not end",
				 LOG_CSTR("actor", now.name_copy),
				 LOG_CSTR("class", now.class_name));
		stuck_ms += LOOK_MS;
		if (stuck_ms >= LIMIT_STUCK_MS) {
			log_error("watchdog", "the loop is stuck, ending the process",
				  LOG_CSTR("actor", now.name_copy));
			abort();
		}
	}
	return NULL;
}

struct watchdog *watchdog_new(struct act_host *host)
{
	struct watchdog *dog = mem_new(struct watchdog);
	pthread_condattr_t attributes;
	int error;

	dog->host = host;
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

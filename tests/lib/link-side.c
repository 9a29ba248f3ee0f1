#include "tests/lib/link-side.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "runtime/actor/envelope.h"
#include "tests/lib/test.h"
#include "transport/tls/crypto.h"

/* What nng's threads asked for; each side has one, all share the bell that wakes the test's thread. */
struct link_call {
	void (*fn)(void *arg);
	void *arg;
	struct mono at; /* of a timed one */
	struct link_call *next;
};

struct link_calls {
	struct link_call *first, *last;
	struct link_call *timed; /* the test's thread alone */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell;
static pthread_once_t bell_once = PTHREAD_ONCE_INIT;

/*
 * nng counts references to dialers with atomic operations, which the sanitizer does not see in a library that was built without it:
 * it takes the end of the last one for a race with the thread that gave up the one before.
 */
const char *__tsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void)
{
	return "race:pthread_mutex_destroy\n";
}

static void make_bell(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bell, &attributes);
}

static void side_call(void *self, void (*fn)(void *arg), void *arg)
{
	struct link_side *side = self;
	struct link_call *call = mem_new(struct link_call);

	call->fn = fn;
	call->arg = arg;
	pthread_mutex_lock(&lock);
	if (side->calls->last != NULL)
		side->calls->last->next = call;
	else
		side->calls->first = call;
	side->calls->last = call;
	pthread_cond_signal(&bell);
	pthread_mutex_unlock(&lock);
}

static void side_call_at(void *self, struct mono at, void (*fn)(void *arg), void *arg)
{
	struct link_side *side = self;
	struct link_call *call = mem_new(struct link_call), **place = &side->calls->timed;

	*call = (struct link_call){ fn, arg, at, NULL };
	while (*place != NULL && (*place)->at.ns <= at.ns)
		place = &(*place)->next;
	call->next = *place;
	*place = call;
}

static void side_receive(void *self, struct seams_peer from, struct str bytes)
{
	struct link_side *side = self;
	struct str body = str_slice(bytes, ENVELOPE_BYTES, bytes.len);

	side->messages++;
	side->bytes += body.len;
	if (!side->is_counting) {
		vec_push(&side->bodies, arena_str(test_arena(), body));
		vec_push(&side->froms, from);
	}
	if (side->received != NULL)
		side->received(side, from, body);
}

static void side_lost(void *self, struct seams_peer peer)
{
	struct link_side *side = self;

	if (side->losses.len == 0)
		side->losses_at = side->bodies.len;
	vec_push(&side->losses, peer);
}

static struct mono side_mono(void *self)
{
	struct timespec at;

	(void)self;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (struct mono){ at.tv_sec * TIME_S + at.tv_nsec };
}

static void side_fill(void *self, void *at, size_t len)
{
	(void)self;
	crypto_random(at, len);
}

struct peer_config link_side_config(uint16_t host, uint16_t epoch)
{
	return (struct peer_config){
		.self = { 1, host, epoch },
		.node_name = STR("node-1"),
		.run_folder = str_from(test_folder()),
		.heartbeat_ms = 30,
		.dead_ms = 5000,
		.connect_ms = 10000,
	};
}

enum status link_side_open(struct link_side *side, struct peer_config config, struct fault *why)
{
	pthread_once(&bell_once, make_bell);
	*side = (struct link_side){ .self = config.self, .calls = mem_new(struct link_calls) };
	config.owner = (struct peer_owner){ side, side_receive, side_lost, side_call, side_call_at };
	config.clock.mono = side_mono;
	config.random.fill = side_fill;
	TRY(peer_open(&config, &side->peer, why));
	side->link = peer_seam(side->peer);
	return OK;
}

static bool turn_timed(struct link_side *side)
{
	struct link_call *call = side->calls->timed;

	if (call == NULL || side_mono(NULL).ns < call->at.ns)
		return false;
	side->calls->timed = call->next;
	call->fn(call->arg);
	mem_free(call);
	return true;
}

static bool turn(struct link_side *side)
{
	bool was_busy = turn_timed(side);
	struct link_call *call, *next;

	pthread_mutex_lock(&lock);
	call = side->calls->first;
	side->calls->first = side->calls->last = NULL;
	pthread_mutex_unlock(&lock);
	if (call == NULL)
		return was_busy;
	for (; call != NULL; call = next) {
		next = call->next;
		call->fn(call->arg);
		mem_free(call);
	}
	return true;
}

void link_side_close(struct link_side *side)
{
	if (side->peer != NULL)
		peer_stop(side->peer);
	turn(side);
	for (struct link_call *call = side->calls->timed, *next; call != NULL; call = next) {
		next = call->next;
		mem_free(call);
	}
	peer_free(side->peer);
	mem_free(side->calls);
	vec_fini(&side->bodies);
	vec_fini(&side->froms);
	vec_fini(&side->losses);
}

enum status link_side_send(struct link_side *side, struct seams_peer to, struct str body)
{
	static const char header[ENVELOPE_BYTES];
	struct text text = text_new(LIMIT_MESSAGE_BYTES);
	enum status status;

	text_add(&text, body);
	status = side->link.send(side->link.self, to, str_of(header, sizeof header), &text);
	text_fini(&text);
	return status;
}

struct seek {
	struct seams_peer of;
	enum peer_state state;
};

static void seek_state(void *arg, const struct peer_info *info)
{
	struct seek *seek = arg;

	if (info->peer.node == seek->of.node && info->peer.host == seek->of.host)
		seek->state = info->state;
}

enum peer_state link_side_state(struct link_side *side, struct seams_peer of)
{
	struct seek seek = { of, PEER_IDLE };

	peer_each(side->peer, seek_state, &seek);
	return seek.state;
}

struct peer_stats link_side_stats(struct link_side *side)
{
	struct peer_stats stats;

	peer_stats(side->peer, &stats);
	return stats;
}

#define LOOK_MS 20 /* conditions may look at what no bell tells of: a socket of their own */

/* Until something was asked for or the time has come. */
static void listen_for_bell(struct link_side *const *sides, uint32_t count, int64_t deadline_ns)
{
	struct timespec at;
	int64_t look_ns = side_mono(NULL).ns + LOOK_MS * TIME_MS;
	bool is_idle = true;

	deadline_ns = look_ns < deadline_ns ? look_ns : deadline_ns;
	for (uint32_t i = 0; i < count; i++)
		if (sides[i]->calls->timed != NULL && sides[i]->calls->timed->at.ns < deadline_ns)
			deadline_ns = sides[i]->calls->timed->at.ns;
	at = (struct timespec){ deadline_ns / TIME_S, deadline_ns % TIME_S };

	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < count; i++)
		is_idle = is_idle && sides[i]->calls->first == NULL;
	if (is_idle)
		pthread_cond_timedwait(&bell, &lock, &at);
	pthread_mutex_unlock(&lock);
}

bool link_side_run(struct link_side *const *sides, uint32_t count, bool (*until)(void *arg),
		   void *arg, uint32_t timeout_ms)
{
	int64_t deadline_ns = side_mono(NULL).ns + timeout_ms * TIME_MS;

	for (;;) {
		bool was_busy = false;

		for (uint32_t i = 0; i < count; i++)
			was_busy = turn(sides[i]) || was_busy;
		if (until(arg))
			return true;
		if (side_mono(NULL).ns >= deadline_ns)
			return false;
		if (!was_busy)
			listen_for_bell(sides, count, deadline_ns);
	}
}

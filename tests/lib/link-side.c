#include "tests/lib/link-side.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "runtime/actor/far/envelope.h"
#include "tests/lib/test.h"
#include "transport/tls/crypto.h"

#define SIDES_MAX 64U
#define LOOK_MS 20 /* conditions may look at what no loop tells of: a socket of their own */

static bool is_over_nng;

bool link_side_is_over_nng(void)
{
	return is_over_nng;
}

void link_side_use_nng(void)
{
	is_over_nng = true;
}

/*
 * nng counts references to dialers with atomic operations, which the sanitizer does not see in a library that was built without it:
 * it takes the end of the last one for a race with the thread that gave up the one before.
 */
const char *__tsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void)
{
	return "race:pthread_mutex_destroy\n";
}

static void side_call(void *self, void (*fn)(void *arg), void *arg)
{
	struct link_side *side = self;
	struct peer_owner host = peer_owner_host(loop_host(side->loop));

	host.call(host.self, fn, arg);
}

static void side_call_at(void *self, struct mono at, void (*fn)(void *arg), void *arg)
{
	struct link_side *side = self;

	act_host_call_at(loop_host(side->loop), at, fn, arg);
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
	const struct loop_config loop = { .host = { .name = "side",
						    .node = config.self.node,
						    .host = config.self.host,
						    .epoch = config.self.epoch } };

	*side = (struct link_side){ .self = config.self };
	TRY(loop_open(&loop, &side->loop));
	config.loop = is_over_nng ? NULL : side->loop;
	config.owner = (struct peer_owner){ side, side_receive, side_lost, side_call, side_call_at };
	config.clock.mono = side_mono;
	config.random.fill = side_fill;
	TRY(peer_open(&config, &side->peer, why));
	side->link = peer_seam(side->peer);
	return OK;
}

void link_side_close(struct link_side *side)
{
	if (side->peer != NULL)
		peer_stop(side->peer);
	loop_close(side->loop);
	peer_free(side->peer);
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

/* Twice: what the first turn's events gathered leaves in the second. */
static void turn(struct link_side *side)
{
	loop_step(side->loop, 0);
	loop_step(side->loop, 0);
}

/* Until a loop has something to do or the time has come. */
static void wait_for_any(struct link_side *const *sides, uint32_t count, int64_t deadline_ns)
{
	struct pollfd fds[SIDES_MAX];
	int64_t now_ns = side_mono(NULL).ns;

	CHECK(count <= SIDES_MAX);
	if (deadline_ns > now_ns + LOOK_MS * TIME_MS)
		deadline_ns = now_ns + LOOK_MS * TIME_MS;
	for (uint32_t i = 0; i < count; i++) {
		struct mono next = act_host_next(loop_host(sides[i]->loop));

		deadline_ns = next.ns < deadline_ns ? next.ns : deadline_ns;
		fds[i] = (struct pollfd){ .fd = loop_fd(sides[i]->loop), .events = POLLIN };
	}
	if (deadline_ns > now_ns)
		poll(fds, count, (int)((deadline_ns - now_ns + TIME_MS - 1) / TIME_MS));
}

bool link_side_run(struct link_side *const *sides, uint32_t count, bool (*until)(void *arg),
		   void *arg, uint32_t timeout_ms)
{
	int64_t deadline_ns = side_mono(NULL).ns + timeout_ms * TIME_MS;

	for (;;) {
		for (uint32_t i = 0; i < count; i++)
			turn(sides[i]);
		if (until(arg))
			return true;
		if (side_mono(NULL).ns >= deadline_ns)
			return false;
		wait_for_any(sides, count, deadline_ns);
	}
}

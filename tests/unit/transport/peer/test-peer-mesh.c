/* Many hosts at once: each with each, and all that lost the same one. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/authority.h"
#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/tls/context.h"

#define NODES 64U
#define PATIENCE_MS \
	300000 /* ends what hangs: 4,032 handshakes take long where many want the processor */

/* Nodes are numbered from 1. */
struct mesh {
	struct link_side nodes[NODES], *sides[NODES];
	struct tls_context *contexts[NODES][2];
	uint32_t wanted; /* messages of each */
};

static bool has_descriptors(rlim_t wanted)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted;
}

static struct str name_of(uint32_t node)
{
	return arena_printf(test_arena(), "node-%u", node);
}

static void certify(struct mesh *mesh, const struct authority_pair *ca, uint32_t i,
		    struct peer_config *config)
{
	struct str dns = arena_printf(test_arena(), "node-%u" PEER_DOMAIN, i + 1);
	struct authority_pair pair = authority_issue(ca, "node", NULL, dns.at);
	struct tls_config tls = { .certificate_pem = pair.certificate_pem,
				  .key_pem = pair.key_pem,
				  .authorities_pem = ca->certificate_pem,
				  .only_tls13 = true,
				  .now = authority_now };

	CHECK_STATUS(tls_context_new(&tls, &config->client, NULL), OK);
	tls.is_server = true;
	tls.clients = TLS_CLIENTS_MUST_SHOW;
	CHECK_STATUS(tls_context_new(&tls, &config->server, NULL), OK);
	mesh->contexts[i][0] = config->client;
	mesh->contexts[i][1] = config->server;
}

static void open_node(struct mesh *mesh, const struct authority_pair *ca, uint32_t i)
{
	struct peer_config config = link_side_config(1, 7);

	config.self.node = i + 1;
	config.node_name = name_of(i + 1);
	config.run_folder = arena_printf(test_arena(), "%s/%u", test_folder(), i + 1);
	CHECK_STATUS(loop_files()->mkdir(NULL, config.run_folder.at, 0700), OK);
	config.listen = STR("127.0.0.1:0");
	config.heartbeat_ms = 1000; /* all of them are one busy thread */
	config.dead_ms = 90000;
	config.connect_ms = 90000;
	config.greet_ms = 90000;
	certify(mesh, ca, i, &config);
	mesh->sides[i] = &mesh->nodes[i];
	CHECK_STATUS(link_side_open(&mesh->nodes[i], config, NULL), OK);
	mesh->nodes[i].is_counting = true;
}

static void introduce(struct mesh *mesh, uint32_t to, uint32_t whom)
{
	struct seams_place place = { .node = whom + 1,
				     .node_name = name_of(whom + 1),
				     .host = 1,
				     .address = peer_address(mesh->nodes[whom].peer) };

	CHECK_STATUS(peer_learn(mesh->nodes[to].peer, &place), OK);
}

static bool has_each_heard_all(void *arg)
{
	struct mesh *mesh = arg;

	for (uint32_t i = 0; i < NODES; i++)
		if (mesh->nodes[i].messages < mesh->wanted)
			return false;
	return true;
}

static void send_to_all(struct mesh *mesh)
{
	for (uint32_t from = 0; from < NODES; from++)
		for (uint32_t to = 0; to < NODES; to++)
			if (from != to)
				CHECK_STATUS(link_side_send(&mesh->nodes[from],
							    (struct seams_peer){ to + 1, 1, 0 },
							    STR("hello")),
					     OK);
	mesh->wanted += NODES - 1;
}

static void run(struct mesh *mesh)
{
	CHECK(link_side_run(mesh->sides, NODES, has_each_heard_all, mesh, PATIENCE_MS));
}

static void count_open(void *arg, const struct peer_info *info)
{
	*(uint32_t *)arg += info->state == PEER_OPEN;
}

static void close_mesh(struct mesh *mesh)
{
	for (uint32_t i = 0; i < NODES; i++) {
		link_side_close(&mesh->nodes[i]);
		tls_context_unref(mesh->contexts[i][0]);
		tls_context_unref(mesh->contexts[i][1]);
	}
}

TEST_SLOW(sixty_four_nodes_talk_each_with_each, 120)
{
	struct authority_pair ca = authority_new("troupe-ca");
	struct mesh *mesh = arena_new_of(test_arena(), struct mesh);

#ifdef __SANITIZE_THREAD__
	SKIP("4,032 handshakes take minutes with the thread sanitizer");
#endif
	if (!has_descriptors(10000))
		SKIP("10,000 descriptors are too many here");
	for (uint32_t i = 0; i < NODES; i++)
		open_node(mesh, &ca, i);
	for (uint32_t i = 0; i < NODES; i++)
		for (uint32_t k = 0; k < NODES; k++)
			if (i != k)
				introduce(mesh, i, k);
	send_to_all(mesh);
	run(mesh);
	send_to_all(mesh); /* by links that stand */
	run(mesh);
	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t open = 0;

		peer_each(mesh->nodes[i].peer, count_open, &open);
		CHECK_EQ(open, NODES - 1);
		CHECK_EQ(mesh->nodes[i].messages, mesh->wanted);
		CHECK_EQ(mesh->nodes[i].losses.len, 0);
	}
	close_mesh(mesh);
}

/* ---- all dial the one that has gone ---- */

#define DIALERS 24U
#define SETTLED_MS 3500 /* pauses have grown to their longest by then */
#define WINDOW_MS 1280  /* the longest pause */
#define BINS 16U

/* A socket on which nobody stays: it counts who calls, by time. */
struct gate {
	int listener;
	int64_t from_ns;
	uint32_t calls, bins[BINS];
};

static int64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * TIME_S + at.tv_nsec;
}

static bool is_window_over(void *arg)
{
	struct gate *gate = arg;
	int64_t since_ms = (now_ns() - gate->from_ns) / TIME_MS;
	int fd;

	while ((fd = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		close(fd);
		if (since_ms < 0 || since_ms >= WINDOW_MS)
			continue;
		gate->calls++;
		gate->bins[since_ms * BINS / WINDOW_MS]++;
	}
	return since_ms >= WINDOW_MS;
}

TEST(those_who_lost_the_same_host_do_not_dial_in_step)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct link_side nodes[DIALERS], *sides[DIALERS];
	struct gate gate = { .from_ns = now_ns() + SETTLED_MS * TIME_MS };
	uint32_t most = 0;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/1.ipc", test_folder());
	gate.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(bind(gate.listener, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_EQ(listen(gate.listener, 2 * DIALERS), 0);
	for (uint32_t i = 0; i < DIALERS; i++) {
		sides[i] = &nodes[i];
		CHECK_STATUS(
		    link_side_open(&nodes[i], link_side_config((uint16_t)(i + 2), 7), NULL), OK);
		CHECK_STATUS(
		    link_side_send(&nodes[i], (struct seams_peer){ 1, 1, 0 }, STR("hello")), OK);
	}
	CHECK(link_side_run(sides, DIALERS, is_window_over, &gate, PATIENCE_MS));
	for (uint32_t i = 0; i < BINS; i++)
		most = gate.bins[i] > most ? gate.bins[i] : most;
	/* Each calls once or twice in that time; in step, nearly all of them would within one bin. */
	CHECK(gate.calls >= DIALERS / 2 && gate.calls <= 3 * DIALERS);
	CHECK(most <= DIALERS / 2);
	for (uint32_t i = 0; i < DIALERS; i++)
		link_side_close(&nodes[i]);
	close(gate.listener);
}

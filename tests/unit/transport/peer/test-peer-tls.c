/* Links between nodes: who is let in, and that what comes after is the same as within a node. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/authority.h"
#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"
#include "transport/tls/context.h"

#define PATIENCE_MS 15000

struct node {
	struct link_side side;
	struct tls_context *client, *server;
	struct peer_config config;
};

static const struct seams_peer host_a = { 1, 1, 7 }, host_b = { 2, 1, 9 };
static struct authority_pair ca;
static _Atomic int64_t clock_ns;
static uint32_t connect_ms = 10000;

/* Read on nng's threads. */
static struct wall test_clock(void *arg)
{
	(void)arg;
	return (struct wall){ atomic_load(&clock_ns) };
}

static struct tls_config tls_of(const struct authority_pair *pair, bool is_server)
{
	return (struct tls_config){ .is_server = is_server,
				    .clients = TLS_CLIENTS_MUST_SHOW,
				    .certificate_pem = pair->certificate_pem,
				    .key_pem = pair->key_pem,
				    .authorities_pem = ca.certificate_pem,
				    .only_tls13 = true,
				    .now = test_clock };
}

static void make_ca(void)
{
	atomic_store(&clock_ns, AUTHORITY_NOW.ns);
	if (ca.key == NULL)
		ca = authority_new("troupe-ca");
}

static struct node *make_node(uint32_t number, uint16_t epoch, const char *name,
			      const struct authority_pair *pair)
{
	struct node *node = arena_new_of(test_arena(), struct node);
	struct tls_config client = tls_of(pair, false), server = tls_of(pair, true);

	CHECK_STATUS(tls_context_new(&client, &node->client, NULL), OK);
	CHECK_STATUS(tls_context_new(&server, &node->server, NULL), OK);
	node->config = link_side_config(1, epoch);
	node->config.self.node = number;
	node->config.node_name = str_from(name);
	/* Each node has a run folder of its own; two paths to one folder do. */
	node->config.run_folder = arena_printf(test_arena(), "%s/%u", test_folder(), number);
	node->config.connect_ms = connect_ms;
	node->config.listen = STR("127.0.0.1:0");
	node->config.client = node->client;
	node->config.server = node->server;
	return node;
}

static void open_node(struct node *node)
{
	char path[512];

	snprintf(path, sizeof path, STR_FMT, STR_ARG(node->config.run_folder));
	CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
	CHECK_STATUS(link_side_open(&node->side, node->config, NULL), OK);
	CHECK(str_starts(peer_address(node->side.peer), STR("127.0.0.1:")));
	CHECK(!str_ends(peer_address(node->side.peer), STR(":0")));
}

static void free_node(struct node *node)
{
	link_side_close(&node->side);
	tls_context_unref(node->client);
	tls_context_unref(node->server);
}

static struct node *start_node(uint32_t number, const char *name, const char *certified)
{
	struct authority_pair pair = authority_issue(
	    &ca, name, NULL,
	    arena_cstr(test_arena(), arena_printf(test_arena(), "%s" PEER_DOMAIN, certified)));
	struct node *node = make_node(number, number == 1 ? 7 : 9, name, &pair);

	open_node(node);
	return node;
}

static void introduce(struct node *to, const struct node *node, const char *name)
{
	struct seams_place entry = { .node = node->config.self.node,
				     .node_name = str_from(name),
				     .host = 1,
				     .address = peer_address(node->side.peer) };

	CHECK_STATUS(peer_learn(to->side.peer, &entry), OK);
}

struct both {
	struct node *a, *b;
	struct link_side *sides[2];
	uint64_t wanted;
};

static struct both pair_up(struct node *a, const char *name_a, struct node *b, const char *name_b)
{
	introduce(a, b, name_b);
	introduce(b, a, name_a);
	return (struct both){ a, b, { &a->side, &b->side }, 0 };
}

static bool has_b_messages(void *arg)
{
	struct both *both = arg;

	return both->b->side.messages >= both->wanted;
}

static bool has_a_lost(void *arg)
{
	struct both *both = arg;

	return both->a->side.losses.len >= both->wanted;
}

static bool is_open(void *arg)
{
	struct both *both = arg;

	return link_side_state(&both->a->side, host_b) == PEER_OPEN &&
	       link_side_state(&both->b->side, host_a) == PEER_OPEN;
}

static bool run(struct both *both, bool (*until)(void *arg), uint64_t wanted)
{
	both->wanted = wanted;
	return link_side_run(both->sides, 2, until, both, PATIENCE_MS);
}

LINK_TEST(nodes_talk_over_tls_in_order)
{
	struct node *a, *b;
	struct both both;
	char *large = arena_zalloc(test_arena(), MIB);

	make_ca();
	connect_ms = 1000; /* until it is given up */
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-b");
	both = pair_up(a, "node-a", b, "node-b");
	for (uint32_t i = 0; i < 500; i++)
		CHECK_STATUS(link_side_send(&a->side, host_b, arena_printf(test_arena(), "%u", i)),
			     OK);
	CHECK_STATUS(link_side_send(&a->side, host_b, str_of(large, MIB)), OK);
	CHECK(run(&both, has_b_messages, 501));
	for (uint32_t i = 0; i < 500; i++)
		CHECK(str_eq(b->side.bodies.at[i], arena_printf(test_arena(), "%u", i)));
	CHECK_EQ(b->side.bodies.at[500].len, MIB);
	CHECK_EQ(b->side.froms.at[0].node, 1);
	CHECK_EQ(a->side.losses.len + b->side.losses.len, 0);
	free_node(a);
	free_node(b);
}

/* Each byte says where it stands in which message. */
static struct str pattern(uint32_t bytes, uint32_t number)
{
	char *at = arena_zalloc(test_arena(), bytes + 1);

	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (char)(i * 7 + (i >> 8) * 13 + number);
	return str_of(at, bytes);
}

/* Around the ends of records, of what is written at once and of frames; each alone, then all together. */
LINK_TEST(messages_of_many_sizes_pass_whole_over_tls)
{
	static const uint32_t sizes[] = { 1,      16270,  16384,  24576, 32620, 32768,
					  49152,  65440,  65536,  65600, 98304, 131072,
					  200000, 400000, 900000, 40,    16200 };
	const uint32_t count = sizeof sizes / sizeof sizes[0];
	struct node *a, *b;
	struct both both;

	make_ca();
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-b");
	both = pair_up(a, "node-a", b, "node-b");
	for (uint32_t i = 0; i < 2 * count; i++) {
		CHECK_STATUS(link_side_send(&a->side, host_b, pattern(sizes[i % count], i)), OK);
		if (i < count)
			CHECK(run(&both, has_b_messages, i + 1));
	}
	CHECK(run(&both, has_b_messages, 2 * count));
	for (uint32_t i = 0; i < 2 * count; i++)
		CHECK(str_eq(b->side.bodies.at[i], pattern(sizes[i % count], i)));
	CHECK_EQ(a->side.losses.len + b->side.losses.len, 0);
	free_node(a);
	free_node(b);
}

/* b says nothing that a hears, and nothing of a is heard by b. */
static void check_strangers(struct both *both)
{
	CHECK_STATUS(link_side_send(&both->a->side, host_b, STR("x")), OK);
	CHECK_STATUS(link_side_send(&both->b->side, host_a, STR("y")), OK);
	CHECK(run(both, has_a_lost, 1));
	CHECK_EQ(both->a->side.messages + both->b->side.messages, 0);
}

LINK_TEST(a_certificate_for_another_node_is_refused)
{
	struct node *a, *b;
	struct both both;

	make_ca();
	connect_ms = 1000; /* until it is given up */
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-c"); /* says it is node-b, is certified as node-c */
	both = pair_up(a, "node-a", b, "node-b");
	check_strangers(&both);
	CHECK(strstr(link_side_stats(&a->side).last_refusal.text,
		     "does not carry the name asked for") != NULL);
	/* Where b dialed, its hello was read and not believed. */
	CHECK(link_side_stats(&a->side).bad_identities > 0);
	free_node(a);
	free_node(b);
}

LINK_TEST(a_node_that_nobody_has_heard_of_is_not_let_in)
{
	struct node *a, *b;
	struct both both;

	make_ca();
	connect_ms = 1000; /* until it is given up */
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-b");
	introduce(b, a, "node-a");
	both = (struct both){ a, b, { &a->side, &b->side }, 0 };
	CHECK_STATUS(link_side_send(&b->side, host_a, STR("let me in")), OK);
	both.a = b; /* wait for what b says */
	CHECK(run(&both, has_a_lost, 1));
	CHECK_EQ(a->side.messages, 0);
	CHECK(link_side_stats(&a->side).bad_identities > 0);
	free_node(a);
	free_node(b);
}

LINK_TEST(a_certificate_of_another_cluster_is_refused_in_words)
{
	struct authority_pair other_ca, pair;
	struct node *a, *b;
	struct both both;

	make_ca();
	connect_ms = 1000; /* until it is given up */
	other_ca = authority_new("troupe-ca");
	pair = authority_issue(&other_ca, "node-b", NULL, "node-b" PEER_DOMAIN);
	a = start_node(1, "node-a", "node-a");
	b = make_node(2, 9, "node-b", &pair);
	open_node(b);
	both = pair_up(a, "node-a", b, "node-b");
	check_strangers(&both);
	CHECK(strstr(link_side_stats(&a->side).last_refusal.text, "another cluster") != NULL ||
	      strstr(link_side_stats(&a->side).last_refusal.text, "refuses our certificate") !=
		  NULL);
	free_node(a);
	free_node(b);
}

LINK_TEST(an_expired_certificate_is_refused_in_words)
{
	struct str name = STR("node-b" PEER_DOMAIN);
	struct certificate_wish wish = {
		.common_name = STR("node-b"),
		.names = &name,
		.names_count = 1,
		.usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER,
		.not_before = { AUTHORITY_NOW.ns - 2 * AUTHORITY_DAY },
		.not_after = { AUTHORITY_NOW.ns - AUTHORITY_DAY },
	};
	struct authority_pair pair;
	struct node *a, *b;
	struct both both;

	make_ca();
	connect_ms = 1000; /* until it is given up */
	pair = authority_issue_wish(&ca, wish);
	a = start_node(1, "node-a", "node-a");
	b = make_node(2, 9, "node-b", &pair);
	open_node(b);
	both = pair_up(a, "node-a", b, "node-b");
	check_strangers(&both);
	CHECK(link_side_stats(&a->side).refusals > 0);
	CHECK(strstr(link_side_stats(&a->side).last_refusal.text,
		     "the certificate of \"node-b\" is expired since 2025-12-31T00:00:00Z") != NULL);
	free_node(a);
	free_node(b);
}

static void renew(struct node *node, const char *name)
{
	struct str dns = arena_printf(test_arena(), "%s" PEER_DOMAIN, name);
	struct certificate_wish wish = {
		.common_name = str_from(name),
		.names = &dns,
		.names_count = 1,
		.usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER,
		.not_before = { AUTHORITY_NOW.ns },
		.not_after = { AUTHORITY_NOW.ns + 100 * AUTHORITY_DAY },
	};
	struct authority_pair pair = authority_issue_wish(&ca, wish);
	struct tls_config client = tls_of(&pair, false), server = tls_of(&pair, true);

	CHECK_STATUS(tls_context_replace(node->client, &client, NULL), OK);
	CHECK_STATUS(tls_context_replace(node->server, &server, NULL), OK);
}

LINK_TEST(a_certificate_is_renewed_under_a_link_and_counts_from_the_next_connection)
{
	struct node *a, *b;
	struct both both;

	make_ca();
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-b");
	both = pair_up(a, "node-a", b, "node-b");
	CHECK_STATUS(link_side_send(&a->side, host_b, STR("one")), OK);
	CHECK(run(&both, is_open, 0));
	renew(a, "node-a");
	renew(b, "node-b");
	CHECK_STATUS(link_side_send(&a->side, host_b, STR("two")), OK);
	CHECK(run(&both, has_b_messages, 2));
	CHECK_EQ(a->side.losses.len, 0);
	/* The first certificates have run out by now; the first new connection already shows the new ones. */
	atomic_store(&clock_ns, AUTHORITY_NOW.ns + 10 * AUTHORITY_DAY);
	link_side_close(&b->side);
	b->config.self.epoch = 10;
	b->config.listen = STR("127.0.0.1:0");
	open_node(b);
	introduce(a, b, "node-b");
	introduce(b, a, "node-a");
	CHECK_STATUS(link_side_send(&b->side, host_a, STR("I am back")), OK);
	CHECK(run(&both, is_open, 0));
	CHECK_EQ(link_side_stats(&a->side).refusals + link_side_stats(&b->side).refusals, 0);
	free_node(a);
	free_node(b);
}

/* A listener whose queue is full: who dials it hears nothing at all. */
static int open_silent(int *queued, struct sockaddr_in *address)
{
	socklen_t len = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK_EQ(bind(fd, (struct sockaddr *)address, len), 0);
	CHECK_EQ(listen(fd, 0), 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &len), 0);
	*queued = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(*queued, (struct sockaddr *)address, len), 0);
	return fd;
}

LINK_TEST(a_node_that_does_not_answer_at_all_is_lost_and_its_dial_can_be_ended)
{
	struct sockaddr_in address;
	int queued, fd = open_silent(&queued, &address);
	struct seams_place entry = { .node = 2, .node_name = STR("node-b"), .host = 1 };
	struct node *a, *b;
	struct both both;

	make_ca();
	connect_ms = 1000; /* until it is given up */
	a = start_node(1, "node-a", "node-a");
	b = start_node(2, "node-b", "node-b");
	entry.address = arena_printf(test_arena(), "127.0.0.1:%u", ntohs(address.sin_port));
	CHECK_STATUS(peer_learn(a->side.peer, &entry), OK);
	both = (struct both){ a, b, { &a->side, &b->side }, 0 };
	CHECK_STATUS(link_side_send(&a->side, host_b, STR("x")), OK);
	CHECK(run(&both, has_a_lost, 1));
	CHECK_EQ(link_side_state(&a->side, host_b), PEER_AWAY);
	free_node(a); /* the second dial is under way by now */
	free_node(b);
	close(queued);
	close(fd);
}

LINK_TEST(an_address_that_is_taken_is_refused_in_words)
{
	struct node *a, *b;
	struct authority_pair pair;
	struct fault why;

	make_ca();
	a = start_node(1, "node-a", "node-a");
	pair = authority_issue(&ca, "node-b", NULL, "node-b" PEER_DOMAIN);
	b = make_node(2, 9, "node-b", &pair);
	b->config.listen = peer_address(a->side.peer);
	b->config.run_folder = str_from(test_folder());
	CHECK_STATUS(link_side_open(&b->side, b->config, &why), BUSY);
	CHECK(strstr(why.text, "links from other nodes on 127.0.0.1:") != NULL);
	free_node(a);
	free_node(b);
}

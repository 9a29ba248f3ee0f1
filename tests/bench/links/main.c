/*
 * bench-links rtt|rate [nng-|look-]ipc|tls BYTES COUNT [all]: two hosts in two processes, an actor in each. Prints a number, or two.
 * bench-links papers FOLDER: writes certificates like those of tls, for others to be measured with.
 *
 * rtt: COUNT times there and back, one after the other: the median in microseconds. rate: COUNT messages one way: millions a second,
 * and what it would be if each process had a core of its own. `all`, on a second line: the 99th percentile of rtt, the times the
 * two processes were switched to, and their CPU time, for one of COUNT. All bounds, counters and run times are on. nng-: by nng's
 * streams. look-: with loops that look for a moment before they sleep (loop_config.spin_us), as Erlang's do.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "transport/peer/peer.h"
#include "transport/tls/certificate.h"

#define BYTES_MAX (64U * KIB)
#define WARM 200U /* round trips that are not measured */
#define BURST 256U
#define LATER_MS 1U
#define NODES 2U
#define LOOK_US 100U /* before a sleep, of look- */

struct options {
	bool is_rate, is_tls, is_nng, is_looking, is_talkative;
	uint32_t bytes, count;
};

/* One process. */
struct side {
	const struct options *options;
	struct peer_config config;
	struct peer *peer;
	struct loop *loop;
	struct act_ref there; /* the one that echoes or counts */
	int in, out;          /* of words between the processes */
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench-links: %s\n", what);
	exit(1);
}

static void must(enum status status)
{
	if (status != OK)
		give_up(status_text(status));
}

static int64_t now_ns(void)
{
	const struct seams_clock *clock = loop_clock();

	return clock->mono(clock->self).ns;
}

/* ---- messages ---- */

struct load {
	struct str bytes;
};

static enum status load_encode(const void *body, struct text *out)
{
	text_add(out, ((const struct load *)body)->bytes);
	return OK;
}

static enum status load_decode(struct str bytes, struct arena *arena, void *body)
{
	((struct load *)body)->bytes = arena_str(arena, bytes);
	return OK;
}

struct told { /* that all have arrived; how dear that was */
	int64_t cpu_us, switches;
};

static enum status told_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct told));
	return OK;
}

static enum status told_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct told))
		return INVALID;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

struct go_on {
	char unused;
};

static ACT_TYPE(load, .id = 1, .encode = load_encode, .decode = load_decode);
static ACT_TYPE(told, .id = 2, .encode = told_encode, .decode = told_decode);
static ACT_TYPE(go_on);
static const struct act_type *const types[] = { &load_type, &told_type };

static struct told cost(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (struct told){
		(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec +
		    used.ru_stime.tv_usec,
		used.ru_nvcsw + used.ru_nivcsw,
	};
}

/* ---- the far side: sends back, or counts and says when all are there ---- */

struct far {
	const struct options *options;
	struct told before;
	uint32_t count;
};

static enum status far_init(struct act *act, void *state, const void *args)
{
	((struct far *)state)->options = args;
	return act_register(act, "far");
}

static struct told since(struct told before)
{
	struct told now = cost();

	return (struct told){ now.cpu_us - before.cpu_us, now.switches - before.switches };
}

static enum act_verdict far_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct far *far = state;

	far->count++;
	if (far->count == (far->options->is_rate ? 1 : WARM))
		far->before = cost();
	if (!far->options->is_rate)
		act_cast(act, msg->from, &load_type, msg->body);
	if (far->count == far->options->count + (far->options->is_rate ? 0 : WARM)) {
		struct told told = since(far->before);

		act_cast(act, msg->from, &told_type, &told);
	}
	return ACT_OK;
}

static const struct act_class far_class = { .name = "far",
					    .state_size = sizeof(struct far),
					    .init = far_init,
					    .receive = far_receive,
					    .mailbox_max = 1U << 24 };

/* ---- the near side: sends and looks at the clock ---- */

struct near {
	struct side *side;
	struct str bytes;
	struct told before;
	int64_t began_ns, sent_ns;
	uint32_t sent, measured;
	uint32_t *took_ns;
};

static enum status near_init(struct act *act, void *state, const void *args)
{
	static char bytes[BYTES_MAX];
	struct near *near = state;

	near->side = *(struct side *const *)args;
	near->bytes = str_of(bytes, near->side->options->bytes);
	near->took_ns = act_alloc(act, near->side->options->count * sizeof(uint32_t));
	near->before = cost();
	near->began_ns = now_ns();
	act_cast(act, act_self(act), &go_on_type, &(struct go_on){ 0 });
	return OK;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(struct near *near, uint32_t percent)
{
	uint32_t count = near->side->options->count;

	qsort(near->took_ns, count, sizeof(uint32_t), by_size);
	return near->took_ns[(uint64_t)(count - 1) * percent / 100] / 1e3;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static enum act_verdict finish(struct near *near, const struct told *there)
{
	const struct options *options = near->side->options;
	struct told here = since(near->before);
	double count = options->count, ns = (double)(now_ns() - near->began_ns);

	if (options->is_rate)
		printf("%.4f %.4f\n", count * 1e3 / ns,
		       count / (double)larger(1, larger(here.cpu_us, there->cpu_us)));
	else
		printf("%.1f\n", percentile(near, 50));
	if (options->is_talkative)
		printf("p99 %.1f us, %.1f switches, %.3f us of CPU\n",
		       options->is_rate ? 0 : percentile(near, 99),
		       (double)(here.switches + there->switches) / count,
		       (double)(here.cpu_us + there->cpu_us) / count);
	fflush(stdout);
	loop_quit(near->side->loop);
	return ACT_OK;
}

/* As many as the link takes; what it refuses is sent later, since its queue has emptied only in part then. */
static void send_burst(struct act *act, struct near *near)
{
	struct load load = { near->bytes };
	enum status status = OK;

	for (uint32_t i = 0; i < BURST && near->sent < near->side->options->count; i++) {
		status = act_send(act, near->side->there, &load_type, &load);
		if (status != OK)
			break;
		near->sent++;
	}
	if (status != OK && status != BUSY)
		give_up(status_text(status));
	if (status == BUSY)
		act_after(act, LATER_MS, &go_on_type, &(struct go_on){ 0 });
	else if (near->sent < near->side->options->count)
		act_cast(act, act_self(act), &go_on_type, &(struct go_on){ 0 });
}

static void send_one(struct act *act, struct near *near)
{
	near->sent_ns = now_ns();
	must(act_send(act, near->side->there, &load_type, &(struct load){ near->bytes }));
}

static void came_back(struct act *act, struct near *near)
{
	if (near->sent++ == WARM)
		near->before = cost();
	if (near->sent > WARM && near->measured < near->side->options->count)
		near->took_ns[near->measured++] = (uint32_t)(now_ns() - near->sent_ns);
	if (near->measured < near->side->options->count)
		send_one(act, near);
}

static enum act_verdict near_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct near *near = state;

	if (ACT_IS(msg, told))
		return finish(near, ACT_AS(msg, told));
	if (near->side->options->is_rate)
		send_burst(act, near);
	else if (ACT_IS(msg, go_on))
		send_one(act, near);
	else
		came_back(act, near);
	return ACT_OK;
}

static const struct act_class near_class = { .name = "near",
					     .state_size = sizeof(struct near),
					     .init = near_init,
					     .receive = near_receive,
					     .mailbox_max = 1U << 16 };

/* ---- the two processes ---- */

struct papers {
	struct str authority, certificate, key;
};

/* What is valid now: of a node, or without a name of an authority. */
static struct certificate_wish wish_for(struct str node)
{
	struct wall now = loop_clock()->wall(loop_clock()->self);
	bool is_node = node.at != NULL;

	return (struct certificate_wish){ .common_name = is_node ? node : STR("bench"),
					  .usage = is_node ? CERTIFICATE_CLIENT | CERTIFICATE_SERVER
							   : CERTIFICATE_AUTHORITY,
					  .not_before = { now.ns - TIME_S * 3600 },
					  .not_after = { now.ns + TIME_S * 3600 } };
}

/* Papers of each node by one authority. */
static void make_papers(struct papers *papers, struct arena *arena)
{
	static const char *const nodes[NODES] = { "a" PEER_DOMAIN, "b" PEER_DOMAIN };
	struct certificate_key *authority = certificate_key_new();
	struct certificate_wish wish = wish_for(STR_NONE);
	struct str ca;

	must(certificate_self_signed(&wish, authority, arena, &ca, NULL));
	for (uint32_t i = 0; i < NODES; i++) {
		struct str name = str_from(nodes[i]);
		struct certificate_key *key = certificate_key_new();

		wish = wish_for(name);
		wish.names = &name;
		wish.names_count = 1;
		must(certificate_issue_own(&(struct certificate_authority){ ca, authority }, &wish,
					   key, arena, &papers[i].certificate, NULL));
		papers[i].authority = ca;
		papers[i].key = certificate_key_private_pem(key, arena);
		certificate_key_free(key);
	}
	certificate_key_free(authority);
}

static void certify(struct side *side, const struct papers *papers)
{
	struct tls_config tls = { .authorities_pem = papers->authority,
				  .certificate_pem = papers->certificate,
				  .key_pem = papers->key,
				  .only_tls13 = true,
				  .now = loop_clock()->wall };

	must(tls_context_new(&tls, &side->config.client, NULL));
	tls.is_server = true;
	tls.clients = TLS_CLIENTS_MUST_SHOW;
	must(tls_context_new(&tls, &side->config.server, NULL));
	side->config.listen = STR("127.0.0.1:0");
}

static void write_file(const char *folder, const char *name, struct str text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	if (file == NULL || fwrite(text.at, 1, text.len, file) != text.len || fclose(file) != 0)
		give_up("the certificates cannot be written");
}

/* For Erlang's nodes: the authority, and each node's certificate with its key. */
static void write_papers(const char *folder)
{
	static const char *const names[NODES] = { "a.pem", "b.pem" };
	struct arena *arena = arena_new(0);
	struct papers papers[NODES];

	make_papers(papers, arena);
	write_file(folder, "authority.pem", papers[0].authority);
	for (uint32_t i = 0; i < NODES; i++)
		write_file(folder, names[i],
			   arena_printf(arena, STR_FMT STR_FMT, STR_ARG(papers[i].certificate),
					STR_ARG(papers[i].key)));
	arena_free(arena);
}

static void learn(struct side *side, const struct side *other, const char *address)
{
	struct seams_place place = { .node = other->config.self.node,
				     .node_name = other->config.node_name,
				     .host = other->config.self.host,
				     .address = str_from(address) };

	must(peer_learn(side->peer, &place));
}

static void open_side(struct side *side)
{
	struct loop_config config = { .spin_us = side->options->is_looking ? LOOK_US : 0,
				      .host = { .name = "bench",
						.node = side->config.self.node,
						.host = side->config.self.host,
						.epoch = side->config.self.epoch,
						.types = types,
						.type_count = 2 } };
	struct fault why = { 0 };
	struct seams_link link;

	must(loop_open(&config, &side->loop));
	if (!side->options->is_nng)
		side->config.loop = side->loop;
	side->config.owner = peer_owner_host(loop_host(side->loop));
	side->config.clock = act_host_seams(loop_host(side->loop))->clock;
	side->config.random = act_host_seams(loop_host(side->loop))->random;
	if (peer_open(&side->config, &side->peer, &why) != OK)
		give_up(why.text);
	link = peer_seam(side->peer);
	act_host_set_link(loop_host(side->loop), &link);
}

struct word {
	char address[64];
	struct act_ref ref;
};

static void say(struct side *side, struct act_ref ref)
{
	struct word word = { .ref = ref };

	snprintf(word.address, sizeof word.address, STR_FMT, STR_ARG(peer_address(side->peer)));
	if (write(side->out, &word, sizeof word) != sizeof word)
		give_up("the other process has gone");
}

static struct word hear(struct side *side)
{
	struct word word;

	if (read(side->in, &word, sizeof word) != sizeof word)
		give_up("the other process has gone");
	return word;
}

struct birth {
	const struct act_class *class;
	const void *args;
	struct act_ref made;
};

static void bear(struct act *act, void *state, void *arg)
{
	struct birth *birth = arg;

	(void)state;
	must(act_spawn(act, birth->class, birth->args, NULL, &birth->made));
}

static struct act_ref start(struct side *side, const struct act_class *class, const void *args)
{
	struct act_host *host = loop_host(side->loop);
	struct birth birth = { class, args, ACT_NIL };

	if (!act_host_enter(host, act_host_root(host), bear, &birth))
		give_up("no actor");
	return birth.made;
}

static _Noreturn void live_far(struct side *far, const struct side *near)
{
	struct word word;

	open_side(far);
	say(far, start(far, &far_class, far->options));
	word = hear(far);
	learn(far, near, word.address);
	loop_run(far->loop);
	_exit(0);
}

static void live_near(struct side *near, const struct side *far)
{
	struct word word;

	open_side(near);
	word = hear(near);
	say(near, ACT_NIL);
	near->there = word.ref;
	learn(near, far, word.address);
	start(near, &near_class, &near);
	loop_run(near->loop);
}

static uint32_t number(const char *text)
{
	uint64_t value = 0;

	if (str_to_u64(str_from(text), &value) != OK || value == 0 || value > UINT32_MAX / 2)
		give_up("BYTES and COUNT are numbers");
	return (uint32_t)value;
}

static struct options read_options(int argc, char **argv)
{
	struct options options;
	const char *way;

	if (argc != 5 && argc != 6)
		give_up("usage: bench-links rtt|rate [nng-|look-]ipc|tls BYTES COUNT [all]");
	options.is_talkative = argc == 6;
	options.is_rate = strcmp(argv[1], "rate") == 0;
	options.is_nng = strncmp(argv[2], "nng-", 4) == 0;
	options.is_looking = strncmp(argv[2], "look-", 5) == 0;
	way = strrchr(argv[2], '-');
	options.is_tls = strcmp(way != NULL ? way + 1 : argv[2], "tls") == 0;
	options.bytes = number(argv[3]);
	options.count = number(argv[4]);
	if (options.bytes > BYTES_MAX)
		give_up("BYTES are 65536 at most");
	return options;
}

static void make_side(struct side *side, const struct options *options, uint32_t number_of,
		      struct str folder, int in, int out)
{
	*side = (struct side){ .options = options, .in = in, .out = out };
	side->config.self =
	    (struct seams_peer){ options->is_tls ? number_of : 1, (uint16_t)number_of, 1 };
	side->config.node_name = number_of == 1 || !options->is_tls ? STR("a") : STR("b");
	side->config.run_folder = folder;
	side->config.dead_ms = 30000;
}

int main(int argc, char **argv)
{
	static const struct log_config quiet = { .level = LOG_ERROR };
	struct options options;
	char folder[] = "/tmp/bench-links-XXXXXX";
	struct arena *arena = arena_new(0);
	int there[2], back[2];
	struct papers papers[NODES];
	struct side near, far;
	pid_t child;

	log_configure(&quiet);
	if (argc == 3 && strcmp(argv[1], "papers") == 0) {
		write_papers(argv[2]);
		return 0;
	}
	options = read_options(argc, argv);
	if (mkdtemp(folder) == NULL || pipe(there) != 0 || pipe(back) != 0)
		give_up("no folder or pipe");
	make_side(&near, &options, 1, str_from(folder), back[0], there[1]);
	make_side(&far, &options, 2, str_from(folder), there[0], back[1]);
	if (options.is_tls) {
		make_papers(papers, arena);
		certify(&near, &papers[0]);
		certify(&far, &papers[1]);
	}
	/* Before the first thread is made. */
	child = fork();
	if (child == 0)
		live_far(&far, &near);
	live_near(&near, &far);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	peer_stop(near.peer);
	loop_files()->unlink(NULL, arena_printf(arena, "%s/2.ipc", folder).at);
	loop_files()->unlink(NULL, folder);
	return 0;
}

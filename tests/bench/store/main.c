/*
 * bench-store NODES CLIENTS SECONDS FOLDER: stores in processes of their own, and one more process that loads the one that leads, over a
 * link with TLS as between nodes.
 *
 * Each of CLIENTS puts 1 KiB to its key if the key is as it left it, one after another. Prints as JSON: writes a second, the 50th and
 * 99th percentile of how long one took, the CPU time of all stores for one, and how many were refused and tried again.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "datastore/store/store.h"
#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "transport/peer/peer.h"
#include "transport/tls/certificate.h"

#define NODES_MAX 7U
#define CLIENTS_MAX 4096U
#define VALUE_BYTES 1024U
#define SAMPLES_MAX (1U << 21)
#define LOOK_MS 50U
#define WARM_MS 500U
#define ANSWER_MS 20000U
#define TAG_STATUS CLIENTS_MAX /* below: a client's write */
#define TAG_JOIN (CLIENTS_MAX + 1)

/* One process: 1 to count are stores, the one after them loads. */
struct side {
	uint32_t number, count, clients, seconds;
	struct tls_context *client, *server;
	const char *folder;
	struct peer *peer;
	struct loop *loop;
	pid_t loader, pids[NODES_MAX]; /* the stores', which the loader knows */
};

struct address {
	char text[64];
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench-store: %s\n", what);
	exit(1);
}

static void must(enum status status)
{
	if (status != OK)
		give_up(status_text(status));
}

static int64_t now_ns(void)
{
	return loop_clock()->mono(loop_clock()->self).ns;
}

struct again {
	uint32_t client;
};
struct phase {
	bool is_over;
};
static ACT_TYPE(again);
static ACT_TYPE(phase);

/* ---- a store's node: it joins ---- */

static void ask_own(struct act *act)
{
	(void)!act_request(act, act_named(act, "store"), &store_ask_status_type,
			   &(struct store_ask_status){ 0 }, ANSWER_MS, TAG_STATUS);
}

static enum status usher_init(struct act *act, void *state, const void *args)
{
	*(const struct side **)state = *(const struct side *const *)args;
	act_after(act, LOOK_MS, &again_type, &(struct again){ 0 });
	return OK;
}

static void knock(struct act *act, const struct side *side, uint64_t id)
{
	struct store_member_add add = { .arena = arena_new(0), .id = id };

	add.name = arena_printf(add.arena, "n%u", side->number);
	add.address = arena_printf(add.arena, "127.0.0.1:%u", side->number);
	if (act_request(act, act_named(act, "store@n1"), &store_member_add_type, &add, ANSWER_MS,
			TAG_JOIN) != OK)
		arena_free(add.arena);
}

static enum act_verdict usher_receive(struct act *act, void *state, const struct act_msg *msg)
{
	const struct side *side = *(const struct side **)state;

	if (ACT_IS(msg, again))
		ask_own(act);
	if (msg->kind != ACT_ANSWER || msg->tag != TAG_STATUS)
		return ACT_OK;
	if (msg->status == OK && ACT_IS(msg, store_status)) {
		const struct store_status *status = ACT_AS(msg, store_status);

		if (status->role == STORE_VOTER)
			return ACT_OK;
		if (status->role == STORE_NOT_MEMBER && status->id != 0 && side->number > 1)
			knock(act, side, status->id);
	}
	act_after(act, LOOK_MS, &again_type, &(struct again){ 0 });
	return ACT_OK;
}

static const struct act_class usher_class = { .name = "usher",
					      .state_size = sizeof(struct side *),
					      .init = usher_init,
					      .receive = usher_receive };

/* ---- the load ---- */

struct load {
	const struct side *side;
	struct act_ref store; /* that leads */
	char value[VALUE_BYTES];
	uint64_t revisions[CLIENTS_MAX];
	int64_t sent_ns[CLIENTS_MAX];
	int64_t began_ns, cpu_ns;
	bool is_measuring;
	uint32_t *took_us, count, refused;
};

static int64_t stores_cpu_ns(const struct side *side)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < side->count; i++) {
		struct timespec used;
		clockid_t clock;

		if (clock_getcpuclockid(side->pids[i], &clock) != 0 ||
		    clock_gettime(clock, &used) != 0)
			give_up("a store has ended");
		sum += used.tv_sec * TIME_S + used.tv_nsec;
	}
	return sum;
}

static enum status load_init(struct act *act, void *state, const void *args)
{
	struct load *load = state;

	load->side = *(const struct side *const *)args;
	load->took_us = act_alloc(act, SAMPLES_MAX * sizeof *load->took_us);
	memset(load->value, 'v', sizeof load->value);
	act_after(act, LOOK_MS, &again_type, &(struct again){ TAG_STATUS });
	return OK;
}

/* A link that has no room now has some in a moment. */
static void put(struct act *act, struct load *load, uint32_t client)
{
	char key[32];
	int len = snprintf(key, sizeof key, "/bench/%u", client);
	struct store_op op = { .kind = STORE_PUT,
			       .key = str_of(key, (uint32_t)len),
			       .value = str_of(load->value, VALUE_BYTES),
			       .expected = load->revisions[client] };
	struct store_write write = { .success = &op, .success_count = 1 };
	enum status status =
	    act_request(act, load->store, &store_write_type, &write, ANSWER_MS, client);

	if (status != OK && status != BUSY)
		give_up(status_text(status));
	if (status == BUSY)
		act_after(act, 1, &again_type, &(struct again){ client });
}

static void begin(struct act *act, struct load *load, const char *leader)
{
	load->store = act_named(act, leader);
	for (uint32_t i = 0; i < load->side->clients; i++) {
		load->revisions[i] = STORE_ANY_REVISION;
		load->sent_ns[i] = now_ns();
		put(act, load, i);
	}
	act_after(act, WARM_MS, &phase_type, &(struct phase){ false });
	act_after(act, WARM_MS + load->side->seconds * 1000, &phase_type, &(struct phase){ true });
}

static void took_status(struct act *act, struct load *load, const struct act_msg *msg)
{
	const struct store_status *status = NULL;
	uint32_t voters = 0;
	char leader[64];

	if (msg->status == OK && ACT_IS(msg, store_status))
		status = ACT_AS(msg, store_status);
	for (uint32_t i = 0; status != NULL && i < status->member_count; i++)
		voters += status->members[i].role == STORE_VOTER;
	if (status == NULL || status->leader == 0 || voters < load->side->count) {
		act_after(act, LOOK_MS, &again_type, &(struct again){ TAG_STATUS });
		return;
	}
	snprintf(leader, sizeof leader, "store@" STR_FMT, STR_ARG(status->leader_name));
	begin(act, load, leader);
}

static void took_answer(struct act *act, struct load *load, const struct act_msg *msg)
{
	uint32_t client = (uint32_t)msg->tag;
	enum status status = store_outcome(msg);
	int64_t now = now_ns();

	if (status == BUSY ||
	    status == FULL) { /* it has more than it can hold: as any client, later */
		load->refused++;
		act_after(act, 1, &again_type, &(struct again){ client });
		return;
	}
	if (status != OK)
		give_up(status_text(status));
	load->revisions[client] = ACT_AS(msg, store_write_answer)->revision;
	if (load->is_measuring && load->count < SAMPLES_MAX)
		load->took_us[load->count++] = (uint32_t)((now - load->sent_ns[client]) / TIME_US);
	load->sent_ns[client] = now;
	put(act, load, client);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile_ms(const struct load *load, uint32_t percent)
{
	return load->took_us[(uint64_t)(load->count - 1) * percent / 100] / 1e3;
}

static void finish(struct load *load)
{
	double span_s = (double)(now_ns() - load->began_ns) / TIME_S;
	int64_t cpu_ns = stores_cpu_ns(load->side) - load->cpu_ns;

	if (load->count == 0)
		give_up("nothing was written");
	qsort(load->took_us, load->count, sizeof *load->took_us, by_size);
	printf("{\"per_s\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"cpu_us\": %.2f, "
	       "\"refused\": %u}\n",
	       load->count / span_s, percentile_ms(load, 50), percentile_ms(load, 99),
	       (double)cpu_ns / TIME_US / load->count, load->refused);
	fflush(stdout);
	loop_quit(load->side->loop);
}

static enum act_verdict load_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct load *load = state;

	if (msg->kind == ACT_ANSWER && msg->tag == TAG_STATUS) {
		took_status(act, load, msg);
	} else if (msg->kind == ACT_ANSWER) {
		took_answer(act, load, msg);
	} else if (ACT_IS(msg, phase) && ACT_AS(msg, phase)->is_over) {
		finish(load);
	} else if (ACT_IS(msg, phase)) {
		load->is_measuring = true;
		load->began_ns = now_ns();
		load->cpu_ns = stores_cpu_ns(load->side);
	} else if (ACT_IS(msg, again) && ACT_AS(msg, again)->client < CLIENTS_MAX) {
		put(act, load, ACT_AS(msg, again)->client);
	} else if (ACT_IS(msg, again)) {
		if (act_request(act, act_named(act, "store@n1"), &store_ask_status_type,
				&(struct store_ask_status){ 0 }, ANSWER_MS, TAG_STATUS) != OK)
			act_after(act, LOOK_MS, &again_type, &(struct again){ TAG_STATUS });
	}
	return ACT_OK;
}

static const struct act_class load_class = { .name = "load",
					     .state_size = sizeof(struct load),
					     .init = load_init,
					     .receive = load_receive,
					     .mailbox_max = 1U << 16 };

/* ---- the processes ---- */

/* One certificate that is good for all of them: who is who is not what is measured. */
static void make_contexts(struct side *side, struct arena *arena)
{
	struct wall now = loop_clock()->wall(loop_clock()->self);
	struct certificate_key *ca_key = certificate_key_new(), *key = certificate_key_new();
	struct str ca, names[NODES_MAX + 1];
	struct certificate_wish wish = { .common_name = STR("bench"),
					 .usage = CERTIFICATE_AUTHORITY,
					 .not_before = { now.ns - TIME_S * 3600 },
					 .not_after = { now.ns + TIME_S * 3600 } };
	struct tls_config tls = { .only_tls13 = true, .now = loop_clock()->wall };

	must(certificate_self_signed(&wish, ca_key, arena, &ca, NULL));
	for (uint32_t i = 0; i <= side->count; i++)
		names[i] = arena_printf(arena, "n%u" PEER_DOMAIN, i + 1);
	wish.usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER;
	wish.names = names;
	wish.names_count = side->count + 1;
	must(certificate_issue(&(struct certificate_authority){ ca, ca_key }, &wish,
			       certificate_key_public_pem(key, arena), arena, &tls.certificate_pem,
			       NULL));
	tls.authorities_pem = ca;
	tls.key_pem = certificate_key_private_pem(key, arena);
	must(tls_context_new(&tls, &side->client, NULL));
	tls.is_server = true;
	tls.clients = TLS_CLIENTS_MUST_SHOW;
	must(tls_context_new(&tls, &side->server, NULL));
	certificate_key_free(ca_key);
	certificate_key_free(key);
}

static void open_side(struct side *side)
{
	char name[16], run[PATH_MAX];
	struct loop_config config = { .host = { .name = "bench",
						.node = side->number,
						.host = 1,
						.epoch = 1,
						.types = store_types,
						.type_count = store_type_count },
				      .is_prompt = true };
	struct peer_config peer = { .self = { side->number, 1, 1 },
				    .listen = STR("127.0.0.1:0"),
				    .client = side->client,
				    .server = side->server };
	struct fault why = { 0 };
	struct seams_link link;

	snprintf(run, sizeof run, "%s/n%u", side->folder, side->number);
	must(loop_files()->mkdir(NULL, run, 0700));
	peer.run_folder = str_from(run);
	must(loop_open(&config, &side->loop));
	snprintf(name, sizeof name, "n%u", side->number);
	peer.node_name = str_from(name);
	peer.loop = side->loop;
	peer.owner = peer_owner_host(loop_host(side->loop));
	peer.clock = act_host_seams(loop_host(side->loop))->clock;
	peer.random = act_host_seams(loop_host(side->loop))->random;
	if (peer_open(&peer, &side->peer, &why) != OK)
		give_up(why.text);
	link = peer_seam(side->peer);
	act_host_set_link(loop_host(side->loop), &link);
}

static void say_own(const struct side *side, int out)
{
	struct address address = { "" };

	snprintf(address.text, sizeof address.text, STR_FMT, STR_ARG(peer_address(side->peer)));
	if (write(out, &address, sizeof address) != sizeof address)
		give_up("the loader has gone");
}

static void learn(struct side *side, uint32_t number, const struct address *address)
{
	char name[16];
	struct seams_place place = { .node = number, .host = 1 };

	snprintf(name, sizeof name, "n%u", number);
	place.node_name = str_from(name);
	place.address = str_from(address->text);
	if (number != side->number)
		must(peer_learn(side->peer, &place));
}

static _Noreturn void live_store(struct side *side, int in, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != side->loader)
		_exit(1); /* it had gone before */
	struct arena *arena = arena_new(0);
	struct store_config store = {
		.folder = arena_printf(arena, "%s/n%u/store", side->folder, side->number).at,
		.name = arena_printf(arena, "n%u", side->number),
		.address = arena_printf(arena, "127.0.0.1:%u", side->number),
		.is_first = side->number == 1
	};
	const struct act_child children[] = {
		{ .id = "store", .class = &store_class, .args = &store },
		{ .id = "usher", .class = &usher_class, .args = &side },
	};
	const struct act_supervisor root = { .children = children, .child_count = 2 };
	struct address address;

	open_side(side);
	say_own(side, out);
	for (uint32_t i = 1; i <= side->count + 1; i++) {
		if (read(in, &address, sizeof address) != sizeof address)
			give_up("the loader has gone");
		learn(side, i, &address);
	}
	must(act_host_start(loop_host(side->loop), &root));
	loop_run(side->loop);
	_exit(1);
}

static void live_load(struct side *side, int (*pipes)[4])
{
	const struct act_child child = { .id = "load", .class = &load_class, .args = &side };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct address all[NODES_MAX + 1] = { 0 };

	open_side(side);
	for (uint32_t i = 0; i < side->count; i++)
		if (read(pipes[i][0], &all[i], sizeof all[i]) != sizeof all[i])
			give_up("a store has ended");
	snprintf(all[side->count].text, sizeof all[0].text, STR_FMT,
		 STR_ARG(peer_address(side->peer)));
	for (uint32_t i = 0; i < side->count; i++) {
		size_t len = (side->count + 1) * sizeof all[0];

		learn(side, i + 1, &all[i]);
		if (write(pipes[i][3], all, len) != (ssize_t)len)
			give_up("a store has ended");
	}
	must(act_host_start(loop_host(side->loop), &root));
	loop_run(side->loop);
}

static uint32_t number(const char *text, uint32_t max)
{
	uint64_t value = 0;

	if (str_to_u64(str_from(text), &value) != OK || value == 0 || value > max)
		give_up("usage: bench-store NODES CLIENTS SECONDS FOLDER");
	return (uint32_t)value;
}

static void end_stores(const struct side *side)
{
	for (uint32_t i = 0; i < side->count; i++) {
		kill(side->pids[i], SIGKILL);
		waitpid(side->pids[i], NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static const struct log_config quiet = { .level = LOG_ERROR };
	struct arena *arena = arena_new(0);
	int pipes[NODES_MAX][4]; /* from the store: read, write; to it: read, write */
	struct side side = { 0 };

	if (argc != 5)
		give_up("usage: bench-store NODES CLIENTS SECONDS FOLDER");
	side.count = number(argv[1], NODES_MAX);
	side.clients = number(argv[2], CLIENTS_MAX);
	side.seconds = number(argv[3], 600);
	side.folder = argv[4];
	side.loader = getpid();
	log_configure(&quiet);
	make_contexts(&side, arena);
	/* Before the first thread is made. */
	for (uint32_t i = 0; i < side.count; i++) {
		if (pipe(pipes[i]) != 0 || pipe(pipes[i] + 2) != 0)
			give_up("no pipe");
		side.number = i + 1;
		side.pids[i] = fork();
		if (side.pids[i] == 0)
			live_store(&side, pipes[i][2], pipes[i][1]);
		close(pipes[i][1]);
		close(pipes[i][2]);
	}
	side.number = side.count + 1;
	live_load(&side, pipes);
	end_stores(&side);
	peer_stop(side.peer);
	arena_free(arena);
	return 0;
}

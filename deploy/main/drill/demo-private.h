/*
 * What the files of the demo share. Only for deploy/main/demo*.c.
 *
 *   demo.c         the story: one task of one actor, from the first node to the last figure
 *   demo-nodes.c   nodes and kubectl as child processes; asking a node over its sockets
 *   demo-report.c  the figures as a person and as a program reads them
 */
#ifndef DEPLOY_MAIN_DRILL_DEMO_PRIVATE_H
#define DEPLOY_MAIN_DRILL_DEMO_PRIVATE_H

#include "deploy/cluster/pki.h"
#include "deploy/main/command/ask.h"
#include "deploy/main/command/json-look.h"
#include "deploy/main/drill/demo.h"
#include "deploy/main/drill/probe.h"
#include "deploy/main/drill/standing.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"

#define DEMO_HEAL_MS 30000U
#define DEMO_NODES_MAX 7U
#define DEMO_ACTS_MAX 4U
#define DEMO_NAMESPACE "troupe-demo"
#define DEMO_PERIOD_MS 100U

struct demo_node {
	char name[8], address[16];
	const char *folder;
	int64_t pid;                /* of its root; 0: not running */
	struct act_ref api, socket; /* clients */
	bool is_lost;
};

struct demo_act {
	const char *what;
	struct probe_outage outage;
};

struct demo_kubectl {
	int64_t pid;
	int code;
	bool has_ended;
};

struct demo {
	struct act *act;
	const struct command_line *line;
	struct arena *arena;
	struct fault why;
	int code;
	bool is_done, is_json;
	char folder[900];
	struct tls_context *tls;
	struct demo_node nodes[DEMO_NODES_MAX];
	uint32_t node_count;
	struct demo_kubectl kubectl, watcher;
	struct probe probe;

	/* The figures. */
	int64_t ready_ms, ha_ms, rollout_ms, watch_gap_ms;
	struct demo_act acts[DEMO_ACTS_MAX];
	uint32_t act_count;
	char promoted[8];
	uint64_t lost_writes, pods_replaced;
	uint64_t memory_bytes[DEMO_NODES_MAX];
};

int64_t demo_ms(struct mono since);
/* A line of the story, for people; on stderr when stdout is for a program. */
void demo_say(const struct demo *demo, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the story with these words: gives false, to stand behind `return`. */
bool demo_fail(struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- demo-nodes.c: for the story's task ------------------------------------------------------------------ */

bool demo_start_node(struct demo *demo, struct demo_node *node, const char *token);
/* ask_client, with the words of a failure in `why` of the demo. */
bool demo_ask(struct demo *demo, struct act_ref client, const char *method, const char *path,
	      struct str body, struct arena *arena, int *out_code, struct str *out_body);
bool demo_wait_ready(struct demo *demo, struct demo_node *node, uint32_t timeout_ms);
bool demo_connect(struct demo *demo,
		  struct demo_node *node); /* to its socket, and its API if the keys are there */
bool demo_connect_api(struct demo *demo,
		      struct demo_node *node); /* to its API; the keys are loaded */
/* The cluster as one node sees it. */
struct demo_view {
	uint32_t voters;            /* that are alive */
	uint32_t leader;            /* index of a node; node_count if there is none */
	char roles[DEMO_NODES_MAX]; /* first letter of its role; '-': dead */
};
struct demo_view demo_view(struct demo *demo, struct demo_node *node);
/* Waits until all nodes that are not lost see the same leader and this many voters; false when they do not in HEAL time. */
bool demo_await_voters(struct demo *demo, uint32_t voters, struct demo_view *out);
struct demo_node *demo_living(struct demo *demo); /* a node that is not lost */
/* Which processes a node's host is: `host` as root names them; 0: none. */
int64_t demo_host_pid(struct demo *demo, struct demo_node *node, const char *host);
bool demo_kill(struct demo *demo, int64_t pid); /* SIGKILL */
uint64_t demo_memory(struct demo *demo, struct demo_node *node);
/* Runs kubectl against a living node and shows the command and at most `lines` of what it printed. */
bool demo_kubectl(struct demo *demo, uint32_t lines, const char *const *words);
#define DEMO_KUBECTL(demo, lines, ...) \
	demo_kubectl((demo), (lines), (const char *const[]){ __VA_ARGS__, NULL })
bool demo_watch_start(struct demo *demo);
uint32_t demo_watch_lines(struct demo *demo);
void demo_ended(struct demo *demo, const struct loop_ended *ended);
void demo_stop_all(struct demo *demo);

/* ---- demo-report.c ------------------------------------------------------------------------------------------- */

void demo_report(const struct demo *demo);

#endif

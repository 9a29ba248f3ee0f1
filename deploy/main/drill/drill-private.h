/*
 * What the files of the drill share. Only for deploy/main/drill/drill*.c.
 *
 *   drill.c          the story: one task of one actor, from the first look to the report
 *   drill-fault.c    faults other than SIGKILL, as ChaosPlans
 *   drill-clients.c  whom it asks, and the namespace in which it writes
 */
#ifndef DEPLOY_MAIN_DRILL_DRILL_PRIVATE_H
#define DEPLOY_MAIN_DRILL_DRILL_PRIVATE_H

#include "deploy/main/command/ask.h"
#include "deploy/main/drill/drill-fault.h"
#include "deploy/main/drill/drill.h"
#include "deploy/main/drill/probe.h"
#include "deploy/main/drill/standing.h"

#define DRILL_NAMESPACE "troupe-drill"
#define DRILL_NAMESPACE_PATH "/api/v1/namespaces/" DRILL_NAMESPACE
#define DRILL_PLANS_PATH "/apis/troupe.internal/v1/chaosplans"
#define DRILL_BEGIN_MS 15000U

struct drill {
	struct act *act;
	const struct command_line *line;
	const char *what;                /* leader, voter, controllers */
	const struct drill_fault *fault; /* NULL: SIGKILL */
	int64_t fault_s;
	struct data_dir dir;
	struct arena *arena;
	struct fault why;
	struct tls_context *tls;
	struct act_ref socket;
	struct probe probe;
	int code;
	bool is_done, is_interrupted, has_namespace, has_plan, is_probing;

	/* What is hurt, and the figures. */
	struct str node;
	const char *host;
	int64_t pid;
	struct standing before, after;
	struct drill_plan plan;
	struct probe_outage outage;
	int64_t restored_ms;
	uint64_t lost;
};

/* Gives false, to stand behind `return`; the first reason is the one to be told. */
bool drill_fail(struct drill *drill, const char *format, ...) __attribute__((format(printf, 2, 3)));
int64_t drill_now_ms(const struct drill *drill);
/* Sleeps; false when there is no more time until then, or somebody wants an end. */
bool drill_wait_on(struct drill *drill, int64_t until_ms);

/* Of our own node, which may be the one that was killed: then there is no answer for a moment. Absent: none. */
struct str drill_ask_own(struct drill *drill, const char *path, struct arena *arena);
/* Asks the nodes in turn until one answers; 0: nobody, or each is too busy or on its way to another leader. */
int drill_ask_any(struct drill *drill, const char *method, const char *path, struct str body,
		  struct arena *arena, struct str *out_body);

bool drill_load_keys(struct drill *drill);
bool drill_connect(struct drill *drill, const char *url, struct tls_context *tls,
		   struct act_ref *out);
bool drill_connect_all(struct drill *drill); /* to each node that lives: the probe's */
bool drill_make_namespace(struct drill *drill);
/* Not cut short by anybody: what was made has to go. */
bool drill_remove(struct drill *drill, const char *path);

#endif

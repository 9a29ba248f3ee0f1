/*
 * Asking a node: how a verb of the command line talks to the node that runs on this machine.
 *
 * Over the private socket in the data directory, so whoever may read the directory may ask; the paths are admin.h's. Runs a loop
 * of its own until the answer is there, so only a program's main thread calls it.
 */
#ifndef DEPLOY_MAIN_COMMAND_ASK_H
#define DEPLOY_MAIN_COMMAND_ASK_H

#include "deploy/main/command/data-dir.h"
#include "runtime/actor/act.h"
#include "transport/tls/context.h"

struct ask {
	const char *url;         /* "unix:/...", "https://10.0.0.1:6443" */
	struct tls_context *tls; /* for https; NULL: none */
	struct str server_name;  /* that its certificate must carry; absent: the URL's host */
	const char *method, *path;
	struct str content_type, body; /* absent: none */
	uint32_t timeout_ms;
};

struct answered {
	int code;
	struct str body; /* in the arena */
};

/* OK: it was answered, whatever the code. Else `why` says in words what kept it from being. */
MUST_USE enum status ask_place(const struct ask *ask, struct arena *arena, struct answered *out,
			       struct fault *why);

/* How the host with the doors refuses, by 503, what one that is away would answer; its words begin so. */
#define ASK_AWAY "the core host of this node is away"

/* The node of this directory. NOT_FOUND with words: none runs on it. UNAVAILABLE: ASK_AWAY. */
MUST_USE enum status ask_node(const struct data_dir *dir, const char *method, const char *path,
			      struct str body, uint32_t timeout_ms, struct arena *arena,
			      struct answered *out, struct fault *why);

/* A refusal as `why`: the body's first line. OK for codes below 400. */
MUST_USE enum status ask_judge(const struct answered *answer, struct fault *why);

/*
 * In a task of an actor that has an HTTP client (transport/http/client.h): asks and waits for the answer. False: none came, and
 * `why` says so. The body, JSON both ways, is the arena's.
 */
MUST_USE bool ask_client(struct act *act, struct act_ref client, const char *method,
			 const char *path, struct str body, struct arena *arena, int *out_code,
			 struct str *out_body, struct fault *why);

/* Runs one actor in a loop of its own until it sets *is_done, for at most so long (0: without end). OK, TIMEOUT, or why it could not begin. */
MUST_USE enum status ask_run(const struct act_class *class, const void *args, const bool *is_done,
			     uint32_t timeout_ms);

/* Lets time pass between two questions. */
void ask_pause(uint32_t ms);

#endif

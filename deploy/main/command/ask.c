#include "deploy/main/command/ask.h"

#include <errno.h>
#include <sys/stat.h>

#include "runtime/actor/act.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"

#define TAG 1U
#define CLIENT_MS 5000U
#define SLACK_MS 2000U /* beyond the call's own limit of time, until something is badly wrong */

struct asker_args {
	const struct ask *ask;
	struct http_client_config config;
	struct arena *arena;
	struct answered *out;
	struct fault *why;
	enum status status;
	bool is_done;
};

struct asker {
	struct asker_args *args;
	struct http_call *call;
};

static void finish(struct asker *asker, const struct act_msg *msg)
{
	struct asker_args *args = asker->args;
	const struct fault *fault = http_call_fault(asker->call);

	args->status = msg->status;
	args->is_done = true;
	if (msg->status == OK)
		*args->out =
		    (struct answered){ .code = http_call_code(asker->call),
				       .body = arena_str(args->arena, http_call_body(asker->call)) };
	else if (fault != NULL && fault->text[0] != '\0')
		(void)fault_set(args->why, msg->status, "", "%s", fault->text);
	else
		(void)fault_set(args->why, msg->status, "", "%s", status_text(msg->status));
	http_call_close(asker->call);
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	if (msg->kind != ACT_ANSWER || msg->tag != TAG)
		return ACT_UNHANDLED;
	finish(state, msg);
	return ACT_OK;
}

static enum status asker_init(struct act *act, void *state, const void *given)
{
	struct asker *asker = state;
	struct asker_args *args = *(struct asker_args *const *)given;
	const struct ask *ask = args->ask;
	struct http_header type = { STR("content-type"), ask->content_type };
	struct http_request request = { .method = str_from(ask->method),
					.path = str_from(ask->path),
					.headers = { &type, ask->content_type.at != NULL },
					.body = HTTP_BYTES(ask->body),
					.timeout_ms = ask->timeout_ms };
	struct act_ref client;

	asker->args = args;
	TRY(act_spawn(act, &http_client_class, &args->config, NULL, &client));
	return http_call(act, client, &request, TAG, &asker->call);
}

static const struct act_class asker_class = { .name = "asker",
					      .state_size = sizeof(struct asker),
					      .init = asker_init,
					      .receive = asker_receive };

static bool is_set(void *arg)
{
	return *(const bool *)arg;
}

enum status ask_run(const struct act_class *class, const void *args, const bool *is_done,
		    uint32_t timeout_ms)
{
	struct act_child child = { .id = class->name, .class = class, .args = args };
	struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct loop_config config = {
		.host = { .name = class->name, .node = 1, .epoch = 1, .root = &root }
	};
	bool has_ended;
	struct loop *loop;

	TRY(loop_open(&config, &loop));
	do
		has_ended = loop_run_until(loop, is_set, (void *)(uintptr_t)is_done,
					   timeout_ms ? timeout_ms : SLACK_MS);
	while (!has_ended && timeout_ms == 0);
	loop_close(loop);
	return has_ended ? OK : TIMEOUT;
}

enum status ask_place(const struct ask *ask, struct arena *arena, struct answered *out,
		      struct fault *why)
{
	struct asker_args args = { .ask = ask,
				   .config = { .url = ask->url,
					       .tls = ask->tls,
					       .server_name = ask->server_name,
					       .connect_ms = ask->timeout_ms },
				   .arena = arena,
				   .out = out,
				   .why = why };
	struct asker_args *self = &args;
	enum status status = ask_run(&asker_class, &self, &args.is_done, ask->timeout_ms + SLACK_MS);

	if (status == TIMEOUT)
		return fault_set(why, TIMEOUT, "", "no answer within %u ms", ask->timeout_ms);
	return status == OK ? args.status : status;
}

bool ask_client(struct act *act, struct act_ref client, const char *method, const char *path,
		struct str body, struct arena *arena, int *out_code, struct str *out_body,
		struct fault *why)
{
	struct http_header type = { STR("content-type"), STR("application/json") };
	struct http_request request = { .method = str_from(method),
					.path = str_from(path),
					.headers = { &type, body.at != NULL },
					.body = HTTP_BYTES(body),
					.timeout_ms = CLIENT_MS };
	struct http_call *call;

	if (http_fetch(act, client, &request, &call, why) != OK)
		return false;
	*out_code = http_call_code(call);
	*out_body = arena_str(arena, http_call_body(call));
	http_call_close(call);
	return true;
}

enum status ask_node(const struct data_dir *dir, const char *method, const char *path,
		     struct str body, uint32_t timeout_ms, struct arena *arena,
		     struct answered *out, struct fault *why)
{
	struct str socket = arena_printf(arena, "%s/api.sock", dir->run);
	struct ask ask = { .url = arena_printf(arena, "unix:" STR_FMT, STR_ARG(socket)).at,
			   .method = method,
			   .path = path,
			   .body = body,
			   .timeout_ms = timeout_ms };
	struct stat st;
	enum status status;

	if (stat(socket.at, &st) != 0 && errno == EACCES)
		return fault_set(
		    why, FORBIDDEN, "--data-dir",
		    "%s may not be looked into: be the user who runs the node, or name "
		    "another directory with --data-dir",
		    dir->path);
	if (stat(socket.at, &st) != 0)
		return fault_set(why, NOT_FOUND, "--data-dir",
				 "no node runs on %s (start one with `troupe up`, or name its "
				 "directory with --data-dir)",
				 dir->path);
	status = ask_place(&ask, arena, out, why);
	if (status == UNAVAILABLE)
		return fault_set(why, NOT_FOUND, "--data-dir",
				 "the node on %s does not answer; is `troupe up` running there?",
				 dir->path);
	if (status == OK && out->code == 503 && str_starts(out->body, STR(ASK_AWAY)))
		return fault_set(why, UNAVAILABLE, "", STR_FMT, STR_ARG(str_trim(out->body)));
	return status;
}

enum status ask_judge(const struct answered *answer, struct fault *why)
{
	struct str rest = answer->body, line = str_cut(&rest, '\n');

	if (answer->code < 400)
		return OK;
	return fault_set(why, answer->code == 404 ? NOT_FOUND : INVALID, "", STR_FMT, STR_ARG(line));
}

static bool is_never(void *arg)
{
	(void)arg;
	return false;
}

void ask_pause(uint32_t ms)
{
	struct loop_config config = { .host = { .name = "pause", .node = 1, .epoch = 1 } };
	struct loop *loop;

	if (loop_open(&config, &loop) != OK)
		return;
	(void)loop_run_until(loop, is_never, NULL, ms);
	loop_close(loop);
}

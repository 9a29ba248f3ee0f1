#include "deploy/main/ask.h"

#include <sys/stat.h>

#include "runtime/actor/act.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"

#define TAG 1U
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

static bool is_done(void *arg)
{
	return ((struct asker_args *)arg)->is_done;
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
	struct act_child child = { .id = "asker", .class = &asker_class, .args = &self };
	struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct loop_config config = { .host = {
					  .name = "ask", .node = 1, .epoch = 1, .root = &root } };
	struct loop *loop;

	TRY(loop_open(&config, &loop));
	if (!loop_run_until(loop, is_done, &args, ask->timeout_ms + SLACK_MS))
		args.status = fault_set(why, TIMEOUT, "", "no answer within %u ms", ask->timeout_ms);
	loop_close(loop);
	return args.status;
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

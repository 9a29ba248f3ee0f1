#include "deploy/main/migration/remote-call.h"

#include "deploy/cluster/secret-file.h"
#include "deploy/main/command/ask.h"
#include "runtime/actor/act.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"

#define TAG 1U
#define CONNECT_MS 5000U
#define SLACK_MS 2000U /* beyond the call's own limit of time */

struct caller_args {
	struct http_client_config config;
	const char *path;
	struct str body;
	struct arena *arena;
	struct str *out;
	struct fault *why;
	enum status status;
	bool is_done;
};

struct caller {
	struct caller_args *args;
	struct http_call *call;
};

static enum status status_of(uint64_t code)
{
	switch (code) {
	case GRPC_OK: return OK;
	case GRPC_UNAVAILABLE: return UNAVAILABLE;
	case GRPC_DEADLINE_EXCEEDED: return TIMEOUT;
	case GRPC_UNAUTHENTICATED: return UNAUTHORIZED;
	case GRPC_PERMISSION_DENIED: return FORBIDDEN;
	case GRPC_OUT_OF_RANGE: return EXPIRED;
	case GRPC_UNIMPLEMENTED: return NOT_IMPLEMENTED;
	case GRPC_RESOURCE_EXHAUSTED: return TOO_LARGE;
	default: return INVALID;
	}
}

static struct str header_of(struct http_headers headers, const char *name)
{
	for (uint32_t i = 0; i < headers.count; i++)
		if (str_is(headers.at[i].name, name))
			return headers.at[i].value;
	return STR_NONE;
}

/* The status is in the trailers, or, when there is nothing else, in the head. */
static enum status read_answer(struct caller *caller)
{
	struct caller_args *args = caller->args;
	struct http_headers trailers = http_call_trailers(caller->call);
	struct http_headers headers = http_call_headers(caller->call);
	struct str word = header_of(trailers, "grpc-status"), message;
	struct grpc_fault fault = { GRPC_OK, STR_NONE };
	uint64_t code;

	if (http_call_code(caller->call) != 200)
		return fault_set(args->why, INVALID, "", "it answers %d: no etcd",
				 http_call_code(caller->call));
	if (word.at == NULL) {
		trailers = headers;
		word = header_of(trailers, "grpc-status");
	}
	if (word.at == NULL || str_to_u64(word, &code) != OK)
		return fault_set(args->why, INVALID, "", "it does not answer as gRPC: no etcd");
	if (code != GRPC_OK) {
		struct str words = header_of(trailers, "grpc-message");

		return fault_set(args->why, status_of(code), "", STR_FMT, STR_ARG(words));
	}
	if (!grpc_only(http_call_body(caller->call), REMOTE_CALL_BYTES, &message, &fault))
		return fault_set(args->why, INVALID, "", STR_FMT, STR_ARG(fault.words));
	*args->out = arena_str(args->arena, message);
	return OK;
}

static void finish(struct caller *caller, enum status status)
{
	struct caller_args *args = caller->args;
	const struct fault *fault = http_call_fault(caller->call);

	if (status == OK)
		status = read_answer(caller);
	else if (fault != NULL && fault->text[0] != '\0')
		(void)fault_set(args->why, status, "", "%s", fault->text);
	else
		(void)fault_set(args->why, status, "", "%s", status_text(status));
	http_call_close(caller->call);
	args->status = status;
	args->is_done = true;
}

static enum act_verdict caller_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	if (msg->kind != ACT_ANSWER || msg->tag != TAG)
		return ACT_UNHANDLED;
	finish(state, msg->status);
	return ACT_OK;
}

static enum status caller_init(struct act *act, void *state, const void *given)
{
	static const struct http_header headers[] = {
		{ { "content-type", 12 }, { "application/grpc", 16 } },
		{ { "te", 2 }, { "trailers", 8 } },
	};
	struct caller *caller = state;
	struct caller_args *args = *(struct caller_args *const *)given;
	struct http_request request = { .method = STR("POST"),
					.path = str_from(args->path),
					.headers = { headers, 2 },
					.body = HTTP_BYTES(args->body),
					.timeout_ms = REMOTE_CALL_MS,
					.answer_max_bytes = REMOTE_CALL_BYTES };
	struct act_ref client;

	caller->args = args;
	TRY(act_spawn(act, &http_client_class, &args->config, NULL, &client));
	return http_call(act, client, &request, TAG, &caller->call);
}

static const struct act_class caller_class = { .name = "caller",
					       .state_size = sizeof(struct caller),
					       .init = caller_init,
					       .receive = caller_receive };

enum status remote_call(const struct remote_place *place, const char *path, struct str message,
			struct arena *arena, struct str *out, struct fault *why)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];
	struct text body = text_in(arena, message.len + GRPC_PREFIX_BYTES);
	struct caller_args args = { .config = { .url = place->url,
						.tls = place->tls,
						.connect_ms = CONNECT_MS,
						.is_http2_known = place->tls == NULL },
				    .path = path,
				    .arena = arena,
				    .out = out,
				    .why = why };
	struct caller_args *self = &args;
	enum status status;

	grpc_prefix(prefix, message.len);
	text_add_bytes(&body, prefix, sizeof prefix);
	text_add(&body, message);
	args.body = text_str(&body);
	status = ask_run(&caller_class, &self, &args.is_done, REMOTE_CALL_MS + SLACK_MS);
	if (status == TIMEOUT)
		return fault_set(why, TIMEOUT, "", "no answer within %u ms", REMOTE_CALL_MS);
	return status == OK ? args.status : fault_set(why, status, "", "%s", status_text(status));
}

/* ---- keys ---- */

static enum status read_pem(const struct seams_files *files, const char *path, const char *prefix,
			    const char *option, struct arena *arena, struct str *out,
			    struct fault *why)
{
	enum status status;

	if (path == NULL)
		return OK;
	status = secret_file_read(files, path, arena, out, NULL);
	return status == OK ? OK
			    : fault_set(why, status, "", "%s%s: %s: %s", prefix, option, path,
					status_text(status));
}

enum status remote_tls(const struct seams_files *files, const struct remote_keys *keys,
		       const char *prefix, struct arena *arena, struct tls_context **out,
		       struct fault *why)
{
	struct tls_config config = { .alpn = STR("h2"),
				     .now = loop_clock()->wall,
				     .now_arg = loop_clock()->self };

	TRY(read_pem(files, keys->authority, prefix, "ca", arena, &config.authorities_pem, why));
	TRY(read_pem(files, keys->certificate, prefix, "cert", arena, &config.certificate_pem, why));
	TRY(read_pem(files, keys->key, prefix, "key", arena, &config.key_pem, why));
	return tls_context_new(&config, out, why);
}

#include "actors/encryption/kms/rpc.h"

#include "actors/encryption/kms/message.h"
#include "transport/http/client.h"

#define CONNECT_AGAIN_MS 100U

static const char *const method_paths[RPC_COUNT] = {
	[RPC_STATUS] = "/v2.KeyManagementService/Status",
	[RPC_ENCRYPT] = "/v2.KeyManagementService/Encrypt",
	[RPC_DECRYPT] = "/v2.KeyManagementService/Decrypt",
};

/* What a seed's values are said to be of when its plug-in did not open it; by gRPC's codes. */
static const char *const code_words[] = {
#define WORDS(code) "failed to decrypt DEK, error: rpc error: code = " code
	[GRPC_OK] = "failed to decrypt DEK, error: the answer is no seed",
	[GRPC_CANCELLED] = WORDS("Canceled"),
	[GRPC_UNKNOWN] = WORDS("Unknown"),
	[GRPC_INVALID_ARGUMENT] = WORDS("InvalidArgument"),
	[GRPC_DEADLINE_EXCEEDED] = WORDS("DeadlineExceeded"),
	[GRPC_NOT_FOUND] = WORDS("NotFound"),
	[GRPC_ALREADY_EXISTS] = WORDS("AlreadyExists"),
	[GRPC_PERMISSION_DENIED] = WORDS("PermissionDenied"),
	[GRPC_RESOURCE_EXHAUSTED] = WORDS("ResourceExhausted"),
	[GRPC_FAILED_PRECONDITION] = WORDS("FailedPrecondition"),
	[GRPC_ABORTED] = WORDS("Aborted"),
	[GRPC_OUT_OF_RANGE] = WORDS("OutOfRange"),
	[GRPC_UNIMPLEMENTED] = WORDS("Unimplemented"),
	[GRPC_INTERNAL] = WORDS("Internal"),
	[GRPC_UNAVAILABLE] = WORDS("Unavailable"),
	[GRPC_DATA_LOSS] = WORDS("DataLoss"),
	[GRPC_UNAUTHENTICATED] = WORDS("Unauthenticated"),
#undef WORDS
};

static const char *const code_names[] = {
	"OK",
	"Canceled",
	"Unknown",
	"InvalidArgument",
	"DeadlineExceeded",
	"NotFound",
	"AlreadyExists",
	"PermissionDenied",
	"ResourceExhausted",
	"FailedPrecondition",
	"Aborted",
	"OutOfRange",
	"Unimplemented",
	"Internal",
	"Unavailable",
	"DataLoss",
	"Unauthenticated",
};

const char *rpc_code_name(enum grpc_code code)
{
	return code_names[code];
}

const char *rpc_seed_words(enum grpc_code code)
{
	return code_words[code];
}

static enum status connect(struct rpc *rpc, struct arena *arena)
{
	const struct http_client_config config = {
		.url = arena_printf(arena, "unix:" STR_FMT, STR_ARG(rpc->kms->endpoint)).at,
		.connect_ms = rpc->kms->timeout_ms,
		.is_http2_known = true,
	};

	if (rpc->has_client)
		return OK;
	TRY(act_spawn(rpc->act, &http_client_class, &config, NULL, &rpc->client));
	rpc->has_client = true;
	return OK;
}

static enum status ask_once(struct rpc *rpc, enum rpc_method method, struct str question,
			    uint32_t timeout_ms, struct arena *arena, struct str *out,
			    struct grpc_fault *said, struct fault *why)
{
	static const struct http_header headers[] = {
		{ { "content-type", 12 }, { "application/grpc", 16 } },
		{ { "te", 2 }, { "trailers", 8 } },
	};
	struct http_request request = { .method = STR("POST"),
					.path = str_from(method_paths[method]),
					.authority = STR("localhost"),
					.headers = { headers, 2 },
					.body = HTTP_BYTES(question),
					.timeout_ms = timeout_ms,
					.answer_max_bytes = MESSAGE_BYTES_MAX };
	struct http_call *call;
	enum status status;
	struct str message = STR("");

	TRY(connect(rpc, arena));
	status = http_fetch(rpc->act, rpc->client, &request, &call, why);
	if (status == GONE || status == NOT_FOUND) {
		rpc->has_client = false; /* it ended: another one is made */
		return fault_set(why, UNAVAILABLE, "", "the connection has ended");
	}
	if (status != OK)
		return status;
	status = grpc_answer(call, MESSAGE_BYTES_MAX, &message, said, why);
	*out = arena_str(arena, message);
	said->words = arena_str(arena, said->words.at != NULL ? said->words : STR(""));
	http_call_close(call);
	return status;
}

static void observe(struct rpc *rpc, enum rpc_method method, enum grpc_code code, struct mono since)
{
	static const double bounds[] = { 0.0001, 0.0004, 0.0016, 0.0064,  0.0256, 0.1024,
					 0.4096, 1.6384, 6.5536, 26.2144, 52.4288 };
	struct metrics *metrics = rpc->metrics;
	struct arena *arena;
	const char *labels;

	if (metrics == NULL)
		return;
	arena = arena_new(0);
	labels =
	    arena_printf(arena,
			 "provider_name=\"" STR_FMT "\",method_name=\"%s\",grpc_status_code=\"%s\"",
			 STR_ARG(rpc->kms->name), method_paths[method], code_names[code])
		.at;
	metrics_observe(metrics_histogram(
			    metrics, "apiserver_envelope_encryption_kms_operations_latency_seconds",
			    "Time of calls to KMS plug-ins.", labels, bounds,
			    sizeof bounds / sizeof bounds[0]),
			(double)(act_now(rpc->act).ns - since.ns) / (double)TIME_S);
	arena_free(arena);
}

void rpc_ask(struct rpc *rpc, enum rpc_method method, struct str question, struct arena *arena,
	     struct str *out, struct grpc_fault *said)
{
	struct act *act = rpc->act;
	struct mono begun = act_now(act);
	int64_t ends_ns = begun.ns + rpc->kms->timeout_ms * (int64_t)TIME_MS, left_ns;
	struct fault why = { 0 };
	enum status status;

	do {
		left_ns = ends_ns - act_now(act).ns;
		status = ask_once(rpc, method, question, (uint32_t)(left_ns / TIME_MS) + 1, arena,
				  out, said, &why);
		if (status != UNAVAILABLE)
			break;
		act_sleep(act, CONNECT_AGAIN_MS);
	} while (act_now(act).ns < ends_ns);
	if (status != OK) {
		said->code = status == TIMEOUT       ? GRPC_DEADLINE_EXCEEDED
			     : status == UNAVAILABLE ? GRPC_UNAVAILABLE
						     : GRPC_INTERNAL;
		said->words = arena_str(arena, str_from(why.text));
	}
	rpc->kms->is_away = said->code == GRPC_UNAVAILABLE || said->code == GRPC_DEADLINE_EXCEEDED;
	observe(rpc, method, said->code, begun);
}

void rpc_end(struct rpc *rpc)
{
	if (rpc->has_client)
		act_stop(rpc->act, rpc->client);
	rpc->has_client = false;
}

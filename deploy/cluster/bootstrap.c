#include "deploy/cluster/bootstrap.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "deploy/cluster/embedded.h"
#include "runtime/base/log.h"
#include "transport/wire/json.h"

#define IN_FLIGHT 32U
#define CALL_MS 10000U
#define RETRY_MS 50U
#define SERVICE_ADDRESS "10.96.0.1"

/* Each object's request is tagged with its line; the lines after those of objects.tsv are made here. */
struct bootstrap {
	struct bootstrap_args args;
	struct str lines[512];
	uint32_t line_count, next, waiting, missing;
	bool is_done;
	bool is_early; /* the server is not ready yet: nothing more is sent in this round */
};

struct bootstrap_retry {
	char nothing;
};
static const ACT_TYPE(bootstrap_retry, .id = 0);

/* ---- the objects ------------------------------------------------------------------------------------------ */

static void add_line(struct bootstrap *b, struct str line)
{
	assert(b->line_count < sizeof b->lines / sizeof b->lines[0]);
	b->lines[b->line_count++] = line;
}

static struct str authority_line(struct arena *arena, const struct bootstrap_args *args)
{
	struct text out = text_in(arena, 64 * KIB);

	text_lit(&out, "/api/v1/namespaces/kube-system/configmaps\t");
	text_lit(&out, "{\"metadata\":{\"name\":\"kube-root-ca.crt\"},\"data\":{\"ca.crt\":");
	json_write_string(&out, args->authority_pem);
	text_lit(&out, "}}");
	return text_str(&out);
}

static struct str service_line(struct arena *arena, const struct bootstrap_args *args)
{
	return arena_printf(
	    arena,
	    "/api/v1/namespaces/default/"
	    "services\t{\"metadata\":{\"name\":\"kubernetes\",\"labels\":{"
	    "\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"type\":"
	    "\"ClusterIP\","
	    "\"clusterIP\":\"" SERVICE_ADDRESS
	    "\",\"ipFamilyPolicy\":\"SingleStack\",\"ipFamilies\":["
	    "\"IPv4\"],\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443,"
	    "\"targetPort\":%u}]}}",
	    args->port);
}

static struct str endpoints_line(struct arena *arena, const struct bootstrap_args *args)
{
	return arena_printf(
	    arena,
	    "/api/v1/namespaces/default/"
	    "endpoints\t{\"metadata\":{\"name\":\"kubernetes\",\"labels\":{"
	    "\"endpointslice.kubernetes.io/"
	    "skip-mirror\":\"true\"}},\"subsets\":[{\"addresses\":[{\"ip\":\"" STR_FMT
	    "\"}],\"ports\":[{\"name\":\"https\",\"port\":%u,\"protocol\":\"TCP\"}]}]}",
	    STR_ARG(args->address), args->port);
}

static struct str slice_line(struct arena *arena, const struct bootstrap_args *args)
{
	return arena_printf(
	    arena,
	    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices\t{\"metadata\":{\"name\":"
	    "\"kubernetes\",\"labels\":{\"kubernetes.io/"
	    "service-name\":\"kubernetes\"}},\"addressType\":"
	    "\"IPv4\",\"endpoints\":[{\"addresses\":[\"" STR_FMT
	    "\"],\"conditions\":{\"ready\":true}}],\"ports\":[{\"name\":\"https\",\"port\":%u,"
	    "\"protocol\":\"TCP\"}]}",
	    STR_ARG(args->address), args->port);
}

static void collect(struct bootstrap *b, struct arena *arena)
{
	struct str rest = str_of(cluster_objects, cluster_objects_len);

	while (rest.at != NULL && rest.len > 0)
		add_line(b, str_cut(&rest, '\n'));
	if (b->args.authority_pem.len > 0)
		add_line(b, authority_line(arena, &b->args));
	add_line(b, service_line(arena, &b->args));
	/* A loopback address is refused by the rules for endpoints, as upstream refuses it: then there are none. */
	if (str_starts(b->args.address, STR("127.")) || str_is(b->args.address, "::1"))
		return;
	add_line(b, endpoints_line(arena, &b->args));
	add_line(b, slice_line(arena, &b->args));
}

/* ---- sending ----------------------------------------------------------------------------------------------- */

static void retry(struct act *act)
{
	act_after(act, RETRY_MS, &bootstrap_retry_type, &(struct bootstrap_retry){ 0 });
}

static bool send_one(struct bootstrap *b, struct act *act, uint32_t line)
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct str object = b->lines[line], path = str_cut(&object, '\t');
	struct api_call call = request_call("POST", path, STR("system:apiserver"));

	call.groups = &masters;
	call.group_count = 1;
	call.accept = API_TYPE_JSON;
	call.agent = STR("troupe");
	call.term = b->args.term;
	request_set_body(&call, API_TYPE_JSON, object);
	if (act_request(act, act_named(act, b->args.api), &api_call_type, &call, CALL_MS,
			line + 1) == OK)
		return true;
	api_call_free(&call);
	return false;
}

static void go_on(struct bootstrap *b, struct act *act)
{
	/* The namespaces come first, and alone: what lives in them follows. */
	while (!b->is_early && b->next < b->line_count &&
	       b->waiting < (b->next < 4 ? 4 : IN_FLIGHT)) {
		if (b->next == 4 && b->waiting > 0)
			return;
		if (!send_one(b, act, b->next)) {
			b->missing++;
			b->is_early = true;
			break;
		}
		b->next++;
		b->waiting++;
	}
	if (b->waiting > 0 || b->is_done)
		return;
	if (b->missing > 0) {
		b->next = b->missing = 0;
		b->is_early = false;
		retry(act);
		return;
	}
	b->is_done = true;
	log_info("bootstrap", "the cluster's objects are there", LOG_U64("objects", b->line_count));
}

static void answered(struct bootstrap *b, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->body;
	struct fault why = { 0 };

	b->waiting--;
	if (msg->status == OK && (answer->code < 300 || answer->code == 409))
		return;
	if (msg->status != OK || answer->code == 429 || answer->code == 503) {
		b->missing++;
		b->is_early = true;
		return;
	}
	(void)!request_outcome(answer, &why);
	b->missing++;
	log_warn("bootstrap", "cannot make an object",
		 LOG_STR("line", str_slice(b->lines[msg->tag - 1], 0, 120)),
		 LOG_I64("code", answer->code), LOG_FAULT(&why));
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct bootstrap *b = state;

	if (msg->kind == ACT_ANSWER)
		answered(b, msg);
	else if (!ACT_IS(msg, bootstrap_retry))
		return ACT_UNHANDLED;
	go_on(b, act);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct bootstrap *b = state;

	b->args = *(const struct bootstrap_args *)args;
	collect(b, act_arena(act));
	go_on(b, act);
	return OK;
}

const struct act_class bootstrap_class = { .name = "bootstrap",
					   .state_size = sizeof(struct bootstrap),
					   .init = init,
					   .receive = receive };

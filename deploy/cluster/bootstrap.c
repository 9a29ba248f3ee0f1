#include "deploy/cluster/bootstrap.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "deploy/cluster/embedded.h"
#include "runtime/base/log.h"
#include "transport/wire/json.h"

#define IN_FLIGHT 32U
/* Lines at the head of objects.tsv. After them stands what lets anybody ask for /readyz: until then a node that is ready says 403. */
#define NAMESPACES 4U
#define CALL_MS 10000U
#define RETRY_MIN_MS 50U
#define RETRY_MAX_MS 5000U
#define RANGES "/apis/networking.k8s.io/v1/servicecidrs"

#define LINES_MAX 512U
#define POST_TAG 0x10000U  /* beside a line's number: the object is being made, not looked for */
#define PATCH_TAG 0x20000U /* or changed */

/*
 * Each object is a line: looked for, and made if it is not there. In rounds: what could not be asked or was refused is tried again
 * in the next, later each time.
 */
struct bootstrap {
	struct bootstrap_args args;
	struct arena *arena; /* of the lines; NULL once all is there */
	struct str lines[LINES_MAX];
	bool is_there[LINES_MAX];
	uint32_t line_count, next, waiting, missing, rounds;
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
	assert(b->line_count < LINES_MAX);
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

/* By which servers of other groups believe what ours says of who asks. */
static struct str front_proxy_line(struct arena *arena, const struct bootstrap_args *args)
{
	struct text out = text_in(arena, 64 * KIB);

	text_lit(&out, "/api/v1/namespaces/kube-system/configmaps\t{\"metadata\":{\"name\":"
		       "\"extension-apiserver-authentication\"},\"data\":{\"client-ca-file\":");
	json_write_string(&out, args->authority_pem);
	text_lit(&out, ",\"requestheader-client-ca-file\":");
	json_write_string(&out, args->front_proxy_authority_pem);
	text_lit(&out, ",\"requestheader-allowed-names\":\"[\\\"front-proxy-client\\\"]\","
		       "\"requestheader-extra-headers-prefix\":\"[\\\"X-Remote-Extra-\\\"]\","
		       "\"requestheader-group-headers\":\"[\\\"X-Remote-Group\\\"]\","
		       "\"requestheader-uid-headers\":\"[\\\"X-Remote-Uid\\\"]\","
		       "\"requestheader-username-headers\":\"[\\\"X-Remote-User\\\"]\"}}");
	return text_str(&out);
}

static void add_ranges(struct text *out, const struct service_setting *services, uint32_t count)
{
	text_lit(out, "\"cidrs\":[");
	for (uint32_t i = 0; i < count; i++)
		text_printf(out, "%s\"" STR_FMT "\"", i > 0 ? "," : "", STR_ARG(services->cidrs[i]));
	text_lit(out, "]");
}

static struct str ranges_line(struct arena *arena, const struct service_setting *services)
{
	struct text out = text_in(arena, KIB);

	text_lit(&out, RANGES "\t{\"metadata\":{\"name\":\"kubernetes\"},\"spec\":{");
	add_ranges(&out, services, services->cidr_count);
	text_lit(&out, "}}");
	return text_str(&out);
}

static struct str service_line(struct arena *arena, const struct bootstrap_args *args)
{
	struct str address = args->services->address;

	return arena_printf(
	    arena,
	    "/api/v1/namespaces/default/"
	    "services\t{\"metadata\":{\"name\":\"kubernetes\",\"labels\":{"
	    "\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"type\":"
	    "\"ClusterIP\","
	    "\"clusterIP\":\"" STR_FMT "\",\"ipFamilyPolicy\":\"SingleStack\",\"ipFamilies\":["
	    "\"IPv%d\"],\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443,"
	    "\"targetPort\":%u}]}}",
	    STR_ARG(address), str_find_char(address, ':') < 0 ? 4 : 6, args->port);
}

static void release(void *state)
{
	struct bootstrap *b = state;

	if (b->arena != NULL)
		arena_free(b->arena);
	b->arena = NULL;
}

static void collect(struct bootstrap *b)
{
	struct arena *arena = b->arena;
	struct str rest = embedded_objects(arena);

	while (rest.at != NULL && rest.len > 0)
		add_line(b, str_cut(&rest, '\n'));
	if (b->args.authority_pem.len > 0)
		add_line(b, authority_line(arena, &b->args));
	if (b->args.front_proxy_authority_pem.len > 0)
		add_line(b, front_proxy_line(arena, &b->args));
	add_line(b, ranges_line(arena, b->args.services));
	add_line(b, service_line(arena, &b->args));
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static void retry(const struct bootstrap *b, struct act *act)
{
	uint64_t wait_ms = RETRY_MIN_MS << (b->rounds < 7 ? b->rounds : 7);

	act_after(act, wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS, &bootstrap_retry_type,
		  &(struct bootstrap_retry){ 0 });
}

/* metadata.name stands first in every object here. */
static struct str name_of(struct str object)
{
	struct str mark = STR("\"name\":\""), rest;
	int64_t at = str_find(object, mark);

	assert(at >= 0);
	rest = str_slice(object, (uint32_t)at + mark.len, object.len);
	return str_cut(&rest, '"');
}

static void add_escaped(struct text *out, struct str name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		if (name.at[i] == ':')
			text_lit(out, "%3A");
		else
			text_add_char(out, name.at[i]);
	}
}

static struct str path_of(struct arena *arena, struct str path, struct str object)
{
	struct text out = text_in(arena, 4 * KIB);

	text_add(&out, path);
	text_add_char(&out, '/');
	add_escaped(&out, name_of(object));
	return text_str(&out);
}

static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };

static bool send(struct bootstrap *b, struct act *act, uint64_t tag)
{
	struct str object = b->lines[tag & (POST_TAG - 1)], path = str_cut(&object, '\t');
	const char *method = tag & POST_TAG ? "POST" : tag & PATCH_TAG ? "PATCH" : "GET";
	struct api_call call = request_call(method, path, STR("system:apiserver"));

	if (!(tag & POST_TAG))
		call.path = path_of(call.arena, path, object);
	call.groups = &masters;
	call.group_count = 1;
	call.agent = STR("troupe");
	call.accept = API_TYPE_JSON;
	call.term = b->args.term;
	if (tag & (POST_TAG | PATCH_TAG))
		request_set_body(
		    &call, tag & PATCH_TAG ? STR("application/merge-patch+json") : API_TYPE_JSON,
		    object);
	if (act_request(act, act_named(act, b->args.api), &api_call_type, &call, CALL_MS, tag) ==
	    OK) {
		b->waiting++;
		return true;
	}
	api_call_free(&call);
	b->missing++;
	b->is_early = true;
	return false;
}

/* The namespaces come first, and alone: what lives in them follows. */
static bool may_go_on(const struct bootstrap *b)
{
	if (b->is_early || b->next == b->line_count)
		return false;
	if (b->next <= NAMESPACES)
		return b->waiting < (b->next < NAMESPACES ? NAMESPACES : 1U);
	return b->waiting < IN_FLIGHT;
}

static void go_on(struct bootstrap *b, struct act *act)
{
	while (may_go_on(b)) {
		if (!b->is_there[b->next] && !send(b, act, b->next))
			break;
		b->next++;
	}
	if (b->waiting > 0 || b->is_done)
		return;
	if (b->missing > 0 || b->next < b->line_count) {
		retry(b, act);
		b->next = b->missing = 0;
		b->is_early = false;
		b->rounds++;
		return;
	}
	b->is_done = true;
	release(b);
	log_info("bootstrap", "the cluster's objects are there", LOG_U64("objects", b->line_count));
}

/*
 * The ranges that are there stay, as upstream leaves them: addresses out of them are in use. A range of the other family is added where
 * there was one family. True: it is to be.
 */
static bool lacks_a_family(const struct bootstrap *b, struct str line, struct str found)
{
	const struct service_setting *services = b->args.services;
	struct arena *arena = arena_new(0);
	struct text all = text_in(arena, KIB), first = text_in(arena, KIB);
	bool is_lacking;

	add_ranges(&all, services, services->cidr_count);
	add_ranges(&first, services, 1);
	is_lacking = services->cidr_count > 1 && str_find(found, text_str(&first)) >= 0;
	if (str_starts(line, STR(RANGES)) && str_find(found, text_str(&all)) < 0 && !is_lacking)
		log_warn("bootstrap",
			 "the ServiceCIDR kubernetes says otherwise than "
			 "--service-cluster-ip-range, and counts",
			 LOG_STR("option", text_str(&all)));
	arena_free(arena);
	return is_lacking && str_starts(line, STR(RANGES));
}

static void refused(struct bootstrap *b, uint32_t line, const struct api_answer *answer)
{
	struct fault why = { 0 };

	b->missing++;
	(void)!request_outcome(answer, &why);
	log_warn("bootstrap", "cannot make an object",
		 LOG_STR("line", str_slice(b->lines[line], 0, 120)), LOG_I64("code", answer->code),
		 LOG_FAULT(&why));
}

static void answered(struct bootstrap *b, struct act *act, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->body;
	uint32_t line = (uint32_t)msg->tag & (POST_TAG - 1),
		 kind = (uint32_t)msg->tag & (POST_TAG | PATCH_TAG);

	b->waiting--;
	if (msg->status != OK || answer->code == 429 || answer->code == 503) {
		b->missing++;
		b->is_early = true;
	} else if (answer->code == 200 && kind == 0 &&
		   lacks_a_family(b, b->lines[line], answer->body)) {
		(void)send(b, act, line | PATCH_TAG);
	} else if (answer->code < 300 || answer->code == 409) {
		b->is_there[line] = true;
	} else if (answer->code == 404 && kind == 0) {
		(void)send(b, act, line | POST_TAG);
	} else {
		refused(b, line, answer);
	}
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct bootstrap *b = state;

	if (msg->kind == ACT_ANSWER)
		answered(b, act, msg);
	else if (!ACT_IS(msg, bootstrap_retry))
		return ACT_UNHANDLED;
	go_on(b, act);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct bootstrap *b = state;

	static const struct service_setting usual = SERVICE_SETTING_USUAL;

	b->args = *(const struct bootstrap_args *)args;
	if (b->args.services == NULL)
		b->args.services = &usual;
	b->arena = arena_new(0);
	act_own(act, release, b);
	collect(b);
	go_on(b, act);
	return OK;
}

const struct act_class bootstrap_class = { .name = "bootstrap",
					   .state_size = sizeof(struct bootstrap),
					   .init = init,
					   .receive = receive };

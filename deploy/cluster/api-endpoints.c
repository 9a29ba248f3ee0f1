#include "deploy/cluster/api-endpoints.h"

#include <stdlib.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "runtime/base/log.h"

#define CALL_MS 10000U
#define RETRY_MS 1000U
#define TEXT_BYTES_MAX (64 * KIB)
#define PATH_OPTIONS "/kubernetes?fieldManager=troupe&force=true"

/* A list of addresses in memory of its own, as api_endpoints_of gives it. */
struct addresses {
	struct arena *arena;
	struct str text;
};

struct api_endpoints {
	struct api_endpoints_args args;
	uint64_t monitor;
	struct addresses wanted; /* what is to be there */
	struct addresses seen;   /* what the store told last: differs while it is held back */
	uint64_t hold;           /* the timer; 0: nothing is held back */
	uint32_t waiting;        /* answers that are still to come */
	bool is_dirty;           /* what is wanted was not written yet, or not all of it */
};

struct api_endpoints_retry {
	char nothing;
};
static const ACT_TYPE(api_endpoints_retry, .id = 0);
struct api_endpoints_held {
	char nothing;
};
static const ACT_TYPE(api_endpoints_held, .id = 0);

/* ---- addresses ------------------------------------------------------------------------------------------- */

/* "10.0.0.1:6444" and "[fd00::1]:6444": where the links are, next to the API. Absent: it serves elsewhere. */
static struct str address_of(struct str place, uint16_t api_port)
{
	int64_t colon = str_find_last(place, ':');
	uint64_t port;

	if (colon < 0 || str_to_u64(str_slice(place, (uint32_t)colon + 1, place.len), &port) != OK ||
	    port != api_port + 1U)
		return STR_NONE;
	place = str_slice(place, 0, (uint32_t)colon);
	return place.len > 2 && place.at[0] == '[' ? str_slice(place, 1, place.len - 1) : place;
}

static bool is_v6(struct str address)
{
	return str_find_char(address, ':') >= 0;
}

/* Those of this machine or this link are refused by the rules for endpoints, as upstream refuses them. */
static bool may_be_an_endpoint(struct str address)
{
	static const char *const local[] = { "127.", "169.254.", "::1", "fe80:" };

	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		if (str_starts(address, str_from(local[i])))
			return false;
	return address.at != NULL;
}

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str api_endpoints_of(struct arena *arena, const struct store_member *members, uint32_t count,
			    uint16_t port)
{
	struct str *found = arena_array(arena, struct str, count + 1);
	struct text out = text_in(arena, TEXT_BYTES_MAX);
	uint32_t len = 0;
	bool all_are_v6 = true;

	for (uint32_t i = 0; i < count; i++) {
		struct str address = address_of(members[i].address, port);

		if (!members[i].is_alive || !may_be_an_endpoint(address))
			continue;
		found[len++] = address;
		all_are_v6 = all_are_v6 && is_v6(address);
	}
	qsort(found, len, sizeof *found, compare);
	for (uint32_t i = 0; i < len; i++)
		if (is_v6(found[i]) == all_are_v6)
			text_printf(&out, "%s\"" STR_FMT "\"", out.len > 0 ? "," : "",
				    STR_ARG(found[i]));
	return out.len > 0 ? text_str(&out) : STR_NONE;
}

static void put(struct addresses *addresses, struct str text)
{
	struct arena *arena = arena_new(0);

	addresses->text = text.at ? arena_str(arena, text) : STR_NONE;
	if (addresses->arena != NULL)
		arena_free(addresses->arena);
	addresses->arena = arena;
}

/* Whether every one of `some` is among `all`. */
static bool are_among(struct str some, struct str all)
{
	while (some.at != NULL && some.len > 0)
		if (str_find(all, str_cut(&some, ',')) < 0)
			return false;
	return true;
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static struct str endpoints_body(struct arena *arena, const struct api_endpoints *a)
{
	struct str rest = a->wanted.text;
	struct text out = text_in(arena, TEXT_BYTES_MAX);

	text_lit(&out, "{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":"
		       "\"kubernetes\",\"labels\":{\"endpointslice.kubernetes.io/skip-mirror\":"
		       "\"true\"}},\"subsets\":[{\"addresses\":[");
	for (const char *comma = ""; rest.at != NULL && rest.len > 0; comma = ",") {
		struct str one = str_cut(&rest, ',');

		text_printf(&out, "%s{\"ip\":" STR_FMT "}", comma, STR_ARG(one));
	}
	text_printf(&out, "],\"ports\":[{\"name\":\"https\",\"port\":%u,\"protocol\":\"TCP\"}]}]}",
		    a->args.port);
	return text_str(&out);
}

static struct str slice_body(struct arena *arena, const struct api_endpoints *a)
{
	struct str rest = a->wanted.text;
	const char *type = is_v6(rest) ? "IPv6" : "IPv4";
	struct text out = text_in(arena, TEXT_BYTES_MAX);

	text_printf(&out,
		    "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\","
		    "\"metadata\":{\"name\":\"kubernetes\",\"labels\":{\"kubernetes.io/"
		    "service-name\":\"kubernetes\"}},\"addressType\":\"%s\",\"endpoints\":[",
		    type);
	for (const char *comma = ""; rest.at != NULL && rest.len > 0; comma = ",") {
		struct str one = str_cut(&rest, ',');

		text_printf(&out, "%s{\"addresses\":[" STR_FMT "],\"conditions\":{\"ready\":true}}",
			    comma, STR_ARG(one));
	}
	text_printf(&out, "],\"ports\":[{\"name\":\"https\",\"port\":%u,\"protocol\":\"TCP\"}]}",
		    a->args.port);
	return text_str(&out);
}

static void send(struct api_endpoints *a, struct act *act, struct str path,
		 struct str (*body)(struct arena *arena, const struct api_endpoints *a))
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct api_call call = request_call("PATCH", path, STR("system:apiserver"));

	call.groups = &masters;
	call.group_count = 1;
	call.accept = API_TYPE_JSON;
	call.agent = STR("troupe");
	call.term = a->args.term;
	request_set_body(&call, STR("application/apply-patch+yaml"), body(call.arena, a));
	if (act_request(act, act_named(act, a->args.api), &api_call_type, &call, CALL_MS, 0) == OK) {
		a->waiting++;
		return;
	}
	api_call_free(&call);
	a->is_dirty = true;
}

static void retry_if_dirty(struct api_endpoints *a, struct act *act)
{
	if (a->is_dirty && a->waiting == 0)
		act_after(act, RETRY_MS, &api_endpoints_retry_type,
			  &(struct api_endpoints_retry){ 0 });
}

static void write(struct api_endpoints *a, struct act *act)
{
	if (!a->is_dirty || a->waiting > 0 || a->wanted.text.at == NULL)
		return;
	a->is_dirty = false;
	send(a, act, STR("/api/v1/namespaces/default/endpoints" PATH_OPTIONS), endpoints_body);
	send(a, act, STR("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices" PATH_OPTIONS),
	     slice_body);
	retry_if_dirty(a, act);
}

static void answered(struct api_endpoints *a, struct act *act, const struct act_msg *msg)
{
	struct fault why = { 0 };
	enum status outcome = msg->status == OK ? request_outcome(msg->body, &why) : msg->status;

	a->waiting--;
	a->is_dirty = a->is_dirty || outcome != OK;
	/* NOT_FOUND: the namespace is still to be made. */
	if (outcome != OK && outcome != UNAVAILABLE && outcome != NOT_FOUND)
		log_warn("api-endpoints", "cannot be written", LOG_STATUS(outcome), LOG_FAULT(&why));
	retry_if_dirty(a, act);
}

/* ---- following the members ---------------------------------------------------------------------------------- */

static void adopt(struct api_endpoints *a, struct act *act)
{
	act_cancel(act, a->hold);
	a->hold = 0;
	put(&a->wanted, a->seen.text);
	a->is_dirty = true;
	write(a, act);
}

static void take_status(struct api_endpoints *a, struct act *act, const struct store_status *status)
{
	struct arena *arena;

	if (!status->is_leader)
		return; /* who is alive only the leader knows */
	arena = arena_new(0);
	put(&a->seen, api_endpoints_of(arena, status->members, status->member_count, a->args.port));
	arena_free(arena);
	if (str_eq(a->seen.text, a->wanted.text)) {
		act_cancel(act, a->hold);
		a->hold = 0;
	} else if (are_among(a->wanted.text, a->seen.text)) {
		adopt(a, act);
	} else if (a->hold == 0) {
		a->hold = act_after(act, API_ENDPOINTS_HOLD_MS, &api_endpoints_held_type,
				    &(struct api_endpoints_held){ 0 });
	}
}

static void subscribe(struct api_endpoints *a, struct act *act)
{
	struct act_ref store = act_named(act, a->args.store);

	a->monitor = act_monitor(act, store);
	if (act_tell(act, store, store_status_watch, .is_end = false) != OK)
		act_fail(act, "the store cannot be asked");
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct api_endpoints *a = state;

	if (msg->kind == ACT_ANSWER)
		answered(a, act, msg);
	else if (ACT_IS(msg, store_status))
		take_status(a, act, msg->body);
	else if (ACT_IS(msg, api_endpoints_held))
		adopt(a, act);
	else if (ACT_IS(msg, api_endpoints_retry))
		write(a, act);
	else if (ACT_IS(msg, act_down))
		act_fail(act, "the store is gone");
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void release(void *state)
{
	struct api_endpoints *a = state;

	if (a->wanted.arena != NULL)
		arena_free(a->wanted.arena);
	if (a->seen.arena != NULL)
		arena_free(a->seen.arena);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct api_endpoints *a = state;

	a->args = *(const struct api_endpoints_args *)args;
	act_own(act, release, a);
	subscribe(a, act);
	return OK;
}

const struct act_class api_endpoints_class = { .name = "api-endpoints",
					       .state_size = sizeof(struct api_endpoints),
					       .init = init,
					       .receive = receive };

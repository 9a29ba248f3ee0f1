#include "deploy/cluster/control-plane-mark.h"

#include "actors/client/api.h"
#include "actors/client/informer.h"
#include "actors/client/request.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/log.h"

#define LABEL "node-role.kubernetes.io/control-plane"
#define USER STR("system:serviceaccount:kube-system:node-controller")
#define CALL_MS 10000U
#define RETRY_MS 1000U

struct control_plane_mark {
	struct control_plane_mark_args args;
	struct informer *informer;
	bool is_busy; /* asked, or about to try again */
};

struct control_plane_mark_retry {
	char nothing;
};
static const ACT_TYPE(control_plane_mark_retry, .id = 0);

static bool lacks_label(const struct control_plane_mark *mark)
{
	const struct object *object =
	    informer_get(mark->informer, STR(""), str_from(mark->args.node));

	return object != NULL && str_map_get(object_meta(object)->labels, STR(LABEL)).at == NULL;
}

static void retry_later(struct control_plane_mark *mark, struct act *act)
{
	mark->is_busy = true;
	act_after(act, RETRY_MS, &control_plane_mark_retry_type,
		  &(struct control_plane_mark_retry){ 0 });
}

static void look(struct control_plane_mark *mark, struct act *act)
{
	struct arena *arena;
	struct api_call call;

	if (mark->is_busy || !lacks_label(mark))
		return;
	arena = arena_new(0);
	call = request_call(
	    "PATCH",
	    request_path(arena, &core_node_type, STR_NONE, str_from(mark->args.node), NULL), USER);
	request_set_body(&call, STR("application/merge-patch+json"),
			 STR("{\"metadata\":{\"labels\":{\"" LABEL "\":\"\"}}}"));
	call.accept = API_TYPE_JSON;
	call.agent = STR("troupe");
	arena_free(arena);
	mark->is_busy = act_request(act, act_named(act, mark->args.api), &api_call_type, &call,
				    CALL_MS, 0) == OK;
	if (mark->is_busy)
		return;
	api_call_free(&call);
	retry_later(mark, act);
}

static void answered(struct control_plane_mark *mark, struct act *act, const struct act_msg *msg)
{
	struct fault why = { 0 };
	enum status outcome = msg->status == OK ? request_outcome(msg->body, &why) : msg->status;

	if (outcome != OK && outcome != UNAVAILABLE && outcome != NOT_FOUND)
		log_warn("mark", "the control-plane label cannot be set", LOG_STATUS(outcome),
			 LOG_FAULT(&why));
	/* If it could be set, the informer has brought it by then. */
	retry_later(mark, act);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct control_plane_mark *mark = state;

	if (informer_receive(mark->informer, act, msg))
		;
	else if (msg->kind == ACT_ANSWER)
		answered(mark, act, msg);
	else if (ACT_IS(msg, control_plane_mark_retry))
		mark->is_busy = false;
	else
		return ACT_UNHANDLED;
	look(mark, act);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct control_plane_mark *mark = state;
	struct informer_config config = { .type = &core_node_type, .user = USER };

	mark->args = *(const struct control_plane_mark_args *)args;
	config.field_selector = arena_printf(act_arena(act), "metadata.name=%s", mark->args.node);
	config.api = mark->args.api;
	mark->informer = informer_start(act, &config);
	act_own(act, informer_release, mark->informer);
	return OK;
}

const struct act_class control_plane_mark_class = { .name = "control-plane-mark",
						    .state_size = sizeof(struct control_plane_mark),
						    .init = init,
						    .receive = receive };

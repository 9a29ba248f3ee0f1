#include <stdio.h>

#include "deploy/sim/citizens.h"
#include "deploy/sim/claim.h"

#define PLACE "/apis/apps/v1/namespaces/default/deployments"
#define REPLICAS_MAX 6U

struct manager_go_on {
	char nothing;
};
static ACT_TYPE(manager_go_on);

struct manager {
	const struct citizen *citizen;
};

/* Its pods leave a machine that is gone after five seconds. */
static struct api_call create_call(struct act *act, uint32_t number)
{
	char body[1024];

	snprintf(
	    body, sizeof body,
	    "{\"metadata\":{\"name\":\"d%u\"},\"spec\":{\"replicas\":%u,\"selector\":{"
	    "\"matchLabels\":"
	    "{\"app\":\"d%u\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"d%u\"}},\"spec\":"
	    "{"
	    "\"terminationGracePeriodSeconds\":1,\"tolerations\":[{\"key\":"
	    "\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\","
	    "\"tolerationSeconds\":5},{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":"
	    "\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":5}],\"containers\":[{"
	    "\"name\":"
	    "\"c\",\"image\":\"a\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}]}]}}}}",
	    number, (unsigned)citizen_below(act, REPLICAS_MAX + 1), number, number);
	return citizen_call_new("POST", STR(PLACE), str_from(body));
}

static struct api_call change_call(struct act *act, uint32_t number)
{
	char path[128], body[256];
	struct api_call call;

	snprintf(path, sizeof path, PLACE "/d%u", number);
	if (citizen_below(act, 3) > 0)
		snprintf(body, sizeof body, "{\"spec\":{\"replicas\":%u}}",
			 (unsigned)citizen_below(act, REPLICAS_MAX + 1));
	else
		snprintf(body, sizeof body,
			 "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"v\":\"%u\"}}}}}",
			 (unsigned)citizen_below(act, 4));
	call = citizen_call_new("PATCH", str_from(path), str_from(body));
	call.content_type = STR("application/merge-patch+json");
	return call;
}

static struct api_call delete_call(struct act *act, uint32_t number)
{
	static const char *const policies[] = { "Background", "Background", "Foreground" };
	char path[128], body[64];

	snprintf(path, sizeof path, PLACE "/d%u", number);
	snprintf(body, sizeof body, "{\"propagationPolicy\":\"%s\"}",
		 policies[citizen_below(act, 3)]);
	return citizen_call_new("DELETE", str_from(path), str_from(body));
}

/* What becomes of it shows in the objects. */
static void act_once(struct act *act, struct manager *manager)
{
	uint32_t number = (uint32_t)citizen_below(act, CITIZENS_DEPLOYMENTS);
	uint64_t dice = citizen_below(act, 10);
	struct api_call call = dice < 4   ? create_call(act, number)
			       : dice < 9 ? change_call(act, number)
					  : delete_call(act, number);

	(void)!citizen_call(act, manager->citizen, 0, &call, 10000, 1);
}

static void later(struct act *act, struct manager *manager)
{
	act_after(act, 1 + citizen_below(act, manager->citizen->pause_ms), &manager_go_on_type,
		  &(struct manager_go_on){ 0 });
}

static void check_answer(const struct act_msg *msg)
{
	const struct api_answer *answer = msg->body;

	if (msg->status != OK || answer->code < 400 || answer->code >= 500)
		return;
	if (answer->code != 404 && answer->code != 409 && answer->code != 429)
		claim_fail(__FILE__, __LINE__, "a manager is told %d " STR_FMT, answer->code,
			   STR_ARG(answer->body));
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct manager *manager = state;

	if (msg->kind == ACT_ANSWER)
		check_answer(msg);
	if (!ACT_IS(msg, manager_go_on) || ledger_is_over(manager->citizen->ledger))
		return ACT_OK;
	act_once(act, manager);
	later(act, manager);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct manager *manager = state;

	manager->citizen = args;
	later(act, manager);
	return OK;
}

const struct act_class manager_class = {
	.name = "manager", .state_size = sizeof(struct manager), .init = init, .receive = receive
};

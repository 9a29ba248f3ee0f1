#include <signal.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/client/user.h"
#include "deploy/embed/troupe-private.h"
#include "runtime/base/log.h"

/*
 * Bringing a control plane up:
 *
 *     LISTENING ──the port is known: kubeconfig──> MAKING ──namespaces are there──> READY
 *
 * Began anew by its supervisor it goes the same way and tells nobody twice. In a host of its own it tells the first host, which says it.
 */

#define CALL_MS 10000U
#define AGAIN_MS 1U /* the store of a new folder elects itself within a few */
#define AGAIN_MAX_MS 500U

static const char *const namespaces[] = { "default", "kube-system" };
#define NAMESPACES 2U
#define PORT_TAG NAMESPACES /* after their indices */
#define READY_TAG (NAMESPACES + 1)

struct boot {
	struct troupe *troupe;
	bool is_there[NAMESPACES];
	uint32_t tries;
};

struct boot_again {
	uint32_t index;
};
static const ACT_TYPE(boot_again, .id = 0);

/* ---- who may --------------------------------------------------------------------------------------------- */

static bool is_open_path(struct str path, bool is_known)
{
	static const char *const health[] = { "/healthz", "/livez", "/readyz", "/version" };
	static const char *const discovery[] = { "/api", "/apis", "/openapi" };

	for (size_t i = 0; i < sizeof health / sizeof health[0]; i++)
		if (str_starts(path, str_from(health[i])))
			return true;
	for (size_t i = 0; is_known && i < sizeof discovery / sizeof discovery[0]; i++)
		if (str_starts(path, str_from(discovery[i])))
			return true;
	return false;
}

static enum check may(const struct authorizer *authorizer, struct authorization *authorization)
{
	const struct attributes *attributes = &authorization->attributes;

	(void)authorizer;
	if (str_is(attributes->user->name, TROUPE_USER))
		return CHECK_ALLOW;
	if (!attributes->is_resource && str_is(attributes->verb, "get") &&
	    is_open_path(attributes->path, user_is_in(attributes->user, GROUP_AUTHENTICATED)))
		return CHECK_ALLOW;
	return CHECK_PASS;
}

struct authorizer troupe_authorizer(void)
{
	return (struct authorizer){ .name = "Troupe", .check = may };
}

/* ---- ready --------------------------------------------------------------------------------------------------- */

static void again(struct boot *boot, struct act *act, uint32_t index)
{
	uint64_t wait_ms = AGAIN_MS << (boot->tries / 16 < 9 ? boot->tries / 16 : 9);

	boot->tries++;
	act_after(act, wait_ms < AGAIN_MAX_MS ? wait_ms : AGAIN_MAX_MS, &boot_again_type,
		  &(struct boot_again){ index });
}

static void make_namespace(struct boot *boot, struct act *act, uint32_t index)
{
	struct api_call call = request_call("POST", STR("/api/v1/namespaces"), STR(TROUPE_USER));

	call.accept = API_TYPE_JSON;
	request_set_body(
	    &call, API_TYPE_JSON,
	    arena_printf(call.arena, "{\"metadata\":{\"name\":\"%s\"}}", namespaces[index]));
	if (act_request(act, act_named(act, "api"), &api_call_type, &call, CALL_MS, index) == OK)
		return;
	api_call_free(&call);
	again(boot, act, index);
}

/* All of the control plane is in this process; else the first one says that it is ready. */
static bool is_whole(const struct troupe *troupe)
{
	return troupe->parts == TROUPE_ALL;
}

static void tell_first(struct boot *boot, struct act *act)
{
	struct troupe_ready ready;

	memcpy(ready.url, boot->troupe->url, sizeof ready.url);
	if (act_request(act, act_named(act, TROUPE_READY_NAME), &troupe_ready_type, &ready, CALL_MS,
			READY_TAG) != OK)
		again(boot, act, READY_TAG);
}

static void listening(struct boot *boot, struct act *act, const struct act_msg *msg)
{
	struct fault why = { 0 };

	if (msg->status != OK)
		act_fail(act, "the HTTP server: %s", status_text(msg->status));
	if (troupe_write_kubeconfig(boot->troupe, ACT_AS(msg, http_listening)->ports[0], &why) != OK)
		act_fail(act, "cannot write the kubeconfig: %s", why.text);
	if (!is_whole(boot->troupe) &&
	    troupe_keep_port(boot->troupe, ACT_AS(msg, http_listening)->ports[0], &why) != OK)
		act_fail(act, "cannot keep the port: %s", why.text);
	for (uint32_t i = 0; i < NAMESPACES; i++)
		make_namespace(boot, act, i);
}

static bool is_ready(const struct boot *boot)
{
	for (uint32_t i = 0; i < NAMESPACES; i++)
		if (!boot->is_there[i])
			return false;
	return true;
}

static void made(struct boot *boot, struct act *act, const struct act_msg *msg)
{
	uint32_t index = (uint32_t)msg->tag;
	const struct api_answer *answer = msg->body;
	struct troupe *troupe = boot->troupe;

	if (msg->status != OK || (answer->code >= 300 && answer->code != 409)) {
		again(boot, act, index);
		return;
	}
	boot->is_there[index] = true;
	if (!is_ready(boot) || troupe->was_ready)
		return;
	if (is_whole(troupe))
		troupe_tell_ready(troupe);
	else
		tell_first(boot, act);
}

static void told(struct boot *boot, struct act *act, const struct act_msg *msg)
{
	if (msg->status == OK)
		boot->troupe->was_ready = true;
	else
		again(boot, act, READY_TAG);
}

/* ---- the actor ---------------------------------------------------------------------------------------------- */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct boot *boot = state;

	if (msg->kind == ACT_ANSWER && msg->tag == PORT_TAG)
		listening(boot, act, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == READY_TAG)
		told(boot, act, msg);
	else if (msg->kind == ACT_ANSWER)
		made(boot, act, msg);
	else if (ACT_IS(msg, boot_again) && ACT_AS(msg, boot_again)->index == READY_TAG)
		tell_first(boot, act);
	else if (ACT_IS(msg, boot_again))
		make_namespace(boot, act, ACT_AS(msg, boot_again)->index);
	else if (ACT_IS(msg, loop_signal))
		act_host_stop(act_host_of(act));
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct boot *boot = state;

	boot->troupe = *(struct troupe *const *)args;
	if (!boot->troupe->config.leaves_signals) {
		TRY(loop_on_signal(act, SIGTERM));
		TRY(loop_on_signal(act, SIGINT));
	}
	return act_request(act, act_named(act, "http"), &http_listening_type,
			   &(struct http_listening){ 0 }, CALL_MS, PORT_TAG);
}

const struct act_class troupe_boot_class = {
	.name = "boot", .state_size = sizeof(struct boot), .init = init, .receive = receive
};

/*
 * A far child: the actor that stands, under its supervisor, for one that lives in another host. nursery.h has the contract.
 *
 *     ASKING ──(spawned)──> UP ──(asked to end)──> ENDING ──(it ended)──> gone
 *       └ link away, nursery not there: again ─┘└──(it ended, link lost)──> gone, for the same reason
 *
 * While ASKING messages wait in the stash. It ends by CONTROL_KILL to itself, which is the way to end for any reason.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/actor/far/nursery-private.h"

#define ANSWER_MS (LIMIT_SHUTDOWN_MS + 5000U) /* an old life may have to end first */
#define AGAIN_MIN_MS 20U
#define AGAIN_MAX_MS 2000U
#define TAG_SPAWN 1U

enum far_state { FAR_ASKING, FAR_UP, FAR_ENDING };

struct far {
	const struct act_far *spec;
	enum far_state state;
	char nursery[NURSERY_NAME_MAX + 16];
	struct act_ref child;
	uint64_t monitor;
	uint32_t again_ms;
};

struct far_again {
	char nothing;
};
static const ACT_TYPE(far_again);

static void leave(struct act *act, enum act_reason why, const char *words)
{
	struct act_exit exit = { .who = actor_ref(act), .why = why };

	snprintf(exit.what, sizeof exit.what, "%s", words);
	life_control_send(act, CONTROL_KILL, &exit);
}

/* ---- asking ----------------------------------------------------------------------------------------------- */

static void ask_again_later(struct act *act, struct far *far)
{
	far->again_ms = far->again_ms == 0                  ? AGAIN_MIN_MS
			: far->again_ms >= AGAIN_MAX_MS / 2 ? AGAIN_MAX_MS
							    : far->again_ms * 2;
	/* Half fixed, half random: a host that comes back is not asked by all at once. */
	act_after(act, far->again_ms / 2 + act_random(act) % (far->again_ms / 2 + 1),
		  &far_again_type, &(struct far_again){ 0 });
}

static enum status fill(struct act *act, const struct act_far *spec, struct nursery_spawn *out)
{
	struct text args = text_new(LIMIT_MESSAGE_BYTES);
	enum status status = OK;

	snprintf(out->id, sizeof out->id, "%s", act_name(act));
	snprintf(out->class, sizeof out->class, "%s", spec->class);
	snprintf(out->name, sizeof out->name, "%s", spec->name ? spec->name : "");
	out->shutdown_ms = spec->shutdown_ms;
	if (spec->type) {
		status = spec->type->encode(spec->args, &args);
		out->args_type = spec->type->id;
		out->args_bytes = args.len;
		out->args = mem_copy(args.at, args.len);
	}
	text_fini(&args);
	return status;
}

static void ask(struct act *act, struct far *far)
{
	struct act_ref nursery = act_named(act, far->nursery);
	struct nursery_spawn spawn = { .args = NULL };
	enum status status = fill(act, far->spec, &spawn);

	if (status != OK) {
		mem_free(spawn.args);
		act_fail(act, "args: %s", status_text(status));
	}
	status = act_request(act, nursery, &nursery_spawn_type, &spawn, ANSWER_MS, TAG_SPAWN);
	if (status == OK)
		return;
	mem_free(spawn.args);
	ask_again_later(act, far);
}

static void answered(struct act *act, struct far *far, const struct act_msg *msg)
{
	const struct nursery_spawned *spawned = msg->body;

	/* Nobody there, or out of reach; if it was made all the same, the next request ends it first. */
	if (msg->status != OK) {
		ask_again_later(act, far);
		return;
	}
	if (spawned->status == BUSY) {
		ask_again_later(act, far);
		return;
	}
	if (spawned->status != OK)
		act_fail(act, "%s: %.60s", status_text(spawned->status), spawned->words);
	far->state = FAR_UP;
	far->child = spawned->child;
	far->monitor = act_monitor(act, far->child);
	act_unstash(act);
}

/* ---- messages ---------------------------------------------------------------------------------------------- */

static void down(struct act *act, struct far *far, const struct act_down *down)
{
	if (down->monitor != far->monitor)
		return;
	/* Asked to end, it may have been on its way already: orderly all the same. */
	leave(act, far->state == FAR_ENDING ? ACT_SHUTDOWN : down->why, down->what);
}

static void asked_to_end(struct act *act, struct far *far)
{
	if (far->state != FAR_UP) {
		/* The nursery watches us: what it may still make ends with us. */
		leave(act, ACT_SHUTDOWN, "");
		return;
	}
	far->state = FAR_ENDING;
	act_stop(act, far->child);
}

static enum act_verdict pass_on(struct act *act, struct far *far, const struct act_msg *msg)
{
	enum status status;

	if (msg->kind != ACT_PLAIN && msg->kind != ACT_REQUEST)
		return ACT_UNHANDLED;
	if (far->state == FAR_ASKING && act_stash(act, msg) == OK)
		return ACT_OK;
	status = far->state == FAR_UP ? act_forward(act, msg, far->child) : BUSY;
	if (status != OK && msg->kind == ACT_REQUEST)
		act_refuse(act, msg, status);
	return ACT_OK;
}

static enum act_verdict far_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct far *far = state;

	if (msg->kind == ACT_ANSWER && msg->tag == TAG_SPAWN)
		answered(act, far, msg);
	else if (ACT_IS(msg, far_again))
		ask(act, far);
	else if (ACT_IS(msg, act_down))
		down(act, far, msg->body);
	else if (ACT_IS(msg, act_exit))
		asked_to_end(act, far);
	else
		return pass_on(act, far, msg);
	return ACT_OK;
}

static enum status far_init(struct act *act, void *state, const void *args)
{
	struct far *far = state;

	far->spec = args;
	if (strlen(act_name(act)) >= NURSERY_NAME_MAX ||
	    strlen(far->spec->where) >= NURSERY_NAME_MAX ||
	    strlen(far->spec->class) >= NURSERY_NAME_MAX ||
	    (far->spec->name && strlen(far->spec->name) >= NURSERY_NAME_MAX))
		return INVALID;
	snprintf(far->nursery, sizeof far->nursery, "nursery@%s", far->spec->where);
	act_trap_exits(act, true);
	ask(act, far);
	return OK;
}

const struct act_class act_far_class = {
	.name = "far", .state_size = sizeof(struct far), .init = far_init, .receive = far_receive
};

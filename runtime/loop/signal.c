/*
 * Signals of the process as messages to an actor.
 */
#include "runtime/loop/loop-private.h"

ACT_TYPE(loop_signal, .id = 0);

struct watched {
	uv_signal_t handle;
	struct act_host *host;
	struct act_ref who;
};

static void caught(uv_signal_t *handle, int number)
{
	struct watched *watched = handle->data;

	/* One that cannot be taken is a dead letter of an actor that has ended. */
	if (act_post(watched->host, watched->who, &loop_signal_type,
		     &(struct loop_signal){ number }) != OK)
		uv_signal_stop(handle);
}

static void closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release(void *arg)
{
	struct watched *watched = arg;

	uv_close((uv_handle_t *)&watched->handle, closed);
}

enum status loop_on_signal(struct act *act, int number)
{
	struct loop *loop = loop_of(act);
	struct watched *watched = mem_new(struct watched);
	int error = uv_signal_init(&loop->uv, &watched->handle);

	assert(error == 0);
	watched->handle.data = watched;
	watched->host = act_host_of(act);
	watched->who = act_self(act);
	act_own(act, release, watched);
	error = uv_signal_start(&watched->handle, caught, number);
	return error == 0 ? OK : loop_status(error);
}

/*
 * Pausing another host of the node: SIGSTOP now, SIGCONT when its time is over.
 *
 * By a file descriptor of the process, so that nobody else is hit when it ends meanwhile and its number is given to another. Should
 * the host that does it end first, the root finds the one that stands still silent, and starts it anew.
 */
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "deploy/main/host/inspect.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define PAUSE_AFTER_MS 50U /* the answer has left by then */

/* It was said that this will be done. */
struct inspect_pause_due {
	int process;
	uint32_t for_ms; /* 0: it is to go on */
};
static const ACT_TYPE(inspect_pause_due, .id = 0);

static enum status encode_pause(const void *body, struct text *out)
{
	const struct inspect_pause *pause = body;

	pack_begin(out, 2);
	pack_u64(out, pause->pid);
	pack_u64(out, pause->for_ms);
	return OK;
}

static enum status decode_pause(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_pause *pause = body;

	(void)arena;
	unpack_begin(&in);
	pause->pid = unpack_u64(&in);
	pause->for_ms = (uint32_t)unpack_u64(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

ACT_TYPE(inspect_pause, .id = 908, .encode = encode_pause, .decode = decode_pause);

static bool later(struct act *act, uint64_t ms, int process, uint32_t for_ms)
{
	struct inspect_pause_due due = { .process = process, .for_ms = for_ms };

	return act_after(act, ms, &inspect_pause_due_type, &due) != 0;
}

static void asked(struct act *act, const struct act_msg *msg)
{
	const struct inspect_pause *pause = ACT_AS(msg, inspect_pause);
	struct inspect_killed killed = { .status = NOT_FOUND, .comes_back = true };
	int process = -1;

	if (pause->pid > 1 && pause->pid != (uint64_t)getpid() && pause->for_ms > 0)
		process = pidfd_open((pid_t)pause->pid, 0);
	if (process >= 0) {
		log_warn("inspector", "pausing, as asked", LOG_U64("pid", pause->pid),
			 LOG_U64("for_ms", pause->for_ms));
		later(act, PAUSE_AFTER_MS, process, pause->for_ms);
		killed.status = OK;
	}
	(void)act_reply(act, msg, &inspect_killed_type, &killed);
}

static void come(struct act *act, const struct inspect_pause_due *due)
{
	int signal_number = due->for_ms > 0 ? SIGSTOP : SIGCONT;

	if (pidfd_send_signal(due->process, signal_number, NULL, 0) == 0 && due->for_ms > 0)
		later(act, due->for_ms, due->process, 0);
	else
		close(due->process);
}

bool inspect_pause_receive(struct act *act, const struct act_msg *msg)
{
	if (ACT_IS(msg, inspect_pause))
		asked(act, msg);
	else if (ACT_IS(msg, inspect_pause_due))
		come(act, ACT_AS(msg, inspect_pause_due));
	else
		return false;
	return true;
}

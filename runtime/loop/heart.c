/*
 * The heart: the actor by which a host tells its root that it lives, and learns that it shall end.
 *
 * It says `R` once the actors before it have started and `B` every beat. The host ends in order on SIGTERM, and when the
 * root goes away, since hosts without a root would never be restarted.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/loop/blackbox.h"
#include "runtime/loop/loop-private.h"
#include "runtime/loop/root-private.h"
#include "runtime/loop/root.h"
#include "runtime/loop/stream.h"

#define BEFORE_END_MS (LIMIT_SHUTDOWN_MS / 2)
#define DRAIN_MS 250U /* what other hosts asked for is mostly answered in a few */

struct heart {
	struct stream *life;
	const char *before_end;
	uint32_t before_end_ms;
	bool is_ending;
};

struct heart_beat {
	char nothing;
};
static const ACT_TYPE(heart_beat, .id = 0);
ACT_TYPE(root_ending, .id = 0);

/* Where the root had none there is nothing, or the null device. */
static int listening_at(int fd)
{
	struct stat what;

	if (fstat(fd, &what) != 0 || !S_ISSOCK(what.st_mode))
		return 0;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

enum status root_inherited(struct root_life *out)
{
	struct blackbox *box;

	TRY(blackbox_open(ROOT_BOX_FD, &box));
	fcntl(ROOT_BOX_FD, F_SETFD, FD_CLOEXEC);
	fcntl(ROOT_LIFE_FD, F_SETFD, FD_CLOEXEC);
	fcntl(ROOT_HELD_FD, F_SETFD, FD_CLOEXEC); /* fails harmlessly where the root gave none */
	*out = (struct root_life){ .host = box->host,
				   .epoch = box->epoch,
				   .restarts = box->restarts,
				   .fd = ROOT_LIFE_FD,
				   .box = box };
	for (int i = 0; i < (int)ROOT_LISTENING_MAX; i++)
		out->listening[i] = listening_at(ROOT_LISTENING_FD + i);
	snprintf(out->last_reason, sizeof out->last_reason, "%.*s", BLACKBOX_REASON - 1,
		 box->last_reason);
	return OK;
}

static void say(struct heart *heart, const char *word)
{
	struct str part = { word, 1 };

	/* A root that does not read for so long that its buffer is full has more beats than it needs. */
	(void)!stream_write(heart->life, &part, 1, NULL, NULL);
}

static void root_said(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	(void)stream;
	(void)bytes;
	if (status == OK)
		return;
	log_warn("heart", "the root is gone, ending");
	act_host_stop(act_host_of(act));
}

static enum status init(struct act *act, void *state, const void *args)
{
	static const struct stream_events events = { .on_read = root_said };
	const struct root_life *life = args;
	struct heart *heart = state;

	heart->before_end = life->before_end;
	heart->before_end_ms = life->before_end_ms ? life->before_end_ms : BEFORE_END_MS;
	TRY(stream_open_fd(act, life->fd, &heart->life));
	stream_set_events(heart->life, &events, heart);
	stream_read_start(heart->life);
	TRY(loop_on_signal(act, SIGTERM));
	act_every(act, ROOT_BEAT_MS, &heart_beat_type, &(struct heart_beat){ 0 });
	say(heart, "R");
	return OK;
}

/* Asked once; a second signal does not wait for the answer any longer. */
static void end(struct heart *heart, struct act *act)
{
	struct root_ending ending = { 0 };

	if (!heart->is_ending && heart->before_end != NULL &&
	    act_request(act, act_named(act, heart->before_end), &root_ending_type, &ending,
			heart->before_end_ms, 1) == OK)
		heart->is_ending = true;
	else
		act_host_drain(act_host_of(act), DRAIN_MS);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, heart_beat))
		say(state, "B");
	else if (ACT_IS(msg, loop_signal))
		end(state, act);
	else if (msg->kind == ACT_ANSWER)
		act_host_drain(act_host_of(act), DRAIN_MS);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class root_heart_class = {
	.name = "heart", .state_size = sizeof(struct heart), .init = init, .receive = receive
};

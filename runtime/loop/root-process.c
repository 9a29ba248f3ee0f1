/*
 * The processes of a root: started with a socket for their life and a black box for their death.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/loop/root-private.h"

static enum status spawn(struct root *root, struct root_process *process, const char *const *argv,
			 int life, struct fault *why)
{
	const struct root_spec *wish = root->spec;
	int fds[ROOT_LISTENING_FD + ROOT_LISTENING_MAX] = { -1,   STDOUT_FILENO,   STDERR_FILENO,
							    life, process->box_fd, wish->held_fd };
	bool has_held = wish->held_fd >= 0 || wish->listening_count > 0;
	struct seams_spawn spec = { .argv = argv,
				    .fds = fds,
				    .fd_count = has_held ? ROOT_LISTENING_FD + wish->listening_count
							 : ROOT_HELD_FD,
				    .is_group_leader = true,
				    .dies_with_us = true };

	memcpy(fds + ROOT_LISTENING_FD, wish->listening, sizeof wish->listening);
	return loop_spawn(root->act, &spec, &process->pid, why);
}

void root_process_name(struct root_process *process, const struct hosted *host)
{
	process->box->host = host->spec->host;
	process->box->epoch = host->epoch;
	process->box->restarts = host->restarts;
	memcpy(process->box->last_reason, host->last_reason, sizeof host->last_reason);
}

void root_process_start(struct root *root, struct root_process *process, const char *const *argv,
			const struct hosted *host, const struct stream_events *events, void *arg)
{
	struct fault why = { 0 };
	enum status status;
	int pair[2];

	*process = (struct root_process){ .pid = 0 };
	if (blackbox_new(&process->box, &process->box_fd) != OK ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		act_fail(root->act, "no memory or descriptors for a host");
	if (host != NULL)
		root_process_name(process, host);
	status = spawn(root, process, argv, pair[1], &why);
	close(pair[1]);
	if (status != OK) {
		close(pair[0]);
		act_fail(root->act, "%s", why.text);
	}
	if (stream_open_fd(root->act, pair[0], &process->stream) != OK)
		act_fail(root->act, "cannot watch a host");
	stream_set_events(process->stream, events, arg);
	stream_read_start(process->stream);
}

void root_process_signal(struct root *root, const struct root_process *process, int number)
{
	const struct seams_process *seam = &act_seams(root->act)->process;

	(void)!seam->kill(seam->self, process->pid, number);
}

void root_process_close(struct root_process *process)
{
	if (process->stream != NULL)
		stream_close(process->stream);
	blackbox_free(process->box, process->box_fd);
	*process = (struct root_process){ .pid = 0 };
}

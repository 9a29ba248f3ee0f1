/*
 * Child processes: started without a bare fork, and their ends told by a pidfd.
 *
 * vfork instead of posix_spawn, because the child also has to ask for a signal at its parent's death; like posix_spawn it
 * runs no atfork handlers (nng aborts in those) and copies no page tables. Between vfork and exec the child shares our
 * memory, so it only makes system calls there, with all signals blocked and their handlers reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/loop/loop-private.h"

#define FDS_MAX 64U

extern char **environ;

/* A child that has not been reaped yet. */
struct process {
	struct list link;
	uv_poll_t poll; /* of its pidfd: readable when it has ended */
	int pidfd;
	int64_t pid;
	void (*ended)(void *arg, int64_t pid, int code, int signal);
	void *arg;
};

/* ---- in the child, before exec -------------------------------------------------------------------------- */

static void reset_signals(const sigset_t *mask)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

/* Sources are first moved out of the way of the targets; dup2 clears close-on-exec. */
static bool place_fds(const struct seams_spawn *spec)
{
	int from[FDS_MAX];

	for (uint32_t i = 0; i < spec->fd_count; i++) {
		int fd = spec->fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : spec->fds[i];

		from[i] = fcntl(fd, F_DUPFD_CLOEXEC, FDS_MAX);
		if (from[i] < 0)
			return false;
	}
	for (uint32_t i = 0; i < spec->fd_count; i++)
		if (dup2(from[i], (int)i) < 0)
			return false;
	return true;
}

static _Noreturn void become(const struct seams_spawn *spec, pid_t parent, const sigset_t *mask,
			     volatile int *error)
{
	sigset_t none;

	sigemptyset(&none);
	(void)mask;
	reset_signals(&none);
	if (spec->dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
		_exit(127);
	if (spec->is_group_leader)
		setsid();
	if ((spec->folder == NULL || chdir(spec->folder) == 0) && place_fds(spec))
		execvpe(spec->argv[0], (char *const *)(uintptr_t)spec->argv,
			spec->env ? (char *const *)(uintptr_t)spec->env : environ);
	*error = errno;
	_exit(127);
}

/* ---- in the parent ------------------------------------------------------------------------------------------ */

static pid_t start(const struct seams_spawn *spec, int *out_error)
{
	volatile int error = 0;
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0)
		become(spec, parent, &old, &error);
	if (pid < 0)
		error = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid > 0 && error != 0)
		waitpid(pid, NULL, 0);
	*out_error = error;
	return error == 0 ? pid : -1;
}

static void poll_closed(uv_handle_t *handle)
{
	struct process *process = handle->data;

	close(process->pidfd);
	mem_free(process);
}

static void forget(struct process *process)
{
	list_remove(&process->link);
	uv_close((uv_handle_t *)&process->poll, poll_closed);
}

static void has_ended(uv_poll_t *poll, int status, int events)
{
	struct process *process = poll->data;
	int what = 0;

	(void)status;
	(void)events;
	if (waitpid((pid_t)process->pid, &what, WNOHANG) != process->pid)
		return;
	uv_poll_stop(poll);
	process->ended(process->arg, process->pid, WIFEXITED(what) ? WEXITSTATUS(what) : -1,
		       WIFSIGNALED(what) ? WTERMSIG(what) : 0);
	forget(process);
}

static enum status process_spawn(void *self, const struct seams_spawn *spec,
				 void (*ended)(void *arg, int64_t pid, int code, int signal),
				 void *arg, int64_t *out_pid)
{
	struct loop *loop = self;
	struct process *process;
	int error, pidfd;
	pid_t pid;

	assert(spec->fd_count <= FDS_MAX);
	pid = start(spec, &error);
	if (pid < 0)
		return loop_status(-error);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return IO;
	}
	process = mem_new(struct process);
	*process = (struct process){ .pidfd = pidfd, .pid = pid, .ended = ended, .arg = arg };
	error = uv_poll_init(&loop->uv, &process->poll, pidfd);
	assert(error == 0);
	process->poll.data = process;
	uv_poll_start(&process->poll, UV_READABLE, has_ended);
	list_push(&loop->processes, &process->link);
	*out_pid = pid;
	return OK;
}

/* No others: the pids of those cannot have been given away before we reaped them. */
static enum status process_kill(void *self, int64_t pid, int signal)
{
	struct loop *loop = self;

	if (pid == SEAMS_SELF)
		return kill(getpid(), signal) == 0 ? OK : NOT_FOUND;
	list_each (&loop->processes, link) {
		const struct process *process = list_item(link, struct process, link);

		if (process->pid == pid)
			return kill((pid_t)pid, signal) == 0 ? OK : NOT_FOUND;
	}
	return NOT_FOUND;
}

void process_seams(struct seams *seams, struct loop *loop)
{
	seams->process =
	    (struct seams_process){ .self = loop, .spawn = process_spawn, .kill = process_kill };
}

/* ---- for actors ------------------------------------------------------------------------------------------------ */

ACT_TYPE(loop_ended, .id = 0);

/* Who is told, should it still be there. */
struct waiting {
	struct act_host *host;
	struct act_ref who;
};

static void tell(void *arg, int64_t pid, int code, int signal)
{
	struct waiting *waiting = arg;

	if (act_post(waiting->host, waiting->who, &loop_ended_type,
		     &(struct loop_ended){ pid, code, signal }) != OK)
		assert(!"loop_ended owns nothing and is always taken");
	mem_free(waiting);
}

/* Of a child that lives on when the loop ends nobody is told any more. */
void process_forget_all(struct loop *loop)
{
	list_each (&loop->processes, link) {
		struct process *process = list_item(link, struct process, link);

		if (process->ended == tell)
			mem_free(process->arg);
		forget(process);
	}
}

enum status loop_spawn(struct act *act, const struct seams_spawn *spec, int64_t *out_pid,
		       struct fault *why)
{
	struct waiting *waiting = mem_new(struct waiting);
	const struct seams_process *process = &act_seams(act)->process;
	enum status status;

	*waiting = (struct waiting){ act_host_of(act), act_self(act) };
	status = process->spawn(process->self, spec, tell, waiting, out_pid);
	if (status == OK)
		return OK;
	mem_free(waiting);
	return fault_set(why, status, "", "cannot start %s: %s", spec->argv[0], status_text(status));
}

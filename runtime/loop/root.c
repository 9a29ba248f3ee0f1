#include "runtime/loop/root.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/loop/blackbox.h"
#include "runtime/loop/loop-private.h"
#include "runtime/loop/root-private.h"
#include "runtime/loop/stream.h"

#define HOSTS_MAX 16U
#define WATCHERS_MAX 16U
#define RESTARTS_MAX 64U /* of the ring that intensity is counted in */
#define STABLE_MS 30000  /* a host that lived so long begins again with the shortest back-off */
#define TICK_MS 1000U
#define PATH_MAX_BYTES 1200U

/*
 *   IDLE ──> STARTING ──R──> READY ──> STOPPING ──> IDLE
 *    ^          └──────────────┴──(ended, silent)──> WAITING (back-off)
 *    └────────────────────────────────────────────────┘
 */
enum life { IDLE, STARTING, READY, STOPPING, WAITING };

struct hosted {
	const struct root_host *spec;
	struct root *root;
	enum life life;
	int64_t pid;
	uint16_t epoch;
	uint32_t restarts, failures; /* in all; in a row */
	char last_reason[BLACKBOX_REASON];
	struct stream *stream; /* its life */
	struct blackbox *box;
	int box_fd;
	struct mono since, heard, due; /* of this state; last beat; when WAITING ends */
	bool is_killed;                /* SIGKILL was sent */
	bool is_finished;              /* it ended for good */
};

struct root {
	const struct root_spec *spec;
	struct act *act;
	struct hosted hosts[HOSTS_MAX];
	uint32_t next; /* to be started when the one before it is ready */
	struct act_ref watchers[WATCHERS_MAX];
	uint32_t watcher_count;
	struct mono ring[RESTARTS_MAX];
	uint32_t ring_at;
	bool is_stopping, is_given_up;
};

struct root_tick {
	char nothing;
};
static const ACT_TYPE(root_tick, .id = 0);
ACT_TYPE(root_change, .id = 0);
ACT_TYPE(root_watch, .id = 0);

static void start(struct hosted *host);
static void wait_and_start(struct hosted *host);

static int64_t age_ms(const struct root *root, struct mono since)
{
	return (act_now(root->act).ns - since.ns) / TIME_MS;
}

/* ---- telling ----------------------------------------------------------------------------------------------- */

static void tell(const struct hosted *host, enum root_state state, const char *what)
{
	const struct root *root = host->root;
	struct root_change change = {
		.state = state, .pid = host->pid, .epoch = host->epoch, .restarts = host->restarts
	};

	snprintf(change.name, sizeof change.name, "%s", host->spec->name);
	snprintf(change.what, sizeof change.what, "%s", what);
	for (uint32_t i = 0; i < root->watcher_count; i++)
		act_cast(root->act, root->watchers[i], &root_change_type, &change);
}

/* ---- epochs ------------------------------------------------------------------------------------------------- */

/* Kept on disk, so that a reference into a host's life before a reboot stays stale. Lost, they begin at random. */
static uint16_t next_epoch(const struct hosted *host)
{
	const struct seams_files *files = &act_seams(host->root->act)->files;
	char path[PATH_MAX_BYTES];
	struct seams_file *file;
	uint16_t epoch = 0;
	size_t len = 0;

	snprintf(path, sizeof path, "%s/epoch-%s", host->root->spec->state_folder, host->spec->name);
	if (files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file) !=
	    OK)
		return (uint16_t)(act_random(host->root->act) % UINT16_MAX + 1);
	if (files->read(files->self, file, &epoch, sizeof epoch, 0, &len) != OK ||
	    len != sizeof epoch)
		epoch = (uint16_t)act_random(host->root->act);
	epoch = epoch == UINT16_MAX ? 1 : (uint16_t)(epoch + 1);
	if (files->write(files->self, file, &epoch, sizeof epoch, 0) != OK)
		log_warn("root", "cannot keep the epoch", LOG_CSTR("host", host->spec->name));
	files->close(files->self, file);
	return epoch;
}

/* ---- the life of one host ------------------------------------------------------------------------------------ */

static void enter(struct hosted *host, enum life life)
{
	host->life = life;
	host->since = host->heard = act_now(host->root->act);
}

static void close_life(struct hosted *host)
{
	if (host->stream != NULL)
		stream_close(host->stream);
	host->stream = NULL;
	blackbox_free(host->box, host->box_fd);
	host->box = NULL;
}

static bool is_up(const struct hosted *host)
{
	return host->life == READY || host->is_finished;
}

/* Goes on with the start in order: one at a time, and only when nothing is still on its way down. */
static void start_next(struct root *root)
{
	if (root->is_stopping)
		return;
	for (uint32_t i = 0; i < root->spec->host_count; i++)
		if (root->hosts[i].life == STOPPING)
			return;
	while (root->next < root->spec->host_count && is_up(&root->hosts[root->next]))
		root->next++;
	if (root->next < root->spec->host_count && root->hosts[root->next].life == IDLE)
		wait_and_start(&root->hosts[root->next]);
}

static void heard(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct hosted *host = stream_arg(stream);

	if (status != OK)
		return; /* its end is told by the kernel, with the reason */
	host->heard = act_now(act);
	if (host->life != STARTING || str_find_char(bytes, 'R') < 0)
		return;
	enter(host, READY);
	log_info("root", "host is ready", LOG_CSTR("host", host->spec->name),
		 LOG_I64("pid", host->pid), LOG_U64("epoch", host->epoch));
	tell(host, ROOT_READY, "");
	start_next(host->root);
}

static enum status spawn(struct hosted *host, int life, struct fault *why)
{
	int held = host->root->spec->held_fd;
	int fds[] = { -1, STDOUT_FILENO, STDERR_FILENO, life, host->box_fd, held };
	struct seams_spawn spec = { .argv = host->spec->argv,
				    .fds = fds,
				    .fd_count = sizeof fds / sizeof fds[0] - (held < 0),
				    .is_group_leader = true,
				    .dies_with_us = true };

	return loop_spawn(host->root->act, &spec, &host->pid, why);
}

static void wait_and_start(struct hosted *host)
{
	const struct root_spec *spec = host->root->spec;
	uint64_t wait_ms = host->failures <= 1 ? 0 : spec->backoff_min_ms;

	for (uint32_t i = 2; i < host->failures && wait_ms < spec->backoff_max_ms; i++)
		wait_ms *= 2;
	if (wait_ms > spec->backoff_max_ms)
		wait_ms = spec->backoff_max_ms;
	if (wait_ms == 0) {
		start(host);
		return;
	}
	wait_ms = wait_ms / 2 + act_random(host->root->act) % (wait_ms / 2 + 1);
	enter(host, WAITING);
	host->due = (struct mono){ host->since.ns + (int64_t)wait_ms * TIME_MS };
	act_after(host->root->act, wait_ms, &root_tick_type, &(struct root_tick){ 0 });
}

static void start(struct hosted *host)
{
	static const struct stream_events events = { .on_read = heard };
	struct fault why = { 0 };
	enum status status;
	int pair[2];

	host->epoch = next_epoch(host);
	host->is_killed = false;
	if (blackbox_new(host->epoch, &host->box, &host->box_fd) != OK ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		act_fail(host->root->act, "no memory or descriptors for a host");
	host->box->restarts = host->restarts;
	memcpy(host->box->last_reason, host->last_reason, sizeof host->last_reason);
	status = spawn(host, pair[1], &why);
	close(pair[1]);
	if (status != OK) {
		close(pair[0]);
		act_fail(host->root->act, "%s", why.text);
	}
	if (stream_open_fd(host->root->act, pair[0], &host->stream) != OK)
		act_fail(host->root->act, "cannot watch a host");
	stream_set_events(host->stream, &events, host);
	stream_read_start(host->stream);
	enter(host, STARTING);
	tell(host, ROOT_STARTING, "");
}

static void stop(struct hosted *host)
{
	const struct seams_process *process = &act_seams(host->root->act)->process;

	if (host->life == WAITING)
		enter(host, IDLE);
	if (host->life != STARTING && host->life != READY)
		return;
	enter(host, STOPPING);
	(void)!process->kill(process->self, host->pid, SIGTERM);
}

static void kill_now(struct hosted *host, const char *why)
{
	const struct seams_process *process = &act_seams(host->root->act)->process;

	if (host->is_killed)
		return;
	host->is_killed = true;
	snprintf(host->last_reason, sizeof host->last_reason, "%s", why);
	log_warn("root", "killing a host", LOG_CSTR("host", host->spec->name), LOG_CSTR("why", why));
	(void)!process->kill(process->self, host->pid, SIGKILL);
}

/* ---- the end of one host --------------------------------------------------------------------------------------- */

static void print_end(const struct hosted *host, const struct loop_ended *ended, struct text *out)
{
	if (blackbox_print(host->box, out))
		return;
	if (ended->signal != 0)
		text_printf(out, "signal %d", ended->signal);
	else
		text_printf(out, "exit code %d", ended->code);
}

/* SIGKILL that we did not send is somebody's wish, or the kernel's need of memory: it says nothing about the host. */
static bool is_from_outside(const struct hosted *host, const struct loop_ended *ended)
{
	return ended->signal == SIGKILL && !host->is_killed;
}

/* Too many failures within the window: whatever is wrong, starting again does not mend it. */
static bool is_too_often(struct root *root)
{
	uint32_t max = root->spec->max_restarts ? root->spec->max_restarts : 10;
	uint32_t within_ms = root->spec->within_ms ? root->spec->within_ms : 60000;
	uint32_t count = 0;

	root->ring[root->ring_at++ % RESTARTS_MAX] = act_now(root->act);
	for (uint32_t i = 0; i < RESTARTS_MAX; i++)
		if (root->ring[i].ns != 0 && age_ms(root, root->ring[i]) < within_ms)
			count++;
	return count > max;
}

static void stop_all(struct root *root)
{
	for (uint32_t i = root->spec->host_count; i-- > 0;)
		stop(&root->hosts[i]);
}

static void give_up(struct hosted *host)
{
	log_error("root", "a host ends again and again, giving up",
		  LOG_CSTR("host", host->spec->name));
	tell(host, ROOT_GIVEN_UP, "too many restarts");
	host->root->is_given_up = host->root->is_stopping = true;
	stop_all(host->root);
}

/* What else has to stop because this one ended; they come back through start_next, in order. */
static void apply_strategy(struct hosted *host)
{
	struct root *root = host->root;
	uint32_t index = (uint32_t)(host - root->hosts);
	uint32_t from = root->spec->strategy == ACT_ONE_FOR_ALL ? 0 : index + 1;

	if (root->spec->strategy == ACT_ONE_FOR_ONE)
		return;
	for (uint32_t i = root->spec->host_count; i-- > from;)
		if (i != index)
			stop(&root->hosts[i]);
	root->next = root->spec->strategy == ACT_ONE_FOR_ALL ? 0 : index;
}

static void restart(struct hosted *host, bool is_failure)
{
	if (is_failure && is_too_often(host->root)) {
		give_up(host);
		return;
	}
	host->restarts++;
	apply_strategy(host);
	if (host->root->spec->strategy == ACT_ONE_FOR_ONE)
		wait_and_start(host);
	else
		start_next(host->root);
}

static bool is_over(const struct root *root)
{
	for (uint32_t i = 0; i < root->spec->host_count; i++)
		if (root->hosts[i].life != IDLE)
			return false;
	return root->is_stopping;
}

static void host_ended(struct root *root, struct hosted *host, const struct loop_ended *ended)
{
	bool was_stopping = host->life == STOPPING,
	     is_clean = ended->signal == 0 && ended->code == 0;
	struct text words = text_new(1024);

	print_end(host, ended, &words);
	text_add_char(&words, '\0');
	host->failures =
	    host->life == READY && age_ms(root, host->since) > STABLE_MS ? 1 : host->failures + 1;
	close_life(host);
	enter(host, IDLE);
	if (!was_stopping && !host->is_killed)
		snprintf(host->last_reason, sizeof host->last_reason, "%.*s", BLACKBOX_REASON - 1,
			 words.at);
	if (!was_stopping)
		log_warn("root", "host ended", LOG_CSTR("host", host->spec->name),
			 LOG_CSTR("what", words.at));
	tell(host, ROOT_ENDED, words.at);
	text_fini(&words);
	if (root->is_stopping)
		return;
	if (was_stopping)
		start_next(root);
	else if (host->spec->restart == ACT_PERMANENT ||
		 (host->spec->restart == ACT_TRANSIENT && !is_clean))
		restart(host, !is_from_outside(host, ended));
	else
		host->is_finished = true;
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static void look_at(struct root *root, struct hosted *host)
{
	uint32_t ready_ms = host->spec->ready_ms ? host->spec->ready_ms : LIMIT_HOST_READY_MS;
	uint32_t shutdown_ms = host->spec->shutdown_ms ? host->spec->shutdown_ms : LIMIT_SHUTDOWN_MS;

	switch (host->life) {
	case STARTING:
		if (age_ms(root, host->since) > ready_ms)
			kill_now(host, "it did not get ready in time");
		break;
	case READY:
		if (age_ms(root, host->heard) > ROOT_SILENCE_MS)
			kill_now(host, "its loop stands still");
		break;
	case STOPPING:
		if (age_ms(root, host->since) > shutdown_ms)
			kill_now(host, "it did not end in time");
		break;
	case WAITING:
		if (act_now(root->act).ns >= host->due.ns)
			start(host);
		break;
	case IDLE: break;
	}
}

/* ---- messages ----------------------------------------------------------------------------------------------------- */

static void end_when_over(struct root *root)
{
	if (!is_over(root))
		return;
	if (root->is_given_up)
		act_fail(root->act, "a host ended too often");
	act_host_stop(act_host_of(root->act));
}

static void ended(struct root *root, const struct loop_ended *ended)
{
	for (uint32_t i = 0; i < root->spec->host_count; i++)
		if (root->hosts[i].pid == ended->pid && root->hosts[i].life != IDLE &&
		    root->hosts[i].life != WAITING)
			host_ended(root, &root->hosts[i], ended);
	end_when_over(root);
}

static void add_watcher(struct root *root, struct act_ref who)
{
	if (root->watcher_count == WATCHERS_MAX)
		return;
	root->watchers[root->watcher_count++] = who;
	for (uint32_t i = 0; i < root->spec->host_count; i++)
		if (root->hosts[i].life == READY)
			tell(&root->hosts[i], ROOT_READY, "");
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct root *root = state;

	(void)act;
	if (ACT_IS(msg, loop_ended)) {
		ended(root, msg->body);
	} else if (ACT_IS(msg, root_tick)) {
		for (uint32_t i = 0; i < root->spec->host_count; i++)
			look_at(root, &root->hosts[i]);
	} else if (ACT_IS(msg, root_watch)) {
		add_watcher(root, msg->from);
	} else if (ACT_IS(msg, loop_signal)) {
		root->is_stopping = true;
		stop_all(root);
		end_when_over(root);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct root *root = state;

	root->act = act;
	root->spec = args;
	assert(root->spec->host_count <= HOSTS_MAX);
	for (uint32_t i = 0; i < root->spec->host_count; i++)
		root->hosts[i] = (struct hosted){ .spec = &root->spec->hosts[i], .root = root };
	TRY(loop_on_signal(act, SIGTERM));
	TRY(loop_on_signal(act, SIGINT));
	act_every(act, TICK_MS, &root_tick_type, &(struct root_tick){ 0 });
	start_next(root);
	return OK;
}

const struct act_class root_class = {
	.name = "root", .state_size = sizeof(struct root), .init = init, .receive = receive
};

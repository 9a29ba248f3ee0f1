#include <signal.h>
#include <stdio.h>

#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "runtime/loop/ends.h"
#include "runtime/loop/root-private.h"

#define STABLE_MS 30000 /* a host that lived so long begins again with the shortest back-off */
#define TICK_MS 1000U
#define PATH_MAX_BYTES 1200U

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
	struct root_change change = { .state = state,
				      .pid = host->process.pid,
				      .epoch = host->epoch,
				      .restarts = host->restarts };

	snprintf(change.name, sizeof change.name, "%s", host->spec->name);
	snprintf(change.what, sizeof change.what, "%s", what);
	for (uint32_t i = 0; i < root->watcher_count; i++)
		act_cast(root->act, root->watchers[i], &root_change_type, &change);
}

/* ---- epochs ------------------------------------------------------------------------------------------------- */

static enum status open_epoch(const struct hosted *host, struct seams_file **out)
{
	const struct seams_files *files = &act_seams(host->root->act)->files;
	char path[PATH_MAX_BYTES];

	snprintf(path, sizeof path, "%s/epoch-%s", host->root->spec->state_folder, host->spec->name);
	return files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, out);
}

static uint16_t epoch_after(uint16_t epoch)
{
	return epoch == UINT16_MAX ? 1 : (uint16_t)(epoch + 1);
}

/* Kept on disk, so that a reference into a host's life before a reboot stays stale: no life has a later one than the file says. */
static void keep_epoch(const struct hosted *host, struct seams_file *file, uint16_t epoch)
{
	const struct seams_files *files = &act_seams(host->root->act)->files;

	if (files->write(files->self, file, &epoch, sizeof epoch, 0) != OK)
		log_warn("root", "cannot keep the epoch", LOG_CSTR("host", host->spec->name));
	files->close(files->self, file);
}

/* The one that was written down ahead; lost, they begin at random. */
static uint16_t next_epoch(struct hosted *host)
{
	const struct seams_files *files = &act_seams(host->root->act)->files;
	struct seams_file *file;
	uint16_t epoch = host->next_epoch;
	size_t len = 0;

	host->next_epoch = 0;
	if (epoch != 0)
		return epoch;
	if (open_epoch(host, &file) != OK)
		return (uint16_t)(act_random(host->root->act) % UINT16_MAX + 1);
	if (files->read(files->self, file, &epoch, sizeof epoch, 0, &len) != OK ||
	    len != sizeof epoch)
		epoch = (uint16_t)act_random(host->root->act);
	epoch = epoch_after(epoch);
	keep_epoch(host, file, epoch);
	return epoch;
}

/* Ahead of the next life, which then waits for no file. */
static void prepare_epoch(struct hosted *host)
{
	struct seams_file *file;

	if (open_epoch(host, &file) != OK)
		return;
	host->next_epoch = epoch_after(host->epoch);
	keep_epoch(host, file, host->next_epoch);
}

/* ---- the life of one host ------------------------------------------------------------------------------------ */

static void enter(struct hosted *host, enum hosted_life life)
{
	host->life = life;
	host->since = host->heard = act_now(host->root->act);
}

static bool is_up(const struct hosted *host)
{
	return host->life == HOSTED_READY || host->is_finished;
}

static bool are_all_up(const struct root *root)
{
	for (uint32_t i = 0; i < root->host_count; i++)
		if (!is_up(&root->hosts[i]))
			return false;
	return true;
}

/* Goes on with the start in order: one at a time, and only when nothing is still on its way down. */
static void start_next(struct root *root)
{
	if (root->is_stopping)
		return;
	for (uint32_t i = 0; i < root->host_count; i++)
		if (root->hosts[i].life == HOSTED_STOPPING)
			return;
	while (root->next < root->host_count && is_up(&root->hosts[root->next]))
		root->next++;
	if (root->next < root->host_count && root->hosts[root->next].life == HOSTED_IDLE)
		wait_and_start(&root->hosts[root->next]);
}

static void heard(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct hosted *host = stream_arg(stream);

	if (status != OK)
		return; /* its end is told by the kernel, with the reason */
	host->heard = act_now(act);
	if (host->life != HOSTED_STARTING || str_find_char(bytes, 'R') < 0)
		return;
	enter(host, HOSTED_READY);
	log_info("root", "host is ready", LOG_CSTR("host", host->spec->name),
		 LOG_I64("pid", host->process.pid), LOG_U64("epoch", host->epoch));
	tell(host, ROOT_READY, "");
	prepare_epoch(host);
	start_next(host->root);
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
	enter(host, HOSTED_WAITING);
	host->due = (struct mono){ host->since.ns + (int64_t)wait_ms * TIME_MS };
	act_after(host->root->act, wait_ms, &root_tick_type, &(struct root_tick){ 0 });
}

static void start(struct hosted *host)
{
	static const struct stream_events events = { .on_read = heard };
	struct root *root = host->root;

	host->epoch = next_epoch(host);
	host->is_aborted = host->is_killed = false;
	if (root_spare_take(root, host)) {
		stream_set_events(host->process.stream, &events, host);
	} else {
		root_process_start(root, &host->process, host->words, host, &events, host);
	}
	enter(host, HOSTED_STARTING);
	tell(host, ROOT_STARTING, "");
}

static void stop(struct hosted *host)
{
	if (host->life == HOSTED_WAITING)
		enter(host, HOSTED_IDLE);
	if (host->life != HOSTED_STARTING && host->life != HOSTED_READY)
		return;
	enter(host, HOSTED_STOPPING);
	root_process_signal(host->root, &host->process, SIGTERM);
}

/* A host that is silent still has a handler that writes down which actor keeps its loop, unless it was stopped from outside. */
static void abort_now(struct hosted *host, const char *why)
{
	if (host->is_aborted)
		return;
	host->is_aborted = true;
	log_warn("root", "aborting a host", LOG_CSTR("host", host->spec->name),
		 LOG_CSTR("why", why));
	root_process_signal(host->root, &host->process, SIGABRT);
}

static void kill_now(struct hosted *host, const char *why)
{
	if (host->is_killed)
		return;
	host->is_killed = true;
	snprintf(host->last_reason, sizeof host->last_reason, "%s", why);
	log_warn("root", "killing a host", LOG_CSTR("host", host->spec->name), LOG_CSTR("why", why));
	root_process_signal(host->root, &host->process, SIGKILL);
}

/* ---- the end of one host --------------------------------------------------------------------------------------- */

/* SIGKILL that we did not send is somebody's wish, or the kernel's need of memory: it says nothing about the host. */
static bool is_from_outside(const struct hosted *host, const struct loop_ended *ended)
{
	return ended->signal == SIGKILL && !host->is_killed;
}

/* Counts one more; true when there were more than max within the time. */
static bool is_exceeded(const struct root *root, struct mono ring[ROOT_RESTARTS_MAX],
			uint32_t *ring_at, uint32_t max, uint32_t within_ms)
{
	uint32_t count = 0;

	ring[(*ring_at)++ % ROOT_RESTARTS_MAX] = act_now(root->act);
	for (uint32_t i = 0; i < ROOT_RESTARTS_MAX; i++)
		if (ring[i].ns != 0 && age_ms(root, ring[i]) < within_ms)
			count++;
	return count > max;
}

/* Too many failures within the window, of one or of all: whatever is wrong, starting again does not mend it. */
static bool is_too_often(struct hosted *host)
{
	struct root *root = host->root;
	const struct root_spec *spec = root->spec;
	bool is_own = host->spec->max_restarts != 0 &&
		      is_exceeded(root, host->ring, &host->ring_at, host->spec->max_restarts,
				  host->spec->within_ms);

	return is_exceeded(root, root->ring, &root->ring_at,
			   spec->max_restarts ? spec->max_restarts : 10,
			   spec->within_ms ? spec->within_ms : 60000) ||
	       is_own;
}

static void stop_all(struct root *root)
{
	root_spare_end_all(root);
	for (uint32_t i = root->host_count; i-- > 0;)
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
	for (uint32_t i = root->host_count; i-- > from;)
		if (i != index)
			stop(&root->hosts[i]);
	root->next = root->spec->strategy == ACT_ONE_FOR_ALL ? 0 : index;
}

static void restart(struct hosted *host, bool is_failure)
{
	if (is_failure && !host->is_exile && is_too_often(host)) {
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
	for (uint32_t i = 0; i < root->host_count; i++)
		if (root->hosts[i].life != HOSTED_IDLE)
			return false;
	return root->is_stopping && root_spare_are_gone(root);
}

static struct end read_end(const struct hosted *host, const struct loop_ended *ended)
{
	struct end end = { .when_ns = act_wall(host->root->act).ns,
			   .pid = ended->pid,
			   .epoch = host->epoch,
			   .code = ended->code,
			   .signal = ended->signal };

	snprintf(end.host, sizeof end.host, "%s", host->spec->name);
	end.has_words = blackbox_read(host->process.box, &end.words);
	return end;
}

static void go_on(struct root *root, struct hosted *host, const struct end *end, bool was_stopping,
		  const struct loop_ended *ended)
{
	bool is_clean = ended->signal == 0 && ended->code == 0;

	if (root->is_stopping)
		return;
	if (was_stopping) {
		start_next(root);
	} else if (host->spec->restart == ACT_PERMANENT ||
		   (host->spec->restart == ACT_TRANSIENT && !is_clean)) {
		if (end->has_words)
			root_exile_judge(host, end->words.actor);
		restart(host, !is_from_outside(host, ended));
	} else {
		host->is_finished = true;
	}
}

static void host_ended(struct root *root, struct hosted *host, const struct loop_ended *ended)
{
	const struct seams_files *files = &act_seams(root->act)->files;
	struct end end = read_end(host, ended);
	struct root_process gone = host->process;
	bool was_stopping = host->life == HOSTED_STOPPING;
	struct text words = text_new(1024);

	end_print(&end, &words);
	text_add_char(&words, '\0');
	host->failures = host->life == HOSTED_READY && age_ms(root, host->since) > STABLE_MS
			     ? 1
			     : host->failures + 1;
	enter(host, HOSTED_IDLE);
	if (!was_stopping && !host->is_killed)
		snprintf(host->last_reason, sizeof host->last_reason, "%.*s", BLACKBOX_REASON - 1,
			 words.at);
	tell(host, ROOT_ENDED, words.at);
	/* Its next life first: what is closed, said and written down can wait. */
	host->process = (struct root_process){ .pid = 0 };
	go_on(root, host, &end, was_stopping, ended);
	root_process_close(&gone);
	if (!was_stopping) {
		log_warn("root", "host ended", LOG_CSTR("host", host->spec->name),
			 LOG_CSTR("what", words.at));
		ends_add(files, root->spec->state_folder, &end);
	}
	text_fini(&words);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

/*
 * How long its loop has stood, in ms. Beats that came while we had no processor ourselves are read before it is found late twice; that others keep it
 * from running is not its fault.
 */
static int64_t silence_ms(const struct root *root, struct hosted *host)
{
	const struct seams_files *files = &act_seams(root->act)->files;
	int64_t now_ms = act_now(root->act).ns / TIME_MS;
	char schedstat[64];

	if (age_ms(root, host->heard) <= ROOT_LATE_MS) {
		host->patience.since_ms = 0;
		return 0;
	}
	snprintf(schedstat, sizeof schedstat, "/proc/%lld/schedstat", (long long)host->process.pid);
	if (host->patience.since_ms == 0)
		host->patience = patience_from(files, schedstat, now_ms);
	return ROOT_LATE_MS + patience_spent_ms(&host->patience, files, schedstat, now_ms);
}

static void look_at(struct root *root, struct hosted *host)
{
	uint32_t ready_ms = host->spec->ready_ms ? host->spec->ready_ms : LIMIT_HOST_READY_MS;
	uint32_t shutdown_ms = host->spec->shutdown_ms ? host->spec->shutdown_ms : LIMIT_SHUTDOWN_MS;
	int64_t silent_ms;

	switch (host->life) {
	case HOSTED_STARTING:
		if (age_ms(root, host->since) > ready_ms)
			kill_now(host, "it did not get ready in time");
		break;
	case HOSTED_READY:
		silent_ms = silence_ms(root, host);
		if (silent_ms > ROOT_SILENCE_MS)
			abort_now(host, "its loop stands still");
		if (silent_ms > ROOT_SILENCE_MS + ROOT_LAST_WORDS_MS)
			kill_now(host, "its loop stands still");
		break;
	case HOSTED_STOPPING:
		if (age_ms(root, host->since) > shutdown_ms)
			kill_now(host, "it did not end in time");
		break;
	case HOSTED_WAITING:
		if (act_now(root->act).ns >= host->due.ns)
			start(host);
		break;
	case HOSTED_IDLE: break;
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
	if (root_spare_ended(root, ended->pid)) {
		end_when_over(root);
		return;
	}
	for (uint32_t i = 0; i < root->host_count; i++)
		if (root->hosts[i].process.pid == ended->pid &&
		    root->hosts[i].life != HOSTED_IDLE && root->hosts[i].life != HOSTED_WAITING)
			host_ended(root, &root->hosts[i], ended);
	end_when_over(root);
}

static void tick(struct root *root)
{
	for (uint32_t i = 0; i < root->host_count; i++)
		look_at(root, &root->hosts[i]);
	if (are_all_up(root))
		root_spare_fill(root);
}

static void add_watcher(struct root *root, struct act_ref who)
{
	if (root->watcher_count == ROOT_WATCHERS_MAX)
		return;
	root->watchers[root->watcher_count++] = who;
	for (uint32_t i = 0; i < root->host_count; i++)
		if (root->hosts[i].life == HOSTED_READY)
			tell(&root->hosts[i], ROOT_READY, "");
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct root *root = state;

	(void)act;
	if (ACT_IS(msg, loop_ended)) {
		ended(root, msg->body);
	} else if (ACT_IS(msg, root_tick)) {
		tick(root);
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
	assert(root->spec->host_count <= ROOT_HOSTS_MAX);
	root->host_count = root->spec->host_count;
	for (uint32_t i = 0; i < root->host_count; i++) {
		root->hosts[i] = (struct hosted){ .spec = &root->spec->hosts[i], .root = root };
		root_exile_plan(&root->hosts[i]);
	}
	TRY(loop_on_signal(act, SIGTERM));
	TRY(loop_on_signal(act, SIGINT));
	act_every(act, TICK_MS, &root_tick_type, &(struct root_tick){ 0 });
	start_next(root);
	return OK;
}

const struct act_class root_class = {
	.name = "root", .state_size = sizeof(struct root), .init = init, .receive = receive
};

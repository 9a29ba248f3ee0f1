#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/actor/actor-private.h"

#define PATH_BYTES 1024U

void act_host_stats(struct act_host *host, struct act_host_stats *out)
{
	*out = host->stats;
	out->actors = host->actors.used;
	out->tasks = host->task_count;
	out->timers = host->timers.used;
	out->requests = host->requests.used;
	out->jobs = host->job_count;
	out->longest_run_ns = actor_host_ns(host, host->longest_cycles);
	host->longest_cycles = 0;
}

const struct act_peek *act_host_peek(const struct act_host *host)
{
	return host->peek;
}

/* By the kernel, which refuses what is not there; in two pieces, since a piece that is partly there is refused as a whole. */
static void info_copy_name(char *out, size_t size, const char *from)
{
	size_t first = 4096 - ((uintptr_t)from & 4095);
	struct iovec here = { out, size - 1 };
	struct iovec there[2] = { { (void *)(uintptr_t)from, size - 1 }, { NULL, 0 } };

	if (first < size - 1) {
		there[0].iov_len = first;
		there[1] = (struct iovec){ (void *)(uintptr_t)(from + first), size - 1 - first };
	}
	(void)!process_vm_readv(getpid(), &here, 1, there, 2, 0);
	out[size - 1] = '\0';
}

void act_peek_read(const struct act_peek *peek, struct act_host_now *out)
{
	const struct act_class *class = atomic_load_explicit(&peek->class, memory_order_relaxed);
	const struct act_type *type = atomic_load_explicit(&peek->type, memory_order_relaxed);
	const char *name = atomic_load_explicit(&peek->name, memory_order_relaxed);

	*out = (struct act_host_now){ 0 };
	out->activation = atomic_load_explicit(&peek->activation, memory_order_relaxed);
	if (!class)
		return;
	out->class_name = class->name;
	out->run_max_ms = class->run_max_ms;
	out->type_name = type ? type->name : NULL;
	if (name)
		info_copy_name(out->name_copy, sizeof out->name_copy, name);
	out->name = out->name_copy[0] ? out->name_copy : out->class_name;
}

static const char *info_state(const struct act *act)
{
	if (act->flags & ACTOR_ENDING)
		return "ending";
	if (act->flags & ACTOR_ON_STACK)
		return "running";
	return act->flags & ACTOR_QUEUED ? "ready" : "idle";
}

static size_t info_memory(const struct act *act)
{
	size_t waiting = (size_t)(act->user_len + act->system_len + act->ties->stash_len);
	size_t ties = act->ties == &act_no_ties ? 0 : sizeof *act->ties;
	return sizeof *act + ties + act->class->state_size +
	       (act->arena ? arena_size(act->arena) : 0) + waiting * 128 +
	       (size_t)act->ties->task_count * 4 * KIB;
}

static void info_give(struct act *act, const char *path,
		      void (*each)(void *arg, const struct act_info *info), void *arg)
{
	static const struct run_times none;
	struct supervised_view view = { .last_reason = "", .run_times = &none };

	if (act->supervised)
		supervisor_view(act->supervised, &view);
	const struct act_info info = {
		.ref = actor_ref(act),
		.parent = act->parent ? actor_ref(act->parent) : ACT_NIL,
		.path = path,
		.name = act_name(act),
		.class_name = act->class->name,
		.state = info_state(act),
		.is_supervisor = act->class == &act_supervisor_class,
		.is_supervised = act->supervised != NULL,
		.restarts = view.restarts,
		.last_reason = view.last_reason,
		.mailbox_len = act->user_len + act->system_len,
		.mailbox_high = act->user_high,
		.tasks = act->ties->task_count,
		.messages = act->messages,
		.run_ns = actor_host_ns(act->host, act->run_cycles),
		.run_p99_ns = actor_host_ns(act->host, run_times_per_mille(view.run_times, 990)),
		.memory_bytes = info_memory(act),
		.started = act->started,
	};
	each(arg, &info);
}

static size_t info_extend(const struct act *act, char *path, size_t len)
{
	struct supervised_view view = { .id = NULL };
	const char *name = act->name;
	int more;

	if (act->supervised)
		supervisor_view(act->supervised, &view);
	if (!name)
		name = view.id;
	more = name ? snprintf(path + len, PATH_BYTES - len, "/%s", name)
		    : snprintf(path + len, PATH_BYTES - len, "/%s#%u", act->class->name,
			       act->slot.index);
	return len + (size_t)more < PATH_BYTES ? len + (size_t)more : PATH_BYTES - 1;
}

/* The supervisor's children of which there is no actor now. */
static void info_give_absent(const struct act *supervisor, char *path, size_t len,
			     void (*each)(void *arg, const struct act_info *info), void *arg)
{
	struct supervised_absent absent;
	uint32_t at = 0;

	if (supervisor->class != &act_supervisor_class || supervisor->flags & ACTOR_ENDING)
		return;
	while (supervisor_next_absent(supervisor, &at, &absent)) {
		struct act_info info = { .parent = actor_ref(supervisor),
					 .path = path,
					 .name = absent.id,
					 .class_name = absent.class_name,
					 .state = absent.is_waiting ? "waiting" : "ended",
					 .is_supervised = true,
					 .restarts = absent.restarts,
					 .last_reason = absent.last_reason,
					 .started = supervisor->started };

		snprintf(path + len, PATH_BYTES - len, "/%s", absent.id);
		each(arg, &info);
		path[len] = '\0';
	}
}

void act_host_each(struct act_host *host, void (*each)(void *arg, const struct act_info *info),
		   void *arg)
{
	char path[PATH_BYTES] = "";
	size_t len = 0;
	struct act *act = host->root;

	/* Depth first without recursion: down to the oldest child, else on to the next of the nearest ancestor. */
	while (act) {
		len = info_extend(act, path, len);
		info_give(act, path, each, arg);
		info_give_absent(act, path, len, each, arg);
		if (!list_is_empty(&act->ties->children)) {
			act = list_item(act->ties->children.next, struct act, sibling);
			continue;
		}
		for (;;) {
			char *slash = strrchr(path, '/');
			len = slash ? (size_t)(slash - path) : 0;
			path[len] = '\0';
			struct act *parent = act->parent;
			if (!parent || act == host->root)
				return;
			if (act->sibling.next != &parent->ties->children) {
				act = list_item(act->sibling.next, struct act, sibling);
				break;
			}
			act = parent;
		}
	}
}

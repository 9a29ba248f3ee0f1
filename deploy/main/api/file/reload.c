#include "deploy/main/api/file/reload.h"

#include "deploy/main/api/file/operator-file.h"
#include "runtime/base/log.h"

struct reload_tick {
	char nothing;
};
static const ACT_TYPE(reload_tick, .id = 0);

/* One look, on a worker. */
struct look {
	const struct reload_args *args;
	struct arena *arena;
	uint8_t digest[CRYPTO_SHA256_BYTES]; /* of the bytes that were seen last */
	bool has_seen, is_new;
	void *at;
	enum status status;
	struct fault why;
};

struct kept {
	struct reload_read read;
	struct mono until;
};

struct reload {
	const struct reload_args *args;
	struct look look;
	bool is_looking, has_failed;
	struct kept kept[RELOAD_KEPT_MAX];
	uint32_t kept_count;
	struct metrics_counter *good, *bad;
	struct metrics_gauge *good_at, *bad_at;
};

enum status reload_begin(struct reload_args *args, struct arena *arena, void **out,
			 struct fault *why)
{
	struct str text;

	TRY(operator_file_read(args->path, arena, &text, why));
	crypto_sha256(text, args->seen);
	args->has_seen = true;
	return args->read(args->arg, text, arena, out, why);
}

static void run_look(void *arg)
{
	struct look *look = arg;
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct str text;

	look->is_new = false;
	look->status = operator_file_read(look->args->path, look->arena, &text, &look->why);
	if (look->status != OK)
		return;
	crypto_sha256(text, digest);
	look->is_new = !look->has_seen || memcmp(digest, look->digest, sizeof digest) != 0;
	look->has_seen = true;
	memcpy(look->digest, digest, sizeof digest);
	if (look->is_new)
		look->status =
		    look->args->read(look->args->arg, text, look->arena, &look->at, &look->why);
}

static void drop_look(void *arg)
{
	struct look *look = arg;

	arena_free(look->arena);
	look->arena = NULL;
}

static void count(struct reload *reload, struct metrics_counter *counter, struct metrics_gauge *at,
		  struct wall now)
{
	if (reload->args->metrics == NULL)
		return;
	metrics_add(counter, 1);
	metrics_set(at, now.ns / TIME_S);
}

static void keep(struct reload *reload, struct act *act, struct reload_read before)
{
	struct kept *kept = &reload->kept[reload->kept_count++];

	kept->read = before;
	kept->until.ns = act_now(act).ns + RELOAD_KEPT_MS * (int64_t)TIME_MS;
}

static void looked(struct reload *reload, struct act *act)
{
	struct look *look = &reload->look;
	struct reload_read before = { NULL, NULL };
	bool is_other = false;

	reload->is_looking = false;
	if (look->status != OK && (look->is_new || !reload->has_failed)) {
		log_error(reload->args->what, "the configuration cannot be read, the last goes on",
			  LOG_FAULT(&look->why));
		count(reload, reload->bad, reload->bad_at, act_wall(act));
	}
	/* The words stay wrong until they are others. */
	if (look->is_new || look->status != OK)
		reload->has_failed = look->status != OK;
	if (look->status == OK && look->is_new)
		is_other = reload->args->use(
		    reload->args->arg, (struct reload_read){ look->arena, look->at }, &before);
	if (!is_other) {
		if (look->status == OK && look->is_new && reload->args->end != NULL)
			reload->args->end(look->at);
		drop_look(look);
		return;
	}
	look->arena = NULL;
	keep(reload, act, before);
	count(reload, reload->good, reload->good_at, act_wall(act));
	log_info(reload->args->what, "a new configuration counts",
		 LOG_CSTR("path", reload->args->path));
}

static void end(const struct reload *reload, struct reload_read before)
{
	if (before.at != NULL && reload->args->end != NULL)
		reload->args->end(before.at);
	arena_free(before.arena);
}

static void end_old(struct reload *reload, struct mono now)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < reload->kept_count; i++) {
		struct kept *kept = &reload->kept[i];
		bool is_busy = kept->read.at != NULL && reload->args->is_busy != NULL &&
			       reload->args->is_busy(kept->read.at);

		if (now.ns >= kept->until.ns && !is_busy)
			end(reload, kept->read);
		else
			reload->kept[count++] = *kept;
	}
	reload->kept_count = count;
}

static void tick(struct reload *reload, struct act *act)
{
	end_old(reload, act_now(act));
	if (reload->is_looking || reload->kept_count == RELOAD_KEPT_MAX)
		return;
	reload->is_looking = true;
	reload->look.arena = arena_new(0);
	reload->look.why = (struct fault){ .status = OK };
	act_job(act, NULL, run_look, &reload->look, drop_look, 0);
}

static void make_counts(struct reload *reload)
{
	const struct reload_args *args = reload->args;
	struct arena *arena;
	const char *total, *at;

	if (args->metrics == NULL)
		return;
	arena = arena_new(0);
	total = arena_printf(arena, "apiserver_%s_automatic_reloads_total", args->metrics_name).at;
	at = arena_printf(arena, "apiserver_%s_automatic_reload_last_timestamp_seconds",
			  args->metrics_name)
		 .at;
	reload->good = metrics_counter(args->metrics, total, "Changes of the file that count.",
				       "status=\"success\"");
	reload->bad = metrics_counter(args->metrics, total, "Changes of the file that count.",
				      "status=\"failure\"");
	reload->good_at =
	    metrics_gauge(args->metrics, at, "When the file changed last.", "status=\"success\"");
	reload->bad_at =
	    metrics_gauge(args->metrics, at, "When the file changed last.", "status=\"failure\"");
	arena_free(arena);
}

/* What counts goes on counting without us: it stays. What does not may still be waited with, and the process ends soon. */
static void release(void *arg)
{
	struct reload *reload = arg;

	if (!reload->is_looking)
		arena_free(reload->look.arena);
	for (uint32_t i = 0; i < reload->kept_count; i++) {
		struct reload_read before = reload->kept[i].read;

		if (before.at == NULL || reload->args->is_busy == NULL ||
		    !reload->args->is_busy(before.at))
			end(reload, before);
	}
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct reload *reload = state;

	reload->args = args;
	reload->look.args = args;
	reload->look.has_seen = reload->args->has_seen;
	memcpy(reload->look.digest, reload->args->seen, sizeof reload->look.digest);
	make_counts(reload);
	act_own(act, release, reload);
	act_every(act, reload->args->every_ms ? reload->args->every_ms : RELOAD_EVERY_MS,
		  &reload_tick_type, &(struct reload_tick){ 0 });
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct reload *reload = state;

	if (msg->kind == ACT_JOB)
		looked(reload, act);
	else if (ACT_IS(msg, reload_tick))
		tick(reload, act);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class reload_class = {
	.name = "reload",
	.state_size = sizeof(struct reload),
	.init = init,
	.receive = receive,
};

#include "deploy/main/node/renewal.h"

#include "deploy/main/host/process.h"
#include "deploy/main/node/identity.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"

/* What a job finds, off the loop. */
struct look {
	struct process *process;
	const struct pki *used;
	struct arena *arena; /* of `found` */
	struct pki found;
	bool is_new, was_due;
	enum status status;
	struct fault why;
};

struct renewal {
	struct process *process;
	struct arena *arena; /* of `used`, once it is not the process's own */
	struct pki used;
	struct look *look; /* NULL: none is under way */
	bool was_told; /* that something is wrong with the files: once, until it is right again */
};

struct look_again {
	char unused;
};
static ACT_TYPE(look_again);

/* A renewal that is cut short leaves a leaf out. */
static bool is_whole(const struct pki *found, const struct pki *used)
{
	bool needs_api = used->api_server.certificate_pem.at != NULL;

	return found->node.certificate_pem.at != NULL &&
	       (!needs_api || found->api_server.certificate_pem.at != NULL);
}

static enum status look_into(struct look *look, const char *folder)
{
	const struct seams_files *files = loop_files();
	const struct seams_clock *clock = loop_clock();
	struct wall now = clock->wall(clock->self), due = pki_next_due(look->used);
	struct process *process = look->process;

	look->was_due = process->host == PROCESS_CORE && due.ns != 0 && now.ns >= due.ns &&
			look->used->ca.key_pem.at != NULL;
	if (!look->was_due && pki_is_saved(files, folder, look->used))
		return OK;
	TRY(pki_load(files, folder, look->arena, &look->found, &look->why));
	if (look->was_due)
		TRY(identity_refresh(&process->dir, &process->identity, now, look->arena,
				     &look->found, false, &look->why));
	look->is_new = is_whole(&look->found, look->used);
	return OK;
}

static void run_look(void *arg)
{
	struct look *look = arg;
	struct arena *scratch = arena_new(0);

	look->status = look_into(
	    look, arena_cstr(scratch, arena_printf(scratch, "%s/pki", look->process->dir.path)));
	arena_free(scratch);
}

static void drop_look(void *arg)
{
	struct look *look = arg;

	arena_free(look->arena);
	mem_free(look);
}

/* Other front proxies: clients are told whose certificates may be shown. */
static void name_proxies(struct renewal *renewal)
{
	struct fault why = { 0 };

	if (!renewal->process->has_other_proxies)
		return;
	renewal->process->has_other_proxies = false;
	if (process_use_keys(renewal->process, &renewal->used, &why) != OK)
		log_warn("renewal",
			 "the files of front proxies or of the API's certificates cannot be used, "
			 "the last go on",
			 LOG_FAULT(&why));
}

static void begin_look(struct act *act, struct renewal *renewal)
{
	struct look look = { .process = renewal->process,
			     .used = &renewal->used,
			     .arena = arena_new(0) };

	name_proxies(renewal);
	renewal->look = mem_copy(&look, sizeof look);
	act_job(act, NULL, run_look, renewal->look, drop_look, 0);
}

/* What was begun with the old keys goes on with them; what begins now has the new. */
static void use(struct renewal *renewal, struct look *look)
{
	struct fault why;

	if (process_use_keys(renewal->process, &look->found, &why) != OK) {
		if (!renewal->was_told)
			log_warn("renewal", "new certificates cannot be used", LOG_FAULT(&why));
		renewal->was_told = true;
		return;
	}
	log_info("renewal", "new certificates are in use",
		 LOG_CSTR("because", look->was_due ? "due" : "the files have changed"));
	renewal->was_told = false;
	arena_free(renewal->arena);
	renewal->arena = look->arena;
	renewal->used = look->found;
	look->arena = NULL;
}

static void end_look(struct act *act, struct renewal *renewal)
{
	struct look *look = renewal->look;

	renewal->look = NULL;
	if (look->status != OK && !renewal->was_told)
		log_warn("renewal", "certificates cannot be read or renewed",
			 LOG_STATUS(look->status), LOG_FAULT(&look->why));
	renewal->was_told = renewal->was_told || look->status != OK;
	if (look->status == OK && look->is_new)
		use(renewal, look);
	drop_look(look);
	act_after(act, RENEWAL_LOOK_S * 1000, &look_again_type, &(struct look_again){ 0 });
}

static void free_arena(void *arg)
{
	struct renewal *renewal = arg;

	arena_free(renewal->arena);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct renewal *renewal = state;

	renewal->process = (struct process *)(uintptr_t)args;
	renewal->used = renewal->process->pki;
	act_own(act, free_arena, renewal);
	act_after(act, RENEWAL_LOOK_S * 1000, &look_again_type, &(struct look_again){ 0 });
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (msg->kind == ACT_JOB)
		end_look(act, state);
	else if (ACT_IS(msg, look_again))
		begin_look(act, state);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class renewal_class = {
	.name = "renewal", .state_size = sizeof(struct renewal), .init = init, .receive = receive
};

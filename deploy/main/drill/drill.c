#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/command/document.h"
#include "deploy/main/drill/drill-private.h"
#include "runtime/loop/loop.h"

#define PERIOD_MS 20U
#define HEAL_MS 60000U
#define ANSWER_MS 3000U
#define FAULT_S_MAX 600U /* a plan's */
#define SETTLE_MS 500U   /* a gap that begins late is seen, too */

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static struct standing look(struct drill *drill, struct arena *arena)
{
	return standing_of(arena, drill_ask_own(drill, "/troupe/status?output=json", arena));
}

/* The node that is asked may be coming back at this moment, from what another drill did to it. */
static struct standing look_first(struct drill *drill)
{
	int64_t until_ms = drill_now_ms(drill) + ANSWER_MS;
	struct standing standing = look(drill, drill->arena);

	while (standing.member_count == 0 && drill_wait_on(drill, until_ms))
		standing = look(drill, drill->arena);
	return standing;
}

static int64_t look_pid(struct drill *drill)
{
	struct arena *arena = arena_new(0);
	int64_t pid = standing_pid(arena, drill_ask_own(drill, "/troupe/tree?output=json", arena),
				   drill->node, drill->host);

	arena_free(arena);
	return pid;
}

/* ---- whom to kill, and whether ------------------------------------------------------------------------------------ */

static bool can_bear(struct drill *drill)
{
	const struct standing *standing = &drill->before;
	uint32_t voters = 0;

	for (uint32_t i = 0; i < standing->member_count; i++)
		voters += str_is(standing->members[i].role, "voter");
	if (standing->member_count == 0)
		return drill_fail(drill, "the node on %s does not say how the cluster stands: %s",
				  drill->dir.path,
				  drill->why.text[0] ? drill->why.text : "no members");
	if (!standing->is_ready)
		return drill_fail(drill,
				  "refused: the cluster does not work as it is (troupe status)");
	if (voters < 3)
		return drill_fail(
		    drill,
		    "refused: the cluster is not highly available, %u of its members vote: "
		    "let more machines join (troupe token create), from three on it is",
		    voters);
	if (standing->tolerance == 0)
		return drill_fail(
		    drill,
		    "refused: %u of %u voters are alive, no more may be lost: bring the "
		    "others back first (troupe members)",
		    standing->voters, voters);
	return true;
}

static bool choose(struct drill *drill)
{
	drill->node = drill->before.leader;
	for (uint32_t i = 0;
	     str_is(str_from(drill->what), "voter") && i < drill->before.member_count; i++) {
		const struct standing_member *member = &drill->before.members[i];

		if (member->is_alive && str_is(member->role, "voter") &&
		    !str_eq(member->name, drill->before.leader))
			drill->node = member->name;
	}
	drill->pid = look_pid(drill);
	if (drill->pid == 0)
		return drill_fail(drill, "refused: the process " STR_FMT "/%s does not answer",
				  STR_ARG(drill->node), drill->host);
	return true;
}

/* ---- the kill --------------------------------------------------------------------------------------------------- */

static bool begin_probing(struct drill *drill)
{
	int64_t until_ms = drill_now_ms(drill) + DRILL_BEGIN_MS;
	struct mono since = act_now(drill->act);

	drill->probe.act = drill->act;
	drill->probe.namespace = DRILL_NAMESPACE;
	drill->probe.period_ms = PERIOD_MS;
	drill->is_probing = true;
	if (!probe_begin(&drill->probe, &drill->why))
		return drill_fail(drill, "%s", drill->why.text);
	while (!probe_has_succeeded(&drill->probe, since))
		if (!drill_wait_on(drill, until_ms))
			return drill_fail(drill,
					  "writes, reads and controllers do not all work within "
					  "%u s; nothing was done",
					  DRILL_BEGIN_MS / 1000);
	return true;
}

static bool kill_it(struct drill *drill)
{
	struct arena *arena = arena_new(0);
	struct str body = STR_NONE, whole;
	int code = 0;
	bool is_killed;

	whole = arena_printf(arena, STR_FMT "/%s", STR_ARG(drill->node), drill->host);
	probe_mark(&drill->probe);
	is_killed = ask_client(drill->act, drill->socket, "POST", "/troupe/kill?level=host", whole,
			       arena, &code, &body, &drill->why) &&
		    code == 200;
	if (!is_killed)
		drill_fail(drill, STR_FMT " cannot be killed: " STR_FMT, STR_ARG(whole),
			   STR_ARG(code ? str_trim(body) : str_from(drill->why.text)));
	arena_free(arena);
	return is_killed;
}

/* ---- a fault that is more --------------------------------------------------------------------------------------- */

/* What the plan says now; nothing while nobody answers. */
static struct drill_plan read_plan(struct drill *drill, struct arena *arena)
{
	struct str body = STR_NONE;
	int code =
	    drill_ask_any(drill, "GET", DRILL_PLANS_PATH "/" DRILL_PLAN, STR_NONE, arena, &body);

	return drill_fault_read(code == 200 ? body : STR_NONE, arena);
}

/* One of a drill that was killed may be there: whoever has the namespace has the plan. */
static bool post_plan(struct drill *drill)
{
	struct str plan =
	    drill_fault_plan(drill->fault, drill->node, drill->host, drill->fault_s, drill->arena);
	struct str body = STR_NONE;
	int code;

	drill->has_plan = true;
	if (!drill_remove(drill, DRILL_PLANS_PATH "/" DRILL_PLAN))
		return drill_fail(drill, "an old ChaosPlan " DRILL_PLAN " cannot be deleted");
	probe_mark(&drill->probe);
	code = drill_ask_any(drill, "POST", DRILL_PLANS_PATH, plan, drill->arena, &body);
	return code == 201 ||
	       drill_fail(drill, "the ChaosPlan " DRILL_PLAN " cannot be made: %d", code);
}

static bool ask_fault(struct drill *drill)
{
	struct arena *arena = arena_new(0);
	struct drill_plan plan = { 0 };
	int64_t until_ms;

	if (!post_plan(drill))
		return arena_free(arena), false;
	until_ms = drill_now_ms(drill) + DRILL_BEGIN_MS;
	do {
		arena_reset(arena);
		plan = read_plan(drill, arena);
	} while (!plan.is_done && !plan.is_refused && drill_wait_on(drill, until_ms));
	if (!plan.is_done)
		drill_fail(drill, "refused: " STR_FMT,
			   STR_ARG(plan.why.len ? plan.why : STR("nobody does it")));
	arena_free(arena);
	return drill->code == EXIT_DONE;
}

static bool await_end(struct drill *drill)
{
	int64_t lasts_ms = drill->fault_s * 1000 + HEAL_MS;
	int64_t until_ms = drill_now_ms(drill) + lasts_ms;
	struct arena *arena = arena_new(0);

	do {
		arena_reset(arena);
		drill->plan = read_plan(drill, arena);
	} while (!drill->plan.is_over && drill_wait_on(drill, until_ms));
	drill->plan.target = arena_str(drill->arena, drill->plan.target);
	arena_free(arena);
	return drill->plan.is_over ||
	       drill_fail(drill, "the fault is not over within %jd s", (intmax_t)lasts_ms / 1000);
}

/* ---- as before -------------------------------------------------------------------------------------------------- */

static bool is_as_before(struct drill *drill, struct arena *arena)
{
	struct standing now = look(drill, arena);
	bool has_elected = drill->fault || !str_is(str_from(drill->what), "leader") ||
			   now.term > drill->before.term;

	if (!now.is_ready || now.leader.len == 0 || now.tolerance < drill->before.tolerance ||
	    now.voters < drill->before.voters || !has_elected)
		return false;
	drill->after = now;
	drill->after.leader = arena_str(drill->arena, now.leader);
	return true;
}

static bool await_restored(struct drill *drill)
{
	struct mono since = act_now(drill->act);
	int64_t begin_ms = drill_now_ms(drill);
	struct arena *arena = arena_new(0);
	bool is_back = false, is_restored = false;

	if (drill->fault && !await_end(drill))
		return arena_free(arena), false;
	do {
		arena_reset(arena);
		if (!is_back) {
			int64_t pid = look_pid(drill);

			/* Who was only hurt may live on. */
			is_back = pid != 0 && (drill->fault || pid != drill->pid);
			since = act_now(drill->act);
		}
		is_restored = is_back && is_as_before(drill, arena) &&
			      probe_has_succeeded(&drill->probe, since);
	} while (!is_restored && drill_wait_on(drill, begin_ms + HEAL_MS));
	arena_free(arena);
	drill->restored_ms = drill_now_ms(drill) - begin_ms;
	return is_restored ||
	       drill_fail(drill, "the cluster is not as available as before within %u s",
			  HEAL_MS / 1000);
}

static bool count(struct drill *drill)
{
	act_sleep(drill->act, SETTLE_MS);
	drill->outage = probe_outage(&drill->probe);
	probe_end(&drill->probe);
	for (uint32_t i = 0; i < drill->probe.count; i++)
		if (probe_count_lost(&drill->probe, i, &drill->lost, &drill->why))
			return drill->lost == 0 ||
			       drill_fail(drill, "%ju acknowledged writes are lost",
					  (uintmax_t)drill->lost);
	return drill_fail(drill, "%s", drill->why.text);
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

static struct str done_words(const struct drill *drill)
{
	const struct drill_plan *plan = &drill->plan;

	if (drill->fault == NULL)
		return arena_printf(drill->arena, "killed " STR_FMT "/%s", STR_ARG(drill->node),
				    drill->host);
	if (plan->struck == 0)
		return arena_printf(drill->arena, "%s of " STR_FMT, drill->fault->name,
				    STR_ARG(plan->target));
	return arena_printf(drill->arena, "%s of " STR_FMT " for %jd s, which struck %ju times",
			    drill->fault->name, STR_ARG(plan->target), (intmax_t)drill->fault_s,
			    (uintmax_t)plan->struck);
}

static void report_line(const struct drill *drill)
{
	bool has_moved = !str_eq(drill->before.leader, drill->after.leader);
	struct str done = done_words(drill);

	printf("drill %s: " STR_FMT ", " STR_FMT " leads%s; away: writes %jd ms, reads %jd "
	       "ms, controllers %jd ms; as available as before after %jd ms; %ju writes "
	       "acknowledged, %ju lost\n",
	       drill->what, STR_ARG(done), STR_ARG(drill->after.leader),
	       has_moved ? " now" : " as before", (intmax_t)drill->outage.writes_ms,
	       (intmax_t)drill->outage.reads_ms, (intmax_t)drill->outage.controllers_ms,
	       (intmax_t)drill->restored_ms, (uintmax_t)drill->probe.acknowledged_count,
	       (uintmax_t)drill->lost);
}

static void report_document(const struct drill *drill, enum document_form form)
{
	struct text out = text_new(4 * KIB);
	struct document doc = document_in(&out, form);

	document_str(&doc, "drill", str_from(drill->what));
	document_str(&doc, "fault", str_from(drill->fault ? drill->fault->name : "kill"));
	document_str(&doc, "node", drill->node);
	document_str(&doc, "host", str_from(drill->host));
	if (drill->fault != NULL) {
		document_str(&doc, "target", drill->plan.target);
		document_u64(&doc, "fault_seconds", (uint64_t)drill->fault_s);
		document_u64(&doc, "struck", drill->plan.struck);
	}
	document_object(&doc, "leader");
	document_str(&doc, "before", drill->before.leader);
	document_str(&doc, "after", drill->after.leader);
	document_close(&doc);
	document_u64(&doc, "writes_ms", (uint64_t)drill->outage.writes_ms);
	document_u64(&doc, "reads_ms", (uint64_t)drill->outage.reads_ms);
	document_u64(&doc, "controllers_ms", (uint64_t)drill->outage.controllers_ms);
	document_u64(&doc, "watch_ms", (uint64_t)drill->outage.watch_ms);
	document_u64(&doc, "restored_ms", (uint64_t)drill->restored_ms);
	document_u64(&doc, "acknowledged_writes", drill->probe.acknowledged_count);
	document_u64(&doc, "lost_writes", drill->lost);
	document_bool(&doc, "holds", drill->code == EXIT_DONE);
	document_end(&doc);
	fwrite(out.at, 1, out.len, stdout);
	text_fini(&out);
}

static void report(const struct drill *drill)
{
	const char *form = command_text(drill->line, "output");

	if (strcmp(form, "text") == 0)
		report_line(drill);
	else
		report_document(drill, strcmp(form, "json") == 0 ? DOCUMENT_JSON : DOCUMENT_YAML);
}

/* ---- the actor --------------------------------------------------------------------------------------------------- */

/* The plan first: while the namespace is there no other drill makes one. */
static void clean(struct drill *drill)
{
	if (drill->has_plan && !drill_remove(drill, DRILL_PLANS_PATH "/" DRILL_PLAN))
		drill_fail(drill, "the ChaosPlan " DRILL_PLAN " is not deleted in time: delete it");
	if (drill->has_namespace && !drill_remove(drill, DRILL_NAMESPACE_PATH))
		drill_fail(drill,
			   "the namespace " DRILL_NAMESPACE " is not deleted in time: delete it");
}

static bool hurt(struct drill *drill)
{
	return drill->fault ? ask_fault(drill) : kill_it(drill);
}

static void story(struct act *act, void *state, void *arg)
{
	struct drill *drill = *(struct drill **)state;
	const char *socket = arena_printf(drill->arena, "unix:%s/api.sock", drill->dir.run).at;
	bool is_measured = false;

	(void)act;
	(void)arg;
	if (drill_connect(drill, socket, NULL, &drill->socket)) {
		drill->before = look_first(drill);
		is_measured = can_bear(drill) && choose(drill) && drill_load_keys(drill) &&
			      drill_connect_all(drill) && drill_make_namespace(drill) &&
			      begin_probing(drill) && hurt(drill) && await_restored(drill);
		is_measured = is_measured && (count(drill) || drill->lost > 0);
	}
	if (drill->is_probing && !is_measured)
		probe_end(&drill->probe);
	clean(drill);
	if (is_measured)
		report(drill);
	drill->is_done = true;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct drill *drill = *(struct drill **)state;

	(void)act;
	if (ACT_IS(msg, loop_signal))
		drill->is_interrupted = true;
	else if (!probe_receive(&drill->probe, msg))
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct drill *drill = *(struct drill *const *)args;

	*(struct drill **)state = drill;
	drill->act = act;
	TRY(loop_on_signal(act, SIGINT));
	TRY(loop_on_signal(act, SIGTERM));
	TRY(loop_on_signal(act, SIGHUP));
	return act_task(act, story, NULL);
}

static const struct act_class drill_class = {
	.name = "drill", .state_size = sizeof(struct drill *), .init = init, .receive = receive
};

static bool is_known(const char *what)
{
	return strcmp(what, "leader") == 0 || strcmp(what, "voter") == 0 ||
	       strcmp(what, "controllers") == 0;
}

/* OK: whom, by what, and for how long. */
static enum status read_words(struct drill *drill, struct fault *why)
{
	const char *fault = command_text(drill->line, "fault");

	if (!is_known(drill->what))
		return fault_set(why, BAD_REQUEST, "", "leader, voter or controllers, not \"%s\"",
				 drill->what);
	drill->fault = drill_fault_find(fault);
	drill->host = strcmp(drill->what, "controllers") == 0 ? "control" : "core";
	drill->fault_s = (command_number(drill->line, "for") + 999) / 1000;
	if (drill->fault_s < 1 || drill->fault_s > FAULT_S_MAX)
		return fault_set(why, BAD_REQUEST, "for", "--for is 1s to %us", FAULT_S_MAX);
	if (drill->fault && !drill_fault_is_of(drill->fault, drill->host))
		return fault_set(why, BAD_REQUEST, "fault",
				 "%s is done to a disk, which leader and voter have and "
				 "controllers have not",
				 fault);
	return OK;
}

int drill_run(const struct command_line *line)
{
	static struct drill state;
	struct drill *drill = &state;

	drill->line = line;
	drill->what = line->arguments[0];
	if (read_words(drill, &drill->why) != OK)
		return command_failed("drill: %s", drill->why.text), EXIT_USAGE;
	if (data_dir_find(command_text(line, "data-dir"), &drill->dir, &drill->why) != OK)
		return command_failed("drill: %s", drill->why.text);
	if (access(arena_printf(drill->arena = arena_new(0), "%s/api.sock", drill->dir.run).at,
		   F_OK) != 0)
		return command_failed("drill: no node runs on %s (name its directory with "
				      "--data-dir)",
				      drill->dir.path);
	if (ask_run(&drill_class, &drill, &drill->is_done, 0) != OK)
		return command_failed("drill: cannot start");
	tls_context_unref(drill->tls);
	return drill->code;
}

#include "tests/sim/wood/wood.h"

#include <stdio.h>

#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/sim/wood/wood-book.h"

#define DEPTH_MAX 3U
#define CHILDREN_MAX 4U
#define PARTS_MAX 24U /* supervised, of a host */
#define SPAWNED_MAX 3U
#define BEAT_MS 60U
#define QUIET_MS 2000U
#define OWNED_MAX 6U
#define MONITORS_MAX 6U
#define TICKETS_MAX 4U

/* What one host is to run: planned from the seed, the same in all its lives. */
struct plan {
	struct act_supervisor supervisors[PARTS_MAX];
	struct act_child children[PARTS_MAX][CHILDREN_MAX];
	struct tree_args args[PARTS_MAX * CHILDREN_MAX];
	char ids[PARTS_MAX * CHILDREN_MAX][16];
	uint32_t supervisor_count, child_count;
};

struct wood {
	struct act_sim *sim;
	struct book book;
	struct plan plans[WOOD_NODES][WOOD_HOSTS];
	bool is_quiet;
};

/* ---- messages ---------------------------------------------------------------------------------------------- */

/* Numbers: of lives in the book, and of messages of a pair. */
struct leaf {
	uint32_t from, to, key, nothing; /* without a gap: its bytes are sent */
	uint64_t number;
};

static enum status leaf_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct leaf));
	return OK;
}

static enum status leaf_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct leaf))
		return INVALID;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

/* A question has the number of the request; `to` is 0 where it may be passed on. */
static const ACT_TYPE(leaf, .id = 1, .encode = leaf_encode, .decode = leaf_decode);
static const struct act_type question_type = { .id = 2,
					       .name = "question",
					       .size = sizeof(struct leaf),
					       .encode = leaf_encode,
					       .decode = leaf_decode };
static const struct act_type *const types[] = { &leaf_type, &question_type };

struct beat {
	uint32_t nothing;
};
static ACT_TYPE(beat);

/* ---- an actor ------------------------------------------------------------------------------------------------- */

struct tree {
	struct wood *wood;
	const struct tree_args *args;
	uint32_t life; /* in the book */
	uint64_t owned[OWNED_MAX];
	uint32_t owned_count, spawned;
	uint32_t monitors[MONITORS_MAX]; /* in the book */
	uint32_t monitor_count;
	struct act_ticket tickets[TICKETS_MAX];
	uint64_t asked[TICKETS_MAX];
	uint32_t ticket_count;
	bool is_stashing, is_trapping;
};

static const struct act_class tree_classes[];

static uint64_t below(struct act *act, uint64_t n)
{
	return n ? act_random(act) % n : 0;
}

static bool one_in(struct act *act, uint32_t n)
{
	return below(act, n) == 0;
}

/* Anybody who lives or lived anywhere; mostly somebody who lives. */
static const struct life *anybody(struct act *act, struct tree *tree)
{
	struct book *book = &tree->wood->book;

	for (uint32_t i = 0; i < 8; i++) {
		const struct life *life =
		    book_life(book, 1 + (uint32_t)below(act, book->lives.len - 1));
		if (!life->has_ended)
			return life;
	}
	return book_life(book, 1 + (uint32_t)below(act, book->lives.len - 1));
}

static void tell(struct act *act, struct tree *tree)
{
	const struct life *to = anybody(act, tree);
	uint32_t key = (uint32_t)below(act, BOOK_KEYS);
	struct leaf leaf = { tree->life, to->number, key, 0,
			     book_sent(&tree->wood->book, tree->life, to->number) };

	(void)!act_send(act, to->ref, &leaf_type, &leaf);
}

static void ask(struct act *act, struct tree *tree)
{
	const struct life *to = anybody(act, tree);
	uint32_t timeout_ms = 1 + (uint32_t)below(act, BOOK_TIMEOUT_MS);
	uint64_t number = book_asks(&tree->wood->book, tree->life, act_now(act), timeout_ms);
	struct leaf leaf = { tree->life, to->number, 0, 0, number };

	if (act_request(act, to->ref, &question_type, &leaf, timeout_ms, number) != OK)
		book_answered(&tree->wood->book, tree->life, number, act_now(act));
}

static void watch(struct act *act, struct tree *tree)
{
	const struct life *who = anybody(act, tree);

	if (tree->monitor_count == MONITORS_MAX) {
		uint32_t i = (uint32_t)below(act, MONITORS_MAX);
		struct monitor *monitor = book_monitor(&tree->wood->book, tree->monitors[i]);

		act_demonitor(act, monitor->id);
		monitor->is_over = true;
		tree->monitors[i] = tree->monitors[--tree->monitor_count];
		return;
	}
	tree->monitors[tree->monitor_count++] =
	    book_watches(&tree->wood->book, tree->life, act_monitor(act, who->ref), who->number);
}

static void give_back(void *arg)
{
	book_released(arg);
}

static void own(struct act *act, struct tree *tree)
{
	if (tree->owned_count == OWNED_MAX) {
		struct thing *thing = book_newest_thing(&tree->wood->book, tree->life);

		act_disown(act, tree->owned[--tree->owned_count]);
		book_released(thing);
		return;
	}
	tree->owned[tree->owned_count++] =
	    act_own(act, give_back, book_thing(&tree->wood->book, tree->life));
}

static void run_job(void *arg)
{
	((struct errand *)arg)->runs++;
}

static void drop_job(void *arg)
{
	book_errand_over(arg);
}

/* Asks one after the other, and several at once, and waits in between. */
static void wander(struct act *act, void *state, void *arg)
{
	struct tree *tree = state;
	struct leaf leaf = { .from = tree->life };
	const struct act_msg *answer;
	struct act_all *all;

	(void)arg;
	tree->wood->book.counts.tasks++;
	if (act_ask(act, anybody(act, tree)->ref, &question_type, &leaf, 500, &answer) == OK)
		CHECK(answer->type == &question_type);
	if (one_in(act, 4) && !tree->wood->is_quiet)
		act_fail(act, "lost its way");
	act_sleep(act, below(act, 300));
	all = act_all(act, 3);
	for (uint32_t i = 0; i < 3; i++)
		act_all_ask(all, anybody(act, tree)->ref, &question_type, &leaf, 300);
	if (one_in(act, 2))
		(void)!act_all_wait(all);
	act_all_end(all);
	act_pause(act);
}

static void harm(struct act *act, struct tree *tree)
{
	struct act_ref who = anybody(act, tree)->ref;

	if (tree->wood->is_quiet)
		return;
	switch (below(act, 5)) {
	case 0: act_fail(act, "had enough"); break;
	case 1: act_stop(act, who); break;
	case 2: act_kill(act, who); break;
	case 3: act_alloc(act, 1024 * 1024); break; /* more than it may */
	case 4: act_link(act, who); break;
	}
}

static void grow(struct act *act, struct tree *tree)
{
	struct tree_args args = { tree->wood, tree->args->depth + 1,
				  (uint32_t)below(act, TREE_KINDS), tree->life };

	if (args.depth > DEPTH_MAX || tree->spawned++ >= SPAWNED_MAX)
		return;
	(void)!act_spawn(act, &tree_classes[args.kind], &args, NULL, NULL);
}

static void answer_late(struct act *act, struct tree *tree)
{
	if (tree->ticket_count == 0)
		return;
	struct act_ticket ticket = tree->tickets[--tree->ticket_count];
	struct leaf leaf = { .from = tree->life, .number = tree->asked[tree->ticket_count] };

	if (act_answer(act, ticket, &question_type, &leaf) == OK)
		CHECK_STATUS(act_answer(act, ticket, &question_type, &leaf), GONE);
}

static void take_beat(struct act *act, struct tree *tree)
{
	act_after(act, 1 + below(act, tree->wood->is_quiet ? QUIET_MS : 2 * BEAT_MS), &beat_type,
		  &(struct beat){ 0 });
	book_check_asker(&tree->wood->book, tree->life, act_now(act));
	switch (below(act, 16)) {
	case 0:
	case 1:
	case 2:
	case 3: tell(act, tree); break;
	case 4:
	case 5: ask(act, tree); break;
	case 6:
	case 7: watch(act, tree); break;
	case 8: own(act, tree); break;
	case 9: grow(act, tree); break;
	case 10:
		act_job(act, NULL, run_job, book_errand(&tree->wood->book, tree->life), drop_job, 7);
		break;
	case 11: (void)!act_task(act, wander, NULL); break;
	case 12: answer_late(act, tree); break;
	case 13:
		tree->is_stashing = !tree->is_stashing;
		if (!tree->is_stashing)
			act_unstash(act);
		break;
	case 14:
		if (one_in(act, 2))
			act_unlink(act, anybody(act, tree)->ref);
		else if (one_in(act, 2))
			(void)!act_join(act, "grove");
		else
			act_publish(act, "grove", &beat_type, &(struct beat){ 1 });
		break;
	case 15: harm(act, tree); break;
	}
}

static enum act_verdict take_question(struct act *act, struct tree *tree, const struct act_msg *msg)
{
	const struct leaf *leaf = msg->body;
	struct leaf answer = { tree->life, leaf->from, 0, 0, leaf->number };

	switch (below(act, 8)) {
	case 0: act_refuse(act, msg, CONFLICT); break;
	case 1: return ACT_UNHANDLED;
	case 2:
		if (tree->ticket_count == TICKETS_MAX)
			break; /* never answered */
		tree->asked[tree->ticket_count] = leaf->number;
		tree->tickets[tree->ticket_count++] = act_ticket(msg);
		break;
	case 3: act_forward(act, msg, anybody(act, tree)->ref); break;
	case 4:
		if (!tree->wood->is_quiet && one_in(act, 4))
			act_fail(act, "did not like the question");
		break; /* never answered */
	default:
		if (act_reply(act, msg, &question_type, &answer) == OK)
			CHECK_STATUS(act_reply(act, msg, &question_type, &answer), GONE);
		break;
	}
	return ACT_OK;
}

static enum act_verdict take_signal(struct act *act, struct tree *tree, const struct act_msg *msg)
{
	(void)act;
	if (ACT_IS(msg, act_down)) {
		uint32_t number = book_down(&tree->wood->book, tree->life, ACT_AS(msg, act_down));

		for (uint32_t i = 0; i < tree->monitor_count; i++)
			if (tree->monitors[i] == number)
				tree->monitors[i] = tree->monitors[--tree->monitor_count];
	} else if (ACT_IS(msg, act_exit)) {
		CHECK(tree->is_trapping);
		tree->wood->book.counts.exits++;
		/* Who does not listen is killed in time. */
		if (ACT_AS(msg, act_exit)->why == ACT_SHUTDOWN &&
		    (tree->wood->is_quiet || !one_in(act, 10)))
			return ACT_STOP;
	}
	return ACT_OK;
}

static enum act_verdict tree_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct tree *tree = state;
	struct book *book = &tree->wood->book;

	switch (msg->kind) {
	case ACT_SIGNAL: return take_signal(act, tree, msg);
	case ACT_ANSWER: book_answered(book, tree->life, msg->tag, act_now(act)); return ACT_OK;
	case ACT_JOB: book_errand_over(ACT_AS(msg, act_job_done)->arg); return ACT_OK;
	case ACT_TIMER: take_beat(act, tree); return ACT_OK;
	default: break;
	}
	if (tree->is_stashing && act_stash(act, msg) == OK)
		return ACT_OK;
	if (msg->kind == ACT_REQUEST)
		return take_question(act, tree, msg);
	if (ACT_IS(msg, leaf) && !tree->is_stashing) {
		const struct leaf *leaf = msg->body;
		bool is_keyed = tree->args->kind == TREE_COALESCES;

		book_received(book, leaf->from, tree->life, leaf->to, is_keyed ? leaf->key : 0,
			      leaf->number);
	}
	return !tree->wood->is_quiet && one_in(act, 500) ? ACT_STOP : ACT_OK;
}

static enum status tree_init(struct act *act, void *state, const void *given)
{
	const struct tree_args *args = given;
	struct tree *tree = state;

	tree->args = arena_copy(act_arena(act), args, sizeof *args);
	tree->wood = args->wood;
	tree->life = book_born(&tree->wood->book, act_self(act), args->parent);
	act_own(act, give_back, book_thing(&tree->wood->book, tree->life));
	act_after(act, 1 + below(act, BEAT_MS), &beat_type, &(struct beat){ 0 });
	if (one_in(act, 3))
		act_trap_exits(act, tree->is_trapping = true);
	if (!tree->wood->is_quiet && one_in(act, 40))
		act_fail(act, "stillborn");
	return tree->wood->is_quiet || !one_in(act, 40) ? OK : UNAVAILABLE;
}

static void tree_stop(struct act *act, void *state, enum act_reason why)
{
	struct tree *tree = state;

	book_stops(&tree->wood->book, tree->life, why);
	if (!tree->wood->is_quiet && one_in(act, 10))
		act_fail(act, "fell while it stopped");
}

static uint64_t tree_key(const struct act_type *type, const void *body)
{
	return type == &leaf_type ? ((const struct leaf *)body)->key + 1 : 0;
}

#define TREE                                                                  \
	.name = "tree", .state_size = sizeof(struct tree), .init = tree_init, \
	.receive = tree_receive, .stop = tree_stop, .memory_max = 512 * 1024
static const struct act_class tree_classes[] = {
	[TREE_REJECTS] = { TREE, .mailbox_max = 8 },
	[TREE_DROPS] = { TREE, .mailbox_max = 4, .on_full = ACT_FULL_DROP_OLD },
	[TREE_CRASHES] = { TREE, .mailbox_max = 16, .on_full = ACT_FULL_CRASH },
	[TREE_COALESCES] = { TREE, .key = tree_key },
};

/* ---- planning ----------------------------------------------------------------------------------------------- */

static uint64_t dice(struct wood *wood, uint64_t n)
{
	return act_sim_random(wood->sim) % n;
}

static uint32_t plan_supervisor(struct wood *wood, struct plan *plan, uint32_t depth)
{
	uint32_t number = plan->supervisor_count++, count = 1 + (uint32_t)dice(wood, CHILDREN_MAX);
	bool has_backoff = dice(wood, 2);

	for (uint32_t i = 0; i < count; i++) {
		struct act_child *child = &plan->children[number][i];
		struct tree_args *args = &plan->args[plan->child_count];
		char *id = plan->ids[plan->child_count++];
		bool is_supervisor =
		    depth < DEPTH_MAX && plan->supervisor_count < PARTS_MAX && dice(wood, 3) == 0;

		snprintf(id, sizeof plan->ids[0], "t%u-%u", number, i);
		*args = (struct tree_args){ wood, depth, (uint32_t)dice(wood, TREE_KINDS), 0 };
		*child = (struct act_child){ .id = id,
					     .class = &tree_classes[args->kind],
					     .args = args,
					     .shutdown_ms = 100 + (uint32_t)dice(wood, 1000),
					     .restart = (enum act_restart)(dice(wood, 5) % 3) };
		if (!is_supervisor)
			continue;
		child->class = &act_supervisor_class;
		child->restart = ACT_PERMANENT;
		child->args = &plan->supervisors[plan_supervisor(wood, plan, depth + 1)];
	}
	plan->supervisors[number] =
	    (struct act_supervisor){ .strategy = (enum act_strategy)dice(wood, 3),
				     .max_restarts = 5 + (uint32_t)dice(wood, 100),
				     .within_ms = 5000,
				     .backoff_min_ms = has_backoff ? 10 : 0,
				     .backoff_max_ms = has_backoff ? 1000 : 0,
				     .children = plan->children[number],
				     .child_count = count };
	return number;
}

struct wood *wood_new(uint64_t seed)
{
	struct wood *wood = mem_new(struct wood);

	wood->sim = act_sim_new(seed);
	wood->is_quiet = true; /* nobody is stillborn yet */
	book_open(&wood->book, wood->sim);
	for (uint32_t n = 0; n < WOOD_NODES; n++) {
		for (uint32_t h = 0; h < WOOD_HOSTS; h++) {
			struct plan *plan = &wood->plans[n][h];
			const struct act_host_config config = { .name = "wood",
								.host = (uint16_t)(h + 1),
								.root = &plan->supervisors[0],
								.types = types,
								.type_count = 2,
								.is_encoding_local = h == 1 };

			plan_supervisor(wood, plan, 0);
			CHECK_STATUS(act_sim_host(wood->sim, n + 1, &config), OK);
		}
	}
	wood->is_quiet = false;
	return wood;
}

void wood_free(struct wood *wood)
{
	act_sim_free(wood->sim);
	book_close(&wood->book);
	mem_free(wood);
}

struct act_sim *wood_sim(struct wood *wood)
{
	return wood->sim;
}

void wood_be_quiet(struct wood *wood)
{
	wood->is_quiet = true;
}

struct wood_counts wood_counts(const struct wood *wood)
{
	return wood->book.counts;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

struct roll {
	struct act_host *host;
	uint32_t found;
	char names[PARTS_MAX * CHILDREN_MAX][16];
};

static void take_info(void *arg, const struct act_info *info)
{
	struct roll *roll = arg;

	/* Those of the plan alone have names with a dash. */
	if (info->name && strchr(info->name, '-') && roll->found < PARTS_MAX * CHILDREN_MAX)
		snprintf(roll->names[roll->found++], sizeof roll->names[0], "%s", info->name);
}

static bool is_on(const struct roll *roll, const char *id)
{
	for (uint32_t i = 0; i < roll->found; i++)
		if (strcmp(roll->names[i], id) == 0)
			return true;
	return false;
}

static void check_host(struct wood *wood, uint32_t node, uint32_t number)
{
	const struct plan *plan = &wood->plans[node - 1][number - 1];
	struct roll roll = { .host = act_sim_host_of(wood->sim, node, (uint16_t)number) };

	CHECK(roll.host != NULL);
	act_host_each(roll.host, take_info, &roll);
	for (uint32_t i = 0; i < plan->supervisor_count; i++)
		for (uint32_t k = 0; k < plan->supervisors[i].child_count; k++)
			if (plan->children[i][k].restart == ACT_PERMANENT &&
			    !is_on(&roll, plan->children[i][k].id))
				test_fail(__FILE__, __LINE__, "n%u/%u does not run %s", node,
					  number, plan->children[i][k].id);
}

void wood_check_end(struct wood *wood)
{
	for (uint32_t node = 1; node <= WOOD_NODES; node++)
		for (uint32_t number = 1; number <= WOOD_HOSTS; number++)
			check_host(wood, node, number);
	book_expect(&wood->book);
	act_sim_run_for(wood->sim, 200, NULL, NULL);
	book_check_end(&wood->book);
}

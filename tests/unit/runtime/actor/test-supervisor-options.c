/*
 * Each option of supervisors, by what children live and die in which order. For strategies and kinds a model says what has to happen at each
 * of many random deaths; what takes time has a table.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/family.h"

#define SEEDS 300U
#define DEATHS 25U

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

/* ---- the model ---------------------------------------------------------------------------------------------- */

struct model {
	enum act_strategy strategy;
	enum act_restart restart[FAMILY_MAX];
	bool is_alive[FAMILY_MAX], is_forgotten[FAMILY_MAX];
	char story[1024];
};

static void add(struct model *model, uint32_t child, bool is_stop)
{
	size_t len = strlen(model->story);

	model->story[len] = (char)((is_stop ? 'A' : 'a') + child);
}

/* Children concerned by a failure of one, that one included, begin at this index. */
static uint32_t first_of(const struct model *model, uint32_t child)
{
	return model->strategy == ACT_ONE_FOR_ALL ? 0 : child;
}

static void restart_group(struct model *model, uint32_t from)
{
	for (uint32_t i = FAMILY_MAX; i-- > from;)
		if (model->is_alive[i]) {
			add(model, i, true);
			model->is_alive[i] = false;
			model->is_forgotten[i] |= model->restart[i] == ACT_TEMPORARY;
		}
	for (uint32_t i = from; i < FAMILY_MAX; i++)
		if (!model->is_forgotten[i]) {
			add(model, i, false);
			model->is_alive[i] = true;
		}
}

static void model_death(struct model *model, uint32_t child, uint32_t how)
{
	bool is_orderly = how == FAMILY_END || how == FAMILY_STOP;

	if (is_orderly)
		add(model, child, true);
	model->is_alive[child] = false;
	if (model->restart[child] == ACT_TEMPORARY) {
		model->is_forgotten[child] = true;
	} else if (model->restart[child] == ACT_TRANSIENT && is_orderly) {
		return;
	} else if (model->strategy == ACT_ONE_FOR_ONE) {
		add(model, child, false);
		model->is_alive[child] = true;
	} else {
		restart_group(model, first_of(model, child));
	}
}

static void play(uint64_t seed)
{
	struct family family = { 0 };
	struct model model = { .strategy = (enum act_strategy)draw(&seed, 3) };

	family_plan(&family, model.strategy, ACT_PERMANENT);
	family.spec.max_restarts = 10 * DEATHS;
	family.spec.within_ms = 1000;
	for (uint32_t i = 0; i < FAMILY_MAX; i++) {
		model.restart[i] = (enum act_restart)draw(&seed, 3);
		family.children[i].restart = model.restart[i];
		model.is_alive[i] = true;
		add(&model, i, false);
	}
	manual_open(&family.manual, &family.spec);
	for (uint32_t death = 0; death < DEATHS; death++) {
		uint32_t child = draw(&seed, FAMILY_MAX), how = 1 + draw(&seed, 4);
		char what[3] = { (char)('a' + child), (char)('0' + how), 0 };

		if (!model.is_alive[child])
			continue;
		model_death(&model, child, how);
		family_poke(&family, what);
		CHECK_STR(str_from(family.story.text), model.story);
	}
	manual_close(&family.manual);
	for (uint32_t i = FAMILY_MAX; i-- > 0;)
		if (model.is_alive[i])
			add(&model, i, true);
	CHECK_STR(str_from(family.story.text), model.story);
}

TEST(whoever_dies_and_however_strategies_and_kinds_decide_who_comes_back)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed);
}

/* ---- what takes time ---------------------------------------------------------------------------------------- */

struct step {
	const char *poke; /* NULL: nobody */
	uint32_t then_ms; /* what passes after it */
};

struct row {
	const char *name;
	struct act_supervisor spec;
	enum act_restart restart[FAMILY_MAX];
	uint32_t own_max, own_within_ms; /* of b */
	struct step steps[12];
	const char *story;
	bool is_over; /* the supervisor gave up */
};

/* From 100 ms on, doubled up to 400. */
#define BACK_OFF(within) \
	.max_restarts = 9, .within_ms = (within), .backoff_min_ms = 100, .backoff_max_ms = 400
#define FIVE_TIMES(who)                                 \
	{ who, 0 }, { who, 0 }, { who, 0 }, { who, 0 }, \
	{                                               \
		who, 0                                  \
	}
#define TEN_TIMES(who) FIVE_TIMES(who), FIVE_TIMES(who)

static const struct row rows[] = {
	{ .name = "a restart too many",
	  .spec = { .max_restarts = 2, .within_ms = 100 },
	  .steps = { { "a1", 0 }, { "b1", 0 }, { "c1", 0 } },
	  .story = "abcdabDBA",
	  .is_over = true },
	{ .name = "as many, but in more time",
	  .spec = { .max_restarts = 2, .within_ms = 100 },
	  .steps = { { "a1", 60 }, { "b1", 60 }, { "c1", 60 }, { "d1", 0 } },
	  .story = "abcdabcd" },
	{ .name = "no restart is allowed",
	  .spec = { .max_restarts = 0, .within_ms = 100 },
	  .steps = { { "c1", 0 } },
	  .story = "abcdDBA",
	  .is_over = true },
	{ .name = "a child's own bound, exceeded",
	  .spec = { .max_restarts = 100, .within_ms = 1000 },
	  .own_max = 1,
	  .own_within_ms = 1000,
	  .steps = { { "b1", 0 }, { "b1", 0 } },
	  .story = "abcdbDCA",
	  .is_over = true },
	{ .name = "a child's own bound is no other's",
	  .spec = { .max_restarts = 100, .within_ms = 1000 },
	  .own_max = 1,
	  .own_within_ms = 1000,
	  .steps = { { "b1", 0 }, { "a1", 0 }, { "a1", 0 }, { "c1", 0 }, { "c1", 0 } },
	  .story = "abcdbaacc" },
	{ .name = "nor are the others' restarts its own",
	  .spec = { .max_restarts = 100, .within_ms = 1000 },
	  .own_max = 1,
	  .own_within_ms = 1000,
	  .steps = { { "a1", 0 }, { "a1", 0 }, { "b1", 0 } },
	  .story = "abcdaab" },
	{ .name = "a child's own time is its own",
	  .spec = { .max_restarts = 100, .within_ms = 1000 },
	  .own_max = 1,
	  .own_within_ms = 100,
	  .steps = { { "b1", 150 }, { "b1", 150 }, { "b1", 0 } },
	  .story = "abcdbbb" },
	{ .name = "a child's own bound is none but another",
	  .spec = { .max_restarts = 1, .within_ms = 1000 },
	  .own_max = 100,
	  .own_within_ms = 1000,
	  .steps = { { "b1", 0 }, { "b1", 0 } },
	  .story = "abcdbDCA",
	  .is_over = true },
	{ .name = "where nothing is said, eleven in a minute are too many",
	  .spec = { .max_restarts = 0 },
	  .steps = { { "b1", 59000 }, TEN_TIMES("b1") },
	  .story = "abcdbbbbbbbbbbDCA",
	  .is_over = true },
	{ .name = "but not in more than that",
	  .spec = { .max_restarts = 0 },
	  .steps = { { "b1", 61000 }, TEN_TIMES("b1") },
	  .story = "abcdbbbbbbbbbbb" },
	{ .name = "orderly ends of a transient child cost nothing",
	  .spec = { .max_restarts = 0, .within_ms = 100 },
	  .restart = { ACT_PERMANENT, ACT_TRANSIENT },
	  .steps = { { "b2", 0 } },
	  .story = "abcdB" },
	{ .name = "the least back-off is waited for",
	  .spec = { BACK_OFF(1000) },
	  .steps = { { "b1", 49 } },
	  .story = "abcd" },
	{ .name = "and not more than that",
	  .spec = { BACK_OFF(1000) },
	  .steps = { { "b1", 101 } },
	  .story = "abcdb" },
	{ .name = "it doubles from failure to failure",
	  .spec = { BACK_OFF(1000) },
	  .steps = { { "b1", 101 }, { "b1", 99 } },
	  .story = "abcdb" },
	{ .name = "up to the longest",
	  .spec = { BACK_OFF(9000) },
	  .steps = { { "b1", 101 }, { "b1", 201 }, { "b1", 401 }, { "b1", 401 }, { "b1", 401 } },
	  .story = "abcdbbbbb" },
	{ .name = "which need not be a doubling",
	  .spec = { .max_restarts = 9,
		    .within_ms = 9000,
		    .backoff_min_ms = 100,
		    .backoff_max_ms = 250 },
	  .steps = { { "b1", 101 },
		     { "b1", 201 },
		     { "b1", 250 },
		     { "b1", 250 },
		     { "b1", 250 },
		     { "b1", 250 },
		     { "b1", 250 } },
	  .story = "abcdbbbbbbb" },
	{ .name = "a child that lived long begins anew",
	  .spec = { BACK_OFF(9000) },
	  .steps = { { "b1", 101 }, { "b1", 201 }, { NULL, 500 }, { "b1", 101 } },
	  .story = "abcdbbb" },
	{ .name = "one child's back-off is not another's",
	  .spec = { BACK_OFF(9000) },
	  .steps = { { "b1", 101 }, { "b1", 201 }, { "c1", 101 } },
	  .story = "abcdbbc" },
	{ .name = "a group waits together",
	  .spec = { .strategy = ACT_ONE_FOR_ALL, BACK_OFF(9000) },
	  .steps = { { "b1", 49 } },
	  .story = "abcdDCA" },
	{ .name = "and comes back together",
	  .spec = { .strategy = ACT_ONE_FOR_ALL, BACK_OFF(9000) },
	  .steps = { { "b1", 101 } },
	  .story = "abcdDCAabcd" },
	{ .name = "an elder that fails meanwhile widens the group",
	  .spec = { .strategy = ACT_REST_FOR_ONE, BACK_OFF(9000) },
	  .steps = { { "c1", 10 }, { "a1", 300 } },
	  .story = "abcdDBabcd" },
	{ .name = "an elder that is forgotten meanwhile does not move the group",
	  .spec = { .strategy = ACT_REST_FOR_ONE, BACK_OFF(9000) },
	  .restart = { ACT_TEMPORARY },
	  .steps = { { "c1", 10 }, { "a1", 300 } },
	  .story = "abcdDcd" },
};

static void play_row(const struct row *row)
{
	struct family family = { 0 };

	log_configure(&(struct log_config){ .level = LOG_ERROR });
	family_plan(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	for (uint32_t i = 0; i < FAMILY_MAX; i++)
		family.children[i].restart = row->restart[i];
	family.children[1].max_restarts = row->own_max;
	family.children[1].within_ms = row->own_within_ms;
	family.spec = row->spec;
	family.spec.children = family.children;
	family.spec.child_count = FAMILY_MAX;
	manual_open(&family.manual, &family.spec);
	for (const struct step *step = row->steps; step->poke || step->then_ms; step++) {
		if (step->poke)
			family_poke(&family, step->poke);
		manual_run(&family.manual, step->then_ms);
	}
	if (strcmp(family.story.text, row->story) != 0 ||
	    act_host_is_done(family.manual.host) != row->is_over)
		test_fail(__FILE__, __LINE__, "%s: %s instead of %s", row->name, family.story.text,
			  row->story);
	manual_close(&family.manual);
}

TEST(intensity_and_back_off_are_what_the_options_say)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		play_row(&rows[i]);
}

/* ---- the time an end may take ---------------------------------------------------------------------------------- */

/* c takes 300 ms to be killed; who is before it waits for it. */
static void open_stubborn(struct family *family, enum act_strategy strategy)
{
	family_plan(family, strategy, ACT_PERMANENT);
	family->args[2].is_stubborn = true;
	family->children[2].shutdown_ms = 300;
	manual_open(&family->manual, &family->spec);
}

static void expect_patience(struct family *family, const char *then)
{
	manual_run(&family->manual, 299);
	CHECK_STR(str_from(family->story.text), "abcdD");
	manual_run(&family->manual, 2);
	CHECK_STR(str_from(family->story.text), then);
	family->args[2].is_stubborn = false;
	manual_close(&family->manual);
}

TEST(a_child_that_does_not_end_is_killed_after_its_own_time_when_the_host_ends)
{
	struct family family = { 0 };

	open_stubborn(&family, ACT_ONE_FOR_ONE);
	act_host_stop(family.manual.host);
	expect_patience(&family, "abcdDBA");
}

TEST(a_child_that_does_not_end_is_killed_after_its_own_time_when_its_group_restarts)
{
	struct family family = { 0 };

	open_stubborn(&family, ACT_ONE_FOR_ALL);
	family_poke(&family, "a1");
	expect_patience(&family, "abcdDBabcd");
}

TEST(the_delay_is_drawn_between_half_of_it_and_all)
{
	uint32_t early = 0, late = 0;

	for (uint32_t i = 0; i < 64; i++) {
		struct family family = { 0 };

		family_plan(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
		family.spec.backoff_min_ms = family.spec.backoff_max_ms = 1000;
		family.spec.max_restarts = 1000;
		family.spec.within_ms = 1000;
		manual_open(&family.manual, &family.spec);
		/* Chance is the host's own: it goes on from what was drawn before. */
		for (uint32_t n = 0; n < i; n++) {
			family_poke(&family, "a1");
			manual_run(&family.manual, 1001);
		}
		family_poke(&family, "b1");
		manual_run(&family.manual, 499);
		CHECK(strchr(family.story.text + 4, 'b') == NULL);
		manual_run(&family.manual, 250);
		if (strchr(family.story.text + 4, 'b') != NULL)
			early++;
		else
			late++;
		manual_run(&family.manual, 252);
		CHECK(strchr(family.story.text + 4, 'b') != NULL);
		manual_close(&family.manual);
	}
	CHECK(early > 10 && late > 10);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static void look_for_names(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	CHECK(act_ref_is_nil(act_whereis(act, "a")));
	CHECK(!act_ref_is_nil(act_whereis(act, "b")));
}

TEST(a_childs_id_is_its_name_unless_it_is_to_have_none)
{
	struct family family = { 0 };

	family_plan(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	family.children[0].is_unnamed = true;
	manual_open(&family.manual, &family.spec);
	manual_enter(&family.manual, look_for_names, NULL);
	family_poke(&family, "b1"); /* and the next one's, too */
	manual_enter(&family.manual, look_for_names, NULL);
	manual_close(&family.manual);
}

struct added {
	struct story story;
	struct family_args args;
	struct act_child child;
	struct act_ref supervisor;
	enum status outcome;
};

static void add_one(struct act *act, void *state, void *arg)
{
	static const struct act_supervisor nobody = { .max_restarts = 100, .within_ms = 1000 };
	struct added *added = arg;

	(void)state;
	if (act_ref_is_nil(added->supervisor))
		CHECK_STATUS(act_supervise(act, &nobody, NULL, &added->supervisor), OK);
	added->outcome = act_supervisor_add(act, added->supervisor, &added->child);
}

TEST(an_id_is_there_once_and_who_never_came_up_is_forgotten)
{
	struct added added = { .args = { .id = 'c' },
			       .child = {
				   .id = "x", .class = &family_child_class, .is_unnamed = true } };
	struct manual manual;

	log_configure(&(struct log_config){ .level = LOG_ERROR });
	added.args.story = &added.story;
	added.child.args = &added.args;
	added.story.fails = 1;
	manual_open(&manual, NULL);
	manual_enter(&manual, add_one, &added);
	CHECK_STATUS(added.outcome, INTERNAL);
	manual_run(&manual, 100);
	CHECK_STR(str_from(added.story.text), "c");
	manual_enter(&manual, add_one, &added);
	CHECK_STATUS(added.outcome, OK);
	manual_enter(&manual, add_one, &added);
	CHECK_STATUS(added.outcome, EXISTS);
	CHECK_STR(str_from(added.story.text), "cc");
	manual_close(&manual);
}

/* ---- giving up ------------------------------------------------------------------------------------------------- */

TEST(a_supervisor_that_gives_up_is_its_own_supervisors_matter)
{
	struct family family = { 0 };
	struct act_supervisor inner;
	struct act_child child = { .id = "inner", .class = &act_supervisor_class, .args = &inner };
	struct act_supervisor outer = {
		.children = &child, .child_count = 1, .max_restarts = 1, .within_ms = 1000
	};

	family_plan(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	inner = family.spec;
	inner.max_restarts = 1;
	inner.within_ms = 1000;
	log_configure(&(struct log_config){ .level = LOG_ERROR });
	manual_open(&family.manual, &outer);
	family_poke(&family, "a1");
	CHECK_STR(str_from(family.story.text), "abcda");
	family_poke(&family, "a1"); /* one too many: all of them, and all anew */
	CHECK_STR(str_from(family.story.text), "abcdaDCBabcd");
	CHECK(!act_host_is_done(family.manual.host));
	family_poke(&family, "b1");
	family_poke(&family, "b1"); /* and now the outer one has had enough, too */
	CHECK_STR(str_from(family.story.text), "abcdaDCBabcdbDCA");
	CHECK(act_host_is_done(family.manual.host));
	CHECK_EQ(act_host_reason(family.manual.host), ACT_CRASHED);
	manual_close(&family.manual);
}

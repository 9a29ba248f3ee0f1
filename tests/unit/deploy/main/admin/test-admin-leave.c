/*
 * A node that leaves, beside a store that says what a test gives it and a helper that does as it is told: what becomes of an answer
 * that is lost. tests/sim/test-leave.c has the same with everything that is real.
 */
#include "datastore/store/store.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/node/layout.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define OWN 1U
#define HELPER 2U

struct desk {
	struct process process;
	struct store_member members[2];
	struct act_ref admin, helper, store, watcher;
	struct asked_page page;
	bool is_over;
	uint32_t forgets;    /* how often the helper was asked */
	uint32_t adds;       /* how often its store was asked to let us in */
	enum status answers; /* what the helper says; TIMEOUT: nothing */
	int told;            /* what it has heard when it told the node; -1: nothing yet */
};

/* ---- n1: the store, the administration ---- */

static struct desk *desk_of(const void *args)
{
	return (struct desk *)(uintptr_t)args;
}

static void say_status(struct act *act, void *state, void *arg)
{
	struct desk *desk = *(struct desk **)state;
	const struct store_status *said = arg;
	struct store_status status = { .id = 7,
				       .name = STR("n1"),
				       .role = said->role,
				       .alarms = said->alarms,
				       .members = desk->members,
				       .member_count = said->role == STORE_NOT_MEMBER ? 0 : 2 };

	CHECK_STATUS(act_send(act, desk->watcher, &store_status_type, &status), OK);
}

static enum act_verdict store_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct desk *desk = *(struct desk **)state;

	if (!ACT_IS(msg, store_status_watch))
		return ACT_UNHANDLED;
	desk->watcher = msg->from;
	say_status(act, state, &(struct store_status){ .role = STORE_SPARE });
	return ACT_OK;
}

static enum status store_init(struct act *act, void *state, const void *args)
{
	*(struct desk **)state = desk_of(args);
	desk_of(args)->store = act_self(act);
	return OK;
}

static const struct act_class fake_store_class = { .name = "store",
						   .state_size = sizeof(struct desk *),
						   .init = store_init,
						   .receive = store_receive };

static enum status admin_init(struct act *act, void *state, const void *args)
{
	desk_of(args)->admin = act_self(act);
	return admin_class.init(act, state, &desk_of(args)->process);
}

static void leave_task(struct act *act, void *state, void *arg)
{
	admin_leave(act, state, &desk_of(arg)->page);
	desk_of(arg)->is_over = true;
}

static void begin_to_leave(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(act_task(act, leave_task, arg), OK);
}

/* ---- n2: the helper ---- */

static enum act_verdict helper_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct desk *desk = *(struct desk **)state;
	struct admin_forgotten forgotten = { .status = desk->answers };

	if (msg->kind == ACT_ANSWER) {
		desk->told = (int)msg->status;
		return ACT_OK;
	}
	if (!ACT_IS(msg, admin_forget))
		return ACT_UNHANDLED;
	CHECK_STR(str_from(ACT_AS(msg, admin_forget)->name), "n1");
	CHECK_EQ(ACT_AS(msg, admin_forget)->id, 7);
	desk->forgets++;
	if (desk->answers != TIMEOUT)
		CHECK_STATUS(act_reply(act, msg, &admin_forgotten_type, &forgotten), OK);
	return ACT_OK;
}

static enum status desk_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct desk **)state = desk_of(args);
	return OK;
}

static enum status helper_init(struct act *act, void *state, const void *args)
{
	desk_of(args)->helper = act_self(act);
	return desk_init(act, state, args);
}

static const struct act_class helper_class = { .name = "admin",
					       .state_size = sizeof(struct desk *),
					       .init = helper_init,
					       .receive = helper_receive };

static enum act_verdict helper_store_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct desk *desk = *(struct desk **)state;

	if (!ACT_IS(msg, store_member_add))
		return ACT_UNHANDLED;
	desk->adds++;
	act_reply_of(act, msg, store_member_answer, .status = UNAVAILABLE);
	return ACT_OK;
}

static const struct act_class helper_store_class = { .name = "store",
						     .state_size = sizeof(struct desk *),
						     .init = desk_init,
						     .receive = helper_store_receive };

static void tell_forgotten(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	CHECK_STATUS(act_request(act, act_named(act, "admin@n1"), &admin_forgotten_type,
				 &(struct admin_forgotten){ .status = OK }, 1000, 1),
		     OK);
}

/* ---- the desk ---- */

static void open_host(struct act_sim *sim, uint32_t node, const struct act_supervisor *root)
{
	uint32_t count;
	const struct act_host_config config = { .name = "core",
						.host = PROCESS_CORE,
						.root = root,
						.types = layout_types(test_arena(), &count),
						.type_count = count };

	CHECK_STATUS(act_sim_host(sim, node, &config), OK);
}

static struct act_sim *open_desk(struct desk *desk)
{
	static struct act_class own_class;
	static struct act_child own[2], helpers[2];
	static struct act_supervisor roots[2];
	struct act_sim *sim = act_sim_new(1);

	own_class = admin_class;
	own_class.init = admin_init;
	own[0] = (struct act_child){ .id = "store", .class = &fake_store_class, .args = desk };
	own[1] = (struct act_child){ .id = "admin", .class = &own_class, .args = desk };
	helpers[0] = (struct act_child){ .id = "admin", .class = &helper_class, .args = desk };
	helpers[1] = (struct act_child){ .id = "store", .class = &helper_store_class, .args = desk };
	roots[0] = (struct act_supervisor){ .children = own, .child_count = 2 };
	roots[1] = (struct act_supervisor){ .children = helpers, .child_count = 2 };
	desk->process.host = PROCESS_CORE;
	desk->process.identity = (struct node_identity){ .name = "n1", .peers = "n2@10.0.0.2:6444" };
	desk->members[0] = (struct store_member){ .id = 7, .name = STR("n1") };
	desk->members[1] = (struct store_member){ .id = 8, .name = STR("n2") };
	desk->page.arena = test_arena();
	desk->told = -1;
	open_host(sim, OWN, &roots[0]);
	open_host(sim, HELPER, &roots[1]);
	act_sim_run_for(sim, 100, NULL, NULL);
	return sim;
}

static void enter(struct act_sim *sim, uint32_t node, struct act_ref who,
		  void (*fn)(struct act *act, void *state, void *arg), void *arg)
{
	CHECK(act_host_enter(act_sim_host_of(sim, node, PROCESS_CORE), who, fn, arg));
}

static bool is_over(void *arg)
{
	return desk_of(arg)->is_over;
}

TEST(a_node_that_leaves_hears_so_from_its_helper)
{
	struct desk desk = { .answers = OK };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.admin, begin_to_leave, &desk);
	CHECK_EQ(act_sim_run_for(sim, 1000, is_over, &desk), ACT_SIM_CLAIM);
	CHECK_EQ(desk.page.code, 200);
	CHECK_EQ(desk.forgets, 1);
	act_sim_free(sim);
}

TEST(a_node_whose_leave_was_not_answered_hears_from_its_store_that_it_has_left)
{
	struct desk desk = { .answers = TIMEOUT };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.admin, begin_to_leave, &desk);
	CHECK_EQ(act_sim_run_for(sim, 1000, is_over, &desk), ACT_SIM_TIME);
	CHECK_EQ(desk.forgets, 1);
	enter(sim, OWN, desk.store, say_status,
	      &(struct store_status){ .alarms = STORE_ALARM_GONE });
	CHECK_EQ(act_sim_run_for(sim, 6000, is_over, &desk), ACT_SIM_CLAIM);
	CHECK_EQ(desk.page.code, 200);
	CHECK_EQ(desk.forgets, 1);
	act_sim_free(sim);
}

TEST(a_node_whose_leave_was_not_answered_is_told_by_its_helper_and_says_that_it_knows)
{
	struct desk desk = { .answers = TIMEOUT };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.admin, begin_to_leave, &desk);
	CHECK_EQ(act_sim_run_for(sim, 1000, is_over, &desk), ACT_SIM_TIME);
	enter(sim, HELPER, desk.helper, tell_forgotten, &desk);
	CHECK_EQ(act_sim_run_for(sim, 6000, is_over, &desk), ACT_SIM_CLAIM);
	CHECK_EQ(desk.page.code, 200);
	CHECK_EQ(desk.told, OK);
	act_sim_free(sim);
}

TEST(a_node_that_nobody_answers_says_after_a_while_that_it_has_not_left)
{
	struct desk desk = { .answers = TIMEOUT };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.admin, begin_to_leave, &desk);
	CHECK_EQ(act_sim_run_for(sim, 29000, is_over, &desk), ACT_SIM_TIME);
	CHECK_EQ(act_sim_run_for(sim, 10000, is_over, &desk), ACT_SIM_CLAIM);
	CHECK_EQ(desk.page.code, 504);
	CHECK(desk.forgets > 2);
	act_sim_free(sim);
}

TEST(what_a_helper_refuses_is_not_asked_again)
{
	struct desk desk = { .answers = CONFLICT };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.admin, begin_to_leave, &desk);
	CHECK_EQ(act_sim_run_for(sim, 1000, is_over, &desk), ACT_SIM_CLAIM);
	CHECK_EQ(desk.page.code, 409);
	CHECK_EQ(desk.forgets, 1);
	act_sim_free(sim);
}

TEST(a_node_that_was_removed_does_not_ask_to_be_let_in_again)
{
	struct desk desk = { .answers = OK };
	struct act_sim *sim = open_desk(&desk);

	enter(sim, OWN, desk.store, say_status,
	      &(struct store_status){ .alarms = STORE_ALARM_GONE });
	act_sim_run_for(sim, 5000, NULL, NULL);
	CHECK_EQ(desk.adds, 0);
	/* One that has never been in does. */
	enter(sim, OWN, desk.store, say_status, &(struct store_status){ .alarms = 0 });
	act_sim_run_for(sim, 5000, NULL, NULL);
	CHECK(desk.adds > 1);
	act_sim_free(sim);
}

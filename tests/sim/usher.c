#include "tests/lib/test.h"
#include "tests/sim/cluster-private.h"

#define JOIN_MS 300U

struct usher {
	struct node *node;
	uint64_t monitor;   /* 0: to be subscribed */
	uint32_t next_door; /* whom to ask next */
};

struct usher_again {
	char nothing;
};
static ACT_TYPE(usher_again);

static struct act_ref own_store(struct act *act)
{
	return act_named(act, "store");
}

static void subscribe(struct act *act, struct usher *usher)
{
	usher->monitor = act_monitor(act, own_store(act));
	(void)!act_request(act, own_store(act), &store_status_watch_type,
			   &(struct store_status_watch){ 0 }, USHER_ANSWER_MS, TAG_STATUS);
}

static void take_status(struct usher *usher, const struct store_status *status)
{
	struct node *node = usher->node;
	struct cluster_view *view = &node->view;

	*view = (struct cluster_view){ .is_up = status->id != 0,
				       .id = status->id,
				       .leader = status->leader,
				       .term = status->term,
				       .role = status->role,
				       .is_leader = status->is_leader,
				       .members = status->member_count };
	for (uint32_t i = 0; i < status->member_count; i++) {
		node->members[i] = status->members[i];
		view->voters += status->members[i].role == STORE_VOTER;
		view->standbys += status->members[i].role == STORE_STANDBY;
	}
}

static bool wants_to_join(const struct node *node)
{
	return node->view.is_up && node->view.role == STORE_NOT_MEMBER && !node->is_kept_out;
}

/* Any member passes it on to the leader; which one is up nobody knows. */
static void knock(struct act *act, struct usher *usher)
{
	struct node *node = usher->node;
	struct store_member_add add = { .arena = arena_new(0), .id = node->view.id };
	char door[32];

	do
		usher->next_door = usher->next_door % CLUSTER_NODES + 1;
	while (usher->next_door == node->number ||
	       !node->cluster->nodes[usher->next_door].is_started ||
	       node->cluster->nodes[usher->next_door].kind == CLUSTER_CLIENTS);
	snprintf(door, sizeof door, "store@n%u", usher->next_door);
	add.name = arena_str(add.arena, str_from(node->name));
	add.address = arena_str(add.arena, node->store.address);
	add.domain = arena_str(add.arena, node->store.domain);
	add.is_witness = node->store.is_witness;
	if (act_request(act, act_named(act, door), &store_member_add_type, &add, 2000, TAG_JOIN) !=
	    OK)
		arena_free(add.arena);
}

/* The runtime knows whether its store is a member only from what the store says, so it looks again and again. */
static void look_again(struct act *act, struct usher *usher)
{
	struct store_ask_status ask = { 0 };

	if (usher->monitor == 0)
		subscribe(act, usher);
	else if (!usher->node->view.is_up || usher->node->view.role == STORE_NOT_MEMBER)
		(void)!act_request(act, own_store(act), &store_ask_status_type, &ask, 2000,
				   TAG_STATUS);
	if (wants_to_join(usher->node) && !usher->node->store.is_first)
		knock(act, usher);
	act_after(act, JOIN_MS, &usher_again_type, &(struct usher_again){ 0 });
}

static enum status usher_init(struct act *act, void *state, const void *args)
{
	struct usher *usher = state;

	usher->node = *(struct node *const *)args;
	usher->node->usher = act_self(act);
	if (usher->node->kind == CLUSTER_CLIENTS)
		return OK;
	usher->node->view = (struct cluster_view){ 0 };
	subscribe(act, usher);
	act_after(act, JOIN_MS, &usher_again_type, &(struct usher_again){ 0 });
	return OK;
}

static void free_later(void *arg)
{
	arena_free(arg);
}

static struct arena *arena_of(const struct act_msg *msg)
{
	if (ACT_IS(msg, store_range_answer))
		return ACT_AS(msg, store_range_answer)->arena;
	if (ACT_IS(msg, store_write_answer))
		return ACT_AS(msg, store_write_answer)->arena;
	if (ACT_IS(msg, store_lease_answer))
		return ACT_AS(msg, store_lease_answer)->arena;
	return ACT_IS(msg, store_status) ? ACT_AS(msg, store_status)->arena : NULL;
}

/* Answers stay until the test ends: their arenas become the test's. */
static void keep_answer(struct cluster *cluster, struct act *act, const struct act_msg *msg)
{
	cluster->is_answered = true;
	cluster->status = msg->status;
	cluster->answer = NULL;
	if (msg->status != OK)
		return;
	cluster->answer = arena_copy(test_arena(), msg->body, msg->type->size);
	struct arena *arena = arena_of(msg), *kept = act_keep(act, msg);
	if (arena)
		arena_on_free(test_arena(), free_later, arena);
	if (kept && kept != arena)
		arena_on_free(test_arena(), free_later, kept);
}

/* It is looked for again in a moment: its supervisor takes one, too. */
static void lose_store(struct usher *usher)
{
	usher->monitor = 0;
	usher->node->view = (struct cluster_view){ 0 };
}

static enum act_verdict usher_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct usher *usher = state;

	if (msg->kind == ACT_ANSWER && msg->tag == TAG_ASKED)
		keep_answer(usher->node->cluster, act, msg);
	else if (ACT_IS(msg, store_status))
		take_status(usher, ACT_AS(msg, store_status));
	else if (ACT_IS(msg, usher_again))
		look_again(act, usher);
	else if (ACT_IS(msg, act_down) && ACT_AS(msg, act_down)->monitor == usher->monitor)
		lose_store(usher);
	return ACT_OK;
}

const struct act_class usher_class = { .name = "usher",
				       .state_size = sizeof(struct usher),
				       .init = usher_init,
				       .receive = usher_receive };

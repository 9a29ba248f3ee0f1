#include "actors/client/informer.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/server/rig.h"

/* The informer against the real server and store. */

#define MAPS "/api/v1/namespaces/default/configmaps"

struct follower {
	struct informer *informer;
	struct text log; /* "+a ~a -a " */
	struct str labels;
	uint32_t by_team;
};

static struct str team_of(const struct object *object)
{
	return str_map_get(object_meta(object)->labels, STR("team"));
}

static void on_event(void *arg, enum informer_change change, const struct object *object,
		     const struct object *old)
{
	struct follower *follower = arg;
	static const char signs[] = { '+', '~', '-' };

	CHECK((change == INFORMER_ADDED) == (old == NULL));
	text_printf(&follower->log, "%c" STR_FMT " ", signs[change], STR_ARG(object_name(object)));
}

static void release(void *arg)
{
	informer_release(((struct follower *)arg)->informer);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct follower *follower = *(struct follower *const *)args;

	*(struct follower **)state = follower;
	follower->informer = informer_start(
	    act, &(struct informer_config){ .type = &core_config_map_type,
					    .label_selector = follower->labels,
					    .user = STR("system:kube-controller-manager"),
					    .api = "api",
					    .on_event = on_event,
					    .arg = follower });
	follower->by_team = informer_index(follower->informer, team_of);
	act_own(act, release, follower);
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct follower *follower = *(struct follower **)state;

	return informer_receive(follower->informer, act, msg) ? ACT_OK : ACT_UNHANDLED;
}

static const struct act_class follower_class = {
	.name = "reader", .state_size = sizeof(struct follower *), .init = init, .receive = receive
};

static struct rig *open_with(struct follower **out, const char *labels)
{
	struct follower *follower = arena_new_of(test_arena(), struct follower);
	struct follower **args = arena_new_of(test_arena(), struct follower *);
	struct act_child *child = arena_new_of(test_arena(), struct act_child);

	follower->log = text_in(test_arena(), 1U * MIB);
	follower->labels = str_from(labels);
	*args = follower;
	*child = (struct act_child){ .id = "reader", .class = &follower_class, .args = args };
	*out = follower;
	return rig_open_with(NULL, child, 1);
}

static struct str told(struct rig *rig, struct follower *follower)
{
	struct str log;

	rig_run(rig, 50);
	log = arena_str(test_arena(), text_str(&follower->log));
	text_clear(&follower->log);
	return log;
}

static void make(struct rig *rig, const char *name, const char *team)
{
	CHECK_CODE(
	    rig_post(rig, MAPS,
		     rig_printf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"team\":\"%s\"}}}",
				name, team)
			 .at),
	    201);
}

static bool add_name(void *arg, const struct object *object)
{
	text_add(arg, object_name(object));
	return true;
}

static struct str names(struct follower *follower)
{
	struct text out = text_in(test_arena(), 4096);

	informer_each(follower->informer, STR_NONE, add_name, &out);
	return text_str(&out);
}

TEST(an_informer_of_the_real_server_lists_and_follows)
{
	struct follower *follower;
	struct rig *rig = open_with(&follower, NULL);
	struct text team = text_in(test_arena(), 4096);

	rig_run(rig, 20000); /* it asked before the server was ready, and asks again */
	CHECK(informer_has_synced(follower->informer));
	make(rig, "b", "x");
	make(rig, "a", "x");
	CHECK_STR(told(rig, follower), "+b +a ");
	CHECK_CODE(
	    rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"labels\":{\"team\":\"y\"}}}"), 200);
	CHECK_CODE(rig_delete(rig, MAPS "/b", NULL), 200);
	make(rig, "c", "y");
	CHECK_STR(told(rig, follower), "~a -b +c ");
	CHECK_STR(names(follower), "ac");
	informer_by(follower->informer, follower->by_team, STR("y"), add_name, &team);
	CHECK_STR(text_str(&team), "ac");
	CHECK_EQ(informer_len(follower->informer), 2);
	CHECK_EQ(informer_revision(follower->informer), rig_version(rig_get(rig, MAPS "/c").body));
	rig_close(rig);
}

TEST(an_informer_goes_on_when_the_server_was_killed)
{
	struct follower *follower;
	struct rig *rig = open_with(&follower, NULL);

	rig_run(rig, 20000);
	make(rig, "a", "x");
	make(rig, "b", "x");
	CHECK_STR(told(rig, follower), "+a +b ");
	rig_kill_server(rig);
	rig_run(rig, 200);
	CHECK_STR(names(follower), "ab");
	make(rig, "c", "x");
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	rig_run(rig, 60000);
	/* The new server's ring begins after them: it listed again and tells only what changed. */
	CHECK_STR(told(rig, follower), "+c -a ");
	CHECK_STR(names(follower), "bc");
	make(rig, "d", "x");
	CHECK_STR(told(rig, follower), "+d ");
	rig_close(rig);
}

TEST(an_informer_sees_objects_come_and_go_by_their_labels)
{
	struct follower *follower;
	struct rig *rig = open_with(&follower, "team=x");

	rig_run(rig, 20000);
	make(rig, "a", "x");
	make(rig, "b", "y");
	CHECK_CODE(
	    rig_patch(rig, "merge", MAPS "/b", "{\"metadata\":{\"labels\":{\"team\":\"x\"}}}"), 200);
	CHECK_CODE(
	    rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"labels\":{\"team\":\"y\"}}}"), 200);
	CHECK_STR(told(rig, follower), "+a +b -a ");
	CHECK_STR(names(follower), "b");
	rig_close(rig);
}

TEST(an_informer_takes_more_than_one_batch)
{
	struct follower *follower;
	struct rig *rig = open_with(&follower, NULL);

	rig_run(rig, 20000);
	for (int i = 0; i < 900; i++)
		make(rig, rig_printf("m%03d", i).at, "x");
	rig_run(rig, 100);
	CHECK_EQ(informer_len(follower->informer), 900);
	rig_kill_server(rig);
	rig_run(rig, 60000);
	CHECK_EQ(informer_len(follower->informer), 900);
	CHECK(informer_has_synced(follower->informer));
	make(rig, "z", "x");
	rig_run(rig, 100);
	CHECK_EQ(informer_len(follower->informer), 901);
	rig_close(rig);
}

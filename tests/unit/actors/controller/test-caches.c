#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/controller/desk.h"

/* What a controller was shown of config maps. */
struct shown {
	struct text
	    names; /* with "*" behind those of which it sees the data, "-" behind what is not there */
	uint32_t dependents;
};

static bool has_data(const struct object *object)
{
	const struct core_config_map *map = object->record;

	return (object->type->flags & TYPE_METADATA_ONLY) == 0 && map->data.len > 0;
}

/* The simulation looks again now and then at what has just been looked at. */
static void say(struct shown *shown, struct key key, const char *how)
{
	struct str word = arena_printf(test_arena(), STR_FMT "%s ", STR_ARG(key.name), how);

	if (!str_ends(text_str(&shown->names), word))
		text_add(&shown->names, word);
}

static void wake_map(const struct world *world, const struct object *object,
		     const struct object *old, struct wake *to)
{
	(void)world, (void)old;
	if (str_is(type_kind(object->type), "ConfigMap"))
		wake_key(to, object_namespace(object), object_name(object));
}

static enum status look(const struct world *world, struct key key, struct plan *plan)
{
	const struct type *type = world_kind_named(world, STR(""), STR("ConfigMap"));
	struct shown *shown = (struct shown *)(uintptr_t)world_arg(world);
	const struct object *object = world_object(world, type, key);

	(void)plan;
	say(shown, key, object == NULL ? "-" : has_data(object) ? "*" : "");
	shown->dependents = world_dependents(world, STR("u")).len;
	return OK;
}

static enum status look_whole(const struct world *world, struct key key, struct plan *plan)
{
	struct shown *shown = (struct shown *)(uintptr_t)world_arg(world);
	const struct core_config_map *map = world_get(world, key, core_config_map);

	(void)plan;
	if (map != NULL)
		say(shown, key, map->data.len > 0 ? "*" : "");
	return OK;
}

/* ---- one that comes later ------------------------------------------------------------------------------- */

/* Asks for its kind when so much time has passed, and says how it was answered. */
struct late {
	struct caches_subscribe wish;
	uint64_t after_ms;
	enum status status;
	bool has_synced;
};

static void drop_caches(void *arg)
{
	caches_unref(arg);
}

static enum status late_init(struct act *act, void *state, const void *args)
{
	struct late *late = (struct late *)(uintptr_t)args;

	*(struct late **)state = late;
	act_after(act, late->after_ms, &caches_hurry_type, &(struct caches_hurry){ NULL });
	return OK;
}

static enum act_verdict late_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct late *late = *(struct late **)state;

	if (msg->kind == ACT_ANSWER) {
		late->status = msg->status;
		if (msg->status == OK)
			act_own(act, drop_caches,
				caches_ref(ACT_AS(msg, caches_subscribed)->caches));
	} else if (ACT_IS(msg, caches_hurry)) {
		late->status = act_request(act, act_named(act, "caches"), &caches_subscribe_type,
					   &late->wish, 1000, 1);
	} else if (ACT_IS(msg, caches_synced)) {
		late->has_synced = true;
	}
	return ACT_OK;
}

static const struct act_class late_class = { .name = "late",
					     .state_size = sizeof(struct late *),
					     .init = late_init,
					     .receive = late_receive };

/* ---- the bench ---------------------------------------------------------------------------------------------- */

static const struct caches_args caches = { .api = "api", .user = "system:kube-controller-manager" };

struct bench {
	struct shown all, some;
	struct controller rows[2];
	struct runner_args runners[2];
	struct late late;
	struct desk *desk;
};

/* One that looks at everything and, if they are given, one of another kind, and one that comes later. */
static struct bench *make_bench(const struct controller *other, const struct late *late)
{
	struct bench *bench = arena_new_of(test_arena(), struct bench);
	struct act_child children[4] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "everything", .class = &controller_class, .args = &bench->runners[0] },
	};
	uint32_t count = 2;

	bench->all.names = text_in(test_arena(), 64 * KIB);
	bench->some.names = text_in(test_arena(), 64 * KIB);
	bench->rows[0] = (struct controller){ .name = "everything",
					      .account = "everything",
					      .reads_all = true,
					      .wakes = wake_map,
					      .reconcile = look,
					      .arg = &bench->all };
	for (uint32_t i = 0; i < 2; i++)
		bench->runners[i] = (struct runner_args){ &bench->rows[i], "api", DESK_TERM, NULL };
	if (other != NULL) {
		bench->rows[1] = *other;
		bench->rows[1].arg = &bench->some;
		children[count++] = (struct act_child){ .id = "other",
							.class = &controller_class,
							.args = &bench->runners[1] };
	}
	if (late != NULL) {
		bench->late = *late;
		children[count++] =
		    (struct act_child){ .id = "late", .class = &late_class, .args = &bench->late };
	}
	bench->desk = desk_open(1, children, count);
	return bench;
}

static void put(struct bench *bench, const char *name)
{
	desk_put(
	    bench->desk, &core_config_map_type,
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"labels\":{\"a\":\"b\"},"
	    "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"K\",\"name\":\"k\",\"uid\":"
	    "\"u\"},{\"apiVersion\":\"v1\",\"kind\":\"K\",\"name\":\"l\",\"uid\":\"v\"}]},"
	    "\"data\":{\"x\":\"y\"}}",
	    name);
	desk_run(bench->desk, 1000);
}

static const char *said(struct text *text)
{
	const char *words = arena_cstr(test_arena(), text_str(text));

	text_clear(text);
	return words;
}

#define CHECK_SAID(text, words) CHECK_STR(str_from(said(text)), (words))

TEST(what_is_wanted_only_among_everything_is_kept_as_its_metadata)
{
	struct bench *bench = make_bench(NULL, NULL);

	put(bench, "a");
	put(bench, "b");
	CHECK_SAID(&bench->all.names, "a b ");
	CHECK_EQ(bench->all.dependents, 2);
	desk_end_watches(bench->desk, 410);
	put(bench, "c");
	desk_run(bench->desk, 10000);
	CHECK_SAID(&bench->all.names, "c ");
	CHECK_EQ(bench->all.dependents, 3);
	desk_remove(bench->desk, &core_config_map_type, "n", "a");
	put(bench, "c");
	CHECK_EQ(bench->all.dependents, 2);
	desk_close(bench->desk);
}

/* It comes after the first list was asked for. */
TEST(a_kind_that_somebody_wants_whole_is_whole_for_all)
{
	struct controller whole = { .name = "whole",
				    .account = "whole",
				    .reconciles = &core_config_map_type,
				    .reconcile = look_whole };
	struct bench *bench = make_bench(&whole, NULL);

	put(bench, "a");
	CHECK_SAID(&bench->some.names, "a* ");
	CHECK_SAID(&bench->all.names, "a* ");
	CHECK_EQ(bench->all.dependents, 1);
	desk_close(bench->desk);
}

static const struct controller choosing = {
	.name = "choosing",
	.account = "choosing",
	.reconciles = &core_namespace_type,
	.triggers = { { &core_config_map_type, wake_map, true, "metadata.name=a" } },
	.reconcile = look_whole,
};

TEST(who_wants_the_whole_of_few_has_them_beside_the_metadata_of_all)
{
	struct bench *bench = make_bench(&choosing, NULL);

	put(bench, "a");
	CHECK_SAID(&bench->some.names, "a* ");
	CHECK_SAID(&bench->all.names, "a ");
	CHECK_EQ(bench->all.dependents, 1);
	desk_close(bench->desk);
}

/* The news that it is gone is on its way when the second list is asked for. */
TEST(of_a_kind_that_becomes_whole_while_it_is_looked_at_nothing_that_goes_is_missed)
{
	struct late late = { { { &core_config_map_type }, { NULL }, 1, false }, 5000, BUSY, false };
	struct bench *bench = make_bench(NULL, &late);

	put(bench, "a");
	put(bench, "b");
	CHECK_SAID(&bench->all.names, "a b ");
	desk_hold_events(bench->desk, &core_config_map_type);
	desk_remove(bench->desk, &core_config_map_type, "n", "a");
	desk_run(bench->desk, 4000);
	desk_hold_events(bench->desk, NULL);
	desk_run(bench->desk, 4000);
	CHECK_EQ(bench->late.status, OK);
	CHECK(bench->late.has_synced);
	CHECK_SAID(&bench->all.names, "a- b* ");
	CHECK_EQ(bench->all.dependents, 1);
	desk_close(bench->desk);
}

TEST(another_choice_of_a_kind_of_which_some_are_kept_is_refused)
{
	struct late late = {
		{ { &core_config_map_type }, { "metadata.name=b" }, 1, false }, 100, BUSY, false
	};
	struct bench *bench = make_bench(&choosing, &late);

	desk_run(bench->desk, 2000);
	CHECK_EQ(bench->late.status, CONFLICT);
	desk_close(bench->desk);
}

TEST(whoever_wants_the_whole_of_a_kind_of_which_some_are_kept_is_refused)
{
	struct late late = { { { &core_config_map_type }, { NULL }, 1, false }, 100, BUSY, false };
	struct bench *bench = make_bench(&choosing, &late);

	desk_run(bench->desk, 2000);
	CHECK_EQ(bench->late.status, CONFLICT);
	desk_close(bench->desk);
}

#include "actors/client/informer.h"

#include "datastore/object/json.h"
#include "tests/unit/actors/controller/desk.h"

/* ---- an actor with one informer ------------------------------------------------------------------------- */

struct reader {
	struct informer *informer;
	struct text log; /* "+a ~a -a " */
	uint32_t owner_index;
	bool is_dead;
};

static struct str team_of(const struct object *object)
{
	return str_map_get(object_meta(object)->labels, STR("team"));
}

static void on_event(void *arg, enum informer_change change, const struct object *object,
		     const struct object *old)
{
	struct reader *reader = arg;
	static const char signs[] = { '+', '~', '-' };

	CHECK((change == INFORMER_ADDED) == (old == NULL));
	text_printf(&reader->log, "%c" STR_FMT " ", signs[change], STR_ARG(object_name(object)));
}

static void release(void *arg)
{
	((struct reader *)arg)->is_dead = true;
	informer_release(((struct reader *)arg)->informer);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct reader *reader = (struct reader *)(uintptr_t)args;

	*(struct reader **)state = reader;
	reader->is_dead = false;
	reader->informer =
	    informer_start(act, &(struct informer_config){ .type = &core_config_map_type,
							   .user = STR("somebody"),
							   .api = "api",
							   .on_event = on_event,
							   .arg = reader });
	reader->owner_index = informer_index(reader->informer, team_of);
	act_own(act, release, reader);
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct reader *reader = *(struct reader **)state;

	if (!informer_receive(reader->informer, act, msg))
		return ACT_UNHANDLED;
	return ACT_OK;
}

static const struct act_class reader_class = {
	.name = "reader", .state_size = sizeof(struct reader *), .init = init, .receive = receive
};

struct bench {
	struct desk *desk;
	struct reader reader;
};

static struct bench *make_bench(void)
{
	struct bench *bench = arena_new_of(test_arena(), struct bench);
	const struct act_child child = { .id = "reader",
					 .class = &reader_class,
					 .args = &bench->reader };

	bench->reader.log = text_in(test_arena(), MIB);
	bench->desk = desk_open(1, &child, 1);
	return bench;
}

static void put(struct bench *bench, const char *name, const char *value)
{
	desk_put(
	    bench->desk, &core_config_map_type,
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"a\",\"labels\":{\"team\":\"%s\"}}}",
	    name, value);
}

/* What was told since the last look. */
static const char *told(struct bench *bench)
{
	const char *text = arena_cstr(test_arena(), text_str(&bench->reader.log));

	text_clear(&bench->reader.log);
	return text;
}

#define CHECK_TOLD(bench, text) CHECK_STR(str_from(told(bench)), (text))

static bool append_name(void *arg, const struct object *object)
{
	text_printf(arg, STR_FMT " ", STR_ARG(object_name(object)));
	return true;
}

static struct str names_of(struct bench *bench)
{
	struct text out = text_in(test_arena(), KIB);

	informer_each(bench->reader.informer, STR_NONE, append_name, &out);
	return text_str(&out);
}

/* ---- the tests ---------------------------------------------------------------------------------------------- */

TEST(an_informer_lists_then_watches)
{
	struct bench *bench = make_bench();

	put(bench, "b", "x");
	put(bench, "a", "y");
	desk_run(bench->desk, 100);
	CHECK(informer_has_synced(bench->reader.informer));
	CHECK_EQ(informer_len(bench->reader.informer), 2);
	CHECK_EQ(informer_revision(bench->reader.informer), desk_revision(bench->desk));
	CHECK_TOLD(bench, "+b +a ");
	CHECK_STR(names_of(bench), "a b ");
	put(bench, "c", "x");
	put(bench, "a", "x");
	desk_remove(bench->desk, &core_config_map_type, "a", "b");
	desk_run(bench->desk, 100);
	CHECK_TOLD(bench, "+c ~a -b ");
	CHECK_STR(names_of(bench), "a c ");
	CHECK_EQ(informer_revision(bench->reader.informer), desk_revision(bench->desk));
	CHECK_EQ(desk_counts(bench->desk).acknowledged, 4);
	CHECK(informer_get(bench->reader.informer, STR("a"), STR("b")) == NULL);
	CHECK(informer_get(bench->reader.informer, STR("a"), STR("c")) != NULL);
	desk_close(bench->desk);
}

TEST(an_index_follows_what_changes)
{
	struct bench *bench = make_bench();
	struct text out = text_in(test_arena(), KIB);

	put(bench, "a", "x");
	put(bench, "b", "x");
	put(bench, "c", "y");
	desk_run(bench->desk, 100);
	put(bench, "b", "y");
	desk_remove(bench->desk, &core_config_map_type, "a", "c");
	desk_run(bench->desk, 100);
	informer_by(bench->reader.informer, 0, STR("x"), append_name, &out);
	text_lit(&out, "| ");
	informer_by(bench->reader.informer, 0, STR("y"), append_name, &out);
	text_lit(&out, "| ");
	informer_by(bench->reader.informer, 0, STR("z"), append_name, &out);
	CHECK_STR(text_str(&out), "a | b | ");
	desk_close(bench->desk);
}

TEST(bookmarks_move_the_revision_and_can_be_asked_for)
{
	struct bench *bench = make_bench();

	desk_run(bench->desk, 100);
	desk_forget(bench->desk);
	CHECK(informer_revision(bench->reader.informer) < desk_revision(bench->desk));
	desk_bookmark(bench->desk);
	desk_run(bench->desk, 100);
	CHECK_EQ(informer_revision(bench->reader.informer), desk_revision(bench->desk));
	CHECK_TOLD(bench, "");
	desk_close(bench->desk);
}

TEST(a_watch_that_ends_goes_on_where_it_was)
{
	struct bench *bench = make_bench();

	put(bench, "a", "x");
	desk_run(bench->desk, 100);
	desk_end_watches(bench->desk, 200);
	put(bench, "b", "x");
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "+a +b ");
	CHECK_EQ(desk_counts(bench->desk).lists, 1);
	CHECK_EQ(desk_counts(bench->desk).watches, 2);
	desk_close(bench->desk);
}

TEST(a_server_that_dies_is_asked_again_and_nothing_is_told_twice)
{
	struct bench *bench = make_bench();

	put(bench, "a", "x");
	desk_run(bench->desk, 100);
	desk_end_watches(bench->desk, 0);
	desk_run(bench->desk, 2000);
	put(bench, "b", "x");
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "+a +b ");
	CHECK_EQ(desk_counts(bench->desk).lists, 1);
	desk_close(bench->desk);
}

TEST(a_revision_that_is_gone_makes_it_list_again_and_tell_only_what_changed)
{
	struct bench *bench = make_bench();

	put(bench, "a", "x");
	put(bench, "b", "x");
	put(bench, "c", "x");
	desk_run(bench->desk, 100);
	told(bench);
	desk_end_watches(bench->desk, 410);
	desk_remove(bench->desk, &core_config_map_type, "a", "b");
	put(bench, "c", "y");
	put(bench, "d", "x");
	/* While it waits it shows an old world, not an empty one. */
	CHECK_EQ(informer_len(bench->reader.informer), 3);
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "~c +d -b ");
	CHECK_STR(names_of(bench), "a c d ");
	CHECK_EQ(desk_counts(bench->desk).lists, 2);
	/* The same when the next watch is refused: the old revision was forgotten meanwhile. */
	desk_end_watches(bench->desk, 200);
	desk_forget(bench->desk);
	desk_remove(bench->desk, &core_config_map_type, "a", "a");
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "-a ");
	CHECK_EQ(desk_counts(bench->desk).lists, 3);
	desk_close(bench->desk);
}

TEST(an_object_that_was_made_anew_between_two_lists_is_told_with_the_old_one)
{
	struct bench *bench = make_bench();
	struct str before;

	put(bench, "a", "x");
	desk_run(bench->desk, 100);
	told(bench);
	before = arena_str(test_arena(),
			   object_uid(informer_get(bench->reader.informer, STR("a"), STR("a"))));
	desk_end_watches(bench->desk, 410);
	desk_remove(bench->desk, &core_config_map_type, "a", "a");
	put(bench, "a", "x");
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "~a ");
	CHECK(!str_eq(before, object_uid(informer_get(bench->reader.informer, STR("a"), STR("a")))));
	desk_close(bench->desk);
}

TEST(a_server_that_refuses_is_asked_less_and_less_often)
{
	struct bench *bench = make_bench();
	uint32_t asked;

	desk_refuse_watches(bench->desk, 403);
	desk_run(bench->desk, 1000);
	asked = desk_counts(bench->desk).watches;
	CHECK(asked >= 3 && asked <= 12);
	desk_run(bench->desk, 60000);
	CHECK(desk_counts(bench->desk).watches - asked <= 30);
	CHECK(!informer_has_synced(bench->reader.informer));
	desk_refuse_watches(bench->desk, 0);
	desk_run(bench->desk, 6000);
	CHECK(informer_has_synced(bench->reader.informer));
	desk_close(bench->desk);
}

TEST(an_event_that_cannot_be_read_makes_it_list_again)
{
	struct bench *bench = make_bench();

	put(bench, "a", "x");
	desk_run(bench->desk, 100);
	told(bench);
	desk_send_nonsense(bench->desk, &core_config_map_type);
	desk_run(bench->desk, 1000);
	CHECK_EQ(desk_counts(bench->desk).cancelled, 1);
	CHECK_EQ(desk_counts(bench->desk).lists, 2);
	put(bench, "b", "x");
	desk_run(bench->desk, 1000);
	CHECK_TOLD(bench, "+b ");
	desk_close(bench->desk);
}

TEST(it_knows_since_when_an_object_is_as_it_is)
{
	struct bench *bench = make_bench();
	struct mono first;

	put(bench, "a", "x");
	desk_run(bench->desk, 1000);
	first = informer_since(bench->reader.informer, STR("a"), STR("a"));
	CHECK(first.ns > 0);
	desk_end_watches(bench->desk, 410);
	desk_run(bench->desk, 5000);
	CHECK_EQ(informer_since(bench->reader.informer, STR("a"), STR("a")).ns, first.ns);
	put(bench, "a", "y");
	desk_run(bench->desk, 1000);
	CHECK(informer_since(bench->reader.informer, STR("a"), STR("a")).ns > first.ns + 5 * TIME_S);
	CHECK_EQ(informer_since(bench->reader.informer, STR("a"), STR("z")).ns, 0);
	desk_close(bench->desk);
}

/*
 * Keys of an issuer: fetched when they are needed, once for all who wait, and not at the will of strangers.
 */
#include "actors/authentication/issuer-source.h"
#include "tests/unit/actors/server/rig.h"

/* The world outside: what was asked for last, and nothing else. */
struct world {
	struct outside face;
	struct outside_call call;
	struct str url;
	void (*done)(void *arg);
	void *arg;
	uint32_t asked;
	bool is_closed; /* what is asked fails at once */
};

static struct outside_call *post(void *self, struct arena *arena, const struct outside_post *post)
{
	struct world *world = self;

	(void)arena;
	CHECK(post->is_get);
	world->asked++;
	world->url = arena_str(test_arena(), post->place.url);
	world->done = post->done;
	world->arg = post->arg;
	world->call = (struct outside_call){ .is_done = world->is_closed,
					     .status = world->is_closed ? BUSY : OK,
					     .words = STR("too many calls") };
	return &world->call;
}

static void drop(void *self, struct outside_call *call)
{
	(void)self;
	(void)call;
}

static void say(struct world *world, enum status status, struct str body)
{
	world->call = (struct outside_call){
		.is_done = true, .status = status, .body = body, .words = STR("it is away")
	};
	world->done(world->arg);
}

struct asker {
	struct waiter waiter; /* first */
	uint32_t resumed;
};

static void resume(struct waiter *waiter)
{
	((struct asker *)waiter)->resumed++;
}

struct scene {
	struct world world;
	struct issuer_source source;
	struct check_context check;
	struct asker askers[3];
	struct str set;
};

static void open_scene(struct scene *scene, struct act *act)
{
	struct certificate_key *key = certificate_key_new();

	*scene = (struct scene){ .world.face = { &scene->world, post, drop } };
	scene->set = jwt_key_set((const struct certificate_key *const[]){ key }, 1, test_arena());
	scene->source = (struct issuer_source){ .issuer = STR("https://a"),
						.discovery = STR("https://a/document") };
	list_init(&scene->source.waiters);
	scene->check = (struct check_context){ .arena = test_arena(),
					       .act = act,
					       .outside = &scene->world.face,
					       .now = { 1000 * TIME_S } };
	for (int i = 0; i < 3; i++)
		scene->askers[i].waiter.resume = resume;
	certificate_key_free(key);
}

static enum check ask(struct scene *scene, int asker)
{
	scene->check.waiter = &scene->askers[asker].waiter;
	return issuer_source_wait(&scene->source, &scene->check);
}

static const struct issuer_keys *keys_of(struct scene *scene)
{
	return issuer_source_keys(&scene->source, &scene->check);
}

static void pass(struct scene *scene, int64_t ms)
{
	scene->check.now.ns += ms * TIME_MS;
}

static const char document[] = "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://b/keys\"}";

static void play_waiting(struct act *act, void *arg)
{
	struct scene *scene = arg;

	open_scene(scene, act);
	CHECK(keys_of(scene) == NULL);
	CHECK_EQ(ask(scene, 0), CHECK_WAIT);
	CHECK_EQ(ask(scene, 1), CHECK_WAIT);
	CHECK_EQ(ask(scene, 2), CHECK_WAIT);
	CHECK_EQ(scene->world.asked, 1);
	CHECK_STR(scene->world.url, "https://a/document");
	CHECK(issuer_source_is_busy(&scene->source));
	/* One of them goes. */
	scene->askers[1].waiter.on_cancel(scene->askers[1].waiter.arg);
	say(&scene->world, OK, str_from(document));
	CHECK_STR(scene->world.url, "https://b/keys");
	CHECK_EQ(scene->askers[0].resumed, 0);
	say(&scene->world, OK, scene->set);
	CHECK_EQ(scene->askers[0].resumed, 1);
	CHECK_EQ(scene->askers[1].resumed, 0);
	CHECK_EQ(scene->askers[2].resumed, 1);
	CHECK(!issuer_source_is_busy(&scene->source));
	CHECK_EQ(keys_of(scene)->count, 1);
	/* A token by a key that is not there: too soon, then once, by the set's own address. */
	CHECK_EQ(ask(scene, 0), CHECK_PASS);
	pass(scene, ISSUER_SOURCE_AGAIN_MS);
	CHECK_EQ(ask(scene, 0), CHECK_WAIT);
	CHECK_EQ(scene->world.asked, 3);
	CHECK_STR(scene->world.url, "https://b/keys");
	say(&scene->world, OK, scene->set);
	CHECK_EQ(scene->askers[0].resumed, 2);
	/* Old ones count while they are renewed, and when that fails. */
	pass(scene, ISSUER_SOURCE_STALE_MS + 1);
	CHECK(keys_of(scene) != NULL);
	CHECK_EQ(scene->world.asked, 4);
	say(&scene->world, UNAVAILABLE, STR_NONE);
	CHECK_EQ(keys_of(scene)->count, 1);
	issuer_source_fini(&scene->source);
}

static void play_failures(struct act *act, void *arg)
{
	struct scene *scene = arg;
	static const struct {
		const char *document, *words;
	} cases[] = {
		{ "", "oidc: keys of https://a: the discovery document is another issuer's" },
		{ "{\"issuer\":\"https://b\",\"jwks_uri\":\"https://b/keys\"}",
		  "oidc: keys of https://a: the discovery document is another issuer's" },
		{ "{\"issuer\":\"https://a\",\"jwks_uri\":\"http://b/keys\"}",
		  "oidc: keys of https://a: the discovery document names no jwks_uri of https" },
	};

	open_scene(scene, act);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_EQ(ask(scene, 0), CHECK_WAIT);
		say(&scene->world, OK, str_from(cases[i].document));
		CHECK_EQ(scene->askers[0].resumed, i + 1);
		CHECK_STR(str_from(scene->source.why.text), cases[i].words);
		CHECK_EQ(ask(scene, 0), CHECK_PASS);
		pass(scene, ISSUER_SOURCE_FAILED_MS_MAX);
	}
	CHECK_EQ(ask(scene, 0), CHECK_WAIT);
	say(&scene->world, OK, str_from(document));
	say(&scene->world, OK, STR("{\"keys\":[]}"));
	CHECK_STR(str_from(scene->source.why.text),
		  "oidc: keys of https://a: the key set has no key that verifies tokens");
	/* After the fourth: eight seconds. */
	pass(scene, 7999);
	CHECK_EQ(ask(scene, 0), CHECK_PASS);
	pass(scene, 1);
	scene->world.is_closed = true;
	CHECK_EQ(ask(scene, 0), CHECK_PASS);
	CHECK_STR(str_from(scene->source.why.text), "oidc: keys of https://a: too many calls");
	CHECK(keys_of(scene) == NULL);
	issuer_source_fini(&scene->source);
}

static void play_another_server(struct act *act, void *arg)
{
	struct scene *scene = arg;

	open_scene(scene, act);
	CHECK_EQ(ask(scene, 0), CHECK_WAIT);
	say(&scene->world, OK, str_from(document));
	/* What was under way went with a server that has ended: its requests are not resumed, and the next one begins anew. */
	scene->source.server = ACT_NIL;
	pass(scene, ISSUER_SOURCE_AGAIN_MS);
	CHECK_EQ(ask(scene, 1), CHECK_WAIT);
	CHECK_STR(scene->world.url, "https://a/document");
	say(&scene->world, OK, str_from(document));
	say(&scene->world, OK, scene->set);
	CHECK_EQ(scene->askers[0].resumed, 0);
	CHECK_EQ(scene->askers[1].resumed, 1);
	issuer_source_fini(&scene->source);
}

static void play(void (*scene)(struct act *act, void *arg))
{
	struct rig *rig = rig_open(NULL);
	struct scene *room = arena_new_of(test_arena(), struct scene);

	rig_enter(rig, scene, room);
	rig_close(rig);
}

TEST(keys_are_fetched_once_for_all_who_wait_and_not_at_the_will_of_strangers)
{
	play(play_waiting);
}

TEST(what_is_no_document_or_no_set_is_said_and_asked_for_ever_more_seldom)
{
	play(play_failures);
}

TEST(a_server_that_has_ended_leaves_nothing_to_wait_for)
{
	play(play_another_server);
}

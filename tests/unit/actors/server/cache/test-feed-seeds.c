/*
 * Values whose key a KMS plug-in has to be asked for: the caches wait for the answer, not for ever, and show them later when it comes late. Who
 * asks the plug-in is the test.
 */
#include "actors/encryption/encryption.h"
#include "actors/encryption/kms/asker.h"
#include "tests/unit/actors/server/rig.h"

#define SECRETS "/api/v1/namespaces/default/secrets"

static const uint8_t seed_bytes[ENVELOPE_SEED_BYTES] = "a seed that is as long as it is";
static struct str secrets[] = { { "secrets", 7 } };
static struct kms_book book;
static struct encryption encryption;
static struct server_config config = { .encryption = &encryption };

static struct fake {
	struct kms *kms;
	uint32_t after_ms; /* what is wanted is settled */
	bool knows;
	uint32_t asked;
} fake;

struct fake_tick {
	char nothing;
};
static const ACT_TYPE(fake_tick, .id = 0);
static struct act_ticket waiting;

static void settle(struct act *act)
{
	struct kms_seed *seed;

	while ((seed = kms_next_wanted(fake.kms)) != NULL)
		if (fake.knows)
			kms_seed_known(fake.kms, seed, str_of(seed_bytes, sizeof seed_bytes),
				       act_now(act));
		else
			kms_seed_failed(fake.kms, seed, "failed to decrypt DEK, error: test");
	act_answer(act, waiting, &kms_settle_type, &(struct kms_settle){ 0 });
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, fake_tick)) {
		settle(act);
		return ACT_OK;
	}
	if (!ACT_IS(msg, kms_settle))
		return ACT_UNHANDLED;
	waiting = act_ticket(msg);
	fake.asked++;
	(void)act_after(act, fake.after_ms, &fake_tick_type, &(struct fake_tick){ 0 });
	return ACT_OK;
}

static const struct act_class fake_class = { .name = "kms", .receive = receive };

/* A plug-in that nothing is known of yet but, if asked for, a seed that closes. */
static void use_plugin(bool closes)
{
	static struct encryption_provider provider;
	static struct encryption_rule rule;
	static struct encryption_set set;
	const struct kms_spec spec = { STR("box"), STR("/run/box.sock"), 3000 };
	const struct envelope_lock lock = { .key_id = STR("k"), .closed = STR("c"), .is_seed = true };

	kms_book_init(&book);
	fake.kms = kms_use(&book, &spec);
	provider = (struct encryption_provider){ .kind = ENCRYPTION_KMS,
						 .prefix = fake.kms->prefix,
						 .kms = fake.kms };
	rule = (struct encryption_rule){ { secrets, 1 }, &provider, 1 };
	set = (struct encryption_set){ &rule, 1 };
	encryption.set = &set;
	if (closes)
		kms_set_closer(fake.kms, seed_bytes, &lock, (struct mono){ 0 });
}

static struct rig *rig_with_secret(void)
{
	static const struct act_child children[] = { { .id = ASKER_NAME, .class = &fake_class } };
	struct rig *rig;

	use_plugin(true);
	rig = rig_open_with(&config, children, 1);
	CHECK_CODE(
	    rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"dg==\"}}"),
	    201);
	CHECK_AT(rig_get(rig, SECRETS "/a").body, "data.k", "dg==");
	CHECK_EQ(fake.asked, 0);
	return rig;
}

/* The server begins anew and knows no seed. */
static void begin_anew(struct rig *rig, uint32_t after_ms, bool knows)
{
	kms_leave(fake.kms);
	use_plugin(false);
	fake.after_ms = after_ms;
	fake.knows = knows;
	rig_kill_server(rig);
}

TEST(a_server_that_begins_waits_for_seeds_before_it_shows_anything)
{
	struct rig *rig = rig_with_secret();

	begin_anew(rig, 2000, true);
	rig_run(rig, 1000);
	CHECK(rig_get(rig, SECRETS "/a").code != 200);
	CHECK_EQ(fake.asked, 1);
	rig_run(rig, 2000);
	CHECK_AT(rig_get(rig, SECRETS "/a").body, "data.k", "dg==");
	CHECK_EQ(fake.asked, 1);
	CHECK_EQ(encryption.generation, 0);
	rig_close(rig);
}

TEST(what_a_plug_in_does_not_open_is_told_of_and_shown_when_it_does)
{
	struct rig *rig = rig_with_secret();
	struct rig_answer answer;

	begin_anew(rig, 100, false);
	rig_run(rig, 1000);
	answer = rig_get(rig, SECRETS "/a");
	CHECK_FAILURE(answer, 500, "InternalError",
		      "Internal error occurred: failed to decrypt DEK, error: test");
	CHECK_CODE(rig_get(rig, SECRETS), 500);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default"), 200);
	/* Nothing can be closed either: there is no seed. */
	answer = rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"b\"}}");
	CHECK_CODE(answer, 500);
	CHECK(str_find(answer.body, STR("has not given a key yet")) >= 0);
	kms_try_failed(fake.kms);
	kms_seed_known(fake.kms, kms_next_wanted(fake.kms), str_of(seed_bytes, sizeof seed_bytes),
		       (struct mono){ INT64_MAX });
	CHECK_EQ(fake.kms->late, 1);
	encryption.generation++;
	rig_run(rig, 3000);
	CHECK_AT(rig_get(rig, SECRETS "/a").body, "data.k", "dg==");
	rig_close(rig);
}

/* The plug-in does not answer at all: the caches go on without it. */
TEST(a_plug_in_that_is_silent_holds_nobody_up_for_long)
{
	struct rig *rig = rig_with_secret();

	begin_anew(rig, 1000000, true);
	rig_run(rig, KMS_WAIT_MS - 1000);
	CHECK_EQ(fake.asked, 1);
	rig_run(rig, 2000);
	CHECK_CODE(rig_get(rig, SECRETS "/a"), 500);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default"), 200);
	rig_close(rig);
}

/* Written by another server with a seed of its own: events wait in their order, and all are told in the end. */
TEST(events_wait_for_seeds_in_their_order)
{
	struct rig *rig = rig_with_secret();
	struct kms_seed *seed = list_item(fake.kms->seeds.next, struct kms_seed, link);
	uint32_t posted, made;

	CHECK_CODE(rig_watch(rig, SECRETS "?watch=1", 1), 200);
	rig_run(rig, 100);
	CHECK_STR(rig_events(rig, 1), "ADDED a@3");
	seed->state = KMS_SEED_WANTED;
	seed->until = (struct mono){ INT64_MAX };
	fake.kms->wanted_count++;
	fake.after_ms = 2000;
	fake.knows = true;
	posted = rig_begin(rig, &(struct rig_request){ .method = "POST",
						       .path = SECRETS,
						       .body = "{\"metadata\":{\"name\":\"b\"}}" });
	made =
	    rig_begin(rig, &(struct rig_request){ .method = "POST",
						  .path = "/api/v1/namespaces/default/configmaps",
						  .body = "{\"metadata\":{\"name\":\"b\"}}" });
	rig_run(rig, 1500);
	CHECK_STR(rig_events(rig, 1), "");
	rig_run(rig, 1000);
	CHECK_STR(rig_events(rig, 1), "ADDED b@4");
	CHECK_CODE(rig_finish(rig, posted), 201);
	CHECK_CODE(rig_finish(rig, made), 201);
	CHECK_EQ(fake.asked, 1);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default/configmaps/b"), 200);
	rig_close(rig);
}

/*
 * A server whose secrets lie encrypted: they are read as they were, and are written again when the key has changed.
 */
#include "actors/encryption/encryption.h"
#include "tests/unit/actors/server/rig.h"

#define SECRETS "/api/v1/namespaces/default/secrets"

static struct encryption_provider old_key[2], new_key[3];
static struct str secrets[] = { { "secrets", 7 } };
static struct encryption_rule old_rule, new_rule, lost_rule;
static struct encryption_set old_set = { &old_rule, 1 }, new_set = { &new_rule, 1 },
			     lost_set = { &lost_rule, 1 };

static void make_keys(void)
{
	old_key[0] = (struct encryption_provider){ .kind = ENCRYPTION_AESGCM,
						   .prefix = STR("k8s:enc:aesgcm:v1:old:"),
						   .key = { 1 },
						   .key_len = 32 };
	old_key[1] = (struct encryption_provider){ .kind = ENCRYPTION_IDENTITY, .prefix = STR("") };
	new_key[0] = (struct encryption_provider){ .kind = ENCRYPTION_AESCBC,
						   .prefix = STR("k8s:enc:aescbc:v1:new:"),
						   .key = { 2 },
						   .key_len = 16 };
	new_key[1] = old_key[0];
	new_key[2] = old_key[1];
	old_rule = (struct encryption_rule){ { secrets, 1 }, old_key, 2 };
	new_rule = (struct encryption_rule){ { secrets, 1 }, new_key, 3 };
	lost_rule = (struct encryption_rule){ { secrets, 1 }, new_key, 1 };
}

TEST(secrets_are_written_again_when_their_key_has_changed_and_only_then)
{
	static struct encryption encryption;
	static struct server_config config = { .encryption = &encryption };
	struct rig *rig;
	struct rig_answer answer;
	uint64_t version;

	make_keys();
	encryption.set = NULL;
	rig = rig_open(&config);
	answer = rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"dg==\"}}");
	CHECK_CODE(answer, 201);
	version = rig_version(answer.body);
	encryption.set = &old_set;
	/* It lay there as it is: a write that changes nothing closes it. */
	answer = rig_patch(rig, "merge", SECRETS "/a", "{}");
	CHECK_CODE(answer, 200);
	CHECK(rig_version(answer.body) > version);
	version = rig_version(answer.body);
	answer = rig_patch(rig, "merge", SECRETS "/a", "{}");
	CHECK_EQ(rig_version(answer.body), version);
	encryption.set = &new_set;
	answer = rig_patch(rig, "merge", SECRETS "/a", "{}");
	CHECK(rig_version(answer.body) > version);
	version = rig_version(answer.body);
	CHECK_EQ(rig_version(rig_patch(rig, "merge", SECRETS "/a", "{}").body), version);
	/* Others are none of its business. */
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/configmaps",
			    "{\"metadata\":{\"name\":\"a\"}}"),
		   201);
	rig_kill_server(rig);
	rig_run(rig, 3000);
	CHECK_AT(rig_get(rig, SECRETS "/a").body, "data.k", "dg==");
	rig_close(rig);
}

/* With the wrong keys nothing is made up, and nothing is left out without a word; everything else is there. */
TEST(what_cannot_be_opened_is_told_of)
{
	static struct encryption encryption;
	static struct server_config config = { .encryption = &encryption };
	struct rig *rig;

	make_keys();
	encryption.set = &old_set;
	rig = rig_open(&config);
	CHECK_CODE(
	    rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"dg==\"}}"),
	    201);
	encryption.set = &lost_set;
	rig_kill_server(rig);
	rig_run(rig, 3000);
	CHECK_CODE(rig_get(rig, SECRETS "/a"), 500);
	CHECK_CODE(rig_get(rig, SECRETS), 500);
	CHECK_CODE(rig_delete(rig, SECRETS "/a", NULL), 500);
	CHECK_CODE(rig_patch(rig, "merge", SECRETS "/a", "{}"), 500);
	CHECK_CODE(rig_get(rig, SECRETS "/b"), 404);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/kube-system/secrets"), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default"), 200);
	rig_close(rig);
}

/* Where a key comes back, what it closed can be read again, by those who watch too; nobody has to start anything again. */
TEST(what_could_not_be_opened_is_shown_when_its_key_comes_back)
{
	static struct encryption encryption;
	static struct server_config config = { .encryption = &encryption };
	struct rig *rig;
	struct rig_answer made;

	make_keys();
	encryption.set = &old_set;
	rig = rig_open(&config);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_CODE(rig_post(rig, SECRETS,
				    arena_printf(test_arena(),
						 "{\"metadata\":{\"name\":\"s%u\"},\"data\":{"
						 "\"k\":\"dg==\"}}",
						 i)
					.at),
			   201);
	encryption.set = &lost_set;
	encryption.generation++;
	rig_kill_server(rig);
	rig_run(rig, 3000);
	CHECK_CODE(rig_get(rig, SECRETS "/s1"), 500);
	CHECK_CODE(rig_get(rig, SECRETS), 500);
	/* Keys that do not help change nothing. */
	encryption.generation++;
	rig_run(rig, 3000);
	CHECK_CODE(rig_get(rig, SECRETS "/s1"), 500);
	made = rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"new\"}}");
	CHECK_CODE(made, 201);
	CHECK_CODE(rig_watch(rig,
			     rig_printf(SECRETS "?watch=1&resourceVersion=%ju",
					(uintmax_t)rig_version(made.body))
				 .at,
			     1),
		   200);
	encryption.set = &new_set;
	encryption.generation++;
	rig_run(rig, 3000);
	CHECK_AT(rig_get(rig, SECRETS "/s1").body, "data.k", "dg==");
	CHECK_CODE(rig_get(rig, SECRETS), 200);
	CHECK_STR(rig_events(rig, 1), "ADDED s0@3 ADDED s1@4 ADDED s2@5");
	CHECK_CODE(rig_delete(rig, SECRETS "/s1", NULL), 200);
	CHECK_CODE(rig_get(rig, SECRETS "/s1"), 404);
	rig_close(rig);
}

/*
 * Values closed and opened: the form is upstream's, keys change, and nothing opens that was not closed so.
 */
#include "actors/encryption/encryption.h"
#include "tests/lib/test.h"

#define NOW ((struct mono){ 1 })
#define KEY STR("/registry/secrets/default/a")

static struct encryption_provider provider(enum encryption_kind kind, const char *name,
					   uint32_t key_len, uint8_t filling)
{
	struct encryption_provider one = { .kind = kind, .key_len = key_len };

	memset(one.key, filling, sizeof one.key);
	one.prefix = kind == ENCRYPTION_IDENTITY
			 ? STR("")
			 : arena_printf(test_arena(), "k8s:enc:%s:v1:%s:",
					kind == ENCRYPTION_AESGCM ? "aesgcm" : "aescbc", name);
	return one;
}

static struct str closed_by(const struct encryption_rule *rule, struct str key, struct str plain)
{
	struct fault why = { 0 };
	struct str out;

	CHECK_STATUS(encryption_close(rule, key, plain, test_arena(), &out, &why), OK);
	return out;
}

static struct str opened(const struct encryption_rule *rule, struct str key, struct str bytes)
{
	struct fault why = { 0 };
	struct str out = STR_NONE;

	return encryption_open(rule, key, bytes, NOW, test_arena(), &out, &why) == OK ? out
										      : STR_NONE;
}

TEST(what_is_closed_opens_with_the_same_key_only)
{
	static const enum encryption_kind kinds[] = { ENCRYPTION_AESGCM, ENCRYPTION_AESCBC };
	static const uint32_t lengths[] = { 16, 24, 32 };
	static const char *const plains[] = { "", "a", "fifteen bytes..", "sixteen bytes...",
					      "k8s\0 and more than one block of it" };

	for (size_t k = 0; k < 2; k++)
		for (size_t l = 0; l < 3; l++)
			for (size_t p = 0; p < sizeof plains / sizeof plains[0]; p++) {
				struct encryption_provider mine =
				    provider(kinds[k], "one", lengths[l], 7);
				struct encryption_provider other =
				    provider(kinds[k], "one", lengths[l], 8);
				struct encryption_rule rule = { .providers = &mine,
								.provider_count = 1 };
				struct encryption_rule wrong = { .providers = &other,
								 .provider_count = 1 };
				struct str plain = str_from(plains[p]);
				struct str closed = closed_by(&rule, KEY, plain);

				CHECK(str_starts(closed, mine.prefix));
				CHECK(closed.len > mine.prefix.len + plain.len);
				CHECK(closed.len <= plain.len + ENCRYPTION_EXTRA_BYTES);
				CHECK_STR(opened(&rule, KEY, closed), plains[p]);
				/* CBC proves nothing: a wrong key gives noise, almost always an error of padding. */
				if (kinds[k] == ENCRYPTION_AESGCM)
					CHECK(opened(&wrong, KEY, closed).at == NULL);
			}
}

TEST(a_value_does_not_open_under_another_key_of_the_store)
{
	struct encryption_provider mine = provider(ENCRYPTION_AESGCM, "one", 32, 7);
	struct encryption_rule rule = { .providers = &mine, .provider_count = 1 };
	struct str closed = closed_by(&rule, KEY, STR("word"));

	CHECK_STR(opened(&rule, KEY, closed), "word");
	CHECK(opened(&rule, STR("/registry/secrets/default/b"), closed).at == NULL);
}

/* Each bit of it counts, and so does its end. */
TEST(a_value_that_was_changed_does_not_open)
{
	struct encryption_provider mine = provider(ENCRYPTION_AESGCM, "one", 16, 7);
	struct encryption_rule rule = { .providers = &mine, .provider_count = 1 };
	struct str closed = closed_by(&rule, KEY, STR("a word or two"));

	for (uint32_t i = 0; i < closed.len; i++) {
		char *copy = arena_cstr(test_arena(), closed);

		memcpy(copy, closed.at, closed.len);
		copy[i] ^= 1;
		CHECK(opened(&rule, KEY, str_of(copy, closed.len)).at == NULL);
		CHECK(opened(&rule, KEY, str_slice(closed, 0, i)).at == NULL);
	}
}

TEST(keys_change_in_three_steps)
{
	struct encryption_provider both[] = { provider(ENCRYPTION_AESCBC, "new", 32, 2),
					      provider(ENCRYPTION_AESGCM, "old", 32, 1),
					      provider(ENCRYPTION_IDENTITY, "", 0, 0) };
	struct encryption_rule old = { .providers = &both[1], .provider_count = 2 };
	struct encryption_rule changed = { .providers = both, .provider_count = 3 };
	struct encryption_rule alone = { .providers = both, .provider_count = 1 };
	struct str closed = closed_by(&old, KEY, STR("word"));

	CHECK_STR(opened(&changed, KEY, closed), "word");
	CHECK_STR(opened(&changed, KEY, STR("plain")), "plain");
	CHECK(encryption_mark(closed) != encryption_current_mark(&changed));
	CHECK(opened(&alone, KEY, closed).at == NULL);
	CHECK(opened(&alone, KEY, STR("plain")).at == NULL);
	closed = closed_by(&changed, KEY, STR("word"));
	CHECK_STR(encryption_prefix(closed), "k8s:enc:aescbc:v1:new:");
	CHECK(encryption_mark(closed) == encryption_current_mark(&changed));
	CHECK_STR(opened(&alone, KEY, closed), "word");
}

TEST(what_no_rule_is_about_lies_there_as_it_is)
{
	struct fault why = { 0 };
	struct str out;

	CHECK_STR(closed_by(NULL, KEY, STR("x")), "x");
	CHECK_STR(opened(NULL, KEY, STR("x")), "x");
	CHECK_EQ(encryption_open(NULL, KEY, STR("k8s:enc:aesgcm:v1:gone:abc"), NOW, test_arena(),
				 &out, &why),
		 CORRUPT);
	CHECK_STR(str_from(why.text),
		  "no provider has the key of the value's prefix k8s:enc:aesgcm:v1:gone:");
	CHECK(encryption_prefix(STR("k8s\0abc")).at == NULL);
}

TEST(the_first_rule_that_names_a_resource_counts)
{
	static struct str first[] = { { "secrets", 7 }, { "deployments.apps", 16 } },
			  second[] = { { "*.apps", 6 }, { "*.", 2 } }, third[] = { { "*.*", 3 } };
	static const struct encryption_rule rules[] = { { .resources = { first, 2 } },
							{ .resources = { second, 2 } },
							{ .resources = { third, 1 } } };
	static const struct encryption_set set = { rules, 3 };
	static const struct {
		const char *group, *resource;
		uint32_t count;
		int at; /* -1: none */
	} cases[] = {
		{ "", "secrets", 3, 0 },         { "apps", "secrets", 3, 1 },
		{ "apps", "deployments", 3, 0 }, { "apps", "replicasets", 3, 1 },
		{ "", "configmaps", 3, 1 },      { "batch", "jobs", 3, 2 },
		{ "batch", "jobs", 2, -1 },      { "", "secret", 1, -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct encryption_set some = { set.rules, cases[i].count };
		struct encryption encryption = { .set = &some };
		const struct encryption_rule *rule = encryption_find(
		    &encryption, str_from(cases[i].group), str_from(cases[i].resource));

		CHECK(rule == (cases[i].at < 0 ? NULL : &rules[cases[i].at]));
	}
}

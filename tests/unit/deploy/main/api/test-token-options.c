/*
 * What operators may say of tokens of service accounts.
 */
#include "deploy/main/api/token-options.h"

#include <stdio.h>

#include "tests/lib/test.h"

#define OWN STR("https://own")
#define WORDS_MAX 8

static int run(const struct command_line *line)
{
	(void)line;
	return EXIT_DONE;
}

static const struct option table[] = { TOKEN_OPTIONS, { .name = NULL } };
static const struct command commands[] = { { .name = "up", .run = run, .more = table },
					   { .name = NULL } };

/* Options as they are typed, separated by spaces. */
static enum status load(const char *options, struct token_setting *out, struct fault *why)
{
	struct str rest = str_from(options);
	char program[] = "troupe", verb[] = "up", *argv[WORDS_MAX + 2] = { program, verb };
	struct command_line line;
	int argc = 2;

	while (rest.len > 0 && argc < WORDS_MAX + 2)
		argv[argc++] = arena_cstr(test_arena(), str_cut(&rest, ' '));
	CHECK_STATUS(command_parse(commands, argc, argv, &line, why), OK);
	return token_options_load(&line, OWN, test_arena(), out, why);
}

static void free_key(void *arg)
{
	certificate_key_free(arg);
}

static struct certificate_key *make_key(void)
{
	struct certificate_key *key = certificate_key_new();

	arena_on_free(test_arena(), free_key, key);
	return key;
}

static const char *make_file(const char *name, struct str text)
{
	const char *path = arena_printf(test_arena(), "%s/%s", test_folder(), name).at;
	FILE *file = fopen(path, "we");

	CHECK(file != NULL);
	fwrite(text.at, 1, text.len, file);
	fclose(file);
	return path;
}

static bool is_same(const struct certificate_key *a, const struct certificate_key *b)
{
	return str_eq(certificate_key_public_der(a, test_arena()),
		      certificate_key_public_der(b, test_arena()));
}

TEST(without_a_word_the_cluster_issues_by_its_own_key_for_itself)
{
	struct certificate_key *own = make_key();
	struct token_setting setting;
	struct token_keys keys;
	struct fault why = { 0 };

	CHECK_STATUS(load("", &setting, &why), OK);
	CHECK_EQ(setting.issuers.len, 1);
	CHECK_STR(setting.issuers.at[0], "https://own");
	CHECK_EQ(setting.audiences.len, 1);
	CHECK_STR(setting.audiences.at[0], "https://own");
	CHECK(setting.keys_uri.at == NULL);
	CHECK(!setting.has_short);
	CHECK_STATUS(
	    token_keys_make(&setting, certificate_key_private_pem(own, test_arena()), &keys, &why),
	    OK);
	CHECK_EQ(keys.count, 1);
	CHECK(is_same(keys.signing, own));
	token_keys_free(&keys);
}

TEST(the_first_issuer_issues_and_all_are_audiences_unless_others_are_named)
{
	struct token_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load("--service-account-issuer=https://new --service-account-issuer old "
			  "--service-account-jwks-uri=https://keys/x "
			  "--service-account-extend-token-expiration=false",
			  &setting, &why),
		     OK);
	CHECK_EQ(setting.issuers.len, 2);
	CHECK_STR(setting.issuers.at[0], "https://new");
	CHECK_STR(setting.issuers.at[1], "old");
	CHECK_EQ(setting.audiences.len, 2);
	CHECK_STR(setting.keys_uri, "https://keys/x");
	CHECK(setting.has_short);
	CHECK_STATUS(load("--api-audiences=a,b", &setting, &why), OK);
	CHECK_EQ(setting.audiences.len, 2);
	CHECK_STR(setting.audiences.at[1], "b");
}

TEST(all_keys_of_all_files_are_known_and_each_once)
{
	struct certificate_key *own = make_key(), *signing = make_key(), *old = make_key();
	struct arena *arena = test_arena();
	struct str two =
	    arena_printf(arena, STR_FMT STR_FMT, STR_ARG(certificate_key_public_pem(old, arena)),
			 STR_ARG(certificate_key_public_pem(signing, arena)));
	const char *path = make_file("sign.key", certificate_key_private_pem(signing, arena));
	const char *more = make_file("more.pub", two);
	struct token_setting setting;
	struct token_keys keys;
	struct fault why = { 0 };

	CHECK_STATUS(
	    load(arena_printf(arena,
			      "--service-account-signing-key-file=%s "
			      "--service-account-key-file=%s --service-account-key-file=%s",
			      path, more, more)
		     .at,
		 &setting, &why),
	    OK);
	CHECK_EQ(setting.file_count, 3);
	CHECK_STATUS(
	    token_keys_make(&setting, certificate_key_private_pem(own, arena), &keys, &why), OK);
	CHECK_EQ(keys.count, 2);
	CHECK(is_same(keys.signing, signing));
	CHECK(is_same(keys.at[1], old));
	token_keys_free(&keys);
}

TEST(what_cannot_be_is_refused_in_a_line)
{
	struct arena *arena = test_arena();
	const char *public =
	    make_file("public", certificate_key_public_pem(make_key(), test_arena()));
	const char *none = make_file("none", STR("no key"));
	const char *broken = make_file("broken", STR("-----BEGIN PRIVATE KEY-----\nAAAA\n"
						     "-----END PRIVATE KEY-----\n"));
	const struct {
		const char *options, *words;
	} cases[] = {
		{ "--service-account-issuer=", "must not be an empty string" },
		{ "--service-account-issuer=a:b", "contained a ':' but was not a valid URL" },
		{ "--service-account-issuer=a --service-account-issuer=a",
		  "\"a\" is already specified" },
		{ "--api-audiences=a,,b", "--api-audiences has an empty one" },
		{ "--service-account-jwks-uri=http://a",
		  "requires https scheme, not \"http://a\"" },
		{ "--service-account-key-file=/nowhere/at/all", "/nowhere/at/all" },
		{ arena_printf(arena, "--service-account-signing-key-file=%s", public).at,
		  "this is no private key of RSA or P-256" },
		{ arena_printf(arena, "--service-account-key-file=%s", none).at,
		  "there is no key in it" },
		{ arena_printf(arena, "--service-account-key-file=%s", broken).at, "broken: " },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct token_setting setting;
		struct fault why = { 0 };

		CHECK(load(cases[i].options, &setting, &why) != OK);
		if (strstr(why.text, cases[i].words) == NULL)
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].options, why.text);
	}
}

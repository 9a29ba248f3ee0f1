/*
 * A server's further certificates: which of them is shown to who asks by which name.
 */
#include "tests/lib/test.h"
#include "tests/unit/transport/tls/pair.h"

static struct authority_pair make(const char *common_name, const char *name)
{
	return authority_issue(&pair_authority, common_name, NULL, name);
}

/* The common name of what is shown to who asks by that name. */
static struct str shown(const struct tls_config *server, const char *name)
{
	struct tls_config client = pair_client_config();
	struct certificate_info info;
	struct pair pair;

	client.is_unverified = true; /* which certificate it is, not whether it is good */
	client.authorities_pem = STR_NONE;
	pair = pair_new(&client, server, name);
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK_STATUS(tls_session_peer(pair.client, test_arena(), &info, NULL), OK);
	pair_free(&pair);
	return arena_str(test_arena(), info.common_name);
}

TEST(who_asks_by_a_name_is_shown_the_first_certificate_that_fits)
{
	static const struct {
		const char *name, *common_name, *without_rest;
	} cases[] = {
		{ "api.example.org", "server", "server" },
		{ "one.example.com", "one", "one" },
		{ "ONE.example.com", "one", "one" },
		{ "a.apps.example.com", "star", "star" },
		{ "apps.example.com", "star", "star" },
		{ "a.b.apps.example.com", "rest", "server" },
		{ "two.example.com", "rest", "server" }, /* what is in it does not count */
		{ "elsewhere.example.net", "rest", "server" },
		{ "127.0.0.1", "server", "server" }, /* no name is sent */
	};
	struct tls_config server = pair_server_config();
	struct authority_pair one = make("one", "one.example.com"),
			      star = make("star", "two.example.com"),
			      rest = make("rest", "rest.example.org");
	const struct tls_other others[] = {
		{ one.certificate_pem, one.key_pem, STR_NONE, false },
		{ star.certificate_pem, star.key_pem, STR("*.apps.example.com, apps.example.com"),
		  false },
		{ rest.certificate_pem, rest.key_pem, STR_NONE, true },
	};

	server.others = others;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		server.other_count = 3;
		CHECK_STR(shown(&server, cases[i].name), cases[i].common_name);
		server.other_count = 2;
		CHECK_STR(shown(&server, cases[i].name), cases[i].without_rest);
	}
}

TEST(a_certificate_and_the_key_of_another_are_refused)
{
	struct tls_config server = pair_server_config();
	struct authority_pair one = make("one", "a"), other = make("other", "b");
	const struct tls_other others[] = { { one.certificate_pem, other.key_pem, STR_NONE,
					      false } };
	struct tls_context *context;
	struct fault why = { 0 };

	server.others = others;
	server.other_count = 1;
	CHECK_STATUS(tls_context_new(&server, &context, &why), INVALID);
	CHECK(
	    str_starts(str_from(why.text), STR("the certificate and the key do not fit together")));
}

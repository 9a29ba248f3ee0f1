/*
 * Whom the ends of a session believe, and what they say when they do not.
 */
#include "tests/lib/test.h"
#include "tests/unit/transport/tls/pair.h"

TEST(a_client_is_known_by_its_certificate)
{
	struct tls_config server = pair_server_config(), client;
	struct authority_pair user =
	    authority_issue(&pair_authority, "kubernetes-admin", "system:masters", NULL);
	struct certificate_info info;
	struct pair pair;

	client = pair_client_as(&user);
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "kubernetes-admin");
	CHECK_STR(info.organizations[0], "system:masters");
	CHECK_STR(tls_session_peer_pem(pair.server, test_arena()),
		  arena_cstr(test_arena(), user.certificate_pem));
	pair_free(&pair);
}

static struct authority_pair make_bad(const char *kind)
{
	struct authority_pair other = authority_new("troupe-ca");
	struct certificate_wish wish = {
		.common_name = str_from(kind),
		.usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER,
		.not_before = { AUTHORITY_NOW.ns - 2 * AUTHORITY_DAY },
		.not_after = { AUTHORITY_NOW.ns + 2 * AUTHORITY_DAY },
	};

	if (strcmp(kind, "expired") == 0)
		wish.not_after.ns = AUTHORITY_NOW.ns - AUTHORITY_DAY;
	if (strcmp(kind, "early") == 0)
		wish.not_before.ns = AUTHORITY_NOW.ns + AUTHORITY_DAY;
	if (strcmp(kind, "server-only") == 0)
		wish.usage = CERTIFICATE_SERVER;
	return authority_issue_wish(strcmp(kind, "stranger") == 0 ? &other : &pair_authority, wish);
}

static const struct {
	const char *kind, *words;
} bad_clients[] = {
	{ "expired",
	  "the certificate of \"expired\" is expired since 2025-12-31T00:00:00Z and this "
	  "machine's clock says 2026-01-01T00:00:00Z" },
	{ "early", "not valid before 2026-01-02T00:00:00Z" },
	{ "stranger", "does it belong to another cluster?" },
	{ "server-only", "was not made for this use" },
};

TEST(a_bad_client_certificate_is_judged_but_does_not_end_a_lenient_handshake)
{
	struct tls_config server = pair_server_config();

	for (size_t i = 0; i < sizeof bad_clients / sizeof bad_clients[0]; i++) {
		struct authority_pair bad = make_bad(bad_clients[i].kind);
		struct tls_config client = pair_client_as(&bad);
		struct pair pair = pair_new(&client, &server, "api.example.org");
		struct certificate_info info;
		struct fault why = { 0 };

		pair_shake_hands(&pair);
		pair_check_open(&pair);
		CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, &why), UNAUTHORIZED);
		CHECK(strstr(why.text, bad_clients[i].words) != NULL);
		CHECK_EQ(tls_context_refusals(pair.server_context, NULL), 1);
		pair_free(&pair);
	}
}

TEST(a_strict_server_ends_the_handshake_and_both_sides_have_words)
{
	struct tls_config server = pair_server_config();

	server.clients = TLS_CLIENTS_MUST_SHOW;
	for (size_t i = 0; i < sizeof bad_clients / sizeof bad_clients[0]; i++) {
		struct authority_pair bad = make_bad(bad_clients[i].kind);
		struct tls_config client = pair_client_as(&bad);
		struct pair pair = pair_new(&client, &server, "api.example.org");

		pair_shake_hands(&pair);
		CHECK_STATUS(pair.server_status, UNAUTHORIZED);
		CHECK(strstr(pair.server_why.text, bad_clients[i].words) != NULL);
		CHECK_EQ(tls_session_state(pair.server), TLS_FAILED);
		CHECK_STATUS(pair.client_status, UNAUTHORIZED);
		CHECK(strstr(pair.client_why.text, "the other side refuses our certificate") !=
		      NULL);
		pair_free(&pair);
	}
}

TEST(a_strict_server_wants_a_certificate)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair;

	server.clients = TLS_CLIENTS_MUST_SHOW;
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	CHECK(pair.server_status != OK);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	pair_free(&pair);
}

static struct wall late_clock(void *arg)
{
	(void)arg;
	return (struct wall){ AUTHORITY_NOW.ns + 100 * AUTHORITY_DAY };
}

TEST(a_client_refuses_a_server_that_it_did_not_mean)
{
	static const struct {
		const char *kind, *name, *words;
	} cases[] = {
		{ "name", "other.example.org",
		  "does not carry the name asked for, but api.example.org" },
		{ "name", "127.0.0.1", "does not carry the name asked for" },
		{ "stranger", "api.example.org", "does it belong to another cluster?" },
		{ "late", "api.example.org", "correct the clock" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tls_config server = pair_server_config(), client = pair_client_config();
		struct authority_pair other = authority_new("troupe-ca");
		struct pair pair;

		if (strcmp(cases[i].kind, "stranger") == 0)
			client.authorities_pem = other.certificate_pem;
		if (strcmp(cases[i].kind, "late") == 0)
			client.now = late_clock;
		pair = pair_new(&client, &server, cases[i].name);
		pair_shake_hands(&pair);
		CHECK_STATUS(pair.client_status, UNAUTHORIZED);
		CHECK(strstr(pair.client_why.text, cases[i].words) != NULL);
		CHECK(pair.server_status != OK);
		/* Once failed it stays so, and says the same. */
		CHECK_STATUS(
		    pair_deliver(pair.client, &pair.to_client, &pair.to_server, &pair.client_why),
		    UNAUTHORIZED);
		pair_free(&pair);
	}
}

TEST(an_unverified_client_takes_anybody)
{
	struct tls_config server = pair_server_config(),
			  client = { .is_unverified = true, .now = authority_now };
	struct pair pair = pair_new(&client, &server, "whoever");

	pair_shake_hands(&pair);
	pair_check_open(&pair);
	pair_free(&pair);
}

TEST(a_pinned_client_finds_its_authority_in_what_the_server_shows)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct certificate_info info;
	struct pair pair;

	CHECK_STATUS(certificate_read(pair_authority.certificate_pem, test_arena(), &info, NULL),
		     OK);
	server.certificate_pem = arena_printf(test_arena(), STR_FMT STR_FMT,
					      STR_ARG(pair_server_certificate.certificate_pem),
					      STR_ARG(pair_authority.certificate_pem));
	client.authorities_pem = STR_NONE;
	client.authority_fingerprint = info.fingerprint;
	pair = pair_new(&client, &server, "10.1.2.3");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	pair_free(&pair);
	/* Another cluster, which shows its own authority or none. */
	info.fingerprint[0] ^= 1;
	pair = pair_new(&client, &server, "10.1.2.3");
	pair_shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	pair_free(&pair);
	info.fingerprint[0] ^= 1;
	server.certificate_pem = pair_server_certificate.certificate_pem;
	pair = pair_new(&client, &server, "10.1.2.3");
	pair_shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	pair_free(&pair);
}

TEST(a_pinned_leaf_is_not_an_authority)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct certificate_info info;
	struct pair pair;

	CHECK_STATUS(
	    certificate_read(pair_server_certificate.certificate_pem, test_arena(), &info, NULL),
	    OK);
	client.authorities_pem = STR_NONE;
	client.authority_fingerprint = info.fingerprint;
	pair = pair_new(&client, &server, "x");
	pair_shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	pair_free(&pair);
}

TEST(a_second_session_resumes_and_still_knows_the_client)
{
	struct tls_config server = pair_server_config(), client;
	struct authority_pair user = authority_issue(&pair_authority, "jane", NULL, NULL);
	struct certificate_info info;
	struct pair pair;

	client = pair_client_as(&user);
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK(!tls_session_is_resumed(pair.client));
	pair_disconnect(&pair);
	pair_connect(&pair, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK(tls_session_is_resumed(pair.client));
	CHECK(tls_session_is_resumed(pair.server));
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "jane");
	pair_free(&pair);
}

static struct wall moving_clock(void *arg)
{
	return *(struct wall *)arg;
}

TEST(a_certificate_that_ran_out_since_is_noticed_when_resuming)
{
	struct tls_config server = pair_server_config(), client;
	struct wall now = { AUTHORITY_NOW.ns + AUTHORITY_DAY - 60 * TIME_S };
	struct authority_pair user = authority_issue(&pair_authority, "jane", NULL, NULL);
	struct certificate_info info;
	struct fault why;
	struct pair pair;

	server.now = moving_clock;
	server.now_arg = &now;
	client = pair_client_as(&user);
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	pair_disconnect(&pair);
	now.ns += 120 * TIME_S;
	pair_connect(&pair, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK(tls_session_is_resumed(pair.server));
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, &why), UNAUTHORIZED);
	CHECK(strstr(why.text, "expired since") != NULL);
	pair_free(&pair);
}

TEST(a_replaced_certificate_counts_for_new_sessions_and_old_ones_live_on)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org"), second = pair;
	struct authority_pair renewed =
	    authority_issue(&pair_authority, "renewed", NULL, "api.example.org");
	struct certificate_info info;

	pair_shake_hands(&pair);
	pair_check_open(&pair);
	server.certificate_pem = renewed.certificate_pem;
	server.key_pem = renewed.key_pem;
	CHECK_STATUS(tls_context_replace(pair.server_context, &server, NULL), OK);
	pair_connect(&second, "api.example.org");
	pair_shake_hands(&second);
	pair_check_open(&second);
	CHECK(!tls_session_is_resumed(second.client));
	CHECK_STATUS(tls_session_peer(second.client, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "renewed");
	pair_send_pattern(pair.client, pair.server, &pair.to_server, &pair.to_client, 1000);
	pair_disconnect(&second);

	server.key_pem = pair_server_certificate.key_pem; /* does not fit */
	CHECK_STATUS(tls_context_replace(pair.server_context, &server, NULL), INVALID);
	pair_connect(&second, "api.example.org");
	pair_shake_hands(&second);
	pair_check_open(&second);
	pair_disconnect(&second);
	pair_free(&pair);
}

TEST(an_unusable_configuration_is_refused_in_words)
{
	struct tls_config good = pair_server_config(), bad[5];
	static const char *const words[] = { "no certificate", "no key", "fit together",
					     "protocol name", "the authority" };

	for (int i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].certificate_pem = STR("-----BEGIN");
	bad[1].key_pem = STR_NONE;
	bad[2].key_pem = pair_authority.key_pem;
	bad[3].alpn = STR("h2,,http/1.1");
	bad[4].authorities_pem = STR("none");
	for (int i = 0; i < 5; i++) {
		struct tls_context *context = NULL;
		struct fault why;

		CHECK_STATUS(tls_context_new(&bad[i], &context, &why), INVALID);
		CHECK(strstr(why.text, words[i]) != NULL);
		CHECK(context == NULL);
	}
}

#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "transport/tls/context.h"
#include "transport/tls/session.h"

/* Two sessions and the wires between them. */
struct pair {
	struct tls_context *client_context, *server_context;
	struct tls_session *client, *server;
	struct text to_server, to_client;
	struct fault client_why, server_why;
	enum status client_status, server_status;
};

static struct authority_pair ca, server_pair;

static struct tls_config server_config(void)
{
	if (ca.key == NULL) {
		ca = authority_new("troupe-ca");
		server_pair = authority_issue(&ca, "server", NULL, "api.example.org");
	}
	return (struct tls_config){ .is_server = true,
				    .clients = TLS_CLIENTS_MAY_SHOW,
				    .certificate_pem = server_pair.certificate_pem,
				    .key_pem = server_pair.key_pem,
				    .authorities_pem = ca.certificate_pem,
				    .alpn = STR("h2,http/1.1"),
				    .now = authority_now };
}

static struct tls_config client_config(void)
{
	return (struct tls_config){ .authorities_pem = ca.certificate_pem, .now = authority_now };
}

static struct tls_config client_as(const struct authority_pair *who)
{
	struct tls_config config = client_config();

	config.certificate_pem = who->certificate_pem;
	config.key_pem = who->key_pem;
	return config;
}

static void connect_sessions(struct pair *pair, const char *server_name)
{
	pair->client = tls_session_new(pair->client_context, str_from(server_name));
	pair->server = tls_session_new(pair->server_context, STR_NONE);
	pair->to_server = text_new(64 * KIB);
	pair->to_client = text_new(64 * KIB);
	pair->client_status = pair->server_status = OK;
}

static struct pair make_pair(const struct tls_config *client, const struct tls_config *server,
			     const char *server_name)
{
	struct pair pair = { 0 };

	CHECK_STATUS(tls_context_new(client, &pair.client_context, NULL), OK);
	CHECK_STATUS(tls_context_new(server, &pair.server_context, NULL), OK);
	connect_sessions(&pair, server_name);
	return pair;
}

static void disconnect(struct pair *pair)
{
	tls_session_free(pair->client);
	tls_session_free(pair->server);
	text_fini(&pair->to_server);
	text_fini(&pair->to_client);
}

static void free_pair(struct pair *pair)
{
	disconnect(pair);
	tls_context_unref(pair->client_context);
	tls_context_unref(pair->server_context);
}

/* Gives a session what lies on its wire; plaintext is dropped here. */
static enum status deliver(struct tls_session *session, struct text *wire, struct text *back,
			   struct fault *why)
{
	struct str in = text_str(wire);
	char out[512];
	size_t len;
	enum status status;

	do
		status = tls_session_read(session, &in, out, sizeof out, &len, back, why);
	while (status == OK && len > 0);
	if (status == OK)
		CHECK_EQ(in.len, 0);
	text_clear(wire);
	return status;
}

static void shake_hands(struct pair *pair)
{
	pair->client_status = tls_session_start(pair->client, &pair->to_server, &pair->client_why);
	for (int i = 0; i < 6; i++) {
		if (pair->server_status == OK)
			pair->server_status = deliver(pair->server, &pair->to_server,
						      &pair->to_client, &pair->server_why);
		if (pair->client_status == OK)
			pair->client_status = deliver(pair->client, &pair->to_client,
						      &pair->to_server, &pair->client_why);
	}
}

static void check_open(const struct pair *pair)
{
	CHECK_STATUS(pair->client_status, OK);
	CHECK_STATUS(pair->server_status, OK);
	CHECK_EQ(tls_session_state(pair->client), TLS_OPEN);
	CHECK_EQ(tls_session_state(pair->server), TLS_OPEN);
}

/* Sends `len` bytes of a pattern one way through a wire of 64 KiB, in pieces as the wire has room. */
static void send_pattern(struct tls_session *from, struct tls_session *to, struct text *wire,
			 struct text *back, uint32_t len)
{
	char *bytes = arena_alloc(test_arena(), len), *got = arena_alloc(test_arena(), len);
	struct str plain = str_of(bytes, len);
	uint32_t received = 0;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	while (received < len) {
		struct str in;
		size_t n;

		CHECK_STATUS(tls_session_write(from, &plain, wire, NULL), OK);
		CHECK(!wire->is_cut);
		in = text_str(wire);
		CHECK(in.len > 0);
		do {
			CHECK_STATUS(tls_session_read(to, &in, got + received, len - received + 1,
						      &n, back, NULL),
				     OK);
			received += (uint32_t)n;
		} while (n > 0 && received < len);
		text_clear(wire);
	}
	CHECK(memcmp(bytes, got, len) == 0);
}

TEST(a_client_without_a_certificate_and_a_server_agree)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair;
	struct certificate_info info;

	client.alpn = STR("http/1.1,h2");
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK_STR(tls_session_alpn(pair.server), "h2");
	CHECK_STR(tls_session_alpn(pair.client), "h2");
	CHECK_STR(str_from(tls_session_version(pair.client)), "TLSv1.3");
	CHECK_STATUS(tls_session_peer(pair.client, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "server");
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), NOT_FOUND);
	CHECK(tls_session_peer_pem(pair.server, test_arena()).at == NULL);
	free_pair(&pair);
}

TEST(without_a_common_protocol_none_is_agreed)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair;

	client.alpn = STR("http/1.0");
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK(tls_session_alpn(pair.server).at == NULL);
	free_pair(&pair);
}

TEST(bytes_pass_both_ways_whole_and_in_order)
{
	static const uint32_t sizes[] = { 1, 100, 16384, 16385, 1000000 };
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org");

	shake_hands(&pair);
	check_open(&pair);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		send_pattern(pair.client, pair.server, &pair.to_server, &pair.to_client, sizes[i]);
		send_pattern(pair.server, pair.client, &pair.to_client, &pair.to_server, sizes[i]);
	}
	free_pair(&pair);
}

TEST(ciphertext_may_come_byte_by_byte)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org");
	struct str plain = STR("hello"), wire;
	char out[16];
	size_t len = 0, total = 0;

	shake_hands(&pair);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
	CHECK_EQ(plain.len, 0);
	wire = text_str(&pair.to_server);
	for (uint32_t i = 0; i < wire.len; i++) {
		struct str one = str_slice(wire, i, i + 1);

		CHECK_STATUS(tls_session_read(pair.server, &one, out + total, sizeof out - total,
					      &len, &pair.to_client, NULL),
			     OK);
		CHECK_EQ(one.len, 0);
		total += len;
	}
	CHECK_STR(str_of(out, total), "hello");
	free_pair(&pair);
}

TEST(a_full_wire_stops_the_writer_and_loses_nothing)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org");
	struct text narrow = text_new(TLS_RECORD_BYTES - 1), wide = text_new(TLS_RECORD_BYTES);
	struct str plain = STR("hello");

	shake_hands(&pair);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &narrow, NULL), OK);
	CHECK_EQ(plain.len, 5);
	CHECK_EQ(narrow.len, 0);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &wide, NULL), OK);
	CHECK_EQ(plain.len, 0);
	text_fini(&narrow);
	text_fini(&wide);
	free_pair(&pair);
}

TEST(a_writer_waits_for_the_handshake)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org");
	struct str plain = STR("early");

	CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
	CHECK_EQ(plain.len, 5);
	CHECK_EQ(pair.to_server.len, 0);
	free_pair(&pair);
}

TEST(a_close_is_seen_as_the_end_and_the_other_way_still_works)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org");

	shake_hands(&pair);
	tls_session_close(pair.client, &pair.to_server);
	CHECK_STATUS(deliver(pair.server, &pair.to_server, &pair.to_client, NULL), OK);
	CHECK_EQ(tls_session_state(pair.server), TLS_ENDED);
	send_pattern(pair.server, pair.client, &pair.to_client, &pair.to_server, 1000);
	tls_session_close(pair.server, &pair.to_client);
	CHECK_STATUS(deliver(pair.client, &pair.to_client, &pair.to_server, NULL), OK);
	CHECK_EQ(tls_session_state(pair.client), TLS_ENDED);
	free_pair(&pair);
}

TEST(a_client_is_known_by_its_certificate)
{
	struct tls_config server = server_config(), client;
	struct authority_pair user =
	    authority_issue(&ca, "kubernetes-admin", "system:masters", NULL);
	struct certificate_info info;
	struct pair pair;

	client = client_as(&user);
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "kubernetes-admin");
	CHECK_STR(info.organizations[0], "system:masters");
	CHECK_STR(tls_session_peer_pem(pair.server, test_arena()),
		  arena_cstr(test_arena(), user.certificate_pem));
	free_pair(&pair);
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
	return authority_issue_wish(strcmp(kind, "stranger") == 0 ? &other : &ca, wish);
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
	struct tls_config server = server_config();

	for (size_t i = 0; i < sizeof bad_clients / sizeof bad_clients[0]; i++) {
		struct authority_pair bad = make_bad(bad_clients[i].kind);
		struct tls_config client = client_as(&bad);
		struct pair pair = make_pair(&client, &server, "api.example.org");
		struct certificate_info info;
		struct fault why = { 0 };

		shake_hands(&pair);
		check_open(&pair);
		CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, &why), UNAUTHORIZED);
		CHECK(strstr(why.text, bad_clients[i].words) != NULL);
		CHECK_EQ(tls_context_refusals(pair.server_context, NULL), 1);
		free_pair(&pair);
	}
}

TEST(a_strict_server_ends_the_handshake_and_both_sides_have_words)
{
	struct tls_config server = server_config();

	server.clients = TLS_CLIENTS_MUST_SHOW;
	for (size_t i = 0; i < sizeof bad_clients / sizeof bad_clients[0]; i++) {
		struct authority_pair bad = make_bad(bad_clients[i].kind);
		struct tls_config client = client_as(&bad);
		struct pair pair = make_pair(&client, &server, "api.example.org");

		shake_hands(&pair);
		CHECK_STATUS(pair.server_status, UNAUTHORIZED);
		CHECK(strstr(pair.server_why.text, bad_clients[i].words) != NULL);
		CHECK_EQ(tls_session_state(pair.server), TLS_FAILED);
		CHECK_STATUS(pair.client_status, UNAUTHORIZED);
		CHECK(strstr(pair.client_why.text, "the other side refuses our certificate") !=
		      NULL);
		free_pair(&pair);
	}
}

TEST(a_strict_server_wants_a_certificate)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair;

	server.clients = TLS_CLIENTS_MUST_SHOW;
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	CHECK(pair.server_status != OK);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	free_pair(&pair);
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
		struct tls_config server = server_config(), client = client_config();
		struct authority_pair other = authority_new("troupe-ca");
		struct pair pair;

		if (strcmp(cases[i].kind, "stranger") == 0)
			client.authorities_pem = other.certificate_pem;
		if (strcmp(cases[i].kind, "late") == 0)
			client.now = late_clock;
		pair = make_pair(&client, &server, cases[i].name);
		shake_hands(&pair);
		CHECK_STATUS(pair.client_status, UNAUTHORIZED);
		CHECK(strstr(pair.client_why.text, cases[i].words) != NULL);
		CHECK(pair.server_status != OK);
		/* Once failed it stays so, and says the same. */
		CHECK_STATUS(
		    deliver(pair.client, &pair.to_client, &pair.to_server, &pair.client_why),
		    UNAUTHORIZED);
		free_pair(&pair);
	}
}

TEST(an_unverified_client_takes_anybody)
{
	struct tls_config server = server_config(),
			  client = { .is_unverified = true, .now = authority_now };
	struct pair pair = make_pair(&client, &server, "whoever");

	shake_hands(&pair);
	check_open(&pair);
	free_pair(&pair);
}

TEST(a_pinned_client_finds_its_authority_in_what_the_server_shows)
{
	struct tls_config server = server_config(), client = client_config();
	struct certificate_info info;
	struct pair pair;

	CHECK_STATUS(certificate_read(ca.certificate_pem, test_arena(), &info, NULL), OK);
	server.certificate_pem =
	    arena_printf(test_arena(), STR_FMT STR_FMT, STR_ARG(server_pair.certificate_pem),
			 STR_ARG(ca.certificate_pem));
	client.authorities_pem = STR_NONE;
	client.authority_fingerprint = info.fingerprint;
	pair = make_pair(&client, &server, "10.1.2.3");
	shake_hands(&pair);
	check_open(&pair);
	free_pair(&pair);
	/* Another cluster, which shows its own authority or none. */
	info.fingerprint[0] ^= 1;
	pair = make_pair(&client, &server, "10.1.2.3");
	shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	free_pair(&pair);
	info.fingerprint[0] ^= 1;
	server.certificate_pem = server_pair.certificate_pem;
	pair = make_pair(&client, &server, "10.1.2.3");
	shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	free_pair(&pair);
}

TEST(a_pinned_leaf_is_not_an_authority)
{
	struct tls_config server = server_config(), client = client_config();
	struct certificate_info info;
	struct pair pair;

	CHECK_STATUS(certificate_read(server_pair.certificate_pem, test_arena(), &info, NULL), OK);
	client.authorities_pem = STR_NONE;
	client.authority_fingerprint = info.fingerprint;
	pair = make_pair(&client, &server, "x");
	shake_hands(&pair);
	CHECK_STATUS(pair.client_status, UNAUTHORIZED);
	free_pair(&pair);
}

TEST(a_second_session_resumes_and_still_knows_the_client)
{
	struct tls_config server = server_config(), client;
	struct authority_pair user = authority_issue(&ca, "jane", NULL, NULL);
	struct certificate_info info;
	struct pair pair;

	client = client_as(&user);
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK(!tls_session_is_resumed(pair.client));
	disconnect(&pair);
	connect_sessions(&pair, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK(tls_session_is_resumed(pair.client));
	CHECK(tls_session_is_resumed(pair.server));
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "jane");
	free_pair(&pair);
}

static struct wall moving_clock(void *arg)
{
	return *(struct wall *)arg;
}

TEST(a_certificate_that_ran_out_since_is_noticed_when_resuming)
{
	struct tls_config server = server_config(), client;
	struct wall now = { AUTHORITY_NOW.ns + AUTHORITY_DAY - 60 * TIME_S };
	struct authority_pair user = authority_issue(&ca, "jane", NULL, NULL);
	struct certificate_info info;
	struct fault why;
	struct pair pair;

	server.now = moving_clock;
	server.now_arg = &now;
	client = client_as(&user);
	pair = make_pair(&client, &server, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	disconnect(&pair);
	now.ns += 120 * TIME_S;
	connect_sessions(&pair, "api.example.org");
	shake_hands(&pair);
	check_open(&pair);
	CHECK(tls_session_is_resumed(pair.server));
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, &why), UNAUTHORIZED);
	CHECK(strstr(why.text, "expired since") != NULL);
	free_pair(&pair);
}

TEST(a_replaced_certificate_counts_for_new_sessions_and_old_ones_live_on)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "api.example.org"), second = pair;
	struct authority_pair renewed = authority_issue(&ca, "renewed", NULL, "api.example.org");
	struct certificate_info info;

	shake_hands(&pair);
	check_open(&pair);
	server.certificate_pem = renewed.certificate_pem;
	server.key_pem = renewed.key_pem;
	CHECK_STATUS(tls_context_replace(pair.server_context, &server, NULL), OK);
	connect_sessions(&second, "api.example.org");
	shake_hands(&second);
	check_open(&second);
	CHECK(!tls_session_is_resumed(second.client));
	CHECK_STATUS(tls_session_peer(second.client, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "renewed");
	send_pattern(pair.client, pair.server, &pair.to_server, &pair.to_client, 1000);
	disconnect(&second);

	server.key_pem = server_pair.key_pem; /* does not fit */
	CHECK_STATUS(tls_context_replace(pair.server_context, &server, NULL), INVALID);
	connect_sessions(&second, "api.example.org");
	shake_hands(&second);
	check_open(&second);
	disconnect(&second);
	free_pair(&pair);
}

TEST(an_unusable_configuration_is_refused_in_words)
{
	struct tls_config good = server_config(), bad[5];
	static const char *const words[] = { "no certificate", "no key", "fit together",
					     "protocol name", "the authority" };

	for (int i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].certificate_pem = STR("-----BEGIN");
	bad[1].key_pem = STR_NONE;
	bad[2].key_pem = ca.key_pem;
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

TEST(damaged_bytes_end_a_session_without_harm)
{
	struct tls_config server = server_config(), client = client_config();

	for (uint32_t at = 0; at < 200; at += 3) {
		struct pair pair = make_pair(&client, &server, "api.example.org");
		struct str plain = STR("0123456789012345678901234567890123456789");

		shake_hands(&pair);
		CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
		if (at < pair.to_server.len) {
			pair.to_server.at[at] = (char)(pair.to_server.at[at] ^ 0x40);
			deliver(pair.server, &pair.to_server, &pair.to_client, NULL);
			CHECK(tls_session_state(pair.server) == TLS_FAILED || at < 5);
		}
		free_pair(&pair);
	}
}

TEST(a_stranger_who_speaks_no_tls_is_told_off)
{
	struct tls_config server = server_config(), client = client_config();
	struct pair pair = make_pair(&client, &server, "x");
	struct fault why;

	text_lit(&pair.to_server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CHECK_STATUS(deliver(pair.server, &pair.to_server, &pair.to_client, &why), IO);
	CHECK(strstr(why.text, "http request") != NULL);
	free_pair(&pair);
}

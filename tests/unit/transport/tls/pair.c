#include "tests/unit/transport/tls/pair.h"

#include "tests/lib/test.h"

struct authority_pair pair_authority, pair_server_certificate;

struct tls_config pair_server_config(void)
{
	if (pair_authority.key == NULL) {
		pair_authority = authority_new("troupe-ca");
		pair_server_certificate =
		    authority_issue(&pair_authority, "server", NULL, "api.example.org");
	}
	return (struct tls_config){ .is_server = true,
				    .clients = TLS_CLIENTS_MAY_SHOW,
				    .certificate_pem = pair_server_certificate.certificate_pem,
				    .key_pem = pair_server_certificate.key_pem,
				    .authorities_pem = pair_authority.certificate_pem,
				    .alpn = STR("h2,http/1.1"),
				    .now = authority_now };
}

struct tls_config pair_client_config(void)
{
	return (struct tls_config){ .authorities_pem = pair_authority.certificate_pem,
				    .now = authority_now };
}

struct tls_config pair_client_as(const struct authority_pair *who)
{
	struct tls_config config = pair_client_config();

	config.certificate_pem = who->certificate_pem;
	config.key_pem = who->key_pem;
	return config;
}

void pair_connect(struct pair *pair, const char *server_name)
{
	pair->client = tls_session_new(pair->client_context, str_from(server_name));
	pair->server = tls_session_new(pair->server_context, STR_NONE);
	pair->to_server = text_new(64 * KIB);
	pair->to_client = text_new(64 * KIB);
	pair->client_status = pair->server_status = OK;
}

struct pair pair_new(const struct tls_config *client, const struct tls_config *server,
		     const char *server_name)
{
	struct pair pair = { 0 };

	CHECK_STATUS(tls_context_new(client, &pair.client_context, NULL), OK);
	CHECK_STATUS(tls_context_new(server, &pair.server_context, NULL), OK);
	pair_connect(&pair, server_name);
	return pair;
}

void pair_disconnect(struct pair *pair)
{
	tls_session_free(pair->client);
	tls_session_free(pair->server);
	text_fini(&pair->to_server);
	text_fini(&pair->to_client);
}

void pair_free(struct pair *pair)
{
	pair_disconnect(pair);
	tls_context_unref(pair->client_context);
	tls_context_unref(pair->server_context);
}

enum status pair_deliver(struct tls_session *session, struct text *wire, struct text *back,
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

void pair_shake_hands(struct pair *pair)
{
	pair->client_status = tls_session_start(pair->client, &pair->to_server, &pair->client_why);
	for (int i = 0; i < 6; i++) {
		if (pair->server_status == OK)
			pair->server_status = pair_deliver(pair->server, &pair->to_server,
							   &pair->to_client, &pair->server_why);
		if (pair->client_status == OK)
			pair->client_status = pair_deliver(pair->client, &pair->to_client,
							   &pair->to_server, &pair->client_why);
	}
}

void pair_check_open(const struct pair *pair)
{
	CHECK_STATUS(pair->client_status, OK);
	CHECK_STATUS(pair->server_status, OK);
	CHECK_EQ(tls_session_state(pair->client), TLS_OPEN);
	CHECK_EQ(tls_session_state(pair->server), TLS_OPEN);
}

void pair_send_pattern(struct tls_session *from, struct tls_session *to, struct text *wire,
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

/*
 * A pair of TLS sessions and the wires between them; what a test does not deliver does not arrive.
 *
 * One authority, which signs the server's certificate for api.example.org; both are made by pair_server_config.
 */
#ifndef TESTS_UNIT_TRANSPORT_TLS_PAIR_H
#define TESTS_UNIT_TRANSPORT_TLS_PAIR_H

#include "tests/lib/authority.h"
#include "transport/tls/context.h"
#include "transport/tls/session.h"

struct pair {
	struct tls_context *client_context, *server_context;
	struct tls_session *client, *server;
	struct text to_server, to_client;
	struct fault client_why, server_why;
	enum status client_status, server_status;
};

extern struct authority_pair pair_authority, pair_server_certificate;

struct tls_config pair_server_config(void);
struct tls_config pair_client_config(void);
struct tls_config pair_client_as(const struct authority_pair *who);
void pair_connect(struct pair *pair, const char *server_name);
struct pair pair_new(const struct tls_config *client, const struct tls_config *server,
		     const char *server_name);
void pair_disconnect(struct pair *pair);
void pair_free(struct pair *pair);
/* Gives a session what lies on its wire; plaintext is dropped here. */
MAY_IGNORE enum status pair_deliver(struct tls_session *session, struct text *wire,
				    struct text *back, struct fault *why);
void pair_shake_hands(struct pair *pair);
void pair_check_open(const struct pair *pair);
/* Sends `len` bytes of a pattern one way through a wire of 64 KiB, in pieces as the wire has room. */
void pair_send_pattern(struct tls_session *from, struct tls_session *to, struct text *wire,
		       struct text *back, uint32_t len);

#endif

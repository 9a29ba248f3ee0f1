/*
 * A TLS context: what the sessions of one listener or one kind of client have in common.
 *
 * Made once, shared by any threads, counted. Its certificate and authorities can be replaced while sessions
 * live: those go on with what they began with, new ones use the new (rotation without a restart). TLS 1.2
 * with forward secrecy and TLS 1.3; nothing older, no compression, no renegotiation.
 */
#ifndef TRANSPORT_TLS_CONTEXT_H
#define TRANSPORT_TLS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/time/time.h"
#include "transport/tls/certificate.h"

#pragma GCC visibility push(default)

struct tls_context;

/* What a server does about certificates of clients. A client always verifies its server. */
enum tls_clients {
	TLS_CLIENTS_UNASKED,
	/* Asked; a bad one does not end the handshake, since the client may have a token too: tls_session_peer says what is wrong. */
	TLS_CLIENTS_MAY_SHOW,
	TLS_CLIENTS_MUST_SHOW, /* without a good one there is no session */
};

/* A server's further certificate. */
struct tls_other {
	struct str certificate_pem, key_pem;
	struct str names; /* "*.example.com,example.org"; absent: those that are in it */
	bool is_rest; /* for all names instead that neither the own one nor another of these has */
};
#define TLS_OTHERS_MAX 17U

struct tls_config {
	bool is_server;
	enum tls_clients clients; /* server only */

	/* Own certificate and what leads from it to its authority, then its key; absent for a client without. */
	struct str certificate_pem, key_pem;

	/* Who may sign the peer's. Absent: for a client the machine's own store; for a server nobody. */
	struct str authorities_pem;

	/* Server only: more authorities that clients are told of, so that they show what these have signed. Not believed here. Absent: none. */
	struct str hinted_authorities_pem;

	/*
	 * Client only, instead of authorities_pem: the peer's chain must lead to an authority that it shows itself and that has this
	 * fingerprint (a join token's). The server's name is then not checked: the fingerprint says more. NULL otherwise.
	 */
	const uint8_t *authority_fingerprint;

	/* Client only, for insecureSkipTLSVerify: anybody may answer. */
	bool is_unverified;

	/* Server only: who asks by name (RFC 6066) may be shown one of these, the first that fits; who names none is shown the own one. */
	const struct tls_other *others;
	uint32_t other_count;

	bool only_tls13;
	/* Of TLS 1.2, by preference, by the names that IANA has for them, separated by commas. Absent: all that are safe. */
	struct str cipher_suites;

	/* Protocols by preference, separated by commas: "h2,http/1.1". The server's order decides. Absent: none. */
	struct str alpn;
	/* Server only: a client that names protocols and none of ours is refused; else it is served as if it had named none. */
	bool is_alpn_strict;

	/* The clock that certificates are judged by, from the seams. Called from any thread that shakes hands. */
	struct wall (*now)(void *arg);
	void *now_arg;
};

/* INVALID with words when a certificate, key or name is unusable or they do not fit together. Everything is copied. */
MUST_USE enum status tls_context_new(const struct tls_config *config, GIVE struct tls_context **out,
				     struct fault *why);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(
    TAKE struct tls_context *context); /* NULL is fine; sessions hold their own reference */

/* Sessions made from now on use `config`; on failure everything stays as it was. Tickets given out before are no longer taken. */
MUST_USE enum status tls_context_replace(struct tls_context *context,
					 const struct tls_config *config, struct fault *why);

/* How many handshakes failed over a certificate, and the last such fault: for a status line and a log, from any thread. */
uint64_t tls_context_refusals(struct tls_context *context, struct fault *last);

#pragma GCC visibility pop

#endif

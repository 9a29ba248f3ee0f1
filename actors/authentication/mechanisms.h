/*
 * The mechanisms of this folder, each as a value for the server's configuration. Their configurations are borrowed while the server lives.
 */
#ifndef ACTORS_AUTHENTICATION_MECHANISMS_H
#define ACTORS_AUTHENTICATION_MECHANISMS_H

#include "actors/authentication/authenticator.h"
#include "actors/authentication/known-tokens.h"
#include "actors/authentication/token-memory.h"
#include "actors/client/outside-review.h"
#include "transport/tls/certificate-key.h"

/* A verified client certificate: CN is the user, O the groups. */
struct authenticator authentication_certificate(void);

/* Bound service account tokens that this cluster signed. A token of another issuer is passed on. */
struct service_account_tokens {
	struct str_list issuers;   /* any of them may have issued it */
	struct str_list audiences; /* of which one is asked for when the request names none */
	const struct certificate_key *const *keys;
	uint32_t key_count;
	/* Of tokens by these keys; empty to begin. */
	struct token_memory memory;
	struct known_tokens known;
};
struct authenticator authentication_service_account(struct service_account_tokens *tokens);
/* Before other keys count, and at the end. */
void authentication_service_account_forget(struct service_account_tokens *tokens);

/* Tokens id.secret of Secrets in kube-system, for machines that are to be nodes. */
struct authenticator authentication_bootstrap_token(void);

/* Tokens that another program knows, asked last. `review.place` is set; the rest of it is zero at first. */
struct webhook_tokens {
	struct outside_review review;
	uint64_t ttl_ms; /* of good answers */
};
struct authenticator authentication_webhook(struct webhook_tokens *tokens);

#endif

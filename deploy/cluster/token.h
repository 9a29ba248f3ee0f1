/*
 * Join tokens: one word that lets a machine find a cluster, know it and be let in.
 *
 *     troupe1.<id>.<secret>.<authority's fingerprint>.<address>[,<address>...]
 *
 * The fingerprint pins TLS to the right cluster before anything is said; the secret never leaves the machine, it keys an
 * HMAC. The cluster keeps a record per token under its id, with a hash of the secret and not the secret. Pure; any thread.
 */
#ifndef DEPLOY_CLUSTER_TOKEN_H
#define DEPLOY_CLUSTER_TOKEN_H

#include "runtime/base/base.h"
#include "transport/tls/crypto.h"

#define TOKEN_ID_CHARS 6U
#define TOKEN_SECRET_CHARS 32U  /* of 36 letters: 165 bits */
#define TOKEN_ADDRESSES_MAX 16U /* any one that answers will do */
#define TOKEN_TEXT_MAX 2048U
#define TOKEN_TTL_S 86400            /* what `token create` gives if nothing is said; as kubeadm */
#define TOKEN_KEYS "/troupe/tokens/" /* records lie in the datastore under this and their id */

/* A token taken apart. Texts are borrowed from it. */
struct token {
	struct str id, secret;
	uint8_t authority_fingerprint[CRYPTO_SHA256_BYTES];
	struct str addresses[TOKEN_ADDRESSES_MAX]; /* HOST:PORT of API servers */
	uint32_t addresses_count;
};

/* What the cluster keeps. Texts live where the reader's bytes do. */
struct token_record {
	struct str id;
	uint8_t key[CRYPTO_SHA256_BYTES]; /* of the secret: what proofs are made with on both sides */
	struct str role;                  /* what it lets in as: "auto", "worker", "witness" */
	struct str description;
	struct wall created, expires; /* expires 0: never */
	bool is_single_use;
	struct str used_by; /* the node that came in by a single-use token; absent: not used */
	struct wall used_at;
};

struct token_wish {
	struct str role; /* absent: "auto" */
	struct str description;
	int64_t ttl_s; /* 0: TOKEN_TTL_S; below 0: never expires */
	bool is_single_use;
	const struct str *addresses;
	uint32_t addresses_count;
	const uint8_t *authority_fingerprint;
};

/* A new token and its record; the text is to be shown once and then forgotten. INVALID: role, description or address. */
MUST_USE enum status token_create(const struct token_wish *wish, struct wall now,
				  struct arena *arena, struct str *out_text,
				  struct token_record *out, struct fault *why);

/* INVALID with words that say which part is wrong; white space around it is fine, people paste. */
MUST_USE enum status token_parse(struct str text, struct token *out, struct fault *why);

/* The key of proofs: SHA-256 of the secret. */
void token_key(struct str secret, uint8_t out[CRYPTO_SHA256_BYTES]);

/*
 * May a node called `node_name` come in now? GONE: expired or used by another node (the same node may come again: its answer was lost). All with words that say what to do.
 */
MUST_USE enum status token_admits(const struct token_record *record, struct str node_name,
				  struct wall now, struct fault *why);
/* Marks it; write the record back only if it is unchanged since it was read, else two nodes come in by one use. */
void token_use(struct token_record *record, struct str node_name, struct wall now);
bool token_is_expired(const struct token_record *record, struct wall now);

/* The record as it is stored (format 1). CORRUPT: no record. */
struct str token_record_encode(const struct token_record *record, struct arena *arena);
MUST_USE enum status token_record_decode(struct str bytes, struct token_record *out);

#endif

/*
 * Joining: what a new machine and a control-plane node say to each other, as bytes; HTTPS carries them.
 *
 *     joiner                                             server (POST /troupe/join)
 *     token_parse; TLS pinned to its fingerprint
 *     join_request ── name, role, addresses, request for a certificate, proof ──> join_read
 *                                                        load the token's record by join.token_id
 *                                                        join_admit: proof, expiry, role; refuse a name in use
 *                                                        write the record back if unchanged, add the member, join_answer
 *     join_accept  <── authority, certificate, keys of the cluster, members ──── 200, or a Status
 *
 * The secret is not sent: the proof is an HMAC over all of the request, so none of it can be changed by who sees it. Keys of the cluster go only to
 * roles that need them and only inside TLS. Pure; any thread.
 */
#ifndef DEPLOY_CLUSTER_JOIN_H
#define DEPLOY_CLUSTER_JOIN_H

#include "deploy/cluster/pki.h"
#include "deploy/cluster/token.h"
#include "runtime/base/base.h"

#define JOIN_PATH "/troupe/join"
#define JOIN_MAX (64U * KIB) /* of a request or an answer: a few certificates and 64 members */
#define JOIN_VERSION 1U

struct join {
	uint32_t version;
	struct str token_id;
	struct str node_name;
	struct str role;    /* "auto", "worker", "witness" */
	struct str address; /* IP other nodes reach it at */
	uint16_t api_port, link_port;
	struct str names[PKI_NAMES_MAX]; /* addresses, and its name in domains, for its certificate */
	uint32_t names_count;
	struct str certificate_request_pem; /* by the key it will use */
	uint8_t proof[CRYPTO_SHA256_BYTES];
	struct str proven; /* the bytes that the proof is over */
};

/* A member as the joiner must know it to reach the cluster. */
struct join_member {
	uint32_t node;
	struct str name, address;
	uint16_t api_port, link_port;
	struct str role; /* "voter", "standby", "spare", "witness"; "worker" */
};

/* What the server adds to what it finds in its pki. */
struct join_cluster {
	struct str id; /* of the cluster */
	uint32_t node; /* the number given to the joiner */
	const struct join_member *members;
	uint32_t members_count;
};

struct join_answer {
	struct str cluster_id;
	uint32_t node;
	struct pki pki; /* ca, node.certificate_pem; on a control-plane node also the keys */
	struct join_member *members;
	uint32_t members_count;
};

/* The joiner's side: fills version, token id and proof. Keep the key: the answer has only its certificate. */
MUST_USE enum status join_request(const struct join *join, const struct token *token,
				  struct arena *arena, struct str *out_body, struct fault *why);

/* The server's side. INVALID with words: not a request of a version we know, a bad name or address. Nothing is believed yet. */
MUST_USE enum status join_read(struct str body, struct join *out, struct fault *why);

/*
 * Judges the proof against the record (UNAUTHORIZED, the same words for an unknown id and a wrong secret: pass NULL for a record that is not there), then expiry and use (GONE), then
 * the role (FORBIDDEN when the token is for another). On OK `record` is marked as used if it is for one use.
 */
MUST_USE enum status join_admit(const struct join *join, struct token_record *record,
				struct wall now, struct fault *why);
/* The answer to one who was admitted. */
MUST_USE enum status join_answer(const struct join *join, const struct pki *pki,
				 const struct join_cluster *cluster, struct wall now,
				 struct arena *arena, struct str *out_body, struct fault *why);

/* The joiner's side: INVALID when the answer is no answer, its certificate is not for `key`, or not by the authority that the token names. */
MUST_USE enum status join_accept(struct str body, const struct token *token,
				 const struct certificate_key *key, struct wall now,
				 struct arena *arena, struct join_answer *out, struct fault *why);

#endif

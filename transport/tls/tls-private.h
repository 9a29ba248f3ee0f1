/*
 * What the files of transport/tls share: the library's start, its errors in our words, the insides of a key and a context.
 * Nobody outside this folder includes it.
 */
#ifndef TRANSPORT_TLS_TLS_PRIVATE_H
#define TRANSPORT_TLS_TLS_PRIVATE_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "runtime/base/base.h"
#include "transport/tls/certificate.h"
#include "transport/tls/context.h"
#include "transport/tls/place.h"

#define TLS_SPARE_BUFFERS 4U
#define TLS_BLOCK_BYTES \
	(18U * 1024U) /* what the library asks for, for a record, and a little more */
#define TLS_RECORDS_BYTES \
	(34U * 1024U) /* at most what one seal makes: a record, and one that had to go first */
/* Of TLS 1.3, RFC 8446, 5.2: before the plaintext, and in all, with its type and the tag. */
#define TLS_HEAD_BYTES 5U
#define TLS_AROUND_BYTES 22U

/* Algorithms are fetched once: an implicit fetch costs more than hashing a short string. */
struct tls_library {
	EVP_MD *sha1, *sha256;
	EVP_CIPHER *aes_256_gcm;
	BIO_METHOD *session_bio;
	_Atomic(void *) spare[TLS_SPARE_BUFFERS]; /* of records, for whoever is next */
};

/*
 * The next block of a record's size that the library asks for in this thread, and that it has until it gives it back. Between tls_lend(loan) and
 * tls_lend(NULL).
 */
struct tls_loan {
	char *at; /* TLS_BLOCK_BYTES */
	bool is_taken, is_out;
};
void tls_lend(struct tls_loan *loan);
GIVE char *tls_block_take(void);
void tls_block_give(TAKE char *block); /* NULL is fine */

/* place.c, for session.c: the library wrote this. */
void tls_place_take(struct tls_place *place, const char *at, size_t bytes);
/* It wrote one record, around the plaintext, and nothing else. */
bool tls_place_is_right(const struct tls_place *place);
/* Where in the block the plaintext came to lie, of which the library had a copy; 0: cannot be told. */
uint32_t tls_place_learn(const struct tls_place *place);
/* Where a session's plaintext must lie in a block; 0: not known. */
uint32_t tls_session_payload_at(const struct tls_session *session);

/* The bottom of the library, made once. */
BIO_METHOD *tls_session_bio_make(void);

/*
 * Starts OpenSSL without reading its configuration file, engines or exit handlers, which cost time and memory that nobody here uses.
 * Cheap when done already; every function that may be the first calls it.
 */
const struct tls_library *tls_library(void);

/* fault_set, followed by the library's own reason if it has one; empties its queue of errors. */
MAY_IGNORE enum status tls_fault(struct fault *why, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct certificate_key {
	EVP_PKEY *handle;
	bool is_private;
};

/* All certificates of a PEM text; INVALID when there is none or one is damaged. */
MUST_USE enum status tls_certificates_from_pem(struct str pem, const char *what,
					       GIVE STACK_OF(X509) * *out, struct fault *why);
struct str tls_bio_to_arena(BIO *bio, struct arena *arena); /* frees the BIO, wiping it */
void tls_certificate_info(X509 *certificate, struct arena *arena, struct certificate_info *out);
time_t tls_seconds(struct wall at);
/* Words for a failed verification, with UNAUTHORIZED. `certificate` may be NULL. */
MAY_IGNORE enum status tls_refusal(struct fault *why, int error, X509 *certificate, struct wall now);

/*
 * One generation of a context: what its sessions hold on to when it is replaced. Never changes but for the tickets.
 */
struct tls_generation;

/*
 * OpenSSL's half of a session and what verification found. Embedded; it must not move.
 */
struct tls_verdict {
	struct tls_context *context;
	struct tls_generation *generation;
	SSL *ssl;
	char server_name[256]; /* client: whom to expect; under this name its tickets are kept */
	struct fault refusal;  /* of the peer's certificate; status OK when there was none */
};

/* Makes `verdict->ssl` with `bio` (taken) below it. INVALID when no server can be called that. */
MUST_USE enum status tls_verdict_init(struct tls_verdict *verdict, struct tls_context *context,
				      struct str server_name, TAKE BIO *bio, struct fault *why);
void tls_verdict_fini(struct tls_verdict *verdict);
/* After the handshake: a resumed session's certificate may have run out since it was verified. */
MUST_USE enum status tls_verdict_settle(struct tls_verdict *verdict, struct fault *why);
/* Words for a failed call: the refusal if there was one, else the peer's alert or the library's reason. */
MAY_IGNORE enum status tls_verdict_fault(struct tls_verdict *verdict, struct fault *why);

#endif

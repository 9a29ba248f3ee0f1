/*
 * X.509 certificates: made, signed, read and judged.
 *
 * Any thread may call this. Certificates travel as PEM text; what is read from one lies in the caller's arena.
 * Every refusal says in its fault what is wrong with which certificate, and where time is the matter it says
 * so, because half of those are wrong clocks. Bounded by CERTIFICATE_NAMES_MAX and CERTIFICATE_PEM_MAX.
 */
#ifndef TRANSPORT_TLS_CERTIFICATE_H
#define TRANSPORT_TLS_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/time/time.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/crypto.h"

#define CERTIFICATE_NAMES_MAX 128U /* names of one certificate; a serving one has about twenty */
#define CERTIFICATE_PEM_MAX (256U * 1024U) /* a bundle of the usual public authorities is 220 KiB */

/* What a certificate may be used for; bits. */
enum certificate_usage {
	CERTIFICATE_SERVER = 1,
	CERTIFICATE_CLIENT = 2,
	CERTIFICATE_AUTHORITY = 4, /* signs others, but no further authorities (path length 0) */
};

/* What is to be written into a new certificate. */
struct certificate_wish {
	struct str common_name;          /* a user's name in Kubernetes */
	const struct str *organizations; /* its groups */
	uint32_t organizations_count;
	const struct str
	    *names; /* DNS names, IP and e-mail addresses and URIs, told apart by their form */
	uint32_t names_count;
	unsigned usage;         /* enum certificate_usage */
	struct wall not_before; /* usually a few minutes ago: clocks differ */
	struct wall not_after;
};

/* What a certificate says; all of it lives in the arena given to the reader. */
struct certificate_info {
	struct str common_name;
	struct str issuer_name; /* common name of who signed it */
	struct str *organizations;
	uint32_t organizations_count;
	struct str *dns_names;
	uint32_t dns_names_count;
	struct str *addresses; /* as text: 10.0.0.1, fd00::1 */
	uint32_t addresses_count;
	struct str *uris;
	uint32_t uris_count;
	struct str *emails;
	uint32_t emails_count;
	unsigned usage; /* of enum certificate_usage; SERVER and CLIENT both when it names none */
	struct str serial; /* hexadecimal */
	struct wall not_before, not_after;
	uint8_t fingerprint[CRYPTO_SHA256_BYTES]; /* SHA-256 of its DER form */
};

struct certificate_authority {
	struct str certificate_pem;
	const struct certificate_key *key;
};

/* Signed by its own key: the beginning of a cluster, or a test. */
MUST_USE enum status certificate_self_signed(const struct certificate_wish *wish,
					     const struct certificate_key *key, struct arena *arena,
					     struct str *out_pem, struct fault *why);

/*
 * Signed by `authority` for whoever holds the private half of `public_pem`: a "PUBLIC KEY" or a "CERTIFICATE
 * REQUEST", whose own signature is then checked first (FORBIDDEN when it is wrong). Only the key is taken from a
 * request, never its wishes. The result does not outlive the authority: not_after is cut to the authority's.
 */
MUST_USE enum status certificate_issue(const struct certificate_authority *authority,
				       const struct certificate_wish *wish, struct str public_pem,
				       struct arena *arena, struct str *out_pem, struct fault *why);

/* The same for a key that is here: the way through its text takes OpenSSL as long as the signature does. */
MUST_USE enum status certificate_issue_own(const struct certificate_authority *authority,
					   const struct certificate_wish *wish,
					   const struct certificate_key *key, struct arena *arena,
					   struct str *out_pem, struct fault *why);

/* A PKCS#10 request for `wish` (its times are not part of one), and what one asks for: `out` without times, issuer and serial. */
MUST_USE enum status certificate_request(const struct certificate_wish *wish,
					 const struct certificate_key *key, struct arena *arena,
					 struct str *out_pem, struct fault *why);
MUST_USE enum status certificate_request_read(struct str pem, struct arena *arena,
					      struct certificate_info *out, struct fault *why);

/* The first certificate in the text. */
MUST_USE enum status certificate_read(struct str pem, struct arena *arena,
				      struct certificate_info *out, struct fault *why);

/*
 * Is the first certificate of `pem` (the others being helpers on the way) good for `usage` at `now`, for an authority in `authorities_pem`?
 * UNAUTHORIZED with words when not: unknown authority, expired, not yet valid, wrong usage, damaged.
 */
MUST_USE enum status certificate_verify(struct str pem, struct str authorities_pem, unsigned usage,
					struct wall now, struct fault *why);

/* Does the certificate carry this DNS name (wildcards as in RFC 6125), IP address or URI? */
bool certificate_has_name(const struct certificate_info *info, struct str name);

/* Does this certificate belong to this private key? INVALID with words when not. */
MUST_USE enum status certificate_fits_key(struct str pem, const struct certificate_key *key,
					  struct fault *why);

/*
 * certificate_verify, certificate_fits_key and certificate_read of one reading, which is what each of them costs most: what an owner asks of its
 * certificates at each start.
 */
MUST_USE enum status certificate_examine(struct str pem, struct str authorities_pem, unsigned usage,
					 const struct certificate_key *key, struct wall now,
					 struct arena *arena, struct certificate_info *out,
					 struct fault *why);

/* The fingerprint as people compare it: 64 lower-case hexadecimal digits. */
struct str certificate_fingerprint_text(const uint8_t fingerprint[CRYPTO_SHA256_BYTES],
					struct arena *arena);

#endif

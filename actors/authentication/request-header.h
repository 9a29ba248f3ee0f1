/*
 * Front proxies: who has judged the user already and says so in headers (upstream: --requestheader-*).
 *
 * Believed of nobody but the holder of a client certificate by the proxies' own authority, with one of the names that the operator lists; from all others
 * the headers say nothing, and the next mechanism is asked. Certificates that were found good are remembered by their digest for a while, their
 * times included.
 */
#ifndef ACTORS_AUTHENTICATION_REQUEST_HEADER_H
#define ACTORS_AUTHENTICATION_REQUEST_HEADER_H

#include "actors/authentication/authenticator.h"
#include "datastore/schema/type.h"
#include "transport/tls/crypto.h"

#define REQUEST_HEADER_KEPT 8U        /* of proxies that come at once */
#define REQUEST_HEADER_KEPT_MS 10000U /* so much longer an expired one may count */

struct request_header_kept {
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct wall until; /* 0: nothing is here */
};

struct request_headers {
	struct str_list users, uids,
	    groups; /* names, in lower case; the first that is there counts, of groups all */
	struct str_list extra_prefixes;
	struct str_list allowed;                              /* common names; none: all */
	struct str authorities;                               /* PEM */
	struct request_header_kept kept[REQUEST_HEADER_KEPT]; /* all zero at first */
	uint32_t next;
};

/* Whether the request says anything that could count: only then its certificate has to be looked at. */
bool request_header_is_shown(const struct request_headers *config, struct http_headers headers);
/* Whether the header is one of those that proxies speak by. */
bool request_header_is_one(const struct request_headers *config, struct str name);
/* Other authorities count from now on; borrowed. */
void request_header_trust(struct request_headers *config, struct str authorities);
struct authenticator authentication_request_header(struct request_headers *config);

#endif

/*
 * Authentication: who asks, by one of several mechanisms in order.
 *
 * Each is an instance of struct authenticator in the server's configuration, one file a mechanism in this folder. The
 * first that says CHECK_ALLOW decides. CHECK_DENY (a credential that it knows to be bad) gives 401, as does a request that
 * shows a credential nobody knows. One that shows none at all becomes system:anonymous.
 */
#ifndef ACTORS_AUTHENTICATION_AUTHENTICATOR_H
#define ACTORS_AUTHENTICATION_AUTHENTICATOR_H

#include "actors/client/check.h"
#include "actors/client/user.h"
#include "datastore/schema/type.h"
#include "transport/http/engine/http.h"

struct certificate_info; /* transport/tls/certificate.h */

struct authentication {
	struct check_context check;
	const struct certificate_info *certificate; /* verified against the client authority; NULL: none */
	/* Of a request that speaks as front proxies do (request-header.h), else none: its headers, and the certificate that was shown, believed or not. */
	struct http_headers headers;
	struct str shown_pem;
	struct str bearer;         /* the token of Authorization: Bearer; absent: none */
	struct str_list audiences; /* that a token must name one of; none: the API server's own */
	struct user user; /* filled with CHECK_ALLOW; the server adds system:authenticated */
	struct str_list out_audiences; /* of the token that are among `audiences` */
	struct fault why; /* for the log and for TokenReview; never shown to who asked */
};

struct authenticator {
	const char *name;
	enum check (*check)(const struct authenticator *authenticator,
			    struct authentication *authentication);
	/* Keys, issuers, what it remembers: belongs to whoever made it and stays while the server lives. */
	void *config;
};

#endif

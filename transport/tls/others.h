/*
 * Certificates that a server shows to who asks by one of their names (RFC 6066, 3), beside its own.
 *
 * Of one generation of a context, which frees it. Only context.c calls this.
 */
#ifndef TRANSPORT_TLS_OTHERS_H
#define TRANSPORT_TLS_OTHERS_H

#include <openssl/ssl.h>

#include "transport/tls/context.h"

struct others;

/* `*out` stays as it is where the configuration names none. INVALID with words. */
MUST_USE enum status others_set(SSL_CTX *library, const struct tls_config *config,
				GIVE struct others **out, struct fault *why);
void others_free(TAKE struct others *others); /* NULL is fine */

#endif

/*
 * Cipher suites by the names that IANA has for them, as lists of operators have them.
 */
#ifndef TRANSPORT_TLS_SUITES_H
#define TRANSPORT_TLS_SUITES_H

#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

struct ssl_ctx_st;

/* Whether tls_config.cipher_suites can be that; INVALID with words. */
MUST_USE enum status suites_check(struct str list, struct fault *why);
/* Of TLS 1.2 those and no others; an absent list, or one of TLS 1.3's alone, changes nothing. */
MUST_USE enum status suites_set(struct ssl_ctx_st *library, struct str list, struct fault *why);

#endif

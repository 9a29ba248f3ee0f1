/*
 * P-256 keys on the short way: the kind that we make ourselves, in the one form in which it is written.
 *
 * OpenSSL reads and writes keys through decoders and encoders that it looks for among all of its own, half a millisecond each time, which is
 * most of what a new cluster's certificates cost. What is not exactly this form is left to it. Only for this folder.
 */
#ifndef TRANSPORT_TLS_P256_PRIVATE_H
#define TRANSPORT_TLS_P256_PRIVATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "runtime/base/base.h"

/*
 * RFC 5915 with the named curve and the public key. fabric8 takes a key in PKCS#8 for one of RSA, and all others take this form too, which
 * k3s gives them.
 */
#define P256_PRIVATE_BYTES 121U
#define P256_PRIVATE_NAME "EC PRIVATE KEY" /* in PEM, RFC 7468, section 13 */

/* NULL: it is not this form, or no such key. */
GIVE EVP_PKEY *p256_read(const uint8_t *der, size_t len);
/* False: the key is of another kind, nothing was written. */
bool p256_write(const EVP_PKEY *key, uint8_t out[P256_PRIVATE_BYTES]);
/* The same as X509_set_pubkey, but that the certificate does not hold the key itself until it is read again. False: as above. */
bool p256_set_public(X509 *certificate, const EVP_PKEY *key);

#endif

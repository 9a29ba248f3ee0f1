/*
 * Certificates for tests: an authority and what it signs, around a fixed time.
 *
 * Everything lives in test_arena(). Only tests/ may include this.
 */
#ifndef TESTS_LIB_PKI_H
#define TESTS_LIB_PKI_H

#include "runtime/base/base.h"
#include "transport/tls/certificate.h"

#define PKI_NOW ((struct wall){ 1767225600 * TIME_S }) /* 2026-01-01T00:00:00Z */
#define PKI_DAY (86400 * TIME_S)

struct pki_pair {
	struct str certificate_pem, key_pem;
	struct certificate_key *key;
};

struct wall pki_now(void *arg); /* PKI_NOW, for contexts */

struct pki_pair pki_authority(const char *name);
/* Good for both sides from the day before PKI_NOW to the day after; `organization` and `dns_name` may be NULL. */
struct pki_pair pki_issue(const struct pki_pair *authority, const char *name,
			  const char *organization, const char *dns_name);
/* The same, with all of the wish chosen. */
struct pki_pair pki_issue_wish(const struct pki_pair *authority, struct certificate_wish wish);

#endif

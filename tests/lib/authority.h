/*
 * Certificates for tests: an authority and what it signs, around a fixed time.
 *
 * Everything lives in test_arena(). Only tests/ may include this.
 */
#ifndef TESTS_LIB_AUTHORITY_H
#define TESTS_LIB_AUTHORITY_H

#include "runtime/base/base.h"
#include "transport/tls/certificate.h"

#define AUTHORITY_NOW ((struct wall){ 1767225600 * TIME_S }) /* 2026-01-01T00:00:00Z */
#define AUTHORITY_DAY (86400 * TIME_S)

struct authority_pair {
	struct str certificate_pem, key_pem;
	struct certificate_key *key;
};

struct wall authority_now(void *arg); /* AUTHORITY_NOW, for contexts */

struct authority_pair authority_new(const char *name);
/* Good for both sides from the day before AUTHORITY_NOW to the day after; `organization` and `dns_name` may be NULL. */
struct authority_pair authority_issue(const struct authority_pair *authority, const char *name,
				      const char *organization, const char *dns_name);
/* The same, with all of the wish chosen. */
struct authority_pair authority_issue_wish(const struct authority_pair *authority,
					   struct certificate_wish wish);

#endif

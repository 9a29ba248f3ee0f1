#include "tests/lib/authority.h"

#include "tests/lib/test.h"
#include "transport/tls/certificate-key.h"

static void free_key(void *key)
{
	certificate_key_free(key);
}

static struct authority_pair pair_with_key(void)
{
	struct authority_pair pair = { .key = certificate_key_new() };

	arena_on_free(test_arena(), free_key, pair.key);
	pair.key_pem = certificate_key_private_pem(pair.key, test_arena());
	return pair;
}

static struct wall days(int64_t n)
{
	return (struct wall){ AUTHORITY_NOW.ns + n * AUTHORITY_DAY };
}

struct wall authority_now(void *arg)
{
	(void)arg;
	return AUTHORITY_NOW;
}

struct authority_pair authority_new(const char *name)
{
	struct authority_pair pair = pair_with_key();
	struct certificate_wish wish = {
		.common_name = str_from(name),
		.usage = CERTIFICATE_AUTHORITY,
		.not_before = days(-365),
		.not_after = days(365),
	};

	CHECK_STATUS(
	    certificate_self_signed(&wish, pair.key, test_arena(), &pair.certificate_pem, NULL), OK);
	return pair;
}

struct authority_pair authority_issue(const struct authority_pair *authority, const char *name,
				      const char *organization, const char *dns_name)
{
	struct str group = str_from(organization), dns = str_from(dns_name);

	return authority_issue_wish(authority, (struct certificate_wish){
						   .common_name = str_from(name),
						   .organizations = &group,
						   .organizations_count = organization != NULL,
						   .names = &dns,
						   .names_count = dns_name != NULL,
						   .usage = CERTIFICATE_SERVER | CERTIFICATE_CLIENT,
						   .not_before = days(-1),
						   .not_after = days(1),
					       });
}

struct authority_pair authority_issue_wish(const struct authority_pair *authority,
					   struct certificate_wish wish)
{
	struct certificate_authority signer = { authority->certificate_pem, authority->key };
	struct authority_pair pair = pair_with_key();

	CHECK_STATUS(certificate_issue(&signer, &wish,
				       certificate_key_public_pem(pair.key, test_arena()),
				       test_arena(), &pair.certificate_pem, NULL),
		     OK);
	return pair;
}

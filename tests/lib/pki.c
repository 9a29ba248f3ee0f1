#include "tests/lib/pki.h"

#include "tests/lib/test.h"

static void free_key(void *key)
{
	certificate_key_free(key);
}

static struct pki_pair pair_with_key(void)
{
	struct pki_pair pair = { .key = certificate_key_new() };

	arena_on_free(test_arena(), free_key, pair.key);
	pair.key_pem = certificate_key_private_pem(pair.key, test_arena());
	return pair;
}

static struct wall days(int64_t n)
{
	return (struct wall){ PKI_NOW.ns + n * PKI_DAY };
}

struct wall pki_now(void *arg)
{
	(void)arg;
	return PKI_NOW;
}

struct pki_pair pki_authority(const char *name)
{
	struct pki_pair pair = pair_with_key();
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

struct pki_pair pki_issue(const struct pki_pair *authority, const char *name,
			  const char *organization, const char *dns_name)
{
	struct str group = str_from(organization), dns = str_from(dns_name);

	return pki_issue_wish(authority, (struct certificate_wish){
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

struct pki_pair pki_issue_wish(const struct pki_pair *authority, struct certificate_wish wish)
{
	struct certificate_authority signer = { authority->certificate_pem, authority->key };
	struct pki_pair pair = pair_with_key();

	CHECK_STATUS(certificate_issue(&signer, &wish,
				       certificate_key_public_pem(pair.key, test_arena()),
				       test_arena(), &pair.certificate_pem, NULL),
		     OK);
	return pair;
}

#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/certificate.h"
#include "transport/wire/base64.h"

static const struct str groups[] = { { "system:masters", 14 }, { "second", 6 } };
static const struct str names[] = { { "kubernetes.default.svc", 22 },
				    { "*.example.org", 13 },
				    { "10.96.0.1", 9 },
				    { "fd00::1", 7 },
				    { "spiffe://troupe/node", 20 },
				    { "ops@example.com", 15 } };

static struct certificate_wish make_wish(void)
{
	return (struct certificate_wish){
		.common_name = STR("kubernetes-admin"),
		.organizations = groups,
		.organizations_count = 2,
		.names = names,
		.names_count = 6,
		.usage = CERTIFICATE_SERVER,
		.not_before = { AUTHORITY_NOW.ns - AUTHORITY_DAY },
		.not_after = { AUTHORITY_NOW.ns + AUTHORITY_DAY },
	};
}

static void check_subject(const struct certificate_info *info)
{
	CHECK_STR(info->common_name, "kubernetes-admin");
	CHECK_EQ(info->organizations_count, 2);
	CHECK_STR(info->organizations[0], "system:masters");
	CHECK_STR(info->organizations[1], "second");
	CHECK_EQ(info->dns_names_count, 2);
	CHECK_STR(info->dns_names[0], "kubernetes.default.svc");
	CHECK_EQ(info->addresses_count, 2);
	CHECK_STR(info->addresses[0], "10.96.0.1");
	CHECK_STR(info->addresses[1], "fd00::1");
	CHECK_EQ(info->uris_count, 1);
	CHECK_STR(info->uris[0], "spiffe://troupe/node");
	CHECK_EQ(info->emails_count, 1);
	CHECK_STR(info->emails[0], "ops@example.com");
}

TEST(a_certificate_says_what_was_wished)
{
	struct authority_pair ca = authority_new("troupe-ca");
	struct authority_pair pair = authority_issue_wish(&ca, make_wish());
	struct certificate_info info;

	CHECK_STATUS(certificate_read(pair.certificate_pem, test_arena(), &info, NULL), OK);
	check_subject(&info);
	CHECK_STR(info.issuer_name, "troupe-ca");
	CHECK_EQ(info.usage, CERTIFICATE_SERVER);
	CHECK_EQ(info.not_before.ns, AUTHORITY_NOW.ns - AUTHORITY_DAY);
	CHECK_EQ(info.not_after.ns, AUTHORITY_NOW.ns + AUTHORITY_DAY);
	CHECK(info.serial.len >= 30);
	CHECK_EQ(certificate_fingerprint_text(info.fingerprint, test_arena()).len, 64);
}

TEST(an_authority_is_one_and_signs_only_leaves)
{
	struct authority_pair ca = authority_new("troupe-ca"), middle, leaf;
	struct certificate_wish wish = make_wish();
	struct certificate_info info;

	CHECK_STATUS(certificate_read(ca.certificate_pem, test_arena(), &info, NULL), OK);
	CHECK(info.usage & CERTIFICATE_AUTHORITY);
	wish.usage = CERTIFICATE_AUTHORITY;
	middle = authority_issue_wish(&ca, wish);
	leaf = authority_issue(&middle, "leaf", NULL, "leaf");
	CHECK_STATUS(certificate_verify(
			 arena_printf(test_arena(), STR_FMT STR_FMT, STR_ARG(leaf.certificate_pem),
				      STR_ARG(middle.certificate_pem)),
			 ca.certificate_pem, CERTIFICATE_SERVER, AUTHORITY_NOW, NULL),
		     UNAUTHORIZED);
}

/* The value of basicConstraints (OID 2.5.29.19, critical): true is 0xff in DER, and Go's reader takes no other. */
TEST(an_authority_says_so_in_der)
{
	static const uint8_t constraint[] = { 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff,
					      0x04, 0x08, 0x30, 0x06, 0x01, 0x01, 0xff };
	struct authority_pair ca = authority_new("troupe-ca");
	struct str rest = ca.certificate_pem, line, der;
	struct text base64 = text_in(test_arena(), 64 * KIB);

	while (rest.at != NULL) {
		line = str_cut(&rest, '\n');
		if (!str_starts(line, STR("-----")))
			text_add(&base64, line);
	}
	CHECK_STATUS(base64_decode(BASE64_STANDARD, text_str(&base64), test_arena(), &der, NULL),
		     OK);
	CHECK(str_find(der, str_of(constraint, sizeof constraint)) >= 0);
}

TEST(a_certificate_does_not_outlive_its_authority)
{
	struct authority_pair ca = authority_new("troupe-ca"), pair;
	struct certificate_wish wish = make_wish();
	struct certificate_info info;

	wish.not_after.ns = AUTHORITY_NOW.ns + 1000 * AUTHORITY_DAY;
	pair = authority_issue_wish(&ca, wish);
	CHECK_STATUS(certificate_read(pair.certificate_pem, test_arena(), &info, NULL), OK);
	CHECK_EQ(info.not_after.ns, AUTHORITY_NOW.ns + 365 * AUTHORITY_DAY);
}

TEST(names_longer_than_x520_allows_are_kept)
{
	struct authority_pair ca = authority_new("troupe-ca"), pair;
	struct certificate_wish wish = make_wish();
	struct certificate_info info;

	wish.common_name =
	    STR("system:node:a-name-that-is-longer-than-sixty-four-bytes.but-still-fine."
		"in.kubernetes.example.org");
	pair = authority_issue_wish(&ca, wish);
	CHECK_STATUS(certificate_read(pair.certificate_pem, test_arena(), &info, NULL), OK);
	CHECK(str_eq(info.common_name, wish.common_name));
}

TEST(impossible_wishes_are_refused_in_words)
{
	static const struct {
		const char *name;
		int64_t lasts;
		const char *words;
	} cases[] = {
		{ "two words", 1, "neither a DNS name" }, { "", 1, "neither a DNS name" },
		{ "a..b", 1, "neither a DNS name" },      { ".a", 1, "neither a DNS name" },
		{ "*.", 1, "neither a DNS name" },        { "a,DNS:b", 1, "neither a DNS name" },
		{ "a\nb", 1, "neither a DNS name" },      { "fine", 0, "end after it begins" },
		{ "fine", -1, "end after it begins" },
	};
	struct authority_pair ca = authority_new("troupe-ca");

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str name = str_from(cases[i].name), pem;
		struct certificate_wish wish = make_wish();
		struct fault why;

		wish.names = &name;
		wish.names_count = 1;
		wish.not_after.ns = wish.not_before.ns + cases[i].lasts;
		CHECK_STATUS(certificate_self_signed(&wish, ca.key, test_arena(), &pem, &why),
			     INVALID);
		CHECK(strstr(why.text, cases[i].words) != NULL);
	}
}

TEST(verification_names_what_is_wrong)
{
	struct authority_pair ca = authority_new("troupe-ca"), other = authority_new("troupe-ca");
	struct certificate_wish wish = make_wish();
	struct authority_pair server = authority_issue_wish(&ca, wish),
			      both = authority_issue(&ca, "b", NULL, "b");
	struct str cut = str_slice(server.certificate_pem, 0, server.certificate_pem.len / 2);
	const struct {
		struct str pem, authority;
		unsigned usage;
		int64_t at_days;
		enum status status;
		const char *words;
	} cases[] = {
		{ server.certificate_pem, ca.certificate_pem, CERTIFICATE_SERVER, 0, OK, "" },
		{ both.certificate_pem, ca.certificate_pem, CERTIFICATE_CLIENT, 0, OK, "" },
		{ server.certificate_pem, ca.certificate_pem, CERTIFICATE_CLIENT, 0, UNAUTHORIZED,
		  "not made for this use" },
		{ server.certificate_pem, ca.certificate_pem, CERTIFICATE_SERVER, 2, UNAUTHORIZED,
		  "\"kubernetes-admin\" is expired since 2026-01-02T00:00:00Z and this machine's "
		  "clock "
		  "says 2026-01-03T00:00:00Z: renew the certificate or correct the clock" },
		{ server.certificate_pem, ca.certificate_pem, CERTIFICATE_SERVER, -3, UNAUTHORIZED,
		  "not valid before 2025-12-31T00:00:00Z and this machine's clock" },
		{ server.certificate_pem, other.certificate_pem, CERTIFICATE_SERVER, 0,
		  UNAUTHORIZED, "another cluster" },
		{ ca.certificate_pem, other.certificate_pem, CERTIFICATE_SERVER, 0, UNAUTHORIZED,
		  "another cluster" },
		{ cut, ca.certificate_pem, CERTIFICATE_SERVER, 0, UNAUTHORIZED, "damaged" },
		{ STR_NONE, ca.certificate_pem, CERTIFICATE_SERVER, 0, UNAUTHORIZED,
		  "no certificate" },
		{ STR("nonsense"), ca.certificate_pem, CERTIFICATE_SERVER, 0, UNAUTHORIZED,
		  "no certificate" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wall now = { AUTHORITY_NOW.ns + cases[i].at_days * AUTHORITY_DAY };
		struct fault why = { 0 };

		CHECK_STATUS(
		    certificate_verify(cases[i].pem, cases[i].authority, cases[i].usage, now, &why),
		    cases[i].status);
		CHECK(strstr(why.text, cases[i].words) != NULL);
	}
}

TEST(a_request_gives_only_its_key_and_must_be_signed_by_it)
{
	struct authority_pair ca = authority_new("troupe-ca");
	struct certificate_authority signer = { ca.certificate_pem, ca.key };
	struct certificate_key *key = certificate_key_new();
	struct certificate_wish greedy = make_wish(), modest = make_wish();
	struct certificate_info info;
	struct str request, pem;
	char *damaged;

	CHECK_STATUS(certificate_request(&greedy, key, test_arena(), &request, NULL), OK);
	CHECK_STATUS(certificate_request_read(request, test_arena(), &info, NULL), OK);
	check_subject(&info);
	modest.common_name = STR("node-a");
	modest.organizations_count = 0;
	modest.names_count = 1;
	CHECK_STATUS(certificate_issue(&signer, &modest, request, test_arena(), &pem, NULL), OK);
	CHECK_STATUS(certificate_fits_key(pem, key, NULL), OK);
	CHECK_STATUS(certificate_fits_key(pem, ca.key, NULL), INVALID);
	CHECK_STATUS(certificate_read(pem, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "node-a");
	CHECK_EQ(info.organizations_count, 0);
	CHECK_EQ(info.dns_names_count, 1);

	damaged = arena_cstr(test_arena(), request);
	damaged[60] = damaged[60] == 'A' ? 'B' : 'A';
	CHECK(certificate_issue(&signer, &modest, str_from(damaged), test_arena(), &pem, NULL) !=
	      OK);
	certificate_key_free(key);
}

TEST(an_authority_signs_only_with_its_own_key)
{
	struct authority_pair ca = authority_new("troupe-ca"), other = authority_new("other");
	struct certificate_authority mixed = { ca.certificate_pem, other.key };
	struct certificate_wish wish = make_wish();
	struct str pem;
	struct fault why;

	CHECK_STATUS(certificate_issue(&mixed, &wish,
				       certificate_key_public_pem(other.key, test_arena()),
				       test_arena(), &pem, &why),
		     INVALID);
	CHECK(strstr(why.text, "do not belong together") != NULL);
}

TEST(names_match_as_in_rfc_6125)
{
	static const struct {
		const char *name;
		bool matches;
	} cases[] = {
		{ "kubernetes.default.svc", true },
		{ "KUBERNETES.default.svc", true },
		{ "a.example.org", true },
		{ "example.org", false },
		{ "a.b.example.org", false },
		{ "10.96.0.1", true },
		{ "10.96.0.2", false },
		{ "fd00::1", true },
		{ "spiffe://troupe/node", true },
		{ "spiffe://troupe/other", false },
		{ "", false },
		{ ".example.org", false },
	};
	struct authority_pair ca = authority_new("troupe-ca"),
			      pair = authority_issue_wish(&ca, make_wish());
	struct certificate_info info;

	CHECK_STATUS(certificate_read(pair.certificate_pem, test_arena(), &info, NULL), OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_EQ(certificate_has_name(&info, str_from(cases[i].name)), cases[i].matches);
}

TEST(keys_survive_their_text_and_bad_ones_are_refused)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE "
		"KEY-----\n",
		"-----BEGIN PUBLIC "
		"KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
		"-----END PUBLIC KEY-----\n", /* Ed25519, RFC 8410 */
	};
	struct certificate_key *key = certificate_key_new(), *again = NULL, *half = NULL;
	struct str public_pem = certificate_key_public_pem(key, test_arena());

	CHECK_STATUS(
	    certificate_key_from_pem(certificate_key_private_pem(key, test_arena()), &again, NULL),
	    OK);
	CHECK(certificate_key_is_private(again));
	CHECK(str_eq(certificate_key_public_pem(again, test_arena()), public_pem));
	CHECK_STATUS(certificate_key_from_pem(public_pem, &half, NULL), OK);
	CHECK(!certificate_key_is_private(half));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct certificate_key *none = NULL;

		CHECK_STATUS(certificate_key_from_pem(str_from(bad[i]), &none, NULL), INVALID);
		CHECK(none == NULL);
	}
	certificate_key_free(key);
	certificate_key_free(again);
	certificate_key_free(half);
}

TEST(one_reading_says_whether_a_certificate_is_ours_and_what_it_says)
{
	struct authority_pair ca = authority_new("troupe-ca"), other = authority_new("other-ca");
	struct certificate_authority signer = { ca.certificate_pem, ca.key };
	struct certificate_key *key = certificate_key_new();
	struct certificate_wish wish = make_wish();
	struct wall late = { AUTHORITY_NOW.ns + 2 * AUTHORITY_DAY };
	struct certificate_info info = { 0 };
	struct str pem;

	CHECK_STATUS(certificate_issue_own(&signer, &wish, key, test_arena(), &pem, NULL), OK);
	CHECK_STATUS(certificate_examine(pem, other.certificate_pem, CERTIFICATE_SERVER, key,
					 AUTHORITY_NOW, test_arena(), &info, NULL),
		     UNAUTHORIZED);
	CHECK_STATUS(certificate_examine(pem, ca.certificate_pem, CERTIFICATE_SERVER, key, late,
					 test_arena(), &info, NULL),
		     UNAUTHORIZED);
	CHECK_STATUS(certificate_examine(pem, ca.certificate_pem, CERTIFICATE_SERVER, other.key,
					 AUTHORITY_NOW, test_arena(), &info, NULL),
		     INVALID);
	CHECK_STATUS(certificate_examine(STR("no certificate"), ca.certificate_pem,
					 CERTIFICATE_SERVER, key, AUTHORITY_NOW, test_arena(),
					 &info, NULL),
		     UNAUTHORIZED);
	CHECK(info.common_name.at == NULL);
	CHECK_STATUS(certificate_examine(pem, ca.certificate_pem, CERTIFICATE_SERVER, key,
					 AUTHORITY_NOW, test_arena(), &info, NULL),
		     OK);
	check_subject(&info);
	certificate_key_free(key);
}

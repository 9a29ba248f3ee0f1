/* Reading and judging certificates; making them is certificate.c. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "transport/tls/certificate.h"
#include "transport/tls/tls-private.h"

#define NAMES_SHOWN 8U /* of each kind, in the words of a refusal */
#define NAMES_SHOWN_BYTES 240U
#define CERTIFICATES_MAX 512 /* of one bundle: the usual public authorities are 140 */

/* A list of strings that grows in an arena; certificates carry few names, what is over the limit is not read. */
struct names {
	struct str *at;
	uint32_t len;
};

static void names_push(struct names *names, struct arena *arena, struct str name)
{
	if (names->len == CERTIFICATE_NAMES_MAX)
		return;
	names->at =
	    arena_grow(arena, names->at, names->len * sizeof name, (names->len + 1) * sizeof name);
	names->at[names->len++] = name;
}

static struct str asn1_text(const ASN1_STRING *value, struct arena *arena)
{
	uint8_t *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, value);
	struct str out;

	if (len < 0) {
		ERR_clear_error();
		return STR_NONE;
	}
	out = arena_str(arena, str_of(utf8, (size_t)len));
	OPENSSL_free(utf8);
	return out;
}

/* A NUL inside a name is an old trick to be read differently by different programs: such a name is nobody's. */
static bool is_plain(struct str text)
{
	return text.len > 0 && memchr(text.at, 0, text.len) == NULL;
}

/* The last common name counts, as in Go's crypto/x509, whose reading Kubernetes' users are. */
static void read_subject(const X509_NAME *subject, struct arena *arena, struct certificate_info *out)
{
	struct names organizations = { NULL, 0 };

	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
		struct str text;

		if (nid != NID_commonName && nid != NID_organizationName)
			continue;
		text = asn1_text(X509_NAME_ENTRY_get_data(entry), arena);
		if (!is_plain(text))
			continue;
		if (nid == NID_commonName)
			out->common_name = text;
		else
			names_push(&organizations, arena, text);
	}
	out->organizations = organizations.at;
	out->organizations_count = organizations.len;
}

static struct str issuer_name(const X509_NAME *issuer, struct arena *arena)
{
	struct certificate_info info = { 0 };

	read_subject(issuer, arena, &info);
	return info.common_name;
}

static struct str address_text(const ASN1_OCTET_STRING *value, struct arena *arena)
{
	char text[INET6_ADDRSTRLEN];
	int len = ASN1_STRING_length(value);

	if ((len != 4 && len != 16) ||
	    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text,
		      sizeof text) == NULL)
		return STR_NONE;
	return arena_str(arena, str_from(text));
}

static void read_names(const GENERAL_NAMES *names, struct arena *arena, struct certificate_info *out)
{
	struct names dns = { NULL, 0 }, addresses = { NULL, 0 }, uris = { NULL, 0 };
	struct names emails = { NULL, 0 };

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct names *list = name->type == GEN_DNS     ? &dns
				     : name->type == GEN_IPADD ? &addresses
				     : name->type == GEN_URI   ? &uris
				     : name->type == GEN_EMAIL ? &emails
							       : NULL;
		struct str text;

		if (list == NULL)
			continue;
		text = name->type == GEN_IPADD ? address_text(name->d.iPAddress, arena)
					       : asn1_text(name->d.ia5, arena);
		if (is_plain(text))
			names_push(list, arena, text);
	}
	out->dns_names = dns.at;
	out->dns_names_count = dns.len;
	out->addresses = addresses.at;
	out->addresses_count = addresses.len;
	out->uris = uris.at;
	out->uris_count = uris.len;
	out->emails = emails.at;
	out->emails_count = emails.len;
}

static unsigned usage_of(uint32_t purposes, bool is_authority)
{
	unsigned usage = is_authority ? CERTIFICATE_AUTHORITY : 0;

	if (purposes & (XKU_SSL_SERVER | XKU_ANYEKU)) /* UINT32_MAX when there is no such list */
		usage |= CERTIFICATE_SERVER;
	if (purposes & (XKU_SSL_CLIENT | XKU_ANYEKU))
		usage |= CERTIFICATE_CLIENT;
	return usage;
}

static struct wall wall_of(const ASN1_TIME *at)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(at, &parts) != 1)
		return (struct wall){ 0 };
	return (struct wall){ (int64_t)timegm(&parts) * TIME_S };
}

static struct str serial_text(const ASN1_INTEGER *serial, struct arena *arena)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *text = number != NULL ? BN_bn2hex(number) : NULL;
	struct str out = arena_str(arena, str_from(text != NULL ? text : ""));

	OPENSSL_free(text);
	BN_free(number);
	return out;
}

void tls_certificate_info(X509 *certificate, struct arena *arena, struct certificate_info *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	unsigned len = CRYPTO_SHA256_BYTES;

	*out = (struct certificate_info){ 0 };
	read_subject(X509_get_subject_name(certificate), arena, out);
	out->issuer_name = issuer_name(X509_get_issuer_name(certificate), arena);
	if (names != NULL)
		read_names(names, arena, out);
	GENERAL_NAMES_free(names);
	out->usage = usage_of(X509_get_extended_key_usage(certificate),
			      X509_get_extension_flags(certificate) & EXFLAG_CA);
	out->serial = serial_text(X509_get0_serialNumber(certificate), arena);
	out->not_before = wall_of(X509_get0_notBefore(certificate));
	out->not_after = wall_of(X509_get0_notAfter(certificate));
	X509_digest(certificate, tls_library()->sha256, out->fingerprint, &len);
	ERR_clear_error();
}

/* Blocks that are no certificates (a key in the same file) are passed over, as every other reader does. */
enum status tls_certificates_from_pem(struct str pem, const char *what, STACK_OF(X509) * *out,
				      struct fault *why)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio;
	X509 *certificate;
	unsigned long code;

	tls_library();
	bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
	while (pem.len <= CERTIFICATE_PEM_MAX && sk_X509_num(list) < CERTIFICATES_MAX &&
	       (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_push(list, certificate);
	BIO_free(bio);
	code = ERR_peek_last_error(); /* reading ends with "no start line": that one is no fault */
	if (sk_X509_num(list) > 0 && (code == 0 || ERR_GET_REASON(code) == PEM_R_NO_START_LINE)) {
		ERR_clear_error();
		*out = list;
		return OK;
	}
	sk_X509_pop_free(list, X509_free);
	if (pem.len > CERTIFICATE_PEM_MAX)
		return fault_set(why, TOO_LARGE, "", "%s is larger than %u bytes", what,
				 CERTIFICATE_PEM_MAX);
	return tls_fault(why, INVALID, "%s is no certificate in PEM form, or a damaged one", what);
}

enum status certificate_read(struct str pem, struct arena *arena, struct certificate_info *out,
			     struct fault *why)
{
	STACK_OF(X509) * list;

	TRY(tls_certificates_from_pem(pem, "the text", &list, why));
	tls_certificate_info(sk_X509_value(list, 0), arena, out);
	sk_X509_pop_free(list, X509_free);
	return OK;
}

static void read_request_extensions(X509_REQ *request, struct arena *arena,
				    struct certificate_info *out)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	BASIC_CONSTRAINTS *constraints =
	    X509V3_get_d2i(extensions, NID_basic_constraints, NULL, NULL);

	if (names != NULL)
		read_names(names, arena, out);
	if (constraints != NULL && constraints->ca)
		out->usage |= CERTIFICATE_AUTHORITY;
	GENERAL_NAMES_free(names);
	BASIC_CONSTRAINTS_free(constraints);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

enum status certificate_request_read(struct str pem, struct arena *arena,
				     struct certificate_info *out, struct fault *why)
{
	X509_REQ *request;
	BIO *bio;
	bool is_proven;

	tls_library();
	if (pem.len > CERTIFICATE_PEM_MAX)
		return fault_set(why, TOO_LARGE, "", "a request of %u bytes is too large", pem.len);
	bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
	request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (request == NULL)
		return tls_fault(why, INVALID, "no certificate request in PEM form");
	is_proven = X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
	if (is_proven) {
		*out = (struct certificate_info){ 0 };
		read_subject(X509_REQ_get_subject_name(request), arena, out);
		read_request_extensions(request, arena, out);
	}
	X509_REQ_free(request);
	ERR_clear_error();
	return is_proven ? OK
			 : fault_set(why, FORBIDDEN, "",
				     "the certificate request is not signed by its own key");
}

static void subject_text(X509 *certificate, char *out, size_t out_bytes)
{
	*out = 0;
	if (certificate == NULL ||
	    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, out,
				      (int)out_bytes) < 0)
		snprintf(out, out_bytes, "%s", certificate != NULL ? "(no name)" : "the peer");
	for (char *c = out; *c != 0; c++) /* it goes to a log */
		if ((unsigned char)*c < ' ')
			*c = '?';
}

/* Half of these are not the certificate's fault: a machine that starts without a clock lives in 1970. */
static enum status time_refusal(struct fault *why, const char *name, const char *is,
				struct wall limit, struct wall now)
{
	char limit_text[TIME_TEXT], now_text[TIME_TEXT];

	time_print(limit, limit_text);
	time_print(now, now_text);
	return fault_set(why, UNAUTHORIZED, "",
			 "the certificate of \"%s\" is %s %s and this machine's clock says %s: "
			 "renew the certificate or correct the clock",
			 name, is, limit_text, now_text);
}

static void add_names(struct text *text, const struct str *names, uint32_t count)
{
	for (uint32_t i = 0; i < count && i < NAMES_SHOWN; i++) {
		text_add(text, text->len > 0 ? STR(", ") : STR(""));
		text_add(text, names[i]);
	}
	if (count > NAMES_SHOWN)
		text_lit(text, ", ...");
}

/* Which names it does carry is what tells a wrong address from a wrong certificate. */
static enum status name_refusal(struct fault *why, const char *name, X509 *certificate)
{
	struct arena *arena = arena_new(0);
	struct text names = text_in(arena, NAMES_SHOWN_BYTES);
	struct certificate_info info;

	tls_certificate_info(certificate, arena, &info);
	add_names(&names, info.dns_names, info.dns_names_count);
	add_names(&names, info.addresses, info.addresses_count);
	(void)fault_set(why, UNAUTHORIZED, "",
			"the certificate of \"%s\" does not carry the name asked for, but " STR_FMT,
			name, STR_ARG(names.len > 0 ? text_str(&names) : STR("none at all")));
	arena_free(arena);
	return UNAUTHORIZED;
}

enum status tls_refusal(struct fault *why, int error, X509 *certificate, struct wall now)
{
	char name[65];

	ERR_clear_error();
	if (why == NULL)
		return UNAUTHORIZED;
	subject_text(certificate, name, sizeof name);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return time_refusal(why, name, "expired since",
				    wall_of(X509_get0_notAfter(certificate)), now);
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return time_refusal(why, name, "not valid before",
				    wall_of(X509_get0_notBefore(certificate)), now);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return fault_set(
		    why, UNAUTHORIZED, "",
		    "the certificate of \"%s\" was not signed by an authority trusted here: "
		    "does it belong to another cluster?",
		    name);
	case X509_V_ERR_INVALID_PURPOSE:
		return fault_set(why, UNAUTHORIZED, "",
				 "the certificate of \"%s\" was not made for this use", name);
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH: return name_refusal(why, name, certificate);
	default:
		return fault_set(why, UNAUTHORIZED, "", "the certificate of \"%s\" is refused: %s",
				 name, X509_verify_cert_error_string(error));
	}
}

static int purpose_of(unsigned usage)
{
	return usage & CERTIFICATE_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
}

static enum status verify(STACK_OF(X509) * chain, STACK_OF(X509) * authorities, unsigned usage,
			  struct wall now, struct fault *why)
{
	X509_STORE_CTX *judge = X509_STORE_CTX_new();
	enum status status = OK;

	X509_STORE_CTX_init(judge, NULL, sk_X509_value(chain, 0), chain);
	X509_STORE_CTX_set0_trusted_stack(judge, authorities);
	X509_STORE_CTX_set_flags(judge, X509_V_FLAG_PARTIAL_CHAIN);
	X509_STORE_CTX_set_purpose(judge, purpose_of(usage));
	X509_STORE_CTX_set_time(judge, 0, tls_seconds(now));
	if (X509_verify_cert(judge) != 1)
		status = tls_refusal(why, X509_STORE_CTX_get_error(judge),
				     X509_STORE_CTX_get_current_cert(judge), now);
	X509_STORE_CTX_free(judge);
	return status;
}

static enum status verify_by(STACK_OF(X509) * chain, struct str authorities_pem, unsigned usage,
			     struct wall now, struct fault *why)
{
	STACK_OF(X509) * authorities;
	enum status status;

	assert(usage == CERTIFICATE_SERVER || usage == CERTIFICATE_CLIENT);
	TRY(tls_certificates_from_pem(authorities_pem, "the authority", &authorities, why));
	status = verify(chain, authorities, usage, now, why);
	sk_X509_pop_free(authorities, X509_free);
	return status;
}

enum status certificate_verify(struct str pem, struct str authorities_pem, unsigned usage,
			       struct wall now, struct fault *why)
{
	STACK_OF(X509) * chain;
	enum status status;

	if (tls_certificates_from_pem(pem, "the certificate", &chain, why) != OK)
		return UNAUTHORIZED;
	status = verify_by(chain, authorities_pem, usage, now, why);
	sk_X509_pop_free(chain, X509_free);
	return status;
}

static enum status check_key(X509 *certificate, const struct certificate_key *key, struct fault *why)
{
	if (X509_check_private_key(certificate, key->handle) == 1)
		return OK;
	return tls_fault(why, INVALID, "the certificate and the key do not belong together");
}

enum status certificate_examine(struct str pem, struct str authorities_pem, unsigned usage,
				const struct certificate_key *key, struct wall now,
				struct arena *arena, struct certificate_info *out, struct fault *why)
{
	STACK_OF(X509) * chain;
	enum status status;

	if (tls_certificates_from_pem(pem, "the certificate", &chain, why) != OK)
		return UNAUTHORIZED;
	status = verify_by(chain, authorities_pem, usage, now, why);
	if (status == OK)
		status = check_key(sk_X509_value(chain, 0), key, why);
	if (status == OK)
		tls_certificate_info(sk_X509_value(chain, 0), arena, out);
	sk_X509_pop_free(chain, X509_free);
	return status;
}

/* RFC 6125, 6.4.3: a star stands for exactly one whole label, the first. */
static bool dns_matches(struct str pattern, struct str name)
{
	int64_t dot;

	if (!str_starts(pattern, STR("*.")))
		return str_eq_nocase(pattern, name);
	dot = str_find_char(name, '.');
	return dot > 0 && str_eq_nocase(str_slice(pattern, 1, pattern.len),
					str_slice(name, (uint32_t)dot, name.len));
}

bool certificate_has_name(const struct certificate_info *info, struct str name)
{
	for (uint32_t i = 0; i < info->dns_names_count; i++)
		if (dns_matches(info->dns_names[i], name))
			return true;
	for (uint32_t i = 0; i < info->addresses_count; i++)
		if (str_eq(info->addresses[i], name))
			return true;
	for (uint32_t i = 0; i < info->uris_count; i++)
		if (str_eq(info->uris[i], name))
			return true;
	return false;
}

enum status certificate_fits_key(struct str pem, const struct certificate_key *key,
				 struct fault *why)
{
	STACK_OF(X509) * list;
	enum status status;

	TRY(tls_certificates_from_pem(pem, "the certificate", &list, why));
	status = check_key(sk_X509_value(list, 0), key, why);
	sk_X509_pop_free(list, X509_free);
	return status;
}

struct str certificate_fingerprint_text(const uint8_t fingerprint[CRYPTO_SHA256_BYTES],
					struct arena *arena)
{
	char text[2 * CRYPTO_SHA256_BYTES + 1];

	for (size_t i = 0; i < CRYPTO_SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", fingerprint[i]);
	return arena_str(arena, str_of(text, sizeof text - 1));
}

/* Making certificates and requests; reading and judging them is certificate-read.c. */
#include "transport/tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "transport/tls/p256-private.h"
#include "transport/tls/tls-private.h"

#define SERIAL_BYTES 16
#define DNS_NAME_MAX 253
#define KEY_USAGE_SIGNATURE 0 /* bit numbers of RFC 5280, 4.2.1.3 */
#define KEY_USAGE_ENCIPHERMENT 2
#define KEY_USAGE_CERT_SIGN 5
#define KEY_USAGE_CRL_SIGN 6

/* Only for want of memory: everything that could be wrong was looked at before. */
static void must(int is_one)
{
	if (is_one != 1)
		abort();
}

/* Letters, digits, '-', '_' and '.', with at most one leading "*.". */
static bool is_dns_name(struct str name)
{
	if (str_starts(name, STR("*.")))
		name = str_slice(name, 2, name.len);
	if (name.len == 0 || name.len > DNS_NAME_MAX || name.at[0] == '.')
		return false;
	for (uint32_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';

		if (!is_plain || (c == '.' && i > 0 && name.at[i - 1] == '.'))
			return false;
	}
	return true;
}

static GENERAL_NAME *general_text(int type, struct str text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	must(ASN1_STRING_set(value, text.at, (int)text.len));
	GENERAL_NAME_set0_value(name, type, value);
	return name;
}

static GENERAL_NAME *general_address(const void *at, int len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

	must(ASN1_OCTET_STRING_set(value, at, len));
	GENERAL_NAME_set0_value(name, GEN_IPADD, value);
	return name;
}

/* NULL when the text is no name of any form. */
static GENERAL_NAME *general_name(struct str text)
{
	char copy[INET6_ADDRSTRLEN] = "";
	uint8_t address[16];

	if (str_find(text, STR("://")) > 0)
		return general_text(GEN_URI, text);
	if (str_find_char(text, '@') > 0)
		return general_text(GEN_EMAIL, text);
	if (text.len > 0 && text.len < sizeof copy)
		memcpy(copy, text.at, text.len);
	if (inet_pton(AF_INET, copy, address) == 1)
		return general_address(address, 4);
	if (inet_pton(AF_INET6, copy, address) == 1)
		return general_address(address, 16);
	return is_dns_name(text) ? general_text(GEN_DNS, text) : NULL;
}

static enum status general_names(const struct certificate_wish *wish, GIVE GENERAL_NAMES **out,
				 struct fault *why)
{
	GENERAL_NAMES *names;

	if (wish->names_count > CERTIFICATE_NAMES_MAX)
		return fault_set(why, TOO_LARGE, "", "%u names are too many for one certificate",
				 wish->names_count);
	names = GENERAL_NAMES_new();
	for (uint32_t i = 0; i < wish->names_count; i++) {
		GENERAL_NAME *name = general_name(wish->names[i]);

		if (name == NULL) {
			GENERAL_NAMES_free(names);
			return fault_set(
			    why, INVALID, "",
			    "\"" STR_FMT
			    "\" is neither a DNS name, an address of any sort nor a URI",
			    STR_ARG(wish->names[i]));
		}
		sk_GENERAL_NAME_push(names, name);
	}
	*out = names;
	return OK;
}

/* Plain UTF-8 strings: with MBSTRING_UTF8 the library would refuse names over 64 bytes, which Kubernetes has. */
static void subject_fill(X509_NAME *subject, const struct certificate_wish *wish)
{
	for (uint32_t i = 0; i < wish->organizations_count; i++)
		must(X509_NAME_add_entry_by_NID(subject, NID_organizationName, V_ASN1_UTF8STRING,
						(const uint8_t *)wish->organizations[i].at,
						(int)wish->organizations[i].len, -1, 0));
	if (wish->common_name.len > 0)
		must(X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING,
						(const uint8_t *)wish->common_name.at,
						(int)wish->common_name.len, -1, 0));
}

static void push_extension(STACK_OF(X509_EXTENSION) * *list, int nid, void *value, bool is_critical)
{
	must(X509V3_add1_i2d(list, nid, value, is_critical, X509V3_ADD_APPEND));
}

static void push_key_usage(STACK_OF(X509_EXTENSION) * *list, unsigned usage)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

	must(ASN1_BIT_STRING_set_bit(bits, KEY_USAGE_SIGNATURE, 1));
	if (usage & (CERTIFICATE_SERVER | CERTIFICATE_CLIENT))
		must(ASN1_BIT_STRING_set_bit(bits, KEY_USAGE_ENCIPHERMENT, 1));
	if (usage & CERTIFICATE_AUTHORITY) {
		must(ASN1_BIT_STRING_set_bit(bits, KEY_USAGE_CERT_SIGN, 1));
		must(ASN1_BIT_STRING_set_bit(bits, KEY_USAGE_CRL_SIGN, 1));
	}
	push_extension(list, NID_key_usage, bits, true);
	ASN1_BIT_STRING_free(bits);
}

static void push_purposes(STACK_OF(X509_EXTENSION) * *list, unsigned usage)
{
	EXTENDED_KEY_USAGE *purposes;

	if ((usage & (CERTIFICATE_SERVER | CERTIFICATE_CLIENT)) == 0)
		return;
	purposes = EXTENDED_KEY_USAGE_new();
	if (usage & CERTIFICATE_SERVER)
		sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth));
	if (usage & CERTIFICATE_CLIENT)
		sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_client_auth));
	push_extension(list, NID_ext_key_usage, purposes, false);
	EXTENDED_KEY_USAGE_free(purposes);
}

static void push_constraints(STACK_OF(X509_EXTENSION) * *list, unsigned usage)
{
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

	if (usage & CERTIFICATE_AUTHORITY) {
		constraints->ca =
		    0xff; /* DER has one true (X.690, 11.1), and other readers insist on it */
		constraints->pathlen = ASN1_INTEGER_new();
		must(ASN1_INTEGER_set(constraints->pathlen, 0));
	}
	push_extension(list, NID_basic_constraints, constraints, true);
	BASIC_CONSTRAINTS_free(constraints);
}

/* The extensions that a wish stands for, the same for certificates and requests. */
static enum status extensions_make(const struct certificate_wish *wish,
				   GIVE STACK_OF(X509_EXTENSION) * *out, struct fault *why)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	GENERAL_NAMES *names;

	TRY(general_names(wish, &names, why));
	push_constraints(&list, wish->usage);
	push_key_usage(&list, wish->usage);
	push_purposes(&list, wish->usage);
	if (sk_GENERAL_NAME_num(names) > 0)
		push_extension(&list, NID_subject_alt_name, names, false);
	GENERAL_NAMES_free(names);
	*out = list;
	return OK;
}

/* RFC 5280, 4.2.1.2, method 1, with SHA-256 cut to 20 bytes (RFC 7093): how chains find their way. */
static ASN1_OCTET_STRING *key_identifier(X509 *certificate)
{
	ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
	ASN1_OCTET_STRING *out = ASN1_OCTET_STRING_new();
	uint8_t digest[CRYPTO_SHA256_BYTES];

	crypto_sha256(str_of(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)), digest);
	must(ASN1_OCTET_STRING_set(out, digest, 20));
	return out;
}

static void add_key_identifiers(X509 *certificate, X509 *authority)
{
	ASN1_OCTET_STRING *own = key_identifier(certificate);
	const ASN1_OCTET_STRING *theirs = X509_get0_subject_key_id(authority);
	AUTHORITY_KEYID *issuer = AUTHORITY_KEYID_new();

	must(X509_add1_ext_i2d(certificate, NID_subject_key_identifier, own, 0, X509V3_ADD_APPEND));
	issuer->keyid = theirs != NULL ? ASN1_OCTET_STRING_dup(theirs) : own;
	must(X509_add1_ext_i2d(certificate, NID_authority_key_identifier, issuer, 0,
			       X509V3_ADD_APPEND));
	if (issuer->keyid == own)
		issuer->keyid = NULL;
	AUTHORITY_KEYID_free(issuer);
	ASN1_OCTET_STRING_free(own);
}

/* 127 random bits: nobody can guess a serial and none comes twice (RFC 5280, 4.1.2.2: positive). */
static void set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *number;

	crypto_random(bytes, sizeof bytes);
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
}

static struct str certificate_pem(X509 *certificate, struct arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(PEM_write_bio_X509(bio, certificate));
	return tls_bio_to_arena(bio, arena);
}

/* `authority` NULL: signed by itself. `not_after` is the wish's, or the authority's if that is earlier. */
static enum status make(const struct certificate_wish *wish, EVP_PKEY *subject_key, X509 *authority,
			EVP_PKEY *signer, struct arena *arena, struct str *out_pem,
			struct fault *why)
{
	STACK_OF(X509_EXTENSION) * extensions;
	X509 *certificate;
	time_t end = tls_seconds(wish->not_after);

	if (wish->not_after.ns <= wish->not_before.ns)
		return fault_set(why, INVALID, "", "a certificate must end after it begins");
	TRY(extensions_make(wish, &extensions, why));
	certificate = X509_new();
	must(X509_set_version(certificate, X509_VERSION_3));
	set_serial(certificate);
	subject_fill(X509_get_subject_name(certificate), wish);
	must(X509_set_issuer_name(certificate,
				  X509_get_subject_name(authority ? authority : certificate)));
	ASN1_TIME_set(X509_getm_notBefore(certificate), tls_seconds(wish->not_before));
	if (authority != NULL && X509_cmp_time(X509_get0_notAfter(authority), &end) < 0)
		must(X509_set1_notAfter(certificate, X509_get0_notAfter(authority)));
	else
		ASN1_TIME_set(X509_getm_notAfter(certificate), end);
	if (!p256_set_public(certificate, subject_key))
		must(X509_set_pubkey(certificate, subject_key));
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
		must(X509_add_ext(certificate, sk_X509_EXTENSION_value(extensions, i), -1));
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	add_key_identifiers(certificate, authority ? authority : certificate);
	if (X509_sign(certificate, signer, tls_library()->sha256) == 0) {
		X509_free(certificate);
		return tls_fault(why, INTERNAL, "the certificate could not be signed");
	}
	*out_pem = certificate_pem(certificate, arena);
	X509_free(certificate);
	return OK;
}

enum status certificate_self_signed(const struct certificate_wish *wish,
				    const struct certificate_key *key, struct arena *arena,
				    struct str *out_pem, struct fault *why)
{
	assert(key->is_private);
	return make(wish, key->handle, NULL, key->handle, arena, out_pem, why);
}

static X509_REQ *request_from_pem(struct str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return request;
}

/* The key that a request or a bare public key is about; whoever sends a request proves to hold its private half. */
static enum status subject_key_from_pem(struct str pem, EVP_PKEY **out, struct fault *why)
{
	struct certificate_key *key;
	X509_REQ *request;
	bool is_proven;

	if (pem.len > CERTIFICATE_PEM_MAX)
		return fault_set(why, TOO_LARGE, "", "a request of %u bytes is too large", pem.len);
	if (str_find(pem, STR("CERTIFICATE REQUEST")) < 0) {
		TRY(certificate_key_from_pem(pem, &key, why));
		EVP_PKEY_up_ref(key->handle);
		*out = key->handle;
		certificate_key_free(key);
		return OK;
	}
	request = request_from_pem(pem);
	if (request == NULL)
		return tls_fault(why, INVALID, "the certificate request is damaged");
	is_proven = X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
	*out = is_proven ? X509_REQ_get_pubkey(request) : *out;
	X509_REQ_free(request);
	return is_proven ? OK
			 : tls_fault(why, FORBIDDEN,
				     "the certificate request is not signed by its own key");
}

static enum status issue(const struct certificate_authority *authority,
			 const struct certificate_wish *wish, EVP_PKEY *subject_key,
			 struct arena *arena, struct str *out_pem, struct fault *why)
{
	STACK_OF(X509) *chain = NULL;
	enum status status;

	tls_library();
	assert(authority->key->is_private);
	status = tls_certificates_from_pem(authority->certificate_pem,
					   "the authority's certificate", &chain, why);
	if (status == OK &&
	    X509_check_private_key(sk_X509_value(chain, 0), authority->key->handle) != 1)
		status = tls_fault(why, INVALID,
				   "the authority's certificate and key do not belong together");
	if (status == OK)
		status = make(wish, subject_key, sk_X509_value(chain, 0), authority->key->handle,
			      arena, out_pem, why);
	sk_X509_pop_free(chain, X509_free);
	return status;
}

enum status certificate_issue(const struct certificate_authority *authority,
			      const struct certificate_wish *wish, struct str public_pem,
			      struct arena *arena, struct str *out_pem, struct fault *why)
{
	EVP_PKEY *subject_key = NULL;
	enum status status;

	tls_library();
	TRY(subject_key_from_pem(public_pem, &subject_key, why));
	status = issue(authority, wish, subject_key, arena, out_pem, why);
	EVP_PKEY_free(subject_key);
	return status;
}

enum status certificate_issue_own(const struct certificate_authority *authority,
				  const struct certificate_wish *wish,
				  const struct certificate_key *key, struct arena *arena,
				  struct str *out_pem, struct fault *why)
{
	return issue(authority, wish, key->handle, arena, out_pem, why);
}

enum status certificate_request(const struct certificate_wish *wish,
				const struct certificate_key *key, struct arena *arena,
				struct str *out_pem, struct fault *why)
{
	STACK_OF(X509_EXTENSION) * extensions;
	X509_REQ *request;
	BIO *bio;

	assert(key->is_private);
	TRY(extensions_make(wish, &extensions, why));
	request = X509_REQ_new();
	must(X509_REQ_set_version(request, X509_REQ_VERSION_1));
	subject_fill(X509_REQ_get_subject_name(request), wish);
	must(X509_REQ_set_pubkey(request, key->handle));
	must(X509_REQ_add_extensions(request, extensions));
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	if (X509_REQ_sign(request, key->handle, tls_library()->sha256) == 0) {
		X509_REQ_free(request);
		return tls_fault(why, INTERNAL, "the request could not be signed");
	}
	bio = BIO_new(BIO_s_mem());
	must(PEM_write_bio_X509_REQ(bio, request));
	X509_REQ_free(request);
	*out_pem = tls_bio_to_arena(bio, arena);
	return OK;
}

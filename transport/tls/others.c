#include "transport/tls/others.h"

#include <openssl/x509v3.h>

#include "transport/tls/certificate-key.h"
#include "transport/tls/tls-private.h"

struct other {
	STACK_OF(X509) * chain; /* without its first, which is the certificate */
	X509 *certificate;
	struct certificate_key *key;
	struct text names; /* empty: the certificate's own */
	bool is_rest;
};

struct others {
	SSL_CTX *library; /* it outlives this */
	struct other at[TLS_OTHERS_MAX];
	uint32_t count;
};

static void other_drop(struct other *other)
{
	sk_X509_pop_free(other->chain, X509_free);
	X509_free(other->certificate);
	certificate_key_free(other->key);
	text_fini(&other->names);
}

static bool has_name(const struct other *other, struct str name)
{
	struct str rest = text_str(&other->names), dot = name;

	if (rest.len == 0)
		return X509_check_host(other->certificate, name.at, name.len, 0, NULL) == 1;
	(void)str_cut(&dot, '.');
	while (rest.at != NULL) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (str_eq_nocase(one, name) ||
		    (str_starts(one, STR("*.")) && str_eq_nocase(str_slice(one, 2, one.len), dot)))
			return true;
	}
	return false;
}

static const struct other *find_other(const struct others *others, struct str name)
{
	X509 *own = SSL_CTX_get0_certificate(others->library);
	const struct other *rest = NULL;

	for (uint32_t i = 0; i < others->count; i++) {
		if (others->at[i].is_rest)
			rest = &others->at[i];
		else if (has_name(&others->at[i], name))
			return &others->at[i];
	}
	return X509_check_host(own, name.at, name.len, 0, NULL) == 1 ? NULL : rest;
}

static int choose_certificate(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct other *other = name != NULL ? find_other(arg, str_from(name)) : NULL;

	(void)alert;
	if (other != NULL)
		(void)SSL_use_cert_and_key(ssl, other->certificate, other->key->handle,
					   other->chain, 1);
	return SSL_TLSEXT_ERR_OK;
}

static enum status add_other(struct others *others, const struct tls_other *from, struct fault *why)
{
	struct other *other = &others->at[others->count];

	TRY(tls_certificates_from_pem(from->certificate_pem, "the certificate", &other->chain, why));
	others->count++; /* from here on it is dropped with the others */
	other->certificate = sk_X509_shift(other->chain);
	other->is_rest = from->is_rest;
	other->names = text_new(from->names.len);
	text_add(&other->names, from->names);
	TRY(certificate_key_from_pem(from->key_pem, &other->key, why));
	if (X509_check_private_key(other->certificate, other->key->handle) != 1)
		return tls_fault(why, INVALID, "the certificate and the key do not fit together");
	return OK;
}

void others_free(struct others *others)
{
	for (uint32_t i = 0; others != NULL && i < others->count; i++)
		other_drop(&others->at[i]);
	mem_free(others);
}

enum status others_set(SSL_CTX *library, const struct tls_config *config, struct others **out,
		       struct fault *why)
{
	struct others *others;
	enum status status = OK;

	assert(config->other_count <= TLS_OTHERS_MAX);
	if (config->other_count == 0)
		return OK;
	others = mem_new(struct others);
	others->library = library;
	for (uint32_t i = 0; status == OK && i < config->other_count; i++)
		status = add_other(others, &config->others[i], why);
	if (status != OK) {
		others_free(others);
		return status;
	}
	SSL_CTX_set_tlsext_servername_callback(library, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(library, others);
	*out = others;
	return OK;
}

/*
 * A context is a counted pointer to its newest generation. A generation is an SSL_CTX and what our callbacks
 * need beside it; sessions hold the one they began with.
 */
#include "transport/tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/base/base.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/crypto.h"
#include "transport/tls/others.h"
#include "transport/tls/suites.h"
#include "transport/tls/tls-private.h"

#define ALPN_MAX 64U    /* "h2,http/1.1" and a few more */
#define TICKETS_MAX 16U /* servers that a client resumes with */
#define TICKET_LIFETIME_S \
	3600L /* a removed user's certificate is looked at again within the hour */

/* Forward secrecy and authenticated ciphers only; of AES the shorter key first, which is as safe and costs less, as upstream's server has it. */
static const char ciphers[] = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";

struct ticket {
	char server_name[256];
	SSL_SESSION *session;
};

struct tls_generation {
	atomic_uint references;
	struct others *others; /* NULL: the own certificate is all there is */
	SSL_CTX *library;
	bool is_server, is_pinned, is_unverified, is_alpn_strict;
	enum tls_clients clients;
	uint8_t pin[CRYPTO_SHA256_BYTES];
	uint8_t alpn[ALPN_MAX]; /* as it goes over the wire: length, name, ... */
	unsigned alpn_len;
	struct wall (*now)(void *arg);
	void *now_arg;
	pthread_mutex_t lock; /* over the tickets */
	struct ticket tickets[TICKETS_MAX];
	uint32_t next_ticket;
};

struct tls_context {
	atomic_uint references;
	pthread_mutex_t lock; /* over all below */
	struct tls_generation *newest;
	uint64_t refusals;
	struct fault last_refusal;
};

static struct wall generation_now(const struct tls_generation *generation)
{
	return generation->now(generation->now_arg);
}

/* ---- verification ---- */

/* The authority that the peer shows itself and that bears the pinned fingerprint, or NULL. */
static X509 *find_pinned(const struct tls_generation *generation, STACK_OF(X509) * shown)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;

	for (int i = 0; i < sk_X509_num(shown); i++) {
		X509 *certificate = sk_X509_value(shown, i);

		if (X509_digest(certificate, tls_library()->sha256, digest, &len) == 1 &&
		    CRYPTO_memcmp(digest, generation->pin, sizeof generation->pin) == 0 &&
		    X509_check_ca(certificate) > 0)
			return certificate;
	}
	return NULL;
}

static int verify_pinned(const struct tls_generation *generation, X509_STORE_CTX *judge)
{
	X509 *pinned = find_pinned(generation, X509_STORE_CTX_get0_untrusted(judge));
	STACK_OF(X509) * trusted;
	int is_good;

	if (pinned == NULL) {
		X509_STORE_CTX_set_error(judge, X509_V_ERR_CERT_UNTRUSTED);
		return 0;
	}
	trusted = sk_X509_new_null();
	sk_X509_push(trusted, pinned);
	X509_STORE_CTX_set0_trusted_stack(judge, trusted);
	is_good = X509_verify_cert(judge);
	sk_X509_free(trusted);
	return is_good;
}

static void count_refusal(struct tls_context *context, const struct fault *refusal)
{
	pthread_mutex_lock(&context->lock);
	context->refusals++;
	context->last_refusal = *refusal;
	pthread_mutex_unlock(&context->lock);
}

/* OpenSSL's one question about the peer's chain. Our clock, our pin, our words. */
static int verify_peer(X509_STORE_CTX *judge, void *arg)
{
	const struct tls_generation *generation = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(judge, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_verdict *verdict = SSL_get_app_data(ssl);
	struct wall now = generation_now(generation);
	X509 *culprit;
	int is_good;

	if (generation->is_unverified)
		return 1;
	X509_STORE_CTX_set_time(judge, 0, tls_seconds(now));
	is_good = generation->is_pinned ? verify_pinned(generation, judge) : X509_verify_cert(judge);
	if (is_good == 1)
		return 1;
	culprit = X509_STORE_CTX_get_current_cert(judge);
	tls_refusal(&verdict->refusal, X509_STORE_CTX_get_error(judge),
		    culprit != NULL ? culprit : X509_STORE_CTX_get0_cert(judge), now);
	count_refusal(verdict->context, &verdict->refusal);
	return generation->is_server && generation->clients == TLS_CLIENTS_MAY_SHOW;
}

/* ---- ALPN and tickets ---- */

static int select_protocol(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *offered,
			   unsigned offered_len, void *arg)
{
	const struct tls_generation *generation = arg;
	uint8_t *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, generation->alpn, generation->alpn_len, offered,
				  offered_len) != OPENSSL_NPN_NEGOTIATED)
		return generation->is_alpn_strict
			   ? SSL_TLSEXT_ERR_ALERT_FATAL
			   : SSL_TLSEXT_ERR_NOACK; /* an old client is served as if it had not asked */
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void ticket_drop(struct ticket *ticket)
{
	SSL_SESSION_free(ticket->session);
	ticket->session = NULL;
}

static struct ticket *ticket_find(struct tls_generation *generation, const char *server_name)
{
	for (uint32_t i = 0; i < TICKETS_MAX; i++)
		if (generation->tickets[i].session != NULL &&
		    strcmp(generation->tickets[i].server_name, server_name) == 0)
			return &generation->tickets[i];
	return NULL;
}

static int keep_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct tls_verdict *verdict = SSL_get_app_data(ssl);
	struct tls_generation *generation = verdict->generation;
	struct ticket *ticket;

	pthread_mutex_lock(&generation->lock);
	ticket = ticket_find(generation, verdict->server_name);
	if (ticket == NULL)
		ticket = &generation->tickets[generation->next_ticket++ % TICKETS_MAX];
	ticket_drop(ticket);
	memcpy(ticket->server_name, verdict->server_name, sizeof ticket->server_name);
	ticket->session = session;
	pthread_mutex_unlock(&generation->lock);
	return 1; /* ours now */
}

/* Taken out when used: a ticket seen twice tells an onlooker that it is the same client (RFC 8446, C.4). */
static void use_ticket(struct tls_generation *generation, struct tls_verdict *verdict)
{
	struct ticket *ticket;

	pthread_mutex_lock(&generation->lock);
	ticket = ticket_find(generation, verdict->server_name);
	if (ticket != NULL) {
		SSL_set_session(verdict->ssl, ticket->session);
		ticket_drop(ticket);
	}
	pthread_mutex_unlock(&generation->lock);
}

/* ---- making a generation ---- */

static enum status set_certificate(SSL_CTX *library, const struct tls_config *config,
				   struct fault *why)
{
	STACK_OF(X509) *chain = NULL;
	struct certificate_key *key = NULL;
	enum status status;

	status = tls_certificates_from_pem(config->certificate_pem, "the certificate", &chain, why);
	if (status == OK)
		status = certificate_key_from_pem(config->key_pem, &key, why);
	if (status == OK && (SSL_CTX_use_certificate(library, sk_X509_value(chain, 0)) != 1 ||
			     SSL_CTX_use_PrivateKey(library, key->handle) != 1))
		status = tls_fault(why, INVALID, "the certificate and the key do not fit together");
	for (int i = 1; status == OK && i < sk_X509_num(chain); i++)
		if (SSL_CTX_add1_chain_cert(library, sk_X509_value(chain, i)) != 1)
			status = tls_fault(why, INVALID, "the certificate's chain is unusable");
	sk_X509_pop_free(chain, X509_free);
	certificate_key_free(key);
	return status;
}

/* What a client with several certificates chooses by. */
static enum status set_hints(SSL_CTX *library, const struct tls_config *config, struct fault *why)
{
	STACK_OF(X509) * list;

	if (!config->is_server || config->hinted_authorities_pem.len == 0)
		return OK;
	TRY(tls_certificates_from_pem(config->hinted_authorities_pem, "the authority", &list, why));
	for (int i = 0; i < sk_X509_num(list); i++)
		SSL_CTX_add_client_CA(library, sk_X509_value(list, i));
	sk_X509_pop_free(list, X509_free);
	return OK;
}

static enum status set_authorities(SSL_CTX *library, const struct tls_config *config,
				   struct fault *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(library);
	STACK_OF(X509) * list;

	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (config->authorities_pem.len == 0) {
		if (!config->is_server && config->authority_fingerprint == NULL &&
		    !config->is_unverified && SSL_CTX_set_default_verify_paths(library) != 1)
			return tls_fault(why, INVALID, "this machine has no store of authorities");
		return OK;
	}
	TRY(tls_certificates_from_pem(config->authorities_pem, "the authority", &list, why));
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509_STORE_add_cert(store, sk_X509_value(list, i));
		if (config->is_server) /* what a client with several certificates chooses by */
			SSL_CTX_add_client_CA(library, sk_X509_value(list, i));
	}
	sk_X509_pop_free(list, X509_free);
	ERR_clear_error();
	return OK;
}

static enum status set_alpn(struct tls_generation *generation, struct str list, struct fault *why)
{
	while (list.at != NULL) {
		struct str name = str_cut(&list, ',');

		if (name.len == 0 || generation->alpn_len + 1 + name.len > ALPN_MAX)
			return fault_set(why, INVALID, "", "\"" STR_FMT "\" is no protocol name",
					 STR_ARG(name));
		generation->alpn[generation->alpn_len++] = (uint8_t)name.len;
		memcpy(generation->alpn + generation->alpn_len, name.at, name.len);
		generation->alpn_len += name.len;
	}
	if (generation->alpn_len == 0)
		return OK;
	if (generation->is_server)
		SSL_CTX_set_alpn_select_cb(generation->library, select_protocol, generation);
	else if (SSL_CTX_set_alpn_protos(generation->library, generation->alpn,
					 generation->alpn_len) != 0)
		return tls_fault(why, INTERNAL, "the protocol names were refused");
	return OK;
}

static int verify_mode(const struct tls_config *config)
{
	if (!config->is_server)
		return config->is_unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
	switch (config->clients) {
	case TLS_CLIENTS_MAY_SHOW: return SSL_VERIFY_PEER;
	case TLS_CLIENTS_MUST_SHOW: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	case TLS_CLIENTS_UNASKED: break;
	}
	return SSL_VERIFY_NONE;
}

static void set_behaviour(struct tls_generation *generation, const struct tls_config *config)
{
	SSL_CTX *library = generation->library;

	SSL_CTX_set_min_proto_version(library, config->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(library, ciphers);
	SSL_CTX_set_ciphersuites(library, SUITES_13);
	SSL_CTX_set1_groups_list(library, groups);
	SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	/*
	 * Idle sessions give their 34 KiB of record buffers back; writes may be taken in part and repeated from elsewhere; what
	 * is shown to the peer is what the configuration says and not what the library finds.
	 */
	SSL_CTX_set_mode(library, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(library, verify_mode(config), NULL);
	SSL_CTX_set_cert_verify_callback(library, verify_peer, generation);
	SSL_CTX_set_timeout(library, TICKET_LIFETIME_S);
	SSL_CTX_set_num_tickets(library, 1);
	if (config->is_server) {
		SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF); /* stateless tickets */
		SSL_CTX_set_session_id_context(library, (const uint8_t *)"troupe", 6);
	} else {
		SSL_CTX_set_session_cache_mode(library,
					       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(library, keep_ticket);
	}
}

static struct tls_generation *generation_new(const struct tls_config *config)
{
	struct tls_generation *generation = mem_new(struct tls_generation);

	assert(config->now != NULL);
	tls_library();
	atomic_init(&generation->references, 1);
	pthread_mutex_init(&generation->lock, NULL);
	generation->is_server = config->is_server;
	generation->clients = config->clients;
	generation->is_unverified = config->is_unverified;
	generation->is_alpn_strict = config->is_alpn_strict;
	generation->now = config->now;
	generation->now_arg = config->now_arg;
	if (config->authority_fingerprint != NULL) {
		assert(!config->is_server);
		generation->is_pinned = true;
		memcpy(generation->pin, config->authority_fingerprint, sizeof generation->pin);
	}
	generation->library =
	    SSL_CTX_new(config->is_server ? TLS_server_method() : TLS_client_method());
	return generation;
}

static void generation_unref(struct tls_generation *generation)
{
	if (atomic_fetch_sub(&generation->references, 1) > 1)
		return;
	for (uint32_t i = 0; i < TICKETS_MAX; i++)
		ticket_drop(&generation->tickets[i]);
	others_free(generation->others);
	SSL_CTX_free(generation->library);
	pthread_mutex_destroy(&generation->lock);
	mem_free(generation);
}

static enum status generation_make(const struct tls_config *config,
				   GIVE struct tls_generation **out, struct fault *why)
{
	struct tls_generation *generation = generation_new(config);
	enum status status = OK;

	if (generation->library == NULL)
		status = tls_fault(why, INTERNAL, "the TLS library did not start");
	if (status == OK) {
		set_behaviour(generation, config);
		if (config->certificate_pem.len > 0 || config->is_server)
			status = set_certificate(generation->library, config, why);
	}
	if (status == OK)
		status = set_authorities(generation->library, config, why);
	if (status == OK)
		status = set_hints(generation->library, config, why);
	if (status == OK)
		status = set_alpn(generation, config->alpn, why);
	if (status == OK)
		status = others_set(generation->library, config, &generation->others, why);
	if (status == OK)
		status = suites_set(generation->library, config->cipher_suites, why);
	if (status != OK) {
		generation_unref(generation);
		return status;
	}
	*out = generation;
	return OK;
}

static struct tls_generation *generation_of(struct tls_context *context)
{
	struct tls_generation *generation;

	pthread_mutex_lock(&context->lock);
	generation = context->newest;
	atomic_fetch_add(&generation->references, 1);
	pthread_mutex_unlock(&context->lock);
	return generation;
}

/* ---- the public face ---- */

enum status tls_context_new(const struct tls_config *config, struct tls_context **out,
			    struct fault *why)
{
	struct tls_generation *generation;
	struct tls_context *context;

	TRY(generation_make(config, &generation, why));
	context = mem_new(struct tls_context);
	atomic_init(&context->references, 1);
	pthread_mutex_init(&context->lock, NULL);
	context->newest = generation;
	*out = context;
	return OK;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	atomic_fetch_add(&context->references, 1);
	return context;
}

void tls_context_unref(struct tls_context *context)
{
	if (context == NULL || atomic_fetch_sub(&context->references, 1) > 1)
		return;
	generation_unref(context->newest);
	pthread_mutex_destroy(&context->lock);
	mem_free(context);
}

enum status tls_context_replace(struct tls_context *context, const struct tls_config *config,
				struct fault *why)
{
	struct tls_generation *generation, *old;

	TRY(generation_make(config, &generation, why));
	pthread_mutex_lock(&context->lock);
	old = context->newest;
	context->newest = generation;
	pthread_mutex_unlock(&context->lock);
	assert(old->is_server == generation->is_server);
	generation_unref(old);
	return OK;
}

uint64_t tls_context_refusals(struct tls_context *context, struct fault *last)
{
	uint64_t count;

	pthread_mutex_lock(&context->lock);
	count = context->refusals;
	if (last != NULL)
		*last = context->last_refusal;
	pthread_mutex_unlock(&context->lock);
	return count;
}

/* ---- what one session knows of its context ---- */

static enum status expect_server(struct tls_verdict *verdict, struct str name, struct fault *why)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(verdict->ssl);
	bool is_address, is_fine;

	if (name.len >= sizeof verdict->server_name || memchr(name.at, 0, name.len) != NULL)
		return fault_set(why, INVALID, "", "no server can have that name");
	memcpy(verdict->server_name, name.at, name.len);
	is_address = X509_VERIFY_PARAM_set1_ip_asc(param, verdict->server_name) == 1;
	ERR_clear_error();
	if (is_address)
		is_fine = true; /* SNI has no addresses (RFC 6066, 3) */
	else
		is_fine = SSL_set_tlsext_host_name(verdict->ssl, verdict->server_name) == 1 &&
			  SSL_set1_host(verdict->ssl, verdict->server_name) == 1;
	if (!is_fine)
		return tls_fault(why, INVALID, "no server can be called \"%s\"",
				 verdict->server_name);
	if (verdict->generation->is_pinned) { /* the pin says more than a name */
		X509_VERIFY_PARAM_set1_host(param, NULL, 0);
		X509_VERIFY_PARAM_set1_ip(param, NULL, 0);
	}
	SSL_set_hostflags(verdict->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
					    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return OK;
}

enum status tls_verdict_init(struct tls_verdict *verdict, struct tls_context *context,
			     struct str server_name, BIO *bio, struct fault *why)
{
	struct tls_generation *generation = generation_of(context);
	enum status status = OK;

	*verdict = (struct tls_verdict){ .context = tls_context_ref(context),
					 .generation = generation,
					 .ssl = SSL_new(generation->library) };
	if (verdict->ssl == NULL) {
		BIO_free(bio);
		status = tls_fault(why, INTERNAL, "no TLS session could be made");
	} else {
		SSL_set_app_data(verdict->ssl, verdict);
		SSL_set_bio(verdict->ssl, bio, bio);
		if (generation->is_server)
			SSL_set_accept_state(verdict->ssl);
		else
			SSL_set_connect_state(verdict->ssl);
		if (!generation->is_server && server_name.len > 0)
			status = expect_server(verdict, server_name, why);
		if (status == OK && !generation->is_server)
			use_ticket(generation, verdict);
	}
	if (status != OK)
		tls_verdict_fini(verdict);
	return status;
}

void tls_verdict_fini(struct tls_verdict *verdict)
{
	/* Else the library holds a connection that just ended for an attack and spoils its ticket. */
	if (verdict->ssl != NULL)
		SSL_set_shutdown(verdict->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(verdict->ssl);
	generation_unref(verdict->generation);
	tls_context_unref(verdict->context);
	verdict->ssl = NULL;
}

enum status tls_verdict_settle(struct tls_verdict *verdict, struct fault *why)
{
	X509 *peer = SSL_get0_peer_certificate(verdict->ssl);
	struct wall now = generation_now(verdict->generation);
	time_t seconds = tls_seconds(now);

	if (!SSL_session_reused(verdict->ssl) || peer == NULL)
		return OK;
	if (SSL_get_verify_result(verdict->ssl) != X509_V_OK)
		tls_refusal(&verdict->refusal, (int)SSL_get_verify_result(verdict->ssl), peer, now);
	else if (X509_cmp_time(X509_get0_notAfter(peer), &seconds) < 0)
		tls_refusal(&verdict->refusal, X509_V_ERR_CERT_HAS_EXPIRED, peer, now);
	else
		return OK;
	count_refusal(verdict->context, &verdict->refusal);
	if (verdict->generation->is_server && verdict->generation->clients == TLS_CLIENTS_MAY_SHOW)
		return OK;
	if (why != NULL)
		*why = verdict->refusal;
	return UNAUTHORIZED;
}

/* Alerts by which the other side says that it does not take our certificate (RFC 8446, 6.2). */
static bool is_refusal_alert(int reason)
{
	switch (reason - SSL_AD_REASON_OFFSET) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_CERTIFICATE_REQUIRED: return true;
	default: return false;
	}
}

enum status tls_verdict_fault(struct tls_verdict *verdict, struct fault *why)
{
	unsigned long code = ERR_peek_last_error();

	if (verdict->refusal.status != OK && !SSL_is_init_finished(verdict->ssl)) {
		ERR_clear_error();
		if (why != NULL)
			*why = verdict->refusal;
		return UNAUTHORIZED;
	}
	if (code != 0 && is_refusal_alert(ERR_GET_REASON(code))) {
		struct fault refusal;

		tls_fault(&refusal, UNAUTHORIZED, "the other side refuses our certificate");
		count_refusal(verdict->context, &refusal);
		if (why != NULL)
			*why = refusal;
		return UNAUTHORIZED;
	}
	return tls_fault(why, IO, "the TLS session broke");
}

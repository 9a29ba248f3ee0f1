#include "transport/tls/link-engine.h"

#include <nng/nng.h>
#include <nng/supplemental/tls/engine.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "transport/tls/tls-private.h"

#define PEER_NAMES_MAX 2048

/* nng has no place in its calls for these two; they live from one call to the next on the same thread. */
static _Thread_local struct tls_context *next_context;
static _Thread_local char peer_names[PEER_NAMES_MAX];
static _Thread_local uint32_t peer_names_len;
static _Thread_local bool spoiling;

/* nng allocates both, cleared. */
struct nng_tls_engine_config {
	struct tls_context
	    *context; /* NULL in those that nng makes for itself: no connection comes of them */
	char server_name[256];
};

struct nng_tls_engine_conn {
	struct tls_context *context;
	char server_name[256];
	void *nng; /* nng's end of the connection */
	bool is_begun, is_spoiled;
	struct tls_verdict verdict;
};

/* ---- the bottom: nng's stream ---- */

static int stream_read(BIO *bio, char *out, size_t bytes, size_t *got)
{
	size_t len = bytes;
	int result = nng_tls_engine_recv(BIO_get_data(bio), (uint8_t *)out, &len);

	BIO_clear_retry_flags(bio);
	if (result == NNG_EAGAIN)
		BIO_set_retry_read(bio);
	*got = result == 0 ? len : 0;
	return result == 0;
}

static int stream_write(BIO *bio, const char *at, size_t bytes, size_t *taken)
{
	size_t len = bytes;
	int result = nng_tls_engine_send(BIO_get_data(bio), (const uint8_t *)at, &len);

	BIO_clear_retry_flags(bio);
	if (result == NNG_EAGAIN)
		BIO_set_retry_write(bio);
	*taken = result == 0 ? len : 0;
	return result == 0;
}

static long stream_control(BIO *bio, int command, long number, void *arg)
{
	(void)bio, (void)number, (void)arg;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_link_bio_make(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "nng");

	BIO_meth_set_read_ex(method, stream_read);
	BIO_meth_set_write_ex(method, stream_write);
	BIO_meth_set_ctrl(method, stream_control);
	return method;
}

/* ---- configurations ---- */

static int config_init(nng_tls_engine_config *config, nng_tls_mode mode)
{
	(void)mode; /* the context knows */
	config->context = next_context;
	next_context = NULL;
	return 0;
}

static void config_fini(nng_tls_engine_config *config)
{
	tls_context_unref(config->context);
}

static int config_server(nng_tls_engine_config *config, const char *name)
{
	size_t len = strlen(name);

	if (len >= sizeof config->server_name)
		return NNG_EINVAL;
	memcpy(config->server_name, name, len + 1);
	return 0;
}

/* The rest of a configuration is the context's; nng may go through the motions. */
static int config_auth(nng_tls_engine_config *config, nng_tls_auth_mode mode)
{
	(void)config, (void)mode;
	return 0;
}

static int config_ca_chain(nng_tls_engine_config *config, const char *pem, const char *revoked)
{
	(void)config, (void)pem, (void)revoked;
	return 0;
}

static int config_own_cert(nng_tls_engine_config *config, const char *pem, const char *key,
			   const char *pass)
{
	(void)config, (void)pem, (void)key, (void)pass;
	return 0;
}

static int config_version(nng_tls_engine_config *config, nng_tls_version low, nng_tls_version high)
{
	(void)config, (void)low, (void)high;
	return 0;
}

/* ---- connections ---- */

/* nng arms connections long before they are used: what can change is looked at only in the handshake. */
static int conn_init(nng_tls_engine_conn *conn, void *nng, nng_tls_engine_config *config)
{
	if (config->context == NULL)
		return NNG_EINVAL;
	conn->context = tls_context_ref(config->context);
	memcpy(conn->server_name, config->server_name, sizeof conn->server_name);
	conn->nng = nng;
	return 0;
}

static void conn_fini(nng_tls_engine_conn *conn)
{
	if (conn->is_begun)
		tls_verdict_fini(&conn->verdict);
	tls_context_unref(conn->context);
}

static void conn_close(nng_tls_engine_conn *conn)
{
	if (!conn->is_begun || !SSL_is_init_finished(conn->verdict.ssl))
		return;
	SSL_shutdown(conn->verdict.ssl);
	ERR_clear_error();
}

static int begin(nng_tls_engine_conn *conn)
{
	BIO *bio = BIO_new(tls_library()->link_bio);

	if (bio == NULL)
		return NNG_ENOMEM;
	BIO_set_data(bio, conn->nng);
	BIO_set_init(bio, 1);
	if (tls_verdict_init(&conn->verdict, conn->context, str_from(conn->server_name), bio,
			     NULL) != OK)
		return NNG_ECRYPTO;
	conn->is_begun = true;
	return 0;
}

static int result_of(nng_tls_engine_conn *conn, int result)
{
	switch (SSL_get_error(conn->verdict.ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return NNG_EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return NNG_ECLOSED;
	default: break;
	}
	/* The words are kept by the context: tls_context_refusals. */
	return tls_verdict_fault(&conn->verdict, NULL) == UNAUTHORIZED ? NNG_EPEERAUTH : NNG_ECRYPTO;
}

static int conn_handshake(nng_tls_engine_conn *conn)
{
	int result = conn->is_spoiled ? NNG_ECLOSED : conn->is_begun ? 0 : begin(conn);

	if (result != 0 || SSL_is_init_finished(conn->verdict.ssl))
		return result;
	ERR_clear_error();
	result = SSL_do_handshake(conn->verdict.ssl);
	if (result != 1)
		return result_of(conn, result);
	return tls_verdict_settle(&conn->verdict, NULL) == OK ? 0 : NNG_EPEERAUTH;
}

/* nng may send or receive first and shake hands later; both begin with what is left of the handshake. */
static int conn_recv(nng_tls_engine_conn *conn, uint8_t *out, size_t *bytes)
{
	int result = conn_handshake(conn);
	size_t got = 0;

	if (result != 0)
		return result;
	ERR_clear_error();
	result = SSL_read_ex(conn->verdict.ssl, out, *bytes, &got);
	*bytes = got;
	return result == 1 ? 0 : result_of(conn, result);
}

static int conn_send(nng_tls_engine_conn *conn, const uint8_t *at, size_t *bytes)
{
	int result = conn_handshake(conn);
	size_t taken = 0;

	if (result != 0)
		return result;
	ERR_clear_error();
	result = SSL_write_ex(conn->verdict.ssl, at, *bytes, &taken);
	*bytes = taken;
	return result == 1 ? 0 : result_of(conn, result);
}

static void name_keep(const ASN1_IA5STRING *name)
{
	const uint8_t *at = ASN1_STRING_get0_data(name);
	size_t len = (size_t)ASN1_STRING_length(name);

	if (len == 0 || len + 1 > PEER_NAMES_MAX - peer_names_len ||
	    memchr(at, '\n', len) != NULL || memchr(at, 0, len) != NULL)
		return;
	memcpy(peer_names + peer_names_len, at, len);
	peer_names_len += (uint32_t)len;
	peer_names[peer_names_len++] = '\n';
}

/* Called on the thread that reads NNG_OPT_TLS_VERIFIED of a pipe: the only way from a pipe to its connection. */
static bool conn_verified(nng_tls_engine_conn *conn)
{
	X509 *peer = conn->is_begun ? SSL_get0_peer_certificate(conn->verdict.ssl) : NULL;
	GENERAL_NAMES *names;

	peer_names_len = 0;
	conn->is_spoiled = conn->is_spoiled || spoiling;
	if (peer == NULL || SSL_get_verify_result(conn->verdict.ssl) != X509_V_OK)
		return false;
	names = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type == GEN_DNS)
			name_keep(sk_GENERAL_NAME_value(names, i)->d.dNSName);
	GENERAL_NAMES_free(names);
	return true;
}

/* nng wants them writable. */
static nng_tls_engine_config_ops config_ops = {
	.size = sizeof(struct nng_tls_engine_config),
	.init = config_init,
	.fini = config_fini,
	.server = config_server,
	.auth = config_auth,
	.ca_chain = config_ca_chain,
	.own_cert = config_own_cert,
	.version = config_version,
};

static nng_tls_engine_conn_ops conn_ops = {
	.size = sizeof(struct nng_tls_engine_conn),
	.init = conn_init,
	.fini = conn_fini,
	.close = conn_close,
	.handshake = conn_handshake,
	.recv = conn_recv,
	.send = conn_send,
	.verified = conn_verified,
};

static const nng_tls_engine engine = {
	.version = NNG_TLS_ENGINE_VERSION,
	.config_ops = &config_ops,
	.conn_ops = &conn_ops,
	.name = "troupe",
	.description = "TLS 1.3 on OpenSSL",
};

enum status link_engine_register(void)
{
	tls_library();
	return nng_tls_engine_register(&engine) == 0 ? OK : INTERNAL;
}

void link_engine_next(struct tls_context *context)
{
	tls_context_unref(next_context);
	next_context = context != NULL ? tls_context_ref(context) : NULL;
}

void link_engine_spoil(bool is_spoiling)
{
	spoiling = is_spoiling;
}

struct str link_engine_peer_names(void)
{
	return str_of(peer_names, peer_names_len);
}

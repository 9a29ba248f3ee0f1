#include "transport/tls/session.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "transport/tls/tls-private.h"

struct tls_session {
	struct tls_verdict verdict;
	struct str *in;          /* the caller's, during a call that reads */
	struct text *send;       /* the caller's, during a call that may write */
	struct tls_place *place; /* the caller's, while it is sealed */
	uint32_t payload_at;     /* tls_session_payload_at */
	enum tls_state state;
	bool is_closed;        /* close_notify was made */
	struct fault *failure; /* once FAILED */
};

/* ---- the bottom of the library: reads from and appends to what the caller lent for this call ---- */

static int bio_read(BIO *bio, char *out, size_t bytes, size_t *got)
{
	struct tls_session *session = BIO_get_data(bio);
	struct str *in = session->in;

	BIO_clear_retry_flags(bio);
	if (in == NULL || in->len == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	*got = bytes < in->len ? bytes : in->len;
	memcpy(out, in->at, *got);
	*in = str_slice(*in, (uint32_t)*got, in->len);
	return 1;
}

static uint32_t room_in(const struct text *send)
{
	return send->max - send->len;
}

static int bio_write(BIO *bio, const char *at, size_t bytes, size_t *taken)
{
	struct tls_session *session = BIO_get_data(bio);
	uint32_t room = session->send != NULL ? room_in(session->send) : 0;

	BIO_clear_retry_flags(bio);
	if (session->place != NULL) {
		tls_place_take(session->place, at, bytes);
		*taken = bytes;
		return 1;
	}
	if (room == 0) {
		BIO_set_retry_write(bio);
		return 0;
	}
	*taken = bytes < room ? bytes : room;
	text_add_bytes(session->send, at, *taken);
	return 1;
}

static long bio_control(BIO *bio, int command, long number, void *arg)
{
	(void)bio, (void)number, (void)arg;
	return command == BIO_CTRL_FLUSH; /* nothing is held back here; nothing else is offered */
}

BIO_METHOD *tls_session_bio_make(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bytes");

	BIO_meth_set_read_ex(method, bio_read);
	BIO_meth_set_write_ex(method, bio_write);
	BIO_meth_set_ctrl(method, bio_control);
	return method;
}

/* ---- life ---- */

struct tls_session *tls_session_new(struct tls_context *context, struct str server_name)
{
	struct tls_session *session = mem_new(struct tls_session);
	struct fault why;
	BIO *bio = BIO_new(tls_library()->session_bio);

	if (bio == NULL)
		abort();
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	if (tls_verdict_init(&session->verdict, context, server_name, bio, &why) != OK) {
		session->state = TLS_FAILED;
		session->failure = mem_copy(&why, sizeof why);
	}
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (session == NULL)
		return;
	if (session->verdict.ssl != NULL)
		tls_verdict_fini(&session->verdict);
	mem_free(session->failure);
	mem_free(session);
}

enum tls_state tls_session_state(const struct tls_session *session)
{
	return session->state;
}

static void borrow(struct tls_session *session, struct str *in, struct text *send)
{
	session->in = in;
	session->send = send;
	/* SSL_get_error looks at this thread's whole queue; clearing it goes through all its places, filled or not. */
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

static void give_back(struct tls_session *session)
{
	session->in = NULL;
	session->send = NULL;
}

static enum status failed(const struct tls_session *session, struct fault *why)
{
	if (why != NULL)
		*why = *session->failure;
	return session->failure->status;
}

static enum status fail(struct tls_session *session, const struct fault *failure, struct fault *why)
{
	session->state = TLS_FAILED;
	session->failure = mem_copy(failure, sizeof *failure);
	return failed(session, why);
}

/* After every call into the library: has the handshake ended by it? */
static enum status advance(struct tls_session *session, struct fault *why)
{
	struct fault refusal;

	if (session->state != TLS_HANDSHAKE || !SSL_is_init_finished(session->verdict.ssl))
		return OK;
	session->state = TLS_OPEN;
	if (tls_verdict_settle(&session->verdict, &refusal) != OK)
		return fail(session, &refusal, why);
	return OK;
}

/* A call returned no bytes: it waits for more, met the end, or failed. */
static enum status stopped(struct tls_session *session, int result, struct fault *why)
{
	struct fault failure;

	switch (SSL_get_error(session->verdict.ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return OK;
	case SSL_ERROR_ZERO_RETURN: session->state = TLS_ENDED; return OK;
	default:
		tls_verdict_fault(&session->verdict, &failure);
		return fail(session, &failure, why);
	}
}

/* ---- bytes ---- */

enum status tls_session_start(struct tls_session *session, struct text *send, struct fault *why)
{
	enum status status = OK;
	int result;

	if (session->state == TLS_FAILED)
		return failed(session, why);
	if (session->state != TLS_HANDSHAKE)
		return OK;
	borrow(session, NULL, send);
	result = SSL_do_handshake(session->verdict.ssl);
	if (result != 1)
		status = stopped(session, result, why);
	give_back(session);
	return status;
}

enum status tls_session_read(struct tls_session *session, struct str *in, void *out,
			     size_t out_bytes, size_t *out_len, struct text *send, struct fault *why)
{
	enum status status;
	size_t len = 0;
	int result;

	assert(out_bytes > 0);
	*out_len = 0;
	if (session->state == TLS_FAILED)
		return failed(session, why);
	if (session->state == TLS_ENDED)
		return OK;
	borrow(session, in, send);
	result = SSL_read_ex(session->verdict.ssl, out, out_bytes, &len);
	status = advance(session, why);
	if (status == OK && result != 1)
		status = stopped(session, result, why);
	give_back(session);
	if (status == OK)
		*out_len = len;
	return status;
}

bool tls_session_is_drained(const struct tls_session *session)
{
	return session->verdict.ssl != NULL && SSL_has_pending(session->verdict.ssl) == 0;
}

enum status tls_session_write(struct tls_session *session, struct str *plain, struct text *send,
			      struct fault *why)
{
	enum status status = OK;

	if (session->state == TLS_FAILED)
		return failed(session, why);
	if (session->state == TLS_HANDSHAKE || session->is_closed)
		return OK;
	borrow(session, NULL, send);
	while (status == OK && plain->len > 0 && room_in(send) >= TLS_RECORD_BYTES) {
		uint32_t piece = plain->len < TLS_PLAIN_BYTES ? plain->len : TLS_PLAIN_BYTES;
		size_t taken = 0;
		int result = SSL_write_ex(session->verdict.ssl, plain->at, piece, &taken);

		*plain = str_slice(*plain, (uint32_t)taken, plain->len);
		if (result != 1) {
			status = stopped(session, result, why);
			break;
		}
	}
	give_back(session);
	return status;
}

/* ---- records where they lie ---- */

uint32_t tls_session_payload_at(const struct tls_session *session)
{
	return session->payload_at;
}

/* Nothing else goes out with it, and it becomes one record: only then may the library write to where the plaintext lies. */
static bool is_sole(const struct tls_session *session)
{
	SSL *ssl = session->verdict.ssl;

	return SSL_version(ssl) == TLS1_3_VERSION && !SSL_in_init(ssl) &&
	       SSL_get_key_update_type(ssl) == SSL_KEY_UPDATE_NONE &&
	       SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl)) ==
		   TLSEXT_max_fragment_length_DISABLED;
}

/* What the library wrote then lies in the place, or in its text of what was made elsewhere. It may stop after each record that it makes. */
static int write_into(struct tls_session *session, struct tls_place *place, struct tls_loan *loan)
{
	struct str plain = text_str(&place->plain), left;
	bool is_lent = is_sole(session);
	char *copy;
	int result = 1;

	place->is_there = place->is_there && is_lent;
	copy = is_lent && !place->is_there ? mem_copy(plain.at, plain.len) : NULL;
	left = copy != NULL ? str_of(copy, plain.len) : plain;
	borrow(session, NULL, NULL);
	session->place = place;
	tls_lend(is_lent ? loan : NULL);
	while (result == 1 && left.len > 0) {
		size_t taken = 0;

		result = SSL_write_ex(session->verdict.ssl, left.at, left.len, &taken);
		left = str_slice(left, (uint32_t)taken, left.len);
	}
	tls_lend(NULL);
	session->place = NULL;
	mem_free(copy);
	return result;
}

enum status tls_session_seal(struct tls_session *session, struct tls_place *place, struct str *out,
			     struct fault *why)
{
	struct tls_loan loan = { .at = place->block };
	struct fault astray = { 0 };
	int result;

	assert(place->plain.len > 0 && !place->plain.is_cut);
	if (session->state == TLS_FAILED)
		return failed(session, why);
	if (session->state == TLS_HANDSHAKE || session->is_closed)
		return IO;
	result = write_into(session, place, &loan);
	if (loan.is_out)
		place->block = NULL; /* the library keeps it */
	if (result != 1) {
		enum status status = stopped(session, result, why);

		return status == OK ? IO : status;
	}
	if (loan.is_out || (place->is_there && loan.is_taken && !tls_place_is_right(place))) {
		(void)fault_set(&astray, IO, "", "a record was made elsewhere than the last ones");
		return fail(session, &astray, why);
	}
	if (!place->is_there && loan.is_taken)
		session->payload_at = tls_place_learn(place);
	*out = place->record.at != NULL ? place->record : text_str(&place->other);
	return OK;
}

void tls_session_close(struct tls_session *session, struct text *send)
{
	bool can_say = session->state == TLS_OPEN || session->state == TLS_ENDED;

	if (!can_say || session->is_closed)
		return;
	session->is_closed = true;
	borrow(session, NULL, send);
	SSL_shutdown(session->verdict.ssl);
	ERR_clear_error();
	give_back(session);
}

/* ---- what was agreed ---- */

struct str tls_session_alpn(const struct tls_session *session)
{
	const uint8_t *at = NULL;
	unsigned len = 0;

	if (session->verdict.ssl != NULL)
		SSL_get0_alpn_selected(session->verdict.ssl, &at, &len);
	return len > 0 ? str_of(at, len) : STR_NONE;
}

const char *tls_session_version(const struct tls_session *session)
{
	return session->verdict.ssl != NULL ? SSL_get_version(session->verdict.ssl) : "";
}

bool tls_session_is_resumed(const struct tls_session *session)
{
	return session->verdict.ssl != NULL && SSL_session_reused(session->verdict.ssl);
}

static X509 *peer_of(const struct tls_session *session)
{
	return session->verdict.ssl != NULL ? SSL_get0_peer_certificate(session->verdict.ssl) : NULL;
}

enum status tls_session_peer(const struct tls_session *session, struct arena *arena,
			     struct certificate_info *out, struct fault *why)
{
	X509 *peer = peer_of(session);

	if (peer == NULL)
		return fault_set(why, NOT_FOUND, "", "the peer showed no certificate");
	if (session->verdict.refusal.status != OK) {
		if (why != NULL)
			*why = session->verdict.refusal;
		return UNAUTHORIZED;
	}
	tls_certificate_info(peer, arena, out);
	return OK;
}

struct str tls_session_peer_pem(const struct tls_session *session, struct arena *arena)
{
	X509 *peer = peer_of(session);
	BIO *bio;

	if (peer == NULL)
		return STR_NONE;
	bio = BIO_new(BIO_s_mem());
	if (PEM_write_bio_X509(bio, peer) != 1)
		abort();
	return tls_bio_to_arena(bio, arena);
}

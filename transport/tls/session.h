/*
 * A TLS session as a machine of bytes: ciphertext in, plaintext out, and the other way round.
 *
 * It knows no socket. One thread at a time. Every call that may produce bytes for the peer appends them to the
 * caller's `send`, as long as at least TLS_RECORD_BYTES are free there below its max: the caller's limit on `send` is the back-pressure.
 * Nothing is copied on the way but by the cipher itself; a session that is idle holds about 6 KiB, no buffers.
 *
 *     tls_session_start(session, &send, why);                          client: the first flight
 *     received: in = bytes; do tls_session_read(session, &in, buffer, sizeof buffer, &n, &send, why); while (n > 0);
 *     to write: gather what there is, then tls_session_write(session, &plain, &send, why);
 *     after either: hand `send` to the socket if it is not empty.
 *
 * Records are cut at 16 KiB; a write makes a record of whatever it is given, so gather small pieces first. Who sends much
 * gathers them in places (place.h), which saves the copies.
 */
#ifndef TRANSPORT_TLS_SESSION_H
#define TRANSPORT_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "transport/tls/certificate.h"
#include "transport/tls/context.h"
#include "transport/tls/place.h"

#define TLS_RECORD_BYTES (17U * 1024U) /* the largest record with its frame */

/*
 *   HANDSHAKE ──> OPEN ──> ENDED        the peer has said that it sends no more; writing still works
 *       └───────────┴────> FAILED       every further call says why; `send` may hold an alert to deliver
 */
enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_ENDED, TLS_FAILED };

struct tls_session;

/* `server_name`: client only: the DNS name or IP address that the server's certificate must carry; a DNS name is also sent (SNI). */
GIVE struct tls_session *tls_session_new(struct tls_context *context, struct str server_name);
void tls_session_free(TAKE struct tls_session *session); /* NULL is fine */

enum tls_state tls_session_state(const struct tls_session *session);

/* Client: makes the first flight. Server: does nothing. */
MUST_USE enum status tls_session_start(struct tls_session *session, struct text *send,
				       struct fault *why);

/*
 * Takes ciphertext from the front of `*in` (advancing it) and writes plaintext to `out`, at most `out_bytes`. Call again while *out_len > 0;
 * when it is 0, all of `*in` was taken unless `send` is full (deliver it, call again) or the state is ENDED. UNAUTHORIZED: the peer's certificate or ours
 * was refused, `why` says which and why; IO: anything else wrong with its bytes. Both are final.
 */
MUST_USE enum status tls_session_read(struct tls_session *session, struct str *in, void *out,
				      size_t out_bytes, size_t *out_len, struct text *send,
				      struct fault *why);

/* After a call that read something: nothing that came is left in it, so that another call with no more to take would read nothing. */
bool tls_session_is_drained(const struct tls_session *session);

/* Takes plaintext from the front of `*plain` (advancing it) while `send` has room; nothing before the state is OPEN. */
MUST_USE enum status tls_session_write(struct tls_session *session, struct str *plain,
				       struct text *send, struct fault *why);

/* One record of what was gathered in the place, in `*out` until that is closed. IO: there is no writing now; as from the other calls, final. */
MUST_USE enum status tls_session_seal(struct tls_session *session, struct tls_place *place,
				      struct str *out, struct fault *why);

/* Says that no more will be written (close_notify). Once; harmless in any state. */
void tls_session_close(struct tls_session *session, struct text *send);

/* From OPEN on. */
struct str tls_session_alpn(const struct tls_session *session); /* "h2"; absent if none was agreed */
const char *tls_session_version(const struct tls_session *session); /* "TLSv1.3" */
bool tls_session_is_resumed(const struct tls_session *session);
/* What the peer's certificate says. NOT_FOUND: it showed none; UNAUTHORIZED with words: it is not to be believed. */
MUST_USE enum status tls_session_peer(const struct tls_session *session, struct arena *arena,
				      struct certificate_info *out, struct fault *why);
/* The same as PEM, believed or not; absent when it showed none. */
struct str tls_session_peer_pem(const struct tls_session *session, struct arena *arena);

#endif

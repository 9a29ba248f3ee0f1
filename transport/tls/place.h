/*
 * A place for one record: plaintext is gathered where the library encrypts it, so that nothing of it is copied on the way.
 *
 * For whoever sends through sessions: opens a place, has what there is written to its text, seals it (tls_session_seal), hands the
 * record to the socket, closes it. A place is 18 KiB while it is open; of closed ones a few stay for whoever is next.
 *
 * How: for each record the library asks for a buffer, copies the plaintext into it and encrypts it there. The buffer that it gets is the
 * place, and to copy bytes to where they are costs nothing. Where in it they must lie a session learns from the first
 * record that it seals and checks at every other; a session that does not learn it (TLS 1.2) seals as well, with the copies.
 */
#ifndef TRANSPORT_TLS_PLACE_H
#define TRANSPORT_TLS_PLACE_H

#include <stdbool.h>

#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define TLS_PLAIN_BYTES 16384U /* of one record: RFC 8446, 5.1 */

struct tls_session;

struct tls_place {
	char *block;
	struct text plain; /* what is to be sealed: at most TLS_PLAIN_BYTES */
	struct str record; /* what was made in the block */
	struct text other; /* what was made elsewhere */
	const char *seen;  /* where the first of that was made */
	bool is_there;     /* the plaintext lies where the session wants it */
};

/* Gives its text, empty. */
struct text *tls_place_open(struct tls_place *place, const struct tls_session *session);
void tls_place_close(struct tls_place *place);

#endif

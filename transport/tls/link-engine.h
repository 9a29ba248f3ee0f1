/*
 * The TLS of nng's links: nng's public engine interface, filled with our contexts.
 *
 * nng's built-in engine stops at TLS 1.2 and cannot say who the peer is. This one does both, and since a connection
 * takes its context when its handshake begins, a replaced certificate counts from the next connection on (nng's own way is one late).
 * Only transport/peer uses it. Any thread.
 */
#ifndef TRANSPORT_TLS_LINK_ENGINE_H
#define TRANSPORT_TLS_LINK_ENGINE_H

#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "transport/tls/context.h"

/*
 * Makes this the TLS of nng. Call it once, after nng has started (it is started by opening any socket; a later start would put the
 * built-in engine back) and before the first TLS dialer or listener.
 */
MUST_USE enum status link_engine_register(void);

/* The next nng_tls_config that this thread makes takes `context` (and a reference); what is set there later but the server name is ignored. */
void link_engine_next(struct tls_context *context);

/*
 * Who is at the other end of the pipe whose NNG_OPT_TLS_VERIFIED this thread has read last: the DNS names of its
 * certificate, each followed by a newline. Empty if it showed none or is not to be believed. Borrowed until the next such read.
 */
struct str link_engine_peer_names(void);

/*
 * From now until it is called again: reading NNG_OPT_TLS_VERIFIED on this thread makes the pipe's connection fail at its next byte,
 * either way. So a pipe can be ended without nng_pipe_close, which may wedge nng 1.5.2 (see transport/peer/link.c).
 */
void link_engine_spoil(bool is_spoiling);

#endif

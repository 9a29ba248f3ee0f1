/*
 * The fixed header of a message between hosts: 40 bytes, little endian, followed by the body.
 *
 * Only runtime/actor writes and reads it; links and the simulator carry it unseen. Version 1; a change needs a new
 * number in the link's handshake.
 */
#ifndef RUNTIME_ACTOR_FAR_ENVELOPE_H
#define RUNTIME_ACTOR_FAR_ENVELOPE_H

#include "runtime/actor/act.h"

#define ENVELOPE_BYTES 40U
#define ENVELOPE_TRACE_BYTES 8U

enum envelope_kind {
	ENVELOPE_SEND = 1, /* body of `type` */
	ENVELOPE_REQUEST,  /* the same, `tag` names the asker's request */
	ENVELOPE_REPLY,    /* body of `type`, `tag` as in the request */
	ENVELOPE_REFUSE,   /* no body, `type` is an enum status */
	ENVELOPE_CANCEL,   /* no body: the asker of `tag` has stopped waiting */
	ENVELOPE_MONITOR,  /* no body, `tag` names the watcher's monitor */
	ENVELOPE_DEMONITOR,
	ENVELOPE_DOWN, /* body: the words; `type` is an enum act_reason; `from` the one that ended */
	ENVELOPE_LINK, /* no body: `from` and `to` end together from now on */
	ENVELOPE_UNLINK,
	ENVELOPE_EXIT, /* body: the words; `type` is an enum act_reason: a linked actor ended, or act_stop, act_kill */
	ENVELOPE_STOP,
	ENVELOPE_KILL,
};

struct envelope {
	enum envelope_kind kind;
	uint32_t length; /* of the body, at most LIMIT_MESSAGE_BYTES */
	uint32_t type;
	uint32_t slot, gen; /* the receiver at the host the link leads to */
	uint64_t tag;
	struct act_ref from;
	/*
	 * Number of its entry in the trace of the host that sent it; 0: that one traces nothing. It lies behind the body, in
	 * ENVELOPE_TRACE_BYTES, so that only what is traced is larger. Within a node, where all hosts are of one release, and to nodes that asked for it.
	 */
	uint64_t trace;
};

void envelope_encode(const struct envelope *envelope, char out[ENVELOPE_BYTES]);
/* What lies behind the body if `trace` is not 0. */
void envelope_encode_trace(uint64_t trace, char out[ENVELOPE_TRACE_BYTES]);
/* INVALID: cut short, unknown kind, or a length that is not what follows. */
MUST_USE enum status envelope_decode(struct str bytes, struct envelope *out, struct str *body);

#endif

/*
 * What the rest of this folder tells the trace; all of it only while host->trace is not NULL. act-host.h has its face.
 */
#ifndef RUNTIME_ACTOR_TRACE_H
#define RUNTIME_ACTOR_TRACE_H

#include "runtime/actor/actor-private.h"

/* Handed to another host by the running actor; its number. Taken back: the link did not want it. */
uint64_t trace_out(struct act_host *host, struct act_ref to, const struct act_type *type,
		   enum act_kind kind);
void trace_take_back(struct act_host *host);
/* Whether what goes there carries its number. */
bool trace_is_for(const struct act_host *host, uint32_t node);
/* What is put into mailboxes from now on came from that host, with that number in its trace; 0: none. */
void trace_from(struct act_host *host, struct seams_peer peer, uint64_t number);
/* Is handled now; and has been, however that ended. */
void trace_begin(struct act_host *host, const struct message *message);
void trace_end(struct act_host *host);
void trace_fini(struct act_host *host);

#endif

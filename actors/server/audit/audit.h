/*
 * Audit: at which moments a request is told of, and who waits for that.
 *
 * Two are steps of every request (steps.c): audit_receive when it is known who asks, audit_answer when the answer is there. What has no
 * answer of its own calls audit_start and audit_end. One that failed before anybody was known is told of once, by audit_answer.
 */
#ifndef ACTORS_SERVER_AUDIT_AUDIT_H
#define ACTORS_SERVER_AUDIT_AUDIT_H

#include "actors/server/request.h"

/* What one request has to say; NULL in a request: nothing. */
struct audit_state;

enum next audit_receive(struct request *r);
/* What was sent is in r->record, as it was decoded, before anybody changes it. */
void audit_decoded(struct request *r);
enum next audit_answer(struct request *r);
/* Its head is sent, it goes on. */
void audit_start(struct request *r);
/* It is over, and nobody waits. Once; after audit_answer it does nothing. */
void audit_end(struct request *r);

#endif

/*
 * Who asks, whether they may, and whether what they grant is theirs to give. Only for actors/server.
 */
#ifndef ACTORS_SERVER_ACCESS_ACCESS_H
#define ACTORS_SERVER_ACCESS_ACCESS_H

#include "actors/server/request.h"
#include "datastore/cel/library/function.h"

enum next access_authenticate(struct request *r); /* r->user */
enum next access_authorize(struct request *r);    /* what r->route asks for */
/* impersonate.c: BAD_REQUEST for a header that cannot be decoded; the step makes r->user another's. */
MUST_USE enum status impersonate_read(struct http_headers headers, struct arena *arena,
				      struct user *out);
enum next impersonate(struct request *r);

enum next access_authorize_create(struct request *r); /* an update that makes what is missing */
/* escalation.c: whether the roles and bindings that are about to be written are the writer's to give. */
enum next escalation_check(struct request *r);
/* signing.c: whether the writer may approve, sign or attest for the signer. */
enum next signing_check(struct request *r);

/* rights.c: what else the writer has to be allowed: r->unheld. */
enum next rights_check(struct request *r);

/* The face of the authorizers for expressions (struct cel_authorizer): `request` is the struct request. */
void access_decide(void *request, const struct cel_access *access, struct arena *arena,
		   struct cel_decision *out);

/* Both go on with the mechanism that waited; WAIT, or NEXT with the answer. */
struct access_verdict {
	bool is_allowed, is_denied;
	struct str reason;
};
enum next access_ask(struct request *r, const struct attributes *attributes, bool wants_reason,
		     struct access_verdict *out);
/* Not known: nobody takes the credentials for good; a->why may have words. */
enum next access_identify(struct request *r, struct authentication *a, bool *out_is_known);
/* User "x" cannot list resource "pods" in API group "" in the namespace "default": <reason> */
struct str access_refusal(struct request *r, const struct attributes *attributes, struct str reason);
/* Who is asked about rights now. */
struct authorizer_set access_rights(const struct server *server);
void access_reset(struct request *r); /* the next kind of mechanism begins with its first */

/* Of resources that are not kept: reviews; NULL: none. */
const struct verb_steps *reviews_steps(const struct resource *resource, enum verb verb);

#endif

/*
 * Places: who is called over HTTP, with a client (transport/http) and its connections for each.
 *
 * For actors/server, on its actor. A place is described by all that makes a connection to it what it is; who describes the same gets the
 * same. Bounds: LIMIT_OUTSIDE_PLACES (of more the one that was not used for the longest time ends), LIMIT_OUTSIDE_CONNECTIONS for each,
 * LIMIT_OUTSIDE_IDLE_MS without use.
 */
#ifndef ACTORS_SERVER_OUTSIDE_PLACES_H
#define ACTORS_SERVER_OUTSIDE_PLACES_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"

struct places;
struct place;

struct place_spec {
	struct str host; /* an address or a name */
	uint16_t port;
	struct str server_name;   /* that its certificate has to carry; absent: the host */
	struct str authorities;   /* PEM; absent: whom the machine trusts */
	bool is_unverified;       /* whatever it shows is taken */
	bool is_plain;            /* HTTP without TLS */
	uint32_t connections_max; /* 0: LIMIT_OUTSIDE_CONNECTIONS */
	struct str certificate_pem, key_pem; /* that it is shown; absent: none */
};

GIVE struct places *places_new(void);
void places_free(TAKE struct places *places); /* the clients are the actor's children and end with it */
/* It is in use until place_leave. INVALID with words: authorities that are none; BUSY: all that may be are in use. */
MUST_USE enum status places_enter(struct places *places, struct act *act,
				  const struct place_spec *spec, struct place **out,
				  struct fault *why);
void place_leave(struct place *place, struct mono now);
struct act_ref place_client(const struct place *place);
/* Its client has ended: the next who enters gets another. */
void places_forget(struct places *places, struct place *place);
void places_tick(struct places *places, struct act *act); /* now and then */

#endif

/*
 * Datagrams: UDP sockets as callbacks inside the actor that owns them. The same rules as stream.h.
 */
#ifndef RUNTIME_LOOP_DATAGRAM_H
#define RUNTIME_LOOP_DATAGRAM_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"

struct datagram;

/* Where a datagram came from or goes to, as bytes of a struct sockaddr. */
struct datagram_address {
	uint8_t bytes[28];
	uint8_t len;
};

MUST_USE enum status datagram_open(struct act *act, const char *address, uint16_t port,
				   void (*received)(struct act *act, struct datagram *socket,
						    struct str bytes,
						    const struct datagram_address *from, void *arg),
				   void *arg, struct datagram **out, struct fault *why);
uint16_t datagram_port(const struct datagram *socket);
/* Sends at once or drops: BUSY when the kernel's buffer is full. */
MAY_IGNORE enum status datagram_send(struct datagram *socket, struct str bytes,
				     const struct datagram_address *to);
MUST_USE enum status datagram_address_of(const char *address, uint16_t port,
					 struct datagram_address *out);
void datagram_close(TAKE struct datagram *socket);

#endif

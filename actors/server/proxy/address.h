/*
 * What `pods/https:web:8443/proxy/a/b` means: scheme, name and port, and the path on the other side.
 *
 * Pure. As k8s.io/apimachinery's SplitSchemeNamePort and upstream's connecter read them.
 */
#ifndef ACTORS_SERVER_PROXY_ADDRESS_H
#define ACTORS_SERVER_PROXY_ADDRESS_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

struct address {
	bool is_tls;
	struct str name, port; /* a number or, of services, a port's name; empty: none is said */
};

/* False: `id` is none: of more than three parts, without a name, or with a scheme that is neither http nor https. */
bool address_split(struct str id, struct address *out);
/* 1 to 65535; 0: it is no port. */
uint16_t address_port(struct str text);
/* Of a machine that others reach by it, as Go's IsGlobalUnicast: not this one, its link, a group, all or none. */
bool address_is_allowed(struct str ip);

/*
 * The path on the other side, encoded anew: what follows `/proxy` in `path`, which is how the request was asked for (`rest`, a part of it, is
 * that without a lone slash). Decoded and cleaned; empty: nothing follows, not even a slash. BAD_REQUEST: an escape is none.
 */
MUST_USE enum status address_path(struct arena *arena, struct str path, struct str rest,
				  struct str *out);
/* What stands before that in `path`. */
struct str address_prefix(struct str path, struct str rest);

#endif

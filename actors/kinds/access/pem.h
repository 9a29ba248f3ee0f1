/*
 * Texts in PEM form (RFC 7468): one block after the other, with anything between them.
 *
 * Pure. Only the frame is looked at; whether what is inside can be read says transport/tls.
 */
#ifndef ACTORS_KINDS_ACCESS_PEM_H
#define ACTORS_KINDS_ACCESS_PEM_H

#include "runtime/base/base.h"

struct pem_block {
	struct str label; /* CERTIFICATE */
	struct str text;  /* all of it, from its first dash to its last */
	bool has_headers; /* lines "Name: value" before the body, as old tools write them */
};

/* The next block of `rest`, which then begins behind it; false: there is none. */
bool pem_next(struct str *rest, struct pem_block *out);

#endif

/*
 * How many processors nng believes in.
 *
 * It starts several threads per processor (87 on 64 of them) for work that one loop per host gives it; with one it has
 * 10. There is no option for it in this release, so sysconf is answered by us while nng starts, on that thread only.
 */
#ifndef TRANSPORT_PEER_PROCESSORS_H
#define TRANSPORT_PEER_PROCESSORS_H

#include <stdbool.h>

/* From now on until it is shown again, this thread sees one processor. */
void processors_hide(bool is_hidden);

#endif

/*
 * How long the peer of an HTTP/2 connection may say nothing while something is under way: 30 s, then it is pinged, and 15 s after that it is
 * lost; upstream's clients have the same two times.
 *
 * Those 15 s run from the ping and not from the last word: where the machine slept, or this process got no processor, the peer has had
 * no chance before that. Pure.
 */
#ifndef TRANSPORT_HTTP_SILENCE_H
#define TRANSPORT_HTTP_SILENCE_H

#include "runtime/base/time/time.h"

#define SILENCE_QUIET_MS 30000
#define SILENCE_PONG_MS 15000

struct silence {
	struct mono pinged_at; /* 0: it was not, since it last said something */
};

enum silence_verdict { SILENCE_FINE, SILENCE_PING, SILENCE_LOST };

/* `heard_at`: when something last came. SILENCE_PING: this once, now. */
enum silence_verdict silence_judge(struct silence *silence, struct mono heard_at, struct mono now);

#endif

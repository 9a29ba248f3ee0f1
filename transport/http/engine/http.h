/*
 * The words that both ends of HTTP share: headers, bodies in pieces, versions, codes.
 *
 * Any code may use them. Header names are in lower case everywhere in this system: what comes in is made so,
 * what goes out is written so (RFC 9110, 5.1: names do not care; RFC 9113, 8.2: HTTP/2 demands it).
 */
#ifndef TRANSPORT_HTTP_ENGINE_HTTP_H
#define TRANSPORT_HTTP_ENGINE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "runtime/base/time/time.h"

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

struct http_header {
	struct str name; /* in lower case */
	struct str value;
};

struct http_headers {
	const struct http_header *at;
	uint32_t count;
};

/* The first value of a name given in lower case; absent when there is none. */
struct str http_header_get(struct http_headers headers, struct str name);
/* How many lines carry the name. */
uint32_t http_header_count(struct http_headers headers, struct str name);
/* Whether a comma-separated value (`Connection: keep-alive, Upgrade`) has the token, in any case. */
bool http_header_has_token(struct str value, struct str token);

/* RFC 9110, 5.6.2 and 5.5: what may be sent as a name (in lower case) and as a value. */
bool http_header_is_valid(const struct http_header *header);

/* "Not Found"; "Unknown" for codes nobody registered. */
struct str http_code_text(int code);
/* Codes whose responses have no body whatever their headers say (RFC 9110, 6.4.1). */
bool http_code_is_bodiless(int code);

/* RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`. */
#define HTTP_DATE_TEXT 32
struct str http_print_date(struct wall at, char out[HTTP_DATE_TEXT]);

/*
 * A piece of a body that is borrowed, not copied: a frozen object's encoding goes to a thousand watchers by a
 * thousand of these. `release(arg)` is called exactly once, on the same loop, when the bytes are needed no more:
 * sent, given up, or refused. Without `release` the bytes are copied when they cannot be sent within the call.
 */
struct http_bytes {
	struct str data;
	void (*release)(void *arg);
	void *arg;
};

#define HTTP_BYTES(s) ((struct http_bytes){ .data = (s) })

/* One body in many parts, none of them empty: a long list goes out without being put together first. */
struct http_parts {
	const struct str *at;
	uint32_t count;
};
uint64_t http_parts_bytes(struct http_parts parts);

#endif

/*
 * Lines: one watch event as it goes over HTTP, made once for all who watch and counted.
 *
 * JSON: {"type":"ADDED","object":{...}} and a new line. Protobuf: four bytes of length, big endian, and a WatchEvent. The last
 * LINES_KEPT of them are kept for the next watcher; line_forget lets those go that nobody sends.
 */
#ifndef ACTORS_SERVER_CACHE_LINE_H
#define ACTORS_SERVER_CACHE_LINE_H

#include "actors/server/cache/cache.h"
#include "datastore/object/object.h"

#define LINES_KEPT 512U

struct line {
	uint32_t refs;
	enum cache_change change;
	enum format format;
	const struct object *object;
	char *bytes;
	uint32_t len;
};

struct lines {
	struct line *at[LINES_KEPT];
};

/* A reference; give it back by line_unref, which fits http_bytes.release. */
GIVE struct line *line_get(struct lines *lines, enum cache_change change, enum format format,
			   const struct object *object);
void line_unref(void *line);
void line_forget(struct lines *lines);

/* One event of other bytes, framed the same: `object` is a whole encoded object. */
GIVE struct text line_text(enum format format, struct str type, struct str object);

#endif

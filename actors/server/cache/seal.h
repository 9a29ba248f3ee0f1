/*
 * Seals: values of encrypted resources on their way between caches and store.
 *
 * For actors/server. Which key each lies under is remembered, so that a write that changes nothing else is done when it is not the one
 * that closes now: so keys are changed.
 */
#ifndef ACTORS_SERVER_CACHE_SEAL_H
#define ACTORS_SERVER_CACHE_SEAL_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"
#include "runtime/base/collection/map.h"

struct server;

/* Keys of the store to a hash of what closed their values; those that lie there as they are have no entry. */
struct seals {
	struct map by_key;
	struct map unread; /* keys of values that cannot be read to words for it, which are constant */
};

/* The bytes for the store; the arena's, or the same. UNAVAILABLE with words: its key is not to be had now. */
MUST_USE enum status seal_close(const struct server *server, const struct type *type,
				struct str key, struct str plain, struct arena *arena,
				struct str *out, struct fault *why);
/* The key of what is stored is being asked for: it is worth waiting (feed-seeds.c). */
bool seal_is_awaited(const struct server *server, const struct type *type, struct str bytes);
/* Of a value that seal_open has not opened; constant. */
const char *seal_unread_words(const struct server *server, const struct type *type,
			      struct str bytes, const struct fault *why);
MUST_USE enum status seal_open(const struct server *server, const struct type *type, struct str key,
			       struct str bytes, struct arena *arena, struct str *out,
			       struct fault *why);
/*
 * What lies there cannot be read: whoever asks for it, or for a list that it is in, is told so instead of being shown less. Until it is noted again.
 */
void seal_set_unread(struct server *server, struct str key, const char *words);
const char *seal_unread(const struct server *server, struct str key); /* NULL: it can be read */
/* Of any below the prefix; its key is the map's. */
const char *seal_unread_below(const struct server *server, struct str prefix, struct str *out_key);
/* As the store has it now; absent: it is gone. */
void seal_note(struct server *server, struct str key, struct str bytes);
bool seal_is_stale(const struct server *server, const struct type *type, struct str key);

#endif

#include "actors/server/cache/seal.h"

#include "actors/encryption/encryption.h"
#include "actors/server/server-private.h"

static const struct encryption_rule *rule_of(const struct server *server, const struct type *type)
{
	const struct resource *resource;

	if (server->config->encryption == NULL || server->config->encryption->set == NULL)
		return NULL;
	resource = resources_find_type(server->resources, type);
	if (resource == NULL)
		return NULL;
	return encryption_find(server->config->encryption, resource->row->group,
			       resource->row->name);
}

enum status seal_close(const struct server *server, const struct type *type, struct str key,
		       struct str plain, struct arena *arena, struct str *out, struct fault *why)
{
	return encryption_close(rule_of(server, type), key, plain, arena, out, why);
}

bool seal_is_awaited(const struct server *server, const struct type *type, struct str bytes)
{
	return str_starts(bytes, KMS_PREFIX) &&
	       encryption_is_awaited(rule_of(server, type), bytes, act_now(server->act));
}

/* Upstream's, where no key is the value's. */
const char *seal_unread_words(const struct server *server, const struct type *type,
			      struct str bytes, const struct fault *why)
{
	if (strcmp(why->field, ENCRYPTION_FIELD_PREFIX) == 0)
		return "no matching prefix found";
	if (strcmp(why->field, KMS_FIELD_SEED) == 0)
		return encryption_seed_words(rule_of(server, type), bytes);
	return "the stored value does not open with the key of its prefix";
}

enum status seal_open(const struct server *server, const struct type *type, struct str key,
		      struct str bytes, struct arena *arena, struct str *out, struct fault *why)
{
	const struct encryption_rule *rule = rule_of(server, type);

	if (rule == NULL && !str_starts(bytes, ENCRYPTION_PREFIX)) {
		*out = bytes;
		return OK;
	}
	return encryption_open(rule, key, bytes, act_now(server->act), arena, out, why);
}

void seal_set_unread(struct server *server, struct str key, const char *words)
{
	map_put(&server->seals.unread, key, (void *)(uintptr_t)words);
}

const char *seal_unread(const struct server *server, struct str key)
{
	return server->seals.unread.len > 0 ? map_get(&server->seals.unread, key) : NULL;
}

const char *seal_unread_below(const struct server *server, struct str prefix, struct str *out_key)
{
	struct str key;
	void *words;

	for (uint32_t at = 0; map_next(&server->seals.unread, &at, &key, &words);)
		if (str_starts(key, prefix)) {
			*out_key = key;
			return words;
		}
	return NULL;
}

void seal_note(struct server *server, struct str key, struct str bytes)
{
	void *mark = (void *)(uintptr_t)encryption_mark(bytes);

	if (server->seals.unread.len > 0)
		map_remove(&server->seals.unread, key);
	if (mark != NULL)
		map_put(&server->seals.by_key, key, mark);
	else if (server->seals.by_key.len > 0)
		map_remove(&server->seals.by_key, key);
}

bool seal_is_stale(const struct server *server, const struct type *type, struct str key)
{
	return map_get(&server->seals.by_key, key) !=
	       (void *)(uintptr_t)encryption_current_mark(rule_of(server, type));
}

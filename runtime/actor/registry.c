#include <string.h>

#include "runtime/actor/actor-private.h"

/* Actors of this host that want to hear of the same things. */
struct group {
	char *name;
	VEC(struct act *) members;
};

static uint32_t registry_hash(struct str name)
{
	uint32_t hash = hash_fnv32a(HASH_FNV32A_SEED, name.at, name.len);
	return hash ? hash : 1; /* a generation of 0 would be ACT_NIL */
}

static struct str registry_hash_key(const uint32_t *hash)
{
	return str_of(hash, sizeof *hash);
}

enum status registry_add(struct act *act, const char *name)
{
	struct act_host *host = act->host;
	struct str key = str_from(name);
	uint32_t hash = registry_hash(key);

	if (act->name || map_has(&host->names, key) ||
	    map_has(&host->hashes, registry_hash_key(&hash)))
		return EXISTS;
	act->name = mem_copy(name, key.len + 1);
	if (host->current == act)
		atomic_store_explicit(&host->peek->name, act->name, memory_order_relaxed);
	map_put(&host->names, key, act);
	map_put(&host->hashes, registry_hash_key(&hash), act);
	return OK;
}

static void registry_leave(struct act *act, struct group *group)
{
	for (uint32_t i = 0; i < group->members.len; i++) {
		if (group->members.at[i] == act) {
			vec_remove(&group->members, i);
			return;
		}
	}
}

static void registry_drop_if_empty(struct act_host *host, struct group *group)
{
	if (group->members.len)
		return;
	map_remove(&host->groups, str_from(group->name));
	vec_fini(&group->members);
	mem_free(group->name);
	mem_free(group);
}

void registry_remove(struct act *act)
{
	struct act_host *host = act->host;

	if (act->name) {
		uint32_t hash = registry_hash(str_from(act->name));
		map_remove(&host->names, str_from(act->name));
		map_remove(&host->hashes, registry_hash_key(&hash));
		if (atomic_load_explicit(&host->peek->name, memory_order_relaxed) == act->name)
			atomic_store_explicit(&host->peek->name, NULL, memory_order_relaxed);
		mem_free(act->name);
		act->name = NULL;
	}
	while (act->ties->groups.len) {
		struct group *group = vec_pop(&act->ties->groups);
		registry_leave(act, group);
		registry_drop_if_empty(host, group);
	}
}

struct act *registry_by_hash(const struct act_host *host, uint32_t hash)
{
	return map_get(&host->hashes, registry_hash_key(&hash));
}

void registry_fini(struct act_host *host)
{
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(&host->groups, &at, &key, &value)) {
		struct group *group = value;
		vec_fini(&group->members);
		mem_free(group->name);
		mem_free(group);
	}
	map_fini(&host->groups);
	map_fini(&host->names);
	map_fini(&host->hashes);
}

enum status act_register(struct act *act, const char *name)
{
	return registry_add(act, name);
}

const char *act_name(const struct act *act)
{
	return act->name ? act->name : act->class->name;
}

/* Cuts "x@node"; false: the node is not known. Without a node *out is this host. */
static bool registry_resolve(struct act_host *host, const char *text, struct str *out_name,
			     struct seams_peer *out)
{
	struct str rest = str_from(text);
	*out_name = str_cut(&rest, '@');
	*out = act_host_peer(host);
	if (!rest.at)
		return true;
	return host->seams.link.resolve &&
	       host->seams.link.resolve(host->seams.link.self, rest, out) == OK;
}

struct act_ref act_named(struct act *act, const char *name)
{
	struct seams_peer peer;
	struct str own;

	if (!registry_resolve(act->host, name, &own, &peer))
		return ACT_NIL;
	return (struct act_ref){ .node = peer.node,
				 .host = peer.host,
				 .slot = SLOT_BY_NAME,
				 .gen = registry_hash(own) };
}

struct act_ref act_whereis(struct act *act, const char *name)
{
	struct act_ref ref = act_named(act, name);
	if (act_ref_is_nil(ref) || !actor_host_is_here(act->host, ref))
		return ref;
	struct act *found = actor_host_find(act->host, ref);
	return found ? actor_ref(found) : ACT_NIL;
}

enum status act_join(struct act *act, const char *name)
{
	struct act_host *host = act->host;
	struct group *group = map_get(&host->groups, str_from(name));

	if (!group) {
		group = mem_new(struct group);
		group->name = mem_copy(name, strlen(name) + 1);
		map_put(&host->groups, str_from(name), group);
	}
	for (uint32_t i = 0; i < act->ties->groups.len; i++)
		if (act->ties->groups.at[i] == group)
			return OK;
	if (group->members.len >= LIMIT_GROUP_MEMBERS)
		return BUSY;
	vec_push(&group->members, act);
	vec_push(&actor_ties(act)->groups, group);
	return OK;
}

void act_leave(struct act *act, const char *name)
{
	struct group *group = map_get(&act->host->groups, str_from(name));

	for (uint32_t i = 0; group && i < act->ties->groups.len; i++) {
		if (act->ties->groups.at[i] == group) {
			vec_swap_remove(&act->ties->groups, i);
			registry_leave(act, group);
			registry_drop_if_empty(act->host, group);
			return;
		}
	}
}

uint32_t act_publish(struct act *act, const char *name, const struct act_type *type,
		     const void *body)
{
	struct group *group = map_get(&act->host->groups, str_from(name));
	uint32_t taken = 0;

	assert(!type->drop);
	for (uint32_t i = 0; group && i < group->members.len; i++)
		taken += act_send(act, actor_ref(group->members.at[i]), type, body) == OK;
	return taken;
}

#include "datastore/store/state/lease.h"

static struct str id_key(const uint64_t *id)
{
	return str_of(id, sizeof *id);
}

static void lease_free(struct lease *lease)
{
	if (lease->keys)
		tree_free(lease->keys);
	mem_free(lease);
}

void leases_fini(struct leases *leases)
{
	struct lease *lease;
	for (uint32_t at = 0; (lease = leases_next(leases, &at));)
		lease_free(lease);
	map_fini(&leases->map);
}

uint32_t leases_count(const struct leases *leases)
{
	return leases->map.len;
}

struct lease *leases_find(const struct leases *leases, uint64_t id)
{
	return map_get(&leases->map, id_key(&id));
}

enum status leases_add(struct leases *leases, uint64_t id, uint32_t ttl_s)
{
	if (leases_find(leases, id))
		return EXISTS;
	if (leases->map.len >= LIMIT_LEASES)
		return BUSY;
	struct lease *lease = mem_new(struct lease);
	lease->id = id;
	lease->ttl_s = ttl_s;
	map_put(&leases->map, id_key(&id), lease);
	return OK;
}

void leases_remove(struct leases *leases, uint64_t id)
{
	struct lease *lease = map_remove(&leases->map, id_key(&id));
	if (lease)
		lease_free(lease);
}

void leases_attach(struct leases *leases, uint64_t id, struct str key)
{
	struct lease *lease = id ? leases_find(leases, id) : NULL;
	if (!lease)
		return;
	if (!lease->keys)
		lease->keys = tree_new();
	tree_put(lease->keys, key, lease);
}

void leases_detach(struct leases *leases, uint64_t id, struct str key)
{
	struct lease *lease = id ? leases_find(leases, id) : NULL;
	if (lease && lease->keys)
		tree_remove(lease->keys, key);
}

struct lease *leases_next(const struct leases *leases, uint32_t *at)
{
	struct str key;
	void *lease;
	return map_next(&leases->map, at, &key, &lease) ? lease : NULL;
}

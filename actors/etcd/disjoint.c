#include "actors/etcd/message.h"

#include "runtime/base/limits.h"

/*
 * No key may be put twice in one transaction, nor put and deleted: which of them came last would not be told by revisions.
 * Branches of one transaction within may put the same key, since only one of them is taken.
 *
 * A branch's puts and deletes are lists that are looked through; LIMIT_ETCD_ITEMS ops in all bound the work to some ms.
 */
struct names {
	struct arena *arena;
	struct str *puts;
	const struct etcd_delete **deletes;
	uint32_t put_count, put_cap, delete_count, delete_cap;
};

static void add_put(struct names *names, struct str key)
{
	if (names->put_count == names->put_cap) {
		uint32_t cap = names->put_cap > 0 ? 2 * names->put_cap : 16;

		names->puts =
		    arena_grow(names->arena, names->puts, names->put_cap * sizeof *names->puts,
			       cap * sizeof *names->puts);
		names->put_cap = cap;
	}
	names->puts[names->put_count++] = key;
}

static void add_delete(struct names *names, const struct etcd_delete *delete)
{
	if (names->delete_count == names->delete_cap) {
		uint32_t cap = names->delete_cap > 0 ? 2 * names->delete_cap : 16;

		names->deletes = arena_grow(names->arena, names->deletes,
					    names->delete_cap * sizeof *names->deletes,
					    cap * sizeof *names->deletes);
		names->delete_cap = cap;
	}
	names->deletes[names->delete_count++] = delete;
}

/* Among the first `count`. */
static bool has_put(const struct names *names, uint32_t count, struct str key)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_eq(names->puts[i], key))
			return true;
	return false;
}

static bool is_deleted(const struct names *names, struct str key)
{
	for (uint32_t i = 0; i < names->delete_count; i++) {
		const struct etcd_delete *delete = names->deletes[i];

		if (delete->end.at == NULL
			? str_eq(key, delete->key)
			: str_cmp(key, delete->key) >= 0 &&
			      (str_eq(delete->end, STORE_NO_END) || str_cmp(key, delete->end) < 0))
			return true;
	}
	return false;
}

/* Takes over what a branch within puts; `others` of the puts so far may not be among it. */
static bool take_puts(struct names *names, const struct names *inner, uint32_t others)
{
	for (uint32_t i = 0; i < inner->put_count; i++) {
		if (has_put(names, others, inner->puts[i]) || is_deleted(names, inner->puts[i]))
			return false;
		add_put(names, inner->puts[i]);
	}
	return true;
}

static bool collect(const struct etcd_branch *branch, struct names *names);

static bool take_txn(struct names *names, const struct etcd_txn *txn)
{
	struct names then = { .arena = names->arena }, otherwise = { .arena = names->arena };
	uint32_t others = names->put_count;

	if (!collect(&txn->success, &then) || !collect(&txn->failure, &otherwise))
		return false;
	if (!take_puts(names, &then, others) || !take_puts(names, &otherwise, others))
		return false;
	for (uint32_t i = 0; i < then.delete_count; i++)
		add_delete(names, then.deletes[i]);
	for (uint32_t i = 0; i < otherwise.delete_count; i++)
		add_delete(names, otherwise.deletes[i]);
	return true;
}

/* As deep as reading went, which was bounded. */
static bool collect(const struct etcd_branch *branch, struct names *names)
{
	for (uint32_t i = 0; i < branch->count; i++)
		if (branch->ops[i].kind == ETCD_DELETE)
			add_delete(names, &branch->ops[i].delete);
	for (uint32_t i = 0; i < branch->count; i++)
		if (branch->ops[i].kind == ETCD_TXN && !take_txn(names, branch->ops[i].txn))
			return false;
	for (uint32_t i = 0; i < branch->count; i++) {
		struct str key = branch->ops[i].put.key;

		if (branch->ops[i].kind != ETCD_PUT)
			continue;
		if (has_put(names, names->put_count, key) || is_deleted(names, key))
			return false;
		add_put(names, key);
	}
	return true;
}

bool etcd_txn_is_disjoint(const struct etcd_branch *branch, struct arena *arena)
{
	struct names names = { .arena = arena };

	return collect(branch, &names);
}

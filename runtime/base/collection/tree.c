#include "runtime/base/collection/tree.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/collection/tree-private.h"
#include "runtime/base/mem.h"

/*
 * Every node keeps its keys in order, and beside them the eight bytes of each key that follow the prefix
 * which all of them share (`skip` bytes). Keys such as /registry/pods/default/... differ late, so a
 * search compares `skip` bytes once and then plain integers inside the node.
 *
 *     leaf:   keys[i] has the value slots[i]
 *     inner:  child slots[i] holds the keys < keys[i], slots[count] the rest; the keys are the
 *             shortest texts that separate, owned by the inner node
 *
 * Splitting, merging and borrowing are one operation: gather neighbours into one run, deal it out again.
 */
#define TREE_KEYS 64U
#define TREE_FEW (TREE_KEYS / 4)    /* a node with fewer is joined with a neighbour */
#define TREE_NEARLY (TREE_KEYS / 4) /* so near to the end is nearly in order: many write at once */
#define TREE_AHEAD \
	6U /* a walk of many fetches keys and values so early that they are there in time */
#define TREE_DEPTH 12U /* 16^12 keys in the worst case */

struct tree_node {
	uint16_t count;
	bool is_leaf;
	uint32_t skip;
	uint64_t total;         /* keys in all leaves below */
	struct tree_node *next; /* of a leaf: the leaf to the right */
	uint64_t heads[TREE_KEYS];
	struct tree_key *keys[TREE_KEYS];
	void *slots[TREE_KEYS + 1];
};

struct tree {
	struct tree_node *root;
	uint64_t change;
	size_t size;
	struct tree_keys *keys; /* NULL: it has none */
};

/* The way from the root to a leaf: at[i] is the index of the child taken in node[i]. */
struct tree_path {
	struct tree_node *node[TREE_DEPTH];
	uint32_t at[TREE_DEPTH];
	uint32_t depth; /* of the leaf */
};

/* A run of keys and slots of one or two nodes. */
struct tree_run {
	uint32_t count, slot_count;
	struct tree_key *keys[2 * TREE_KEYS + 1];
	void *slots[2 * TREE_KEYS + 2];
};

/*
 * The root of every tree that has no keys yet: most trees of a node stay so, and a node is 1.6 KB. Nobody writes to it,
 * since nothing is found in it, and tree_put takes a node of its own instead.
 */
static const struct tree_node tree_no_keys = { .is_leaf = true };

static struct tree_key *tree_key_new(struct tree *tree, const char *at, uint32_t len)
{
	struct tree_key *key = tree_keys_take(&tree->keys, len);

	if (len > 0)
		memcpy(key->bytes, at, len);
	tree->size += sizeof *key + len;
	return key;
}

static void tree_key_free(struct tree *tree, struct tree_key *key)
{
	tree->size -= sizeof *key + key->len;
	tree_keys_give(&tree->keys, key);
}

static struct str tree_key_str(const struct tree_key *key)
{
	return (struct str){ key->bytes, key->len };
}

static struct tree_node *tree_node_new(struct tree *tree, bool is_leaf)
{
	struct tree_node *node = mem_alloc(sizeof *node);

	node->count = 0;
	node->is_leaf = is_leaf;
	node->skip = 0;
	node->total = 0;
	node->next = NULL;
	tree->size += sizeof *node;
	return node;
}

static void tree_node_free(struct tree *tree, struct tree_node *node)
{
	tree->size -= sizeof *node;
	mem_free(node);
}

static uint32_t tree_common(struct str a, struct str b)
{
	uint32_t max = a.len < b.len ? a.len : b.len;
	uint32_t n = 0;

	while (n < max && a.at[n] == b.at[n])
		n++;
	return n;
}

/* Bytes [skip, skip + 8) as a number that sorts as they do; what the key has not is 0. */
static uint64_t tree_head(struct str key, uint32_t skip)
{
	unsigned char bytes[8] = { 0 };
	uint32_t len = key.len - skip;
	uint64_t head;

	memcpy(bytes, key.at + skip, len < sizeof bytes ? len : sizeof bytes);
	memcpy(&head, bytes, sizeof head);
	return __builtin_bswap64(head);
}

static void tree_node_set_heads(struct tree_node *node)
{
	if (node->count == 0)
		return;
	/* In sorted order what the first and the last share, all share. */
	node->skip =
	    tree_common(tree_key_str(node->keys[0]), tree_key_str(node->keys[node->count - 1]));
	for (uint32_t i = 0; i < node->count; i++)
		node->heads[i] = tree_head(tree_key_str(node->keys[i]), node->skip);
}

/* Where `key` stands in the node: the number of smaller keys; *is_found tells whether it is there. */
static uint32_t tree_node_find(const struct tree_node *node, struct str key, bool *is_found)
{
	uint32_t low = 0, high = node->count;
	uint64_t head;

	*is_found = false;
	if (node->count == 0)
		return 0;
	if (node->skip > 0) {
		struct str shared = { node->keys[0]->bytes, node->skip };
		int order = str_cmp(str_slice(key, 0, node->skip), shared);

		if (order != 0)
			return order < 0 ? 0 : node->count;
	}
	head = key.len == 0 ? 0 : tree_head(key, node->skip);
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = (head > node->heads[middle]) - (head < node->heads[middle]);

		if (order == 0)
			order = str_cmp(key, tree_key_str(node->keys[middle]));
		if (order == 0) {
			*is_found = true;
			return middle;
		}
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The child to go down to: a key equal to a separator lies to its right. */
static uint32_t tree_child_of(const struct tree_node *node, struct str key)
{
	bool is_found;
	uint32_t at = tree_node_find(node, key, &is_found);

	return at + is_found;
}

static struct tree_node *tree_leaf_of(const struct tree *tree, struct str key)
{
	struct tree_node *node = tree->root;

	while (!node->is_leaf)
		node = node->slots[tree_child_of(node, key)];
	return node;
}

/* Makes room at `at` for a key, and for a slot at `slot`. */
static void tree_node_insert(struct tree_node *node, uint32_t at, struct tree_key *key,
			     uint32_t slot, void *value)
{
	uint32_t slot_count = node->count + !node->is_leaf;
	struct str text = tree_key_str(key);

	assert(node->count < TREE_KEYS && at <= node->count && slot <= slot_count);
	memmove(&node->keys[at + 1], &node->keys[at], (node->count - at) * sizeof *node->keys);
	memmove(&node->heads[at + 1], &node->heads[at], (node->count - at) * sizeof *node->heads);
	memmove(&node->slots[slot + 1], &node->slots[slot],
		(slot_count - slot) * sizeof *node->slots);
	node->keys[at] = key;
	node->slots[slot] = value;
	node->count++;
	if (node->count > 1 &&
	    tree_common(text, tree_key_str(node->keys[at == 0 ? 1 : 0])) >= node->skip)
		node->heads[at] = tree_head(text, node->skip);
	else
		tree_node_set_heads(node);
}

/* Takes key `at` and slot `slot` out. What the others share they still share: heads stay right. */
static void tree_node_take(struct tree_node *node, uint32_t at, uint32_t slot)
{
	uint32_t slot_count = node->count + !node->is_leaf;

	assert(at < node->count && slot < slot_count);
	node->count--;
	memmove(&node->keys[at], &node->keys[at + 1], (node->count - at) * sizeof *node->keys);
	memmove(&node->heads[at], &node->heads[at + 1], (node->count - at) * sizeof *node->heads);
	memmove(&node->slots[slot], &node->slots[slot + 1],
		(slot_count - 1 - slot) * sizeof *node->slots);
}

static void tree_run_add(struct tree_run *run, const struct tree_node *node)
{
	uint32_t slot_count = node->count + !node->is_leaf;

	memcpy(&run->keys[run->count], node->keys, node->count * sizeof *node->keys);
	memcpy(&run->slots[run->slot_count], node->slots, slot_count * sizeof *node->slots);
	run->count += node->count;
	run->slot_count += slot_count;
}

/* Fills the node with keys [from, to) of the run and their slots, and counts what lies below. */
static void tree_run_deal(const struct tree_run *run, struct tree_node *node, uint32_t from,
			  uint32_t to)
{
	uint32_t slot_count = to - from + !node->is_leaf;

	assert(from <= to && to <= run->count && to - from <= TREE_KEYS);
	node->count = (uint16_t)(to - from);
	memcpy(node->keys, &run->keys[from], node->count * sizeof *node->keys);
	memcpy(node->slots, &run->slots[from], slot_count * sizeof *node->slots);
	node->total = node->is_leaf ? node->count : 0;
	for (uint32_t i = 0; !node->is_leaf && i < slot_count; i++)
		node->total += ((struct tree_node *)node->slots[i])->total;
	tree_node_set_heads(node);
}

/* Deals the run to two nodes, `left_count` keys to the left one; gives the key that separates them. */
static struct tree_key *tree_run_deal_two(struct tree *tree, const struct tree_run *run,
					  uint32_t left_count, struct tree_node *left,
					  struct tree_node *right)
{
	struct str low, high;

	tree_run_deal(run, left, 0, left_count);
	if (!left->is_leaf) {
		tree_run_deal(run, right, left_count + 1, run->count);
		return run->keys[left_count];
	}
	tree_run_deal(run, right, left_count, run->count);
	low = tree_key_str(left->keys[left->count - 1]);
	high = tree_key_str(right->keys[0]);
	return tree_key_new(tree, high.at, tree_common(low, high) + 1);
}

/* How many keys stay: of a key near the end, which tells of keys that come in order or nearly so, most of those before it. */
static uint32_t tree_left_count(uint32_t place)
{
	if (place == TREE_KEYS)
		return TREE_KEYS - 4;
	return place >= TREE_KEYS - TREE_NEARLY ? TREE_KEYS - TREE_NEARLY : TREE_KEYS / 2;
}

/* Splits the full child `at` of `parent`, which has room. */
static void tree_split(struct tree *tree, struct tree_node *parent, uint32_t at, struct str key)
{
	struct tree_node *left = parent->slots[at];
	struct tree_node *right = tree_node_new(tree, left->is_leaf);
	struct tree_run run = { .count = 0 };
	struct tree_key *separator;
	bool is_found;
	uint32_t place = tree_node_find(left, key, &is_found);

	tree_run_add(&run, left);
	separator = tree_run_deal_two(tree, &run, tree_left_count(place), left, right);
	right->next = left->next;
	left->next = left->is_leaf ? right : NULL;
	tree_node_insert(parent, at, separator, at + 1, right);
}

/* Joins children `at` and `at + 1`, or evens them out if they do not fit into one. */
static void tree_join(struct tree *tree, struct tree_node *parent, uint32_t at)
{
	struct tree_node *left = parent->slots[at], *right = parent->slots[at + 1];
	struct tree_key *separator = parent->keys[at];
	struct tree_run run = { .count = 0 };

	tree_run_add(&run, left);
	if (!left->is_leaf)
		run.keys[run.count++] = separator;
	else
		tree_key_free(tree, separator);
	tree_run_add(&run, right);
	tree_node_take(parent, at, at + 1);
	if (run.count <= TREE_KEYS) {
		tree_run_deal(&run, left, 0, run.count);
		left->next = right->next;
		tree_node_free(tree, right);
		return;
	}
	separator = tree_run_deal_two(tree, &run, run.count / 2, left, right);
	tree_node_insert(parent, at, separator, at + 1, right);
}

/* So that both have room for some more keys afterwards. */
static bool tree_has_room(const struct tree_node *node)
{
	return node->count <= TREE_KEYS - TREE_FEW;
}

/* The full child `at` is evened out with a neighbour that has room, so that fewer nodes are half empty; else it is split. */
static void tree_make_room(struct tree *tree, struct tree_node *parent, uint32_t at, struct str key)
{
	if (at > 0 && tree_has_room(parent->slots[at - 1]))
		tree_join(tree, parent, at - 1);
	else if (at < parent->count && tree_has_room(parent->slots[at + 1]))
		tree_join(tree, parent, at);
	else
		tree_split(tree, parent, at, key);
}

struct tree *tree_new(void)
{
	struct tree *tree = mem_new(struct tree);

	tree->size = sizeof *tree;
	tree->root = (struct tree_node *)(uintptr_t)&tree_no_keys;
	return tree;
}

/* Depth is bounded by TREE_DEPTH. */
static void tree_free_below(struct tree *tree, struct tree_node *node, uint32_t depth)
{
	assert(depth < TREE_DEPTH);
	for (uint32_t i = 0; i < node->count; i++)
		tree_key_free(tree, node->keys[i]);
	for (uint32_t i = 0; !node->is_leaf && i <= node->count; i++)
		tree_free_below(tree, node->slots[i], depth + 1);
	tree_node_free(tree, node);
}

void tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	if (tree->root != &tree_no_keys)
		tree_free_below(tree, tree->root, 0);
	assert(tree->size == sizeof *tree);
	mem_free(tree);
}

uint64_t tree_len(const struct tree *tree)
{
	return tree->root->total;
}

size_t tree_size(const struct tree *tree)
{
	return tree->size;
}

void *tree_get(const struct tree *tree, struct str key)
{
	const struct tree_node *leaf = tree_leaf_of(tree, key);
	bool is_found;
	uint32_t at = tree_node_find(leaf, key, &is_found);

	return is_found ? leaf->slots[at] : NULL;
}

static void tree_grow_root(struct tree *tree, struct str key)
{
	struct tree_node *root = tree_node_new(tree, false);

	root->slots[0] = tree->root;
	root->total = tree->root->total;
	tree->root = root;
	tree_split(tree, root, 0, key);
}

/* Goes down to the leaf of `key`, splitting full nodes on the way, so that each parent has room. */
static void tree_descend_to_put(struct tree *tree, struct str key, struct tree_path *path)
{
	struct tree_node *node;

	if (tree->root == &tree_no_keys)
		tree->root = tree_node_new(tree, true);
	if (tree->root->count == TREE_KEYS)
		tree_grow_root(tree, key);
	node = tree->root;
	for (path->depth = 0; !node->is_leaf; path->depth++) {
		uint32_t at = tree_child_of(node, key);

		assert(path->depth + 1 < TREE_DEPTH);
		if (((struct tree_node *)node->slots[at])->count == TREE_KEYS) {
			tree_make_room(tree, node, at, key);
			at = tree_child_of(node, key);
		}
		path->node[path->depth] = node;
		path->at[path->depth] = at;
		node = node->slots[at];
	}
	path->node[path->depth] = node;
}

void *tree_put(struct tree *tree, struct str key, void *value)
{
	struct tree_path path;
	struct tree_node *leaf;
	bool is_found;
	uint32_t at;

	tree->change++;
	tree_descend_to_put(tree, key, &path);
	leaf = path.node[path.depth];
	at = tree_node_find(leaf, key, &is_found);
	if (is_found) {
		void *old = leaf->slots[at];

		leaf->slots[at] = value;
		return old;
	}
	tree_node_insert(leaf, at, tree_key_new(tree, key.at, key.len), at, value);
	for (uint32_t i = 0; i <= path.depth; i++)
		path.node[i]->total++;
	return NULL;
}

static void tree_descend_to_remove(struct tree *tree, struct str key, struct tree_path *path)
{
	struct tree_node *node = tree->root;

	for (path->depth = 0; !node->is_leaf; path->depth++) {
		uint32_t at = tree_child_of(node, key);

		path->node[path->depth] = node;
		path->at[path->depth] = at;
		node = node->slots[at];
	}
	path->node[path->depth] = node;
}

/* From the leaf upwards: who has few keys is joined with a neighbour; a root with one child goes. */
static void tree_repair(struct tree *tree, const struct tree_path *path)
{
	for (uint32_t i = path->depth; i > 0 && path->node[i]->count < TREE_FEW; i--) {
		struct tree_node *parent = path->node[i - 1];
		uint32_t at = path->at[i - 1];

		tree_join(tree, parent, at == parent->count ? at - 1 : at);
	}
	if (!tree->root->is_leaf && tree->root->count == 0) {
		struct tree_node *root = tree->root;

		tree->root = root->slots[0];
		tree_node_free(tree, root);
	}
}

void *tree_remove(struct tree *tree, struct str key)
{
	struct tree_path path;
	struct tree_node *leaf;
	bool is_found;
	uint32_t at;
	void *value;

	tree_descend_to_remove(tree, key, &path);
	leaf = path.node[path.depth];
	at = tree_node_find(leaf, key, &is_found);
	if (!is_found)
		return NULL;
	tree->change++;
	value = leaf->slots[at];
	tree_key_free(tree, leaf->keys[at]);
	tree_node_take(leaf, at, at);
	for (uint32_t i = 0; i <= path.depth; i++)
		path.node[i]->total--;
	tree_repair(tree, &path);
	return value;
}

struct tree_cursor tree_from(const struct tree *tree, struct str key)
{
	const struct tree_node *leaf = tree_leaf_of(tree, key);
	bool is_found;

	return (struct tree_cursor){ tree, leaf, tree_node_find(leaf, key, &is_found),
				     tree->change };
}

bool tree_step(struct tree_cursor *cursor, struct str *key, void **value)
{
	const struct tree_node *leaf = cursor->leaf;

	assert(cursor->change == cursor->tree->change);
	/* Only an empty tree has an empty leaf, so one step to the right is enough. */
	if (cursor->at == leaf->count && leaf->next != NULL) {
		cursor->leaf = leaf = leaf->next;
		cursor->at = 0;
	}
	if (cursor->at == leaf->count)
		return false;
	if (cursor->at + TREE_AHEAD < leaf->count) {
		__builtin_prefetch(leaf->keys[cursor->at + TREE_AHEAD]);
		__builtin_prefetch(leaf->slots[cursor->at + TREE_AHEAD]);
	}
	*key = tree_key_str(leaf->keys[cursor->at]);
	*value = leaf->slots[cursor->at];
	cursor->at++;
	return true;
}

/* How many keys are smaller than `key`. */
static uint64_t tree_rank(const struct tree *tree, struct str key)
{
	const struct tree_node *node = tree->root;
	uint64_t rank = 0;
	bool is_found;

	while (!node->is_leaf) {
		uint32_t at = tree_child_of(node, key);

		for (uint32_t i = 0; i < at; i++)
			rank += ((const struct tree_node *)node->slots[i])->total;
		node = node->slots[at];
	}
	return rank + tree_node_find(node, key, &is_found);
}

uint64_t tree_count(const struct tree *tree, struct str from, struct str to)
{
	uint64_t low = tree_rank(tree, from);
	uint64_t high = to.at == NULL ? tree_len(tree) : tree_rank(tree, to);

	return high > low ? high - low : 0;
}

#include <assert.h>

#include "datastore/store/state/index-private.h"

/* One write on its way through the index. */
struct applying {
	struct index *index;
	const struct store_write *write;
	uint64_t revision; /* of the changes it makes */
	uint32_t place;    /* of the next one */
	bool is_failure_branch;
	struct arena *arena; /* NULL: nobody waits for results */
	struct store_write_answer *answer;
	struct arena *scratch; /* values loaded for compares; NULL until needed */
};

static struct arena *scratch_of(struct applying *applying)
{
	if (applying->arena)
		return applying->arena;
	if (!applying->scratch)
		applying->scratch = arena_new(0);
	return applying->scratch;
}

/* ---- conditions ---- */

static int sign(int64_t n)
{
	return n > 0 ? 1 : n < 0 ? -1 : 0;
}

static bool holds(enum store_compare_result result, int order)
{
	switch (result) {
	case STORE_COMPARE_EQUAL: return order == 0;
	case STORE_COMPARE_GREATER: return order > 0;
	case STORE_COMPARE_LESS: return order < 0;
	case STORE_COMPARE_NOT_EQUAL: return order != 0;
	}
	return false;
}

static bool compare_item(struct applying *applying, const struct store_compare *compare,
			 struct index_item *item)
{
	int64_t number = 0;
	switch (compare->target) {
	case STORE_COMPARE_VALUE: {
		if (!item)
			return false;
		struct blob *value = index_value(applying->index, item, scratch_of(applying));
		assert(value); /* a latest value is never compacted away */
		return holds(compare->result, sign(str_cmp(blob_str(value), compare->value)));
	}
	case STORE_COMPARE_VERSION: number = item ? (int64_t)item->version : 0; break;
	case STORE_COMPARE_CREATE: number = item ? (int64_t)item->create_revision : 0; break;
	case STORE_COMPARE_MOD: number = item ? (int64_t)change_revision(item->id) : 0; break;
	case STORE_COMPARE_LEASE: number = item ? (int64_t)index_lease(item) : 0; break;
	}
	return holds(compare->result, number > compare->number   ? 1
				      : number < compare->number ? -1
								 : 0);
}

static bool compare_holds(struct applying *applying, const struct store_compare *compare)
{
	struct index *index = applying->index;
	if (!compare->end.at)
		return compare_item(applying, compare, tree_get(index->items, compare->key));
	struct str key;
	void *item;
	bool is_empty = true;
	struct tree_cursor cursor = tree_from(index->items, compare->key);
	while (tree_step(&cursor, &key, &item) && index_is_within(key, compare->key, compare->end)) {
		is_empty = false;
		if (!compare_item(applying, compare, item))
			return false;
	}
	return !is_empty || compare_item(applying, compare, NULL);
}

static bool all_compares_hold(struct applying *applying, const struct store_write *txn)
{
	for (uint32_t i = 0; i < txn->compare_count; i++) {
		if (!compare_holds(applying, &txn->compares[i]))
			return false;
	}
	return true;
}

/* ---- transactions within the write ---- */

/* The ops of the branches that are taken, as one list: of each STORE_TXN its own right behind it. */
struct branch {
	const struct store_op *ops;
	uint32_t count;
	struct store_op *list; /* NULL: ops are those of the write itself */
	uint32_t cap;
};

static bool has_txn(const struct store_op *ops, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ops[i].kind == STORE_TXN)
			return true;
	}
	return false;
}

static struct store_op *branch_add(struct applying *applying, struct branch *branch)
{
	if (branch->count == branch->cap) {
		uint32_t cap = branch->cap ? 2 * branch->cap : 16;
		branch->list =
		    arena_grow(scratch_of(applying), branch->list,
			       branch->cap * sizeof *branch->list, cap * sizeof *branch->list);
		branch->cap = cap;
	}
	branch->ops = branch->list;
	return &branch->list[branch->count++];
}

/* The depth is bounded: command_check lets each level have fewer ops than the one around it. */
static void flatten(struct applying *applying, struct branch *branch, const struct store_op *ops,
		    uint32_t count, uint32_t depth)
{
	assert(depth <= LIMIT_TXN_OPS);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = branch->count;
		struct store_write txn;
		*branch_add(applying, branch) = ops[i];
		if (ops[i].kind != STORE_TXN)
			continue;
		enum status status = command_unpack_txn(ops[i].value, scratch_of(applying), &txn);
		assert(status == OK); /* it was checked before it was agreed upon */
		bool is_success = all_compares_hold(applying, &txn);
		flatten(applying, branch, is_success ? txn.success : txn.failure,
			is_success ? txn.success_count : txn.failure_count, depth + 1);
		/* What apply_txn shall say. */
		branch->list[at].is_count_only = is_success;
		branch->list[at].limit = branch->count - at - 1;
	}
}

static struct branch take_branch(struct applying *applying, bool is_success)
{
	const struct store_write *write = applying->write;
	const struct store_op *ops = is_success ? write->success : write->failure;
	uint32_t count = is_success ? write->success_count : write->failure_count;
	struct branch branch = { .ops = ops, .count = count };

	if (!has_txn(ops, count))
		return branch;
	branch.count = 0;
	flatten(applying, &branch, ops, count, 0);
	return branch;
}

static void show_current(struct applying *applying, struct str key, struct index_item *item)
{
	struct store_write_answer *answer = applying->answer;
	if (!applying->arena)
		return;
	answer->has_current = true;
	index_fill_row(&answer->current, arena_str(applying->arena, key), item);
	answer->current.blob = index_value(applying->index, item, applying->arena);
	answer->current.value = blob_str(answer->current.blob);
}

static enum status check_expected(struct applying *applying, const struct store_op *op)
{
	struct index_item *item = tree_get(applying->index->items, op->key);
	if (op->expected == STORE_ANY_REVISION)
		return op->kind == STORE_PUT && (op->keeps_value || op->keeps_lease) && !item
			   ? NOT_FOUND
			   : OK;
	if (!item)
		return op->expected ? NOT_FOUND : OK;
	if (change_revision(item->id) == op->expected)
		return OK;
	show_current(applying, op->key, item);
	return op->expected ? CONFLICT : EXISTS;
}

/* Everything that could refuse the write is looked at before anything of it happens. */
static enum status check_branch(struct applying *applying, const struct store_op *ops,
				uint32_t count)
{
	uint64_t keys = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct store_op *op = &ops[i];
		applying->answer->refused_op = i;
		if (op->kind == STORE_GET || op->kind == STORE_TXN)
			continue;
		TRY(check_expected(applying, op));
		if (op->kind == STORE_PUT && op->lease &&
		    !leases_find(&applying->index->leases, op->lease))
			return INVALID;
		bool is_endless = str_eq(op->end, STORE_NO_END);
		keys += op->end.at ? tree_count(applying->index->items, op->key,
						is_endless ? STR_NONE : op->end)
				   : 1;
	}
	applying->answer->refused_op = 0;
	return keys < CHANGE_PLACES ? OK : TOO_LARGE;
}

/* ---- effects ---- */

static void change_describe_before(struct change *change, const struct index_item *item)
{
	if (!item)
		return;
	change->before = (struct change_before){ .id = item->id,
						 .create_revision = item->create_revision,
						 .version = item->version,
						 .lease = index_lease(item),
						 .value_len = item->value_len,
						 .value = blob_ref(index_blob(item)) };
}

/* The chain covers everything that a change says, so that replicas that differ in one byte once differ for ever. */
static void tell(struct applying *applying, struct change *change)
{
	struct index *index = applying->index;
	change->id = change_id(applying->revision, applying->place++);
	change->request = applying->write ? applying->write->request : 0;
	change->is_failure_branch = applying->is_failure_branch;
	uint64_t chain = hash_mix(index->chain, change->id);
	chain = hash_bytes(chain, change->key, change->key_len);
	chain = hash_mix(chain, change->version);
	chain = hash_mix(chain, change->lease);
	if (change->value)
		chain = hash_bytes(chain, change->value->at, change->value->len);
	index->chain = chain;
	index->hooks.changed(index->hooks.arg, change);
}

static void keep_before(struct applying *applying, struct store_result *result, struct str key,
			struct index_item *item)
{
	if (!applying->arena)
		return;
	struct store_row *row = &result->rows[result->row_count++];
	index_fill_row(row, arena_str(applying->arena, key), item);
	row->blob = index_value(applying->index, item, applying->arena);
	row->value = blob_str(row->blob);
}

static void apply_put(struct applying *applying, const struct store_op *op,
		      struct store_result *result)
{
	struct index *index = applying->index;
	struct index_item *item = tree_get(index->items, op->key);
	if (op->wants_prev && item && applying->arena) {
		result->rows = arena_new_of(applying->arena, struct store_row);
		keep_before(applying, result, op->key, item);
	}
	struct change *change = change_new(op->key);
	change_describe_before(change, item);
	if (op->keeps_value) {
		change->value = blob_ref(index_value(index, item, scratch_of(applying)));
		assert(change->value);
	} else {
		change->value = blob_new(op->value);
	}
	change->lease = op->keeps_lease && item ? index_lease(item) : op->lease;
	if (!item) {
		item = index_item_new(index);
		item->create_revision = applying->revision;
		tree_put(index->items, op->key, item);
	}
	if (index_lease(item) != change->lease) {
		leases_detach(&index->leases, index_lease(item), op->key);
		leases_attach(&index->leases, change->lease, op->key);
		index_set_lease(index, item, change->lease);
	}
	item->id = change_id(applying->revision, applying->place);
	item->version++;
	index_set_value(index, item, change->value);
	change->create_revision = item->create_revision;
	change->version = item->version;
	result->count = 1;
	tell(applying, change);
}

static void delete_key(struct applying *applying, struct str key)
{
	struct index *index = applying->index;
	struct index_item *item = tree_get(index->items, key);
	struct change *change = change_new(key);
	change->is_delete = true;
	change_describe_before(change, item);
	leases_detach(&index->leases, index_lease(item), key);
	tree_remove(index->items, key);
	index_item_free(index, item);
	tell(applying, change);
}

/* The keys of a range, copied: deleting ends any walk over the tree. */
static uint32_t collect_keys(struct index *index, struct str from, struct str end,
			     struct arena *arena, struct str **out)
{
	uint64_t count = 1;
	if (end.at)
		count = tree_count(index->items, from, str_eq(end, STORE_NO_END) ? STR_NONE : end);
	struct str *keys = arena_array(arena, struct str, count);
	uint32_t len = 0;
	struct str key;
	void *item;
	struct tree_cursor cursor = tree_from(index->items, from);
	while (tree_step(&cursor, &key, &item) && index_is_within(key, from, end))
		keys[len++] = arena_str(arena, key);
	assert(len <= count);
	*out = keys;
	return len;
}

static void apply_delete(struct applying *applying, const struct store_op *op,
			 struct store_result *result)
{
	struct index *index = applying->index;
	struct str *keys;
	uint32_t count = collect_keys(index, op->key, op->end, scratch_of(applying), &keys);
	if (op->wants_prev && applying->arena)
		result->rows = arena_array(applying->arena, struct store_row, count);
	for (uint32_t i = 0; i < count; i++) {
		if (op->wants_prev)
			keep_before(applying, result, keys[i], tree_get(index->items, keys[i]));
		delete_key(applying, keys[i]);
	}
	result->count = count;
}

static void apply_get(struct applying *applying, const struct store_op *op,
		      struct store_result *result)
{
	struct index *index = applying->index;
	if (!applying->arena)
		return;
	struct index_page page;
	index_range(index,
		    &(struct index_range){ .key = op->key,
					   .end = op->end,
					   .limit = op->limit,
					   .is_count_only = op->is_count_only,
					   .is_keys_only = op->is_keys_only },
		    applying->arena, &page);
	for (uint32_t i = 0; i < page.missing_count; i++) {
		struct store_row *row = &page.rows[page.missing[i].row];
		struct index_item *item = tree_get(index->items, row->key);
		row->blob = index_value(index, item, applying->arena);
		row->value = blob_str(row->blob);
	}
	result->rows = page.rows;
	result->row_count = page.row_count;
	result->more = page.more;
	result->count = page.count;
}

static void apply_branch(struct applying *applying, const struct store_op *ops, uint32_t count)
{
	struct store_result spare = { 0 };
	struct store_result *results = NULL;
	if (applying->arena && count)
		results = arena_array(applying->arena, struct store_result, count);
	for (uint32_t i = 0; i < count; i++) {
		struct store_result *result = results ? &results[i] : &spare;
		switch (ops[i].kind) {
		case STORE_PUT: apply_put(applying, &ops[i], result); break;
		case STORE_DELETE: apply_delete(applying, &ops[i], result); break;
		case STORE_GET: apply_get(applying, &ops[i], result); break;
		case STORE_TXN:
			result->more = ops[i].is_count_only;
			result->count = ops[i].limit;
			break;
		}
	}
	applying->answer->results = results;
	applying->answer->result_count = results ? count : 0;
}

/* What was changed becomes the store's revision; a write that changed nothing uses none up. */
static void settle(struct applying *applying)
{
	struct index *index = applying->index;
	if (applying->place) {
		index->revision = applying->revision;
		uint64_t request = applying->write ? applying->write->request : 0;
		if (request)
			recent_add(&index->recent,
				   &(struct recent_request){ request, applying->revision,
							     applying->is_failure_branch });
	}
	if (applying->scratch)
		arena_free(applying->scratch);
}

static bool is_repeated(struct index *index, const struct store_write *write,
			struct store_write_answer *answer)
{
	const struct recent_request *before =
	    write->request ? recent_find(&index->recent, write->request) : NULL;
	if (!before || before->revision + LIMIT_STORE_REQUESTS <= index->revision)
		return false;
	answer->status = OK;
	answer->is_repeat = true;
	answer->is_success = !before->is_failure_branch;
	answer->revision = before->revision;
	return true;
}

static void apply_write(struct index *index, const struct store_write *write, uint64_t term,
			struct arena *arena, struct store_write_answer *answer)
{
	if (is_repeated(index, write, answer))
		return;
	struct applying applying = { .index = index,
				     .write = write,
				     .revision = index->revision + 1,
				     .arena = arena,
				     .answer = answer };
	if (write->term && write->term != term) {
		answer->status = GONE;
	} else {
		answer->is_success = all_compares_hold(&applying, write);
		applying.is_failure_branch = !answer->is_success;
		struct branch branch = take_branch(&applying, answer->is_success);
		answer->status = check_branch(&applying, branch.ops, branch.count);
		if (answer->status == OK)
			apply_branch(&applying, branch.ops, branch.count);
	}
	settle(&applying);
	answer->revision = index->revision;
}

/* ---- the other commands ---- */

static enum status apply_grant(struct index *index, const struct store_lease_grant *grant)
{
	TRY(leases_add(&index->leases, grant->id, grant->ttl_s));
	index->hooks.leased(index->hooks.arg, grant->id, grant->ttl_s);
	return OK;
}

static enum status apply_revoke(struct index *index, uint64_t id)
{
	struct lease *lease = leases_find(&index->leases, id);
	if (!lease)
		return NOT_FOUND;
	struct store_write_answer ignored = { 0 };
	struct applying applying = { .index = index,
				     .revision = index->revision + 1,
				     .answer = &ignored };
	struct str key;
	void *value;
	/* Each deletion detaches its key, so the first one is always a new one. */
	while (lease->keys && tree_len(lease->keys) && applying.place < CHANGE_PLACES) {
		struct tree_cursor cursor = tree_from(lease->keys, STR(""));
		bool is_there = tree_step(&cursor, &key, &value);
		assert(is_there);
		delete_key(&applying, arena_str(scratch_of(&applying), key));
	}
	settle(&applying);
	leases_remove(&index->leases, id);
	index->hooks.leased(index->hooks.arg, id, 0);
	return OK;
}

static enum status apply_compact(struct index *index, uint64_t revision)
{
	if (revision > index->revision)
		return BAD_REQUEST;
	if (revision <= index->compact_revision)
		return EXPIRED;
	index->compact_revision = revision;
	return OK;
}

static enum status apply_raise(struct index *index, uint64_t by)
{
	if (by > COMMAND_REVISION_MAX || index->revision + by > COMMAND_REVISION_MAX)
		return TOO_LARGE;
	index->revision += by;
	index->compact_revision = index->revision;
	return OK;
}

void index_apply(struct index *index, const struct command *command, uint64_t term,
		 struct arena *arena, struct index_answer *out)
{
	struct index_answer spare;
	if (!out)
		out = &spare;
	*out = (struct index_answer){ 0 };
	switch (command->kind) {
	case COMMAND_WRITE:
		apply_write(index, &command->write, term, arena, &out->write);
		out->status = out->write.status;
		break;
	case COMMAND_LEASE_GRANT: out->status = apply_grant(index, &command->grant); break;
	case COMMAND_LEASE_REVOKE: out->status = apply_revoke(index, command->revoke.id); break;
	case COMMAND_COMPACT: out->status = apply_compact(index, command->compact.revision); break;
	case COMMAND_RAISE: out->status = apply_raise(index, command->raise.by); break;
	}
	out->revision = index->revision;
}

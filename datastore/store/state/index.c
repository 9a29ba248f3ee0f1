#include "datastore/store/state/index.h"

#include <assert.h>

#include "datastore/store/state/index-private.h"

#define ROW_BYTES 64 /* what a row costs in an answer besides its key and value */
#define AHEAD 8U
#define ROWS_FIRST 1024U /* of a page whose range has more */
#define REFUSALS 16U     /* of so many values that find no room among those read, one comes in */

struct index *index_new(const struct index_hooks *hooks, size_t value_budget_bytes,
			size_t read_budget_bytes)
{
	struct index *index = mem_new(struct index);
	index->hooks = *hooks;
	index->items = tree_new();
	index->revision = 1; /* as etcd: a new store is at 1, its first change at 2 */
	index->value_budget = value_budget_bytes;
	index->read_budget = read_budget_bytes;
	list_init(&index->used);
	list_init(&index->read);
	slab_init(&index->more, sizeof(struct index_more));
	return index;
}

static struct index_more *more_of(struct index *index, struct index_item *item)
{
	if (!item->more) {
		item->more = slab_take(&index->more);
		*item->more = (struct index_more){ .item = item };
	}
	return item->more;
}

static void drop_more(struct index_item *item)
{
	if (!item->more || item->is_in_memory || item->has_lease)
		return;
	slab_give(item->more);
	item->more = NULL;
}

static void drop_value(struct index *index, struct index_item *item)
{
	struct index_more *more = item->more;
	if (!item->is_in_memory)
		return;
	index->value_bytes -= item->value_len;
	if (more->is_read)
		index->read_bytes -= item->value_len;
	blob_unref(more->blob);
	list_remove(&more->in_use);
	more->blob = NULL;
	more->is_read = false;
	item->is_in_memory = false;
	drop_more(item);
}

void index_set_lease(struct index *index, struct index_item *item, uint64_t lease)
{
	if (lease)
		more_of(index, item)->lease = lease;
	item->has_lease = lease != 0;
	drop_more(item);
}

void index_free(struct index *index)
{
	struct str key;
	void *item;
	struct tree_cursor cursor = tree_from(index->items, STR(""));
	while (tree_step(&cursor, &key, &item))
		index_item_free(index, item);
	tree_free(index->items);
	for (uint32_t i = 0; i < index->slabs.slabs.len; i++)
		mem_free(index->slabs.slabs.at[i]);
	vec_fini(&index->slabs.slabs);
	slab_fini(&index->more);
	leases_fini(&index->leases);
	recent_fini(&index->recent);
	mem_free(index);
}

struct index_item *index_item_new(struct index *index)
{
	struct index_items *items = &index->slabs;
	struct index_item *item;
	if (items->unused) {
		item = items->unused;
		items->unused = item->next_unused;
	} else {
		if (items->slabs.len == 0 || items->used == INDEX_SLAB_ITEMS) {
			vec_push(&items->slabs, mem_alloc(INDEX_SLAB_ITEMS * sizeof *item));
			items->used = 0;
		}
		item = &items->slabs.at[items->slabs.len - 1][items->used++];
	}
	memset(item, 0, sizeof *item);
	return item;
}

void index_item_free(struct index *index, struct index_item *item)
{
	drop_value(index, item);
	index_set_lease(index, item, 0);
	item->next_unused = index->slabs.unused;
	index->slabs.unused = item;
}

/* ---- values in memory ---- */

void index_set_value(struct index *index, struct index_item *item, struct blob *value)
{
	drop_value(index, item);
	struct index_more *more = more_of(index, item);
	more->blob = blob_ref(value);
	item->is_in_memory = true;
	item->value_len = value->len;
	index->value_bytes += value->len;
	list_init(&more->in_use);
	list_push(&index->used, &more->in_use);
}

/* Lets go of the longest unused values beyond the budget; not of those that the table does not have yet. */
static void evict(struct index *index)
{
	list_each (&index->used, link) {
		if (index->value_bytes <= index->value_budget + index->read_bytes)
			return;
		struct index_item *item = list_item(link, struct index_more, in_use)->item;
		if (change_revision(item->id) <= index->written)
			drop_value(index, item);
	}
}

void index_written(struct index *index, uint64_t revision)
{
	assert(revision <= index->revision);
	index->written = revision;
	evict(index);
}

static void touch(struct index *index, struct index_more *more)
{
	list_remove(&more->in_use);
	list_push(more->is_read ? &index->read : &index->used, &more->in_use);
}

/* Somebody reads it. Those that are kept for readers stay in the order in which they came: moving each of them each time costs. */
static void use(struct index *index, struct index_more *more, bool is_kept)
{
	if (more->is_read)
		return;
	if (is_kept && index->read_bytes + more->item->value_len <= index->read_budget) {
		more->is_read = true;
		index->read_bytes += more->item->value_len;
	}
	touch(index, more);
}

/* The one that came first. */
static void drop_read(struct index *index)
{
	if (list_is_empty(&index->read))
		return;
	struct index_item *item = list_item(index->read.next, struct index_more, in_use)->item;
	if (change_revision(item->id) <= index->written)
		drop_value(index, item);
}

void index_cache(struct index *index, struct str key, uint64_t id, struct blob *value, bool is_read)
{
	struct index_item *item = tree_get(index->items, key);
	if (!item || item->id != id || item->is_in_memory)
		return;
	if (is_read && index->read_bytes + value->len > index->read_budget &&
	    index->value_bytes + value->len > index->value_budget + index->read_bytes) {
		if (++index->refused % REFUSALS != 0)
			return;
		drop_read(index);
	}
	index_set_value(index, item, value);
	use(index, item->more, is_read);
	evict(index);
}

void index_forget_read(struct index *index)
{
	list_each (&index->read, link) {
		struct index_more *more = list_item(link, struct index_more, in_use);
		more->is_read = false;
		touch(index, more);
	}
	index->read_bytes = 0;
	evict(index);
}

struct blob *index_value(struct index *index, struct index_item *item, struct arena *arena)
{
	if (item->is_in_memory) {
		use(index, item->more, false);
		return blob_hold(arena, item->more->blob);
	}
	struct blob *value = index->hooks.load(index->hooks.arg, item->id);
	if (!value)
		return NULL;
	assert(value->len == item->value_len);
	blob_hold(arena, value);
	blob_unref(value);
	return value;
}

/* ---- loading ---- */

void index_load_lease(struct index *index, uint64_t id, uint32_t ttl_s)
{
	enum status status = leases_add(&index->leases, id, ttl_s);
	assert(status == OK);
}

void index_load_row(struct index *index, const struct index_row *row)
{
	struct index_item *item = index_item_new(index);
	item->id = row->id;
	item->create_revision = row->create_revision;
	item->version = row->version;
	index_set_lease(index, item, row->lease);
	item->value_len = row->value_len;
	void *before = tree_put(index->items, row->key, item);
	assert(!before);
	leases_attach(&index->leases, row->lease, row->key);
}

void index_load_request(struct index *index, uint64_t request, uint64_t revision,
			bool is_failure_branch)
{
	if (!recent_find(&index->recent, request))
		recent_add(&index->recent,
			   &(struct recent_request){ request, revision, is_failure_branch });
}

void index_load_mark(struct index *index, const struct index_mark *mark)
{
	index->revision = mark->revision;
	index->compact_revision = mark->compact_revision;
	index->chain = mark->chain;
	index->written = mark->revision;
}

/* ---- reading ---- */

struct index_mark index_mark(const struct index *index)
{
	return (struct index_mark){ index->revision, index->compact_revision, index->chain };
}

uint64_t index_revision(const struct index *index)
{
	return index->revision;
}

uint64_t index_compact_revision(const struct index *index)
{
	return index->compact_revision;
}

uint64_t index_keys(const struct index *index)
{
	return tree_len(index->items);
}

size_t index_size(const struct index *index)
{
	return tree_size(index->items) + tree_len(index->items) * sizeof(struct index_item) +
	       index->value_bytes;
}

struct leases *index_leases(struct index *index)
{
	return &index->leases;
}

uint64_t index_hash(const struct index *index)
{
	uint64_t hash = hash_mix(hash_mix(index->revision, index->compact_revision), index->chain);
	struct str key;
	void *value;
	struct tree_cursor cursor = tree_from(index->items, STR(""));
	while (tree_step(&cursor, &key, &value)) {
		const struct index_item *item = value;
		hash = hash_bytes(hash, key.at, key.len);
		hash = hash_mix(hash, item->id);
		hash = hash_mix(hash, item->create_revision);
		hash = hash_mix(hash, item->version);
		hash = hash_mix(hash, index_lease(item));
	}
	return hash_mix(hash, leases_count(&index->leases));
}

bool index_is_within(struct str key, struct str from, struct str end)
{
	if (!end.at)
		return str_eq(key, from);
	return str_cmp(key, from) >= 0 && (str_eq(end, STORE_NO_END) || str_cmp(key, end) < 0);
}

static uint64_t count_range(const struct index *index, const struct index_range *range)
{
	if (!range->end.at)
		return tree_get(index->items, range->key) != NULL;
	return tree_count(index->items, range->key,
			  str_eq(range->end, STORE_NO_END) ? STR_NONE : range->end);
}

void index_fill_row(struct store_row *row, struct str key, const struct index_item *item)
{
	*row = (struct store_row){ .key = key,
				   .create_revision = item->create_revision,
				   .mod_revision = change_revision(item->id),
				   .version = item->version,
				   .lease = index_lease(item) };
}

/* Pages are built in arrays that double: how many of a long range's rows fit is known only at the end. */
struct page_builder {
	struct index *index;
	struct arena *arena;
	struct index_page *page;
	uint32_t first; /* what the arrays have room for in the beginning */
	uint32_t row_cap, missing_cap, found_cap, found_count;
	struct found_value *found; /* rows whose value is in memory */
	size_t bytes;
};

struct found_value {
	struct index_more *more; /* of an item whose value is in memory */
	uint32_t row;
};

static void add_missing(struct page_builder *builder, uint64_t id)
{
	struct index_page *page = builder->page;
	if (page->missing_count == builder->missing_cap) {
		uint32_t cap = builder->missing_cap ? 2 * builder->missing_cap : builder->first;
		page->missing = arena_grow(builder->arena, page->missing,
					   builder->missing_cap * sizeof *page->missing,
					   cap * sizeof *page->missing);
		builder->missing_cap = cap;
	}
	page->missing[page->missing_count++] = (struct index_missing){ page->row_count, id };
}

static void add_found(struct page_builder *builder, struct index_more *more)
{
	if (builder->found_count == builder->found_cap) {
		uint32_t cap = builder->found_cap ? 2 * builder->found_cap : builder->first;
		builder->found = arena_grow(builder->arena, builder->found,
					    builder->found_cap * sizeof *builder->found,
					    cap * sizeof *builder->found);
		builder->found_cap = cap;
	}
	builder->found[builder->found_count++] =
	    (struct found_value){ more, builder->page->row_count };
}

static void add_row(struct page_builder *builder, struct str key, struct index_item *item,
		    const struct index_range *range)
{
	struct index_page *page = builder->page;
	bool is_keys_only = range->is_keys_only;
	if (page->row_count == builder->row_cap) {
		uint32_t cap = builder->row_cap ? 2 * builder->row_cap : builder->first;
		page->rows =
		    arena_grow(builder->arena, page->rows, builder->row_cap * sizeof *page->rows,
			       cap * sizeof *page->rows);
		builder->row_cap = cap;
	}
	struct store_row *row = &page->rows[page->row_count];
	index_fill_row(row, arena_str(builder->arena, key), item);
	if (!is_keys_only && item->is_in_memory)
		add_found(builder, item->more);
	else if (!is_keys_only)
		add_missing(builder, item->id);
	page->row_count++;
	builder->bytes += ROW_BYTES + key.len + (is_keys_only ? 0 : item->value_len);
}

/* What the builder has found lies here and there: each is fetched while those before it are dealt with. */
static void fetch_ahead(const struct page_builder *builder, uint32_t at)
{
	if (at + 2 * AHEAD < builder->found_count)
		__builtin_prefetch(builder->found[at + 2 * AHEAD].more);
	if (at + AHEAD < builder->found_count)
		__builtin_prefetch(builder->found[at + AHEAD].more->blob, 1);
}

static void take_values(struct page_builder *builder, bool is_kept)
{
	uint32_t count = builder->found_count;
	if (count == 0)
		return;
	struct blob **held = arena_array(builder->arena, struct blob *, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct found_value *found = &builder->found[i];
		struct store_row *row = &builder->page->rows[found->row];
		fetch_ahead(builder, i);
		use(builder->index, found->more, is_kept);
		row->blob = held[i] = found->more->blob;
		row->value = blob_str(row->blob);
	}
	blob_hold_all(builder->arena, held, count);
}

/* How many there are was counted: no key is compared with the range's ends. */
static void build_page(struct page_builder *builder, const struct index_range *range)
{
	struct index_page *out = builder->page;
	uint32_t limit = range->limit ? range->limit : UINT32_MAX;
	struct str key;
	void *item;
	struct tree_cursor cursor = tree_from(builder->index->items, range->key);
	builder->first = out->count < ROWS_FIRST ? (uint32_t)out->count : ROWS_FIRST;
	if (builder->first > limit)
		builder->first = limit;
	for (uint64_t i = 0; i < out->count && tree_step(&cursor, &key, &item); i++) {
		uint32_t next = ROW_BYTES + key.len +
				(range->is_keys_only ? 0 : ((struct index_item *)item)->value_len);
		if (out->row_count == limit ||
		    (out->row_count && builder->bytes + next > LIMIT_LIST_PAGE_BYTES)) {
			out->more = true;
			return;
		}
		add_row(builder, key, item, range);
	}
}

void index_range(struct index *index, const struct index_range *range, struct arena *arena,
		 struct index_page *out)
{
	struct page_builder builder = { .index = index, .arena = arena, .page = out };
	*out = (struct index_page){ .count = count_range(index, range) };
	if (range->is_count_only)
		return;
	build_page(&builder, range);
	take_values(&builder, range->is_kept);
}

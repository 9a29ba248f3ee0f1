#include "actors/etcd/file/bolt-private.h"

#include <assert.h>
#include <endian.h>

/*
 * The file: two meta pages, of which the one with the greater transaction counts; a list of free pages, empty; each bucket's
 * leaves, then the branches above them, level by level up to its root; last the leaf with the buckets' names.
 */
#define FIRST_PAGE 3U /* after the meta pages and the list of free ones */

struct page {
	uint64_t id;
	uint32_t pages; /* it takes so many: one item may be larger than a page */
	uint32_t bucket;
	uint32_t first,
	    count; /* items of a leaf; of a branch its children, by their places in the plan */
	uint32_t first_item; /* whose key is the least below it */
	bool is_branch;
};

struct bolt {
	struct arena *arena;
	const struct bolt_bucket *buckets;
	uint32_t bucket_count;
	struct page *pages;
	uint32_t page_count, page_cap;
	uint64_t next_id;
	uint64_t roots[BOLT_BUCKETS];
	uint32_t written; /* of FIRST_PAGE pages, then of `pages`, then the root */
};

/* ---- the plan ------------------------------------------------------------------------------------------------- */

static struct page *add_page(struct bolt *bolt, const struct page *page)
{
	if (bolt->page_count == bolt->page_cap) {
		uint32_t cap = bolt->page_cap > 0 ? 2 * bolt->page_cap : 64;

		bolt->pages =
		    arena_grow(bolt->arena, bolt->pages, bolt->page_cap * sizeof *bolt->pages,
			       cap * sizeof *bolt->pages);
		bolt->page_cap = cap;
	}
	bolt->pages[bolt->page_count] = *page;
	bolt->pages[bolt->page_count].id = bolt->next_id;
	bolt->next_id += page->pages;
	return &bolt->pages[bolt->page_count++];
}

static uint32_t pages_for(uint64_t bytes)
{
	return (uint32_t)((bytes + BOLT_PAGE_BYTES - 1) / BOLT_PAGE_BYTES);
}

static void plan_leaves(struct bolt *bolt, uint32_t at)
{
	const struct bolt_bucket *bucket = &bolt->buckets[at];
	struct page page = { .bucket = at };
	uint64_t bytes = BOLT_HEADER_BYTES;

	for (uint32_t i = 0; i < bucket->count; i++) {
		uint32_t value_bytes = 0;
		uint64_t more = BOLT_ELEMENT_BYTES + bucket->key(bucket->arg, i, &value_bytes).len;

		more += value_bytes;
		if (page.count > 0 && bytes + more > BOLT_PAGE_BYTES) {
			page.pages = pages_for(bytes);
			add_page(bolt, &page);
			page = (struct page){ .bucket = at, .first = i, .first_item = i };
			bytes = BOLT_HEADER_BYTES;
		}
		page.count++;
		bytes += more;
	}
	page.pages = pages_for(bytes);
	add_page(bolt, &page);
}

/* One level of branches over the pages [from, to); true when that is the root alone. */
static bool plan_level(struct bolt *bolt, uint32_t at, uint32_t from, uint32_t to)
{
	const struct bolt_bucket *bucket = &bolt->buckets[at];
	struct page page = { .bucket = at, .is_branch = true, .pages = 1, .first = from };
	uint32_t before = bolt->page_count, bytes = BOLT_HEADER_BYTES;

	for (uint32_t i = from; i < to; i++) {
		uint32_t value_bytes;
		uint32_t item = bolt->pages[i].first_item;
		uint32_t more =
		    BOLT_ELEMENT_BYTES + bucket->key(bucket->arg, item, &value_bytes).len;

		if (page.count > 0 && bytes + more > BOLT_PAGE_BYTES) {
			add_page(bolt, &page);
			page.first = i;
			page.count = 0;
			bytes = BOLT_HEADER_BYTES;
		}
		if (page.count++ == 0)
			page.first_item = item;
		bytes += more;
	}
	add_page(bolt, &page);
	return bolt->page_count - before == 1;
}

static void plan_bucket(struct bolt *bolt, uint32_t at)
{
	uint32_t from = bolt->page_count, to;

	plan_leaves(bolt, at);
	to = bolt->page_count;
	for (bool is_root = to - from == 1; !is_root;) {
		is_root = plan_level(bolt, at, from, to);
		from = to;
		to = bolt->page_count;
	}
	bolt->roots[at] = bolt->pages[bolt->page_count - 1].id;
}

struct bolt *bolt_plan(const struct bolt_bucket *buckets, uint32_t count, struct arena *arena)
{
	struct bolt *bolt = arena_new_of(arena, struct bolt);

	assert(count <= BOLT_BUCKETS);
	*bolt = (struct bolt){
		.arena = arena, .buckets = buckets, .bucket_count = count, .next_id = FIRST_PAGE
	};
	for (uint32_t i = 0; i < count; i++)
		plan_bucket(bolt, i);
	return bolt;
}

uint64_t bolt_bytes(const struct bolt *bolt)
{
	return (bolt->next_id + 1) * BOLT_PAGE_BYTES; /* and the root */
}

/* FNV-1a */
uint64_t bolt_checksum(const void *at, size_t len)
{
	const uint8_t *bytes = at;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static void put16(struct text *out, uint16_t n)
{
	n = htole16(n);
	text_add_bytes(out, &n, sizeof n);
}

static void put32(struct text *out, uint32_t n)
{
	n = htole32(n);
	text_add_bytes(out, &n, sizeof n);
}

static void put64(struct text *out, uint64_t n)
{
	n = htole64(n);
	text_add_bytes(out, &n, sizeof n);
}

static void put_header(struct text *out, uint64_t id, uint16_t kind, uint32_t count, uint32_t pages)
{
	put64(out, id);
	put16(out, kind);
	put16(out, (uint16_t)count);
	put32(out, pages - 1);
}

static void fill_up(struct text *out, uint32_t begin, uint32_t pages)
{
	static const char zeros[64];
	uint32_t end = begin + pages * BOLT_PAGE_BYTES;

	assert(out->len <= end);
	while (out->len < end) {
		uint32_t more = end - out->len;

		text_add_bytes(out, zeros, more < sizeof zeros ? more : sizeof zeros);
	}
}

static void write_meta(const struct bolt *bolt, uint64_t id, struct text *out)
{
	uint32_t begin = out->len, meta;

	put_header(out, id, BOLT_META, 0, 1);
	meta = out->len;
	put32(out, BOLT_MAGIC);
	put32(out, BOLT_VERSION);
	put32(out, BOLT_PAGE_BYTES);
	put32(out, 0);
	put64(out, bolt->next_id); /* the root's page, the last one */
	put64(out, 0);
	put64(out, 2);                 /* the list of free pages */
	put64(out, bolt->next_id + 1); /* the first page that there is not */
	put64(out, id == 0 ? 2 : 1);   /* of two transactions the later one counts */
	put64(out, bolt_checksum(out->at + meta, out->len - meta));
	assert(out->len - meta == BOLT_META_BYTES);
	fill_up(out, begin, 1);
}

static void write_free(struct text *out)
{
	uint32_t begin = out->len;

	put_header(out, 2, BOLT_FREE, 0, 1);
	fill_up(out, begin, 1);
}

static void write_branch(const struct bolt *bolt, const struct page *page, struct text *out)
{
	const struct bolt_bucket *bucket = &bolt->buckets[page->bucket];
	uint32_t begin = out->len, distance = page->count * BOLT_ELEMENT_BYTES, value_bytes;

	put_header(out, page->id, BOLT_BRANCH, page->count, 1);
	for (uint32_t i = 0; i < page->count; i++) {
		const struct page *child = &bolt->pages[page->first + i];
		struct bolt_key key = bucket->key(bucket->arg, child->first_item, &value_bytes);

		put32(out, distance);
		put32(out, key.len);
		put64(out, child->id);
		distance += key.len - BOLT_ELEMENT_BYTES;
	}
	for (uint32_t i = 0; i < page->count; i++) {
		const struct page *child = &bolt->pages[page->first + i];
		struct bolt_key key = bucket->key(bucket->arg, child->first_item, &value_bytes);

		text_add_bytes(out, key.bytes, key.len);
	}
	fill_up(out, begin, 1);
}

static void put_element(struct text *out, uint32_t flags, uint32_t distance, uint32_t key_bytes,
			uint32_t value_bytes)
{
	put32(out, flags);
	put32(out, distance);
	put32(out, key_bytes);
	put32(out, value_bytes);
}

static void write_leaf(const struct bolt *bolt, const struct page *page, struct text *out)
{
	const struct bolt_bucket *bucket = &bolt->buckets[page->bucket];
	uint32_t begin = out->len, distance = page->count * BOLT_ELEMENT_BYTES, value_bytes;

	put_header(out, page->id, BOLT_LEAF, page->count, page->pages);
	for (uint32_t i = 0; i < page->count; i++) {
		struct bolt_key key = bucket->key(bucket->arg, page->first + i, &value_bytes);

		put_element(out, 0, distance, key.len, value_bytes);
		distance += key.len + value_bytes - BOLT_ELEMENT_BYTES;
	}
	for (uint32_t i = 0; i < page->count; i++) {
		struct bolt_key key = bucket->key(bucket->arg, page->first + i, &value_bytes);
		uint32_t before;

		text_add_bytes(out, key.bytes, key.len);
		before = out->len;
		bucket->value(bucket->arg, page->first + i, out);
		assert(out->len - before == value_bytes);
	}
	fill_up(out, begin, page->pages);
}

static void write_root(const struct bolt *bolt, struct text *out)
{
	uint32_t begin = out->len, distance = bolt->bucket_count * BOLT_ELEMENT_BYTES;

	put_header(out, bolt->next_id, BOLT_LEAF, bolt->bucket_count, 1);
	for (uint32_t i = 0; i < bolt->bucket_count; i++) {
		put_element(out, BOLT_IS_BUCKET, distance, bolt->buckets[i].name.len,
			    BOLT_BUCKET_BYTES);
		distance += bolt->buckets[i].name.len + BOLT_BUCKET_BYTES - BOLT_ELEMENT_BYTES;
	}
	for (uint32_t i = 0; i < bolt->bucket_count; i++) {
		text_add(out, bolt->buckets[i].name);
		put64(out, bolt->roots[i]);
		put64(out, 0);
	}
	fill_up(out, begin, 1);
}

static bool write_next(struct bolt *bolt, struct text *out)
{
	uint32_t at = bolt->written;
	const struct page *page;

	if (at > FIRST_PAGE + bolt->page_count)
		return false;
	bolt->written++;
	if (at < 2) {
		write_meta(bolt, at, out);
	} else if (at == 2) {
		write_free(out);
	} else if (at == FIRST_PAGE + bolt->page_count) {
		write_root(bolt, out);
	} else {
		page = &bolt->pages[at - FIRST_PAGE];
		(page->is_branch ? write_branch : write_leaf)(bolt, page, out);
	}
	return true;
}

bool bolt_write(struct bolt *bolt, uint32_t max_bytes, struct text *out)
{
	uint32_t begin = out->len;

	if (!write_next(bolt, out))
		return false;
	while (out->len - begin + BOLT_PAGE_BYTES <= max_bytes && write_next(bolt, out))
		;
	return true;
}

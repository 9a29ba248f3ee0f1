#include "actors/etcd/file/bolt-reader.h"

#include <endian.h>
#include <string.h>

#include "actors/etcd/file/bolt-private.h"
#include "runtime/base/mem.h"

#define PAGE_BYTES_MIN 512U
#define PAGE_BYTES_MAX (64U * KIB) /* of bbolt's own page sizes, which are those of memory */

struct bolt_reader {
	struct bolt_bytes bytes;
	uint32_t page_bytes;
	uint64_t root, page_count, transaction;
	struct text pages[BOLT_READER_DEPTH]; /* one in use for each level */
};

static uint16_t get16(const char *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof n);
	return le16toh(n);
}

static uint32_t get32(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof n);
	return le32toh(n);
}

static uint64_t get64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

/* ---- the state that counts ---------------------------------------------------------------------------------------- */

static bool is_page_size(uint32_t bytes)
{
	return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

/* Takes the meta page at that offset if it is whole and later than what was found. `*is_ours`: it is one, whole or not. */
static enum status look_at_meta(struct bolt_reader *reader, uint64_t offset, bool *is_ours,
				struct fault *why)
{
	char page[BOLT_HEADER_BYTES + BOLT_META_BYTES];
	const char *meta = page + BOLT_HEADER_BYTES;

	if (reader->bytes.size_bytes < offset + sizeof page)
		return OK;
	TRY(reader->bytes.read(reader->bytes.arg, page, sizeof page, offset, why));
	if (get32(meta) != BOLT_MAGIC)
		return OK;
	*is_ours = true;
	if (get32(meta + 4) != BOLT_VERSION || !is_page_size(get32(meta + 8)) ||
	    get64(meta + BOLT_META_BYTES - 8) != bolt_checksum(meta, BOLT_META_BYTES - 8))
		return OK;
	if (reader->page_bytes != 0 && get64(meta + 48) <= reader->transaction)
		return OK;
	reader->page_bytes = get32(meta + 8);
	reader->root = get64(meta + 16);
	reader->page_count = get64(meta + 40);
	reader->transaction = get64(meta + 48);
	return OK;
}

static enum status find_state(struct bolt_reader *reader, struct fault *why)
{
	uint64_t size = reader->bytes.size_bytes;
	bool is_ours = false;

	TRY(look_at_meta(reader, 0, &is_ours, why));
	/* Where the second one is, only the first one says. */
	for (uint32_t at = PAGE_BYTES_MIN; at <= PAGE_BYTES_MAX; at *= 2)
		if (reader->page_bytes == 0 || reader->page_bytes == at)
			TRY(look_at_meta(reader, at, &is_ours, why));
	if (!is_ours)
		return fault_set(why, INVALID, "", "it is no database of etcd's");
	if (reader->page_bytes == 0)
		return fault_set(why, CORRUPT, "", "both meta pages (0 and 1) are damaged");
	if (reader->page_count > size / reader->page_bytes)
		return fault_set(
		    why, CORRUPT, "",
		    "it has been cut: it should have %ju pages of %u bytes and has %ju bytes",
		    (uintmax_t)reader->page_count, reader->page_bytes, (uintmax_t)size);
	return OK;
}

enum status bolt_reader_open(const struct bolt_bytes *bytes, struct bolt_reader **out,
			     struct fault *why)
{
	struct bolt_reader *reader = mem_new(struct bolt_reader);
	enum status status;

	reader->bytes = *bytes;
	for (uint32_t i = 0; i < BOLT_READER_DEPTH; i++)
		reader->pages[i] = text_new(BOLT_READER_PAGE_BYTES);
	status = find_state(reader, why);
	if (status == OK)
		*out = reader;
	else
		bolt_reader_close(reader);
	return status;
}

void bolt_reader_close(struct bolt_reader *reader)
{
	if (reader == NULL)
		return;
	for (uint32_t i = 0; i < BOLT_READER_DEPTH; i++)
		text_fini(&reader->pages[i]);
	mem_free(reader);
}

uint64_t bolt_reader_bytes(const struct bolt_reader *reader)
{
	return reader->page_count * reader->page_bytes;
}

/* ---- pages ---------------------------------------------------------------------------------------------------------- */

/* A page in memory, with what follows of it. */
struct page {
	uint64_t id;
	struct str bytes;
	uint32_t kind, count;
};

/* Of one tree: what it has cost so far, and the key before. */
struct walk {
	struct bolt_reader *reader;
	bolt_reader_item *each;
	void *arg;
	struct text before;
	bool has_before;
	bool is_of_buckets; /* its values are buckets, and nothing else */
	uint64_t pages_left;
};

static enum status damaged(const struct page *page, uint32_t item, const char *what,
			   struct fault *why)
{
	return fault_set(why, CORRUPT, "", "page %ju, entry %u: %s", (uintmax_t)page->id, item,
			 what);
}

static enum status read_header(struct page *page, struct fault *why)
{
	page->kind = get16(page->bytes.at + 8);
	page->count = get16(page->bytes.at + 10);
	if (page->kind != BOLT_BRANCH && page->kind != BOLT_LEAF)
		return fault_set(why, CORRUPT, "", "page %ju is of kind %u where keys should be",
				 (uintmax_t)page->id, page->kind);
	if (page->count > (page->bytes.len - BOLT_HEADER_BYTES) / BOLT_ELEMENT_BYTES)
		return fault_set(why, CORRUPT, "", "page %ju has %u entries and no room for them",
				 (uintmax_t)page->id, page->count);
	return OK;
}

static enum status read_page(struct walk *walk, uint64_t id, uint32_t depth, struct page *out,
			     struct fault *why)
{
	struct bolt_reader *reader = walk->reader;
	struct text *text = &reader->pages[depth];
	char header[BOLT_HEADER_BYTES];
	uint64_t pages;

	if (id < 2 || id >= reader->page_count)
		return fault_set(why, CORRUPT, "", "page %ju is named and does not exist",
				 (uintmax_t)id);
	TRY(reader->bytes.read(reader->bytes.arg, header, sizeof header, id * reader->page_bytes,
			       why));
	if (get64(header) != id)
		return fault_set(why, CORRUPT, "", "page %ju says that it is page %ju",
				 (uintmax_t)id, (uintmax_t)get64(header));
	pages = 1 + (uint64_t)get32(header + 12);
	if (pages > reader->page_count - id)
		return fault_set(why, CORRUPT, "",
				 "page %ju goes on for %ju pages, past the end of the file",
				 (uintmax_t)id, (uintmax_t)pages);
	if (pages > BOLT_READER_PAGE_BYTES / reader->page_bytes)
		return fault_set(why, TOO_LARGE, "",
				 "page %ju is larger than %u MiB, which no value of etcd's is",
				 (uintmax_t)id, BOLT_READER_PAGE_BYTES / MIB);
	if (pages > walk->pages_left)
		return fault_set(why, CORRUPT, "", "page %ju belongs to more than one page above",
				 (uintmax_t)id);
	walk->pages_left -= pages;
	text_clear(text);
	text_reserve(text, (uint32_t)(pages * reader->page_bytes));
	TRY(reader->bytes.read(reader->bytes.arg, text->at, pages * reader->page_bytes,
			       id * reader->page_bytes, why));
	*out = (struct page){ .id = id, .bytes = str_of(text->at, pages * reader->page_bytes) };
	return read_header(out, why);
}

/* Bytes of an element, which begin so far behind it. */
static enum status cut(const struct page *page, uint32_t item, uint64_t from, uint64_t len,
		       struct str *out, struct fault *why)
{
	if (from > page->bytes.len || len > page->bytes.len - from)
		return damaged(page, item, "it lies outside of the page", why);
	*out = str_of(page->bytes.at + from, len);
	return OK;
}

static enum status take_item(struct walk *walk, const struct page *page, uint32_t item,
			     struct fault *why)
{
	uint64_t at = BOLT_HEADER_BYTES + (uint64_t)item * BOLT_ELEMENT_BYTES;
	const char *element = page->bytes.at + at;
	uint64_t from = at + get32(element + 4);
	uint32_t key_bytes = get32(element + 8);
	struct str key, value;

	TRY(cut(page, item, from, key_bytes, &key, why));
	TRY(cut(page, item, from + key_bytes, get32(element + 12), &value, why));
	if (((get32(element) & BOLT_IS_BUCKET) != 0) != walk->is_of_buckets)
		return damaged(page, item,
			       walk->is_of_buckets ? "a value where a bucket should be"
						   : "a bucket where a value should be",
			       why);
	if (walk->has_before && str_cmp(text_str(&walk->before), key) >= 0)
		return damaged(page, item, "its key does not come after the one before", why);
	text_clear(&walk->before);
	text_add(&walk->before, key);
	walk->has_before = true;
	return walk->each(walk->arg, key, value, why);
}

static enum status walk_leaf(struct walk *walk, const struct page *page, struct fault *why)
{
	for (uint32_t i = 0; i < page->count; i++)
		TRY(take_item(walk, page, i, why));
	return OK;
}

static enum status walk_page(struct walk *walk, uint64_t id, uint32_t depth, struct fault *why)
{
	struct page page;

	if (depth == BOLT_READER_DEPTH)
		return fault_set(why, CORRUPT, "", "page %ju is more than %u pages below the root",
				 (uintmax_t)id, BOLT_READER_DEPTH);
	TRY(read_page(walk, id, depth, &page, why));
	if (page.kind == BOLT_LEAF)
		return walk_leaf(walk, &page, why);
	for (uint32_t i = 0; i < page.count; i++)
		TRY(walk_page(walk,
			      get64(page.bytes.at + BOLT_HEADER_BYTES + i * BOLT_ELEMENT_BYTES + 8),
			      depth + 1, why));
	return OK;
}

static struct walk begin(struct bolt_reader *reader, bolt_reader_item *each, void *arg)
{
	return (struct walk){ .reader = reader,
			      .each = each,
			      .arg = arg,
			      .before = text_new(BOLT_READER_PAGE_BYTES),
			      .pages_left = reader->page_count };
}

/* ---- buckets --------------------------------------------------------------------------------------------------------- */

struct search {
	struct str name;
	struct text found; /* the bucket's bytes */
	bool is_found;
};

static enum status look_at_bucket(void *arg, struct str key, struct str value, struct fault *why)
{
	struct search *search = arg;

	if (!str_eq(key, search->name))
		return OK;
	if (value.len < BOLT_BUCKET_BYTES)
		return fault_set(why, CORRUPT, "", "bucket " STR_FMT " has %u bytes", STR_ARG(key),
				 value.len);
	text_add(&search->found, value);
	search->is_found = true;
	return OK;
}

/* A small bucket is kept with its name, as a page without a number. */
static enum status walk_inline(struct walk *walk, struct str bytes, struct fault *why)
{
	struct page page = { .bytes = bytes };

	if (bytes.len < BOLT_HEADER_BYTES)
		return fault_set(why, CORRUPT, "", "a bucket within a page has %u bytes", bytes.len);
	TRY(read_header(&page, why));
	if (page.kind != BOLT_LEAF)
		return fault_set(why, CORRUPT, "", "a bucket within a page has pages below it");
	return walk_leaf(walk, &page, why);
}

static enum status walk_bucket(struct bolt_reader *reader, struct str bucket,
			       bolt_reader_item *each, void *arg, struct fault *why)
{
	uint64_t root = get64(bucket.at);
	struct walk walk = begin(reader, each, arg);
	enum status status;

	if (root == 0)
		status = walk_inline(&walk, str_slice(bucket, BOLT_BUCKET_BYTES, bucket.len), why);
	else
		status = walk_page(&walk, root, 0, why);
	text_fini(&walk.before);
	return status;
}

enum status bolt_reader_each(struct bolt_reader *reader, struct str bucket, bolt_reader_item *each,
			     void *arg, struct fault *why)
{
	struct search search = { .name = bucket, .found = text_new(BOLT_READER_PAGE_BYTES) };
	struct walk walk = begin(reader, look_at_bucket, &search);
	enum status status;

	walk.is_of_buckets = true;
	status = walk_page(&walk, reader->root, 0, why);
	text_fini(&walk.before);
	if (status == OK)
		status = search.is_found
			     ? walk_bucket(reader, text_str(&search.found), each, arg, why)
			     : NOT_FOUND;
	text_fini(&search.found);
	return status;
}

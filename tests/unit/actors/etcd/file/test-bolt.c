#include "actors/etcd/file/bolt.h"

#include <endian.h>
#include <stdio.h>

#include "tests/lib/test.h"

/* ---- a bucket of numbered items ------------------------------------------------------------------------------- */

struct numbers {
	uint32_t value_bytes; /* of most; each tenth has three times as many */
};

static uint32_t bytes_of(const struct numbers *numbers, uint32_t item)
{
	return item % 10 == 9 ? 3 * numbers->value_bytes : numbers->value_bytes;
}

static struct bolt_key number_key(void *arg, uint32_t item, uint32_t *value_bytes)
{
	struct bolt_key key = { .len = 8 };

	snprintf(key.bytes, sizeof key.bytes, "%08u", item);
	*value_bytes = bytes_of(arg, item);
	return key;
}

static void number_value(void *arg, uint32_t item, struct text *out)
{
	for (uint32_t i = 0; i < bytes_of(arg, item); i++)
		text_add_char(out, (char)('a' + item % 26));
}

static struct text write_all(struct bolt *bolt, uint32_t piece)
{
	struct text out = text_in(test_arena(), 256 * MIB);

	while (bolt_write(bolt, piece, &out))
		CHECK(!out.is_cut);
	CHECK_EQ(out.len, bolt_bytes(bolt));
	return out;
}

/* ---- a reader: what bbolt does with such a file ------------------------------------------------------------------ */

static uint64_t get(struct str file, uint64_t at, uint32_t size)
{
	uint64_t n = 0;

	CHECK(at + size <= file.len);
	memcpy(&n, file.at + at, size);
	return le64toh(n);
}

struct walk {
	struct str file;
	const struct numbers *numbers;
	uint32_t items;
};

static void check_item(struct walk *walk, struct str key, struct str value)
{
	uint32_t value_bytes;
	struct bolt_key expected =
	    number_key((void *)(uintptr_t)walk->numbers, walk->items, &value_bytes);

	CHECK(str_eq(key, str_of(expected.bytes, expected.len)));
	CHECK_EQ(value.len, value_bytes);
	for (uint32_t i = 0; i < value.len; i++)
		CHECK_EQ(value.at[i], 'a' + (int)(walk->items % 26));
	walk->items++;
}

static struct str slice(struct str file, uint64_t at, uint64_t len)
{
	CHECK(at + len <= file.len);
	return str_of(file.at + at, len);
}

/* Four levels hold more than a file may have. */
static void walk_page(struct walk *walk, uint64_t id, uint32_t depth)
{
	uint64_t page = id * BOLT_PAGE_BYTES;
	uint64_t kind = get(walk->file, page + 8, 2), count = get(walk->file, page + 10, 2);

	CHECK(depth < 5);
	CHECK_EQ(get(walk->file, page, 8), id);
	CHECK(kind == 1 || kind == 2);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t element = page + 16 + 16 * i;

		if (kind == 1) {
			uint64_t child = get(walk->file, element + 8, 8);
			uint64_t at = element + get(walk->file, element, 4);
			struct bolt_key least;
			uint32_t value_bytes;

			least =
			    number_key((void *)(uintptr_t)walk->numbers, walk->items, &value_bytes);
			CHECK(str_eq(slice(walk->file, at, get(walk->file, element + 4, 4)),
				     str_of(least.bytes, least.len)));
			walk_page(walk, child, depth + 1);
			continue;
		}
		uint64_t at = element + get(walk->file, element + 4, 4);
		uint64_t key = get(walk->file, element + 8, 4);

		CHECK_EQ(get(walk->file, element, 4), 0);
		check_item(walk, slice(walk->file, at, key),
			   slice(walk->file, at + key, get(walk->file, element + 12, 4)));
	}
}

/* The root's page of a bucket, by the leaf that the meta page names. */
static uint64_t root_of(struct str file, const char *name)
{
	uint64_t page = get(file, 16 + 16, 8) * BOLT_PAGE_BYTES;
	uint64_t count = get(file, page + 10, 2);

	CHECK_EQ(get(file, 16, 4), 0xED0CDAEDU);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t element = page + 16 + 16 * i;
		uint64_t at = element + get(file, element + 4, 4);
		uint64_t key = get(file, element + 8, 4);

		CHECK_EQ(get(file, element, 4), 1);
		if (str_is(slice(file, at, key), name))
			return get(file, at + key, 8);
	}
	test_fail(__FILE__, __LINE__, "no bucket %s", name);
}

TEST(every_item_is_found_from_the_root_in_order)
{
	static const struct {
		uint32_t count, value_bytes;
	} cases[] = {
		{ 0, 0 },    { 1, 0 },      { 1, 10 },     { 10, 100 },     { 30, 5000 },
		{ 500, 40 }, { 2000, 500 }, { 70000, 20 }, { 100, 100000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct numbers numbers = { cases[i].value_bytes };
		const struct bolt_bucket buckets[] = {
			{ .name = STR("empty") },
			{ STR("key"), cases[i].count, &numbers, number_key, number_value },
			{ STR("last"), 3, &numbers, number_key, number_value },
		};
		struct text file = write_all(bolt_plan(buckets, 3, test_arena()), 32 * KIB);
		struct walk walk = { .file = text_str(&file), .numbers = &numbers };

		walk_page(&walk, root_of(walk.file, "key"), 0);
		CHECK_EQ(walk.items, cases[i].count);
		walk.items = 0;
		walk_page(&walk, root_of(walk.file, "last"), 0);
		CHECK_EQ(walk.items, 3);
		walk.items = 0;
		walk_page(&walk, root_of(walk.file, "empty"), 0);
		CHECK_EQ(walk.items, 0);
	}
}

TEST(the_file_is_the_same_however_it_is_taken)
{
	struct numbers numbers = { 3000 };
	const struct bolt_bucket bucket = { STR("key"), 100, &numbers, number_key, number_value };
	struct text whole = write_all(bolt_plan(&bucket, 1, test_arena()), UINT32_MAX / 2);
	struct text pieces = write_all(bolt_plan(&bucket, 1, test_arena()), 1);

	CHECK(str_eq(text_str(&whole), text_str(&pieces)));
}

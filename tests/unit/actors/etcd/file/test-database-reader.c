#include "actors/etcd/file/database-reader.h"

#include <endian.h>

#include "actors/etcd/file/bolt-private.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/etcd/wire-lab.h"

/* ---- databases, put together by hand ------------------------------------------------------------------------------ */

struct item {
	uint64_t revision, place;
	bool is_delete;
	const char *key, *value;
	uint64_t create_revision, version, lease;
	uint32_t value_bytes; /* filled up to that */
};

struct items {
	const struct item *at;
	uint32_t count;
};

static struct text item_bytes(const struct item *item)
{
	struct text out = wire_lab();
	struct text value = text_in(test_arena(), 64 * MIB);

	text_add(&value, str_from(item->value));
	while (value.len < item->value_bytes)
		text_add_char(&value, '.');
	wire_lab_str(&out, 1, str_from(item->key));
	wire_lab_int(&out, 2, (int64_t)item->create_revision);
	wire_lab_int(&out, 3, (int64_t)item->revision);
	wire_lab_int(&out, 4, (int64_t)item->version);
	wire_lab_str(&out, 5, text_str(&value));
	if (item->lease != 0)
		wire_lab_int(&out, 6, (int64_t)item->lease);
	return out;
}

static struct bolt_key item_key(void *arg, uint32_t at, uint32_t *value_bytes)
{
	const struct item *item = &((const struct items *)arg)->at[at];
	struct bolt_key key = { .len = item->is_delete ? 18 : 17 };
	uint64_t revision = htobe64(item->revision), place = htobe64(item->place);

	memcpy(key.bytes, &revision, 8);
	key.bytes[8] = '_';
	memcpy(key.bytes + 9, &place, 8);
	key.bytes[17] = 't';
	*value_bytes = item_bytes(item).len;
	return key;
}

static void item_value(void *arg, uint32_t at, struct text *out)
{
	struct text value = item_bytes(&((const struct items *)arg)->at[at]);

	text_add(out, text_str(&value));
}

static struct bolt_key lease_key(void *arg, uint32_t at, uint32_t *value_bytes)
{
	(void)arg;
	*value_bytes = 5;
	return (struct bolt_key){ .bytes = { (char)at }, .len = 8 };
}

static void lease_value(void *arg, uint32_t at, struct text *out)
{
	struct text value = wire_lab();

	(void)arg;
	(void)at;
	wire_lab_int(&value, 1, 7);
	wire_lab_int(&value, 2, 3600);
	text_add(out, text_str(&value));
}

static struct text make_file(const struct item *items, uint32_t count)
{
	struct items all = { items, count };
	const struct bolt_bucket buckets[] = {
		{ STR("key"), count, &all, item_key, item_value },
		{ STR("lease"), 1, NULL, lease_key, lease_value },
		{ .name = STR("meta") },
	};
	struct bolt *bolt = bolt_plan(buckets, 3, test_arena());
	struct text out = text_in(test_arena(), 256 * MIB);

	while (bolt_write(bolt, 64 * KIB, &out))
		;
	return out;
}

static const struct item changes[] = {
	{ 2, 0, false, "/registry/a", "a1", 2, 1, 0, 0 },
	{ 3, 0, false, "/registry/b", "b1", 3, 1, 7, 0 },
	{ 3, 1, false, "/registry/c", "c1", 3, 1, 0, 9000 },
	{ 4, 0, false, "/registry/a", "a2", 2, 2, 0, 0 },
	{ 5, 0, true, "/registry/c", "", 0, 0, 0, 0 },
	{ 6, 0, false, "/registry/d", "d1", 6, 1, 0, 0 },
	{ 7, 0, true, "/registry/d", "", 0, 0, 0, 0 },
	{ 8, 0, false, "/registry/d", "d2", 8, 1, 0, 9000 },
	{ 9, 0, true, "/registry/never", "", 0, 0, 0, 0 },
};
#define CHANGES (sizeof changes / sizeof changes[0])

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static enum status read_bytes(void *arg, void *at, size_t len, uint64_t offset, struct fault *why)
{
	const struct text *file = arg;

	(void)why;
	CHECK(offset <= file->len && len <= file->len - offset);
	memcpy(at, file->at + offset, len);
	return OK;
}

static enum status open_text(struct text *file, struct database_reader **out, struct fault *why)
{
	struct bolt_bytes bytes = { file, file->len, read_bytes };

	return database_reader_open(&bytes, out, why);
}

static enum status tell(void *arg, const struct database_row *row, struct fault *why)
{
	(void)why;
	text_printf(arg, STR_FMT "=" STR_FMT "@%ju/%u:%ju,%ju,%ju ", STR_ARG(row->key),
		    row->value.len < 3 ? (int)row->value.len : 2, row->value.at,
		    (uintmax_t)row->revision, row->place, (uintmax_t)row->create_revision,
		    (uintmax_t)row->version, (uintmax_t)row->lease);
	return OK;
}

static enum status tell_lease(void *arg, uint64_t id, uint64_t ttl_s, struct fault *why)
{
	(void)why;
	text_printf(arg, "lease %ju for %ju", (uintmax_t)id, (uintmax_t)ttl_s);
	return OK;
}

TEST(living_keys_come_with_their_latest_values_and_revisions)
{
	struct text file = make_file(changes, CHANGES), said = text_in(test_arena(), KIB);
	struct database_reader *reader;

	CHECK_STATUS(open_text(&file, &reader, NULL), OK);
	CHECK_EQ(database_reader_revision(reader), 9);
	CHECK_EQ(database_reader_bytes(reader), file.len);
	CHECK_STATUS(database_reader_each(reader, tell, &said, NULL), OK);
	CHECK_STATUS(database_reader_leases(reader, tell_lease, &said, NULL), OK);
	CHECK_STR(text_str(&said), "/registry/b=b1@3/0:3,1,7 /registry/a=a2@4/0:2,2,0 "
				   "/registry/d=d2@8/0:8,1,0 lease 7 for 3600");
	database_reader_close(reader);
}

TEST(what_is_longer_than_its_database_can_be_read_all_the_same)
{
	struct text file = make_file(changes, CHANGES);
	struct database_reader *reader;
	uint32_t len = file.len;

	for (uint32_t i = 0; i < 32; i++)
		text_add_char(&file, 'x');
	CHECK_STATUS(open_text(&file, &reader, NULL), OK);
	CHECK_EQ(database_reader_bytes(reader), len);
	database_reader_close(reader);
}

TEST(a_torn_state_leaves_the_one_before)
{
	struct text file = make_file(changes, CHANGES);
	struct database_reader *reader;
	struct fault why = { 0 };

	file.at[BOLT_HEADER_BYTES + 20] ^= 1;
	CHECK_STATUS(open_text(&file, &reader, NULL), OK);
	CHECK_EQ(database_reader_revision(reader), 9);
	database_reader_close(reader);
	file.at[BOLT_PAGE_BYTES + BOLT_HEADER_BYTES + 20] ^= 1;
	CHECK_STATUS(open_text(&file, &reader, &why), CORRUPT);
	CHECK(str_find(str_from(why.text), STR("meta pages")) >= 0);
}

TEST(what_is_no_database_of_etcds_is_said)
{
	static const char *const files[] = { "", "SQLite format 3", "TROUPEBK" };
	struct database_reader *reader;

	for (size_t i = 0; i < 3; i++) {
		struct text file = text_in(test_arena(), 64 * KIB);
		struct fault why = { 0 };

		text_add(&file, str_from(files[i]));
		while (i > 0 && file.len < 10000)
			text_add_char(&file, 'x');
		CHECK_STATUS(open_text(&file, &reader, &why), INVALID);
		CHECK(str_find(str_from(why.text), STR("no database")) >= 0);
	}
}

static enum status read_to_the_end(struct text *file, struct fault *why)
{
	struct text said = text_in(test_arena(), 64 * KIB);
	struct database_reader *reader = NULL;
	enum status status = open_text(file, &reader, why);

	if (status == OK)
		status = database_reader_each(reader, tell, &said, why);
	if (status == OK)
		status = database_reader_leases(reader, tell_lease, &said, why);
	database_reader_close(reader);
	return status;
}

TEST(a_file_that_was_cut_anywhere_is_noticed)
{
	struct text file = make_file(changes, CHANGES);
	uint32_t len = file.len;

	for (uint32_t at = 0; at < len; at += 509) {
		struct fault why = { 0 };

		file.len = at;
		CHECK(read_to_the_end(&file, &why) != OK);
		CHECK(why.text[0] != '\0');
	}
}

/* Each byte of what makes the pages: never outside of the file, never without an end, and if it is refused, in words. */
TEST(no_damage_makes_the_reader_fall_over)
{
	struct text file = make_file(changes, CHANGES);
	uint32_t refused = 0;

	for (uint32_t page = 0; page < file.len; page += BOLT_PAGE_BYTES) {
		for (uint32_t at = page; at < page + 160; at++) {
			for (uint32_t bit = 1; bit < 256; bit *= 4) {
				struct fault why = { 0 };

				file.at[at] ^= (char)bit;
				if (read_to_the_end(&file, &why) != OK) {
					refused++;
					CHECK(why.text[0] != '\0');
				}
				file.at[at] ^= (char)bit;
			}
		}
	}
	CHECK(refused > 200);
	CHECK_STATUS(read_to_the_end(&file, NULL), OK);
}

/* The page that has `count` entries of that kind. */
static char *find_page(struct text *file, uint32_t kind, uint32_t count)
{
	for (uint32_t at = 2 * BOLT_PAGE_BYTES; at < file->len; at += BOLT_PAGE_BYTES)
		if (file->at[at + 8] == (char)kind && file->at[at + 10] == (char)count)
			return file->at + at;
	test_fail(__FILE__, __LINE__, "no page of kind %u with %u entries", kind, count);
}

TEST(pages_that_go_in_circles_or_are_shared_are_refused)
{
	struct item *many = arena_array(test_arena(), struct item, 400);
	struct fault why = { 0 };
	struct text file;
	char *branch;
	uint64_t id;

	for (uint32_t i = 0; i < 400; i++)
		many[i] = (struct item){ i + 2, 0, false, "/registry/a", "a", 2, i + 1, 0, 100 };
	file = make_file(many, 400);
	CHECK_STATUS(read_to_the_end(&file, NULL), OK);
	for (uint32_t count = 2;; count++) {
		CHECK(count < 100);
		branch = NULL;
		for (uint32_t at = 2 * BOLT_PAGE_BYTES; at < file.len; at += BOLT_PAGE_BYTES)
			if (file.at[at + 8] == BOLT_BRANCH && file.at[at + 10] == (char)count)
				branch = file.at + at;
		if (branch != NULL)
			break;
	}
	memcpy(&id, branch, sizeof id);
	memcpy(branch + BOLT_HEADER_BYTES + BOLT_ELEMENT_BYTES + 8, &id, sizeof id);
	CHECK_STATUS(read_to_the_end(&file, &why), CORRUPT);
	memcpy(branch + BOLT_HEADER_BYTES + BOLT_ELEMENT_BYTES + 8, branch + BOLT_HEADER_BYTES + 8,
	       sizeof id);
	CHECK_STATUS(read_to_the_end(&file, &why), CORRUPT);
	CHECK(str_find(str_from(why.text), STR("come after")) >= 0 ||
	      str_find(str_from(why.text), STR("more than one")) >= 0);
}

TEST(small_buckets_that_stand_with_their_names_are_read)
{
	struct text file = make_file(changes, 1);
	char *leaf = find_page(&file, BOLT_LEAF, 1), *root = find_page(&file, BOLT_LEAF, 3);
	uint32_t distance, inline_bytes = 256;
	char *element = root + BOLT_HEADER_BYTES, *to = root + 1024;

	/* The bucket "key" anew: its name, root 0, a counter, and its only page. */
	distance = htole32((uint32_t)(to - element));
	inline_bytes = htole32(inline_bytes + BOLT_BUCKET_BYTES);
	memcpy(element + 4, &distance, 4);
	memcpy(element + 12, &inline_bytes, 4);
	memset(to, 0, 512);
	memcpy(to, "key", 3);
	memcpy(to + 3 + BOLT_BUCKET_BYTES, leaf, 256);
	CHECK_STATUS(read_to_the_end(&file, NULL), OK);
}

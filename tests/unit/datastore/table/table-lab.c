#include "tests/unit/datastore/table/table-lab.h"

#include "tests/lib/test.h"

struct table *table_lab_open(struct fake_disk *disk, struct table_mark *mark)
{
	struct table *table = NULL;
	struct fault why = { 0 };
	enum status status = table_open(fake_disk_files(disk), fake_disk_random(disk), PATH,
					test_arena(), &table, mark, &why);
	if (status != OK)
		test_fail(__FILE__, __LINE__, "table_open: %s: %s", status_name(status), why.text);
	return table;
}

struct fake_disk *table_lab_disk(uint64_t seed)
{
	struct fake_disk *disk = fake_disk_new(seed);
	CHECK_STATUS(fake_disk_files(disk)->mkdir(fake_disk_files(disk)->self, "/data", 0700), OK);
	CHECK_STATUS(fake_disk_files(disk)->sync_folder(fake_disk_files(disk)->self, "/data"), OK);
	return disk;
}

struct table_row table_lab_row(uint64_t revision, const char *key, const char *value)
{
	return (struct table_row){ .id = ID(revision),
				   .key = str_from(key),
				   .value = str_from(value),
				   .create_revision = revision,
				   .version = 1,
				   .is_delete = !value };
}

enum status table_lab_write(struct table *table, struct table_row row, struct table_mark *mark)
{
	mark->revision = row.id >> TABLE_PLACE_BITS;
	mark->applied_index++;
	struct table_group group = { .rows = &row, .row_count = 1, .mark = *mark };
	return table_write(table, &group, NULL);
}

void table_lab_print(void *arg, const struct table_row *row)
{
	struct text *out = arg;
	text_add(out, row->key);
	text_add_char(out, row->is_delete ? '-' : '=');
	text_add(out, row->value);
	text_printf(out, "@%llu ", (unsigned long long)(row->id >> TABLE_PLACE_BITS));
}

struct str table_lab_range(struct table_view *view, uint64_t revision, const char *from,
			   const char *end)
{
	struct text out = text_in(test_arena(), 65536);
	struct table_range range = { .from = str_from(from),
				     .end = str_from(end),
				     .revision = revision,
				     .max_bytes = 65536 };
	bool more;
	uint64_t count;
	CHECK_STATUS(table_range(view, &range, table_lab_print, &out, &more, &count), OK);
	CHECK(!more);
	return text_str(&out);
}

struct table *table_lab_history(struct fake_disk *disk, struct table_mark *mark)
{
	struct table *table = table_lab_open(disk, mark);
	const struct table_row rows[] = {
		table_lab_row(2, "a", "1"),  table_lab_row(3, "b", "1"), table_lab_row(4, "a", "2"),
		table_lab_row(5, "b", NULL), table_lab_row(6, "c", "1"), table_lab_row(7, "b", "2"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_STATUS(table_lab_write(table, rows[i], mark), OK);
	return table;
}

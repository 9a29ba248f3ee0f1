/*
 * The audit log's file: it is put aside when it would grow too large, and old ones go.
 */
#include "actors/audit/audit-file.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define HOUR (3600LL * TIME_S)
#define START (1767225600LL * TIME_S) /* 2026-01-01T00:00:00Z */

static void note(void *arg, struct str name)
{
	struct text *text = arg;

	text_add(text, name);
	text_add_char(text, ' ');
}

static struct str names(const struct audit_file *file)
{
	struct text text = text_in(test_arena(), 4096);

	CHECK_EQ(file->files->list(file->files->self, "/log", note, &text), OK);
	return text_str(&text);
}

static struct audit_file file_on(struct fake_disk *disk, struct audit_file_options options)
{
	const struct seams_files *files = fake_disk_files(disk);

	(void)!files->mkdir(files->self, "/log", 0700);
	options.path = "/log/audit.log";
	return (struct audit_file){ .files = files, .options = options };
}

static void write_at(struct audit_file *file, int64_t hours, const char *lines)
{
	struct fault why = { 0 };

	CHECK_EQ(audit_file_write(file, str_from(lines),
				  (struct wall){ START + hours * HOUR + 5 * TIME_MS }, &why),
		 OK);
}

TEST(a_file_is_put_aside_before_it_grows_too_large_and_the_newest_stay)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct audit_file file =
	    file_on(disk, (struct audit_file_options){ .size_max = 10, .backups = 2 });

	write_at(&file, 0, "1234\n");
	write_at(&file, 1, "5678\n");
	CHECK_STR(names(&file), "audit.log ");
	write_at(&file, 2, "9\n");
	CHECK_STR(names(&file), "audit-2026-01-01T02-00-00.005.log audit.log ");
	write_at(&file, 3, "123456789012345\n"); /* a line that is larger alone is still written */
	write_at(&file, 4, "x\n");
	CHECK_STR(names(&file), "audit-2026-01-01T03-00-00.005.log "
				"audit-2026-01-01T04-00-00.005.log audit.log ");
	audit_file_close(&file);
	/* Another begins where this one ended. */
	file = file_on(disk, (struct audit_file_options){ .size_max = 10 });
	write_at(&file, 5, "y\n");
	CHECK_EQ(file.size, 4);
	audit_file_close(&file);
	fake_disk_free(disk);
}

TEST(old_files_go_by_their_age_and_those_of_others_stay)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct audit_file file =
	    file_on(disk, (struct audit_file_options){ .size_max = 1, .age_days = 1 });
	struct audit_file other =
	    file_on(disk, (struct audit_file_options){ .path = "/log/audit.log" });

	other.options.path = "/log/audit-of-mine.log";
	write_at(&other, 0, "a\n");
	audit_file_close(&other);
	write_at(&file, 0, "a\n");
	write_at(&file, 1, "b\n");
	write_at(&file, 20, "c\n");
	write_at(&file, 26, "d\n");
	CHECK_STR(names(&file), "audit-2026-01-01T20-00-00.005.log "
				"audit-2026-01-02T02-00-00.005.log audit-of-mine.log audit.log ");
	audit_file_close(&file);
	fake_disk_free(disk);
}

TEST(a_write_that_fails_is_told_and_the_next_begins_anew)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct audit_file file = file_on(disk, (struct audit_file_options){ .size_max = 0 });
	struct fault why = { 0 };

	write_at(&file, 0, "a\n");
	fake_disk_set_full(disk, true);
	CHECK(audit_file_write(&file, STR("b\n"), (struct wall){ START }, &why) != OK);
	CHECK(str_starts(str_from(why.text), STR("/log/audit.log: ")));
	fake_disk_set_full(disk, false);
	write_at(&file, 0, "c\n");
	CHECK_EQ(file.size, 4);
	audit_file_close(&file);
	fake_disk_free(disk);
}

#include "deploy/main/backup/schedule.h"

#include <stdio.h>

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define HOUR_MS (3600U * 1000U)

static struct wall at_hour(int64_t hours)
{
	return (struct wall){ (INT64_C(1790000000) + hours * 3600) * TIME_S };
}

static void make(struct fake_disk *disk, const char *name)
{
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_file *file;
	char path[300];

	snprintf(path, sizeof path, "/b/%s", name);
	CHECK_STATUS(files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE, 0600, &file), OK);
	files->close(files->self, file);
}

static void make_at(struct fake_disk *disk, const char *cluster, int64_t hours)
{
	char name[SCHEDULE_NAME_MAX];

	schedule_name(str_from(cluster), at_hour(hours), name);
	make(disk, name);
}

static struct fake_disk *make_folder(void)
{
	struct fake_disk *disk = fake_disk_new(1);

	CHECK_STATUS(fake_disk_files(disk)->mkdir(fake_disk_files(disk)->self, "/b", 0700), OK);
	return disk;
}

static struct scheduled look(struct fake_disk *disk, const struct schedule *schedule, int64_t hours)
{
	struct schedule_list list;
	struct scheduled out;

	CHECK_STATUS(schedule_gather(fake_disk_files(disk), schedule, STR("c1"), &list, NULL), OK);
	out = schedule_judge(schedule, &list, at_hour(hours));
	schedule_list_fini(&list);
	return out;
}

static uint32_t prune(struct fake_disk *disk, const struct schedule *schedule, int64_t hours)
{
	uint32_t gone;

	CHECK_STATUS(
	    schedule_prune(fake_disk_files(disk), schedule, STR("c1"), at_hour(hours), &gone, NULL),
	    OK);
	return gone;
}

TEST(the_next_backup_is_due_when_the_newest_is_old_enough)
{
	struct fake_disk *disk = make_folder();
	struct schedule schedule = { .folder = "/b", .every_ms = 6 * HOUR_MS };

	CHECK(look(disk, &schedule, 0).is_due);
	make_at(disk, "c1", 0);
	make_at(disk, "other", 5);
	make(disk, "troupe-c1-20261399T001122Z.backup");
	make(disk, "troupe-c1-20260921T140000Z.backup.new");
	CHECK_EQ(look(disk, &schedule, 5).count, 1);
	CHECK(look(disk, &schedule, 5).made.ns == at_hour(0).ns);
	CHECK(!look(disk, &schedule, 5).is_due);
	CHECK(look(disk, &schedule, 6).is_due);
	make_at(disk, "c1", 100); /* by a clock that was wrong */
	CHECK(look(disk, &schedule, 7).is_due);
	fake_disk_free(disk);
}

TEST(the_newest_are_kept_and_what_is_not_ours_is_left_alone)
{
	struct fake_disk *disk = make_folder();
	struct schedule schedule = { .folder = "/b", .every_ms = HOUR_MS, .keep = 3 };

	for (int64_t hour = 0; hour < 10; hour++) {
		make_at(disk, "c1", hour);
		make_at(disk, "c2", hour);
	}
	make(disk, "troupe-c1-letter.backup");
	CHECK_EQ(prune(disk, &schedule, 10), 7);
	CHECK_EQ(look(disk, &schedule, 10).count, 3);
	CHECK(look(disk, &schedule, 10).made.ns == at_hour(9).ns);
	CHECK_EQ(prune(disk, &schedule, 10), 0);
	schedule = (struct schedule){ .folder = "/b", .age_ms = HOUR_MS };
	CHECK_EQ(prune(disk, &schedule, 100), 2); /* but for the newest */
	CHECK_EQ(look(disk, &schedule, 100).count, 1);
	fake_disk_free(disk);
}

TEST(a_folder_that_is_gone_is_said)
{
	struct fake_disk *disk = fake_disk_new(2);
	const struct seams_files *files = fake_disk_files(disk);
	struct schedule schedule = { .folder = "/b", .every_ms = 1 };
	struct fault why = { 0 };
	struct schedule_list list;
	enum status status = schedule_gather(files, &schedule, STR("c1"), &list, &why);

	CHECK(status == OK || why.text[0] != '\0');
	schedule_list_fini(&list);
	fake_disk_free(disk);
}

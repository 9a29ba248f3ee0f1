#include "deploy/main/host/members-file.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

static struct str found(const struct fake_disk *disk)
{
	return members_file_read(fake_disk_files((struct fake_disk *)(uintptr_t)disk), "/data",
				 test_arena());
}

TEST(the_file_of_members_is_as_it_was_last_written_whatever_happens_meanwhile)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);

	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	CHECK_EQ(found(disk).len, 0);
	CHECK_STATUS(members_file_write(files, "/data", STR("n2@127.0.0.2:6444")), OK);
	CHECK_STR(found(disk), "n2@127.0.0.2:6444");
	/* A write that is cut short at any change of the disk leaves the one before, or itself. */
	for (uint64_t changes = 1; changes < 8; changes++) {
		struct str now;
		enum status status;

		fake_disk_fail_after(disk, changes);
		status = members_file_write(files, "/data", STR("n3@127.0.0.3:6444,n4@[::1]:1"));
		fake_disk_crash(disk);
		now = found(disk);
		CHECK(str_is(now, "n3@127.0.0.3:6444,n4@[::1]:1") ||
		      (status != OK && str_is(now, "n2@127.0.0.2:6444")));
	}
	CHECK_STR(found(disk), "n3@127.0.0.3:6444,n4@[::1]:1");
	fake_disk_free(disk);
}

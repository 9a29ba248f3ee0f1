#include "deploy/main/host/process-metrics.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

static void put(const struct seams_files *files, const char *path, const char *text)
{
	struct seams_file *file;

	CHECK_STATUS(files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, text, strlen(text), 0), OK);
	files->close(files->self, file);
}

static struct str written(const struct seams_files *files)
{
	struct metrics *metrics = metrics_new();
	struct text out = text_in(test_arena(), 64 * KIB);

	process_metrics_add(metrics, files, NULL, test_arena());
	metrics_write(metrics, &out);
	metrics_free(metrics);
	return text_str(&out);
}

TEST(a_process_says_what_it_takes_under_the_names_that_all_programs_have)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);
	struct str text;

	CHECK_STATUS(files->mkdir(files->self, "/proc", 0700), OK);
	CHECK_STATUS(files->mkdir(files->self, "/proc/self", 0700), OK);
	CHECK(str_find(written(files), STR("process_")) < 0);
	put(files, "/proc/stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n");
	put(files, "/proc/self/stat",
	    "17 (a (b) c) S 1 17 17 0 -1 4194560 5 0 0 0 250 150 0 0 20 0 3 0 1000 8192000 50 99 "
	    "0\n");
	CHECK_STATUS(files->mkdir(files->self, "/proc/self/fd", 0700), OK);
	put(files, "/proc/self/fd/0", "");
	put(files, "/proc/self/fd/7", "");
	put(files, "/proc/self/limits",
	    "Limit                     Soft Limit           Hard Limit           Units     \n"
	    "Max open files            1024                 4096                 files     \n");
	text = written(files);
	CHECK(str_find(text, STR("\nprocess_open_fds 2\n")) > 0);
	CHECK(str_find(text, STR("\nprocess_max_fds 1024\n")) > 0);
	CHECK(str_find(text, STR("\nprocess_cpu_seconds_total 4\n")) > 0);
	CHECK(str_find(text, STR("\nprocess_start_time_seconds 1.70000001e+09\n")) > 0);
	CHECK(str_find(text, STR("\nprocess_virtual_memory_bytes 8.192e+06\n")) > 0);
	CHECK(str_find(text, STR("\nprocess_resident_memory_bytes 204800\n")) > 0);
	fake_disk_free(disk);
}

TEST(a_process_that_cannot_be_read_says_nothing)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);

	CHECK_STATUS(files->mkdir(files->self, "/proc", 0700), OK);
	CHECK_STATUS(files->mkdir(files->self, "/proc/self", 0700), OK);
	put(files, "/proc/stat", "btime 1\n");
	put(files, "/proc/self/stat", "17 (cut");
	CHECK(str_find(written(files), STR("process_")) < 0);
	fake_disk_free(disk);
}

#include "runtime/loop/loop.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(a_file_past_the_cache_has_what_was_written)
{
	static _Alignas(SEAMS_DIRECT_BYTES) char block[2 * SEAMS_DIRECT_BYTES];
	const struct seams_files *files = loop_files();
	const char *path = arena_printf(test_arena(), "%s/direct", test_folder()).at;
	char found[sizeof block];
	struct seams_file *file;
	size_t len;

	memset(block, 'x', sizeof block);
	/* A file system that has nothing but its cache takes it all the same. */
	CHECK_STATUS(
	    files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE | SEAMS_DIRECT, 0600, &file),
	    OK);
	CHECK_STATUS(files->write(files->self, file, block, sizeof block, SEAMS_DIRECT_BYTES), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	files->close(files->self, file);
	CHECK_STATUS(files->open(files->self, path, SEAMS_READ, 0, &file), OK);
	CHECK_STATUS(files->read(files->self, file, found, sizeof found, SEAMS_DIRECT_BYTES, &len),
		     OK);
	files->close(files->self, file);
	CHECK_EQ(len, sizeof block);
	CHECK(memcmp(found, block, sizeof block) == 0);
}

TEST(a_file_written_through_has_what_was_written_and_its_size)
{
	const struct seams_files *files = loop_files();
	const char *path = arena_printf(test_arena(), "%s/through", test_folder()).at;
	char found[16];
	struct seams_file *file;
	uint64_t size;
	size_t len;

	CHECK_STATUS(files->open(files->self, path,
				 SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_THROUGH, 0600,
				 &file),
		     OK);
	CHECK_STATUS(files->reserve(files->self, file, 8192), OK);
	CHECK_STATUS(files->write(files->self, file, "through", 7, 4000), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK_STATUS(files->truncate(files->self, file, 4005), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK_STATUS(files->size(files->self, file, &size), OK);
	CHECK_EQ(size, 4005);
	CHECK_STATUS(files->read(files->self, file, found, sizeof found, 4000, &len), OK);
	CHECK(str_is(str_of(found, (uint32_t)len), "throu"));
	files->close(files->self, file);
}

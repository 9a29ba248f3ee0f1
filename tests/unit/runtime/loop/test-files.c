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

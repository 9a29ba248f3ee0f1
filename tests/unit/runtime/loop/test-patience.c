#include <stdio.h>

#include "runtime/loop/loop-private.h"
#include "tests/lib/test.h"

/* The kernel, as far as a test says what it tells. */
struct kernel {
	struct seams_files files;
	const char *line; /* NULL: it has no such file */
};

static enum status open_it(void *self, const char *path, uint32_t flags, uint32_t mode,
			   struct seams_file **out)
{
	(void)path, (void)flags, (void)mode;
	*out = self;
	return ((struct kernel *)self)->line != NULL ? OK : NOT_FOUND;
}

static enum status read_it(void *self, struct seams_file *file, void *at, size_t len,
			   uint64_t offset, size_t *out_len)
{
	const char *line = ((struct kernel *)self)->line;

	(void)file, (void)offset;
	*out_len = strlen(line) < len ? strlen(line) : len;
	memcpy(at, line, *out_len);
	return OK;
}

static void close_it(void *self, struct seams_file *file)
{
	(void)self, (void)file;
}

/* What is spent at 20,000 of a patience that began at 5,000, when the kernel said the first line, then the second. */
static int64_t spent(const char *first, const char *second)
{
	struct kernel kernel = { { .open = open_it, .read = read_it, .close = close_it }, first };
	struct patience patience;

	kernel.files.self = &kernel;
	patience = patience_from(&kernel.files, "schedstat", 5000);
	kernel.line = second;
	return patience_spent_ms(&patience, &kernel.files, "schedstat", 20000);
}

TEST(time_in_which_others_had_the_processors_spends_no_patience)
{
	CHECK_EQ(spent("9000000000 2000000000 7\n", "9000000000 14000000000 8\n"), 3000);
	CHECK_EQ(spent("9000000000 2000000000 7\n", "24000000000 2000000000 7\n"), 15000);
	/* Rounded as it may be. */
	CHECK_EQ(spent("1 0 1\n", "1 15000999999 1\n"), 0);
	CHECK_EQ(spent("1 0 1\n", "1 99000000000 1\n"), 0);
}

TEST(where_the_kernel_does_not_say_how_long_a_thread_waited_all_time_counts)
{
	CHECK_EQ(spent(NULL, NULL), 15000);
	CHECK_EQ(spent(NULL, "1 nonsense 1\n"), 15000);
	CHECK_EQ(spent("1 7000000000 1\n", ""), 15000);
	CHECK_EQ(spent("1 7000000000 1\n", NULL), 15000);
	CHECK_EQ(spent("7", "8"), 15000);
}

TEST(this_kernel_says_how_long_a_thread_waited)
{
	const struct seams_files *files = loop_files();
	struct patience patience = patience_from(files, "/proc/self/schedstat", 1);

	CHECK(patience.since_ms == 1);
	CHECK(patience_spent_ms(&patience, files, "/proc/self/schedstat", 11) <= 10);
}

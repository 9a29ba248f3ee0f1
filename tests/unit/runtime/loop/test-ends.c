#include <signal.h>
#include <stdio.h>

#include "runtime/loop/ends.h"
#include "runtime/loop/loop.h"
#include "tests/lib/test.h"

static struct end make_end(int64_t pid)
{
	struct end end = { .host = "control",
			   .when_ns = 1795712510764555697,
			   .pid = pid,
			   .epoch = 7,
			   .code = -1,
			   .signal = SIGSEGV,
			   .has_words = true,
			   .words = { .actor = "web",
				      .class = "server",
				      .type = "call",
				      .signal = SIGSEGV,
				      .address = 0x10,
				      .frames = { 0x1234, 0x7fc569ee7f36 },
				      .frame_count = 2 } };

	return end;
}

TEST(how_a_host_ended_is_read_back_as_it_was_written)
{
	const struct seams_files *files = loop_files();
	struct end end = make_end(1), killed = { .host = "core", .pid = 2, .code = -1, .signal = 9 };
	struct end *ends;
	uint32_t count;
	struct text words = text_in(test_arena(), 200);

	CHECK_STATUS(ends_read(files, test_folder(), test_arena(), &ends, &count), NOT_FOUND);
	ends_add(files, test_folder(), &end);
	ends_add(files, test_folder(), &killed);
	CHECK_STATUS(ends_read(files, test_folder(), test_arena(), &ends, &count), OK);
	CHECK_EQ(count, 2);
	CHECK_STR(str_from(ends[0].host), "control");
	CHECK_EQ(ends[0].when_ns, end.when_ns);
	CHECK_EQ(ends[0].epoch, 7);
	CHECK_EQ(ends[0].words.frame_count, 2);
	CHECK_EQ(ends[0].words.frames[1], 0x7fc569ee7f36);
	end_print(&ends[0], &words);
	CHECK_STR(
	    text_str(&words),
	    "SIGSEGV at 0x10 in actor web (server), message call; stack 0x1234 0x7fc569ee7f36");
	CHECK(!ends[1].has_words);
	CHECK_EQ(ends[1].signal, 9);
}

TEST(only_the_youngest_ends_are_kept)
{
	const struct seams_files *files = loop_files();
	struct end *ends;
	uint32_t count;

	for (int64_t pid = 1; pid <= ENDS_MAX + 5; pid++) {
		struct end end = make_end(pid);

		ends_add(files, test_folder(), &end);
	}
	CHECK_STATUS(ends_read(files, test_folder(), test_arena(), &ends, &count), OK);
	CHECK_EQ(count, ENDS_MAX);
	CHECK_EQ(ends[0].pid, 6);
	CHECK_EQ(ends[ENDS_MAX - 1].pid, ENDS_MAX + 5);
}

TEST(what_is_no_end_is_left_out)
{
	static const char *const lines[] = { "\n", "x\n", "core\t1\t2\tthree\t0\t0\t\t\t\t0\t\n",
					     "core\t1\t2\t3\t0\t0\ta\tb\tc\tzz\t\n",
					     "core\t1\t2\t3\t0\t0\ta\tb\tc\t0\t1 2 x\n" };
	const struct seams_files *files = loop_files();
	char path[512];
	struct end end = make_end(1), *ends;
	uint32_t count;
	FILE *file;

	snprintf(path, sizeof path, "%s/ends", test_folder());
	file = fopen(path, "we");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		fputs(lines[i], file);
	fclose(file);
	ends_add(files, test_folder(), &end);
	CHECK_STATUS(ends_read(files, test_folder(), test_arena(), &ends, &count), OK);
	CHECK_EQ(count, 1);
	CHECK_EQ(ends[0].pid, 1);
}

/* A spare and the order that makes a host of it: what becomes of its words, and of orders that are none. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/bytes.h"
#include "runtime/loop/root-private.h"
#include "tests/lib/test.h"

#define ROOM 64U

/* Our end of the socket of the life that this process, a spare, has. */
static int make_life(void)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	if (pair[0] == ROOT_LIFE_FD) {
		pair[0] = dup(pair[0]);
		CHECK(pair[0] >= 0);
	}
	CHECK(dup2(pair[1], ROOT_LIFE_FD) == ROOT_LIFE_FD);
	if (pair[1] != ROOT_LIFE_FD)
		close(pair[1]);
	return pair[0];
}

static void say(int life, struct str bytes)
{
	CHECK_EQ(write(life, bytes.at, bytes.len), (ssize_t)bytes.len);
}

/* `len` before `words`. */
static struct str order(uint32_t len, struct str words)
{
	struct text text = text_in(test_arena(), 2 * ROOT_WORK_BYTES);
	char head[4];

	bytes_put_u32(head, len);
	text_add(&text, str_of(head, sizeof head));
	text_add(&text, words);
	return text_str(&text);
}

static struct str numbered(uint32_t count)
{
	struct text text = text_in(test_arena(), ROOT_WORK_BYTES);

	for (uint32_t i = 0; i < count; i++) {
		text_printf(&text, "word-%u", i);
		text_add(&text, str_of("", 1));
	}
	CHECK(!text.is_cut);
	return text_str(&text);
}

/* What the spare is listed under: its words have room for what it becomes. */
static char **make_argv(void)
{
	char *names = arena_zalloc(test_arena(), 2 * ROOM),
	     **argv = arena_array(test_arena(), char *, 3);

	memset(names, 'a', ROOM - 1);
	memset(names + ROOM, 'b', ROOM - 1);
	argv[0] = names;
	argv[1] = names + ROOM;
	argv[2] = NULL;
	return argv;
}

static enum status become(struct str said, int *out_argc, char ***out_argv)
{
	int life = make_life();
	enum status status;
	char warm;

	say(life, said);
	shutdown(life, SHUT_WR); /* whoever waits for more learns that the root has ended */
	status = root_spare_wait(test_arena(), make_argv(), out_argc, out_argv);
	CHECK(read(life, &warm, 1) == 1 && warm == 'W');
	close(life);
	return status;
}

/* A node with a policy, keys and webhooks has dozens: one that is left out is a rule that no longer holds after a crash. */
TEST(a_spare_becomes_the_host_with_every_word_of_its_command_line)
{
	static const uint32_t counts[] = { 1, 4, 32, 33, 60, ROOT_WORDS_MAX - 1 };

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct str words = numbered(counts[i]);
		char **argv;
		int argc;

		CHECK_STATUS(become(order(words.len, words), &argc, &argv), OK);
		CHECK_EQ(argc, counts[i]);
		CHECK(argv[argc] == NULL);
		for (int at = 0; at < argc; at++)
			CHECK_STR(str_from(argv[at]), arena_printf(test_arena(), "word-%d", at).at);
	}
}

TEST(the_process_is_listed_under_what_it_became)
{
	struct str words = numbered(3);
	char **listed = make_argv();
	int life = make_life(), argc;
	char **argv;

	say(life, order(words.len, words));
	CHECK_STATUS(root_spare_wait(test_arena(), listed, &argc, &argv), OK);
	CHECK(memcmp(listed[0], words.at, words.len) == 0);
	for (uint32_t i = words.len; i < 2 * ROOM; i++)
		CHECK_EQ(listed[0][i], '\0');
	close(life);
}

TEST(a_spare_whose_root_ends_or_talks_nonsense_becomes_no_host)
{
	struct str words = numbered(2), many = numbered(ROOT_WORDS_MAX);
	const struct {
		struct str said;
		enum status status;
	} cases[] = {
		{ STR(""), GONE },
		{ STR("\1\0"), GONE },
		{ order(words.len + 1, words), GONE },
		{ order(0, words), CORRUPT },
		{ order(ROOT_WORK_BYTES + 1, words), CORRUPT },
		{ order(UINT32_MAX, words), CORRUPT },
		{ order(words.len - 1, words), CORRUPT }, /* the last word has no end */
		{ order(many.len, many), CORRUPT },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char **argv = NULL;
		int argc = 0;

		CHECK_STATUS(become(cases[i].said, &argc, &argv), cases[i].status);
		CHECK(argv == NULL);
	}
}

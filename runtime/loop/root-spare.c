/*
 * Spares: processes of this program that have started, warmed up and wait for a host's work.
 *
 * When a host ends, its next life begins in a spare, by one message over the socket that is the life's anyway: no exec, no
 * loading of libraries, no first touch of pages. A new spare is made once all hosts are ready, so that it takes no time from
 * them. One that does not even get warm is tried again at each tick, a few times; then hosts start cold, as without spares.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/bytes.h"
#include "runtime/base/log.h"
#include "runtime/loop/root-private.h"

#define FAILURES_MAX 3U
#define WORK_HEAD 4U /* the length of what follows */

static uint32_t wanted(const struct root *root)
{
	uint32_t spares = root->spec->spare_argv != NULL ? root->spec->spares : 0;

	return spares < ROOT_SPARES_MAX ? spares : ROOT_SPARES_MAX;
}

/* ---- in the root ----------------------------------------------------------------------------------------- */

static void heard(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct spare *spare = stream_arg(stream);

	(void)act;
	if (status != OK || str_find_char(bytes, 'W') < 0)
		return;
	spare->is_warm = true;
	spare->root->spare_failures = 0;
}

void root_spare_fill(struct root *root)
{
	static const struct stream_events events = { .on_read = heard };

	if (root->is_stopping || root->spare_failures >= FAILURES_MAX)
		return;
	for (uint32_t i = 0; i < wanted(root); i++) {
		struct spare *spare = &root->spares[i];

		if (spare->process.pid != 0)
			continue;
		spare->root = root;
		spare->is_warm = false;
		root_process_start(root, &spare->process, root->spec->spare_argv, NULL, &events,
				   spare);
	}
}

/* The words one after the other, each with its end, behind their length. */
static void write_work(const char *const *argv, struct text *out)
{
	char head[WORK_HEAD] = { 0 };

	text_add(out, str_of(head, sizeof head));
	for (; *argv != NULL; argv++)
		text_add(out, str_of(*argv, strlen(*argv) + 1));
	bytes_put_u32(out->at, out->len - WORK_HEAD);
}

static bool give_work(struct spare *spare, const struct hosted *host)
{
	struct text work = text_new(ROOT_WORK_BYTES);
	struct str part;
	bool is_given;

	write_work(host->words, &work);
	part = text_str(&work);
	root_process_name(&spare->process, host);
	is_given = !work.is_cut && stream_write(spare->process.stream, &part, 1, NULL, NULL) == OK;
	text_fini(&work);
	return is_given;
}

bool root_spare_take(struct root *root, struct hosted *host)
{
	for (uint32_t i = 0; i < ROOT_SPARES_MAX; i++) {
		struct spare *spare = &root->spares[i];

		if (spare->process.pid == 0 || !spare->is_warm || !give_work(spare, host))
			continue;
		host->process = spare->process;
		spare->process = (struct root_process){ .pid = 0 };
		return true;
	}
	return false;
}

bool root_spare_ended(struct root *root, int64_t pid)
{
	for (uint32_t i = 0; i < ROOT_SPARES_MAX; i++) {
		struct spare *spare = &root->spares[i];

		if (spare->process.pid != pid)
			continue;
		if (!spare->is_warm && !root->is_stopping && ++root->spare_failures == FAILURES_MAX)
			log_error("root", "spares end before they are warm: hosts start cold",
				  LOG_U64("tries", FAILURES_MAX));
		root_process_close(&spare->process);
		return true;
	}
	return false;
}

void root_spare_end_all(struct root *root)
{
	for (uint32_t i = 0; i < ROOT_SPARES_MAX; i++)
		if (root->spares[i].process.pid != 0)
			root_process_signal(root, &root->spares[i].process, SIGKILL);
}

bool root_spare_are_gone(const struct root *root)
{
	for (uint32_t i = 0; i < ROOT_SPARES_MAX; i++)
		if (root->spares[i].process.pid != 0)
			return false;
	return true;
}

/* ---- in the spare ---------------------------------------------------------------------------------------- */

static bool read_all(char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = read(ROOT_LIFE_FD, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * What the process is called from now on is what it does: who looks at the processes of a machine sees its hosts. The kernel shows the bytes
 * from the first of the words to the end of the last.
 */
static void rename_process(char **argv, struct str words)
{
	char *last = argv[0];
	size_t room;

	for (char **word = argv; *word != NULL; word++)
		last = *word;
	room = (size_t)(last + strlen(last) - argv[0]);
	memset(argv[0], 0, room);
	memcpy(argv[0], words.at, words.len < room ? words.len : room);
}

/* What a host does first, done once for nobody: pages of code and heap are touched, libraries that are loaded late are here. */
static void warm_up(void)
{
	struct loop_config config = { .host = { .name = "spare", .node = 1, .host = 1, .epoch = 1 },
				      .workers = 1 };
	struct loop *loop;

	blackbox_warm();
	if (loop_open(&config, &loop) != OK)
		return;
	loop_step(loop, 0);
	loop_close(loop);
}

/* False: more of them than a host has. */
static bool cut_words(char *at, uint32_t len, char *words[ROOT_WORDS_MAX], int *out_count)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < len; i += (uint32_t)strlen(at + i) + 1) {
		if (count + 1 == ROOT_WORDS_MAX)
			return false; /* the last one is NULL */
		words[count++] = at + i;
	}
	words[count] = NULL;
	*out_count = (int)count;
	return true;
}

enum status root_spare_wait(struct arena *arena, char **argv, int *out_argc, char ***out_argv)
{
	char head[WORK_HEAD], **words = arena_array(arena, char *, ROOT_WORDS_MAX);
	uint32_t len;
	char *at;

	warm_up();
	if (write(ROOT_LIFE_FD, "W", 1) != 1 || !read_all(head, sizeof head))
		return GONE;
	len = (uint32_t)bytes_get(head, WORK_HEAD);
	if (len == 0 || len > ROOT_WORK_BYTES)
		return CORRUPT;
	at = arena_alloc(arena, len);
	if (!read_all(at, len))
		return GONE;
	if (at[len - 1] != '\0' || !cut_words(at, len, words, out_argc))
		return CORRUPT;
	rename_process(argv, str_of(at, len));
	*out_argv = words;
	return OK;
}

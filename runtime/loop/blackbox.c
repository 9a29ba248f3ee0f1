#include "runtime/loop/blackbox.h"

#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/base.h"

#define MAGIC 0x74726f757065626bULL /* "troupebk" */
#define VERSION 2U
#define STACK_BYTES (64U * KIB) /* backtrace() wants some room */
#define FRAMES_SKIPPED 2        /* the handler's own, and the kernel's way into it */

_Static_assert(sizeof(struct blackbox) <= 4096, "one page, written without a second fault");

/* A signal handler is told nothing but the signal: what it writes to has to be known to the process. */
static struct {
	struct blackbox *box;
	const struct act_host *host;
	const struct act_peek *peek; /* NULL: there is no host */
} watched;

static const struct {
	int number;
	const char *name;
} fatal[] = { { SIGSEGV, "SIGSEGV" },
	      { SIGBUS, "SIGBUS" },
	      { SIGILL, "SIGILL" },
	      { SIGFPE, "SIGFPE" },
	      { SIGABRT, "SIGABRT" } };

/* ---- in the root ------------------------------------------------------------------------------------------ */

enum status blackbox_new(struct blackbox **out, int *out_fd)
{
	int fd = memfd_create("blackbox", MFD_CLOEXEC);
	struct blackbox *box;

	if (fd < 0)
		return IO;
	if (ftruncate(fd, sizeof *box) != 0 ||
	    (box = mmap(NULL, sizeof *box, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) ==
		MAP_FAILED) {
		close(fd);
		return IO;
	}
	box->magic = MAGIC;
	box->version = VERSION;
	*out = box;
	*out_fd = fd;
	return OK;
}

void blackbox_free(struct blackbox *box, int fd)
{
	if (box == NULL)
		return;
	munmap(box, sizeof *box);
	close(fd);
}

const char *blackbox_signal_text(int number)
{
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		if (fatal[i].number == number)
			return fatal[i].name;
	return number == SIGKILL ? "SIGKILL" : number == SIGTERM ? "SIGTERM" : "a signal";
}

static void take_text(char out[48], const char in[48])
{
	memcpy(out, in, 47);
	out[47] = '\0';
}

bool blackbox_read(const struct blackbox *box, struct blackbox_words *out)
{
	if (box->is_filled == 0)
		return false;
	*out = (struct blackbox_words){ .signal = box->signal,
					.when_ns = box->when_ns,
					.address = box->address };
	take_text(out->actor, box->actor);
	take_text(out->class, box->class);
	take_text(out->type, box->type);
	out->frame_count = box->frame_count < BLACKBOX_FRAMES ? box->frame_count : BLACKBOX_FRAMES;
	for (uint32_t i = 0; i < out->frame_count; i++)
		out->frames[i] = box->frames[i] - box->program < box->program_bytes
				     ? box->frames[i] - box->program
				     : box->frames[i];
	return true;
}

void blackbox_print(const struct blackbox_words *words, struct text *out)
{
	text_printf(out, "%s at 0x%jx", blackbox_signal_text(words->signal),
		    (uintmax_t)words->address);
	if (words->class[0] != '\0')
		text_printf(out, " in actor %s (%s), message %s", words->actor, words->class,
			    words->type);
	text_lit(out, "; stack");
	for (uint32_t i = 0; i < words->frame_count; i++)
		text_printf(out, " 0x%jx", (uintmax_t)words->frames[i]);
}

/* ---- in the host ------------------------------------------------------------------------------------------- */

enum status blackbox_open(int fd, struct blackbox **out)
{
	struct blackbox *box = mmap(NULL, sizeof *box, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (box == MAP_FAILED)
		return NOT_FOUND;
	if (box->magic != MAGIC || box->version != VERSION || box->epoch == 0) {
		munmap(box, sizeof *box);
		return NOT_FOUND;
	}
	*out = box;
	return OK;
}

static void copy_name(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from != NULL && i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	to[i] = '\0';
}

/* The program's own code, between two marks that the linker makes; a shared library's code has none, and is then not told apart. */
extern const char __executable_start[] __attribute__((weak, visibility("hidden")));
extern const char etext[] __attribute__((weak, visibility("hidden")));

static void write_down(int number, siginfo_t *info, void *context)
{
	struct blackbox *box = watched.box;
	struct act_host_now now = { 0 };
	struct timespec when;
	void *frames[BLACKBOX_FRAMES + FRAMES_SKIPPED];
	int count;

	(void)context;
	box->signal = number;
	box->address = number == SIGABRT ? 0 : (uint64_t)(uintptr_t)info->si_addr;
	clock_gettime(CLOCK_REALTIME, &when);
	box->when_ns = when.tv_sec * TIME_S + when.tv_nsec;
	/* From here on a second fault ends the process with what is written so far. */
	box->is_filled = 1;
	if (!act_job_peek(&now) && watched.peek != NULL)
		act_peek_read(watched.peek, &now);
	copy_name(box->actor, sizeof box->actor, now.name);
	copy_name(box->class, sizeof box->class, now.class_name);
	copy_name(box->type, sizeof box->type, now.type_name != NULL ? now.type_name : "none");
	count = backtrace(frames, BLACKBOX_FRAMES + FRAMES_SKIPPED) - FRAMES_SKIPPED;
	for (int i = 0; i < count; i++)
		box->frames[i] = (uint64_t)(uintptr_t)frames[i + FRAMES_SKIPPED];
	box->frame_count = count > 0 ? (uint32_t)count : 0;
	/* The handler was for one time only: the same signal now ends the process as it would have. */
	raise(number);
}

void blackbox_warm(void)
{
	void *frame;

	/* The first backtrace loads a library, which is no thing to do in a handler. */
	backtrace(&frame, 1);
}

void blackbox_watch(struct blackbox *box, const struct act_host *host)
{
	static char stack[STACK_BYTES];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = write_down,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND };

	watched.box = box;
	watched.host = host;
	watched.peek = act_host_peek(host);
	box->program = (uint64_t)(uintptr_t)__executable_start;
	box->program_bytes = __executable_start != NULL ? (uint64_t)(etext - __executable_start) : 0;
	blackbox_warm();
	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		sigaction(fatal[i].number, &action, NULL);
}

void blackbox_unwatch(const struct act_host *host)
{
	if (watched.host == host)
		watched.host = NULL, watched.peek = NULL;
}

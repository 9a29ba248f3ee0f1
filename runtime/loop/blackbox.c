#include "runtime/loop/blackbox.h"

#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/base.h"

#define MAGIC 0x74726f757065626bULL /* "troupebk" */
#define VERSION 1U
#define STACK_BYTES (64U * KIB) /* backtrace() wants some room */

_Static_assert(sizeof(struct blackbox) <= 4096, "one page, written without a second fault");

/* A signal handler is told nothing but the signal: what it writes to has to be known to the process. */
static struct {
	struct blackbox *box;
	const struct act_host *host;
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

enum status blackbox_new(uint16_t epoch, struct blackbox **out, int *out_fd)
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
	box->epoch = epoch;
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

static const char *signal_text(int number)
{
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		if (fatal[i].number == number)
			return fatal[i].name;
	return "a signal";
}

/* A string of the page that may lack its end. */
static struct str bounded(const char *at, size_t size)
{
	return str_of(at, strnlen(at, size));
}

bool blackbox_print(const struct blackbox *box, struct text *out)
{
	uint32_t count = box->frame_count < BLACKBOX_FRAMES ? box->frame_count : BLACKBOX_FRAMES;

	if (box->is_filled == 0)
		return false;
	text_printf(out, "%s at 0x%jx", signal_text(box->signal), (uintmax_t)box->address);
	if (box->class[0] != '\0')
		text_printf(out, " in actor " STR_FMT " (" STR_FMT "), message " STR_FMT,
			    STR_ARG(bounded(box->actor, sizeof box->actor)),
			    STR_ARG(bounded(box->class, sizeof box->class)),
			    STR_ARG(bounded(box->type, sizeof box->type)));
	text_lit(out, "; stack");
	for (uint32_t i = 0; i < count; i++)
		text_printf(out, " 0x%jx", (uintmax_t)box->frames[i]);
	return true;
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

static void write_down(int number, siginfo_t *info, void *context)
{
	struct blackbox *box = watched.box;
	struct act_host_now now = { 0 };
	void *frames[BLACKBOX_FRAMES];
	int count;

	(void)context;
	box->signal = number;
	box->address = (uint64_t)(uintptr_t)info->si_addr;
	act_host_peek(watched.host, &now);
	copy_name(box->actor, sizeof box->actor, now.name_copy);
	copy_name(box->class, sizeof box->class, now.class_name);
	copy_name(box->type, sizeof box->type, now.type_name);
	count = backtrace(frames, BLACKBOX_FRAMES);
	for (int i = 0; i < count; i++)
		box->frames[i] = (uint64_t)(uintptr_t)frames[i];
	box->frame_count = (uint32_t)count;
	box->is_filled = 1;
	/* The handler was for one time only: the same signal now ends the process as it would have. */
	raise(number);
}

void blackbox_watch(struct blackbox *box, const struct act_host *host)
{
	static char stack[STACK_BYTES];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = write_down,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND };
	void *frame;

	watched.box = box;
	watched.host = host;
	/* The first backtrace loads a library, which is no thing to do in a handler. */
	backtrace(&frame, 1);
	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		sigaction(fatal[i].number, &action, NULL);
}

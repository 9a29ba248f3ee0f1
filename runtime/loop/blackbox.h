/*
 * The black box: a page that a dying host and its root share, with the last words of the host, and what became of its lives before.
 *
 * The root makes it and gives it to the host as an inherited descriptor; a handler on its own stack fills it when
 * the host gets a fatal signal, and lets it die of that signal. Nothing of it allocates, locks or unwinds. The root
 * reads it once the host has ended. One a process: signal handlers know no other.
 */
#ifndef RUNTIME_LOOP_BLACKBOX_H
#define RUNTIME_LOOP_BLACKBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/actor/act-host.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define BLACKBOX_FRAMES 24
#define BLACKBOX_REASON 80

/* What is in the page; written by the host, so that no length and no text's end in it is believed. */
struct blackbox {
	uint64_t magic;
	uint32_t version;
	uint16_t host, epoch; /* by the root, before the host starts */
	uint32_t is_filled;   /* at least the signal is there */
	int32_t signal;
	uint32_t frame_count;
	int64_t when_ns;  /* wall time */
	uint64_t address; /* that faulted */
	uint64_t program,
	    program_bytes; /* where the program's code lies: frames mean something with it */
	uint64_t frames[BLACKBOX_FRAMES];
	char actor[48], class[48], type[48]; /* who ran, and what message it had */
	/* By the root, before the host starts: how often it was started again, and why the last time. */
	uint32_t restarts;
	char last_reason[BLACKBOX_REASON];
};

/* In the root: a new page for a host's next life, whose number and epoch it shall say; `fd` is for the host. IO: no memory for it. */
MUST_USE enum status blackbox_new(GIVE struct blackbox **out, int *out_fd);
void blackbox_free(TAKE struct blackbox *box, int fd); /* NULL is fine */
/* What a black box said, with its texts cut to what they may be. */
struct blackbox_words {
	char actor[48], class[48], type[48];
	int32_t signal;
	int64_t when_ns;
	uint64_t address;
	uint64_t frames[BLACKBOX_FRAMES]; /* of the program's code as offsets into its file, others as they are */
	uint32_t frame_count;
};

const char *blackbox_signal_text(int number); /* "SIGSEGV" */
/* False: the host did not get to write. */
bool blackbox_read(const struct blackbox *box, struct blackbox_words *out);
/* `SIGSEGV at 0x10 in actor api (server), message api_call; stack +0x1234 ...` */
void blackbox_print(const struct blackbox_words *words, struct text *out);

/* In the host: takes the inherited page over. NOT_FOUND: the descriptor is none. */
MUST_USE enum status blackbox_open(int fd, struct blackbox **out);
/* Installs the handlers; `host` is whose doing is written down, until it is unwatched. The calling thread is the host's. */
void blackbox_watch(struct blackbox *box, const struct act_host *host);
/* What blackbox_watch takes long for the first time. */
void blackbox_warm(void);
void blackbox_unwatch(const struct act_host *host);

#endif

/*
 * How the hosts of a node ended: the last of them, kept in a file of the root's state folder, also for when nothing runs any more.
 *
 * The root writes one line for each end, whoever has the folder reads them. Bounded: the youngest ENDS_MAX are kept.
 */
#ifndef RUNTIME_LOOP_ENDS_H
#define RUNTIME_LOOP_ENDS_H

#include "runtime/actor/seams.h"
#include "runtime/base/arena.h"
#include "runtime/loop/blackbox.h"

#define ENDS_MAX 64U

struct end {
	char host[32];
	int64_t when_ns; /* wall time */
	int64_t pid;
	uint16_t epoch;
	int32_t code, signal; /* as in loop_ended */
	bool has_words;       /* its black box was filled */
	struct blackbox_words words;
};

/* Adds one; what cannot be written is lost, since a root has more to do than to keep a diary. */
void ends_add(const struct seams_files *files, const char *folder, const struct end *end);
/* All that are kept, oldest first; a line that is no end is left out. NOT_FOUND: there was none yet. */
MUST_USE enum status ends_read(const struct seams_files *files, const char *folder,
			       struct arena *arena, struct end **out, uint32_t *out_count);

/* One line for people: `SIGSEGV at 0x0 in actor api ...`, `signal 9`, `exit code 1`. */
void end_print(const struct end *end, struct text *out);

#endif

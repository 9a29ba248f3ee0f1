/*
 * Names, as a check lists them: `containers "a", "b"`. Either in the order they came, or in that of their bytes, each once.
 *
 * For the checks of this folder. Everything is the arena's; what is listed is borrowed. A text is cut after SECURITY_TEXT_BYTES.
 */
#ifndef ACTORS_ADMISSION_SECURITY_SECURITY_NAMES_H
#define ACTORS_ADMISSION_SECURITY_SECURITY_NAMES_H

#include "runtime/base/base.h"

#define SECURITY_TEXT_BYTES (16U * 1024U)

struct security_names {
	struct arena *arena;
	struct str *at;
	uint32_t len, cap;
};

static inline struct security_names security_names_in(struct arena *arena)
{
	return (struct security_names){ .arena = arena };
}

void security_names_add(struct security_names *names, struct str name);
void security_names_put(struct security_names *names, struct str name); /* sorted, once */
struct str security_names_quoted(const struct security_names *names);   /* "a", "b" */
struct str security_names_joined(const struct security_names *names, const char *between);
/* "container" or "containers" */
const char *security_names_word(const struct security_names *names, const char *one,
				const char *many);

#endif

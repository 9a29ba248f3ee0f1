/*
 * A supervisor with up to four children a, b, c, d in a host driven by hand, and the story of their lives as letters.
 *
 * A child adds its letter when it starts and its capital when it stops in order; nothing when it crashes or is killed.
 */
#ifndef TESTS_UNIT_RUNTIME_ACTOR_FAMILY_H
#define TESTS_UNIT_RUNTIME_ACTOR_FAMILY_H

#include "tests/unit/runtime/actor/manual.h"

#define FAMILY_MAX 4U

struct story {
	char text[1024];
	uint32_t fails; /* so many inits of "c" fail */
};

struct family_args {
	struct story *story;
	char id;
	bool is_stubborn; /* does not end when it is asked to */
};

extern const struct act_class family_child_class;

struct family {
	struct story story;
	struct family_args args[FAMILY_MAX];
	struct act_child children[FAMILY_MAX];
	struct act_supervisor spec;
	struct manual manual;
};

/* Fills in four children of that kind, and the spec; what else is wanted may be changed before family_open. */
void family_plan(struct family *family, enum act_strategy strategy, enum act_restart restart);
void family_open(struct family *family, enum act_strategy strategy, enum act_restart restart);
/* What is done to a child, which is named first: "b1". */
enum { FAMILY_NOTHING = 0, FAMILY_CRASH = 1, FAMILY_END = 2, FAMILY_KILL = 3, FAMILY_STOP = 4 };
void family_poke(struct family *family, const char *what);

#endif

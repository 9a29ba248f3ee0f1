/*
 * Survivors: what each member that can still be asked has, and whether one of them may go on alone.
 *
 * Pure. A survivor says what it has as lines; whoever wants to recover gathers them and has them judged. One may go on alone only when
 * nothing else can: no list of members that any survivor has may find a majority among those that answer. A witness has nothing to
 * say and no door to be asked at, so it is taken to be alive until a person says that it is gone.
 */
#ifndef DEPLOY_MAIN_RECOVERY_SURVIVOR_H
#define DEPLOY_MAIN_RECOVERY_SURVIVOR_H

#include "datastore/store/store.h"
#include "runtime/base/base.h"

#define SURVIVOR_TEXT 64U
#define SURVIVOR_LINES_MAX (32U * KIB)

struct survivor_member {
	uint64_t id;
	enum store_role role;
	bool is_witness; /* a voter without data, whom nobody can ask */
	char name[SURVIVOR_TEXT], address[SURVIVOR_TEXT]; /* where its links are: IP:PORT */
};

struct survivor {
	char name[SURVIVOR_TEXT], cluster[SURVIVOR_TEXT];
	char leader[SURVIVOR_TEXT]; /* whom it follows; "": nobody */
	bool is_stopped;            /* nobody runs it: what its files say */
	uint64_t id, term, last_index, last_term, applied_index, revision, keys;
	struct survivor_member members[LIMIT_MEMBERS]; /* the newest list that it has */
	uint32_t member_count;
};

void survivor_write(const struct survivor *survivor, struct text *out);
/* CORRUPT: these are not its lines. What it does not know in them is left alone. */
MUST_USE enum status survivor_read(struct str lines, struct survivor *out);
/* From a running store's status; of the lists of members as many as fit. */
void survivor_from(const struct store_status *status, struct str cluster, struct survivor *out);
struct survivor_member *survivor_add_member(struct survivor *survivor, uint64_t id,
					    enum store_role role, struct str name,
					    struct str address);

enum survivor_verdict {
	SURVIVOR_MAY,      /* go on alone */
	SURVIVOR_LED,      /* somebody leads: nothing is lost */
	SURVIVOR_MAJORITY, /* those that answer are one and will elect somebody */
	SURVIVOR_BEHIND,   /* `best` has more */
	SURVIVOR_EMPTY,    /* it is no member that holds data */
};

struct survivor_judgement {
	enum survivor_verdict verdict;
	const struct survivor *about; /* LED, MAJORITY: by whose word; BEHIND: who has more */
	uint32_t voters, answered;    /* of the list of `self`, or of `about` */
	bool may_lose; /* the others are a majority: they may have acknowledged what nobody here has */
};

/* `all` has `self` among them. `are_witnesses_gone`: as a person says. */
struct survivor_judgement survivor_judge(const struct survivor *self, const struct survivor *all,
					 uint32_t count, bool are_witnesses_gone);

#endif

/*
 * What was written in the last day, by the hour, out of a counter that only grows. Pure.
 */
#ifndef DEPLOY_MAIN_WEAR_LEDGER_H
#define DEPLOY_MAIN_WEAR_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_HOURS 24
#define LEDGER_DAY_S 86400

struct ledger {
	struct {
		int64_t hour;
		uint64_t bytes;
	} hours[LEDGER_HOURS];
	uint64_t last;        /* the counter when it was looked at last */
	int64_t since_s;      /* when it was first; 0: never */
	uint64_t total_bytes; /* since then */
};

/* The counter says `count` at that second of a clock that does not jump; what it said first counts as nothing. */
void ledger_note(struct ledger *ledger, uint64_t count, int64_t now_s);
/* Of the last 24 hours, the one that runs included. */
uint64_t ledger_day(const struct ledger *ledger, int64_t now_s);
/* How long has been looked, at most a day. */
int64_t ledger_covers_s(const struct ledger *ledger, int64_t now_s);
/* What that comes to in a day, once an hour has been looked at; else what was written so far. */
uint64_t ledger_rate(const struct ledger *ledger, int64_t now_s);

#endif

#include "deploy/main/wear/ledger.h"

#define HOUR_S 3600

void ledger_note(struct ledger *ledger, uint64_t count, int64_t now_s)
{
	int64_t hour = now_s / HOUR_S;
	uint64_t more = count > ledger->last ? count - ledger->last : 0;

	ledger->last = count;
	if (ledger->since_s == 0) {
		ledger->since_s = now_s;
		return;
	}
	if (ledger->hours[hour % LEDGER_HOURS].hour != hour) {
		ledger->hours[hour % LEDGER_HOURS].hour = hour;
		ledger->hours[hour % LEDGER_HOURS].bytes = 0;
	}
	ledger->hours[hour % LEDGER_HOURS].bytes += more;
	ledger->total_bytes += more;
}

uint64_t ledger_day(const struct ledger *ledger, int64_t now_s)
{
	int64_t hour = now_s / HOUR_S;
	uint64_t sum = 0;

	for (int i = 0; i < LEDGER_HOURS; i++)
		if (ledger->hours[i].hour > hour - LEDGER_HOURS)
			sum += ledger->hours[i].bytes;
	return sum;
}

int64_t ledger_covers_s(const struct ledger *ledger, int64_t now_s)
{
	int64_t covers = ledger->since_s > 0 ? now_s - ledger->since_s : 0;

	return covers < LEDGER_DAY_S ? covers : LEDGER_DAY_S;
}

uint64_t ledger_rate(const struct ledger *ledger, int64_t now_s)
{
	int64_t covers = ledger_covers_s(ledger, now_s);
	uint64_t day = ledger_day(ledger, now_s);

	return covers < HOUR_S || covers == LEDGER_DAY_S ? day
							 : day / (uint64_t)covers * LEDGER_DAY_S;
}

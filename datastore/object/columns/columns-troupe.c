#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/troupe.h"
#include "runtime/base/time/time.h"

/*
 * Our own kinds: amounts as people read them.
 */

#define NOTHING STR("-")

static const struct troupe_actor_usage *usage_of(const void *record)
{
	return COLUMNS_OR_EMPTY(troupe_actor_usage, ((const struct troupe_actor *)record)->usage);
}

void columns_actor_rate(struct cell *cell, const void *record)
{
	double rate = usage_of(record)->messages_per_second;

	columns_put_format(cell, rate < 10 ? "%.1f" : "%.0f", rate);
}

/* Three digits at most, with the unit that makes them so. */
void columns_actor_p99(struct cell *cell, const void *record)
{
	int64_t ns = usage_of(record)->run_p99_nanoseconds;
	double us = (double)ns / 1000;

	if (ns <= 0)
		columns_put(cell, NOTHING);
	else if (us < 1000)
		columns_put_format(cell, us < 10 ? "%.1fus" : "%.0fus", us);
	else if (us < 1000000)
		columns_put_format(cell, us < 10000 ? "%.1fms" : "%.0fms", us / 1000);
	else
		columns_put_format(cell, "%.1fs", us / 1000000);
}

void columns_actor_memory(struct cell *cell, const void *record)
{
	int64_t bytes = usage_of(record)->memory_bytes;

	if (bytes <= 0)
		columns_put(cell, NOTHING);
	else if (bytes < 1024)
		columns_put_format(cell, "%jd", (intmax_t)bytes);
	else if (bytes < 10 * 1024 * 1024)
		columns_put_format(cell, "%jdKi", (intmax_t)(bytes / 1024));
	else
		columns_put_format(cell, "%jdMi", (intmax_t)(bytes / 1024 / 1024));
}

/* A leader is a voter, but that is not what people want to know. */
void columns_member_role(struct cell *cell, const void *record)
{
	const struct troupe_member_status *status =
	    COLUMNS_OR_EMPTY(troupe_member_status, ((const struct troupe_member *)record)->status);

	columns_put(cell, status->leader ? STR("Leader") : columns_or(status->role, STR("")));
}

static const struct troupe_chaos_plan_status *chaos_status_of(const void *record)
{
	return COLUMNS_OR_EMPTY(troupe_chaos_plan_status,
				((const struct troupe_chaos_plan *)record)->status);
}

void columns_chaos_injected(struct cell *cell, const void *record)
{
	const struct troupe_chaos_plan_status *status = chaos_status_of(record);
	int64_t count = 0;

	for (uint32_t i = 0; i < status->injected.len; i++)
		count += status->injected.at[i].count;
	columns_put_format(cell, "%jd", (intmax_t)count);
}

/* Whatever was away the longest. */
void columns_chaos_worst(struct cell *cell, const void *record)
{
	const struct troupe_chaos_plan_status *status = chaos_status_of(record);
	int64_t worst = -1;

	for (uint32_t i = 0; i < status->outages.len; i++)
		if (status->outages.at[i].worst_milliseconds > worst)
			worst = status->outages.at[i].worst_milliseconds;
	if (worst < 0)
		columns_put(cell, NOTHING);
	else
		columns_put_format(cell, "%jdms", (intmax_t)worst);
}

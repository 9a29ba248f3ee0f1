#include "datastore/log/role/forecast.h"

static bool counts(const struct roles_member *member, uint64_t without)
{
	return member->role == MEMBER_VOTER && member->id != without && member->is_alive &&
	       (member->is_witness || member->lag <= ROLES_LAG_ENTRIES);
}

static bool is_candidate(const struct roles_member *member, uint64_t without)
{
	return member->role == MEMBER_STANDBY && member->id != without && member->is_alive &&
	       !member->is_suspect && !member->is_leaving && !member->is_stopping &&
	       member->lag <= ROLES_LAG_ENTRIES;
}

static uint32_t voters_in(const struct roles_input *input, struct str domain, uint64_t without)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += counts(&input->at[i], without) && str_eq(input->at[i].domain, domain);
	return count;
}

static uint32_t count_here(const struct roles_input *input, uint64_t without)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += counts(&input->at[i], without);
	return count;
}

/* The failure domain without which the rest is no majority; absent: there is none. */
static struct str vital_domain(const struct roles_input *input, uint64_t without, uint32_t needed)
{
	uint32_t here = count_here(input, without);
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->domain.len > 0 && counts(member, without) &&
		    here < needed + voters_in(input, member->domain, without))
			return member->domain;
	}
	return STR_NONE;
}

static void count_voters(const struct roles_input *input, uint64_t id, struct forecast *forecast)
{
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		forecast->voters += member->role == MEMBER_VOTER;
		forecast->is_replaced |= is_candidate(member, id);
		if (member->id != id)
			continue;
		forecast->is_down = !member->is_alive;
		forecast->has_vote = member->role == MEMBER_VOTER;
		forecast->is_leader = id == input->leader;
	}
	forecast->left = count_here(input, id);
	forecast->needed = forecast->voters / 2 + 1;
}

struct forecast forecast_of(const struct roles_input *input, uint64_t id)
{
	struct forecast forecast = { 0 };
	count_voters(input, id, &forecast);
	forecast.tolerance = (int32_t)forecast.left - (int32_t)forecast.needed;
	/* What has no vote takes nothing away, however badly the rest stand. */
	forecast.may_stop = forecast.is_down || !forecast.has_vote || forecast.tolerance >= 0;
	forecast.is_replaced &= forecast.has_vote && forecast.tolerance >= 0;
	if (forecast.is_down || !forecast.has_vote || forecast.tolerance < 0)
		return forecast;
	if (!vital_domain(input, 0, forecast.needed).at)
		forecast.domain = vital_domain(input, id, forecast.needed);
	return forecast;
}

void forecast_words(const struct forecast *forecast, struct text *out)
{
	if (forecast->is_down) {
		text_lit(out, "it is down");
		return;
	}
	if (!forecast->has_vote) {
		text_lit(out, "it has no vote");
		return;
	}
	text_printf(out, "%u of %u voters would be left, %u are needed", forecast->left,
		    forecast->voters, forecast->needed);
	if (forecast->tolerance < 0)
		return;
	if (forecast->is_leader)
		text_lit(out, "; it hands over first");
	if (forecast->is_replaced)
		text_lit(out, "; a standby takes its vote");
	else if (forecast->tolerance == 0)
		text_lit(out, "; until it is back no other may fail");
	else if (forecast->domain.at)
		text_printf(out, "; until it is back all of " STR_FMT " must stay",
			    STR_ARG(forecast->domain));
}

#include "datastore/log/role/roles.h"

/* Latencies are compared in steps of this, so that noise does not outweigh what operators ask for. */
#define P95_STEP_US 5000U
#define SWAP_GAIN_US 5000U
#define SWAP_GAIN_PERCENT 130U
#define SLOW_LEADER_FACTOR 3U
#define SLOW_LEADER_US 20000U

/* What the law is about, before and after a step. */
struct balance {
	uint32_t voters;
	uint32_t prompt; /* of them, caught up and have just answered: they agree on the step itself */
	uint32_t lasting; /* of them, caught up and not about to leave: they make the tolerance */
};

/* How far behind a member may be and still be one of those who agree. */
static uint64_t lag_limit(bool has_witness)
{
	return has_witness ? ROLES_WITNESS_LAG_ENTRIES : ROLES_LAG_ENTRIES;
}

/* A witness has nothing to catch up with but a number. */
static bool is_within(const struct roles_member *member, uint64_t most)
{
	return member->is_alive && (member->is_witness || member->lag <= most);
}

static bool has_voting_witness(const struct roles_input *input)
{
	for (uint32_t i = 0; i < input->len; i++)
		if (input->at[i].is_witness && input->at[i].role == MEMBER_VOTER)
			return true;
	return false;
}

static bool is_here(const struct roles_input *input, const struct roles_member *member)
{
	return is_within(member, lag_limit(has_voting_witness(input)));
}

static bool is_going(const struct roles_member *member)
{
	return member->is_leaving || member->is_stopping;
}

/* As it would be if one member's vote were given or taken; NULL: as it is. */
static struct balance balance_with(const struct roles_input *input,
				   const struct roles_member *changed, bool votes)
{
	struct balance balance = { 0 };
	bool has_witness = false;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		has_witness |= member->is_witness &&
			       (member == changed ? votes : member->role == MEMBER_VOTER);
	}
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (!(member == changed ? votes : member->role == MEMBER_VOTER))
			continue;
		bool is_live = is_within(member, lag_limit(has_witness));
		balance.voters++;
		balance.prompt += is_live && !member->is_quiet;
		balance.lasting += is_live && !is_going(member);
	}
	return balance;
}

static struct balance balance_of(const struct roles_input *input)
{
	return balance_with(input, NULL, false);
}

static int32_t tolerance_of(struct balance balance)
{
	return (int32_t)balance.lasting - (int32_t)(balance.voters / 2 + 1);
}

int32_t roles_tolerance(const struct roles_input *input)
{
	return tolerance_of(balance_of(input));
}

/* The law: after giving `member` a vote (or taking it), no fewer may fail than before, and a majority answers. */
static bool is_lawful(const struct roles_input *input, const struct roles_member *member, bool votes)
{
	struct balance before = balance_of(input), after = balance_with(input, member, votes);
	return after.voters > 0 && after.prompt >= after.voters / 2 + 1 &&
	       tolerance_of(after) >= tolerance_of(before);
}

bool roles_keeps_majority(const struct roles_input *input, uint64_t id, enum member_role role)
{
	const struct roles_member *changed = NULL;
	for (uint32_t i = 0; i < input->len; i++)
		if (input->at[i].id == id)
			changed = &input->at[i];
	struct balance after = balance_with(input, changed, role == MEMBER_VOTER);
	return after.prompt >= after.voters / 2 + 1;
}

/* ---- choosing ---- */

static bool same_domain(const struct roles_member *a, const struct roles_member *b)
{
	return str_eq(a->domain, b->domain);
}

static uint32_t voters_like(const struct roles_input *input, const struct roles_member *member,
			    const struct roles_member *leave_out)
{
	uint64_t most = lag_limit(has_voting_witness(input));
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += input->at[i].role == MEMBER_VOTER && is_within(&input->at[i], most) &&
			 &input->at[i] != leave_out && same_domain(&input->at[i], member);
	return count;
}

static int compare_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* A latency that is not known yet counts as an ordinary one. */
static uint32_t p95_steps(const struct roles_member *member)
{
	return (member->p95_us + P95_STEP_US - 1) / P95_STEP_US;
}

/*
 * Below 0: a is the better one to have. Who has data first, then fewer voters of its failure domain, then fitness, then what
 * operators say.
 */
static int compare_fit(const struct roles_input *input, const struct roles_member *a,
		       const struct roles_member *b)
{
	int order = compare_number(a->is_witness, b->is_witness);
	if (order == 0)
		order = compare_number(voters_like(input, a, a), voters_like(input, b, b));
	if (order == 0)
		order = compare_number(a->is_pressed, b->is_pressed);
	if (order == 0)
		order = compare_number(p95_steps(a), p95_steps(b));
	if (order == 0)
		order = compare_number(a->weight, b->weight);
	return order != 0 ? order : compare_number(a->id, b->id);
}

/* One witness at most: two could outvote those who hold what was agreed upon. */
static bool is_candidate(const struct roles_input *input, const struct roles_member *member)
{
	return member->role == MEMBER_STANDBY && is_here(input, member) && !member->is_suspect &&
	       !is_going(member) && member->is_informed &&
	       !(member->is_witness && has_voting_witness(input));
}

/* It breaks ties between those who have data: there must be two of them at least. */
static bool may_witness(const struct roles_input *input)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		count += member->role == MEMBER_VOTER && !member->is_witness &&
			 is_here(input, member) && !is_going(member);
	}
	return count >= 2;
}

static const struct roles_member *best_candidate(const struct roles_input *input)
{
	const struct roles_member *best = NULL;
	for (uint32_t i = 0; i < input->len; i++)
		if (is_candidate(input, &input->at[i]) &&
		    (!input->at[i].is_witness || may_witness(input)) &&
		    (!best || compare_fit(input, &input->at[i], best) < 0))
			best = &input->at[i];
	return best;
}

static uint32_t count_candidates(const struct roles_input *input)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += is_candidate(input, &input->at[i]);
	return count;
}

static bool is_worse(const struct roles_input *input, const struct roles_member *a,
		     const struct roles_member *b)
{
	int order = compare_number(a->is_suspect, b->is_suspect);
	return (order != 0 ? order : compare_fit(input, a, b)) > 0;
}

/* The voter that would be missed least; never the leader, who hands over first. */
static const struct roles_member *worst_voter(const struct roles_input *input)
{
	const struct roles_member *worst = NULL;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->role != MEMBER_VOTER || member->id == input->leader)
			continue;
		if (!worst || is_worse(input, member, worst))
			worst = member;
	}
	return worst;
}

static bool may_lead(const struct roles_input *input, const struct roles_member *member)
{
	return member->role == MEMBER_VOTER && member->id != input->leader &&
	       is_here(input, member) && !member->is_suspect && !is_going(member) &&
	       !member->is_witness;
}

static const struct roles_member *best_heir(const struct roles_input *input)
{
	const struct roles_member *best = NULL;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (!may_lead(input, member))
			continue;
		if (!best || compare_fit(input, member, best) < 0)
			best = member;
	}
	return best;
}

/* ---- targets ---- */

/* How many voters a cluster of so many members with data in so many failure domains should have; two and a witness have three. */
static uint32_t target_for(uint32_t members, uint32_t domains)
{
	if (members >= 7 || domains >= 5)
		return members >= 5 ? 5 : 3;
	return members >= 3 ? 3 : 1;
}

/* The dead count too: a node that is away for a while must not make the cluster smaller. */
static uint32_t count_staying(const struct roles_input *input, bool is_witness)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += !input->at[i].is_leaving && input->at[i].is_witness == is_witness;
	return count;
}

static uint32_t count_domains(const struct roles_input *input)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++) {
		bool is_first = input->at[i].domain.len > 0 && !input->at[i].is_witness;
		for (uint32_t k = 0; k < i && is_first; k++)
			is_first =
			    input->at[k].is_witness || !same_domain(&input->at[i], &input->at[k]);
		count += is_first;
	}
	return count;
}

static uint32_t target_of(const struct roles_input *input)
{
	uint32_t members = count_staying(input, false);
	if (members == 2 && count_staying(input, true) > 0)
		return 3;
	return target_for(members, count_domains(input));
}

/* ---- the rules, most urgent first; each gives ROLES_NONE if it does not apply ---- */

static struct roles_step assign(const struct roles_member *member, enum member_role role,
				const char *why)
{
	return (
	    struct roles_step){ .kind = ROLES_ASSIGN, .id = member->id, .role = role, .why = why };
}

static struct roles_step none(void)
{
	return (struct roles_step){ .kind = ROLES_NONE };
}

static struct roles_step promote(const struct roles_input *input, const char *why)
{
	const struct roles_member *candidate = best_candidate(input);
	if (!candidate || !is_lawful(input, candidate, true))
		return none();
	return assign(candidate, MEMBER_VOTER, why);
}

/* Its place is filled first, while it still counts. */
static struct roles_step let_voter_go(const struct roles_input *input,
				      const struct roles_member *member)
{
	const char *why = member->is_leaving ? "a voter leaves" : "a voter stops for a while";
	uint32_t lasting = balance_of(input).lasting, target = target_of(input);
	if (lasting < target) {
		struct roles_step step = promote(input, why);
		if (step.kind != ROLES_NONE)
			return step;
	}
	const struct roles_member *heir = best_heir(input);
	if (member->id == input->leader && heir)
		return (struct roles_step){ .kind = ROLES_TRANSFER,
					    .id = heir->id,
					    .why = member->is_leaving
						       ? "the leader leaves"
						       : "the leader stops for a while" };
	/* Who will be back keeps its vote if nobody took its place: that restores what may be lost. */
	if (member->id != input->leader && (member->is_leaving || lasting >= target) &&
	    is_lawful(input, member, false))
		return assign(member, MEMBER_STANDBY, why);
	return none();
}

static struct roles_step let_go(const struct roles_input *input)
{
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		struct roles_step step = none();
		if (is_going(member) && member->role == MEMBER_VOTER)
			step = let_voter_go(input, member);
		else if (member->is_leaving && member->role == MEMBER_STANDBY)
			step = assign(member, MEMBER_SPARE, "a standby leaves");
		if (step.kind != ROLES_NONE)
			return step;
	}
	return none();
}

/* Without a candidate it stays: if it returns, it restores the tolerance. thin_voters then takes its vote. */
static struct roles_step replace_dead(const struct roles_input *input)
{
	if (balance_of(input).voters > target_of(input))
		return none();
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->role == MEMBER_VOTER && !member->is_alive && member->id != input->leader)
			return promote(input, "a voter is dead, another can vote");
	}
	return none();
}

static struct roles_step fill_voters(const struct roles_input *input)
{
	uint32_t voters = balance_of(input).voters, target = target_of(input);
	if (voters >= target)
		return none();
	/* Two voters tolerate no more than one, and stop when either does: go on to three, or do not begin. */
	if (voters == 1 && count_candidates(input) < 2)
		return none();
	return promote(input, "there are too few voters");
}

static struct roles_step thin_voters(const struct roles_input *input)
{
	uint32_t target = target_of(input);
	if (balance_of(input).voters <= target)
		return none();
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->role == MEMBER_VOTER && (!is_here(input, member) || is_going(member)) &&
		    member->id != input->leader && is_lawful(input, member, false))
			return assign(member, MEMBER_STANDBY,
				      member->is_alive
					  ? "there are too many voters"
					  : "a voter is dead, another votes in its place");
	}
	const struct roles_member *worst = worst_voter(input);
	/* A witness holds nothing that would be lost with the other. */
	if (balance_of(input).voters == 2 && worst && !worst->is_witness &&
	    input->kept_ms < ROLES_RETURN_MS)
		return none();
	if (worst && input->led_ms >= ROLES_KNOWN_MS && balance_of(input).lasting > target &&
	    is_lawful(input, worst, false))
		return assign(worst, MEMBER_STANDBY,
			      worst->is_suspect ? "a voter was silent, another votes in its place"
						: "there are too many voters");
	return none();
}

/* Every node serves the API from a cache of everything, so a copy of the log costs the leader no more than the cache's watch would. */
static struct roles_step keep_standbys(const struct roles_input *input)
{
	const struct roles_member *best = NULL;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->role == MEMBER_SPARE && member->is_alive && !is_going(member) &&
		    (!best || compare_fit(input, member, best) < 0))
			best = member;
	}
	return best ? assign(best, MEMBER_STANDBY, "a member holds no data yet") : none();
}

/* ---- healthy exchanges: promote first, thin_voters then takes the vote of the worst ---- */

/* Nothing is exchanged while anybody's health is in doubt. */
static bool is_whole(const struct roles_input *input)
{
	struct balance balance = balance_of(input);
	for (uint32_t i = 0; i < input->len; i++)
		if (input->at[i].role == MEMBER_VOTER && input->at[i].is_suspect)
			return false;
	return balance.voters == target_of(input) && balance.lasting == balance.voters;
}

/* Who stood in for data that is back. */
static bool sees_idle_data(const struct roles_input *input)
{
	const struct roles_member *candidate = best_candidate(input);
	return candidate && !candidate->is_witness && has_voting_witness(input);
}

/* Some failure domain has no voter although it could, and another has more than one. */
static bool sees_uncovered(const struct roles_input *input)
{
	const struct roles_member *candidate = best_candidate(input);
	const struct roles_member *worst = worst_voter(input);
	return candidate && worst && candidate->domain.len > 0 && !candidate->is_witness &&
	       voters_like(input, candidate, NULL) == 0 && voters_like(input, worst, NULL) > 1;
}

bool roles_sees_better(const struct roles_input *input)
{
	const struct roles_member *candidate = best_candidate(input);
	const struct roles_member *worst = worst_voter(input);
	/* Only where it leaves the failure domains as they are. */
	if (!candidate || !worst || candidate->is_witness || !is_whole(input) ||
	    !same_domain(candidate, worst))
		return false;
	if (worst->is_pressed != candidate->is_pressed)
		return worst->is_pressed;
	return candidate->p95_us > 0 && worst->p95_us > candidate->p95_us + SWAP_GAIN_US &&
	       worst->p95_us / SWAP_GAIN_PERCENT > candidate->p95_us / 100;
}

static struct roles_step exchange(const struct roles_input *input)
{
	struct roles_step step = none();
	if (!is_whole(input))
		return step;
	if (sees_idle_data(input))
		step = promote(input, "who has data votes rather than a witness");
	else if (sees_uncovered(input))
		step = promote(input, "a failure domain has no voter");
	else if (roles_sees_better(input) && input->better_ms >= ROLES_SWAP_MS &&
		 input->since_swap_ms >= ROLES_SWAP_MS)
		step = promote(input, "another member is fitter to vote");
	step.is_swap = step.kind != ROLES_NONE;
	return step;
}

/* ---- the leader's place ---- */

/* Below 0: a would lead the better. Whose disk is not known yet comes after those whose is. */
static int compare_heirs(const struct roles_input *input, const struct roles_member *a,
			 const struct roles_member *b)
{
	int order = compare_number(a->sync_us == 0, b->sync_us == 0);
	if (order == 0)
		order = compare_number(a->sync_us, b->sync_us);
	return order != 0 ? order : compare_fit(input, a, b);
}

/* The one with room for it whose disk is fastest. */
static const struct roles_member *fit_heir(const struct roles_input *input)
{
	const struct roles_member *best = NULL;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (!may_lead(input, member) || member->is_pressed)
			continue;
		if (!best || compare_heirs(input, member, best) < 0)
			best = member;
	}
	return best;
}

static bool is_slow_beside(const struct roles_member *leader, const struct roles_member *heir)
{
	return leader->p95_us > SLOW_LEADER_US && heir->sync_us > 0 &&
	       leader->p95_us / SLOW_LEADER_FACTOR > heir->sync_us;
}

bool roles_sees_unfit_leader(const struct roles_input *input)
{
	const struct roles_member *heir = fit_heir(input);
	for (uint32_t i = 0; i < input->len && heir; i++)
		if (input->at[i].id == input->leader)
			return input->at[i].is_pressed || is_slow_beside(&input->at[i], heir);
	return false;
}

static struct roles_step move_leader(const struct roles_input *input)
{
	if (!roles_sees_unfit_leader(input) || input->unfit_ms < ROLES_MOVE_MS ||
	    input->since_move_ms < ROLES_MOVE_PAUSE_MS)
		return none();
	const struct roles_member *heir = fit_heir(input);
	bool is_pressed = false;
	for (uint32_t i = 0; i < input->len; i++)
		is_pressed |= input->at[i].id == input->leader && input->at[i].is_pressed;
	return (struct roles_step){ .kind = ROLES_TRANSFER,
				    .id = heir->id,
				    .why = is_pressed ? "the leader is short of disk or memory"
						      : "the leader's disk is slow" };
}

struct roles_step roles_next(const struct roles_input *input)
{
	static struct roles_step (*const rules[])(const struct roles_input *) = {
		let_go,        replace_dead, fill_voters, thin_voters,
		keep_standbys, exchange,     move_leader,
	};
	if (input->is_changing)
		return none();
	for (uint32_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct roles_step step = rules[i](input);
		if (step.kind != ROLES_NONE)
			return step;
	}
	return none();
}

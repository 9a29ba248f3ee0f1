#include <math.h>

#include "actors/kinds/field/condition.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/flowcontrol.h"
#include "datastore/schema/type.h"

/*
 * The PriorityLevelConfiguration: how many requests of a level run and wait at once (upstream: apis/flowcontrol/validation).
 */

#define QUEUES_MAX 10000000
#define HASH_BITS_MAX 60
#define CARRIED "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"

static void check_percent(const struct path *at, int32_t value)
{
	if (value < 0 || value > 100)
		path_invalid_number(at, value, "must be between 0 and 100, inclusive");
}

static bool check_positive(const struct path *at, int32_t value)
{
	return value > 0 || path_invalid_number(at, value, "must be positive");
}

/* A hand is dealt out of the bits of one hash: there must be enough of them. */
static void check_hand(const struct path *at, int32_t hand, int32_t queues)
{
	int bits;

	if (!check_positive(at, hand))
		return;
	if (hand > queues) {
		path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%d", hand),
			   "should not be greater than queues (%d)", queues);
		return;
	}
	bits = (int)ceil(log2((double)queues) * (double)hand);
	if (bits > HASH_BITS_MAX)
		path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%d", hand),
			   "required entropy bits of deckSize %d and handSize %d should not be "
			   "greater than %d",
			   queues, hand, HASH_BITS_MAX);
}

static void check_queuing(const struct path *at, const struct flowcontrol_queuing_configuration *q)
{
	check_positive(PATH(at, "queueLengthLimit"), q->queue_length_limit);
	check_positive(PATH(at, "queues"), q->queues);
	if (q->queues > QUEUES_MAX)
		path_invalid_number(PATH(at, "queues"), q->queues,
				    "must not be greater than 10000000");
	check_hand(PATH(at, "handSize"), q->hand_size, q->queues);
}

static void check_response(const struct path *at, const struct flowcontrol_limit_response *response)
{
	const struct path *queuing = PATH(at, "queuing");

	if (str_is(response->type, "Reject")) {
		if (response->queuing != NULL)
			path_forbidden(queuing,
				       "must be nil if limited.limitResponse.type is not Limited");
	} else if (str_is(response->type, "Queue")) {
		if (response->queuing == NULL)
			path_required(queuing,
				      "must not be empty if limited.limitResponse.type is Limited");
		else
			check_queuing(queuing, response->queuing);
	} else if (response->type.len > 0) { /* that it is needed says a mark */
		path_not_supported(PATH(at, "type"), response->type, "\"Queue\", \"Reject\"");
	}
}

static void check_limited(const struct path *at,
			  const struct flowcontrol_limited_priority_level_configuration *limited)
{
	if (limited->nominal_concurrency_shares < 0)
		path_invalid_number(PATH(at, "nominalConcurrencyShares"),
				    limited->nominal_concurrency_shares,
				    "must be a non-negative integer");
	check_response(PATH(at, "limitResponse"), limited->limit_response);
	if (limited->has.lendable_percent)
		check_percent(PATH(at, "lendablePercent"), limited->lendable_percent);
	if (limited->has.borrowing_limit_percent && limited->borrowing_limit_percent < 0)
		path_invalid_number(PATH(at, "borrowingLimitPercent"),
				    limited->borrowing_limit_percent,
				    "if specified, must be a non-negative integer");
}

static void check_exempt(const struct path *at,
			 const struct flowcontrol_exempt_priority_level_configuration *exempt)
{
	if (exempt == NULL)
		return;
	if (exempt->nominal_concurrency_shares < 0)
		path_invalid_number(PATH(at, "nominalConcurrencyShares"),
				    exempt->nominal_concurrency_shares,
				    "must be a non-negative integer");
	if (exempt->has.lendable_percent)
		check_percent(PATH(at, "lendablePercent"), exempt->lendable_percent);
}

static void check_spec(const struct path *at, struct str name,
		       const struct flowcontrol_priority_level_configuration_spec *spec)
{
	const struct path *limited = PATH(at, "limited"), *exempt = PATH(at, "exempt");
	bool is_exempt = str_is(spec->type, "Exempt");

	if (str_is(name, "exempt") != is_exempt)
		path_invalid(PATH(at, "type"), spec->type,
			     "must be 'Exempt' if and only if `name` is 'exempt'");
	if (is_exempt) {
		if (spec->limited != NULL)
			path_forbidden(limited, "must be nil if the type is not Limited");
		check_exempt(exempt, spec->exempt);
	} else if (str_is(spec->type, "Limited")) {
		if (spec->exempt != NULL)
			path_forbidden(exempt, "must be nil if the type is Limited");
		if (spec->limited == NULL)
			path_required(limited, "must not be empty when type is Limited");
		else
			check_limited(limited, spec->limited);
	} else if (spec->type.len > 0) { /* that it is needed says a mark */
		path_not_supported(PATH(at, "type"), spec->type, "\"Exempt\", \"Limited\"");
	}
}

/* The level that takes all that nothing else takes: 5 shares, nothing waits, nothing is lent. */
static bool is_catch_all(const struct flowcontrol_priority_level_configuration_spec *spec)
{
	const struct flowcontrol_limited_priority_level_configuration *l = spec->limited;

	return str_is(spec->type, "Limited") && spec->exempt == NULL && l != NULL &&
	       l->nominal_concurrency_shares == 5 && l->lendable_percent == 0 &&
	       !l->has.borrowing_limit_percent && str_is(l->limit_response->type, "Reject") &&
	       l->limit_response->queuing == NULL;
}

static void validate(struct kind_change *change)
{
	const struct flowcontrol_priority_level_configuration *level = change->object;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct str name = level->metadata->name;

	if (str_map_get(level->metadata->annotations, STR(CARRIED)).at != NULL)
		path_forbidden(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"),
			       "annotation '" CARRIED "' is forbidden");
	check_spec(at, name, level->spec);
	if (str_is(name, "exempt") &&
	    (!str_is(level->spec->type, "Exempt") || level->spec->limited != NULL))
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &flowcontrol_priority_level_configuration_spec_type,
					     level->spec),
			   "spec of 'exempt' except the 'spec.exempt' field must equal the fixed "
			   "value");
	if (str_is(name, "catch-all") && !is_catch_all(level->spec))
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &flowcontrol_priority_level_configuration_spec_type,
					     level->spec),
			   "spec of 'catch-all' must equal the fixed value");
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, condition_check_types },
};

const struct kind_rules kind_priority_level_configuration = {
	.group = "flowcontrol.apiserver.k8s.io",
	.kind = "PriorityLevelConfiguration",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};

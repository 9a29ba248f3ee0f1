#include "actors/controller/scaling/restraint.h"

#include "runtime/base/arena.h"

#define DOWN_WINDOW_S 300       /* upstream's --horizontal-pod-autoscaler-downscale-stabilization */
#define KEEP_MS (3600 * 1000LL) /* the longest window there is */
#define FREE_STEP 4             /* from few to so many at once, without a behavior */

struct head {
	int64_t last_ms, generation;
};

struct restraint restraint_open(struct arena *arena, struct str bytes, struct wall now)
{
	struct restraint out = { .arena = arena, .now_ms = now.ns / TIME_MS };
	const struct head *head = (const void *)bytes.at;
	const struct restraint_item *items;
	uint32_t count;

	out.items = arena_array(arena, struct restraint_item, RESTRAINT_ITEMS_MAX);
	if (bytes.len < sizeof *head)
		return out;
	items = (const void *)(head + 1);
	out.last_ms = head->last_ms;
	out.generation = head->generation;
	count = (uint32_t)((bytes.len - sizeof *head) / sizeof *items);
	for (uint32_t i = 0; i < count && out.len < RESTRAINT_ITEMS_MAX; i++)
		if (items[i].at_ms + KEEP_MS > out.now_ms)
			out.items[out.len++] = items[i];
	return out;
}

struct str restraint_bytes(const struct restraint *restraint)
{
	struct head head = { restraint->now_ms, restraint->generation };
	size_t size = restraint->len * sizeof *restraint->items;
	char *bytes = arena_alloc(restraint->arena, sizeof head + size);

	memcpy(bytes, &head, sizeof head);
	memcpy(bytes + sizeof head, restraint->items, size);
	return str_of(bytes, sizeof head + size);
}

void restraint_add(struct restraint *restraint, enum restraint_kind kind, int32_t count)
{
	if (restraint->len == RESTRAINT_ITEMS_MAX)
		memmove(restraint->items, restraint->items + 1,
			--restraint->len * sizeof *restraint->items);
	restraint->items[restraint->len++] =
	    (struct restraint_item){ restraint->now_ms, count, (int32_t)kind };
}

static int32_t lesser(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t greater(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static bool is_within(const struct restraint *restraint, const struct restraint_item *item,
		      int64_t seconds)
{
	return item->at_ms > restraint->now_ms - seconds * 1000;
}

/* ---- by behavior ---------------------------------------------------------------------------------------------- */

typedef const struct autoscaling_v2_hpa_scaling_rules rules_record;

static int64_t window(rules_record *rules, int64_t otherwise)
{
	return rules != NULL && rules->has.stabilization_window_seconds
		   ? rules->stabilization_window_seconds
		   : otherwise;
}

/* Up to the least that was proposed lately, down to the most. */
static int32_t stabilize(const struct restraint *restraint,
			 const struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior,
			 int32_t current, int32_t proposed)
{
	int32_t up = proposed, down = proposed;

	for (uint32_t i = 0; i < restraint->len; i++) {
		const struct restraint_item *item = &restraint->items[i];

		if (item->kind != RESTRAINT_PROPOSED)
			continue;
		if (is_within(restraint, item, window(behavior->scale_up, 0)))
			up = lesser(up, item->count);
		if (is_within(restraint, item, window(behavior->scale_down, DOWN_WINDOW_S)))
			down = greater(down, item->count);
	}
	return current < up ? up : current > down ? down : current;
}

/* How many more there are now than when the period began. */
static int32_t changed(const struct restraint *restraint, int32_t period_s)
{
	int32_t sum = 0;

	for (uint32_t i = 0; i < restraint->len; i++) {
		const struct restraint_item *item = &restraint->items[i];

		if (item->kind != RESTRAINT_PROPOSED && is_within(restraint, item, period_s))
			sum += item->kind == RESTRAINT_ADDED ? item->count : -item->count;
	}
	return sum;
}

static int32_t bounded(int64_t count)
{
	return count > INT32_MAX ? INT32_MAX : count < INT32_MIN ? INT32_MIN : (int32_t)count;
}

/* Where the policies end, upwards or downwards; never on the other side of what there is. */
static int32_t limit(const struct restraint *restraint, rules_record *rules, int32_t current,
		     bool is_up)
{
	bool is_least = rules != NULL && str_is(rules->select_policy, "Min");
	int32_t out = is_least == is_up ? INT32_MAX : INT32_MIN;

	if (rules == NULL || str_is(rules->select_policy, "Disabled"))
		return rules == NULL ? (is_up ? INT32_MAX : 0) : current;
	for (uint32_t i = 0; i < rules->policies.len; i++) {
		const struct autoscaling_v2_hpa_scaling_policy *policy = &rules->policies.at[i];
		int64_t begin = (int64_t)current - changed(restraint, policy->period_seconds);
		int64_t by = policy->value, end;

		if (str_is(policy->type, "Pods"))
			end = is_up ? begin + by : begin - by;
		else if (is_up)
			end = begin + (begin * by + 99) / 100;
		else
			end = begin * (100 - by) / 100;
		out = is_least == is_up ? lesser(out, bounded(end)) : greater(out, bounded(end));
	}
	return is_up ? greater(out, current) : lesser(out, current);
}

static void judge_by(const struct restraint *restraint,
		     const struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior,
		     int32_t current, int32_t least, int32_t most, struct restraint_verdict *out)
{
	int32_t end;

	if (out->replicas > current) {
		end = limit(restraint, behavior->scale_up, current, true);
		out->is_limited = out->replicas > lesser(end, most);
		if (!out->is_limited)
			return;
		out->replicas = lesser(end, most);
		out->limit_reason = most > end ? "ScaleUpLimit" : "TooManyReplicas";
	} else if (out->replicas < current) {
		end = limit(restraint, behavior->scale_down, current, false);
		out->is_limited = out->replicas < greater(end, least);
		if (!out->is_limited)
			return;
		out->replicas = greater(end, least);
		out->limit_reason = least < end ? "ScaleDownLimit" : "TooFewReplicas";
	}
}

/* ---- without -------------------------------------------------------------------------------------------------- */

static int32_t highest(const struct restraint *restraint, int32_t proposed)
{
	for (uint32_t i = 0; i < restraint->len; i++) {
		const struct restraint_item *item = &restraint->items[i];

		if (item->kind == RESTRAINT_PROPOSED && is_within(restraint, item, DOWN_WINDOW_S))
			proposed = greater(proposed, item->count);
	}
	return proposed;
}

static void judge_plainly(int32_t current, int32_t least, int32_t most,
			  struct restraint_verdict *out)
{
	int32_t end = greater(bounded(2 * (int64_t)current), FREE_STEP), top = lesser(end, most);

	out->is_limited = true;
	if (out->replicas < least) {
		out->replicas = least;
		out->limit_reason = "TooFewReplicas";
	} else if (out->replicas > top) {
		out->replicas = top;
		out->limit_reason = most > end ? "ScaleUpLimit" : "TooManyReplicas";
	} else {
		out->is_limited = false;
	}
}

static const char *words_of(const char *reason)
{
	static const char *const words[][2] = {
		{ "ScaleUpLimit",
		  "the desired replica count is increasing faster than the maximum scale rate" },
		{ "ScaleDownLimit",
		  "the desired replica count is decreasing faster than the maximum scale rate" },
		{ "TooManyReplicas",
		  "the desired replica count is more than the maximum replica count" },
		{ "TooFewReplicas",
		  "the desired replica count is less than the minimum replica count" },
		{ "DesiredWithinRange", "the desired count is within the acceptable range" },
		{ "ReadyForNewScale", "recommended size matches current size" },
		{ "ScaleUpStabilized", "recent recommendations were lower than current one, "
				       "applying the lowest recent recommendation" },
		{ "ScaleDownStabilized", "recent recommendations were higher than current one, "
					 "applying the highest recent recommendation" },
	};
	uint32_t i = 0;

	while (strcmp(words[i][0], reason) != 0)
		i++;
	return words[i][1];
}

void restraint_judge(struct restraint *restraint,
		     const struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior,
		     int32_t current, int32_t proposed, int32_t least, int32_t most,
		     struct restraint_verdict *out)
{
	*out = (struct restraint_verdict){ .able_reason = "ReadyForNewScale",
					   .limit_reason = "DesiredWithinRange" };
	out->replicas = behavior != NULL ? stabilize(restraint, behavior, current, proposed)
					 : highest(restraint, proposed);
	if (out->replicas != proposed)
		out->able_reason = behavior != NULL && proposed >= current ? "ScaleUpStabilized"
									   : "ScaleDownStabilized";
	restraint_add(restraint, RESTRAINT_PROPOSED, proposed);
	if (behavior != NULL)
		judge_by(restraint, behavior, current, least, most, out);
	else
		judge_plainly(current, least, most, out);
	out->able_words = words_of(out->able_reason);
	out->limit_words = words_of(out->limit_reason);
}

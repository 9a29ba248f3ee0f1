#include "actors/controller/taint.h"

static bool covers(const struct core_toleration *toleration, const struct core_taint *taint)
{
	if (toleration->effect.len > 0 && !str_eq(toleration->effect, taint->effect))
		return false;
	if (toleration->key.len > 0 && !str_eq(toleration->key, taint->key))
		return false;
	if (toleration->operator.len == 0 || str_is(toleration->operator, "Equal"))
		return str_eq(toleration->value, taint->value);
	return str_is(toleration->operator, "Exists");
}

const struct core_toleration *taint_toleration(const struct core_taint *taint,
					       const struct core_toleration_list *tolerations)
{
	for (uint32_t i = 0; i < tolerations->len; i++)
		if (covers(&tolerations->at[i], taint))
			return &tolerations->at[i];
	return NULL;
}

bool taint_is_tolerated(const struct core_taint *taint,
			const struct core_toleration_list *tolerations)
{
	return taint_toleration(taint, tolerations) != NULL;
}

bool taint_allows(const struct core_taint_list *taints,
		  const struct core_toleration_list *tolerations)
{
	for (uint32_t i = 0; i < taints->len; i++) {
		const struct core_taint *taint = &taints->at[i];

		if ((str_is(taint->effect, "NoSchedule") || str_is(taint->effect, "NoExecute")) &&
		    !taint_is_tolerated(taint, tolerations))
			return false;
	}
	return true;
}

#include "actors/kinds/field/amount.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/name.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The LimitRange: what one pod, container or claim may ask for, and what it gets if it does not ask.
 */

#define RATIO_EXACT_MAX (INT64_MAX / 1000) /* up to here thousandths are compared */

static struct core_limit_range *new_of(const struct kind_change *change)
{
	return change->object;
}

/* Without a name it gets one that is as good as random: that of its own uid. */
static void prepare_create(struct kind_change *change)
{
	struct meta_object_meta *meta = new_of(change)->metadata;

	if (meta->name.len > 0)
		return;
	meta->name = meta->uid;
	change->name = meta->uid;
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */

static void check_type(const struct path *at, struct str type, struct seen *types)
{
	if (rule_name(at, NAME_LABEL_KEY, type) && str_find_char(type, '/') < 0 &&
	    !str_is(type, "Pod") && !str_is(type, "Container") &&
	    !str_is(type, "PersistentVolumeClaim"))
		path_invalid(at, type, "must be a standard limit type or fully qualified");
	if (!seen_add(types, type))
		path_duplicate(at, type);
}

static void check_names(const struct path *at, struct str_map amounts, struct str type)
{
	bool is_of_containers = str_is(type, "Pod") || str_is(type, "Container");

	for (uint32_t i = 0; i < amounts.len; i++) {
		const struct path *here = PATH_KEY(at, amounts.at[i].key);

		if (is_of_containers)
			amount_check_container_name(here, amounts.at[i].key);
		else
			amount_check_name(here, amounts.at[i].key);
	}
}

/* ---- amounts of one resource ------------------------------------------------------------------------------------------------ */

struct limits {
	struct str name;
	struct str max, min, standard, request, ratio; /* absent if not said */
};

/* `shown` is at fault: "min value 2 is greater than max value 1". */
static void in_order(const struct path *at, struct str shown, struct str low, const char *low_title,
		     struct str high, const char *high_title)
{
	if (low.at != NULL && high.at != NULL && amount_cmp(low, high) > 0)
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), shown),
			   "%s value " STR_FMT " is greater than %s value " STR_FMT, low_title,
			   STR_ARG(low), high_title, STR_ARG(high));
}

static void check_ratio(const struct path *at, const struct limits *l)
{
	struct quantity ratio = quantity_of(l->ratio), min = quantity_of(l->min),
			max = quantity_of(l->max);
	int64_t of_ratio = quantity_value(ratio), low = quantity_value(min),
		high = quantity_value(max);
	double wanted = (double)of_ratio, limit;

	if (of_ratio < RATIO_EXACT_MAX && low < RATIO_EXACT_MAX && high < RATIO_EXACT_MAX) {
		wanted = (double)quantity_milli(ratio) / 1000;
		low = quantity_milli(min);
		high = quantity_milli(max);
	}
	limit = (double)high / (double)low;
	if (wanted > limit)
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), l->ratio),
			   "ratio " STR_FMT " is greater than max/min = %f", STR_ARG(l->ratio),
			   limit);
}

static void check_limits(const struct path *item, const struct limits *l)
{
	const struct path *min = PATH_KEY(PATH(item, "min"), l->name);
	const struct path *request = PATH_KEY(PATH(item, "defaultRequest"), l->name);
	const struct path *standard = PATH_KEY(PATH(item, "default"), l->name);
	const struct path *ratio = PATH_KEY(PATH(item, "maxLimitRequestRatio"), l->name);

	in_order(min, l->min, l->min, "min", l->max, "max");
	in_order(request, l->request, l->min, "min", l->request, "default request");
	in_order(request, l->request, l->request, "default request", l->max, "max");
	in_order(request, l->request, l->request, "default request", l->standard, "default limit");
	in_order(standard, l->min, l->min, "min", l->standard, "default");
	in_order(standard, l->max, l->standard, "default", l->max, "max");
	if (l->ratio.at != NULL && amount_cmp(l->ratio, STR("1")) < 0)
		path_fault(ratio, FAULT_INVALID, name_quoted(path_arena(item), l->ratio),
			   "ratio " STR_FMT " is less than 1", STR_ARG(l->ratio));
	if (l->ratio.at != NULL && l->min.at != NULL && l->max.at != NULL)
		check_ratio(ratio, l);
	if (!amount_may_overcommit(l->name) && l->standard.at != NULL && l->request.at != NULL &&
	    amount_cmp(l->standard, l->request) != 0)
		path_fault(request, FAULT_INVALID, name_quoted(path_arena(item), l->request),
			   "default value " STR_FMT " must equal to defaultRequest value " STR_FMT
			   " in " STR_FMT,
			   STR_ARG(l->standard), STR_ARG(l->request), STR_ARG(l->name));
}

static void check_each(const struct path *item, const struct core_limit_range_item *limit,
		       bool is_of_pods, struct str_map names, struct seen *done)
{
	for (uint32_t i = 0; i < names.len; i++) {
		struct str name = names.at[i].key;
		struct limits limits = {
			.name = name,
			.max = str_map_get(limit->max, name),
			.min = str_map_get(limit->min, name),
			.ratio = str_map_get(limit->max_limit_request_ratio, name),
		};

		if (!seen_add(done, name))
			continue;
		if (!is_of_pods) {
			limits.standard = str_map_get(limit->default_, name);
			limits.request = str_map_get(limit->default_request, name);
		}
		check_limits(item, &limits);
	}
}

/* ---- items ------------------------------------------------------------------------------------------------------------------ */

static void forbid_defaults(const struct path *at, const struct core_limit_range_item *limit)
{
	static const char words[] = "may not be specified when `type` is 'Pod'";

	if (limit->default_.len > 0)
		path_forbidden(PATH(at, "default"), words);
	if (limit->default_request.len > 0)
		path_forbidden(PATH(at, "defaultRequest"), words);
}

static void check_item(const struct path *at, const struct core_limit_range_item *limit)
{
	bool is_of_pods = str_is(limit->type, "Pod");
	struct seen done = seen_in(path_arena(at));

	check_names(PATH(at, "max"), limit->max, limit->type);
	check_names(PATH(at, "min"), limit->min, limit->type);
	if (is_of_pods) {
		forbid_defaults(at, limit);
	} else {
		check_names(PATH(at, "default"), limit->default_, limit->type);
		check_names(PATH(at, "defaultRequest"), limit->default_request, limit->type);
	}
	if (str_is(limit->type, "PersistentVolumeClaim") &&
	    str_map_get(limit->min, STR("storage")).at == NULL &&
	    str_map_get(limit->max, STR("storage")).at == NULL)
		path_required(PATH(at, "limits"), "either minimum or maximum storage value is "
						  "required, but neither was provided");
	check_names(PATH(at, "maxLimitRequestRatio"), limit->max_limit_request_ratio, limit->type);
	check_each(at, limit, is_of_pods, limit->max, &done);
	check_each(at, limit, is_of_pods, limit->min, &done);
	if (!is_of_pods) {
		check_each(at, limit, is_of_pods, limit->default_, &done);
		check_each(at, limit, is_of_pods, limit->default_request, &done);
	}
	check_each(at, limit, is_of_pods, limit->max_limit_request_ratio, &done);
}

static void validate(struct kind_change *change)
{
	struct core_limit_range_item_list limits = new_of(change)->spec->limits;
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "limits");
	struct seen types = seen_in(change->arena);

	for (uint32_t i = 0; i < limits.len; i++) {
		check_type(PATH(PATH_AT(at, i), "type"), limits.at[i].type, &types);
		check_item(PATH_AT(at, i), &limits.at[i]);
	}
}

const struct kind_rules kind_limit_range = {
	.group = "",
	.kind = "LimitRange",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.allows_create_on_update = true,
	.prepare_create = prepare_create,
	.validate_create = validate,
	.validate_update = validate,
};

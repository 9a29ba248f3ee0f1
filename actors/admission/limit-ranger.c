/*
 * LimitRanger: what the limit ranges of a namespace say of pods and claims. Containers get the defaults; then everything has to lie
 * between minimum and maximum (upstream: plugin/pkg/admission/limitranger).
 */
#include <stdarg.h>

#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "actors/client/quota.h"
#include "datastore/object/object.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define ANNOTATION STR("kubernetes.io/limit-ranger")
#define ANNOTATION_BEGIN "LimitRanger plugin set: "
#define MESSAGE_BYTES_MAX 8192U /* of all that is wrong with a pod: the rest is left out */

static bool is_pod(const struct admission *admission)
{
	return admission->group.len == 0 && str_is(admission->resource, "pods");
}

/* Containers of a pod never change but for their size, so an update of the pod itself cannot be wrong. */
static bool concerns(const struct admission *admission)
{
	const struct meta_object_meta *old =
	    admission->old ? record_meta(admission->type, (void *)(uintptr_t)admission->old) : NULL;

	if (old != NULL && old->has.deletion_timestamp)
		return false;
	if (is_pod(admission))
		return admission->operation == ADMISSION_CREATE
			   ? admission->subresource.len == 0
			   : str_is(admission->subresource, "resize");
	return admission->group.len == 0 && admission->subresource.len == 0 &&
	       str_is(admission->resource, "persistentvolumeclaims");
}

/* ---- defaults ------------------------------------------------------------------------------------------- */

/* Puts what is not there; gives the names of it, "cpu, memory", or nothing. */
static struct str fill(struct arena *arena, struct str_map *amounts, struct str_map defaults)
{
	struct text names = text_in(arena, MESSAGE_BYTES_MAX);

	for (uint32_t i = 0; i < defaults.len; i++) {
		struct str_entry entry = defaults.at[i];

		if (str_map_get(*amounts, entry.key).at != NULL)
			continue;
		str_map_put(amounts, arena, arena_str(arena, entry.key),
			    arena_str(arena, entry.value));
		text_add(&names, names.len > 0 ? STR(", ") : STR(""));
		text_add(&names, entry.key);
	}
	return text_str(&names);
}

static void say_filled(struct text *said, struct str names, const char *what, const char *kind,
		       struct str container)
{
	if (names.len > 0)
		text_printf(said, "%s" STR_FMT " %s for %s " STR_FMT, said->len > 0 ? "; " : "",
			    STR_ARG(names), what, kind, STR_ARG(container));
}

static void fill_containers(struct arena *arena, struct core_container_list list, const char *kind,
			    const struct core_limit_range_item *item, struct text *said)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct core_container *container = &list.at[i];
		struct core_resource_requirements *amounts = MAKE(container->resources, arena);
		struct str limits = fill(arena, &amounts->limits, item->default_);
		struct str requests = fill(arena, &amounts->requests, item->default_request);

		say_filled(said, requests, "request", kind, container->name);
		say_filled(said, limits, "limit", kind, container->name);
	}
}

static void fill_pod(struct arena *arena, struct core_pod *pod, const struct core_limit_range *range)
{
	struct text said = text_in(arena, MESSAGE_BYTES_MAX);

	for (uint32_t i = 0; i < range->spec->limits.len; i++) {
		const struct core_limit_range_item *item = &range->spec->limits.at[i];

		if (!str_is(item->type, "Container"))
			continue;
		fill_containers(arena, pod->spec->containers, "container", item, &said);
		fill_containers(arena, pod->spec->init_containers, "init container", item, &said);
	}
	if (said.len > 0)
		str_map_put(&pod->metadata->annotations, arena, ANNOTATION,
			    arena_printf(arena, ANNOTATION_BEGIN "%.*s", (int)said.len, said.at));
}

static bool fill_from(void *arg, const struct object *object)
{
	struct admission *admission = arg;
	const struct core_limit_range *range = object->record;

	if (range->spec != NULL)
		fill_pod(admission->check.arena, admission->object, range);
	return true;
}

static enum check mutate(struct admission *admission)
{
	if (concerns(admission) && is_pod(admission))
		admission->check.reader->each(admission->check.reader->self, &core_limit_range_type,
					      admission->namespace, fill_from, admission);
	return CHECK_PASS;
}

/* ---- minimum, maximum, ratio ----------------------------------------------------------------------------- */

/* What somebody asks for, held against one entry of a range. */
struct asked {
	struct arena *arena;
	struct quota_uses requests, limits;
	bool has_limits; /* a claim has none: what it says there counts for nothing */
};

struct verdict {
	struct admission *admission;
	struct str *at; /* what is wrong, in words */
	uint32_t len;
};

static void complain(struct verdict *verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same words count once, as where upstream joins its errors. */
static void complain(struct verdict *verdict, const char *format, ...)
{
	struct arena *arena = verdict->admission->check.arena;
	va_list args;
	struct str words;

	va_start(args, format);
	words = arena_vprintf(arena, format, args);
	va_end(args);
	for (uint32_t i = 0; i < verdict->len; i++)
		if (str_eq(verdict->at[i], words))
			return;
	verdict->at = arena_grow(arena, verdict->at, verdict->len * sizeof *verdict->at,
				 (verdict->len + 1) * sizeof *verdict->at);
	verdict->at[verdict->len++] = words;
}

static enum check deny(struct verdict *verdict)
{
	struct text text = text_in(verdict->admission->check.arena, MESSAGE_BYTES_MAX);

	for (uint32_t i = 0; i < verdict->len; i++) {
		text_add(&text, i > 0 ? STR(", ") : verdict->len > 1 ? STR("[") : STR(""));
		text_add(&text, verdict->at[i]);
	}
	if (verdict->len > 1)
		text_add_char(&text, ']');
	return admission_deny(verdict->admission, "%.*s", (int)text.len, text.at);
}

struct rule {
	struct verdict *verdict;
	struct str type, name, bound; /* "Container", "cpu", "50m" */
};

static void complain_of(const struct rule *rule, const char *word, const char *what,
			const struct quota_use *use, struct arena *arena)
{
	struct str amount = quantity_text(use->amount, arena);

	complain(rule->verdict,
		 "%s " STR_FMT " usage per " STR_FMT " is " STR_FMT ", but %s is " STR_FMT, word,
		 STR_ARG(rule->name), STR_ARG(rule->type), STR_ARG(rule->bound), what,
		 STR_ARG(amount));
}

static void complain_of_none(const struct rule *rule, const char *word, const char *what)
{
	complain(rule->verdict,
		 "%s " STR_FMT " usage per " STR_FMT " is " STR_FMT ".  No %s is specified", word,
		 STR_ARG(rule->name), STR_ARG(rule->type), STR_ARG(rule->bound), what);
}

static bool is_below(const struct quota_use *use, struct quantity bound)
{
	return use != NULL && quantity_cmp(use->amount, bound) < 0;
}

static bool is_above(const struct quota_use *use, struct quantity bound)
{
	return use != NULL && quantity_cmp(use->amount, bound) > 0;
}

static void check_minimum(const struct rule *rule, const struct asked *asked)
{
	const struct quota_use *request = quota_find(&asked->requests, rule->name);
	const struct quota_use *limit = quota_find(&asked->limits, rule->name);
	struct quantity bound = quantity_of(rule->bound);

	if (request == NULL)
		complain_of_none(rule, "minimum", "request");
	else if (is_below(request, bound))
		complain_of(rule, "minimum", "request", request, asked->arena);
	else if (is_below(limit, bound))
		complain_of(rule, "minimum", "limit", limit, asked->arena);
}

static void check_maximum(const struct rule *rule, const struct asked *asked)
{
	const struct quota_use *request = quota_find(&asked->requests, rule->name);
	const struct quota_use *limit = quota_find(&asked->limits, rule->name);
	struct quantity bound = quantity_of(rule->bound);

	if (asked->has_limits && limit == NULL)
		complain_of_none(rule, "maximum", "limit");
	else if (!asked->has_limits && request == NULL)
		complain_of_none(rule, "maximum", "request");
	else if (is_above(limit, bound))
		complain_of(rule, "maximum", "limit", limit, asked->arena);
	else if (is_above(request, bound))
		complain_of(rule, "maximum", "request", request, asked->arena);
}

static bool is_nothing(const struct quota_use *use)
{
	return use == NULL || quantity_is_zero(use->amount);
}

static void check_ratio(const struct rule *rule, const struct asked *asked)
{
	const struct quota_use *request = quota_find(&asked->requests, rule->name);
	const struct quota_use *limit = quota_find(&asked->limits, rule->name);
	const char *missing = is_nothing(request) ? "request" : is_nothing(limit) ? "limit" : NULL;
	double ratio;

	if (missing != NULL) {
		complain(rule->verdict,
			 STR_FMT " max limit to request ratio per " STR_FMT " is " STR_FMT
				 ", but no %s is specified or %s is 0",
			 STR_ARG(rule->name), STR_ARG(rule->type), STR_ARG(rule->bound), missing,
			 missing);
		return;
	}
	ratio = (double)limit->amount.nano / (double)request->amount.nano;
	if (ratio > (double)quantity_of(rule->bound).nano / 1e9)
		complain(rule->verdict,
			 STR_FMT " max limit to request ratio per " STR_FMT " is " STR_FMT
				 ", but provided ratio is %f",
			 STR_ARG(rule->name), STR_ARG(rule->type), STR_ARG(rule->bound), ratio);
}

static void check_each(struct verdict *verdict, struct str type, struct str_map bounds,
		       const struct asked *asked,
		       void (*check)(const struct rule *rule, const struct asked *asked))
{
	for (uint32_t i = 0; i < bounds.len; i++) {
		struct rule rule = { .verdict = verdict,
				     .type = type,
				     .name = bounds.at[i].key,
				     .bound = bounds.at[i].value };

		check(&rule, asked);
	}
}

static void check_item(struct verdict *verdict, const struct core_limit_range_item *item,
		       const struct asked *asked)
{
	check_each(verdict, item->type, item->min, asked, check_minimum);
	check_each(verdict, item->type, item->max, asked, check_maximum);
	if (asked->has_limits)
		check_each(verdict, item->type, item->max_limit_request_ratio, asked, check_ratio);
}

static struct asked asked_by(struct arena *arena, struct str_map requests, struct str_map limits)
{
	struct asked asked = { .arena = arena,
			       .requests = quota_uses_in(arena),
			       .limits = quota_uses_in(arena),
			       .has_limits = true };

	quota_add_map(&asked.requests, requests);
	quota_add_map(&asked.limits, limits);
	return asked;
}

static void check_containers(struct verdict *verdict, const struct core_limit_range_item *item,
			     struct core_container_list list)
{
	static const struct core_resource_requirements nothing;

	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_resource_requirements *amounts =
		    list.at[i].resources ? list.at[i].resources : &nothing;
		struct asked asked =
		    asked_by(verdict->admission->check.arena, amounts->requests, amounts->limits);

		check_item(verdict, item, &asked);
	}
}

static void check_pod(struct verdict *verdict, const struct core_limit_range_item *item,
		      const struct core_pod_spec *spec)
{
	struct arena *arena = verdict->admission->check.arena;

	if (str_is(item->type, "Container")) {
		check_containers(verdict, item, spec->containers);
		check_containers(verdict, item, spec->init_containers);
	} else if (str_is(item->type, "Pod")) {
		struct asked asked = { .arena = arena,
				       .requests = quota_pod_amounts(spec, false, arena),
				       .limits = quota_pod_amounts(spec, true, arena),
				       .has_limits = true };

		check_item(verdict, item, &asked);
	}
}

static void check_claim(struct verdict *verdict, const struct core_limit_range_item *item,
			const struct core_persistent_volume_claim *claim)
{
	struct str_map none = { 0 };
	struct asked asked;

	if (!str_is(item->type, "PersistentVolumeClaim"))
		return;
	asked = asked_by(
	    verdict->admission->check.arena,
	    claim->spec && claim->spec->resources ? claim->spec->resources->requests : none, none);
	asked.has_limits = false;
	check_item(verdict, item, &asked);
}

/* The first range that is not kept says all that it has to say. */
static bool check_range(void *arg, const struct object *object)
{
	struct verdict *verdict = arg;
	const struct core_limit_range *range = object->record;

	for (uint32_t i = 0; range->spec != NULL && i < range->spec->limits.len; i++) {
		const struct core_limit_range_item *item = &range->spec->limits.at[i];

		if (is_pod(verdict->admission))
			check_pod(verdict, item,
				  ((const struct core_pod *)verdict->admission->object)->spec);
		else
			check_claim(verdict, item, verdict->admission->object);
	}
	return verdict->len == 0;
}

static enum check validate(struct admission *admission)
{
	struct verdict verdict = { .admission = admission };

	if (!concerns(admission))
		return CHECK_PASS;
	admission->check.reader->each(admission->check.reader->self, &core_limit_range_type,
				      admission->namespace, check_range, &verdict);
	return verdict.len > 0 ? deny(&verdict) : CHECK_PASS;
}

const struct plugin admission_limit_ranger = {
	.name = "LimitRanger",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.mutate = mutate,
	.validate = validate,
};

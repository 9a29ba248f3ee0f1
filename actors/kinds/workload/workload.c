#include "actors/kinds/workload/workload.h"

#include "datastore/object/record.h"

/* ---- the selector and the template ------------------------------------------------------------------------- */

bool workload_check_selector(const struct path *spec, const struct meta_label_selector *selector,
			     const char *words_for_empty)
{
	const struct path *at = PATH(spec, "selector");

	if (selector == NULL) {
		path_required(at, "");
		return true;
	}
	if (!rule_selector(at, selector, false))
		return false;
	if (rule_selector_is_empty(selector))
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &meta_label_selector_type, selector), "%s",
			   words_for_empty);
	return true;
}

void workload_check_labels(const struct path *template, const struct meta_label_selector *selector,
			   struct str_map labels)
{
	const struct path *at = PATH(PATH(template, "metadata"), "labels");

	if (!rule_selector_is_empty(selector) && !rule_selector_matches(at, selector, labels))
		path_fault(at, FAULT_INVALID, path_shown_map(at, labels),
			   "`selector` does not match template `labels`");
}

void workload_check_endless(const struct path *template, const struct core_pod_spec *spec,
			    const char *title)
{
	const struct path *at = PATH(template, "spec");

	if (!str_is(spec->restart_policy, "Always"))
		path_not_supported(PATH(at, "restartPolicy"), spec->restart_policy, "\"Always\"");
	if (spec->has.active_deadline_seconds)
		path_fault(PATH(at, "activeDeadlineSeconds"), FAULT_FORBIDDEN, STR_NONE,
			   "activeDeadlineSeconds in %s is not Supported", title);
}

void workload_check_replicated(const struct path *spec, const struct meta_label_selector *selector,
			       const struct core_pod_template_spec *template,
			       const struct pod_tolerance *tolerance)
{
	const struct path *at = PATH(spec, "template"), *own = PATH(spec, "selector");

	if (!workload_check_selector(spec, selector, "empty selector is invalid for deployment")) {
		path_fault(own, FAULT_INVALID,
			   path_shown_record(own, &meta_label_selector_type, selector),
			   "invalid label selector");
		return;
	}
	workload_check_labels(at, selector, template->metadata->labels);
	pod_spec_check_template(at, template, tolerance);
	workload_check_endless(at, template->spec, "ReplicaSet");
}

/* Under the names of upstream's internal type. */
struct str workload_shown_strategy(const struct path *at, struct str type,
				   const struct int_or_string *max_unavailable,
				   const struct int_or_string *max_surge)
{
	struct str update = STR("null");

	if (max_unavailable != NULL)
		update = arena_printf(path_arena(at),
				      "{\"MaxUnavailable\":" STR_FMT ",\"MaxSurge\":" STR_FMT "}",
				      STR_ARG(rule_shown_count(at, *max_unavailable)),
				      STR_ARG(rule_shown_count(at, *max_surge)));
	return arena_printf(path_arena(at), "{\"Type\":" STR_FMT ",\"RollingUpdate\":" STR_FMT "}",
			    STR_ARG(name_quoted(path_arena(at), type)), STR_ARG(update));
}

void workload_warn_of_template(struct kind_change *change,
			       const struct core_pod_template_spec *template)
{
	pod_spec_warn_template(change, PATH(PATH_ROOT(change->faults, "spec"), "template"),
			       template);
}

void workload_warn_of_name(struct kind_change *change)
{
	struct str name = record_meta(change->type, change->object)->name;

	if (name_is(NAME_DNS_LABEL, name))
		return;
	kind_warn(
	    change,
	    "metadata.name: this is used in Pod names and hostnames, which can result in "
	    "surprising behavior; a DNS label is recommended: [" STR_FMT "]",
	    STR_ARG(rule_words(PATH_ROOT(change->faults, "metadata"), NAME_DNS_LABEL, name, " ")));
}

static bool is_digits(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.len > 0;
}

bool workload_read_number(struct kind_change *change, struct str annotation, const char *prefix,
			  int64_t *out)
{
	struct str digits = annotation;
	struct str kind = type_kind(change->type);

	if (str_to_i64(annotation, out) == OK)
		return true;
	if (digits.len > 0 && (digits.at[0] == '-' || digits.at[0] == '+'))
		digits = str_slice(digits, 1, digits.len);
	if (str_starts(annotation, STR("+")) && str_to_i64(digits, out) == OK)
		return true;
	change->failure = failure_plain(
	    change->arena, 400,
	    arena_printf(change->arena,
			 STR_FMT " in version \"" STR_FMT "\" cannot be handled as a " STR_FMT
				 ": %sstrconv.ParseInt: parsing " STR_FMT ": %s",
			 STR_ARG(kind), STR_ARG(type_version(change->type)), STR_ARG(kind), prefix,
			 STR_ARG(name_quoted(change->arena, annotation)),
			 is_digits(digits) ? "value out of range" : "invalid syntax"));
	return false;
}

/* ---- how many -------------------------------------------------------------------------------------------------- */

static int64_t count_of(const struct type *type, const void *status, const char *member)
{
	const struct field *field = type_field(type, str_from(member));

	assert(field != NULL && (field->kind == KIND_INT32 || field->kind == KIND_INT64));
	return field->kind == KIND_INT32 ? *(const int32_t *)field_at(field, status)
					 : *(const int64_t *)field_at(field, status);
}

void workload_check_counts(const struct path *at, const struct type *type, const void *status,
			   const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rule_not_negative(PATH_NAMED(at, str_from(members[i])),
				  count_of(type, status, members[i]));
}

void workload_check_most(const struct path *at, const struct type *type, const void *status,
			 const char *const *members, size_t count, const char *most,
			 const char *words)
{
	for (size_t i = 0; i < count; i++)
		if (count_of(type, status, members[i]) > count_of(type, status, most))
			path_invalid_number(PATH_NAMED(at, str_from(members[i])),
					    count_of(type, status, members[i]), words);
}

void workload_check_available(const struct path *at, const struct type *type, const void *status,
			      const char *part)
{
	const char *const parts[] = { part, "readyReplicas", "availableReplicas" };

	workload_check_most(at, type, status, parts, 3, "replicas",
			    "cannot be greater than status.replicas");
	workload_check_most(at, type, status, parts + 2, 1, "readyReplicas",
			    "cannot be greater than readyReplicas");
}

void workload_check_collisions(const struct path *at, const struct type *type, const void *status,
			       const void *old)
{
	const struct field *field = type_field(type, STR("collisionCount"));
	int64_t now = count_of(type, status, "collisionCount");

	if (field_is_set(field, old) &&
	    (!field_is_set(field, status) || now < count_of(type, old, "collisionCount")))
		path_invalid_number(PATH(at, "collisionCount"), now, "cannot be decremented");
}

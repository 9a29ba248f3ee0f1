#include "actors/admission/policy-match.h"

#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/core.h"

static bool has(struct str_list list, struct str wanted)
{
	return str_list_has(list, STR("*")) || str_list_has(list, wanted);
}

bool policy_match_is_exempt(const struct admission *admission)
{
	struct str group = admission->group, resource = admission->resource;

	if (str_is(group, "admissionregistration.k8s.io"))
		return true;
	if (str_is(group, "authentication.k8s.io"))
		return str_is(resource, "selfsubjectreviews") || str_is(resource, "tokenreviews");
	return str_is(group, "authorization.k8s.io");
}

/* ---- rules ---------------------------------------------------------------------------------------------------------- */

static bool is_operation(const struct admission *admission, struct str_list operations)
{
	switch (admission->operation) {
	case ADMISSION_CREATE: return has(operations, STR("CREATE"));
	case ADMISSION_UPDATE: return has(operations, STR("UPDATE"));
	case ADMISSION_DELETE: return has(operations, STR("DELETE"));
	case ADMISSION_CONNECT: return has(operations, STR("CONNECT"));
	}
	return false;
}

/* `pods`, `pods/status`, `pods` and all below it as `pods/` and a star; a star alone is all without subresources. */
static bool is_resource(const struct admission *admission, struct str_list resources)
{
	for (uint32_t i = 0; i < resources.len; i++) {
		struct str sub = resources.at[i], main = str_cut(&sub, '/');
		bool is_any_sub = sub.at != NULL && str_is(sub, "*");

		if (!str_is(main, "*") && !str_eq(main, admission->resource))
			continue;
		if (is_any_sub || str_eq(sub, admission->subresource))
			return true;
	}
	return false;
}

static bool is_namespaced(const struct admission *admission)
{
	return admission->namespace.len > 0 &&
	       !(admission->group.len == 0 && str_is(admission->resource, "namespaces"));
}

static bool is_scope(const struct admission *admission, struct str scope)
{
	if (scope.len == 0 || str_is(scope, "*"))
		return true;
	return str_is(scope, "Namespaced") == is_namespaced(admission);
}

static bool is_named(const struct admission *admission, struct str_list names)
{
	if (names.len == 0)
		return true;
	for (uint32_t i = 0; i < names.len; i++)
		if (str_eq(names.at[i], admission->name))
			return true;
	return false;
}

static bool is_rule(const struct admission *admission,
		    const struct admissionregistration_rule_with_operations *with)
{
	const struct admissionregistration_rule *rule = with != NULL ? with->rule : NULL;

	return rule != NULL && is_operation(admission, with->operations) &&
	       has(rule->api_groups, admission->group) &&
	       has(rule->api_versions, admission->version) &&
	       is_resource(admission, rule->resources) && is_scope(admission, rule->scope);
}

/* ---- the same by another name ---------------------------------------------------------------------------------------- */

static void *converted(const struct admission *a, const void *record, const struct type *to)
{
	const struct reader *reader = a->check.reader;

	/* What changes it changes a copy. */
	return record == NULL ? NULL
			      : (void *)(uintptr_t)reader->convert(reader->self, a->type, record,
								   to, a->check.arena);
}

/* What a webhook of the definition has made of the request's objects, the latest first. */
struct policy_words {
	struct policy_words *next;
	const struct type *type;
	void *object, *old;
	struct str failed; /* absent: it has made them */
};

static struct policy_words *words_of(const struct admission *a, const struct type *type)
{
	struct policy_words *words = a->words;

	while (words != NULL && words->type != type)
		words = words->next;
	return words;
}

enum check policy_match_prepare(struct admission *admission, const struct equivalent *as)
{
	struct check_context *check = &admission->check;
	const void *records[2], *made[2];
	struct policy_words words = { admission->words, as->type, NULL, NULL, STR_NONE };
	uint32_t count = 0;

	if (!as->is_outside || words_of(admission, as->type) != NULL ||
	    !str_eq(type_kind(admission->type), type_kind(as->type)))
		return CHECK_PASS;
	if (admission->object != NULL)
		records[count++] = admission->object;
	if (admission->old != NULL)
		records[count++] = admission->old;
	if (count > 0 && check->waiter->convert(check->waiter, admission->type, records, count,
						as->type, made, &words.failed) == CHECK_WAIT)
		return CHECK_WAIT;
	if (words.failed.at == NULL && admission->old != NULL)
		words.old = arena_copy(check->arena, made[--count], as->type->size);
	if (words.failed.at == NULL && admission->object != NULL)
		words.object = arena_copy(check->arena, made[0], as->type->size);
	admission->words = arena_copy(check->arena, &words, sizeof words);
	return CHECK_PASS;
}

struct str policy_match_failed(const struct admission *admission, const struct equivalent *as)
{
	const struct policy_words *words = as->is_outside ? words_of(admission, as->type) : NULL;

	return words != NULL ? words->failed : STR_NONE;
}

void policy_match_changed(struct admission *admission, const struct admission *view)
{
	admission->words = view != NULL ? words_of(admission, view->type) : NULL;
	if (admission->words == NULL)
		return;
	admission->words->next = NULL;
	if (admission->words->object != view->object)
		memcpy(admission->words->object, view->object, view->type->size);
}

enum check policy_match_take(struct admission *admission, const struct admission *view,
			     struct str *failed)
{
	struct check_context *check = &admission->check;
	const void *object = view->object, *made;

	if (check->waiter->convert(check->waiter, view->type, &object, 1, admission->type, &made,
				   failed) == CHECK_WAIT)
		return CHECK_WAIT;
	if (failed->at != NULL)
		return CHECK_DENY;
	memcpy(admission->object, made, admission->type->size);
	policy_match_changed(admission, view);
	return CHECK_PASS;
}

/* A kind of its own, as Scale is, is the same for all versions. */
static struct admission *in_words_of(const struct admission *a, const struct equivalent *other)
{
	struct resource_name asked = { a->group, a->version, a->resource };
	struct admission *view = arena_copy(a->check.arena, a, sizeof *a);

	view->asked = arena_copy(a->check.arena, &asked, sizeof asked);
	view->asked_type = a->type;
	view->group = other->name.group;
	view->version = other->name.version;
	view->resource = other->name.resource;
	if (!str_eq(type_kind(a->type), type_kind(other->type)))
		return view;
	if (other->is_outside) {
		const struct policy_words *words = words_of(a, other->type);

		assert(words != NULL && words->failed.at == NULL);
		view->type = other->type;
		view->object = words->object;
		view->old = words->old;
		return view;
	}
	if (a->type->set != NULL) {
		view->named_type = other->type;
		return view;
	}
	view->type = other->type;
	view->object = converted(a, a->object, other->type);
	view->old = converted(a, a->old, other->type);
	return view;
}

static bool is_rule_of(const struct admission *a, const struct resource_name *name,
		       const struct admissionregistration_rule_with_operations *rule)
{
	struct admission view = *a;

	view.group = name->group;
	view.version = name->version;
	view.resource = name->resource;
	return is_rule(&view, rule);
}

static bool is_equivalent_rule(const struct admission *a,
			       const struct admissionregistration_rule_with_operations *rule,
			       struct equivalent *other)
{
	const struct resource_name name = { a->group, a->version, a->resource };
	const struct reader *reader = a->check.reader;

	for (uint32_t at = 0; reader->equivalent(reader->self, &name, at, other); at++)
		if (is_rule_of(a, &other->name, rule))
			return true;
	return false;
}

enum check policy_match_rules(struct admission *admission,
			      struct admissionregistration_rule_with_operations_list rules,
			      bool is_equivalent, const struct admission **view)
{
	struct equivalent other = { 0 };
	struct str failed;
	uint32_t i = 0;

	*view = NULL;
	for (; i < rules.len; i++)
		if (is_rule(admission, &rules.at[i])) {
			*view = admission;
			return CHECK_PASS;
		}
	for (i = 0; is_equivalent && i < rules.len; i++)
		if (is_equivalent_rule(admission, &rules.at[i], &other))
			break;
	if (!is_equivalent || i == rules.len)
		return CHECK_PASS;
	if (policy_match_prepare(admission, &other) == CHECK_WAIT)
		return CHECK_WAIT;
	failed = policy_match_failed(admission, &other);
	if (failed.at == NULL) {
		*view = in_words_of(admission, &other);
		return CHECK_PASS;
	}
	admission->failure = failure_internal(admission->check.arena, STR_FMT, STR_ARG(failed));
	return CHECK_DENY;
}

static bool is_any_rule(const struct admission *admission,
			struct admissionregistration_named_rule_with_operations_list rules,
			bool is_equivalent, struct equivalent *as)
{
	*as = (struct equivalent){ 0 };
	for (uint32_t i = 0; i < rules.len; i++)
		if (is_rule(admission, rules.at[i].rule_with_operations) &&
		    is_named(admission, rules.at[i].resource_names))
			return true;
	for (uint32_t i = 0; is_equivalent && i < rules.len; i++)
		if (is_named(admission, rules.at[i].resource_names) &&
		    is_equivalent_rule(admission, rules.at[i].rule_with_operations, as))
			return true;
	*as = (struct equivalent){ 0 };
	return false;
}

/* ---- selectors -------------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct meta_label_selector *selector)
{
	return selector == NULL ||
	       (selector->match_labels.len == 0 && selector->match_expressions.len == 0);
}

static bool selects(const struct admission *admission, const struct meta_label_selector *selector,
		    struct str_map labels)
{
	struct selector parsed;

	return selector_from_label_selector(selector, admission->check.arena, &parsed, NULL) == OK &&
	       selector_matches_labels(&parsed, labels);
}

static bool selects_record(const struct admission *admission,
			   const struct meta_label_selector *selector, const void *record)
{
	const struct meta_object_meta *meta =
	    record != NULL ? record_meta(admission->type, record) : NULL;

	return meta != NULL && selects(admission, selector, meta->labels);
}

static bool is_object_selected(const struct admission *admission,
			       const struct meta_label_selector *selector)
{
	return is_empty(selector) || selects_record(admission, selector, admission->object) ||
	       selects_record(admission, selector, admission->old);
}

/* A namespace is judged by its own labels, what is in it by those of the namespace. */
static bool is_namespace_selected(const struct admission *admission,
				  const struct meta_label_selector *selector)
{
	bool is_itself = admission->group.len == 0 && str_is(admission->resource, "namespaces");
	const struct object *namespace;

	if (is_empty(selector))
		return true;
	if (is_itself && admission->object != NULL && admission->subresource.len == 0)
		return selects_record(admission, selector, admission->object);
	if (!is_itself && admission->namespace.len == 0)
		return true;
	namespace = check_get(&admission->check, &core_namespace_type, STR(""),
			      is_itself ? admission->name : admission->namespace);
	return namespace != NULL && selects(admission, selector, object_meta(namespace)->labels);
}

bool policy_match_selectors(const struct admission *admission,
			    const struct meta_label_selector *namespaces,
			    const struct meta_label_selector *objects)
{
	return is_namespace_selected(admission, namespaces) &&
	       is_object_selected(admission, objects);
}

bool policy_match(const struct admission *admission,
		  const struct admissionregistration_match_resources *match, struct equivalent *as)
{
	bool is_equivalent = match != NULL && str_is(match->match_policy, "Equivalent");

	*as = (struct equivalent){ 0 };
	if (match == NULL)
		return true;
	if (!policy_match_selectors(admission, match->namespace_selector, match->object_selector) ||
	    is_any_rule(admission, match->exclude_resource_rules, is_equivalent, as)) {
		*as = (struct equivalent){ 0 };
		return false;
	}
	return match->resource_rules.len == 0 ||
	       is_any_rule(admission, match->resource_rules, is_equivalent, as);
}

bool policy_view_by(struct policy_view *view, const struct admission *admission,
		    const struct equivalent *as)
{
	const struct resource_name *old = &view->as.name, *new = &as->name;

	if (view->admission != NULL && view->as.type == as->type && str_eq(old->group, new->group) &&
	    str_eq(old->version, new->version) && str_eq(old->resource, new->resource))
		return false;
	view->as = *as;
	view->admission = as->type != NULL ? in_words_of(admission, as) : admission;
	return true;
}

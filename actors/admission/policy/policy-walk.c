#include "actors/admission/policy/policy-walk.h"

#include <stdlib.h>

#include "actors/admission/policy-match.h"
#include "actors/admission/policy-show.h"
#include "datastore/object/selector.h"

/* All bindings, by the policies' names, then in their own order: looked up, since each policy has few of many. */
struct bonds {
	struct policy_bond *at;
	uint32_t len, cap;
	bool is_read;
};

struct walk {
	const struct policy_sort *sort;
	struct admission *admission;
	void *arg;
	struct policy_ask ask; /* as far as it is known */
	struct bonds bonds;
	uint32_t left;   /* of WALK_RUNS_MAX */
	bool is_looking; /* only for what has to be converted before anybody is asked */
	enum check prepared;
};

static const struct reader *reader_of(const struct walk *w)
{
	return w->admission->check.reader;
}

static void misconfigured(struct walk *w, const char *words)
{
	struct str all;

	if (w->is_looking)
		return;
	all = arena_printf(w->admission->check.arena, "failed to configure binding: %s", words);
	w->sort->misconfigured(w->arg, &w->ask, all);
}

static void ask(struct walk *w)
{
	struct str failed;

	if (w->left == 0) {
		misconfigured(w, "there are too many parameters");
		return;
	}
	w->left--;
	if (w->is_looking) {
		w->prepared = policy_match_prepare(w->admission, &w->ask.as);
		w->left = w->prepared == CHECK_WAIT ? 0 : w->left;
		return;
	}
	failed = policy_match_failed(w->admission, &w->ask.as);
	if (failed.at == NULL)
		w->sort->ask(w->arg, &w->ask);
	else
		w->sort->misconfigured(w->arg, &w->ask,
				       arena_printf(w->admission->check.arena, "%s: " STR_FMT,
						    w->sort->unconverted, STR_ARG(failed)));
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

struct params {
	struct walk *walk;
	const struct type *type;
	struct selector selector;
	uint32_t found;
};

static bool ask_selected(void *arg, const struct object *object)
{
	struct params *params = arg;
	struct walk *w = params->walk;

	if (!selector_matches_labels(&params->selector, object_meta(object)->labels))
		return true;
	params->found++;
	w->ask.param = object;
	w->ask.params = policy_show_record(w->admission, params->type, object->record);
	ask(w);
	return w->left > 0;
}

static void ask_each(struct params *params, const struct admissionregistration_param_ref *ref,
		     struct str namespace)
{
	struct walk *w = params->walk;
	const struct reader *reader = reader_of(w);
	const struct object *object;

	if (ref->name.len > 0) {
		object = check_get(&w->admission->check, params->type, namespace, ref->name);
		params->selector = SELECTOR_ALL;
		if (object != NULL)
			ask_selected(params, object);
		return;
	}
	if (selector_from_label_selector(ref->selector, w->admission->check.arena,
					 &params->selector, NULL) == OK)
		reader->each(reader->self, params->type, namespace, ask_selected, params);
}

/* Where the parameters are; false: nowhere, which has been said. */
static bool find_namespace(struct walk *w, const struct type *type, struct str *out)
{
	struct str said = w->ask.bond.param_ref->namespace;

	*out = said.len > 0 ? said : w->admission->namespace;
	if (type->flags & TYPE_CLUSTER) {
		*out = STR("");
		if (said.len > 0)
			misconfigured(w, "paramRef.namespace must not be provided for a "
					 "cluster-scoped `paramKind`");
		return said.len == 0;
	}
	if (out->len == 0)
		misconfigured(w, "cannot use namespaced paramRef in policy binding that matches "
				 "cluster-scoped resources");
	return out->len > 0;
}

static void ask_with_params(struct walk *w)
{
	const struct admissionregistration_param_kind *kind = w->ask.terms.param_kind;
	const struct admissionregistration_param_ref *ref = w->ask.bond.param_ref;
	struct arena *arena = w->admission->check.arena;
	const struct reader *reader = reader_of(w);
	struct params params = { .walk = w,
				 .type = reader->kind(reader->self, kind->api_version, kind->kind) };
	struct str namespace;

	if (params.type == NULL)
		misconfigured(
		    w, arena_printf(arena,
				    "failed to find resource referenced by paramKind: '" STR_FMT
				    ", Kind=" STR_FMT "'",
				    STR_ARG(kind->api_version), STR_ARG(kind->kind))
			   .at);
	if (params.type == NULL || !find_namespace(w, params.type, &namespace))
		return;
	ask_each(&params, ref, namespace);
	if (params.found == 0 && !str_is(ref->parameter_not_found_action, "Allow"))
		misconfigured(w, "no params found for policy binding with `Deny` "
				 "parameterNotFoundAction");
}

/* ---- policies and bindings ----------------------------------------------------------------------------------------- */

static bool add_bond(void *arg, const struct object *object)
{
	struct walk *w = arg;
	struct bonds *bonds = &w->bonds;
	struct policy_bond bond = { .object = object,
				    .record = object->record,
				    .name = object_name(object) };

	w->sort->read_bond(object->record, &bond);
	if (bonds->len == bonds->cap) {
		uint32_t cap = bonds->cap == 0 ? 16 : bonds->cap * 2;

		bonds->at = arena_grow(w->admission->check.arena, bonds->at,
				       bonds->cap * sizeof bond, cap * sizeof bond);
		bonds->cap = cap;
	}
	bonds->at[bonds->len++] = bond;
	return true;
}

static int by_policy(const void *a, const void *b)
{
	const struct policy_bond *x = a, *y = b;
	int order = str_cmp(x->policy_name, y->policy_name);

	return order != 0 ? order : str_cmp(x->name, y->name);
}

static void read_bonds(struct walk *w)
{
	const struct reader *reader = reader_of(w);

	w->bonds.is_read = true;
	reader->each(reader->self, w->sort->bindings, STR_NONE, add_bond, w);
	if (w->bonds.len > 1)
		qsort(w->bonds.at, w->bonds.len, sizeof *w->bonds.at, by_policy);
}

/* Where the bindings of the policy begin, if it has any. */
static uint32_t find_bonds(const struct bonds *bonds, struct str policy)
{
	uint32_t low = 0, high = bonds->len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (str_cmp(bonds->at[middle].policy_name, policy) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void ask_by(struct walk *w, const struct policy_bond *bond)
{
	struct equivalent unused;

	if (!policy_match(w->admission, bond->match, &unused))
		return;
	w->ask.bond = *bond;
	w->ask.param = NULL;
	w->ask.params = NULL;
	if (w->ask.terms.param_kind != NULL && bond->param_ref != NULL)
		ask_with_params(w);
	else
		ask(w);
}

static bool ask_policy(void *arg, const struct object *object)
{
	struct walk *w = arg;
	struct bonds *bonds = &w->bonds;

	w->ask = (struct policy_ask){ .terms = { .object = object, .name = object_name(object) } };
	w->sort->read(object->record, &w->ask.terms);
	if (!policy_match(w->admission, w->ask.terms.match, &w->ask.as))
		return true;
	if (!bonds->is_read)
		read_bonds(w);
	for (uint32_t i = find_bonds(bonds, w->ask.terms.name);
	     w->left > 0 && i < bonds->len && str_eq(bonds->at[i].policy_name, w->ask.terms.name);
	     i++)
		ask_by(w, &bonds->at[i]);
	return w->left > 0;
}

/* Whether the request may have to be shown in words that only a webhook of its definition knows. */
static bool is_converted(const struct admission *a)
{
	const struct resource_name name = { a->group, a->version, a->resource };
	const struct reader *reader = a->check.reader;
	struct equivalent other = { 0 };

	return a->type->set != NULL && reader->equivalent(reader->self, &name, 0, &other) &&
	       other.is_outside;
}

static void walk_all(struct walk *w)
{
	w->left = WALK_RUNS_MAX;
	reader_of(w)->each(reader_of(w)->self, w->sort->policies, STR_NONE, ask_policy, w);
}

enum check policy_walk(const struct policy_sort *sort, struct admission *admission, void *arg)
{
	struct walk w = { .sort = sort, .admission = admission, .arg = arg };

	if (policy_match_is_exempt(admission))
		return CHECK_PASS;
	w.is_looking = is_converted(admission);
	if (w.is_looking)
		walk_all(&w);
	w.is_looking = false;
	if (w.prepared != CHECK_WAIT)
		walk_all(&w);
	return w.prepared;
}

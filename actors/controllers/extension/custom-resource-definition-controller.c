/*
 * CustomResourceDefinitions: names are given to whoever asked first, and one that is being deleted takes its objects with it.
 *
 * Within a group no two definitions share a name: plurals, singulars and short names are one set, kinds and kinds of lists another. Who has a name keeps
 * it. Of several that have none yet the oldest is first, so that the same is decided whatever the caches show. The API servers serve a definition
 * from the moment on at which they see its names accepted.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/text.h"

#define FINALIZER "customresourcecleanup.apiextensions.k8s.io"
#define APPROVAL STR("api-approved.kubernetes.io")
#define WORDS_BYTES_MAX (4U * KIB)

typedef const struct apiextensions_custom_resource_definition crd;
typedef struct apiextensions_custom_resource_definition_names names;

/* ---- what is known of a definition ------------------------------------------------------------------------ */

static const names *accepted_of(crd *definition)
{
	static const names none;

	return definition->status != NULL && definition->status->accepted_names != NULL
		   ? definition->status->accepted_names
		   : &none;
}

static bool has_condition(crd *definition, const char *type, const char *status)
{
	const struct apiextensions_custom_resource_definition_condition *found =
	    definition->status ? condition_find(&definition->status->conditions, type,
						apiextensions_custom_resource_definition_condition)
			       : NULL;

	return found != NULL && str_is(found->status, status);
}

static bool is_decided(crd *definition)
{
	return has_condition(definition, "NamesAccepted", "True") ||
	       has_condition(definition, "NamesAccepted", "False");
}

static bool is_older(crd *a, crd *b)
{
	int64_t left = a->metadata->creation_timestamp.ns,
		right = b->metadata->creation_timestamp.ns;

	return left != right ? left < right : str_cmp(a->metadata->name, b->metadata->name) < 0;
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static bool has_resource(const names *of, struct str name)
{
	return str_eq(of->plural, name) || str_eq(of->singular, name) ||
	       str_list_has(of->short_names, name);
}

static bool has_kind(const names *of, struct str name)
{
	return str_eq(of->kind, name) || str_eq(of->list_kind, name);
}

/* Those of the group that come first: they have their names, or have asked for them earlier. */
struct rivals {
	const names **at;
	uint32_t len;
};

static struct rivals rivals_of(const struct world *world, crd *definition)
{
	struct records all = world_definitions_of(world, definition->spec->group);
	struct rivals rivals = { .at = arena_array(world_arena(world), const names *,
						   2 * all.len + 1) };

	for (uint32_t i = 0; i < all.len; i++) {
		crd *other = record_at(all, i, apiextensions_custom_resource_definition);

		if (str_eq(other->metadata->name, definition->metadata->name))
			continue;
		rivals.at[rivals.len++] = accepted_of(other);
		if (!is_decided(other) && is_older(other, definition))
			rivals.at[rivals.len++] = other->spec->names;
	}
	return rivals;
}

struct verdict {
	const struct world *world;
	crd *definition;
	struct rivals rivals; /* nothing until somebody asks for a name that is not given yet */
	struct arena *arena;
	names given;
	const char *reason; /* NULL: no conflict */
	struct str message;
};

static bool is_taken(struct verdict *v, struct str name, bool is_kind)
{
	if (v->rivals.at == NULL)
		v->rivals = rivals_of(v->world, v->definition);
	for (uint32_t i = 0; i < v->rivals.len; i++)
		if (is_kind ? has_kind(v->rivals.at[i], name) : has_resource(v->rivals.at[i], name))
			return true;
	return false;
}

static struct str in_use(const struct verdict *v, struct str name)
{
	return arena_printf(v->arena, "\"" STR_FMT "\" is already in use", STR_ARG(name));
}

static void judge_name(struct verdict *v, struct str asked, struct str *given, bool is_kind,
		       const char *reason)
{
	if (str_eq(asked, *given) || !is_taken(v, asked, is_kind)) {
		*given = asked;
		return;
	}
	v->reason = reason;
	v->message = in_use(v, asked);
}

/* All of them or none. */
static void judge_short_names(struct verdict *v, struct str_list asked)
{
	struct text words = text_in(v->arena, WORDS_BYTES_MAX);
	uint32_t taken = 0;

	for (uint32_t i = 0; i < asked.len; i++) {
		if (str_list_has(v->given.short_names, asked.at[i]) ||
		    !is_taken(v, asked.at[i], false))
			continue;
		text_printf(&words, "%s" STR_FMT, taken++ ? ", " : "",
			    STR_ARG(in_use(v, asked.at[i])));
	}
	if (taken == 0) {
		v->given.short_names = asked;
		return;
	}
	v->reason = "ShortNamesConflict";
	v->message = taken == 1
			 ? text_str(&words)
			 : arena_printf(v->arena, "[" STR_FMT "]", STR_ARG(text_str(&words)));
}

/* The last conflict is the one that is told. */
static struct verdict judge(const struct world *world, struct arena *arena, crd *definition)
{
	const names *asked = definition->spec->names;
	struct verdict v = { .world = world,
			     .definition = definition,
			     .arena = arena,
			     .given = *accepted_of(definition) };

	judge_name(&v, asked->plural, &v.given.plural, false, "PluralConflict");
	judge_name(&v, asked->singular, &v.given.singular, false, "SingularConflict");
	judge_short_names(&v, asked->short_names);
	judge_name(&v, asked->kind, &v.given.kind, true, "KindConflict");
	judge_name(&v, asked->list_kind, &v.given.list_kind, true, "ListKindConflict");
	v.given.categories = asked->categories;
	return v;
}

/* ---- conditions ------------------------------------------------------------------------------------------- */

struct report {
	const struct world *world;
	struct plan *plan;
	struct apiextensions_custom_resource_definition_status *status;
};

static void set(const struct report *r, const char *type, const char *word, const char *reason,
		struct str message)
{
	condition_set(plan_arena(r->plan), &r->status->conditions, world_now(r->world),
		      apiextensions_custom_resource_definition_condition, type, word, reason,
		      message);
}

/* Once it has been served it stays so, whatever becomes of names that are asked for later. */
static void report_established(const struct report *r, crd *definition, bool is_accepted)
{
	if (is_accepted)
		set(r, "Established", "True", "InitialNamesAccepted",
		    STR("the initial names have been accepted"));
	else if (!has_condition(definition, "Established", "True"))
		set(r, "Established", "False", "NotAccepted", STR("not all names are accepted"));
}

static bool is_protected(struct str group)
{
	return str_is(group, "k8s.io") || str_is(group, "kubernetes.io") ||
	       str_ends(group, STR(".k8s.io")) || str_ends(group, STR(".kubernetes.io"));
}

static void report_approval(const struct report *r, crd *definition)
{
	static const char type[] = "KubernetesAPIApprovalPolicyConformant";
	struct str said = str_map_get(definition->metadata->annotations, APPROVAL);

	if (!is_protected(definition->spec->group))
		return;
	if (said.len == 0)
		set(r, type, "False", "MissingAnnotation",
		    STR("protected groups must have approval annotation "
			"\"api-approved.kubernetes.io\", see "
			"https://github.com/kubernetes/enhancements/pull/1111"));
	else if (str_starts(said, STR("unapproved")))
		set(r, type, "False", "UnapprovedAnnotation",
		    arena_printf(plan_arena(r->plan), "not approved: \"" STR_FMT "\"",
				 STR_ARG(said)));
	else
		set(r, type, "True", "ApprovedAnnotation",
		    arena_printf(plan_arena(r->plan), "approved in " STR_FMT, STR_ARG(said)));
}

static struct report report_of(const struct world *world, struct plan *plan, crd *definition,
			       struct apiextensions_custom_resource_definition **out_edit)
{
	struct apiextensions_custom_resource_definition *edit =
	    plan_status(plan, definition, apiextensions_custom_resource_definition);

	*out_edit = edit;
	return (struct report){ world, plan, MAKE(edit->status, plan_arena(plan)) };
}

static void accept(const struct world *world, struct plan *plan, crd *definition)
{
	struct verdict v = judge(world, plan_arena(plan), definition);
	struct apiextensions_custom_resource_definition *edit;
	struct report report = report_of(world, plan, definition, &edit);

	report.status->accepted_names =
	    plan_copy(plan, &v.given, apiextensions_custom_resource_definition_names);
	if (v.reason == NULL)
		set(&report, "NamesAccepted", "True", "NoConflicts", STR("no conflicts found"));
	else
		set(&report, "NamesAccepted", "False", v.reason, v.message);
	report_established(&report, definition, v.reason == NULL);
	report_approval(&report, definition);
}

/* ---- the end ---------------------------------------------------------------------------------------------- */

static bool has_finalizer(crd *definition)
{
	return str_list_has(definition->metadata->finalizers, STR(FINALIZER));
}

static struct str served_version(crd *definition)
{
	for (uint32_t i = 0; i < definition->spec->versions.len; i++)
		if (definition->spec->versions.at[i].served)
			return definition->spec->versions.at[i].name;
	return STR_NONE;
}

static void let_go(struct apiextensions_custom_resource_definition *edit)
{
	struct str_list *list = &edit->metadata->finalizers;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_is(list->at[i], FINALIZER))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/*
 * The server deletes all objects of a definition that is on its way out, whatever namespace they are in, and fails while some are left: then the
 * writes behind it are not made, and the next turn tries again.
 */
static void finish(const struct world *world, struct plan *plan, crd *definition)
{
	struct apiextensions_custom_resource_definition *edit;
	struct str version = served_version(definition);
	bool was_served = has_condition(definition, "Established", "True") && version.at != NULL;
	struct report report;

	if (was_served)
		plan_request(plan, "DELETE",
			     arena_printf(plan_arena(plan), "/apis/" STR_FMT "/" STR_FMT "/" STR_FMT,
					  STR_ARG(definition->spec->group), STR_ARG(version),
					  STR_ARG(definition->spec->names->plural)),
			     STR("application/json"), STR("{}"));
	report = report_of(world, plan, definition, &edit);
	if (was_served)
		set(&report, "Terminating", "False", "InstanceDeletionCompleted",
		    STR("removed all instances"));
	else
		set(&report, "Terminating", "False", "NeverEstablished",
		    STR("resource was never established"));
	let_go(edit);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	crd *definition = world_get(world, key, apiextensions_custom_resource_definition);

	if (definition == NULL)
		return OK;
	if (!definition->metadata->has.deletion_timestamp)
		accept(world, plan, definition);
	else if (has_finalizer(definition))
		finish(world, plan, definition);
	return OK;
}

/*
 * A name that somebody lets go of may be what another waits for; one that somebody gets is settled for all others. Who has just come and has none
 * changes nothing for those that are there.
 */
static void others_wake(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	crd *changed = object->record;
	struct records all;

	if (old == NULL && !is_decided(changed))
		return;
	all = world_definitions_of(world, changed->spec->group);
	for (uint32_t i = 0; i < all.len; i++) {
		crd *other = record_at(all, i, apiextensions_custom_resource_definition);

		if (has_condition(other, "NamesAccepted", "False") &&
		    !str_eq(other->metadata->name, changed->metadata->name))
			wake_key(to, STR(""), other->metadata->name);
	}
}

const struct controller custom_resource_definition_controller = {
	.name = "customresourcedefinition",
	.account = "custom-resource-definition-controller",
	.reconciles = &apiextensions_custom_resource_definition_type,
	.triggers = { { &apiextensions_custom_resource_definition_type, others_wake } },
	/* A turn ends when the cache shows its write: with fewer, those who create definitions outrun it. */
	.workers = 64,
	.reconcile = reconcile,
};

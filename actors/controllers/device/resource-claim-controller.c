/*
 * Claims of devices: made of the templates that pods name, given back when the last pod that had them is done (upstream:
 * pkg/controller/resourceclaim).
 *
 * Keys are `pod:NAME` and `claim:NAME` of a namespace: what pods need and what claims are still needed for are looked at apart.
 * A reservation goes only when the pods are known up to the claim's last change: the one it is for may not have been seen before.
 */
#include "actors/controller/controller.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/protection.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/resource.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

#define FINALIZER STR("resource.kubernetes.io/delete-protection")
#define ANNOTATION STR("resource.kubernetes.io/pod-claim-name")
#define RESERVED_MAX 256U /* pods that share a claim, as validation has it */
#define NAME_BASE_MAX 57U /* leaves room for what is generated behind it */
#define LOOK_MS 5000      /* for a template that is not there */

typedef const struct core_pod pod_record;
typedef const struct resource_resource_claim claim_record;

/* ---- what a pod needs ----------------------------------------------------------------------------------------- */

static const struct core_pod_resource_claim_status *status_of(pod_record *pod, struct str name)
{
	for (uint32_t i = 0; pod->status != NULL && i < pod->status->resource_claim_statuses.len;
	     i++)
		if (str_eq(pod->status->resource_claim_statuses.at[i].name, name))
			return &pod->status->resource_claim_statuses.at[i];
	return NULL;
}

/* The claim's name as far as it is known; absent: there is none yet, or *is_needless. */
static struct str name_of(pod_record *pod, const struct core_pod_resource_claim *wanted,
			  bool *is_needless)
{
	const struct core_pod_resource_claim_status *status;

	*is_needless = false;
	if (wanted->resource_claim_name.len > 0)
		return wanted->resource_claim_name;
	status = status_of(pod, wanted->name);
	*is_needless = status != NULL && status->resource_claim_name.at == NULL;
	return status != NULL ? status->resource_claim_name : STR_NONE;
}

static const struct meta_owner_reference *owning_pod(claim_record *claim)
{
	for (uint32_t i = 0; i < claim->metadata->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &claim->metadata->owner_references.at[i];

		if (owner->controller && str_is(owner->kind, "Pod") &&
		    str_is(owner->api_version, "v1"))
			return owner;
	}
	return NULL;
}

/* A claim that somebody else made is for all; one that a template became, for its pod alone. */
static claim_record *claim_of(const struct world *world, pod_record *pod,
			      const struct core_pod_resource_claim *wanted, bool *is_needless)
{
	struct key key = { pod->metadata->namespace, name_of(pod, wanted, is_needless) };
	claim_record *claim =
	    key.name.len > 0 ? world_get(world, key, resource_resource_claim) : NULL;
	const struct meta_owner_reference *owner = claim != NULL ? owning_pod(claim) : NULL;

	if (claim == NULL || wanted->resource_claim_name.len > 0)
		return claim;
	return owner != NULL && str_eq(owner->uid, pod->metadata->uid) ? claim : NULL;
}

/* One that was made for it, but is not in its status yet. */
static claim_record *orphan_of(const struct world *world, pod_record *pod, struct str wanted)
{
	struct records owned = world_owned(world, pod, resource_resource_claim);

	for (uint32_t i = 0; i < owned.len; i++) {
		claim_record *claim = record_at(owned, i, resource_resource_claim);

		if (str_eq(str_map_get(claim->metadata->annotations, ANNOTATION), wanted))
			return claim;
	}
	return NULL;
}

/* Of a long name both halves lose in proportion, so that it tells of both. */
static struct str base_name(struct arena *arena, struct str pod, struct str claim)
{
	uint32_t len = pod.len + claim.len + 2;

	if (len <= NAME_BASE_MAX)
		return arena_printf(arena, STR_FMT "-" STR_FMT "-", STR_ARG(pod), STR_ARG(claim));
	pod.len = pod.len * NAME_BASE_MAX / len;
	claim.len = claim.len * NAME_BASE_MAX / len;
	return arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(pod), STR_ARG(claim));
}

static void make(struct plan *plan, pod_record *pod, struct str wanted,
		 const struct resource_resource_claim_template *template)
{
	struct resource_resource_claim *claim =
	    plan_new_child(plan, pod, core_pod, STR(""), resource_resource_claim);
	struct resource_resource_claim_template_spec *copy =
	    plan_copy(plan, template->spec, resource_resource_claim_template_spec);

	claim->metadata->owner_references.at[0].has.block_owner_deletion = false;
	claim->metadata->generate_name = base_name(plan_arena(plan), pod->metadata->name, wanted);
	claim->spec = copy->spec;
	if (copy->metadata != NULL) {
		claim->metadata->labels = copy->metadata->labels;
		claim->metadata->annotations = copy->metadata->annotations;
	}
	str_map_put(&claim->metadata->annotations, plan_arena(plan), ANNOTATION,
		    arena_str(plan_arena(plan), wanted));
}

static void tell(struct plan *plan, pod_record *pod, struct str wanted, struct str why)
{
	plan_event(plan, &core_pod_type, pod->metadata, true, "FailedResourceClaimCreation",
		   "PodResourceClaim " STR_FMT ": " STR_FMT, STR_ARG(wanted), STR_ARG(why));
}

static void set_name(struct plan *plan, pod_record *pod, struct str wanted, struct str name)
{
	struct core_pod *edit = plan_status(plan, pod, core_pod);
	struct core_pod_resource_claim_status_list *list = &edit->status->resource_claim_statuses;
	struct arena *arena = plan_arena(plan);
	uint32_t at = 0;

	while (at < list->len && !str_eq(list->at[at].name, wanted))
		at++;
	if (at == list->len) {
		list->at = arena_grow(arena, list->at, list->len * sizeof *list->at,
				      (list->len + 1) * sizeof *list->at);
		list->len++;
	}
	list->at[at] = (struct core_pod_resource_claim_status){ arena_str(arena, wanted),
								arena_str(arena, name) };
}

/* False: no more can be done for the pod now. */
static bool have_claim(const struct world *world, struct plan *plan, pod_record *pod,
		       const struct core_pod_resource_claim *wanted)
{
	const struct world_failure *failure = world_failure(world);
	struct str template_name = wanted->resource_claim_template_name;
	const struct resource_resource_claim_template *template;
	struct arena *arena = plan_arena(plan);
	bool is_needless;
	claim_record *claim = claim_of(world, pod, wanted, &is_needless);

	if (claim != NULL || is_needless || template_name.len == 0)
		return true;
	claim = orphan_of(world, pod, wanted->name);
	if (claim != NULL) {
		set_name(plan, pod, wanted->name, claim->metadata->name);
		return true;
	}
	template = world_get(world, ((struct key){ pod->metadata->namespace, template_name }),
			     resource_resource_claim_template);
	if (template == NULL) {
		tell(plan, pod, wanted->name,
		     arena_printf(arena,
				  "resource claim template \"" STR_FMT
				  "\": resourceclaimtemplate.resource.k8s.io \"" STR_FMT
				  "\" not found",
				  STR_ARG(template_name), STR_ARG(template_name)));
		plan_again(plan, LOOK_MS);
		return false;
	}
	if (failure != NULL && failure->is_create)
		tell(plan, pod, wanted->name,
		     arena_printf(arena, "create ResourceClaim : " STR_FMT,
				  STR_ARG(failure->message)));
	make(plan, pod, wanted->name, template);
	return failure == NULL;
}

static bool is_reserved(claim_record *claim, pod_record *pod)
{
	for (uint32_t i = 0; i < claim->status->reserved_for.len; i++)
		if (str_eq(claim->status->reserved_for.at[i].uid, pod->metadata->uid))
			return true;
	return false;
}

/* Whoever put the pod on its node without the scheduler has reserved nothing for it. */
static void reserve(const struct world *world, struct plan *plan, pod_record *pod,
		    const struct core_pod_resource_claim *wanted)
{
	struct resource_resource_claim_consumer_reference_list *list;
	struct arena *arena = plan_arena(plan);
	bool is_needless;
	claim_record *claim = claim_of(world, pod, wanted, &is_needless);

	if (claim == NULL || claim->status == NULL || claim->status->allocation == NULL ||
	    is_reserved(claim, pod) || claim->status->reserved_for.len >= RESERVED_MAX)
		return;
	list = &plan_status(plan, claim, resource_resource_claim)->status->reserved_for;
	list->at = arena_grow(arena, list->at, list->len * sizeof *list->at,
			      (list->len + 1) * sizeof *list->at);
	list->at[list->len++] = (struct resource_resource_claim_consumer_reference){
		.resource = STR("pods"),
		.name = arena_str(arena, pod->metadata->name),
		.uid = arena_str(arena, pod->metadata->uid),
	};
}

static enum status reconcile_pod(const struct world *world, struct key key, struct plan *plan)
{
	pod_record *pod = world_get(world, key, core_pod);
	bool goes_on = pod != NULL && !pod->metadata->has.deletion_timestamp;

	for (uint32_t i = 0; goes_on && i < pod->spec->resource_claims.len; i++)
		goes_on = have_claim(world, plan, pod, &pod->spec->resource_claims.at[i]);
	for (uint32_t i = 0;
	     goes_on && pod->spec->node_name.len > 0 && i < pod->spec->resource_claims.len; i++)
		reserve(world, plan, pod, &pod->spec->resource_claims.at[i]);
	return OK;
}

/* ---- what a claim is still needed for -------------------------------------------------------------------------- */

/* None of its containers runs, or ever will. */
static bool is_done(pod_record *pod)
{
	return pod_is_finished(pod) ||
	       (pod->metadata->has.deletion_timestamp && pod->spec->node_name.len == 0);
}

/* Of a consumer that is unknown here nobody can say that it is gone. */
static bool is_valid(const struct world *world, claim_record *claim,
		     const struct resource_resource_claim_consumer_reference *reference)
{
	pod_record *pod;

	if (reference->api_group.len > 0 || !str_is(reference->resource, "pods"))
		return true;
	pod = world_get(world, ((struct key){ claim->metadata->namespace, reference->name }),
			core_pod);
	return pod != NULL && str_eq(pod->metadata->uid, reference->uid) && !is_done(pod);
}

/* Its device goes back to all, and so may it. */
static void give_back(struct plan *plan, claim_record *claim, bool has_finalizer)
{
	if (!has_finalizer)
		return;
	if (claim->status != NULL && claim->status->allocation != NULL)
		plan_status(plan, claim, resource_resource_claim)->status->allocation = NULL;
	protection_remove(plan, plan_edit(plan, claim, resource_resource_claim)->metadata,
			  FINALIZER);
}

static void delete_unused(const struct world *world, struct plan *plan, claim_record *claim)
{
	const struct meta_owner_reference *owner = owning_pod(claim);
	pod_record *pod;

	if (owner == NULL || claim->metadata->has.deletion_timestamp)
		return;
	pod = world_get(world, ((struct key){ claim->metadata->namespace, owner->name }), core_pod);
	if (pod != NULL && (!str_eq(pod->metadata->uid, owner->uid) || is_done(pod)))
		plan_delete(plan, claim, resource_resource_claim);
}

static bool has_finalizer(claim_record *claim)
{
	return str_list_has(claim->metadata->finalizers, FINALIZER);
}

static enum status reconcile_claim(const struct world *world, struct key key, struct plan *plan)
{
	claim_record *claim = world_get(world, key, resource_resource_claim);
	const struct object *object = world_object(world, &resource_resource_claim_type, key);
	struct resource_resource_claim_consumer_reference_list reserved = { 0 }, *list;
	uint32_t valid = 0;

	if (claim == NULL)
		return OK;
	if (claim->status != NULL)
		reserved = claim->status->reserved_for;
	if (reserved.len > 0 &&
	    !plan_has_seen(plan, world, &core_pod_type, (uint64_t)object->revision))
		return OK;
	for (uint32_t i = 0; i < reserved.len; i++)
		valid += is_valid(world, claim, &reserved.at[i]);
	if (valid < reserved.len) {
		list = &plan_status(plan, claim, resource_resource_claim)->status->reserved_for;
		list->len = 0;
		for (uint32_t i = 0; i < reserved.len; i++)
			if (is_valid(world, claim, &reserved.at[i]))
				list->at[list->len++] = list->at[i];
		if (valid == 0)
			give_back(plan, claim, has_finalizer(claim));
	} else if (valid == 0 && claim->metadata->has.deletion_timestamp) {
		give_back(plan, claim, has_finalizer(claim));
	}
	if (valid == 0)
		delete_unused(world, plan, claim);
	return OK;
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct str kind = str_cut(&key.name, ':');

	return str_is(kind, "pod") ? reconcile_pod(world, key, plan)
				   : reconcile_claim(world, key, plan);
}

static void wake(const struct world *world, struct wake *to, const char *kind, struct str namespace,
		 struct str name)
{
	if (name.len > 0)
		wake_key(to, namespace,
			 arena_printf(world_arena(world), "%s:" STR_FMT, kind, STR_ARG(name)));
}

static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	pod_record *pod = object->record;
	bool is_needless;

	(void)old;
	if (pod->spec == NULL || pod->spec->resource_claims.len == 0)
		return;
	wake(world, to, "pod", pod->metadata->namespace, pod->metadata->name);
	for (uint32_t i = 0; i < pod->spec->resource_claims.len; i++)
		wake(world, to, "claim", pod->metadata->namespace,
		     name_of(pod, &pod->spec->resource_claims.at[i], &is_needless));
}

static void wake_users(const struct world *world, struct str namespace, struct str claim,
		       struct str template, struct wake *to)
{
	struct records pods = world_list(world, namespace, core_pod);

	for (uint32_t i = 0; i < pods.len; i++) {
		pod_record *pod = record_at(pods, i, core_pod);

		for (uint32_t k = 0; k < pod->spec->resource_claims.len; k++) {
			const struct core_pod_resource_claim *wanted =
			    &pod->spec->resource_claims.at[k];

			if ((claim.len > 0 && str_eq(wanted->resource_claim_name, claim)) ||
			    (template.len > 0 &&
			     str_eq(wanted->resource_claim_template_name, template)))
				wake(world, to, "pod", namespace, pod->metadata->name);
		}
	}
}

static void claim_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	claim_record *claim = object->record;
	const struct meta_owner_reference *owner = owning_pod(claim);

	(void)old;
	wake(world, to, "claim", claim->metadata->namespace, claim->metadata->name);
	if (owner != NULL)
		wake(world, to, "pod", claim->metadata->namespace, owner->name);
	else
		wake_users(world, claim->metadata->namespace, claim->metadata->name, STR_NONE, to);
}

static void template_wakes(const struct world *world, const struct object *object,
			   const struct object *old, struct wake *to)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);

	(void)old;
	wake_users(world, meta->namespace, STR_NONE, meta->name, to);
}

const struct controller resource_claim_controller = {
	.name = "resourceclaim",
	.account = "resource-claim-controller",
	.triggers = { { &core_pod_type, pod_wakes, true },
		      { &resource_resource_claim_type, claim_wakes, true },
		      { &resource_resource_claim_template_type, template_wakes } },
	.patches = { &core_pod_type },
	.reconcile = reconcile,
};

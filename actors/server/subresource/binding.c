#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

/*
 * pods/binding: the scheduler's word, which node a pod runs on. A change of the pod that only this may make: it is not judged
 * by the rules of pods, since it touches what they forbid.
 */

struct binding {
	struct core_binding *body;
};

static enum next binding_decode(struct request *r)
{
	struct binding *work = arena_new_of(r->arena, struct binding);
	enum next next = body_decode_as(r, &core_binding_type, false);

	if (next != NEXT)
		return next;
	work->body = r->record;
	r->work = work;
	if (str_eq(work->body->metadata->name, r->route.name))
		return NEXT;
	return request_fail(r, failure_bad_request(r->arena, "name in URL does not match name in "
							     "Binding object"));
}

/* By way of the collection of bindings: the pod is the one that the body names, and all goes on as if it had been named. */
static enum next collection_decode(struct request *r)
{
	struct binding *work = arena_new_of(r->arena, struct binding);
	enum next next = body_decode_as(r, &core_binding_type, false);

	if (next != NEXT)
		return next;
	work->body = r->record;
	r->work = work;
	/* By this way an id is what the server gives to what is new. */
	work->body->metadata->uid = STR_NONE;
	r->route.name = work->body->metadata->name;
	r->route.subresource = STR("binding");
	r->resource = resources_find_type(r->server->resources, &core_pod_type);
	return NEXT;
}

static enum next refuse(struct request *r, const char *why)
{
	return request_fail(
	    r,
	    failure_conflict(r->arena, request_group(r), STR("pods/binding"), r->route.name,
			     request_printf(r, "pod " STR_FMT " %s", STR_ARG(r->route.name), why)));
}

static enum next fail_with(struct request *r, const struct faults *faults)
{
	struct text out = text_in(r->arena, 8U * KIB);

	if (faults->len > 1)
		text_add_char(&out, '[');
	for (uint32_t i = 0; i < faults->len; i++)
		text_printf(&out, "%s" STR_FMT ": " STR_FMT, i > 0 ? ", " : "",
			    STR_ARG(faults->at[i].field), STR_ARG(faults->at[i].message));
	if (faults->len > 1)
		text_add_char(&out, ']');
	return request_fail(r, failure_plain(r->arena, 500, text_str(&out)));
}

static enum next check_target(struct request *r, const struct core_binding *body)
{
	static const struct core_object_reference nothing;
	const struct core_object_reference *target = body->target ? body->target : &nothing;
	struct faults faults = faults_in(r->arena);
	const struct path *at = PATH_ROOT(&faults, "target");
	bool is_node = target->kind.len == 0 || str_is(target->kind, "Node");

	if (!is_node)
		path_not_supported(PATH(at, "kind"), target->kind, "\"Node\", \"<empty>\"");
	if (rule_needed(PATH(at, "name"), target->name, "") && is_node)
		rule_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, target->name);
	return faults.len > 0 ? fail_with(r, &faults) : NEXT;
}

/* In the words of upstream's storage. */
static enum next other_pod(struct request *r, const char *what, struct str asked, struct str found)
{
	return request_fail(
	    r, failure_conflict(
		   r->arena, request_group(r), request_resource(r), r->route.name,
		   request_printf(r,
				  "StorageError: invalid object, Code: 4, Key: /pods/" STR_FMT
				  "/" STR_FMT ", ResourceVersion: 0, "
				  "AdditionalErrorMsg: Precondition failed: %s in "
				  "precondition: " STR_FMT ", %s in object meta: " STR_FMT,
				  STR_ARG(r->route.namespace), STR_ARG(r->route.name), what,
				  STR_ARG(asked), what, STR_ARG(found))));
}

static enum next check_pod(struct request *r, const struct core_binding *body)
{
	const struct core_pod *pod = r->live->record;
	const struct meta_object_meta *meta = body->metadata;

	if (meta->uid.len > 0 && !str_eq(meta->uid, pod->metadata->uid))
		return other_pod(r, "UID", meta->uid, pod->metadata->uid);
	if (meta->resource_version.len > 0 &&
	    !str_eq(meta->resource_version, pod->metadata->resource_version))
		return other_pod(r, "ResourceVersion", meta->resource_version,
				 pod->metadata->resource_version);
	if (pod->metadata->has.deletion_timestamp)
		return refuse(r, "is being deleted, cannot be assigned to a host");
	if (pod->spec->node_name.len > 0)
		return refuse(
		    r, arena_cstr(r->arena,
				  request_printf(r, "is already assigned to node \"" STR_FMT "\"",
						 STR_ARG(pod->spec->node_name))));
	if (pod->spec->scheduling_gates.len > 0)
		return refuse(r, "has non-empty .spec.schedulingGates");
	return NEXT;
}

void binding_set_condition(struct request *r, struct core_pod *pod,
			   struct core_pod_condition condition)
{
	struct core_pod_condition_list *list = &MAKE(pod->status, r->arena)->conditions;
	struct wall now = act_wall(r->server->act);
	struct core_pod_condition *at;
	uint32_t i = 0;

	while (i < list->len && !str_eq(list->at[i].type, condition.type))
		i++;
	if (i == list->len) {
		at = arena_array(r->arena, struct core_pod_condition, list->len + 1);
		if (list->len > 0)
			memcpy(at, list->at, list->len * sizeof *at);
		list->at = at;
		list->len++;
	}
	SET(&condition, last_transition_time, ((struct wall){ now.ns - now.ns % TIME_S }));
	list->at[i] = condition;
}

/* What the word says about the pod is the pod's from now on. */
static void take_over(struct request *r, const struct meta_object_meta *from,
		      struct meta_object_meta *to)
{
	for (uint32_t i = 0; i < from->annotations.len; i++)
		str_map_put(&to->annotations, r->arena, from->annotations.at[i].key,
			    from->annotations.at[i].value);
	for (uint32_t i = 0; i < from->labels.len; i++)
		str_map_put(&to->labels, r->arena, from->labels.at[i].key, from->labels.at[i].value);
}

static void bind(struct request *r, const struct core_binding *body)
{
	struct core_pod *pod = record_clone_shallow(&core_pod_type, r->live->record, r->arena);

	pod->spec->node_name = body->target->name;
	binding_set_condition(
	    r, pod,
	    (struct core_pod_condition){ .type = STR("PodScheduled"), .status = STR("True") });
	if (pod->status != NULL)
		pod->status->nominated_node_name = STR_NONE;
	r->type = &core_pod_type;
	r->record = pod;
}

static enum next binding_read(struct request *r)
{
	const struct binding *work = r->work;
	enum next next = check_target(r, work->body);

	if (next != NEXT)
		return next;
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	next = check_pod(r, work->body);
	if (next == NEXT)
		bind(r, work->body);
	return next;
}

/* What is admitted is the word, not the pod that it changes. */
static enum next admit(struct request *r, bool is_validating)
{
	struct binding *work = r->work;

	return write_admit(r, ADMISSION_CREATE, &core_binding_type, work->body, NULL, is_validating);
}

static enum next binding_admit(struct request *r)
{
	const struct binding *work = r->work;
	enum next next = admit(r, false);

	if (next == NEXT)
		take_over(r, work->body->metadata, record_meta(r->type, r->record));
	return next;
}

static enum next binding_validate(struct request *r)
{
	return admit(r, true);
}

const struct verb_steps binding_collection_steps = {
	.name = "binding",
	.is_write = true,
	.decode = collection_decode,
	.read = binding_read,
	.admit = binding_admit,
	.validate = binding_validate,
	.persist = write_persist,
	.answer = respond_success,
};

const struct verb_steps binding_steps = {
	.name = "binding",
	.is_write = true,
	.decode = binding_decode,
	.read = binding_read,
	.admit = binding_admit,
	.validate = binding_validate,
	.persist = write_persist,
	.answer = respond_success,
};

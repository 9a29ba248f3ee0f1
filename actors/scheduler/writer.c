#include "actors/scheduler/writer.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/controller/workload/pod.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"

#define USER "system:kube-scheduler"
#define WRITE_MS 30000U
#define PATCH_BYTES (128U * KIB)
#define TAG_MARK 0x5c00000000000000ULL /* the upper byte of our tags; below it number and slot */

static void release(struct write *write)
{
	pod_info_unref(write->pod);
	pod_info_unref(write->preemptor);
	write->pod = write->preemptor = NULL;
}

static void give_back(void *arg)
{
	struct writer *writer = arg;

	for (uint32_t i = 0; i < WRITER_SLOTS; i++)
		release(&writer->slots[i]);
}

void writer_init(struct writer *writer, struct act *act, const char *api, uint64_t term)
{
	writer->api = api;
	writer->term = term;
	act_own(act, give_back, writer);
}

uint32_t writer_room(const struct writer *writer)
{
	return WRITER_SLOTS - writer->busy;
}

static uint64_t tag_of(const struct writer *writer, const struct write *write)
{
	return TAG_MARK | (uint64_t)write->number << 16 | (uint64_t)(write - writer->slots);
}

static struct write *free_slot(struct writer *writer)
{
	uint32_t i = 0;

	assert(writer->busy < WRITER_SLOTS);
	while (writer->slots[i].kind != WRITE_FREE)
		i++;
	return &writer->slots[i];
}

static enum status send(struct writer *writer, struct act *act, struct write *write,
			struct api_call *call)
{
	enum status status;

	write->number++;
	call->term = writer->term;
	status = act_request(act, act_named(act, writer->api), &api_call_type, call, WRITE_MS,
			     tag_of(writer, write));
	if (status != OK)
		api_call_free(call);
	return status;
}

/* Takes a slot for what is then sent. */
static enum status begin(struct writer *writer, struct act *act, const struct write *like,
			 struct api_call *call)
{
	struct write *write = free_slot(writer);

	TRY(send(writer, act, write, call));
	write->kind = like->kind;
	write->sent = act_wall(act);
	write->pod = pod_info_ref(like->pod);
	write->preemptor = like->preemptor ? pod_info_ref(like->preemptor) : NULL;
	write->node = arena_str(like->pod->arena, like->node);
	writer->busy++;
	return OK;
}

static struct api_call call_for(const struct pod_info *pod, const char *method,
				const char *subresource)
{
	const struct meta_object_meta *meta = pod_info_meta(pod);
	struct arena *arena = arena_new(0);
	struct api_call call = request_call(
	    method, request_path(arena, &core_pod_type, meta->namespace, meta->name, subresource),
	    STR(USER));

	arena_free(arena);
	return call;
}

enum status writer_bind(struct writer *writer, struct act *act, struct pod_info *pod,
			struct str node)
{
	const struct meta_object_meta *meta = pod_info_meta(pod);
	struct api_call call = call_for(pod, "POST", "binding");
	struct meta_object_meta about = { .name = meta->name,
					  .namespace = meta->namespace,
					  .uid = meta->uid };
	struct core_object_reference target = { .kind = STR("Node"), .name = node };
	struct core_binding binding = { &about, &target };

	request_set_record(&call, &core_binding_type, &binding);
	return begin(writer, act,
		     &(struct write){ .kind = WRITE_BINDING, .pod = pod, .node = node }, &call);
}

/* Since when the condition is what it is: from now on if it was another or none. */
static struct wall since(const struct pod_info *pod, struct wall now)
{
	const struct core_pod_condition *condition = pod_condition(pod->pod, "PodScheduled");

	if (condition != NULL && str_is(condition->status, "False"))
		return condition->last_transition_time;
	return (struct wall){ now.ns - now.ns % TIME_S };
}

/* ---- what is said on pods --------------------------------------------------------------------------------------- */

/*
 * A strategic merge patch of the status alone: a whole sparse pod would say that it has no containers. The uid keeps it from
 * a successor of the same name.
 */
static struct text begin_patch(const struct pod_info *pod, struct arena *arena)
{
	struct text out = text_in(arena, PATCH_BYTES);

	text_lit(&out, "{\"metadata\":{\"uid\":");
	json_encode_field(type_field(&meta_object_meta_type, STR("uid")), pod_info_meta(pod), &out);
	text_lit(&out, "},\"status\":{");
	return out;
}

static void add_condition(struct text *out, const struct pod_info *pod,
			  struct core_pod_condition *condition)
{
	if (pod_info_meta(pod)->has.generation)
		SET(condition, observed_generation, pod_info_meta(pod)->generation);
	text_lit(out, "\"conditions\":[");
	json_encode(&core_pod_condition_type, condition, out);
	text_add_char(out, ']');
}

static void add_nominated(struct text *out, struct str node)
{
	struct core_pod_status status = { .nominated_node_name = node };

	text_lit(out, "\"nominatedNodeName\":");
	if (node.len == 0)
		text_lit(out, "null");
	else
		json_encode_field(type_field(&core_pod_status_type, STR("nominatedNodeName")),
				  &status, out);
}

static void set_patch(struct api_call *call, struct text *out)
{
	text_lit(out, "}}");
	call->content_type = STR("application/strategic-merge-patch+json");
	call->body = text_str(out);
}

enum status writer_tell(struct writer *writer, struct act *act, struct pod_info *pod,
			const struct writer_status *status)
{
	struct api_call call = call_for(pod, "PATCH", "status");
	struct text out = begin_patch(pod, call.arena);
	struct core_pod_condition condition = { .type = STR("PodScheduled"),
						.status = STR("False"),
						.reason = str_from(status->reason),
						.message = status->message };

	SET(&condition, last_transition_time, since(pod, act_wall(act)));
	if (status->reason != NULL)
		add_condition(&out, pod, &condition);
	if (status->reason != NULL && status->has_nominated)
		text_add_char(&out, ',');
	if (status->has_nominated)
		add_nominated(&out, status->nominated);
	set_patch(&call, &out);
	return begin(writer, act, &(struct write){ .kind = WRITE_STATUS, .pod = pod }, &call);
}

/* ---- victims -------------------------------------------------------------------------------------------------------- */

enum status writer_evict(struct writer *writer, struct act *act, struct pod_info *victim,
			 struct pod_info *preemptor, struct str node)
{
	struct api_call call = call_for(victim, "PATCH", "status");
	struct text out = begin_patch(victim, call.arena);
	struct core_pod_condition condition = {
		.type = STR("DisruptionTarget"),
		.status = STR("True"),
		.reason = STR("PreemptionByScheduler"),
		.message =
		    STR("default-scheduler: preempting to accommodate a higher priority pod")
	};
	struct write like = {
		.kind = WRITE_DISRUPTION, .pod = victim, .preemptor = preemptor, .node = node
	};
	struct wall now = act_wall(act);

	SET(&condition, last_transition_time, (struct wall){ now.ns - now.ns % TIME_S });
	add_condition(&out, victim, &condition);
	set_patch(&call, &out);
	return begin(writer, act, &like, &call);
}

static struct api_call delete_call(const struct pod_info *pod)
{
	struct api_call call = call_for(pod, "DELETE", NULL);
	struct text out = text_in(call.arena, 4 * KIB);

	text_lit(&out,
		 "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":");
	json_encode_field(type_field(&meta_object_meta_type, STR("uid")), pod_info_meta(pod), &out);
	text_lit(&out, "}}");
	call.content_type = API_TYPE_JSON;
	call.body = text_str(&out);
	return call;
}

bool writer_goes_on(struct writer *writer, struct act *act, struct write *write)
{
	struct api_call call;

	if (write->kind != WRITE_DISRUPTION)
		return false;
	call = delete_call(write->pod);
	write->kind = WRITE_EVICTION;
	return send(writer, act, write, &call) == OK;
}

/* ---- claims ---------------------------------------------------------------------------------------------------------- */

/* What was read is what is changed: somebody else's write in between is a conflict. */
static void begin_merge(struct text *out, const struct object *object)
{
	const struct type *meta = &meta_object_meta_type;

	text_lit(out, "{\"metadata\":{\"uid\":");
	json_encode_field(type_field(meta, STR("uid")), object_meta(object), out);
	text_lit(out, ",\"resourceVersion\":");
	json_encode_field(type_field(meta, STR("resourceVersion")), object_meta(object), out);
	text_lit(out, ",\"annotations\":{");
}

static struct str merge_of_volume(const struct object *volume, const struct object *claim,
				  struct arena *arena)
{
	struct text out = text_in(arena, PATCH_BYTES);
	struct core_object_reference ref = { .kind = STR("PersistentVolumeClaim"),
					     .api_version = STR("v1"),
					     .namespace = object_namespace(claim),
					     .name = object_name(claim),
					     .uid = object_uid(claim) };
	const struct core_persistent_volume *record = volume->record;

	ref.resource_version = object_meta(claim)->resource_version;
	begin_merge(&out, volume);
	if (record->spec->claim_ref == NULL) /* not by its owner, so it may be undone */
		text_lit(&out, "\"pv.kubernetes.io/bound-by-controller\":\"yes\"");
	text_lit(&out, "}},\"spec\":{\"claimRef\":");
	json_encode(&core_object_reference_type, &ref, &out);
	text_lit(&out, "}}");
	return text_str(&out);
}

static struct str merge_of_claim(const struct object *claim, struct str node, struct arena *arena)
{
	struct text out = text_in(arena, PATCH_BYTES);
	struct core_pod_spec spec = { .node_name = node };

	begin_merge(&out, claim);
	text_lit(&out, "\"volume.kubernetes.io/selected-node\":");
	json_encode_field(type_field(&core_pod_spec_type, STR("nodeName")), &spec, &out);
	text_lit(&out, "}}}");
	return text_str(&out);
}

enum status writer_claim(struct writer *writer, struct act *act, struct pod_info *pod,
			 const struct object *claim, const struct object *volume, struct str node)
{
	const struct object *object = volume ? volume : claim;
	struct arena *arena = arena_new(0);
	struct api_call call = request_call(
	    "PATCH",
	    request_path(arena, object->type, object_namespace(object), object_name(object), NULL),
	    STR(USER));

	arena_free(arena);
	call.content_type = STR("application/merge-patch+json");
	call.body = volume ? merge_of_volume(volume, claim, call.arena)
			   : merge_of_claim(claim, node, call.arena);
	return begin(writer, act, &(struct write){ .kind = WRITE_VOLUME, .pod = pod }, &call);
}

/* ---- answers ---------------------------------------------------------------------------------------------------------- */

struct write *writer_answered(struct writer *writer, const struct act_msg *msg)
{
	struct write *write = &writer->slots[msg->tag & 0xffff];

	if ((msg->tag & 0xff00000000000000ULL) != TAG_MARK || (msg->tag & 0xffff) >= WRITER_SLOTS)
		return NULL;
	return write->kind != WRITE_FREE && tag_of(writer, write) == msg->tag ? write : NULL;
}

void writer_end(struct writer *writer, struct write *write)
{
	release(write);
	write->kind = WRITE_FREE;
	writer->busy--;
}

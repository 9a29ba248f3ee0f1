#include "actors/scheduler/writer.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/controller/pod.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"

#define USER "system:kube-scheduler"
#define WRITE_MS 30000U
#define PATCH_BYTES (128U * KIB)
#define TAG_MARK 0x5c00000000000000ULL /* the upper byte of our tags; below it number and slot */

static void give_back(void *arg)
{
	struct writer *writer = arg;

	for (uint32_t i = 0; i < WRITER_SLOTS; i++)
		pod_info_unref(writer->slots[i].pod);
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

	call->term = writer->term;
	status = act_request(act, act_named(act, writer->api), &api_call_type, call, WRITE_MS,
			     tag_of(writer, write));
	if (status != OK)
		api_call_free(call);
	return status;
}

static enum status begin(struct writer *writer, struct act *act, enum write_kind kind,
			 struct pod_info *pod, struct str node, struct api_call *call)
{
	struct write *write = free_slot(writer);

	write->number++;
	TRY(send(writer, act, write, call));
	write->kind = kind;
	write->pod = pod_info_ref(pod);
	write->node = node.len > 0 ? arena_str(pod->arena, node) : STR_NONE;
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
	return begin(writer, act, WRITE_BINDING, pod, node, &call);
}

/* Since when the condition is what it is: from now on if it was another or none. */
static struct wall since(const struct pod_info *pod, struct wall now)
{
	const struct core_pod_condition *condition = pod_condition(pod->pod, "PodScheduled");

	if (condition != NULL && str_is(condition->status, "False"))
		return condition->last_transition_time;
	return (struct wall){ now.ns - now.ns % TIME_S };
}

/*
 * A strategic merge patch of the status alone: a whole sparse pod would say that it has no containers. The uid keeps it from
 * a successor of the same name.
 */
static struct str patch_of(const struct pod_info *pod, struct core_pod_condition *condition,
			   struct arena *arena)
{
	struct text out = text_in(arena, PATCH_BYTES);
	struct core_pod_status status = { .conditions = { condition, 1 } };

	text_lit(&out, "{\"metadata\":{\"uid\":");
	json_encode_field(type_field(&meta_object_meta_type, STR("uid")), pod_info_meta(pod), &out);
	text_lit(&out, "},\"status\":");
	json_encode(&core_pod_status_type, &status, &out);
	text_add_char(&out, '}');
	return text_str(&out);
}

enum status writer_refuse(struct writer *writer, struct act *act, struct pod_info *pod,
			  const char *reason, struct str message)
{
	struct api_call call = call_for(pod, "PATCH", "status");
	struct core_pod_condition condition = { .type = STR("PodScheduled"),
						.status = STR("False"),
						.reason = str_from(reason),
						.message = message };
	const struct meta_object_meta *meta = pod_info_meta(pod);

	SET(&condition, last_transition_time, since(pod, act_wall(act)));
	if (meta->has.generation)
		SET(&condition, observed_generation, meta->generation);
	request_set_body(&call, STR("application/strategic-merge-patch+json"),
			 patch_of(pod, &condition, call.arena));
	return begin(writer, act, WRITE_CONDITION, pod, STR_NONE, &call);
}

struct write *writer_answered(struct writer *writer, const struct act_msg *msg)
{
	struct write *write = &writer->slots[msg->tag & 0xffff];

	if ((msg->tag & 0xff00000000000000ULL) != TAG_MARK || (msg->tag & 0xffff) >= WRITER_SLOTS)
		return NULL;
	return write->kind != WRITE_FREE && tag_of(writer, write) == msg->tag ? write : NULL;
}

void writer_end(struct writer *writer, struct write *write)
{
	pod_info_unref(write->pod);
	write->pod = NULL;
	write->kind = WRITE_FREE;
	writer->busy--;
}

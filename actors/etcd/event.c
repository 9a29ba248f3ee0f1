#include "actors/etcd/event.h"

#include <assert.h>

#include "actors/etcd/reply.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define EVENT_BYTES 64U /* beside the key and the value of a row, and of the row before */

struct etcd_event {
	uint32_t refs;
	/* Together they say which change this is. */
	bool has_prev, is_delete;
	uint64_t revision, version;
	struct str key;
	struct proto_out out;
	char own[]; /* the key */
};

void etcd_event_put(struct proto_out *out, const struct store_event *event, bool wants_prev)
{
	uint32_t before = proto_out_len(out);

	if (wants_prev && event->prev.version > 0)
		etcd_reply_row(out, 3, &event->prev);
	etcd_reply_row(out, 2, &event->row);
	etcd_reply_int(out, 1, event->is_delete ? 1 : 0);
	proto_out_close(out, EVENT_FIELD, before);
}

uint64_t etcd_event_bytes(const struct store_event *event, bool wants_prev)
{
	return event->row.key.len + event->row.value.len + EVENT_BYTES +
	       (wants_prev ? event->prev.key.len + event->prev.value.len + EVENT_BYTES : 0);
}

struct etcd_event *etcd_event_new(const struct store_event *event, bool wants_prev)
{
	struct str key = event->row.key;
	struct etcd_event *made = mem_alloc(sizeof *made + key.len);

	if (key.len > 0)
		memcpy(made->own, key.at, key.len);
	made->refs = 1;
	made->has_prev = wants_prev;
	made->is_delete = event->is_delete;
	made->revision = event->row.mod_revision;
	made->version = event->row.version;
	made->key = str_of(made->own, key.len);
	made->out = etcd_reply_for(1, etcd_event_bytes(event, wants_prev));
	etcd_event_put(&made->out, event, wants_prev);
	assert(!made->out.is_cut);
	return made;
}

struct etcd_event *etcd_event_ref(struct etcd_event *event)
{
	event->refs++;
	return event;
}

void etcd_event_unref(void *arg)
{
	struct etcd_event *event = arg;

	if (event == NULL || --event->refs > 0)
		return;
	proto_out_fini(&event->out);
	mem_free(event);
}

struct str etcd_event_str(const struct etcd_event *event)
{
	return proto_out_str(&event->out);
}

bool etcd_event_is(const struct etcd_event *event, const struct store_event *other, bool wants_prev)
{
	return event != NULL && event->revision == other->row.mod_revision &&
	       event->version == other->row.version && event->is_delete == other->is_delete &&
	       event->has_prev == wants_prev && str_eq(event->key, other->row.key);
}

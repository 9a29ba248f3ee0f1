/*
 * The trace: the last messages of a host in a ring, each with the message whose handling sent it.
 *
 * Off, it costs one look at a pointer per message. On, an entry is written when a message is put into a mailbox or handed to a link, and
 * completed when it is handled. A message in a mailbox carries the low bits of its entry's number above its flags, so it is no larger; an entry that
 * has been overwritten meanwhile is known by its number and left alone.
 */
#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"
#include "runtime/actor/trace.h"

/* Room for the number above the flags: rings are smaller, so that two living numbers never look alike. */
#define NUMBER_SHIFT 8
#define NUMBER_BITS 24
#define ENTRIES_MAX (1U << 16)

struct trace {
	uint64_t first, next; /* numbers of the first entry and of the next */
	uint64_t current;     /* the message being handled; 0: none */
	uint64_t far;         /* what is being received, in the trace of far_host; 0: nothing */
	uint32_t far_node;
	uint16_t far_host;
	uint32_t nodes[ACT_TRACE_NODES_MAX],
	    node_count; /* that want the numbers of what goes there */
	uint32_t mask;
	struct trace_entry {
		struct act_trace_entry public;
		uint64_t put_cycles;
	} entries[];
};

static struct trace_entry *trace_at(struct trace *trace, uint64_t number)
{
	return &trace->entries[number & trace->mask];
}

/* The entry of a message in a mailbox; NULL: put before the trace was on, or overwritten. */
static struct trace_entry *trace_of(struct trace *trace, const struct message *message)
{
	uint64_t low = message->flags >> NUMBER_SHIFT, window = (1ULL << NUMBER_BITS) - 1;
	uint64_t number = trace->next - ((trace->next - low) & window);
	struct trace_entry *entry = trace_at(trace, number);

	return low && entry->public.number == number ? entry : NULL;
}

static struct trace_entry *trace_add(struct act_host *host, const struct act_type *type)
{
	struct trace *trace = host->trace;
	uint64_t number = trace->next++;
	struct trace_entry *entry;

	/* A number whose low bits are 0 would look like none. */
	if ((number & ((1ULL << NUMBER_BITS) - 1)) == 0)
		number = trace->next++;
	entry = trace_at(trace, number);
	*entry = (struct trace_entry){
		.public = { .number = number,
			    .parent = trace->current,
			    .type_name = type ? type->name : "none",
			    .from_class = host->current ? host->current->class->name : NULL,
			    .at = host->now },
		.put_cycles = actor_host_cycles(),
	};
	return entry;
}

void trace_put(struct act *to, struct message *message)
{
	struct trace_entry *entry = trace_add(to->host, message->msg.type);

	entry->public.kind = message->msg.kind;
	entry->public.from = message->msg.from;
	entry->public.to = actor_ref(to);
	entry->public.to_class = to->class->name;
	entry->public.far_parent = to->host->trace->far;
	entry->public.far_node = to->host->trace->far_node;
	entry->public.far_host = to->host->trace->far_host;
	message->flags = (message->flags & ((1U << NUMBER_SHIFT) - 1)) |
			 (uint32_t)entry->public.number << NUMBER_SHIFT;
}

uint64_t trace_out(struct act_host *host, struct act_ref to, const struct act_type *type,
		   enum act_kind kind)
{
	struct trace_entry *entry = trace_add(host, type);

	entry->public.kind = kind;
	entry->public.from = host->current ? actor_ref(host->current) : ACT_NIL;
	entry->public.to = to;
	entry->public.is_out = true;
	return entry->public.number;
}

void trace_take_back(struct act_host *host)
{
	struct trace *trace = host->trace;

	trace_at(trace, --trace->next)->public.number = 0;
}

void trace_from(struct act_host *host, struct seams_peer peer, uint64_t number)
{
	host->trace->far = number;
	host->trace->far_node = number ? peer.node : 0;
	host->trace->far_host = number ? peer.host : 0;
}

bool trace_is_for(const struct act_host *host, uint32_t node)
{
	const struct trace *trace = host->trace;
	bool is_found = node == host->config.node;

	for (uint32_t i = 0; i < trace->node_count; i++)
		is_found |= trace->nodes[i] == node;
	return is_found;
}

void trace_begin(struct act_host *host, const struct message *message)
{
	struct trace_entry *entry = trace_of(host->trace, message);

	host->trace->current = entry ? entry->public.number : 0;
	if (!entry)
		return;
	/* From here on its run is counted; the wait is over. */
	uint64_t now = actor_host_cycles();
	entry->public.waited_ns = actor_host_ns(host, now - entry->put_cycles);
	entry->put_cycles = now;
	entry->public.is_begun = true;
}

void trace_end(struct act_host *host)
{
	struct trace *trace = host->trace;
	struct trace_entry *entry = trace_at(trace, trace->current);

	if (trace->current && entry->public.number == trace->current) {
		entry->public.ran_ns = actor_host_ns(host, actor_host_cycles() - entry->put_cycles);
		entry->public.is_done = true;
	}
	trace->current = 0;
}

void trace_fini(struct act_host *host)
{
	if (host->trace)
		host->trace_next = host->trace->next;
	mem_free(host->trace);
	host->trace = NULL;
}

/* ---- the face ---------------------------------------------------------------------------------------------- */

void act_host_trace(struct act_host *host, uint32_t entries)
{
	uint32_t size = 16;

	trace_fini(host);
	if (!entries)
		return;
	while (size < entries && size < ENTRIES_MAX)
		size *= 2;
	host->trace = mem_zalloc(sizeof *host->trace + size * sizeof *host->trace->entries);
	host->trace->mask = size - 1;
	host->trace->next = host->trace->first = host->trace_next ? host->trace_next : 1;
}

void act_host_trace_for(struct act_host *host, uint32_t node)
{
	struct trace *trace = host->trace;

	if (trace && !trace_is_for(host, node) && trace->node_count < ACT_TRACE_NODES_MAX)
		trace->nodes[trace->node_count++] = node;
}

void act_host_trace_each(const struct act_host *host, struct act_ref of,
			 void (*each)(void *arg, const struct act_trace_entry *entry), void *arg)
{
	struct trace *trace = host->trace;
	uint64_t size = trace ? trace->mask + 1ULL : 0;
	uint64_t number = !trace                              ? 0
			  : trace->next - trace->first > size ? trace->next - size
							      : trace->first;

	for (; trace && number < trace->next; number++) {
		const struct act_trace_entry *entry = &trace_at(trace, number)->public;

		if (entry->number == number && (act_ref_is_nil(of) || act_ref_eq(entry->from, of) ||
						act_ref_eq(entry->to, of)))
			each(arg, entry);
	}
}

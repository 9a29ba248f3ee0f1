/*
 * Faults of this host's own disk, clock and links (runtime/faulty), as a ChaosPlan orders them by way of the node's admin.
 *
 * Only a host that was started with --chaos has anything to hurt itself with. What was ordered ends by its time; that it does is said.
 */
#include <stdio.h>

#include "deploy/main/host/inspect.h"
#include "deploy/main/host/process.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

/* The time of an order is over, unless a newer one holds. */
struct inspect_fault_over {
	enum faulty_kind kind;
};
static const ACT_TYPE(inspect_fault_over, .id = 0);

static enum status encode_fault(const void *body, struct text *out)
{
	const struct inspect_fault *fault = body;
	const struct faulty_order *order = &fault->order;

	pack_begin(out, 7);
	pack_u64(out, order->kind);
	pack_u64(out, order->for_ms);
	pack_u64(out, order->per_million);
	pack_i64(out, order->value);
	pack_u64(out, order->node);
	pack_u64(out, order->host);
	pack_bool(out, fault->is_question);
	return OK;
}

static enum status decode_fault(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_fault *fault = body;
	uint32_t kind;

	(void)arena;
	unpack_begin(&in);
	kind = unpack_u32(&in);
	fault->order.for_ms = unpack_u32(&in);
	fault->order.per_million = unpack_u32(&in);
	fault->order.value = unpack_i64(&in);
	fault->order.node = unpack_u32(&in);
	fault->order.host = unpack_u32(&in);
	fault->is_question = unpack_bool(&in);
	unpack_end(&in);
	if (kind >= FAULTY_KINDS)
		return CORRUPT;
	fault->order.kind = (enum faulty_kind)kind;
	return unpack_status(&in);
}

static enum status encode_faulted(const void *body, struct text *out)
{
	const struct inspect_faulted *faulted = body;

	pack_begin(out, 3);
	pack_u64(out, faulted->status);
	pack_str(out, str_from(faulted->words));
	pack_u64(out, faulted->struck);
	return OK;
}

static enum status decode_faulted(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_faulted *faulted = body;
	uint64_t status;
	struct str words;

	(void)arena;
	unpack_begin(&in);
	status = unpack_u64(&in);
	words = unpack_str(&in);
	faulted->struck = unpack_u64(&in);
	unpack_end(&in);
	if (status >= STATUS_COUNT || words.len >= sizeof faulted->words)
		return CORRUPT;
	faulted->status = (enum status)status;
	snprintf(faulted->words, sizeof faulted->words, STR_FMT, STR_ARG(words));
	return unpack_status(&in);
}

ACT_TYPE(inspect_fault, .id = 912, .encode = encode_fault, .decode = decode_fault);
ACT_TYPE(inspect_faulted, .id = 913, .encode = encode_faulted, .decode = decode_faulted);

static void begin(struct act *act, struct faulty *faulty, const struct faulty_order *order,
		  struct inspect_faulted *out)
{
	struct inspect_fault_over over = { order->kind };
	struct fault why = { 0 };

	out->status = faulty_begin(faulty, order, &why);
	if (out->status != OK) {
		snprintf(out->words, sizeof out->words, "%.190s", why.text);
		return;
	}
	log_warn("inspector", order->for_ms > 0 ? "fault: begins, as asked" : "fault: taken back",
		 LOG_CSTR("kind", faulty_kind_name(order->kind)), LOG_U64("for_ms", order->for_ms),
		 LOG_I64("value", order->value), LOG_U64("per_million", order->per_million));
	if (order->for_ms > 0)
		act_after(act, order->for_ms, &inspect_fault_over_type, &over);
}

static void asked(struct act *act, const struct process *process, const struct act_msg *msg)
{
	const struct inspect_fault *fault = ACT_AS(msg, inspect_fault);
	struct inspect_faulted faulted = { .status = OK };

	if (process->faulty == NULL) {
		faulted.status = FORBIDDEN;
		snprintf(faulted.words, sizeof faulted.words,
			 "the node %.64s was not started with --chaos", process->identity.name);
	} else {
		if (!fault->is_question)
			begin(act, process->faulty, &fault->order, &faulted);
		faulted.struck = faulty_look(process->faulty, fault->order.kind).struck;
	}
	(void)act_reply(act, msg, &inspect_faulted_type, &faulted);
}

/*
 * The turn in which it began may have been older than the fault is: then its time is not over yet when ours is. So it is looked at again,
 * also for a newer order, whose own timer finds nothing then.
 */
static void over(struct act *act, const struct process *process, enum faulty_kind kind)
{
	struct faulty_order none = { .kind = kind };
	struct faulty_info info = faulty_look(process->faulty, kind);

	if (info.is_on) {
		act_after(act, info.left_ms, &inspect_fault_over_type,
			  &(struct inspect_fault_over){ kind });
		return;
	}
	if (!info.is_ordered || faulty_begin(process->faulty, &none, NULL) != OK)
		return;
	log_warn("inspector", "fault: over", LOG_CSTR("kind", faulty_kind_name(kind)),
		 LOG_U64("struck", info.struck));
}

bool inspect_fault_receive(struct act *act, const struct process *process, const struct act_msg *msg)
{
	if (ACT_IS(msg, inspect_fault))
		asked(act, process, msg);
	else if (ACT_IS(msg, inspect_fault_over))
		over(act, process, ACT_AS(msg, inspect_fault_over)->kind);
	else
		return false;
	return true;
}

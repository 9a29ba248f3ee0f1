#include "deploy/sim/linear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/base.h"

#define WORDS (LINEAR_OPS / 64)

/* The beginning or the end of an operation, in a list that follows time. */
struct event {
	const struct linear_op *op;
	uint32_t number; /* of the operation */
	int64_t at;
	bool is_return;
	struct event *next, *previous, *match; /* of a call: its return */
};

/* What was chosen to happen, in which order. */
struct choice {
	struct event *call;
	uint64_t before;
};

struct search {
	struct event *events; /* one more than there are, the first being the list's head */
	uint64_t state;
	uint64_t done[WORDS]; /* operations that have happened */
	struct map tried;     /* keys: state and done */
	struct choice *choices;
	uint32_t depth, words;
};

static int by_time(const void *a, const void *b)
{
	const struct event *left = a, *right = b;

	if (left->at != right->at)
		return (left->at > right->at) - (left->at < right->at);
	return (int)left->is_return - (int)right->is_return; /* calls first: they overlap */
}

static void link_events(struct search *search, uint32_t count)
{
	struct event *events = search->events;
	struct event **calls = mem_zalloc((count + 1) * sizeof(struct event *));

	qsort(events + 1, 2 * (size_t)count, sizeof *events, by_time);
	for (uint32_t i = 1; i <= 2 * count; i++) {
		events[i - 1].next = &events[i];
		events[i].previous = &events[i - 1];
		if (!events[i].is_return)
			calls[events[i].number] = &events[i];
		else
			calls[events[i].number]->match = &events[i];
	}
	mem_free(calls);
}

static void lift(struct event *call)
{
	struct event *match = call->match;

	call->previous->next = call->next;
	call->next->previous = call->previous;
	match->previous->next = match->next;
	if (match->next)
		match->next->previous = match->previous;
}

static void put_back(struct event *call)
{
	struct event *match = call->match;

	match->previous->next = match;
	if (match->next)
		match->next->previous = match;
	call->previous->next = call;
	call->next->previous = call;
}

/* Can it happen now, and what does the register hold then? */
static bool happens(const struct linear_op *op, uint64_t state, uint64_t *after)
{
	bool fits = state == op->expected;

	*after = state;
	switch (op->kind) {
	case LINEAR_READ: return op->returned == LINEAR_NEVER || op->value == state;
	case LINEAR_WRITE: *after = op->value; return true;
	case LINEAR_SWAP:
		if (fits)
			*after = op->value;
		return op->returned == LINEAR_NEVER || fits != op->is_refused;
	}
	return false;
}

/* False: the same was tried before. */
static bool remember(struct search *search, uint64_t state)
{
	uint64_t key[WORDS + 1];
	struct str bytes = { (const char *)key, (search->words + 1) * sizeof *key };

	key[0] = state;
	memcpy(key + 1, search->done, search->words * sizeof *key);
	if (map_has(&search->tried, bytes))
		return false;
	map_put(&search->tried, bytes, search);
	return true;
}

static bool choose(struct search *search, struct event *call)
{
	uint32_t word = call->number / 64;
	uint64_t bit = 1ULL << call->number % 64, after;

	if (!happens(call->op, search->state, &after))
		return false;
	search->done[word] |= bit;
	if (!remember(search, after)) {
		search->done[word] &= ~bit;
		return false;
	}
	search->choices[search->depth++] = (struct choice){ call, search->state };
	search->state = after;
	lift(call);
	return true;
}

static struct event *take_back(struct search *search)
{
	struct choice choice = search->choices[--search->depth];

	search->state = choice.before;
	search->done[choice.call->number / 64] &= ~(1ULL << choice.call->number % 64);
	put_back(choice.call);
	return choice.call->next;
}

static bool run(struct search *search)
{
	struct event *head = search->events, *event = head->next;

	while (head->next) {
		if (!event->is_return) {
			event = choose(search, event) ? head->next : event->next;
		} else { /* it has returned and could not have happened: something before was wrong */
			if (search->depth == 0)
				return false;
			event = take_back(search);
		}
	}
	return true;
}

bool linear_check(const struct linear_op *ops, uint32_t count, uint64_t first)
{
	struct search search = { .state = first, .words = (count + 63) / 64 };
	bool is_linear;

	assert(count <= LINEAR_OPS);
	search.events = mem_zalloc((2 * (size_t)count + 1) * sizeof(struct event));
	search.choices = mem_zalloc((count + 1) * sizeof(struct choice));
	for (uint32_t i = 0; i < count; i++) {
		search.events[2 * i + 1] =
		    (struct event){ .op = &ops[i], .number = i, .at = ops[i].called };
		search.events[2 * i + 2] = (struct event){
			.op = &ops[i], .number = i, .at = ops[i].returned, .is_return = true
		};
	}
	link_events(&search, count);
	is_linear = run(&search);
	map_fini(&search.tried);
	mem_free(search.events);
	mem_free(search.choices);
	return is_linear;
}

/* ---- why not ---- */

/* What had begun by then, and had ended by then. */
static uint32_t cut_history(const struct linear_op *ops, uint32_t count, int64_t until_ns,
			    struct linear_op *out)
{
	uint32_t len = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (ops[i].called > until_ns ||
		    (ops[i].returned > until_ns && ops[i].kind == LINEAR_READ))
			continue;
		out[len] = ops[i];
		if (out[len].returned > until_ns) {
			out[len].returned = LINEAR_NEVER;
			out[len].is_refused = false;
		}
		len++;
	}
	return len;
}

static void print_op(const struct linear_op *op)
{
	static const char *const kinds[] = { "reads", "writes", "swaps to" };

	fprintf(stderr, "%13.6f to %13.6f %s %llu", (double)op->called / TIME_S,
		op->returned == LINEAR_NEVER ? 0 : (double)op->returned / TIME_S, kinds[op->kind],
		(unsigned long long)op->value);
	if (op->kind == LINEAR_SWAP)
		fprintf(stderr, " from %llu%s", (unsigned long long)op->expected,
			op->is_refused ? ", refused" : "");
	fprintf(stderr, "\n");
}

void linear_explain(const struct linear_op *ops, uint32_t count, uint64_t first)
{
	struct linear_op *some = mem_zalloc(count * sizeof *some);
	int64_t wrong_ns = LINEAR_NEVER;

	for (uint32_t i = 0; i < count; i++)
		if (ops[i].returned < wrong_ns &&
		    !linear_check(some, cut_history(ops, count, ops[i].returned, some), first))
			wrong_ns = ops[i].returned;
	for (uint32_t i = 0; i < count; i++)
		if (ops[i].called <= wrong_ns && ops[i].returned > wrong_ns - 10 * TIME_S)
			print_op(&ops[i]);
	mem_free(some);
}

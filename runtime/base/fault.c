#include "runtime/base/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/limits.h"

#define FAULT_MESSAGE_MAX 4096U /* an enum's allowed values are listed in it */

enum status fault_set(struct fault *why, enum status status, const char *field, const char *format,
		      ...)
{
	va_list args;

	assert(status != OK);
	if (why == NULL)
		return status;
	why->status = status;
	snprintf(why->field, sizeof why->field, "%s", field == NULL ? "" : field);
	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	return status;
}

static const struct {
	const char *reason;
	const char *text;
} fault_kinds[] = {
#define X(name, reason, text) { reason, text },
	FAULT_KIND_MAP(X)
#undef X
};

const char *fault_kind_reason(enum fault_kind kind)
{
	assert((size_t)kind < sizeof fault_kinds / sizeof fault_kinds[0]);
	return fault_kinds[kind].reason;
}

const char *fault_kind_text(enum fault_kind kind)
{
	assert((size_t)kind < sizeof fault_kinds / sizeof fault_kinds[0]);
	return fault_kinds[kind].text;
}

struct faults faults_in(struct arena *arena)
{
	return (struct faults){ .arena = arena };
}

static struct fault_item *faults_push(struct faults *faults)
{
	uint32_t cap = faults->cap == 0 ? 4 : faults->cap * 2;

	if (faults->len == faults->cap) {
		faults->at = arena_grow(faults->arena, faults->at, faults->cap * sizeof *faults->at,
					cap * sizeof *faults->at);
		faults->cap = cap;
	}
	return &faults->at[faults->len++];
}

void faults_add(struct faults *faults, enum fault_kind kind, struct str field, struct str value,
		const char *format, ...)
{
	char detail[FAULT_MESSAGE_MAX];
	struct fault_item *item;
	va_list args;

	if (faults->len == LIMIT_FAULTS) {
		faults->is_cut = true;
		return;
	}
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	item = faults_push(faults);
	item->kind = kind;
	item->field = arena_str(faults->arena, field);
	item->message = arena_printf(faults->arena, "%s%s" STR_FMT "%s%s", fault_kind_text(kind),
				     value.at == NULL ? "" : ": ", STR_ARG(value),
				     detail[0] == '\0' ? "" : ": ", detail);
}

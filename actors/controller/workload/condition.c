#include "actors/controller/workload/condition.h"

static void *element_at(const struct type *element, const struct block_list *list, uint32_t i)
{
	return (char *)list->at + (size_t)i * element->size;
}

static struct str *text_of(const struct type *element, const void *condition, const char *name)
{
	const struct field *field = type_field(element, str_from(name));

	assert(field != NULL && field->kind == KIND_STRING);
	return field_at(field, condition);
}

static void set_time(const struct type *element, void *condition, const char *name, struct wall at)
{
	const struct field *field = type_field(element, str_from(name));

	if (field == NULL)
		return;
	*(struct wall *)field_at(field, condition) = at;
	field_set_bit(field, condition);
}

static int64_t find(const struct type *element, const struct block_list *list, const char *type)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(*text_of(element, element_at(element, list, i), "type"), type))
			return i;
	return -1;
}

const void *condition_find_(const struct type *element, const void *list, const char *type)
{
	int64_t found = find(element, list, type);

	return found < 0 ? NULL : element_at(element, list, (uint32_t)found);
}

static void *add(struct arena *arena, const struct type *element, struct block_list *list)
{
	char *grown = arena_zalloc(arena, (size_t)(list->len + 1) * element->size);

	if (list->len > 0)
		memcpy(grown, list->at, (size_t)list->len * element->size);
	list->at = grown;
	return element_at(element, list, list->len++);
}

bool condition_set_(struct arena *arena, const struct type *element, void *list, struct wall now,
		    const struct condition *condition)
{
	int64_t found = find(element, list, condition->type);
	void *at =
	    found < 0 ? add(arena, element, list) : element_at(element, list, (uint32_t)found);
	struct str *status = text_of(element, at, "status");
	struct str *reason = text_of(element, at, "reason");
	struct str *message = text_of(element, at, "message");

	if (found >= 0 && str_is(*status, condition->status) &&
	    str_is(*reason, condition->reason) && str_eq(*message, condition->message))
		return false;
	if (!str_is(*status, condition->status))
		set_time(element, at, "lastTransitionTime", now);
	set_time(element, at, "lastUpdateTime", now);
	*text_of(element, at, "type") = str_from(condition->type);
	*status = str_from(condition->status);
	*reason = str_from(condition->reason);
	*message = condition->message;
	return true;
}

void condition_remove_(const struct type *element, void *list, const char *type)
{
	struct block_list *blocks = list;
	int64_t found = find(element, blocks, type);
	char *at;

	if (found < 0)
		return;
	at = element_at(element, blocks, (uint32_t)found);
	memmove(at, at + element->size, (size_t)(blocks->len - found - 1) * element->size);
	blocks->len--;
}

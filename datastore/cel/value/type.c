#include "datastore/cel/value/type.h"

#include <assert.h>

#include "datastore/cel/value/escape.h"
#include "runtime/base/collection/sorted.h"

static const struct str kind_names[] = {
#define X(name, text, full) [name] = { text, sizeof(text) - 1 },
	CEL_KIND_MAP(X)
#undef X
};

static const struct str full_names[] = {
#define X(name, text, full) [name] = { full, sizeof(full) - 1 },
	CEL_KIND_MAP(X)
#undef X
};

static const struct cel_type dyn = { .kind = CEL_DYN };
static const struct cel_type plain[] = {
#define X(name, text, full) [name] = { .kind = name },
	CEL_KIND_MAP(X)
#undef X
};
static const struct cel_type open_list = { .kind = CEL_LIST, .param = &dyn };
static const struct cel_type open_map = { .kind = CEL_MAP, .param = &dyn, .value = &dyn };
static const struct cel_type open_optional = { .kind = CEL_OPTIONAL, .param = &dyn };

/* ---- making ----------------------------------------------------------------------------------------------- */

const struct cel_type *cel_type_of(enum cel_kind kind)
{
	switch (kind) {
	case CEL_LIST: return &open_list;
	case CEL_MAP: return &open_map;
	case CEL_OPTIONAL: return &open_optional;
	default: return &plain[kind];
	}
}

static uint32_t weight_of(const struct cel_type *type)
{
	return type == NULL ? 0 : type->weight > 0 ? type->weight : 1;
}

void cel_type_weigh(struct cel_type *type)
{
	uint64_t weight = 1ULL + weight_of(type->param) + weight_of(type->value);

	type->weight = weight > UINT32_MAX ? UINT32_MAX : (uint32_t)weight;
}

const struct cel_type *cel_type_with(struct arena *arena, enum cel_kind kind,
				     const struct cel_type *inner)
{
	struct cel_type *type = arena_new_of(arena, struct cel_type);

	type->kind = kind;
	type->param = inner;
	cel_type_weigh(type);
	return type;
}

const struct cel_type *cel_type_list(struct arena *arena, const struct cel_type *item)
{
	return cel_type_with(arena, CEL_LIST, item);
}

const struct cel_type *cel_type_optional(struct arena *arena, const struct cel_type *inner)
{
	return cel_type_with(arena, CEL_OPTIONAL, inner);
}

const struct cel_type *cel_type_map(struct arena *arena, const struct cel_type *key,
				    const struct cel_type *value)
{
	struct cel_type *type = arena_new_of(arena, struct cel_type);

	type->kind = CEL_MAP;
	type->param = key;
	type->value = value;
	cel_type_weigh(type);
	return type;
}

/* ---- asking ----------------------------------------------------------------------------------------------- */

bool cel_type_equal(const struct cel_type *a, const struct cel_type *b)
{
	while (a != b) {
		if (a == NULL || b == NULL || a->kind != b->kind || !str_eq(a->name, b->name))
			return false;
		if (a->value != NULL && b->value != NULL && !cel_type_equal(a->value, b->value))
			return false;
		a = a->param;
		b = b->param;
	}
	return true;
}

const struct cel_type *cel_type_field(const struct cel_type *type, struct str name,
				      struct arena *arena)
{
	const struct cel_field *found;
	struct str escaped;

	if (escape_is_reserved(name) && escape_name(name, arena, &escaped))
		name = escaped;
	if (type->find != NULL)
		return type->find(type, name, arena);
	found = sorted_find(type->fields, type->field_count, sizeof *type->fields, name);
	return found != NULL ? found->type : NULL;
}

void cel_type_write(const struct cel_type *type, struct text *out)
{
	bool has_name = type->kind == CEL_OBJECT || type->kind == CEL_PARAM;

	text_add(out, has_name ? type->name : kind_names[type->kind]);
	if (type->param == NULL)
		return;
	text_add_char(out, '(');
	cel_type_write(type->param, out);
	if (type->value != NULL) {
		text_lit(out, ", ");
		cel_type_write(type->value, out);
	}
	text_add_char(out, ')');
}

struct str cel_type_name(const struct cel_type *type)
{
	return type->kind == CEL_OBJECT ? type->name : full_names[type->kind];
}

/* ---- signatures ------------------------------------------------------------------------------------------- */

/* Names of signatures that are shorter than the kind's own. */
static const struct {
	const char *name;
	enum cel_kind kind;
} short_names[] = {
	{ "optional", CEL_OPTIONAL },
	{ "Quantity", CEL_QUANTITY },
	{ "IP", CEL_IP },
	{ "CIDR", CEL_CIDR },
	{ "URL", CEL_URL },
	{ "Semver", CEL_SEMVER },
	{ "Format", CEL_FORMAT },
	{ "Authorizer", CEL_AUTHORIZER },
	{ "PathCheck", CEL_PATH_CHECK },
	{ "GroupCheck", CEL_GROUP_CHECK },
	{ "ResourceCheck", CEL_RESOURCE_CHECK },
	{ "Decision", CEL_DECISION },
};
#define SHORT_COUNT (sizeof short_names / sizeof *short_names)

static enum cel_kind kind_named(struct str name)
{
	for (uint32_t i = 0; i < SHORT_COUNT; i++)
		if (str_is(name, short_names[i].name))
			return short_names[i].kind;
	for (uint32_t i = 0; i < CEL_KIND_COUNT; i++)
		if (str_eq(name, kind_names[i]))
			return (enum cel_kind)i;
	assert(!"a type of the library has a name that nobody knows");
	return CEL_ERROR;
}

static const struct cel_type *read_type(const char **at, struct arena *arena, uint32_t depth)
{
	const char *begin = *at;
	struct cel_type *type = arena_new_of(arena, struct cel_type);
	struct str name;

	assert(depth < CEL_ARGS_MAX);
	while (**at != '\0' && **at != '(' && **at != ')' && **at != ',')
		(*at)++;
	name = str_of(begin, (size_t)(*at - begin));
	if (name.len == 1) {
		type->kind = CEL_PARAM;
		type->name = name;
		return type;
	}
	type->kind = kind_named(name);
	if (**at != '(')
		return type;
	(*at)++;
	type->param = read_type(at, arena, depth + 1);
	if (**at == ',') {
		(*at)++;
		type->value = read_type(at, arena, depth + 1);
	}
	assert(**at == ')');
	(*at)++;
	return type;
}

struct cel_signature cel_signature_read(const char *text, struct arena *arena)
{
	struct cel_signature out = { .is_member = *text == '.' };

	text += out.is_member;
	assert(*text == '(');
	for (text++; *text != ')'; text += *text == ',') {
		assert(out.count < CEL_ARGS_MAX);
		out.args[out.count++] = read_type(&text, arena, 0);
	}
	text++;
	out.result = read_type(&text, arena, 0);
	assert(*text == '\0');
	return out;
}

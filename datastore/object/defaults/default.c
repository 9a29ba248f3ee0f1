#include <assert.h>

#include "datastore/object/defaults/default-private.h"
#include "datastore/object/json.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"

static const struct default_rule *const tables[] = {
	default_pod,
	default_core,
	default_workload,
	default_other,
};

struct defaulting {
	struct arena *arena;
	struct wall now;
};

static const struct default_rule *find_rule(const struct type *type)
{
	/* Types made at run time say all in their fields. */
	if (type->set != NULL)
		return NULL;
	for (uint32_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct default_rule *rule = tables[i]; rule->name.at != NULL; rule++)
			if (str_eq(type_name(type), rule->name) &&
			    str_eq(type_prefix(type), rule->prefix))
				return rule;
	return NULL;
}

static bool is_unset(const struct field *field, const void *record)
{
	return (field->flags & FIELD_PTR) ? !field_is_set(field, record)
					  : field_is_zero(field, record);
}

/* A value that its field could not hold, or a null that may stand there, is a value, too. */
static bool is_in_rest(const struct type *type, const struct field *field, const void *record)
{
	const struct str_map *rest = field_at(&type_fields(type)[type->rest - 1], record);

	return str_map_get(*rest, field_name(field)).at != NULL;
}

/* The default of the field's own line. */
static void set_plain(const struct defaulting *d, const struct type *type,
		      const struct field *field, void *record)
{
	bool has_default =
	    (field->flags & FIELD_DEFAULT_NOW) ||
	    (field_rules(field) != NULL && rules_default_json(field_rules(field)).at != NULL);

	if (!has_default || !is_unset(field, record) ||
	    ((field->flags & FIELD_LOOSE) && is_in_rest(type, field, record)))
		return;
	if (field->flags & FIELD_DEFAULT_NOW) {
		struct wall *at = field_at(field, record);
		at->ns = d->now.ns - d->now.ns % TIME_S;
		field_set_bit(field, record);
		return;
	}
	enum status status = json_decode_field(field, rules_default_json(field_rules(field)),
					       d->arena, record, NULL);
	if (status == OK && field_is_set(field, record))
		return;
	/* A definition may have got into the store in ways that do not judge it. */
	assert(field->flags & FIELD_LOOSE);
	field_clear(field, record);
	str_map_put(field_at(&type_fields(type)[type->rest - 1], record), d->arena,
		    field_name(field), rules_default_json(field_rules(field)));
}

/* Resource lists hold nothing finer than a thousandth. */
static void round_quantities(const struct defaulting *d, const struct type *type,
			     const struct field *field, void *record)
{
	struct str_map *map = field_at(field, record);
	bool is_resource_list = field->kind == KIND_QUANTITY && field->shape == SHAPE_MAP &&
				!str_is(type_prefix(type), "resource") &&
				!str_is(type_prefix(type), "metrics") && type->set == NULL;

	for (uint32_t i = 0; is_resource_list && i < map->len; i++) {
		struct quantity exact = quantity_of(map->at[i].value);
		struct quantity rounded = quantity_round_up(exact, -3);
		if (quantity_cmp(exact, rounded) != 0)
			map->at[i].value = quantity_text(rounded, d->arena);
	}
}

static void set_record(const struct defaulting *d, const struct type *type, void *record);

static void set_below(const struct defaulting *d, const struct field *field, void *record)
{
	void **at = field_at(field, record);

	if (record_is_by_value(field) && *at == NULL)
		*at = record_new(field_type(field), d->arena);
	struct record_walk walk = record_walk_of(field, record);
	for (void *below; (below = record_walk_next(&walk)) != NULL;)
		set_record(d, field_type(field), below);
}

/* As upstream: a type's own defaults first, then those of what is in it. */
static void set_record(const struct defaulting *d, const struct type *type, void *record)
{
	const struct default_rule *rule = find_rule(type);

	if (rule != NULL && rule->before != NULL)
		rule->before(record, d->arena);
	for (uint32_t i = 0; i < type->field_count; i++) {
		set_plain(d, type, &type_fields(type)[i], record);
		round_quantities(d, type, &type_fields(type)[i], record);
	}
	if (rule != NULL && rule->after != NULL)
		rule->after(record, d->arena);
	for (uint32_t i = 0; i < type->field_count; i++)
		if (type_fields(type)[i].kind == KIND_MESSAGE)
			set_below(d, &type_fields(type)[i], record);
}

void record_default(const struct type *type, void *record, struct arena *arena, struct wall now)
{
	struct defaulting d = { arena, now };

	set_record(&d, type, record);
}

/* Both are in order: one walk, however many entries a sender has thought of. */
void default_entries(struct str_map *to, struct str_map from, struct arena *arena)
{
	struct str_map out = {
		.at = arena_array(arena, struct str_entry, to->len + from.len + 1),
	};
	uint32_t i = 0, j = 0;

	while (i < to->len || j < from.len) {
		int order = i == to->len    ? 1
			    : j == from.len ? -1
					    : str_cmp(to->at[i].key, from.at[j].key);

		out.at[out.len++] = order <= 0 ? to->at[i] : from.at[j];
		i += order <= 0;
		j += order >= 0;
	}
	*to = out;
}

#include "datastore/custom/value-patch.h"

#include <assert.h>
#include <string.h>

#include "datastore/object/patch/operation.h"
#include "runtime/base/collection/sorted.h"
#include "runtime/base/limits.h"

/* ---- members and elements --------------------------------------------------------------------------------- */

/* Where a member is, or belongs. */
static uint32_t place_of(const struct value *map, struct str name, bool *is_there)
{
	return sorted_place(map->members, map->len, sizeof *map->members, name, is_there);
}

static void put_member(struct value *map, struct str name, struct value value, struct arena *arena)
{
	struct value_member *fresh;
	bool is_there;
	uint32_t at = place_of(map, name, &is_there);

	if (is_there) {
		map->members[at].value = value;
		return;
	}
	fresh = arena_array(arena, struct value_member, map->len + 1);
	if (at > 0)
		memcpy(fresh, map->members, at * sizeof *fresh);
	if (at < map->len)
		memcpy(fresh + at + 1, map->members + at, (map->len - at) * sizeof *fresh);
	fresh[at] = (struct value_member){ name, value };
	map->members = fresh;
	map->len++;
}

static void take_member(struct value *map, uint32_t at)
{
	memmove(map->members + at, map->members + at + 1,
		(map->len - at - 1) * sizeof *map->members);
	map->len--;
}

static void insert_element(struct value *list, uint32_t at, struct value value, struct arena *arena)
{
	struct value *fresh = arena_array(arena, struct value, list->len + 1);

	if (at > 0)
		memcpy(fresh, list->items, at * sizeof *fresh);
	if (at < list->len)
		memcpy(fresh + at + 1, list->items + at, (list->len - at) * sizeof *fresh);
	fresh[at] = value;
	list->items = fresh;
	list->len++;
}

static void take_element(struct value *list, uint32_t at)
{
	memmove(list->items + at, list->items + at + 1, (list->len - at - 1) * sizeof *list->items);
	list->len--;
}

/* A copy that shares strings only. */
static struct value copy_of(const struct value *from, struct arena *arena, uint32_t depth)
{
	struct value copy = *from;

	assert(depth <= LIMIT_NESTING + 1);
	if (from->kind == VALUE_LIST) {
		copy.items = arena_array(arena, struct value, from->len);
		for (uint32_t i = 0; i < from->len; i++)
			copy.items[i] = copy_of(&from->items[i], arena, depth + 1);
	} else if (from->kind == VALUE_MAP) {
		copy.members = arena_array(arena, struct value_member, from->len);
		for (uint32_t i = 0; i < from->len; i++)
			copy.members[i] = (struct value_member){ from->members[i].name,
								 copy_of(&from->members[i].value,
									 arena, depth + 1) };
	}
	return copy;
}

/* ---- merge ------------------------------------------------------------------------------------------------ */

/* MergePatch(Target, Patch) of RFC 7386, section 2. */
static void merge(struct value *target, const struct value *patch, struct arena *arena,
		  uint32_t depth)
{
	if (patch->kind != VALUE_MAP) {
		*target = *patch;
		return;
	}
	if (target->kind != VALUE_MAP)
		*target = (struct value){ .kind = VALUE_MAP };
	for (uint32_t i = 0; i < patch->len; i++) {
		const struct value_member *member = &patch->members[i];
		bool is_there;
		uint32_t at = place_of(target, member->name, &is_there);
		struct value fresh = { 0 };

		if (member->value.kind == VALUE_NULL) {
			if (is_there)
				take_member(target, at);
			continue;
		}
		if (is_there) {
			merge(&target->members[at].value, &member->value, arena, depth + 1);
			continue;
		}
		merge(&fresh, &member->value, arena, depth + 1);
		put_member(target, member->name, fresh, arena);
	}
}

enum status value_patch_merge(struct value *value, struct str patch, struct arena *arena,
			      struct fault *why)
{
	struct value tree;

	if (value_parse(patch, arena, &tree) != OK)
		return fault_set(why, BAD_REQUEST, "patch", "invalid JSON document");
	if (tree.kind == VALUE_LIST)
		return fault_set(why, BAD_REQUEST, "patch", PATCH_IS_ARRAY);
	if (tree.kind != VALUE_MAP)
		return fault_set(why, BAD_REQUEST, "patch", "invalid JSON document");
	merge(value, &tree, arena, 0);
	return OK;
}

/* ---- JSON patch: where ------------------------------------------------------------------------------------ */

struct run {
	struct value *root;
	struct arena *arena;
	struct fault *why;
	uint64_t copied;
};

/* What a pointer's last token names in what the others lead to. */
struct place {
	struct value *in; /* NULL: the root itself */
	struct str token;
	uint32_t index; /* of a list; its length for `-` */
	bool is_there;
};

/* Whether the token can name something in there. */
static bool locate(struct value *in, struct str token, struct place *out)
{
	uint64_t index;

	*out = (struct place){ .in = in, .token = token };
	if (in->kind == VALUE_MAP) {
		out->index = place_of(in, token, &out->is_there);
		return true;
	}
	if (in->kind != VALUE_LIST)
		return false;
	if (str_is(token, "-")) {
		out->index = in->len;
		return true;
	}
	if (str_to_u64(token, &index) != OK || index > in->len)
		return false;
	out->index = (uint32_t)index;
	out->is_there = index < in->len;
	return true;
}

static struct value *value_there(const struct run *run, const struct place *place)
{
	if (place->in == NULL)
		return run->root;
	return place->in->kind == VALUE_MAP ? &place->in->members[place->index].value
					    : &place->in->items[place->index];
}

static enum status find(const struct run *run, const struct operation *op, struct str pointer,
			struct place *out)
{
	struct place place = { .is_there = true }, next;
	struct str rest = pointer;

	if (!operation_is_pointer(pointer))
		return operation_missing(op, pointer, run->why);
	if (pointer.len > 0)
		str_cut(&rest, '/');
	while (pointer.len > 0 && rest.at != NULL) {
		struct str token = operation_token(&rest, run->arena);

		if (!place.is_there || !locate(value_there(run, &place), token, &next))
			return operation_missing(op, pointer, run->why);
		place = next;
	}
	*out = place;
	return OK;
}

/* ---- JSON patch: what ------------------------------------------------------------------------------------- */

static bool is_beyond_list(const struct place *place)
{
	return !place->is_there && place->in->kind == VALUE_LIST;
}

static void put(struct run *run, const struct place *place, struct value value, bool is_insert)
{
	if (place->in != NULL && place->in->kind == VALUE_MAP)
		put_member(place->in, place->token, value, run->arena);
	else if (place->in != NULL && is_insert)
		insert_element(place->in, place->index, value, run->arena);
	else
		*value_there(run, place) = value;
}

static enum status take_out(struct run *run, const struct operation *op, const struct place *place,
			    struct str path)
{
	if (place->in == NULL)
		return operation_missing(op, path, run->why);
	if (is_beyond_list(place))
		return operation_no_index(op, path, place->index, run->why);
	if (!place->is_there)
		return operation_no_key(op, path, place->token, run->why);
	if (place->in->kind == VALUE_MAP)
		take_member(place->in, place->index);
	else
		take_element(place->in, place->index);
	return OK;
}

/* The operation's value; none reads as null. */
static enum status value_of(const struct run *run, const struct operation *op, struct value *out)
{
	*out = (struct value){ .kind = VALUE_NULL };
	if (op->value.at != NULL && value_parse(op->value, run->arena, out) != OK)
		return fault_set(run->why, BAD_REQUEST, "patch", "invalid JSON document");
	return OK;
}

static enum status do_test(struct run *run, const struct operation *op, const struct place *place)
{
	struct value expected, none = { .kind = VALUE_NULL };

	if (is_beyond_list(place))
		return operation_no_index(op, op->path, place->index, run->why);
	TRY(value_of(run, op, &expected));
	return value_equal(place->is_there ? value_there(run, place) : &none, &expected)
		   ? OK
		   : operation_not_equal(op, run->why);
}

static enum status do_transfer(struct run *run, const struct operation *op, bool is_move)
{
	struct value value = { .kind = VALUE_NULL };
	struct text size = text_in(run->arena, LIMIT_BODY_BYTES + 1);
	struct place from, to;

	TRY(find(run, op, op->from, &from));
	if (is_beyond_list(&from))
		return operation_missing(op, op->from, run->why);
	if (from.is_there)
		value = copy_of(value_there(run, &from), run->arena, 0);
	value_write(&value, &size);
	run->copied += size.len;
	TRY(operation_check_copied(run->copied, run->why));
	if (is_move)
		TRY(take_out(run, op, &from, op->from));
	TRY(find(run, op, op->path, &to));
	put(run, &to, value, true);
	return OK;
}

static enum status apply(struct run *run, const struct operation *op)
{
	struct value value;
	struct place place;

	if (!operation_is_known(op))
		return operation_unknown(op, run->why);
	if (operation_has_from(op))
		return do_transfer(run, op, str_is(op->name, "move"));
	TRY(find(run, op, op->path, &place));
	if (str_is(op->name, "remove"))
		return take_out(run, op, &place, op->path);
	if (str_is(op->name, "test"))
		return do_test(run, op, &place);
	if (op->value.at == NULL)
		return operation_missing(op, op->path, run->why);
	if (str_is(op->name, "replace") && is_beyond_list(&place))
		return operation_not_replaced(op, run->why);
	TRY(value_of(run, op, &value));
	put(run, &place, value, str_is(op->name, "add"));
	return OK;
}

enum status value_patch_json(struct value *value, struct str patch, struct arena *arena,
			     struct fault *why)
{
	struct run run = { .root = value, .arena = arena, .why = why };
	struct operation_list list;

	TRY(operation_read(patch, arena, &list, why));
	for (uint32_t i = 0; i < list.len; i++)
		TRY(apply(&run, &list.at[i]));
	return OK;
}

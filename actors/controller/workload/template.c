#include "actors/controller/workload/template.h"

#include "datastore/object/proto.h"
#include "datastore/object/record.h"

static const char letters[] = "bcdfghjklmnpqrstvwxz2456789"; /* no vowels: no words come about */
#define LETTERS (sizeof letters - 1)

struct str_map template_map_clone(struct arena *arena, struct str_map map)
{
	struct str_map out = { 0 };

	for (uint32_t i = 0; i < map.len; i++)
		str_map_put(&out, arena, arena_str(arena, map.at[i].key),
			    arena_str(arena, map.at[i].value));
	return out;
}

/* The template as bytes, without the label that says which one it is. */
static struct str encoded(struct arena *arena, const struct core_pod_template_spec *template)
{
	struct core_pod_template_spec *copy =
	    record_clone_shallow(&core_pod_template_spec_type, template, arena);
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);

	if (copy->metadata != NULL) {
		str_map_remove(&copy->metadata->labels, arena, STR(TEMPLATE_HASH));
		if (copy->metadata->labels.len == 0)
			copy->metadata->labels.at = NULL;
	}
	proto_encode(&core_pod_template_spec_type, copy, &out);
	return text_str(&out);
}

bool template_same(const struct core_pod_template_spec *a, const struct core_pod_template_spec *b)
{
	struct arena *arena = arena_new(0);
	bool is_same = str_eq(encoded(arena, a), encoded(arena, b));

	arena_free(arena);
	return is_same;
}

struct str template_hash(struct arena *arena, const struct core_pod_template_spec *template,
			 int32_t collisions)
{
	struct str bytes = encoded(arena, template);
	uint32_t hash = hash_fnv32a(HASH_FNV32A_SEED, bytes.at, bytes.len);
	struct text digits = text_in(arena, 16), out = text_in(arena, 16);

	if (collisions > 0)
		hash = hash_fnv32a(hash, &collisions, sizeof collisions);
	text_add_u64(&digits, hash);
	for (uint32_t i = 0; i < digits.len; i++)
		text_add_char(&out, letters[(unsigned char)digits.at[i] % LETTERS]);
	return text_str(&out);
}

/* As the server would make one of a generateName, which leaves room for five characters. */
static struct str pod_name(const struct world *world, struct arena *arena,
			   const struct meta_object_meta *owner, struct str prefix, uint64_t salt)
{
	uint64_t hash =
	    hash_mix(hash_mix(hash_str(owner->uid), salt), (uint64_t)world_now(world).ns);
	char suffix[6] = "";

	for (int i = 0; i < 5; i++, hash /= LETTERS)
		suffix[i] = letters[hash % LETTERS];
	return arena_printf(arena, STR_FMT "-%s", STR_ARG(str_slice(prefix, 0, 247)), suffix);
}

struct core_pod *template_pod_named(const struct world *world, struct plan *plan,
				    const struct type *owner_type,
				    const struct meta_object_meta *owner,
				    const struct core_pod_template_spec *template,
				    struct str prefix, uint64_t salt)
{
	struct arena *arena = plan_arena(plan);
	struct core_pod_template_spec *copy = plan_copy(plan, template, core_pod_template_spec);
	struct core_pod *pod = plan_new_child_(plan, &core_pod_type, owner_type, owner,
					       pod_name(world, arena, owner, prefix, salt));

	pod->metadata->generate_name = arena_printf(arena, STR_FMT "-", STR_ARG(prefix));
	if (copy->metadata != NULL) {
		pod->metadata->labels = copy->metadata->labels;
		pod->metadata->annotations = copy->metadata->annotations;
		pod->metadata->finalizers = copy->metadata->finalizers;
	}
	if (copy->spec != NULL)
		pod->spec = copy->spec;
	return pod;
}

struct core_pod *template_pod(const struct world *world, struct plan *plan,
			      const struct type *owner_type, const struct meta_object_meta *owner,
			      const struct core_pod_template_spec *template, uint64_t salt)
{
	return template_pod_named(world, plan, owner_type, owner, template, owner->name, salt);
}

int32_t template_scaled(struct int_or_string value, int32_t of, bool rounds_up)
{
	int64_t percent;

	if (!value.is_string)
		return value.number;
	if (value.string.len < 2 || !str_ends(value.string, STR("%")) ||
	    str_to_i64(str_slice(value.string, 0, value.string.len - 1), &percent) != OK)
		return 0;
	return (int32_t)((percent * of + (rounds_up ? 99 : 0)) / 100);
}

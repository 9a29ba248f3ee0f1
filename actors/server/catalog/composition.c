#include "actors/server/catalog/composition.h"

#include <stdio.h>

#include "actors/server/catalog/merge.h"
#include "runtime/base/collection/map.h"
#include "transport/wire/gzip.h"

#define KEY_TYPES 1U /* what keys of pieces that are no part's begin with */
#define KEY_OPTIONS 2U
#define KEY_OTHERS 3U
#define TRAILER_BYTES 64U

/* Members of both sections. Behind it the types that they want, then the packed bytes. */
struct piece {
	uint32_t refs; /* 0: of a composition that nobody has taken yet */
	uint32_t wanted_len;
	uint64_t key;
	uint64_t high, low; /* of its JSON */
	struct gzip_piece paths, schemas;
	const struct type *wanted[];
};

static char *packed_of(const struct piece *piece)
{
	return (char *)(uintptr_t)(piece->wanted + piece->wanted_len);
}

static struct str paths_of(const struct piece *piece)
{
	return str_of(packed_of(piece), piece->paths.packed_bytes);
}

static struct str schemas_of(const struct piece *piece)
{
	return str_of(packed_of(piece) + piece->paths.packed_bytes, piece->schemas.packed_bytes);
}

static uint32_t bytes_of(const struct piece *piece)
{
	return (uint32_t)(sizeof *piece + piece->wanted_len * sizeof piece->wanted[0]) +
	       piece->paths.packed_bytes + piece->schemas.packed_bytes;
}

/* ---- one at work ------------------------------------------------------------------------------------------------ */

struct composer {
	const struct composing *what;
	struct openapi *openapi;
	struct gzip *packer; /* NULL: nothing but hashes is wanted */
	struct composition *out;
	struct map before; /* the pieces of the one before, and of the slices, by key */
	struct text paths, schemas, proto, packed;
	struct map wanted; /* types, by their names */
	uint64_t high, low;
	enum status status;
	struct arena *arena;
};

static struct str key_text(const uint64_t *key)
{
	return str_of((const char *)key, sizeof *key);
}

static void index_pieces(struct map *pieces, const struct composition *of)
{
	for (uint32_t i = 0; of != NULL && i < of->piece_count; i++)
		map_put(pieces, key_text(&of->pieces[i]->key), of->pieces[i]);
}

static void begin(struct composer *c)
{
	index_pieces(&c->before, c->what->before);
	for (uint32_t i = 0; i < c->what->slice_count; i++)
		index_pieces(&c->before, c->what->slices[i]);
	c->arena = arena_new(0);
	c->openapi = openapi_open(c->what->version);
	c->paths = text_new(OPENAPI_BYTES_MAX);
	c->schemas = text_new(OPENAPI_BYTES_MAX);
	c->proto = text_new(OPENAPI_BYTES_MAX);
	c->packed = text_new(OPENAPI_BYTES_MAX);
}

static void end(struct composer *c)
{
	map_fini(&c->before);
	map_fini(&c->wanted);
	openapi_close(c->openapi);
	text_fini(&c->paths);
	text_fini(&c->schemas);
	text_fini(&c->proto);
	text_fini(&c->packed);
	arena_free(c->arena);
}

static void pack(struct composer *c, bool is_schemas, const struct text *members,
		 struct gzip_piece *out)
{
	struct str body = text_str(members);

	if (c->what->format == FORMAT_PROTO && members->len > 0) {
		text_clear(&c->proto);
		openapi_proto_members(c->what->version, is_schemas, body, &c->proto);
		body = text_str(&c->proto);
	}
	if (gzip_pack_piece(c->packer, &c->packed, body, out) != OK || c->proto.is_cut)
		c->status = TOO_LARGE;
}

static uint64_t hash_text(uint64_t before, struct str text)
{
	return hash_bytes(hash_mix(before, text.len), text.at, text.len);
}

static void count_hash(struct composer *c, uint64_t high, uint64_t low)
{
	c->high = hash_mix(c->high, high);
	c->low = hash_mix(c->low ^ 1, low);
}

/* Of what stands in c->paths and c->schemas. */
static void add_new(struct composer *c, uint64_t key, const struct openapi_types *wanted)
{
	struct piece made = { .key = key, .wanted_len = wanted->len }, *piece;

	made.high = hash_text(hash_text(0, text_str(&c->paths)), text_str(&c->schemas));
	made.low = hash_text(hash_text(made.high, text_str(&c->paths)), text_str(&c->schemas));
	count_hash(c, made.high, made.low);
	if (c->paths.is_cut || c->schemas.is_cut)
		c->status = TOO_LARGE;
	if (c->packer == NULL || c->status != OK)
		return;
	text_clear(&c->packed);
	pack(c, false, &c->paths, &made.paths);
	pack(c, true, &c->schemas, &made.schemas);
	piece = mem_alloc(bytes_of(&made));
	*piece = made;
	for (uint32_t i = 0; i < wanted->len; i++)
		piece->wanted[i] = wanted->at[i];
	memcpy(packed_of(piece), text_str(&c->packed).at, c->packed.len);
	c->out->pieces[c->out->piece_count++] = piece;
	c->out->made++;
}

/* The piece that the one before had of it. */
static struct piece *add_old(struct composer *c, uint64_t key)
{
	struct piece *piece = map_get(&c->before, key_text(&key));

	if (piece == NULL)
		return NULL;
	count_hash(c, piece->high, piece->low);
	c->out->pieces[c->out->piece_count++] = piece;
	return piece;
}

static void clear(struct composer *c)
{
	text_clear(&c->paths);
	text_clear(&c->schemas);
}

/* ---- which pieces there are --------------------------------------------------------------------------------------- */

static void want(struct composer *c, const struct openapi_types *types)
{
	for (uint32_t i = 0; i < types->len; i++)
		map_put(&c->wanted, type_openapi(types->at[i]), (void *)(uintptr_t)types->at[i]);
}

static uint64_t key_of(const struct composing_part *part)
{
	return hash_mix(part->key, part->has_root);
}

static void write_part(struct composer *c, const struct composing_part *part)
{
	struct openapi_types wanted = { 0 };

	clear(c);
	openapi_write_part(c->openapi, part->at, part->count, part->has_root, &c->paths,
			   &c->schemas, &wanted);
	want(c, &wanted);
	add_new(c, key_of(part), &wanted);
}

static void add_part(struct composer *c, const struct composing_part *part)
{
	struct piece *old = add_old(c, key_of(part));

	if (old != NULL)
		want(c, &(struct openapi_types){ old->wanted, old->wanted_len });
	else
		write_part(c, part);
}

static bool is_missing(const struct map *before, const struct composing_part *part)
{
	uint64_t key = key_of(part);

	return !map_has(before, key_text(&key));
}

uint32_t composition_missing(const struct composing *what)
{
	struct map before = { 0 };
	uint32_t missing = 0;

	index_pieces(&before, what->before);
	for (uint32_t i = 0; i < what->part_count; i++)
		missing += is_missing(&before, &what->parts[i]);
	map_fini(&before);
	return missing;
}

static struct openapi_group group_of(const struct composing_part *part)
{
	return (struct openapi_group){ part->at->row->group, part->at->row->version };
}

static uint64_t hash_group(uint64_t before, struct openapi_group group)
{
	return hash_text(hash_text(before, group.group), group.version);
}

static struct openapi_types all_wanted(struct composer *c)
{
	struct openapi_types types = { .at = arena_array(c->arena, const struct type *,
							 c->wanted.len) };
	struct str name;
	void *type;

	for (uint32_t at = 0; map_next(&c->wanted, &at, &name, &type);)
		types.at[types.len++] = type;
	return types;
}

/* What all resources want is the same from one day to the next, whichever of them come and go. */
static void add_types(struct composer *c)
{
	struct openapi_types types = all_wanted(c);
	struct openapi_group group = group_of(&c->what->parts[0]);
	uint64_t key = KEY_TYPES;

	if (c->what->version == OPENAPI_V3)
		key = hash_group(key, group);
	for (uint32_t i = 0; i < types.len; i++)
		key = hash_text(key, type_openapi(types.at[i]));
	if (add_old(c, key) != NULL)
		return;
	clear(c);
	openapi_write_types(c->openapi, group, &types, &c->schemas);
	add_new(c, key, &(struct openapi_types){ 0 });
}

static void add_options(struct composer *c)
{
	struct openapi_group *groups =
	    arena_array(c->arena, struct openapi_group, c->what->part_count);
	uint64_t key = KEY_OPTIONS;
	uint32_t count = 0;

	if (c->what->version != OPENAPI_V2)
		return;
	for (uint32_t i = 0; i < c->what->part_count; i++)
		if (c->what->parts[i].has_root)
			groups[count++] = group_of(&c->what->parts[i]);
	for (uint32_t i = 0; i < count; i++)
		key = hash_group(key, groups[i]);
	if (add_old(c, key) != NULL)
		return;
	clear(c);
	openapi_write_options(c->openapi, groups, count, &c->schemas);
	add_new(c, key, &(struct openapi_types){ 0 });
}

/* ---- of other servers ------------------------------------------------------------------------------------------------ */

static bool is_ours(const struct composer *c, struct openapi_group group)
{
	for (uint32_t i = 0; i < c->what->part_count; i++) {
		struct openapi_group ours = group_of(&c->what->parts[i]);

		if (str_eq(ours.group, group.group) && str_eq(ours.version, group.version))
			return true;
	}
	return false;
}

/* The names of all schemas that are ours: of types those that are written, also if that was done before. */
static void name_ours(struct composer *c, struct map *names)
{
	struct openapi_types types = all_wanted(c);

	clear(c);
	openapi_write_types(c->openapi, group_of(&c->what->parts[0]), &types, &c->schemas);
	merge_names(text_str(&c->schemas), names);
	map_put(names, STR("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"), names);
	for (uint32_t i = 0; i < c->what->part_count; i++)
		for (uint32_t n = 0; n < c->what->parts[i].count; n++) {
			const struct openapi_resource *resource = &c->what->parts[i].at[n];

			if (resource->type != NULL)
				continue;
			map_put(names, openapi_custom_name(c->arena, resource->row, false), names);
			map_put(names, openapi_custom_name(c->arena, resource->row, true), names);
		}
}

static void add_others(struct composer *c)
{
	struct map names = { 0 }, paths = { 0 };

	if (c->what->other_count == 0)
		return;
	name_ours(c, &names);
	clear(c);
	for (uint32_t i = 0; i < c->what->other_count; i++) {
		const struct composing_other *other = &c->what->others[i];

		if (!is_ours(c, other->group))
			merge_write(other->document, "paths", &paths, &c->paths);
		merge_write(other->document, "definitions", &names, &c->schemas);
	}
	map_fini(&names);
	map_fini(&paths);
	add_new(c, KEY_OTHERS, &(struct openapi_types){ 0 });
}

/* ---- joining ------------------------------------------------------------------------------------------------------------ */

struct joining {
	struct composer *c;
	struct gzip_join join;
	struct str *at;
	uint32_t count;
	struct str comma;
	struct gzip_piece comma_piece;
	bool is_first; /* in its section */
};

static void add_packed(struct joining *j, struct str packed, const struct gzip_piece *piece)
{
	j->at[j->count++] = packed;
	gzip_join_add(&j->join, piece);
}

static struct str pack_words(struct joining *j, struct str words, struct gzip_piece *piece)
{
	struct text *packed = &j->c->packed;

	text_clear(packed);
	if (gzip_pack_piece(j->c->packer, packed, words, piece) != OK)
		j->c->status = TOO_LARGE;
	return arena_str(j->c->out->arena, text_str(packed));
}

static void add_words(struct joining *j, struct str words)
{
	struct gzip_piece piece;
	struct str packed;

	if (words.len == 0)
		return;
	packed = pack_words(j, words, &piece);
	add_packed(j, packed, &piece);
}

static void add_members(struct joining *j, struct str packed, const struct gzip_piece *piece)
{
	if (piece->bytes == 0)
		return;
	if (!j->is_first && j->c->what->format == FORMAT_JSON)
		add_packed(j, j->comma, &j->comma_piece);
	j->is_first = false;
	add_packed(j, packed, piece);
}

static void frame_of(struct composer *c, struct openapi_frame *frame)
{
	uint64_t paths = 0, schemas = 0;

	for (uint32_t i = 0; i < c->out->piece_count; i++) {
		paths += c->out->pieces[i]->paths.bytes;
		schemas += c->out->pieces[i]->schemas.bytes;
	}
	if (paths > OPENAPI_BYTES_MAX || schemas > OPENAPI_BYTES_MAX)
		c->status = TOO_LARGE;
	if (c->what->format == FORMAT_JSON)
		openapi_frame_json(c->what->version, frame);
	else
		openapi_frame_proto(c->what->version, (uint32_t)paths, (uint32_t)schemas, c->arena,
				    frame);
}

static void join(struct composer *c)
{
	struct composition *out = c->out;
	struct joining j = { .c = c, .is_first = true };
	struct text trailer = text_in(out->arena, TRAILER_BYTES);
	struct openapi_frame frame;

	/* Two sections, each piece with a comma; the head, the frame and the trailer. */
	j.at = arena_alloc(out->arena, (4 * (size_t)out->piece_count + 5) * sizeof *j.at);
	j.comma = pack_words(&j, STR(","), &j.comma_piece);
	frame_of(c, &frame);
	j.at[j.count++] = STR(GZIP_JOIN_HEAD);
	add_words(&j, frame.begin);
	for (uint32_t i = 0; i < out->piece_count; i++)
		add_members(&j, paths_of(out->pieces[i]), &out->pieces[i]->paths);
	add_words(&j, frame.middle);
	j.is_first = true;
	for (uint32_t i = 0; i < out->piece_count; i++)
		add_members(&j, schemas_of(out->pieces[i]), &out->pieces[i]->schemas);
	add_words(&j, frame.end);
	gzip_join_end(&j.join, &trailer);
	j.at[j.count++] = text_str(&trailer);
	out->packed = (struct http_parts){ j.at, j.count };
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

static void add_all(struct composer *c)
{
	for (uint32_t i = 0; i < c->what->part_count && c->status == OK; i++)
		add_part(c, &c->what->parts[i]);
	add_types(c);
	add_options(c);
	add_others(c);
}

static void print_hash(const struct composer *c, char hash[COMPOSITION_HASH_BYTES])
{
	snprintf(hash, COMPOSITION_HASH_BYTES, "%016jX%016jX", (uintmax_t)c->high,
		 (uintmax_t)c->low);
}

static struct composition *new_composition(const struct composing *what)
{
	struct composition *out = mem_new(struct composition);

	out->arena = arena_new(0);
	/* Beside those of the parts: types, options and what others have. */
	out->pieces = arena_array(out->arena, struct piece *, what->part_count + 3);
	return out;
}

static void count_bytes(struct composition *out)
{
	out->bytes = (uint32_t)arena_size(out->arena);
	for (uint32_t i = 0; i < out->piece_count; i++)
		out->bytes += bytes_of(out->pieces[i]);
}

enum status composition_make(const struct composing *what, const char *hash,
			     struct composition **out)
{
	struct composer c = { .what = what };

	begin(&c);
	c.packer = gzip_new_pieces();
	c.out = new_composition(what);
	add_all(&c);
	if (c.status == OK)
		join(&c);
	if (hash[0] != '\0')
		snprintf(c.out->hash, sizeof c.out->hash, "%s", hash);
	else
		print_hash(&c, c.out->hash);
	gzip_free(c.packer);
	count_bytes(c.out);
	if (c.status == OK)
		*out = c.out;
	else
		composition_throw(c.out);
	end(&c);
	return c.status;
}

enum status composition_slice(const struct composing *what, uint32_t slice, uint32_t count,
			      struct composition **out)
{
	struct composer c = { .what = what };

	begin(&c);
	c.packer = gzip_new_pieces();
	c.out = new_composition(what);
	for (uint32_t i = slice; i < what->part_count && c.status == OK; i += count)
		if (is_missing(&c.before, &what->parts[i]))
			write_part(&c, &what->parts[i]);
	gzip_free(c.packer);
	if (c.status == OK)
		*out = c.out;
	else
		composition_throw(c.out);
	end(&c);
	return c.status;
}

enum status composition_hash(const struct composing *what, char hash[COMPOSITION_HASH_BYTES])
{
	struct composer c = { .what = what };

	begin(&c);
	add_all(&c);
	print_hash(&c, hash);
	end(&c);
	return c.status;
}

enum status composition_unpack(const struct composition *composition, struct text *out)
{
	struct text packed = text_new(OPENAPI_BYTES_MAX);
	enum status status;

	text_reserve(&packed, (uint32_t)http_parts_bytes(composition->packed));
	for (uint32_t i = 0; i < composition->packed.count; i++)
		text_add(&packed, composition->packed.at[i]);
	status = packed.is_cut ? TOO_LARGE : gzip_unpack(out, text_str(&packed));
	text_fini(&packed);
	return status;
}

/* ---- who has it ----------------------------------------------------------------------------------------------------------- */

struct composition *composition_take(struct composition *made)
{
	assert(made->refs == 0);
	made->refs = 1;
	for (uint32_t i = 0; i < made->piece_count; i++)
		made->pieces[i]->refs++;
	return made;
}

struct composition *composition_ref(struct composition *composition)
{
	composition->refs++;
	return composition;
}

static void free_composition(struct composition *composition)
{
	arena_free(composition->arena);
	mem_free(composition);
}

/* What another one has has been counted there. */
void composition_throw(struct composition *made)
{
	if (made == NULL)
		return;
	for (uint32_t i = 0; i < made->piece_count; i++)
		if (made->pieces[i]->refs == 0)
			mem_free(made->pieces[i]);
	free_composition(made);
}

void composition_unref(struct composition *composition)
{
	if (composition == NULL || --composition->refs > 0)
		return;
	for (uint32_t i = 0; i < composition->piece_count; i++)
		if (--composition->pieces[i]->refs == 0)
			mem_free(composition->pieces[i]);
	free_composition(composition);
}

#include "actors/client/shelf/shelf.h"

#include "actors/client/shelf/outline.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/tree.h"

#define KEY_MAX 600U /* namespace, a slash and a name, each at most 253 bytes */

/*
 * What the tree has by its key. In front of one that some index has stand its links, one for each index, and of an outline its key, which it
 * would not know else:  links | length | key, filled up to 8 | entry | whole or outline
 */
struct entry {
	uint32_t seen; /* number of the list that last had it */
	uint16_t key_len;
	uint8_t linked;    /* a bit for each index that has it */
	uint64_t at_end[]; /* a struct whole or a struct outline */
};

struct front {
	uint64_t key_len;
	char key[];
};

struct whole {
	const struct object *object;
	struct mono since; /* it is as it is now */
};

struct shelf {
	const struct type *type;
	bool is_of_outlines;
	struct tree *entries;
	shelf_index_fn *value_of[SHELF_INDEXES_MAX];
	struct map buckets[SHELF_INDEXES_MAX]; /* value -> struct list of entries; empty ones go */
	uint32_t index_count;
};

static struct str key_of(struct str namespace, struct str name, char out[KEY_MAX])
{
	uint32_t len = namespace.len + 1 + name.len;

	assert(len <= KEY_MAX);
	if (namespace.len > 0)
		memcpy(out, namespace.at, namespace.len);
	out[namespace.len] = '/';
	memcpy(out + namespace.len + 1, name.at, name.len);
	return str_of(out, len);
}

/* ---- entries ---------------------------------------------------------------------------------------------- */

static struct whole *whole_of(struct entry *entry)
{
	return (struct whole *)entry->at_end;
}

static struct outline *outline_of(const struct entry *entry)
{
	return (struct outline *)(uintptr_t)entry->at_end;
}

static size_t front_bytes(uint64_t key_len)
{
	return sizeof(struct front) + ((key_len + 7) & ~(uint64_t)7);
}

static struct list *links_of(const struct shelf *shelf, struct entry *entry)
{
	char *front = (char *)entry - front_bytes(entry->key_len);

	return (struct list *)front - shelf->index_count;
}

static struct front *front_of(const struct shelf *shelf, struct list *link, uint32_t index)
{
	return (struct front *)(link - index + shelf->index_count);
}

static void *block_of(const struct shelf *shelf, struct entry *entry)
{
	return entry->linked != 0 ? (void *)links_of(shelf, entry) : entry;
}

/* What an entry holds, with a reference. */
static const struct object *taken_of(const struct shelf *shelf, struct entry *entry, struct str key)
{
	struct str name = key, namespace = str_cut(&name, '/');

	if (!shelf->is_of_outlines)
		return object_ref(whole_of(entry)->object);
	return outline_object(outline_of(entry), shelf->type, namespace, name);
}

static uint64_t revision_of(const struct shelf *shelf, struct entry *entry)
{
	return shelf->is_of_outlines ? outline_revision(outline_of(entry))
				     : (uint64_t)whole_of(entry)->object->revision;
}

/* ---- indexes ---------------------------------------------------------------------------------------------- */

static void link_into(struct shelf *shelf, struct list *link, uint32_t index, struct str value)
{
	struct list *bucket = map_get(&shelf->buckets[index], value);

	if (bucket == NULL) {
		bucket = mem_new(struct list);
		list_init(bucket);
		map_put(&shelf->buckets[index], value, bucket);
	}
	list_push(bucket, link);
}

static void unlink_from(struct shelf *shelf, struct list *link, uint32_t index, struct str value)
{
	struct list *bucket = map_get(&shelf->buckets[index], value);

	list_remove(link);
	if (bucket != NULL && list_is_empty(bucket)) {
		map_remove(&shelf->buckets[index], value);
		mem_free(bucket);
	}
}

/* Room for it and what stands in front, if some index has it. */
static struct entry *alloc_entry(const struct shelf *shelf, uint8_t linked, struct str key,
				 uint32_t bytes)
{
	uint16_t key_len = shelf->is_of_outlines ? (uint16_t)key.len : 0;
	size_t links = shelf->index_count * sizeof(struct list);
	struct entry *entry;
	struct front *front;
	char *block;

	if (linked == 0) {
		entry = mem_alloc(sizeof *entry + bytes);
		entry->key_len = 0;
		return entry;
	}
	block = mem_alloc(links + front_bytes(key_len) + sizeof *entry + bytes);
	front = (struct front *)(block + links);
	front->key_len = key_len;
	memcpy(front->key, key.at, key_len);
	entry = (struct entry *)(block + links + front_bytes(key_len));
	entry->key_len = key_len;
	return entry;
}

static struct entry *make_entry(struct shelf *shelf, const struct object *object, struct str key,
				uint32_t list, struct mono now)
{
	struct str values[SHELF_INDEXES_MAX];
	const struct meta_object_meta *meta = record_meta(object->type, object->record);
	struct entry *entry;
	uint8_t linked = 0;

	for (uint32_t i = 0; i < shelf->index_count; i++) {
		values[i] = shelf->value_of[i](object);
		if (values[i].at != NULL)
			linked |= (uint8_t)(1U << i);
	}
	entry = alloc_entry(shelf, linked, key,
			    shelf->is_of_outlines ? outline_bytes(meta) : sizeof(struct whole));
	entry->seen = list;
	entry->linked = linked;
	for (uint32_t i = 0; i < shelf->index_count; i++)
		if (linked >> i & 1)
			link_into(shelf, links_of(shelf, entry) + i, i, values[i]);
	if (shelf->is_of_outlines)
		outline_write(outline_of(entry), meta, (uint64_t)object->revision);
	else
		*whole_of(entry) = (struct whole){ object_ref(object), now };
	return entry;
}

/* `object` is what it holds. */
static void free_entry(struct shelf *shelf, struct entry *entry, const struct object *object)
{
	for (uint32_t i = 0; i < shelf->index_count; i++)
		if (entry->linked >> i & 1)
			unlink_from(shelf, links_of(shelf, entry) + i, i,
				    shelf->value_of[i](object));
	if (!shelf->is_of_outlines)
		object_unref(whole_of(entry)->object);
	mem_free(block_of(shelf, entry));
}

/* ---- life --------------------------------------------------------------------------------------------------- */

struct shelf *shelf_new(const struct type *type)
{
	struct shelf *shelf = mem_new(struct shelf);

	shelf->type = type;
	shelf->is_of_outlines = (type->flags & TYPE_METADATA_ONLY) != 0;
	shelf->entries = tree_new();
	return shelf;
}

/* The links go with their entries, so nothing is looked for. */
void shelf_free(struct shelf *shelf)
{
	struct tree_cursor cursor = tree_from(shelf->entries, STR(""));
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		struct entry *entry = value;

		if (!shelf->is_of_outlines)
			object_unref(whole_of(entry)->object);
		mem_free(block_of(shelf, entry));
	}
	tree_free(shelf->entries);
	for (uint32_t i = 0; i < shelf->index_count; i++) {
		for (uint32_t at = 0; map_next(&shelf->buckets[i], &at, &key, &value);)
			mem_free(value);
		map_fini(&shelf->buckets[i]);
	}
	mem_free(shelf);
}

uint32_t shelf_len(const struct shelf *shelf)
{
	return (uint32_t)tree_len(shelf->entries);
}

uint32_t shelf_index(struct shelf *shelf, shelf_index_fn *value_of)
{
	assert(shelf->index_count < SHELF_INDEXES_MAX && tree_len(shelf->entries) == 0);
	shelf->value_of[shelf->index_count] = value_of;
	return shelf->index_count++;
}

/* ---- what comes and goes -------------------------------------------------------------------------------------- */

bool shelf_put(struct shelf *shelf, const struct object *object, uint32_t list, struct mono now,
	       const struct object **out_old)
{
	char buffer[KEY_MAX];
	struct str key = key_of(object_namespace(object), object_name(object), buffer);
	struct entry *entry = tree_get(shelf->entries, key);

	if (entry != NULL && (uint64_t)object->revision <= revision_of(shelf, entry)) {
		entry->seen = list;
		return false;
	}
	*out_old = entry != NULL ? taken_of(shelf, entry, key) : NULL;
	if (entry != NULL)
		free_entry(shelf, entry, *out_old);
	tree_put(shelf->entries, key, make_entry(shelf, object, key, list, now));
	return true;
}

static const struct object *remove_at(struct shelf *shelf, struct str key)
{
	struct entry *entry = tree_remove(shelf->entries, key);
	const struct object *object = entry != NULL ? taken_of(shelf, entry, key) : NULL;

	if (entry != NULL)
		free_entry(shelf, entry, object);
	return object;
}

const struct object *shelf_remove(struct shelf *shelf, struct str namespace, struct str name)
{
	char buffer[KEY_MAX];

	return remove_at(shelf, key_of(namespace, name, buffer));
}

/* A removal ends the walk, so it begins again behind the key. */
void shelf_sweep(struct shelf *shelf, uint32_t list, shelf_gone_fn *gone, void *arg)
{
	struct tree_cursor cursor = tree_from(shelf->entries, STR(""));
	const struct object *object;
	char last[KEY_MAX];
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		if (((const struct entry *)value)->seen == list)
			continue;
		assert(key.len <= sizeof last);
		memcpy(last, key.at, key.len);
		key = str_of(last, key.len);
		object = remove_at(shelf, key);
		gone(arg, object);
		object_unref(object);
		cursor = tree_from(shelf->entries, key);
	}
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static struct entry *find(const struct shelf *shelf, struct str namespace, struct str name)
{
	char buffer[KEY_MAX];

	if (namespace.len + name.len + 1 > KEY_MAX)
		return NULL;
	return tree_get(shelf->entries, key_of(namespace, name, buffer));
}

bool shelf_has(const struct shelf *shelf, struct str namespace, struct str name)
{
	return find(shelf, namespace, name) != NULL;
}

const struct object *shelf_get(const struct shelf *shelf, struct str namespace, struct str name)
{
	struct entry *entry = find(shelf, namespace, name);

	assert(!shelf->is_of_outlines);
	return entry != NULL ? whole_of(entry)->object : NULL;
}

const struct object *shelf_take(const struct shelf *shelf, struct str namespace, struct str name)
{
	char buffer[KEY_MAX];
	struct entry *entry = find(shelf, namespace, name);

	return entry != NULL ? taken_of(shelf, entry, key_of(namespace, name, buffer)) : NULL;
}

struct mono *shelf_since(const struct shelf *shelf, struct str namespace, struct str name)
{
	struct entry *entry = shelf->is_of_outlines ? NULL : find(shelf, namespace, name);

	return entry != NULL ? &whole_of(entry)->since : NULL;
}

/* Whether the walk goes on. */
static bool show(const struct shelf *shelf, struct entry *entry, struct str key,
		 shelf_each_fn *each, void *arg)
{
	const struct object *object = taken_of(shelf, entry, key);
	bool goes_on = each(arg, object);

	object_unref(object);
	return goes_on;
}

void shelf_each(const struct shelf *shelf, struct str namespace, shelf_each_fn *each, void *arg)
{
	char buffer[KEY_MAX];
	struct str prefix =
	    namespace.at && namespace.len < KEY_MAX ? key_of(namespace, STR(""), buffer) : STR("");
	struct tree_cursor cursor = tree_from(shelf->entries, prefix);
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value))
		if (!str_starts(key, prefix) || !show(shelf, value, key, each, arg))
			return;
}

void shelf_by(const struct shelf *shelf, uint32_t index, struct str value, shelf_each_fn *each,
	      void *arg)
{
	struct list *bucket;

	assert(index < shelf->index_count);
	bucket = map_get(&shelf->buckets[index], value);
	if (bucket == NULL)
		return;
	list_each (bucket, link) {
		struct front *front = front_of(shelf, link, index);
		struct entry *entry = (struct entry *)((char *)front + front_bytes(front->key_len));

		if (!show(shelf, entry, str_of(front->key, (uint32_t)front->key_len), each, arg))
			return;
	}
}

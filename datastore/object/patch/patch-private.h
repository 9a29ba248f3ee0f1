/*
 * What the patch files share: reaching into lists and maps of a record. Only for this folder.
 */
#ifndef DATASTORE_OBJECT_PATCH_PATCH_PRIVATE_H
#define DATASTORE_OBJECT_PATCH_PATCH_PRIVATE_H

#include "datastore/object/patch/patch.h"

/* A list that the patch has made, and for how many it has room. */
struct patch_room {
	const void *at;
	uint32_t len, cap;
};
#define PATCH_ROOMS 16U /* lists that grow at a time: those inside each other, by their fields */

struct patch {
	bool is_strategic;
	bool is_replacing; /* within what $patch: replace puts in the place of something */
	struct arena *arena;
	struct json_strict *strict;
	struct fault *why;
	struct patch_room *rooms; /* PATCH_ROOMS of them */
};

MUST_USE enum status patch_merge(struct patch *patch, const struct type *type, void *record,
				 struct str raw);
MUST_USE enum status patch_json(struct patch *patch, const struct type *type, void *record,
				struct str raw);

static inline struct block_list *patch_blocks(const struct field *field, void *record)
{
	return field_at(field, record);
}

static inline void *patch_block(const struct field *field, const struct block_list *list, uint32_t i)
{
	return (char *)list->at + (size_t)i * field_stride(field);
}

/*
 * Makes room for one cleared element at `index`, in memory that the patch has made: elements before and after keep their values. Many in
 * a row take as much memory as one list of all.
 */
void *patch_insert(const struct patch *patch, const struct field *field, void *record,
		   uint32_t index);
void patch_remove(const struct field *field, void *record, uint32_t index);
/* The entry with this key: its index, or where it belongs with *found false. */
uint32_t patch_find_key(const struct field *field, void *record, struct str key, bool *found);
/* Decodes one element of a list (or the value of a map's entry) into its block. */
MUST_USE enum status patch_decode_element(const struct patch *patch, const struct field *field,
					  void *block, struct str raw);

#endif

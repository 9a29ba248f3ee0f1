/*
 * What the two files of merge patches share: patch-merge.c walks objects and maps, patch-list.c lists and their order. Only for these.
 */
#ifndef DATASTORE_OBJECT_PATCH_PATCH_MERGE_H
#define DATASTORE_OBJECT_PATCH_PATCH_MERGE_H

#include "datastore/object/patch/patch-private.h"
#include "transport/wire/json.h"

#define MERGE_DIRECTIVES_MAX 64U

enum merge_directive { MERGE_DIRECTIVE_MERGE, MERGE_DIRECTIVE_REPLACE, MERGE_DIRECTIVE_DELETE };

struct merge_field_directive {
	struct str field;
	struct str raw; /* a list */
};

/* What an object of the patch says about how it is to be applied. */
struct merge_directives {
	enum merge_directive patch;
	struct str retain_keys; /* raw list, or absent */
	struct merge_field_directive order[MERGE_DIRECTIVES_MAX], removal[MERGE_DIRECTIVES_MAX];
	uint32_t order_count, removal_count;
};

/* Where in the patch we are, for the words of strict findings. */
struct merge_path {
	const struct merge_path *parent;
	struct str name;
	int64_t index; /* of a list's element; -1 */
};

/* ---- patch-merge.c ---- */

MAY_IGNORE enum status merge_bad(const struct patch *patch, enum status status, const char *words);
MUST_USE enum status merge_check_retained(struct patch *patch, struct str raw, struct str keys);
/* Each member of the object meets the field of its name. */
MUST_USE enum status merge_object(struct patch *patch, const struct type *type, void *record,
				  struct str raw, const struct merge_path *path, uint32_t depth);
struct str merge_raw_member(struct patch *patch, struct str object, struct str wanted);
MUST_USE enum status merge_read_directives(struct patch *patch, struct str raw,
					   struct merge_directives *out);
/* What replaces something is taken as it is: directives in it mean nothing. */
MUST_USE enum status merge_take_object(struct patch *patch, const struct type *type, void *record,
				       struct str raw, const struct merge_path *path,
				       uint32_t depth);

/* ---- patch-list.c ---- */

struct block_list merge_copy_list(const struct patch *patch, const struct field *field,
				  void *record);
MUST_USE enum status merge_list(struct patch *patch, const struct field *field, void *record,
				struct str raw, const struct merge_path *path, uint32_t depth);
MUST_USE enum status merge_remove_values(struct patch *patch, const struct field *field,
					 void *record, struct str values);
MUST_USE enum status merge_replace_list(struct patch *patch, const struct field *field,
					void *record, struct str raw, const struct merge_path *path,
					uint32_t depth);
MUST_USE enum status merge_set_order(struct patch *patch, const struct field *field, void *record,
				     struct str order, const struct block_list *old, bool is_merged);

#endif

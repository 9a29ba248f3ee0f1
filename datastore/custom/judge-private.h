/*
 * What the files of judging share: where one is, and what was found. Only for this folder.
 */
#ifndef DATASTORE_CUSTOM_JUDGE_PRIVATE_H
#define DATASTORE_CUSTOM_JUDGE_PRIVATE_H

#include "datastore/custom/judge.h"

/* The way to a value: a chain on the stack. */
struct judge_place {
	const struct judge_place *up; /* NULL: the root */
	struct str name;              /* of a member; absent: an element */
	uint32_t index;
	bool is_key; /* of a map: its path begins with a dot even at the root */
};

/* What was found of one value; `matches` counts checks, by which the best of several failed alternatives is chosen. */
struct judge_outcome {
	struct faults faults;
	uint32_t matches;
};

struct judge_run {
	const struct judge_task *task;
	struct judge_patterns *patterns;
};

/* One value against one schema; `old` and the place as the value's. */
struct judge_visit {
	const struct judge_run *run;
	const struct apiextensions_json_schema_props *schema;
	const struct value *value, *old;
	const struct judge_place *at;
	uint32_t depth;
};

struct arena *judge_arena(const struct judge_visit *visit);
/* `spec.size`; "" at the root. */
struct str judge_path(const struct judge_visit *visit);
struct str judge_path_of(struct arena *arena, const struct judge_place *at);
/* `value` as it is shown, or absent for kinds that show none; `path` as judge_path gave it. */
void judge_add(const struct judge_visit *visit, struct judge_outcome *out, enum fault_kind kind,
	       struct str path, struct str value, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Without a path, as upstream says what concerns more than one part. */
void judge_add_whole(const struct judge_visit *visit, struct judge_outcome *out, struct str words);
/* A part of the value against the schema of parts; what was wrong before is passed over. */
void judge_part(const struct judge_visit *visit, struct judge_outcome *out);

/* judge-string.c, judge-number.c, judge-object.c: by the kind of value. */
void judge_string(const struct judge_visit *visit, struct judge_outcome *out);
void judge_format(const struct judge_visit *visit, struct judge_outcome *out);
void judge_number(const struct judge_visit *visit, struct judge_outcome *out);
void judge_list(const struct judge_visit *visit, struct judge_outcome *out);
void judge_object(const struct judge_visit *visit, struct judge_outcome *out);
/* The schema's format if values of its type know it; else absent. */
struct str judge_known_format(const struct apiextensions_json_schema_props *schema);

#endif

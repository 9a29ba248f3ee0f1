/*
 * Options: what the query of a request asks for, parsed once.
 *
 * options_parse reads every known parameter and refuses undecodable ones (400); options_validate then judges them for one
 * verb, with the words and the field paths of upstream (422). Unknown parameters are ignored, as upstream does.
 */
#ifndef ACTORS_SERVER_OPTIONS_H
#define ACTORS_SERVER_OPTIONS_H

#include "actors/client/failure.h"
#include "actors/server/route.h"
#include "datastore/object/selector.h"
#include "runtime/base/base.h"

enum option_bool { OPTION_UNSET, OPTION_FALSE, OPTION_TRUE };

struct options {
	struct str label_selector, field_selector; /* as they came, for authorization */
	struct selector labels, fields;
	bool is_watch;
	struct str resource_version, resource_version_match;
	int64_t timeout_seconds; /* of a watch */
	int64_t limit;
	struct str continue_token;
	bool wants_bookmarks;
	enum option_bool send_initial_events;
	struct str field_manager, field_validation;
	const struct str *dry_run;
	uint32_t dry_run_count;
	enum option_bool force;
	/* DeleteOptions; a body replaces them. */
	bool has_grace;
	int64_t grace_seconds;
	struct str propagation;
	enum option_bool orphan;
	struct str uid_precondition, version_precondition;
	struct str include_object; /* of a Table */
	struct str pretty;
	int64_t deadline_ns; /* of `timeout`; 0: not said */
};

MUST_USE enum status options_parse(struct arena *arena, struct str query, struct options *out,
				   struct fault *why);

/* Adds what is wrong for this verb; `*kind` becomes the kind that a 422 names: ListOptions, CreateOptions, ... */
void options_validate(const struct options *options, enum verb verb, bool is_apply,
		      struct faults *faults, const char **kind);

/* Only whether the query asks for a watch, which routing has to know. */
bool options_want_watch(struct arena *arena, struct str query);

/* The value of a parameter that is a bool or a number; absent or empty leaves *out. */
bool options_flag(struct str value);
MUST_USE enum status options_number(struct str value, int64_t *out, struct fault *why);

struct meta_delete_options;
/* What a DeleteOptions says, in place of what the query said. */
void options_take_delete(struct options *options, const struct meta_delete_options *in);
/* The other way: what they say, as a record. */
void options_give_delete(const struct options *options, struct arena *arena,
			 struct meta_delete_options *out);
/* The body of a DELETE, a DeleteOptions, in place of what the query said. */
MUST_USE enum status options_read_delete(struct options *options, struct arena *arena,
					 struct str body, enum format format, struct fault *why);

#endif

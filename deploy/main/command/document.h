/*
 * A document: one answer of the program in a form that programs read, JSON or YAML, written from the same calls.
 *
 * Written member by member, in order; keys are ours and need no escapes. Inside a list members have no key (NULL).
 */
#ifndef DEPLOY_MAIN_COMMAND_DOCUMENT_H
#define DEPLOY_MAIN_COMMAND_DOCUMENT_H

#include "runtime/base/base.h"

#define DOCUMENT_DEPTH_MAX 8U

enum document_form { DOCUMENT_JSON, DOCUMENT_YAML };

struct document {
	struct text *out;
	enum document_form form;
	uint32_t depth;
	bool is_list[DOCUMENT_DEPTH_MAX], has_items[DOCUMENT_DEPTH_MAX];
};

/* Begins with an object, which document_end closes. */
struct document document_in(struct text *out, enum document_form form);
void document_object(struct document *doc, const char *key);
void document_list(struct document *doc, const char *key);
void document_close(struct document *doc); /* the object or list opened last */
void document_str(struct document *doc, const char *key, struct str value); /* absent: null */
void document_u64(struct document *doc, const char *key, uint64_t value);
void document_tenths(struct document *doc, const char *key, double value); /* 0.5, 12.0 */
void document_bool(struct document *doc, const char *key, bool value);
void document_end(struct document *doc);

#endif

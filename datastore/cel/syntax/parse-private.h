/*
 * What parser and macros share. Only for this folder.
 */
#ifndef DATASTORE_CEL_SYNTAX_PARSE_PRIVATE_H
#define DATASTORE_CEL_SYNTAX_PARSE_PRIVATE_H

#include "datastore/cel/syntax/parse.h"
#include "datastore/cel/syntax/token.h"

struct parse {
	struct str source;
	struct issues *issues;
	struct arena *arena;
	struct token now;
	uint32_t at;   /* of the token now */
	uint32_t next; /* behind it */
	uint32_t depth;
	bool binds;
	bool has_failed; /* what comes behind would only be more of the same */
};

struct node *parse_node(struct parse *p, enum node_kind kind, uint32_t at);
struct node *parse_literal(struct parse *p, uint32_t at, struct cel_value value);
/* Of up to three arguments that are there. */
struct node *parse_call(struct parse *p, uint32_t at, const char *name, struct node *target,
			struct node *a, struct node *b, struct node *c);
/* After the children are known: how deep it is, or a fault. */
void parse_measure(struct parse *p, struct node *node);

/* The next token; what begins none is said and passed over, as upstream goes on from it. */
void parse_advance(struct parse *p);
void parse_bad_token(struct parse *p, uint32_t at, struct str text);
/* Says what is wrong, once, and that it is over. NULL, so that it can stand behind `return`. */
struct node *parse_refuse(struct parse *p, uint32_t at, const char *words);

/* literal.c: the token now as a literal; `at` is that of its sign, which belongs to it. */
struct node *parse_int(struct parse *p, uint32_t at, bool is_negative);
struct node *parse_double(struct parse *p, uint32_t at, bool is_negative);
struct node *parse_uint(struct parse *p);
struct node *parse_text(struct parse *p);

/* macro.c: what a call stands for; the call itself when it is no macro. */
struct node *macro_expand(struct parse *p, struct node *call);

#endif

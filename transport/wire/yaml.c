#include "transport/wire/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "runtime/base/collection/map.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml-private.h"

/* Longest plain scalar that is looked at for a number; longer ones are strings. */
#define NUMBER_BYTES 64U

/*
 * The library takes time that grows with the square of how deep lists stand in each other on one line, and a hundred bytes for a value of
 * one. So texts that could cost much are first gone through without keeping anything, up to where they are too deep or have too much.
 */
#define ROOT 1 /* a document's first node */
#define CHEAP_BYTES (64U * KIB)
#define CHEAP_BRACKETS 1000U
#define DEPTH_MAX ((int)LIMIT_NESTING + 1)

struct yaml {
	yaml_parser_t parser;
	struct str text;
	bool is_looked_at;
};

static bool is_cheap(struct str text)
{
	uint32_t brackets = 0;

	for (uint32_t i = 0; i < text.len; i++)
		brackets += text.at[i] == '[' || text.at[i] == '{';
	return text.len <= CHEAP_BYTES && brackets <= CHEAP_BRACKETS;
}

static int deeper_by(yaml_event_type_t type)
{
	return type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT ? 1
	       : type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT   ? -1
										     : 0;
}

/* What is no YAML is told by who reads it. */
enum status yaml_look(struct str text, struct fault *why)
{
	yaml_parser_t parser;
	uint32_t values = 0;
	int depth = 0;
	bool is_over = is_cheap(text);

	if (yaml_parser_initialize(&parser) == 0)
		abort(); /* a small allocation failed */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.at, text.len);
	while (!is_over && depth <= DEPTH_MAX && values <= YAML_VALUES_MAX) {
		yaml_event_t event;

		if (yaml_parser_parse(&parser, &event) == 0)
			break;
		is_over = event.type == YAML_STREAM_END_EVENT;
		depth += deeper_by(event.type);
		values++;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (depth > DEPTH_MAX)
		return fault_set(why, BAD_REQUEST, "", "yaml: nested too deep");
	if (values > YAML_VALUES_MAX)
		return fault_set(why, BAD_REQUEST, "", "yaml: more than %u values", YAML_VALUES_MAX);
	return OK;
}

struct yaml *yaml_open(struct str text)
{
	struct yaml *yaml = mem_new(struct yaml);

	if (yaml_parser_initialize(&yaml->parser) == 0)
		abort(); /* a small allocation failed */
	yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&yaml->parser, (const unsigned char *)text.at, text.len);
	yaml->text = text;
	return yaml;
}

void yaml_close(struct yaml *yaml)
{
	if (yaml == NULL)
		return;
	yaml_parser_delete(&yaml->parser);
	mem_free(yaml);
}

/*
 * Upstream's bound of what aliases may stand for, which is one of time, too: of so many values looked at only such a part may be
 * looked at again, less and less the more there are.
 */
#define ALIASED_FREE 100U
#define VISITS_FREE 1000U
#define RATIO_MOST 0.99
#define RATIO_LEAST 0.10
#define RATIO_MOST_UNTIL 400000U
#define RATIO_LEAST_FROM 4000000U

/* One document on its way to JSON. */
struct convert {
	yaml_document_t *document;
	struct text *out;
	struct fault *why;
	uint32_t visits, aliased; /* nodes looked at; those of them that stand behind an alias */
	uint32_t alias_depth;     /* 0: what is looked at stands where it was written */
	int last; /* nodes are numbered as they were written: those up to here have been looked at */
};

static enum status write_node(struct convert *c, int index, uint32_t depth);

static double allowed_ratio(uint32_t visits)
{
	if (visits <= RATIO_MOST_UNTIL)
		return RATIO_MOST;
	if (visits >= RATIO_LEAST_FROM)
		return RATIO_LEAST;
	return RATIO_MOST - (RATIO_MOST - RATIO_LEAST) * (visits - RATIO_MOST_UNTIL) /
				(RATIO_LEAST_FROM - RATIO_MOST_UNTIL);
}

/* Before each node; what is inside of an alias was looked at before, and the alias itself counts as one more. */
static enum status visit(struct convert *c, int index)
{
	bool is_alias = index <= c->last && c->alias_depth == 0;
	bool is_again = index <= c->last;

	c->last = is_again ? c->last : index;
	c->visits += 1 + is_alias;
	c->aliased += is_again;
	if (c->aliased > ALIASED_FREE && c->visits > VISITS_FREE &&
	    c->aliased > allowed_ratio(c->visits) * c->visits)
		return fault_set(c->why, BAD_REQUEST, "",
				 "yaml: document contains excessive aliasing");
	return OK;
}

static struct str scalar_of(const yaml_node_t *node)
{
	return str_of(node->data.scalar.value, node->data.scalar.length);
}

static bool is_one_of(struct str s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_is(s, *words))
			return true;
	return false;
}

/* The digits in this base, nothing behind them, within 64 bits. */
static bool read_digits(const char *at, uint32_t base, uint64_t *value)
{
	*value = 0;
	for (const char *from = at;; at++) {
		uint32_t digit = *at >= '0' && *at <= '9' ? (uint32_t)(*at - '0')
				 : (*at | 0x20) >= 'a' && (*at | 0x20) <= 'f'
				     ? (uint32_t)((*at | 0x20) - 'a' + 10)
				     : UINT32_MAX;
		if (digit >= base)
			return *at == '\0' && at > from;
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return false;
	}
}

/* Decimal, 0x, 0o, 0b, or octal with a leading 0; with a sign or without. */
static bool write_integer(struct text *out, const char *digits)
{
	bool is_negative = *digits == '-';
	const char *at = digits + (*digits == '-' || *digits == '+');
	uint32_t base = 10;
	uint64_t value;

	if (at[0] == '0' && at[1] != '\0') {
		char kind = at[1] | 0x20;
		base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
		at += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
	}
	if (!read_digits(at, base, &value) || (is_negative && value > (uint64_t)INT64_MAX + 1))
		return false;
	if (is_negative && value > 0)
		text_add_char(out, '-');
	text_add_u64(out, value);
	return true;
}

/* [-+] digits . digits exponent: what strtod takes and is not written as a word or in hexadecimal. */
static bool write_float(struct text *out, const char *digits)
{
	char *end;
	double value;

	if (strspn(digits, "0123456789+-.eE") != strlen(digits) ||
	    strpbrk(digits, "0123456789") == NULL)
		return false;
	value = strtod(digits, &end);
	if (*end != '\0' || !isfinite(value))
		return false;
	json_write_double(out, value);
	return true;
}

static bool write_number(struct text *out, struct str s)
{
	char digits[NUMBER_BYTES + 1];
	uint32_t len = 0;
	bool may_be = s.len > 0 && s.len <= NUMBER_BYTES && strchr("+-.0123456789", s.at[0]) != NULL;

	if (!may_be || memchr(s.at, '\0', s.len) != NULL)
		return false;
	for (uint32_t i = 0; i < s.len; i++)
		if (s.at[i] != '_')
			digits[len++] = s.at[i];
	digits[len] = '\0';
	return write_integer(out, digits) || write_float(out, digits);
}

void yaml_plain_to_json(struct text *out, struct str s)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", "y",  "Y",  "yes",
					     "Yes",  "YES",  "on",   "On", "ON", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", "n",   "N",   "no",
					      "No",    "NO",    "off",   "Off", "OFF", NULL };

	if (is_one_of(s, nulls))
		text_lit(out, "null");
	else if (is_one_of(s, trues))
		text_lit(out, "true");
	else if (is_one_of(s, falses))
		text_lit(out, "false");
	else if (!write_number(out, s))
		json_write_string(out, s);
}

/* The library gives untagged scalars the string tag, so a written `!!str` cannot be told apart and means plain, too. */
static void write_scalar(struct convert *c, const yaml_node_t *node)
{
	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		yaml_plain_to_json(c->out, scalar_of(node));
	else
		json_write_string(c->out, scalar_of(node));
}

/* Keys are strings in JSON: booleans and numbers are written as Go prints them. */
static enum status write_key(struct convert *c, const yaml_node_t *node)
{
	char buffer[NUMBER_BYTES + 1];
	struct text key = text_new(LIMIT_BODY_BYTES);

	if (node == NULL || node->type != YAML_SCALAR_NODE) {
		text_fini(&key);
		return fault_set(c->why, BAD_REQUEST, "", "yaml: a key is no scalar");
	}
	struct str s = scalar_of(node);
	bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && s.len < sizeof buffer;
	if (is_plain)
		yaml_plain_to_json(&key, s);
	if (is_plain && key.len > 0 && key.at[0] != '"' && !str_is(text_str(&key), "null"))
		json_write_string(c->out, text_str(&key));
	else
		json_write_string(c->out, s);
	text_fini(&key);
	return OK;
}

static const yaml_node_t *node_at(struct convert *c, int index)
{
	return yaml_document_get_node(c->document, index);
}

static void learn_keys(struct convert *c, const yaml_node_t *mapping, struct map *keys)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *node = node_at(c, pair->key);
		if (node != NULL && node->type == YAML_SCALAR_NODE)
			map_put(keys, scalar_of(node), c);
	}
}

static bool is_merge(const yaml_node_t *key)
{
	return key != NULL && key->type == YAML_SCALAR_NODE &&
	       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && str_is(scalar_of(key), "<<");
}

/* The pairs of a mapping; of one that is merged, those that are not among `over`, the keys of the one it is merged into. */
static enum status write_pairs(struct convert *c, const yaml_node_t *mapping,
			       const struct map *over, bool *is_first, uint32_t depth);

static enum status write_merged(struct convert *c, int index, const struct map *over,
				bool *is_first, uint32_t depth)
{
	const yaml_node_t *value = node_at(c, index);
	bool is_alias = index <= c->last;

	if (value == NULL || value->type != YAML_MAPPING_NODE)
		return fault_set(c->why, BAD_REQUEST, "",
				 "yaml: map merge requires map as the value");
	TRY(visit(c, index));
	c->alias_depth += is_alias;
	TRY(write_pairs(c, value, over, is_first, depth + 1));
	c->alias_depth -= is_alias;
	return OK;
}

static enum status write_pair(struct convert *c, const yaml_node_pair_t *pair,
			      const struct map *over, bool *is_first, uint32_t depth)
{
	const yaml_node_t *key = node_at(c, pair->key);

	TRY(visit(c, pair->key));
	if (over != NULL && key != NULL && key->type == YAML_SCALAR_NODE &&
	    map_has(over, scalar_of(key)))
		return OK;
	if (!*is_first)
		text_add_char(c->out, ',');
	*is_first = false;
	TRY(write_key(c, key));
	text_add_char(c->out, ':');
	return write_node(c, pair->value, depth + 1);
}

static enum status write_pairs(struct convert *c, const yaml_node_t *mapping,
			       const struct map *over, bool *is_first, uint32_t depth)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	enum status status = OK;
	struct map own = { 0 }; /* its keys, once they are asked for */

	if (depth >= LIMIT_NESTING)
		return fault_set(c->why, BAD_REQUEST, "", "yaml: nested too deep");
	for (; status == OK && pair < mapping->data.mapping.pairs.top && !c->out->is_cut; pair++) {
		bool is_merged = is_merge(node_at(c, pair->key));

		if (is_merged && over == NULL && own.len == 0)
			learn_keys(c, mapping, &own);
		status = is_merged ? write_merged(c, pair->value, over == NULL ? &own : over,
						  is_first, depth)
				   : write_pair(c, pair, over, is_first, depth);
	}
	map_fini(&own);
	return status;
}

static enum status write_items(struct convert *c, const yaml_node_t *sequence, uint32_t depth)
{
	const yaml_node_item_t *item = sequence->data.sequence.items.start;

	for (; item < sequence->data.sequence.items.top && !c->out->is_cut; item++) {
		if (item > sequence->data.sequence.items.start)
			text_add_char(c->out, ',');
		TRY(write_node(c, *item, depth + 1));
	}
	return OK;
}

static enum status write_inside(struct convert *c, const yaml_node_t *node, uint32_t depth)
{
	bool is_first = true;

	switch (node == NULL ? YAML_NO_NODE : node->type) {
	case YAML_SCALAR_NODE: write_scalar(c, node); return OK;
	case YAML_SEQUENCE_NODE:
		text_add_char(c->out, '[');
		TRY(write_items(c, node, depth));
		text_add_char(c->out, ']');
		return OK;
	case YAML_MAPPING_NODE:
		text_add_char(c->out, '{');
		TRY(write_pairs(c, node, NULL, &is_first, depth));
		text_add_char(c->out, '}');
		return OK;
	case YAML_NO_NODE: break;
	}
	text_lit(c->out, "null");
	return OK;
}

static enum status write_node(struct convert *c, int index, uint32_t depth)
{
	bool is_alias = index <= c->last;

	if (depth > LIMIT_NESTING)
		return fault_set(c->why, BAD_REQUEST, "", "yaml: nested too deep");
	TRY(visit(c, index));
	c->alias_depth += is_alias;
	TRY(write_inside(c, node_at(c, index), depth));
	c->alias_depth -= is_alias;
	return OK;
}

/* As Go's library says it. */
static enum status parser_fault(const yaml_parser_t *parser, struct fault *why)
{
	if (parser->error == YAML_READER_ERROR)
		return fault_set(why, BAD_REQUEST, "", "yaml: %s", parser->problem);
	return fault_set(why, BAD_REQUEST, "", "yaml: line %zu: %s", parser->problem_mark.line + 1,
			 parser->problem == NULL ? "no YAML" : parser->problem);
}

static bool is_null(const yaml_node_t *root)
{
	return root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0 &&
	       root->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

enum status yaml_next(struct yaml *yaml, struct text *out, struct fault *why)
{
	if (!yaml->is_looked_at)
		TRY(yaml_look(yaml->text, why));
	yaml->is_looked_at = true;
	for (;;) {
		yaml_document_t document;
		struct convert c = { .document = &document, .out = out, .why = why };

		if (yaml_parser_load(&yaml->parser, &document) == 0)
			return parser_fault(&yaml->parser, why);
		const yaml_node_t *root = yaml_document_get_root_node(&document);
		bool is_end = root == NULL, is_empty = root != NULL && is_null(root);
		enum status status = is_end || is_empty ? OK : write_node(&c, ROOT, 0);
		yaml_document_delete(&document);
		if (is_end)
			return NOT_FOUND;
		if (is_empty)
			continue;
		if (status == OK && out->is_cut)
			status = fault_set(why, TOO_LARGE, "",
					   "the document is larger than %u bytes", out->max);
		return status;
	}
}

enum status yaml_to_json(struct str text, struct text *out, struct fault *why)
{
	struct yaml *yaml = yaml_open(text);
	struct text rest = text_new(KIB);
	enum status status = yaml_next(yaml, out, why);

	if (status == NOT_FOUND) {
		text_lit(out, "null");
		status = OK;
	} else if (status == OK) {
		enum status more = yaml_next(yaml, &rest, why);
		if (more != NOT_FOUND)
			status = fault_set(why, BAD_REQUEST, "", "yaml: more than one document");
	}
	text_fini(&rest);
	yaml_close(yaml);
	return status;
}

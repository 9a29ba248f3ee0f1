#include <stdlib.h>
#include <yaml.h>

#include "runtime/base/collection/map.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml-private.h"
#include "transport/wire/yaml.h"

/*
 * Keys that a mapping has twice. Inner mappings are told of before the one they are in, as a decoder meets them.
 */

struct search {
	yaml_document_t *document;
	struct text *out;
	uint32_t nodes_left; /* anchors can make few bytes into many nodes */
};

static void search_node(struct search *s, const yaml_node_t *node, uint32_t depth);

/* As JSON, so that 1 and "1" are two. */
static void print_key(const yaml_node_t *key, struct text *out)
{
	struct str s = str_of(key->data.scalar.value, key->data.scalar.length);

	if (key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		yaml_plain_to_json(out, s);
	else
		json_write_string(out, s);
}

static void see_key(struct search *s, struct map *seen, const yaml_node_t *key,
		    const yaml_node_t *value)
{
	struct text printed = text_new(LIMIT_BODY_BYTES);

	print_key(key, &printed);
	if (map_put(seen, text_str(&printed), s) != NULL)
		text_printf(s->out, "line %zu: key %.*s already set in map\n",
			    value->start_mark.line + 1, (int)printed.len, printed.at);
	text_fini(&printed);
}

static void search_mapping(struct search *s, const yaml_node_t *mapping, uint32_t depth)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	struct map seen = { 0 };

	for (; pair < mapping->data.mapping.pairs.top && s->nodes_left > 0; pair++) {
		const yaml_node_t *key = yaml_document_get_node(s->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(s->document, pair->value);

		search_node(s, value, depth + 1);
		if (key != NULL && key->type == YAML_SCALAR_NODE && value != NULL)
			see_key(s, &seen, key, value);
	}
	map_fini(&seen);
}

static void search_node(struct search *s, const yaml_node_t *node, uint32_t depth)
{
	if (node == NULL || depth > LIMIT_NESTING || s->nodes_left == 0 || s->out->is_cut)
		return;
	s->nodes_left--;
	if (node->type == YAML_MAPPING_NODE) {
		search_mapping(s, node, depth);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *item = node->data.sequence.items.start;

		for (; item < node->data.sequence.items.top; item++)
			search_node(s, yaml_document_get_node(s->document, *item), depth + 1);
	}
}

void yaml_doubles(struct str text, struct text *out)
{
	yaml_parser_t parser;
	yaml_document_t document;

	if (yaml_look(text, NULL) != OK)
		return;
	if (yaml_parser_initialize(&parser) == 0)
		abort(); /* a small allocation failed */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.at, text.len);
	if (yaml_parser_load(&parser, &document) != 0) {
		struct search s = { .document = &document,
				    .out = out,
				    .nodes_left = YAML_VALUES_MAX };

		search_node(&s, yaml_document_get_root_node(&document), 0);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
}

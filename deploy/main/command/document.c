#include "deploy/main/command/document.h"

#include "transport/wire/json.h"

/* What stands in front of a value: the comma or the indentation, and its key. */
static void lead(struct document *doc, const char *key)
{
	uint32_t depth = doc->depth;
	bool is_first = !doc->has_items[depth];

	doc->has_items[depth] = true;
	if (doc->form == DOCUMENT_JSON) {
		if (!is_first)
			text_add_char(doc->out, ',');
		if (key != NULL)
			text_printf(doc->out, "\"%s\":", key);
		return;
	}
	/* The first member of an object in a list stands behind the dash. */
	if (!(is_first && depth > 0 && doc->is_list[depth - 1] && !doc->is_list[depth]))
		text_printf(doc->out, "%*s", (int)depth * 2, "");
	if (key != NULL)
		text_printf(doc->out, "%s:", key);
	else
		text_lit(doc->out, "-");
}

static void open_level(struct document *doc, const char *key, bool is_list)
{
	assert(doc->depth + 1 < DOCUMENT_DEPTH_MAX);
	lead(doc, key);
	if (doc->form == DOCUMENT_JSON)
		text_add_char(doc->out, is_list ? '[' : '{');
	else if (key != NULL)
		text_add_char(doc->out, '\n');
	else
		text_add_char(doc->out, ' ');
	doc->depth++;
	doc->is_list[doc->depth] = is_list;
	doc->has_items[doc->depth] = false;
}

struct document document_in(struct text *out, enum document_form form)
{
	if (form == DOCUMENT_JSON)
		text_add_char(out, '{');
	return (struct document){ .out = out, .form = form };
}

void document_object(struct document *doc, const char *key)
{
	open_level(doc, key, false);
}

void document_list(struct document *doc, const char *key)
{
	open_level(doc, key, true);
}

void document_close(struct document *doc)
{
	bool is_list = doc->is_list[doc->depth], is_empty = !doc->has_items[doc->depth];

	assert(doc->depth > 0);
	if (doc->form == DOCUMENT_JSON) {
		text_add_char(doc->out, is_list ? ']' : '}');
	} else if (is_empty) {
		/* `key:` alone would be null: the brackets go where the line had ended. */
		doc->out->len--;
		text_add(doc->out, is_list ? STR(" []\n") : STR(" {}\n"));
	}
	doc->depth--;
}

void document_str(struct document *doc, const char *key, struct str value)
{
	lead(doc, key);
	if (doc->form == DOCUMENT_YAML)
		text_add_char(doc->out, ' ');
	if (value.at == NULL)
		text_lit(doc->out, "null");
	else
		json_write_string(doc->out, value);
	if (doc->form == DOCUMENT_YAML)
		text_add_char(doc->out, '\n');
}

static void plain(struct document *doc, const char *key, struct str value)
{
	lead(doc, key);
	if (doc->form == DOCUMENT_YAML)
		text_add_char(doc->out, ' ');
	text_add(doc->out, value);
	if (doc->form == DOCUMENT_YAML)
		text_add_char(doc->out, '\n');
}

void document_u64(struct document *doc, const char *key, uint64_t value)
{
	struct text number = text_new(24);

	text_add_u64(&number, value);
	plain(doc, key, text_str(&number));
	text_fini(&number);
}

void document_tenths(struct document *doc, const char *key, double value)
{
	struct text number = text_new(24);

	text_printf(&number, "%.1f", value);
	plain(doc, key, text_str(&number));
	text_fini(&number);
}

void document_bool(struct document *doc, const char *key, bool value)
{
	plain(doc, key, value ? STR("true") : STR("false"));
}

void document_end(struct document *doc)
{
	assert(doc->depth == 0);
	if (doc->form == DOCUMENT_JSON)
		text_lit(doc->out, "}\n");
}

#include "datastore/object/apply/fields-private.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

/*
 * Sets as text: fieldsV1, `{"f:spec":{"f:replicas":{}}}`, where "." among the members of a node says that it is owned itself, and a
 * node without members is owned; and paths for people.
 */

#define PATH_BYTES_MAX (64U * KIB)

/* ---- written ------------------------------------------------------------------------------------------------------ */

static bool is_plain(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' ||
		    c == '&')
			return false;
	}
	return true;
}

static void write_step(struct fields_step step, struct text *out)
{
	static const char letters[] = { 'f', 'k', 'v', 'i' };
	struct text whole;

	if (is_plain(step.text)) {
		text_add_char(out, '"');
		text_add_char(out, letters[step.kind]);
		text_add_char(out, ':');
		text_add(out, step.text);
		text_add_char(out, '"');
		return;
	}
	whole = text_new(step.text.len + 2);
	text_add_char(&whole, letters[step.kind]);
	text_add_char(&whole, ':');
	text_add(&whole, step.text);
	json_write_string(out, text_str(&whole));
	text_fini(&whole);
}

static void write_nodes(struct fields set, bool is_owned, struct text *out)
{
	text_add_char(out, '{');
	if (is_owned && set.len > 0)
		text_lit(out, "\".\":{},");
	for (uint32_t i = 0; i < set.len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		write_step(set.at[i].step, out);
		text_add_char(out, ':');
		write_nodes(set.at[i].below, set.at[i].is_owned, out);
	}
	text_add_char(out, '}');
}

void fields_write(struct fields set, struct text *out)
{
	write_nodes(set, false, out);
}

/* ---- read ----------------------------------------------------------------------------------------------------------- */

/* One object of the text. It is owned when it says so, or says nothing. */
static bool read_nodes(struct json *in, struct arena *arena, struct fields *out, bool *is_owned)
{
	struct fields_builder builder = { .arena = arena };
	struct str name;

	*is_owned = false;
	if (json_peek(in) != JSON_OBJECT)
		return false;
	for (json_enter(in); json_member(in, arena, &name);) {
		struct fields_step step;
		struct fields below;
		enum fields_step_found found;
		bool is_below_owned;

		if (str_is(name, ".")) {
			*is_owned = true;
			if (json_peek(in) == JSON_BAD || !json_skip(in, NULL))
				return false;
			continue;
		}
		found = fields_step_parse(name, arena, &step);
		if (found == FIELDS_STEP_BAD)
			return false;
		if (found == FIELDS_STEP_UNKNOWN) {
			if (json_peek(in) == JSON_BAD || !json_skip(in, NULL))
				return false;
			continue;
		}
		if (!read_nodes(in, arena, &below, &is_below_owned))
			return false;
		fields_add(&builder, step, is_below_owned, below);
	}
	*out = fields_built(&builder);
	*is_owned |= out->len == 0;
	return !in->is_bad;
}

enum status fields_parse(struct str json, struct arena *arena, struct fields *out, struct fault *why)
{
	struct json in = json_of(json);
	struct fields set = { 0 };
	bool is_owned;

	if (!read_nodes(&in, arena, &set, &is_owned))
		return in.is_bad ? json_fault(&in, why)
				 : fault_set(why, BAD_REQUEST, "", "not a set of fields");
	TRY(json_end(&in, why));
	*out = set;
	return OK;
}

/* ---- paths ------------------------------------------------------------------------------------------------------------ */

struct paths {
	struct arena *arena;
	struct str *at;
	uint32_t len, cap;
};

static void add_path(struct paths *paths, struct str path)
{
	if (paths->len == paths->cap) {
		uint32_t cap = paths->cap == 0 ? 8 : 2 * paths->cap;

		paths->at = arena_grow(paths->arena, paths->at, sizeof *paths->at * paths->cap,
				       sizeof *paths->at * cap);
		paths->cap = cap;
	}
	paths->at[paths->len++] = path;
}

static struct str path_of(struct paths *paths, struct str prefix, struct fields_step step)
{
	struct text text = text_in(paths->arena, PATH_BYTES_MAX);

	text_add(&text, prefix);
	fields_step_print(step, paths->arena, &text);
	return text_str(&text);
}

static void add_paths(struct paths *paths, struct str prefix, struct fields set)
{
	for (uint32_t i = 0; i < set.len; i++)
		if (set.at[i].is_owned)
			add_path(paths, path_of(paths, prefix, set.at[i].step));
	for (uint32_t i = 0; i < set.len; i++)
		if (set.at[i].below.len > 0)
			add_paths(paths, path_of(paths, prefix, set.at[i].step), set.at[i].below);
}

struct str *fields_paths(struct fields set, struct arena *arena, uint32_t *count)
{
	struct paths paths = { .arena = arena };

	add_paths(&paths, STR(""), set);
	*count = paths.len;
	return paths.at;
}

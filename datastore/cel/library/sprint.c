#include "datastore/cel/library/sprint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "datastore/cel/library/show.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"
#include "transport/wire/utf8.h"

#define PRECISION_DEFAULT 6U
#define PRECISION_MAX \
	1000U /* upstream has none; a thousand decimals are those of a double and more */

/* ---- clauses -------------------------------------------------------------------------------------------------- */

static struct sprint_clause wrong(struct str words)
{
	return (struct sprint_clause){ .letter = '?', .words = words };
}

static bool read_precision(struct str format, uint32_t *at, uint32_t *out)
{
	uint32_t begin = *at, number = 0;

	while (*at < format.len && format.at[*at] >= '0' && format.at[*at] <= '9') {
		number = number * 10 + (uint32_t)(format.at[*at] - '0');
		if (number > PRECISION_MAX)
			number = PRECISION_MAX + 1;
		(*at)++;
	}
	*out = number;
	return *at > begin && *at < format.len && number <= PRECISION_MAX;
}

struct sprint_clause sprint_next(struct str format, uint32_t *at, struct arena *arena)
{
	struct sprint_clause out = { .precision = PRECISION_DEFAULT };

	for (;; (*at)++) {
		int64_t found =
		    *at < format.len ? str_find_char(str_slice(format, *at, format.len), '%') : -1;

		if (found < 0)
			return out;
		*at += (uint32_t)found + 1;
		if (*at >= format.len)
			return wrong(STR("unexpected end of string"));
		if (format.at[*at] != '%')
			break;
	}
	if (format.at[*at] == '.') {
		(*at)++;
		if (!read_precision(format, at, &out.precision))
			return wrong(STR("could not parse formatting clause: error while parsing "
					 "precision: could not find end of precision specifier"));
	}
	out.letter = format.at[(*at)++];
	if (strchr("sdfebxXo", out.letter) == NULL)
		out.words = arena_printf(
		    arena,
		    "could not parse formatting clause: unrecognized formatting clause \"%c\"",
		    out.letter);
	return out;
}

static bool takes(char letter, enum cel_kind kind)
{
	bool is_integer = kind == CEL_INT || kind == CEL_UINT;

	switch (letter) {
	case 'd':
	case 'o': return is_integer;
	case 'b': return is_integer || kind == CEL_BOOL;
	case 'x':
	case 'X': return is_integer || kind == CEL_STRING || kind == CEL_BYTES;
	case 'f':
	case 'e': return kind == CEL_DOUBLE;
	default: return kind >= CEL_NULL && kind <= CEL_TYPE && kind != CEL_OBJECT;
	}
}

struct str sprint_refuses(char letter, enum cel_kind kind, struct str type_name, struct arena *arena)
{
	const char *words;

	if (kind == CEL_DYN || kind == CEL_ERROR || kind == CEL_PARAM || takes(letter, kind))
		return STR_NONE;
	switch (letter) {
	case 'd': words = "decimal clause can only be used on integers"; break;
	case 'o': words = "octal clause can only be used on integers"; break;
	case 'b': words = "only integers and bools can be formatted as binary"; break;
	case 'x':
	case 'X': words = "only integers, byte buffers, and strings can be formatted as hex"; break;
	case 'f': words = "fixed-point clause can only be used on doubles"; break;
	case 'e': words = "scientific clause can only be used on doubles"; break;
	default:
		words = "string clause can only be used on strings, bools, bytes, ints, doubles, "
			"maps, lists, types, durations, and timestamps";
	}
	return arena_printf(arena, "error during formatting: %s, was given " STR_FMT, words,
			    STR_ARG(type_name));
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

struct printing {
	struct cel_call *call;
	struct text out;
	bool has_failed;
};

static void print_value(struct printing *p, struct cel_value value, bool is_inner, uint32_t depth);

static void print_list(struct printing *p, const struct cel_list *list, uint32_t depth)
{
	text_add_char(&p->out, '[');
	for (uint32_t i = 0; i < list->len && !p->out.is_cut; i++) {
		if (i > 0)
			text_lit(&p->out, ", ");
		print_value(p, cel_list_item(list, i, p->call->arena), true, depth);
	}
	text_add_char(&p->out, ']');
}

struct printed_entry {
	struct str key;
	struct cel_value value;
};

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct printed_entry *)a)->key,
		       ((const struct printed_entry *)b)->key);
}

/* By what its keys look like. */
static void print_map(struct printing *p, const struct cel_map *map, uint32_t depth)
{
	struct arena *arena = p->call->arena;
	struct printed_entry *entries = arena_array(arena, struct printed_entry, map->len);
	struct text out = p->out;

	for (uint32_t i = 0; i < map->len; i++) {
		struct cel_value key;

		p->out = text_in(arena, out.max);
		map->entry(map, i, arena, &key, &entries[i].value);
		print_value(p, key, true, depth);
		entries[i].key = text_str(&p->out);
	}
	p->out = out;
	if (map->len > 1)
		qsort(entries, map->len, sizeof *entries, by_key);
	text_add_char(&p->out, '{');
	for (uint32_t i = 0; i < map->len && !p->out.is_cut; i++) {
		if (i > 0)
			text_lit(&p->out, ", ");
		text_add(&p->out, entries[i].key);
		text_add_char(&p->out, ':');
		print_value(p, entries[i].value, true, depth);
	}
	text_add_char(&p->out, '}');
}

/* Within a list or map it looks as an expression would write it. */
static void print_inner(struct printing *p, struct cel_value value)
{
	struct arena *arena = p->call->arena;
	struct str plain = STR("");

	switch (value.kind) {
	case CEL_STRING: text_add(&p->out, name_quoted(arena, value.text)); return;
	case CEL_BYTES:
		text_add_char(&p->out, 'b');
		text_add(&p->out, name_quoted(arena, value.text));
		return;
	case CEL_DOUBLE:
		if (isfinite(value.number))
			text_printf(&p->out, "%.6f", value.number);
		else
			text_add(&p->out, name_quoted(arena, show_double(value.number, arena)));
		return;
	case CEL_TIMESTAMP:
	case CEL_DURATION:
		p->has_failed |= !show_plain(value, arena, &plain);
		text_printf(&p->out, "%s(\"" STR_FMT "\")",
			    value.kind == CEL_DURATION ? "duration" : "timestamp", STR_ARG(plain));
		return;
	default: p->has_failed |= !show_plain(value, arena, &plain); text_add(&p->out, plain);
	}
}

static void print_value(struct printing *p, struct cel_value value, bool is_inner, uint32_t depth)
{
	struct str plain = STR("");

	if (depth > LIMIT_NESTING) {
		p->has_failed = true;
	} else if (value.kind == CEL_LIST) {
		print_list(p, value.list, depth + 1);
	} else if (value.kind == CEL_MAP) {
		print_map(p, value.map, depth + 1);
	} else if (is_inner) {
		print_inner(p, value);
	} else {
		p->has_failed |= !show_plain(value, p->call->arena, &plain);
		text_add(&p->out, plain);
	}
}

static void print_base(struct text *out, struct cel_value value, unsigned base)
{
	bool is_negative = value.kind == CEL_INT && value.integer < 0;
	uint64_t rest = is_negative ? 0 - (uint64_t)value.integer : value.natural;
	char digits[65];
	uint32_t at = sizeof digits;

	if (value.kind == CEL_BOOL)
		rest = value.is_true;
	do
		digits[--at] = (char)('0' + rest % base);
	while ((rest /= base) > 0);
	if (is_negative)
		text_add_char(out, '-');
	text_add_bytes(out, digits + at, sizeof digits - at);
}

static void print_hex(struct text *out, struct cel_value value, bool is_upper)
{
	if (value.kind == CEL_INT || value.kind == CEL_UINT) {
		bool is_negative = value.kind == CEL_INT && value.integer < 0;

		text_printf(out, is_upper ? "%s%llX" : "%s%llx", is_negative ? "-" : "",
			    (unsigned long long)(is_negative ? 0 - (uint64_t)value.integer
							     : value.natural));
		return;
	}
	for (uint32_t i = 0; i < value.text.len; i++)
		text_printf(out, is_upper ? "%02X" : "%02x", (unsigned char)value.text.at[i]);
}

/* As upstream's printer for people shows it: 1.234568×10⁰⁴. */
static void print_scientific(struct text *out, double number, uint32_t precision)
{
	static const char *const raised[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
	char text[PRECISION_MAX + 32];
	char *e;

	if (!isfinite(number)) {
		text_add(out, isnan(number) ? STR("NaN") : number > 0 ? STR("∞") : STR("-∞"));
		return;
	}
	snprintf(text, sizeof text, "%.*e", (int)precision, number);
	e = strchr(text, 'e');
	text_add_bytes(out, text, (size_t)(e - text));
	text_lit(out, "×10");
	for (e++; *e != '\0'; e++)
		if (*e == '-')
			text_lit(out, "⁻");
		else if (*e >= '0' && *e <= '9')
			text_add(out, str_from(raised[*e - '0']));
}

/* Thousands have commas between them, as upstream's printer makes them. */
static void print_fixed(struct text *out, double number, uint32_t precision)
{
	char text[PRECISION_MAX + 400];
	uint32_t whole = 0;

	if (!isfinite(number)) {
		text_add(out, isnan(number) ? STR("NaN") : number > 0 ? STR("∞") : STR("-∞"));
		return;
	}
	snprintf(text, sizeof text, "%.*f", (int)precision, signbit(number) ? -number : number);
	if (signbit(number))
		text_add_char(out, '-');
	while (text[whole] != '\0' && text[whole] != '.')
		whole++;
	for (uint32_t i = 0; i < whole; i++) {
		text_add_char(out, text[i]);
		if ((whole - i) % 3 == 1 && i + 1 < whole)
			text_add_char(out, ',');
	}
	text_add(out, str_from(text + whole));
}

static void print_clause(struct printing *p, struct sprint_clause clause, struct cel_value value)
{
	switch (clause.letter) {
	case 'd': {
		struct str plain = STR("");

		p->has_failed |= !show_plain(value, p->call->arena, &plain);
		text_add(&p->out, plain);
		return;
	}
	case 'o': print_base(&p->out, value, 8); return;
	case 'b': print_base(&p->out, value, 2); return;
	case 'x':
	case 'X': print_hex(&p->out, value, clause.letter == 'X'); return;
	case 'f': print_fixed(&p->out, value.number, clause.precision); return;
	case 'e': print_scientific(&p->out, value.number, clause.precision); return;
	default: print_value(p, value, false, 0);
	}
}

/* The text between two clauses: `%%` is one. */
static void print_text(struct text *out, struct str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		text_add_char(out, text.at[i]);
		if (text.at[i] == '%')
			i++;
	}
}

static struct str next_text(struct str format, uint32_t from)
{
	uint32_t at = from;

	while (at < format.len &&
	       (format.at[at] != '%' || (at + 1 < format.len && format.at[at + 1] == '%')))
		at += format.at[at] == '%' ? 2 : 1;
	return str_slice(format, from, at);
}

struct cel_value sprint_call(struct cel_call *call, const struct cel_value *args)
{
	struct str format = args[0].text;
	const struct cel_list *list = args[1].list;
	struct cel_value refused;
	struct printing p = { .call = call };
	struct sprint_clause clause;
	uint32_t used = 0;
	size_t taken = arena_size(call->arena) - call->begin_bytes;

	if (!cel_call_room(call, format.len, &refused))
		return refused;
	p.out = text_in(call->arena, (uint32_t)(call->max_bytes - taken));
	for (uint32_t at = 0;; used++) {
		struct cel_value value;
		struct str words;

		print_text(&p.out, next_text(format, at));
		clause = sprint_next(format, &at, call->arena);
		if (clause.letter == 0)
			break;
		if (used >= list->len)
			return cel_value_error(call->arena, "index %u out of range", used);
		if (clause.words.at != NULL)
			return cel_value_error(call->arena, STR_FMT, STR_ARG(clause.words));
		value = cel_list_item(list, used, call->arena);
		words = sprint_refuses(clause.letter, value.kind,
				       cel_type_name(cel_value_type(value)), call->arena);
		if (words.at != NULL)
			return cel_value_error(call->arena, STR_FMT, STR_ARG(words));
		print_clause(&p, clause, value);
		if (p.has_failed)
			return cel_value_error(call->arena, "error during formatting: could not "
							    "convert argument to string");
		if (p.out.is_cut || !cel_call_room(call, 0, &refused))
			return cel_value_error(call->arena,
					       "operation cancelled: memory limit exceeded");
	}
	return cel_string(text_str(&p.out));
}

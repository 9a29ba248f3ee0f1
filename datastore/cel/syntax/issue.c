#include "datastore/cel/syntax/issue.h"

#include <stdarg.h>

#include "runtime/base/limits.h"
#include "runtime/base/text.h"
#include "transport/wire/utf8.h"

#define SHOWN_BYTES_MAX (256U * KIB)
#define LINE_BYTES_MAX (16U * KIB) /* upstream shows no longer lines */

void issues_add(struct issues *issues, uint32_t at, const char *format, ...)
{
	va_list args;

	if (issues->len == ISSUES_MAX)
		return;
	if (issues->at == NULL)
		issues->at = arena_array(issues->arena, struct issue, ISSUES_MAX);
	va_start(args, format);
	issues->at[issues->len++] = (struct issue){ at, arena_vprintf(issues->arena, format, args) };
	va_end(args);
}

/* Stable, so that two of one place stay in the order in which they were found. */
static void sort(struct issue *at, uint32_t len)
{
	for (uint32_t i = 1; i < len; i++)
		for (uint32_t k = i; k > 0 && at[k].at < at[k - 1].at; k--) {
			struct issue other = at[k];

			at[k] = at[k - 1];
			at[k - 1] = other;
		}
}

static uint32_t line_begin(struct str source, uint32_t at)
{
	while (at > 0 && source.at[at - 1] != '\n')
		at--;
	return at;
}

static uint32_t character(struct str source, uint32_t at)
{
	uint32_t code, len = 0;

	if (at < source.len)
		len = utf8_decode(source.at + at, source.at + source.len, &code);
	return len > 0 ? len : 1;
}

/* The line and a mark below the place; wide characters have wide dots. */
static void show_line(struct text *out, struct str source, uint32_t begin, uint32_t at)
{
	uint32_t end = begin;

	while (end < source.len && source.at[end] != '\n')
		end++;
	if (end - begin > LINE_BYTES_MAX)
		return;
	text_lit(out, "\n | ");
	for (uint32_t i = begin; i < end; i++)
		text_add_char(out, source.at[i] == '\t' ? ' ' : source.at[i]);
	text_lit(out, "\n | ");
	for (uint32_t i = begin; i < at; i += character(source, i))
		text_add(out, character(source, i) > 1 ? STR("\uff0e") : STR("."));
	text_add(out, character(source, at) > 1 ? STR("\uff3e") : STR("^"));
}

static void show(struct text *out, struct str source, const struct issue *issue)
{
	uint32_t at = issue->at < source.len ? issue->at : source.len;
	uint32_t begin = line_begin(source, at), line = 1, column = 1;

	if (issue->at == ISSUE_NOWHERE) {
		text_printf(out, "ERROR: <input>:-1:0: " STR_FMT, STR_ARG(issue->words));
		return;
	}
	if (source.len == 0) {
		text_printf(out, "ERROR: <input>:1:0: " STR_FMT, STR_ARG(issue->words));
		return;
	}
	for (uint32_t i = 0; i < begin; i++)
		line += source.at[i] == '\n';
	for (uint32_t i = begin; i < at; i += character(source, i))
		column++;
	text_printf(out, "ERROR: <input>:%u:%u: " STR_FMT, line, column, STR_ARG(issue->words));
	show_line(out, source, begin, at);
}

struct str issues_shown(const struct issues *issues, struct str source)
{
	struct text out = text_in(issues->arena, SHOWN_BYTES_MAX);

	sort(issues->at, issues->len);
	for (uint32_t i = 0; i < issues->len; i++) {
		if (i > 0)
			text_add_char(&out, '\n');
		show(&out, source, &issues->at[i]);
	}
	return text_str(&out);
}

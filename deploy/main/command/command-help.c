#include <stdio.h>
#include <string.h>

#include "deploy/main/command/command.h"

/*
 * What help prints: what is typed on the left, what it does beside it, in lines that a terminal has room for.
 */

#define WIDTH 100U
#define OPTION_COLUMN 32U
#define COMMAND_COLUMN 24U
#define LEFT_BYTES 128U /* of what is typed */

static void indent(struct text *out, uint32_t column)
{
	text_printf(out, "%*s", (int)column, "");
}

/* `words` from `column` on, the cursor being at `at`; further lines begin there, too. */
static void add_words(struct text *out, const char *words, uint32_t column, uint32_t at)
{
	struct str rest = str_from(words);

	while (rest.len > 0) {
		struct str word = str_cut(&rest, ' ');

		if (at > column && at + 1 + word.len > WIDTH) {
			text_lit(out, "\n");
			indent(out, column);
			at = column;
		} else if (at > column) {
			text_lit(out, " ");
			at++;
		}
		text_add(out, word);
		at += word.len;
	}
	text_lit(out, "\n");
}

/* Where what is typed leaves no room, what it does begins on the next line. */
static void add_row(struct text *out, const char *left, uint32_t column, const char *words)
{
	size_t len = 2 + strlen(left);

	text_printf(out, "  %s", left);
	if (len + 2 > column) {
		text_lit(out, "\n");
		len = 0;
	}
	indent(out, column - (uint32_t)len);
	add_words(out, words, column, column);
}

static void add_option(struct text *out, const struct option *option)
{
	bool has_fallback =
	    option->fallback != NULL && option->kind != OPTION_FLAG && option->fallback[0] != '\0';
	const char *value = option->kind == OPTION_FLAG     ? ""
			    : option->kind == OPTION_CHOICE ? option->choices
			    : option->value != NULL         ? option->value
							    : "VALUE";
	char left[LEFT_BYTES], letter[8] = "", words[KIB];

	if (option->letter != 0)
		snprintf(letter, sizeof letter, "-%c, ", option->letter);
	snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, value[0] ? " " : "", value);
	snprintf(words, sizeof words, "%s%s%s%s", option->help, has_fallback ? " (default " : "",
		 has_fallback ? option->fallback : "", has_fallback ? ")" : "");
	add_row(out, left, OPTION_COLUMN, words);
}

static void help_one(const struct command *command, struct text *out)
{
	const struct option *option = command_option(command, 0);

	text_printf(out, "troupe %s%s%s%s\n\n", command->name, command->arguments[0] ? " " : "",
		    command->arguments, option != NULL ? " [options]" : "");
	add_words(out, command->help, 0, 0);
	if (option != NULL && option->group == NULL)
		text_lit(out, "\nOptions:\n");
	for (int i = 0; (option = command_option(command, i)) != NULL; i++) {
		if (option->group != NULL)
			text_printf(out, "\n%s:\n", option->group);
		add_option(out, option);
	}
}

void command_help(const struct command *commands, const struct command *one, struct text *out)
{
	if (one != NULL) {
		help_one(one, out);
		return;
	}
	text_lit(out, "troupe: a highly available Kubernetes control plane made of actors.\n");
	if (commands->group == NULL)
		text_lit(out, "\n");
	for (const struct command *c = commands; c->name != NULL; c++) {
		char left[LEFT_BYTES];

		if (c->is_internal)
			continue;
		if (c->group != NULL)
			text_printf(out, "\n%s:\n", c->group);
		snprintf(left, sizeof left, "%s%s%s", c->name, c->arguments[0] ? " " : "",
			 c->arguments);
		add_row(out, left, COMMAND_COLUMN, c->help);
	}
	text_lit(out, "\n`troupe help COMMAND` lists the options of one.\n");
}

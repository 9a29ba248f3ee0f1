#include "deploy/main/command/command.h"

#include <stdarg.h>
#include <stdio.h>

const struct option *command_option(const struct command *command, int i)
{
	int own = 0;

	while (command->options != NULL && command->options[own].name != NULL)
		own++;
	assert(own <= COMMAND_OPTIONS_MAX);
	if (i < own)
		return &command->options[i];
	return command->more != NULL && command->more[i - own].name != NULL
		   ? &command->more[i - own]
		   : NULL;
}

static int option_index(const struct command *command, struct str name)
{
	const struct option *option;

	for (int i = 0; (option = command_option(command, i)) != NULL; i++)
		if (str_is(name, option->name) || (name.len == 1 && name.at[0] == option->letter))
			return i;
	return -1;
}

/* Edit distance with a bound on both lengths: enough to find what a slip of the finger meant. */
static uint32_t distance(struct str a, struct str b)
{
	enum { LONGEST = 31 };
	uint32_t row[LONGEST + 1];

	if (a.len > LONGEST || b.len > LONGEST)
		return UINT32_MAX;
	for (uint32_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (uint32_t i = 1; i <= a.len; i++) {
		uint32_t diagonal = row[0];

		row[0] = i;
		for (uint32_t j = 1; j <= b.len; j++) {
			uint32_t best = diagonal + (a.at[i - 1] != b.at[j - 1]);

			diagonal = row[j];
			best = best < row[j] + 1 ? best : row[j] + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
		}
	}
	return row[b.len];
}

/* Of a short word a slip changes less than half; else it is another word. */
static uint32_t slip(struct str said, const char *meant)
{
	uint32_t changes = distance(said, str_from(meant));

	return changes != UINT32_MAX && 2 * changes <= said.len + 1 ? changes : UINT32_MAX;
}

static const char *nearest_command(const struct command *commands, struct str name)
{
	const char *best = NULL;
	uint32_t least = 3;

	for (const struct command *c = commands; c->name != NULL; c++) {
		uint32_t d = c->is_internal ? UINT32_MAX : slip(name, c->name);

		if (d < least) {
			least = d;
			best = c->name;
		}
	}
	return best;
}

static const char *nearest_option(const struct command *command, struct str name)
{
	const struct option *option;
	const char *best = NULL;
	uint32_t least = 4;

	for (int i = 0; (option = command_option(command, i)) != NULL; i++) {
		uint32_t d = slip(name, option->name);

		if (d < least) {
			least = d;
			best = option->name;
		}
	}
	return best;
}

static enum status check_value(const struct option *option, const char *value, struct fault *why)
{
	struct str text = str_from(value);
	int64_t number;

	switch (option->kind) {
	case OPTION_NUMBER:
		if (str_to_i64(text, &number) != OK || number < 0)
			return fault_set(why, BAD_REQUEST, option->name,
					 "--%s wants a number, not \"%s\"", option->name, value);
		return OK;
	case OPTION_DURATION:
		if (time_parse_duration(text, &number) != OK || number < 0)
			return fault_set(why, BAD_REQUEST, option->name,
					 "--%s wants a duration such as 30s or 5m, not \"%s\"",
					 option->name, value);
		return OK;
	case OPTION_CHOICE:
		if (!str_is_among(text, option->choices, '|'))
			return fault_set(why, BAD_REQUEST, option->name,
					 "--%s is one of %s, not \"%s\"", option->name,
					 option->choices, value);
		return OK;
	case OPTION_FLAG:
	case OPTION_TEXT: return OK;
	}
	return OK;
}

/* Reads the option at argv[*at], and its value, which may be the next word. */
static enum status take_option(struct command_line *line, int argc, char **argv, int *at,
			       struct fault *why)
{
	struct str word = str_from(argv[*at]);
	bool is_long = str_starts(word, STR("--"));
	struct str rest = str_slice(word, is_long ? 2 : 1, word.len);
	struct str name = str_cut(&rest, '=');
	int index = option_index(line->command, name);
	const struct option *option;
	const char *near, *value;

	if (index < 0) {
		near = nearest_option(line->command, name);
		return fault_set(why, BAD_REQUEST, "", "%s has no option %s%s%s%s (troupe help %s)",
				 line->command->name, argv[*at], near ? "; did you mean --" : "",
				 near ? near : "", near ? "?" : "", line->command->name);
	}
	option = command_option(line->command, index);
	if (option->kind == OPTION_FLAG) {
		/* As Go's flags: --name=false is as if it was not given. */
		if (rest.at != NULL && !str_is_among(rest, "true|false", '|'))
			return fault_set(why, BAD_REQUEST, option->name, "--%s takes no value",
					 option->name);
		line->values[index] = str_is(rest, "false") && !option->is_moot ? NULL : "";
		return OK;
	}
	value = rest.at;
	if (value == NULL) {
		if (*at + 1 >= argc)
			return fault_set(why, BAD_REQUEST, option->name, "--%s wants %s",
					 option->name, option->value ? option->value : "a value");
		value = argv[++*at];
	}
	TRY(check_value(option, value, why));
	line->values[index] = value;
	return OK;
}

static enum status take_argument(struct command_line *line, const char *word, struct fault *why)
{
	const struct command *command = line->command;
	int most = command->arguments_max < 0 ? COMMAND_ARGUMENTS_MAX : command->arguments_max;

	if (line->argument_count >= most)
		return fault_set(why, BAD_REQUEST, "",
				 "%s: \"%s\" is one argument too many (troupe help %s)",
				 command->name, word, command->name);
	line->arguments[line->argument_count++] = word;
	return OK;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static enum status find_command(const struct command *commands, const char *name,
				const struct command **out, struct fault *why)
{
	const char *near;

	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0) {
			*out = c;
			return OK;
		}
	near = nearest_command(commands, str_from(name));
	return fault_set(why, BAD_REQUEST, "", "there is no command \"%s\"%s%s%s (troupe help)",
			 name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

enum status command_parse(const struct command *commands, int argc, char **argv,
			  struct command_line *out, struct fault *why)
{
	struct command_line line = { .program = argv[0], .words = argv, .word_count = argc };
	bool takes_all;

	if (argc < 2 || asks_for_help(argv[1]) || strcmp(argv[1], "help") == 0) {
		if (argc > 2 && !asks_for_help(argv[1]))
			TRY(find_command(commands, argv[2], &out->command, why));
		return NOT_FOUND;
	}
	TRY(find_command(commands, argv[1], &line.command, why));
	takes_all = line.command->arguments_max < 0;
	for (int i = 2; i < argc; i++) {
		if (!takes_all && asks_for_help(argv[i])) {
			out->command = line.command;
			return NOT_FOUND;
		}
		if (!takes_all && argv[i][0] == '-' && argv[i][1] != '\0')
			TRY(take_option(&line, argc, argv, &i, why));
		else
			TRY(take_argument(&line, argv[i], why));
	}
	if (line.argument_count < line.command->arguments_min)
		return fault_set(why, BAD_REQUEST, "", "%s wants %s (troupe help %s)",
				 line.command->name, line.command->arguments, line.command->name);
	*out = line;
	return OK;
}

const char *command_text(const struct command_line *line, const char *option)
{
	int index = option_index(line->command, str_from(option));

	assert(index >= 0);
	return line->values[index] ? line->values[index]
				   : command_option(line->command, index)->fallback;
}

uint32_t command_list(const struct command_line *line, const char *option, struct arena *arena,
		      const char ***out)
{
	uint32_t count = 0;

	*out = arena_array(arena, const char *, (size_t)line->word_count + 1);
	for (int i = 2; i < line->word_count; i++) {
		struct str rest = str_from(line->words[i]), name;
		int index;

		if (!str_starts(rest, STR("--")))
			continue;
		rest = str_slice(rest, 2, rest.len);
		name = str_cut(&rest, '=');
		index = option_index(line->command, name);
		if (index < 0 || command_option(line->command, index)->kind == OPTION_FLAG)
			continue;
		if (rest.at == NULL)
			rest = str_from(line->words[++i]); /* parsing has seen that it is there */
		if (str_is(name, option))
			(*out)[count++] = rest.at;
	}
	return count;
}

bool command_flag(const struct command_line *line, const char *option)
{
	return command_text(line, option) != NULL;
}

int64_t command_number(const struct command_line *line, const char *option)
{
	const char *value = command_text(line, option);
	int index = option_index(line->command, str_from(option));
	int64_t number = 0;
	enum status parsed = OK;

	if (value == NULL)
		return 0;
	if (command_option(line->command, index)->kind == OPTION_DURATION) {
		parsed = time_parse_duration(str_from(value), &number);
		number /= TIME_MS;
	} else {
		parsed = str_to_i64(str_from(value), &number);
	}
	assert(parsed == OK);
	return number;
}

int command_failed(const char *format, ...)
{
	va_list args;

	fputs("troupe: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

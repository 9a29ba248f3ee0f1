/*
 * The command line: verbs, their options, and what help says about them, all from one table.
 *
 * Only deploy/main uses it. Parsing never exits: it fills a `struct command_line` or says in one line what
 * was expected. Options are `--name VALUE` or `--name=VALUE`; an unknown one is refused with the
 * nearest known name. Exit codes: EXIT_DONE, EXIT_FAILED (one line on stderr says what and what to do), EXIT_USAGE.
 */
#ifndef DEPLOY_MAIN_COMMAND_COMMAND_H
#define DEPLOY_MAIN_COMMAND_COMMAND_H

#include "runtime/base/base.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum option_kind {
	OPTION_FLAG, /* present or not */
	OPTION_TEXT,
	OPTION_NUMBER,
	OPTION_DURATION, /* Go's text: 30s, 5m */
	OPTION_CHOICE,   /* one of `choices`, separated by | */
};

struct option {
	const char *name; /* without the dashes */
	char letter;      /* -o; 0: none */
	enum option_kind kind;
	const char *value;    /* what help calls the value: IP[:PORT] */
	const char *choices;  /* OPTION_CHOICE: "auto|worker|witness" */
	const char *fallback; /* used when the option is not given; NULL: absent */
	const char *help;
	bool is_moot; /* taken and without effect; a flag of this kind is given whatever it says */
	bool is_many; /* may be given again: command_list() has all of them */
	const char *group; /* help has a heading before it: what this and those behind it are about */
};

/* The rows of a table of options; what comes behind the help are further members: .letter = 'o'. */
#define FLAG_OPTION(name_, help_, ...)                      \
	{                                                   \
		.name = name_, .help = help_, ##__VA_ARGS__ \
	}
#define TEXT_OPTION(name_, value_, help_, ...) \
	FLAG_OPTION(name_, help_, .kind = OPTION_TEXT, .value = value_, ##__VA_ARGS__)
#define NUMBER_OPTION(name_, value_, fallback_, help_, ...)                                      \
	FLAG_OPTION(name_, help_, .kind = OPTION_NUMBER, .value = value_, .fallback = fallback_, \
		    ##__VA_ARGS__)
#define DURATION_OPTION(name_, fallback_, help_, ...)                                           \
	FLAG_OPTION(name_, help_, .kind = OPTION_DURATION, .value = "D", .fallback = fallback_, \
		    ##__VA_ARGS__)
#define CHOICE_OPTION(name_, choices_, fallback_, help_, ...)                 \
	FLAG_OPTION(name_, help_, .kind = OPTION_CHOICE, .choices = choices_, \
		    .fallback = fallback_, ##__VA_ARGS__)

#define COMMAND_OPTIONS_MAX 32
#define COMMAND_MORE_MAX 128 /* of a table that several commands share */
#define COMMAND_ARGUMENTS_MAX 64

struct command_line;

/* What a command of a constant table has; COMMAND_OPTIONS_MAX at most. */
#define OPTIONS(...)                 \
	(const struct option[])      \
	{                            \
		__VA_ARGS__,         \
		{                    \
			.name = NULL \
		}                    \
	}

struct command {
	const char *name;
	const char *arguments;            /* "NODE", "ACTOR", "[ARGS...]" or "" */
	const char *help;                 /* one line */
	int arguments_min, arguments_max; /* -1: any number, options are not read: kubectl ... */
	int (*run)(const struct command_line *line);
	/* Each ends with one without a name; NULL: none. */
	const struct option *options; /* OPTIONS(...) */
	const struct option *more;    /* after those: a table that several commands share */
	const char *group;            /* as an option's */
	bool is_internal;             /* not shown: the verbs by which the program starts itself */
};

struct command_line {
	const struct command *command;
	const char *program; /* argv[0], for starting itself again */
	const char *values[COMMAND_OPTIONS_MAX + COMMAND_MORE_MAX];
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	int argument_count;
	char **words; /* as they came: argv */
	int word_count;
};

/* Fills `out`, or sets `why` and says BAD_REQUEST. `-h`, `--help` and `help` give NOT_FOUND with no words: print help. */
MUST_USE enum status command_parse(const struct command *commands, int argc, char **argv,
				   struct command_line *out, struct fault *why);

/* The value of an option, its fallback, or NULL. The name must be one of the command's (asserted). */
const char *command_text(const struct command_line *line, const char *option);
/* All values of an option that is_many, in the order in which they were given; without its fallback. Gives how many. */
uint32_t command_list(const struct command_line *line, const char *option, struct arena *arena,
		      const char ***out);
bool command_flag(const struct command_line *line, const char *option);
int64_t command_number(const struct command_line *line,
		       const char *option); /* checked while parsing; durations in ms */

/* Option `at` of a command, its own and then those that it shares; NULL behind the last. */
const struct option *command_option(const struct command *command, int at);

/* Help for all commands, or for one: lines of at most 100 columns. */
void command_help(const struct command *commands, const struct command *one, struct text *out);

/* Prints `troupe: words` on stderr and gives EXIT_FAILED, to stand behind `return`. */
int command_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

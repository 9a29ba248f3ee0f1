#include "deploy/main/command/command.h"
#include "tests/lib/test.h"

static const struct option shared[] = {
	{ .name = "shared-by-more-than-one-command",
	  .kind = OPTION_TEXT,
	  .value = "X",
	  .help = "of several",
	  .is_many = true,
	  .group = "Shared" },
	{ 0 },
};
static const struct command commands[] = {
	{ .name = "up",
	  .arguments = "",
	  .help = "starts",
	  .options = OPTIONS(
	      { .name = "role",
		.kind = OPTION_CHOICE,
		.choices = "auto|worker",
		.fallback = "auto",
		.help = "what it does, which is said at such length that no line of a "
			"terminal has room for it" },
	      { .name = "keep",
		.kind = OPTION_NUMBER,
		.value = "N",
		.fallback = "8",
		.help = "how many" },
	      { .name = "every", .kind = OPTION_DURATION, .value = "D", .help = "how often" },
	      { .name = "force", .letter = 'f', .help = "all the same" }),
	  .more = shared },
	{ .name = "remove",
	  .group = "More",
	  .arguments = "NODE",
	  .help = "removes",
	  .arguments_min = 1,
	  .arguments_max = 1 },
	{ .name = "kubectl", .arguments = "[ARGS...]", .help = "passes on", .arguments_max = -1 },
	{ .name = "host", .arguments = "", .help = "itself", .is_internal = true },
	{ 0 },
};

static char program[] = "troupe", passing[] = "kubectl", word[] = "x";

/* Words after the program's name, NULL at the end. */
static enum status parse(const char *const *words, struct command_line *out, struct fault *why)
{
	char *argv[16] = { program };
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	return command_parse(commands, argc, argv, out, why);
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(options_are_read_in_both_forms_and_have_their_fallbacks)
{
	struct command_line line;

	CHECK_STATUS(parse(WORDS("up", "--role=worker", "--every", "1m30s", "-f",
				 "--shared-by-more-than-one-command", "s"),
			   &line, NULL),
		     OK);
	CHECK_STR(str_from(command_text(&line, "role")), "worker");
	CHECK_STR(str_from(command_text(&line, "shared-by-more-than-one-command")), "s");
	CHECK_EQ(command_number(&line, "every"), 90000);
	CHECK_EQ(command_number(&line, "keep"), 8);
	CHECK(command_flag(&line, "force"));
	CHECK_STATUS(parse(WORDS("up"), &line, NULL), OK);
	CHECK_STR(str_from(command_text(&line, "role")), "auto");
	CHECK(command_text(&line, "shared-by-more-than-one-command") == NULL &&
	      !command_flag(&line, "force"));
	CHECK_EQ(command_number(&line, "every"), 0);
}

TEST(what_another_program_gets_is_not_looked_at)
{
	struct command_line line;

	CHECK_STATUS(parse(WORDS("kubectl", "get", "--help", "-o", "json"), &line, NULL), OK);
	CHECK_EQ(line.argument_count, 4);
	CHECK_STR(str_from(line.arguments[1]), "--help");
}

TEST(a_wrong_command_line_is_refused_in_one_line_that_says_what_was_expected)
{
	static const struct {
		const char *words[5];
		const char *says;
	} cases[] = {
		{ { "u" }, "there is no command \"u\"; did you mean up? (troupe help)" },
		{ { "hsot" }, "there is no command \"hsot\" (troupe help)" },
		{ { "up", "--rolle", "x" },
		  "up has no option --rolle; did you mean --role? (troupe help up)" },
		{ { "up", "--entirely-else" }, "up has no option --entirely-else (troupe help up)" },
		{ { "up", "--rome" },
		  "up has no option --rome; did you mean --role? (troupe help up)" },
		/* Half of a word is no slip. */
		{ { "up", "--food" }, "up has no option --food (troupe help up)" },
		{ { "up", "--role", "king" }, "--role is one of auto|worker, not \"king\"" },
		{ { "up", "--keep", "many" }, "--keep wants a number, not \"many\"" },
		{ { "up", "--keep=-1" }, "--keep wants a number, not \"-1\"" },
		{ { "up", "--every", "5" },
		  "--every wants a duration such as 30s or 5m, not \"5\"" },
		{ { "up", "--every=-5s" },
		  "--every wants a duration such as 30s or 5m, not \"-5s\"" },
		{ { "up", "--force=yes" }, "--force takes no value" },
		{ { "up", "--every" }, "--every wants D" },
		{ { "up", "now" }, "up: \"now\" is one argument too many (troupe help up)" },
		{ { "remove" }, "remove wants NODE (troupe help remove)" },
		{ { "help", "removee" },
		  "there is no command \"removee\"; did you mean remove? (troupe help)" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct command_line line = { 0 };
		struct fault why = { 0 };

		CHECK_STATUS(parse(cases[i].words, &line, &why), BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].says);
	}
}

TEST(more_arguments_than_there_is_room_for_are_refused)
{
	char *argv[COMMAND_ARGUMENTS_MAX + 3];
	struct command_line line;

	for (int i = 0; i < COMMAND_ARGUMENTS_MAX + 3; i++)
		argv[i] = i == 1 ? passing : word;
	CHECK_STATUS(command_parse(commands, COMMAND_ARGUMENTS_MAX + 2, argv, &line, NULL), OK);
	CHECK_STATUS(command_parse(commands, COMMAND_ARGUMENTS_MAX + 3, argv, &line, NULL),
		     BAD_REQUEST);
}

TEST(help_is_asked_for_in_many_ways_and_names_what_is_not_internal)
{
	struct command_line line = { 0 };
	struct text out = text_in(test_arena(), MIB);

	CHECK_STATUS(parse(WORDS(NULL), &line, NULL), NOT_FOUND);
	CHECK_STATUS(parse(WORDS("--help"), &line, NULL), NOT_FOUND);
	CHECK_STATUS(parse(WORDS("help"), &line, NULL), NOT_FOUND);
	CHECK(line.command == NULL);
	CHECK_STATUS(parse(WORDS("up", "-h"), &line, NULL), NOT_FOUND);
	CHECK(line.command == &commands[0]);
	CHECK_STATUS(parse(WORDS("help", "remove"), &line, NULL), NOT_FOUND);
	CHECK(line.command == &commands[1]);
	command_help(commands, NULL, &out);
	CHECK_STR(text_str(&out),
		  "troupe: a highly available Kubernetes control plane made of actors.\n"
		  "\n"
		  "  up                    starts\n"
		  "\n"
		  "More:\n"
		  "  remove NODE           removes\n"
		  "  kubectl [ARGS...]     passes on\n"
		  "\n"
		  "`troupe help COMMAND` lists the options of one.\n");
	text_clear(&out);
	command_help(commands, &commands[0], &out);
	CHECK_STR(
	    text_str(&out),
	    "troupe up [options]\n"
	    "\n"
	    "starts\n"
	    "\n"
	    "Options:\n"
	    "  --role auto|worker            what it does, which is said at such length that no "
	    "line of a\n"
	    "                                terminal has room for it (default auto)\n"
	    "  --keep N                      how many (default 8)\n"
	    "  --every D                     how often\n"
	    "  -f, --force                   all the same\n"
	    "\n"
	    "Shared:\n"
	    "  --shared-by-more-than-one-command X\n"
	    "                                of several\n");
	text_clear(&out);
	command_help(commands, &commands[1], &out);
	CHECK_STR(text_str(&out), "troupe remove NODE\n\nremoves\n");
}

TEST(an_option_that_is_many_has_all_its_values_and_a_flag_may_be_said_to_be_false)
{
	const char *const words[] = {
		"troupe",       "up",     "--shared-by-more-than-one-command=a", "--force=true",
		"--role",       "worker", "--shared-by-more-than-one-command",   "--role=b",
		"--force=false"
	};
	char *argv[sizeof words / sizeof words[0]];
	struct command_line line;
	struct fault why = { 0 };
	const char **found;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	CHECK_STATUS(command_parse(commands, sizeof argv / sizeof argv[0], argv, &line, &why), OK);
	CHECK_EQ(command_list(&line, shared[0].name, test_arena(), &found), 2);
	CHECK_STR(str_from(found[0]), "a");
	CHECK_STR(str_from(found[1]), "--role=b");
	CHECK_STR(str_from(command_text(&line, "role")), "worker");
	CHECK(!command_flag(&line, "force"));
	CHECK_EQ(command_list(&line, "every", test_arena(), &found), 0);
}

#include "deploy/main/command/flags-page.h"

#include "tests/lib/test.h"

static const struct command commands[] = {
	{ .name = "up",
	  .arguments = "",
	  .help = "starts",
	  .options =
	      OPTIONS({ .name = "role", .kind = OPTION_TEXT, .value = "R", .help = "what it does" },
		      { .name = "keep",
			.kind = OPTION_NUMBER,
			.value = "N",
			.fallback = "8",
			.help = "how many" },
		      { .name = "force", .help = "all the same" }) },
	{ 0 },
};

TEST(flags_are_shown_with_their_values)
{
	char program[] = "troupe", verb[] = "up", force[] = "--force";
	char *words[] = { program, verb, force };
	struct command_line line;
	struct server_page page;

	CHECK_STATUS(command_parse(commands, 3, words, &line, NULL), OK);
	page = flags_page(&line, test_arena());
	CHECK_STR(str_from(page.path), "/flagz");
	CHECK(str_starts(page.body, STR("kube-apiserver flagz\n")));
	CHECK(str_ends(page.body, STR("\n\nkeep=8\nforce=true\n")));
}

#include "deploy/main/command/flags-page.h"

#include "runtime/base/base.h"

#define PAGE_BYTES_MAX (64U * KIB)

static void add(const struct command_line *line, const struct option *option, struct text *out)
{
	const char *value = option->kind == OPTION_FLAG
				? command_flag(line, option->name) ? "true" : "false"
				: command_text(line, option->name);

	if (value != NULL)
		text_printf(out, "%s=%s\n", option->name, value);
}

struct server_page flags_page(const struct command_line *line, struct arena *arena)
{
	struct text out = text_in(arena, PAGE_BYTES_MAX);
	const struct option *option;

	text_lit(&out, "kube-apiserver flagz\nFor people, who may find it different in the next "
		       "release.\n\n");
	for (int at = 0; (option = command_option(line->command, at)) != NULL; at++)
		add(line, option, &out);
	return (struct server_page){ .path = "/flagz",
				     .type = STR("text/plain; charset=utf-8"),
				     .body = text_str(&out) };
}

#include "actors/node/pod/hollow-script.h"

#include <stdio.h>

#include "actors/node/pod/container.h"
#include "datastore/schema/type.h"

#define NEVER HOLLOW_SCRIPT_NEVER
#define COMPLETE_MS 1000
#define COMMAND_MAX_BYTES (4U * KIB) /* more of it is not read */

/* ---- annotations ---------------------------------------------------------------------------------------------- */

static struct str annotation(const struct core_pod *pod, const char *what, struct str container)
{
	char key[256];
	struct str found;

	snprintf(key, sizeof key, HOLLOW_SCRIPT_ANNOTATION "%s." STR_FMT, what, STR_ARG(container));
	found = str_map_get(pod->metadata->annotations, str_from(key));
	if (found.at != NULL)
		return found;
	snprintf(key, sizeof key, HOLLOW_SCRIPT_ANNOTATION "%s", what);
	return str_map_get(pod->metadata->annotations, str_from(key));
}

static int64_t said_ms(const struct core_pod *pod, const char *what, struct str container,
		       int64_t otherwise)
{
	struct str text = annotation(pod, what, container);
	int64_t ns;

	if (str_is(text, "never"))
		return NEVER;
	if (text.len == 0 || time_parse_duration(text, &ns) != OK || ns < 0)
		return otherwise;
	return ns / TIME_MS;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void add_words(struct text *out, struct str_list words)
{
	for (uint32_t i = 0; i < words.len; i++) {
		if (out->len > 0)
			text_add_char(out, ' ');
		text_add(out, words.at[i]);
	}
}

static bool has(struct str command, struct str words)
{
	return str_find(command, words) >= 0;
}

/* What follows the word, up to the next blank, quote or semicolon; absent if the word is not there. */
static struct str after(struct str command, struct str word)
{
	struct str rest;
	int64_t at = str_find(command, word);
	uint32_t end = 0;

	if (at < 0)
		return STR_NONE;
	rest = str_slice(command, (uint32_t)at + word.len, command.len);
	while (end < rest.len && strchr(" ;'\")&|\n", rest.at[end]) == NULL)
		end++;
	return str_slice(rest, 0, end);
}

/* As sleep(1): seconds, or with a suffix. */
static bool read_sleep(struct str text, int64_t *ms)
{
	static const struct {
		char suffix;
		int64_t ms;
	} units[] = {
		{ 's', 1000 }, { 'm', 60 * 1000 }, { 'h', 3600 * 1000 }, { 'd', 86400 * 1000 }
	};
	int64_t unit_ms = 1000;
	double number;

	if (str_starts(text, STR("inf"))) {
		*ms = NEVER;
		return true;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0] && text.len > 1; i++)
		if (text.at[text.len - 1] == units[i].suffix) {
			unit_ms = units[i].ms;
			text.len--;
			break;
		}
	if (str_to_double(text, &number) != OK || number < 0 || number > 1e9)
		return false;
	*ms = (int64_t)(number * (double)unit_ms);
	return true;
}

static bool is_pause(const struct container *which)
{
	struct str image = which->image;
	int64_t slash = str_find_last(image, '/');

	image = str_slice(image, (uint32_t)(slash + 1), image.len);
	image = str_cut(&image, ':');
	return str_is(str_cut(&image, '@'), "pause");
}

/* The image agnhost pauses when its first argument says so. */
static bool runs_for_ever(const struct container *which, struct str command)
{
	return is_pause(which) || str_starts(command, STR("pause")) ||
	       has(command, STR("while ")) || has(command, STR("until ")) ||
	       has(command, STR("tail -f"));
}

static void read_command(const struct container *which, struct hollow_script *script)
{
	struct arena *arena = arena_new(0);
	struct text words = text_in(arena, COMMAND_MAX_BYTES);
	struct str command;
	int64_t code;

	add_words(&words, which->command);
	add_words(&words, which->args);
	command = text_str(&words);
	(void)read_sleep(after(command, STR("sleep ")), &script->exit_ms);
	if (runs_for_ever(which, command))
		script->exit_ms = NEVER;
	if (str_to_i64(after(command, STR("exit ")), &code) == OK && code >= 0 && code <= 255)
		script->exit_code = (int32_t)code;
	else if (str_ends(command, STR("false")))
		script->exit_code = 1;
	arena_free(arena);
}

/* ---- the script --------------------------------------------------------------------------------------------------- */

static bool is_to_end(const struct core_pod *pod, const struct container *which)
{
	return which->kind == CONTAINER_INIT ||
	       (which->kind == CONTAINER_REGULAR && !container_restarts(pod, which, 0));
}

struct hollow_script hollow_script_of(const struct core_pod *pod, uint32_t place)
{
	struct container which = container_at(pod, place);
	struct hollow_script script = { .exit_ms = NEVER };
	int64_t code;

	if (is_to_end(pod, &which)) {
		script.exit_ms = which.kind == CONTAINER_INIT ? 0 : COMPLETE_MS;
		read_command(&which, &script);
	}
	script.start_ms = said_ms(pod, "start", which.name, 0);
	script.ready_ms = said_ms(pod, "ready", which.name, 0);
	script.exit_ms = said_ms(pod, "exit", which.name, script.exit_ms);
	script.stop_ms = said_ms(pod, "stop", which.name, 0);
	if (str_to_i64(annotation(pod, "exit-code", which.name), &code) == OK && code >= 0 &&
	    code <= 255)
		script.exit_code = (int32_t)code;
	script.failure = annotation(pod, "fail", which.name);
	return script;
}

#include "deploy/main/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actors/client/api.h"
#include "deploy/embed/version.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/command/ask.h"
#include "deploy/main/history/historian.h"
#include "runtime/loop/loop.h"
#include "transport/http/url.h"

#define ASK_MS 20000U
#define LEAVE_MS 90000U
#define WATCH_MS 1000U
#define READY_LOOK_MS 50U
#define CLEAR "\033[H\033[J"

static int failed(const struct command_line *line, const struct fault *why)
{
	return command_failed("%s: %s", line->command->name, why->text);
}

static int64_t now_ms(void)
{
	return loop_clock()->mono(loop_clock()->self).ns / TIME_MS;
}

static void print(struct str body)
{
	fwrite(body.at, 1, body.len, stdout);
	fflush(stdout);
}

/* One question to the node of --data-dir, whose answer is printed. */
static int put(const struct command_line *line, const char *method, const char *path,
	       struct str body, uint32_t timeout_ms)
{
	struct arena *arena = arena_new(0);
	struct answered answer = { 0 };
	struct fault why = { 0 };
	struct data_dir dir;
	int code = EXIT_DONE;

	if (data_dir_find(command_text(line, "data-dir"), &dir, &why) != OK ||
	    ask_node(&dir, method, path, body, timeout_ms, arena, &answer, &why) != OK ||
	    ask_judge(&answer, &why) != OK)
		code = failed(line, &why);
	else
		print(answer.body);
	arena_free(arena);
	return code;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

/* Prints the page once; with `clears` on a fresh screen. False: no node answered. */
static bool look(const struct data_dir *dir, const char *path, bool clears, int *out_code,
		 struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct answered answer = { 0 };
	bool has_answered = ask_node(dir, "GET", path, STR_NONE, ASK_MS, arena, &answer, why) == OK;

	if (has_answered) {
		if (clears)
			print(STR(CLEAR));
		print(answer.body);
		*out_code = answer.code == 200 ? EXIT_DONE : EXIT_FAILED;
	}
	arena_free(arena);
	return has_answered;
}

static bool is_ready(const struct data_dir *dir, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct answered answer = { 0 };
	bool is_so = ask_node(dir, "GET", "/troupe/status?output=json", STR_NONE, ASK_MS, arena,
			      &answer, why) == OK &&
		     answer.code == 200;

	arena_free(arena);
	return is_so;
}

static int wait_ready(const struct command_line *line, const struct data_dir *dir)
{
	int64_t timeout_ms = command_number(line, "timeout"), until = now_ms() + timeout_ms;
	struct fault why = { 0 };

	while (!is_ready(dir, &why)) {
		if (now_ms() > until)
			return command_failed("%s: not ready within %jd s%s%s", line->command->name,
					      (intmax_t)(timeout_ms / 1000),
					      why.text[0] ? ": " : "", why.text);
		ask_pause(READY_LOOK_MS);
	}
	return EXIT_DONE;
}

static int show(const struct command_line *line, const char *page)
{
	struct fault why = { 0 };
	struct data_dir dir;
	char path[128];
	int code = EXIT_FAILED;

	snprintf(path, sizeof path, "%s?output=%s", page, command_text(line, "output"));
	if (data_dir_find(command_text(line, "data-dir"), &dir, &why) != OK)
		return failed(line, &why);
	if (!command_flag(line, "watch"))
		return look(&dir, path, false, &code, &why) ? code : failed(line, &why);
	while (look(&dir, path, isatty(STDOUT_FILENO), &code, &why))
		ask_pause(WATCH_MS);
	return failed(line, &why);
}

int verb_status(const struct command_line *line)
{
	struct fault why = { 0 };
	struct data_dir dir;

	if (data_dir_find(command_text(line, "data-dir"), &dir, &why) != OK)
		return failed(line, &why);
	if (command_flag(line, "wait-ready")) {
		int code = wait_ready(line, &dir);

		if (code != EXIT_DONE)
			return code;
	}
	return show(line, "/troupe/status");
}

int verb_tree(const struct command_line *line)
{
	return show(line, "/troupe/tree");
}

int verb_members(const struct command_line *line)
{
	return show(line, "/troupe/members");
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static void add_query(struct text *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_printf(path, "%c%s=", str_find_char(text_str(path), '?') < 0 ? '?' : '&', name);
	url_encode(path, str_from(value), false);
}

int verb_kill(const struct command_line *line)
{
	struct text path = text_new(128);
	int code;

	text_lit(&path, "/troupe/kill");
	add_query(&path, "level", command_text(line, "level"));
	text_add_char(&path, '\0');
	code = put(line, "POST", path.at, str_from(line->arguments[0]), ASK_MS);
	text_fini(&path);
	return code;
}

int verb_trace(const struct command_line *line)
{
	struct text path = text_new(1024);
	char for_ms[32];
	int code;

	snprintf(for_ms, sizeof for_ms, "%jd", (intmax_t)command_number(line, "for"));
	text_lit(&path, "/troupe/trace");
	add_query(&path, "actor", line->arguments[0]);
	add_query(&path, "for_ms", for_ms);
	add_query(&path, "output", command_text(line, "output"));
	text_add_char(&path, '\0');
	code = put(line, "GET", path.at, STR_NONE, ASK_MS);
	text_fini(&path);
	return code;
}

/* Of an object: KIND/NAME and its namespace. */
static struct text past_path(const struct command_line *line, const char *page)
{
	struct text path = text_new(2048);

	text_printf(&path, HISTORIAN_PLACE "%s", page);
	add_query(&path, "what", line->arguments[0]);
	add_query(&path, "namespace", command_text(line, "namespace"));
	return path;
}

static int put_past(const struct command_line *line, const char *method, struct text *path)
{
	int code;

	text_add_char(path, '\0');
	code = put(line, method, path->at, STR_NONE, LEAVE_MS);
	text_fini(path);
	return code;
}

int verb_history(const struct command_line *line)
{
	const char *at = command_text(line, "at");
	struct text path = past_path(line, at != NULL ? "object" : "history");

	add_query(&path, "output", command_text(line, "output"));
	add_query(&path, "at", at);
	if (at == NULL)
		add_query(&path, "limit", command_text(line, "limit"));
	return put_past(line, "GET", &path);
}

int verb_undo(const struct command_line *line)
{
	struct text path = past_path(line, "undo");

	add_query(&path, "to", command_text(line, "to"));
	add_query(&path, "yes", command_flag(line, "yes") ? "1" : NULL);
	return put_past(line, "POST", &path);
}

static int create_token(const struct command_line *line)
{
	struct text path = text_new(1024);
	char ttl[32];
	int code;

	snprintf(ttl, sizeof ttl, "%jd", (intmax_t)(command_number(line, "ttl") / 1000));
	text_lit(&path, "/troupe/tokens");
	add_query(&path, "role", command_text(line, "role"));
	add_query(&path, "description", command_text(line, "description"));
	add_query(&path, "ttl_s", command_text(line, "ttl") ? ttl : NULL);
	add_query(&path, "single_use", command_flag(line, "single-use") ? "1" : NULL);
	text_add_char(&path, '\0');
	code = put(line, "POST", path.at, STR_NONE, ASK_MS);
	text_fini(&path);
	return code;
}

int verb_token(const struct command_line *line)
{
	const char *what = line->arguments[0];
	char path[128];

	if (strcmp(what, "create") == 0 && line->argument_count == 1)
		return create_token(line);
	if (strcmp(what, "list") == 0 && line->argument_count == 1)
		return put(line, "GET", "/troupe/tokens", STR_NONE, ASK_MS);
	if (strcmp(what, "delete") == 0 && line->argument_count == 2) {
		snprintf(path, sizeof path, "/troupe/tokens/%.80s", line->arguments[1]);
		return put(line, "DELETE", path, STR_NONE, ASK_MS);
	}
	command_failed("token: create, list or delete ID (troupe help token)");
	return EXIT_USAGE;
}

int verb_leave(const struct command_line *line)
{
	return put(line, "POST", "/troupe/leave", STR_NONE, LEAVE_MS);
}

int verb_remove(const struct command_line *line)
{
	return put(line, "POST",
		   command_flag(line, "force") ? "/troupe/remove?force=1" : "/troupe/remove",
		   str_from(line->arguments[0]), LEAVE_MS);
}

/* ---- handing on ---------------------------------------------------------------------------------------------------- */

static enum status kubeconfig_path(const char *data_dir, char *out, size_t size, struct fault *why)
{
	struct data_dir dir;

	TRY(data_dir_find(data_dir, &dir, why));
	snprintf(out, size, "%s/admin.kubeconfig", dir.path);
	if (access(out, R_OK) != 0)
		return fault_set(why, NOT_FOUND, "--data-dir",
				 "cannot read %s: %s (is this a control-plane node's directory? "
				 "TROUPE_DATA_DIR names another)",
				 out, strerror(errno));
	return OK;
}

int verb_kubeconfig(const struct command_line *line)
{
	char path[DATA_PATH_MAX + 32], bytes[4096];
	struct fault why = { 0 };
	size_t n;
	FILE *file;

	if (kubeconfig_path(command_text(line, "data-dir"), path, sizeof path, &why) != OK)
		return failed(line, &why);
	file = fopen(path, "re");
	if (file == NULL)
		return command_failed("kubeconfig: cannot read %s: %s", path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
		fwrite(bytes, 1, n, stdout);
	fclose(file);
	return EXIT_DONE;
}

int verb_kubectl(const struct command_line *line)
{
	const char *words[COMMAND_ARGUMENTS_MAX + 2] = { "kubectl" };
	char path[DATA_PATH_MAX + 32];
	struct fault why = { 0 };

	if (kubeconfig_path(NULL, path, sizeof path, &why) != OK)
		return failed(line, &why);
	setenv("KUBECONFIG", path, 1);
	for (int i = 0; i < line->argument_count; i++)
		words[i + 1] = line->arguments[i];
	execvp("kubectl", (char *const *)(uintptr_t)words);
	return command_failed("kubectl: %s: install it (Debian: kubernetes-client), or use another "
			      "client with KUBECONFIG=%s",
			      strerror(errno), path);
}

int verb_version(const struct command_line *line)
{
	(void)line;
	printf("troupe %s, Kubernetes API %s\n", ACT_VERSION, API_RELEASE);
	return EXIT_DONE;
}

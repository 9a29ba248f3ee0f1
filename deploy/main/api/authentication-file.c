#include "deploy/main/api/authentication-file.h"

#include <stdio.h>

#include "datastore/schema/apiserver.h"
#include "deploy/main/api/file/operator-file.h"
#include "deploy/main/api/oidc-options.h"

/* What one reading came to. */
struct content {
	struct issuer_set set;
	const struct apiserver_anonymous_auth_config *anonymous; /* NULL: nothing is said of it */
};

/* The words begin with the field; the file stands before them. */
static enum status with_path(struct fault *why, const char *path)
{
	struct fault said = *why;

	return fault_set(why, BAD_REQUEST, path, "%.120s: %.250s", path, said.text);
}

static enum status check_anonymous(const struct apiserver_anonymous_auth_config *from,
				   const char *path, struct fault *why)
{
	if (from == NULL)
		return OK;
	if (!from->enabled && from->conditions.len > 0)
		return fault_set(
		    why, BAD_REQUEST, path,
		    "%s: anonymous.conditions: Invalid value: enabled should be set to "
		    "true when conditions are defined",
		    path);
	for (uint32_t i = 0; i < from->conditions.len; i++)
		if (!str_starts(from->conditions.at[i].path, STR("/")))
			return fault_set(why, BAD_REQUEST, path,
					 "%s: anonymous.conditions[%u].path: Invalid value: a path "
					 "begins with /",
					 path, i);
	return OK;
}

static enum status read_file(void *arg, struct str text, struct arena *arena, void **out,
			     struct fault *why)
{
	const struct authentication_file *file = arg;
	const struct issuer_limits limits = { .own = file->own };
	const struct apiserver_authentication_configuration *from;
	struct content *content = arena_new_of(arena, struct content);
	struct fault said = { 0 };
	void *record;

	TRY(operator_file_parse(text, file->reload.path,
				&apiserver_authentication_configuration_type, arena, &record, why));
	from = record;
	TRY(check_anonymous(from->anonymous, file->reload.path, why));
	if (issuer_set_read(&from->jwt, &limits, arena, &content->set, &said) != OK) {
		if (why != NULL)
			*why = said;
		return why != NULL ? with_path(why, file->reload.path) : BAD_REQUEST;
	}
	content->anonymous = from->anonymous;
	*out = content;
	return OK;
}

static bool use(void *arg, struct reload_read now, struct reload_read *before)
{
	struct authentication_file *file = arg;

	*before = (struct reload_read){ file->arena, file->issuers.set };
	file->arena = now.arena;
	file->issuers.set = &((struct content *)now.at)->set;
	return true;
}

static bool is_busy(const void *before)
{
	return issuer_set_is_busy(before);
}

static void end(void *before)
{
	issuer_set_fini(before);
}

static void take_anonymous(const struct apiserver_anonymous_auth_config *from, struct arena *arena,
			   struct anonymous_setting *out)
{
	uint32_t count = from->conditions.len;
	struct str *paths = arena_array(arena, struct str, count + 1);

	for (uint32_t i = 0; i < count; i++)
		paths[i] = from->conditions.at[i].path;
	*out = (struct anonymous_setting){ .is_bounded = !from->enabled || count > 0,
					   .options = { .paths = { paths, count } } };
}

static enum status load_options(struct authentication_file *file, const struct command_line *line,
				struct arena *arena, struct fault *why)
{
	struct issuer_limits limits = { .own = file->own };
	struct apiserver_jwt_authenticator_list list;
	struct issuer_set *set = arena_new_of(arena, struct issuer_set);

	TRY(oidc_options_load(line, arena, &list, &limits.algorithms, why));
	if (list.len == 0)
		return OK;
	if (file->reload.path != NULL)
		return fault_set(why, BAD_REQUEST, "authentication-config",
				 "--authentication-config and --oidc-* options exclude each other");
	if (issuer_set_read(&list, &limits, arena, set, why) != OK)
		return why != NULL ? with_path(why, "--oidc-* options") : BAD_REQUEST;
	file->issuers.set = set;
	return OK;
}

enum status authentication_file_load(struct authentication_file *file,
				     const struct command_line *line, struct arena *arena,
				     struct fault *why)
{
	const char *path = command_text(line, "authentication-config");
	bool is_off = strcmp(command_text(line, "anonymous-auth"), "false") == 0;
	struct content *content;
	void *read;

	file->anonymous = (struct anonymous_setting){ .is_bounded = is_off };
	file->reload = (struct reload_args){ .path = path,
					     .what = "authentication",
					     .arg = file,
					     .read = read_file,
					     .use = use,
					     .is_busy = is_busy,
					     .end = end,
					     .metrics_name = "authentication_config_controller" };
	TRY(load_options(file, line, arena, why));
	if (path == NULL)
		return OK;
	TRY(reload_begin(&file->reload, arena, &read, why));
	content = read;
	file->issuers.set = &content->set;
	if (content->anonymous == NULL)
		return OK;
	if (is_off)
		return fault_set(why, BAD_REQUEST, path,
				 "%s: anonymous: --anonymous-auth says it already", path);
	take_anonymous(content->anonymous, arena, &file->anonymous);
	return OK;
}

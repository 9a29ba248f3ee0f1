#include "deploy/main/api/authentication-file.h"

#include "datastore/schema/apiserver.h"
#include "deploy/main/api/operator-file.h"

static enum status take(const struct apiserver_anonymous_auth_config *from, const char *path,
			struct arena *arena, struct anonymous_setting *out, struct fault *why)
{
	uint32_t count = from->conditions.len;
	struct str *paths = arena_array(arena, struct str, count + 1);

	if (!from->enabled && count > 0)
		return fault_set(
		    why, BAD_REQUEST, path,
		    "%s: anonymous.conditions: Invalid value: enabled should be set to "
		    "true when conditions are defined",
		    path);
	for (uint32_t i = 0; i < count; i++) {
		paths[i] = from->conditions.at[i].path;
		if (!str_starts(paths[i], STR("/")))
			return fault_set(why, BAD_REQUEST, path,
					 "%s: anonymous.conditions[%u].path: Invalid value: a path "
					 "begins with /",
					 path, i);
	}
	*out = (struct anonymous_setting){ .is_bounded = !from->enabled || count > 0,
					   .options = { .paths = { paths, count } } };
	return OK;
}

enum status authentication_file_load(const char *path, bool is_off, struct arena *arena,
				     struct anonymous_setting *out, struct fault *why)
{
	const struct apiserver_authentication_configuration *file;
	void *record;

	*out = (struct anonymous_setting){ .is_bounded = is_off };
	if (path == NULL)
		return OK;
	TRY(operator_file_load(path, &apiserver_authentication_configuration_type, arena, &record,
			       why));
	file = record;
	if (file->jwt.len > 0)
		return fault_set(
		    why, BAD_REQUEST, path,
		    "%s: jwt: tokens of other issuers are not known here; a webhook may "
		    "know them: --authentication-token-webhook-config-file",
		    path);
	if (file->anonymous == NULL)
		return OK;
	if (is_off)
		return fault_set(why, BAD_REQUEST, path,
				 "%s: anonymous: --anonymous-auth says it already", path);
	return take(file->anonymous, path, arena, out, why);
}

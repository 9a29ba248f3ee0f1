#include "deploy/main/api/admission-file.h"

#include "datastore/schema/apiserver.h"
#include "datastore/schema/podsecurity.h"
#include "deploy/main/api/file/operator-file.h"

/* In the file itself, or in one of its own: a relative path is one beside the file. */
static enum status load_plugin(const char *path,
			       const struct apiserver_admission_plugin_configuration *plugin,
			       struct arena *arena, void **out, struct fault *why)
{
	const struct type *type = &podsecurity_pod_security_configuration_type;
	int64_t slash = str_find_last(str_from(path), '/');
	struct str folder = str_slice(str_from(path), 0, slash < 0 ? 0 : (uint32_t)slash + 1);

	if (plugin->path.len == 0)
		return operator_file_parse(plugin->configuration.at ? plugin->configuration
								    : STR("{}"),
					   path, type, arena, out, why);
	if (plugin->path.at[0] == '/')
		folder = STR("");
	return operator_file_load(
	    arena_printf(arena, STR_FMT STR_FMT, STR_ARG(folder), STR_ARG(plugin->path)).at, type,
	    arena, out, why);
}

enum status admission_file_load(const char *path, struct arena *arena, struct security_options *out,
				struct fault *why)
{
	const struct apiserver_admission_configuration *file;
	void *record;

	if (path == NULL)
		return OK;
	TRY(operator_file_load(path, &apiserver_admission_configuration_type, arena, &record, why));
	file = record;
	for (uint32_t i = 0; i < file->plugins.len; i++) {
		const struct apiserver_admission_plugin_configuration *plugin = &file->plugins.at[i];

		if (!str_is(plugin->name, "PodSecurity"))
			return fault_set(why, BAD_REQUEST, path,
					 "%s: plugins[%u].name: only PodSecurity is configured so, "
					 "not \"" STR_FMT "\"",
					 path, i, STR_ARG(plugin->name));
		TRY(load_plugin(path, plugin, arena, &record, why));
		TRY(security_options_of(record, path, arena, out, why));
	}
	return OK;
}

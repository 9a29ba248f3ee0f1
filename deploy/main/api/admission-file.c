#include "deploy/main/api/admission-file.h"

#include "actors/admission/event-rate-limit.h"
#include "actors/admission/plugin.h"
#include "actors/admission/pod/image-policy.h"
#include "datastore/schema/apiserver.h"
#include "datastore/schema/podsecurity.h"
#include "deploy/main/api/file/kubeconfig-file.h"
#include "deploy/main/api/file/operator-file.h"

struct reading {
	const char *path;
	struct arena *arena;
	struct fault *why;
};

typedef enum status read_record(const struct reading *reading, const void *record,
				struct admission_setting *out);

static enum status read_security(const struct reading *reading, const void *record,
				 struct admission_setting *out)
{
	return security_options_of(record, reading->path, reading->arena, &out->security,
				   reading->why);
}

static enum status read_events(const struct reading *reading, const void *record,
			       struct admission_setting *out)
{
	return event_limits_of(record, reading->path, reading->arena, &out->event_limits,
			       reading->why);
}

static enum status read_images(const struct reading *reading, const void *record,
			       struct admission_setting *out)
{
	static const struct imagepolicy_image_policy_webhook_config nothing;
	const struct imagepolicy_admission_config *file = record;
	const struct imagepolicy_image_policy_webhook_config *from =
	    file->image_policy != NULL ? file->image_policy : &nothing;
	struct image_policy *policy = arena_new_of(reading->arena, struct image_policy);

	TRY(image_policy_of(from, reading->path, policy, reading->why));
	if (from->kube_config_file.len == 0)
		return fault_set(reading->why, BAD_REQUEST, reading->path,
				 "%s: imagePolicy.kubeConfigFile: Required value", reading->path);
	TRY(kubeconfig_file_load(arena_cstr(reading->arena, from->kube_config_file), reading->arena,
				 &policy->review.place, reading->why));
	out->image_policy = policy;
	return OK;
}

static const struct row {
	const char *name;
	const struct type *type;
	read_record *read;
	bool is_wanted; /* it does nothing without, and only where it is asked for */
} rows[] = {
	{ "PodSecurity", &podsecurity_pod_security_configuration_type, read_security, false },
	{ "EventRateLimit", &eventratelimit_configuration_type, read_events, true },
	{ "ImagePolicyWebhook", &imagepolicy_admission_config_type, read_images, true },
};
#define ROWS (sizeof rows / sizeof rows[0])

/* In the file itself, or in one of its own: a relative path is one beside the file. */
static enum status load_plugin(const char *path, const struct type *type,
			       const struct apiserver_admission_plugin_configuration *plugin,
			       struct arena *arena, void **out, struct fault *why)
{
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

static bool is_asked(const struct row *row, uint64_t more_plugins)
{
	for (uint32_t i = 0; i < plugin_count; i++)
		if (strcmp(plugins[i]->name, row->name) == 0)
			return !row->is_wanted || (more_plugins >> i & 1);
	return false;
}

static enum status read_plugin(const struct reading *reading, uint32_t at,
			       const struct apiserver_admission_plugin_configuration *plugin,
			       uint64_t more_plugins, struct admission_setting *out)
{
	const struct row *row = rows;
	void *record;

	while (row < rows + ROWS && !str_is(plugin->name, row->name))
		row++;
	if (row == rows + ROWS)
		return fault_set(reading->why, BAD_REQUEST, reading->path,
				 "%s: plugins[%u].name: only PodSecurity, EventRateLimit and "
				 "ImagePolicyWebhook are configured so, not \"" STR_FMT "\"",
				 reading->path, at, STR_ARG(plugin->name));
	if (!is_asked(row, more_plugins))
		return OK;
	TRY(load_plugin(reading->path, row->type, plugin, reading->arena, &record, reading->why));
	return row->read(reading, record, out);
}

/* Upstream's words for the first, which has none of its own for a file that is not there. */
static enum status check_wanted(uint64_t more_plugins, const struct admission_setting *setting,
				struct fault *why)
{
	if (is_asked(&rows[1], more_plugins) && setting->event_limits == NULL)
		return fault_set(why, BAD_REQUEST, "enable-admission-plugins",
				 "EventRateLimit: limits: Invalid value: null: must not be empty: "
				 "--admission-control-config-file has to tell them");
	if (is_asked(&rows[2], more_plugins) && setting->image_policy == NULL)
		return fault_set(why, BAD_REQUEST, "enable-admission-plugins",
				 "ImagePolicyWebhook: no config specified: "
				 "--admission-control-config-file has to tell it");
	return OK;
}

enum status admission_file_load(const char *path, uint64_t more_plugins, struct arena *arena,
				struct admission_setting *out, struct fault *why)
{
	const struct apiserver_admission_configuration *file;
	struct reading reading = { path, arena, why };
	void *record;

	*out = (struct admission_setting){ .security = security_policy_open };
	if (path == NULL)
		return check_wanted(more_plugins, out, why);
	TRY(operator_file_load(path, &apiserver_admission_configuration_type, arena, &record, why));
	file = record;
	for (uint32_t i = 0; i < file->plugins.len; i++)
		TRY(read_plugin(&reading, i, &file->plugins.at[i], more_plugins, out));
	return check_wanted(more_plugins, out, why);
}

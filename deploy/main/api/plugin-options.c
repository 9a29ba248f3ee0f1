#include "deploy/main/api/plugin-options.h"

#include "actors/admission/plugin.h"

static bool find(struct str name, uint32_t *out)
{
	for (*out = 0; *out < plugin_count; (*out)++)
		if (str_is(name, plugins[*out]->name))
			return true;
	return false;
}

enum status plugin_options_load(const char *list, uint64_t *out, struct fault *why)
{
	struct str rest = str_from(list);
	uint64_t bits = 0;
	uint32_t index;

	assert(plugin_count <= 64);
	while (rest.len > 0) {
		struct str name = str_trim(str_cut(&rest, ','));

		if (!find(name, &index))
			return fault_set(why, BAD_REQUEST, "disable-admission-plugins",
					 "--disable-admission-plugins: \"" STR_FMT
					 "\" is no plug-in of admission here; one is %s",
					 STR_ARG(name), plugins[0]->name);
		bits |= 1ULL << index;
	}
	*out = bits;
	return OK;
}

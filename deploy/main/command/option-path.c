#include "deploy/main/command/option-path.h"

#include <errno.h>
#include <unistd.h>

#define PATH_BYTES 700U /* a path here and one given */

enum status option_path(const char *given, const char *option, struct arena *arena,
			const char **out, struct fault *why)
{
	char here[PATH_BYTES];

	if (given[0] == '\0' || strlen(given) >= PATH_BYTES)
		return fault_set(why, BAD_REQUEST, option, "--%s wants a path", option);
	if (given[0] == '/')
		*out = arena_printf(arena, "%s", given).at;
	else if (getcwd(here, sizeof here) != NULL)
		*out = arena_printf(arena, "%s/%s", here, given).at;
	else
		return fault_set(why, IO, option, "cannot say where we are: %s", strerror(errno));
	return OK;
}

/*
 * Which class counts where an object names none: the one that its annotation makes the default.
 *
 * For plug-ins. Of several the newest counts, of those as old as each other the first by name, as upstream. Pure but for the caches.
 */
#ifndef ACTORS_ADMISSION_OBJECT_DEFAULT_CLASS_H
#define ACTORS_ADMISSION_OBJECT_DEFAULT_CLASS_H

#include "actors/client/check.h"

/* Its name, the arena's; absent: none is the default. `annotations` ends in NULL; one that says "true" is enough. */
struct str default_class_name(const struct check_context *check, const struct type *type,
			      const char *const *annotations);

#endif

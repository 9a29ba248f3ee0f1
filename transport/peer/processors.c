#include "transport/peer/processors.h"

#include <unistd.h>

/* glibc's own, under its other name. */
long __sysconf(int name);

static _Thread_local bool hidden;

void processors_hide(bool is_hidden)
{
	hidden = is_hidden;
}

/*
 * Takes the place of the C library's for the whole program, so it must be seen from outside. The thread sanitizer asks it before it
 * has started itself and must not be called back.
 */
__attribute__((visibility("default"), no_sanitize("thread"))) long sysconf(int name)
{
	if (hidden && (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF))
		return 1;
	return __sysconf(name);
}

#include "deploy/sim/claim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void claim_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	fflush(NULL);
	_exit(CLAIM_EXIT);
}

void claim_equal(const char *file, int line, const char *a_text, const char *b_text, uint64_t a,
		 uint64_t b)
{
	if (a != b)
		claim_fail(file, line, "%s is %" PRIu64 ", and %s is %" PRIu64, a_text, a, b_text,
			   b);
}

void claim_ok(const char *file, int line, const char *call, enum status status)
{
	if (status != OK)
		claim_fail(file, line, "%s says %s", call, status_name(status));
}

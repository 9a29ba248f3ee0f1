#include "runtime/base/status.h"

#include <assert.h>

static const struct status_row {
	const char *name;
	int http;
	const char *reason;
	const char *text;
} status_rows[] = {
#define X(name, http, reason, text) { #name, http, reason, text },
	STATUS_MAP(X)
#undef X
};
_Static_assert(sizeof status_rows / sizeof status_rows[0] == STATUS_COUNT,
	       "STATUS_COUNT must follow the table");

static const struct status_row *status_row(enum status status)
{
	assert((unsigned)status < STATUS_COUNT);
	return &status_rows[status];
}

const char *status_name(enum status status)
{
	return status_row(status)->name;
}

const char *status_reason(enum status status)
{
	return status_row(status)->reason;
}

const char *status_text(enum status status)
{
	return status_row(status)->text;
}

int status_http(enum status status)
{
	return status_row(status)->http;
}

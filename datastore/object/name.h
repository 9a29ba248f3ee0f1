/*
 * Name syntaxes: what names, labels, keys and values may look like.
 *
 * Pure functions over a string. Each adds what is wrong to a `struct faults` as an Invalid value at the
 * given path, in the words that clients of Kubernetes know (apimachinery's validation packages), and
 * says whether it found nothing. One value may break several rules; each is its own fault.
 */
#ifndef DATASTORE_OBJECT_NAME_H
#define DATASTORE_OBJECT_NAME_H

#include <stdbool.h>

#include "runtime/base/fault.h"
#include "runtime/base/str.h"

/* The syntaxes; RFC 1123 and RFC 1035 are those of DNS names. */
#define NAME_SYNTAX_MAP(X)                                                             \
	X(NAME_DNS_LABEL)                /* my-name */                                 \
	X(NAME_DNS_SUBDOMAIN)            /* example.com */                             \
	X(NAME_DNS_SUBDOMAIN_UNDERSCORE) /* _tcp.example.com: search domains of DNS */ \
	X(NAME_DNS_SUBDOMAIN_CASELESS)   /* Example.com: drivers */                    \
	X(NAME_DNS1035_LABEL)            /* services: begins with a letter */          \
	X(NAME_WILDCARD_SUBDOMAIN)       /* *.example.com */                           \
	X(NAME_LABEL_KEY)                /* example.com/my.name: a qualified name */   \
	X(NAME_PREFIXED_LABEL_KEY)       /* the same with a domain */                  \
	X(NAME_LABEL_VALUE)                                                            \
	X(NAME_PATH_SEGMENT) /* whatever may stand between slashes of a URL */         \
	X(NAME_PATH_PREFIX)                                                            \
	X(NAME_C_IDENTIFIER)                                                           \
	X(NAME_PORT_NAME)                                                              \
	X(NAME_ENV)         /* strict */                                               \
	X(NAME_ENV_RELAXED) /* what pods may use */                                    \
	X(NAME_CONFIG_KEY)                                                             \
	X(NAME_HTTP_HEADER)                                                            \
	X(NAME_CONDITION_REASON) /* MyReason,Another */                                \
	X(NAME_PERCENT)

enum name_syntax {
#define X(name) name,
	NAME_SYNTAX_MAP(X)
#undef X
};

/* Adds a fault for each rule that `value` breaks; true if there was none. `faults` may be NULL. */
bool name_check(enum name_syntax syntax, struct str value, struct str field, struct faults *faults);

/* The same for a generateName: checked as if something legal were appended. */
bool name_check_prefix(enum name_syntax syntax, struct str value, struct str field,
		       struct faults *faults);

static inline bool name_is(enum name_syntax syntax, struct str value)
{
	return name_check(syntax, value, STR(""), NULL);
}

/* The value in Go's quotes ("a\"b"), as faults show strings. */
struct str name_quoted(struct arena *arena, struct str value);

#endif

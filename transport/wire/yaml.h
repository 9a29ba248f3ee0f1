/*
 * YAML documents to JSON text, as the API server and kubectl read them, and the way back.
 *
 * Plain scalars mean what they mean to upstream's library: `yes` and `on` are booleans, `0644` is octal, dates are strings,
 * `<<` merges. Anchors are followed; upstream's bound of what aliases may stand for, how deep
 * (LIMIT_NESTING) and how long the JSON may get (the text's own maximum) bound them.
 */
#ifndef TRANSPORT_WIRE_YAML_H
#define TRANSPORT_WIRE_YAML_H

#include <stdbool.h>

#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

struct yaml;

/* Reads a stream of documents; the text has to outlive it. */
GIVE struct yaml *yaml_open(struct str text);
void yaml_close(TAKE struct yaml *yaml); /* NULL is fine */
/*
 * Appends the next document as JSON, passing over empty ones. NOT_FOUND: there is none left. BAD_REQUEST: it is no YAML, or
 * nested too deep. TOO_LARGE: the JSON would be longer than `out` may be.
 */
MUST_USE enum status yaml_next(struct yaml *yaml, struct text *out, struct fault *why);
/* A text of one document, for request bodies: more than one is BAD_REQUEST, none is null. */
MUST_USE enum status yaml_to_json(struct str text, struct text *out, struct fault *why);

/*
 * Appends a line for each key that a mapping of the first document has twice, as upstream's library says it: `line 9: key "foo" already set
 * in map` and a line feed. Those of JSON too, since it is YAML. Nothing for a text that is no YAML.
 */
void yaml_doubles(struct str text, struct text *out);

/*
 * Appends valid JSON as a YAML document, as upstream writes it: blocks, keys in the order of Go's library (of a key given twice
 * the last), quotes where a string would be read as something else. The same members give the same text in whatever order they
 * come. TOO_LARGE: it is longer than `out` may be, or nested too deep.
 */
MUST_USE enum status yaml_of_json(struct str json, struct text *out);

#endif

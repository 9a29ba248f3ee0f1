/*
 * What reading and writing YAML share. Only for this folder.
 */
#ifndef TRANSPORT_WIRE_YAML_PRIVATE_H
#define TRANSPORT_WIRE_YAML_PRIVATE_H

#include "runtime/base/fault.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* What a text may have, aliases apart. */
#define YAML_VALUES_MAX 400000U

/* OK, or BAD_REQUEST for a text that would take too long or too much to read. */
MUST_USE enum status yaml_look(struct str text, struct fault *why);

/* A scalar without quotes, as JSON: what it looks like decides what it is. */
void yaml_plain_to_json(struct text *out, struct str s);

#endif

/*
 * What reading and writing YAML share. Only for this folder.
 */
#ifndef TRANSPORT_WIRE_YAML_PRIVATE_H
#define TRANSPORT_WIRE_YAML_PRIVATE_H

#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* A scalar without quotes, as JSON: what it looks like decides what it is. */
void yaml_plain_to_json(struct text *out, struct str s);

#endif

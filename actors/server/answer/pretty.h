/*
 * JSON indented for a person, as Go's json.Indent with two spaces does it. For answers to curl and browsers.
 */
#ifndef ACTORS_SERVER_ANSWER_PRETTY_H
#define ACTORS_SERVER_ANSWER_PRETTY_H

#include "runtime/base/base.h"

/* `json` must be valid and without white space between tokens: what our encoders write. */
void pretty_json(struct str json, struct text *out);

#endif

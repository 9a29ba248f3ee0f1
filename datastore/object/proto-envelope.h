/*
 * The envelope around protobuf objects, in requests, responses and in the store: "k8s\0" and a message
 * runtime.Unknown that names apiVersion and kind and carries the object's bytes.
 */
#ifndef DATASTORE_OBJECT_PROTO_ENVELOPE_H
#define DATASTORE_OBJECT_PROTO_ENVELOPE_H

#include <stdbool.h>

#include "datastore/schema/type.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* All borrowed from the bytes that were opened. */
struct proto_envelope {
	struct str api_version, kind;
	struct str raw;              /* the object */
	struct str content_encoding; /* "" */
	struct str content_type;     /* "" is protobuf; "application/json" */
};

bool proto_envelope_is(struct str bytes); /* begins as one */
MUST_USE enum status proto_envelope_open(struct str bytes, struct proto_envelope *out,
					 struct fault *why);
/* The whole envelope with the record in it. */
void proto_envelope_encode(const struct type *type, const void *record, struct text *out);
/* Around bytes that are encoded already, in three pieces: this, `raw_bytes` of the object, and PROTO_ENVELOPE_END. */
void proto_envelope_begin(struct str api_version, struct str kind, uint32_t raw_bytes,
			  struct text *out);
#define PROTO_ENVELOPE_END \
	STR("\x1a\0\x22\0") /* 3 contentEncoding and 4 contentType are there, and empty */

#endif

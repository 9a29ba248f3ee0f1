/*
 * What the protobuf forms of OpenAPI documents share: gnostic's messages as tables (openapi-proto-v3.c, openapi-proto-v2.c), which
 * openapi-proto.c writes from JSON by.
 */
#ifndef DATASTORE_OBJECT_OPENAPI_OPENAPI_PROTO_PRIVATE_H
#define DATASTORE_OBJECT_OPENAPI_OPENAPI_PROTO_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#define OPENAPI_PROTO_WITHIN 3U

/* How a member's value is written. */
enum openapi_proto_form {
	VALUE_STRING,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_DOUBLE,
	VALUE_STRINGS,    /* a list of them */
	VALUE_ANYS,       /* a list of any values */
	VALUE_ANY,        /* any value, as text */
	VALUE_MESSAGE,    /* of `message` */
	VALUE_MESSAGES,   /* a list of them */
	VALUE_BOXED,      /* `message` or a string in a message of its own */
	VALUE_ADDITIONAL, /* `message` or a boolean */
	VALUE_DEFAULT,    /* a number, a boolean or a string; of all else only that it is there */
	VALUE_PARAMETERS, /* a list of messages, each as where the parameter stands chooses it */
};

struct openapi_proto_member {
	const char *name;
	uint8_t tag, form; /* enum openapi_proto_form */
	const struct openapi_proto *message;
};

struct openapi_proto {
	const struct openapi_proto_member *members;
	uint32_t count;
	uint8_t extension_tag; /* of members `x-...`; 0: none */
	uint8_t named_tag; /* of members that the table does not name: pairs of name and value; 0: none */
	const struct openapi_proto *named;
	/* The messages around it that hold nothing else, as one of several: their tags from the inside on, up to a 0. */
	uint8_t within[OPENAPI_PROTO_WITHIN + 1];
	bool is_or_reference; /* in the innermost of these a reference may take its place, as 2 */
};

/* A parameter's messages, by what its member `in` says; the last one has no name. */
struct openapi_proto_place {
	const char *in;
	const struct openapi_proto *message;
};

#define OPENAPI_PROTO_MEMBERS(list) .members = (list), .count = sizeof(list) / sizeof(list)[0]

extern const struct openapi_proto openapi_proto_v2, openapi_proto_v3;
extern const struct openapi_proto_place openapi_proto_places[];

#endif

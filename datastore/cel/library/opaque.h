/*
 * What lies behind values that only the library knows: for whoever prices their use, or makes the variable `authorizer`.
 */
#ifndef DATASTORE_CEL_LIBRARY_OPAQUE_H
#define DATASTORE_CEL_LIBRARY_OPAQUE_H

#include "datastore/cel/value/value.h"

struct cel_access;
struct cel_authorizer;

/* Of a CIDR, in bytes. */
uint32_t address_prefix_size(struct cel_value cidr);
/* The longest pattern that stands behind a named format, by which its use is priced. */
uint32_t name_format_pattern_size(struct cel_value format);
/* Borrows the authorizer for as long as the value is used. */
struct cel_value authorize_value(const struct cel_authorizer *authorizer, struct arena *arena);
/* `authorizer.requestResource`: what is asked about, without a verb. */
struct cel_value authorize_resource(const struct cel_authorizer *authorizer,
				    const struct cel_access *access, struct arena *arena);

#endif

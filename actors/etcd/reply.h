/*
 * Answers of etcd's v3 API, into protobuf. Pure.
 *
 * The writer goes from the last byte to the first (transport/wire/proto.h), so fields are written last to first: a reply is
 * begun, its fields are written in falling order of their numbers, and the header, field 1 of every answer, comes last.
 * What is zero or empty is left out, as proto3 does.
 */
#ifndef ACTORS_ETCD_REPLY_H
#define ACTORS_ETCD_REPLY_H

#include "datastore/store/store.h"
#include "runtime/base/collection/vec.h"
#include "transport/wire/proto.h"

struct etcd_header {
	uint64_t cluster, member, revision, term;
};

struct proto_out etcd_reply_new(void);
/* For rows whose keys and values have so many bytes in all. */
struct proto_out etcd_reply_for(uint32_t rows, uint64_t bytes);
void etcd_reply_int(struct proto_out *out, uint32_t number, uint64_t value);
void etcd_reply_bool(struct proto_out *out, uint32_t number, bool value);
void etcd_reply_str(struct proto_out *out, uint32_t number, struct str value);
/* A KeyValue. */
void etcd_reply_row(struct proto_out *out, uint32_t number, const struct store_row *row);
void etcd_reply_rows(struct proto_out *out, uint32_t number, const struct store_row *rows,
		     uint32_t count);

/*
 * An answer whose long values stay where they are: it leaves in parts, and nothing as large as all of it is ever made. Its other fields
 * go into `out` like any answer's.
 */
struct etcd_spread {
	struct proto_out out;
	VEC(struct etcd_gap) gaps;
	uint32_t beside; /* bytes of the values that are not in `out` */
};
struct etcd_gap {
	uint32_t behind; /* bytes of `out` that follow it */
	struct str value;
};
void etcd_spread_rows(struct etcd_spread *spread, uint32_t number, const struct store_row *rows,
		      uint32_t count);
/* The whole in its order, none empty; they point into `out` and at the values. Gives how many, made in the arena. */
uint32_t etcd_spread_parts(const struct etcd_spread *spread, struct arena *arena, struct str **out);

/* Always written, be it empty. */
void etcd_reply_header(struct proto_out *out, const struct etcd_header *header);

#endif

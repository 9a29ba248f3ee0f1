/*
 * Negotiation: in which form a request's body came, and in which its answer goes.
 *
 * Pure functions over Accept and Content-Type as upstream reads them: clauses by quality, wildcards, the parameters `as`,
 * `g`, `v`, `stream` and `pretty`; a clause that cannot be served is passed over. Parameters nobody knows are ignored.
 */
#ifndef ACTORS_SERVER_ANSWER_NEGOTIATE_H
#define ACTORS_SERVER_ANSWER_NEGOTIATE_H

#include "datastore/object/object.h"
#include "datastore/object/patch/patch.h"
#include "runtime/base/base.h"

/* What the answer is turned into. */
enum view {
	VIEW_OBJECT,
	VIEW_TABLE,
	VIEW_PARTIAL,      /* PartialObjectMetadata */
	VIEW_PARTIAL_LIST, /* PartialObjectMetadataList */
	VIEW_DISCOVERY,    /* aggregated: APIGroupDiscoveryList */
};

struct answer_form {
	enum format format;
	enum view view;
	bool is_table_beta; /* meta.k8s.io/v1beta1 was asked for */
	bool is_pretty;
	bool is_yaml; /* what is JSON everywhere leaves as YAML: respond.c */
};

/* What may be chosen where. */
enum negotiate_views {
	NEGOTIATE_PLAIN,     /* the object only */
	NEGOTIATE_METADATA,  /* and metadata only */
	NEGOTIATE_OBJECTS,   /* and tables */
	NEGOTIATE_WATCH,     /* the same, but no YAML: it has no streams */
	NEGOTIATE_DISCOVERY, /* and the aggregated form, JSON or protobuf */
};

/* NOT_ACCEPTABLE when nothing fits. An absent or empty Accept is JSON. */
MUST_USE enum status negotiate_accept(struct str accept, enum negotiate_views views,
				      bool has_protobuf, struct answer_form *out);
/* The content type of answers in this form; a watch's when `is_stream`. */
struct str negotiate_type(const struct answer_form *form, bool is_stream);
#define NEGOTIATE_OFFERED \
	STR("application/json, application/yaml, application/vnd.kubernetes.protobuf")

/* UNSUPPORTED_MEDIA when it is none of JSON, YAML (*out_is_yaml: to be made JSON of) and protobuf. Absent or empty is JSON. */
MUST_USE enum status negotiate_content(struct str content_type, enum format *out, bool *out_is_yaml);
#define NEGOTIATE_READ \
	STR("application/json, application/yaml, application/vnd.kubernetes.protobuf")

/* *out_is_apply: server-side apply, which is no patch of `out`'s kinds. */
MUST_USE enum status negotiate_patch(struct str content_type, enum patch_form *out,
				     bool *out_is_apply);

/* Whether JSON is to be indented for a person. */
bool negotiate_pretty(struct str query_pretty, struct str agent);

#endif

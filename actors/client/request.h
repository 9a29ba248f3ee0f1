/*
 * Requests: api_call messages built from records, and the records in their answers.
 *
 * For any actor that talks to the API by message. A call is made with an arena of its own and owned by the caller
 * until it is sent; nothing here sends. Objects travel as protobuf.
 */
#ifndef ACTORS_CLIENT_REQUEST_H
#define ACTORS_CLIENT_REQUEST_H

#include "actors/client/api.h"
#include "datastore/object/object.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* Where a kind is served: "/api/v1/namespaces/a/pods/b/status". Absent parts are left out; names are percent-encoded. */
struct str request_path(struct arena *arena, const struct type *type, struct str namespace,
			struct str name, const char *subresource);

/*
 * `method` on `path` for `user`, without a body; strings are copied into the call's arena. A node or service account is
 * put into the groups that come with its name.
 */
struct api_call request_call(const char *method, struct str path, struct str user);
/* Puts a record into the call as its body, in protobuf. */
void request_set_record(struct api_call *call, const struct type *type, const void *record);
void request_set_body(struct api_call *call, struct str content_type, struct str body);

/* What an answer's code means here: OK below 400, else the outcome its Status names. `why` gets the Status' message. */
MAY_IGNORE enum status request_outcome(const struct api_answer *answer, struct fault *why);
/* The object in an answer of this kind, frozen; also its resourceVersion is read. NULL with `why` if it is none. */
GIVE const struct object *request_object(const struct api_answer *answer, const struct type *type,
					 struct fault *why);

#endif

/*
 * Documents: the OpenAPI pages of the API server: of v3 one for each group and version and the index of them, of v2 one of all.
 *
 * One belongs to the server actor. A document is made when somebody asks for it, by a worker beside the loop (document-job.h), for all who ask
 * meanwhile, and kept packed (composition.h), within LIMIT_OPENAPI_BYTES: what was not asked for the longest goes first and is made again. The index names
 * each by a hash of its contents, so a client that follows it may keep the answer for good. When resources come or go, what others are
 * made of is kept. Bounds: a job a form of a document, JOBS_MAX in all; who asks waits for them as long as requests may take.
 */
#ifndef ACTORS_SERVER_CATALOG_DOCUMENTS_H
#define ACTORS_SERVER_CATALOG_DOCUMENTS_H

#include "actors/server/request.h"

struct documents;

GIVE struct documents *documents_new(const struct resources *resources);
void documents_free(TAKE struct documents *documents);

enum next documents_v2(struct request *r); /* /openapi/v2 */
/* The pages /openapi/v3 and /openapi/v3/...; `hash` in the query: the one the client believes in. */
enum next documents_index(struct request *r);
enum next documents_page(struct request *r);
bool documents_receive(struct server *server, const struct act_msg *msg);

#endif

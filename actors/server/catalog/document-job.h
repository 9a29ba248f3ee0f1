/*
 * A job about documents: what a worker does beside the loop, with all it needs held until it has been delivered or dropped.
 *
 * For documents.c, on the server's actor; only run() is the worker's. It holds the definitions of the store that it writes of, so they may
 * come and go meanwhile. Where much is to be written the first of it is slices, jobs beside each other:
 *
 *     document_job_compose ──little is new───────────────────────> the job itself
 *                └──much──> slices ──each is back, or has failed──> the job itself, which joins what they have made
 */
#ifndef ACTORS_SERVER_CATALOG_DOCUMENT_JOB_H
#define ACTORS_SERVER_CATALOG_DOCUMENT_JOB_H

#include "actors/server/catalog/composition.h"
#include "actors/server/catalog/resources.h"
#include "runtime/actor/act.h"

#define DOCUMENT_SLICES_MAX 4U /* as many as there are workers */
#define DOCUMENT_JOB_TAG 0x7f00000000000001ULL

/* A document to be written: its resources and what it was made of when it was asked for. */
struct document_wish {
	struct str name; /* documents.c's */
	uint64_t stamp;
	struct composing what;
	char hash[COMPOSITION_HASH_BYTES]; /* in: its name, if it has one already; out: of what was only to be hashed */
};

/* A body as it is, counted by those who send it. */
struct document_plain {
	uint32_t refs;
	struct text text;
};

struct document_job {
	enum { DOCUMENT_COMPOSE, DOCUMENT_HASH, DOCUMENT_UNPACK, DOCUMENT_SLICE } kind;
	struct arena *arena;
	struct document_wish *wishes; /* to compose: one; to be hashed: any number */
	uint32_t count;
	struct mono began;
	struct composition *packed; /* a reference: the one before, or the one to be unpacked */
	bool wants_plain;           /* what is composed */
	enum status status;
	struct composition *made; /* nobody's yet */
	struct document_plain *plain;
	struct composition
	    *slices[DOCUMENT_SLICES_MAX];  /* those that are back; NULL: none, or it failed */
	uint32_t slice_count, slices_open; /* begun; of these not back */
	struct document_job *whole; /* of a slice: what it is of. The last slice has it to itself */
	uint32_t slice;
};

GIVE struct document_job *document_job_new(int kind, struct mono now, uint32_t wishes);
/* The resources from `first` on; borrows the name. */
struct document_wish *document_job_wish(struct document_job *job, enum openapi_version version,
					const struct resources *resources, uint32_t first,
					uint32_t count);
/* The key of a resource in a document: another one, another document. */
uint64_t document_key(const struct resource *resource);
void document_job_begin(struct document_job *job, struct act *act);
/* The same for its only wish, in slices if that is worth it. */
void document_job_compose(struct document_job *job, struct act *act);
/* True: it was a slice, and is gone; with the last of them its document's job has begun. */
bool document_job_goes_on(struct document_job *job, struct act *act);
/* The message that says it is done; NULL: it is another. */
struct document_job *document_job_of(const struct act_msg *msg);
void document_job_free(TAKE struct document_job *job); /* with what nobody has taken of it */
/* A reference that is given back with the arena. */
void document_plain_hold(struct arena *arena, struct document_plain *plain);

#endif

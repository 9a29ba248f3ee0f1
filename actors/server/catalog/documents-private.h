/*
 * What the files of the documents share: documents.c has the list of them, documents-make.c gets them made, documents-page.c answers.
 *
 * Private to them.
 */
#ifndef ACTORS_SERVER_CATALOG_DOCUMENTS_PRIVATE_H
#define ACTORS_SERVER_CATALOG_DOCUMENTS_PRIVATE_H

#include "actors/server/catalog/document-job.h"
#include "actors/server/catalog/documents.h"
#include "actors/server/server-private.h"

#define DOCUMENTS_JOBS_MAX \
	4U /* as many as there are workers; each is for all who ask for the same */

/*
 * A document in one form. What was made last stays when the document changes, for the pieces that the next one is made of.
 */
struct document_form {
	struct composition *made; /* NULL: nothing yet, or it was dropped */
	uint64_t stamp;           /* of what it was made of */
	struct mono began;        /* it shows all that was there then */
	struct document_plain *plain; /* for those who have waited for it, while they are run; else NULL */
	enum status status;           /* of the last try */
	uint64_t tried;               /* its stamp */
	uint64_t used;                /* when it was last asked for, in requests */
	bool is_making;
};

struct document {
	struct str name; /* "apps/v1" */
	struct str group, version;
	uint32_t first, count; /* of the resources, which stand side by side */
	uint64_t stamp;        /* of what it is made of: the same stamp, the same document */
	bool is_custom;        /* of definitions */
	char hash[COMPOSITION_HASH_BYTES]; /* "": not known yet */
	struct document_form forms[FORMAT_COUNT];
};

struct documents {
	const struct resources *resources;
	struct document *at; /* after those of v3: that of v2, of all resources */
	uint32_t len;        /* of v3 */
	struct map by_name;
	uint32_t bytes; /* of all forms that are kept */
	uint64_t requests;
	uint64_t changes;        /* of the resources when they were listed */
	uint64_t others_changes; /* of other servers' documents */
	uint32_t jobs;
	bool is_hashing;
	enum status hashed;  /* of the last try */
	struct list waiting; /* requests, for any job */
	struct arena *arena; /* of the list */
};

/* ---- the list (documents.c) ------------------------------------------------------------------------------- */

/* That of v2. */
static inline struct document *documents_whole(const struct documents *documents)
{
	return &documents->at[documents->len];
}

static inline bool document_has_hash(const struct document *document)
{
	return document->hash[0] != '\0';
}

/* Brings the list up to date when resources have come or gone. */
void documents_refresh(struct documents *documents, struct request *r);
void documents_drop(struct documents *documents, struct document_form *form);
/* Lets go of what was not asked for the longest, until the rest is within the limit. */
void documents_make_room(struct documents *documents, const struct document_form *keep);

/* ---- having them made (documents-make.c) -------------------------------------------------------------------- */

/* Whoever waits is run again when any job is done: it finds what it wants, begins the job for that, or waits on. */
enum next documents_wait(struct request *r);
void documents_compose(struct request *r, struct document *document, enum format format,
		       bool wants_plain);
void documents_unpack(struct request *r, struct document *document, enum format format);
/* Of all documents that have none: so that the index can name them. */
void documents_hash(struct request *r);

#endif

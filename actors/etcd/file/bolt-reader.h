/*
 * The other way: a bbolt file that somebody else wrote, read page by page.
 *
 * Pure but for where its bytes come from. Nothing in the file is trusted: what does not fit says CORRUPT with the page and what is
 * wrong with it; keys out of order, pages that go in circles or are shared are noticed. One thread at a time. Memory: a page for each level
 * of the tree, where a page is as large as its largest value (BOLT_READER_PAGE_BYTES).
 */
#ifndef ACTORS_ETCD_FILE_BOLT_READER_H
#define ACTORS_ETCD_FILE_BOLT_READER_H

#include "runtime/base/base.h"

#define BOLT_READER_PAGE_BYTES (64U * MIB) /* forty times etcd's limit of a value */
#define BOLT_READER_DEPTH 16U              /* of a tree; etcd's largest have five levels */

/* A file's bytes. `read` gives exactly what is asked for, which lies below size_bytes. */
struct bolt_bytes {
	void *arg;
	uint64_t size_bytes;
	enum status (*read)(void *arg, void *at, size_t len, uint64_t offset, struct fault *why);
};

struct bolt_reader;

/* Of its two states takes the latest that is whole, as bbolt does. INVALID: it is no such file. CORRUPT; what `read` says. */
MUST_USE enum status bolt_reader_open(const struct bolt_bytes *bytes, struct bolt_reader **out,
				      struct fault *why);
void bolt_reader_close(TAKE struct bolt_reader *reader); /* NULL is fine */

/* How long the file is by what its state says; it may be longer. */
uint64_t bolt_reader_bytes(const struct bolt_reader *reader);

/* Key and value are borrowed for the call; what is not OK ends the reading. */
typedef enum status bolt_reader_item(void *arg, struct str key, struct str value, struct fault *why);
/* All items of a bucket in the order of their keys. NOT_FOUND without words: there is no such bucket. */
MUST_USE enum status bolt_reader_each(struct bolt_reader *reader, struct str bucket,
				      bolt_reader_item *each, void *arg, struct fault *why);

#endif

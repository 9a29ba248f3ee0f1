/*
 * A page of aggregated discovery as it is kept: a JSON list, also packed if that is worth it, of pieces that are written once.
 *
 * For discovery.c, on the server's actor. A piece is a group; its stamp says what it was made of. The next page takes over those whose stamp is the
 * same, so of a thousand definitions of which one came only its group is written, and packed, again. Whoever sends a page holds it. Bounded
 * by LIMIT_RESPONSE_BYTES, as any answer; one page of each sort is kept.
 */
#ifndef ACTORS_SERVER_CATALOG_DISCOVERY_PAGE_H
#define ACTORS_SERVER_CATALOG_DISCOVERY_PAGE_H

#include "runtime/base/base.h"

struct discovery_page;

struct discovery_item {
	uint64_t stamp; /* the same stamp, the same piece */
	uint32_t from;  /* the caller's */
};

/* Appends one item, as it stands in the list. */
typedef void discovery_write_fn(void *arg, const struct discovery_item *item, struct text *out);

/* Of all groups in their order. `before`: NULL, or the last page. */
GIVE struct discovery_page *discovery_page_new(const struct discovery_page *before,
					       const struct discovery_item *items, uint32_t count,
					       discovery_write_fn *write, void *arg);
bool discovery_page_is_cut(const struct discovery_page *page); /* it was too long: not to be sent */
struct str discovery_page_body(const struct discovery_page *page);
struct str discovery_page_packed(const struct discovery_page *page); /* absent: too small for that */
struct str discovery_page_etag(const struct discovery_page *page);   /* of what it says */
uint32_t discovery_page_written(const struct discovery_page *page);  /* pieces that are new in it */
void discovery_page_hold(struct arena *arena,
			 struct discovery_page *page);       /* until the arena goes */
void discovery_page_unref(TAKE struct discovery_page *page); /* NULL is fine */

#endif

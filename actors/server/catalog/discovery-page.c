#include "actors/server/catalog/discovery-page.h"

#include <stdio.h>

#include "transport/wire/gzip.h"

#define ETAG_BYTES 35U /* 128 bits in hex, quoted, and a NUL */
#define HEAD                                                                        \
	"{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/" \
	"v2\",\"metadata\":{},\"items\":["
#define TAIL "]}"

/* Where an item stands in the body, and with the comma before it, or the head, in what is packed. */
struct piece {
	uint64_t stamp, high, low;
	uint32_t at, bytes;
	uint32_t packed_at;
	struct gzip_piece packed; /* of no bytes: it is not */
};

struct discovery_page {
	uint32_t refs;
	uint32_t written;
	char etag[ETAG_BYTES];
	struct text body, packed;
	uint32_t count;
	struct piece at[];
};

/* Pages of one list have their groups in the same order, so who looks for one goes on behind the last. */
static const struct piece *find(const struct discovery_page *before, uint32_t *at, uint64_t stamp)
{
	uint32_t count = before != NULL ? before->count : 0;

	for (uint32_t i = *at; i < count; i++)
		if (before->at[i].stamp == stamp) {
			*at = i + 1;
			return &before->at[i];
		}
	return NULL;
}

static struct str slice(const struct text *text, uint32_t at, uint32_t bytes)
{
	return str_slice(text_str(text), at, at + bytes);
}

static void hash_piece(struct piece *piece, struct str text)
{
	piece->high = hash_bytes(text.len, text.at, text.len);
	piece->low = hash_bytes(piece->high, text.at, text.len);
}

static void print_etag(struct discovery_page *page)
{
	uint64_t high = page->count, low = 1;

	for (uint32_t i = 0; i < page->count; i++) {
		high = hash_mix(high, page->at[i].high);
		low = hash_mix(low, page->at[i].low);
	}
	snprintf(page->etag, sizeof page->etag, "\"%016jX%016jX\"", (uintmax_t)high, (uintmax_t)low);
}

/* ---- packing ------------------------------------------------------------------------------------------------ */

struct packer {
	struct discovery_page *page;
	struct gzip *gzip;
	struct gzip_join join;
	enum status status;
};

static void pack(struct packer *p, struct str text, struct gzip_piece *piece)
{
	if (p->status == OK)
		p->status = gzip_pack_piece(p->gzip, &p->page->packed, text, piece);
	gzip_join_add(&p->join, piece);
}

/* The first stands behind the head, all others behind a comma: so the first is never taken over as another. */
static void pack_item(struct packer *p, const struct discovery_page *before, uint32_t i,
		      const struct piece *old)
{
	struct piece *piece = &p->page->at[i];
	uint32_t front = i == 0 ? sizeof HEAD - 1 : 1;

	piece->packed_at = p->page->packed.len;
	if (old == NULL || old->packed.packed_bytes == 0 || (i == 0) != (old == before->at)) {
		pack(p, slice(&p->page->body, piece->at - front, piece->bytes + front),
		     &piece->packed);
		return;
	}
	piece->packed = old->packed;
	text_add(&p->page->packed, slice(&before->packed, old->packed_at, old->packed.packed_bytes));
	gzip_join_add(&p->join, &piece->packed);
}

static void pack_all(struct discovery_page *page, const struct discovery_page *before)
{
	struct packer p = { .page = page, .gzip = gzip_new_pieces() };
	struct gzip_piece tail = { 0 };
	uint32_t at = 0;

	text_add(&page->packed, STR(GZIP_JOIN_HEAD));
	for (uint32_t i = 0; i < page->count; i++)
		pack_item(&p, before, i, find(before, &at, page->at[i].stamp));
	pack(&p, STR(TAIL), &tail);
	gzip_join_end(&p.join, &page->packed);
	if (p.status != OK || page->packed.is_cut)
		text_clear(&page->packed);
	gzip_free(p.gzip);
}

/* ---- a page ------------------------------------------------------------------------------------------------- */

static void copy_item(struct discovery_page *page, struct piece *piece,
		      const struct discovery_page *before, const struct piece *old)
{
	text_add(&page->body, slice(&before->body, old->at, old->bytes));
	piece->bytes = old->bytes;
	piece->high = old->high;
	piece->low = old->low;
}

static void write_item(struct discovery_page *page, struct piece *piece,
		       const struct discovery_item *item, discovery_write_fn *write, void *arg)
{
	write(arg, item, &page->body);
	piece->bytes = page->body.len - piece->at;
	hash_piece(piece, slice(&page->body, piece->at, piece->bytes));
	page->written++;
}

struct discovery_page *discovery_page_new(const struct discovery_page *before,
					  const struct discovery_item *items, uint32_t count,
					  discovery_write_fn *write, void *arg)
{
	struct discovery_page *page = mem_alloc(sizeof *page + count * sizeof page->at[0]);
	uint32_t at = 0;

	*page = (struct discovery_page){ .refs = 1,
					 .body = text_new(LIMIT_RESPONSE_BYTES),
					 .packed = text_new(LIMIT_RESPONSE_BYTES),
					 .count = count };
	text_lit(&page->body, HEAD);
	for (uint32_t i = 0; i < count; i++) {
		const struct piece *old = find(before, &at, items[i].stamp);
		struct piece *piece = &page->at[i];

		if (i > 0)
			text_add_char(&page->body, ',');
		*piece = (struct piece){ .stamp = items[i].stamp, .at = page->body.len };
		if (old != NULL)
			copy_item(page, piece, before, old);
		else
			write_item(page, piece, &items[i], write, arg);
	}
	text_lit(&page->body, TAIL);
	print_etag(page);
	if (page->body.len > LIMIT_GZIP_BYTES && !page->body.is_cut)
		pack_all(page, before);
	return page;
}

bool discovery_page_is_cut(const struct discovery_page *page)
{
	return page->body.is_cut;
}

struct str discovery_page_body(const struct discovery_page *page)
{
	return text_str(&page->body);
}

struct str discovery_page_packed(const struct discovery_page *page)
{
	return page->packed.len > 0 ? text_str(&page->packed) : STR_NONE;
}

struct str discovery_page_etag(const struct discovery_page *page)
{
	return str_from(page->etag);
}

uint32_t discovery_page_written(const struct discovery_page *page)
{
	return page->written;
}

void discovery_page_unref(struct discovery_page *page)
{
	if (page == NULL || --page->refs > 0)
		return;
	text_fini(&page->body);
	text_fini(&page->packed);
	mem_free(page);
}

static void give_back(void *page)
{
	discovery_page_unref(page);
}

void discovery_page_hold(struct arena *arena, struct discovery_page *page)
{
	page->refs++;
	arena_on_free(arena, give_back, page);
}

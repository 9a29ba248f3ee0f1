#include "runtime/sim/inode.h"

#include <string.h>

#include "runtime/base/mem.h"

#define PAGE_BYTES 4096U
#define SECTOR_BYTES 512U

struct inode_page {
	uint32_t refs;
	char bytes[PAGE_BYTES];
};

static void page_unref(struct inode *inode, struct inode_page *page)
{
	if (page && --page->refs == 0) {
		*inode->used_bytes -= PAGE_BYTES;
		mem_free(page);
	}
}

static struct inode_page *page_ref(struct inode_page *page)
{
	if (page)
		page->refs++;
	return page;
}

static struct inode_page *page_new(struct inode *inode, const struct inode_page *from)
{
	struct inode_page *page = mem_alloc(sizeof *page);

	page->refs = 1;
	if (from)
		memcpy(page->bytes, from->bytes, PAGE_BYTES);
	else
		memset(page->bytes, 0, PAGE_BYTES);
	*inode->used_bytes += PAGE_BYTES;
	return page;
}

static void inode_soil(struct inode *inode, uint32_t index)
{
	while (inode->pages.len <= index)
		(void)vec_add(&inode->pages);
	struct inode_pair *pair = &inode->pages.at[index];
	if (!pair->is_dirty) {
		pair->is_dirty = true;
		vec_push(&inode->dirty, index);
	}
}

/* The page to write into: never one that the synced view holds. */
static char *inode_bytes(struct inode *inode, uint32_t index)
{
	inode_soil(inode, index);
	struct inode_pair *pair = &inode->pages.at[index];
	if (!pair->now || pair->now == pair->synced) {
		struct inode_page *page = page_new(inode, pair->now);
		page_unref(inode, pair->now);
		pair->now = page;
	}
	return pair->now->bytes;
}

/* How much of a run of bytes lies in the page of its first. */
static size_t inode_piece(uint64_t offset, size_t len)
{
	size_t room = PAGE_BYTES - (size_t)(offset % PAGE_BYTES);
	return room < len ? room : len;
}

void inode_read(const struct inode *inode, char *at, size_t len, uint64_t offset)
{
	for (size_t piece; len > 0; at += piece, offset += piece, len -= piece) {
		uint32_t index = (uint32_t)(offset / PAGE_BYTES);
		const struct inode_page *page =
		    index < inode->pages.len ? inode->pages.at[index].now : NULL;
		piece = inode_piece(offset, len);
		if (page)
			memcpy(at, page->bytes + offset % PAGE_BYTES, piece);
		else
			memset(at, 0, piece);
	}
}

void inode_write(struct inode *inode, const char *at, size_t len, uint64_t offset)
{
	uint64_t end = offset + len;

	for (size_t piece; len > 0; at += piece, offset += piece, len -= piece) {
		piece = inode_piece(offset, len);
		char *bytes = inode_bytes(inode, (uint32_t)(offset / PAGE_BYTES));
		memcpy(bytes + offset % PAGE_BYTES, at, piece);
	}
	if (end > inode->size)
		inode->size = end;
}

void inode_cut(struct inode *inode, uint64_t size)
{
	uint32_t keep = (uint32_t)((size + PAGE_BYTES - 1) / PAGE_BYTES);
	uint32_t rest = (uint32_t)(size % PAGE_BYTES);

	for (uint32_t i = keep; i < inode->pages.len; i++) {
		if (!inode->pages.at[i].now)
			continue;
		inode_soil(inode, i);
		page_unref(inode, inode->pages.at[i].now);
		inode->pages.at[i].now = NULL;
	}
	if (rest && keep <= inode->pages.len && inode->pages.at[keep - 1].now)
		memset(inode_bytes(inode, keep - 1) + rest, 0, PAGE_BYTES - rest);
	inode->size = size;
	if (inode->reserved > size)
		inode->reserved = size;
}

void inode_sync(struct inode *inode)
{
	for (uint32_t i = 0; i < inode->dirty.len; i++) {
		struct inode_pair *pair = &inode->pages.at[inode->dirty.at[i]];
		page_unref(inode, pair->synced);
		pair->synced = page_ref(pair->now);
		pair->is_dirty = false;
	}
	vec_clear(&inode->dirty);
	inode->synced_size = inode->size;
}

static bool inode_toss(const struct volume_chance *chance)
{
	return chance->below(chance->self, 2) == 0;
}

/* Each sector of the page is the old or the new one. */
static void inode_tear(struct inode *inode, struct inode_pair *pair,
		       const struct volume_chance *chance)
{
	struct inode_page *torn = page_new(inode, pair->synced);

	for (uint32_t at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
		if (inode_toss(chance))
			continue;
		if (pair->now)
			memcpy(torn->bytes + at, pair->now->bytes + at, SECTOR_BYTES);
		else
			memset(torn->bytes + at, 0, SECTOR_BYTES);
	}
	page_unref(inode, pair->now);
	pair->now = torn;
}

void inode_lose_power(struct inode *inode, const struct volume_chance *chance, bool is_tearing)
{
	bool is_kept = inode_toss(chance);
	bool is_size_kept = is_tearing ? inode_toss(chance) : is_kept;

	for (uint32_t i = 0; i < inode->dirty.len; i++) {
		struct inode_pair *pair = &inode->pages.at[inode->dirty.at[i]];
		if (is_tearing) {
			inode_tear(inode, pair, chance);
		} else if (!is_kept) {
			page_unref(inode, pair->now);
			pair->now = page_ref(pair->synced);
		}
	}
	if (!is_size_kept)
		inode->size = inode->synced_size;
	inode_cut(inode, inode->size);
	inode_sync(inode);
}

struct inode *inode_new(uint32_t mode, bool is_folder, uint64_t *used_bytes)
{
	struct inode *inode = mem_new(struct inode);

	list_init(&inode->link);
	inode->used_bytes = used_bytes;
	inode->mode = mode;
	inode->is_folder = is_folder;
	return inode;
}

void inode_free(struct inode *inode)
{
	for (uint32_t i = 0; i < inode->pages.len; i++) {
		page_unref(inode, inode->pages.at[i].now);
		page_unref(inode, inode->pages.at[i].synced);
	}
	vec_fini(&inode->pages);
	vec_fini(&inode->dirty);
	list_remove(&inode->link);
	mem_free(inode);
}

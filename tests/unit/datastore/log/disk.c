#include "tests/unit/datastore/log/disk.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/chance.h"

#define SECTOR 512U
#define NAME 256

struct write {
	uint64_t offset;
	uint64_t len;
	char *at;
};

struct bytes {
	char *at;
	uint64_t len, cap;
};

struct node {
	struct bytes now, safe;     /* contents as read, and as they are after a crash */
	VEC(struct write) unsynced; /* in order */
	bool is_locked;
};

struct name {
	char path[NAME];
	struct node *node; /* NULL: a folder */
};

struct seams_file {
	struct node *node;
	bool has_lock;
};

struct disk {
	struct dice dice;
	VEC(struct node *) nodes;
	VEC(struct name) names, safe_names;
	VEC(struct seams_file *) open;
	uint32_t fail_after;
	enum status fail_status;
	uint64_t limit, syncs, read_bytes;
};

/* ---- dice ---- */

uint64_t dice_next(struct dice *dice)
{
	return chance_step(&dice->state);
}

uint32_t dice_below(struct dice *dice, uint32_t limit)
{
	return (uint32_t)(dice_next(dice) >> 33) % limit;
}

bool dice_chance(struct dice *dice, uint32_t per_mille)
{
	return dice_below(dice, 1000) < per_mille;
}

static void dice_fill(void *self, void *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((char *)at)[i] = (char)dice_next(self);
}

struct seams_random dice_seam(struct dice *dice)
{
	return (struct seams_random){ .self = dice, .fill = dice_fill };
}

/* ---- inside ---- */

static enum status fails(struct disk *disk)
{
	if (disk->fail_status == OK)
		return OK;
	if (disk->fail_after > 0) {
		disk->fail_after--;
		return OK;
	}
	return disk->fail_status;
}

static struct name *find(struct disk *disk, const char *path)
{
	for (uint32_t i = 0; i < disk->names.len; i++)
		if (strcmp(disk->names.at[i].path, path) == 0)
			return &disk->names.at[i];
	return NULL;
}

static void add_name(struct disk *disk, const char *path, struct node *node)
{
	struct name name = { .node = node };
	snprintf(name.path, sizeof name.path, "%s", path);
	vec_push(&disk->names, name);
}

static uint64_t used(const struct disk *disk)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < disk->names.len; i++)
		if (disk->names.at[i].node)
			bytes += disk->names.at[i].node->now.len;
	return bytes;
}

static void resize(struct bytes *bytes, uint64_t size)
{
	if (size > bytes->cap) {
		bytes->cap = size * 2;
		bytes->at = mem_resize(bytes->at, bytes->cap);
	}
	if (size > bytes->len)
		memset(bytes->at + bytes->len, 0, size - bytes->len);
	bytes->len = size;
}

static void set_size(struct node *node, bool safe, uint64_t size)
{
	resize(safe ? &node->safe : &node->now, size);
}

static void forget_unsynced(struct node *node)
{
	for (uint32_t i = 0; i < node->unsynced.len; i++)
		mem_free(node->unsynced.at[i].at);
	vec_clear(&node->unsynced);
}

/* ---- the seam ---- */

static enum status files_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			      struct seams_file **out)
{
	struct disk *disk = self;
	struct name *name = find(disk, path);
	(void)mode;
	TRY(fails(disk));
	if (!name && !(flags & SEAMS_CREATE))
		return NOT_FOUND;
	if (name && (flags & SEAMS_EXCLUSIVE))
		return EXISTS;
	if (!name) {
		struct node *node = mem_new(struct node);
		vec_push(&disk->nodes, node);
		add_name(disk, path, node);
		name = find(disk, path);
	}
	if ((flags & SEAMS_LOCK) && name->node->is_locked)
		return BUSY;
	if (flags & SEAMS_TRUNCATE) {
		set_size(name->node, false, 0);
		set_size(name->node, true, 0);
		forget_unsynced(name->node);
	}
	struct seams_file *file = mem_new(struct seams_file);
	*file = (struct seams_file){ .node = name->node, .has_lock = flags & SEAMS_LOCK };
	name->node->is_locked |= file->has_lock;
	vec_push(&disk->open, file);
	*out = file;
	return OK;
}

static void files_close(void *self, struct seams_file *file)
{
	struct disk *disk = self;
	for (uint32_t i = 0; i < disk->open.len; i++) {
		if (disk->open.at[i] != file)
			continue;
		if (file->has_lock)
			file->node->is_locked = false;
		vec_swap_remove(&disk->open, i);
		mem_free(file);
		return;
	}
	/* Closed by a crash already. */
}

static enum status files_read(void *self, struct seams_file *file, void *at, size_t len,
			      uint64_t offset, size_t *out_len)
{
	struct disk *disk = self;
	struct node *node = file->node;
	TRY(fails(disk));
	size_t there = offset < node->now.len ? node->now.len - (size_t)offset : 0;
	*out_len = len < there ? len : there;
	if (*out_len > 0)
		memcpy(at, node->now.at + offset, *out_len);
	disk->read_bytes += *out_len;
	return OK;
}

static enum status files_write(void *self, struct seams_file *file, const void *at, size_t len,
			       uint64_t offset)
{
	struct disk *disk = self;
	struct node *node = file->node;
	enum status status = fails(disk);
	if (disk->limit > 0 && offset + len > node->now.len &&
	    used(disk) + offset + len - node->now.len > disk->limit)
		return FULL;
	/* A write that fails may have reached the disk in part. */
	if (status != OK && !dice_chance(&disk->dice, 500))
		return status;
	if (offset + len > node->now.len)
		set_size(node, false, offset + len);
	memcpy(node->now.at + offset, at, len);
	vec_push(&node->unsynced,
		 (struct write){ .offset = offset, .len = len, .at = mem_copy(at, len) });
	return status;
}

/* Nothing is durable before its sync. */
static void files_begin_sync(void *self, struct seams_file *file)
{
	(void)self;
	(void)file;
}

static enum status files_sync(void *self, struct seams_file *file)
{
	struct disk *disk = self;
	struct node *node = file->node;
	TRY(fails(disk));
	disk->syncs++;
	set_size(node, true, node->now.len);
	for (uint32_t i = 0; i < node->unsynced.len; i++) {
		const struct write *write = &node->unsynced.at[i];
		memcpy(node->safe.at + write->offset, write->at, write->len);
	}
	forget_unsynced(node);
	return OK;
}

static enum status files_reserve(void *self, struct seams_file *file, uint64_t size_bytes)
{
	struct disk *disk = self;
	TRY(fails(disk));
	if (size_bytes <= file->node->now.len)
		return OK;
	if (disk->limit > 0 && used(disk) + size_bytes - file->node->now.len > disk->limit)
		return FULL;
	set_size(file->node, false, size_bytes);
	set_size(file->node, true, size_bytes);
	return OK;
}

static enum status files_truncate(void *self, struct seams_file *file, uint64_t size_bytes)
{
	TRY(fails(self));
	set_size(file->node, false, size_bytes);
	set_size(file->node, true, size_bytes);
	return OK;
}

static enum status files_size(void *self, struct seams_file *file, uint64_t *out_bytes)
{
	(void)self;
	*out_bytes = file->node->now.len;
	return OK;
}

static enum status files_rename(void *self, const char *from, const char *to)
{
	struct disk *disk = self;
	TRY(fails(disk));
	if (!find(disk, from))
		return NOT_FOUND;
	struct name *replaced = find(disk, to);
	if (replaced)
		vec_remove(&disk->names, (uint32_t)(replaced - disk->names.at));
	struct name *name = find(disk, from);
	snprintf(name->path, sizeof name->path, "%s", to);
	return OK;
}

static enum status files_unlink(void *self, const char *path)
{
	struct disk *disk = self;
	TRY(fails(disk));
	struct name *name = find(disk, path);
	if (!name)
		return NOT_FOUND;
	vec_remove(&disk->names, (uint32_t)(name - disk->names.at));
	return OK;
}

static enum status files_mkdir(void *self, const char *path, uint32_t mode)
{
	(void)mode;
	TRY(fails(self));
	if (find(self, path))
		return EXISTS;
	add_name(self, path, NULL);
	return OK;
}

static void keep_names(struct disk *disk)
{
	vec_clear(&disk->safe_names);
	for (uint32_t i = 0; i < disk->names.len; i++)
		vec_push(&disk->safe_names, disk->names.at[i]);
}

static enum status files_sync_folder(void *self, const char *path)
{
	(void)path; /* all of them: stricter owners are not told apart */
	TRY(fails(self));
	keep_names(self);
	return OK;
}

static enum status files_stat(void *self, const char *path, struct seams_stat *out)
{
	const struct name *name = find(self, path);
	TRY(fails(self));
	if (!name)
		return NOT_FOUND;
	*out = (struct seams_stat){ .size_bytes = name->node ? name->node->now.len : 0,
				    .mode = 0600,
				    .is_folder = !name->node };
	return OK;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

static enum status files_list(void *self, const char *path,
			      void (*each)(void *arg, struct str name), void *arg)
{
	struct disk *disk = self;
	size_t len = strlen(path);
	TRY(fails(disk));
	qsort(disk->names.at, disk->names.len, sizeof *disk->names.at, compare_names);
	for (uint32_t i = 0; i < disk->names.len; i++) {
		const char *name = disk->names.at[i].path;
		if (strncmp(name, path, len) == 0 && name[len] == '/')
			each(arg, str_from(name + len + 1));
	}
	return OK;
}

static enum status files_free_bytes(void *self, const char *path, uint64_t *out_bytes)
{
	struct disk *disk = self;
	(void)path;
	*out_bytes = disk->limit > 0 ? disk->limit - used(disk) : UINT64_C(1) << 40;
	return OK;
}

struct seams_files disk_files(struct disk *disk)
{
	return (struct seams_files){ .self = disk,
				     .open = files_open,
				     .close = files_close,
				     .read = files_read,
				     .write = files_write,
				     .sync = files_sync,
				     .begin_sync = files_begin_sync,
				     .truncate = files_truncate,
				     .reserve = files_reserve,
				     .size = files_size,
				     .rename = files_rename,
				     .unlink = files_unlink,
				     .mkdir = files_mkdir,
				     .sync_folder = files_sync_folder,
				     .stat = files_stat,
				     .list = files_list,
				     .free_bytes = files_free_bytes };
}

/* ---- crashes and damage ---- */

static void tear(struct disk *disk, struct node *node)
{
	set_size(node, true, node->now.len);
	for (uint32_t i = 0; i < node->unsynced.len; i++) {
		const struct write *write = &node->unsynced.at[i];
		bool all = dice_chance(&disk->dice, 250), nothing = dice_chance(&disk->dice, 250);
		for (uint64_t at = 0; at < write->len;) {
			/* Up to the next sector of the file. */
			uint64_t len = SECTOR - (write->offset + at) % SECTOR;
			if (len > write->len - at)
				len = write->len - at;
			if (all || (!nothing && dice_chance(&disk->dice, 600)))
				memcpy(node->safe.at + write->offset + at, write->at + at, len);
			at += len;
		}
	}
	forget_unsynced(node);
	resize(&node->now, node->safe.len);
	if (node->safe.len > 0)
		memcpy(node->now.at, node->safe.at, node->safe.len);
	node->is_locked = false;
}

void disk_crash(struct disk *disk)
{
	while (disk->open.len > 0)
		mem_free(vec_pop(&disk->open));
	for (uint32_t i = 0; i < disk->nodes.len; i++)
		tear(disk, disk->nodes.at[i]);
	/* A journal keeps the order of names: all that was done since the last sync_folder, or nothing. */
	if (dice_chance(&disk->dice, 500)) {
		vec_clear(&disk->names);
		for (uint32_t i = 0; i < disk->safe_names.len; i++)
			vec_push(&disk->names, disk->safe_names.at[i]);
	}
	keep_names(disk);
	disk->fail_status = OK;
}

void disk_fail_after(struct disk *disk, uint32_t operations, enum status status)
{
	disk->fail_after = operations;
	disk->fail_status = status;
}

void disk_limit(struct disk *disk, uint64_t bytes)
{
	disk->limit = bytes;
}

uint64_t disk_read_bytes(const struct disk *disk)
{
	return disk->read_bytes;
}

uint64_t disk_syncs(const struct disk *disk)
{
	return disk->syncs;
}

struct str disk_bytes(struct disk *disk, const char *path)
{
	struct name *name = find(disk, path);
	return name && name->node ? str_of(name->node->now.at, name->node->now.len) : STR_NONE;
}

char *disk_at(struct disk *disk, const char *path, uint64_t offset)
{
	struct name *name = find(disk, path);
	return name && name->node && offset < name->node->now.len ? name->node->now.at + offset
								  : NULL;
}

struct disk *disk_new(uint64_t seed)
{
	struct disk *disk = mem_new(struct disk);
	disk->dice.state = seed;
	return disk;
}

void disk_free(struct disk *disk)
{
	while (disk->open.len > 0)
		mem_free(vec_pop(&disk->open));
	for (uint32_t i = 0; i < disk->nodes.len; i++) {
		struct node *node = disk->nodes.at[i];
		forget_unsynced(node);
		mem_free(node->now.at);
		mem_free(node->safe.at);
		vec_fini(&node->unsynced);
		mem_free(node);
	}
	vec_fini(&disk->nodes);
	vec_fini(&disk->names);
	vec_fini(&disk->safe_names);
	vec_fini(&disk->open);
	mem_free(disk);
}

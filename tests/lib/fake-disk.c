#include "tests/lib/fake-disk.h"

#include <assert.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "runtime/base/chance.h"
#include "runtime/base/collection/tree.h"

#define SECTOR 512U

/* What a name leads to; counted by names (current and durable) and open files. */
struct inode {
	uint32_t refs;
	bool is_folder;
	bool is_locked;
	char *now, *durable;
	uint64_t now_len, durable_len, now_cap;
};

struct seams_file {
	struct inode *inode;
	uint32_t crashes; /* of the disk when it was opened: later it is dead */
	bool has_lock;
};

struct fake_disk {
	struct seams_files files;
	struct seams_random random;
	struct tree *names, *durable; /* path to inode */
	uint64_t state;
	uint64_t changes, fail_at, written;
	uint32_t crashes;
	bool is_full, is_failing;
};

static void fill(void *self, void *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((char *)at)[i] = (char)chance_step(&((struct fake_disk *)self)->state);
}

static void inode_unref(struct inode *inode)
{
	if (!inode || --inode->refs)
		return;
	mem_free(inode->now);
	mem_free(inode->durable);
	mem_free(inode);
}

static struct inode *inode_ref(struct inode *inode)
{
	if (inode)
		inode->refs++;
	return inode;
}

/* Counts a change; false when it is one that fails. */
static bool may_change(struct fake_disk *disk)
{
	disk->changes++;
	if (disk->fail_at && disk->changes >= disk->fail_at)
		disk->is_failing = true;
	return !disk->is_failing;
}

static bool is_dead(const struct fake_disk *disk, const struct seams_file *file)
{
	return file->crashes != disk->crashes;
}

static void set_name(struct tree *tree, struct str path, struct inode *inode)
{
	struct inode *before =
	    inode ? tree_put(tree, path, inode_ref(inode)) : tree_remove(tree, path);
	inode_unref(before);
}

static void resize(struct inode *inode, uint64_t len)
{
	if (len > inode->now_cap) {
		uint64_t cap = len + len / 2 + SECTOR;
		inode->now = mem_resize(inode->now, cap);
		inode->now_cap = cap;
	}
	if (len > inode->now_len)
		memset(inode->now + inode->now_len, 0, len - inode->now_len);
	inode->now_len = len;
}

static enum status do_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			   struct seams_file **out)
{
	struct fake_disk *disk = self;
	struct str name = str_from(path);
	struct inode *inode = tree_get(disk->names, name);
	(void)mode;
	if (inode && (flags & SEAMS_EXCLUSIVE) && (flags & SEAMS_CREATE))
		return EXISTS;
	if (!inode && !(flags & SEAMS_CREATE))
		return NOT_FOUND;
	if (inode && (flags & SEAMS_LOCK) && inode->is_locked)
		return BUSY;
	if (!inode) {
		if (!may_change(disk))
			return IO;
		inode = mem_new(struct inode);
		set_name(disk->names, name, inode);
	}
	if (flags & SEAMS_TRUNCATE)
		resize(inode, 0);
	struct seams_file *file = mem_new(struct seams_file);
	file->inode = inode_ref(inode);
	file->crashes = disk->crashes;
	file->has_lock = flags & SEAMS_LOCK;
	if (file->has_lock)
		inode->is_locked = true;
	*out = file;
	return OK;
}

static void do_close(void *self, struct seams_file *file)
{
	struct fake_disk *disk = self;
	if (file->has_lock && !is_dead(disk, file))
		file->inode->is_locked = false;
	inode_unref(file->inode);
	mem_free(file);
}

static enum status do_read(void *self, struct seams_file *file, void *at, size_t len,
			   uint64_t offset, size_t *out_len)
{
	struct inode *inode = file->inode;
	if (is_dead(self, file))
		return IO;
	size_t got = offset >= inode->now_len ? 0 : (size_t)(inode->now_len - offset);
	got = got < len ? got : len;
	if (got)
		memcpy(at, inode->now + offset, got);
	*out_len = got;
	return OK;
}

static enum status do_write(void *self, struct seams_file *file, const void *at, size_t len,
			    uint64_t offset)
{
	struct fake_disk *disk = self;
	struct inode *inode = file->inode;
	if (is_dead(disk, file) || !may_change(disk))
		return IO;
	if (disk->is_full && offset + len > inode->now_len)
		return FULL;
	if (offset + len > inode->now_len)
		resize(inode, offset + len);
	memcpy(inode->now + offset, at, len);
	disk->written += len;
	return OK;
}

/* Nothing is durable before its sync. */
static void do_begin_sync(void *self, struct seams_file *file)
{
	(void)self;
	(void)file;
}

static enum status do_sync(void *self, struct seams_file *file)
{
	struct inode *inode = file->inode;
	if (is_dead(self, file) || !may_change(self))
		return IO;
	mem_free(inode->durable);
	inode->durable = mem_copy(inode->now ? inode->now : "", inode->now_len ? inode->now_len : 1);
	inode->durable_len = inode->now_len;
	return OK;
}

static enum status do_truncate(void *self, struct seams_file *file, uint64_t size)
{
	if (is_dead(self, file) || !may_change(self))
		return IO;
	resize(file->inode, size);
	return OK;
}

static enum status do_reserve(void *self, struct seams_file *file, uint64_t size)
{
	struct fake_disk *disk = self;
	if (is_dead(disk, file) || !may_change(disk))
		return IO;
	if (disk->is_full)
		return FULL;
	if (size > file->inode->now_len)
		resize(file->inode, size);
	return OK;
}

static enum status do_size(void *self, struct seams_file *file, uint64_t *out)
{
	if (is_dead(self, file))
		return IO;
	*out = file->inode->now_len;
	return OK;
}

static enum status do_rename(void *self, const char *from, const char *to)
{
	struct fake_disk *disk = self;
	struct inode *inode = tree_get(disk->names, str_from(from));
	if (!inode)
		return NOT_FOUND;
	if (!may_change(disk))
		return IO;
	set_name(disk->names, str_from(to), inode);
	set_name(disk->names, str_from(from), NULL);
	return OK;
}

static enum status do_unlink(void *self, const char *path)
{
	struct fake_disk *disk = self;
	if (!tree_get(disk->names, str_from(path)))
		return NOT_FOUND;
	if (!may_change(disk))
		return IO;
	set_name(disk->names, str_from(path), NULL);
	return OK;
}

static enum status do_mkdir(void *self, const char *path, uint32_t mode)
{
	struct fake_disk *disk = self;
	(void)mode;
	if (tree_get(disk->names, str_from(path)))
		return EXISTS;
	if (!may_change(disk))
		return IO;
	struct inode *inode = mem_new(struct inode);
	inode->is_folder = true;
	set_name(disk->names, str_from(path), inode);
	return OK;
}

/* True if `path` lies directly in `folder`; *name is its last part. */
static bool is_in_folder(struct str path, struct str folder, struct str *name)
{
	if (!str_starts(path, folder) || path.len <= folder.len + 1 || path.at[folder.len] != '/')
		return false;
	*name = str_slice(path, folder.len + 1, path.len);
	return str_find_char(*name, '/') < 0;
}

static void copy_names(struct tree *from, struct tree *to, struct str folder, bool is_removal)
{
	struct arena *arena = arena_new(0);
	struct str *paths = arena_array(arena, struct str, tree_len(from) + 1);
	uint32_t count = 0;
	struct str path, name;
	void *inode;
	struct tree_cursor cursor = tree_from(from, STR(""));
	while (tree_step(&cursor, &path, &inode)) {
		if (is_in_folder(path, folder, &name) || str_eq(path, folder))
			paths[count++] = arena_str(arena, path);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!is_removal)
			set_name(to, paths[i], tree_get(from, paths[i]));
		else if (!tree_get(to, paths[i]))
			set_name(from, paths[i], NULL);
	}
	arena_free(arena);
}

static enum status do_sync_folder(void *self, const char *path)
{
	struct fake_disk *disk = self;
	if (!may_change(disk))
		return IO;
	copy_names(disk->names, disk->durable, str_from(path), false);
	copy_names(disk->durable, disk->names, str_from(path), true);
	return OK;
}

static enum status do_stat(void *self, const char *path, struct seams_stat *out)
{
	struct fake_disk *disk = self;
	struct inode *inode = tree_get(disk->names, str_from(path));
	if (!inode)
		return NOT_FOUND;
	*out = (struct seams_stat){ .size_bytes = inode->now_len,
				    .mode = 0600,
				    .is_folder = inode->is_folder };
	return OK;
}

static enum status do_list(void *self, const char *path, void (*each)(void *arg, struct str name),
			   void *arg)
{
	struct fake_disk *disk = self;
	struct arena *arena = arena_new(0);
	struct str *names = arena_array(arena, struct str, tree_len(disk->names) + 1);
	uint32_t count = 0;
	struct str key, name;
	void *inode;
	struct tree_cursor cursor = tree_from(disk->names, STR(""));
	while (tree_step(&cursor, &key, &inode)) {
		if (is_in_folder(key, str_from(path), &name))
			names[count++] = arena_str(arena, name);
	}
	for (uint32_t i = 0; i < count; i++)
		each(arg, names[i]);
	arena_free(arena);
	return OK;
}

static enum status do_free_bytes(void *self, const char *path, uint64_t *out)
{
	(void)path;
	*out = ((struct fake_disk *)self)->is_full ? 0 : 1ULL << 40;
	return OK;
}

struct fake_disk *fake_disk_new(uint64_t seed)
{
	struct fake_disk *disk = mem_new(struct fake_disk);
	disk->state = seed;
	disk->names = tree_new();
	disk->durable = tree_new();
	disk->random = (struct seams_random){ .self = disk, .fill = fill };
	disk->files = (struct seams_files){ .self = disk,
					    .open = do_open,
					    .close = do_close,
					    .read = do_read,
					    .write = do_write,
					    .sync = do_sync,
					    .begin_sync = do_begin_sync,
					    .truncate = do_truncate,
					    .reserve = do_reserve,
					    .size = do_size,
					    .rename = do_rename,
					    .unlink = do_unlink,
					    .mkdir = do_mkdir,
					    .sync_folder = do_sync_folder,
					    .stat = do_stat,
					    .list = do_list,
					    .free_bytes = do_free_bytes };
	return disk;
}

static void drop_names(struct tree *tree)
{
	struct str path;
	void *inode;
	struct tree_cursor cursor = tree_from(tree, STR(""));
	while (tree_step(&cursor, &path, &inode))
		inode_unref(inode);
	tree_free(tree);
}

void fake_disk_free(struct fake_disk *disk)
{
	drop_names(disk->names);
	drop_names(disk->durable);
	mem_free(disk);
}

const struct seams_files *fake_disk_files(struct fake_disk *disk)
{
	return &disk->files;
}

const struct seams_random *fake_disk_random(struct fake_disk *disk)
{
	return &disk->random;
}

/* Each sector is as it was written last or as it was synced last; so is the size. */
static void tear(struct fake_disk *disk, struct inode *inode)
{
	uint64_t len = chance_step(&disk->state) & 1 ? inode->now_len : inode->durable_len;
	resize(inode, len);
	for (uint64_t at = 0; at < len; at += SECTOR) {
		if (chance_step(&disk->state) & 1)
			continue;
		uint64_t end = at + SECTOR < len ? at + SECTOR : len;
		for (uint64_t i = at; i < end; i++)
			inode->now[i] = i < inode->durable_len ? inode->durable[i] : 0;
	}
	mem_free(inode->durable);
	inode->durable = mem_copy(inode->now ? inode->now : "", len ? len : 1);
	inode->durable_len = len;
	inode->is_locked = false;
}

/* Paths that either tree knows, each settled by a coin; both trees agree afterwards. */
static void settle_names(struct fake_disk *disk, struct tree *all)
{
	struct str path;
	void *nothing;
	struct tree_cursor cursor = tree_from(all, STR(""));
	while (tree_step(&cursor, &path, &nothing)) {
		struct inode *now = tree_get(disk->names, path);
		struct inode *durable = tree_get(disk->durable, path);
		struct inode *kept = now == durable || chance_step(&disk->state) & 1 ? now : durable;
		inode_ref(kept);
		set_name(disk->names, path, kept);
		set_name(disk->durable, path, kept);
		if (kept)
			tear(disk, kept);
		inode_unref(kept);
	}
}

void fake_disk_crash(struct fake_disk *disk)
{
	struct tree *all = tree_new();
	struct str path;
	void *inode;
	struct tree_cursor cursor = tree_from(disk->names, STR(""));
	while (tree_step(&cursor, &path, &inode))
		tree_put(all, path, disk);
	cursor = tree_from(disk->durable, STR(""));
	while (tree_step(&cursor, &path, &inode))
		tree_put(all, path, disk);
	settle_names(disk, all);
	tree_free(all);
	disk->crashes++;
	disk->fail_at = 0;
	disk->is_failing = false;
}

void fake_disk_fail_after(struct fake_disk *disk, uint64_t changes)
{
	disk->fail_at = changes ? disk->changes + changes : 0;
	disk->is_failing = false;
}

uint64_t fake_disk_changes(const struct fake_disk *disk)
{
	return disk->changes;
}

void fake_disk_set_full(struct fake_disk *disk, bool is_full)
{
	disk->is_full = is_full;
}

void fake_disk_damage(struct fake_disk *disk, const char *path, uint64_t offset)
{
	struct inode *inode = tree_get(disk->names, str_from(path));
	assert(inode && offset < inode->now_len);
	inode->now[offset] ^= 0x10;
	if (offset < inode->durable_len)
		inode->durable[offset] ^= 0x10;
}

uint64_t fake_disk_written_bytes(const struct fake_disk *disk)
{
	return disk->written;
}

#include "runtime/sim/volume.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/mem.h"
#include "runtime/sim/inode.h"

#define ENDLESS_BYTES (1ULL << 40)

/* One change of names since the last sync of a folder. */
struct change {
	char *name;
	struct inode *inode; /* NULL: the name is gone */
	bool goes_on; /* durable only together with the next one: a rename is all or nothing */
};

struct volume {
	struct map names, synced_names; /* path to inode */
	VEC(struct change) journal;
	struct list inodes;
	uint64_t used_bytes;
	struct volume_faults faults;
	struct volume_chance chance;
};

struct volume_view {
	struct volume *volume;
	struct list open;
	bool is_dead;
	struct seams_files files;
};

struct seams_file {
	struct list link;    /* in the view's open files */
	struct inode *inode; /* NULL: its process is gone */
	uint32_t flags;
};

static struct inode *volume_add_inode(struct volume *volume, uint32_t mode, bool is_folder)
{
	struct inode *inode = inode_new(mode, is_folder, &volume->used_bytes);
	list_push(&volume->inodes, &inode->link);
	return inode;
}

/* ---- names ----------------------------------------------------------------------------------------------- */

static struct inode *volume_find(const struct volume *volume, const char *path)
{
	return map_get(&volume->names, str_from(path));
}

static struct str volume_parent(const char *path)
{
	struct str name = str_from(path);
	int64_t slash = str_find_last(name, '/');
	return slash <= 0 ? STR_NONE : str_slice(name, 0, (uint32_t)slash);
}

/* The root and relative top level always exist. */
static bool volume_has_parent(const struct volume *volume, const char *path)
{
	struct str parent = volume_parent(path);
	if (!parent.at)
		return true;
	const struct inode *inode = map_get(&volume->names, parent);
	return inode && inode->is_folder;
}

static void volume_name(struct volume *volume, const char *path, struct inode *inode)
{
	if (inode)
		map_put(&volume->names, str_from(path), inode);
	else
		map_remove(&volume->names, str_from(path));
	vec_push(&volume->journal,
		 ((struct change){ mem_copy(path, strlen(path) + 1), inode, false }));
}

/* The first `count` changes of names become durable. */
static void volume_commit_names(struct volume *volume, uint32_t count)
{
	for (uint32_t i = 0; i < volume->journal.len; i++) {
		struct change *change = &volume->journal.at[i];
		if (i < count && change->inode)
			map_put(&volume->synced_names, str_from(change->name), change->inode);
		else if (i < count)
			map_remove(&volume->synced_names, str_from(change->name));
		mem_free(change->name);
	}
	vec_clear(&volume->journal);
}

static bool volume_is_named(const struct map *names, const struct inode *inode)
{
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(names, &at, &key, &value))
		if (value == inode)
			return true;
	return false;
}

/* Frees files that no name, synced or not, and no open file leads to. */
static void volume_sweep(struct volume *volume)
{
	list_each (&volume->inodes, link) {
		struct inode *inode = list_item(link, struct inode, link);
		if (!inode->opens && !volume_is_named(&volume->names, inode) &&
		    !volume_is_named(&volume->synced_names, inode))
			inode_free(inode);
	}
}

/* ---- faults ------------------------------------------------------------------------------------------------ */

/* A dead process's every call, and of a living one's as many as the faults say. */
static bool volume_errs(const struct volume_view *view)
{
	struct volume *volume = view->volume;
	return view->is_dead || (volume->faults.io_error_per_million &&
				 volume->chance.below(volume->chance.self, 1000000) <
				     volume->faults.io_error_per_million);
}

static uint64_t volume_size(const struct volume *volume)
{
	return volume->faults.size_bytes ? volume->faults.size_bytes : ENDLESS_BYTES;
}

static uint64_t volume_taken(const struct volume *volume)
{
	uint64_t taken = volume->used_bytes;
	list_each (&volume->inodes, link)
		taken += list_item(link, struct inode, link)->reserved;
	return taken;
}

static void volume_copy_names(struct map *to, const struct map *from)
{
	uint32_t at = 0;
	struct str key;
	void *value;

	map_clear(to);
	while (map_next(from, &at, &key, &value))
		map_put(to, key, value);
}

void volume_cut_power(struct volume *volume)
{
	uint32_t count =
	    (uint32_t)volume->chance.below(volume->chance.self, volume->journal.len + 1);
	while (count > 0 && volume->journal.at[count - 1].goes_on)
		count--;
	volume_commit_names(volume, count);
	list_each (&volume->inodes, link)
		inode_lose_power(list_item(link, struct inode, link), &volume->chance,
				 volume->faults.is_tearing);
	volume_copy_names(&volume->names, &volume->synced_names);
	volume_sweep(volume);
}

/* ---- the seam ------------------------------------------------------------------------------------------------ */

static enum status volume_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			       struct seams_file **out)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	struct inode *inode = volume_find(volume, path);

	if (view->is_dead)
		return IO;
	if (inode && (flags & SEAMS_CREATE) && (flags & SEAMS_EXCLUSIVE))
		return EXISTS;
	if (inode && inode->is_folder)
		return FORBIDDEN;
	if (!inode && (!(flags & SEAMS_CREATE) || !volume_has_parent(volume, path)))
		return NOT_FOUND;
	if (inode && (flags & SEAMS_LOCK) && inode->locks)
		return BUSY;
	if (!inode) {
		inode = volume_add_inode(volume, mode, false);
		volume_name(volume, path, inode);
	}
	if (flags & SEAMS_TRUNCATE)
		inode_cut(inode, 0);
	inode->locks += (flags & SEAMS_LOCK) != 0;
	struct seams_file *file = mem_new(struct seams_file);
	inode->opens++;
	file->inode = inode;
	file->flags = flags;
	list_push(&view->open, &file->link);
	*out = file;
	return OK;
}

/* The file's hold on its inode and its lock. */
static void volume_let_go(struct seams_file *file)
{
	if (!file->inode)
		return;
	file->inode->opens--;
	if (file->flags & SEAMS_LOCK)
		file->inode->locks--;
	file->inode = NULL;
}

static void volume_close(void *self, struct seams_file *file)
{
	(void)self;
	volume_let_go(file);
	list_remove(&file->link);
	mem_free(file);
}

static enum status volume_read(void *self, struct seams_file *file, void *at, size_t len,
			       uint64_t offset, size_t *out_len)
{
	struct inode *inode = file->inode;

	if (!inode || volume_errs(self))
		return IO;
	if (offset >= inode->size)
		len = 0;
	else if (len > inode->size - offset)
		len = (size_t)(inode->size - offset);
	inode_read(inode, at, len, offset);
	*out_len = len;
	return OK;
}

/* Whether the bytes would fit: those in place of others, or of what was reserved, always do. */
static bool volume_has_room(const struct volume *volume, const struct inode *inode, uint64_t end)
{
	if (end <= inode->reserved || end <= inode->size || !volume->faults.size_bytes)
		return true;
	return volume_taken(volume) + (end - inode->size) <= volume_size(volume);
}

static enum status volume_write(void *self, struct seams_file *file, const void *at, size_t len,
				uint64_t offset)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	struct inode *inode = file->inode;

	if (!inode || !(file->flags & SEAMS_WRITE) || volume_errs(view))
		return IO;
	if (!volume_has_room(volume, inode, offset + len))
		return FULL;
	inode_write(inode, at, len, offset);
	return OK;
}

/* Nothing is durable before its sync. */
static void volume_begin_sync(void *self, struct seams_file *file)
{
	(void)self;
	(void)file;
}

static enum status volume_sync(void *self, struct seams_file *file)
{
	struct volume_view *view = self;

	/* After a failed sync nobody knows what is on the disk: nothing is made durable. */
	if (!file->inode || volume_errs(view))
		return IO;
	inode_sync(file->inode);
	return OK;
}

static enum status volume_truncate(void *self, struct seams_file *file, uint64_t size_bytes)
{
	struct volume_view *view = self;

	if (!file->inode || volume_errs(view))
		return IO;
	inode_cut(file->inode, size_bytes);
	return OK;
}

static enum status volume_reserve(void *self, struct seams_file *file, uint64_t size_bytes)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	struct inode *inode = file->inode;

	if (!inode || volume_errs(view))
		return IO;
	if (size_bytes <= inode->reserved)
		return OK;
	if (volume->faults.size_bytes &&
	    volume_taken(volume) + (size_bytes - inode->reserved) > volume_size(volume))
		return FULL;
	inode->reserved = size_bytes;
	if (size_bytes > inode->size)
		inode->size = size_bytes;
	return OK;
}

static enum status volume_size_of(void *self, struct seams_file *file, uint64_t *out_bytes)
{
	(void)self;
	if (!file->inode)
		return IO;
	*out_bytes = file->inode->size;
	return OK;
}

static bool volume_is_under(struct str path, struct str folder)
{
	return path.len > folder.len + 1 && path.at[folder.len] == '/' && str_starts(path, folder);
}

static bool volume_is_empty(const struct volume *volume, const char *path)
{
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(&volume->names, &at, &key, &value))
		if (volume_is_under(key, str_from(path)))
			return false;
	return true;
}

/* Durable with what follows, or not at all. */
static void volume_move(struct volume *volume, const char *from, const char *to)
{
	struct inode *inode = volume_find(volume, from);

	volume_name(volume, to, inode);
	volume_name(volume, from, NULL);
	for (uint32_t i = volume->journal.len - 2; i < volume->journal.len; i++)
		volume->journal.at[i].goes_on = true;
}

/* All of them, since a name here is a whole path: those in a folder after the folder itself, as they were made. */
static void volume_move_all(struct volume *volume, const char *from, const char *to)
{
	struct arena *arena = arena_new(0);
	VEC(const char *) names = { 0 };
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(&volume->names, &at, &key, &value))
		if (str_is(key, from) || volume_is_under(key, str_from(from)))
			vec_push(&names, arena_cstr(arena, key));
	for (uint32_t i = 0; i < names.len; i++)
		volume_move(volume, names.at[i],
			    arena_printf(arena, "%s%s", to, names.at[i] + strlen(from)).at);
	volume->journal.at[volume->journal.len - 1].goes_on = false;
	vec_fini(&names);
	arena_free(arena);
}

static enum status volume_rename(void *self, const char *from, const char *to)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	const struct inode *inode = volume_find(volume, from), *old = volume_find(volume, to);

	if (view->is_dead)
		return IO;
	if (!inode || !volume_has_parent(volume, to))
		return NOT_FOUND;
	if (volume_is_under(str_from(to), str_from(from)) ||
	    (old && (old->is_folder != inode->is_folder || !volume_is_empty(volume, to))))
		return FORBIDDEN;
	if (str_is(str_from(from), to))
		return OK;
	volume_move_all(volume, from, to);
	return OK;
}

static enum status volume_unlink(void *self, const char *path)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	const struct inode *inode = volume_find(volume, path);

	if (view->is_dead)
		return IO;
	if (!inode)
		return NOT_FOUND;
	if (inode->is_folder && !volume_is_empty(volume, path))
		return FORBIDDEN;
	volume_name(volume, path, NULL);
	return OK;
}

static enum status volume_mkdir(void *self, const char *path, uint32_t mode)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;

	if (view->is_dead)
		return IO;
	if (volume_find(volume, path))
		return EXISTS;
	if (!volume_has_parent(volume, path))
		return NOT_FOUND;
	volume_name(volume, path, volume_add_inode(volume, mode, true));
	return OK;
}

static enum status volume_sync_folder(void *self, const char *path)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	struct inode *inode = volume_find(volume, path);

	if (!inode || !inode->is_folder)
		return NOT_FOUND;
	if (volume_errs(view))
		return IO;
	/* The journal is one: whatever came before is durable too. */
	volume_commit_names(volume, volume->journal.len);
	volume_sweep(volume);
	return OK;
}

static enum status volume_stat(void *self, const char *path, struct seams_stat *out)
{
	const struct volume_view *view = self;
	struct inode *inode = volume_find(view->volume, path);

	if (!inode)
		return NOT_FOUND;
	*out = (struct seams_stat){ .size_bytes = inode->size,
				    .mode = inode->mode,
				    .is_folder = inode->is_folder };
	return OK;
}

static int volume_compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static enum status volume_list(void *self, const char *path,
			       void (*each)(void *arg, struct str name), void *arg)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	struct str folder = str_from(path);
	const struct inode *inode = volume_find(volume, path);
	VEC(struct str) names = { 0 };
	uint32_t at = 0;
	struct str key;
	void *value;

	if (!inode || !inode->is_folder)
		return NOT_FOUND;
	while (map_next(&volume->names, &at, &key, &value)) {
		if (!volume_is_under(key, folder))
			continue;
		struct str name = str_slice(key, folder.len + 1, key.len);
		if (str_find_char(name, '/') < 0)
			vec_push(&names, name);
	}
	if (names.len)
		qsort(names.at, names.len, sizeof *names.at, volume_compare);
	for (uint32_t i = 0; i < names.len; i++)
		each(arg, names.at[i]);
	vec_fini(&names);
	return OK;
}

static enum status volume_free_bytes(void *self, const char *path, uint64_t *out_bytes)
{
	struct volume_view *view = self;
	struct volume *volume = view->volume;
	uint64_t taken = volume_taken(volume);

	(void)path;
	*out_bytes = taken < volume_size(volume) ? volume_size(volume) - taken : 0;
	return OK;
}

/* ---- life ------------------------------------------------------------------------------------------ */

struct volume *volume_new(const struct volume_chance *chance)
{
	struct volume *volume = mem_new(struct volume);

	list_init(&volume->inodes);
	volume->chance = *chance;
	volume->faults.is_tearing = true;
	return volume;
}

void volume_free(struct volume *volume)
{
	volume_commit_names(volume, 0);
	vec_fini(&volume->journal);
	map_fini(&volume->names);
	map_fini(&volume->synced_names);
	list_each (&volume->inodes, link)
		inode_free(list_item(link, struct inode, link));
	mem_free(volume);
}

void volume_set_faults(struct volume *volume, const struct volume_faults *faults)
{
	volume->faults = *faults;
}

struct volume_view *volume_view_new(struct volume *volume)
{
	struct volume_view *view = mem_new(struct volume_view);

	view->volume = volume;
	list_init(&view->open);
	view->files = (struct seams_files){
		.self = view,
		.open = volume_open,
		.close = volume_close,
		.read = volume_read,
		.write = volume_write,
		.sync = volume_sync,
		.begin_sync = volume_begin_sync,
		.truncate = volume_truncate,
		.reserve = volume_reserve,
		.size = volume_size_of,
		.rename = volume_rename,
		.unlink = volume_unlink,
		.mkdir = volume_mkdir,
		.sync_folder = volume_sync_folder,
		.stat = volume_stat,
		.list = volume_list,
		.free_bytes = volume_free_bytes,
	};
	return view;
}

const struct seams_files *volume_view_files(struct volume_view *view)
{
	return &view->files;
}

void volume_view_kill(struct volume_view *view)
{
	view->is_dead = true;
	list_each (&view->open, link)
		volume_let_go(list_item(link, struct seams_file, link));
}

void volume_view_free(struct volume_view *view)
{
	volume_view_kill(view);
	list_each (&view->open, link)
		mem_free(list_item(link, struct seams_file, link));
	mem_free(view);
}

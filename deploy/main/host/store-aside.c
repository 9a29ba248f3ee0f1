#include "deploy/main/host/store-aside.h"

#define FOLDER_DEPTH 4 /* of what is removed: the store's has folders in it, those have none */

struct names {
	struct arena *arena;
	VEC(struct str) all;
};

static void note_name(void *arg, struct str name)
{
	struct names *names = arg;

	vec_push(&names->all, arena_str(names->arena, name));
}

/* What is not there is removed already. */
static enum status remove_tree(const struct seams_files *files, const char *path, int depth)
{
	struct names names = { .arena = arena_new(0) };
	struct seams_stat stat = { 0 };
	enum status status = files->stat(files->self, path, &stat);

	if (status == OK && stat.is_folder && depth > 0)
		status = files->list(files->self, path, note_name, &names);
	for (uint32_t i = 0; i < names.all.len && status == OK; i++)
		status = remove_tree(
		    files,
		    arena_printf(names.arena, "%s/" STR_FMT, path, STR_ARG(names.all.at[i])).at,
		    depth - 1);
	if (status == OK)
		status = files->unlink(files->self, path);
	vec_fini(&names.all);
	arena_free(names.arena);
	return status == NOT_FOUND ? OK : status;
}

static enum status put_aside(const struct seams_files *files, const struct data_dir *dir,
			     const char *name, struct arena *arena)
{
	const char *store = arena_printf(arena, "%s/store", dir->path).at;
	const char *aside = arena_printf(arena, "%s/%s", dir->path, name).at;
	const char *members = arena_printf(arena, "%s/members", dir->path).at;
	enum status status = remove_tree(files, aside, FOLDER_DEPTH);

	if (status == OK)
		status = files->rename(files->self, store, aside);
	if (status == OK)
		status = files->unlink(files->self, members); /* whom the old store knew */
	if (status == OK || status == NOT_FOUND)
		status = files->sync_folder(files->self, dir->path);
	return status;
}

enum status store_aside(const struct seams_files *files, const struct data_dir *dir,
			const struct node_identity *identity, const char *name, struct fault *why)
{
	struct arena *arena = arena_new(0);
	/* First: with an empty folder one that made the cluster would make another. */
	enum status status = data_dir_write_identity(files, dir, identity, why);

	if (status == OK)
		status = put_aside(files, dir, name, arena);
	arena_free(arena);
	return status;
}

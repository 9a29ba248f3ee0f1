#include "runtime/sim/volume.h"

#include "tests/lib/test.h"

struct scene {
	uint64_t seed;
	struct volume *disk;
	struct volume_view *view;
	const struct seams_files *files;
};

static uint64_t scene_below(void *self, uint64_t n)
{
	struct scene *scene = self;
	scene->seed = scene->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return n ? (scene->seed >> 33) % n : 0;
}

static void scene_open(struct scene *scene, uint64_t seed)
{
	const struct volume_chance chance = { scene, scene_below };

	scene->seed = seed;
	scene->disk = volume_new(&chance);
	scene->view = volume_view_new(scene->disk);
	scene->files = volume_view_files(scene->view);
	CHECK_STATUS(scene->files->mkdir(scene->files->self, "/d", 0700), OK);
	CHECK_STATUS(scene->files->sync_folder(scene->files->self, "/d"), OK);
}

static void scene_crash(struct scene *scene)
{
	volume_view_free(scene->view);
	volume_cut_power(scene->disk);
	scene->view = volume_view_new(scene->disk);
	scene->files = volume_view_files(scene->view);
}

static void scene_close(struct scene *scene)
{
	volume_view_free(scene->view);
	volume_free(scene->disk);
}

static struct seams_file *scene_file(struct scene *scene, const char *path, uint32_t flags)
{
	struct seams_file *file;
	CHECK_STATUS(scene->files->open(scene->files->self, path, flags, 0600, &file), OK);
	return file;
}

static void scene_write(struct scene *scene, struct seams_file *file, char letter, uint64_t offset,
			size_t len)
{
	char bytes[8192];
	CHECK(len <= sizeof bytes);
	memset(bytes, letter, len);
	CHECK_STATUS(scene->files->write(scene->files->self, file, bytes, len, offset), OK);
}

static size_t scene_read(struct scene *scene, struct seams_file *file, char *out, size_t len)
{
	size_t got = 0;
	CHECK_STATUS(scene->files->read(scene->files->self, file, out, len, 0, &got), OK);
	return got;
}

#define NEW_FILE (SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE)

TEST(what_was_synced_survives_a_power_cut_and_what_was_not_is_old_or_new_by_sector)
{
	int torn = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene scene;
		char bytes[8192];
		int old = 0, new = 0;

		scene_open(&scene, seed);
		struct seams_file *file = scene_file(&scene, "/d/f", NEW_FILE);
		scene_write(&scene, file, 'a', 0, 6000);
		CHECK_STATUS(scene.files->sync(scene.files->self, file), OK);
		CHECK_STATUS(scene.files->sync_folder(scene.files->self, "/d"), OK);
		scene_write(&scene, file, 'b', 1024, 2048);
		scene.files->close(scene.files->self, file);
		scene_crash(&scene);
		file = scene_file(&scene, "/d/f", SEAMS_READ);
		CHECK_EQ(scene_read(&scene, file, bytes, sizeof bytes), 6000);
		for (int i = 0; i < 6000; i++) {
			bool may_be_new = i >= 1024 && i < 3072;
			CHECK(bytes[i] == 'a' || (may_be_new && bytes[i] == 'b'));
			CHECK(i % 512 == 0 || i == 1024 || bytes[i] == bytes[i - 1]);
			old += may_be_new && bytes[i] == 'a';
			new += may_be_new &&bytes[i] == 'b';
		}
		torn += old && new;
		scene.files->close(scene.files->self, file);
		scene_close(&scene);
	}
	CHECK(torn > 20);
}

TEST(a_name_is_durable_only_after_its_folder_was_synced)
{
	int lost = 0, kept = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene scene;
		struct seams_stat stat;

		scene_open(&scene, seed);
		struct seams_file *file = scene_file(&scene, "/d/new", NEW_FILE);
		scene_write(&scene, file, 'a', 0, 100);
		CHECK_STATUS(scene.files->sync(scene.files->self, file), OK);
		CHECK_STATUS(scene.files->rename(scene.files->self, "/d/new", "/d/old"), OK);
		scene.files->close(scene.files->self, file);
		scene_crash(&scene);
		bool is_old = scene.files->stat(scene.files->self, "/d/old", &stat) == OK;
		bool is_new = scene.files->stat(scene.files->self, "/d/new", &stat) == OK;
		lost += !is_old && !is_new;
		kept += is_old;
		if (is_old || is_new)
			CHECK_EQ(stat.size_bytes, 100);
		scene_close(&scene);
	}
	CHECK(lost > 3 && kept > 3);
}

static void note_name(void *arg, struct str name)
{
	text_add(arg, name);
}

static bool scene_has(struct scene *scene, const char *path)
{
	struct seams_stat stat;
	return scene->files->stat(scene->files->self, path, &stat) == OK;
}

TEST(a_power_cut_finds_a_renamed_file_under_one_of_its_names)
{
	uint32_t old = 0, fresh = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct scene scene;
		scene_open(&scene, seed);
		struct seams_file *file =
		    scene_file(&scene, "/d/old", SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE);
		scene.files->close(scene.files->self, file);
		CHECK_STATUS(scene.files->sync_folder(scene.files->self, "/d"), OK);
		CHECK_STATUS(scene.files->rename(scene.files->self, "/d/old", "/d/new"), OK);
		scene_crash(&scene);
		CHECK(scene_has(&scene, "/d/old") != scene_has(&scene, "/d/new"));
		old += scene_has(&scene, "/d/old");
		fresh += scene_has(&scene, "/d/new");
		scene_close(&scene);
	}
	CHECK(old > 0 && fresh > 0);
}

static bool has(const struct scene *scene, const char *path)
{
	struct seams_stat stat;

	return scene->files->stat(scene->files->self, path, &stat) == OK;
}

static void make_folder(struct scene *scene, const char *path)
{
	CHECK_STATUS(scene->files->mkdir(scene->files->self, path, 0700), OK);
}

static void make_file(struct scene *scene, const char *path)
{
	scene->files->close(scene->files->self, scene_file(scene, path, SEAMS_WRITE | SEAMS_CREATE));
}

TEST(a_folder_is_renamed_with_all_that_is_in_it)
{
	struct scene scene;

	scene_open(&scene, 1);
	make_folder(&scene, "/d/a");
	make_folder(&scene, "/d/a/b");
	make_file(&scene, "/d/a/b/c");
	make_file(&scene, "/d/ab");
	make_folder(&scene, "/d/full");
	make_file(&scene, "/d/full/x");
	make_folder(&scene, "/d/empty");
	CHECK_STATUS(scene.files->rename(scene.files->self, "/d/a", "/d/a/b/d"), FORBIDDEN);
	CHECK_STATUS(scene.files->rename(scene.files->self, "/d/a", "/d/full"), FORBIDDEN);
	CHECK_STATUS(scene.files->rename(scene.files->self, "/d/a", "/d/ab"), FORBIDDEN);
	CHECK_STATUS(scene.files->rename(scene.files->self, "/d/ab", "/d/a"), FORBIDDEN);
	CHECK_STATUS(scene.files->rename(scene.files->self, "/d/a", "/d/empty"), OK);
	CHECK(!has(&scene, "/d/a") && !has(&scene, "/d/a/b") && !has(&scene, "/d/a/b/c"));
	CHECK(has(&scene, "/d/empty/b/c") && has(&scene, "/d/ab"));
	scene_close(&scene);
}

TEST(a_power_cut_finds_a_renamed_folder_whole_under_one_of_its_names)
{
	uint32_t seen[2] = { 0 };

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene scene;
		bool is_new;

		scene_open(&scene, seed);
		make_folder(&scene, "/d/a");
		make_folder(&scene, "/d/a/b");
		make_file(&scene, "/d/a/b/c");
		CHECK_STATUS(scene.files->sync_folder(scene.files->self, "/d"), OK);
		CHECK_STATUS(scene.files->rename(scene.files->self, "/d/a", "/d/z"), OK);
		make_file(&scene, "/d/later");
		scene_crash(&scene);
		is_new = has(&scene, "/d/z");
		CHECK(has(&scene, is_new ? "/d/z/b/c" : "/d/a/b/c"));
		CHECK(!has(&scene, is_new ? "/d/a" : "/d/z") &&
		      !has(&scene, is_new ? "/d/a/b" : "/d/z/b"));
		seen[is_new]++;
		scene_close(&scene);
	}
	CHECK(seen[0] > 0 && seen[1] > 0);
}

TEST(the_calls_answer_as_files_do)
{
	struct scene scene;
	struct seams_file *file, *other;
	struct text names = text_in(test_arena(), 64);
	uint64_t size;

	scene_open(&scene, 1);
	const struct seams_files *files = scene.files;
	CHECK_STATUS(files->open(files->self, "/d/x", SEAMS_READ, 0, &file), NOT_FOUND);
	CHECK_STATUS(files->open(files->self, "/no/x", NEW_FILE, 0, &file), NOT_FOUND);
	CHECK_STATUS(files->open(files->self, "/d", SEAMS_READ, 0, &file), FORBIDDEN);
	file = scene_file(&scene, "/d/b", NEW_FILE | SEAMS_LOCK);
	CHECK_STATUS(files->open(files->self, "/d/b", NEW_FILE | SEAMS_LOCK, 0, &other), BUSY);
	CHECK_STATUS(files->open(files->self, "/d/b", NEW_FILE | SEAMS_EXCLUSIVE, 0, &other),
		     EXISTS);
	scene_write(&scene, file, 'x', 10000, 10);
	CHECK_STATUS(files->size(files->self, file, &size), OK);
	CHECK_EQ(size, 10010);
	CHECK_STATUS(files->truncate(files->self, file, 10005), OK);
	scene_write(&scene, file, 'y', 10009, 1);
	char bytes[11000];
	CHECK_EQ(scene_read(&scene, file, bytes, sizeof bytes), 10010);
	CHECK_EQ(memcmp(bytes + 9999, "\0xxxxx\0\0\0\0y", 11), 0);
	other = scene_file(&scene, "/d/a", NEW_FILE);
	CHECK_STATUS(files->mkdir(files->self, "/d/c", 0700), OK);
	CHECK_STATUS(files->mkdir(files->self, "/d/c", 0700), EXISTS);
	CHECK_STATUS(files->list(files->self, "/d", note_name, &names), OK);
	CHECK_STR(text_str(&names), "abc");
	CHECK_STATUS(files->unlink(files->self, "/d"), FORBIDDEN);
	CHECK_STATUS(files->unlink(files->self, "/d/c"), OK);
	/* An unlinked file lives on while it is open. */
	CHECK_STATUS(files->unlink(files->self, "/d/a"), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/d"), OK);
	scene_write(&scene, other, 'z', 0, 1);
	files->close(files->self, other);
	files->close(files->self, file);
	file = scene_file(&scene, "/d/b", SEAMS_READ | SEAMS_LOCK);
	volume_view_kill(scene.view);
	CHECK_STATUS(files->size(files->self, file, &size), IO);
	CHECK_STATUS(files->mkdir(files->self, "/d/e", 0700), IO);
	scene_close(&scene);
}

TEST(a_full_disk_says_so_except_for_what_was_reserved)
{
	const struct volume_faults faults = { .size_bytes = 100000 };
	struct scene scene;
	char bytes[4096] = "";
	uint64_t room;

	scene_open(&scene, 1);
	const struct seams_files *files = scene.files;
	volume_set_faults(scene.disk, &faults);
	struct seams_file *kept = scene_file(&scene, "/d/k", NEW_FILE);
	struct seams_file *other = scene_file(&scene, "/d/o", NEW_FILE);
	CHECK_STATUS(files->reserve(files->self, kept, 16384), OK);
	CHECK_STATUS(files->reserve(files->self, kept, 1000000), FULL);
	uint64_t at = 0;
	while (files->write(files->self, other, bytes, sizeof bytes, at) == OK)
		at += sizeof bytes;
	CHECK(at > 40000 && at < 100000);
	CHECK_STATUS(files->free_bytes(files->self, "/d", &room), OK);
	CHECK(room < sizeof bytes);
	for (at = 0; at < 16384; at += sizeof bytes)
		CHECK_STATUS(files->write(files->self, kept, bytes, sizeof bytes, at), OK);
	CHECK_STATUS(files->write(files->self, kept, bytes, sizeof bytes, at), FULL);
	scene_close(&scene);
}

TEST(a_full_disk_takes_bytes_in_place_of_others)
{
	const struct volume_faults full = { .size_bytes = 1 };
	struct scene scene;
	char bytes[4096] = "";

	scene_open(&scene, 1);
	const struct seams_files *files = scene.files;
	struct seams_file *file = scene_file(&scene, "/d/f", NEW_FILE);
	CHECK_STATUS(files->write(files->self, file, bytes, sizeof bytes, 0), OK);
	volume_set_faults(scene.disk, &full);
	CHECK_STATUS(files->write(files->self, file, bytes, sizeof bytes, 0), OK);
	CHECK_STATUS(files->write(files->self, file, bytes, sizeof bytes, 1), FULL);
	scene_close(&scene);
}

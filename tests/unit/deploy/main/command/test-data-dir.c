#include "deploy/main/command/data-dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/loop/loop.h"
#include "tests/lib/test.h"

static struct data_dir dir_at(const char *path)
{
	struct data_dir dir;

	CHECK_STATUS(data_dir_find(path, &dir, NULL), OK);
	return dir;
}

static void write_node(const struct data_dir *dir, const char *text)
{
	FILE *file = fopen(arena_printf(test_arena(), "%s/node", dir->path).at, "w");

	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

TEST(the_folder_of_sockets_lies_in_the_directory_or_has_a_short_name_of_its_own)
{
	for (uint32_t len = 2; len < 200; len++) {
		char *path = arena_alloc(test_arena(), len + 1);
		struct data_dir dir;

		memset(path, 'd', len);
		path[0] = '/';
		path[len] = '\0';
		dir = dir_at(path);
		CHECK(strlen(dir.run) < DATA_RUN_MAX - 1);
		if (!str_starts(str_from(dir.run), STR("/tmp/troupe-")))
			CHECK_STR(str_from(dir.run), arena_printf(test_arena(), "%s/run", path).at);
	}
}

TEST(a_directory_is_named_by_the_option_else_by_the_environment)
{
	struct data_dir dir;
	struct fault why = { 0 };
	char *much = arena_alloc(test_arena(), DATA_PATH_MAX + 1);

	CHECK_STR(str_from(dir_at("/a/b//").path), "/a/b");
	CHECK_STR(str_from(dir_at("/").path), "/");
	setenv("TROUPE_DATA_DIR", "/from/environment", 1);
	CHECK_STR(str_from(dir_at(NULL).path), "/from/environment");
	CHECK_STR(str_from(dir_at("/given").path), "/given");
	CHECK(str_ends(str_from(dir_at("here").path), STR("/here")));
	setenv("TROUPE_DATA_DIR", "", 1); /* as if it were not set */
	CHECK(!str_is(str_from(dir_at(NULL).path), getcwd(much, DATA_PATH_MAX)));
	CHECK_STATUS(data_dir_find("", &dir, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.field), "--data-dir");
	memset(much, 'x', DATA_PATH_MAX);
	much[0] = '/';
	much[DATA_PATH_MAX] = '\0';
	CHECK_STATUS(data_dir_find(much, &dir, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "the path is too long");
}

TEST(a_directory_has_one_owner_at_a_time_and_none_when_it_could_not_be_opened)
{
	struct data_dir one = dir_at(arena_printf(test_arena(), "%s/a/b", test_folder()).at);
	struct data_dir two = one;
	struct fault why = { 0 };

	CHECK_STATUS(data_dir_open(&one, &why), OK);
	CHECK_STATUS(data_dir_open(&two, &why), BUSY);
	CHECK(str_starts(str_from(why.text), STR("another troupe runs on")));
	data_dir_close(&one);
	CHECK_EQ(chmod(one.run, 0755), 0);
	CHECK_STATUS(data_dir_open(&two, &why), FORBIDDEN);
	CHECK(str_find(str_from(why.text), STR("is not a private folder")) >= 0);
	CHECK_EQ(chmod(one.run, 0700), 0);
	CHECK_STATUS(data_dir_open(&one, &why), OK);
	data_dir_close(&one);
}

TEST(a_directory_that_cannot_be_made_is_refused_with_its_name)
{
	const char *path = arena_printf(test_arena(), "%s/file", test_folder()).at;
	struct data_dir dir = dir_at(arena_printf(test_arena(), "%s/below", path).at);
	struct fault why = { 0 };
	FILE *file = fopen(path, "w");

	CHECK(file != NULL && fclose(file) == 0);
	CHECK_STATUS(data_dir_open(&dir, &why), IO);
	CHECK_STR(str_from(why.field), "--data-dir");
	CHECK(str_find(str_from(why.text), str_from(dir.path)) >= 0);
}

TEST(who_a_node_is_is_read_as_it_was_written_and_not_when_it_was_damaged)
{
	static const char *const damaged[] = {
		"",
		"troupe-node 2\ncluster c\nname n\nnode 1\n",
		"troupe-node 1\ncluster c\nname n\n",
		"troupe-node 1\ncluster c\nnode 1\n",
		"troupe-node 1\nname n\nnode 1\n",
		"troupe-node 1\ncluster c\nname n\nnode 1\nwhat is this\n",
		"troupe-node 1\ncluster c\nname n\nnode -1\n",
		"troupe-node 1\ncluster c\nname n\nnode 4294967296\n",
		"troupe-node 1\ncluster c\nname n\nnode 1\napi-port 65536\n",
		"troupe-node 1\ncluster c\nname n\nnode 1\nlink-port x\n",
	};
	const struct seams_files *files = loop_files();
	const struct node_identity who = { .cluster = "c1",
					   .name = "n1",
					   .address = "192.0.2.1",
					   .node = 7,
					   .api_port = 6443,
					   .link_port = 6444,
					   .is_first = true,
					   .role = "witness",
					   .datastore = { "etcd://h:1", "ca", "cert", "key" },
					   .peers = "n2@192.0.2.2:6444" };
	struct data_dir dir = dir_at(test_folder());
	struct node_identity back;
	struct fault why = { 0 };

	CHECK_STATUS(data_dir_read_identity(files, &dir, &back, &why), NOT_FOUND);
	CHECK_STATUS(data_dir_write_identity(files, &dir, &who, &why), OK);
	CHECK_STATUS(data_dir_read_identity(files, &dir, &back, &why), OK);
	CHECK_EQ(back.node, who.node);
	CHECK_EQ(back.link_port, who.link_port);
	CHECK_STR(str_from(back.address), who.address);
	CHECK_STR(str_from(back.peers), who.peers);
	CHECK_STR(str_from(back.datastore.key), "key");
	CHECK(back.is_first && data_dir_is_witness(&back));
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		write_node(&dir, damaged[i]);
		CHECK_STATUS(data_dir_read_identity(files, &dir, &back, &why), CORRUPT);
		CHECK(str_find(str_from(why.text), STR("damaged or of a newer release")) >= 0);
	}
}

/*
 * Runs a fuzz entry over the files of a folder: `fuzz-NAME FOLDER`. libFuzzer is not needed, so any variant can.
 */
#include <dirent.h>
#include <stdio.h>

#include "runtime/base/base.h"

#define REPLAY_INPUT_MAX (4U * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static bool replay_file(const char *folder, const char *name)
{
	struct arena *arena = arena_new(0);
	struct str path = arena_printf(arena, "%s/%s", folder, name);
	uint8_t *bytes = mem_alloc(REPLAY_INPUT_MAX);
	FILE *file = fopen(path.at, "rb");
	size_t len;

	printf("%s\n", path.at);
	fflush(stdout); /* when the entry falls over, this is the last line */
	if (file != NULL) {
		len = fread(bytes, 1, REPLAY_INPUT_MAX, file);
		fclose(file);
		/* A copy of exactly its size, so that the sanitizer sees a read past its end. */
		uint8_t *exact = mem_copy(bytes, len);
		LLVMFuzzerTestOneInput(exact, len);
		mem_free(exact);
	} else {
		perror(path.at);
	}
	mem_free(bytes);
	arena_free(arena);
	return file != NULL;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	int failed = 0;

	if (folder == NULL) {
		fprintf(stderr, "usage: %s FOLDER (of inputs)\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && !replay_file(argv[1], entry->d_name))
			failed = 1;
	closedir(folder);
	return failed;
}

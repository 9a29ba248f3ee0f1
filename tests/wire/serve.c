#include "tests/wire/serve.h"

#include <stdio.h>

#include "runtime/loop/loop.h"

int serve_main(int argc, char **argv, const char *usage, serve_fn *serve)
{
	struct arena *arena;
	struct fault why = { 0 };
	enum status status;

	if (argc != 3) {
		fprintf(stderr, "usage: %s\n", usage);
		return 2;
	}
	arena = arena_new(0);
	status = serve(argv[1], argv[2], arena, &why);
	if (status != OK)
		fprintf(stderr, "%s: %s\n", argv[0], why.text);
	arena_free(arena);
	return status == OK ? 0 : 1;
}

enum status serve_actors(const struct act_child *children, uint32_t count, struct fault *why)
{
	const struct act_supervisor root = { .children = children, .child_count = count };
	const struct loop_config config = {
		.host = { .name = "wire", .node = 1, .host = 1, .epoch = 1, .root = &root }
	};
	struct loop *loop;

	if (loop_open(&config, &loop) != OK)
		return fault_set(why, IO, "", "the loop cannot be opened");
	loop_run(loop);
	loop_close(loop);
	return OK;
}

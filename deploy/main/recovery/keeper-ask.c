#include "deploy/main/recovery/keeper-ask.h"

#include "deploy/main/command/ask.h"

enum status keeper_ask_copy(const struct data_dir *dir, bool is_stale, struct arena *arena,
			    struct keeper_copy *out, struct fault *why)
{
	struct answered answer = { 0 };

	TRY(ask_node(dir, "POST", is_stale ? KEEPER_PLACE "copy?stale=1" : KEEPER_PLACE "copy",
		     STR_NONE, KEEPER_COPY_MS, arena, &answer, why));
	TRY(ask_judge(&answer, why));
	if (keeper_copy_read(answer.body, out) != OK)
		return fault_set(why, CORRUPT, "", "the node's answer cannot be understood");
	return OK;
}

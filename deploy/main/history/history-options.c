#include "deploy/main/history/history-options.h"

#define MIB_MAX (1 << 20) /* a TiB */

void history_options(const struct command_line *line, struct store_config *store)
{
	int64_t mib = command_number(line, "history-mib");
	int64_t age_s = command_number(line, "history-age") / 1000;

	store->past_bytes = (uint64_t)(mib < MIB_MAX ? mib : MIB_MAX) * MIB;
	store->past_s = (uint32_t)(age_s < UINT32_MAX ? age_s : UINT32_MAX);
}

uint32_t history_words(const struct command_line *line, const char **out)
{
	out[0] = "--history-mib";
	out[1] = command_text(line, "history-mib");
	out[2] = "--history-age";
	out[3] = command_text(line, "history-age");
	return HISTORY_WORDS;
}

#include "deploy/main/api/request-header-options.h"

#define NAMES_MAX 32U

/* What stands between the commas; absent: nothing was given. */
static enum status read_list(const struct command_line *line, const char *name, struct arena *arena,
			     struct str_list *out, struct fault *why)
{
	struct str rest = str_from(command_text(line, name));

	out->at = arena_array(arena, struct str, NAMES_MAX);
	out->len = 0;
	while (rest.at != NULL) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (one.len == 0 || out->len == NAMES_MAX)
			return fault_set(why, BAD_REQUEST, name,
					 "--%s wants names with commas between, %u at most", name,
					 NAMES_MAX);
		out->at[out->len++] = one;
	}
	return OK;
}

static enum status read_headers(const struct command_line *line, const char *name,
				struct arena *arena, struct str_list *out, struct fault *why)
{
	TRY(read_list(line, name, arena, out, why));
	for (uint32_t i = 0; i < out->len; i++) {
		struct http_header header = { arena_lower(arena, out->at[i]), STR("") };

		if (!http_header_is_valid(&header))
			return fault_set(why, BAD_REQUEST, name,
					 "--%s: \"" STR_FMT "\" is no header's name", name,
					 STR_ARG(out->at[i]));
		out->at[i] = header.name;
	}
	return OK;
}

enum status request_header_options_load(const struct command_line *line, struct arena *arena,
					struct request_headers *out, struct text_file *file,
					struct fault *why)
{
	TRY(read_list(line, "requestheader-allowed-names", arena, &out->allowed, why));
	TRY(read_headers(line, "requestheader-username-headers", arena, &out->users, why));
	TRY(read_headers(line, "requestheader-uid-headers", arena, &out->uids, why));
	TRY(read_headers(line, "requestheader-group-headers", arena, &out->groups, why));
	TRY(read_headers(line, "requestheader-extra-headers-prefix", arena, &out->extra_prefixes,
			 why));
	TRY(text_file_load(file, command_text(line, "requestheader-client-ca-file"), "front-proxy",
			   true, arena, why));
	out->authorities = file->text;
	return OK;
}

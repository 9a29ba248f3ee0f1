#include "deploy/main/backup/s3-options.h"

#include "deploy/main/command/option-path.h"

static enum status path_of(const struct command_line *line, const char *option, struct arena *arena,
			   const char **out, struct fault *why)
{
	const char *given = command_text(line, option);

	return given != NULL ? option_path(given, option, arena, out, why) : OK;
}

enum status s3_options(const struct command_line *line, const char *url, struct arena *arena,
		       struct s3_words *out, struct fault *why)
{
	struct s3_words words = { .url = url,
				  .endpoint = command_text(line, "s3-endpoint"),
				  .region = command_text(line, "s3-region") };

	TRY(path_of(line, "s3-credentials", arena, &words.credentials_file, why));
	TRY(path_of(line, "s3-ca", arena, &words.ca_file, why));
	*out = words;
	return OK;
}

uint32_t s3_options_words(const struct s3_words *words, const char **out)
{
	const struct {
		const char *option, *value;
	} all[] = { { "--s3-endpoint", words->endpoint },
		    { "--s3-credentials", words->credentials_file },
		    { "--s3-region", words->region },
		    { "--s3-ca", words->ca_file } };
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i].value == NULL)
			continue;
		out[count++] = all[i].option;
		out[count++] = all[i].value;
	}
	return count;
}

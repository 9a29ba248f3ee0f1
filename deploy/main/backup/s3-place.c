#include "deploy/main/backup/s3-place.h"

#include <stdlib.h>

#include "deploy/cluster/secret-file.h"
#include "runtime/loop/loop.h"
#include "transport/http/url.h"

#define SCHEME "s3://"
#define REGION "us-east-1"
#define OTHERS 077U

bool s3_is_place(const char *text)
{
	return text != NULL && str_starts(str_from(text), STR(SCHEME));
}

static enum status split(const char *url, struct arena *arena, struct s3_place *out,
			 struct fault *why)
{
	struct str rest = str_from(url);

	rest = str_slice(rest, (uint32_t)strlen(SCHEME), rest.len);
	out->bucket = str_cut(&rest, '/');
	if (out->bucket.len == 0)
		return fault_set(why, BAD_REQUEST, "", "%s names no bucket: s3://BUCKET/PREFIX",
				 url);
	while (rest.len > 0 && rest.at[rest.len - 1] == '/')
		rest.len--;
	out->prefix = rest.len > 0 ? arena_printf(arena, STR_FMT "/", STR_ARG(rest)) : STR("");
	return OK;
}

/* ---- who asks ----------------------------------------------------------------------------------------------------- */

static void take_environment(struct s3_credentials *out)
{
	const struct {
		const char *name;
		struct str *at;
	} all[] = { { "AWS_ACCESS_KEY_ID", &out->key_id },
		    { "AWS_SECRET_ACCESS_KEY", &out->secret },
		    { "AWS_SESSION_TOKEN", &out->token },
		    { "AWS_REGION", &out->region } };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const char *value = getenv(all[i].name);

		if (value != NULL && value[0] != '\0')
			*all[i].at = str_from(value);
	}
}

static void take_line(struct str line, struct s3_credentials *out)
{
	const struct {
		const char *name;
		struct str *at;
	} all[] = { { "aws_access_key_id", &out->key_id },
		    { "aws_secret_access_key", &out->secret },
		    { "aws_session_token", &out->token },
		    { "region", &out->region } };
	struct str value = line, name = str_trim(str_cut(&value, '='));

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (value.at != NULL && str_eq_nocase(name, str_from(all[i].name)))
			*all[i].at = str_trim(value);
}

/* Whoever names a file means that it is there. */
static enum status read_named(const char *path, const char *option, struct arena *arena,
			      struct str *out, struct fault *why)
{
	enum status status = secret_file_read(loop_files(), path, arena, out, why);

	return status == NOT_FOUND ? fault_set(why, status, option, "there is no %s", path) : status;
}

static enum status take_file(const char *path, struct arena *arena, struct s3_credentials *out,
			     struct fault *why)
{
	struct seams_stat stat = { 0 };
	struct str text;
	uint32_t sections = 0;

	if (loop_files()->stat(loop_files()->self, path, &stat) == OK && (stat.mode & OTHERS) != 0)
		return fault_set(why, INVALID, "--s3-credentials",
				 "others may read or change %s: chmod 600 it, or use another", path);
	TRY(read_named(path, "--s3-credentials", arena, &text, why));
	while (text.at != NULL && sections < 2) {
		struct str line = str_trim(str_cut(&text, '\n'));

		sections += str_starts(line, STR("["));
		if (line.len > 0 && line.at[0] != '#' && line.at[0] != '[' && sections < 2)
			take_line(line, out);
	}
	return OK;
}

static enum status take_credentials(const struct s3_words *words, struct arena *arena,
				    struct s3_credentials *out, struct fault *why)
{
	*out = (struct s3_credentials){ .token = STR("") };
	if (words->credentials_file != NULL)
		TRY(take_file(words->credentials_file, arena, out, why));
	else
		take_environment(out);
	if (words->region != NULL)
		out->region = str_from(words->region);
	if (out->region.len == 0)
		out->region = STR(REGION);
	if (out->key_id.len > 0 && out->secret.len > 0)
		return OK;
	if (words->credentials_file != NULL)
		return fault_set(why, FORBIDDEN, "",
				 "%s has no aws_access_key_id and aws_secret_access_key",
				 words->credentials_file);
	return fault_set(why, FORBIDDEN, "",
			 "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
			 "environment, or --s3-credentials FILE");
}

/* ---- where -------------------------------------------------------------------------------------------------------- */

static enum status make_tls(const struct s3_words *words, struct arena *arena,
			    struct tls_context **out, struct fault *why)
{
	struct tls_config config = { .alpn = STR("http/1.1"), .now = loop_clock()->wall };

	if (words->ca_file != NULL)
		TRY(read_named(words->ca_file, "--s3-ca", arena, &config.authorities_pem, why));
	return tls_context_new(&config, out, why);
}

enum status s3_place_read(const struct s3_words *words, struct arena *arena, struct s3_place *out,
			  struct fault *why)
{
	struct s3_place place = { .tls = NULL };
	struct url url;

	TRY(split(words->url, arena, &place, why));
	TRY(take_credentials(words, arena, &place.credentials, why));
	place.url = words->endpoint != NULL
			? words->endpoint
			: arena_printf(arena, "https://s3." STR_FMT ".amazonaws.com",
				       STR_ARG(place.credentials.region))
			      .at;
	TRY(url_parse(str_from(place.url), &url, why));
	if (url.is_unix)
		return fault_set(why, BAD_REQUEST, "", "%s is no endpoint: https://HOST[:PORT]",
				 place.url);
	place.host = url.port == (url.is_tls ? 443 : 80)
			 ? url.host
			 : arena_printf(arena, STR_FMT ":%u", STR_ARG(url.host), (unsigned)url.port);
	if (url.is_tls)
		TRY(make_tls(words, arena, &place.tls, why));
	*out = place;
	return OK;
}

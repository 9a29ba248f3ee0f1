#include "deploy/main/api/token-options.h"

#include "transport/tls/jwt.h"

#define ISSUER "service-account-issuer"
#define KEY_FILE "service-account-key-file"
#define SIGNING_FILE "service-account-signing-key-file"

/* Upstream's: a name, or, where there is a colon in it, a URL. */
static bool is_issuer(struct str text)
{
	struct str rest = text, scheme = str_cut(&rest, ':');

	if (rest.at == NULL)
		return true;
	return scheme.len > 0 && str_starts(rest, STR("//")) && rest.len > 2 &&
	       str_find_char(text, ' ') < 0;
}

static enum status take_issuers(const struct command_line *line, struct str own,
				struct arena *arena, struct str_list *out, struct fault *why)
{
	const char **all;
	uint32_t count = command_list(line, ISSUER, arena, &all);

	*out = (struct str_list){ arena_array(arena, struct str, count + 1), 0 };
	for (uint32_t i = 0; i < count; i++) {
		struct str one = str_from(all[i]);

		if (one.len == 0)
			return fault_set(why, BAD_REQUEST, ISSUER,
					 "--" ISSUER " must not be an empty string");
		if (!is_issuer(one))
			return fault_set(
			    why, BAD_REQUEST, ISSUER,
			    "--" ISSUER " \"%s\" contained a ':' but was not a valid URL", all[i]);
		if (str_list_has(*out, one))
			return fault_set(why, BAD_REQUEST, ISSUER,
					 "--" ISSUER " \"%s\" is already specified", all[i]);
		out->at[out->len++] = one;
	}
	if (count == 0)
		out->at[out->len++] = own;
	return OK;
}

static enum status take_audiences(const struct command_line *line, struct arena *arena,
				  struct token_setting *out, struct fault *why)
{
	struct str rest = str_from(command_text(line, "api-audiences"));
	struct str_list list = { arena_array(arena, struct str, rest.len + 1U), 0 };

	out->audiences = out->issuers;
	if (rest.at == NULL)
		return OK;
	do {
		struct str one = str_trim(str_cut(&rest, ','));

		if (one.len == 0)
			return fault_set(why, BAD_REQUEST, "api-audiences",
					 "--api-audiences has an empty one");
		list.at[list.len++] = one;
	} while (rest.at != NULL);
	out->audiences = list;
	return OK;
}

static enum status take_uri(const struct command_line *line, struct str *out, struct fault *why)
{
	*out = str_from(command_text(line, "service-account-jwks-uri"));
	if (out->at == NULL || (str_starts(*out, STR("https://")) && out->len > 8))
		return OK;
	return fault_set(why, BAD_REQUEST, "service-account-jwks-uri",
			 "--service-account-jwks-uri requires https scheme, not \"" STR_FMT "\"",
			 STR_ARG(*out));
}

static enum status take_files(const struct command_line *line, struct arena *arena,
			      struct token_setting *out, struct fault *why)
{
	const char *signing = command_text(line, SIGNING_FILE), **all;
	uint32_t count = command_list(line, KEY_FILE, arena, &all);

	if (count >= TOKEN_FILES_MAX)
		return fault_set(why, BAD_REQUEST, KEY_FILE,
				 "--" KEY_FILE " is given %u times at most", TOKEN_FILES_MAX - 1);
	out->has_signing = signing != NULL;
	if (signing != NULL)
		TRY(text_file_load(&out->files[out->file_count++], signing,
				   "service account signing key", false, arena, why));
	for (uint32_t i = 0; i < count; i++)
		TRY(text_file_load(&out->files[out->file_count++], all[i], "service account keys",
				   false, arena, why));
	return OK;
}

/* ---- keys ------------------------------------------------------------------------------------------------- */

static void free_key(void *arg)
{
	certificate_key_free(arg);
}

/* One key of a file; one that is there already is not there twice. */
static enum status add_key(struct token_keys *keys, struct str pem, const char *path,
			   struct fault *why)
{
	struct certificate_key *key;
	struct fault said = { 0 };
	struct str der;

	if (certificate_key_from_pem(pem, &key, &said) != OK)
		return fault_set(why, BAD_REQUEST, path, "%.120s: %.250s", path, said.text);
	arena_on_free(keys->arena, free_key, key);
	der = certificate_key_public_der(key, keys->arena);
	for (uint32_t i = 0; i < keys->count; i++)
		if (str_eq(der, certificate_key_public_der(keys->at[i], keys->arena)))
			return OK;
	if (keys->count == TOKEN_KEYS_MAX)
		return fault_set(why, BAD_REQUEST, path, "%.120s: these are more than %u keys",
				 path, TOKEN_KEYS_MAX);
	keys->at[keys->count++] = key;
	return OK;
}

static enum status add_keys(struct token_keys *keys, struct str text, const char *path,
			    struct fault *why)
{
	struct str mark = STR("-----END ");
	uint32_t found = 0;
	int64_t end;

	while ((end = str_find(text, mark)) >= 0) {
		struct str rest = str_slice(text, (uint32_t)end + mark.len, text.len), line;
		uint32_t len;

		line = str_cut(&rest, '\n');
		len = (uint32_t)end + mark.len + line.len;
		/* OpenSSL writes what curve a key has into a block of its own. */
		if (!str_starts(line, STR("EC PARAMETERS"))) {
			TRY(add_key(keys, str_slice(text, 0, len), path, why));
			found++;
			text = str_slice(text, len, text.len);
			continue;
		}
		text = str_slice(text, len, text.len);
	}
	if (found == 0)
		return fault_set(why, BAD_REQUEST, path, "%.120s: there is no key in it", path);
	return OK;
}

static enum status make(const struct token_setting *setting, struct str own_pem,
			struct token_keys *keys, struct fault *why)
{
	const char *path = setting->has_signing ? setting->files[0].reload.path : "pki/sa.key";
	struct str pem = setting->has_signing ? setting->files[0].text : own_pem, unused;

	TRY(add_keys(keys, pem, path, why));
	keys->signing = keys->at[0];
	if (!certificate_key_is_private(keys->signing) ||
	    jwt_sign(STR("{}"), keys->signing, keys->arena, &unused, NULL) != OK)
		return fault_set(why, BAD_REQUEST, path,
				 "%.120s: this is no private key of RSA or P-256", path);
	for (uint32_t i = setting->has_signing; i < setting->file_count; i++)
		TRY(add_keys(keys, setting->files[i].text, setting->files[i].reload.path, why));
	return OK;
}

enum status token_keys_make(const struct token_setting *setting, struct str own_pem,
			    struct token_keys *out, struct fault *why)
{
	struct token_keys keys = { .arena = arena_new(0) };
	enum status status;

	keys.at = arena_array(keys.arena, const struct certificate_key *, TOKEN_KEYS_MAX);
	status = make(setting, own_pem, &keys, why);
	if (status == OK)
		*out = keys;
	else
		token_keys_free(&keys);
	return status;
}

void token_keys_free(struct token_keys *keys)
{
	arena_free(keys->arena);
}

/* Without a file for it the cluster's own key signs, which only the node has: any will do to prove the others. */
static enum status prove(const struct token_setting *setting, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct certificate_key *any = certificate_key_new();
	struct token_keys keys;
	enum status status =
	    token_keys_make(setting, certificate_key_private_pem(any, arena), &keys, why);

	if (status == OK)
		token_keys_free(&keys);
	certificate_key_free(any);
	arena_free(arena);
	return status;
}

enum status token_options_load(const struct command_line *line, struct str own_issuer,
			       struct arena *arena, struct token_setting *out, struct fault *why)
{
	*out = (struct token_setting){ .file_count = 0 };
	out->has_short =
	    strcmp(command_text(line, "service-account-extend-token-expiration"), "false") == 0;
	TRY(take_issuers(line, own_issuer, arena, &out->issuers, why));
	TRY(take_audiences(line, arena, out, why));
	TRY(take_uri(line, &out->keys_uri, why));
	TRY(take_files(line, arena, out, why));
	return out->file_count > 0 ? prove(out, why) : OK;
}

#include "deploy/main/api/serving/tls-options.h"

#include "runtime/loop/loop.h"
#include "transport/tls/suites.h"

#define CERTIFICATE "tls-cert-file"
#define KEY "tls-private-key-file"
#define PAIR "tls-sni-cert-key"

static enum status add_pair(struct tls_setting *setting, const char *certificate, const char *key,
			    struct str names, struct arena *arena, struct fault *why)
{
	struct tls_pair *pair = &setting->pairs[setting->pair_count++];

	pair->names = names;
	TRY(text_file_load(&pair->certificate, certificate, "API certificate", true, arena, why));
	return text_file_load(&pair->key, key, "API key", false, arena, why);
}

/* cert.pem,key.pem or cert.pem,key.pem:*.example.com,example.com */
static enum status take_pairs(const struct command_line *line, struct arena *arena,
			      struct tls_setting *out, struct fault *why)
{
	const char **all;
	uint32_t count = command_list(line, PAIR, arena, &all);

	if (count >= TLS_OTHERS_MAX)
		return fault_set(why, BAD_REQUEST, PAIR, "--" PAIR " is given %u times at most",
				 TLS_OTHERS_MAX - 1);
	for (uint32_t i = 0; i < count; i++) {
		struct str names = str_from(all[i]), key = str_cut(&names, ':'),
			   certificate = str_cut(&key, ',');

		if (certificate.len == 0 || key.len == 0 || str_find_char(key, ',') >= 0 ||
		    (names.at != NULL && str_trim(names).len == 0))
			return fault_set(why, BAD_REQUEST, PAIR,
					 "--" PAIR " is CERT,KEY or CERT,KEY:NAME,..., not \"%s\"",
					 all[i]);
		if (certificate.at[0] != '/' || key.at[0] != '/')
			return fault_set(why, BAD_REQUEST, PAIR,
					 "--" PAIR " wants absolute paths, not \"%s\"", all[i]);
		TRY(add_pair(out, arena_cstr(arena, certificate), arena_cstr(arena, key), names,
			     arena, why));
	}
	return OK;
}

static enum status take_rest(const struct command_line *line, struct arena *arena,
			     struct tls_setting *out, struct fault *why)
{
	const char *certificate = command_text(line, CERTIFICATE), *key = command_text(line, KEY);

	if ((certificate == NULL) != (key == NULL))
		return fault_set(why, BAD_REQUEST, CERTIFICATE,
				 "--" CERTIFICATE " and --" KEY " are given together");
	if (certificate == NULL)
		return OK;
	out->has_rest = true;
	return add_pair(out, certificate, key, STR_NONE, arena, why);
}

/* A context says best whether certificate and key are what they should be. */
static enum status prove(const struct tls_pair *pair, struct fault *why)
{
	struct tls_config config = { .is_server = true,
				     .certificate_pem = pair->certificate.text,
				     .key_pem = pair->key.text,
				     .now = loop_clock()->wall };
	struct tls_context *context;
	struct fault said = { 0 };
	enum status status = tls_context_new(&config, &context, &said);

	if (status != OK)
		return fault_set(why, BAD_REQUEST, PAIR, "%.120s: %.300s",
				 pair->certificate.reload.path, said.text);
	tls_context_unref(context);
	return OK;
}

enum status tls_options_load(const struct command_line *line, struct arena *arena,
			     struct tls_setting *out, struct fault *why)
{
	struct fault said = { 0 };

	*out = (struct tls_setting){ .pair_count = 0 };
	out->only_tls13 = strcmp(command_text(line, "tls-min-version"), "VersionTLS13") == 0;
	out->cipher_suites = str_from(command_text(line, "tls-cipher-suites"));
	if (suites_check(out->cipher_suites, &said) != OK)
		return fault_set(why, BAD_REQUEST, "tls-cipher-suites",
				 "--tls-cipher-suites: %.300s", said.text);
	TRY(take_pairs(line, arena, out, why));
	TRY(take_rest(line, arena, out, why));
	for (uint32_t i = 0; i < out->pair_count; i++)
		TRY(prove(&out->pairs[i], why));
	return OK;
}

bool tls_options_say(const struct tls_setting *setting)
{
	return setting->pair_count > 0 || setting->only_tls13 || setting->cipher_suites.len > 0;
}

void tls_options_secure(void *arg, struct tls_config *config, struct arena *arena)
{
	const struct tls_setting *setting = arg;
	struct tls_other *others = arena_array(arena, struct tls_other, setting->pair_count + 1);

	for (uint32_t i = 0; i < setting->pair_count; i++) {
		const struct tls_pair *pair = &setting->pairs[i];

		others[i] = (struct tls_other){ .certificate_pem = pair->certificate.text,
						.key_pem = pair->key.text,
						.names = pair->names,
						.is_rest = setting->has_rest &&
							   i + 1 == setting->pair_count };
	}
	config->others = others;
	config->other_count = setting->pair_count;
	config->only_tls13 = setting->only_tls13;
	config->cipher_suites = setting->cipher_suites;
}

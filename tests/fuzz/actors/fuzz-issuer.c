/*
 * Issuers of tokens: `CONFIGURATION NUL CLAIMS NUL KEYS`. Whatever a jwt entry says, it is taken or refused with words; by one that was taken claims become a
 * user with a name, or are refused with words; and a set of keys has keys or is refused.
 */
#include "actors/authentication/issuer.h"
#include "datastore/object/json.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static struct str cut(struct str *rest)
{
	struct str part = str_cut(rest, '\0');

	return part.at != NULL ? part : STR("");
}

static void apply(const struct issuer_rules *rules, struct str text, struct arena *arena)
{
	struct value claims;
	struct user user;
	struct fault why = { 0 };

	if (value_parse(text, arena, &claims) != OK || claims.kind != VALUE_MAP)
		return;
	if (issuer_rules_apply(rules, &claims, arena, &user, &why) != OK) {
		assert(why.text[0] != '\0');
		return;
	}
	assert(user.name.len > 0);
	for (uint32_t i = 0; i < user.extra_count; i++)
		assert(user.extra[i].value_count > 0 && user.extra[i].key.len > 0);
}

static void read_configuration(struct str text, struct str claims, struct arena *arena)
{
	static struct str own[] = { { "https://a", 9 } };
	static const struct issuer_limits limits = { .own = { own, 1 } };
	const struct apiserver_authentication_configuration *file;
	struct issuer_set set;
	struct fault why = { 0 };
	void *record;

	if (json_decode(&apiserver_authentication_configuration_type, text, arena,
			(struct json_options){ 0 }, &record, NULL) != OK)
		return;
	file = record;
	if (issuer_set_read(&file->jwt, &limits, arena, &set, &why) != OK) {
		assert(str_starts(str_from(why.text), STR("jwt")));
		return;
	}
	for (uint32_t i = 0; i < set.count; i++)
		apply(&set.at[i].rules, claims, arena);
	issuer_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str rest = str_of(len > 0 ? at : (const uint8_t *)"", len);
	struct str configuration = cut(&rest), claims = cut(&rest);
	struct issuer_keys keys;
	struct fault why = { 0 };

	read_configuration(configuration, claims, arena);
	if (issuer_keys_read(rest.at != NULL ? rest : STR(""), arena, &keys, &why) == OK)
		assert(keys.count > 0 && keys.count <= ISSUER_KEYS_MAX);
	else
		assert(why.text[0] != '\0');
	arena_free(arena);
	return 0;
}

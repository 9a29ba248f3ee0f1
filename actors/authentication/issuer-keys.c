#include "actors/authentication/issuer-keys.h"

#include "transport/tls/crypto.h"
#include "transport/wire/json.h"

/* The members of a key that matter (RFC 7517, 4; RFC 7518, 6). */
struct told {
	struct str type, use, id, curve, x, y, n, e;
};

static void free_key(void *key)
{
	certificate_key_free(key);
}

static void take_member(struct json *in, struct arena *arena, struct str *out)
{
	if (json_peek(in) != JSON_STRING || !json_string(in, arena, out))
		json_skip(in, NULL);
}

static void read_told(struct json *in, struct arena *arena, struct told *out)
{
	const struct {
		const char *name;
		struct str *to;
	} members[] = { { "kty", &out->type },  { "use", &out->use }, { "kid", &out->id },
			{ "crv", &out->curve }, { "x", &out->x },     { "y", &out->y },
			{ "n", &out->n },       { "e", &out->e } };
	struct str name;

	memset(out, 0, sizeof *out);
	if (json_peek(in) != JSON_OBJECT) {
		json_skip(in, NULL);
		return;
	}
	for (json_enter(in); json_member(in, arena, &name);) {
		size_t i = 0;

		while (i < sizeof members / sizeof members[0] && !str_is(name, members[i].name))
			i++;
		if (i < sizeof members / sizeof members[0])
			take_member(in, arena, members[i].to);
		else
			json_skip(in, NULL);
	}
}

static enum status make_key(const struct told *told, struct arena *arena,
			    struct certificate_key **out)
{
	struct str a, b;
	bool is_rsa = str_is(told->type, "RSA");

	if ((!is_rsa && !str_is(told->type, "EC")) ||
	    (told->use.len > 0 && !str_is(told->use, "sig")))
		return NOT_FOUND;
	TRY(jwt_base64url_decode(is_rsa ? told->n : told->x, arena, &a));
	TRY(jwt_base64url_decode(is_rsa ? told->e : told->y, arena, &b));
	return is_rsa ? certificate_key_from_rsa(a, b, out, NULL)
		      : certificate_key_from_ec(told->curve, a, b, out, NULL);
}

static void read_key(struct json *in, struct arena *arena, struct issuer_keys *out)
{
	struct certificate_key *key;
	struct told told;

	read_told(in, arena, &told);
	if (out->count == ISSUER_KEYS_MAX || make_key(&told, arena, &key) != OK)
		return;
	arena_on_free(arena, free_key, key);
	out->at[out->count++] = (struct issuer_key){ .id = arena_str(arena, told.id), .key = key };
}

static uint64_t stamp_of(struct str text)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	uint64_t stamp;

	crypto_sha256(text, digest);
	memcpy(&stamp, digest, sizeof stamp);
	return stamp;
}

enum status issuer_keys_read(struct str text, struct arena *arena, struct issuer_keys *out,
			     struct fault *why)
{
	struct issuer_keys keys = { arena_array(arena, struct issuer_key, ISSUER_KEYS_MAX), 0,
				    stamp_of(text) };
	struct json in = json_of(text);
	struct str name;

	if (json_peek(&in) != JSON_OBJECT)
		return fault_set(why, INVALID, "", "the key set is no JSON object");
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!str_is(name, "keys") || json_peek(&in) != JSON_ARRAY) {
			json_skip(&in, NULL);
			continue;
		}
		for (json_enter(&in); json_element(&in);)
			read_key(&in, arena, &keys);
	}
	if (json_end(&in, NULL) != OK)
		return fault_set(why, INVALID, "", "the key set is no JSON");
	if (keys.count == 0)
		return fault_set(why, INVALID, "", "the key set has no key that verifies tokens");
	*out = keys;
	return OK;
}

bool issuer_keys_verify(const struct issuer_keys *keys, const struct jwt *jwt)
{
	for (uint32_t i = 0; i < keys->count; i++) {
		const struct issuer_key *one = &keys->at[i];

		if (jwt->key_id.len > 0 && !str_eq(jwt->key_id, one->id))
			continue;
		if (jwt_verify(jwt, one->key, NULL) == OK)
			return true;
	}
	return false;
}

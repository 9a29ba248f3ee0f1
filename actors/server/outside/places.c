#include "actors/server/outside/places.h"

#include "runtime/actor/act-host.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"
#include "runtime/base/mem.h"
#include "transport/http/client.h"
#include "transport/tls/context.h"
#include "transport/tls/crypto.h"

/* What a place is found by: a digest of its description. */
struct place {
	struct list link; /* those that were used longest ago stand first */
	uint8_t key[CRYPTO_SHA256_BYTES];
	struct act_ref client;
	struct mono used;
	uint32_t users;
	bool is_forgotten; /* nobody finds it any more; gone with its last user */
};

struct places {
	struct list all;
	struct map by_key;
	uint32_t count;
};

struct places *places_new(void)
{
	struct places *places = mem_new(struct places);

	list_init(&places->all);
	return places;
}

static void drop(struct places *places, struct place *place)
{
	(void)map_remove(&places->by_key, str_of(place->key, sizeof place->key));
	list_remove(&place->link);
	places->count--;
}

void places_free(struct places *places)
{
	list_each (&places->all, link) {
		struct place *place = list_item(link, struct place, link);

		/* Its users end with it. */
		drop(places, place);
		mem_free(place);
	}
	map_fini(&places->by_key);
	mem_free(places);
}

void places_forget(struct places *places, struct place *place)
{
	if (!place->is_forgotten)
		drop(places, place);
	place->is_forgotten = true;
	if (place->users == 0)
		mem_free(place);
}

void place_leave(struct place *place, struct mono now)
{
	place->users--;
	place->used = now;
	if (place->is_forgotten && place->users == 0)
		mem_free(place);
}

struct act_ref place_client(const struct place *place)
{
	return place->client;
}

static void end(struct places *places, struct act *act, struct place *place)
{
	act_stop(act, place->client);
	places_forget(places, place);
}

void places_tick(struct places *places, struct act *act)
{
	struct mono now = act_now(act);

	list_each (&places->all, link) {
		struct place *place = list_item(link, struct place, link);

		if (place->users == 0 &&
		    now.ns - place->used.ns > LIMIT_OUTSIDE_IDLE_MS * (int64_t)TIME_MS)
			end(places, act, place);
	}
}

/* ---- a new one ------------------------------------------------------------------------------------------- */

static void add(struct crypto_sha256 *digest, struct str part)
{
	uint32_t len = part.at != NULL ? part.len : UINT32_MAX;

	crypto_sha256_add(digest, str_of(&len, sizeof len));
	crypto_sha256_add(digest, part);
}

static void key_of(const struct place_spec *spec, uint8_t key[CRYPTO_SHA256_BYTES])
{
	struct crypto_sha256 *digest = crypto_sha256_begin();

	add(digest, spec->host);
	add(digest, str_of(&spec->port, sizeof spec->port));
	add(digest, spec->server_name);
	add(digest, spec->authorities);
	add(digest, spec->is_plain        ? STR("plain")
		    : spec->is_unverified ? STR("unverified")
					  : STR(""));
	add(digest, spec->certificate_pem);
	add(digest, spec->key_pem);
	crypto_sha256_end(digest, key);
}

static enum status make_context(struct act *act, const struct place_spec *spec,
				struct tls_context **out, struct fault *why)
{
	const struct seams_clock *clock = &act_seams(act)->clock;
	struct tls_config config = {
		.certificate_pem = spec->certificate_pem,
		.key_pem = spec->key_pem,
		.authorities_pem = spec->authorities,
		.is_unverified = spec->is_unverified,
		/* One after the other on a connection, so that what is called may spread its load: as upstream. */
		.alpn = STR("http/1.1"),
		.now = clock->wall,
		.now_arg = clock->self,
	};

	return tls_context_new(&config, out, why);
}

static enum status spawn(struct act *act, const struct place_spec *spec, struct act_ref *out,
			 struct fault *why)
{
	struct arena *arena = arena_new(0);
	bool is_v6 = str_find_char(spec->host, ':') >= 0;
	struct http_client_config config = {
		.url = arena_printf(arena, is_v6 ? "%s://[" STR_FMT "]:%u" : "%s://" STR_FMT ":%u",
				    spec->is_plain ? "http" : "https", STR_ARG(spec->host),
				    (unsigned)spec->port)
			   .at,
		.server_name = spec->server_name,
		.connections_max =
		    spec->connections_max ? spec->connections_max : LIMIT_OUTSIDE_CONNECTIONS,
	};
	enum status status = spec->is_plain ? OK : make_context(act, spec, &config.tls, why);

	if (status == OK) {
		status = act_spawn(act, &http_client_class, &config, NULL, out);
		if (status != OK)
			(void)fault_set(why, status, "", "no client can be made");
		if (config.tls != NULL)
			tls_context_unref(config.tls);
	}
	arena_free(arena);
	return status;
}

static enum status make_room(struct places *places, struct act *act, struct fault *why)
{
	if (places->count < LIMIT_OUTSIDE_PLACES)
		return OK;
	list_each (&places->all, link) {
		struct place *place = list_item(link, struct place, link);

		if (place->users > 0)
			continue;
		end(places, act, place);
		return OK;
	}
	return fault_set(why, BUSY, "", "too many servers are being called");
}

enum status places_enter(struct places *places, struct act *act, const struct place_spec *spec,
			 struct place **out, struct fault *why)
{
	uint8_t key[CRYPTO_SHA256_BYTES];
	struct place *place;
	struct act_ref client;

	key_of(spec, key);
	place = map_get(&places->by_key, str_of(key, sizeof key));
	if (place == NULL) {
		TRY(make_room(places, act, why));
		TRY(spawn(act, spec, &client, why));
		place = mem_new(struct place);
		place->client = client;
		memcpy(place->key, key, sizeof key);
		list_init(&place->link);
		(void)map_put(&places->by_key, str_of(place->key, sizeof place->key), place);
		places->count++;
	}
	list_remove(&place->link);
	list_push(&places->all, &place->link);
	place->users++;
	*out = place;
	return OK;
}

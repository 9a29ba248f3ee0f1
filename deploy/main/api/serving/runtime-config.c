#include "deploy/main/api/serving/runtime-config.h"

#include "datastore/schema/resource-row.h"

#define NAME "runtime-config"

/* How exact a key is: the most exact that fits decides. */
enum reach { REACH_NONE, REACH_ALL, REACH_LEVEL, REACH_VERSION, REACH_RESOURCE };

struct wish {
	struct str key;
	bool is_served;
};

static enum reach reach_of_level(struct str level, struct str version)
{
	bool is_alpha = str_find(version, STR("alpha")) >= 0;
	bool is_beta = str_find(version, STR("beta")) >= 0;

	if (str_is(level, "all"))
		return REACH_ALL;
	if (str_is(level, "alpha")  ? is_alpha
	    : str_is(level, "beta") ? is_beta
				    : str_is(level, "ga") && !is_alpha && !is_beta)
		return REACH_LEVEL;
	return REACH_NONE;
}

static bool is_level(struct str word)
{
	return str_is_among(word, "all|ga|beta|alpha", '|');
}

/* "v1" and "api/v1" are the core. */
static void split(struct str key, struct str *group, struct str *version, struct str *resource)
{
	struct str rest = key;

	*group = str_cut(&rest, '/');
	if (rest.at == NULL) {
		*version = *group;
		*group = STR("");
	} else {
		*version = str_cut(&rest, '/');
		if (str_is(*group, "api"))
			*group = STR("");
	}
	*resource = rest.at != NULL ? rest : STR("");
}

static enum reach reach_of(struct str key, const struct resource_row *row)
{
	struct str group, version, resource;

	split(key, &group, &version, &resource);
	if (str_starts(key, STR("api/")) && is_level(version))
		return reach_of_level(version, row->version);
	if (!str_eq(group, row->group) || !str_eq(version, row->version))
		return REACH_NONE;
	if (resource.len == 0)
		return REACH_VERSION;
	return str_eq(resource, row->name) ? REACH_RESOURCE : REACH_NONE;
}

static bool is_off(const struct wish *wishes, uint32_t count, const struct resource_row *row)
{
	enum reach best = REACH_NONE;
	bool is_served = true;

	if (row->group.len == 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		enum reach reach = reach_of(wishes[i].key, row);

		if (reach == REACH_NONE || reach < best)
			continue;
		best = reach;
		is_served = wishes[i].is_served;
	}
	return !is_served;
}

static enum status check_key(const struct wish *wish, struct fault *why)
{
	struct str group, version, resource;

	split(wish->key, &group, &version, &resource);
	if (str_starts(wish->key, STR("api/")) && is_level(version))
		return OK;
	if (group.len == 0 && !wish->is_served)
		return fault_set(why, BAD_REQUEST, NAME,
				 "--runtime-config: the core cannot be switched off (" STR_FMT ")",
				 STR_ARG(wish->key));
	for (uint32_t i = 0; i < resource_row_count; i++)
		if (reach_of(wish->key, &resource_rows[i]) >= REACH_VERSION)
			return OK;
	if (!wish->is_served)
		return OK; /* what is not there is not served */
	return fault_set(why, BAD_REQUEST, NAME,
			 "--runtime-config: \"" STR_FMT
			 "\" is not served by this release; keys are api/all, api/ga, api/beta, "
			 "api/alpha, GROUP/VERSION and GROUP/VERSION/RESOURCE",
			 STR_ARG(wish->key));
}

static enum status read_wish(struct str word, struct wish *out, struct fault *why)
{
	struct str value = word;

	out->key = str_trim(str_cut(&value, '='));
	value = value.at == NULL || value.len == 0 ? STR("true") : str_trim(value);
	out->is_served = str_is(value, "true");
	if (!out->is_served && !str_is(value, "false"))
		return fault_set(why, BAD_REQUEST, NAME,
				 "--runtime-config: " STR_FMT " is true or false, not \"" STR_FMT
				 "\"",
				 STR_ARG(out->key), STR_ARG(value));
	return check_key(out, why);
}

enum status runtime_config_load(const char *text, struct arena *arena,
				struct str_list *out_unserved, struct fault *why)
{
	struct str rest = str_from(text);
	struct wish *wishes = arena_array(arena, struct wish, rest.len + 1);
	struct str *names;
	uint32_t count = 0;

	*out_unserved = (struct str_list){ NULL, 0 };
	while (rest.len > 0) {
		struct str word = str_trim(str_cut(&rest, ','));

		if (word.len > 0)
			TRY(read_wish(word, &wishes[count++], why));
	}
	if (count == 0)
		return OK;
	names = arena_array(arena, struct str, resource_row_count);
	out_unserved->at = names;
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (is_off(wishes, count, row))
			names[out_unserved->len++] =
			    arena_printf(arena, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(row->group),
					 STR_ARG(row->version), STR_ARG(row->name));
	}
	return OK;
}

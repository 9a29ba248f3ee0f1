#include "deploy/main/migration/survey.h"

#include <stdio.h>

#include "datastore/object/proto-envelope.h"
#include "datastore/schema/type.h"
#include "deploy/main/command/json-look.h"

#define ENCRYPTED STR("k8s:enc:")
#define DEFINITIONS STR("apiextensions.k8s.io/customresourcedefinitions/")
#define NAME_BYTES_MAX 300U /* of a kind with its group and version */

struct survey survey_new(struct arena *arena)
{
	return (struct survey){ .arena = arena };
}

void survey_fini(struct survey *survey)
{
	map_fini(&survey->kinds);
	map_fini(&survey->definitions);
	map_fini(&survey->others);
}

bool survey_is_taken(struct str key)
{
	return str_starts(key, SURVEY_TAKEN) && key.len > SURVEY_TAKEN.len;
}

/* ---- counting ------------------------------------------------------------------------------------------------------ */

static void add_other(struct survey *survey, struct str key)
{
	int64_t end = key.len > 1 ? str_find_char(str_slice(key, 1, key.len), '/') : -1;
	struct str name = end >= 0 ? str_slice(key, 0, (uint32_t)end + 2) : key;
	uint64_t *count;

	name = str_slice(name, 0, NAME_BYTES_MAX);
	count = map_get(&survey->others, name);
	if (count == NULL) {
		count = arena_new_of(survey->arena, uint64_t);
		map_put(&survey->others, name, count);
	}
	++*count;
}

/* "crontabs.example.com" of example.com/crontabs/NAMESPACE/NAME; absent: no key of a custom resource. */
static struct str resource_of(struct str path, struct arena *arena)
{
	struct str group = str_cut(&path, '/'), resource = str_cut(&path, '/');

	if (path.at == NULL || str_find_char(group, '.') < 0)
		return STR_NONE;
	return arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(resource), STR_ARG(group));
}

static struct survey_kind *kind_of(struct survey *survey, struct str api_version, struct str kind)
{
	char name[NAME_BYTES_MAX];
	struct survey_kind *found;

	snprintf(name, sizeof name, STR_FMT " " STR_FMT, STR_ARG(api_version), STR_ARG(kind));
	found = map_get(&survey->kinds, str_from(name));
	if (found == NULL) {
		found = arena_new_of(survey->arena, struct survey_kind);
		found->is_known = type_find_api(api_version, kind) != NULL;
		map_put(&survey->kinds, str_from(name), found);
	}
	return found;
}

static void count_value(struct survey *survey, struct str path, struct str value,
			struct arena *scratch)
{
	struct survey_kind *kind;
	struct proto_envelope envelope;
	struct str api_version = STR_NONE, name = STR_NONE;

	if (proto_envelope_is(value) && proto_envelope_open(value, &envelope, NULL) == OK) {
		api_version = envelope.api_version;
		name = envelope.kind;
	} else if (value.len > 0 && value.at[0] == '{') {
		api_version = json_look(scratch, value, "apiVersion");
		name = json_look(scratch, value, "kind");
	}
	kind = api_version.len > 0 && name.len > 0
		   ? kind_of(survey, api_version, name)
		   : kind_of(survey, STR("values"), STR("without a kind"));
	if (kind->keys++ == 0 && !kind->is_known)
		kind->resource = resource_of(path, survey->arena);
}

static void note_first(struct survey *survey, uint64_t *count, struct str *first, struct str key)
{
	if ((*count)++ == 0)
		*first = arena_str(survey->arena, key);
}

void survey_add(struct survey *survey, struct str key, struct str value)
{
	struct arena *scratch;
	struct str path;

	if (!survey_is_taken(key)) {
		add_other(survey, key);
		return;
	}
	survey->keys++;
	survey->bytes += key.len + value.len;
	path = str_slice(key, SURVEY_TAKEN.len, key.len);
	if (str_starts(path, DEFINITIONS))
		map_put(&survey->definitions, str_slice(path, DEFINITIONS.len, path.len), survey);
	if (value.len > LIMIT_OBJECT_BYTES)
		note_first(survey, &survey->too_large, &survey->first_too_large, key);
	if (str_starts(value, ENCRYPTED)) {
		note_first(survey, &survey->encrypted, &survey->first_encrypted, key);
		return;
	}
	scratch = arena_new(0);
	count_value(survey, path, value, scratch);
	arena_free(scratch);
}

/* ---- telling ------------------------------------------------------------------------------------------------------- */

static bool is_understood(const struct survey *survey, const struct survey_kind *kind)
{
	return kind->is_known ||
	       (kind->resource.len > 0 && map_has(&survey->definitions, kind->resource));
}

static void print_kinds(const struct survey *survey, bool is_of_understood, const char *title,
			struct text *out)
{
	bool has_begun = false;
	struct str name;
	void *value;

	for (uint32_t at = 0; map_next(&survey->kinds, &at, &name, &value);) {
		const struct survey_kind *kind = value;

		if (is_understood(survey, kind) != is_of_understood)
			continue;
		if (!has_begun)
			text_printf(out, "%s\n", title);
		has_begun = true;
		text_printf(out, "%9ju  " STR_FMT "\n", (uintmax_t)kind->keys, STR_ARG(name));
	}
}

void survey_print(const struct survey *survey, struct text *out)
{
	bool has_begun = false;
	struct str name;
	void *value;

	print_kinds(survey, true, "taken over and served:", out);
	print_kinds(survey, false,
		    "taken over as bytes, since this release does not know them:", out);
	if (survey->encrypted > 0)
		text_printf(out, "encrypted, which cannot be taken over:\n%9ju  values\n",
			    (uintmax_t)survey->encrypted);
	for (uint32_t at = 0; map_next(&survey->others, &at, &name, &value);) {
		if (!has_begun)
			text_lit(out, "left out, since they are not of Kubernetes:\n");
		has_begun = true;
		text_printf(out, "%9ju  " STR_FMT "\n", (uintmax_t) * (uint64_t *)value,
			    STR_ARG(name));
	}
}

enum status survey_judge(const struct survey *survey, struct fault *why)
{
	if (survey->encrypted > 0)
		return fault_set(
		    why, INVALID, "",
		    "%ju values are encrypted (" STR_FMT
		    "): on the old cluster put `identity: {}` first of the providers (k3s: k3s "
		    "secrets-encrypt disable), restart its API servers, run `kubectl get secrets "
		    "-A -o json | kubectl replace -f -`, and take the file anew",
		    (uintmax_t)survey->encrypted, STR_ARG(survey->first_encrypted));
	if (survey->too_large > 0)
		return fault_set(why, TOO_LARGE, "",
				 "%ju values are larger than the limit of %u bytes, the first "
				 "is " STR_FMT,
				 (uintmax_t)survey->too_large, LIMIT_OBJECT_BYTES,
				 STR_ARG(survey->first_too_large));
	return OK;
}

#include "actors/server/catalog/custom.h"

#include "actors/server/cache/cache.h"
#include "datastore/custom/rule/rule-set.h"
#include "datastore/object/record.h"
#include "transport/tls/crypto.h"
#include "transport/wire/base64.h"

/* As upstream lists groups of definitions: after its own, all alike. */
#define GROUP_PRIORITY 1000
#define VERSION_PRIORITY 100
#define VERBS                                                                            \
	(RESOURCE_CREATE | RESOURCE_DELETE | RESOURCE_DELETE_COLLECTION | RESOURCE_GET | \
	 RESOURCE_LIST | RESOURCE_PATCH | RESOURCE_UPDATE | RESOURCE_WATCH)

/* ---- order of versions ------------------------------------------------------------------------------------- */

/* v1, v1beta2, v1alpha1; anything else is no such name. */
struct version_name {
	uint64_t major, stage, minor; /* stage: 2 without a word, 1 beta, 0 alpha */
};

static bool take_number(struct str *rest, uint64_t *out)
{
	uint32_t len = 0;

	while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
		len++;
	if (len == 0 || rest->at[0] == '0' || str_to_u64(str_slice(*rest, 0, len), out) != OK)
		return false;
	*rest = str_slice(*rest, len, rest->len);
	return true;
}

static bool read_version(struct str name, struct version_name *out)
{
	struct str rest = str_slice(name, 1, name.len);

	*out = (struct version_name){ .stage = 2 };
	if (name.len < 2 || name.at[0] != 'v' || !take_number(&rest, &out->major))
		return false;
	if (rest.len == 0)
		return true;
	out->stage = str_starts(rest, STR("beta")) ? 1 : 0;
	if (out->stage == 0 && !str_starts(rest, STR("alpha")))
		return false;
	rest = str_slice(rest, out->stage == 1 ? 4 : 5, rest.len);
	return take_number(&rest, &out->minor) && rest.len == 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int custom_version_cmp(struct str a, struct str b)
{
	struct version_name left, right;
	bool is_left = read_version(a, &left), is_right = read_version(b, &right);
	int order;

	if (!is_left || !is_right)
		return is_left != is_right ? (is_left ? 1 : -1) : str_cmp(b, a);
	order = compare(left.stage, right.stage);
	if (order == 0)
		order = compare(left.major, right.major);
	return order != 0 ? order : compare(left.minor, right.minor);
}

/* ---- a definition ----------------------------------------------------------------------------------------- */

static bool is_built_in(struct str group)
{
	for (uint32_t i = 0; i < resource_row_count; i++)
		if (str_eq(resource_rows[i].group, group))
			return true;
	return false;
}

static enum status want(struct str value, const char *field, struct fault *why)
{
	return value.len > 0 ? OK : fault_set(why, INVALID, field, "%s is missing", field);
}

static enum status check(const struct apiextensions_custom_resource_definition_spec *spec,
			 struct fault *why)
{
	if (spec == NULL || spec->names == NULL)
		return fault_set(why, INVALID, "spec.names", "the definition says no names");
	TRY(want(spec->group, "spec.group", why));
	TRY(want(spec->names->plural, "spec.names.plural", why));
	TRY(want(spec->names->kind, "spec.names.kind", why));
	TRY(want(spec->names->singular, "spec.names.singular", why));
	TRY(want(spec->names->list_kind, "spec.names.listKind", why));
	if (is_built_in(spec->group))
		return fault_set(why, INVALID, "spec.group",
				 "the group " STR_FMT " is Kubernetes' own", STR_ARG(spec->group));
	if (!str_is(spec->scope, "Namespaced") && !str_is(spec->scope, "Cluster"))
		return fault_set(why, INVALID, "spec.scope",
				 "spec.scope wants Namespaced or Cluster");
	return OK;
}

static const struct apiextensions_custom_resource_definition_version *
stored_version(const struct apiextensions_custom_resource_definition_spec *spec)
{
	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (spec->versions.at[i].storage && spec->versions.at[i].served)
			return &spec->versions.at[i];
	return NULL;
}

static void add_subresources(struct resource_row *row, const struct type *type, struct arena *arena)
{
	struct subresource_row *rows =
	    arena_array(arena, struct subresource_row, type->subresource_count + 1U);

	/* The type has them by name; discovery says status first. */
	for (uint32_t n = type->subresource_count; n > 0; n--) {
		uint32_t i = n - 1;
		bool is_scale = str_is(type_subresource(type, i), "scale");

		rows[row->subresource_count++] = (struct subresource_row){
			.name = type_subresource(type, i),
			.group = is_scale ? STR("autoscaling") : type_group(type),
			.version = is_scale ? STR("v1") : type_version(type),
			.kind = is_scale ? STR("Scale") : type_kind(type),
			.verbs = RESOURCE_GET | RESOURCE_PATCH | RESOURCE_UPDATE
		};
	}
	row->subresources = rows;
}

/* Eight bytes of a hash of what is stored: it changes when clients have to read anew. */
static struct str storage_hash(const struct type *stored, struct arena *arena)
{
	struct str name =
	    arena_printf(arena, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(type_group(stored)),
			 STR_ARG(type_version(stored)), STR_ARG(type_kind(stored)));
	struct text out = text_in(arena, 32);
	uint8_t hash[CRYPTO_SHA256_BYTES];

	crypto_sha256(name, hash);
	base64_encode(BASE64_STANDARD, str_of(hash, 8), &out);
	return text_str(&out);
}

static const struct str *texts_of(const struct type *type,
				  struct str (*one)(const struct type *type, uint32_t i),
				  uint32_t count, struct arena *arena)
{
	struct str *texts = arena_array(arena, struct str, count + 1U);

	for (uint32_t i = 0; i < count; i++)
		texts[i] = one(type, i);
	return texts;
}

static struct resource_row row_of(const struct type *type, struct str singular, struct arena *arena)
{
	struct resource_row row = {
		.group = type_group(type),
		.version = type_version(type),
		.name = type_resource(type),
		.singular = singular,
		.kind = type_kind(type),
		.short_names = texts_of(type, type_short_name, type->short_name_count, arena),
		.short_name_count = type->short_name_count,
		.categories = texts_of(type, type_category, type->category_count, arena),
		.category_count = type->category_count,
		.verbs = VERBS,
		.prefix = arena_printf(arena, "/registry/" STR_FMT "/" STR_FMT "/",
				       STR_ARG(type_group(type)), STR_ARG(type_resource(type))),
		.group_priority = GROUP_PRIORITY,
		.version_priority = VERSION_PRIORITY,
		.is_namespaced = (type->flags & TYPE_NAMESPACED) != 0,
	};

	add_subresources(&row, type, arena);
	return row;
}

enum status custom_resource_of(const struct apiextensions_custom_resource_definition *definition,
			       struct arena *arena, struct custom_resource *out, struct fault *why)
{
	struct custom_resource custom = { 0 };

	TRY(check(definition->spec, why));
	custom.version = stored_version(definition->spec);
	if (custom.version == NULL)
		return fault_set(why, INVALID, "spec.versions",
				 "no version is both served and stored");
	TRY(custom_types_of(definition->spec, custom.version->name, &custom.types, why));
	custom.row = row_of(custom.types.object, definition->spec->names->singular, arena);
	*out = custom;
	return OK;
}

void custom_resource_fini(struct custom_resource *custom)
{
	type_set_unref(custom->types.set);
	custom->types.set = NULL;
	rule_set_free(custom->rules);
	custom->rules = NULL;
}

/* ---- those of one definition of the store ------------------------------------------------------------------ */

typedef const struct apiextensions_custom_resource_definition crd;

static bool has_condition(crd *definition, const char *type)
{
	struct apiextensions_custom_resource_definition_condition_list list = { 0 };

	if (definition->status != NULL)
		list = definition->status->conditions;
	for (uint32_t i = 0; i < list.len; i++)
		if (str_is(list.at[i].type, type))
			return str_is(list.at[i].status, "True");
	return false;
}

bool custom_is_established(crd *definition)
{
	return has_condition(definition, "NamesAccepted") ||
	       has_condition(definition, "Established");
}

static bool is_terminating(crd *definition)
{
	return has_condition(definition, "Terminating");
}

static const struct apiextensions_custom_resource_definition_names *accepted(crd *definition)
{
	static const struct apiextensions_custom_resource_definition_names none;

	return definition->status != NULL && definition->status->accepted_names != NULL
		   ? definition->status->accepted_names
		   : &none;
}

bool custom_is_same(crd *a, crd *b)
{
	return custom_is_established(a) == custom_is_established(b) &&
	       record_equal(&apiextensions_custom_resource_definition_names_type, accepted(a),
			    accepted(b)) &&
	       record_equal(&apiextensions_custom_resource_definition_spec_type, a->spec, b->spec);
}

/* The newest version that is served and not deprecated, which is what to use instead. */
static struct str newer_version(crd *definition, struct str than)
{
	struct apiextensions_custom_resource_definition_version_list list =
	    definition->spec->versions;
	struct str best = STR_NONE;

	for (uint32_t i = 0; i < list.len; i++)
		if (list.at[i].served && !list.at[i].deprecated &&
		    custom_version_cmp(list.at[i].name, than) > 0 &&
		    (best.at == NULL || custom_version_cmp(list.at[i].name, best) > 0))
			best = list.at[i].name;
	return best;
}

static struct str warning_of(struct arena *arena, crd *definition,
			     const struct apiextensions_custom_resource_definition_version *version)
{
	const struct apiextensions_custom_resource_definition_names *names = definition->spec->names;
	struct str group = definition->spec->group, newer;

	if (!version->deprecated)
		return STR_NONE;
	if (version->deprecation_warning.at != NULL)
		return arena_str(arena, version->deprecation_warning);
	newer = newer_version(definition, version->name);
	if (newer.at == NULL)
		return arena_printf(arena, STR_FMT "/" STR_FMT " " STR_FMT " is deprecated",
				    STR_ARG(group), STR_ARG(version->name), STR_ARG(names->kind));
	return arena_printf(arena,
			    STR_FMT "/" STR_FMT " " STR_FMT " is deprecated; use " STR_FMT
				    "/" STR_FMT " " STR_FMT,
			    STR_ARG(group), STR_ARG(version->name), STR_ARG(names->kind),
			    STR_ARG(group), STR_ARG(newer), STR_ARG(names->kind));
}

static enum status add_version(
    struct custom_set *set, const struct apiextensions_custom_resource_definition_spec *spec,
    const struct apiextensions_custom_resource_definition_version *version, struct fault *why)
{
	struct custom_resource *custom = &set->at[set->len];

	if (version->storage) {
		custom->types = set->stored;
		type_set_ref(custom->types.set);
	} else {
		TRY(custom_types_of(spec, version->name, &custom->types, why));
	}
	custom->set = set;
	custom->version = version;
	custom->row =
	    row_of(custom->types.object, arena_str(set->arena, spec->names->singular), set->arena);
	custom->row.storage_hash = storage_hash(set->stored.object, set->arena);
	custom->warning = warning_of(set->arena, set->definition->record, version);
	set->len++;
	return OK;
}

bool custom_set_converts(const struct custom_set *set)
{
	crd *definition = set->definition->record;

	return definition->spec->conversion != NULL &&
	       str_is(definition->spec->conversion->strategy, "Webhook") &&
	       definition->spec->conversion->webhook != NULL &&
	       definition->spec->conversion->webhook->client_config != NULL;
}

static enum status add_others(struct custom_set *set,
			      const struct apiextensions_custom_resource_definition_spec *spec,
			      struct fault *why)
{
	set->others = arena_array(set->arena, struct custom_types, spec->versions.len);
	for (; set->other_count < spec->versions.len; set->other_count++)
		TRY(custom_types_of(spec, spec->versions.at[set->other_count].name,
				    &set->others[set->other_count], why));
	cache_set_owner(set->cache, set);
	return OK;
}

/* What is served has the names that were accepted, which may be fewer than were asked for. */
static enum status fill(struct custom_set *set, struct fault *why)
{
	crd *definition = set->definition->record;
	struct apiextensions_custom_resource_definition_spec spec = *definition->spec;
	struct apiextensions_custom_resource_definition_names names = *accepted(definition);
	struct str stored = STR_NONE;

	TRY(check(definition->spec, why));
	names.plural = spec.names->plural;
	spec.names = &names;
	for (uint32_t i = 0; i < spec.versions.len; i++)
		if (spec.versions.at[i].storage)
			stored = spec.versions.at[i].name;
	TRY(custom_types_of(&spec, stored, &set->stored, why));
	set->at = arena_array(set->arena, struct custom_resource, spec.versions.len);
	for (uint32_t i = 0; i < spec.versions.len; i++)
		if (spec.versions.at[i].served)
			TRY(add_version(set, &spec, &spec.versions.at[i], why));
	set->prefix = arena_printf(set->arena, "/registry/" STR_FMT "/" STR_FMT "/",
				   STR_ARG(spec.group), STR_ARG(names.plural));
	set->cache = cache_new(set->prefix, set->stored.object);
	return custom_set_converts(set) ? add_others(set, &spec, why) : OK;
}

static bool is_version(const struct type *type, struct str api_version)
{
	struct str rest = api_version, group = str_cut(&rest, '/');

	return rest.at != NULL && str_eq(type_group(type), group) &&
	       str_eq(type_version(type), rest);
}

/* What is served or stored is known by one type only. */
const struct type *custom_set_type(const struct custom_set *set, struct str api_version)
{
	if (is_version(set->stored.object, api_version))
		return set->stored.object;
	for (uint32_t i = 0; i < set->len; i++)
		if (is_version(set->at[i].types.object, api_version))
			return set->at[i].types.object;
	for (uint32_t i = 0; i < set->other_count; i++)
		if (is_version(set->others[i].object, api_version))
			return set->others[i].object;
	return NULL;
}

enum status custom_set_new(const struct object *definition, struct custom_set **out,
			   struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct custom_set *set = arena_new_of(arena, struct custom_set);
	enum status status;

	*set =
	    (struct custom_set){ .refs = 1, .arena = arena, .definition = object_ref(definition) };
	status = fill(set, why);
	if (status != OK)
		custom_set_unref(set);
	else
		*out = set;
	return status;
}

void custom_set_unref(struct custom_set *set)
{
	if (set == NULL || --set->refs > 0)
		return;
	cache_free(set->cache);
	for (uint32_t i = 0; i < set->len; i++)
		custom_resource_fini(&set->at[i]);
	for (uint32_t i = 0; i < set->other_count; i++)
		type_set_unref(set->others[i].set);
	type_set_unref(set->stored.set);
	judge_patterns_fini(&set->patterns);
	object_unref(set->definition);
	arena_free(set->arena);
}

void custom_set_refresh(struct custom_set *set, const struct object *definition)
{
	crd *old = set->definition->record, *now = definition->record;

	assert(custom_is_same(old, now));
	set->is_terminating = is_terminating(now);
	for (uint32_t i = 0; i < set->len; i++) {
		set->at[i].version =
		    &now->spec->versions.at[set->at[i].version - old->spec->versions.at];
		/* They are about the schema of the old one. */
		rule_set_free(set->at[i].rules);
		set->at[i].rules = NULL;
	}
	object_ref(definition);
	object_unref(set->definition);
	set->definition = definition;
}

static void give_back(void *set)
{
	custom_set_unref(set);
}

void custom_set_hold(struct arena *arena, struct custom_set *set)
{
	set->refs++;
	arena_on_free(arena, give_back, set);
}

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "deploy/embed/troupe-private.h"
#include "transport/wire/yaml.h"

/*
 * Kinds: from the text of a definition to the row that the server serves and the row that a controller is.
 */

#define CRD apiextensions_custom_resource_definition

/* ---- what is served beside the program's kinds ------------------------------------------------------------ */

bool troupe_is_served(const struct resource_row *row)
{
	static const char *const core[] = { "namespaces", "configmaps", "secrets",
					    "serviceaccounts", "events" };
	static const char *const groups[] = { "events.k8s.io", "coordination.k8s.io",
					      "rbac.authorization.k8s.io", "authentication.k8s.io",
					      "authorization.k8s.io" };

	for (size_t i = 0; row->group.len == 0 && i < sizeof core / sizeof core[0]; i++)
		if (str_is(row->name, core[i]))
			return true;
	for (size_t i = 0; row->group.len > 0 && i < sizeof groups / sizeof groups[0]; i++)
		if (str_is(row->group, groups[i]))
			return true;
	return false;
}

const struct type *troupe_type_named(const struct troupe *troupe, const char *kind)
{
	for (uint32_t i = 0; i < troupe->config.kind_count; i++)
		if (troupe->bound[i].type != NULL && str_is(type_kind(troupe->bound[i].type), kind))
			return troupe->bound[i].type;
	for (uint32_t i = 0; i < resource_row_count; i++)
		if (str_is(resource_rows[i].kind, kind) && troupe_is_served(&resource_rows[i]) &&
		    resource_rows[i].prefix.at != NULL)
			return type_find(resource_rows[i].group, resource_rows[i].version,
					 resource_rows[i].kind);
	return NULL;
}

/* ---- reading definitions ------------------------------------------------------------------------------------ */

static enum status check_kind(struct str json, struct arena *arena, struct fault *why)
{
	struct str version, kind;

	TRY(json_kind(json, arena, &version, &kind, why));
	if (str_is(version, "apiextensions.k8s.io/v1") && str_is(kind, "CustomResourceDefinition"))
		return OK;
	return fault_set(why, INVALID, "kind",
			 "it is no CustomResourceDefinition of apiextensions.k8s.io/v1");
}

/* A member that the schema of definitions does not know is a slip of the pen. */
static enum status decode(struct str json, struct arena *arena, struct CRD **out, struct fault *why)
{
	struct json_strict strict = { 0 };
	struct json_options options = { .strict = &strict };
	void *record;

	TRY(check_kind(json, arena, why));
	TRY(json_decode(&apiextensions_custom_resource_definition_type, json, arena, options,
			&record, why));
	if (strict.len > 0)
		return fault_set(why, INVALID, "", STR_FMT, STR_ARG(strict.at[0]));
	record_default(&apiextensions_custom_resource_definition_type, record, arena,
		       (struct wall){ 0 });
	*out = record;
	return OK;
}

static enum status read_definition(struct troupe *troupe, const char *text,
				   struct custom_resource *out, struct fault *why)
{
	struct arena *arena = troupe->arena;
	struct text json = text_in(arena, LIMIT_OBJECT_BYTES);
	struct CRD *definition = NULL;

	if (text == NULL)
		return fault_set(why, INVALID, "definition", "it is missing");
	TRY(yaml_to_json(str_from(text), &json, why));
	TRY(decode(text_str(&json), arena, &definition, why));
	return custom_resource_of(definition, arena, out, why);
}

static bool is_same_kind(const struct custom_resource *a, const struct custom_resource *b)
{
	return str_eq(a->row.kind, b->row.kind) ||
	       (str_eq(a->row.group, b->row.group) && str_eq(a->row.name, b->row.name));
}

/* Discovery wants those of a group and version side by side: each goes behind the last of its own. */
static void insert(struct custom_resource *customs, uint32_t count, struct custom_resource custom)
{
	uint32_t at = count;

	for (uint32_t i = count; i > 0 && at == count; i--)
		if (str_eq(customs[i - 1].row.group, custom.row.group) &&
		    str_eq(customs[i - 1].row.version, custom.row.version))
			at = i;
	memmove(customs + at + 1, customs + at, (count - at) * sizeof *customs);
	customs[at] = custom;
}

/* ---- controllers ---------------------------------------------------------------------------------------------- */

static enum status find_types(const struct troupe *troupe,
			      const char *const names[TROUPE_WATCHES_MAX],
			      const struct type *out[TROUPE_WATCHES_MAX], struct fault *why)
{
	for (uint32_t i = 0; i < TROUPE_WATCHES_MAX && names[i] != NULL; i++) {
		out[i] = troupe_type_named(troupe, names[i]);
		if (out[i] == NULL)
			return fault_set(why, INVALID, "", "there is no kind \"%s\" here", names[i]);
	}
	return OK;
}

static enum status bind(struct troupe *troupe, struct troupe_bound *bound, struct fault *why)
{
	const char *kind = arena_cstr(troupe->arena, type_kind(bound->type));

	bound->controller = (struct controller){ .name = kind,
						 .account = TROUPE_ACCOUNT,
						 .reconciles = bound->type,
						 .reconcile = troupe_reconcile,
						 .arg = bound };
	bound->runner = (struct runner_args){ .controller = &bound->controller, .api = "api" };
	TRY(find_types(troupe, bound->kind->owns, bound->controller.owns, why));
	return find_types(troupe, bound->kind->reads, bound->controller.reads, why);
}

/* Which kind of the configuration the words are about. */
static enum status about(enum status status, uint32_t i, struct fault *why)
{
	struct fault inner = *why;

	return fault_set(why, status, inner.field, "kinds[%u]: %s", i, inner.text);
}

static enum status define_one(struct troupe *troupe, uint32_t i, struct fault *why)
{
	struct troupe_bound *bound = &troupe->bound[i];
	struct custom_resource custom;

	bound->troupe = troupe;
	bound->kind = &troupe->config.kinds[i];
	TRY(read_definition(troupe, bound->kind->definition, &custom, why));
	for (uint32_t other = 0; other < i; other++)
		if (is_same_kind(&troupe->customs[other], &custom)) {
			custom_resource_fini(&custom);
			return fault_set(why, INVALID, "", "an earlier one has its name");
		}
	bound->type = custom.types.object;
	insert(troupe->customs, i, custom);
	return OK;
}

enum status troupe_define(struct troupe *troupe, struct fault *why)
{
	uint32_t count = troupe->config.kind_count;
	struct fault words = { 0 };
	enum status status = OK;

	if (count > TROUPE_KINDS_MAX)
		return fault_set(why, INVALID, "kinds", "more than %u kinds", TROUPE_KINDS_MAX);
	troupe->customs = arena_array(troupe->arena, struct custom_resource, count + 1);
	troupe->types = arena_array(troupe->arena, const struct type *, count + 1);
	troupe->bound = arena_array(troupe->arena, struct troupe_bound, count + 1);
	for (uint32_t i = 0; i < count && status == OK; i++) {
		status = define_one(troupe, i, &words);
		if (status != OK)
			status = about(status, i, &words);
		else
			troupe->types[i] = troupe->bound[i].type;
	}
	/* A kind may name one that comes after it. */
	for (uint32_t i = 0; i < count && status == OK; i++) {
		status = bind(troupe, &troupe->bound[i], &words);
		if (status != OK)
			status = about(status, i, &words);
	}
	if (status != OK && why != NULL)
		*why = words;
	return status;
}

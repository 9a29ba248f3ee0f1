#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "datastore/custom/embedded.h"
#include "datastore/custom/judge.h"
#include "datastore/custom/list-type.h"
#include "datastore/custom/props.h"
#include "datastore/custom/rule/rule-set.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

/*
 * The objects of CustomResourceDefinitions (upstream: apiextensions-apiserver, registry/customresource).
 *
 * They are judged as JSON, since what contradicts the schema is in no field. An update passes over what was wrong before. With a
 * status subresource the status has its own door; without one it is a part like any other.
 */

#define COUNT_MAX INT32_MAX
#define STATUS STR("status")

/* ---- status ----------------------------------------------------------------------------------------------- */

static bool has_status(const struct kind_change *change)
{
	for (uint32_t i = 0; i < change->type->subresource_count; i++)
		if (str_is(type_subresource(change->type, i), "status"))
			return true;
	return false;
}

/* A status that contradicts the schema, or is a null, stands beside its field. */
static void carry_loose_status(const struct kind_change *change, const void *from, void *to)
{
	const struct type *type = change->type;
	const struct field *rest = type->rest != 0 ? &type_fields(type)[type->rest - 1] : NULL;
	struct str value;

	if (rest == NULL)
		return;
	value = from ? str_map_get(*(const struct str_map *)field_at(rest, from), STATUS) : STR_NONE;
	if (value.at != NULL)
		str_map_put(field_at(rest, to), change->arena, STATUS, value);
	else
		str_map_remove(field_at(rest, to), change->arena, STATUS);
}

static void prepare_create(struct kind_change *change)
{
	if (has_status(change))
		carry_loose_status(change, NULL, change->object);
}

static void prepare_update(struct kind_change *change)
{
	if (has_status(change))
		carry_loose_status(change, change->old, change->object);
}

/* Nothing but the status, and who set what. */
static void prepare_status(struct kind_change *change)
{
	const struct type *type = change->type;
	const struct field *status = type_field(type, STATUS);
	void *mixed = record_clone_shallow(type, change->old, change->arena);

	record_meta(type, mixed)->managed_fields = record_meta(type, change->object)->managed_fields;
	if (status != NULL) {
		field_clear(status, mixed);
		record_clone_field(status, change->object, mixed, change->arena);
	}
	carry_loose_status(change, change->object, mixed);
	memcpy(change->object, mixed, type->size);
}

/* ---- scale ------------------------------------------------------------------------------------------------ */

static void say_type(struct faults *faults, struct str path, struct str at, struct str zero,
		     const struct value *value, const char *wanted)
{
	struct text shown = text_in(faults->arena, KIB);

	if (value->kind == VALUE_STRING)
		text_add(&shown, value->text);
	else
		value_write(value, &shown);
	faults_add(faults, FAULT_INVALID, path, zero,
		   STR_FMT " accessor error: " STR_FMT " is of the type %s, expected %s",
		   STR_ARG(at), STR_ARG(text_str(&shown)), value_go_type(value), wanted);
}

/* What a path like `.spec.replicas` leads to; false: something on the way is no object, which has been said. */
static bool follow(struct faults *faults, const struct value *from, struct str path,
		   struct str zero, const struct value **out)
{
	struct str rest = str_slice(path, 1, path.len);

	while (rest.at != NULL && from != NULL && from->kind != VALUE_NULL) {
		struct str name = str_cut(&rest, '.');

		if (from->kind != VALUE_MAP) {
			say_type(faults, path,
				 str_slice(path, 0, (uint32_t)(name.at + name.len - path.at)), zero,
				 from, "map[string]interface{}");
			return false;
		}
		from = value_member(from, name);
	}
	*out = rest.at == NULL ? from : NULL;
	return true;
}

static void check_count(struct faults *faults, const struct value *object, struct str path)
{
	const struct value *count;

	if (!follow(faults, object, path, STR("0"), &count) || count == NULL)
		return;
	if (count->kind != VALUE_INTEGER)
		say_type(faults, path, path, STR("0"), count, "int64");
	else if (count->integer < 0)
		faults_add(faults, FAULT_INVALID, path, value_shown(count, faults->arena),
			   "should be a non-negative integer");
	else if (count->integer > COUNT_MAX)
		faults_add(faults, FAULT_INVALID, path, value_shown(count, faults->arena),
			   "should be less than or equal to %d", COUNT_MAX);
}

static void check_selector(struct faults *faults, const struct value *object, struct str path)
{
	const struct value *text;

	if (path.len > 0 && follow(faults, object, path, STR("\"\""), &text) && text != NULL &&
	    text->kind != VALUE_STRING)
		say_type(faults, path, path, STR("\"\""), text, "string");
}

static void check_scale(const struct kind_change *change, const struct value *object, bool has_spec)
{
	const struct apiextensions_custom_resource_subresources *subresources =
	    change->schema->version->subresources;

	if (subresources == NULL || subresources->scale == NULL)
		return;
	if (has_spec)
		check_count(change->faults, object, subresources->scale->spec_replicas_path);
	check_count(change->faults, object, subresources->scale->status_replicas_path);
	check_selector(change->faults, object, subresources->scale->label_selector_path);
}

/* ---- the schema ------------------------------------------------------------------------------------------- */

static schema_props *schema_of(const struct kind_change *change)
{
	const struct apiextensions_custom_resource_validation *validation =
	    change->schema->version->schema;

	return validation != NULL ? validation->open_api_v3_schema : NULL;
}

static const struct value *value_of(const struct kind_change *change, const void *record)
{
	struct value *value = arena_new_of(change->arena, struct value);
	struct text json = text_in(change->arena, LIMIT_RECORD_BYTES);

	json_encode(change->type, record, &json);
	if (value_parse(text_str(&json), change->arena, value) != OK)
		*value = (struct value){ .kind = VALUE_MAP };
	return value;
}

static void check_schema(const struct kind_change *change, const struct value *now,
			 const struct value *old, const char *part)
{
	struct judge_task task = { .schema = schema_of(change),
				   .value = now,
				   .old = old,
				   .patterns = change->schema->patterns,
				   .arena = change->arena };

	if (part != NULL) {
		task.base = str_from(part);
		task.schema = task.schema != NULL ? props_property(task.schema, task.base) : NULL;
		task.value = value_member(now, task.base);
		task.old = old ? value_member(old, task.base) : NULL;
	}
	if (task.value != NULL)
		judge_check(&task, change->faults);
}

/* Lists that were no sets or maps before need not be any now. */
static void check_lists(const struct kind_change *change, const struct value *now,
			const struct value *old)
{
	struct faults before = faults_in(change->arena);

	if (old != NULL)
		list_type_check(schema_of(change), old, &before);
	if (before.len == 0)
		list_type_check(schema_of(change), now, change->faults);
}

/* What is of another type, missing or too large cannot be asked about. */
static bool blocks_rules(const struct faults *faults)
{
	for (uint32_t i = 0; i < faults->len; i++)
		switch (faults->at[i].kind) {
		case FAULT_NOT_SUPPORTED:
		case FAULT_REQUIRED:
		case FAULT_TOO_LONG:
		case FAULT_TOO_MANY:
		case FAULT_TYPE_INVALID: return true;
		default: break;
		}
	return false;
}

static void warn_of_rule(void *change, struct str words)
{
	kind_warn_text(change, words);
}

static void ask_rules(struct kind_change *change, struct rule_set *rules, const struct value *now,
		      const struct value *old)
{
	uint64_t cost = 0;

	if (rule_set_is_empty(rules))
		return;
	if (blocks_rules(change->faults))
		faults_add(change->faults, FAULT_INVALID, STR("<nil>"), STR("null"), "%s",
			   "some validation rules were not checked because the object was invalid; "
			   "correct the existing errors to complete validation");
	else
		rule_set_check(&(struct rule_task){ .set = rules,
						    .value = now,
						    .old = old,
						    .is_ratcheted = old != NULL,
						    .faults = change->faults,
						    .warn = warn_of_rule,
						    .arg = change,
						    .cost = &cost });
}

/* Those of a kind are compiled once. */
static void check_rules(struct kind_change *change, const struct value *now, const struct value *old)
{
	struct rule_set *own = NULL, **rules = change->schema->rules;

	if (schema_of(change) == NULL)
		return;
	if (rules == NULL)
		rules = &own;
	if (*rules == NULL)
		*rules = rule_set_new(schema_of(change), true);
	ask_rules(change, *rules, now, old);
	rule_set_free(own);
}

/* Names that others might have thought of, too. */
static void warn_of_finalizers(struct kind_change *change)
{
	static const char advice[] = "to avoid accidental conflicts with other finalizer writers";
	struct str_list list = record_meta(change->type, change->object)->finalizers;
	struct str_list old = { 0 };

	if (change->old != NULL)
		old = record_meta(change->type, change->old)->finalizers;
	for (uint32_t i = 0; i < list.len; i++) {
		struct str name = list.at[i];

		if (str_list_has(old, name) || str_find_char(name, '/') >= 0 ||
		    str_is(name, "orphan") || str_is(name, "foregroundDeletion") ||
		    str_is(name, "kubernetes"))
			continue;
		kind_warn(change,
			  "metadata.finalizers: " STR_FMT
			  ": prefer a domain-qualified finalizer name%s %s",
			  STR_ARG(name_quoted(change->arena, name)),
			  str_find_char(name, '.') >= 0 ? " including a path (/)" : "", advice);
	}
}

static void check(struct kind_change *change)
{
	const struct value *now, *old;

	warn_of_finalizers(change);
	if (change->schema == NULL)
		return;
	now = value_of(change, change->object);
	old = change->old != NULL ? value_of(change, change->old) : NULL;
	check_schema(change, now, old, NULL);
	check_scale(change, now, true);
	embedded_check(schema_of(change), now, change->faults);
	check_lists(change, now, old);
	check_rules(change, now, old);
}

/* Upstream judges what may not change here as well as for all kinds, and says both. */
static void check_update(struct kind_change *change)
{
	metadata_validate_update(change);
	check(change);
}

static void check_status(struct kind_change *change)
{
	const struct value *now, *old;

	if (change->schema == NULL)
		return;
	now = value_of(change, change->object);
	old = value_of(change, change->old);
	check_schema(change, now, old, "status");
	check_scale(change, now, false);
	check_lists(change, now, old);
	check_rules(change, now, old);
}

static const struct kind_subresource subresources[] = {
	{ .name = "status", .prepare = prepare_status, .validate = check_status }
};

const struct kind_rules kind_custom = {
	.group = "",
	.kind = "",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.counts_all = true,
	.needs_resource_version = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.keeps_twins = true,
	.validate_create = check,
	.validate_update = check_update,
	.subresources = subresources,
	.subresource_count = 1,
};

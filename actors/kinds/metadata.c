#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"

/*
 * Rules of metadata, in upstream's order (apimachinery validation, ValidateObjectMetaAccessor and its Update). Labels and the like
 * are judged again at each update: a stored illegal one has to be repaired first.
 */

#define ORPHAN STR("orphan")
#define FOREGROUND STR("foregroundDeletion")
#define SUBRESOURCE_BYTES_MAX 256U /* apimachinery: MaxSubresourceNameLength */

void metadata_name_is_marked(const struct kind_change *change, const struct path *at,
			     struct str name, bool is_prefix)
{
	(void)change;
	(void)at;
	(void)name;
	(void)is_prefix;
}

static void check_name(const struct kind_rules *kind, const struct kind_change *change,
		       const struct path *at, struct str name, enum name_syntax syntax,
		       bool is_prefix)
{
	/* It was judged when it was new. */
	if (kind->check_name != NULL && change->old == NULL)
		kind->check_name(change, at, name, is_prefix);
	else if (is_prefix)
		rule_name_prefix(at, syntax, name);
	else
		rule_name(at, syntax, name);
}

static void check_names(const struct kind_rules *kind, const struct kind_change *change,
			const struct path *at, enum name_syntax syntax)
{
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	bool is_namespaced = change->type->flags & TYPE_NAMESPACED;

	if (meta->generate_name.len > 0)
		check_name(kind, change, PATH(at, "generateName"), meta->generate_name, syntax,
			   true);
	if (rule_needed(PATH(at, "name"), meta->name, "name or generateName is required"))
		check_name(kind, change, PATH(at, "name"), meta->name, syntax, false);
	if (is_namespaced)
		rule_needed_name(PATH(at, "namespace"), NAME_DNS_LABEL, meta->namespace, "");
	else if (meta->namespace.len > 0)
		path_forbidden(PATH(at, "namespace"), "not allowed on this type");
}

/* <group>/<version> or <version>. */
static void check_owner_version(const struct path *at, struct str api_version)
{
	struct str rest = api_version;

	if (!rule_needed(at, api_version, "must not be empty"))
		return;
	str_cut(&rest, '/');
	if (rest.at != NULL && (rest.len == 0 || str_find_char(rest, '/') >= 0))
		path_invalid(at, api_version, "must be <group>/<version> or <version>");
}

static void check_owner(const struct path *at, const struct meta_owner_reference *owner)
{
	check_owner_version(PATH(at, "apiVersion"), owner->api_version);
	rule_needed(PATH(at, "kind"), owner->kind, "must not be empty");
	rule_needed(PATH(at, "name"), owner->name, "must not be empty");
	rule_needed(PATH(at, "uid"), owner->uid, "must not be empty");
	if (str_is(owner->api_version, "v1") && str_is(owner->kind, "Event"))
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &meta_owner_reference_type, owner),
			   "/v1, Kind=Event is disallowed from being an owner");
}

static void check_owners(const struct path *at, const struct meta_object_meta *meta)
{
	struct str controller = STR_NONE;

	for (uint32_t i = 0; i < meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &meta->owner_references.at[i];
		struct str here;

		check_owner(PATH_AT(at, i), owner);
		if (!owner->controller)
			continue;
		here = arena_printf(path_arena(at), STR_FMT "/" STR_FMT, STR_ARG(owner->kind),
				    STR_ARG(owner->name));
		if (controller.at != NULL)
			path_fault(at, FAULT_INVALID,
				   path_shown_field(at->up, &meta_object_meta_type,
						    "ownerReferences", meta),
				   "Only one reference can have Controller set to true. Found "
				   "\"true\" in references for " STR_FMT " and " STR_FMT,
				   STR_ARG(controller), STR_ARG(here));
		else
			controller = here;
	}
}

static void check_finalizers(const struct path *at, bool may_be_any, struct str_list finalizers)
{
	for (uint32_t i = 0; i < finalizers.len; i++)
		rule_name(at, NAME_LABEL_KEY, finalizers.at[i]);
	if (str_list_has(finalizers, ORPHAN) && str_list_has(finalizers, FOREGROUND))
		path_fault(at, FAULT_INVALID, path_shown_list(at, finalizers),
			   "finalizer orphan and foregroundDeletion cannot be both set");
	for (uint32_t i = 0; i < finalizers.len && !may_be_any; i++) {
		struct str name = finalizers.at[i];

		if (str_find_char(name, '/') < 0 && !str_is(name, "kubernetes") &&
		    !str_eq(name, ORPHAN) && !str_eq(name, FOREGROUND))
			path_invalid(PATH_AT(at, i), name,
				     "name is neither a standard finalizer name nor is it fully "
				     "qualified");
	}
}

/* What cannot be read as a list of owners has gone before. */
static void check_owners_of_fields(const struct path *at,
				   const struct meta_managed_fields_entry_list *entries)
{
	for (uint32_t i = 0; i < entries->len; i++) {
		const struct path *entry = PATH_AT(at, i);

		rule_manager(PATH(entry, "manager"), entries->at[i].manager);
		rule_at_most_bytes(PATH(entry, "subresource"), entries->at[i].subresource,
				   SUBRESOURCE_BYTES_MAX);
	}
}

void metadata_validate(const struct kind_rules *kind, struct kind_change *change,
		       enum name_syntax syntax)
{
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	const struct path *at = PATH_ROOT(change->faults, "metadata");

	check_names(kind, change, at, syntax);
	rule_not_negative(PATH(at, "generation"), meta->generation);
	rule_labels(PATH(at, "labels"), meta->labels);
	rule_annotations(PATH(at, "annotations"), meta->annotations);
	check_owners(PATH(at, "ownerReferences"), meta);
	check_finalizers(PATH(at, "finalizers"),
			 kind->has_any_finalizer || change->type->set != NULL, meta->finalizers);
	check_owners_of_fields(PATH(at, "managedFields"), &meta->managed_fields);
}

/* ---- against what is stored ------------------------------------------------------------------------------ */

static void check_new_finalizers(const struct path *at, struct str_list now, struct str_list before)
{
	struct seen old = seen_in(path_arena(at));
	struct text extra = text_in(path_arena(at), 4U * KIB);

	for (uint32_t i = 0; i < before.len; i++)
		seen_add(&old, before.at[i]);
	for (uint32_t i = 0; i < now.len; i++)
		if (seen_add(&old, now.at[i]))
			text_printf(&extra, "%s\"" STR_FMT "\"", extra.len ? ", " : "",
				    STR_ARG(now.at[i]));
	if (extra.len > 0)
		path_fault(at, FAULT_FORBIDDEN, STR_NONE,
			   "no new finalizers can be added if the object is being deleted, found "
			   "new finalizers []string{" STR_FMT "}",
			   STR_ARG(text_str(&extra)));
}

void metadata_validate_update(struct kind_change *change)
{
	static const char *const fixed[] = {
		"name",
		"namespace",
		"uid",
		"creationTimestamp",
		"deletionTimestamp",
		"deletionGracePeriodSeconds",
	};
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	const struct meta_object_meta *old = record_meta(change->type, change->old);
	const struct path *at = PATH_ROOT(change->faults, "metadata");

	if (old->has.deletion_timestamp)
		check_new_finalizers(PATH(at, "finalizers"), meta->finalizers, old->finalizers);
	if (meta->resource_version.len == 0)
		path_invalid(PATH(at, "resourceVersion"), STR(""),
			     "must be specified for an update");
	if (meta->generation < old->generation)
		path_invalid_number(PATH(at, "generation"), meta->generation,
				    "must not be decremented");
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		rule_unchanged(PATH_NAMED(at, str_from(fixed[i])), &meta_object_meta_type, fixed[i],
			       meta, old);
	rule_labels(PATH(at, "labels"), meta->labels);
	rule_annotations(PATH(at, "annotations"), meta->annotations);
	check_owners(PATH(at, "ownerReferences"), meta);
	check_owners_of_fields(PATH(at, "managedFields"), &meta->managed_fields);
}

#include "actors/kinds/kind.h"
#include "datastore/object/name.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"

/*
 * Rules of metadata, in upstream's order (apimachinery validation, ValidateObjectMetaAccessor and its Update). Labels and the like
 * are judged again at each update: a stored illegal one has to be repaired first.
 */

static struct str path_of(struct arena *arena, const char *list, uint32_t i, const char *member)
{
	return arena_printf(arena, "metadata.%s[%u]%s%s", list, i, member[0] ? "." : "", member);
}

static void add(struct kind_change *change, enum fault_kind kind, const char *field,
		struct str value, const char *words)
{
	faults_add(change->faults, kind, str_from(field), value, "%s", words);
}

static void check_names(struct kind_change *change, const struct meta_object_meta *meta,
			enum name_syntax syntax)
{
	bool is_namespaced = change->type->flags & TYPE_NAMESPACED;

	if (meta->generate_name.len > 0)
		name_check_prefix(syntax, meta->generate_name, STR("metadata.generateName"),
				  change->faults);
	if (meta->name.len == 0)
		add(change, FAULT_REQUIRED, "metadata.name", STR_NONE,
		    "name or generateName is required");
	else
		name_check(syntax, meta->name, STR("metadata.name"), change->faults);
	if (is_namespaced && meta->namespace.len == 0)
		add(change, FAULT_REQUIRED, "metadata.namespace", STR_NONE, "");
	else if (is_namespaced)
		name_check(NAME_DNS_LABEL, meta->namespace, STR("metadata.namespace"),
			   change->faults);
	else if (meta->namespace.len > 0)
		add(change, FAULT_FORBIDDEN, "metadata.namespace", STR_NONE,
		    "not allowed on this type");
}

static void check_labels(struct kind_change *change, const struct meta_object_meta *meta)
{
	struct str field = STR("metadata.labels");

	for (uint32_t i = 0; i < meta->labels.len; i++) {
		name_check(NAME_LABEL_KEY, meta->labels.at[i].key, field, change->faults);
		name_check(NAME_LABEL_VALUE, meta->labels.at[i].value, field, change->faults);
	}
}

static struct str lower(struct arena *arena, struct str s)
{
	char *at = arena_copy(arena, s.at, s.len + 1U);

	for (uint32_t i = 0; i < s.len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] - 'A' + 'a');
	return str_of(at, s.len);
}

static void check_annotations(struct kind_change *change, const struct meta_object_meta *meta)
{
	struct str field = STR("metadata.annotations");
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < meta->annotations.len; i++) {
		struct str key = meta->annotations.at[i].key;

		bytes += (uint64_t)key.len + meta->annotations.at[i].value.len;
		if (!name_is(NAME_LABEL_KEY, key))
			name_check(NAME_LABEL_KEY,
				   lower(change->arena, arena_str(change->arena, key)), field,
				   change->faults);
	}
	if (bytes > LIMIT_ANNOTATIONS_BYTES)
		faults_add(change->faults, FAULT_TOO_LONG, field, STR_NONE,
			   "may not be more than %u bytes", LIMIT_ANNOTATIONS_BYTES);
}

static void require(struct kind_change *change, struct str value, uint32_t i, const char *member,
		    const char *words)
{
	if (value.len == 0)
		faults_add(change->faults, FAULT_REQUIRED,
			   path_of(change->arena, "ownerReferences", i, member), STR_NONE, "%s",
			   words);
}

static void check_owner_version(struct kind_change *change, struct str api_version, uint32_t i)
{
	struct str rest = api_version;

	require(change, api_version, i, "apiVersion", "must not be empty");
	if (api_version.len == 0 || str_find_char(api_version, '/') < 0)
		return;
	str_cut(&rest, '/');
	if (rest.len == 0 || str_find_char(rest, '/') >= 0)
		faults_add(change->faults, FAULT_INVALID,
			   path_of(change->arena, "ownerReferences", i, "apiVersion"),
			   name_quoted(change->arena, api_version), "version must not be empty");
}

static void check_owners(struct kind_change *change, const struct meta_object_meta *meta)
{
	struct str controller = STR_NONE;

	for (uint32_t i = 0; i < meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &meta->owner_references.at[i];
		struct str here;

		check_owner_version(change, owner->api_version, i);
		require(change, owner->kind, i, "kind", "must not be empty");
		require(change, owner->name, i, "name", "must not be empty");
		require(change, owner->uid, i, "uid", "must not be empty");
		if (!owner->has.controller || !owner->controller)
			continue;
		here = arena_printf(change->arena, STR_FMT "/" STR_FMT, STR_ARG(owner->kind),
				    STR_ARG(owner->name));
		if (controller.at != NULL)
			faults_add(change->faults, FAULT_INVALID, STR("metadata.ownerReferences"),
				   STR("[]"),
				   "Only one reference can have Controller set to true. Found "
				   "\"true\" in references for " STR_FMT " and " STR_FMT,
				   STR_ARG(controller), STR_ARG(here));
		else
			controller = here;
	}
}

static bool has_finalizer(const struct meta_object_meta *meta, struct str name)
{
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		if (str_eq(meta->finalizers.at[i], name))
			return true;
	return false;
}

static void check_finalizers(struct kind_change *change, const struct meta_object_meta *meta)
{
	struct str field = STR("metadata.finalizers");

	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		name_check(NAME_LABEL_KEY, meta->finalizers.at[i], field, change->faults);
	if (has_finalizer(meta, STR("orphan")) && has_finalizer(meta, STR("foregroundDeletion")))
		faults_add(change->faults, FAULT_INVALID, field, STR("[]"),
			   "finalizer foregroundDeletion and orphan cannot be both set");
	for (uint32_t i = 0; i < meta->finalizers.len; i++) {
		struct str name = meta->finalizers.at[i];

		if (change->type->set == NULL && str_find_char(name, '/') < 0 &&
		    !str_is(name, "kubernetes") && !str_is(name, "orphan") &&
		    !str_is(name, "foregroundDeletion"))
			faults_add(change->faults, FAULT_INVALID,
				   path_of(change->arena, "finalizers", i, ""),
				   name_quoted(change->arena, name),
				   "name is neither a standard finalizer name nor is it fully "
				   "qualified");
	}
}

void metadata_validate(struct kind_change *change, enum name_syntax syntax)
{
	const struct meta_object_meta *meta = record_meta(change->type, change->object);

	check_names(change, meta, syntax);
	if (meta->generation < 0)
		faults_add(change->faults, FAULT_INVALID, STR("metadata.generation"),
			   arena_printf(change->arena, "%jd", (intmax_t)meta->generation),
			   "must be greater than or equal to 0");
	check_labels(change, meta);
	check_annotations(change, meta);
	check_owners(change, meta);
	check_finalizers(change, meta);
}

/* ---- against what is stored ------------------------------------------------------------------------------ */

static void check_same(struct kind_change *change, struct str now, struct str before,
		       const char *field)
{
	if (!str_eq(now, before))
		faults_add(change->faults, FAULT_INVALID, str_from(field),
			   name_quoted(change->arena, now), "field is immutable");
}

static void check_same_time(struct kind_change *change, struct wall now, struct wall before,
			    const char *field)
{
	char text[TIME_TEXT];

	if (now.ns == before.ns)
		return;
	faults_add(change->faults, FAULT_INVALID, str_from(field),
		   now.ns ? name_quoted(change->arena, time_print(now, text)) : STR("null"),
		   "field is immutable");
}

static void check_new_finalizers(struct kind_change *change, const struct meta_object_meta *meta,
				 const struct meta_object_meta *old)
{
	struct text extra = text_in(change->arena, 4U * KIB);

	for (uint32_t i = 0; i < meta->finalizers.len; i++) {
		if (has_finalizer(old, meta->finalizers.at[i]))
			continue;
		text_printf(&extra, "%s\"" STR_FMT "\"", extra.len ? ", " : "",
			    STR_ARG(meta->finalizers.at[i]));
	}
	if (extra.len > 0)
		faults_add(change->faults, FAULT_FORBIDDEN, STR("metadata.finalizers"), STR_NONE,
			   "no new finalizers can be added if the object is being deleted, found "
			   "new finalizers []string{" STR_FMT "}",
			   STR_ARG(text_str(&extra)));
}

void metadata_validate_update(struct kind_change *change)
{
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	const struct meta_object_meta *old = record_meta(change->type, change->old);

	if (old->has.deletion_timestamp)
		check_new_finalizers(change, meta, old);
	if (meta->resource_version.len == 0)
		add(change, FAULT_INVALID, "metadata.resourceVersion", STR("\"\""),
		    "must be specified for an update");
	if (meta->generation < old->generation)
		faults_add(change->faults, FAULT_INVALID, STR("metadata.generation"),
			   arena_printf(change->arena, "%jd", (intmax_t)meta->generation),
			   "must not be decremented");
	check_same(change, meta->name, old->name, "metadata.name");
	check_same(change, meta->namespace, old->namespace, "metadata.namespace");
	check_same(change, meta->uid, old->uid, "metadata.uid");
	check_same_time(change, meta->creation_timestamp, old->creation_timestamp,
			"metadata.creationTimestamp");
	check_same_time(change, meta->deletion_timestamp, old->deletion_timestamp,
			"metadata.deletionTimestamp");
	if (meta->has.deletion_grace_period_seconds != old->has.deletion_grace_period_seconds ||
	    meta->deletion_grace_period_seconds != old->deletion_grace_period_seconds)
		faults_add(change->faults, FAULT_INVALID, STR("metadata.deletionGracePeriodSeconds"),
			   arena_printf(change->arena, "%jd",
					(intmax_t)meta->deletion_grace_period_seconds),
			   "field is immutable");
}

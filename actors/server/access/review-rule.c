#include "actors/server/access/review-rule.h"

#include "actors/kinds/rule.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"

static struct str shown_path(struct arena *arena,
			     const struct authorization_non_resource_attributes *path)
{
	struct str said, verb;

	if (path == NULL)
		return STR("null");
	said = name_quoted(arena, path->path);
	verb = name_quoted(arena, path->verb);
	/* By the names that they have in Go. */
	return arena_printf(arena, "{\"Path\":" STR_FMT ",\"Verb\":" STR_FMT "}", STR_ARG(said),
			    STR_ARG(verb));
}

/* ---- selectors ----------------------------------------------------------------------------------------------- */

static void check_either(const struct path *at, struct str raw, uint32_t count)
{
	struct str here = path_text(at);

	if (raw.len > 0 && count > 0)
		path_invalid(PATH(at, "rawSelector"), raw,
			     "may not specified at the same time as requirements");
	if (raw.len == 0 && count == 0)
		path_fault(PATH(at, "requirements"), FAULT_REQUIRED, STR_NONE,
			   "when " STR_FMT " is specified, requirements or rawSelector is required",
			   STR_ARG(here));
}

/* An operator that nobody here knows may be one of a newer client. */
static void check_values(const struct path *at, struct str operator, struct str_list values)
{
	const struct path *here = PATH(at, "values");

	if ((str_is(operator, "In") || str_is(operator, "NotIn")) && values.len == 0)
		path_required(here, "must be specified when `operator` is 'In' or 'NotIn'");
	if ((str_is(operator, "Exists") || str_is(operator, "DoesNotExist")) && values.len > 0)
		path_forbidden(
		    here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
}

static void check_fields(const struct path *at,
			 const struct authorization_field_selector_attributes *fields)
{
	if (fields == NULL)
		return;
	check_either(at, fields->raw_selector, fields->requirements.len);
	for (uint32_t i = 0; i < fields->requirements.len; i++) {
		const struct path *here = PATH_AT(PATH(at, "requirements"), i);
		const struct meta_field_selector_requirement *need = &fields->requirements.at[i];

		rule_needed(PATH(here, "key"), need->key, "must be specified");
		check_values(here, need->operator, need->values);
	}
}

static void check_labels(const struct path *at,
			 const struct authorization_label_selector_attributes *labels)
{
	if (labels == NULL)
		return;
	check_either(at, labels->raw_selector, labels->requirements.len);
	for (uint32_t i = 0; i < labels->requirements.len; i++) {
		const struct path *here = PATH_AT(PATH(at, "requirements"), i);
		const struct meta_label_selector_requirement *need = &labels->requirements.at[i];

		check_values(here, need->operator, need->values);
		rule_name(PATH(here, "key"), NAME_LABEL_KEY, need->key);
		for (uint32_t k = 0; k < need->values.len; k++)
			rule_name(PATH_AT(PATH(here, "values"), k), NAME_LABEL_VALUE,
				  need->values.at[k]);
	}
}

/* ---- what is asked --------------------------------------------------------------------------------------------- */

static void check_union(struct faults *faults,
			const struct authorization_resource_attributes *resource,
			const struct authorization_non_resource_attributes *path)
{
	if ((resource == NULL) == (path == NULL))
		path_fault(PATH_ROOT(faults, "spec"), FAULT_INVALID, shown_path(faults->arena, path),
			   "exactly one of nonResourceAttributes or resourceAttributes must be "
			   "specified");
}

static void check_selectors(struct faults *faults,
			    const struct authorization_resource_attributes *resource)
{
	const struct path *at = PATH(PATH_ROOT(faults, "spec"), "resourceAttributes");

	if (resource == NULL)
		return;
	check_fields(PATH(at, "fieldSelector"), resource->field_selector);
	check_labels(PATH(at, "labelSelector"), resource->label_selector);
}

void review_rule_self(struct faults *faults,
		      const struct authorization_self_subject_access_review_spec *spec)
{
	check_union(faults, spec->resource_attributes, spec->non_resource_attributes);
	check_selectors(faults, spec->resource_attributes);
}

void review_rule_subject(struct faults *faults,
			 const struct authorization_subject_access_review_spec *spec)
{
	check_union(faults, spec->resource_attributes, spec->non_resource_attributes);
	if (spec->user.len == 0 && spec->groups.len == 0)
		path_invalid(PATH(PATH_ROOT(faults, "spec"), "user"), STR(""),
			     "at least one of user or group must be specified");
	check_selectors(faults, spec->resource_attributes);
}

void review_rule_metadata(struct faults *faults, const struct meta_object_meta *meta, bool is_local)
{
	const struct path *at = PATH_ROOT(faults, "metadata");
	struct meta_object_meta copy = *meta;

	if (is_local)
		copy.namespace = STR_NONE;
	copy.managed_fields.at = NULL;
	copy.managed_fields.len = 0;
	if (!record_equal(&meta_object_meta_type, &copy, NULL))
		path_fault(at, FAULT_INVALID, path_shown_record(at, &meta_object_meta_type, meta),
			   "must be empty%s", is_local ? " except for namespace" : "");
}

void review_rule_local(struct faults *faults,
		       const struct authorization_local_subject_access_review *review)
{
	const struct authorization_resource_attributes *resource = review->spec->resource_attributes;
	const struct authorization_non_resource_attributes *path =
	    review->spec->non_resource_attributes;
	const struct path *at = PATH_ROOT(faults, "spec");

	if (resource != NULL && !str_eq(resource->namespace, review->metadata->namespace))
		path_invalid(PATH(PATH(at, "resourceAttributes"), "namespace"), resource->namespace,
			     "must match metadata.namespace");
	if (path != NULL)
		path_fault(PATH(at, "nonResourceAttributes"), FAULT_INVALID,
			   shown_path(faults->arena, path), "disallowed on this kind of request");
}

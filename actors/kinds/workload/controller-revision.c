#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/object/json.h"
#include "datastore/schema/apps.h"

/*
 * The ControllerRevision: a state that somebody may want back. Its data are an object of JSON that never changes.
 */

static void check_data(const struct path *at, struct str data)
{
	struct fault why = { 0 };
	enum json_sort sort;

	if (data.at == NULL)
		path_required(at, "data is mandatory");
	else if (json_sort_of(data, &sort, &why) != OK)
		path_fault(at, FAULT_INVALID, STR("\"<value omitted>\""), "error parsing data: %s",
			   why.text);
	else if (sort == JSON_SORT_NULL)
		path_required(at, "data is mandatory");
	else if (sort != JSON_SORT_OBJECT)
		path_required(at, "data must be a valid JSON object");
}

static void check_revision(struct kind_change *change)
{
	const struct apps_controller_revision *revision = change->object;

	rule_not_negative(PATH_ROOT(change->faults, "revision"), revision->revision);
}

static void validate_create(struct kind_change *change)
{
	const struct apps_controller_revision *revision = change->object;

	check_revision(change);
	check_data(PATH_ROOT(change->faults, "data"), revision->data);
}

static void validate_update(struct kind_change *change)
{
	check_revision(change);
	rule_unchanged(PATH_ROOT(change->faults, "data"), &apps_controller_revision_type, "data",
		       change->object, change->old);
}

const struct kind_rules kind_controller_revision = {
	.group = "apps",
	.kind = "ControllerRevision",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.validate_create = validate_create,
	.validate_update = validate_update,
};

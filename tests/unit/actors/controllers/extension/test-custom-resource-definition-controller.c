#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "tests/unit/actors/controllers/scene.h"

#define CRD apiextensions_custom_resource_definition
#define ACCEPTED \
	"conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]"

static const struct controller *const all[] = { &custom_resource_definition_controller, NULL };

static void add(struct scene *scene, const char *plural, const char *kind, const char *more,
		const char *created, const char *status)
{
	scene_add(scene,
		  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: "
		  "{name: %s.example.com, creationTimestamp: '%s'}, spec: {group: example.com, "
		  "scope: Namespaced, names: {plural: %s, singular: %s1, kind: %s, listKind: "
		  "%sList%s}, versions: [{name: v1, served: true, storage: true}]}, status: {%s}}",
		  plural, created, plural, plural, kind, kind, more, status);
}

static struct str condition(struct scene *scene, const char *key, const char *type)
{
	const struct CRD *crd = scene_get(scene, key, apiextensions_custom_resource_definition);

	for (uint32_t i = 0; crd->status != NULL && i < crd->status->conditions.len; i++)
		if (str_is(crd->status->conditions.at[i].type, type))
			return arena_printf(test_arena(), STR_FMT " " STR_FMT " " STR_FMT,
					    STR_ARG(crd->status->conditions.at[i].status),
					    STR_ARG(crd->status->conditions.at[i].reason),
					    STR_ARG(crd->status->conditions.at[i].message));
	return STR("");
}

TEST(names_that_nobody_has_are_accepted)
{
	struct scene scene = scene_open();

	add(&scene, "as", "A", ", shortNames: [a]", "2026-01-01T00:00:00Z", "");
	scene_settle(&scene, all);
	CHECK_STR(condition(&scene, "/as.example.com", "NamesAccepted"),
		  "True NoConflicts no conflicts found");
	CHECK_STR(condition(&scene, "/as.example.com", "Established"),
		  "True InitialNamesAccepted the initial names have been accepted");
	CHECK_STR(scene_get(&scene, "/as.example.com", apiextensions_custom_resource_definition)
		      ->status->accepted_names->short_names.at[0],
		  "a");
}

TEST(of_two_that_want_a_name_the_older_gets_it_and_the_other_when_it_is_free)
{
	struct scene scene = scene_open();

	add(&scene, "bs", "K", "", "2026-01-01T00:00:02Z", "");
	add(&scene, "as", "K", "", "2026-01-01T00:00:01Z", "");
	scene_settle(&scene, all);
	CHECK_STR(condition(&scene, "/as.example.com", "NamesAccepted"),
		  "True NoConflicts no conflicts found");
	CHECK_STR(condition(&scene, "/bs.example.com", "NamesAccepted"),
		  "False ListKindConflict \"KList\" is already in use");
	CHECK_STR(condition(&scene, "/bs.example.com", "Established"),
		  "False NotAccepted not all names are accepted");
	CHECK_STR(scene_wakes(&scene, &custom_resource_definition_controller,
			      &apiextensions_custom_resource_definition_type, "/as.example.com"),
		  "/bs.example.com ");
	scene_remove(&scene, &apiextensions_custom_resource_definition_type, "/as.example.com");
	scene_settle(&scene, all);
	CHECK_STR(condition(&scene, "/bs.example.com", "NamesAccepted"),
		  "True NoConflicts no conflicts found");
}

TEST(a_definition_that_has_just_come_wakes_no_other)
{
	struct scene scene = scene_open();

	add(&scene, "as", "K", "", "2026-01-01T00:00:01Z", "");
	add(&scene, "bs", "K", "", "2026-01-01T00:00:02Z", "");
	scene_settle(&scene, all);
	add(&scene, "cs", "K", "", "2026-01-01T00:00:03Z", "");
	CHECK_STR(scene_wakes(&scene, &custom_resource_definition_controller,
			      &apiextensions_custom_resource_definition_type, "/cs.example.com"),
		  "");
	scene_settle(&scene, all);
	CHECK_STR(condition(&scene, "/cs.example.com", "NamesAccepted"),
		  "False ListKindConflict \"KList\" is already in use");
}

TEST(short_names_are_taken_together_or_not_at_all)
{
	struct scene scene = scene_open();

	add(&scene, "as", "A", ", shortNames: [x, w]", "2026-01-01T00:00:01Z", "");
	add(&scene, "bs", "B", ", shortNames: [x, z, w]", "2026-01-01T00:00:02Z", "");
	scene_settle(&scene, all);
	CHECK_STR(condition(&scene, "/bs.example.com", "NamesAccepted"),
		  "False ShortNamesConflict [\"x\" is already in use, \"w\" is already in use]");
	CHECK_EQ(scene_get(&scene, "/bs.example.com", apiextensions_custom_resource_definition)
		     ->status->accepted_names->short_names.len,
		 0);
}

TEST(a_definition_that_is_deleted_takes_its_objects_with_it)
{
	struct scene scene = scene_open();

	scene.hide = "status";
	scene_add(
	    &scene,
	    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: "
	    "{name: as.example.com, deletionTimestamp: '" SCENE_NOW "', finalizers: "
	    "[customresourcecleanup.apiextensions.k8s.io]}, spec: {group: example.com, scope: "
	    "Namespaced, names: {plural: as, kind: A}, versions: [{name: v1, served: true, "
	    "storage: true}]}, status: {" ACCEPTED "}}");
	CHECK_PLAN(&scene, &custom_resource_definition_controller, "/as.example.com",
		   "request DELETE /apis/example.com/v1/as\n");
}

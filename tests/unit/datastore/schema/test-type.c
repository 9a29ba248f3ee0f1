#include "datastore/schema/type.h"

#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/registry.h"
#include "datastore/schema/resource-row.h"
#include "datastore/schema/resource.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(the_compiler_lays_presence_bits_as_the_tables_say)
{
	CHECK(registry_bits_hold());
}

TEST(every_field_is_found_by_its_name_and_its_tag)
{
	uint32_t count;
	const struct type *types = type_all(&count);

	CHECK(count > 600);
	for (uint32_t i = 0; i < count; i++) {
		const struct type *type = &types[i];
		for (uint32_t j = 0; j < type->field_count; j++) {
			const struct field *field = &type_fields(type)[j];
			bool has_name = !(field->flags & (FIELD_INLINE | FIELD_NOT_JSON));
			CHECK(type_field(type, field_name(field)) == (has_name ? field : NULL));
			CHECK(field->tag == 0 || type_tag(type, field->tag) == field);
			CHECK((field->kind == KIND_MESSAGE) == (field->type.bytes != 0));
			CHECK(field->offset + field_size(field) <= type->size);
		}
		for (uint32_t tag = 1; tag < 64; tag++) {
			const struct field *field = type_tag(type, tag);
			CHECK(field == NULL || field->tag == tag);
		}
		CHECK(type_field(type, STR("noSuchField")) == NULL);
		CHECK(type_field(type, STR("")) == NULL);
		CHECK(type_named(type_prefix(type), type_name(type)) == type);
	}
}

TEST(kinds_are_found_by_group_version_and_kind)
{
	CHECK(type_find(STR(""), STR("v1"), STR("Pod")) == &core_pod_type);
	CHECK(type_find_api(STR("v1"), STR("Pod")) == &core_pod_type);
	CHECK(type_find_api(STR("apps/v1"), STR("Deployment")) == &apps_deployment_type);
	CHECK(type_find_api(STR("v1"), STR("Status")) == &meta_status_type);
	CHECK(type_find_api(STR("autoscaling/v1"), STR("HorizontalPodAutoscaler")) !=
	      type_find_api(STR("autoscaling/v2"), STR("HorizontalPodAutoscaler")));
	CHECK(type_find_api(STR("v1"), STR("PodSpec")) == NULL);
	CHECK(type_find_api(STR("v2"), STR("Pod")) == NULL);
	CHECK(type_find_api(STR(""), STR("")) == NULL);
	CHECK_STR(type_api_version(&apps_deployment_type, test_arena()), "apps/v1");
	CHECK_STR(type_api_version(&core_pod_type, test_arena()), "v1");
}

TEST(members_of_inlined_messages_are_found_with_the_way_to_them)
{
	const struct field *path[TYPE_INLINE_DEPTH];
	uint32_t depth = 9;
	const struct field *field = type_member(&core_volume_type, STR("emptyDir"), path, &depth);

	CHECK(field != NULL && field == type_field(&core_volume_source_type, STR("emptyDir")));
	CHECK_EQ(depth, 1);
	CHECK_STR(field_name(path[0]), "volumeSource");
	CHECK(type_member(&core_volume_type, STR("name"), path, &depth) != NULL);
	CHECK_EQ(depth, 0);
	CHECK(type_member(&core_volume_type, STR("volumeSource"), path, &depth) == NULL);
}

TEST(a_table_knows_what_the_schema_says)
{
	const struct field *containers = type_field(&core_pod_spec_type, STR("containers"));
	const struct field *type = type_field(&apps_deployment_strategy_type, STR("type"));

	CHECK(containers->flags & FIELD_MERGE);
	CHECK(containers->flags & FIELD_MAP);
	CHECK_STR(rules_merge_key(field_rules(containers)), "name");
	CHECK_STR(rules_key(field_rules(containers), 0), "name");
	CHECK_STR(rules_default_json(field_rules(type)), "\"RollingUpdate\"");
	CHECK_STR(known_values_name(rules_values(field_rules(type))), "DeploymentStrategyType");
	CHECK_STR(type_resource(&core_pod_type), "pods");
	CHECK_STR(type_short_name(&core_pod_type, 0), "po");
	CHECK_STR(type_category(&core_pod_type, 0), "all");
	CHECK(core_pod_type.flags & TYPE_NAMESPACED);
	CHECK(type_item(&core_pod_list_type) == &core_pod_type);
	CHECK_STR(type_openapi(&core_pod_type), "io.k8s.api.core.v1.Pod");
	const struct field *name = type_field(&resource_device_class_type, STR("metadata"));
	CHECK_EQ(field_rules(name)->mark_count, 2);
	CHECK(rules_marks(field_rules(name))[1].name == MARK_FORMAT);
	CHECK(rules_marks(field_rules(name))[1].stage == MARK_BETA);
	CHECK(mark_steps(&rules_marks(field_rules(name))[1])[0].kind == STEP_SUBFIELD);
	CHECK_STR(mark_step_arg(&mark_steps(&rules_marks(field_rules(name))[1])[0]), "name");
	CHECK_STR(mark_value(&rules_marks(field_rules(name))[1]), "k8s-long-name");
}

TEST(presence_is_set_and_taken_back)
{
	struct apps_deployment_spec spec = { 0 };
	const struct field *replicas = type_field(&apps_deployment_spec_type, STR("replicas"));

	CHECK(!field_is_set(replicas, &spec));
	SET(&spec, replicas, 0);
	CHECK(field_is_set(replicas, &spec) && field_is_zero(replicas, &spec));
	SET(&spec, replicas, 3);
	CHECK(!field_is_zero(replicas, &spec));
	UNSET(&spec, replicas);
	CHECK(!spec.has.replicas && spec.replicas == 0);
	SET(&spec, replicas, 3);
	field_clear(replicas, &spec);
	CHECK(!spec.has.replicas && spec.replicas == 0);
	struct core_pod_template_spec *made = MAKE(spec.template, test_arena());
	CHECK(made != NULL && spec.template == made);
	CHECK(MAKE(spec.template, test_arena()) == made);
}

TEST(maps_of_strings_keep_their_order_and_their_old_array)
{
	struct str_map map = { 0 };

	str_map_put(&map, test_arena(), STR("b"), STR("2"));
	str_map_put(&map, test_arena(), STR("a"), STR("1"));
	struct str_map before = map;
	str_map_put(&map, test_arena(), STR("b"), STR("3"));
	CHECK_EQ(map.len, 2);
	CHECK_STR(map.at[0].key, "a");
	CHECK_STR(str_map_get(map, STR("b")), "3");
	CHECK_STR(str_map_get(before, STR("b")), "2");
	CHECK(str_map_remove(&map, test_arena(), STR("a")));
	CHECK(!str_map_remove(&map, test_arena(), STR("a")));
	CHECK_EQ(map.len, 1);
	CHECK(str_map_get(map, STR("a")).at == NULL);
	CHECK_EQ(before.len, 2);
}

/* Where upstream does not name the folder of a resource's keys after the resource: a store must be readable by both. */
TEST(keys_lie_where_upstream_keeps_them)
{
	static const struct {
		const char *group, *name, *prefix;
	} cases[] = {
		{ "", "configmaps", "/registry/configmaps/" },
		{ "", "replicationcontrollers", "/registry/controllers/" },
		{ "", "endpoints", "/registry/services/endpoints/" },
		{ "", "nodes", "/registry/minions/" },
		{ "", "services", "/registry/services/specs/" },
		{ "networking.k8s.io", "ingresses", "/registry/ingress/" },
		{ "networking.k8s.io", "ingressclasses", "/registry/ingressclasses/" },
		{ "apiregistration.k8s.io", "apiservices",
		  "/registry/apiregistration.k8s.io/apiservices/" },
		{ "apiextensions.k8s.io", "customresourcedefinitions",
		  "/registry/apiextensions.k8s.io/customresourcedefinitions/" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct resource_row *found = NULL;

		for (uint32_t j = 0; j < resource_row_count; j++)
			if (str_is(resource_rows[j].group, cases[i].group) &&
			    str_is(resource_rows[j].name, cases[i].name))
				found = &resource_rows[j];
		CHECK(found != NULL);
		CHECK_STR(found->prefix, cases[i].prefix);
	}
}

#include "datastore/object/validate/gate.h"

#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

static void *make(const char *json)
{
	void *record = NULL;

	CHECK_STATUS(json_decode(&core_pod_type, str_from(json), test_arena(),
				 (struct json_options){ 0 }, &record, NULL),
		     OK);
	return record;
}

static const char with_mode[] =
    "{\"spec\":{\"containers\":[{\"name\":\"c\",\"livenessProbe\":{\"grpc\":{\"port\":1,"
    "\"mode\":\"TLS\"}}}],\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"mode\":511}}]}}";

TEST(a_gate_is_on_unless_it_is_listed)
{
	CHECK(gate_is_on(STR("PodLevelResources")));
	CHECK(gate_is_on(STR("")));
	CHECK(!gate_is_on(STR("AllowOverwriteTerminationGracePeriodSeconds")));
	CHECK(!gate_is_on(STR("EmptyDirVolumeMode")));
	CHECK(!gate_is_on(STR("WorkloadWithJob")));
}

TEST(what_is_off_is_dropped_wherever_it_stands)
{
	struct core_pod *pod = make(with_mode);

	gate_drop(&core_pod_type, pod, NULL);
	CHECK(!pod->spec->volumes.at[0].volume_source->empty_dir->has.mode);
	CHECK(pod->spec->containers.at[0].liveness_probe->handler->grpc->mode.at == NULL);
	CHECK_EQ(pod->spec->containers.at[0].liveness_probe->handler->grpc->port, 1);
}

TEST(what_is_stored_keeps_its_field_alive)
{
	struct core_pod *pod = make(with_mode);
	struct core_pod *old =
	    make("{\"spec\":{\"volumes\":[{\"name\":\"w\",\"emptyDir\":{\"mode\":1}}]}}");

	gate_drop(&core_pod_type, pod, old);
	CHECK_EQ(pod->spec->volumes.at[0].volume_source->empty_dir->mode, 511);
	CHECK(pod->spec->containers.at[0].liveness_probe->handler->grpc->mode.at == NULL);
}

TEST(a_reference_into_another_namespace_is_left_to_its_kind)
{
	struct core_typed_object_reference ref = { .kind = STR("K"),
						   .name = STR("n"),
						   .namespace = STR("other") };

	gate_drop(&core_typed_object_reference_type, &ref, NULL);
	CHECK_STR(ref.namespace, "other");
}

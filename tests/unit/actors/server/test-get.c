#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static uint64_t make(struct rig *rig, const char *name)
{
	struct rig_answer answer =
	    rig_post(rig, MAPS,
		     rig_printf("{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"v\"}}", name).at);

	CHECK_CODE(answer, 201);
	return rig_version(answer.body);
}

TEST(what_was_created_can_be_got)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = make(rig, "a");
	struct rig_answer answer = rig_get(rig, MAPS "/a");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ConfigMap");
	CHECK_AT(answer.body, "apiVersion", "v1");
	CHECK_AT(answer.body, "metadata.name", "a");
	CHECK_AT(answer.body, "metadata.namespace", "default");
	CHECK_AT(answer.body, "data.k", "v");
	CHECK_EQ(rig_version(answer.body), version);
	rig_close(rig);
}

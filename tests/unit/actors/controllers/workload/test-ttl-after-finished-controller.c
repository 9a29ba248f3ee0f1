#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

TEST(a_job_that_has_ended_goes_when_its_time_is_over)
{
	static const struct {
		const char *ttl, *condition, *plan;
	} cases[] = {
		{ "", "{type: Complete, status: 'True', lastTransitionTime: '2026-01-02T03:04:00Z'}",
		  "" },
		{ "ttlSecondsAfterFinished: 5",
		  "{type: Complete, status: 'True', lastTransitionTime: '2026-01-02T03:04:00Z'}",
		  "delete batch/v1 Job default/j foreground\n" },
		{ "ttlSecondsAfterFinished: 6",
		  "{type: Failed, status: 'True', lastTransitionTime: '2026-01-02T03:04:00Z'}",
		  "again 1001 ms\n" },
		{ "ttlSecondsAfterFinished: 0",
		  "{type: SuccessCriteriaMet, status: 'True', lastTransitionTime: "
		  "'2026-01-02T03:04:00Z'}",
		  "" },
		{ "ttlSecondsAfterFinished: 0",
		  "{type: Complete, status: 'True', lastTransitionTime: '" SCENE_NOW "'}",
		  "delete batch/v1 Job default/j foreground\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		scene_add(&scene,
			  "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: "
			  "{spec: {containers: []}}, %s}, status: {conditions: [%s]}}",
			  cases[i].ttl, cases[i].condition);
		CHECK_PLAN(&scene, &ttl_after_finished_controller, "default/j", cases[i].plan);
	}
}

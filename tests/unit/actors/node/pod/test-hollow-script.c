#include "actors/node/pod/hollow-script.h"

#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "tests/lib/test.h"

static const struct core_pod *make_pod(const char *policy, const char *container)
{
	struct object *object;
	struct fault why = { 0 };
	struct str text = arena_printf(
	    test_arena(),
	    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},\"spec\":{"
	    "\"restartPolicy\":\"%s\",\"containers\":[{\"name\":\"a\",%s}]}}",
	    policy, container);

	if (object_decode(&core_pod_type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why.field, why.text);
	record_default(&core_pod_type, object->record, object_arena(object), (struct wall){ 0 });
	object_freeze(object, 1);
	object_hold(test_arena(), object);
	object_unref(object);
	return object->record;
}

TEST(a_container_that_is_to_end_does_what_its_command_seems_to_say)
{
	static const struct {
		const char *policy, *container;
		int64_t exit_ms;
		int32_t exit_code;
	} cases[] = {
		{ "Never", "\"image\":\"busybox\"", 1000, 0 },
		{ "Never", "\"command\":[\"sleep\",\"300\"]", 300000, 0 },
		{ "OnFailure", "\"command\":[\"sleep\",\"1000000\"]", 1000000000, 0 },
		{ "Never", "\"command\":[\"sleep\",\"infinity\"]", -1, 0 },
		{ "Never", "\"command\":[\"sleep\",\"1.5m\"]", 90000, 0 },
		{ "Never", "\"command\":[\"sleep\",\"soon\"]", 1000, 0 },
		{ "Never", "\"command\":[\"sh\",\"-c\",\"sleep 5; exit 3\"]", 5000, 3 },
		{ "Never", "\"command\":[\"sh\",\"-c\",\"exit 1\"]", 1000, 1 },
		{ "Never", "\"command\":[\"sh\",\"-c\",\"exit 999\"]", 1000, 0 },
		{ "Never", "\"command\":[\"/bin/false\"]", 1000, 1 },
		{ "Never", "\"command\":[\"sh\",\"-c\",\"while true; do sleep 1; done\"]", -1, 0 },
		{ "Never", "\"command\":[\"tail\",\"-f\",\"/dev/null\"]", -1, 0 },
		{ "Never", "\"image\":\"registry.k8s.io/pause:3.10\"", -1, 0 },
		{ "Never", "\"image\":\"localhost:5000/pause@sha256:0\"", -1, 0 },
		{ "Never", "\"image\":\"agnhost\",\"args\":[\"pause\"]", -1, 0 },
		{ "Always", "\"command\":[\"sleep\",\"5\"]", -1, 0 },
		{ "Always", "\"command\":[\"sh\",\"-c\",\"exit 1\"]", -1, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hollow_script script =
		    hollow_script_of(make_pod(cases[i].policy, cases[i].container), 0);

		if (script.exit_ms != cases[i].exit_ms || script.exit_code != cases[i].exit_code)
			test_fail(__FILE__, __LINE__, "case %zu: %jd ms, code %d", i,
				  (intmax_t)script.exit_ms, script.exit_code);
	}
}

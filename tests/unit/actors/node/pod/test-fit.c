#include "actors/node/pod/fit.h"

#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "tests/lib/test.h"

static const void *make(const struct type *type, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const void *make(const struct type *type, const char *format, ...)
{
	struct object *object;
	struct fault why = { 0 };
	va_list args;
	struct str text;

	va_start(args, format);
	text = arena_vprintf(test_arena(), format, args);
	va_end(args);
	if (object_decode(type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why.field, why.text);
	record_default(type, object->record, object_arena(object), (struct wall){ 0 });
	object_freeze(object, 1);
	object_hold(test_arena(), object);
	object_unref(object);
	return object->record;
}

static const struct core_node *make_node(void)
{
	return make(
	    &core_node_type,
	    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n1\",\"labels\":"
	    "{\"zone\":\"a\",\"size\":\"5\"}},\"status\":{\"allocatable\":{\"cpu\":\"2\","
	    "\"memory\":\"1Gi\",\"pods\":\"3\"}}}");
}

static const struct core_pod *make_pod(const char *spec)
{
	return make(
	    &core_pod_type,
	    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},\"spec\":{%s}}",
	    spec);
}

#define ASKS(cpu, memory)                                                             \
	"\"containers\":[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"" cpu \
	"\",\"memory\":\"" memory "\"}}}]"
#define PLAIN "\"containers\":[{\"name\":\"a\"}]"

TEST(a_pod_fits_where_what_it_asks_for_is_left)
{
	static const struct {
		const char *before, *pod, *reason, *message;
	} cases[] = {
		{ NULL, PLAIN, NULL, NULL },
		{ NULL, ASKS("2", "1Gi"), NULL, NULL },
		{ NULL, ASKS("2001m", "1Mi"), "OutOfcpu",
		  "Pod was rejected: Node didn't have enough resource: cpu, requested: 2001, used: "
		  "0, "
		  "capacity: 2000" },
		{ ASKS("1500m", "1Mi"), ASKS("600m", "1Mi"), "OutOfcpu",
		  "Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: "
		  "1500, capacity: 2000" },
		{ ASKS("1", "1Gi"), ASKS("1", "1"), "OutOfmemory",
		  "Pod was rejected: Node didn't have enough resource: memory, requested: 1, used: "
		  "1073741824, capacity: 1073741824" },
		{ ASKS("2", "1Gi"), PLAIN, NULL, NULL },
		/* The largest init container, beside the sidecars before it. */
		{ NULL,
		  "\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\",\"resources\":{"
		  "\"requests\":{\"cpu\":\"500m\"}}},{\"name\":\"x\",\"resources\":{\"requests\":{"
		  "\"cpu\":\"1600m\"}}}]," PLAIN,
		  "OutOfcpu",
		  "Pod was rejected: Node didn't have enough resource: cpu, requested: 2100, used: "
		  "0, "
		  "capacity: 2000" },
		{ NULL, "\"overhead\":{\"cpu\":\"100m\"}," ASKS("1950m", "1"), "OutOfcpu",
		  "Pod was rejected: Node didn't have enough resource: cpu, requested: 2050, used: "
		  "0, "
		  "capacity: 2000" },
		{ NULL, "\"resources\":{\"requests\":{\"cpu\":\"3\"}}," PLAIN, "OutOfcpu",
		  "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: "
		  "0, "
		  "capacity: 2000" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fit_use use = { .len = 0 };
		struct fit_refusal why = { .reason = STR_NONE };
		bool fits;

		if (cases[i].before != NULL)
			fit_add(&use, make_node(), make_pod(cases[i].before));
		fits = fit_check(make_node(), &use, make_pod(cases[i].pod), test_arena(), &why);
		CHECK_EQ(fits, cases[i].reason == NULL);
		CHECK_STR(why.reason, cases[i].reason ? cases[i].reason : "");
		CHECK_STR(why.message, cases[i].message ? cases[i].message : "");
	}
}

TEST(what_was_taken_is_free_again_and_pods_are_counted)
{
	struct fit_use use = { .len = 0 };
	struct fit_refusal why = { .reason = STR_NONE };
	const struct core_pod *pod = make_pod(ASKS("500m", "1Mi"));

	for (int i = 0; i < 3; i++)
		fit_add(&use, make_node(), pod);
	CHECK(!fit_check(make_node(), &use, pod, test_arena(), &why));
	CHECK_STR(why.reason, "OutOfpods");
	CHECK_STR(why.message,
		  "Pod was rejected: Node didn't have enough resource: pods, requested: "
		  "1, used: 3, capacity: 3");
	fit_remove(&use, make_node(), pod);
	CHECK(fit_check(make_node(), &use, make_pod(ASKS("1", "1Mi")), test_arena(), &why));
	CHECK(!fit_check(make_node(), &use, make_pod(ASKS("1001m", "1Mi")), test_arena(), &why));
}

#define REQUIRES(terms)                                                                        \
	"\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{" \
	"\"nodeSelectorTerms\":[" terms "]}}}," PLAIN
#define EXPRESSION(key, op, values)                                                               \
	"{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values \
	"]}]}"

TEST(a_pod_must_want_this_node)
{
	static const struct {
		const char *pod;
		bool fits;
	} cases[] = {
		{ "\"nodeSelector\":{\"zone\":\"a\"}," PLAIN, true },
		{ "\"nodeSelector\":{\"zone\":\"b\"}," PLAIN, false },
		{ "\"nodeSelector\":{\"other\":\"\"}," PLAIN, false },
		{ REQUIRES(EXPRESSION("zone", "In", "\"b\",\"a\"")), true },
		{ REQUIRES(EXPRESSION("zone", "In", "\"b\"")), false },
		{ REQUIRES(EXPRESSION("zone", "NotIn", "\"b\"")), true },
		{ REQUIRES(EXPRESSION("other", "NotIn", "\"b\"")), true },
		{ REQUIRES(EXPRESSION("zone", "Exists", "")), true },
		{ REQUIRES(EXPRESSION("zone", "DoesNotExist", "")), false },
		{ REQUIRES(EXPRESSION("size", "Gt", "\"4\"")), true },
		{ REQUIRES(EXPRESSION("size", "Lt", "\"5\"")), false },
		{ REQUIRES(EXPRESSION("zone", "Gt", "\"4\"")), false },
		{ REQUIRES(EXPRESSION("zone", "In", "\"b\"") "," EXPRESSION("size", "Exists", "")),
		  true },
		{ REQUIRES("{}"), false },
		{ REQUIRES("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\","
			   "\"values\":[\"n1\"]}]}"),
		  true },
		{ REQUIRES("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\","
			   "\"values\":[\"n2\"]}]}"),
		  false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fit_use use = { .len = 0 };
		struct fit_refusal why = { .reason = STR_NONE };
		bool fits = fit_check(make_node(), &use, make_pod(cases[i].pod), test_arena(), &why);

		if (fits != cases[i].fits)
			test_fail(__FILE__, __LINE__, "case %zu", i);
		CHECK_STR(why.reason, fits ? "" : "NodeAffinity");
	}
}

TEST(a_pod_of_another_system_is_refused)
{
	struct fit_use use = { .len = 0 };
	struct fit_refusal why = { .reason = STR_NONE };

	CHECK(fit_check(make_node(), &use, make_pod("\"os\":{\"name\":\"linux\"}," PLAIN),
			test_arena(), &why));
	CHECK(!fit_check(make_node(), &use, make_pod("\"os\":{\"name\":\"windows\"}," PLAIN),
			 test_arena(), &why));
	CHECK_STR(why.reason, "PodOSNotSupported");
}

#include "actors/server/outside/conversion-review.h"

#include "datastore/object/json.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/custom.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/server/rig.h"

#define UID STR("u-1")
#define API "'apiVersion':'apiextensions.k8s.io/v1','kind':'ConversionReview'"
#define OK_RESULT "'result':{'status':'Success'}"
#define META "'metadata':{'name':'a','namespace':'n','uid':'1'"
#define GOOD "{'apiVersion':'x.io/v2','kind':'Thing'," META "},'b':1}"

static const char definition[] =
    "{'group':'x.io','scope':'Namespaced','names':{'plural':'things','kind':'Thing'},'versions':[{"
    "'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object',"
    "'properties':{'a':{'type':'integer'}}}}},{'name':'v2','served':true,'storage':false,'schema':{"
    "'openAPIV3Schema':{'type':'object','properties':{'b':{'type':'integer'}}}}}]}";

struct lab {
	struct custom_types v1, v2;
	const struct object *object;
	struct str words;
};

static struct str quoted(const char *text)
{
	struct str json = arena_str(test_arena(), str_from(text));

	for (uint32_t i = 0; i < json.len; i++)
		if (json.at[i] == '\'')
			((char *)(uintptr_t)json.at)[i] = '"';
	return json;
}

static struct lab open_lab(void)
{
	struct lab lab = { 0 };
	struct object *object;
	void *spec;

	CHECK_STATUS(json_decode(&apiextensions_custom_resource_definition_spec_type,
				 quoted(definition), test_arena(), (struct json_options){ 0 },
				 &spec, NULL),
		     OK);
	CHECK_STATUS(custom_types_of(spec, STR("v1"), &lab.v1, NULL), OK);
	CHECK_STATUS(custom_types_of(spec, STR("v2"), &lab.v2, NULL), OK);
	CHECK_STATUS(object_decode(lab.v1.object, FORMAT_JSON,
				   quoted("{'apiVersion':'x.io/v1','kind':'Thing'," META
					  ",'labels':{'l':'1'}},'a':1}"),
				   &object, NULL),
		     OK);
	object_freeze(object, 7);
	lab.object = object;
	return lab;
}

static void close_lab(struct lab *lab)
{
	object_unref(lab->object);
	type_set_unref(lab->v1.set);
	type_set_unref(lab->v2.set);
}

static enum status read(struct lab *lab, const char *body, const struct object **out)
{
	return conversion_review_read(quoted(body), STR("v1"), UID, lab->v2.object, &lab->object, 1,
				      out, &lab->words, test_arena());
}

TEST(a_review_asks_for_objects_as_they_are_kept)
{
	struct lab lab = open_lab();
	struct str body =
	    conversion_review_ask(STR("v1"), UID, lab.v2.object, &lab.object, 1, test_arena());

	CHECK_AT(body, "request.uid", "u-1");
	CHECK_AT(body, "request.desiredAPIVersion", "x.io/v2");
	CHECK_AT(body, "request.objects[0].apiVersion", "x.io/v1");
	CHECK_AT(body, "request.objects[0].a", "1");
	close_lab(&lab);
}

TEST(what_was_converted_keeps_all_metadata_but_labels_and_annotations)
{
	struct lab lab = open_lab();
	const struct object *out;

	CHECK_STATUS(read(&lab,
			  "{" API ",'response':{'uid':'u-1'," OK_RESULT ",'convertedObjects':[{"
			  "'apiVersion':'x.io/v2','kind':'Thing'," META
			  ",'annotations':{'k':'v'},'finalizers':['f'],'generation':9},'b':2}]}}",
			  &out),
		     OK);
	CHECK_EQ(out->revision, 7);
	CHECK(out->type == lab.v2.object);
	struct str json = object_bytes(out, FORMAT_JSON, test_arena());
	CHECK_AT(json, "b", "2");
	CHECK_AT(json, "metadata.annotations.k", "v");
	CHECK_STR(rig_at(json, "metadata.labels"), "");
	CHECK_STR(rig_at(json, "metadata.finalizers"), "");
	CHECK_STR(rig_at(json, "metadata.generation"), "");
	object_unref(out);
	close_lab(&lab);
}

#define FAILED "conversion webhook for x.io/v1, Kind=Thing failed: "
#define INVALID_AT_0 \
	"conversion webhook for x.io/v1, Kind=Thing returned invalid object at index 0: "
#define ONE(object) \
	"{" API ",'response':{'uid':'u-1'," OK_RESULT ",'convertedObjects':[" object "]}}"

static const struct {
	const char *body, *words;
} hostile[] = {
	{ "", FAILED },
	{ "null", FAILED },
	{ "[]", FAILED },
	{ "{}", FAILED },
	{ "{'apiVersion':1,'kind':[]}", FAILED },
	{ "{" API "}", FAILED "no response provided" },
	{ "{" API ",'response':null}", FAILED },
	{ "{" API ",'response':[]}", FAILED },
	{ "{" API ",'response':{'uid':'u-2'," OK_RESULT "}}",
	  FAILED "expected response.uid=\"u-1\", got \"u-2\"" },
	{ "{" API ",'response':{'uid':'u-1'}}",
	  FAILED "response.result.status was '', not 'Success'" },
	{ "{" API ",'response':{'uid':'u-1','result':7}}", FAILED },
	{ "{" API ",'response':{'uid':'u-1','result':{'status':'Failed','message':'no'}}}",
	  FAILED "no" },
	{ "{" API ",'response':{'uid':'u-1'," OK_RESULT "}}",
	  "conversion webhook for x.io/v1, Kind=Thing returned 0 objects, expected 1" },
	{ ONE(GOOD "," GOOD),
	  "conversion webhook for x.io/v1, Kind=Thing returned 2 objects, expected 1" },
	{ ONE("null"), INVALID_AT_0 },
	{ ONE("[]"), INVALID_AT_0 },
	{ ONE("{}"), INVALID_AT_0 "Object 'Kind' is missing" },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing'}"), INVALID_AT_0 },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing','metadata':null}"), INVALID_AT_0 },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing','metadata':'a'}"), INVALID_AT_0 },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing','metadata':{'name':7}}"), INVALID_AT_0 },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing'," META ",'labels':[]}}"),
	  INVALID_AT_0 "invalid metadata.labels of type []interface {} in converted object" },
	{ ONE("{'apiVersion':'x.io/v2','kind':'Thing'," META ",'labels':{'a':1}}}"),
	  INVALID_AT_0 "metadata.labels[a] must be a string, but is int64 in converted object" },
	{ ONE("{'apiVersion':'x.io/v1','kind':'Thing'," META "}}"),
	  INVALID_AT_0 "invalid groupVersion (expected x.io/v2, received x.io/v1)" },
};

TEST(answers_of_strangers_are_refused_in_words)
{
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		struct lab lab = open_lab();
		const struct object *out = NULL;

		if (read(&lab, hostile[i].body, &out) == OK)
			test_fail(__FILE__, __LINE__, "taken: %s", hostile[i].body);
		if (!str_starts(lab.words, str_from(hostile[i].words)))
			CHECK_STR(lab.words, hostile[i].words);
		close_lab(&lab);
	}
}

TEST(the_first_version_that_is_known_is_spoken)
{
	struct str some[] = { STR("v9"), STR("v1beta1"), STR("v1") };

	CHECK_STR(conversion_review_version((struct str_list){ some, 3 }), "v1beta1");
	CHECK(conversion_review_version((struct str_list){ some, 1 }).at == NULL);
}

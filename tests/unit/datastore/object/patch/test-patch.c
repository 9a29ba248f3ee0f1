#include "datastore/object/patch/patch.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"
#include "tests/lib/test.h"

/*
 * Cases of RFC 6902 (appendix A; the others are about documents that no record can be), RFC 7386 (appendix A) and of strategic merge
 * patches. What comes out was compared with the libraries of Kubernetes v1.37.2: json-patch and strategicpatch.
 */
struct patched {
	const char *kind;
	const char *record, *patch; /* JSON with ' for " */
	const char *outcome;        /* the same; or the words of the fault */
};

static struct str json_of_text(const char *text)
{
	char *json = arena_cstr(test_arena(), str_from(text));

	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return str_from(json);
}

static const struct type *type_of(const char *kind)
{
	const struct type *type = type_find(STR(""), STR("v1"), str_from(kind));

	return type != NULL ? type : type_find(STR("apps"), STR("v1"), str_from(kind));
}

static void *record_of(const struct type *type, const char *text)
{
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(type, json_of_text(text), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", text, why.text);
	return record;
}

static void check_applied(enum patch_form form, const struct patched *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct type *type = type_of(cases[i].kind);
		void *record = record_of(type, cases[i].record);
		struct text out = text_in(test_arena(), MIB);
		struct fault why = { 0 };

		if (patch_apply(form, type, record, json_of_text(cases[i].patch), test_arena(),
				NULL, &why) != OK)
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].patch, why.text);
		json_encode(type, record, &out);
		if (!record_equal(type, record, record_of(type, cases[i].outcome)))
			test_fail(__FILE__, __LINE__, "%s gives " STR_FMT, cases[i].patch,
				  STR_ARG(text_str(&out)));
	}
}

static void check_refused(enum patch_form form, enum status expected, const struct patched *cases,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct type *type = type_of(cases[i].kind);
		struct fault why = { 0 };

		CHECK_STATUS(patch_apply(form, type, record_of(type, cases[i].record),
					 json_of_text(cases[i].patch), test_arena(), NULL, &why),
			     expected);
		CHECK_STR(str_from(why.text), cases[i].outcome);
	}
}

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])

/* ---- JSON patch ------------------------------------------------------------------------------------------ */

TEST(operations_change_what_their_pointer_names)
{
	static const struct patched cases[] = {
		/* A.1 a member is added */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'add','path':'/metadata/labels/b','value':'2'}]",
		  "{'metadata':{'labels':{'a':'1','b':'2'},'name':'m'}}" },
		/* A.2 an element is added */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "[{'op':'add','path':'/metadata/finalizers/1','value':'x'}]",
		  "{'metadata':{'finalizers':['a','x','b']}}" },
		/* A.3 a member is removed */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'remove','path':'/metadata/labels/a'}]", "{'metadata':{'name':'m'}}" },
		/* A.4 an element is removed */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "[{'op':'remove','path':'/metadata/finalizers/0'}]",
		  "{'metadata':{'finalizers':['b']}}" },
		/* A.5 a value is replaced */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'replace','path':'/metadata/labels/a','value':'2'}]",
		  "{'metadata':{'labels':{'a':'2'},'name':'m'}}" },
		/* A.6 a value is moved */
		{ "ConfigMap", "{'metadata':{'labels':{'a':'1','b':'2'},'annotations':{'x':'y'}}}",
		  "[{'op':'move','from':'/metadata/labels/a','path':'/metadata/annotations/a'}]",
		  "{'metadata':{'annotations':{'a':'1','x':'y'},'labels':{'b':'2'}}}" },
		/* A.7 an element is moved */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b','c','d']}}",
		  "[{'op':'move','from':'/metadata/finalizers/1','path':'/metadata/finalizers/3'}]",
		  "{'metadata':{'finalizers':['a','c','d','b']}}" },
		/* A.8 a test that holds */
		{ "ConfigMap", "{'metadata':{'name':'m','finalizers':['a','b']}}",
		  "[{'op':'test','path':'/metadata/name','value':'m'},{'op':'test',"
		  "'path':'/metadata/finalizers/1','value':'b'}]",
		  "{'metadata':{'finalizers':['a','b'],'name':'m'}}" },
		/* A.10 an object is added */
		{ "ConfigMap", "{'metadata':{'name':'m'}}",
		  "[{'op':'add','path':'/metadata/labels','value':{'a':'1'}}]",
		  "{'metadata':{'labels':{'a':'1'},'name':'m'}}" },
		/* A.11 other members of an operation are ignored */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'add','path':'/metadata/labels/b','value':'2','xyz':123}]",
		  "{'metadata':{'labels':{'a':'1','b':'2'},'name':'m'}}" },
		/* A.14 escapes are turned back in their order */
		{ "ConfigMap", "{'metadata':{'annotations':{'/':'9','~1':'10'}}}",
		  "[{'op':'test','path':'/metadata/annotations/~01','value':'10'},{'op':'replace',"
		  "'path':'/metadata/annotations/~1','value':'x'}]",
		  "{'metadata':{'annotations':{'/':'x','~1':'10'}}}" },
		/* A.16 a value is appended */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "[{'op':'add','path':'/metadata/finalizers/-','value':'c'}]",
		  "{'metadata':{'finalizers':['a','b','c']}}" },
		/* copied */
		{ "Pod", "{'spec':{'containers':[{'name':'a','image':'i'}]}}",
		  "[{'op':'copy','from':'/spec/containers/0','path':'/spec/containers/-'},"
		  "{'op':'replace','path':'/spec/containers/1/name','value':'b'}]",
		  "{'spec':{'containers':[{'image':'i','name':'a'},{'image':'i','name':'b'}]}}" },
		/* a member that is not there may be replaced */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'replace','path':'/metadata/finalizers','value':['a']}]",
		  "{'metadata':{'finalizers':['a'],'labels':{'a':'1'},'name':'m'}}" },
		/* a copy of what is not there is nothing */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'copy','from':'/metadata/finalizers','path':'/metadata/labels'}]",
		  "{'metadata':{'name':'m'}}" },
		/* by place in deep lists */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':1},"
		  "{'containerPort':2}]}]}}",
		  "[{'op':'test','path':'/spec/containers/0/ports/1','value':{'containerPort':2}},"
		  "{'op':'remove','path':'/spec/containers/0/ports/0'}]",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':2}]}]}}" },
	};

	check_applied(PATCH_JSON, cases, COUNT(cases));
}

TEST(operations_that_do_not_apply_are_refused_in_the_words_of_clients_library)
{
	static const struct patched cases[] = {
		/* A.9 a test that fails */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'test','path':'/metadata/name','value':'bar'}]",
		  "testing value /metadata/name failed: test failed" },
		/* A.12 there is no parent */
		{ "ConfigMap", "{'metadata':{'name':'m'}}",
		  "[{'op':'add','path':'/metadata/labels/b/c','value':'x'}]",
		  "add operation does not apply: doc is missing path: \"/metadata/labels/b/c\": "
		  "missing "
		  "value" },
		/* A.15 a text is no number */
		{ "Pod", "{'spec':{'priority':10}}",
		  "[{'op':'test','path':'/spec/priority','value':'10'}]",
		  "testing value /spec/priority failed: test failed" },
		/* an element beyond the end */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "[{'op':'remove','path':'/metadata/finalizers/2'}]",
		  "error in remove for path: '/metadata/finalizers/2': Unable to access invalid "
		  "index: "
		  "2: invalid index referenced" },
		/* tested beyond the end */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "[{'op':'test','path':'/metadata/finalizers/2','value':'x'}]",
		  "error in test for path: '/metadata/finalizers/2': Unable to access invalid "
		  "index: "
		  "2: invalid index referenced" },
		/* a key that is not there cannot be removed */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'remove','path':'/metadata/labels/b'}]",
		  "error in remove for path: '/metadata/labels/b': Unable to remove nonexistent "
		  "key: "
		  "b: missing value" },
		/* nor moved */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'move','from':'/metadata/annotations/b','path':'/metadata/labels/b'}]",
		  "move operation does not apply: doc is missing from path: "
		  "/metadata/annotations/b: "
		  "missing value" },
		/* an unknown operation */
		{ "ConfigMap", "{'metadata':{'name':'m','labels':{'a':'1'}}}",
		  "[{'op':'spam','path':'/metadata/name'}]", "Unexpected kind: spam" },
	};

	check_refused(PATCH_JSON, INVALID, cases, COUNT(cases));
}

TEST(a_json_patch_that_is_none_or_too_long_is_refused)
{
	static const struct {
		const char *patch;
		enum status status;
	} cases[] = {
		{ "{}", BAD_REQUEST },
		{ "[1]", BAD_REQUEST },
		{ "[", BAD_REQUEST },
		{ "[{'op':'add','value':1}]", INVALID },
		{ "[{'op':'add','path':'/metadata/name'}]", INVALID },
		{ "[{'op':'replace','path':'/kind','value':'Pod'}]", BAD_REQUEST },
		{ "[{'op':'replace','path':'/data','value':[1]}]", BAD_REQUEST },
	};
	const struct type *type = type_of("ConfigMap");
	struct text many = text_in(test_arena(), 16 * MIB);
	struct fault why = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_STATUS(patch_apply(PATCH_JSON, type, record_of(type, "{}"),
					 json_of_text(cases[i].patch), test_arena(), NULL, &why),
			     cases[i].status);
	text_add_char(&many, '[');
	for (uint32_t i = 0; i <= LIMIT_PATCH_OPERATIONS; i++)
		text_printf(&many, "%s{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"ConfigMap\"}",
			    i > 0 ? "," : "");
	text_add_char(&many, ']');
	CHECK_STATUS(patch_apply(PATCH_JSON, type, record_of(type, "{}"), text_str(&many),
				 test_arena(), NULL, &why),
		     TOO_LARGE);
}

/* ---- merge patch ------------------------------------------------------------------------------------------- */

/* On a value without a table, as the RFC has it. */
TEST(a_merge_patch_does_what_rfc_7386_says)
{
	static const struct {
		const char *original, *patch, *result;
	} cases[] = {
		{ "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
		{ "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
		{ "{'a':'b'}", "{'a':null}", "{}" },
		{ "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
		{ "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
		{ "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
		{ "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
		{ "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
		{ "['a','b']", "['c','d']", "['c','d']" },
		{ "{'a':'b'}", "['c']", "['c']" },
		{ "{'a':'foo'}", "'bar'", "'bar'" },
		{ "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
		{ "[1,2]", "{'a':'b','c':null}", "{'a':'b'}" },
		{ "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct type *type = &apps_controller_revision_type;
		struct apps_controller_revision *record =
		    record_of(type, arena_printf(test_arena(), "{'data':%s}", cases[i].original).at);
		struct str patch = arena_printf(test_arena(), "{'data':%s}", cases[i].patch);
		struct fault why = { 0 };

		CHECK_STATUS(patch_apply(PATCH_MERGE, type, record, json_of_text(patch.at),
					 test_arena(), NULL, &why),
			     OK);
		CHECK(str_eq(record->data, json_of_text(cases[i].result)));
	}
}

TEST(a_merge_patch_of_a_record_replaces_lists_and_removes_what_is_null)
{
	static const struct patched cases[] = {
		{ "Pod", "{'spec':{'containers':[{'name':'a','image':'i'}]}}",
		  "{'spec':{'containers':[{'name':'b'}]}}",
		  "{'spec':{'containers':[{'name':'b'}]}}" },
		{ "ConfigMap", "{'metadata':{'labels':{'a':'1','b':'2'}},'data':{'x':'y'}}",
		  "{'metadata':{'labels':{'a':null,'c':'3'}},'data':null}",
		  "{'metadata':{'labels':{'b':'2','c':'3'}}}" },
		{ "Deployment", "{'spec':{'strategy':{'type':'Recreate'}}}",
		  "{'spec':{'strategy':{'rollingUpdate':{'maxSurge':1}},'replicas':2}}",
		  "{'spec':{'replicas':2,'strategy':{'type':'Recreate','rollingUpdate':{'maxSurge':"
		  "1}}}}" },
		{ "ConfigMap", "{'data':{'a':'1'}}", "{'data':{'$patch':'replace'}}",
		  "{'data':{'a':'1','$patch':'replace'}}" },
	};

	check_applied(PATCH_MERGE, cases, COUNT(cases));
}

TEST(a_patch_that_is_no_object_or_has_a_wrong_value_is_refused)
{
	static const char *const patches[] = { "[]", "1", "{", "{'data':{'a':1}}", "{'data':[]}" };
	static const enum patch_form forms[] = { PATCH_MERGE, PATCH_STRATEGIC };
	const struct type *type = type_of("ConfigMap");

	for (size_t i = 0; i < COUNT(patches); i++)
		for (int form = 0; form < 2; form++) {
			struct fault why = { 0 };

			CHECK_STATUS(patch_apply(forms[form], type, record_of(type, "{}"),
						 json_of_text(patches[i]), test_arena(), NULL, &why),
				     BAD_REQUEST);
			CHECK(why.text[0] != '\0');
		}
}

/* ---- strategic merge patch ------------------------------------------------------------------------------------ */

TEST(a_strategic_patch_merges_by_keys_and_obeys_its_directives)
{
	static const struct patched cases[] = {
		/* elements are merged by their key, new ones come where the patch has them */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','image':'i'},{'name':'b','image':'j'}]}}",
		  "{'spec':{'containers':[{'name':'c','image':'k'},{'name':'b','image':'l'}]}}",
		  "{'spec':{'containers':[{'image':'k','name':'c'},{'image':'i','name':'a'},"
		  "{'image':'l','name':'b'}]}}" },
		/* keys may be numbers */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'name':'x'},"
		  "{'containerPort':81}]}]}}",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':81,'name':'y'},"
		  "{'containerPort':82}]}]}}",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'name':'x'},"
		  "{'containerPort':81,'name':'y'},{'containerPort':82}]}]}}" },
		/* a list without a key is replaced */
		{ "Pod", "{'spec':{'tolerations':[{'key':'a'},{'key':'b'}]}}",
		  "{'spec':{'tolerations':[{'key':'c'}]}}",
		  "{'spec':{'tolerations':[{'key':'c'}]}}" },
		/* null removes */
		{ "Pod", "{'metadata':{'labels':{'a':'1','b':'2'}},'spec':{'nodeName':'n','hostNetwork':true}}",
		  "{'metadata':{'labels':{'a':null}},'spec':{'nodeName':null,'hostNetwork':null}}",
		  "{'metadata':{'labels':{'b':'2'}}}" },
		/* $patch delete of an element */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','image':'i'},{'name':'b','image':'j'}]}}",
		  "{'spec':{'containers':[{'name':'a','$patch':'delete'}]}}",
		  "{'spec':{'containers':[{'image':'j','name':'b'}]}}" },
		/* $patch delete of an object */
		{ "Pod", "{'spec':{'securityContext':{'runAsUser':1},'nodeName':'n'}}",
		  "{'spec':{'securityContext':{'$patch':'delete'}}}", "{'spec':{'nodeName':'n'}}" },
		/* $patch replace of an object */
		{ "Pod", "{'spec':{'securityContext':{'runAsUser':1,'fsGroup':2}}}",
		  "{'spec':{'securityContext':{'$patch':'replace','runAsGroup':3}}}",
		  "{'spec':{'securityContext':{'runAsGroup':3}}}" },
		/* $patch replace of a map */
		{ "Pod", "{'metadata':{'labels':{'a':'1','b':'2'}}}",
		  "{'metadata':{'labels':{'$patch':'replace','c':'3'}}}",
		  "{'metadata':{'labels':{'c':'3'}}}" },
		/* $patch replace of a list */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','image':'i'},{'name':'b','image':'j'}]}}",
		  "{'spec':{'containers':[{'name':'c'},{'$patch':'replace'}]}}",
		  "{'spec':{'containers':[{'name':'c'}]}}" },
		/* $patch where nothing is */
		{ "Pod", "{'metadata':{'name':'p'}}",
		  "{'metadata':{'labels':{'$patch':'replace','c':'3'}}}",
		  "{'metadata':{'name':'p'}}" },
		/* $patch of the whole */
		{ "ConfigMap", "{'metadata':{'name':'m'},'data':{'a':'1'}}",
		  "{'$patch':'replace','metadata':{'name':'n'}}", "{'metadata':{'name':'n'}}" },
		/* $retainKeys */
		{ "Deployment",
		  "{'spec':{'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1}}}}",
		  "{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}",
		  "{'spec':{'strategy':{'type':'Recreate'}}}" },
		/* $retainKeys of an element */
		{ "Pod",
		  "{'spec':{'volumes':[{'name':'v','emptyDir':{}},{'name':'w','emptyDir':{}}]}}",
		  "{'spec':{'volumes':[{'$retainKeys':['name','hostPath'],'name':'v',"
		  "'hostPath':{'path':'/x'}}]}}",
		  "{'spec':{'volumes':[{'hostPath':{'path':'/"
		  "x'},'name':'v'},{'name':'w','emptyDir':{}}]}}" },
		/* $retainKeys of a map */
		{ "ConfigMap", "{'data':{'a':'1','b':'2'}}",
		  "{'data':{'$retainKeys':['b','c'],'c':'3'}}", "{'data':{'b':'2','c':'3'}}" },
		/* $setElementOrder by key */
		{ "Pod", "{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}}",
		  "{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'d'},{'name':'a'}],"
		  "'containers':[{'name':'d','image':'i'}]}}",
		  "{'spec':{'containers':[{'name':'b'},{'name':'c'},{'image':'i','name':'d'},"
		  "{'name':'a'}]}}" },
		/* $setElementOrder keeps what others have put there */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'x'},{'name':'a'},{'name':'y'},{'name':'b'}]}}",
		  "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}]}}",
		  "{'spec':{'containers':[{'name':'x'},{'name':'y'},{'name':'b'},{'name':'a'}]}}" },
		/* $setElementOrder of values */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b','c']}}",
		  "{'metadata':{'$setElementOrder/finalizers':['d','c','a'],'finalizers':['d']}}",
		  "{'metadata':{'finalizers':['d','b','c','a']}}" },
		/* $deleteFromPrimitiveList */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b','a','c']}}",
		  "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a','z']}}",
		  "{'metadata':{'finalizers':['b','c']}}" },
		/* where no list is there is none to merge with: one port for both protocols */
		{ "Pod", "{'spec':{'containers':[{'name':'a'}]}}",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53,'protocol':'UDP'"
		  "},"
		  "{'containerPort':53,'protocol':'TCP'}]}]}}",
		  "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53,'protocol':'UDP'"
		  "},"
		  "{'containerPort':53,'protocol':'TCP'}]}]}}" },
		/* nor anything to delete */
		{ "ServiceAccount", "{'secrets':[{'name':'a'}]}",
		  "{'imagePullSecrets':[{'name':'b','$patch':'delete'}]}",
		  "{'secrets':[{'name':'a'}],'imagePullSecrets':[]}" },
		/* what is to go goes first, all that have the key */
		{ "Service", "{'spec':{'ports':[{'port':53,'name':'a'},{'port':53,'name':'b'}]}}",
		  "{'spec':{'ports':[{'port':53,'name':'c'},{'port':53,'$patch':'delete'}]}}",
		  "{'spec':{'ports':[{'name':'c','port':53,'targetPort':0}]}}" },
		/* of a key that is named twice the first place counts */
		{ "Service", "{'spec':{'ports':[{'port':2,'name':'b'},{'port':1,'name':'c'},{'port':1,'name':'d'}]}}",
		  "{'spec':{'$setElementOrder/ports':[{'port':1},{'port':2},{'port':1}]}}",
		  "{'spec':{'ports':[{'name':'c','port':1,'targetPort':0},{'name':'d','port':1,"
		  "'targetPort':0},{'name':'b','port':2,'targetPort':0}]}}" },
		/* $patch delete in a list that is replaced as a whole means nothing */
		{ "ServiceAccount", "{'imagePullSecrets':[{'name':'a'}]}",
		  "{'imagePullSecrets':[{'name':'b','$patch':'delete'}]}",
		  "{'imagePullSecrets':[{'name':'b'}]}" },
		/* null in what is put in the place of a map */
		{ "Pod", "{'metadata':{'labels':{'a':'1'}}}",
		  "{'metadata':{'$patch':'replace','labels':{'b':null}}}",
		  "{'metadata':{'labels':{'b':''}}}" },
		/* what is new stands where something was deleted */
		{ "Service", "{'spec':{'ports':[{'port':2,'name':'a'},{'port':1,'name':'q'}]}}",
		  "{'spec':{'$setElementOrder/ports':[{'port':3}],'ports':[{'name':'a','port':3},"
		  "{'$patch':'delete','port':2}]}}",
		  "{'spec':{'ports':[{'name':'q','port':1,'targetPort':0},{'name':'a','port':3,"
		  "'targetPort':0}]}}" },
		/* null in what is new in a list, and in what replaces a map */
		{ "Pod", "{'spec':{'containers':[{'name':'a'}]}}",
		  "{'spec':{'containers':[{'name':'b','resources':{'limits':{'memory':null}}}]}}",
		  "{'spec':{'containers':[{'name':'b','resources':{'limits':{'memory':'0'}}},"
		  "{'name':'a'}]}}" },
		{ "Pod", "{'spec':{'nodeSelector':{'a':'1'}}}",
		  "{'spec':{'nodeSelector':{'$patch':'replace','b':null}}}",
		  "{'spec':{'nodeSelector':{'b':''}}}" },
		/* values that stood there twice do not after a merge */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b','a']}}",
		  "{'metadata':{'finalizers':['c']}}", "{'metadata':{'finalizers':['c','a','b']}}" },
		/* values are added once */
		{ "ConfigMap", "{'metadata':{'finalizers':['a','b']}}",
		  "{'metadata':{'finalizers':['b','c']}}",
		  "{'metadata':{'finalizers':['a','b','c']}}" },
	};

	check_applied(PATCH_STRATEGIC, cases, COUNT(cases));
}

TEST(a_strategic_patch_that_makes_no_sense_is_refused)
{
	static const struct patched cases[] = {
		/* an element without its key */
		{ "Pod",
		  "{'spec':{'containers':[{'name':'a','image':'i'},{'name':'b','image':'j'}]}}",
		  "{'spec':{'containers':[{'image':'i'}]}}",
		  "map: {\"image\":\"i\"} does not contain declared merge key: name" },
		/* an unknown directive */
		{ "Pod", "{'spec':{'securityContext':{'runAsUser':1}}}",
		  "{'spec':{'securityContext':{'$patch':'odd'}}}", "unknown patch type: odd" },
		/* $patch is a word */
		{ "Pod", "{'spec':{'securityContext':{'runAsUser':1}}}",
		  "{'spec':{'securityContext':{'$patch':1}}}",
		  "invalid value for special key: $patch" },
		/* $retainKeys has to name what is given */
		{ "Deployment", "{'spec':{'strategy':{'type':'Recreate'}}}",
		  "{'spec':{'strategy':{'$retainKeys':['type'],'rollingUpdate':{}}}}",
		  "invalid patch format of retainKeys" },
		/* $retainKeys is a list */
		{ "Deployment", "{'spec':{'strategy':{'type':'Recreate'}}}",
		  "{'spec':{'strategy':{'$retainKeys':'type'}}}",
		  "invalid patch format of retainKeys" },
	};

	check_refused(PATCH_STRATEGIC, BAD_REQUEST, cases, COUNT(cases));
}

TEST(unknown_and_duplicate_members_of_a_patch_are_found)
{
	const struct type *type = type_of("Pod");
	struct json_strict strict = { 0 };
	struct fault why = { 0 };

	CHECK_STATUS(patch_apply(PATCH_STRATEGIC, type, record_of(type, "{}"),
				 json_of_text("{'spec':{'hostNetwork':true,'hostNetwork':false,"
					      "'containers':[{'name':'a','odd':1}]},'more':{}}"),
				 test_arena(), &strict, &why),
		     OK);
	CHECK_EQ(strict.len, 3);
	CHECK_STR(strict.at[0], "duplicate field \"spec.hostNetwork\"");
	CHECK_STR(strict.at[1], "unknown field \"spec.containers[0].odd\"");
	CHECK_STR(strict.at[2], "unknown field \"more\"");
}

/* Thirty thousand members or elements fit into a body: each took a copy of all before it, gigabytes in all. */
TEST(memory_grows_with_the_members_of_a_patch_and_no_faster)
{
	static const struct {
		enum patch_form form;
		const char *begin, *one, *end;
		uint32_t count;
	} cases[] = {
		{ PATCH_MERGE, "{'data':{", "'k%u':'v'", "}}", 30000 },
		{ PATCH_MERGE, "{'metadata':{'ownerReferences':[", "{'uid':'%u'}", "]}}", 30000 },
		{ PATCH_JSON, "[", "{'op':'add','path':'/data/k%u','value':'v'}", "]", 10000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *arena = arena_new(0);
		struct text patch = text_in(test_arena(), 4 * MIB);
		const struct type *type = type_of("ConfigMap");
		void *record = record_of(type, "{'data':{'a':'b'}}");
		struct fault why = { 0 };

		text_add(&patch, str_from(cases[i].begin));
		for (uint32_t j = 0; j < cases[i].count; j++) {
			if (j > 0)
				text_add_char(&patch, ',');
			text_printf(&patch, cases[i].one, j);
		}
		text_add(&patch, str_from(cases[i].end));
		CHECK_STATUS(patch_apply(cases[i].form, type, record,
					 json_of_text(arena_cstr(test_arena(), text_str(&patch))),
					 arena, NULL, &why),
			     OK);
		if (arena_size(arena) > 256 * MIB)
			test_fail(__FILE__, __LINE__, "case %zu takes %zu bytes", i,
				  arena_size(arena));
		arena_free(arena);
	}
}

TEST(a_list_too_long_to_be_merged_is_refused)
{
	struct text patch = text_in(test_arena(), 4 * MIB);
	const struct type *type = type_of("Pod");
	void *record = record_of(type, "{'spec':{'containers':[{'name':'a'}]}}");
	struct fault why = { 0 };

	text_add(&patch, STR("{'spec':{'containers':[{'name':'b'}"));
	for (uint32_t i = 0; i < 20000; i++)
		text_printf(&patch, ",{'name':'c%u'}", i);
	text_add(&patch, STR("]}}"));
	CHECK_STATUS(patch_apply(PATCH_STRATEGIC, type, record,
				 json_of_text(arena_cstr(test_arena(), text_str(&patch))),
				 test_arena(), NULL, &why),
		     TOO_LARGE);
}

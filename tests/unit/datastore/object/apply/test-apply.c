#include "datastore/object/apply/apply.h"
#include "datastore/object/apply/typed.h"

#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "tests/lib/test.h"

/*
 * Stories of one object: who does what with it, one after the other, and what is said of its owners then. What comes out was compared
 * with kube-apiserver v1.37.2.
 */

enum how { NEXT_STORY, CREATE, UPDATE, STATUS, APPLY, FORCE };
struct act_of_story {
	enum how how;
	const char *manager;
	const char *json;    /* with ' for " */
	const char *owners;  /* after it: manager set, one a line; of a conflict its words */
	const char *outcome; /* the record; NULL: not looked at */
};

struct story {
	const char *kind;
	const struct type *type;
	void *live;
	uint32_t turn;
};

static struct str plain(const char *text)
{
	char *json = arena_cstr(test_arena(), str_from(text));

	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return str_from(json);
}

static void *decoded(const struct type *type, const char *text)
{
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(type, plain(text), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", text, why.text);
	return record;
}

static void complete(const struct type *type, void *record)
{
	record_default(type, record, test_arena(), (struct wall){ 0 });
	record_fill(type, record, test_arena());
}

static struct wall now_of(const struct story *s)
{
	return (struct wall){ (int64_t)(1000 + s->turn) * TIME_S };
}

static struct str api_version(const struct story *s)
{
	return type_api_version(s->type, test_arena());
}

static void update(struct story *s, const struct act_of_story *act)
{
	struct meta_object_meta *old = s->live ? record_meta(s->type, s->live) : NULL;
	struct managed managed = { .arena = test_arena() };
	struct meta_object_meta *meta;
	struct managed_change change = {
		.type = s->type,
		.before = s->live,
		.manager = str_from(act->manager),
		.api_version = api_version(s),
		.subresource = act->how == STATUS ? STR("status") : STR_NONE,
		.resets =
		    fields_of_path(act->how == STATUS ? STR("spec") : STR("status"), test_arena()),
		.now = now_of(s),
	};
	void *record = decoded(s->type, act->json);

	complete(s->type, record);
	meta = record_meta(s->type, record);
	if (old != NULL) {
		meta->managed_fields = old->managed_fields;
		CHECK_STATUS(managed_read(&old->managed_fields, true, test_arena(), &managed, NULL),
			     OK);
	}
	change.after = record;
	managed_update(&managed, &change);
	meta->managed_fields = managed_entries(&managed);
	s->live = record;
}

static struct str apply(struct story *s, const struct act_of_story *act)
{
	struct apply_outcome out;
	struct fault why = { 0 };
	struct apply how = {
		.type = s->type,
		.live = s->live,
		.said = decoded(s->type, act->json),
		.said_json = plain(act->json),
		.manager = str_from(act->manager),
		.api_version = api_version(s),
		.is_forced = act->how == FORCE,
		.resets = fields_of_path(STR("status"), test_arena()),
		.now = now_of(s),
	};
	enum status status = apply_run(&how, test_arena(), &out, &why);

	if (status == CONFLICT)
		return apply_conflict_text(&out, test_arena());
	if (status != OK)
		return arena_str(test_arena(), str_from(why.text));
	complete(s->type, out.record);
	s->live = out.record;
	return STR_NONE;
}

/* ` manager operation[/subresource] time set` */
static struct str owners(const struct story *s)
{
	const struct meta_object_meta *meta = record_meta(s->type, s->live);
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < meta->managed_fields.len; i++) {
		const struct meta_managed_fields_entry *entry = &meta->managed_fields.at[i];

		text_printf(&out, "%s" STR_FMT " " STR_FMT "%s" STR_FMT " ", i > 0 ? "\n" : "",
			    STR_ARG(entry->manager), STR_ARG(entry->operation),
			    entry->subresource.len > 0 ? "/" : "", STR_ARG(entry->subresource));
		if (entry->has.time)
			text_printf(&out, "%d ", (int)(entry->time.ns / TIME_S - 1000));
		text_add(&out, entry->fields_v1);
	}
	return text_str(&out);
}

static void check_outcome(const struct story *s, const char *wanted)
{
	struct text out = text_in(test_arena(), MIB);
	void *copy = record_clone(s->type, s->live, test_arena());
	void *other = decoded(s->type, wanted);

	record_meta(s->type, copy)->managed_fields = (struct meta_managed_fields_entry_list){ 0 };
	complete(s->type, other);
	json_encode(s->type, copy, &out);
	if (!record_equal(s->type, copy, other))
		test_fail(__FILE__, __LINE__, "it is now " STR_FMT, STR_ARG(text_str(&out)));
}

static void tell(const char *kind, const struct act_of_story *acts, size_t count)
{
	struct story s = { .kind = kind };

	s.type = type_find(STR(""), STR("v1"), str_from(kind));
	if (s.type == NULL)
		s.type = type_find(STR("apps"), STR("v1"), str_from(kind));
	for (size_t i = 0; i < count; i++, s.turn++) {
		struct str said = STR_NONE;

		if (acts[i].how == NEXT_STORY) {
			s.live = NULL;
			continue;
		}
		if (acts[i].how == APPLY || acts[i].how == FORCE)
			said = apply(&s, &acts[i]);
		else
			update(&s, &acts[i]);
		if (said.at == NULL)
			said = owners(&s);
		if (!str_eq(plain(arena_cstr(test_arena(), said)), plain(acts[i].owners)))
			test_fail(__FILE__, __LINE__, "act %zu, %s: " STR_FMT "\n not: %s", i,
				  acts[i].json, STR_ARG(said), plain(acts[i].owners).at);
		if (acts[i].outcome != NULL)
			check_outcome(&s, acts[i].outcome);
	}
}
#define TELL(kind, acts) tell(kind, acts, sizeof(acts) / sizeof(acts)[0])
#define MAP(data) "{'metadata':{'name':'m'},'data':" data "}"

TEST(who_writes_a_field_owns_it)
{
	static const struct act_of_story acts[] = {
		{ CREATE, "a", MAP("{'x':'1'}"), "a Update 0 {'f:data':{'.':{},'f:x':{}}}", NULL },
		{ UPDATE, "a", MAP("{'x':'1'}"), "a Update 0 {'f:data':{'.':{},'f:x':{}}}", NULL },
		{ UPDATE, "b", MAP("{'x':'1','y':'1'}"),
		  "a Update 0 {'f:data':{'.':{},'f:x':{}}}\nb Update 2 {'f:data':{'f:y':{}}}",
		  NULL },
		{ UPDATE, "b", MAP("{'x':'2','y':'1'}"),
		  "a Update 0 {'f:data':{}}\nb Update 3 {'f:data':{'f:x':{},'f:y':{}}}", NULL },
		{ UPDATE, "c", MAP("{'y':'1'}"),
		  "a Update 0 {'f:data':{}}\nb Update 3 {'f:data':{'f:y':{}}}", NULL },
		{ UPDATE, "c", "{'metadata':{'name':'m'}}", "", NULL },
		{ NEXT_STORY, NULL, NULL, NULL, NULL },
		{ CREATE, "a", "{'metadata':{'generateName':'m-','labels':{'k':'v'}}}",
		  "a Update 7 {'f:metadata':{'f:generateName':{},'f:labels':{'.':{},'f:k':{}}}}",
		  NULL },
	};

	TELL("ConfigMap", acts);
}

TEST(who_applies_owns_what_he_says)
{
	static const struct act_of_story acts[] = {
		{ APPLY, "a", MAP("{'x':'1','y':'1'}"), "a Apply 0 {'f:data':{'f:x':{},'f:y':{}}}",
		  MAP("{'x':'1','y':'1'}") },
		{ APPLY, "a", MAP("{'x':'1','y':'1'}"), "a Apply 0 {'f:data':{'f:x':{},'f:y':{}}}",
		  NULL },
		/* the same value is shared */
		{ APPLY, "b", MAP("{'x':'1','z':'1'}"),
		  "a Apply 0 {'f:data':{'f:x':{},'f:y':{}}}\nb Apply 2 "
		  "{'f:data':{'f:x':{},'f:z':{}}}",
		  MAP("{'x':'1','y':'1','z':'1'}") },
		/* another is not */
		{ APPLY, "b", MAP("{'x':'2','z':'1'}"),
		  "Apply failed with 1 conflict: conflict with 'a': .data.x", NULL },
		{ APPLY, "b", MAP("{'x':'2','y':'2','z':'1'}"),
		  "Apply failed with 2 conflicts: conflicts with 'a':\n- .data.x\n- .data.y", NULL },
		{ FORCE, "b", MAP("{'x':'2','z':'1'}"),
		  "a Apply 0 {'f:data':{'f:y':{}}}\nb Apply 5 {'f:data':{'f:x':{},'f:z':{}}}",
		  MAP("{'x':'2','y':'1','z':'1'}") },
		/* what nobody else says goes */
		{ APPLY, "b", MAP("{'z':'1'}"),
		  "a Apply 0 {'f:data':{'f:y':{}}}\nb Apply 6 {'f:data':{'f:z':{}}}",
		  MAP("{'y':'1','z':'1'}") },
		{ APPLY, "b", MAP("{'y':'1'}"),
		  "a Apply 0 {'f:data':{'f:y':{}}}\nb Apply 7 {'f:data':{'f:y':{}}}",
		  MAP("{'y':'1'}") },
		{ APPLY, "b", "{'metadata':{'name':'m'}}", "a Apply 0 {'f:data':{'f:y':{}}}",
		  MAP("{'y':'1'}") },
		{ APPLY, "a", "{'metadata':{'name':'m'}}", "", "{'metadata':{'name':'m'}}" },
	};

	TELL("ConfigMap", acts);
}

TEST(updates_and_applies_are_different_owners)
{
	static const struct act_of_story acts[] = {
		{ CREATE, "a", MAP("{'x':'1'}"), "a Update 0 {'f:data':{'.':{},'f:x':{}}}", NULL },
		{ APPLY, "a", MAP("{'x':'2'}"),
		  "Apply failed with 1 conflict: conflict with 'a' using v1: .data.x", NULL },
		{ FORCE, "a", MAP("{'x':'2'}"),
		  "a Apply 2 {'f:data':{'f:x':{}}}\na Update 0 {'f:data':{}}", NULL },
		{ UPDATE, "a", MAP("{'x':'3'}"), "a Update 3 {'f:data':{'.':{},'f:x':{}}}", NULL },
	};

	TELL("ConfigMap", acts);
}

#define DEPLOYMENT(spec) "{'metadata':{'name':'d'},'spec':" spec "}"
#define TEMPLATE(containers)                                                      \
	"'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{" \
	"'a':'b'}},'spec':{'containers':" containers "}}"
#define SAID                                                                               \
	"'f:selector':{},'f:template':{'f:metadata':{'f:labels':{'f:a':{}}},'f:spec':{'f:" \
	"containers':"

TEST(elements_with_keys_are_owned_one_by_one)
{
	static const struct act_of_story acts[] = {
		{ APPLY, "a",
		  DEPLOYMENT("{'replicas':1," TEMPLATE("[{'name':'x','image':'i'}]") "}"),
		  "a Apply 0 {'f:spec':{'f:replicas':{}," SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:image':{},'f:name':{}}}}}}}",
		  NULL },
		{ APPLY, "b",
		  DEPLOYMENT("{" TEMPLATE(
		      "[{'name':'w','image':'i'},{'name':'x','ports':[{'containerPort':80}]}]") "}"),
		  "a Apply 0 {'f:spec':{'f:replicas':{}," SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:image':{},'f:name':{}}}}}}}\n"
		  "b Apply 1 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'w\\'}':{'.':{},'f:image':{},'f:name':{}},"
		  "'k:{\\'name\\':\\'x\\'}':{'.':{},'f:name':{},'f:ports':{'k:{\\'containerPort\\':"
		  "80,\\'protocol\\':\\'TCP\\'}':{'.':{},'f:containerPort':{}}}}}}}}}",
		  DEPLOYMENT(
		      "{'replicas':1," TEMPLATE("[{'name':'w','image':'i'},{'name':'x','image':'i',"
						"'ports':[{'containerPort':80}]}]") "}") },
		{ APPLY, "a", DEPLOYMENT("{" TEMPLATE("[{'name':'x','image':'i'}]") "}"),
		  "b Apply 1 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'w\\'}':{'.':{},'f:image':{},'f:name':{}},"
		  "'k:{\\'name\\':\\'x\\'}':{'.':{},'f:name':{},'f:ports':{'k:{\\'containerPort\\':"
		  "80,\\'protocol\\':\\'TCP\\'}':{'.':{},'f:containerPort':{}}}}}}}}}\n"
		  "a Apply 2 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:image':{},'f:name':{}}}}}}}",
		  NULL },
		{ APPLY, "b", DEPLOYMENT("{" TEMPLATE("[{'name':'x'}]") "}"),
		  "a Apply 2 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:image':{},'f:name':{}}}}}}}\n"
		  "b Apply 3 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:name':{}}}}}}}",
		  DEPLOYMENT("{'replicas':1," TEMPLATE("[{'name':'x','image':'i'}]") "}") },
		{ APPLY, "b", DEPLOYMENT("{" TEMPLATE("[{'name':'x'},{'name':'x'}]") "}"),
		  ".spec.template.spec.containers: duplicate entries for key [name='x']", NULL },
		{ APPLY, "b", DEPLOYMENT("{" TEMPLATE("[{'image':'x'}]") "}"),
		  /* a name that is not said is the one without letters */
		  "a Apply 2 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'x\\'}':{'.':{},'f:image':{},'f:name':{}}}}}}}\n"
		  "b Apply 5 {'f:spec':{" SAID
		  "{'k:{\\'name\\':\\'\\'}':{'.':{},'f:image':{}}}}}}}",
		  NULL },
	};

	TELL("Deployment", acts);
}

TEST(elements_of_a_set_are_owned_by_value)
{
	static const struct act_of_story acts[] = {
		{ APPLY, "a", "{'metadata':{'name':'m','finalizers':['x/a','x/b']}}",
		  "a Apply 0 {'f:metadata':{'f:finalizers':{'v:\\'x/a\\'':{},'v:\\'x/b\\'':{}}}}",
		  NULL },
		{ APPLY, "b", "{'metadata':{'name':'m','finalizers':['x/c','x/b']}}",
		  "a Apply 0 {'f:metadata':{'f:finalizers':{'v:\\'x/a\\'':{},'v:\\'x/b\\'':{}}}}\n"
		  "b Apply 1 {'f:metadata':{'f:finalizers':{'v:\\'x/b\\'':{},'v:\\'x/c\\'':{}}}}",
		  "{'metadata':{'name':'m','finalizers':['x/a','x/c','x/b']}}" },
		{ APPLY, "a", "{'metadata':{'name':'m'}}",
		  "b Apply 1 {'f:metadata':{'f:finalizers':{'v:\\'x/b\\'':{},'v:\\'x/c\\'':{}}}}",
		  "{'metadata':{'name':'m','finalizers':['x/c','x/b']}}" },
	};

	TELL("ConfigMap", acts);
}

TEST(what_has_no_owners_yet_gets_one_before_the_first_apply)
{
	static const struct act_of_story acts[] = {
		{ CREATE, "a", MAP("{'x':'1','y':'1'}"),
		  "a Update 0 {'f:data':{'.':{},'f:x':{},'f:y':{}}}", NULL },
	};
	struct story s = { .kind = "ConfigMap",
			   .type = type_find(STR(""), STR("v1"), STR("ConfigMap")) };
	struct act_of_story applied = { APPLY, "b", MAP("{'x':'1'}"), NULL, NULL };

	update(&s, &acts[0]);
	record_meta(s.type, s.live)->managed_fields = (struct meta_managed_fields_entry_list){ 0 };
	CHECK_STR(apply(&s, &applied), "");
	CHECK_STR(owners(&s), plain("b Apply {'f:data':{'f:x':{}}}\n"
				    "before-first-apply Update 0 {'f:data':{'.':{},'f:x':{},"
				    "'f:y':{}}}")
				  .at);
}

TEST(kubectl_takes_over_what_it_applied_by_itself)
{
#define LAST "'annotations':{'kubectl.kubernetes.io/last-applied-configuration':"
#define MAP_WITH(last, data) "{'metadata':{" LAST last "},'name':'m'},'data':" data "}"
	static const char annotation[] =
	    "'{\\'apiVersion\\':\\'v1\\',\\'kind\\':\\'ConfigMap\\',\\'metadata\\':{\\'name\\':"
	    "\\'m\\'},\\'data\\':{\\'x\\':\\'1\\'}}'";
	struct str text;
	struct story s = { .kind = "ConfigMap",
			   .type = type_find(STR(""), STR("v1"), STR("ConfigMap")) };
	struct act_of_story created = { CREATE, "kubectl-client-side-apply", NULL, NULL, NULL };
	struct act_of_story applied = { APPLY, "kubectl", MAP("{'x':'2'}"), NULL, NULL };
	struct act_of_story other = { APPLY, "other", MAP("{'x':'3'}"), NULL, NULL };
	struct act_of_story more = { APPLY, "kubectl", MAP("{'x':'2','y':'2'}"), NULL, NULL };

	created.json =
	    arena_printf(test_arena(), MAP_WITH("%s", "{'x':'1','y':'1'}"), annotation).at;
	update(&s, &created);
	CHECK_STR(apply(&s, &other),
		  "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using "
		  "v1: .data.x");
	CHECK_STR(apply(&s, &more),
		  "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using "
		  "v1: .data.y");
	applied.json = "{'kind':'ConfigMap','apiVersion':'v1','metadata':{'name':'m'},'data':{'x':"
		       "'2'}}";
	CHECK_STR(apply(&s, &applied), "");
	text = str_map_get(record_meta(s.type, s.live)->annotations, APPLY_LAST_ANNOTATION);
	CHECK_STR(text, "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"2\"},\"kind\":\"ConfigMap\","
			"\"metadata\":{\"name\":\"m\"}}\n");
}

TEST(lists_of_owners_are_compared_without_their_times)
{
	struct meta_managed_fields_entry one = {
		.manager = STR("a"),
		.operation = STR("Update"),
		.api_version = STR("v1"),
		.fields_type = STR("FieldsV1"),
		.fields_v1 = STR("{\"f:data\":{}}"),
	};
	struct meta_managed_fields_entry other = one;
	struct meta_managed_fields_entry_list a = { &one, 1 }, b = { &other, 1 };

	SET(&other, time, (struct wall){ TIME_S });
	CHECK(managed_is_same(&a, &b));
	other.fields_v1 = STR("{}");
	CHECK(!managed_is_same(&a, &b));
	b.len = 0;
	CHECK(!managed_is_same(&a, &b));
}

TEST(what_is_owned_as_a_whole_by_now_is_fitted)
{
	const struct type *type = type_find(STR("apps"), STR("v1"), STR("Deployment"));
	struct text text = text_in(test_arena(), KIB);
	struct fields set;

	CHECK_STATUS(
	    fields_parse(plain("{'f:spec':{'f:replicas':{},'f:selector':{'f:matchLabels':{"
			       "'f:a':{}}},'f:template':{'f:spec':{'f:tolerations':{'i:0':{"
			       "}}}}}}"),
			 test_arena(), &set, NULL),
	    OK);
	fields_write(record_fields_fitted(type, set, test_arena()), &text);
	CHECK_STR(text_str(&text), plain("{'f:spec':{'f:replicas':{},'f:selector':{},'f:template':{"
					 "'f:spec':{'f:tolerations':{}}}}}")
				       .at);
}

/* Compared with kube-apiserver v1.37.2. */
static const struct {
	const char *json, *words;
} mistyped[] = {
	{ "{'spec':{'replicas':'x'}}",
	  ".spec.replicas: expected numeric (int or float), got string" },
	{ "{'spec':{'replicas':true}}",
	  ".spec.replicas: expected numeric (int or float), got bool" },
	{ "{'spec':{'paused':'yes'}}", ".spec.paused: expected boolean, got &{yes}" },
	{ "{'spec':[]}", ".spec: expected map, got &{[]}" },
	{ "{'metadata':{'labels':{'a':1}}}",
	  ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}" },
	{ "{'spec':{'template':{'spec':{'containers':{'a':1}}}}}",
	  ".spec.template.spec.containers: expected list, got &{map[a:1]}" },
	{ "{'spec':{'template':{'spec':{'containers':[{'name':'a','stdin':1}]}}}}",
	  ".spec.template.spec.containers[name='a'].stdin: expected boolean, got &{1}" },
	{ "{'spec':{'replicas':null,'paused':true}}", "" },
};

TEST(values_of_another_type_are_named)
{
	const struct type *type = type_find(STR("apps"), STR("v1"), STR("Deployment"));

	for (size_t i = 0; i < sizeof mistyped / sizeof mistyped[0]; i++)
		CHECK_STR(typed_fault(type, plain(mistyped[i].json), test_arena()),
			  plain(mistyped[i].words).at);
}

TEST(more_owners_than_anybody_has_are_no_list)
{
	struct meta_managed_fields_entry_list list = { .len = MANAGED_OWNERS_MAX + 1 };
	struct managed managed;

	list.at = arena_array(test_arena(), struct meta_managed_fields_entry, list.len);
	for (uint32_t i = 0; i < list.len; i++)
		list.at[i] = (struct meta_managed_fields_entry){
			.manager = arena_printf(test_arena(), "m%u", i),
			.operation = STR("Apply"),
			.api_version = STR("v1"),
			.fields_type = STR("FieldsV1"),
			.fields_v1 = STR("{\"f:data\":{}}"),
		};
	CHECK_STATUS(managed_read(&list, false, test_arena(), &managed, NULL), BAD_REQUEST);
	list.len--;
	CHECK_STATUS(managed_read(&list, false, test_arena(), &managed, NULL), OK);
	CHECK_EQ(managed.len, MANAGED_OWNERS_MAX);
}

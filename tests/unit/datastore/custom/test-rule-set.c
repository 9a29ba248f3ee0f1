#include "datastore/custom/rule/rule-set.h"

#include "datastore/object/json.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

/* With ' for ", so that a schema can be read. */
static const char *unquoted(const char *text)
{
	char *out = arena_cstr(test_arena(), str_from(text));

	for (char *at = out; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	return out;
}

static const struct value *make_value(const char *text)
{
	struct value *value = arena_new_of(test_arena(), struct value);

	CHECK_STATUS(value_parse(str_from(unquoted(text)), test_arena(), value), OK);
	return value;
}

static void note(void *arg, struct str words)
{
	text_printf(arg, "%sWARNING " STR_FMT, ((struct text *)arg)->len > 0 ? "|" : "",
		    STR_ARG(words));
}

/* Warnings, then faults as they stand in a Status, separated by |. */
static struct str judged(const char *schema, const char *value, const char *old, bool is_ratcheted)
{
	struct text out = text_in(test_arena(), 64 * KIB);
	struct faults faults = faults_in(test_arena());
	uint64_t cost = 0;
	struct rule_task task = { .value = make_value(value),
				  .old = old ? make_value(old) : NULL,
				  .is_ratcheted = is_ratcheted,
				  .faults = &faults,
				  .warn = note,
				  .arg = &out,
				  .cost = &cost };
	struct fault why;
	void *record;

	CHECK_STATUS(json_decode(&apiextensions_json_schema_props_type, str_from(unquoted(schema)),
				 test_arena(), (struct json_options){ 0 }, &record, &why),
		     OK);
	task.set = rule_set_new(record, true);
	rule_set_check(&task);
	rule_set_free(task.set);
	for (uint32_t i = 0; i < faults.len; i++)
		text_printf(&out, "%s" STR_FMT ": " STR_FMT, out.len > 0 ? "|" : "",
			    STR_ARG(faults.at[i].field), STR_ARG(faults.at[i].message));
	return text_str(&out);
}

#define SPEC(properties, rules)                                                            \
	"{'type':'object','properties':{'spec':{'type':'object','properties':{" properties \
	"},'x-kubernetes-validations':[" rules "]}}}"
#define COUNTS "'min':{'type':'integer'},'max':{'type':'integer'},'name':{'type':'string'}"

TEST(rules_are_asked_of_the_value_that_they_stand_at)
{
	static const struct {
		const char *schema, *value, *words;
	} cases[] = {
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max'}"), "{'spec':{'min':1,'max':2}}",
		  "" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max'}"), "{'spec':{'min':3,'max':2}}",
		  "spec: Invalid value: failed rule: self.min <= self.max" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max','message':' too small '}"),
		  "{'spec':{'min':3,'max':2}}", "spec: Invalid value: too small" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max','messageExpression':'string(self."
			       "min) + \\'>\\' + string(self.max)'}"),
		  "{'spec':{'min':3,'max':2}}", "spec: Invalid value: 3>2" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max','reason':'FieldValueForbidden',"
			       "'message':'no','fieldPath':'.min'}"),
		  "{'spec':{'min':3,'max':2}}", "spec.min: Forbidden: no" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max','reason':'FieldValueRequired',"
			       "'message':'no'}"),
		  "{'spec':{'min':3,'max':2}}", "spec: Required value: no" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max','reason':'FieldValueDuplicate',"
			       "'message':'no'}"),
		  "{'spec':{'min':3,'max':2}}", "spec: Duplicate value" },
		{ SPEC(COUNTS, "{'rule':'self.min <= self.max'}"), "{'spec':{'min':3}}",
		  "spec: Invalid value: \"object\": no such key: max evaluating rule: self.min <= "
		  "self.max" },
		{ SPEC(COUNTS, "{'rule':'self.min / 0 > 1','message':'m'}"), "{'spec':{'min':3}}",
		  "spec: Invalid value: \"object\": division by zero evaluating rule: m" },
		{ SPEC("'u':{'x-kubernetes-int-or-string':true}", "{'rule':'self.u > 1'}"),
		  "{'spec':{'u':'x'}}",
		  "spec: Invalid value: \"object\": 'no such overload': call arguments did not "
		  "match a supported operator, function or macro signature for rule: self.u > 1" },
		{ SPEC("'s':{'type':'string','x-kubernetes-validations':[{'rule':'self.size() < "
		       "3'}]}",
		       ""),
		  "{'spec':{'s':'abcd'}}",
		  "spec.s: Invalid value: \"abcd\": failed rule: self.size() < 3" },
		{ SPEC("'l':{'type':'array','items':{'type':'integer','x-kubernetes-validations':"
		       "[{'rule':'self > 0'}]}}",
		       ""),
		  "{'spec':{'l':[1,0,-1]}}",
		  "spec.l[1]: Invalid value: 0: failed rule: self > 0|spec.l[2]: Invalid value: "
		  "-1: failed rule: self > 0" },
		{ SPEC("'m':{'type':'object','additionalProperties':{'type':'string','x-kubernetes-"
		       "validations':[{'rule':'self != \\'\\''}]}}",
		       ""),
		  "{'spec':{'m':{'a':'x','b.c':''}}}",
		  "spec.m[b.c]: Invalid value: \"\": failed rule: self != \"\"" },
		{ "{'type':'object','x-kubernetes-validations':[{'rule':'self.metadata.name.size() "
		  "< 3 && self.kind == self.kind'}]}",
		  "{'apiVersion':'v1','kind':'A','metadata':{'name':'long'}}",
		  "<nil>: Invalid value: failed rule: self.metadata.name.size() < 3 && self.kind "
		  "== "
		  "self.kind" },
		{ SPEC(COUNTS, "{'rule':'lists.range(2000000).size() > 0'},{'rule':'self.min > "
			       "1'}"),
		  "{'spec':{'min':0}}",
		  "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit "
		  "exceeded': no further validation rules will be run due to call cost exceeds "
		  "limit for rule: lists.range(2000000).size() > 0" },
		{ SPEC(COUNTS, "{'rule':'self.nothing'}"), "{'spec':{'min':0}}",
		  "spec: Invalid value: \"object\": rule compile error: compilation failed: ERROR: "
		  "<input>:1:5: undefined field 'nothing'\n | self.nothing\n | ....^" },
		{ SPEC("'n':{'type':'string','nullable':true,'x-kubernetes-validations':[{'rule':"
		       "'self == \\'x\\''}]}",
		       ""),
		  "{'spec':{'n':null}}", "" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(judged(cases[i].schema, cases[i].value, NULL, false), cases[i].words);
}

TEST(what_changed_is_compared_with_what_was_there)
{
	static const char immutable[] =
	    SPEC("'name':{'type':'string','x-kubernetes-validations':[{'rule':'self == oldSelf',"
		 "'message':'stays'}]}",
		 "");
	static const char by_key[] =
	    SPEC("'l':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':"
		 "['k'],'items':{'type':'object','properties':{'k':{'type':'string'},'v':{'type':"
		 "'integer'}},'x-kubernetes-validations':[{'rule':'self.v >= oldSelf.v'}]}}",
		 "");
	static const char optional[] =
	    SPEC("'n':{'type':'integer','x-kubernetes-validations':[{'rule':'oldSelf.hasValue() ? "
		 "self > oldSelf.value() : self == 1','optionalOldSelf':true}]}",
		 "");

	CHECK_STR(judged(immutable, "{'spec':{'name':'a'}}", NULL, false), "");
	CHECK_STR(judged(immutable, "{'spec':{'name':'a'}}", "{'spec':{}}", true), "");
	CHECK_STR(judged(immutable, "{'spec':{'name':'a'}}", "{'spec':{'name':'a'}}", true), "");
	CHECK_STR(judged(immutable, "{'spec':{'name':'a'}}", "{'spec':{'name':'b'}}", true),
		  "spec.name: Invalid value: \"a\": stays");
	CHECK_STR(judged(by_key, "{'spec':{'l':[{'k':'b','v':1},{'k':'a','v':1}]}}",
			 "{'spec':{'l':[{'k':'a','v':2},{'k':'c','v':9}]}}", true),
		  "spec.l[1]: Invalid value: failed rule: self.v >= oldSelf.v");
	CHECK_STR(judged(optional, "{'spec':{'n':1}}", NULL, false), "");
	CHECK_STR(judged(optional, "{'spec':{'n':2}}", NULL, false),
		  "spec.n: Invalid value: 2: failed rule: oldSelf.hasValue() ? self > "
		  "oldSelf.value() : self == 1");
	CHECK_STR(judged(optional, "{'spec':{'n':2}}", "{'spec':{'n':1}}", true), "");
}

TEST(what_fails_as_it_was_is_warned_of)
{
	static const char schema[] =
	    SPEC("'s':{'type':'string','x-kubernetes-validations':[{'rule':'self.size() < 3'}]},"
		 "'t':{'type':'string'}",
		 "{'rule':'self.t != self.s'}");

	CHECK_STR(
	    judged(schema, "{'spec':{'s':'long','t':'b'}}", "{'spec':{'s':'long','t':'a'}}", true),
	    "WARNING spec.s: Invalid value: \"long\": failed rule: self.size() < 3");
	CHECK_STR(judged(schema, "{'spec':{'s':'longer','t':'b'}}", "{'spec':{'s':'long','t':'a'}}",
			 true),
		  "spec.s: Invalid value: \"longer\": failed rule: self.size() < 3");
	CHECK_STR(judged(schema, "{'spec':{'s':'a','t':'a'}}", "{'spec':{'s':'a','t':'a'}}", true),
		  "WARNING spec: Invalid value: failed rule: self.t != self.s");
}

TEST(all_rules_of_an_object_have_one_budget)
{
	static const char schema[] =
	    SPEC("'l':{'type':'array','items':{'type':'integer','x-kubernetes-validations':[{"
		 "'rule':'lists.range(900000).size() > 0'}]}}",
		 "");

	CHECK_STR(judged(schema, "{'spec':{'l':[0,1,2,3,4,5,6,7,8,9,10]}}", NULL, false), "");
	CHECK_STR(judged(schema, "{'spec':{'l':[0,1,2,3,4,5,6,7,8,9,10,11,12]}}", NULL, false),
		  "spec.l[11]: Invalid value: \"integer\": validation failed due to running out of "
		  "cost budget, no further validation rules will be run");
}

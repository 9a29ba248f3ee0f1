#include "datastore/schema/troupe.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define PLAN (&troupe_chaos_plan_type)
#define SPEC(text) "{'spec':{" text "}}"

static const char plan[] =
    "{'metadata':{'name':'a','generation':1},'spec':{'fault':'Kill','target':{'level':'Host',"
    "'names':['n?.core']},'faultSeconds':1,'neverBelowQuorum':true}}";

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ SPEC("'everySeconds':10,'durationSeconds':60"), "" },
	{ SPEC("'target':{'level':'Actor','selector':{'matchLabels':{'troupe.internal/"
	       "class':'x'}}}"),
	  "" },
	{ SPEC("'fault':'Pause','faultSeconds':5"), "" },
	{ SPEC("'fault':'Partition','target':{'level':'Node'}"), "" },
	{ SPEC("'fault':'SlowFsync','target':{'level':'Disk'}"),
	  "spec.fault: Invalid value: \"SlowFsync\": is not supported yet: Kill, Pause and "
	  "Partition are" },
	{ SPEC("'fault':'Explode'"),
	  "spec.fault: Unsupported value: \"Explode\": supported values: \"ClockSkew\", "
	  "\"CorruptSegment\", \"Delay\", \"Drop\", \"Duplicate\", \"FullDisk\", \"Kill\", "
	  "\"Partition\", \"Pause\", \"SlowFsync\"" },
	{ SPEC("'target':{'level':'Node'}"),
	  "spec.target.level: Invalid value: \"Node\": Kill takes Actor or Host" },
	{ SPEC("'fault':'Pause','target':{'level':'Actor'}"),
	  "spec.target.level: Invalid value: \"Actor\": Pause takes Host" },
	{ SPEC("'target':{'level':'Moon'}"),
	  "spec.target.level: Unsupported value: \"Moon\": supported values: \"Actor\", \"Disk\", "
	  "\"Host\", \"Link\", \"Node\"" },
	{ SPEC("'target':{'names':['N1']}"),
	  "spec.target.names[0]: Invalid value: \"N1\": must be a name as of an actor, 1 to 253 of "
	  "a-z, 0-9, '-' and '.', with '*' for any text and '?' for any letter" },
	{ SPEC("'everySeconds':0"),
	  "spec.everySeconds: Invalid value: 0: must be between 1 and 86400, inclusive" },
	{ SPEC("'faultSeconds':601"),
	  "spec.faultSeconds: Invalid value: 601: must be between 1 and 600, inclusive" },
};

TEST(a_chaos_plan_says_what_it_would_do_and_is_refused_what_nobody_does_yet)
{
	KIND_CREATES(PLAN, plan, create_cases);
}

static const struct kind_case update_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ SPEC("'everySeconds':7"), "spec: Invalid value: " },
};

TEST(a_chaos_plan_is_as_it_was_made)
{
	struct kind_lab *lab = kind_lab(PLAN);

	CHECK_STR(kind_lab_update(lab, "", plan, update_cases[0].patch), "");
	CHECK(str_find(kind_lab_update(lab, "", plan, update_cases[1].patch),
		       STR("field is immutable")) > 0);
}

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
	{ SPEC("'fault':'SlowFsync','target':{'level':'Disk'},'perMillion':500000,"
	       "'delayMilliseconds':60000"),
	  "" },
	{ SPEC("'fault':'Delay','target':{'level':'Link'},'delayMilliseconds':5"), "" },
	{ SPEC("'fault':'Drop','target':{'level':'Link','names':['n1.to.n?']},'perMillion':1"), "" },
	{ SPEC("'fault':'Duplicate','target':{'level':'Link'}"), "" },
	{ SPEC("'fault':'FullDisk','target':{'level':'Disk'}"), "" },
	{ SPEC("'fault':'ClockSkew','target':{'level':'Node'},'skewMilliseconds':-86400000"), "" },
	{ SPEC("'fault':'ClockSkew','target':{'level':'Host'}"), "" },
	{ SPEC("'fault':'CorruptSegment','target':{'level':'Disk'}"), "" },
	{ SPEC("'fault':'CorruptSegment','target':{'level':'Disk'},'neverBelowQuorum':false"),
	  "spec.neverBelowQuorum: Invalid value: false: a log that is corrupt comes back from the "
	  "others only: CorruptSegment is done where they are a majority without it" },
	{ SPEC("'fault':'Drop','target':{'level':'Node'}"),
	  "spec.target.level: Invalid value: \"Node\": Drop takes Link" },
	{ SPEC("'fault':'FullDisk','target':{'level':'Host'}"),
	  "spec.target.level: Invalid value: \"Host\": FullDisk takes Disk" },
	{ SPEC("'fault':'ClockSkew','target':{'level':'Disk'}"),
	  "spec.target.level: Invalid value: \"Disk\": ClockSkew takes Host or Node" },
	{ SPEC("'perMillion':5"),
	  "spec.perMillion: Invalid value: 5: means nothing for Kill; it is "
	  "for Drop, Delay, Duplicate and SlowFsync" },
	{ SPEC("'fault':'Drop','target':{'level':'Link'},'delayMilliseconds':5"),
	  "spec.delayMilliseconds: Invalid value: 5: means nothing for Drop; it is for Delay and "
	  "SlowFsync" },
	{ SPEC("'fault':'FullDisk','target':{'level':'Disk'},'skewMilliseconds':5"),
	  "spec.skewMilliseconds: Invalid value: 5: means nothing for FullDisk; it is for "
	  "ClockSkew" },
	{ SPEC("'fault':'Drop','target':{'level':'Link'},'perMillion':1000001"),
	  "spec.perMillion: Invalid value: 1000001: must be between 1 and 1000000, inclusive" },
	{ SPEC("'fault':'Delay','target':{'level':'Link'},'delayMilliseconds':0"),
	  "spec.delayMilliseconds: Invalid value: 0: must be between 1 and 60000, inclusive" },
	{ SPEC("'fault':'ClockSkew','target':{'level':'Node'},'skewMilliseconds':86400001"),
	  "spec.skewMilliseconds: Invalid value: 86400001: must be between -86400000 and 86400000, "
	  "inclusive" },
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

TEST(a_chaos_plan_says_what_it_would_do_and_is_refused_what_its_fault_does_not_have)
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

#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/apiregistration.h"

#define SERVICE (&apiregistration_api_service_type)
#define SPEC(members) "{'spec':{" members "}}"

static const char service[] =
    "{'metadata':{'name':'v1.a.io'},'spec':{'group':'a.io','version':'v1',"
    "'groupPriorityMinimum':100,'versionPriority':10,'service':{'namespace':"
    "'n','name':'s','port':443}}}";

static const struct kind_case cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'v1.'},'spec':{'group':'','service':null}}", "" },
	{ "{'metadata':{'name':'x'}}", "metadata.name: Invalid value: \"x\": must be "
				       "`spec.version+\".\"+spec.group`: \"v1.a.io\"" },
	{ "{'metadata':{'name':'a/b'}}",
	  "metadata.name: Invalid value: \"a/b\": may not contain '/'" },
	{ "{'metadata':{'name':'v2.'},'spec':{'group':'','version':'v2'}}",
	  "spec.group: Required value: only v1 may have an empty group and it better be legacy "
	  "kube" },
	{ SPEC("'groupPriorityMinimum':0,'versionPriority':1001"),
	  "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000\n"
	  "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000" },
	{ SPEC("'service':null,'caBundle':'eHk=','insecureSkipTLSVerify':true"),
	  "spec.caBundle: Invalid value: \"2 bytes\": local APIServices may not have a caBundle\n"
	  "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have "
	  "insecureSkipTLSVerify" },
	{ SPEC("'caBundle':'eHk=','insecureSkipTLSVerify':true,'service':{'name':'','port':0}"),
	  "spec.service.name: Required value\n"
	  "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, "
	  "inclusive\n"
	  "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is "
	  "present" },
};

static const struct kind_case status_cases[] = {
	{ "{'status':{'conditions':[{'type':'A','status':'Maybe'}]}}",
	  "status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"True\", "
	  "\"False\", \"Unknown\"" },
	{ "{'status':{'conditions':[{'type':'A','status':'Unknown'}]}}", "" },
};

TEST(an_api_service_is_named_by_its_version_and_group)
{
	struct kind_lab *lab = kind_lab(SERVICE);

	KIND_CREATES(SERVICE, service, cases);
	KIND_UPDATES(SERVICE, "status", service, status_cases);
	/* What is served here is available at once. */
	CHECK_STR(kind_lab_create(lab, service, "{'spec':{'service':null}}"), "");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].reason"), "Local");
	CHECK_STR(kind_lab_create(lab, service, NULL), "");
	CHECK_STR(kind_lab_value(lab, "status.conditions"), "");
}

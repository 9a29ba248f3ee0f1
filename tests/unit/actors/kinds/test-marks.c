#include "datastore/schema/certificates.h"
#include "datastore/schema/node.h"
#include "tests/unit/actors/kinds/kind-lab.h"

/* That the marks of a type's table are asked at each door; what each mark asks is tested with the walker. */

static const char class[] = "{'metadata':{'name':'r'},'handler':'runc'}";
static const char request[] = "{'metadata':{'name':'c'},'spec':{'request':'YQ==','signerName':"
			      "'a.b/c','usages':['client auth']}}";

TEST(marks_are_asked_on_create)
{
	static const struct kind_case cases[] = {
		{ NULL, "" },
		{ "{'handler':null}", "handler: Required value" },
		{ "{'handler':'a.b'}", "handler: Invalid value: \"a.b\": must not contain dots" },
	};

	KIND_CREATES(&node_runtime_class_type, class, cases);
}

TEST(marks_are_asked_on_update)
{
	static const struct kind_case cases[] = {
		{ "{'metadata':{'labels':{'a':'b'}}}", "" },
		{ "{'handler':'other'}", "handler: Invalid value: null: field is immutable" },
	};

	KIND_UPDATES(&node_runtime_class_type, "", class, cases);
}

TEST(marks_are_asked_where_only_the_status_changes)
{
	static const char both[] = "{'status':{'conditions':[{'type':'Approved','status':'True'},"
				   "{'type':'Denied','status':'True'}]}}";
	struct kind_lab *lab = kind_lab(&certificates_certificate_signing_request_type);
	struct str said = kind_lab_update(lab, "approval", request, both);

	CHECK(str_find(said, STR("status.conditions: Invalid value: "
				 "\"{conditions[{\\\"type\\\": \\\"Approved\\\"}], "
				 "conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": must specify at "
				 "most one of: ")) >= 0);
}

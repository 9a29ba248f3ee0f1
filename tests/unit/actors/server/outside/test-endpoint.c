#include "actors/server/outside/endpoint.h"

#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"
#include "tests/unit/actors/kinds/kind-lab.h"
#include "tests/unit/actors/server/rig.h"

struct search {
	struct kind_lab *lab;
	const char *service;
	int32_t port;
	struct endpoint found;
	struct fault why;
	enum status status;
};

static void find(struct act *act, void *arg)
{
	struct search *search = arg;

	search->why = (struct fault){ .status = OK };
	search->status =
	    endpoint_find(&search->lab->reader, act, test_arena(), STR("default"),
			  str_from(search->service), search->port, &search->found, &search->why);
}

/* "host:port", or why there is none. */
static struct str found(struct rig *rig, struct kind_lab *lab, const char *service, int32_t port)
{
	struct search search = { .lab = lab, .service = service, .port = port };

	rig_enter(rig, find, &search);
	if (search.status != OK)
		return arena_str(test_arena(), str_from(search.why.text));
	return arena_printf(test_arena(), STR_FMT ":%u", STR_ARG(search.found.host),
			    (unsigned)search.found.port);
}

static void add_slice(struct kind_lab *lab, const char *name, const char *service,
		      const char *endpoints)
{
	kind_lab_add(
	    lab, &discovery_endpoint_slice_type,
	    arena_printf(test_arena(),
			 "{'metadata':{'name':'%s','namespace':'default','labels':{"
			 "'kubernetes.io/service-name':'%s'}},'addressType':'IPv4','ports':[{"
			 "'name':'other','port':1},{'name':'https','port':8443}],"
			 "'endpoints':[%s]}",
			 name, service, endpoints)
		.at);
}

TEST(a_service_is_answered_by_a_ready_endpoint_at_its_own_port)
{
	struct kind_lab *lab = kind_lab(&core_service_type);
	struct rig *rig = rig_open(NULL);

	CHECK_STR(found(rig, lab, "web", 443), "service \"web\" not found");
	kind_lab_add(lab, &core_service_type,
		     "{'metadata':{'name':'web','namespace':'default'},'spec':{'ports':[{'name':"
		     "'https','port':443,'targetPort':8443}]}}");
	CHECK_STR(found(rig, lab, "web", 80), "no service port 80 found for service \"web\"");
	CHECK_STR(found(rig, lab, "web", 443), "no endpoints available for service \"web\"");
	add_slice(lab, "another", "other", "{'addresses':['10.0.0.9']}");
	add_slice(lab, "web-1", "web",
		  "{'addresses':['10.0.0.1'],'conditions':{'ready':false}},{'addresses':[]}");
	CHECK_STR(found(rig, lab, "web", 443), "no endpoints available for service \"web\"");
	add_slice(lab, "web-2", "web", "{'addresses':['10.0.0.2'],'conditions':{'ready':true}}");
	for (int i = 0; i < 20; i++)
		CHECK_STR(found(rig, lab, "web", 443), "10.0.0.2:8443");
	rig_close(rig);
}

TEST(each_ready_endpoint_has_its_turn)
{
	struct kind_lab *lab = kind_lab(&core_service_type);
	struct rig *rig = rig_open(NULL);
	uint32_t first = 0, last = 0;

	kind_lab_add(lab, &core_service_type,
		     "{'metadata':{'name':'web','namespace':'default'},'spec':{'ports':[{'name':"
		     "'https','port':443}]}}");
	add_slice(lab, "web-1", "web", "{'addresses':['10.0.0.1']},{'addresses':['10.0.0.2']}");
	add_slice(lab, "web-2", "web", "{'addresses':['10.0.0.3']}");
	for (int i = 0; i < 300; i++) {
		struct str at = found(rig, lab, "web", 443);

		first += str_is(at, "10.0.0.1:8443");
		last += str_is(at, "10.0.0.3:8443");
	}
	CHECK(first > 60 && first < 140);
	CHECK(last > 60 && last < 140);
	rig_close(rig);
}

TEST(an_external_name_is_its_own_endpoint)
{
	struct kind_lab *lab = kind_lab(&core_service_type);
	struct rig *rig = rig_open(NULL);

	kind_lab_add(lab, &core_service_type,
		     "{'metadata':{'name':'far','namespace':'default'},'spec':{'type':"
		     "'ExternalName','externalName':'far.example.com'}}");
	CHECK_STR(found(rig, lab, "far", 443), "far.example.com:443");
	rig_close(rig);
}

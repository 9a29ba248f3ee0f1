/*
 * Where a node's kubelet is: which of its addresses, which port, and who we are to it.
 */
#include "actors/server/proxy/kubelet.h"

#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define ADDRESSES                                                                          \
	"'addresses':[{'type':'Hostname','address':'far'},{'type':'InternalIP','address':" \
	"'10.0.0.1'},{'type':'ExternalIP','address':'192.0.2.1'},{'type':'InternalDNS',"   \
	"'address':'10.0.0.2'}]"

static enum status find(const char *status, const char *types, uint16_t port,
			struct place_spec *out, struct fault *why)
{
	struct kind_lab *lab = kind_lab(&core_node_type);
	struct server *server = arena_new_of(test_arena(), struct server);
	struct server_config *config = arena_new_of(test_arena(), struct server_config);
	struct str rest = str_from(types);

	kind_lab_add(
	    lab, &core_node_type,
	    arena_printf(test_arena(), "{'metadata':{'name':'n'},'status':{%s}}", status).at);
	config->kubelet_certificate_pem = STR("c");
	config->kubelet_port = port;
	config->kubelet_address_types.at = arena_array(test_arena(), struct str, 8);
	while (rest.len > 0)
		config->kubelet_address_types.at[config->kubelet_address_types.len++] =
		    str_cut(&rest, ',');
	server->config = config;
	server->reader = lab->reader;
	return kubelet_find(server, STR("n"), out, why);
}

TEST(the_first_address_of_the_types_that_are_wanted_is_called)
{
	static const struct {
		const char *status, *types, *host;
		uint16_t own, port;
	} cases[] = {
		{ ADDRESSES, "", "10.0.0.1", 0, 10250 },
		{ ADDRESSES, "ExternalIP,InternalIP", "192.0.2.1", 10251, 10251 },
		{ ADDRESSES, "Hostname,InternalDNS", "10.0.0.2", 0, 10250 },
		{ ADDRESSES ",'daemonEndpoints':{'kubeletEndpoint':{'Port':1234}}", "InternalIP",
		  "10.0.0.1", 10251, 1234 },
		{ ADDRESSES, "Hostname,ExternalDNS", NULL, 0, 0 },
		{ "'addresses':[]", "", NULL, 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct place_spec place;
		struct fault why = { 0 };
		enum status status =
		    find(cases[i].status, cases[i].types, cases[i].own, &place, &why);

		CHECK_STATUS(status, cases[i].host != NULL ? OK : INVALID);
		if (status != OK) {
			CHECK_STR(str_from(why.text), "no preferred addresses found");
			continue;
		}
		CHECK_STR(place.host, cases[i].host);
		CHECK_EQ(place.port, cases[i].port);
		CHECK_STR(place.certificate_pem, "c");
		CHECK(place.is_unverified);
	}
}

#include "deploy/cluster/api-endpoints.h"
#include "tests/unit/actors/server/rig.h"

#define ENDPOINTS "/api/v1/namespaces/default/endpoints/kubernetes"
#define SLICE "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"

static struct store_member member(const char *address, bool is_alive)
{
	return (struct store_member){ .address = str_from(address), .is_alive = is_alive };
}

TEST(who_is_alive_and_serves_at_our_port_is_an_endpoint_unless_the_address_is_of_one_machine_only)
{
	const struct store_member members[] = {
		member("10.0.0.2:6444", true),  member("10.0.0.1:6444", true),
		member("10.0.0.3:6444", false), member("10.0.0.4:7444", true),
		member("127.0.0.1:6444", true), member("[fd00::1]:6444", true),
		member("nonsense", true)
	};
	struct str found;

	found = api_endpoints_of(test_arena(), members, 7, 6443);
	CHECK_STR(found, "\"10.0.0.1\",\"10.0.0.2\"");
	CHECK(api_endpoints_of(test_arena(), &members[4], 1, 6443).at == NULL);
	CHECK_STR(api_endpoints_of(test_arena(), &members[5], 1, 6443), "\"fd00::1\"");
}

/* ---- the actor ------------------------------------------------------------------------------------------------ */

static void tell(struct act *act, void *arg)
{
	struct store_status status = *(const struct store_status *)arg;

	CHECK_STATUS(act_send(act, act_whereis(act, "endpoints"), &store_status_type, &status), OK);
}

/* What the store of the leader says: so many of 10.0.0.1, 10.0.0.2 and so on live. */
static void say(struct rig *rig, uint32_t count)
{
	struct store_status status = { .is_leader = true, .arena = arena_new(0) };
	struct store_member *members = arena_array(status.arena, struct store_member, 3);

	for (uint32_t i = 0; i < 3; i++)
		members[i] = (struct store_member){ .address = arena_printf(
							status.arena, "10.0.0.%u:6444", i + 1),
						    .is_alive = i < count };
	status.members = members;
	status.member_count = 3;
	rig_enter(rig, tell, &status);
}

static struct rig *open_with_endpoints(void)
{
	static const struct api_endpoints_args args = { .api = "api",
							.store = "store",
							.port = 6443 };
	const struct act_child child = { .id = "endpoints",
					 .class = &api_endpoints_class,
					 .args = &args };

	return rig_open_with(NULL, &child, 1);
}

static void check_addresses(struct rig *rig, const char *listed)
{
	struct rig_answer endpoints = rig_get(rig, ENDPOINTS), slice = rig_get(rig, SLICE);
	struct text of_endpoints = text_in(test_arena(), 1024), of_slice = of_endpoints;

	for (uint32_t i = 0; i < rig_count(endpoints.body, "subsets[0].addresses"); i++)
		text_printf(&of_endpoints, "%.*s ",
			    STR_ARG(rig_at(endpoints.body,
					   rig_printf("subsets[0].addresses[%u].ip", i).at)));
	for (uint32_t i = 0; i < rig_count(slice.body, "endpoints"); i++)
		text_printf(
		    &of_slice, "%.*s ",
		    STR_ARG(rig_at(slice.body, rig_printf("endpoints[%u].addresses[0]", i).at)));
	CHECK_STR(text_str(&of_endpoints), listed);
	CHECK_STR(text_str(&of_slice), listed);
}

TEST(the_endpoints_of_the_api_follow_the_members)
{
	struct rig *rig = open_with_endpoints();

	rig_run(rig, 2000);
	CHECK_CODE(rig_get(rig, ENDPOINTS), 404); /* the rig's own address is of loopback */
	say(rig, 1);
	rig_run(rig, 100);
	check_addresses(rig, "10.0.0.1 ");
	CHECK_AT(rig_get(rig, ENDPOINTS).body, "subsets[0].ports",
		 "[{\"name\":\"https\",\"port\":6443,\"protocol\":\"TCP\"}]");
	CHECK_AT(rig_get(rig, ENDPOINTS).body, "metadata.labels",
		 "{\"endpointslice.kubernetes.io/skip-mirror\":\"true\"}");
	CHECK_AT(rig_get(rig, SLICE).body, "metadata.labels",
		 "{\"kubernetes.io/service-name\":\"kubernetes\"}");
	CHECK_AT(rig_get(rig, SLICE).body, "ports",
		 "[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":6443}]");
	say(rig, 3);
	rig_run(rig, 100);
	check_addresses(rig, "10.0.0.1 10.0.0.2 10.0.0.3 ");
	rig_close(rig);
}

TEST(who_seems_to_be_gone_stays_an_endpoint_for_a_while)
{
	struct rig *rig = open_with_endpoints();

	say(rig, 3);
	rig_run(rig, 100);
	say(rig, 2);
	rig_run(rig, API_ENDPOINTS_HOLD_MS - 500);
	check_addresses(rig, "10.0.0.1 10.0.0.2 10.0.0.3 ");
	say(rig, 3); /* it was only slow */
	rig_run(rig, API_ENDPOINTS_HOLD_MS);
	check_addresses(rig, "10.0.0.1 10.0.0.2 10.0.0.3 ");
	say(rig, 2);
	rig_run(rig, API_ENDPOINTS_HOLD_MS + 200);
	check_addresses(rig, "10.0.0.1 10.0.0.2 ");
	rig_close(rig);
}

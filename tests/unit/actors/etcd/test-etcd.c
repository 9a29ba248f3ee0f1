/*
 * Calls with one request: outcomes, refusals, fields and deadlines.
 */
#include "actors/etcd/etcd.h"

#include "actors/etcd/fault.h"
#include "datastore/store/store.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/etcd/door-lab.h"
#include "tests/unit/actors/etcd/wire-lab.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"
#include "transport/wire/proto.h"

static void check_fault(struct door_lab *lab, enum etcd_fault fault)
{
	struct grpc_fault expected = etcd_fault(fault);
	const char *status = arena_printf(test_arena(), "%u " STR_FMT, (unsigned)expected.code,
					  STR_ARG(expected.words))
				 .at;

	CHECK_STR(str_from(door_lab_status(lab)), status);
}

/* ---- calls with one request -------------------------------------------------------------------------------------------- */

#define LEASE "/etcdserverpb.Lease/"
#define CLUSTER "/etcdserverpb.Cluster/"
#define MAINTENANCE "/etcdserverpb.Maintenance/"

TEST(each_outcome_of_the_store_is_an_error_of_etcds)
{
	struct door_lab *lab = door_lab_open();
	struct text key = wire_lab_range("a", NULL), put = wire_lab_put("a", "1"),
		    seven = wire_lab_number(7);
	const struct {
		const char *path;
		struct text *request;
		enum status says;
		enum etcd_fault fault;
	} cases[] = {
		{ DOOR_LAB_KV "Range", &key, EXPIRED, ETCD_COMPACTED },
		{ DOOR_LAB_KV "Range", &key, BAD_REQUEST, ETCD_FUTURE_REVISION },
		{ DOOR_LAB_KV "Range", &key, TIMEOUT, ETCD_TIMED_OUT },
		{ DOOR_LAB_KV "Put", &put, INVALID, ETCD_LEASE_NOT_FOUND },
		{ DOOR_LAB_KV "Put", &put, NOT_FOUND, ETCD_KEY_NOT_FOUND },
		{ DOOR_LAB_KV "Put", &put, FULL, ETCD_NO_SPACE },
		{ DOOR_LAB_KV "Put", &put, BUSY, ETCD_TOO_MANY_REQUESTS },
		{ DOOR_LAB_KV "Put", &put, TIMEOUT, ETCD_TIMED_OUT },
		{ DOOR_LAB_KV "Put", &put, TOO_LARGE, ETCD_REQUEST_TOO_LARGE },
		{ DOOR_LAB_KV "DeleteRange", &key, BUSY, ETCD_TOO_MANY_REQUESTS },
		{ DOOR_LAB_KV "Compact", &seven, EXPIRED, ETCD_COMPACTED },
		{ DOOR_LAB_KV "Compact", &seven, BAD_REQUEST, ETCD_FUTURE_REVISION },
		{ LEASE "LeaseGrant", &seven, EXISTS, ETCD_LEASE_EXISTS },
		{ LEASE "LeaseRevoke", &seven, NOT_FOUND, ETCD_LEASE_NOT_FOUND },
		{ CLUSTER "MemberRemove", &seven, NOT_FOUND, ETCD_MEMBER_NOT_FOUND },
		{ CLUSTER "MemberRemove", &seven, FORBIDDEN, ETCD_MEMBER_ALIVE },
		{ CLUSTER "MemberRemove", &seven, CONFLICT, ETCD_NOT_ENOUGH_STARTED },
		{ CLUSTER "MemberPromote", &seven, CONFLICT, ETCD_LEARNER_NOT_READY },
		{ MAINTENANCE "MoveLeader", &seven, CONFLICT, ETCD_BAD_TRANSFEREE },
		{ MAINTENANCE "Defragment", &seven, TOO_LARGE, ETCD_DEFRAGMENT },
		{ MAINTENANCE "Defragment", &seven, BUSY, ETCD_TOO_MANY_REQUESTS },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		door_lab_store->says = cases[i].says;
		door_lab_call(lab, cases[i].path, door_lab_framed(text_str(cases[i].request)), NULL);
		check_fault(lab, cases[i].fault);
		door_lab_enter(lab, door_lab_close_call, NULL);
	}
	door_lab_close(lab);
}

TEST(what_is_not_done_here_is_said_without_asking_the_store)
{
	static const struct {
		const char *path;
		enum etcd_fault fault;
	} cases[] = {
		{ MAINTENANCE "Downgrade", ETCD_DOWNGRADE },
		{ CLUSTER "MemberAdd", ETCD_MEMBER_ADD },
		{ CLUSTER "MemberUpdate", ETCD_MEMBER_UPDATE },
		{ "/etcdserverpb.Auth/Authenticate", ETCD_AUTH_NOT_ENABLED },
		{ "/etcdserverpb.Auth/AuthEnable", ETCD_AUTH },
		{ "/etcdserverpb.Auth/UserAdd", ETCD_AUTH },
		{ "/etcdserverpb.Auth/RoleGrantPermission", ETCD_AUTH },
		{ DOOR_LAB_KV "Range", ETCD_EMPTY_KEY },
		{ DOOR_LAB_KV "Put", ETCD_EMPTY_KEY },
		{ DOOR_LAB_KV "DeleteRange", ETCD_EMPTY_KEY },
		{ DOOR_LAB_KV "Compact", ETCD_COMPACTED },
		{ MAINTENANCE "MoveLeader", ETCD_BAD_TRANSFEREE },
	};
	struct door_lab *lab = door_lab_open();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		door_lab_call(lab, cases[i].path, door_lab_framed(STR("")), NULL);
		check_fault(lab, cases[i].fault);
		door_lab_enter(lab, door_lab_close_call, NULL);
	}
	CHECK_EQ(door_lab_store->asked, 0);
	door_lab_close(lab);
}

TEST(what_is_no_call_of_etcds_is_refused_as_grpc_does)
{
	struct text key = wire_lab_range("a", NULL);
	struct str good = door_lab_framed(text_str(&key));
	const struct {
		const char *path;
		struct str body;
		const char *status;
	} cases[] = {
		{ DOOR_LAB_KV "Rage", good, "12 unknown method Rage for service etcdserverpb.KV" },
		{ "/helloworld.Greeter/SayHello", good, "12 unknown service helloworld.Greeter" },
		{ "/", good, "12 malformed method name: \"/\"" },
		{ DOOR_LAB_KV "Range", STR(""), "13 grpc: the call ended without a message" },
		{ DOOR_LAB_KV "Range", str_slice(good, 0, good.len - 1),
		  "13 grpc: the call ended within a message" },
		{ DOOR_LAB_KV "Range", str_of("\1\0\0\0\0", 5),
		  "12 grpc: compressed messages are not understood here" },
		{ DOOR_LAB_KV "Range", str_of("\0\0\x20\0\1", 5),
		  "8 grpc: received message larger than max" },
		{ DOOR_LAB_KV "Range", str_of("\0\0\0\0\2\x0a\x05", 7),
		  "13 grpc: the request's message cannot be read" },
	};
	struct door_lab *lab = door_lab_open();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		door_lab_call(lab, cases[i].path, cases[i].body, NULL);
		CHECK_STR(str_from(door_lab_status(lab)), cases[i].status);
		door_lab_enter(lab, door_lab_close_call, NULL);
	}
	door_lab_close(lab);
}

TEST(who_is_not_of_the_masters_is_not_answered)
{
	struct door_lab *lab = door_lab_open_as("system:nodes");
	struct text key = wire_lab_range("a", NULL);

	door_lab_call(lab, DOOR_LAB_KV "Range", door_lab_framed(text_str(&key)), NULL);
	check_fault(lab, ETCD_PERMISSION_DENIED);
	CHECK_EQ(door_lab_store->asked, 0);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

static const char *answer_of(struct door_lab *lab, uint64_t nested)
{
	struct str body = http_call_body(lab->asker->call), message;
	struct grpc_fault why = { 0 };

	CHECK_STR(str_from(door_lab_status(lab)), "0 ");
	CHECK(grpc_only(body, MIB, &message, &why));
	return door_lab_fields(message, nested);
}

TEST(answers_have_etcds_fields)
{
	struct door_lab *lab = door_lab_open();
	struct text key = wire_lab_range("a", "b"), put = wire_lab_put("a", "1"),
		    seven = wire_lab_number(7);
	struct text sorted = wire_lab_range("a", "b"), counted = wire_lab_range("a", "b");
	struct text sieved = wire_lab_range("a", "b"), old = wire_lab_range("a", "b");

	wire_lab_int(&sorted, 6, 4); /* by value */
	wire_lab_int(&sorted, 8, 1); /* keys only */
	wire_lab_int(&sieved, 10, 5);
	wire_lab_int(&sieved, 3, 1);
	wire_lab_int(&old, 4, 8);
	const struct {
		const char *path;
		struct text *request;
		const char *fields;
	} cases[] = {
		{ DOOR_LAB_KV "Range", &key,
		  DOOR_LAB_HEADER("10") " 2{1=k0 2:2 3:4 4:1 5=v9} 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ DOOR_LAB_KV "Range", &sorted,
		  DOOR_LAB_HEADER("10") " 2{1=k1 2:3 3:5 4:1} 2{1=k0 2:2 3:4 4:1} 4:5" },
		{ DOOR_LAB_KV "Range", &sieved,
		  DOOR_LAB_HEADER("10") " 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ DOOR_LAB_KV "Range", &old,
		  DOOR_LAB_HEADER("10") " 2{1=k0 2:2 3:4 4:1 5=v9} 2{1=k1 2:3 3:5 4:1 5=v8} 4:5" },
		{ DOOR_LAB_KV "Put", &put, DOOR_LAB_HEADER("11") },
		{ DOOR_LAB_KV "Compact", &seven, DOOR_LAB_HEADER("11") },
		{ LEASE "LeaseGrant", &seven, DOOR_LAB_HEADER("11") " 2:5 3:60" },
		{ LEASE "LeaseRevoke", &seven, DOOR_LAB_HEADER("11") },
		{ LEASE "LeaseTimeToLive", &seven, DOOR_LAB_HEADER("11") " 2:7 3:50 4:60" },
		{ LEASE "LeaseLeases", &counted, DOOR_LAB_HEADER("11") },
		{ "/etcdserverpb.Auth/AuthStatus", &counted, DOOR_LAB_HEADER("10") " 3:1" },
		{ MAINTENANCE "Alarm", &counted, DOOR_LAB_HEADER("10") },
		{ MAINTENANCE "Status", &counted,
		  DOOR_LAB_HEADER("10") " 2=3.6.0 4:7 6:3 11=3.6.0" },
		{ CLUSTER "MemberList", &counted, DOOR_LAB_HEADER("10") },
		{ CLUSTER "MemberRemove", &seven, DOOR_LAB_HEADER("10") },
		{ MAINTENANCE "MoveLeader", &seven, "" },
	};
	counted.len = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* Rows, where there are any, are field 2. */
		uint64_t nested =
		    strcmp(cases[i].path, DOOR_LAB_KV "Range") == 0 ? 1 << 1 | 1 << 2 : 1 << 1;

		door_lab_call(lab, cases[i].path, door_lab_framed(text_str(cases[i].request)), NULL);
		CHECK_STR(str_from(answer_of(lab, nested)), cases[i].fields);
		door_lab_enter(lab, door_lab_close_call, NULL);
	}
	door_lab_close(lab);
}

TEST(a_long_range_leaves_in_parts_and_arrives_whole)
{
	struct door_lab *lab = door_lab_open();
	struct text key = wire_lab_range("a", "b");
	struct grpc_fault why = { 0 };
	struct str body, message;

	door_lab_store->value_bytes = 300 * KIB;
	door_lab_call(lab, DOOR_LAB_KV "Range", door_lab_framed(text_str(&key)), NULL);
	body = http_call_body(lab->asker->call);
	CHECK_STR(str_from(door_lab_status(lab)), "0 ");
	CHECK(grpc_only(body, MIB, &message, &why));
	CHECK_EQ(message.len > 600 * KIB && message.len < 600 * KIB + 100, true);
	/* 4:5, the count, behind the last value. */
	CHECK_STR(str_slice(message, message.len - 4, message.len), "vv\x20\x05");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(a_lease_that_is_gone_has_no_time_left)
{
	struct door_lab *lab = door_lab_open();
	struct text seven = wire_lab_number(7);

	door_lab_store->says = NOT_FOUND;
	door_lab_call(lab, LEASE "LeaseTimeToLive", door_lab_framed(text_str(&seven)), NULL);
	CHECK_STR(str_from(answer_of(lab, 1 << 1)), DOOR_LAB_HEADER("11") " 2:7 3:-1");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_call(lab, LEASE "LeaseKeepAlive", door_lab_framed(text_str(&seven)), NULL);
	CHECK_STR(str_from(answer_of(lab, 1 << 1)), DOOR_LAB_HEADER("11") " 2:7");
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(without_a_leader_it_is_asked_again)
{
	struct door_lab *lab = door_lab_open();
	struct text put = wire_lab_put("a", "1");

	door_lab_store->unavailable = 2;
	door_lab_call(lab, DOOR_LAB_KV "Put", door_lab_framed(text_str(&put)), NULL);
	CHECK_STR(str_from(door_lab_status(lab)), "0 ");
	CHECK_EQ(door_lab_store->asked, 3);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

TEST(a_callers_deadline_ends_its_waiting)
{
	struct door_lab *lab = door_lab_open();
	struct text put = wire_lab_put("a", "1");

	door_lab_store->unavailable = UINT32_MAX;
	door_lab_call(lab, DOOR_LAB_KV "Put", door_lab_framed(text_str(&put)), "200m");
	check_fault(lab, ETCD_DEADLINE);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_store->unavailable = 0;
	door_lab_store->is_silent = true;
	door_lab_call(lab, DOOR_LAB_KV "Put", door_lab_framed(text_str(&put)), "200m");
	check_fault(lab, ETCD_DEADLINE);
	door_lab_enter(lab, door_lab_close_call, NULL);
	door_lab_close(lab);
}

#include "tests/lib/test.h"
#include "tests/sim/people.h"

#define TTL_MIN_S 2U
#define TTL_MAX_S 6U
#define ANSWER_MS 3000U

enum tenant_tag { TAG_GRANT = 1, TAG_PUT, TAG_KEEP, TAG_REVOKE };

struct tenant_go_on {
	uint64_t lease; /* 0: begin anew */
};
static ACT_TYPE(tenant_go_on);

struct tenant {
	const struct person *person;
	uint32_t key, op;
	uint64_t lease;
	uint32_t ttl_s, keeps_left;
	int64_t asked_ns; /* the grant, or the last keep */
};

static void later(struct act *act, uint64_t lease, uint64_t ms)
{
	act_after(act, ms, &tenant_go_on_type, &(struct tenant_go_on){ lease });
}

static void begin_anew(struct act *act, struct tenant *tenant)
{
	tenant->lease = 0;
	later(act, 0, 200 + person_below(act, 3000));
}

static void grant(struct act *act, struct tenant *tenant)
{
	struct store_lease_grant ask = { .ttl_s = tenant->ttl_s };

	tenant->asked_ns = act_now(act).ns;
	if (act_request(act, person_store(act, tenant->person), &store_lease_grant_type, &ask,
			ANSWER_MS, TAG_GRANT) != OK)
		begin_anew(act, tenant);
}

static void put(struct act *act, struct tenant *tenant)
{
	struct arena *arena = arena_new(0);
	struct store_op *op = arena_new_of(arena, struct store_op);
	struct store_write write = { .arena = arena, .success = op, .success_count = 1 };

	tenant->op =
	    ledger_begin(tenant->person->ledger, LEDGER_PUT, tenant->key, 0, 0, act_now(act).ns);
	*op = (struct store_op){ .kind = STORE_PUT,
				 .key = ledger_key(tenant->person->ledger, tenant->key),
				 .value = ledger_value(arena, tenant->op, 10),
				 .lease = tenant->lease,
				 .expected = STORE_ANY_REVISION };
	write.request = act_random(act) | 1;
	if (act_request(act, person_store(act, tenant->person), &store_write_type, &write,
			ANSWER_MS, TAG_PUT) == OK)
		return;
	arena_free(arena);
	ledger_end(tenant->person->ledger, tenant->op, LEDGER_LOST, 0, act_now(act).ns);
	begin_anew(act, tenant);
}

static void take_grant(struct act *act, struct tenant *tenant, const struct act_msg *msg)
{
	const struct store_lease_answer *answer = msg->status == OK ? msg->body : NULL;

	if (!answer || answer->status != OK) {
		begin_anew(act, tenant);
		return;
	}
	CHECK(answer->id != 0);
	CHECK_EQ(answer->ttl_s, tenant->ttl_s);
	tenant->lease = answer->id;
	put(act, tenant);
}

static void take_put(struct act *act, struct tenant *tenant, const struct act_msg *msg)
{
	const struct store_write_answer *answer = msg->status == OK ? msg->body : NULL;

	if (answer && answer->status == OK) {
		ledger_end(tenant->person->ledger, tenant->op, LEDGER_DONE, answer->revision,
			   act_now(act).ns);
		ledger_lease(tenant->person->ledger, tenant->key, tenant->lease, tenant->ttl_s,
			     tenant->asked_ns);
		later(act, tenant->lease, tenant->ttl_s * 300ULL);
		return;
	}
	/* The lease may have ended; else nobody knows. */
	if (answer && answer->status == INVALID)
		ledger_end(tenant->person->ledger, tenant->op, LEDGER_LOST, 0, act_now(act).ns);
	begin_anew(act, tenant);
}

static void leave(struct act *act, struct tenant *tenant)
{
	struct store_lease_revoke revoke = { .id = tenant->lease };

	if (person_below(act, 2) == 0) {
		ledger_unlease(tenant->person->ledger, tenant->lease);
		(void)!act_request(act, person_store(act, tenant->person), &store_lease_revoke_type,
				   &revoke, ANSWER_MS, TAG_REVOKE);
	}
	begin_anew(act, tenant);
}

static void keep(struct act *act, struct tenant *tenant)
{
	struct store_lease_keep ask = { .id = tenant->lease };

	if (tenant->keeps_left == 0 || ledger_is_over(tenant->person->ledger)) {
		leave(act, tenant);
		return;
	}
	tenant->keeps_left--;
	tenant->asked_ns = act_now(act).ns;
	if (act_request(act, person_store(act, tenant->person), &store_lease_keep_type, &ask,
			tenant->ttl_s * 300, TAG_KEEP) != OK)
		later(act, tenant->lease, 300);
}

static void take_keep(struct act *act, struct tenant *tenant, const struct act_msg *msg)
{
	const struct store_lease_answer *answer = msg->status == OK ? msg->body : NULL;

	if (answer && answer->status == NOT_FOUND) {
		begin_anew(act, tenant);
		return;
	}
	if (answer && answer->status == OK)
		ledger_lease(tenant->person->ledger, tenant->key, tenant->lease, tenant->ttl_s,
			     tenant->asked_ns);
	later(act, tenant->lease, tenant->ttl_s * 300ULL);
}

static void go_on(struct act *act, struct tenant *tenant, uint64_t lease)
{
	if (lease != tenant->lease || (lease == 0 && ledger_is_over(tenant->person->ledger)))
		return;
	if (lease != 0) {
		keep(act, tenant);
		return;
	}
	tenant->ttl_s = TTL_MIN_S + (uint32_t)person_below(act, TTL_MAX_S - TTL_MIN_S + 1);
	tenant->keeps_left = (uint32_t)person_below(act, 8);
	grant(act, tenant);
}

static enum act_verdict tenant_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct tenant *tenant = state;

	if (ACT_IS(msg, tenant_go_on))
		go_on(act, tenant, ACT_AS(msg, tenant_go_on)->lease);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_GRANT)
		take_grant(act, tenant, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_PUT)
		take_put(act, tenant, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_KEEP)
		take_keep(act, tenant, msg);
	return ACT_OK;
}

static enum status tenant_init(struct act *act, void *state, const void *args)
{
	struct tenant *tenant = state;

	tenant->person = args;
	tenant->key = LEDGER_REGISTERS + tenant->person->number % LEDGER_LEASES;
	begin_anew(act, tenant);
	return OK;
}

const struct act_class tenant_class = { .name = "tenant",
					.state_size = sizeof(struct tenant),
					.init = tenant_init,
					.receive = tenant_receive };

#include "datastore/external/external-private.h"

#include "runtime/base/log.h"

/* ---- ending one ---- */

/* The answer's, until it is given. */
static struct arena *answer_arena(struct external_errand *errand)
{
	errand->reply = arena_new(0);
	return errand->reply;
}

static void answer_errand(struct external_errand *errand, const struct act_type *type, void *answer)
{
	errand->reply = NULL;
	if (act_answer(errand->external->act, errand->ticket, type, answer) != OK &&
	    type->drop != NULL)
		type->drop(answer);
}

/* What a person has to know who looks for the reason; a write that came too late is no news. */
static void note(const char *what, enum status status, const struct fault *why)
{
	if (status == UNAVAILABLE || status == TIMEOUT || status == IO || status == FULL)
		log_debug("external", what, LOG_STATUS(status), LOG_FAULT(why));
	else if (status == FORBIDDEN || status == UNAUTHORIZED)
		log_warn("external", what, LOG_STATUS(status), LOG_FAULT(why));
}

/* ---- reads and writes ---- */

static void run_range(struct external_errand *errand)
{
	struct store_range_answer answer = { .arena = answer_arena(errand) };
	struct fault why = { 0 };

	answer.status = external_range(errand->external, errand->body, &answer, &why);
	note("a range", answer.status, &why);
	answer_errand(errand, &store_range_answer_type, &answer);
}

static void run_write(struct external_errand *errand)
{
	struct external *external = errand->external;
	struct store_write_answer answer = { .arena = answer_arena(errand) };
	struct fault why = { 0 };

	/* Of a further try nobody knows here what became of the first. */
	if (((const struct store_write *)errand->body)->since != 0)
		answer.status = TIMEOUT;
	/* Nothing is sent where nobody would answer: then it is sure that nothing was done. */
	else if (external->stream.is_connected)
		answer.status = external_write(external, errand->body, &answer, &why);
	else
		answer.status = UNAVAILABLE;
	note("a write", answer.status, &why);
	answer_errand(errand, &store_write_answer_type, &answer);
}

static void run_compact(struct external_errand *errand)
{
	const struct store_compact *asked = errand->body;
	struct store_compact_answer answer = { .compact_revision = asked->revision };
	struct proto_out question = question_numbers(asked->revision, 0);
	struct external_reply reply;
	struct fault why = { 0 };

	answer.status = external_ask(errand->external, "/etcdserverpb.KV/Compact", &question,
				     EXTERNAL_REPEAT, &reply, &why);
	if (answer.status == OK) {
		answer.revision = answer_revision(reply.message);
		external_reply_done(&reply);
	}
	answer_errand(errand, &store_compact_answer_type, &answer);
}

static void run_past(struct external_errand *errand)
{
	struct store_past_answer answer = { .arena = answer_arena(errand) };

	answer.status = past_walk(errand->external, errand->body, &answer);
	answer_errand(errand, &store_past_answer_type, &answer);
}

/* ---- leases ---- */

static enum status ask_lease(struct external_errand *errand, const char *path,
			     struct proto_out question, enum external_repeat repeat,
			     struct store_lease_answer *answer)
{
	struct answer_lease lease = { 0 };
	struct external_reply reply;
	struct fault why = { 0 };

	TRY(external_ask(errand->external, path, &question, repeat, &reply, &why));
	answer->status = answer_one_lease(reply.message, answer->arena, &lease);
	external_reply_done(&reply);
	if (answer->status != OK)
		return IO;
	answer->revision = lease.revision;
	answer->id = lease.id;
	answer->left_s = lease.ttl_s > 0 ? (uint32_t)lease.ttl_s : 0;
	answer->ttl_s = lease.granted_s != 0 ? (uint32_t)lease.granted_s : answer->left_s;
	answer->keys = lease.keys;
	answer->key_count = lease.key_count;
	return OK;
}

static void answer_lease_errand(struct external_errand *errand, struct store_lease_answer *answer,
				enum status status)
{
	answer->status = status;
	answer_errand(errand, &store_lease_answer_type, answer);
}

static void run_grant(struct external_errand *errand)
{
	const struct store_lease_grant *asked = errand->body;
	struct store_lease_answer answer = { .arena = answer_arena(errand) };

	answer_lease_errand(errand, &answer,
			    ask_lease(errand, "/etcdserverpb.Lease/LeaseGrant",
				      question_numbers(asked->ttl_s, asked->id), EXTERNAL_ONCE,
				      &answer));
}

static void run_keep(struct external_errand *errand)
{
	const struct store_lease_keep *asked = errand->body;
	struct store_lease_answer answer = { .arena = answer_arena(errand) };
	enum status status = ask_lease(errand, "/etcdserverpb.Lease/LeaseKeepAlive",
				       question_numbers(asked->id, 0), EXTERNAL_REPEAT, &answer);

	/* etcd says so by a time of nothing. */
	answer_lease_errand(errand, &answer,
			    status == OK && answer.left_s == 0 ? NOT_FOUND : status);
}

static void run_revoke(struct external_errand *errand)
{
	const struct store_lease_revoke *asked = errand->body;
	struct store_lease_answer answer = { .arena = answer_arena(errand) };

	answer_lease_errand(errand, &answer,
			    ask_lease(errand, "/etcdserverpb.Lease/LeaseRevoke",
				      question_numbers(asked->id, 0), EXTERNAL_REPEAT, &answer));
}

static enum status ask_leases(struct external_errand *errand, struct store_lease_answer *answer)
{
	struct proto_out question = question_numbers(0, 0);
	struct external_reply reply;
	struct fault why = { 0 };
	enum status status;

	TRY(external_ask(errand->external, "/etcdserverpb.Lease/LeaseLeases", &question,
			 EXTERNAL_REPEAT, &reply, &why));
	status = answer_all_leases(reply.message, answer->arena, answer);
	external_reply_done(&reply);
	return status == OK ? OK : IO;
}

static void run_show(struct external_errand *errand)
{
	const struct store_lease_show *asked = errand->body;
	struct store_lease_answer answer = { .arena = answer_arena(errand) };
	enum status status;

	if (asked->id == 0) {
		answer_lease_errand(errand, &answer, ask_leases(errand, &answer));
		return;
	}
	status = ask_lease(errand, "/etcdserverpb.Lease/LeaseTimeToLive",
			   question_numbers(asked->id, asked->wants_keys), EXTERNAL_REPEAT, &answer);
	answer_lease_errand(errand, &answer, status == OK && answer.ttl_s == 0 ? NOT_FOUND : status);
}

/* ---- what an etcd's own tools do ---- */

static void run_defragment(struct external_errand *errand)
{
	struct store_defragment_answer answer = { .status = NOT_IMPLEMENTED };

	answer_errand(errand, &store_defragment_answer_type, &answer);
}

static void run_backup(struct external_errand *errand)
{
	struct store_backup_answer answer = { .status = NOT_IMPLEMENTED,
					      .arena = answer_arena(errand) };

	answer.words = STR("this cluster's data is in an etcd: etcdctl snapshot save copies it");
	answer_errand(errand, &store_backup_answer_type, &answer);
}

/* ---- members ---- */

static void answer_member(struct external_errand *errand, enum status status, uint64_t id)
{
	struct store_member_answer answer = { status, id };

	answer_errand(errand, &store_member_answer_type, &answer);
}

static void run_add(struct external_errand *errand)
{
	const struct store_member_add *add = errand->body;

	answer_member(errand, rank_add(errand->external, add), rank_id_of(add->name));
}

static void run_remove(struct external_errand *errand)
{
	const struct store_member_remove *remove = errand->body;

	answer_member(errand, rank_remove(errand->external, remove), remove->id);
}

static void run_promote(struct external_errand *errand)
{
	answer_member(errand, NOT_IMPLEMENTED,
		      ((const struct store_member_promote *)errand->body)->id);
}

static void run_leave(struct external_errand *errand)
{
	const struct store_member_leave *leave = errand->body;

	answer_member(errand, rank_leave(errand->external, leave), leave->id);
}

static void run_transfer(struct external_errand *errand)
{
	const struct store_transfer *transfer = errand->body;

	answer_member(errand, rank_transfer(errand->external, transfer), transfer->id);
}

const struct external_task external_tasks[] = {
	{ &store_range_type, run_range },
	{ &store_write_type, run_write },
	{ &store_compact_type, run_compact },
	{ &store_past_type, run_past },
	{ &store_lease_grant_type, run_grant },
	{ &store_lease_keep_type, run_keep },
	{ &store_lease_revoke_type, run_revoke },
	{ &store_lease_show_type, run_show },
	{ &store_defragment_type, run_defragment },
	{ &store_backup_type, run_backup },
	{ &store_member_add_type, run_add },
	{ &store_member_remove_type, run_remove },
	{ &store_member_promote_type, run_promote },
	{ &store_member_leave_type, run_leave },
	{ &store_transfer_type, run_transfer },
};
const uint32_t external_task_count = sizeof external_tasks / sizeof external_tasks[0];

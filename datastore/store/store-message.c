/*
 * The store's messages as types: the tables of their fields.
 */
#include "datastore/store/store-codec.h"
#include "datastore/store/store-private.h"

/* ---- the tables ---- */

_Static_assert(sizeof(enum status) == sizeof(uint32_t), "an enum is packed as a u32");

static const struct field row_fields[] = {
	BYTES(store_row, key),
	{ FIELD_VALUE, offsetof(struct store_row, value), 0, 0, 0, NULL },
	U64(store_row, create_revision),
	U64(store_row, mod_revision),
	U64(store_row, version),
	U64(store_row, lease),
	END,
};

static const struct field range_fields[] = {
	BYTES(store_range, key),
	BYTES(store_range, end),
	U64(store_range, revision),
	U32(store_range, limit),
	BOOL(store_range, is_count_only),
	BOOL(store_range, is_keys_only),
	BOOL(store_range, is_serializable),
	U64(store_range, min_revision),
	BOOL(store_range, is_past),
	BOOL(store_range, is_kept),
	END,
};

static const struct field range_answer_fields[] = {
	STATUS(store_range_answer, status),
	U64(store_range_answer, revision),
	LIST(store_range_answer, rows, row_count, struct store_row, row_fields),
	BOOL(store_range_answer, more),
	U64(store_range_answer, count),
	U64(store_range_answer, latest),
	END,
};

static const struct field past_fields[] = {
	BYTES(store_past, key), U64(store_past, below),        U32(store_past, limit),
	U64(store_past, at_s),  U64(store_past, min_revision), END,
};

static const struct field past_change_fields[] = {
	ROW(store_past_change, row),
	BOOL(store_past_change, is_delete),
	U64(store_past_change, at_s),
	END,
};

static const struct field past_answer_fields[] = {
	STATUS(store_past_answer, status),
	LIST(store_past_answer, changes, count, struct store_past_change, past_change_fields),
	BOOL(store_past_answer, more),
	U64(store_past_answer, oldest),
	U64(store_past_answer, since_s),
	U64(store_past_answer, bytes),
	U64(store_past_answer, revision_at),
	END,
};

static const struct field op_fields[] = {
	ENUM(store_op, kind, STORE_TXN),
	BYTES(store_op, key),
	BYTES(store_op, end),
	BYTES(store_op, value),
	U64(store_op, lease),
	U64(store_op, expected),
	U32(store_op, limit),
	BOOL(store_op, wants_prev),
	BOOL(store_op, keeps_value),
	BOOL(store_op, keeps_lease),
	BOOL(store_op, is_count_only),
	BOOL(store_op, is_keys_only),
	END,
};

static const struct field compare_fields[] = {
	ENUM(store_compare, target, STORE_COMPARE_LEASE),
	ENUM(store_compare, result, STORE_COMPARE_NOT_EQUAL),
	BYTES(store_compare, key),
	BYTES(store_compare, end),
	U64(store_compare, number),
	BYTES(store_compare, value),
	END,
};

static const struct field write_fields[] = {
	LIST(store_write, compares, compare_count, struct store_compare, compare_fields),
	LIST(store_write, success, success_count, struct store_op, op_fields),
	LIST(store_write, failure, failure_count, struct store_op, op_fields),
	U64(store_write, term),
	U64(store_write, request),
	BOOL(store_write, is_forwarded),
	U64(store_write, for_term),
	U64(store_write, since),
	END,
};

static const struct field result_fields[] = {
	LIST(store_result, rows, row_count, struct store_row, row_fields),
	BOOL(store_result, more),
	U64(store_result, count),
	END,
};

static const struct field write_answer_fields[] = {
	STATUS(store_write_answer, status),
	U64(store_write_answer, revision),
	BOOL(store_write_answer, is_success),
	BOOL(store_write_answer, is_repeat),
	BOOL(store_write_answer, has_current),
	ROW(store_write_answer, current),
	U32(store_write_answer, refused_op),
	LIST(store_write_answer, results, result_count, struct store_result, result_fields),
	END,
};

static const struct field watch_fields[] = {
	U64(store_watch, watch),
	BYTES(store_watch, key),
	BYTES(store_watch, end),
	U64(store_watch, from),
	BOOL(store_watch, wants_prev),
	BOOL(store_watch, no_puts),
	BOOL(store_watch, no_deletes),
	BOOL(store_watch, wants_progress),
	END,
};

static const struct field watch_answer_fields[] = {
	STATUS(store_watch_answer, status),
	U64(store_watch_answer, watch),
	U64(store_watch_answer, revision),
	END,
};

static const struct field watch_credit_fields[] = {
	U64(store_watch_credit, watch),
	U32(store_watch_credit, events),
	U64(store_watch_credit, bytes),
	END,
};

static const struct field event_fields[] = {
	BOOL(store_event, is_delete),
	ROW(store_event, row),
	ROW(store_event, prev),
	END,
};

static const struct field events_fields[] = {
	STATUS(store_events, status),
	U64(store_events, watch),
	U64(store_events, revision),
	LIST(store_events, events, count, struct store_event, event_fields),
	U64(store_events, bytes),
	END,
};

static const struct field cancel_fields[] = { U64(store_cancel, watch), END };
static const struct field progress_fields[] = { U64(store_progress, watch), END };

static const struct field lease_grant_fields[] = {
	U64(store_lease_grant, id),
	U32(store_lease_grant, ttl_s),
	BOOL(store_lease_grant, is_forwarded),
	END,
};

static const struct field lease_keep_fields[] = {
	U64(store_lease_keep, id),
	BOOL(store_lease_keep, is_forwarded),
	END,
};

static const struct field lease_revoke_fields[] = {
	U64(store_lease_revoke, id),
	BOOL(store_lease_revoke, is_forwarded),
	END,
};

static const struct field lease_show_fields[] = {
	U64(store_lease_show, id),
	BOOL(store_lease_show, wants_keys),
	BOOL(store_lease_show, is_forwarded),
	END,
};

static const struct field str_fields[] = { { FIELD_STR, 0, 0, 0, 0, NULL }, END };
static const struct field u64_fields[] = { { FIELD_U64, 0, 0, 0, 0, NULL }, END };

static const struct field lease_answer_fields[] = {
	STATUS(store_lease_answer, status),
	U64(store_lease_answer, revision),
	U64(store_lease_answer, id),
	U32(store_lease_answer, ttl_s),
	U32(store_lease_answer, left_s),
	LIST(store_lease_answer, keys, key_count, struct str, str_fields),
	LIST(store_lease_answer, ids, id_count, uint64_t, u64_fields),
	END,
};

static const struct field compact_fields[] = {
	U64(store_compact, revision),
	BOOL(store_compact, is_forwarded),
	END,
};

static const struct field compact_answer_fields[] = {
	STATUS(store_compact_answer, status),
	U64(store_compact_answer, revision),
	U64(store_compact_answer, compact_revision),
	END,
};

static const struct field defragment_fields[] = { END };
static const struct field defragment_answer_fields[] = {
	STATUS(store_defragment_answer, status),
	U64(store_defragment_answer, before_bytes),
	U64(store_defragment_answer, after_bytes),
	END,
};

static const struct field backup_fields[] = {
	BYTES(store_backup, path),
	U64(store_backup, min_revision),
	END,
};

static const struct field backup_answer_fields[] = {
	STATUS(store_backup_answer, status), U64(store_backup_answer, revision),
	U64(store_backup_answer, keys),      U64(store_backup_answer, size_bytes),
	BYTES(store_backup_answer, words),   END,
};

static const struct field ask_status_fields[] = { BOOL(store_ask_status, wants_hash), END };
static const struct field status_watch_fields[] = { BOOL(store_status_watch, is_end), END };

static const struct field member_fields[] = {
	U64(store_member, id),
	BYTES(store_member, name),
	BYTES(store_member, address),
	ENUM(store_member, role, STORE_VOTER),
	BOOL(store_member, is_alive),
	U64(store_member, lag_entries),
	END,
};

static const struct field standing_fields[] = {
	BYTES(store_standing, domain),    U32(store_standing, weight),
	BOOL(store_standing, is_witness), BOOL(store_standing, is_suspect),
	BOOL(store_standing, is_pressed), BOOL(store_standing, is_going),
	BOOL(store_standing, may_stop),   U32(store_standing, latency_us),
	BYTES(store_standing, forecast),  BYTES(store_standing, reason),
	U64(store_standing, changed_s),   END,
};

static const struct field status_fields[] = {
	STATUS(store_status, status),
	U64(store_status, cluster),
	U64(store_status, id),
	BYTES(store_status, name),
	ENUM(store_status, role, STORE_VOTER),
	BOOL(store_status, is_leader),
	U64(store_status, leader),
	BYTES(store_status, leader_name),
	U64(store_status, term),
	U64(store_status, revision),
	U64(store_status, compact_revision),
	U64(store_status, applied_index),
	U64(store_status, commit_index),
	U64(store_status, last_index),
	U32(store_status, alarms),
	U64(store_status, database_bytes),
	U64(store_status, index_bytes),
	U64(store_status, keys),
	LIST(store_status, members, member_count, struct store_member, member_fields),
	U64(store_status, hash),
	LIST(store_status, standings, standing_count, struct store_standing, standing_fields),
	U32(store_status, tolerance),
	U64(store_status, last_term),
	END,
};

static const struct field member_add_fields[] = {
	U64(store_member_add, id),          BYTES(store_member_add, name),
	BYTES(store_member_add, address),   BYTES(store_member_add, domain),
	U32(store_member_add, weight),      BOOL(store_member_add, is_forwarded),
	BOOL(store_member_add, is_witness), END,
};

static const struct field member_remove_fields[] = {
	U64(store_member_remove, id),
	BOOL(store_member_remove, is_forced),
	BOOL(store_member_remove, is_forwarded),
	END,
};

static const struct field member_promote_fields[] = {
	U64(store_member_promote, id),
	ENUM(store_member_promote, role, STORE_VOTER),
	BOOL(store_member_promote, is_forwarded),
	END,
};

static const struct field member_leave_fields[] = {
	U64(store_member_leave, id),
	BOOL(store_member_leave, is_forwarded),
	BOOL(store_member_leave, is_for_a_while),
	END,
};

static const struct field transfer_fields[] = {
	U64(store_transfer, id),
	BOOL(store_transfer, is_forwarded),
	END,
};

static const struct field report_fields[] = {
	U64(store_report, id),
	BOOL(store_report, is_pressed),
	U32(store_report, sync_us),
	END,
};

static const struct field role_note_fields[] = {
	U64(store_role_note, id),
	ENUM(store_role_note, role, STORE_VOTER),
	BYTES(store_role_note, reason),
	U64(store_role_note, changed_s),
	BOOL(store_role_note, is_stopping),
	BOOL(store_role_note, is_leaving),
	END,
};

static const struct field member_answer_fields[] = {
	STATUS(store_member_answer, status),
	U64(store_member_answer, id),
	END,
};

static const struct field raft_fields[] = {
	U64(store_raft, from),
	BYTES(store_raft, bytes),
	END,
};

static const struct field copy_open_fields[] = {
	U64(store_copy_open, member),
	U64(store_copy_open, index),
	END,
};

static const struct field copy_opened_fields[] = {
	STATUS(store_copy_opened, status),
	U64(store_copy_opened, token),
	U64(store_copy_opened, index),
	U64(store_copy_opened, size_bytes),
	END,
};

static const struct field copy_read_fields[] = {
	U64(store_copy_read, member),
	U64(store_copy_read, token),
	U64(store_copy_read, offset),
	END,
};

static const struct field copy_data_fields[] = {
	STATUS(store_copy_data, status),
	BYTES(store_copy_data, bytes),
	END,
};

/* ---- the types; ids 300 to 339 are the store's, the same in all releases ---- */

#define CODEC(name)                                                                         \
	static enum status name##_encode(const void *body, struct text *out)                \
	{                                                                                   \
		return store_encode(name##_fields, body, out);                              \
	}                                                                                   \
	static enum status name##_decode(struct str bytes, struct arena *arena, void *body) \
	{                                                                                   \
		return store_decode(name##_fields, bytes, arena, body);                     \
	}

/* One that points to nothing, and one whose arena goes with it. */
#define PLAIN(name, number) \
	CODEC(name)         \
	ACT_TYPE(store_##name, .id = (number), .encode = name##_encode, .decode = name##_decode)
#define OWNING(name, number)                                                                     \
	CODEC(name)                                                                              \
	static void name##_drop(void *body)                                                      \
	{                                                                                        \
		arena_free(((struct store_##name *)body)->arena);                                \
	}                                                                                        \
	ACT_TYPE(store_##name, .id = (number), .encode = name##_encode, .decode = name##_decode, \
		 .drop = name##_drop)

OWNING(range, 300);
OWNING(range_answer, 301);
OWNING(write, 302);
OWNING(write_answer, 303);
OWNING(watch, 304);
PLAIN(watch_answer, 305);
PLAIN(watch_credit, 306);
OWNING(events, 307);
PLAIN(cancel, 308);
PLAIN(progress, 309);
PLAIN(lease_grant, 310);
PLAIN(lease_keep, 311);
PLAIN(lease_revoke, 312);
PLAIN(lease_show, 313);
OWNING(lease_answer, 314);
PLAIN(compact, 315);
PLAIN(compact_answer, 316);
PLAIN(ask_status, 317);
PLAIN(status_watch, 318);
OWNING(status, 319);
OWNING(member_add, 320);
PLAIN(member_remove, 321);
PLAIN(member_promote, 322);
PLAIN(member_leave, 323);
PLAIN(transfer, 324);
PLAIN(member_answer, 325);
PLAIN(defragment, 326);
PLAIN(defragment_answer, 327);
OWNING(backup, 328);
OWNING(backup_answer, 329);
OWNING(raft, 330);
PLAIN(copy_open, 331);
PLAIN(copy_opened, 332);
PLAIN(copy_read, 333);
OWNING(copy_data, 334);
PLAIN(report, 335);
OWNING(role_note, 336);
OWNING(past, 337);
OWNING(past_answer, 338);
ACT_TYPE(store_tick);
ACT_TYPE(store_flush_commands);
ACT_TYPE(store_flush_table);
ACT_TYPE(store_second);
ACT_TYPE(store_forward_again);
ACT_TYPE(store_fetch_again);
ACT_TYPE(store_peer_gone);

const struct act_type *const store_types[] = {
	&store_range_type,         &store_range_answer_type,   &store_write_type,
	&store_write_answer_type,  &store_watch_type,          &store_watch_answer_type,
	&store_watch_credit_type,  &store_events_type,         &store_cancel_type,
	&store_progress_type,      &store_lease_grant_type,    &store_lease_keep_type,
	&store_lease_revoke_type,  &store_lease_show_type,     &store_lease_answer_type,
	&store_compact_type,       &store_compact_answer_type, &store_ask_status_type,
	&store_status_watch_type,  &store_status_type,         &store_member_add_type,
	&store_member_remove_type, &store_member_promote_type, &store_member_leave_type,
	&store_transfer_type,      &store_member_answer_type,  &store_raft_type,
	&store_copy_open_type,     &store_copy_opened_type,    &store_copy_read_type,
	&store_copy_data_type,     &store_defragment_type,     &store_defragment_answer_type,
	&store_backup_type,        &store_backup_answer_type,  &store_report_type,
	&store_role_note_type,     &store_past_type,           &store_past_answer_type,
};
const uint32_t store_type_count = sizeof store_types / sizeof *store_types;

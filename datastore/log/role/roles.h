/*
 * Roles: given the members and how they are, the one next step of membership, or none.
 *
 * A pure function that the leader's replica calls after each event; it never plans further than a step,
 * since the world may differ after it. The rules, in research order: repair what is broken, reach the target, give
 * everybody the data, spread over failure domains, prefer the fast. One law stands above them and is tested as a property:
 * the number of voters that may still fail never gets smaller by a step, and those who vote after it and answer right now are a
 * majority: a list of members counts from the moment it is in a log, so one whose majority does not answer stops the cluster, and
 * cannot be taken back. From it follows, without cases: members are exchanged by promoting first, and a dead voter without a
 * successor keeps its vote, since its return is worth one.
 *
 * With a successor, too, it keeps it until that one votes. Taking it first would ask for fewer (two of two instead of three of four,
 * where three voted), but then all hangs on those two: if one of them is lost for good before the others agree, nobody can ever be
 * elected again, though the dead one comes back with everything that was agreed upon. With four any three of them will do. What it costs is that
 * the successor must live for the moment of one agreement; so it, and each of the others that are counted on, has answered just before.
 *
 * Who was removed without having asked for it may be back in a moment under a new id, with an empty log. Until then two voters stay
 * two (ROLES_RETURN_MS): what is written is on both disks, where one voter alone would take with it what was acknowledged.
 * Of voters that all seem well none loses its vote to a leader that has only just begun (ROLES_KNOWN_MS): there may be one too many
 * because one of them is about to stop, and the last leader knew which.
 * No step while one is under way (is_changing): the caller asks again when it is committed.
 */
#ifndef DATASTORE_LOG_ROLE_ROLES_H
#define DATASTORE_LOG_ROLE_ROLES_H

#include "datastore/log/role/member.h"
#include "runtime/base/base.h"

#define ROLES_LAG_ENTRIES 1000U /* a member this far behind is not made a voter */
#define ROLES_WITNESS_LAG_ENTRIES \
	64U /* nor one this far beside a witness, which knows of entries that it has not, and would not elect it */
#define ROLES_SWAP_MS (10 * 60 * 1000) /* how long a candidate must be better; and between swaps */
#define ROLES_MOVE_MS (60 * 1000)      /* how long the leader must be slow or short of room */
#define ROLES_MOVE_PAUSE_MS (5 * 60 * 1000)
#define ROLES_RETURN_MS (60 * 1000)
#define ROLES_KNOWN_MS \
	2000 /* a leader knows by then who of those it took over is dead, or about to go */

struct roles_member {
	uint64_t id;
	enum member_role role;
	bool is_witness; /* votes and holds no data: never leads, and stands in only where data is short */
	bool is_alive; /* heard of late */
	bool is_suspect; /* silent for a while, or back from the dead not long ago: not chosen for anything */
	bool is_quiet; /* not heard of for some heartbeats, or its link broke: just now nothing counts on it */
	bool is_leaving;  /* asked to hand over and go */
	bool is_stopping; /* the same, and will be back soon */
	bool is_informed; /* has the newest list of members on its disk: else it does not know that it may vote */
	bool is_pressed; /* short of memory or disk */
	uint64_t lag;    /* entries behind the leader */
	uint32_t p95_us; /* of acknowledgements; the leader's own: of its log writes; 0: not known */
	uint32_t sync_us; /* as it reported itself: p95 of its log writes; 0: not known */
	uint32_t weight;  /* lower is preferred */
	struct str domain;
};

struct roles_input {
	const struct roles_member *at;
	uint32_t len;
	uint64_t leader; /* its id: the one that asks */
	bool is_changing;
	int64_t led_ms;  /* since it leads */
	int64_t kept_ms; /* since it leads, or a member was removed that had not asked to leave */
	/* Since when somebody has been better than a voter, or than the leader: the caller keeps them. */
	int64_t better_ms, since_swap_ms, unfit_ms, since_move_ms;
};

enum roles_step_kind { ROLES_NONE, ROLES_ASSIGN, ROLES_TRANSFER };

struct roles_step {
	enum roles_step_kind kind;
	uint64_t id;
	enum member_role role; /* of ASSIGN */
	bool is_swap;          /* the first half of an exchange of two healthy members */
	const char *why;       /* fixed words, for the log */
};

struct roles_step roles_next(const struct roles_input *input);

/* Live, caught-up voters beyond the majority; negative: there is none. */
int32_t roles_tolerance(const struct roles_input *input);
/* For steps taken by hand: after `id` gets this role, or leaves (SPARE), a majority of the voters is one that answers. */
bool roles_keeps_majority(const struct roles_input *input, uint64_t id, enum member_role role);
/* True while a swap (a leader's move) would be right if it stayed so long enough: starts the caller's clocks. */
bool roles_sees_better(const struct roles_input *input);
bool roles_sees_unfit_leader(const struct roles_input *input);

#endif

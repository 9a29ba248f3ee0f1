/*
 * What core.c and the files core-*.c share: the inside of a core, and how it steps libraft.
 */
#ifndef DATASTORE_LOG_LOG_PRIVATE_H
#define DATASTORE_LOG_LOG_PRIVATE_H

#include <raft.h>

#include "datastore/log/core.h"
#include "datastore/log/message.h"

/* 0.15 commits entries of older terms by counting and loses data; later ones change who frees what in raft_step. */
#if !defined(RAFT_VERSION_NUMBER) || RAFT_VERSION_NUMBER < 2200 || RAFT_VERSION_NUMBER >= 2300
#error \
    "datastore/log needs libraft 0.22 (libraft-dev from Debian's backports): older ones lose committed data"
#endif

#define ORDER_AGAIN_MS 30      /* an order to take over that has had no effect is given again */
#define CORE_UNCOMMITTED 1024U /* entries a leader may be ahead of its majority */
#define CORE_IN_FLIGHT_BYTES (4ULL * MIB) /* sent to one member and not answered, about */
#define CORE_WINDOW_BYTES (256ULL * MIB)  /* a state this far behind stops writes */

/* A read that waits: ours by token, or a follower's by its round. */
struct core_asker {
	uint64_t from; /* 0: ours */
	uint64_t token;
};

struct core_reads {
	VEC(struct core_asker) waiting; /* for the next round */
	VEC(struct core_asker) asked;   /* in the round under way */
	uint64_t round;                 /* the last one begun; 0: none yet */
	uint64_t index;                 /* leader: what `asked` will be told */
	struct mono sent;               /* when the round's messages last left */
	uint64_t confirmed[LIMIT_MEMBERS];
	uint32_t confirmed_count;
};

/* Entries behind `prev` up to `last` that a member is sent a moment later, together. core-gather.c. */
struct core_kept {
	uint64_t prev, last; /* last 0: none */
	uint32_t bytes;
	struct mono since, at; /* the first of them and the last was to leave */
};

/* What a leader knows of the others, for the sake of witnesses and of what may gather. */
struct core_peer {
	uint64_t id;
	bool is_lost;             /* its link broke since it was last heard; known on any member */
	struct mono heard, moved; /* moved: it acknowledged something new, or had everything */
	uint64_t match;           /* at `moved` */
	uint64_t next;            /* of a witness: the entry to be sent next; 0: not begun */
	struct mono sent;
	uint32_t useful; /* answers of it that came before there were enough, of late */
	bool is_patient; /* was told that its answers may gather */
	struct core_kept kept;
};

/* Leader: when it last looked at whose answers are needed. Follower: what it owes. core-patience.c. */
struct core_patience {
	struct mono looked_at;
	struct mono until;        /* answers may gather until then */
	struct mono needed_until; /* nobody has more than we until then */
	uint64_t owed_to;         /* 0: nothing is owed */
	uint64_t owed_last, owed_term;
	struct mono owed_since, owed_at; /* the first and the last of those answers */
	uint64_t gathered_last; /* the last of entries that came together, until they are answered */
};

/* Leader: how closely entries follow each other. */
struct core_pace {
	struct mono submitted_at; /* the last one */
	uint32_t in_a_row;        /* closely */
	uint32_t price;           /* of a wait for the next one */
	struct mono tell_at;      /* such a wait is over; 0: there is none */
};

/* What a leader's member must have heard of as committed. */
struct core_told {
	uint64_t id, index;
};

struct core {
	struct core_config config;
	struct raft raft;
	bool is_open; /* raft is initialised */
	struct mono now;
	struct window window;
	/* The newest list and the newest committed one; the entries hold their strings. */
	struct members members, committed;
	struct entry *members_entry, *committed_entry;
	uint64_t commit;
	struct mono leader_heard; /* when a leader last sent us an append */
	uint64_t ticked_ms;       /* when libraft was last told the time */
	raft_time excused;        /* the timer that was given more time; 0: none */
	/* Candidate: rounds of elections begun since nobody leads, and the last one. */
	unsigned rounds;
	raft_time round_began;
	bool round_is_question; /* the vote itself comes after it */
	/* As last told in an update. */
	enum core_role told_role;
	uint64_t told_leader, told_term;
	uint64_t term, vote; /* as last given to be made durable */
	struct core_reads reads;
	/* Handing over: the last entry that the successor had when it was told to, and when it was last; 0: not yet. */
	uint64_t ordered_index;
	struct mono ordered_at;
	struct core_peer peers[LIMIT_MEMBERS];
	uint32_t peer_count;
	uint64_t witness_term,
	    witness_limit; /* what a witness may know of, as leader of that term */
	struct core_told told[LIMIT_MEMBERS]; /* leader */
	uint32_t told_count;
	struct core_pace pace;
	struct core_patience patience;
	struct mono asked_at; /* leader: when a member last asked for something in somebody's place */
	struct core_update *update; /* of the step under way */
	/* Entries that libraft is being given; it names those that it wants written. */
	struct entry *const *given;
	uint32_t given_count;
};

/* Steps libraft and does what follows at once: entries into the window, messages, commits, a leader's first entry. */
MUST_USE enum status core_step_raft(struct core *core, struct raft_event *event, struct fault *why);
void core_send(struct core *core, uint64_t to, const struct message *message);
/* Leader: appends of what is behind `prev` up to `last`. */
void core_send_entries(struct core *core, uint64_t to, uint64_t prev, uint64_t last);
bool core_must_wait(const struct core *core); /* with an election, for the disk */
raft_time core_ms(const struct core *core);
bool core_is_sole_voter(const struct core *core);
/*
 * We have lost our vote by a list that is not committed: if the leader that made it is gone, ours may be the only log that has it, and
 * nobody wins without our vote, which our log denies to all others. So we stand for election ourselves (dissertation 4.2.2), needing a
 * majority of those who vote by the list. Our own vote, which libraft counts, adds nothing to that if their number is odd; if it
 * is even the others are a majority by the list before, too, and do not need us.
 */
bool core_is_outgoing_voter(const struct core *core);
/* For one step of an election libraft takes us for a voter, whatever our list says; gives what it took us for. */
int core_lend_vote(struct core *core);
void core_return_vote(struct core *core, int role);
/* The leader, if there was one, is gone as far as voting is concerned. */
void core_forget_leader(struct core *core);
void core_adopt_members(struct core *core, struct entry *entry); /* as the newest; NULL: nobody */
void core_commit_members(struct core *core, struct entry *entry);
/* Leader: appends an entry of its term. */
MUST_USE enum status core_submit(struct core *core, enum entry_kind kind, struct str payload,
				 struct fault *why);
struct raft_configuration core_raft_configuration(const struct members *members);
/* libraft's bytes for a list of members, from raft_malloc. */
struct raft_buffer core_raft_members(const struct members *members);

/* core-commit.c: what is committed is told at once, or by an append that is about to follow */
void core_commit_submitted(struct core *core); /* an entry, which goes to everybody */
void core_commit_note(struct core *core, uint64_t to, uint64_t index); /* an append says so */
void core_commit_tell(struct core *core);                              /* after each step */
bool core_commit_is_close(const struct core *core); /* the next entry is likely about to follow */
MUST_USE enum status core_commit_heard(struct core *core, uint64_t from,
				       const struct message *message, struct fault *why);
/* Follows libraft's commit index: its lists of members count from then on. */
MUST_USE enum status core_commit_advance(struct core *core, struct fault *why);

/* core-patience.c: answers that nobody waits for gather */
bool core_patience_holds(struct core *core, uint64_t to, const struct message *answer);
void core_patience_settle(struct core *core); /* after each step */
struct mono core_patience_ends(const struct core *core);
void core_patience_told(struct core *core, uint64_t from, const struct message *message);
void core_patience_answered(struct core *core, uint64_t from, const struct message *message);
void core_patience_lost(struct core *core); /* somebody's link broke */
bool core_patience_is_of(const struct core *core, uint64_t id);
void core_patience_came(struct core *core, uint64_t last, uint32_t count); /* entries of an append */
void core_patience_hurry(struct core *core, uint64_t id); /* its next answer is waited for */
/* For how many others' sake whoever follows lets them ask for votes first, if it would by its id for `rank`. */
unsigned core_patience_rank(const struct core *core, unsigned rank);

/* core-gather.c: entries for those whose answers nobody waits for leave together */
bool core_gather_keeps(struct core *core, uint64_t to, uint64_t *prev, uint64_t last);
uint64_t core_gather_sent(struct core *core, uint64_t id,
			  uint64_t index); /* at most what it was sent */
bool core_gather_has_any(const struct core *core);
void core_gather_settle(struct core *core); /* after each step */
void core_gather_end(struct core *core);    /* all that is kept leaves now */
struct mono core_gather_ends(const struct core *core);

/* core-witness.c */
struct core_peer *core_peer_of(struct core *core, uint64_t id);
void core_witness_beat(struct core *core, uint64_t id); /* libraft wants to send it something */
void core_witness_settle(struct core *core);            /* after each step */
void core_witness_heard(struct core *core, uint64_t from);
void core_witness_lost(struct core *core, uint64_t id);
void core_witness_answered(struct core *core, uint64_t from, const struct message *message);
void core_witness_base(struct core *core, uint64_t from, const struct message *message);

/* core-receive.c */
MUST_USE enum status core_receive(struct core *core, uint64_t from, struct str bytes,
				  struct fault *why);

/* core-read.c: rounds that prove that a leader still leads */
MUST_USE enum status core_reads_ask(struct core *core, struct core_asker asker);
void core_reads_confirm(struct core *core, uint64_t from, const struct message *message);
void core_reads_confirmed(struct core *core, uint64_t from, const struct message *message);
void core_reads_readable(struct core *core, uint64_t from, const struct message *message);
void core_reads_settle(struct core *core); /* after each step: begin, repeat, complete or fail rounds */
void core_reads_fini(struct core *core);

#endif

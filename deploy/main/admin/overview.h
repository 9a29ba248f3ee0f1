/*
 * The overview: what the cluster looks like at one moment, gathered from the stores and inspectors of all nodes.
 *
 * For tasks of the actor `admin`. What does not answer in time is missing and not waited for longer.
 */
#ifndef DEPLOY_MAIN_ADMIN_OVERVIEW_H
#define DEPLOY_MAIN_ADMIN_OVERVIEW_H

#include "datastore/store/store.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/backup/backup-list.h"
#include "deploy/main/command/document.h"
#include "deploy/main/host/inspect.h"
#include "deploy/main/wear/wear.h"

/* One node's hosts and actors. */
struct overview_node {
	struct str name;
	bool has_answered;
	struct inspect_row *rows;
	uint32_t row_count;
};

struct overview {
	struct arena *arena;
	struct str cluster;
	struct store_status store; /* the leader's where it answered, else our own */
	bool is_readable, is_writable;
	uint32_t tolerance;         /* how many more voters may be lost */
	struct str *apis;           /* of the store's members, "IP:PORT"; NULL: not gathered */
	struct wear_told *wears;    /* of the store's members; with has_backups */
	struct backup_list backups; /* of all nodes; gathered if has_backups */
	int64_t now_s;              /* when they were */
	bool has_backups;
	struct overview_node *nodes; /* by name */
	uint32_t node_count;
	uint64_t running, restarts;
	uint64_t failed; /* actors that are ending or between two lives */
};

/* `with_actors` asks every node's inspectors too. Everything lives in the arena. */
void overview_gather(struct act *act, struct admin *admin, struct arena *arena, bool with_actors,
		     struct overview *out);
/* Where each member serves the API, where its record says so. */
void overview_gather_apis(struct act *act, struct overview *overview);
/* What the nodes know of backups by the clock, and of what they write. */
void overview_gather_disks(struct act *act, const struct admin *admin, struct overview *overview);
/* What the store of that node says itself. False: it does not answer, or is not open. */
bool overview_ask_store(struct act *act, const struct admin *admin, struct str node,
			struct arena *arena, struct store_status *out);
/*
 * Whether the voters that `leader` knows are a majority without those of that node: each is asked by itself, for whom a leader takes for
 * alive may have gone a moment ago, and a new one takes everybody for alive.
 */
bool overview_is_majority_without(struct act *act, const struct admin *admin,
				  const struct store_status *leader, struct str node,
				  struct arena *arena);
/* The actors of this node's hosts, for `admin` to answer inspect_ask with. */
void overview_own(struct act *act, struct admin *admin, struct inspect_rows *out);

/* ---- as text, JSON and YAML (overview-print.c, the tree: overview-tree.c) ---------------------------------------------------- */

void overview_status_text(const struct overview *overview, struct text *out);
void overview_status_document(const struct overview *overview, struct document *doc);
void overview_members_text(const struct overview *overview, struct text *out);
void overview_members_document(const struct overview *overview, struct document *doc);
void overview_tree_text(const struct overview *overview, struct text *out);
void overview_tree_document(const struct overview *overview, struct document *doc);

/* ---- as objects of the API (overview-objects.c) ----------------------------------------------------------- */

/* Nodes, hosts and actors, each before those below it. */
void overview_actor_objects(const struct overview *overview, struct live_seen *out);
void overview_member_objects(const struct overview *overview, struct live_seen *out);
void overview_forecast_objects(const struct overview *overview, struct live_seen *out);

/* What is known of a member beside its place in the list; all empty where nobody has said. */
struct store_standing overview_standing(const struct overview *overview, uint32_t member);

#endif

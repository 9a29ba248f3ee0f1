/*
 * What a cluster in simulation (cluster.c) shares with its ushers (usher.c).
 */
#ifndef TESTS_SIM_CLUSTER_PRIVATE_H
#define TESTS_SIM_CLUSTER_PRIVATE_H

#include "deploy/sim/sayings.h"
#include "tests/sim/cluster.h"

#define TYPES_MAX 128U
#define USHER_ANSWER_MS 15000U

struct node {
	struct cluster *cluster;
	uint32_t number;
	bool is_started, is_kept_out;
	enum cluster_kind kind;
	char name[16];
	struct store_config store;
	struct act_child children[CLUSTER_PARTS];
	uint32_t child_count;
	struct act_supervisor root;
	struct act_ref usher; /* of its present life */
	struct cluster_view view;
	struct store_member members[LIMIT_MEMBERS]; /* as it was told; without strings */
};

struct cluster {
	struct act_sim *sim;
	struct cluster_config config;
	struct node nodes[CLUSTER_NODES + 1];
	const struct act_type *types[TYPES_MAX];
	uint32_t type_count;
	/* Of the question that is being asked. */
	uint32_t asking; /* the node whose usher asks */
	struct act_ref asker;
	bool is_answered;
	enum status status;
	const void *answer;
	struct sayings sayings;
};

/* Knows the state of its node's store, has it join, and asks for the test. Its argument is the node. */
extern const struct act_class usher_class;

enum usher_tag { TAG_STATUS = 1, TAG_JOIN, TAG_ASKED };

#endif

/*
 * What making and asking sets of rules share. Only for this folder.
 */
#ifndef DATASTORE_CUSTOM_RULE_RULE_PRIVATE_H
#define DATASTORE_CUSTOM_RULE_RULE_PRIVATE_H

#include "datastore/custom/rule/compile.h"
#include "datastore/custom/rule/rule-set.h"

/* Beside each node of a schema at or below which rules are. */
struct rule_node {
	schema_props *schema;
	struct compiled_rule *rules;
	struct str *paths; /* of each, absent: none */
	uint32_t rule_count;
	struct rule_node *items, *values; /* NULL: none */
	struct rule_member *members;      /* by name */
	uint32_t member_count;
};

struct rule_member {
	struct str name;
	struct rule_node node;
};

struct rule_set {
	struct arena *arena;
	struct rule_node *root; /* NULL: no rules, or none that can be seen */
};

#endif

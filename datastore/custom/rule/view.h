/*
 * Views: values of JSON as expressions see them, by their schema. Nothing is converted before it is looked at.
 *
 * For rules. What contradicts the schema is an error value: objects are judged by their schema first. Lists that are sets or maps compare and add as such.
 */
#ifndef DATASTORE_CUSTOM_RULE_VIEW_H
#define DATASTORE_CUSTOM_RULE_VIEW_H

#include "datastore/cel/value/value.h"
#include "datastore/custom/rule/declare.h"
#include "datastore/custom/value.h"

/* Borrows both. */
struct cel_value view_value(const struct value *value, schema_props *schema, struct arena *arena);

#endif

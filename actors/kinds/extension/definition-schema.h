/*
 * Schemas of CustomResourceDefinitions: what each node may say, and whether the whole is structural.
 *
 * For the rules of that kind only. Paths and words are upstream's (apiextensions-apiserver: apis/apiextensions/validation and
 * apiserver/schema). Depth is that of the decoded JSON, which is limited.
 */
#ifndef ACTORS_KINDS_EXTENSION_DEFINITION_SCHEMA_H
#define ACTORS_KINDS_EXTENSION_DEFINITION_SCHEMA_H

#include "actors/kinds/path.h"
#include "datastore/schema/apiextensions.h"

/* `at` is openAPIV3Schema; with a status subresource the root may say less. All of the below and what concerns the root alone. */
void definition_schema_check(const struct path *at,
			     const struct apiextensions_json_schema_props *schema, bool has_status);
/* definition-structural.c: types everywhere, combinations that only restrict, metadata as it is; defaults that satisfy their own schema. */
bool definition_schema_is_structural(const struct path *at,
				     const struct apiextensions_json_schema_props *schema);
void definition_schema_check_defaults(const struct path *at,
				      const struct apiextensions_json_schema_props *schema);
/* Calls with each format that values of its type do not know, and that is passed over therefore. */
void definition_schema_unknown_formats(const struct apiextensions_json_schema_props *schema,
				       void (*say)(void *arg, struct str format), void *arg);
/* definition-rules.c: of a schema that is fine, its rules (x-kubernetes-validations): that they compile, and what they may cost. */
void definition_schema_check_rules(const struct path *at,
				   const struct apiextensions_json_schema_props *schema);
/* The node that a path of dots (`.spec.size`) leads to through properties and maps; NULL: none. */
const struct apiextensions_json_schema_props *
definition_schema_follow(const struct apiextensions_json_schema_props *schema, struct str path);

#endif

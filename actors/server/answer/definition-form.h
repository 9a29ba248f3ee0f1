/*
 * A CustomResourceDefinition of v1 as one of v1beta1, in which it is stored, and back.
 *
 * v1beta1 has a place beside the versions for what they have in common: schema, subresources, columns and selectable fields that are
 * the same in all of them stand there, and not in the versions. Both ways give records that share memory with what they are made of.
 */
#ifndef ACTORS_SERVER_ANSWER_DEFINITION_FORM_H
#define ACTORS_SERVER_ANSWER_DEFINITION_FORM_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apiextensions_v1beta1.h"
#include "runtime/base/arena.h"

struct apiextensions_v1beta1_custom_resource_definition *
definition_form_old(const struct apiextensions_custom_resource_definition *definition,
		    struct arena *arena);

/* One that names a version and lists none has that version alone; one that says nothing of unknown fields keeps them. */
struct apiextensions_custom_resource_definition *
definition_form_new(const struct apiextensions_v1beta1_custom_resource_definition *definition,
		    struct arena *arena);

#endif

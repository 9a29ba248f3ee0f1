/*
 * Custom resources: kinds that a CustomResourceDefinition describes, as the server serves them.
 *
 * Either whoever configures a server makes them of definitions (custom_resource_of) and lets go of them after it, or they come from the
 * store while it runs (definition.h): then those of one definition are counted together, for requests hold what they began with. Their types are those
 * of datastore/schema/custom.h, so that codecs, patches, tables and OpenAPI take them for any other's.
 */
#ifndef ACTORS_SERVER_CATALOG_CUSTOM_H
#define ACTORS_SERVER_CATALOG_CUSTOM_H

#include "datastore/custom/judge.h"
#include "datastore/object/object.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/custom.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"

struct custom_set;
struct rule_set;

struct custom_resource {
	struct resource_row row;
	struct custom_types types;
	const struct apiextensions_custom_resource_definition_version *version;
	struct custom_set *set; /* that it belongs to; NULL: the configuration's */
	struct str warning;     /* of a deprecated version; absent: it is none */
	struct rule_set *rules; /* of its schema, compiled when they are first asked; NULL: not yet */
};

/*
 * Borrows the definition, which has its defaults, and the arena: the version that is served and stored. INVALID with words: what a
 * CustomResourceDefinition must have is missing or its group is Kubernetes' own.
 */
MUST_USE enum status
custom_resource_of(const struct apiextensions_custom_resource_definition *definition,
		   struct arena *arena, GIVE struct custom_resource *out, struct fault *why);
void custom_resource_fini(struct custom_resource *custom);

/* Kubernetes' order of versions, the preferred last: v1 > v1beta2 > v1beta1 > v1alpha1 > anything else, by the alphabet. */
int custom_version_cmp(struct str a, struct str b);

/* ---- those of one definition of the store ------------------------------------------------------------------ */

struct cache;

struct custom_set {
	uint32_t refs;
	struct arena *arena; /* holds all that is made for it, what the resources add to it too */
	const struct object *definition; /* a reference */
	struct custom_resource *at;      /* the served versions */
	uint32_t len;
	struct custom_types stored; /* of the version that is stored, which may be none of the served */
	struct custom_types *
	    others; /* where a webhook converts: of all versions, for objects that are kept in them */
	uint32_t other_count;
	struct str prefix; /* of its keys */
	struct judge_patterns patterns;
	struct cache *cache; /* its own */
	bool is_terminating; /* nothing new is made of it */
};

/* Takes a reference of its own. INVALID with words as above; TOO_LARGE: nested too deep. */
MUST_USE enum status custom_set_new(const struct object *definition, GIVE struct custom_set **out,
				    struct fault *why);
/* The newest state of a definition that means the same, in the place of the one it was made of. */
void custom_set_refresh(struct custom_set *set, const struct object *definition);
void custom_set_unref(TAKE struct custom_set *set); /* NULL is fine */
/* Whether a webhook converts between its versions. */
bool custom_set_converts(const struct custom_set *set);
/* The type of its objects in a version ("group/v1"), also one that is not served; NULL: it has none, or nobody has to know. */
const struct type *custom_set_type(const struct custom_set *set, struct str api_version);
/* A reference that is given back with the arena. */
void custom_set_hold(struct arena *arena, struct custom_set *set);

/* Whether the definition is to be served. */
bool custom_is_established(const struct apiextensions_custom_resource_definition *definition);
/* Whether two states of a definition mean the same for those who serve it. */
bool custom_is_same(const struct apiextensions_custom_resource_definition *a,
		    const struct apiextensions_custom_resource_definition *b);

#endif

#include "deploy/sim/annals.h"

#include "datastore/object/proto-envelope.h"
#include "datastore/schema/core.h"
#include "deploy/sim/claim.h"

#define FIRST_REVISION 1U /* of a store that has nothing */

struct teller {
	uint64_t told;
};

struct leadership {
	uint64_t term;
	uint32_t replica;
};

/* What is at a key. */
struct place {
	struct str key; /* its own bytes */
	uint64_t version, create;
	const struct object *object; /* NULL: no object */
};

struct annals {
	struct arena *arena; /* of keys and uids */
	VEC(uint64_t) facts; /* by revision: a hash of what happened; 0: nobody has told */
	struct teller tellers[ANNALS_REPLICAS];
	VEC(struct leadership) leaderships;
	uint64_t revision, changed;
	struct str changed_key;
	struct map places; /* by key; they stay when the key is gone, without an object */
	struct map uids;   /* every uid there ever was: the place of its object */
};

/* ---- life ---- */

struct annals *annals_new(void)
{
	struct annals *annals = mem_new(struct annals);

	annals->arena = arena_new(0);
	annals->revision = FIRST_REVISION;
	for (uint32_t i = 0; i < ANNALS_REPLICAS; i++)
		annals->tellers[i].told = FIRST_REVISION;
	return annals;
}

void annals_free(struct annals *annals)
{
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&annals->places, &at, &key, &value);)
		object_unref(((struct place *)value)->object);
	map_fini(&annals->places);
	map_fini(&annals->uids);
	vec_fini(&annals->facts);
	vec_fini(&annals->leaderships);
	arena_free(annals->arena);
	mem_free(annals);
}

/* ---- leaders ---- */

void annals_lead(struct annals *annals, uint32_t replica, uint64_t term)
{
	for (uint32_t i = 0; i < annals->leaderships.len; i++) {
		const struct leadership *known = &annals->leaderships.at[i];

		if (known->term != term)
			continue;
		if (known->replica != replica)
			claim_fail(__FILE__, __LINE__, "term %llu has two leaders, %u and %u",
				   (unsigned long long)term, known->replica, replica);
		return;
	}
	vec_push(&annals->leaderships, ((struct leadership){ term, replica }));
}

uint64_t annals_terms(const struct annals *annals)
{
	return annals->leaderships.len;
}

/* ---- the world ---- */

struct place_of_pod {
	const struct object *pod;
	struct str address;
};

/* One that goes keeps its address in its object when another may have it already. */
static bool is_living(const struct core_pod *pod)
{
	return !pod->metadata->has.deletion_timestamp &&
	       (pod->status == NULL || (!str_is(pod->status->phase, "Succeeded") &&
					!str_is(pod->status->phase, "Failed")));
}

static bool has_other_address(void *arg, const struct object *object)
{
	const struct place_of_pod *here = arg;
	const struct core_pod *pod = object->record;

	if (object == here->pod || pod->status == NULL || !is_living(pod) ||
	    !str_eq(pod->status->pod_ip, here->address))
		return true;
	claim_fail(__FILE__, __LINE__,
		   "pods " STR_FMT " on " STR_FMT " and " STR_FMT " on " STR_FMT
		   " both have " STR_FMT,
		   STR_ARG(object_name(object)), STR_ARG(pod->spec->node_name),
		   STR_ARG(object_name(here->pod)),
		   STR_ARG(((const struct core_pod *)here->pod->record)->spec->node_name),
		   STR_ARG(here->address));
}

static void check_pod(const struct annals *annals, const struct object *before,
		      const struct object *now)
{
	const struct core_pod *old = before ? before->record : NULL, *pod = now->record;
	struct place_of_pod here = { now, STR_NONE };

	if (old && old->spec->node_name.len > 0 &&
	    !str_eq(old->spec->node_name, pod->spec->node_name))
		claim_fail(__FILE__, __LINE__,
			   "pod " STR_FMT " went from node " STR_FMT " to " STR_FMT,
			   STR_ARG(object_name(now)), STR_ARG(old->spec->node_name),
			   STR_ARG(pod->spec->node_name));
	if (pod->status == NULL || pod->status->pod_ip.len == 0 || !is_living(pod))
		return;
	if (old && old->status && str_eq(old->status->pod_ip, pod->status->pod_ip))
		return;
	here.address = pod->status->pod_ip;
	annals_each(annals, now->type, has_other_address, &here);
}

static void check_uid(struct annals *annals, const struct place *place, const struct object *now)
{
	struct str uid = object_uid(now);
	bool is_known = map_get(&annals->uids, uid) == place;

	if (uid.len == 0)
		return;
	if (place->object && !str_eq(object_uid(place->object), uid))
		claim_fail(__FILE__, __LINE__,
			   STR_FMT " is another object from one moment to the next",
			   STR_ARG(place->key));
	if (!is_known || place->object == NULL) {
		if (map_has(&annals->uids, uid))
			claim_fail(__FILE__, __LINE__, STR_FMT " has a uid that was another's",
				   STR_ARG(place->key));
		map_put(&annals->uids, arena_str(annals->arena, uid), (void *)(uintptr_t)place);
	}
}

static const struct object *read_object(struct str value, uint64_t revision)
{
	struct proto_envelope envelope;
	struct fault why = { 0 };
	const struct type *type;
	struct object *object;

	if (!proto_envelope_is(value) || proto_envelope_open(value, &envelope, NULL) != OK)
		return NULL;
	type = type_find_api(envelope.api_version, envelope.kind);
	if (type == NULL)
		return NULL;
	if (object_decode(type, FORMAT_PROTO, value, &object, &why) != OK)
		claim_fail(__FILE__, __LINE__, "what is stored cannot be read: %s", why.text);
	object_freeze(object, (int64_t)revision);
	return object;
}

static struct place *place_of(struct annals *annals, struct str key)
{
	struct place *place = map_get(&annals->places, key);

	if (place == NULL) {
		place = arena_new_of(annals->arena, struct place);
		place->key = arena_str(annals->arena, key);
		map_put(&annals->places, place->key, place);
	}
	return place;
}

static bool is_noise(struct str key)
{
	return str_starts(key, STR("/registry/leases/")) ||
	       str_starts(key, STR("/registry/events/"));
}

static void change(struct annals *annals, const struct store_event *event)
{
	struct place *place = place_of(annals, event->row.key);
	const struct object *now = NULL;

	CLAIM(event->is_delete ? place->version > 0 : event->row.version == place->version + 1);
	CLAIM(event->is_delete || place->version == 0 ||
	      event->row.create_revision == place->create);
	if (!event->is_delete)
		now = read_object(event->row.value, event->row.mod_revision);
	if (now) {
		check_uid(annals, place, now);
		if (now->type == &core_pod_type)
			check_pod(annals, place->object, now);
	}
	object_unref(place->object);
	place->object = now;
	place->version = event->row.version;
	place->create = event->row.create_revision;
	if (!is_noise(event->row.key)) {
		annals->changed = event->row.mod_revision;
		annals->changed_key = place->key;
	}
}

/* ---- being told ---- */

static uint64_t fact_of(const struct store_event *event)
{
	const struct store_row *row = &event->row;
	uint64_t fact = hash_bytes(row->key.len, row->key.at, row->key.len);

	fact = hash_mix(fact, event->is_delete);
	if (!event->is_delete) {
		fact = hash_mix(fact, hash_bytes(1, row->value.at, row->value.len));
		fact = hash_mix(hash_mix(fact, row->create_revision), row->version);
		fact = hash_mix(fact, row->lease);
	}
	return fact | 1;
}

/* Everything of one revision. */
static void take_revision(struct annals *annals, uint32_t replica, const struct store_event *events,
			  uint32_t count)
{
	uint64_t revision = events[0].row.mod_revision, fact = 0;

	for (uint32_t i = 0; i < count; i++)
		fact = hash_mix(fact, fact_of(&events[i])) | 1;
	while (annals->facts.len <= revision)
		vec_push(&annals->facts, 0);
	if (annals->facts.at[revision] != 0 && annals->facts.at[revision] != fact)
		claim_fail(__FILE__, __LINE__,
			   "replica %u says that revision %llu was something else: " STR_FMT,
			   replica, (unsigned long long)revision, STR_ARG(events[0].row.key));
	annals->facts.at[revision] = fact;
	if (revision <= annals->revision)
		return;
	CLAIM_EQ(revision, annals->revision + 1);
	annals->revision = revision;
	for (uint32_t i = 0; i < count; i++)
		change(annals, &events[i]);
}

void annals_tell(struct annals *annals, uint32_t replica, const struct store_events *events)
{
	struct teller *teller = &annals->tellers[replica];
	uint32_t from = 0;

	for (uint32_t i = 1; i <= events->count; i++) {
		uint64_t revision = events->events[from].row.mod_revision;

		if (i < events->count && events->events[i].row.mod_revision == revision)
			continue;
		if (revision != teller->told + 1)
			claim_fail(__FILE__, __LINE__,
				   "replica %u tells revision %llu after revision %llu", replica,
				   (unsigned long long)revision, (unsigned long long)teller->told);
		take_revision(annals, replica, events->events + from, i - from);
		teller->told = revision;
		from = i;
	}
	CLAIM_EQ(events->revision, teller->told);
}

void annals_skip(struct annals *annals, uint32_t replica, uint64_t revision)
{
	annals->tellers[replica].told = revision;
}

uint64_t annals_told(const struct annals *annals, uint32_t replica)
{
	return annals->tellers[replica].told;
}

uint64_t annals_revision(const struct annals *annals)
{
	return annals->revision;
}

struct str annals_changed_key(const struct annals *annals)
{
	return annals->changed_key;
}

uint64_t annals_changed(const struct annals *annals)
{
	return annals->changed;
}

/* ---- looking ---- */

bool annals_has(const struct annals *annals, struct str key)
{
	const struct place *place = map_get(&annals->places, key);

	return place != NULL && place->version > 0;
}

void annals_each(const struct annals *annals, const struct type *type,
		 bool (*each)(void *arg, const struct object *object), void *arg)
{
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&annals->places, &at, &key, &value);) {
		const struct object *object = ((const struct place *)value)->object;

		if (object && (type == NULL || object->type == type) && !each(arg, object))
			return;
	}
}

struct search {
	struct str namespace, name;
	const struct object *found;
};

static bool is_sought(void *arg, const struct object *object)
{
	struct search *search = arg;

	if (!str_eq(object_name(object), search->name) ||
	    !str_eq(object_namespace(object), search->namespace))
		return true;
	search->found = object;
	return false;
}

const struct object *annals_find(const struct annals *annals, const struct type *type,
				 struct str namespace, struct str name)
{
	struct search search = { namespace, name, NULL };

	annals_each(annals, type, is_sought, &search);
	return search.found;
}

const struct object *annals_of_uid(const struct annals *annals, struct str uid)
{
	const struct place *place = map_get(&annals->uids, uid);

	if (place == NULL || place->object == NULL || !str_eq(object_uid(place->object), uid))
		return NULL;
	return place->object;
}

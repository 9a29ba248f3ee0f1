#include <stdlib.h>

#include "actors/client/quota.h"
#include "actors/server/server-private.h"
#include "datastore/object/object.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * Quotas: what an object would use is charged to the ResourceQuotas of its namespace, or it is refused (upstream's plug-in ResourceQuota).
 *
 * The charge is written with the object, in one operation of the store that holds the quota to the revision that was read: two writers
 * never share the last place, and a charge without its object does not exist. What goes is given back by the controller's count.
 *
 * Writers of one server to one namespace take turns, in the order they came: of many that held the same revision all but one would be
 * refused by the store and try again, and some would lose every round.
 */

#define WORDS_MAX (8U * KIB)
#define QUOTA_BYTES_MAX LIMIT_OBJECT_BYTES

struct charge {
	struct request *r;
	struct quota_uses now, before;
	bool is_over; /* refused: the answer is set */
	bool has_to_wait;
};

/* Pods are charged when they are made and when they grow, services and claims at each change, all else when it is made. */
static bool is_charged(const struct request *r)
{
	struct str subresource = r->route.subresource;

	if (!r->resource->row->is_namespaced)
		return false;
	if (r->is_creating)
		return subresource.len == 0;
	if (r->type == &core_pod_type)
		return str_is(subresource, "resize");
	return subresource.len == 0 &&
	       (r->type == &core_service_type || r->type == &core_persistent_volume_claim_type);
}

/* ---- turns ------------------------------------------------------------------------------------------------ */

struct quota_turn {
	char nothing;
};
static const ACT_TYPE(quota_turn, .id = 0);

static void give_turn(struct request *r)
{
	r->is_charging = true;
	list_push(&r->server->quota_holding, &r->charge_link);
}

/* False: somebody else's turn; the step runs again when it has come. */
static bool take_turn(struct request *r)
{
	if (r->is_charging)
		return true;
	list_each (&r->server->quota_holding, link) {
		const struct request *other = list_item(link, struct request, charge_link);

		if (!str_eq(other->route.namespace, r->route.namespace))
			continue;
		list_push(&r->server->quota_waiting, &r->wait_link);
		return false;
	}
	give_turn(r);
	return true;
}

void quota_leave(struct request *r)
{
	struct server *server = r->server;

	if (!r->is_charging)
		return;
	r->is_charging = false;
	list_remove(&r->charge_link);
	list_each (&server->quota_waiting, link) {
		struct request *next = list_item(link, struct request, wait_link);

		if (!str_eq(next->route.namespace, r->route.namespace))
			continue;
		list_remove(&next->wait_link);
		give_turn(next);
		next->is_charge_due = true;
		/* Not from here: whoever ends may be in the middle of something. */
		act_after(server->act, 0, &quota_turn_type, &(struct quota_turn){ 0 });
		return;
	}
}

static struct request *due_of(struct server *server)
{
	list_each (&server->quota_holding, link) {
		struct request *r = list_item(link, struct request, charge_link);

		if (r->is_charge_due)
			return r;
	}
	return NULL;
}

bool quota_receive(struct server *server, const struct act_msg *msg)
{
	struct request *r;

	if (!ACT_IS(msg, quota_turn))
		return false;
	while ((r = due_of(server)) != NULL) {
		r->is_charge_due = false;
		request_run(r);
	}
	return true;
}

/* ---- words ----------------------------------------------------------------------------------------------- */

static enum next deny(struct request *r, struct str why)
{
	return request_fail(r, failure_forbidden(r->arena, request_group(r), request_resource(r),
						 record_meta(r->type, r->record)->name, why));
}

static void add_word(struct text *out, struct str name, struct str amount)
{
	text_printf(out, "%s" STR_FMT "=" STR_FMT, out->len ? "," : "", STR_ARG(name),
		    STR_ARG(amount));
}

static int compare_uses(const void *a, const void *b)
{
	return str_cmp(((const struct quota_use *)a)->name, ((const struct quota_use *)b)->name);
}

static enum next deny_exceeded(struct request *r, const struct core_resource_quota *quota,
			       struct quota_uses *over)
{
	struct text asked = text_in(r->arena, WORDS_MAX), used = text_in(r->arena, WORDS_MAX);
	struct text limited = text_in(r->arena, WORDS_MAX);
	struct str name = quota->metadata->name, words[3];

	qsort(over->at, over->len, sizeof *over->at, compare_uses);
	for (uint32_t i = 0; i < over->len; i++) {
		struct str what = over->at[i].name;

		add_word(&asked, what, quantity_text(over->at[i].amount, r->arena));
		add_word(&used, what, str_map_get(quota->status->used, what));
		add_word(&limited, what, str_map_get(quota->status->hard, what));
	}
	words[0] = text_str(&asked);
	words[1] = text_str(&used);
	words[2] = text_str(&limited);
	return deny(r, request_printf(r,
				      "exceeded quota: " STR_FMT ", requested: " STR_FMT
				      ", used: " STR_FMT ", limited: " STR_FMT,
				      STR_ARG(name), STR_ARG(words[0]), STR_ARG(words[1]),
				      STR_ARG(words[2])));
}

/* Nobody has counted yet: what is free is not known. */
static enum next deny_unknown(struct request *r, const struct core_resource_quota *quota)
{
	struct text names = text_in(r->arena, WORDS_MAX);
	struct str name = quota->metadata->name, list;

	for (uint32_t i = 0; i < quota->status->hard.len; i++) {
		struct str what = quota->status->hard.at[i].key;

		if (quota_is_of(r->type, what) && str_map_get(quota->status->used, what).at == NULL)
			text_printf(&names, "%s" STR_FMT, names.len ? "," : "", STR_ARG(what));
	}
	list = text_str(&names);
	return deny(r,
		    request_printf(r, "status unknown for quota: " STR_FMT ", resources: " STR_FMT,
				   STR_ARG(name), STR_ARG(list)));
}

/* ---- what a pod must say ----------------------------------------------------------------------------------- */

/* Where these are limited each container has to say what it takes, else one could take all. */
static const char *const must_say[] = { "cpu",    "limits.cpu",   "limits.memory",
					"memory", "requests.cpu", "requests.memory" };

static bool says(const struct core_resource_requirements *resources, struct str what)
{
	struct str rest = what;
	bool is_limit = str_starts(what, STR("limits."));

	if (resources == NULL)
		return false;
	if (str_find_char(what, '.') >= 0)
		str_cut(&rest, '.');
	return str_map_get(is_limit ? resources->limits : resources->requests, rest).at != NULL;
}

static void add_silent(struct text *out, struct core_container_list list, struct str what)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (!says(list.at[i].resources, what))
			text_printf(out, "%s" STR_FMT, out->len ? "," : "",
				    STR_ARG(list.at[i].name));
}

static struct str missing_words(struct request *r, const struct core_resource_quota *quota)
{
	const struct core_pod_spec *spec = ((const struct core_pod *)r->record)->spec;
	struct text out = text_in(r->arena, WORDS_MAX);

	for (size_t i = 0; i < sizeof must_say / sizeof must_say[0]; i++) {
		struct str what = str_from(must_say[i]), names;
		struct text silent = text_in(r->arena, WORDS_MAX);

		if (str_map_get(quota->status->hard, what).at == NULL || says(spec->resources, what))
			continue;
		add_silent(&silent, spec->containers, what);
		add_silent(&silent, spec->init_containers, what);
		names = text_str(&silent);
		if (names.len > 0)
			text_printf(&out, "%s" STR_FMT " for: " STR_FMT, out.len ? "; " : "",
				    STR_ARG(what), STR_ARG(names));
	}
	return out.len > 0 ? text_str(&out) : STR_NONE;
}

/* ---- one quota --------------------------------------------------------------------------------------------- */

static bool has_unknown(const struct request *r, const struct core_resource_quota *quota)
{
	for (uint32_t i = 0; i < quota->status->hard.len; i++)
		if (quota_is_of(r->type, quota->status->hard.at[i].key) &&
		    str_map_get(quota->status->used, quota->status->hard.at[i].key).at == NULL)
			return true;
	return false;
}

/* What is used more than before, of what the quota limits. */
static struct quota_uses more_of(const struct charge *charge,
				 const struct core_resource_quota *quota)
{
	struct quota_uses more = quota_uses_in(charge->r->arena);

	for (uint32_t i = 0; i < charge->now.len; i++) {
		const struct quota_use *use = &charge->now.at[i];
		const struct quota_use *had = quota_find(&charge->before, use->name);
		struct quantity amount = use->amount;

		if (had != NULL)
			amount = quantity_sub(amount, had->amount);
		if (amount.nano > 0 && str_map_get(quota->status->hard, use->name).at != NULL)
			quota_add(&more, use->name, amount);
	}
	return more;
}

static void write_charge(struct request *r, const struct object *object,
			 const struct quota_uses *more)
{
	struct core_resource_quota *quota =
	    record_clone_shallow(object->type, object->record, r->arena);
	const struct resource *resource = resources_find_type(r->server->resources, object->type);
	struct str namespace = object_namespace(object), name = object_name(object);
	struct text value = text_in(r->arena, QUOTA_BYTES_MAX);

	for (uint32_t i = 0; i < more->len; i++) {
		struct str used = str_map_get(quota->status->used, more->at[i].name);
		struct quantity sum = quantity_add(quantity_of(used), more->at[i].amount);

		str_map_put(&quota->status->used, r->arena, more->at[i].name,
			    quantity_text(sum, r->arena));
	}
	quota->metadata->resource_version = STR_NONE;
	proto_envelope_encode(object->type, quota, &value);
	kind_also(&r->change, (struct kind_write){
				  .key = request_printf(r, STR_FMT STR_FMT "/" STR_FMT,
							STR_ARG(resource->row->prefix),
							STR_ARG(namespace), STR_ARG(name)),
				  .value = text_str(&value),
				  .expected = (uint64_t)object->revision,
			      });
}

static enum next charge_to(struct charge *charge, const struct object *object)
{
	const struct core_resource_quota *quota = object->record;
	struct request *r = charge->r;
	struct quota_uses more, over = quota_uses_in(r->arena);
	struct str missing = STR_NONE, name = quota->metadata->name;

	if (r->type == &core_pod_type)
		missing = missing_words(r, quota);
	if (missing.at != NULL)
		return deny(r, request_printf(r, "failed quota: " STR_FMT ": must specify " STR_FMT,
					      STR_ARG(name), STR_ARG(missing)));
	if (has_unknown(r, quota))
		return deny_unknown(r, quota);
	more = more_of(charge, quota);
	for (uint32_t i = 0; i < more.len; i++) {
		struct str what = more.at[i].name;
		struct quantity sum = quantity_add(
		    quantity_of(str_map_get(quota->status->used, what)), more.at[i].amount);

		if (quantity_cmp(sum, quantity_of(str_map_get(quota->status->hard, what))) > 0)
			quota_add(&over, what, more.at[i].amount);
	}
	if (over.len > 0)
		return deny_exceeded(r, quota, &over);
	if (more.len == 0 || request_is_dry_run(r))
		return NEXT;
	charge->has_to_wait = !take_turn(r);
	if (!charge->has_to_wait)
		write_charge(r, object, &more);
	return NEXT;
}

static bool visit_quota(void *arg, const struct object *object)
{
	const struct core_resource_quota *quota = object->record;
	struct charge *charge = arg;
	struct request *r = charge->r;
	bool is_of_it = false;

	for (uint32_t i = 0; i < quota->status->hard.len && !is_of_it; i++)
		is_of_it = quota_is_of(r->type, quota->status->hard.at[i].key);
	if (!is_of_it || !quota_takes(quota, r->type, r->record))
		return true;
	charge->is_over = charge_to(charge, object) != NEXT;
	return !charge->is_over && !charge->has_to_wait;
}

enum next quota_charge(struct request *r)
{
	const struct reader *reader = &r->server->reader;
	struct charge charge = { .r = r };
	struct wall now = act_wall(r->server->act);

	if (!is_charged(r))
		return NEXT;
	/* It was tried before: somebody else has charged the quota, and that has to be seen first. */
	if (r->tries > 0 && !r->is_fresh)
		return request_refresh(r);
	charge.now = quota_uses_of(r->type, r->record, now, r->arena);
	charge.before = quota_uses_in(r->arena);
	if (!r->is_creating && r->live != NULL && r->live->type == r->type)
		charge.before = quota_uses_of(r->type, r->live->record, now, r->arena);
	reader->each(reader->self, &core_resource_quota_type, r->route.namespace, visit_quota,
		     &charge);
	if (charge.has_to_wait)
		return WAIT;
	if (charge.is_over)
		return DONE;
	return r->change.failure != NULL ? request_fail(r, r->change.failure) : NEXT;
}

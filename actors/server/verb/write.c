#include "actors/client/uid.h"
#include "actors/server/answer/convert.h"
#include "actors/server/answer/stored.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/record.h"

/*
 * The second half of every write, behind admission (admit.c): the rules of the kind, the store.
 *
 * A write is one operation of the store with the revision that was read, so nothing is ever overwritten unseen; what
 * a kind wants written with it (kind_also) joins that operation. The answer waits until the own caches show the write: whoever
 * was answered finds it here.
 */

#define NAME_BASE_MAX 58U /* of a generateName, so that 5 more fit into 63 */
#define NAME_RANDOM 5U

/* ---- what a new object gets ---------------------------------------------------------------------------------- */

/* No vowels, nothing that looks like another: upstream's alphabet. */
static struct str new_name(struct request *r, struct str base)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	char tail[NAME_RANDOM + 1] = { 0 };

	for (uint32_t i = 0; i < NAME_RANDOM; i++)
		tail[i] = letters[act_random(r->server->act) % (sizeof letters - 1)];
	return request_printf(r, STR_FMT "%s", STR_ARG(str_slice(base, 0, NAME_BASE_MAX)), tail);
}

void write_fill_new(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	struct wall now = act_wall(r->server->act);

	meta->uid = uid_new(r->server->act, r->arena);
	SET(meta, creation_timestamp, ((struct wall){ now.ns - now.ns % TIME_S }));
	UNSET(meta, deletion_timestamp);
	UNSET(meta, deletion_grace_period_seconds);
	meta->self_link = STR_NONE;
	if (meta->generate_name.len > 0 && (meta->name.len == 0 || r->is_name_ours)) {
		meta->name = r->resource->rules->keeps_prefix ? meta->generate_name
							      : new_name(r, meta->generate_name);
		r->is_name_ours = true;
	}
}

bool write_is_upkeep(struct request *r)
{
	const struct meta_object_meta *old;
	struct meta_object_meta *meta;
	void *copy;

	if (r->live == NULL)
		return false;
	old = object_meta(r->live);
	copy = record_clone_shallow(r->type, r->record, r->arena);
	meta = record_meta(r->type, copy);
	meta->owner_references = old->owner_references;
	meta->finalizers = old->finalizers;
	meta->managed_fields = old->managed_fields;
	meta->self_link = old->self_link;
	return record_equal(r->type, copy, r->live->record);
}

/* ---- the rules of the kind ----------------------------------------------------------------------------------------- */

/* Rules may know one version of their kind only. */
static const struct type *judged_type(struct request *r)
{
	const char *version = r->resource->rules->version;
	const struct type *type = r->type;

	if (version != NULL && !str_is(type_version(type), version))
		type = type_find(type_group(type), str_from(version), type_kind(type));
	assert(type != NULL);
	return type;
}

static void *in_type(struct request *r, const struct type *from, const void *record,
		     const struct type *to)
{
	/* The request's own, and a new one if it is another. */
	return (void *)(uintptr_t)convert_record(from, record, to, r->arena);
}

static const struct kind_schema *schema_of(struct request *r)
{
	const struct custom_resource *custom = r->resource->custom;
	struct kind_schema *schema;

	if (custom == NULL)
		return NULL;
	schema = arena_new_of(r->arena, struct kind_schema);
	schema->version = custom->version;
	schema->patterns = custom->set ? &custom->set->patterns : NULL;
	schema->rules = custom->set ? &custom->set->at[custom - custom->set->at].rules : NULL;
	return schema;
}

static void begin_change(struct request *r, struct faults *faults, struct check_context *check)
{
	const struct type *type = judged_type(r);

	*check = request_context(r);
	*faults = faults_in(r->arena);
	r->change = (struct kind_change){
		.check = check,
		.arena = r->arena,
		.type = type,
		.resource = request_resource(r),
		.subresource = r->steps->is_main ? STR("") : r->route.subresource,
		.namespace = r->route.namespace,
		.name = record_meta(r->type, r->record)->name,
		.object = in_type(r, r->type, r->record, type),
		.user = &r->user,
		.schema = schema_of(r),
		.is_dry_run = request_is_dry_run(r),
		.faults = faults,
	};
	if (r->live != NULL)
		r->change.old = convert_record(r->live->type, r->live->record, type, r->arena);
}

/* Rights that are lacking stand before what is wrong with the object, or in its place. */
static void add_unheld(struct request *r, struct faults *faults)
{
	uint32_t len = r->unheld.len;
	struct fault_item *all;

	if (len == 0 || (r->is_unheld_last && faults->len > 0))
		return;
	all = arena_array(r->arena, struct fault_item, len + faults->len);
	memcpy(all, r->unheld.at, len * sizeof *all);
	if (faults->len > 0)
		memcpy(all + len, faults->at, faults->len * sizeof *all);
	faults->at = all;
	faults->len += len;
	faults->cap = faults->len;
}

static enum next end_change(struct request *r, struct faults *faults)
{
	struct str group = request_group(r);

	add_unheld(r, faults);
	for (uint32_t i = 0; i < r->change.warning_count; i++)
		request_warn(r, r->change.warnings[i]);
	r->record = in_type(r, r->change.type, r->change.object, r->type);
	r->change.faults = NULL;
	r->change.check = NULL;
	if (r->change.failure != NULL)
		return request_fail(r, r->change.failure);
	if (faults->len == 0)
		return NEXT;
	/* Events are judged as those of core, whatever group they came by. */
	if (str_is(group, "events.k8s.io"))
		group = STR("");
	return request_fail(r, failure_invalid(r->arena, group, type_kind(r->type),
					       record_meta(r->type, r->record)->name, faults));
}

enum next write_create(struct request *r)
{
	struct check_context check;
	struct faults faults;

	begin_change(r, &faults, &check);
	kind_create(r->resource->rules, &r->change);
	return end_change(r, &faults);
}

enum next write_update(struct request *r)
{
	struct check_context check;
	struct faults faults;

	begin_change(r, &faults, &check);
	kind_update(r->resource->rules, &r->change);
	return end_change(r, &faults);
}

/* ---- the store -------------------------------------------------------------------------------------------------------- */

/* The bytes that upstream's server would write: the stored version, without resourceVersion. */
static struct str stored_bytes(struct request *r, struct arena *arena, const struct type *type,
			       const void *record)
{
	const struct type *stored = r->resource->stored;
	const void *kept = record == r->record && r->converted != NULL
			       ? r->converted
			       : convert_record(type, record, stored, r->arena);
	struct text out = text_in(arena, LIMIT_BODY_BYTES * 2);

	stored_encode(stored, kept, &out);
	return text_str(&out);
}

static struct str key_in(struct arena *arena, const struct request *r, struct str namespace,
			 struct str name)
{
	struct str prefix = cache_prefix(r->resource->cache);

	if (namespace.len > 0)
		return arena_printf(arena, STR_FMT STR_FMT "/" STR_FMT, STR_ARG(prefix),
				    STR_ARG(namespace), STR_ARG(name));
	return arena_printf(arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(name));
}

struct str write_key(struct request *r, struct str name)
{
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");

	return key_in(r->arena, r, namespace, name);
}

/* The bytes under their key, closed. */
static enum status close_value(struct request *r, const struct type *type, struct store_op *op,
			       struct str plain, struct fault *why)
{
	return seal_close(r->server, type, op->key, plain, request_store_arena(r), &op->value, why);
}

static enum next closing_failed(struct request *r, const struct fault *why)
{
	return request_fail(r, failure_internal(r->arena, "%s", why->text));
}

/* What is written along may be of any resource. */
static enum status op_of(struct request *r, struct arena *arena, const struct kind_write *write,
			 struct store_op *out, struct fault *why)
{
	const struct cache *cache = resources_cache_of(r->server->resources, write->key);

	*out = (struct store_op){
		.kind = write->value.at ? STORE_PUT : STORE_DELETE,
		.key = arena_str(arena, write->key),
		.value = write->value.at ? arena_str(arena, write->value) : STR_NONE,
		.expected = write->expected,
	};
	if (write->value.at == NULL || cache == NULL)
		return OK;
	return close_value(r, cache_type(cache), out, out->value, why);
}

static enum next ask_store(struct request *r, struct store_op first)
{
	struct arena *arena = request_store_arena(r);
	struct store_op *ops = arena_array(arena, struct store_op, r->change.write_count + 2);
	struct store_write write = { .arena = arena, .success = ops, .success_count = 1 };
	struct fault why = { 0 };

	ops[0] = first;
	for (uint32_t i = 0; i < r->change.write_count; i++)
		if (op_of(r, arena, &r->change.writes[i], &ops[write.success_count++], &why) != OK)
			return closing_failed(r, &why);
	if (r->also != NULL && op_of(r, arena, r->also, &ops[write.success_count++], &why) != OK)
		return closing_failed(r, &why);
	write.term = r->asked.term;
	write.request = act_random(r->server->act) | 1;
	r->store_operation = first.kind == STORE_DELETE ? "delete"
			     : first.expected == 0      ? "create"
							: "update";
	return request_ask(r, &store_write_type, &write);
}

static enum next ask_put(struct request *r)
{
	const struct meta_object_meta *meta = record_meta(r->type, r->record);
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");
	struct store_op op = { .kind = STORE_PUT, .value = r->stored };
	struct fault why = { 0 };

	if (r->stored.len > LIMIT_OBJECT_BYTES)
		return request_fail(
		    r, failure_too_large(r->arena, "the object is larger than the store takes"));
	if (event_lease_is_wanted(r)) {
		op.lease = event_lease_take(r->server);
		r->is_leasing = op.lease == 0;
		if (r->is_leasing)
			return event_lease_ask(r);
	}
	op.key = key_in(request_store_arena(r), r, namespace, meta->name);
	if (close_value(r, r->resource->stored, &op, op.value, &why) != OK)
		return closing_failed(r, &why);
	op.expected = r->is_creating ? 0 : (uint64_t)r->live->revision;
	return ask_store(r, op);
}

static enum next begin_again(struct request *r)
{
	r->is_fresh = false;
	r->live = NULL;
	r->store_answer = NULL; /* it was about the last try */
	r->change = (struct kind_change){ 0 };
	r->mechanism.index = 0;
	r->admitting = NULL;
	r->converted = NULL;
	return request_jump(r, STEP_DECODE);
}

/* An object of the same name is there. */
static enum next exists(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	const struct object *there;
	struct failure *failure;

	/* From the body: the kind may have written the first name into the object. */
	if (r->is_name_ours && ++r->tries < LIMIT_NAME_TRIES)
		return begin_again(r);
	failure = failure_exists(r->arena, request_group(r), request_resource(r), meta->name);
	if (meta->generate_name.len > 0) {
		failure->retry_after_s = 1;
		failure->message = request_printf(r,
						  STR_FMT ", the server was not able to generate a "
							  "unique name for the object",
						  STR_ARG(failure->message));
	}
	there = cache_get(r->resource->cache, meta->namespace, meta->name);
	if (there != NULL && object_meta(there)->has.deletion_timestamp)
		failure->message = request_printf(r, "object is being deleted: " STR_FMT,
						  STR_ARG(failure->message));
	return request_fail(r, failure);
}

/* Somebody was faster. Who named a version of the object is told; else the change is made again to what is there now. */
static enum next conflict(struct request *r, bool is_own)
{
	bool has_version = r->has_version && is_own;

	if (!has_version && ++r->tries < LIMIT_WRITE_TRIES)
		return begin_again(r);
	return request_fail(r, failure_conflict(r->arena, request_group(r), request_resource(r),
						r->route.name, FAILURE_MODIFIED));
}

static enum next write_failed(struct request *r, enum status status,
			      const struct store_write_answer *answer)
{
	bool is_own = answer == NULL || answer->refused_op == 0;

	switch (status) {
	case EXISTS:
		if (is_own && r->is_creating)
			return exists(r);
		return conflict(r, is_own); /* what was to be written with it was taken meanwhile */
	case CONFLICT:
	case NOT_FOUND: return conflict(r, is_own);
	default: return request_fail_status(r, status, NULL);
	}
}

static void set_version(struct request *r, uint64_t revision)
{
	record_meta(r->type, r->record)->resource_version =
	    request_printf(r, "%ju", (uintmax_t)revision);
}

/* The cache's own object is what everybody else is shown; its encodings are shared. */
static enum next answer_written(struct request *r)
{
	struct str name = record_meta(r->type, r->record)->name;
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");
	const struct object *object = cache_get(r->resource->cache, namespace, name);
	int32_t code = r->is_creating ? 201 : 200;

	if (r->steps->answer != NULL) {
		r->steps->answer(r);
		return DONE;
	}
	/* What a webhook would make of it again is what was sent. */
	if (object != NULL && (uint64_t)object->revision == r->written && r->converted == NULL)
		respond_object(r, code, object_hold(r->arena, object));
	else
		respond_record(r, code, r->type, r->record);
	return DONE;
}

static enum next written(struct request *r)
{
	enum next next = request_wait_revision(r, r->written);

	return next == NEXT ? answer_written(r) : next;
}

static bool is_kept_in_older(const struct request *r)
{
	const struct object *kept =
	    cache_get(r->resource->cache, object_namespace(r->live), object_name(r->live));

	return kept != NULL && kept->origin != NULL;
}

/* A webhook has made what is there a version that is not the stored one. */
static bool is_live_converted(const struct request *r)
{
	return r->live != NULL && r->live->type == r->type && r->type != r->resource->stored;
}

/* Equal bytes are no change: nothing is written, and the version stays. */
static bool is_same(struct request *r)
{
	if (r->is_creating || r->change.write_count > 0 || r->also != NULL)
		return false;
	/* It lies there under a key that is to go: written again it lies under the new one. */
	if (r->server->config->encryption != NULL &&
	    seal_is_stale(r->server, r->resource->stored,
			  key_in(r->arena, r, object_namespace(r->live), object_name(r->live))))
		return false;
	if (is_kept_in_older(r))
		return false; /* it moves to the version that is stored now */
	if (is_live_converted(r))
		return record_equal(r->type, r->record, r->live->record);
	return str_eq(r->stored, stored_bytes(r, r->arena, r->live->type, r->live->record));
}

/* The last finalizer of an object that is being deleted has gone: so does the object. */
static bool is_last_finalizer(const struct request *r)
{
	const struct meta_object_meta *meta = record_meta(r->type, r->record);
	const struct meta_object_meta *old = r->live ? object_meta(r->live) : NULL;

	return !r->is_creating && old != NULL && old->has.deletion_timestamp &&
	       (!old->has.deletion_grace_period_seconds ||
		old->deletion_grace_period_seconds == 0) &&
	       meta->finalizers.len == 0 &&
	       !(r->resource->rules->outlives && r->resource->rules->outlives(r->record));
}

/* As it would be read again: without what says nothing, with defaults, and as the version that was asked for. */
static const void *as_if_stored(struct request *r)
{
	struct str version = record_meta(r->type, r->record)->resource_version;
	struct object *object;
	const struct object *settled;

	if (stored_decode(r->resource->stored, r->stored, &object, NULL) != OK)
		return r->record;
	record_default(object->type, object->record, object_arena(object), act_wall(r->server->act));
	object_meta(object)->resource_version = version;
	settled = object_settle(object, 0, NULL);
	object_hold(r->arena, settled);
	object_unref(settled);
	return convert_record(settled->type, settled->record, r->type, r->arena);
}

static enum next persist_dry(struct request *r)
{
	struct str name = record_meta(r->type, r->record)->name;
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");

	if (r->is_creating && cache_get(r->resource->cache, namespace, name) != NULL)
		return exists(r);
	if (r->steps->answer != NULL)
		r->steps->answer(r);
	else
		respond_record(r, r->is_creating ? 201 : 200, r->type, as_if_stored(r));
	return DONE;
}

/* An object that is too large is stored without its owners rather than not at all; an apply cannot do without them. */
static void encode(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);

	r->stored = stored_bytes(r, request_store_arena(r), r->type, r->record);
	if (r->stored.len <= LIMIT_OBJECT_BYTES || meta->managed_fields.len == 0 ||
	    apply_is_asked(r))
		return;
	meta->managed_fields = (struct meta_managed_fields_entry_list){ 0 };
	r->stored = stored_bytes(r, request_store_arena(r), r->type, r->record);
}

static enum next persist_put(struct request *r)
{
	enum next next;

	owners_settle(r);
	if (!request_is_dry_run(r) && !(is_live_converted(r) && is_same(r))) {
		next = conversion_store(r);
		if (next != NEXT)
			return next;
	}
	encode(r);
	if (!r->is_creating && is_same(r)) {
		r->written = (uint64_t)r->live->revision;
		set_version(r, r->written);
		return answer_written(r);
	}
	return request_is_dry_run(r) ? persist_dry(r) : ask_put(r);
}

static struct str live_key(struct request *r)
{
	return key_in(request_store_arena(r), r, object_namespace(r->live), object_name(r->live));
}

/* An update that ends in a removal has wishes of its own: they are dropped with what it would have written. */
static enum next ask_kind(struct request *r)
{
	struct check_context check = request_context(r);
	struct faults faults = faults_in(r->arena);

	r->change = (struct kind_change){ 0 };
	if (r->resource->rules->on_delete == NULL)
		return NEXT;
	r->change = (struct kind_change){ .check = &check,
					  .arena = r->arena,
					  .type = r->live->type,
					  .resource = request_resource(r),
					  .namespace = object_namespace(r->live),
					  .name = object_name(r->live),
					  .object = r->live->record,
					  .old = r->live->record,
					  .user = &r->user,
					  .is_dry_run = request_is_dry_run(r),
					  .faults = &faults };
	r->resource->rules->on_delete(&r->change);
	r->change.check = NULL;
	r->change.faults = NULL;
	return r->change.failure ? request_fail(r, r->change.failure) : NEXT;
}

enum next write_remove(struct request *r)
{
	struct store_op op = { .kind = STORE_DELETE,
			       .key = live_key(r),
			       .expected = (uint64_t)r->live->revision };
	enum next next = ask_kind(r);

	return next == NEXT ? ask_store(r, op) : next;
}

enum next write_replace(struct request *r)
{
	struct store_op op = { .kind = STORE_PUT,
			       .key = live_key(r),
			       .expected = (uint64_t)r->live->revision };
	struct fault why = { 0 };

	if (close_value(r, r->resource->stored, &op,
			stored_bytes(r, request_store_arena(r), r->type, r->record), &why) != OK)
		return closing_failed(r, &why);
	return ask_store(r, op);
}

enum next write_persist(struct request *r)
{
	const struct store_write_answer *answer;
	enum status status;

	if (r->written != 0)
		return written(r);
	if (r->store_answer == NULL) {
		if (is_last_finalizer(r) && !request_is_dry_run(r)) {
			r->is_removal = true;
			return write_remove(r);
		}
		return persist_put(r);
	}
	status = store_outcome(r->store_answer);
	if (r->is_leasing) {
		r->is_leasing = false;
		if (status != OK)
			return request_fail_status(r, status, NULL);
		event_lease_came(r->server, r->store_answer->body);
		r->store_answer = NULL;
		return persist_put(r);
	}
	answer = r->store_answer->body;
	if (status != OK)
		return write_failed(r, status, answer);
	r->written = answer->revision;
	set_version(r, r->written);
	return written(r);
}

bool write_resource_version(struct request *r, struct str text, uint64_t *out)
{
	if (text.len == 0) {
		*out = 0;
		return true;
	}
	if (str_to_u64(text, out) == OK)
		return true;
	request_fail(r, failure_plain(r->arena, 500,
				      request_printf(r,
						     "strconv.ParseUint: parsing \"" STR_FMT
						     "\": invalid syntax",
						     STR_ARG(text))));
	return false;
}

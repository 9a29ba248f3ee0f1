#include "actors/server/answer/convert.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "datastore/custom/record-patch.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/autoscaling.h"
#include "transport/wire/json.h"

/*
 * scale: how many replicas a workload wants and has, in the same words for every kind. A change of it is a change of
 * the workload, judged by the workload's own rules.
 */

/* ---- where it stands -------------------------------------------------------------------------------------- */

/* Paths in the object; custom resources have theirs from their definition. */
struct places {
	struct str wanted, have;
	struct str selector; /* of text; absent: spec.selector, of labels */
};

static struct str without_dot(struct str path)
{
	return str_slice(path, path.len > 0 && path.at[0] == '.' ? 1 : 0, path.len);
}

static struct places places_of(const struct request *r)
{
	const struct custom_resource *custom = r->resource->custom;
	const struct apiextensions_custom_resource_subresource_scale *scale;

	if (custom == NULL)
		return (struct places){ STR("spec.replicas"), STR("status.replicas"), STR_NONE };
	scale = custom->version->subresources->scale;
	return (struct places){ without_dot(scale->spec_replicas_path),
				without_dot(scale->status_replicas_path),
				without_dot(scale->label_selector_path) };
}

/* ---- a workload as a Scale -------------------------------------------------------------------------------- */

static bool number_at(const struct type *type, const void *record, struct str path, int32_t *out)
{
	struct record_place place;
	const void *at;

	if (record_field(type, record, path, &place) != OK || place.record == NULL ||
	    !field_is_set(place.field, place.record))
		return false;
	at = field_at(place.field, place.record);
	if (place.field->kind == KIND_INT64)
		*out = (int32_t) * (const int64_t *)at;
	else if (place.field->kind == KIND_INT32)
		*out = *(const int32_t *)at;
	else
		return false;
	return true;
}

/* spec.selector is a LabelSelector, or the plain map of a ReplicationController. */
static struct str selector_of(struct request *r, const struct type *type, const void *record)
{
	struct places places = places_of(r);
	struct record_place place;
	struct selector selector;
	const void *value;

	if (r->resource->custom != NULL)
		return places.selector.len > 0
			   ? record_value(type, record, places.selector, r->arena)
			   : STR_NONE;
	if (record_field(type, record, STR("spec.selector"), &place) != OK || place.record == NULL)
		return STR_NONE;
	value = field_at(place.field, place.record);
	if (place.field->shape == SHAPE_MAP)
		selector = selector_from_map(*(const struct str_map *)value, r->arena);
	else if (selector_from_label_selector(*(const struct meta_label_selector *const *)value,
					      r->arena, &selector, NULL) != OK)
		return STR_NONE;
	return selector_print(&selector, r->arena);
}

static struct autoscaling_scale *scale_of(struct request *r, const struct type *type,
					  const void *record)
{
	const struct meta_object_meta *meta = record_meta(type, record);
	struct autoscaling_scale *scale = arena_new_of(r->arena, struct autoscaling_scale);
	struct places places = places_of(r);
	int32_t replicas;

	record_fill(&autoscaling_scale_type, scale, r->arena);
	scale->metadata->name = meta->name;
	scale->metadata->namespace = meta->namespace;
	scale->metadata->uid = meta->uid;
	scale->metadata->resource_version = meta->resource_version;
	SET(scale->metadata, creation_timestamp, meta->creation_timestamp);
	if (number_at(type, record, places.wanted, &replicas))
		SET(scale->spec, replicas, replicas);
	if (number_at(type, record, places.have, &replicas))
		SET(scale->status, replicas, replicas);
	scale->status->selector = selector_of(r, type, record);
	return scale;
}

/* Of a custom resource what leads to the number may have to be made first. */
static void set_custom_replicas(struct request *r, const struct type *type, void *record,
				int32_t replicas)
{
	struct text patch = text_in(r->arena, 4 * KIB);
	struct str rest = places_of(r).wanted;
	uint32_t depth = 0;
	enum status status;

	for (; rest.at != NULL; depth++) {
		text_add_char(&patch, '{');
		json_write_string(&patch, str_cut(&rest, '.'));
		text_add_char(&patch, ':');
	}
	text_add_i64(&patch, replicas);
	while (depth-- > 0)
		text_add_char(&patch, '}');
	status = record_patch(PATCH_MERGE, type, record, text_str(&patch), r->arena, NULL, NULL);
	assert(status == OK);
	(void)status;
}

static void set_replicas(struct request *r, const struct type *type, void *record, int32_t replicas)
{
	struct record_place place;

	if (r->resource->custom != NULL) {
		set_custom_replicas(r, type, record, replicas);
		return;
	}
	if (record_field(type, record, STR("spec.replicas"), &place) != OK || place.record == NULL)
		return;
	*(int32_t *)field_at(place.field, place.record) = replicas;
	field_set_bit(place.field, place.record);
}

/* The stored object in the version asked for: paths are that version's. */
static const struct type *live_type(const struct request *r)
{
	return r->resource->custom != NULL ? r->resource->type : r->live->type;
}

static const void *live_record(struct request *r)
{
	return convert_record(r->live->type, r->live->record, live_type(r), r->arena);
}

/* A custom resource need not say how many are wanted: then it cannot be scaled. */
static enum next cannot_scale(struct request *r)
{
	struct places places = places_of(r);
	int32_t replicas;

	if (r->resource->custom == NULL ||
	    number_at(live_type(r), live_record(r), places.wanted, &replicas))
		return NEXT;
	return request_fail(
	    r, failure_internal(r->arena, request_printf(r,
							 "the spec replicas field \"." STR_FMT
							 "\" does not exist",
							 STR_ARG(places.wanted))
					      .at));
}

/* The workload, in the version that the request is about. */
static enum next read_live(struct request *r)
{
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	return conversion_step(r, &r->live, 1, r->resource->type);
}

/* ---- get ---------------------------------------------------------------------------------------------------- */

static enum next get_read(struct request *r)
{
	enum next next = read_live(r);

	if (next != NEXT)
		return next;
	if (cannot_scale(r) == DONE)
		return DONE;
	respond_record(r, 200, &autoscaling_scale_type, scale_of(r, live_type(r), live_record(r)));
	return DONE;
}

/* ---- update and patch ------------------------------------------------------------------------------------------ */

static enum next update_decode(struct request *r)
{
	return body_decode_as(r, &autoscaling_scale_type, true);
}

static enum next check_scale(struct request *r, const struct autoscaling_scale *scale)
{
	struct faults faults = faults_in(r->arena);

	/* What a definition says of the number is judged with the object. */
	if (scale->spec->replicas >= 0 || r->resource->custom != NULL)
		return NEXT;
	faults_add(&faults, FAULT_INVALID, STR("spec.replicas"),
		   request_printf(r, "%d", scale->spec->replicas),
		   "must be greater than or equal to 0");
	return request_fail(
	    r, failure_invalid(r->arena, STR("autoscaling"), STR("Scale"), r->route.name, &faults));
}

/* What is there, with those who own it. */
static struct autoscaling_scale *live_scale(struct request *r)
{
	struct autoscaling_scale *scale = scale_of(r, live_type(r), live_record(r));

	scale->metadata->managed_fields = scale_owners(r, object_meta(r->live));
	return scale;
}

/* The workload with the wish in it becomes what is written. */
static enum next take(struct request *r, struct autoscaling_scale *scale)
{
	const struct type *type = live_type(r);
	const struct meta_object_meta *live = object_meta(r->live);
	struct meta_object_meta *meta;
	enum next next = check_scale(r, scale);

	if (next != NEXT)
		return next;
	r->shown.type = &autoscaling_scale_type;
	r->shown.object = scale;
	r->shown.old = live_scale(r);
	r->type = type;
	r->record = record_clone_shallow(type, live_record(r), r->arena);
	set_replicas(r, type, r->record, scale->spec->replicas);
	meta = record_meta(type, r->record);
	meta->uid = scale->metadata->uid;
	meta->managed_fields = scale_owners_back(r, live, scale->metadata);
	meta->resource_version = scale->metadata->resource_version;
	return update_check(r);
}

static enum next update_read(struct request *r)
{
	struct autoscaling_scale *scale = r->record;
	enum next next = read_live(r);

	if (next != NEXT)
		return next;
	scale_owners_track(r, live_scale(r), scale);
	return take(r, scale);
}

static enum next patch_read(struct request *r)
{
	struct autoscaling_scale *live;
	enum next next = read_live(r);

	if (next != NEXT)
		return next;
	if (cannot_scale(r) == DONE)
		return DONE;
	live = live_scale(r);
	if (apply_is_asked(r)) {
		next = apply_into(r, &autoscaling_scale_type, live);
	} else {
		next = update_patch(r, &autoscaling_scale_type,
				    record_clone_shallow(&autoscaling_scale_type, live, r->arena));
		if (next == NEXT)
			scale_owners_track(r, live, r->record);
	}
	return next == NEXT ? take(r, r->record) : next;
}

/* Admission sees the Scale; what it makes of the number is what is wanted. */
static enum next scale_admit(struct request *r)
{
	enum next next = update_admit(r);
	const struct autoscaling_scale *scale = r->shown.object;

	if (next == NEXT)
		set_replicas(r, r->type, r->record, scale->spec->replicas);
	return next;
}

static void answer(struct request *r)
{
	respond_record(r, 200, &autoscaling_scale_type, scale_of(r, r->type, r->record));
}

const struct verb_steps scale_get_steps = { .name = "scale", .read = get_read };

const struct verb_steps scale_update_steps = {
	.name = "scale",
	.is_write = true,
	.is_main = true,
	.decode = update_decode,
	.read = update_read,
	.admit = scale_admit,
	.validate = update_validate,
	.persist = write_persist,
	.answer = answer,
};

const struct verb_steps scale_patch_steps = {
	.name = "scale",
	.is_write = true,
	.is_main = true,
	.decode = update_patch_decode,
	.read = patch_read,
	.admit = scale_admit,
	.validate = update_validate,
	.persist = write_persist,
	.answer = answer,
};

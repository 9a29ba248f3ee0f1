#include "actors/server/server-private.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/autoscaling.h"

/*
 * scale: how many replicas a workload wants and has, in the same words for every kind. A change of it is a change of
 * the workload, judged by the workload's own rules.
 */

#define SELECTOR_BYTES_MAX (16U * KIB)

/* ---- a workload as a Scale -------------------------------------------------------------------------------- */

static bool number_at(const struct type *type, const void *record, struct str path, int32_t *out)
{
	struct record_place place;

	if (record_field(type, record, path, &place) != OK || place.record == NULL ||
	    place.field->kind != KIND_INT32 || !field_is_set(place.field, place.record))
		return false;
	*out = *(const int32_t *)field_at(place.field, place.record);
	return true;
}

/* spec.selector is a LabelSelector, or the plain map of a ReplicationController. */
static struct str selector_of(struct request *r, const struct type *type, const void *record)
{
	struct record_place place;
	struct selector selector;
	const void *value;

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
	int32_t replicas;

	record_fill(&autoscaling_scale_type, scale, r->arena);
	scale->metadata->name = meta->name;
	scale->metadata->namespace = meta->namespace;
	scale->metadata->uid = meta->uid;
	scale->metadata->resource_version = meta->resource_version;
	SET(scale->metadata, creation_timestamp, meta->creation_timestamp);
	if (number_at(type, record, STR("spec.replicas"), &replicas))
		SET(scale->spec, replicas, replicas);
	if (number_at(type, record, STR("status.replicas"), &replicas))
		SET(scale->status, replicas, replicas);
	scale->status->selector = selector_of(r, type, record);
	return scale;
}

static void set_replicas(const struct type *type, void *record, int32_t replicas)
{
	struct record_place place;

	if (record_field(type, record, STR("spec.replicas"), &place) != OK || place.record == NULL)
		return;
	*(int32_t *)field_at(place.field, place.record) = replicas;
	field_set_bit(place.field, place.record);
}

/* ---- get ---------------------------------------------------------------------------------------------------- */

static enum next get_read(struct request *r)
{
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	respond_record(r, 200, &autoscaling_scale_type, scale_of(r, r->live->type, r->live->record));
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

	if (scale->spec->replicas >= 0)
		return NEXT;
	faults_add(&faults, FAULT_INVALID, STR("spec.replicas"),
		   request_printf(r, "%d", scale->spec->replicas),
		   "must be greater than or equal to 0");
	return request_fail(
	    r, failure_invalid(r->arena, STR("autoscaling"), STR("Scale"), r->route.name, &faults));
}

/* The workload with the wish in it becomes what is written. */
static enum next take(struct request *r, const struct autoscaling_scale *scale)
{
	const struct type *type = r->live->type;
	const struct meta_object_meta *live = object_meta(r->live);
	struct meta_object_meta *meta;
	enum next next = check_scale(r, scale);

	if (next != NEXT)
		return next;
	r->type = type;
	r->record = record_clone_shallow(type, r->live->record, r->arena);
	meta = record_meta(type, r->record);
	set_replicas(type, r->record, scale->spec->replicas);
	meta->uid = scale->metadata->uid;
	meta->managed_fields = scale_owners_back(r, live, scale->metadata);
	meta->resource_version = scale->metadata->resource_version;
	return update_check(r);
}

/* What is there, with those who own it. */
static struct autoscaling_scale *live_scale(struct request *r)
{
	struct autoscaling_scale *scale = scale_of(r, r->live->type, r->live->record);

	scale->metadata->managed_fields = scale_owners(r, object_meta(r->live));
	return scale;
}

static enum next update_read(struct request *r)
{
	struct autoscaling_scale *scale = r->record;

	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	scale_owners_track(r, live_scale(r), scale);
	return take(r, scale);
}

static enum next patch_read(struct request *r)
{
	struct autoscaling_scale *live;
	enum next next;

	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
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
	.admit = update_admit,
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
	.admit = update_admit,
	.validate = update_validate,
	.persist = write_persist,
	.answer = answer,
};

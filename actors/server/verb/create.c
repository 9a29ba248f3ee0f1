#include "actors/server/server-private.h"
#include "datastore/object/record.h"

/* create: POST of a whole object to its collection. */

/* A definition that is on its way out takes its objects with it: no more may come. */
static bool is_closed(const struct request *r)
{
	const struct custom_resource *custom = r->resource->custom;

	return custom != NULL && custom->set != NULL && custom->set->is_terminating;
}

static enum next create_decode(struct request *r)
{
	struct meta_object_meta *meta;
	enum next next = body_decode(r);

	if (next != NEXT)
		return next;
	meta = record_meta(r->type, r->record);
	if (is_closed(r))
		return request_fail(
		    r, failure_forbidden(r->arena, request_group(r), request_resource(r), meta->name,
					 STR("create not allowed while custom resource definition "
					     "is terminating")));
	/* What only the server may say. */
	meta->uid = STR_NONE;
	UNSET(meta, creation_timestamp);
	UNSET(meta, deletion_timestamp);
	UNSET(meta, deletion_grace_period_seconds);
	meta->self_link = STR_NONE;
	r->is_creating = true;
	owners_dedup(r, false);
	return NEXT;
}

/* A namespace is made "in" itself: that is what admission is asked about. */
static enum next create_read(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	uint64_t version;

	if (!write_resource_version(r, meta->resource_version, &version))
		version = 0; /* text that is no number is passed over */
	/* Nothing is stored, so that nobody minds. */
	if (version != 0 && !request_is_dry_run(r))
		return request_fail(
		    r, failure_plain(
			   r->arena, 500,
			   STR("resourceVersion should not be set on objects to be created")));
	r->answer = (struct answer){ 0 };
	if (!request_is_dry_run(r))
		meta->resource_version = STR_NONE;
	owners_track(r);
	return NEXT;
}

static enum next create_admit(struct request *r)
{
	enum next next = write_admit(r, ADMISSION_CREATE, r->type, r->record, NULL, false);

	if (next == NEXT)
		owners_dedup(r, true);
	return next;
}

static enum next create_ask(struct request *r)
{
	return write_admit(r, ADMISSION_CREATE, r->type, r->record, NULL, true);
}

/* Once for each name that is tried. */
static enum next create_validate(struct request *r)
{
	return write_judge(r, true, create_ask);
}

const struct verb_steps create_steps = {
	.name = "create",
	.is_write = true,
	.decode = create_decode,
	.read = create_read,
	.admit = create_admit,
	.validate = create_validate,
	.persist = write_persist,
};

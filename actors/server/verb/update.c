#include "actors/server/answer/convert.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "datastore/custom/record-patch.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "transport/wire/json.h"

/*
 * update and patch: an object in place of the stored one. A patch is an update whose object is the stored one with the patch
 * applied; when somebody is faster it is applied to what is there then.
 */

/* ---- what is there ------------------------------------------------------------------------------------------ */

static enum next read_live(struct request *r)
{
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live != NULL)
		return conversion_step(r, &r->live, 1, r->resource->type);
	if (seal_unread(r->server, write_key(r, r->route.name)) != NULL)
		return request_not_found(r);
	if (r->subresource == NULL &&
	    (apply_is_asked(r) ||
	     (r->route.verb == VERB_UPDATE && r->resource->rules->allows_create_on_update)))
		return NEXT;
	return request_not_found(r);
}

/* Upstream's storage says this of a precondition; programs have learnt to read it. */
static enum next other_uid(struct request *r, struct str asked, struct str stored)
{
	/* Its keys begin behind what they have in common. */
	struct str all = write_key(r, r->route.name), key = str_slice(all, 9, all.len);
	struct str words =
	    request_printf(r,
			   "StorageError: invalid object, Code: 4, Key: " STR_FMT
			   ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
			   "precondition: " STR_FMT ", UID in object meta: " STR_FMT,
			   STR_ARG(key), STR_ARG(asked), STR_ARG(stored));

	return request_fail(r, failure_conflict(r->arena, request_group(r), request_resource(r),
						r->route.name, words));
}

static enum next needs_version(struct request *r)
{
	struct faults faults = faults_in(r->arena);

	faults_add(&faults, FAULT_INVALID, STR("metadata.resourceVersion"), STR("0"),
		   "must be specified for an update");
	return request_fail(r, failure_invalid(r->arena, request_group(r), request_resource(r),
					       r->route.name, &faults));
}

static enum next check_version(struct request *r, struct meta_object_meta *meta)
{
	uint64_t version;

	if (!write_resource_version(r, meta->resource_version, &version))
		return DONE;
	if (version == 0) {
		if (r->resource->rules->needs_resource_version && r->route.verb == VERB_UPDATE)
			return needs_version(r);
		meta->resource_version = object_meta(r->live)->resource_version;
		return NEXT;
	}
	/* A patch that does not speak of the version carries the live one. */
	r->has_version = r->route.verb == VERB_UPDATE || version != (uint64_t)r->live->revision;
	if (version == (uint64_t)r->live->revision)
		return NEXT;
	return request_fail(r, failure_conflict(r->arena, request_group(r), request_resource(r),
						r->route.name, FAILURE_MODIFIED));
}

enum next update_check(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	const struct meta_object_meta *live;

	if (r->live == NULL && meta->uid.len > 0)
		return other_uid(r, meta->uid, STR(""));
	if (r->live == NULL) {
		r->is_creating = true;
		meta->resource_version = STR_NONE;
		if (!apply_is_asked(r))
			owners_track(r);
		return access_authorize_create(r);
	}
	live = object_meta(r->live);
	r->is_creating = false;
	if (r->route.verb == VERB_UPDATE && meta->uid.len > 0 && !str_eq(meta->uid, live->uid))
		return other_uid(r, meta->uid, live->uid);
	if (r->steps->is_main || apply_is_asked(r))
		return check_version(r, meta); /* its owners are known already */
	owners_track(r);
	return check_version(r, meta);
}

/* ---- update ---------------------------------------------------------------------------------------------------- */

static enum next update_decode(struct request *r)
{
	enum next next = body_decode_as(r, r->resource->type, true);

	if (next == NEXT)
		owners_dedup(r, false);
	return next;
}

static enum next update_read(struct request *r)
{
	enum next next = read_live(r);

	return next == NEXT ? update_check(r) : next;
}

/* ---- patch -------------------------------------------------------------------------------------------------------- */

/* Of built-in kinds upstream's router says so, which knows no more. */
static enum next unknown_form(struct request *r)
{
	struct failure *failure;

	if (r->resource->type->set != NULL)
		return request_fail(
		    r,
		    failure_unsupported_media(
			r->arena, STR("application/json-patch+json, application/merge-patch+json, "
				      "application/apply-patch+yaml")));
	failure = failure_unsupported_media(r->arena, STR(""));
	failure->message = STR("415: Unsupported Media Type");
	failure->has_details = true;
	return request_fail(r, failure);
}

enum next update_patch_decode(struct request *r)
{
	enum patch_form form;
	bool is_apply;

	if (apply_is_asked(r))
		return apply_decode(r);
	if (negotiate_patch(r->asked.content_type, &form, &is_apply) != OK ||
	    (form == PATCH_STRATEGIC && r->resource->type->set != NULL))
		return unknown_form(r);
	if (!json_is_valid(r->asked.body))
		return request_fail(r, failure_bad_request(r->arena, "invalid JSON patch"));
	return NEXT;
}

/* What the patch would make is no object of the kind. */
static enum next result_invalid(struct request *r, const char *words)
{
	struct faults faults = faults_in(r->arena);

	faults_add(&faults, FAULT_INVALID, STR("patch"), name_quoted(r->arena, r->asked.body), "%s",
		   words);
	return request_fail(r, failure_invalid(r->arena, STR(""), STR(""), STR(""), &faults));
}

static enum next another_kind(struct request *r, const struct fault *why)
{
	struct faults faults = faults_in(r->arena);
	bool is_kind = str_is(STR("kind"), why->field);
	struct str said = arena_str(r->arena, str_from(why->text));
	struct str wanted = is_kind ? type_kind(r->type) : r->resource->api_version;

	faults_add(&faults, FAULT_INVALID, str_from(why->field), name_quoted(r->arena, said),
		   "must be " STR_FMT, STR_ARG(wanted));
	return request_fail(r, failure_invalid(r->arena, request_group(r),
					       is_kind ? said : type_kind(r->type), r->route.name,
					       &faults));
}

/* A fault of the patch itself names it as its field, one of the values in it does not. */
static enum next patch_failed(struct request *r, enum status status, const struct fault *why)
{
	if (status == FORBIDDEN)
		return another_kind(r, why);
	if (status == TOO_LARGE)
		return request_fail(r, failure_too_large(r->arena, why->text));
	if (status != BAD_REQUEST)
		return request_fail(r, failure_unprocessable(r->arena));
	if (why->field[0] == '\0')
		return result_invalid(r, why->text);
	return request_fail(r, failure_bad_request(r->arena, "%s", why->text));
}

static enum next strict_patch(struct request *r, const struct json_strict *strict)
{
	struct str level = r->options.field_validation;

	if (strict->len == 0 || str_is(level, "Ignore"))
		return NEXT;
	if (str_is(level, "Strict"))
		return result_invalid(r, json_strict_text(strict, r->arena).at);
	for (uint32_t i = 0; i < strict->len; i++)
		request_warn(r, strict->at[i]);
	return NEXT;
}

/* The patch applied to a copy of what is there, of `type`. */
enum next update_patch(struct request *r, const struct type *type, void *record)
{
	struct json_strict strict = { 0 };
	struct fault why = { 0 };
	enum patch_form form;
	enum status status;
	bool is_apply;
	enum next next;

	if (negotiate_patch(r->asked.content_type, &form, &is_apply) != OK)
		return unknown_form(r);
	assert(!is_apply);
	r->type = type;
	status = record_patch(form, type, record, r->asked.body, r->arena, &strict, &why);
	if (status != OK)
		return patch_failed(r, status, &why);
	next = strict_patch(r, &strict);
	if (next != NEXT)
		return next;
	record_default(type, record, r->arena, act_wall(r->server->act));
	r->record = record;
	return body_check_names(r, type, record, true);
}

static enum next patch_read(struct request *r)
{
	enum next next = read_live(r);
	const struct type *type = r->resource->type;
	const void *live;

	if (next != NEXT)
		return next;
	live = r->live ? convert_record(r->live->type, r->live->record, type, r->arena) : NULL;
	if (apply_is_asked(r))
		next = apply_into(r, type, live);
	else
		next = update_patch(r, type, record_clone_shallow(type, live, r->arena));
	return next == NEXT ? update_check(r) : next;
}

/* ---- both ------------------------------------------------------------------------------------------------------------ */

static const void *old_record(struct request *r)
{
	return r->live ? convert_record(r->live->type, r->live->record, r->type, r->arena) : NULL;
}

static enum next ask_admission(struct request *r, bool is_validating)
{
	enum admission_operation operation = r->is_creating ? ADMISSION_CREATE : ADMISSION_UPDATE;

	if (r->shown.type != NULL)
		return write_admit(r, operation, r->shown.type, r->shown.object, r->shown.old,
				   is_validating);
	return write_admit(r, operation, r->type, r->record, old_record(r), is_validating);
}

enum next update_admit(struct request *r)
{
	enum next next = ask_admission(r, false);

	if (next == NEXT)
		owners_dedup(r, true);
	return next;
}

static enum next update_ask(struct request *r)
{
	return ask_admission(r, true);
}

enum next update_validate(struct request *r)
{
	return write_judge(r, r->is_creating, update_ask);
}

const struct verb_steps update_steps = {
	.name = "update",
	.is_write = true,
	.decode = update_decode,
	.read = update_read,
	.admit = update_admit,
	.validate = update_validate,
	.persist = write_persist,
};

const struct verb_steps patch_steps = {
	.name = "patch",
	.is_write = true,
	.decode = update_patch_decode,
	.read = patch_read,
	.admit = update_admit,
	.validate = update_validate,
	.persist = write_persist,
};

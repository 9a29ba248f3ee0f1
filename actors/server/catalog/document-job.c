#include "actors/server/catalog/document-job.h"

#include "actors/server/catalog/custom.h"

/* Definitions in a part, about: what they have in common is packed once, and all are written again when one of them changes. */
#define TOGETHER 8U
/* Parts that are worth a slice: each costs a job, and sentences that are unpacked for it. */
#define SLICE_PARTS 16U

struct document_job *document_job_new(int kind, struct mono now, uint32_t wishes)
{
	struct arena *arena = arena_new(0);
	struct document_job *job = arena_new_of(arena, struct document_job);

	job->kind = kind;
	job->arena = arena;
	job->began = now;
	job->wishes = arena_array(arena, struct document_wish, wishes);
	return job;
}

/* ---- what it is about ------------------------------------------------------------------------------------------ */

static const struct custom_set *set_of(const struct resource *resource)
{
	return resource->custom != NULL ? resource->custom->set : NULL;
}

/* Definitions are told apart by their generation, which is the same at every server. */
uint64_t document_key(const struct resource *resource)
{
	const struct custom_set *set = set_of(resource);
	const struct resource_row *row = resource->row;
	uint64_t key = hash_bytes(row->group.len, row->group.at, row->group.len);
	struct str uid;

	key = hash_bytes(key, row->version.at, row->version.len);
	key = hash_bytes(key, row->name.at, row->name.len);
	if (set == NULL)
		return key;
	uid = object_uid(set->definition);
	key = hash_bytes(key, uid.at, uid.len);
	return hash_bytes(key, &object_meta(set->definition)->generation, sizeof(int64_t));
}

static struct openapi_resource resource_of(const struct resource *resource)
{
	struct openapi_resource out = { .row = resource->row };

	if (resource->custom == NULL)
		out.type = resource->type;
	else if (resource->custom->version->schema != NULL)
		out.schema = resource->custom->version->schema->open_api_v3_schema;
	out.returns_deleted = resource->rules != NULL && resource->rules->returns_deleted;
	return out;
}

static void hold(struct document_job *job, const struct resource *resource)
{
	struct custom_set *set = resource->custom->set;

	custom_set_hold(job->arena, set);
	object_hold(job->arena, set->definition);
}

static bool begins_version(const struct resources *resources, uint32_t i)
{
	const struct resource_row *row = resources_at(resources, i)->row, *before;

	if (i == 0)
		return true;
	before = resources_at(resources, i - 1)->row;
	return !str_eq(before->group, row->group) || !str_eq(before->version, row->version);
}

/* By its name, so that parts end where they did when others come and go. */
static bool ends_part(const struct resource *resource)
{
	return hash_str(resource->row->name) % TOGETHER == 0;
}

/* Whether what comes behind `before`, in the same version, is of another part. */
static bool begins_part(const struct resource *resource, const struct resource *before)
{
	bool is_defined = set_of(resource) != NULL;

	return is_defined != (set_of(before) != NULL) || (is_defined && ends_part(before));
}

/* Those that are there for good are one part for each group and version; those of definitions, which come and go, are some together. */
struct document_wish *document_job_wish(struct document_job *job, enum openapi_version version,
					const struct resources *resources, uint32_t first,
					uint32_t count)
{
	struct document_wish *wish = &job->wishes[job->count++];
	struct composing *what = &wish->what;
	struct openapi_resource *at = arena_array(job->arena, struct openapi_resource, count);
	struct composing_part *part = NULL;

	what->version = version;
	what->parts = arena_array(job->arena, struct composing_part, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct resource *resource = resources_at(resources, first + i);
		bool is_first = begins_version(resources, first + i);

		at[i] = resource_of(resource);
		if (set_of(resource) != NULL)
			hold(job, resource);
		if (part == NULL || is_first ||
		    begins_part(resource, resources_at(resources, first + i - 1))) {
			part = &what->parts[what->part_count++];
			*part = (struct composing_part){ .at = &at[i], .has_root = is_first };
		}
		part->count++;
		part->key = hash_mix(part->key, document_key(resource));
	}
	return wish;
}

/* ---- beside the loop -------------------------------------------------------------------------------------------- */

static void hash_all(struct document_job *job)
{
	for (uint32_t i = 0; i < job->count && job->status == OK; i++)
		job->status = composition_hash(&job->wishes[i].what, job->wishes[i].hash);
}

static void unref_plain(void *arg)
{
	struct document_plain *plain = arg;

	if (plain == NULL || --plain->refs > 0)
		return;
	text_fini(&plain->text);
	mem_free(plain);
}

void document_plain_hold(struct arena *arena, struct document_plain *plain)
{
	plain->refs++;
	arena_on_free(arena, unref_plain, plain);
}

static void unpack(struct document_job *job, const struct composition *composition)
{
	job->plain = mem_new(struct document_plain);
	job->plain->refs = 1;
	job->plain->text = text_new(2 * OPENAPI_BYTES_MAX + MIB);
	job->status = composition_unpack(composition, &job->plain->text);
}

static void run(void *arg)
{
	struct document_job *job = arg;

	switch (job->kind) {
	case DOCUMENT_COMPOSE:
		job->status = composition_make(&job->wishes->what, job->wishes->hash, &job->made);
		if (job->wants_plain && job->status == OK)
			unpack(job, job->made);
		return;
	case DOCUMENT_SLICE:
		job->status = composition_slice(&job->whole->wishes->what, job->slice,
						job->whole->slice_count, &job->made);
		return;
	case DOCUMENT_HASH: hash_all(job); return;
	case DOCUMENT_UNPACK: unpack(job, job->packed); return;
	}
}

static void drop(void *arg)
{
	document_job_free(arg);
}

void document_job_begin(struct document_job *job, struct act *act)
{
	act_job(act, NULL, run, job, drop, DOCUMENT_JOB_TAG);
}

struct document_job *document_job_of(const struct act_msg *msg)
{
	return msg->kind == ACT_JOB && msg->tag == DOCUMENT_JOB_TAG ? ACT_AS(msg, act_job_done)->arg
								    : NULL;
}

static void free_one(struct document_job *job)
{
	for (uint32_t i = 0; i < job->slice_count; i++)
		composition_unref(job->slices[i]);
	composition_throw(job->made);
	composition_unref(job->packed);
	unref_plain(job->plain);
	arena_free(job->arena);
}

void document_job_free(struct document_job *job)
{
	struct document_job *whole = job->whole;

	free_one(job);
	if (whole != NULL && --whole->slices_open == 0)
		free_one(whole);
}

/* ---- slices ----------------------------------------------------------------------------------------------------- */

static void begin_slice(struct document_job *whole, uint32_t number, struct act *act)
{
	struct document_job *slice = document_job_new(DOCUMENT_SLICE, whole->began, 0);

	slice->whole = whole;
	slice->slice = number;
	document_job_begin(slice, act);
}

void document_job_compose(struct document_job *job, struct act *act)
{
	uint32_t count = composition_missing(&job->wishes->what) / SLICE_PARTS;

	if (count < 2) {
		document_job_begin(job, act);
		return;
	}
	job->slice_count = job->slices_open =
	    count < DOCUMENT_SLICES_MAX ? count : DOCUMENT_SLICES_MAX;
	job->wishes->what.slices = job->slices;
	for (uint32_t i = 0; i < job->slice_count; i++)
		begin_slice(job, i, act);
}

/* What a slice could not write the whole cannot either, and says so. */
bool document_job_goes_on(struct document_job *job, struct act *act)
{
	struct document_job *whole = job->whole;
	bool is_last = whole != NULL && whole->slices_open == 1;

	if (whole == NULL)
		return false;
	if (job->made != NULL)
		whole->slices[job->slice] = composition_take(job->made);
	job->made = NULL;
	if (is_last) {
		job->whole = NULL;
		whole->slices_open = 0;
		whole->wishes->what.slice_count = whole->slice_count;
	}
	document_job_free(job);
	if (is_last)
		document_job_begin(whole, act);
	return true;
}

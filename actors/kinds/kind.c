#include "actors/kinds/kind.h"

#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"
#include "datastore/object/validate/validate.h"

const struct kind_rules kind_default = { .group = "", .kind = "", .name_syntax = NAME_DNS_SUBDOMAIN };

const struct kind_rules *kind_of(const struct type *type)
{
	for (uint32_t i = 0; i < kind_count; i++)
		if (str_is(type_kind(type), kinds[i]->kind) &&
		    str_is(type_group(type), kinds[i]->group))
			return kinds[i];
	return &kind_default;
}

const struct kind_subresource *kind_subresource(const struct kind_rules *kind, struct str name)
{
	for (uint32_t i = 0; i < kind->subresource_count; i++)
		if (str_is(name, kind->subresources[i].name))
			return &kind->subresources[i];
	return NULL;
}

void kind_warn_text(struct kind_change *change, struct str text)
{
	if (text.at == NULL || change->warning_count == KIND_WARNINGS_MAX)
		return;
	change->warnings =
	    arena_grow(change->arena, change->warnings, change->warning_count * sizeof(struct str),
		       (change->warning_count + 1) * sizeof(struct str));
	change->warnings[change->warning_count++] = text;
}

void kind_warn(struct kind_change *change, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	kind_warn_text(change, arena_vprintf(change->arena, format, args));
	va_end(args);
}

void kind_also(struct kind_change *change, struct kind_write write)
{
	if (change->write_count == KIND_WRITES_MAX) {
		change->failure =
		    failure_too_large(change->arena, "the change has too many parts for one write");
		return;
	}
	if (change->writes == NULL)
		change->writes = arena_array(change->arena, struct kind_write, KIND_WRITES_MAX);
	change->writes[change->write_count++] = write;
}

/* ---- what holds for every kind ------------------------------------------------------------------------- */

static struct meta_object_meta *meta_of(const struct kind_change *change)
{
	return record_meta(change->type, change->object);
}

bool kind_is_new_generation(const struct kind_change *change)
{
	return meta_of(change)->generation != record_meta(change->type, change->old)->generation;
}

static const struct field *status_of(const struct type *type)
{
	for (uint32_t i = 0; i < type->subresource_count; i++)
		if (str_is(type_subresource(type, i), "status"))
			return type_field(type, STR("status"));
	return NULL;
}

/* Shares the memory of `from`: what is stored never changes under a request. */
static void take_field(const struct field *field, const void *from, void *to, struct arena *arena)
{
	field_clear(field, to);
	record_clone_field(field, from, to, arena);
}

/* All but the metadata is as it was. */
static bool is_same_beside_metadata(const struct kind_change *change)
{
	const struct field *metadata = type_field(change->type, STR("metadata"));
	void *now = arena_copy(change->arena, change->object, change->type->size);
	void *old = arena_copy(change->arena, change->old, change->type->size);

	field_clear(metadata, now);
	field_clear(metadata, old);
	return record_equal(change->type, now, old);
}

static void carry_generation(const struct kind_rules *kind, struct kind_change *change)
{
	const struct field *spec = type_field(change->type, STR("spec"));
	struct meta_object_meta *meta = meta_of(change);
	bool is_new = kind->counts_all
			  ? !is_same_beside_metadata(change)
			  : spec != NULL && !record_equal_field(spec, change->object, change->old);

	if (kind->has_generation && is_new)
		SET(meta, generation, meta->generation + 1);
}

/* Times and ids that no client may change: what it left out is filled in, what it sent is overwritten or refused later. */
static void carry_metadata(struct kind_change *change)
{
	const struct meta_object_meta *old = record_meta(change->type, change->old);
	struct meta_object_meta *meta = meta_of(change);

	if (meta->uid.len == 0)
		meta->uid = old->uid;
	if (old->has.creation_timestamp)
		SET(meta, creation_timestamp, old->creation_timestamp);
	if (old->has.deletion_timestamp)
		SET(meta, deletion_timestamp, old->deletion_timestamp);
	if (old->has.deletion_grace_period_seconds && !meta->has.deletion_grace_period_seconds)
		SET(meta, deletion_grace_period_seconds, old->deletion_grace_period_seconds);
}

void kind_prepare_status(struct kind_change *change)
{
	const struct field *status = status_of(change->type);
	struct meta_object_meta *meta = meta_of(change);
	void *mixed = record_clone_shallow(change->type, change->old, change->arena);

	if (status != NULL)
		take_field(status, change->object, mixed, change->arena);
	*record_meta(change->type, mixed) = *meta;
	memcpy(change->object, mixed, change->type->size);
}

/* As metav1.ResetObjectMetaForStatus. */
void kind_reset_metadata(struct kind_change *change)
{
	const struct meta_object_meta *old = record_meta(change->type, change->old);
	struct meta_object_meta *meta = meta_of(change);

	meta->labels = old->labels;
	meta->annotations = old->annotations;
	meta->finalizers = old->finalizers;
	meta->owner_references = old->owner_references;
	meta->self_link = old->self_link;
	meta->has.deletion_timestamp = old->has.deletion_timestamp;
	meta->deletion_timestamp = old->deletion_timestamp;
}

void kind_prepare_status_alone(struct kind_change *change)
{
	kind_reset_metadata(change);
	kind_prepare_status(change);
}

/* A preparation that could not make sense of what it found has said so; rules would only repeat it. */
static bool is_refused(const struct kind_change *change)
{
	return change->failure != NULL || change->faults->len > 0;
}

/* Upstream looks at some things more than once, and says them once. The marks come after that. */
static void drop_twins(const struct kind_rules *kind, struct faults *faults)
{
	uint32_t kept = 0;

	if (kind->keeps_twins)
		return;
	for (uint32_t i = 0; i < faults->len; i++) {
		bool is_new = true;

		for (uint32_t k = 0; k < kept && is_new; k++)
			is_new = !str_eq(faults->at[i].field, faults->at[k].field) ||
				 !str_eq(faults->at[i].message, faults->at[k].message);
		if (is_new)
			faults->at[kept++] = faults->at[i];
	}
	faults->len = kept;
}

static void create(const struct kind_rules *kind, struct kind_change *change)
{
	const struct field *status = status_of(change->type);

	if (status != NULL && !kind->keeps_status)
		field_clear(status, change->object);
	if (kind->has_generation)
		SET(meta_of(change), generation, 1);
	gate_drop(change->type, change->object, NULL);
	if (kind->prepare_create != NULL)
		kind->prepare_create(change);
	if (is_refused(change))
		return;
	/* Hooks may have taken away what readers of validation rely on. */
	record_fill(change->type, change->object, change->arena);
	if (!kind->judges_metadata)
		metadata_validate(kind, change, kind->name_syntax);
	if (kind->validate_create != NULL)
		kind->validate_create(change);
	drop_twins(kind, change->faults);
	/* Last, and whatever the others found: the marks' words replace those of a rule that says the same. */
	validate_create(change->type, change->object, change->faults);
}

static void update_main(const struct kind_rules *kind, struct kind_change *change)
{
	const struct field *status = status_of(change->type);

	if (status != NULL)
		take_field(status, change->old, change->object, change->arena);
	if (kind->prepare_update != NULL)
		kind->prepare_update(change);
	carry_generation(kind, change);
}

static void update_subresource(const struct kind_subresource *subresource,
			       struct kind_change *change)
{
	if (subresource != NULL && subresource->prepare != NULL)
		subresource->prepare(change);
	else
		kind_prepare_status(change);
}

static void update(const struct kind_rules *kind, struct kind_change *change)
{
	const struct kind_subresource *subresource = NULL;
	const struct meta_object_meta *old = record_meta(change->type, change->old);
	void (*validate)(struct kind_change * change);

	gate_drop(change->type, change->object, change->old);
	meta_of(change)->has.generation = old->has.generation;
	meta_of(change)->generation = old->generation;
	if (change->subresource.len > 0) {
		subresource = kind_subresource(kind, change->subresource);
		update_subresource(subresource, change);
		validate = subresource ? subresource->validate : NULL;
	} else {
		update_main(kind, change);
		validate = kind->validate_update;
	}
	if (is_refused(change))
		return;
	carry_metadata(change);
	record_fill(change->type, change->object, change->arena);
	/* The name was judged when it was new. */
	metadata_validate(kind, change, NAME_PATH_SEGMENT);
	metadata_validate_update(change);
	if (validate != NULL)
		validate(change);
	drop_twins(kind, change->faults);
	validate_update(change->type, change->object, change->old, change->faults);
}

/* Upstream warns of what it takes, not of what it refuses. */
static void end(struct kind_change *change)
{
	if (is_refused(change))
		change->warning_count = 0;
}

void kind_create(const struct kind_rules *kind, struct kind_change *change)
{
	create(kind, change);
	end(change);
}

void kind_update(const struct kind_rules *kind, struct kind_change *change)
{
	update(kind, change);
	end(change);
}

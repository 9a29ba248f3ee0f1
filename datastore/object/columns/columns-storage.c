#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"

/*
 * Volumes, claims and storage classes.
 */

#define CLASS_ANNOTATION STR("volume.beta.kubernetes.io/storage-class")
#define DEFAULT_ANNOTATION STR("storageclass.kubernetes.io/is-default-class")
#define OLD_DEFAULT_ANNOTATION STR("storageclass.beta.kubernetes.io/is-default-class")

static bool has_mode(struct str_list modes, const char *mode)
{
	for (uint32_t i = 0; i < modes.len; i++)
		if (str_is(modes.at[i], mode))
			return true;
	return false;
}

/* In upstream's order, whatever theirs is. */
static void put_modes(struct cell *cell, struct str_list modes)
{
	static const struct {
		const char *mode, *text;
	} all[] = {
		{ "ReadWriteOnce", "RWO" },
		{ "ReadOnlyMany", "ROX" },
		{ "ReadWriteMany", "RWX" },
		{ "ReadWriteOncePod", "RWOP" },
	};
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (has_mode(modes, all[i].mode))
			columns_list_add(&list, str_from(all[i].text));
	columns_list_put(cell, &list, STR(""));
}

static void put_phase(struct cell *cell, const struct meta_object_meta *meta, struct str phase)
{
	columns_put(cell, columns_is_deleting(meta) ? STR("Terminating") : phase);
}

/* The annotation is older than the member and wins. */
static void put_class(struct cell *cell, const struct meta_object_meta *meta, struct str class)
{
	struct str old =
	    str_map_get(COLUMNS_OR_EMPTY(meta_object_meta, meta)->annotations, CLASS_ANNOTATION);

	columns_put(cell, old.at != NULL ? old : class);
}

/* ---- PersistentVolume --------------------------------------------------------------------------------------- */

static const struct core_persistent_volume_spec *volume_spec(const void *record)
{
	return COLUMNS_OR_EMPTY(core_persistent_volume_spec,
				((const struct core_persistent_volume *)record)->spec);
}

void columns_volume_modes(struct cell *cell, const void *record)
{
	put_modes(cell, volume_spec(record)->access_modes);
}

void columns_volume_status(struct cell *cell, const void *record)
{
	const struct core_persistent_volume *volume = record;

	put_phase(cell, volume->metadata,
		  COLUMNS_OR_EMPTY(core_persistent_volume_status, volume->status)->phase);
}

void columns_volume_claim(struct cell *cell, const void *record)
{
	const struct core_object_reference *claim = volume_spec(record)->claim_ref;

	if (claim == NULL)
		columns_put(cell, STR(""));
	else
		columns_put_format(cell, STR_FMT "/" STR_FMT, STR_ARG(claim->namespace),
				   STR_ARG(claim->name));
}

void columns_volume_class(struct cell *cell, const void *record)
{
	put_class(cell, ((const struct core_persistent_volume *)record)->metadata,
		  volume_spec(record)->storage_class_name);
}

/* ---- PersistentVolumeClaim ------------------------------------------------------------------------------------ */

static const struct core_persistent_volume_claim_spec *claim_spec(const void *record)
{
	return COLUMNS_OR_EMPTY(core_persistent_volume_claim_spec,
				((const struct core_persistent_volume_claim *)record)->spec);
}

static const struct core_persistent_volume_claim_status *claim_status(const void *record)
{
	return COLUMNS_OR_EMPTY(core_persistent_volume_claim_status,
				((const struct core_persistent_volume_claim *)record)->status);
}

void columns_claim_status(struct cell *cell, const void *record)
{
	put_phase(cell, ((const struct core_persistent_volume_claim *)record)->metadata,
		  claim_status(record)->phase);
}

/* Before there is a volume its size is nobody's business: what is asked for is not what there will be. */
void columns_claim_capacity(struct cell *cell, const void *record)
{
	if (claim_spec(record)->volume_name.len == 0)
		columns_put(cell, STR(""));
	else
		columns_put(cell,
			    columns_or(str_map_get(claim_status(record)->capacity, STR("storage")),
				       STR("0")));
}

void columns_claim_modes(struct cell *cell, const void *record)
{
	struct str_list none = { 0 };

	put_modes(cell, claim_spec(record)->volume_name.len == 0
			    ? none
			    : claim_status(record)->access_modes);
}

void columns_claim_class(struct cell *cell, const void *record)
{
	put_class(cell, ((const struct core_persistent_volume_claim *)record)->metadata,
		  claim_spec(record)->storage_class_name);
}

/* ---- drivers and classes ---------------------------------------------------------------------------------------- */

void columns_driver_tokens(struct cell *cell, const void *record)
{
	const struct storage_csi_driver_spec *spec = COLUMNS_OR_EMPTY(
	    storage_csi_driver_spec, ((const struct storage_csi_driver *)record)->spec);
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (uint32_t i = 0; i < spec->token_requests.len; i++)
		columns_list_add(&list, spec->token_requests.at[i].audience);
	columns_list_put(cell, &list, spec->token_requests.at == NULL ? COLUMNS_UNSET : STR(""));
}

static const struct meta_object_meta *class_meta(const void *record)
{
	return COLUMNS_OR_EMPTY(meta_object_meta,
				((const struct storage_storage_class *)record)->metadata);
}

static bool is_default_class(const void *record)
{
	struct str_map annotations = class_meta(record)->annotations;

	return str_is(str_map_get(annotations, DEFAULT_ANNOTATION), "true") ||
	       str_is(str_map_get(annotations, OLD_DEFAULT_ANNOTATION), "true");
}

static bool is_before(const struct meta_object_meta *a, const struct meta_object_meta *b)
{
	if (a->creation_timestamp.ns != b->creation_timestamp.ns)
		return a->creation_timestamp.ns > b->creation_timestamp.ns;
	return str_cmp(a->name, b->name) < 0;
}

struct str columns_default_class(const void *const *classes, uint32_t count)
{
	const struct meta_object_meta *best = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct meta_object_meta *meta = class_meta(classes[i]);

		if (is_default_class(classes[i]) && (best == NULL || is_before(meta, best)))
			best = meta;
	}
	return best == NULL ? STR_NONE : best->name;
}

void columns_storage_class_name(struct cell *cell, const void *record)
{
	struct str name = class_meta(record)->name, chosen = cell->view->chosen;
	bool is_chosen = chosen.len > 0 && str_eq(name, chosen);

	columns_put_format(cell, STR_FMT "%s", STR_ARG(name), is_chosen ? " (default)" : "");
}

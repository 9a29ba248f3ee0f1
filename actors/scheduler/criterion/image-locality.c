#include "actors/scheduler/criterion.h"
#include "actors/scheduler/snapshot/images.h"
#include "actors/scheduler/snapshot/snapshot.h"

/* Images: nodes that have the pod's images already, the more bytes the better; what few nodes have counts little, so that they do not heat up. */

#define LEAST_BYTES (23 * (int64_t)MIB)
#define MOST_BYTES_EACH (1000 * (int64_t)MIB)

struct sums {
	int64_t *bytes; /* by the node's place in the order */
	int64_t images;
};

/* As nodes report them: with a tag. */
static struct str full_name(struct arena *arena, struct str name)
{
	if (str_find_last(name, ':') > str_find_last(name, '/'))
		return name;
	return arena_printf(arena, STR_FMT ":latest", STR_ARG(name));
}

static bool add_image(struct cycle *cycle, struct sums *sums, struct str name)
{
	const struct image *image =
	    images_find(snapshot_images(cycle->snapshot), full_name(cycle->arena, name));
	double spread;

	sums->images++;
	if (image == NULL)
		return false;
	spread = (double)image->places.len / (double)cycle->nodes.len;
	for (uint32_t i = 0; i < image->places.len; i++)
		sums->bytes[image->places.at[i].node->index] +=
		    (int64_t)((double)image->places.at[i].size_bytes * spread);
	return true;
}

static bool pre_score(struct cycle *cycle)
{
	const struct core_pod_spec *spec = cycle->pod->pod->spec;
	struct sums *sums;
	bool is_any = false;

	if (images_are_none(snapshot_images(cycle->snapshot)))
		return false;
	sums = arena_new_of(cycle->arena, struct sums);
	sums->bytes = arena_array(cycle->arena, int64_t, cycle->nodes.len);
	cycle->state[CRITERION_IMAGE_LOCALITY] = sums;
	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		is_any |= add_image(cycle, sums, spec->init_containers.at[i].image);
	for (uint32_t i = 0; i < spec->containers.len; i++)
		is_any |= add_image(cycle, sums, spec->containers.at[i].image);
	for (uint32_t i = 0; i < spec->volumes.len; i++)
		if (spec->volumes.at[i].volume_source != NULL &&
		    spec->volumes.at[i].volume_source->image != NULL)
			is_any |= add_image(cycle, sums,
					    spec->volumes.at[i].volume_source->image->reference);
	return is_any;
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct sums *sums = cycle->state[CRITERION_IMAGE_LOCALITY];
	int64_t most = MOST_BYTES_EACH * sums->images, bytes = sums->bytes[node->index];

	if (bytes < LEAST_BYTES)
		bytes = LEAST_BYTES;
	if (bytes > most)
		bytes = most;
	return CRITERION_SCORE_MAX * (bytes - LEAST_BYTES) / (most - LEAST_BYTES);
}

const struct criterion criterion_image_locality = {
	.name = "ImageLocality", .weight = 1, .pre_score = pre_score, .score = score
};

#include "actors/scheduler/snapshot/images.h"

#include "datastore/object/record.h"

struct images {
	struct map by_name; /* struct image */
};

struct images *images_new(void)
{
	return mem_new(struct images);
}

static void free_image(struct image *image)
{
	vec_fini(&image->places);
	mem_free(image);
}

void images_free(struct images *images)
{
	uint32_t at = 0;
	struct str name;
	void *image;

	while (map_next(&images->by_name, &at, &name, &image))
		free_image(image);
	map_fini(&images->by_name);
	mem_free(images);
}

static struct image_place *place_of(struct image *image, const struct node_info *node)
{
	for (uint32_t i = 0; i < image->places.len; i++)
		if (image->places.at[i].node == node)
			return &image->places.at[i];
	return NULL;
}

static void put(struct images *images, const struct node_info *node, struct str name, int64_t size)
{
	struct image *image = map_get(&images->by_name, name);

	if (image == NULL) {
		image = mem_new(struct image);
		map_put(&images->by_name, name, image);
	}
	if (place_of(image, node) == NULL)
		vec_push(&image->places, (struct image_place){ node, size });
}

static void take(struct images *images, const struct node_info *node, struct str name)
{
	struct image *image = map_get(&images->by_name, name);
	struct image_place *place = image ? place_of(image, node) : NULL;

	if (place == NULL)
		return; /* the node said the name twice */
	vec_swap_remove(&image->places, (uint32_t)(place - image->places.at));
	if (image->places.len > 0)
		return;
	map_remove(&images->by_name, name);
	free_image(image);
}

static bool is_same(const struct core_node *a, const struct core_node *b)
{
	const struct field *field = type_field(&core_node_status_type, STR("images"));

	return a != NULL && b != NULL && record_equal_field(field, a->status, b->status);
}

void images_move(struct images *images, const struct node_info *node, const struct core_node *next)
{
	const struct core_node *old = node->node;

	if (is_same(old, next)) /* heartbeats repeat them */
		return;
	for (uint32_t i = 0; old != NULL && i < old->status->images.len; i++)
		for (uint32_t j = 0; j < old->status->images.at[i].names.len; j++)
			take(images, node, old->status->images.at[i].names.at[j]);
	for (uint32_t i = 0; next != NULL && i < next->status->images.len; i++)
		for (uint32_t j = 0; j < next->status->images.at[i].names.len; j++)
			put(images, node, next->status->images.at[i].names.at[j],
			    next->status->images.at[i].size_bytes);
}

const struct image *images_find(const struct images *images, struct str name)
{
	return map_get(&images->by_name, name);
}

bool images_are_none(const struct images *images)
{
	return images->by_name.len == 0;
}

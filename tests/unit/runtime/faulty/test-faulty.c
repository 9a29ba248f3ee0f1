#include "runtime/faulty/faulty.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

/* A disk, a clock that the test moves, chance from a seed; all of it under the faults. */
struct scene {
	struct fake_disk *disk;
	struct faulty *faulty;
	struct seams seams;
	struct mono now;
	uint32_t draws;
};

static uint64_t paused_us; /* `pause` is given nothing of its own */

static void note_pause(uint64_t us)
{
	paused_us += us;
}

static struct mono scene_mono(void *self)
{
	return ((struct scene *)self)->now;
}

static struct wall scene_wall(void *self)
{
	return (struct wall){ 1000 * TIME_S + ((struct scene *)self)->now.ns };
}

/* Counts up evenly through a million: of any rate exactly that part is hit. */
static void scene_fill(void *self, void *at, size_t len)
{
	struct scene *scene = self;
	uint32_t draw = scene->draws++ * 10007 % FAULTY_MILLION;

	memcpy(at, &draw, len < sizeof draw ? len : sizeof draw);
}

static struct scene *make_scene(void)
{
	struct scene *scene = arena_new_of(test_arena(), struct scene);

	paused_us = 0;
	*scene = (struct scene){ .disk = fake_disk_new(1), .faulty = faulty_new(note_pause) };
	scene->now.ns = TIME_S;
	scene->seams.files = *fake_disk_files(scene->disk);
	scene->seams.clock = (struct seams_clock){ scene, scene_mono, scene_wall };
	scene->seams.random = (struct seams_random){ .self = scene, .fill = scene_fill };
	CHECK_STATUS(scene->seams.files.mkdir(scene->seams.files.self, "/d", 0700), OK);
	faulty_lay(scene->faulty, &scene->seams);
	return scene;
}

static void close_scene(struct scene *scene)
{
	faulty_free(scene->faulty);
	fake_disk_free(scene->disk);
}

static void order(struct scene *scene, enum faulty_kind kind, uint32_t for_ms, uint32_t per_million,
		  int64_t value)
{
	struct faulty_order order = { .kind = kind,
				      .for_ms = for_ms,
				      .per_million = per_million,
				      .value = value,
				      .host = FAULTY_ANY_HOST };

	CHECK_STATUS(faulty_begin(scene->faulty, &order, NULL), OK);
}

static void pass(struct scene *scene, int64_t ms)
{
	scene->now.ns += ms * TIME_MS;
}

static struct seams_file *open_file(struct scene *scene)
{
	const struct seams_files *files = &scene->seams.files;
	struct seams_file *file;

	CHECK_STATUS(
	    files->open(files->self, "/d/f", SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file),
	    OK);
	return file;
}

static enum status write_at(struct scene *scene, struct seams_file *file, uint64_t offset)
{
	return scene->seams.files.write(scene->seams.files.self, file, "0123456789", 10, offset);
}

TEST(without_an_order_everything_is_as_it_was)
{
	struct scene *scene = make_scene();
	const struct seams_files *files = &scene->seams.files;
	struct seams_file *file = open_file(scene);
	char bytes[10];
	size_t len;
	uint64_t size;

	CHECK_STATUS(write_at(scene, file, 0), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK_STATUS(files->read(files->self, file, bytes, sizeof bytes, 0, &len), OK);
	CHECK_EQ(len, 10);
	CHECK(memcmp(bytes, "0123456789", 10) == 0);
	CHECK_STATUS(files->truncate(files->self, file, 4), OK);
	CHECK_STATUS(files->size(files->self, file, &size), OK);
	CHECK_EQ(size, 4);
	files->close(files->self, file);
	CHECK_STATUS(files->rename(files->self, "/d/f", "/d/g"), OK);
	CHECK_STATUS(files->unlink(files->self, "/d/f"), NOT_FOUND);
	CHECK_STATUS(files->unlink(files->self, "/d/g"), OK);
	CHECK_EQ(scene->seams.clock.wall(scene->seams.clock.self).ns, 1001 * TIME_S);
	CHECK(!faulty_hurts_links(scene->faulty));
	CHECK_EQ(paused_us, 0);
	CHECK_EQ(scene->draws, 0);
	for (int kind = 0; kind < FAULTY_KINDS; kind++)
		CHECK_EQ(faulty_look(scene->faulty, (enum faulty_kind)kind).struck, 0);
	close_scene(scene);
}

TEST(a_full_disk_takes_what_has_its_room_and_nothing_else)
{
	struct scene *scene = make_scene();
	const struct seams_files *files = &scene->seams.files;
	struct seams_file *file = open_file(scene);
	uint64_t bytes;

	CHECK_STATUS(files->reserve(files->self, file, 20), OK);
	order(scene, FAULTY_FULL_DISK, 1000, 0, 0);
	CHECK_STATUS(write_at(scene, file, 10), OK);
	CHECK_STATUS(write_at(scene, file, 11), FULL);
	CHECK_STATUS(files->reserve(files->self, file, 21), FULL);
	CHECK_STATUS(files->truncate(files->self, file, 21), FULL);
	CHECK_STATUS(files->truncate(files->self, file, 20), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK_STATUS(files->free_bytes(files->self, "/d", &bytes), OK);
	CHECK_EQ(bytes, 0);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_FULL_DISK).struck, 3);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_FULL_DISK).left_ms, 1000);
	pass(scene, 999);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_FULL_DISK).left_ms, 1);
	/* Its time is over, and nobody has taken it back. */
	pass(scene, 1);
	CHECK(!faulty_look(scene->faulty, FAULTY_FULL_DISK).is_on);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_FULL_DISK).left_ms, 0);
	CHECK(faulty_look(scene->faulty, FAULTY_FULL_DISK).is_ordered);
	CHECK_STATUS(write_at(scene, file, 11), OK);
	CHECK_STATUS(files->free_bytes(files->self, "/d", &bytes), OK);
	CHECK(bytes > 0);
	files->close(files->self, file);
	close_scene(scene);
}

TEST(syncs_are_slowed_at_a_rate)
{
	struct scene *scene = make_scene();
	const struct seams_files *files = &scene->seams.files;
	struct seams_file *file = open_file(scene);

	CHECK_STATUS(write_at(scene, file, 10), OK);
	order(scene, FAULTY_SLOW_DISK, 1000, FAULTY_MILLION, 250);
	CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/d"), OK);
	CHECK_STATUS(write_at(scene, file, 0), OK);
	CHECK_EQ(paused_us, 500);
	order(scene, FAULTY_SLOW_DISK, 1000, FAULTY_MILLION / 4, 1);
	paused_us = 0;
	for (int i = 0; i < 1000; i++)
		CHECK_STATUS(files->sync(files->self, file), OK);
	CHECK(paused_us > 200 && paused_us < 300);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_SLOW_DISK).struck, 2 + paused_us);
	files->close(files->self, file);
	close_scene(scene);
}

TEST(only_the_wall_clock_is_skewed_and_only_for_a_while)
{
	struct scene *scene = make_scene();
	const struct seams_clock *clock = &scene->seams.clock;

	order(scene, FAULTY_SKEW, 5000, 0, -90000);
	CHECK_EQ(clock->wall(clock->self).ns, 911 * TIME_S);
	CHECK_EQ(clock->mono(clock->self).ns, TIME_S);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_SKEW).struck, 1);
	pass(scene, 4999);
	CHECK(faulty_look(scene->faulty, FAULTY_SKEW).is_on);
	pass(scene, 1);
	CHECK_EQ(clock->wall(clock->self).ns, 1006 * TIME_S);
	close_scene(scene);
}

TEST(an_order_is_taken_back_and_a_newer_one_takes_its_place)
{
	struct scene *scene = make_scene();
	const struct seams_clock *clock = &scene->seams.clock;

	order(scene, FAULTY_SKEW, 5000, 0, 1000);
	order(scene, FAULTY_SKEW, 5000, 0, 3000);
	CHECK_EQ(clock->wall(clock->self).ns, 1004 * TIME_S);
	order(scene, FAULTY_SKEW, 0, 0, 0);
	CHECK_EQ(clock->wall(clock->self).ns, 1001 * TIME_S);
	CHECK(!faulty_look(scene->faulty, FAULTY_SKEW).is_on);
	close_scene(scene);
}

TEST(frames_are_hurt_at_a_rate_and_only_to_whom_it_was_ordered)
{
	const struct seams_peer meant = { 7, 1, 1 }, other = { 7, 2, 1 }, elsewhere = { 8, 1, 1 };
	struct scene *scene = make_scene();
	struct faulty_order drop = { .kind = FAULTY_DROP,
				     .for_ms = 1000,
				     .per_million = FAULTY_MILLION / 10,
				     .node = 7,
				     .host = 1 };
	uint32_t dropped = 0;

	CHECK_STATUS(faulty_begin(scene->faulty, &drop, NULL), OK);
	CHECK(faulty_hurts_links(scene->faulty));
	for (int i = 0; i < 1000; i++) {
		dropped += faulty_fate(scene->faulty, meant).is_dropped;
		CHECK(!faulty_fate(scene->faulty, other).is_dropped);
		CHECK(!faulty_fate(scene->faulty, elsewhere).is_dropped);
	}
	CHECK(dropped > 80 && dropped < 120);
	CHECK_EQ(faulty_look(scene->faulty, FAULTY_DROP).struck, dropped);
	order(scene, FAULTY_DROP, 0, 0, 0);
	order(scene, FAULTY_DUPLICATE, 1000, FAULTY_MILLION, 0);
	order(scene, FAULTY_DELAY, 1000, FAULTY_MILLION, 2500);
	CHECK(faulty_fate(scene->faulty, elsewhere).is_doubled);
	CHECK_EQ(faulty_fate(scene->faulty, other).delay_us, 2500);
	CHECK(!faulty_fate(scene->faulty, other).is_dropped);
	pass(scene, 1000);
	CHECK(!faulty_fate(scene->faulty, other).is_doubled);
	CHECK_EQ(faulty_fate(scene->faulty, other).delay_us, 0);
	close_scene(scene);
}

TEST(numbers_out_of_bounds_are_refused_with_words)
{
	static const struct {
		struct faulty_order order;
		const char *words;
	} cases[] = {
		{ { .kind = FAULTY_KINDS, .for_ms = 1 }, "no such fault" },
		{ { .kind = FAULTY_DROP, .for_ms = FAULTY_MS_MAX + 1 }, "too long" },
		{ { .kind = FAULTY_DELAY, .for_ms = 1, .value = 0 }, "delay: 0 us" },
		{ { .kind = FAULTY_SLOW_DISK, .for_ms = 1, .value = FAULTY_US_MAX + 1 },
		  "slow-disk" },
		{ { .kind = FAULTY_SKEW, .for_ms = 1, .value = FAULTY_SKEW_MS_MAX + 1 },
		  "too many" },
		{ { .kind = FAULTY_SKEW, .for_ms = 1, .value = -FAULTY_SKEW_MS_MAX - 1 },
		  "too many" },
	};
	struct scene *scene = make_scene();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why = { 0 };

		CHECK_STATUS(faulty_begin(scene->faulty, &cases[i].order, &why), INVALID);
		CHECK(strstr(why.text, cases[i].words) != NULL);
		CHECK(cases[i].order.kind >= FAULTY_KINDS ||
		      !faulty_look(scene->faulty, cases[i].order.kind).is_on);
	}
	close_scene(scene);
}

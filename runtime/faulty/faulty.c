#include "runtime/faulty/faulty.h"

#include <stdatomic.h>

/* An order as it holds. What files and the clock look at may be read by any thread while a newer order is put in its place. */
struct standing {
	_Atomic int64_t until_ns, value;
	_Atomic uint32_t per_million;
	_Atomic uint64_t struck;
	uint32_t node, host;
};

struct faulty {
	_Atomic uint32_t on; /* 1 << kind: there is an order, whose time may be over */
	struct standing standing[FAULTY_KINDS];
	struct seams_clock clock; /* the real ones */
	struct seams_files files;
	struct seams_random random;
	void (*pause)(uint64_t us);
};

#define LINKS (1U << FAULTY_DROP | 1U << FAULTY_DELAY | 1U << FAULTY_DUPLICATE)

static const char *const kind_names[] = {
#define X(name, text) text,
	FAULTY_KIND_MAP(X)
#undef X
};

const char *faulty_kind_name(enum faulty_kind kind)
{
	return kind < FAULTY_KINDS ? kind_names[kind] : "?";
}

/* ---- whether it strikes ---- */

static uint32_t orders(const struct faulty *faulty)
{
	return atomic_load_explicit(&faulty->on, memory_order_relaxed);
}

static bool is_on(const struct faulty *faulty, enum faulty_kind kind)
{
	return (orders(faulty) & 1U << kind) != 0 &&
	       faulty->clock.mono(faulty->clock.self).ns < faulty->standing[kind].until_ns;
}

static bool is_drawn(struct faulty *faulty, uint32_t per_million)
{
	uint32_t draw;

	if (per_million >= FAULTY_MILLION)
		return true;
	faulty->random.fill(faulty->random.self, &draw, sizeof draw);
	return draw % FAULTY_MILLION < per_million;
}

static bool strikes(struct faulty *faulty, enum faulty_kind kind)
{
	struct standing *standing = &faulty->standing[kind];

	if (!is_on(faulty, kind) || !is_drawn(faulty, standing->per_million))
		return false;
	standing->struck++;
	return true;
}

/* ---- the clock ---- */

static struct mono clock_mono(void *self)
{
	const struct faulty *faulty = self;

	return faulty->clock.mono(faulty->clock.self);
}

static struct wall clock_wall(void *self)
{
	struct faulty *faulty = self;
	struct wall wall = faulty->clock.wall(faulty->clock.self);

	if ((orders(faulty) & 1U << FAULTY_SKEW) != 0 && strikes(faulty, FAULTY_SKEW))
		wall.ns += faulty->standing[FAULTY_SKEW].value * TIME_MS;
	return wall;
}

/* ---- files ---- */

/* As on a disk that is full: what a file has already may be written again, and room that was reserved is there. */
static bool has_room(struct faulty *faulty, struct seams_file *file, uint64_t end)
{
	uint64_t size;

	if ((orders(faulty) & 1U << FAULTY_FULL_DISK) == 0 || !is_on(faulty, FAULTY_FULL_DISK))
		return true;
	if (faulty->files.size(faulty->files.self, file, &size) == OK && end <= size)
		return true;
	faulty->standing[FAULTY_FULL_DISK].struck++;
	return false;
}

static void drag(struct faulty *faulty)
{
	if ((orders(faulty) & 1U << FAULTY_SLOW_DISK) != 0 && strikes(faulty, FAULTY_SLOW_DISK))
		faulty->pause((uint64_t)faulty->standing[FAULTY_SLOW_DISK].value);
}

static enum status file_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			     struct seams_file **out)
{
	const struct faulty *faulty = self;

	return faulty->files.open(faulty->files.self, path, flags, mode, out);
}

static void file_close(void *self, struct seams_file *file)
{
	const struct faulty *faulty = self;

	faulty->files.close(faulty->files.self, file);
}

static enum status file_read(void *self, struct seams_file *file, void *at, size_t len,
			     uint64_t offset, size_t *out_len)
{
	const struct faulty *faulty = self;

	return faulty->files.read(faulty->files.self, file, at, len, offset, out_len);
}

static enum status file_write(void *self, struct seams_file *file, const void *at, size_t len,
			      uint64_t offset)
{
	struct faulty *faulty = self;

	if (!has_room(faulty, file, offset + len))
		return FULL;
	return faulty->files.write(faulty->files.self, file, at, len, offset);
}

static enum status file_sync(void *self, struct seams_file *file)
{
	struct faulty *faulty = self;

	drag(faulty);
	return faulty->files.sync(faulty->files.self, file);
}

static void file_begin_sync(void *self, struct seams_file *file)
{
	const struct faulty *faulty = self;

	faulty->files.begin_sync(faulty->files.self, file);
}

static enum status file_truncate(void *self, struct seams_file *file, uint64_t size_bytes)
{
	struct faulty *faulty = self;

	if (!has_room(faulty, file, size_bytes))
		return FULL;
	return faulty->files.truncate(faulty->files.self, file, size_bytes);
}

static enum status file_reserve(void *self, struct seams_file *file, uint64_t size_bytes)
{
	struct faulty *faulty = self;

	if (!has_room(faulty, file, size_bytes))
		return FULL;
	return faulty->files.reserve(faulty->files.self, file, size_bytes);
}

static enum status file_size(void *self, struct seams_file *file, uint64_t *out_bytes)
{
	const struct faulty *faulty = self;

	return faulty->files.size(faulty->files.self, file, out_bytes);
}

static enum status path_rename(void *self, const char *from, const char *to)
{
	const struct faulty *faulty = self;

	return faulty->files.rename(faulty->files.self, from, to);
}

static enum status path_unlink(void *self, const char *path)
{
	const struct faulty *faulty = self;

	return faulty->files.unlink(faulty->files.self, path);
}

static enum status path_mkdir(void *self, const char *path, uint32_t mode)
{
	const struct faulty *faulty = self;

	return faulty->files.mkdir(faulty->files.self, path, mode);
}

static enum status path_sync_folder(void *self, const char *path)
{
	struct faulty *faulty = self;

	drag(faulty);
	return faulty->files.sync_folder(faulty->files.self, path);
}

static enum status path_stat(void *self, const char *path, struct seams_stat *out)
{
	const struct faulty *faulty = self;

	return faulty->files.stat(faulty->files.self, path, out);
}

static enum status path_list(void *self, const char *path, void (*each)(void *arg, struct str name),
			     void *arg)
{
	const struct faulty *faulty = self;

	return faulty->files.list(faulty->files.self, path, each, arg);
}

static enum status path_free_bytes(void *self, const char *path, uint64_t *out_bytes)
{
	const struct faulty *faulty = self;

	if (!is_on(faulty, FAULTY_FULL_DISK))
		return faulty->files.free_bytes(faulty->files.self, path, out_bytes);
	*out_bytes = 0;
	return OK;
}

/* ---- links ---- */

bool faulty_hurts_links(const struct faulty *faulty)
{
	return (orders(faulty) & LINKS) != 0;
}

static bool is_meant(const struct standing *standing, struct seams_peer to)
{
	return standing->node == 0 ||
	       (standing->node == to.node &&
		(standing->host == FAULTY_ANY_HOST || standing->host == to.host));
}

static bool link_strikes(struct faulty *faulty, enum faulty_kind kind, struct seams_peer to)
{
	return is_meant(&faulty->standing[kind], to) && strikes(faulty, kind);
}

struct faulty_fate faulty_fate(struct faulty *faulty, struct seams_peer to)
{
	struct faulty_fate fate = { .is_dropped = link_strikes(faulty, FAULTY_DROP, to) };

	if (fate.is_dropped)
		return fate;
	fate.is_doubled = link_strikes(faulty, FAULTY_DUPLICATE, to);
	if (link_strikes(faulty, FAULTY_DELAY, to))
		fate.delay_us = (uint32_t)faulty->standing[FAULTY_DELAY].value;
	return fate;
}

/* ---- orders ---- */

static enum status check(const struct faulty_order *order, struct fault *why)
{
	const char *name = faulty_kind_name(order->kind);
	bool is_time = order->kind == FAULTY_DELAY || order->kind == FAULTY_SLOW_DISK;

	if (order->kind >= FAULTY_KINDS)
		return fault_set(why, INVALID, "", "there is no such fault");
	if (order->for_ms > FAULTY_MS_MAX)
		return fault_set(why, INVALID, "", "%s: %u ms are too long", name, order->for_ms);
	if (order->for_ms > 0 && is_time && (order->value <= 0 || order->value > FAULTY_US_MAX))
		return fault_set(why, INVALID, "", "%s: %lld us are none, or too many", name,
				 (long long)order->value);
	if (order->kind == FAULTY_SKEW &&
	    (order->value < -FAULTY_SKEW_MS_MAX || order->value > FAULTY_SKEW_MS_MAX))
		return fault_set(why, INVALID, "", "%s: %lld ms are too many", name,
				 (long long)order->value);
	return OK;
}

static bool has_rate(enum faulty_kind kind)
{
	return (LINKS & 1U << kind) != 0 || kind == FAULTY_SLOW_DISK;
}

enum status faulty_begin(struct faulty *faulty, const struct faulty_order *order, struct fault *why)
{
	struct standing *standing;

	TRY(check(order, why));
	standing = &faulty->standing[order->kind];
	if (order->for_ms == 0) {
		faulty->on &= ~(1U << order->kind);
		return OK;
	}
	standing->value = order->value;
	standing->per_million = has_rate(order->kind) ? order->per_million : FAULTY_MILLION;
	standing->node = order->node;
	standing->host = order->host;
	standing->until_ns =
	    faulty->clock.mono(faulty->clock.self).ns + (int64_t)order->for_ms * TIME_MS;
	faulty->on |= 1U << order->kind;
	return OK;
}

struct faulty_info faulty_look(const struct faulty *faulty, enum faulty_kind kind)
{
	const struct standing *standing;
	int64_t left_ns;

	assert(kind < FAULTY_KINDS);
	standing = &faulty->standing[kind];
	left_ns = standing->until_ns - faulty->clock.mono(faulty->clock.self).ns;
	return (struct faulty_info){
		.is_ordered = (orders(faulty) & 1U << kind) != 0,
		.is_on = is_on(faulty, kind),
		.left_ms = is_on(faulty, kind) && left_ns > 0
			       ? (uint32_t)((left_ns + TIME_MS - 1) / TIME_MS)
			       : 0,
		.struck = standing->struck,
	};
}

/* ---- life ---- */

struct faulty *faulty_new(void (*pause)(uint64_t us))
{
	struct faulty *faulty = mem_new(struct faulty);

	faulty->pause = pause;
	return faulty;
}

void faulty_free(struct faulty *faulty)
{
	mem_free(faulty);
}

void faulty_lay(struct faulty *faulty, struct seams *seams)
{
	assert(faulty->clock.mono == NULL);
	faulty->clock = seams->clock;
	faulty->files = seams->files;
	faulty->random = seams->random;
	seams->clock = (struct seams_clock){ faulty, clock_mono, clock_wall };
	seams->files = (struct seams_files){ .self = faulty,
					     .open = file_open,
					     .close = file_close,
					     .read = file_read,
					     .write = file_write,
					     .sync = file_sync,
					     .begin_sync = file_begin_sync,
					     .truncate = file_truncate,
					     .reserve = file_reserve,
					     .size = file_size,
					     .rename = path_rename,
					     .unlink = path_unlink,
					     .mkdir = path_mkdir,
					     .sync_folder = path_sync_folder,
					     .stat = path_stat,
					     .list = path_list,
					     .free_bytes = path_free_bytes };
}

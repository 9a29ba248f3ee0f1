#include "deploy/main/backup/schedule.h"

#include <stdio.h>

#define PREFIX "troupe-"
#define SUFFIX ".backup"
#define STAMP_BYTES 16U /* 20261127T001122Z */
#define PATH_BYTES 1400U

void schedule_name(struct str cluster, struct wall now, char out[SCHEDULE_NAME_MAX])
{
	char text[TIME_TEXT], stamp[TIME_TEXT];
	struct str printed = time_print(now, text);
	size_t len = 0;

	for (uint32_t i = 0; i < printed.len; i++)
		if (printed.at[i] != '-' && printed.at[i] != ':')
			stamp[len++] = printed.at[i];
	stamp[len] = '\0';
	assert(len == STAMP_BYTES);
	snprintf(out, SCHEDULE_NAME_MAX, PREFIX STR_FMT "-%s" SUFFIX, STR_ARG(cluster), stamp);
}

/* Back to what time_parse knows: 2026-11-27T00:11:22Z. */
static bool read_stamp(struct str stamp, struct wall *out)
{
	const char *at = stamp.at;
	char text[TIME_TEXT];

	if (stamp.len != STAMP_BYTES)
		return false;
	snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", at, at + 4, at + 6, at + 9,
		 at + 11, at + 13);
	return time_parse(str_from(text), out) == OK;
}

/* Of a backup of this cluster. */
static bool read_name(struct str name, struct str cluster, struct wall *out)
{
	uint32_t head = (uint32_t)strlen(PREFIX) + cluster.len + 1, tail = (uint32_t)strlen(SUFFIX);

	if (name.len != head + STAMP_BYTES + tail || name.len >= SCHEDULE_NAME_MAX ||
	    !str_starts(name, STR(PREFIX)) || !str_ends(name, STR(SUFFIX)) ||
	    !str_eq(str_slice(name, (uint32_t)strlen(PREFIX), head - 1), cluster) ||
	    name.at[head - 1] != '-')
		return false;
	return read_stamp(str_slice(name, head, head + STAMP_BYTES), out);
}

/* Names in byte order are in order of time. */
struct listing {
	struct str cluster;
	struct arena *arena;
	VEC(struct str) names;
	VEC(struct wall) times;
};

static void take_name(void *arg, struct str name)
{
	struct listing *listing = arg;
	struct wall made;

	if (!read_name(name, listing->cluster, &made))
		return;
	vec_push(&listing->names, arena_str(listing->arena, name));
	vec_push(&listing->times, made);
}

static void listing_fini(struct listing *listing)
{
	vec_fini(&listing->names);
	vec_fini(&listing->times);
	arena_free(listing->arena);
}

static enum status list(const struct seams_files *files, const struct schedule *schedule,
			struct str cluster, struct listing *out, struct fault *why)
{
	enum status status;

	*out = (struct listing){ .cluster = cluster, .arena = arena_new(0) };
	status = files->list(files->self, schedule->folder, take_name, out);
	if (status == OK)
		return OK;
	listing_fini(out);
	return fault_set(why, status, "--backup-dir", "%s: %s", schedule->folder,
			 status_text(status));
}

enum status schedule_look(const struct seams_files *files, const struct schedule *schedule,
			  struct str cluster, struct wall now, struct scheduled *out,
			  struct fault *why)
{
	struct listing listing;
	uint32_t count;

	TRY(list(files, schedule, cluster, &listing, why));
	count = listing.names.len;
	*out = (struct scheduled){ .is_due = true, .count = count };
	if (count > 0) {
		out->made = listing.times.at[count - 1];
		snprintf(out->newest, sizeof out->newest, STR_FMT,
			 STR_ARG(listing.names.at[count - 1]));
		/* One of the future is of a clock that went wrong: nothing is waited for. */
		out->is_due = now.ns - out->made.ns >= (int64_t)schedule->every_ms * TIME_MS ||
			      out->made.ns > now.ns;
	}
	listing_fini(&listing);
	return OK;
}

static bool is_to_go(const struct schedule *schedule, const struct listing *listing, uint32_t i,
		     struct wall now)
{
	uint32_t newer = listing->names.len - 1 - i;

	if (newer == 0)
		return false; /* whatever its age: it is all there is */
	if (schedule->keep > 0 && newer >= schedule->keep)
		return true;
	return schedule->age_ms > 0 &&
	       now.ns - listing->times.at[i].ns > (int64_t)schedule->age_ms * TIME_MS;
}

enum status schedule_prune(const struct seams_files *files, const struct schedule *schedule,
			   struct str cluster, struct wall now, uint32_t *out_count,
			   struct fault *why)
{
	struct listing listing;
	enum status status = OK;

	*out_count = 0;
	TRY(list(files, schedule, cluster, &listing, why));
	for (uint32_t i = 0; i < listing.names.len && status == OK; i++) {
		char path[PATH_BYTES];

		if (!is_to_go(schedule, &listing, i, now))
			continue;
		snprintf(path, sizeof path, "%s/" STR_FMT, schedule->folder,
			 STR_ARG(listing.names.at[i]));
		status = files->unlink(files->self, path);
		if (status == OK)
			++*out_count;
		else
			fault_set(why, status, "--backup-dir", "%s cannot be removed: %s", path,
				  status_text(status));
	}
	listing_fini(&listing);
	return status;
}

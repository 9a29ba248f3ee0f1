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

/* Names in byte order are in order of time. Most places list in that order. */
void schedule_take(struct schedule_list *list, struct str cluster, struct str name,
		   uint64_t size_bytes)
{
	struct scheduled_one one = { .size_bytes = size_bytes };
	uint32_t at = list->all.len;

	if (!read_name(name, cluster, &one.made) || list->all.len >= SCHEDULE_LIST_MAX)
		return;
	snprintf(one.name, sizeof one.name, STR_FMT, STR_ARG(name));
	vec_push(&list->all, one);
	for (; at > 0 && strcmp(list->all.at[at - 1].name, one.name) > 0; at--)
		list->all.at[at] = list->all.at[at - 1];
	list->all.at[at] = one;
}

void schedule_list_fini(struct schedule_list *list)
{
	vec_fini(&list->all);
}

struct scheduled schedule_judge(const struct schedule *schedule, const struct schedule_list *list,
				struct wall now)
{
	uint32_t count = list->all.len;
	struct scheduled out = { .is_due = true, .count = count };

	if (count > 0) {
		const struct scheduled_one *newest = &list->all.at[count - 1];

		out.made = newest->made;
		snprintf(out.newest, sizeof out.newest, "%s", newest->name);
		/* One of the future is of a clock that went wrong: nothing is waited for. */
		out.is_due = now.ns - out.made.ns >= (int64_t)schedule->every_ms * TIME_MS ||
			     out.made.ns > now.ns;
	}
	return out;
}

bool schedule_goes(const struct schedule *schedule, const struct schedule_list *list, uint32_t i,
		   struct wall now)
{
	uint32_t newer = list->all.len - 1 - i;

	if (newer == 0)
		return false; /* whatever its age: it is all there is */
	if (schedule->keep > 0 && newer >= schedule->keep)
		return true;
	return schedule->age_ms > 0 &&
	       now.ns - list->all.at[i].made.ns > (int64_t)schedule->age_ms * TIME_MS;
}

/* ---- in a folder ---------------------------------------------------------------------------------------------------- */

struct gathering {
	const struct seams_files *files;
	const struct schedule *schedule;
	struct str cluster;
	struct schedule_list *list;
};

static void take_name(void *arg, struct str name)
{
	struct gathering *gathering = arg;
	const struct seams_files *files = gathering->files;
	struct seams_stat stat = { 0 };
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/" STR_FMT, gathering->schedule->folder, STR_ARG(name));
	if (!str_ends(name, STR(SUFFIX)) || files->stat(files->self, path, &stat) != OK)
		return;
	schedule_take(gathering->list, gathering->cluster, name, stat.size_bytes);
}

enum status schedule_gather(const struct seams_files *files, const struct schedule *schedule,
			    struct str cluster, struct schedule_list *out, struct fault *why)
{
	struct gathering gathering = { files, schedule, cluster, out };
	enum status status;

	*out = (struct schedule_list){ .all = { 0 } };
	status = files->list(files->self, schedule->folder, take_name, &gathering);
	return status == OK ? OK
			    : fault_set(why, status, "--backup-dir", "%s: %s", schedule->folder,
					status_text(status));
}

enum status schedule_prune(const struct seams_files *files, const struct schedule *schedule,
			   struct str cluster, struct wall now, uint32_t *out_count,
			   struct fault *why)
{
	struct schedule_list list;
	enum status status = schedule_gather(files, schedule, cluster, &list, why);

	*out_count = 0;
	for (uint32_t i = 0; i < list.all.len && status == OK; i++) {
		char path[PATH_BYTES];

		if (!schedule_goes(schedule, &list, i, now))
			continue;
		snprintf(path, sizeof path, "%s/%s", schedule->folder, list.all.at[i].name);
		status = files->unlink(files->self, path);
		if (status == OK)
			++*out_count;
		else
			fault_set(why, status, "--backup-dir", "%s cannot be removed: %s", path,
				  status_text(status));
	}
	schedule_list_fini(&list);
	return status;
}

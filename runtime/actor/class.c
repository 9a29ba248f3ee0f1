/*
 * What the actors of a class have done, also those that have ended: figures for whoever watches a host for long. Actors come and go, and
 * their number has no bound that would do for a list of series; classes are made by whoever wrote the program.
 */
#include <string.h>

#include "runtime/actor/actor-private.h"

#define CLASSES_MAX 64U
#define REST "other" /* all classes beyond */

struct class_total {
	const struct act_class *class; /* the one of that name seen last */
	const char *name;
	uint64_t messages, run_cycles, ended, crashed;
};

/* By name: several classes of one name are one. */
static struct class_total *class_total(struct act_host *host, const char *name)
{
	struct class_total *total = map_get(&host->classes, str_from(name));

	if (total)
		return total;
	if (host->classes.len >= CLASSES_MAX && strcmp(name, REST) != 0)
		return class_total(host, REST);
	total = mem_new(struct class_total);
	total->name = name;
	map_put(&host->classes, str_from(name), total);
	return total;
}

static void class_ended(struct act *act)
{
	struct act_host *host = act->host;
	struct class_total *total = host->class_last;

	/* Those that end often are often of one class. */
	if (!total || total->class != act->class) {
		total = class_total(host, act->class->name);
		total->class = act->class;
		host->class_last = total;
	}
	total->messages += act->messages;
	total->run_cycles += act->run_cycles;
	total->ended++;
	total->crashed += act->reason == ACT_CRASHED || act->reason == ACT_KILLED;
}

void class_leave(struct act *act)
{
	class_ended(act);
	slots_give(&act->host->actors, act);
}

void class_fini(struct act_host *host)
{
	uint32_t at = 0;
	struct str key;
	void *total;

	while (map_next(&host->classes, &at, &key, &total))
		mem_free(total);
	map_fini(&host->classes);
}

/* ---- looking in -------------------------------------------------------------------------------------------- */

static void class_add_living(struct act_class_info *info, const struct act_host *host,
			     const struct act *act)
{
	info->living++;
	info->messages += act->messages;
	info->run_ns += actor_host_ns(host, act->run_cycles);
	info->waiting += act->user_len + act->system_len;
	info->memory_bytes +=
	    sizeof *act + act->class->state_size + (act->arena ? arena_size(act->arena) : 0);
}

static struct act_class_info *class_info(struct act_class_info *infos, uint32_t *count,
					 const char *name)
{
	for (uint32_t i = 0; i < *count; i++)
		if (strcmp(infos[i].name, name) == 0)
			return &infos[i];
	if (*count >= CLASSES_MAX && strcmp(name, REST) != 0)
		return class_info(infos, count, REST);
	infos[*count] = (struct act_class_info){ .name = name };
	return &infos[(*count)++];
}

void act_host_each_class(const struct act_host *host,
			 void (*each)(void *arg, const struct act_class_info *info), void *arg)
{
	struct act_class_info infos[CLASSES_MAX + 1], *info = NULL;
	uint32_t count = 0, at = 0;
	struct str key;
	void *value;

	/* Classes of the dead first: they are within the bound together with those that are found alive. */
	while (map_next(&host->classes, &at, &key, &value)) {
		const struct class_total *total = value;

		info = class_info(infos, &count, total->name);
		info->messages += total->messages;
		info->run_ns += actor_host_ns(host, total->run_cycles);
		info->ended += total->ended;
		info->crashed += total->crashed;
	}
	for (uint32_t i = 0; i < host->actors.made; i++) {
		const struct act *act = (const struct act *)slots_at(&host->actors, i);

		if (!(act->slot.gen & 1) || (act->flags & ACTOR_DEAD))
			continue;
		if (!info || strcmp(info->name, act->class->name) != 0)
			info = class_info(infos, &count, act->class->name);
		class_add_living(info, host, act);
	}
	for (uint32_t i = 0; i < count; i++)
		each(arg, &infos[i]);
}

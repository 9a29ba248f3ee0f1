#include "deploy/sim/sayings.h"

#include "runtime/base/log.h"

/* "TIME LEVEL actor: the event's words key=value": the words with the actor. */
static struct str event_of(struct str line)
{
	struct str rest = line;
	int64_t end;

	str_cut(&rest, ' ');
	str_cut(&rest, ' ');
	end = str_find_char(rest, '=');
	if (end < 0)
		return str_trim(rest);
	end = str_find_last(str_slice(rest, 0, (uint32_t)end), ' ');
	return str_trim(str_slice(rest, 0, end < 0 ? 0 : (uint32_t)end));
}

static void show(const struct sayings *sayings, struct str line)
{
	uint32_t node = act_sim_node_running(sayings->sim);
	const char *name = map_get(&sayings->names, str_of(&node, sizeof node));
	char number[16];

	snprintf(number, sizeof number, "n%u", node);
	fprintf(sayings->out, "%9.3f %s " STR_FMT, (double)act_sim_now_ms(sayings->sim) / 1000,
		name ? name : number, STR_ARG(line));
}

void sayings_name(struct sayings *sayings, uint32_t node, const char *name)
{
	map_put(&sayings->names, str_of(&node, sizeof node), (void *)(uintptr_t)name);
}

static void take_line(void *arg, struct str line)
{
	struct sayings *sayings = arg;
	struct str event = event_of(line), rest = line;
	uintptr_t count = (uintptr_t)map_get(&sayings->counts, event);

	map_put(&sayings->counts, event, (void *)(count + 1));
	str_cut(&rest, ' ');
	if (sayings->out)
		show(sayings, rest);
}

static struct wall no_clock(void *arg)
{
	(void)arg;
	return (struct wall){ 0 };
}

void sayings_open(struct sayings *sayings, struct act_sim *sim, const char *path)
{
	*sayings = (struct sayings){ .sim = sim };
	if (path)
		sayings->out = strcmp(path, "1") == 0 ? stderr : fopen(path, "w");
	log_configure(&(struct log_config){ .level = sayings->out ? LOG_DEBUG : LOG_INFO,
					    .write = take_line,
					    .now = no_clock,
					    .arg = sayings });
}

void sayings_close(struct sayings *sayings)
{
	log_configure(&(struct log_config){ .level = LOG_ERROR });
	if (sayings->out && sayings->out != stderr)
		fclose(sayings->out);
	map_fini(&sayings->counts);
	map_fini(&sayings->names);
}

uint32_t sayings_count(const struct sayings *sayings, const char *event)
{
	return (uint32_t)(uintptr_t)map_get(&sayings->counts, str_from(event));
}

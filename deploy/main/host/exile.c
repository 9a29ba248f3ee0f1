#include "deploy/main/host/exile.h"

#include <stdio.h>

#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

static enum status encode_here(const void *body, struct text *out)
{
	const struct exile_here *here = body;

	pack_begin(out, 2);
	pack_u64(out, here->host);
	pack_str(out, str_from(here->name));
	return OK;
}

static enum status decode_here(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct exile_here *here = body;
	uint32_t host;
	struct str name;

	(void)arena;
	unpack_begin(&in);
	host = unpack_u32(&in);
	name = unpack_str(&in);
	unpack_end(&in);
	if (host < PROCESS_EXILES || host > UINT16_MAX || name.len == 0 ||
	    name.len >= sizeof here->name)
		return CORRUPT;
	here->host = (uint16_t)host;
	snprintf(here->name, sizeof here->name, STR_FMT, STR_ARG(name));
	return unpack_status(&in);
}

ACT_TYPE(exile_here, .id = 921, .encode = encode_here, .decode = decode_here);

void exile_say(struct act *act, const struct process *process)
{
	struct exile_here here = { .host = process->life.host };

	if (process->only == NULL)
		return;
	snprintf(here.name, sizeof here.name, "%s", process_name(process));
	(void)!act_send(act, process_actor(act, process, "admin", process_host_name(PROCESS_CORE)),
			&exile_here_type, &here);
}

static struct exile_here *find(struct exile_list *list, uint16_t host)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (list->at[i].host == host)
			return &list->at[i];
	return NULL;
}

void exile_learn(struct exile_list *list, struct act *act, const struct process *process,
		 const struct exile_here *here)
{
	const struct seams_link *link = &act_host_seams(act_host_of(act))->link;
	const struct seams_place place = { .node = process->identity.node,
					   .node_name = str_from(process->identity.name),
					   .host = here->host,
					   .host_name = str_from(here->name) };
	enum status status;

	if (find(list, here->host) != NULL || list->len == EXILE_LIST_MAX)
		return;
	status = link->learn(link->self, &place);
	if (status != OK) {
		log_warn("admin", "cannot learn a host that an actor has of its own",
			 LOG_CSTR("host", here->name), LOG_STATUS(status));
		return;
	}
	list->at[list->len++] = *here;
	log_info("admin", "an actor has a host of its own", LOG_CSTR("host", here->name));
}

const char *exile_host_name(const struct exile_list *list, uint32_t at)
{
	const uint32_t planned = PROCESS_HOSTS - PROCESS_CORE;

	if (at < planned)
		return process_host_name((enum process_host)(PROCESS_CORE + at));
	return at - planned < list->len ? list->at[at - planned].name : NULL;
}

#include "deploy/main/node/layout.h"

#include "actors/authorization/mechanisms.h"
#include "actors/client/alive.h"
#include "actors/client/api.h"
#include "deploy/cluster/control-plane-mark.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/backup/backup-list.h"
#include "deploy/main/host/asked-page.h"
#include "deploy/main/host/directory.h"
#include "deploy/main/host/farewell.h"
#include "deploy/main/host/inspect.h"
#include "deploy/main/host/tracer.h"
#include "deploy/main/node/datastore.h"
#include "deploy/main/node/leader.h"
#include "deploy/main/node/relay.h"
#include "deploy/main/wear/wear.h"
#include "deploy/ui/page.h"

void layout_add(struct layout *layout, const char *id, const struct act_class *class,
		const void *args)
{
	assert(layout->count < LAYOUT_CHILDREN_MAX);
	layout->children[layout->count++] =
	    (struct act_child){ .id = id, .class = class, .args = args };
}

/* ---- core ------------------------------------------------------------------------------------------------- */

static void plan_store(struct layout *layout, struct process *process)
{
	layout->store = (struct store_config){
		.folder = arena_printf(process->arena, "%s/store", process->dir.path).at,
		.name = str_from(process->identity.name),
		.address = process_address(process, process->identity.link_port),
		.is_witness = data_dir_is_witness(&process->identity),
		.is_first = process->identity.is_first
	};
}

/* Who sees what is live is in the core host. */
static void plan_lives(struct layout *layout, const struct process *process)
{
	assert(admin_live_count <= LAYOUT_LIVES_MAX);
	for (uint32_t i = 0; i < admin_live_count; i++) {
		layout->lives[i] = admin_lives[i];
		layout->lives[i].actor = process_core_name(process, admin_lives[i].actor);
	}
}

static void plan_server(struct layout *layout, struct process *process)
{
	plan_lives(layout, process);
	layout->authorizers[0] = authorization_node();
	layout->authorizers[1] = authorization_rbac();
	layout->pages[0] = page_tree(process->arena);
	layout->server = (struct server_config){ .store = process_core_name(process, "store"),
						 .is_apart = process->is_isolated,
						 .node = str_from(process->identity.name),
						 .authorizers = layout->authorizers,
						 .authorizer_count = 2,
						 .lives = layout->lives,
						 .live_count = admin_live_count,
						 .pages = layout->pages,
						 .page_count = 1,
						 .issuer = LAYOUT_ISSUER,
						 .address = process_address(
						     process, process->identity.api_port) };
}

static void plan_witness(struct layout *layout, struct process *process)
{
	layout_add(layout, "store", &store_class, &layout->store);
	layout_add(layout, "directory", &directory_class, process);
	layout_add(layout, "admin", &admin_class, process);
}

static void plan_mark(struct layout *layout, const struct process *process)
{
	layout->mark =
	    (struct control_plane_mark_args){ .api = "api", .node = process->identity.name };
	layout_add(layout, "mark", &control_plane_mark_class, &layout->mark);
}

static void plan_core(struct layout *layout, struct process *process)
{
	plan_store(layout, process);
	if (layout->store.is_witness) {
		plan_witness(layout, process);
		return;
	}
	if (!process->is_isolated)
		plan_server(layout, process);
	if (datastore_is_external(&process->identity))
		layout_add(layout, "store", &external_class, &layout->external);
	else
		layout_add(layout, "store", &store_class, &layout->store);
	layout_add(layout, "directory", &directory_class, process);
	layout_add(layout, "relay", &relay_class, process);
	if (!process->is_isolated)
		layout_add(layout, "api", &server_class, &layout->server);
	layout_add(layout, "admin", &admin_class, process);
	if (!process->is_isolated)
		plan_mark(layout, process);
	layout->place =
	    (struct place_args){ .api = process_api_name(process),
				 .store = "store",
				 .node = process->identity.name,
				 .address = process_address(process, process->identity.link_port) };
	layout_add(layout, "place", &place_class, &layout->place);
}

/* ---- api -------------------------------------------------------------------------------------------------- */

static void plan_api(struct layout *layout, struct process *process)
{
	plan_server(layout, process);
	layout_add(layout, "api", &server_class, &layout->server);
	plan_mark(layout, process);
}

/* ---- node ------------------------------------------------------------------------------------------------- */

static void plan_node(struct layout *layout, struct process *process)
{
	const char *name = process->identity.name;

	layout->agent =
	    (struct agent_args){ .node = name,
				 .address = process->identity.address,
				 .api = process_api_name(process),
				 .self = arena_printf(process->arena, "agent@%s/node", name).at,
				 .folder = process->dir.path };
	layout_add(layout, "agent", &agent_class, &layout->agent);
}

void layout_plan(struct layout *layout, struct process *process)
{
	*layout = (struct layout){ .count = 0 };
	switch (process->host) {
	case PROCESS_ROOT: break;
	case PROCESS_CORE: plan_core(layout, process); break;
	case PROCESS_CONTROL: layout_add(layout, "leader", &leader_class, process); break;
	case PROCESS_NODE: plan_node(layout, process); break;
	case PROCESS_API: plan_api(layout, process); break;
	}
}

const struct act_type *const *layout_types(struct arena *arena, uint32_t *out_count)
{
	const struct {
		const struct act_type *const *at;
		uint32_t len;
	} lists[] = { { store_types, store_type_count },
		      { api_types, api_type_count },
		      { alive_types, alive_type_count },
		      { inspect_types, inspect_type_count },
		      { tracer_types, tracer_type_count },
		      { admin_types, admin_type_count },
		      { backup_list_types, backup_list_type_count },
		      { wear_types, wear_type_count },
		      { live_types, live_type_count },
		      { asked_page_types, asked_page_type_count },
		      { farewell_types, farewell_type_count } };
	const struct act_type **types;
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		count += lists[i].len;
	types = arena_array(arena, const struct act_type *, count);
	*out_count = 0;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (uint32_t j = 0; j < lists[i].len; j++)
			types[(*out_count)++] = lists[i].at[j];
	return types;
}

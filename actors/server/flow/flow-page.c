#include "actors/server/flow/flow-private.h"
#include "actors/server/server-private.h"
#include "transport/http/url.h"

/*
 * What is under way, for people: /debug/api_priority_and_fairness/..., in upstream's columns.
 *
 * Rows of cells with commas between them, set below each other. A level with more lanes than LANES_SHOWN shows the first of them.
 */
#define PREFIX STR("/debug/api_priority_and_fairness/")
#define LANES_SHOWN 16384U
#define CELL_MIN 8U
#define PAGE_BYTES_MAX (8U * MIB)

struct sheet {
	struct request *r;
	uint32_t columns;
	VEC(struct str) cells;
};

static void add(struct sheet *sheet, struct str cell)
{
	vec_push(&sheet->cells, cell);
}

static void add_number(struct sheet *sheet, uint32_t number)
{
	add(sheet, request_printf(sheet->r, "%u", number));
}

static void add_seat_seconds(struct sheet *sheet, double value)
{
	add(sheet, request_printf(sheet->r, "%.8fss", value));
}

static void add_head(struct sheet *sheet, const char *columns)
{
	struct str rest = str_from(columns);

	while (rest.at != NULL) {
		add(sheet, str_cut(&rest, ' '));
		sheet->columns++;
	}
}

/* The last cell of a row is as long as it is, the others and their commas as wide as the widest. */
static enum next answer(struct sheet *sheet)
{
	struct text out = text_in(sheet->r->arena, PAGE_BYTES_MAX);

	for (uint32_t i = 0; i < sheet->cells.len; i++) {
		uint32_t column = i % sheet->columns, width = CELL_MIN;
		struct str cell = sheet->cells.at[i];

		text_add(&out, cell);
		if (column + 1 == sheet->columns) {
			text_lit(&out, "\n");
			continue;
		}
		for (uint32_t k = column; k < sheet->cells.len; k += sheet->columns)
			if (sheet->cells.at[k].len + 2 > width)
				width = sheet->cells.at[k].len + 2;
		text_printf(&out, ",%*s", (int)(width - cell.len - 1), "");
	}
	vec_fini(&sheet->cells);
	return request_answer_body(sheet->r, 200, STR("text/plain; charset=utf-8"), text_str(&out));
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

static void level_rows(struct sheet *sheet, const struct level *level)
{
	const struct fair_queue *queue = &level->queue;
	uint32_t busy = 0;

	list_each (&queue->busy, link)
		busy++;
	add(sheet, level->name);
	add_number(sheet, busy);
	add(sheet, fair_queue_is_idle(queue) ? STR("true") : STR("false"));
	add(sheet, level->is_current ? STR("false") : STR("true"));
	add_number(sheet, queue->waiting);
	add_number(sheet, queue->running);
}

/* ---- lanes ------------------------------------------------------------------------------------------------------ */

static void lane_rows(struct sheet *sheet, const struct level *level)
{
	static const struct fair_lane unused;

	for (uint32_t i = 0; i < level->queue.limits.lanes && i < LANES_SHOWN; i++) {
		const struct fair_lane *lane = fair_queue_lane(&level->queue, i);

		if (lane == NULL)
			lane = &unused;
		add(sheet, level->name);
		add_number(sheet, i);
		add_number(sheet, lane->waiting);
		add_number(sheet, lane->running);
		add_number(sheet, lane->seats);
		add_seat_seconds(sheet, lane->next_r);
		add_number(sheet, lane->first_seats_waiting);
		add_number(sheet, lane->seats_waiting);
		add_seat_seconds(sheet, lane->work);
	}
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static struct str arrived_of(struct sheet *sheet, const struct flow_ticket *ticket)
{
	struct act *act = sheet->r->server->act;
	int64_t ago_ns = act_now(act).ns - ticket->fair.arrived.ns;
	struct wall at = { act_wall(act).ns - ago_ns };
	char buffer[TIME_TEXT];

	return arena_str(sheet->r->arena, time_print_micro(at, buffer));
}

static struct str linger_of(struct sheet *sheet, const struct flow_ticket *ticket)
{
	if (ticket->fair.linger_ns == 0)
		return STR("0s");
	return request_printf(sheet->r, "%.9gms", (double)ticket->fair.linger_ns / TIME_MS);
}

static void add_details(struct sheet *sheet, const struct request *r)
{
	const struct route *route = &r->route;

	add(sheet, r->user.name);
	add(sheet, route->verb_name);
	add(sheet, r->asked.path);
	add(sheet, route->namespace);
	add(sheet, route->name);
	add(sheet, route->group.len > 0
		       ? request_printf(sheet->r, STR_FMT "/" STR_FMT, STR_ARG(route->group),
					STR_ARG(route->version))
		       : route->version);
	add(sheet, route->resource);
	add(sheet, route->subresource);
}

static void lane_requests(struct sheet *sheet, const struct level *level,
			  const struct fair_lane *lane, bool has_details)
{
	uint32_t at = 0;

	list_each (&lane->tickets, link) {
		struct flow_ticket *ticket = list_item(link, struct flow_ticket, fair.link);
		const struct request *r = ticket->request;
		struct flow_asked asked = { &r->user, &r->route, r->asked.path };

		add(sheet, level->name);
		add(sheet, ticket->schema->name);
		add_number(sheet, lane->number);
		add_number(sheet, at++);
		add(sheet, level_schema_distinguisher(ticket->schema, &asked));
		add(sheet, arrived_of(sheet, ticket));
		add_number(sheet, ticket->fair.seats);
		add_number(sheet, ticket->fair.final_seats);
		add(sheet, linger_of(sheet, ticket));
		if (has_details)
			add_details(sheet, r);
	}
}

static void request_rows(struct sheet *sheet, const struct level *level, bool has_details)
{
	list_each (&level->queue.busy, link)
		lane_requests(sheet, level, list_item(link, struct fair_lane, link), has_details);
}

/* ---- the pages -------------------------------------------------------------------------------------------------- */

static const struct sheet_kind {
	const char *name, *columns;
} sheets[] = {
	{ "dump_priority_levels",
	  "PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests "
	  "ExecutingRequests" },
	{ "dump_queues", "PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse "
			 "NextDispatchR InitialSeatsSum MaxSeatsSum TotalWorkSum" },
	{ "dump_requests", "PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue "
			   "FlowDistingsher ArriveTime InitialSeats FinalSeats AdditionalLatency" },
};
#define SHEETS (sizeof sheets / sizeof sheets[0])

static enum next show(struct request *r, size_t kind)
{
	struct sheet sheet = { .r = r };
	bool has_details =
	    kind == 2 &&
	    url_query_get(r->arena, r->asked.query, STR("includeRequestDetails")).len > 0;

	add_head(&sheet, sheets[kind].columns);
	if (has_details)
		add_head(&sheet,
			 "UserName Verb APIPath Namespace Name APIVersion Resource SubResource");
	list_each (&r->server->flow->levels.levels, link) {
		const struct level *level = list_item(link, struct level, link);

		if (kind == 0)
			level_rows(&sheet, level);
		else if (kind == 1)
			lane_rows(&sheet, level);
		else
			request_rows(&sheet, level, has_details);
	}
	return answer(&sheet);
}

enum next flow_page(struct request *r)
{
	struct str name = str_slice(r->asked.path, PREFIX.len, r->asked.path.len);

	for (size_t i = 0; r->server->flow != NULL && i < SHEETS; i++)
		if (str_starts(r->asked.path, PREFIX) && str_is(name, sheets[i].name))
			return show(r, i);
	return pages_not_found(r);
}

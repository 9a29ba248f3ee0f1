#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/core.h"

/*
 * Events: two generations of them tell the same things in different members.
 */

static struct wall first_seen(const struct core_event *event)
{
	return event->first_timestamp.ns != 0 ? event->first_timestamp : event->event_time;
}

void columns_event_first(struct cell *cell, const void *record)
{
	columns_put(cell, columns_age(cell, first_seen(record)));
}

void columns_event_last(struct cell *cell, const void *record)
{
	const struct core_event *event = record;
	struct wall last = event->last_timestamp.ns != 0 ? event->last_timestamp : first_seen(event);

	if (event->series != NULL)
		last = event->series->last_observed_time;
	columns_put(cell, columns_age(cell, last));
}

void columns_event_object(struct cell *cell, const void *record)
{
	const struct core_object_reference *about = COLUMNS_OR_EMPTY(
	    core_object_reference, ((const struct core_event *)record)->involved_object);
	struct str kind = arena_lower(cell->arena, about->kind);

	if (about->name.len > 0)
		columns_put_format(cell, STR_FMT "/" STR_FMT, STR_ARG(kind), STR_ARG(about->name));
	else
		columns_put(cell, kind);
}

void columns_event_source(struct cell *cell, const void *record)
{
	const struct core_event *event = record;
	const struct core_event_source *source = COLUMNS_OR_EMPTY(core_event_source, event->source);
	struct str who = columns_or(source->component, event->reporting_component);
	struct str where = columns_or(source->host, event->reporting_instance);

	if (where.len > 0)
		columns_put_format(cell, STR_FMT ", " STR_FMT, STR_ARG(who), STR_ARG(where));
	else
		columns_put(cell, who);
}

void columns_event_message(struct cell *cell, const void *record)
{
	columns_put(cell, str_trim(((const struct core_event *)record)->message));
}

void columns_event_count(struct cell *cell, const void *record)
{
	const struct core_event *event = record;

	/* Events of the newer kind that happened once have no count. */
	if (event->series != NULL)
		columns_put_int(cell, event->series->count);
	else
		columns_put_int(cell, event->count != 0 ? event->count : 1);
}

#include "datastore/object/columns/columns.h"

#include <assert.h>
#include <stdlib.h>

#include "datastore/object/columns/columns-private.h"
#include "datastore/object/json.h"
#include "datastore/object/selector.h"
#include "datastore/schema/core.h"
#include "datastore/schema/flowcontrol.h"
#include "runtime/base/limits.h"
#include "runtime/base/time/wall.h"
#include "transport/wire/json.h"

/* What no path can say, by the name that columns.tsv uses. */
static const struct computed {
	const char *name;
	column_fn *run;
} computed[] = {
	{ "actor_memory", columns_actor_memory },
	{ "actor_p99", columns_actor_p99 },
	{ "actor_rate", columns_actor_rate },
	{ "address_parent", columns_address_parent },
	{ "api_service_available", columns_api_service_available },
	{ "autoscaler_targets", columns_autoscaler_targets },
	{ "binding_accounts", columns_binding_accounts },
	{ "binding_groups", columns_binding_groups },
	{ "binding_users", columns_binding_users },
	{ "chaos_injected", columns_chaos_injected },
	{ "chaos_worst", columns_chaos_worst },
	{ "claim_capacity", columns_claim_capacity },
	{ "claim_class", columns_claim_class },
	{ "claim_modes", columns_claim_modes },
	{ "claim_status", columns_claim_status },
	{ "cluster_binding_accounts", columns_cluster_binding_accounts },
	{ "cluster_binding_groups", columns_cluster_binding_groups },
	{ "cluster_binding_users", columns_cluster_binding_users },
	{ "component", columns_component },
	{ "component_error", columns_component_error },
	{ "component_message", columns_component_message },
	{ "config_map_data", columns_config_map_data },
	{ "cron_suspend", columns_cron_suspend },
	{ "definition_established", columns_definition_established },
	{ "definition_versions", columns_definition_versions },
	{ "driver_tokens", columns_driver_tokens },
	{ "endpoints", columns_endpoints },
	{ "event_count", columns_event_count },
	{ "event_first", columns_event_first },
	{ "event_last", columns_event_last },
	{ "event_message", columns_event_message },
	{ "event_object", columns_event_object },
	{ "event_source", columns_event_source },
	{ "flow_missing", columns_flow_missing },
	{ "ingress_address", columns_ingress_address },
	{ "ingress_class_name", columns_ingress_class_name },
	{ "ingress_class_parameters", columns_ingress_class_parameters },
	{ "ingress_hosts", columns_ingress_hosts },
	{ "ingress_ports", columns_ingress_ports },
	{ "job_completions", columns_job_completions },
	{ "job_duration", columns_job_duration },
	{ "job_status", columns_job_status },
	{ "member_role", columns_member_role },
	{ "migration_resource", columns_migration_resource },
	{ "migration_status", columns_migration_status },
	{ "mutating_parameter", columns_mutating_parameter },
	{ "node_external", columns_node_external },
	{ "node_internal", columns_node_internal },
	{ "node_kernel", columns_node_kernel },
	{ "node_roles", columns_node_roles },
	{ "node_status", columns_node_status },
	{ "pod_gates", columns_pod_gates },
	{ "pod_ready", columns_pod_ready },
	{ "pod_request_state", columns_pod_request_state },
	{ "pod_restarts", columns_pod_restarts },
	{ "pod_status", columns_pod_status },
	{ "quota_limits", columns_quota_limits },
	{ "quota_requests", columns_quota_requests },
	{ "request_condition", columns_request_condition },
	{ "request_duration", columns_request_duration },
	{ "resource_claim_state", columns_resource_claim_state },
	{ "revision_controller", columns_revision_controller },
	{ "service_external", columns_service_external },
	{ "service_ports", columns_service_ports },
	{ "slice_endpoints", columns_slice_endpoints },
	{ "slice_ports", columns_slice_ports },
	{ "storage_class_name", columns_storage_class_name },
	{ "validating_parameter", columns_validating_parameter },
	{ "volume_claim", columns_volume_claim },
	{ "volume_class", columns_volume_class },
	{ "volume_modes", columns_volume_modes },
	{ "volume_status", columns_volume_status },
};

static column_fn *find_computed(struct str name)
{
	for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++)
		if (str_is(name, computed[i].name))
			return computed[i].run;
	return NULL;
}

static const struct column_kind *find_kind(struct str prefix, struct str name)
{
	for (uint32_t i = 0; i + 1 < column_kind_count; i++)
		if (str_eq(column_kinds[i].name, name) && str_eq(column_kinds[i].prefix, prefix))
			return &column_kinds[i];
	return &column_kinds[column_kind_count - 1];
}

void columns_of(const struct type *type, struct columns *out)
{
	const struct column_kind *kind = find_kind(type_prefix(type), type_name(type));

	*out = (struct columns){ .type = type };
	if (kind->same_name.at != NULL) {
		out->type = type_named(kind->same_prefix, kind->same_name);
		kind = find_kind(kind->same_prefix, kind->same_name);
	}
	assert(kind->len <= COLUMNS_MAX && out->type != NULL);
	out->rows = kind->rows;
	out->len = kind->len;
	for (uint32_t i = 0; i < kind->len; i++)
		if (kind->rows[i].form == CELL_COMPUTED)
			out->computed[i] = find_computed(kind->rows[i].cell);
}

/* ---- what functions write with ------------------------------------------------------------------------------ */

void columns_put(struct cell *cell, struct str s)
{
	json_write_string(cell->out, s);
}

void columns_put_int(struct cell *cell, int64_t n)
{
	text_add_i64(cell->out, n);
}

void columns_put_bool(struct cell *cell, bool value)
{
	text_add(cell->out, value ? STR("true") : STR("false"));
}

void columns_put_format(struct cell *cell, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	columns_put(cell, arena_vprintf(cell->arena, format, args));
	va_end(args);
}

struct str columns_or(struct str s, struct str otherwise)
{
	return s.len > 0 ? s : otherwise;
}

struct str columns_age(const struct cell *cell, struct wall at)
{
	char age[TIME_TEXT];

	if (at.ns == 0)
		return COLUMNS_UNKNOWN;
	return arena_str(cell->arena, time_print_age(wall_since(cell->view->now, at), age));
}

bool columns_is_deleting(const struct meta_object_meta *meta)
{
	return meta != NULL && meta->has.deletion_timestamp;
}

struct str columns_condition(const struct type *element, const void *list, const char *type)
{
	const struct block_list *all = list;
	const struct field *name = type_field(element, STR("type"));
	const struct field *status = type_field(element, STR("status"));
	const char *at = all->at;

	for (uint32_t i = 0; i < all->len; i++, at += element->size)
		if (str_is(*(const struct str *)field_at(name, at), type))
			return columns_or(*(const struct str *)field_at(status, at), STR(""));
	return STR_NONE;
}

struct columns_list columns_list_of(struct cell *cell, const char *separator, uint32_t max)
{
	return (struct columns_list){ .text = text_in(cell->arena, LIMIT_OBJECT_BYTES),
				      .separator = separator,
				      .max = max };
}

void columns_list_add(struct columns_list *list, struct str s)
{
	list->count++;
	if (list->max != 0 && list->shown == list->max)
		return;
	if (list->shown++ > 0)
		text_add(&list->text, str_from(list->separator));
	text_add(&list->text, s);
}

void columns_list_put(struct cell *cell, struct columns_list *list, struct str nothing)
{
	if (list->count > list->shown)
		text_printf(&list->text, " + %u more...", list->count - list->shown);
	columns_put(cell, columns_or(text_str(&list->text), nothing));
}

static int compare_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str_list columns_sorted(struct cell *cell, struct str_list list)
{
	struct str_list out = { arena_array(cell->arena, struct str, list.len + 1), 0 };

	if (list.len == 0)
		return out;
	memcpy(out.at, list.at, list.len * sizeof *list.at);
	qsort(out.at, list.len, sizeof *out.at, compare_str);
	for (uint32_t i = 0; i < list.len; i++)
		if (out.len == 0 || !str_eq(out.at[out.len - 1], out.at[i]))
			out.at[out.len++] = out.at[i];
	return out;
}

/* ---- cells that are data --------------------------------------------------------------------------------------- */

/* Whether the place has something to show; a zero value has nothing unless it is told from an absent one. */
static bool is_there(const struct record_place *place)
{
	if (place->record == NULL)
		return false;
	if (place->is_element)
		return place->element != NULL;
	return place->field->flags & FIELD_PTR ? field_is_set(place->field, place->record)
					       : !field_is_zero(place->field, place->record);
}

static bool is_empty_string(const struct record_place *place)
{
	return place->is_element && place->field->kind == KIND_STRING &&
	       ((const struct str *)place->element)->len == 0;
}

/* False: nothing is there. A path that the type does not have is a mistake in columns.tsv, which a test looks for. */
static bool look(const struct columns *columns, const void *record, struct str path,
		 struct record_place *place)
{
	return record_field(columns->type, record, path, place) == OK && is_there(place) &&
	       !is_empty_string(place);
}

static void put_absent(struct cell *cell, const struct column_row *row,
		       const struct record_place *place)
{
	enum kind kind = place->field->kind;

	if (str_is(row->absent, "true") || str_is(row->absent, "false"))
		text_add(cell->out, row->absent);
	else if (row->absent.at != NULL || kind >= KIND_STRING || place->field->shape != SHAPE_ONE)
		columns_put(cell, row->absent);
	else if (kind == KIND_BOOL)
		columns_put_bool(cell, false);
	else
		columns_put_int(cell, 0);
}

static void put_value(struct cell *cell, const struct columns *columns,
		      const struct column_row *row, const void *record)
{
	struct record_place place = { 0 };

	if (record_field(columns->type, record, row->cell, &place) != OK)
		columns_put(cell, row->absent);
	else if (!is_there(&place) || is_empty_string(&place))
		put_absent(cell, row, &place);
	else if (place.is_element)
		json_encode_element(place.field, place.element, cell->out);
	else
		json_encode_field(place.field, place.record, cell->out);
}

static void put_age(struct cell *cell, const struct columns *columns, const struct column_row *row,
		    const void *record)
{
	struct record_place place;

	if (look(columns, record, row->cell, &place))
		columns_put(cell, columns_age(cell, *(const struct wall *)field_at(place.field,
										   place.record)));
	else
		columns_put(cell, row->absent.at != NULL ? row->absent : COLUMNS_UNKNOWN);
}

static const struct block_list *list_at(const struct columns *columns, const void *record,
					struct str path, const struct field **field)
{
	struct record_place place;

	if (!look(columns, record, path, &place) || place.field->shape == SHAPE_ONE)
		return NULL;
	*field = place.field;
	return field_at(place.field, place.record);
}

static void put_count(struct cell *cell, const struct columns *columns,
		      const struct column_row *row, const void *record)
{
	const struct field *field;
	const struct block_list *list = list_at(columns, record, row->cell, &field);

	columns_put_int(cell, list == NULL ? 0 : list->len);
}

static void put_join(struct cell *cell, const struct columns *columns, const struct column_row *row,
		     const void *record)
{
	struct columns_list out = columns_list_of(cell, ",", 0);
	const struct field *field = NULL;
	const struct block_list *list = list_at(columns, record, row->cell, &field);
	const char *at = list == NULL ? NULL : list->at;

	for (uint32_t i = 0; list != NULL && i < list->len; i++, at += field_stride(field)) {
		const void *element = at;

		if (row->member.at != NULL)
			element = field_at(type_field(field_type(field), row->member), at);
		columns_list_add(&out, *(const struct str *)element);
	}
	columns_list_put(cell, &out, row->absent);
}

static void put_labels(struct cell *cell, const struct columns *columns,
		       const struct column_row *row, const void *record)
{
	struct columns_list out = columns_list_of(cell, ",", 0);
	const struct field *field;
	const struct str_map *map = (const void *)list_at(columns, record, row->cell, &field);

	for (uint32_t i = 0; map != NULL && i < map->len; i++)
		columns_list_add(&out,
				 arena_printf(cell->arena, STR_FMT "=" STR_FMT,
					      STR_ARG(map->at[i].key), STR_ARG(map->at[i].value)));
	columns_list_put(cell, &out, COLUMNS_NONE);
}

static void put_selector(struct cell *cell, const struct columns *columns,
			 const struct column_row *row, const void *record)
{
	struct record_place place;
	struct selector selector = { .is_nothing = true };
	const struct meta_label_selector *from = NULL;

	if (look(columns, record, row->cell, &place))
		from = *(const struct meta_label_selector **)field_at(place.field, place.record);
	if (selector_from_label_selector(from, cell->arena, &selector, NULL) != OK)
		columns_put(cell, row->invalid);
	else
		columns_put(cell, columns_or(selector_print(&selector, cell->arena), row->absent));
}

/* The value at a path as text, zero values too; false: nothing is there and the row says what to show then. */
static bool add_path(struct cell *cell, const struct columns *columns, const struct column_row *row,
		     const void *record, struct str path, struct text *out)
{
	struct record_place place;
	bool is_number;

	if (look(columns, record, path, &place)) {
		text_add(out, record_value(columns->type, record, path, cell->arena));
		return true;
	}
	is_number = record_field(columns->type, record, path, &place) == OK &&
		    place.field->kind < KIND_STRING;
	if (row->absent.at == NULL && is_number)
		text_add_char(out, '0');
	return row->absent.at == NULL;
}

static void put_text(struct cell *cell, const struct columns *columns, const struct column_row *row,
		     const void *record)
{
	struct text out = text_in(cell->arena, LIMIT_OBJECT_BYTES);
	struct str rest = row->cell;

	while (rest.at != NULL && rest.len > 0) {
		struct str path;

		text_add(&out, str_cut(&rest, '{'));
		if (rest.at == NULL)
			break;
		path = str_cut(&rest, '}');
		if (!add_path(cell, columns, row, record, path, &out)) {
			columns_put(cell, row->absent);
			return;
		}
	}
	columns_put(cell, text_str(&out));
}

static void put_cell(struct cell *cell, const struct columns *columns, uint32_t i,
		     const void *record)
{
	const struct column_row *row = &columns->rows[i];

	switch ((enum cell_form)row->form) {
	case CELL_VALUE: put_value(cell, columns, row, record); return;
	case CELL_AGE: put_age(cell, columns, row, record); return;
	case CELL_COUNT: put_count(cell, columns, row, record); return;
	case CELL_JOIN: put_join(cell, columns, row, record); return;
	case CELL_LABELS: put_labels(cell, columns, row, record); return;
	case CELL_SELECTOR: put_selector(cell, columns, row, record); return;
	case CELL_TEXT: put_text(cell, columns, row, record); return;
	case CELL_COMPUTED: columns->computed[i](cell, record); return;
	case CELL_PATH: columns_put_path(cell, columns, row, record); return;
	}
}

void columns_write_cells(const struct columns *columns, const void *record,
			 const struct columns_view *view, struct arena *scratch, struct text *out)
{
	struct cell cell = { .out = out, .arena = scratch, .view = view };

	record = record_or_empty(columns->type, record);
	text_add_char(out, '[');
	for (uint32_t i = 0; i < columns->len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		put_cell(&cell, columns, i, record);
	}
	text_add_char(out, ']');
}

/* ---- the rest of a table ------------------------------------------------------------------------------------------ */

static void write_member(struct text *out, const char *name, struct str value)
{
	text_printf(out, "\"%s\":", name);
	json_write_string(out, value);
	text_add_char(out, ',');
}

void columns_write_definitions(const struct columns *columns, struct text *out)
{
	text_add_char(out, '[');
	for (uint32_t i = 0; i < columns->len; i++) {
		const struct column_row *row = &columns->rows[i];

		text_add(out, i > 0 ? STR(",{") : STR("{"));
		write_member(out, "name", row->name);
		write_member(out, "type", row->type);
		write_member(out, "format", row->format);
		write_member(out, "description", row->description);
		text_printf(out, "\"priority\":%d}", row->priority);
	}
	text_add_char(out, ']');
}

bool columns_write_conditions(const struct columns *columns, const void *record, struct text *out)
{
	const struct core_pod *pod = record;
	struct str phase;

	if (!str_eq(type_name(columns->type), STR("Pod")) ||
	    !str_eq(type_prefix(columns->type), STR("core")))
		return false;
	phase = COLUMNS_OR_EMPTY(core_pod_status, pod->status)->phase;
	if (!str_is(phase, "Succeeded") && !str_is(phase, "Failed"))
		return false;
	text_printf(out,
		    "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"" STR_FMT
		    "\",\"message\":\"%s\"}]",
		    STR_ARG(phase),
		    str_is(phase, "Succeeded") ? "All containers ended well."
					       : "A container ended with a failure.");
	return true;
}

static int compare_flows(const void *a, const void *b, void *arg)
{
	const struct flowcontrol_flow_schema *const *all = arg;
	const struct flowcontrol_flow_schema *x = all[*(const uint32_t *)a],
					     *y = all[*(const uint32_t *)b];
	int32_t x_precedence =
	    COLUMNS_OR_EMPTY(flowcontrol_flow_schema_spec, x->spec)->matching_precedence;
	int32_t y_precedence =
	    COLUMNS_OR_EMPTY(flowcontrol_flow_schema_spec, y->spec)->matching_precedence;

	if (x_precedence != y_precedence)
		return x_precedence < y_precedence ? -1 : 1;
	return str_cmp(COLUMNS_OR_EMPTY(meta_object_meta, x->metadata)->name,
		       COLUMNS_OR_EMPTY(meta_object_meta, y->metadata)->name);
}

void columns_arrange(const struct columns *columns, const void *const *records, uint32_t count,
		     uint32_t *order, struct columns_view *view)
{
	struct str name = type_name(columns->type), prefix = type_prefix(columns->type);

	if (str_is(name, "FlowSchema") && str_is(prefix, "flowcontrol"))
		qsort_r(order, count, sizeof *order, compare_flows, (void *)(uintptr_t)records);
	else if (str_is(name, "StorageClass") && str_is(prefix, "storage"))
		view->chosen = columns_default_class(records, count);
}

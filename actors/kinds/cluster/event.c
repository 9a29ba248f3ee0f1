#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/events.h"
#include "datastore/schema/type.h"

/*
 * The Event, of core and of events.k8s.io: one stored object under two sets of rules (upstream: apis/core/validation/events.go). Paths are
 * those of core in both.
 */

#define WORD_MAX 128U
#define NOTE_MAX 1024U

/* What both are judged by, wherever it is called what. */
struct event {
	struct str namespace, involved_namespace;
	bool has_time;
	struct str controller, instance, action, reason, note;
};

static void check_word(const struct path *at, struct str word)
{
	rule_needed(at, word, "");
	if (word.len > WORD_MAX)
		path_fault(at, FAULT_INVALID, STR("\"\""), "can have at most %u characters",
			   WORD_MAX);
}

static void check_new_form(struct faults *faults, const struct event *e, const char *controller)
{
	const struct path at = { .step = str_from(controller), .faults = faults };

	rule_needed(&at, e->controller, "");
	rule_name(&at, NAME_LABEL_KEY, e->controller);
	check_word(PATH_ROOT(faults, "reportingInstance"), e->instance);
	check_word(PATH_ROOT(faults, "action"), e->action);
	check_word(PATH_ROOT(faults, "reason"), e->reason);
	if (e->note.len > NOTE_MAX)
		path_fault(PATH_ROOT(faults, "message"), FAULT_INVALID, STR("\"\""),
			   "can have at most %u characters", NOTE_MAX);
}

/* Events about what belongs to no namespace are kept in `default`, newer ones in kube-system too. */
static bool is_of_namespace(const struct event *e)
{
	if (e->involved_namespace.len > 0)
		return e->has_time || str_eq(e->involved_namespace, e->namespace);
	return str_is(e->namespace, "default") ||
	       (e->has_time ? str_is(e->namespace, "kube-system") : e->namespace.len == 0);
}

static void check(struct faults *faults, const struct event *e, const char *controller)
{
	if (!is_of_namespace(e))
		path_invalid(PATH(PATH_ROOT(faults, "involvedObject"), "namespace"),
			     e->involved_namespace, "does not match event.namespace");
	if (e->has_time)
		check_new_form(faults, e, controller);
}

/* ---- core ---------------------------------------------------------------------------------------------- */

static void validate_core(struct kind_change *change)
{
	const struct core_event *event = change->object;
	const struct event e = {
		.namespace = event->metadata->namespace,
		.involved_namespace = event->involved_object->namespace,
		.has_time = event->event_time.ns != 0,
		.controller = event->reporting_component,
		.instance = event->reporting_instance,
		.action = event->action,
		.reason = event->reason,
		.note = event->message,
	};

	check(change->faults, &e, "reportingComponent");
	/* Upstream leaves metadata to its machinery, which is asked last. */
	if (change->old == NULL && change->faults->len == 0)
		metadata_validate(&kind_event, change, NAME_PATH_SEGMENT);
}

const struct kind_rules kind_event = {
	.group = "",
	.kind = "Event",
	.has_any_finalizer = true,
	.judges_metadata = true,
	.allows_create_on_update = true,
	.garbage = KIND_GARBAGE_NONE,
	.is_uncached = true,
	.validate_create = validate_core,
	.validate_update = validate_core,
};

/* ---- events.k8s.io -------------------------------------------------------------------------------------- */

static void validate_both(struct kind_change *change)
{
	const struct events_event *event = change->object;
	const struct event e = {
		.namespace = event->metadata->namespace,
		.involved_namespace = event->regarding->namespace,
		.has_time = event->event_time.ns != 0,
		.controller = event->reporting_controller,
		.instance = event->reporting_instance,
		.action = event->action,
		.reason = event->reason,
		.note = event->note,
	};

	check(change->faults, &e, "reportingController");
}

static void check_series(struct faults *faults, const struct events_event_series *series)
{
	if (series == NULL)
		return;
	if (series->count < 2)
		path_fault(PATH_ROOT(faults, "series.count"), FAULT_INVALID, STR("\"\""),
			   "should be at least 2");
	if (series->last_observed_time.ns == 0)
		path_required(PATH_ROOT(faults, "series.lastObservedTime"), "");
}

static void must_be_unset(struct faults *faults, const char *member, bool is_unset)
{
	const struct path at = { .step = str_from(member), .faults = faults };

	if (!is_unset)
		path_fault(&at, FAULT_INVALID, STR("\"\""), "needs to be unset");
}

static void validate_create(struct kind_change *change)
{
	const struct events_event *event = change->object;
	const struct core_event_source *source = event->deprecated_source;
	struct faults *faults = change->faults;

	validate_both(change);
	metadata_validate(&kind_events_event, change, NAME_DNS_SUBDOMAIN);
	check_series(faults, event->series);
	if (event->event_time.ns == 0)
		path_required(PATH_ROOT(faults, "eventTime"), "");
	if (!str_is(event->type, "Normal") && !str_is(event->type, "Warning"))
		path_fault(PATH_ROOT(faults, "type"), FAULT_INVALID, STR("\"\""),
			   "has invalid value: " STR_FMT, STR_ARG(event->type));
	must_be_unset(faults, "firstTimestamp", event->deprecated_first_timestamp.ns == 0);
	must_be_unset(faults, "lastTimestamp", event->deprecated_last_timestamp.ns == 0);
	must_be_unset(faults, "count", event->deprecated_count == 0);
	must_be_unset(faults, "source",
		      source == NULL || (source->component.len == 0 && source->host.len == 0));
}

static void validate_update(struct kind_change *change)
{
	static const struct {
		const char *member, *path;
	} fixed[] = {
		{ "regarding", "involvedObject" },
		{ "reason", "reason" },
		{ "note", "message" },
		{ "deprecatedSource", "source" },
		{ "deprecatedFirstTimestamp", "firstTimestamp" },
		{ "deprecatedLastTimestamp", "lastTimestamp" },
		{ "deprecatedCount", "count" },
		{ "type", "type" },
		{ "eventTime", "eventTime" },
		{ "action", "action" },
		{ "related", "related" },
		{ "reportingController", "reportingController" },
		{ "reportingInstance", "reportingInstance" },
	};
	const struct events_event *event = change->object, *old = change->old;

	validate_both(change);
	if (!record_equal_field(type_field(change->type, STR("series")), event, old))
		check_series(change->faults, event->series);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		const struct path at = { .step = str_from(fixed[i].path), .faults = change->faults };

		rule_unchanged(&at, change->type, fixed[i].member, event, old);
	}
}

const struct kind_rules kind_events_event = {
	.group = "events.k8s.io",
	.kind = "Event",
	.judges_metadata = true,
	.allows_create_on_update = true,
	.garbage = KIND_GARBAGE_NONE,
	.is_uncached = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
};

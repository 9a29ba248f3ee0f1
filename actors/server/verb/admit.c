#include "actors/admission/plugins.h"
#include "actors/server/access/access.h"
#include "actors/server/server-private.h"
#include "datastore/cel/library/function.h"
#include "datastore/object/record.h"
#include "datastore/schema/meta.h"

/*
 * Admission of a write: the plug-ins of actors/admission, asked one after the other.
 *
 * What they are shown stays as it is while one of them waits, with a place of its own for each.
 */

struct admitting {
	struct admission admission;
	void **memories;          /* in the order of plugins[] */
	struct mono began, asked; /* this half; and its plug-in that is being asked, 0: none */
};

/* What is told of the request's options: upstream makes an update of a patch, and a create of an apply. */
static void fill_options(struct request *r, struct admission *a)
{
	struct str_list dry_run = { (struct str *)(uintptr_t)r->options.dry_run,
				    r->options.dry_run_count };

	if (a->operation == ADMISSION_CREATE) {
		struct meta_create_options *options =
		    arena_new_of(r->arena, struct meta_create_options);

		options->dry_run = dry_run;
		options->field_manager = r->options.field_manager;
		options->field_validation = r->options.field_validation;
		a->options = options;
		a->options_type = &meta_create_options_type;
	} else if (a->operation == ADMISSION_UPDATE) {
		struct meta_update_options *options =
		    arena_new_of(r->arena, struct meta_update_options);

		options->dry_run = dry_run;
		options->field_manager = r->options.field_manager;
		options->field_validation = r->options.field_validation;
		a->options = options;
		a->options_type = &meta_update_options_type;
	} else if (a->operation == ADMISSION_DELETE) {
		struct meta_delete_options *options =
		    arena_new_of(r->arena, struct meta_delete_options);

		options_give_delete(&r->options, r->arena, options);
		a->options = options;
		a->options_type = &meta_delete_options_type;
	}
}

static struct admitting *begin(struct request *r, enum admission_operation operation,
			       const struct type *type, void *object, const void *old)
{
	const struct meta_object_meta *meta = object ? record_meta(type, object) : NULL;
	struct cel_authorizer authorizer = { access_decide, r };
	struct admitting *admitting = arena_new_of(r->arena, struct admitting);

	admitting->memories = arena_zalloc(r->arena, plugin_count * sizeof(void *));
	admitting->admission = (struct admission){
		.authorizer = arena_copy(r->arena, &authorizer, sizeof authorizer),
		.operation = operation,
		.group = request_group(r),
		.version = r->route.version,
		.resource = request_resource(r),
		.subresource = r->route.subresource,
		.namespace = r->route.namespace,
		.name = r->route.name.len > 0 ? r->route.name
			: meta                ? meta->name
			: r->live             ? object_name(r->live)
					      : STR_NONE,
		.type = type,
		.object = object,
		.old = old,
		.user = &r->user,
		.is_dry_run = request_is_dry_run(r),
		.security = r->server->config->security,
		.event_limits = r->server->config->event_limits,
		.image_policy = r->server->config->image_policy,
		.policies = &r->server->policies,
		.metrics = r->server->metrics,
		.tolerations = r->server->config->tolerations,
	};
	fill_options(r, &admitting->admission);
	admitting->began = act_now(r->server->act);
	return admitting;
}

static void measure_one(struct request *r, struct admitting *admitting, enum check check,
			bool is_validating)
{
	const struct plugin *plugin = plugins[r->mechanism.index];

	measure_admitted(r, r->mechanism.index, admitting->admission.operation, is_validating,
			 check == CHECK_DENY, admitting->asked);
	if (plugin == &admission_mutating_webhook || plugin == &admission_validating_webhook)
		r->outside_ns += act_now(r->server->act).ns - admitting->asked.ns;
	admitting->asked.ns = 0;
}

static enum check ask_one(struct request *r, struct admitting *admitting, bool is_validating)
{
	const struct plugin *plugin = plugins[r->mechanism.index];
	struct admission *a = &admitting->admission;
	enum check (*ask)(struct admission * admission) =
	    is_validating ? plugin->validate : plugin->mutate;
	enum check check;

	if (ask == NULL || !(plugin->operations & a->operation) ||
	    (plugin->is_off && !(r->server->config->more_plugins >> r->mechanism.index & 1)) ||
	    (r->server->config->idle_plugins >> r->mechanism.index & 1))
		return CHECK_PASS;
	if (admitting->asked.ns == 0)
		admitting->asked = act_now(r->server->act);
	a->check = request_context(r);
	a->memory = admitting->memories[r->mechanism.index];
	check = ask(a);
	admitting->memories[r->mechanism.index] = a->memory;
	r->mechanism.state = check == CHECK_WAIT ? a->check.state : NULL;
	if (check != CHECK_WAIT)
		measure_one(r, admitting, check, is_validating);
	return check;
}

/* From the plug-in that waited, or the first. */
static enum check ask_all(struct request *r, struct admitting *admitting, bool is_validating)
{
	for (; r->mechanism.index < plugin_count; r->mechanism.index++) {
		enum check check = ask_one(r, admitting, is_validating);

		if (check == CHECK_WAIT || check == CHECK_DENY)
			return check;
	}
	r->mechanism.index = 0;
	return CHECK_PASS;
}

/* A policy may have given the object another name or namespace, which only those that the request named will do. */
static enum next check_result(struct request *r, const struct admission *a)
{
	if (!a->wants_again || a->object != r->record)
		return NEXT;
	return body_check_names(r, a->type, a->object, !r->is_creating);
}

enum next write_admit(struct request *r, enum admission_operation operation,
		      const struct type *type, void *object, const void *old, bool is_validating)
{
	struct admission *a;
	enum check check;

	if (r->admitting == NULL)
		r->admitting = begin(r, operation, type, object, old);
	a = &r->admitting->admission;
	check = ask_all(r, r->admitting, is_validating);
	if (check == CHECK_PASS && !is_validating && a->wants_again && !a->is_again) {
		a->is_again = true;
		check = ask_all(r, r->admitting, is_validating);
	}
	if (check == CHECK_WAIT)
		return WAIT;
	measure_admitted(r, plugin_count, operation, is_validating, check == CHECK_DENY,
			 r->admitting->began);
	r->admitting = NULL;
	for (uint32_t i = 0; i < a->annotations.len; i++)
		str_map_put(&r->annotations, r->arena, a->annotations.at[i].key,
			    a->annotations.at[i].value);
	for (uint32_t i = 0; i < a->warning_count; i++)
		request_warn(r, a->warnings[i]);
	if (check == CHECK_DENY)
		return request_fail(r, a->failure);
	return is_validating ? NEXT : check_result(r, a);
}

static enum next judge(struct request *r, bool is_new)
{
	enum next next = escalation_check(r);

	if (next == NEXT)
		next = signing_check(r);
	if (next == NEXT)
		next = rights_check(r);
	if (next != NEXT)
		return next;
	r->change.write_count = 0;
	if (is_new)
		write_fill_new(r);
	next = is_new ? write_create(r) : write_update(r);
	if (next == NEXT)
		token_secret_fill(r);
	return next;
}

enum next write_judge(struct request *r, bool is_new, enum next (*ask)(struct request *r))
{
	enum next next;

	if (r->mechanism.phase == 0) {
		next = judge(r, is_new);
		if (next != NEXT)
			return next;
		r->mechanism.phase = 1;
	}
	next = ask(r);
	if (next == NEXT)
		next = quota_charge(r);
	if (next == NEXT)
		r->mechanism.phase = 0;
	return next;
}

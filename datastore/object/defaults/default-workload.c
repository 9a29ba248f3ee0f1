#include "datastore/object/defaults/default-private.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/batch.h"

static bool is_rolling(struct str type)
{
	return str_is(type, "RollingUpdate");
}

static void after_deployment_strategy(void *record, struct arena *arena)
{
	struct apps_deployment_strategy *strategy = record;

	if (!is_rolling(strategy->type))
		return;
	struct apps_rolling_update_deployment *update = MAKE(strategy->rolling_update, arena);
	if (!update->has.max_unavailable)
		SET(update, max_unavailable, default_text(STR("25%")));
	if (!update->has.max_surge)
		SET(update, max_surge, default_text(STR("25%")));
}

static void after_daemon_set_strategy(void *record, struct arena *arena)
{
	struct apps_daemon_set_update_strategy *strategy = record;

	if (!is_rolling(strategy->type))
		return;
	struct apps_rolling_update_daemon_set *update = MAKE(strategy->rolling_update, arena);
	if (!update->has.max_unavailable)
		SET(update, max_unavailable, default_number(1));
	if (!update->has.max_surge)
		SET(update, max_surge, default_number(0));
}

/* Upstream keeps the count of templates in a field that no version has: it shows it as an annotation, whoever asks. */
static void after_daemon_set(void *record, struct arena *arena)
{
	const struct str key = STR("deprecated.daemonset.template.generation");
	struct apps_daemon_set *set = record;
	struct meta_object_meta *meta = MAKE(set->metadata, arena);

	if (str_map_get(meta->annotations, key).at == NULL)
		str_map_put(&meta->annotations, arena, key, STR("0"));
}

/* A strategy whose type is written gets no struct, only the parts of one. */
static void before_stateful_set_strategy(void *record, struct arena *arena)
{
	struct apps_stateful_set_update_strategy *strategy = record;

	if (strategy->type.len == 0)
		(void)MAKE(strategy->rolling_update, arena);
}

static void after_stateful_set_strategy(void *record, struct arena *arena)
{
	struct apps_stateful_set_update_strategy *strategy = record;
	struct apps_rolling_update_stateful_set_strategy *update = strategy->rolling_update;

	(void)arena;
	if (!is_rolling(strategy->type) || update == NULL)
		return;
	if (!update->has.partition)
		SET(update, partition, 0);
	if (!update->has.max_unavailable)
		SET(update, max_unavailable, default_number(1));
}

static void set_job_numbers(struct batch_job_spec *spec)
{
	if (!spec->has.completions && !spec->has.parallelism) {
		SET(spec, completions, 1);
		SET(spec, parallelism, 1);
	}
	if (!spec->has.parallelism)
		SET(spec, parallelism, 1);
	if (!spec->has.backoff_limit)
		SET(spec, backoff_limit, spec->has.backoff_limit_per_index ? INT32_MAX : 6);
	if (!spec->has.suspend)
		SET(spec, suspend, false);
	if (!spec->has.manual_selector)
		SET(spec, manual_selector, false);
}

/* What a Job gets and the template of a CronJob does not. */
static void after_job(void *record, struct arena *arena)
{
	struct batch_job *job = record;
	struct batch_job_spec *spec = MAKE(job->spec, arena);
	struct core_pod_template_spec *template = spec->template;

	set_job_numbers(spec);
	if (spec->completion_mode.at == NULL)
		spec->completion_mode = STR("NonIndexed");
	if (spec->pod_replacement_policy.at == NULL)
		spec->pod_replacement_policy =
		    spec->pod_failure_policy != NULL ? STR("Failed") : STR("TerminatingOrFailed");
	if (template == NULL || template->metadata == NULL || template->metadata->labels.len == 0)
		return;
	struct meta_object_meta *meta = MAKE(job->metadata, arena);
	if (meta->labels.len == 0)
		meta->labels = template->metadata->labels;
}

const struct default_rule default_workload[] = {
	DEFAULT_RULE("apps", "DaemonSet", NULL, after_daemon_set),
	DEFAULT_RULE("apps", "DaemonSetUpdateStrategy", NULL, after_daemon_set_strategy),
	DEFAULT_RULE("apps", "DeploymentStrategy", NULL, after_deployment_strategy),
	DEFAULT_RULE("apps", "StatefulSetUpdateStrategy", before_stateful_set_strategy,
		     after_stateful_set_strategy),
	DEFAULT_RULE("batch", "Job", NULL, after_job),
	DEFAULT_END,
};

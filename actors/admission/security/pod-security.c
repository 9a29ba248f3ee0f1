/*
 * PodSecurity: a pod has no more of its machine than its namespace lets it. What makes pods is not refused, only warned of, since it
 * is they who come to be (upstream: plugin/pkg/admission/security/podsecurity).
 */
#include "actors/admission/security/pod-security.h"

#include "actors/admission/plugins.h"
#include "actors/admission/security/security-check.h"
#include "datastore/object/object.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/batch.h"

#define ENFORCED STR("pod-security.kubernetes.io/enforce-policy")
#define EXEMPT STR("pod-security.kubernetes.io/exempt")
#define VIOLATIONS STR("pod-security.kubernetes.io/audit-violations")
#define ERROR STR("pod-security.kubernetes.io/error")

const struct security_options *pod_security_options(const struct admission *admission)
{
	return admission->security ? admission->security : &security_policy_open;
}

/* ---- what pods are made of -------------------------------------------------------------------------------------- */

struct part {
	const struct meta_object_meta *meta;
	const struct core_pod_spec *spec; /* NULL: no pod is in it */
};

static struct part of_template(const struct core_pod_template_spec *template)
{
	return template ? (struct part){ template->metadata, template->spec } : (struct part){ 0 };
}

static struct part of_pod(const void *record)
{
	const struct core_pod *pod = record;

	return (struct part){ pod->metadata, pod->spec };
}

static struct part of_pod_template(const void *record)
{
	return of_template(((const struct core_pod_template *)record)->template);
}

/* The specs of these kinds have their template under the same name. */
#define OF_SPEC(function, type)                                                 \
	static struct part function(const void *record)                         \
	{                                                                       \
		const struct type *owner = record;                              \
                                                                                \
		return of_template(owner->spec ? owner->spec->template : NULL); \
	}
OF_SPEC(of_replication_controller, core_replication_controller)
OF_SPEC(of_replica_set, apps_replica_set)
OF_SPEC(of_deployment, apps_deployment)
OF_SPEC(of_stateful_set, apps_stateful_set)
OF_SPEC(of_daemon_set, apps_daemon_set)
OF_SPEC(of_job, batch_job)

static struct part of_cron_job(const void *record)
{
	const struct batch_cron_job *job = record;

	return of_template(job->spec && job->spec->job_template && job->spec->job_template->spec
			       ? job->spec->job_template->spec->template
			       : NULL);
}

static const struct source {
	const char *group, *resource;
	struct part (*part)(const void *record);
} sources[] = {
	{ "", "pods", of_pod },
	{ "", "replicationcontrollers", of_replication_controller },
	{ "", "podtemplates", of_pod_template },
	{ "apps", "replicasets", of_replica_set },
	{ "apps", "deployments", of_deployment },
	{ "apps", "statefulsets", of_stateful_set },
	{ "apps", "daemonsets", of_daemon_set },
	{ "batch", "jobs", of_job },
	{ "batch", "cronjobs", of_cron_job },
};

static const struct source *find_source(const struct admission *admission)
{
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		if (str_is(admission->group, sources[i].group) &&
		    str_is(admission->resource, sources[i].resource))
			return &sources[i];
	return NULL;
}

/* ---- changes that do not matter ----------------------------------------------------------------------------------- */

static bool has_new_image(struct core_container_list now, struct core_container_list before)
{
	for (uint32_t i = 0; i < now.len; i++)
		if (i >= before.len || !str_eq(now.at[i].image, before.at[i].image))
			return true;
	return now.len != before.len;
}

static const struct core_ephemeral_container_common *
find_ephemeral(struct core_ephemeral_container_list list, struct str name)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_eq(list.at[i].ephemeral_container_common->name, name))
			return list.at[i].ephemeral_container_common;
	return NULL;
}

static bool has_new_ephemeral(const struct core_pod_spec *now, const struct core_pod_spec *before)
{
	for (uint32_t i = 0; i < now->ephemeral_containers.len; i++) {
		const struct core_ephemeral_container_common *container =
		    now->ephemeral_containers.at[i].ephemeral_container_common;
		const struct core_ephemeral_container_common *old =
		    find_ephemeral(before->ephemeral_containers, container->name);

		if (old == NULL || !str_eq(old->image, container->image))
			return true;
	}
	return false;
}

/* Of a pod that was let in only images change and containers come, in what is looked at here. */
static bool matters(const struct admission *admission)
{
	const struct core_pod_spec *now = ((const struct core_pod *)admission->object)->spec;
	const struct core_pod_spec *before;

	if (admission->operation != ADMISSION_UPDATE)
		return true;
	before = ((const struct core_pod *)admission->old)->spec;
	return has_new_image(now->containers, before->containers) ||
	       has_new_image(now->init_containers, before->init_containers) ||
	       has_new_ephemeral(now, before);
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

struct judged {
	struct admission *admission;
	struct part part;
	struct security_bar bars[3]; /* of the verdicts that stand, one for each mode */
	struct security_verdict verdicts[3];
	uint32_t len;
};

/* Modes often ask the same: it is looked at once. */
static const struct security_verdict *judge(struct judged *judged, struct security_bar bar)
{
	for (uint32_t i = 0; i < judged->len; i++)
		if (security_policy_is_same(judged->bars[i], bar))
			return &judged->verdicts[i];
	judged->bars[judged->len] = bar;
	judged->verdicts[judged->len] = security_check_pod(bar, judged->admission->check.arena,
							   judged->part.meta, judged->part.spec);
	return &judged->verdicts[judged->len++];
}

static struct str words(const struct judged *judged, const char *verb, struct security_bar bar,
			const struct security_verdict *verdict)
{
	struct arena *arena = judged->admission->check.arena;
	struct str policy = security_policy_text(bar, arena);

	return arena_printf(arena, "%s PodSecurity \"" STR_FMT "\": " STR_FMT, verb,
			    STR_ARG(policy), STR_ARG(verdict->details));
}

static enum check judge_all(struct judged *judged, const struct security_policy *policy,
			    bool is_enforced)
{
	struct admission *admission = judged->admission;
	const struct security_verdict *verdict;
	struct str denial = STR_NONE;

	if (is_enforced) {
		admission_annotate(admission, ENFORCED,
				   security_policy_text(policy->enforce, admission->check.arena));
		verdict = judge(judged, policy->enforce);
		if (!verdict->is_allowed)
			denial = words(judged, "violates", policy->enforce, verdict);
	}
	verdict = judge(judged, policy->audit);
	if (!verdict->is_allowed)
		admission_annotate(admission, VIOLATIONS,
				   words(judged, "would violate", policy->audit, verdict));
	if (denial.at != NULL)
		return admission_deny(admission, STR_FMT, STR_ARG(denial));
	verdict = judge(judged, policy->warn);
	if (!verdict->is_allowed)
		admission_warn(admission, words(judged, "would violate", policy->warn, verdict));
	return CHECK_PASS;
}

/* ---- who is asked -------------------------------------------------------------------------------------------------- */

static bool is_ignored(struct str subresource)
{
	static const char *const names[] = { "exec", "attach",      "binding", "eviction",
					     "log",  "portforward", "proxy",   "status" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(subresource, names[i]))
			return true;
	return false;
}

static bool is_exempt(struct admission *admission)
{
	const struct security_options *options = pod_security_options(admission);
	const char *why = security_policy_has_name(options->namespaces, admission->namespace)
			      ? "namespace"
			  : security_policy_has_name(options->users, admission->user->name) ? "user"
											    : NULL;

	if (why != NULL)
		admission_annotate(admission, EXEMPT, str_from(why));
	return why != NULL;
}

/* Faults do not refuse a pod: what cannot be read counts as strict. */
static enum check find_policy(struct admission *admission, struct faults *faults,
			      struct security_policy *out)
{
	const struct object *object =
	    check_get(&admission->check, &core_namespace_type, STR_NONE, admission->namespace);

	if (object == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (object == NULL) {
		admission->failure = failure_internal(admission->check.arena,
						      "failed to lookup namespace \"" STR_FMT "\"",
						      STR_ARG(admission->namespace));
		return CHECK_DENY;
	}
	*out = security_policy_read(object_meta(object)->labels,
				    &pod_security_options(admission)->defaults, faults);
	return CHECK_PASS;
}

static void note_faults(struct admission *admission, const struct faults *faults)
{
	struct text text = text_in(admission->check.arena, SECURITY_TEXT_BYTES);

	for (uint32_t i = 0; i < faults->len; i++)
		text_printf(&text, "%s" STR_FMT ": " STR_FMT, i > 0 ? ", " : "",
			    STR_ARG(faults->at[i].field), STR_ARG(faults->at[i].message));
	if (faults->len > 0)
		admission_annotate(admission, ERROR,
				   arena_printf(admission->check.arena,
						"Failed to parse policy: %s%.*s%s",
						faults->len > 1 ? "[" : "", (int)text.len, text.at,
						faults->len > 1 ? "]" : ""));
}

static enum check judge_part(struct admission *admission, const struct source *source,
			     const struct security_policy *policy, const struct faults *faults)
{
	bool is_pod = source->part == of_pod;
	struct judged judged = { .admission = admission };

	if (is_pod && !matters(admission))
		return CHECK_PASS;
	judged.part = source->part(admission->object);
	if (judged.part.spec == NULL)
		return CHECK_PASS;
	if (security_policy_has_name(pod_security_options(admission)->classes,
				     judged.part.spec->runtime_class_name)) {
		admission_annotate(admission, EXEMPT, STR("runtimeClass"));
		return CHECK_PASS;
	}
	note_faults(admission, faults);
	return judge_all(&judged, policy, is_pod);
}

static enum check validate(struct admission *admission)
{
	const struct source *source = find_source(admission);
	struct security_policy policy;
	struct faults faults = faults_in(admission->check.arena);
	enum check found;
	bool is_pod;

	if (admission->group.len == 0 && str_is(admission->resource, "namespaces"))
		return pod_security_namespace(admission);
	if (source == NULL)
		return CHECK_PASS;
	is_pod = source->part == of_pod;
	if ((is_pod ? is_ignored(admission->subresource) : admission->subresource.len > 0) ||
	    is_exempt(admission))
		return CHECK_PASS;
	found = find_policy(admission, &faults, &policy);
	if (found != CHECK_PASS)
		return found;
	if (faults.len == 0 && is_pod && security_policy_is_open(&policy))
		admission_annotate(admission, ENFORCED, STR("privileged:latest"));
	if (faults.len == 0 && (!is_pod || policy.enforce.level == SECURITY_PRIVILEGED) &&
	    policy.warn.level == SECURITY_PRIVILEGED && policy.audit.level == SECURITY_PRIVILEGED)
		return CHECK_PASS;
	return judge_part(admission, source, &policy, &faults);
}

const struct plugin admission_pod_security = {
	.name = "PodSecurity",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.validate = validate,
};

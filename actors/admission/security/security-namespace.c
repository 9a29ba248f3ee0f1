#include "actors/admission/security/pod-security.h"
#include "actors/admission/security/security-check.h"
#include "datastore/object/object.h"
#include "runtime/base/collection/map.h"

/*
 * Namespaces: labels that cannot be read are refused, unless they were so before. A stricter level lets stand what is there and warns of
 * it: the pods of one controller are alike, so one of each is looked at first, and no more than PODS_MAX in all.
 */

#define PODS_MAX \
	3000U /* upstream's; it also stops after a second, which as many pods do not take here */

/* ---- pods that are there ----------------------------------------------------------------------------------------- */

struct census {
	struct admission *admission;
	struct map owners; /* uids of controllers of whose pods one was looked at */
	struct security_bar bar;
	bool is_first; /* those that are alone, and one of each controller; else the rest */
	uint32_t total, looked_at;
	struct complaint {
		struct str reasons, pod; /* the first by name */
		uint32_t count;
	} * at;
	uint32_t len, cap;
};

static void complain(struct census *census, struct str reasons, struct str pod)
{
	struct arena *arena = census->admission->check.arena;
	uint32_t i = 0;

	while (i < census->len && !str_eq(census->at[i].reasons, reasons))
		i++;
	if (i == census->len) {
		uint32_t cap = census->cap ? census->cap * 2 : 8;

		if (census->len == census->cap) {
			census->at = arena_grow(arena, census->at, census->cap * sizeof *census->at,
						cap * sizeof *census->at);
			census->cap = cap;
		}
		census->at[census->len++] = (struct complaint){ reasons, arena_str(arena, pod), 0 };
	} else if (str_cmp(pod, census->at[i].pod) < 0) {
		census->at[i].pod = arena_str(arena, pod);
	}
	census->at[i].count++;
}

static struct str controller_of(const struct meta_object_meta *meta)
{
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return meta->owner_references.at[i].uid;
	return STR_NONE;
}

/* Whether it is the turn of this pod. Owners are noted in the first turn and asked for in both. */
static bool is_due(struct census *census, const struct core_pod *pod)
{
	struct str owner = controller_of(pod->metadata);
	bool is_known = owner.len > 0 && map_get(&census->owners, owner) == pod;

	if (!census->is_first)
		return owner.len > 0 && !is_known;
	census->total++;
	if (owner.len == 0)
		return true;
	if (map_get(&census->owners, owner) != NULL)
		return false;
	map_put(&census->owners, owner, (void *)(uintptr_t)pod);
	return true;
}

static bool visit(void *arg, const struct object *object)
{
	struct census *census = arg;
	const struct core_pod *pod = object->record;
	struct security_verdict verdict;

	if (security_policy_has_name(pod_security_options(census->admission)->classes,
				     pod->spec->runtime_class_name) ||
	    !is_due(census, pod) || census->looked_at == PODS_MAX)
		return true;
	census->looked_at++;
	verdict = security_check_pod(census->bar, census->admission->check.arena, pod->metadata,
				     pod->spec);
	if (!verdict.is_allowed)
		complain(census, verdict.reasons, pod->metadata->name);
	return true;
}

/* ---- in words ----------------------------------------------------------------------------------------------------- */

static struct str complaint_words(struct arena *arena, const struct complaint *complaint)
{
	if (complaint->count == 1)
		return arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(complaint->pod),
				    STR_ARG(complaint->reasons));
	return arena_printf(arena, STR_FMT " (and %u other pod%s): " STR_FMT,
			    STR_ARG(complaint->pod), complaint->count - 1,
			    complaint->count == 2 ? "" : "s", STR_ARG(complaint->reasons));
}

static void warn(const struct census *census, struct str namespace)
{
	struct arena *arena = census->admission->check.arena;
	struct security_names sorted = security_names_in(arena);

	if (census->looked_at < census->total)
		admission_warn(census->admission,
			       arena_printf(arena,
					    "new PodSecurity enforce level only checked against "
					    "the first %u of %u existing pods",
					    census->looked_at, census->total));
	if (census->len > 0) {
		struct str bar = security_policy_text(census->bar, arena);

		admission_warn(census->admission,
			       arena_printf(arena,
					    "existing pods in namespace \"" STR_FMT
					    "\" violate the new PodSecurity enforce level "
					    "\"" STR_FMT "\"",
					    STR_ARG(namespace), STR_ARG(bar)));
	}
	for (uint32_t i = 0; i < census->len; i++)
		security_names_put(&sorted, complaint_words(arena, &census->at[i]));
	for (uint32_t i = 0; i < sorted.len; i++)
		admission_warn(census->admission, sorted.at[i]);
}

static void look_at_pods(struct admission *admission, struct str namespace, struct security_bar bar)
{
	const struct reader *reader = admission->check.reader;
	struct census census = { .admission = admission, .bar = bar, .is_first = true };

	reader->each(reader->self, &core_pod_type, namespace, visit, &census);
	census.is_first = false;
	reader->each(reader->self, &core_pod_type, namespace, visit, &census);
	map_fini(&census.owners);
	warn(&census, namespace);
}

/* ---- the namespace -------------------------------------------------------------------------------------------------- */

static void say_mode(struct text *said, struct str_map labels, const char *mode,
		     struct security_bar bar, struct arena *arena)
{
	struct str level = arena_printf(arena, "pod-security.kubernetes.io/%s", mode);
	struct str version = arena_printf(arena, "pod-security.kubernetes.io/%s-version", mode);
	struct str words = security_policy_text(bar, arena);

	if (bar.level != SECURITY_PRIVILEGED &&
	    (str_map_get(labels, level).at != NULL || str_map_get(labels, version).at != NULL))
		text_printf(said, "%s%s=" STR_FMT, said->len > 0 ? ", " : "", mode, STR_ARG(words));
}

static bool is_same(struct security_bar a, struct security_bar b)
{
	return (a.level == SECURITY_PRIVILEGED && b.level == SECURITY_PRIVILEGED) ||
	       security_policy_is_same(a, b);
}

/* Whoever asks for a level where none counts is told so. */
static void warn_of_exemption(struct admission *admission, struct str namespace,
			      struct str_map labels, const struct security_policy *policy)
{
	const struct security_policy *usual = &pod_security_options(admission)->defaults;
	struct arena *arena = admission->check.arena;
	struct text said = text_in(arena, SECURITY_TEXT_BYTES);

	if (security_policy_is_open(policy) ||
	    (is_same(policy->enforce, usual->enforce) && is_same(policy->audit, usual->audit) &&
	     is_same(policy->warn, usual->warn)))
		return;
	say_mode(&said, labels, "enforce", policy->enforce, arena);
	say_mode(&said, labels, "audit", policy->audit, arena);
	say_mode(&said, labels, "warn", policy->warn, arena);
	admission_warn(admission, arena_printf(arena,
					       "namespace \"" STR_FMT
					       "\" is exempt from Pod Security, and the policy "
					       "(%.*s) will be ignored",
					       STR_ARG(namespace), (int)said.len, said.at));
}

static bool are_same_faults(const struct faults *a, const struct faults *b)
{
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++)
		if (!str_eq(a->at[i].field, b->at[i].field) ||
		    !str_eq(a->at[i].message, b->at[i].message))
			return false;
	return true;
}

static bool is_stricter(const struct admission *admission, const struct security_policy *policy,
			const struct security_policy *before)
{
	struct security_bar now = policy->enforce, then = before->enforce;

	return admission->operation == ADMISSION_UPDATE && !security_policy_is_same(now, then) &&
	       now.level != SECURITY_PRIVILEGED &&
	       (now.minor != then.minor || now.level > then.level);
}

enum check pod_security_namespace(struct admission *admission)
{
	const struct core_namespace *namespace = admission->object, *old = admission->old;
	const struct security_options *options = pod_security_options(admission);
	struct faults faults = faults_in(admission->check.arena), old_faults = faults;
	struct security_policy policy, before = options->defaults;
	struct str name = namespace->metadata->name;

	if (admission->subresource.len > 0)
		return CHECK_PASS;
	policy = security_policy_read(namespace->metadata->labels, &options->defaults, &faults);
	if (admission->operation == ADMISSION_UPDATE)
		before =
		    security_policy_read(old->metadata->labels, &options->defaults, &old_faults);
	if (faults.len > 0 && !(old_faults.len > 0 && are_same_faults(&faults, &old_faults))) {
		admission->failure = failure_invalid(admission->check.arena, admission->group,
						     STR("Namespace"), name, &faults);
		return CHECK_DENY;
	}
	if (admission->operation == ADMISSION_UPDATE && !is_stricter(admission, &policy, &before))
		return CHECK_PASS;
	if (security_policy_has_name(options->namespaces, name))
		warn_of_exemption(admission, name, namespace->metadata->labels, &policy);
	else if (admission->operation == ADMISSION_UPDATE)
		look_at_pods(admission, name, policy.enforce);
	return CHECK_PASS;
}

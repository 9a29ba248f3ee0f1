#include "actors/controller/scaling/proposal-private.h"
#include "actors/controller/workload/pod.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"

#define CPU_BEGIN_NS (300 * TIME_S)  /* a pod that begins needs more than it will */
#define READY_DELAY_NS (30 * TIME_S) /* until then readiness may still be what it was at first */

/* What is known of the target's pods, and what is made up of the others. */
struct sample {
	struct str pod;
	int64_t milli, request;
	bool has_request, is_out;
};

struct samples {
	struct sample *at;
	uint32_t len, ready, unready, missing;
	bool by_request; /* the target is a percentage of requests */
	int64_t target;
};

struct ratio {
	double ratio;
	int64_t mean, percent;
};

int32_t proposal_round_up(double number)
{
	int64_t whole;

	if (number >= INT32_MAX)
		return INT32_MAX;
	whole = (int64_t)number;
	return (int32_t)(whole + (number > (double)whole));
}

bool proposal_is_near(const struct proposal_target *target, double ratio)
{
	return 1.0 - target->down <= ratio && ratio <= 1.0 + target->up;
}

const struct core_pod **proposal_pods(const struct proposal_target *target, uint32_t *count)
{
	struct records all = world_list(target->place.world, target->place.namespace, core_pod);
	const struct core_pod **pods =
	    arena_array(proposal_arena(target), const struct core_pod *, all.len);

	*count = 0;
	for (uint32_t i = 0; i < all.len; i++) {
		const struct core_pod *pod = record_at(all, i, core_pod);

		if (selector_matches_labels(&target->selector, pod->metadata->labels))
			pods[(*count)++] = pod;
	}
	return pods;
}

/* ---- pods ----------------------------------------------------------------------------------------------------- */

/* What a pod uses while it begins says nothing of what it will use. */
static bool is_beginning(const struct core_pod *pod, const struct reading *reading, struct wall now)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");
	int64_t start, changed;

	if (ready == NULL || !pod->status->has.start_time)
		return true;
	start = pod->status->start_time.ns;
	changed = ready->last_transition_time.ns;
	if (start + CPU_BEGIN_NS > now.ns)
		return str_is(ready->status, "False") ||
		       reading->at.ns < changed + reading->window_ns;
	return str_is(ready->status, "False") && start + READY_DELAY_NS > changed;
}

static struct str request_of(const struct core_container *container, struct str resource)
{
	return container->resources != NULL ? str_map_get(container->resources->requests, resource)
					    : STR_NONE;
}

static bool add_requests(struct arena *arena, const struct core_pod *pod,
			 struct core_container_list list, bool restarts_only, struct str resource,
			 struct str container, int64_t *sum, bool *is_found, struct str *why)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_container *one = &list.at[i];
		struct str request = request_of(one, resource);

		if ((restarts_only && !str_is(one->restart_policy, "Always")) ||
		    (container.len > 0 && !str_eq(one->name, container)))
			continue;
		if (request.at == NULL) {
			*why = arena_printf(arena,
					    "missing request for " STR_FMT " in container " STR_FMT
					    " of Pod " STR_FMT,
					    STR_ARG(resource), STR_ARG(one->name),
					    STR_ARG(pod->metadata->name));
			return false;
		}
		*sum += quantity_milli(quantity_of(request));
		*is_found = true;
	}
	return true;
}

/* A pod's own request goes before those of its containers. */
static bool requested(struct arena *arena, const struct core_pod *pod, struct str resource,
		      struct str container, int64_t *out, struct str *why)
{
	const struct core_resource_requirements *own = pod->spec->resources;
	bool is_found = false;

	*out = 0;
	if (container.len == 0 && own != NULL && own->requests.len > 0 &&
	    str_map_get(own->requests, resource).at != NULL) {
		*out = quantity_milli(quantity_of(str_map_get(own->requests, resource)));
		return true;
	}
	if (!add_requests(arena, pod, pod->spec->containers, false, resource, container, out,
			  &is_found, why) ||
	    !add_requests(arena, pod, pod->spec->init_containers, true, resource, container, out,
			  &is_found, why))
		return false;
	if (container.len > 0 && !is_found) {
		*why = arena_printf(arena, "container " STR_FMT " not found in Pod " STR_FMT,
				    STR_ARG(container), STR_ARG(pod->metadata->name));
		return false;
	}
	return true;
}

static struct sample *sample_of(struct samples *samples, struct str pod)
{
	for (uint32_t i = 0; i < samples->len; i++)
		if (str_eq(samples->at[i].pod, pod))
			return &samples->at[i];
	return NULL;
}

enum standing { STANDING_READY, STANDING_IGNORED, STANDING_UNREADY, STANDING_MISSING };

static enum standing standing_of(const struct core_pod *pod, const struct reading *reading,
				 bool is_cpu, struct wall now)
{
	struct str phase = pod->status != NULL ? pod->status->phase : STR_NONE;

	if (pod->metadata->has.deletion_timestamp || str_is(phase, "Failed"))
		return STANDING_IGNORED;
	if (phase.len == 0 || str_is(phase, "Pending"))
		return STANDING_UNREADY;
	if (reading == NULL)
		return STANDING_MISSING;
	return is_cpu && is_beginning(pod, reading, now) ? STANDING_UNREADY : STANDING_READY;
}

static struct sample *add_sample(struct samples *samples, struct str pod)
{
	struct sample *sample = sample_of(samples, pod);

	if (sample == NULL) {
		sample = &samples->at[samples->len++];
		*sample = (struct sample){ .pod = pod };
	}
	return sample;
}

/* Room for all readings and all pods; those that count are not `is_out`. */
static bool sort_pods(const struct proposal_target *target, const struct readings *readings,
		      struct str resource, struct str container, struct samples *out,
		      enum standing **standings, const struct core_pod ***pods, uint32_t *count,
		      struct str *why)
{
	struct wall now = world_now(target->place.world);
	uint32_t in = 0;

	*pods = proposal_pods(target, count);
	if (*count == 0) {
		*why = STR("no pods returned by selector while calculating replica count");
		return false;
	}
	out->at = arena_array(proposal_arena(target), struct sample, readings->len + *count);
	*standings = arena_array(proposal_arena(target), enum standing, *count);
	for (uint32_t i = 0; i < readings->len; i++)
		add_sample(out, readings->at[i].pod)->milli = readings->at[i].milli;
	for (uint32_t i = 0; i < *count; i++) {
		struct str name = (*pods)[i]->metadata->name;
		struct sample *sample = sample_of(out, name);
		const struct reading *reading = NULL;

		for (uint32_t k = 0; k < readings->len && reading == NULL; k++)
			if (str_eq(readings->at[k].pod, name))
				reading = &readings->at[k];
		(*standings)[i] = standing_of((*pods)[i], reading, str_is(resource, "cpu"), now);
		out->ready += (*standings)[i] == STANDING_READY;
		out->unready += (*standings)[i] == STANDING_UNREADY;
		out->missing += (*standings)[i] == STANDING_MISSING;
		if (sample != NULL)
			sample->is_out = (*standings)[i] == STANDING_IGNORED ||
					 (*standings)[i] == STANDING_UNREADY;
	}
	for (uint32_t i = 0; i < out->len; i++)
		in += !out->at[i].is_out;
	if (in == 0) {
		*why = STR("did not receive metrics for targeted pods (pods might be unready)");
		return false;
	}
	for (uint32_t i = 0; i < *count && out->by_request; i++) {
		struct str name = (*pods)[i]->metadata->name;
		struct sample *sample = sample_of(out, name);
		int64_t request;

		if (!requested(proposal_arena(target), (*pods)[i], resource, container, &request,
			       why))
			return false;
		if (sample == NULL) {
			sample = add_sample(out, name);
			sample->is_out = true;
		}
		sample->request = request;
		sample->has_request = true;
	}
	return true;
}

static bool weigh(const struct samples *samples, struct ratio *out, struct str *why)
{
	int64_t used = 0, requested = 0, count = 0;

	for (uint32_t i = 0; i < samples->len; i++) {
		const struct sample *one = &samples->at[i];

		if (one->is_out || (samples->by_request && !one->has_request))
			continue;
		used += one->milli;
		requested += one->request;
		count++;
	}
	if (count == 0 || (samples->by_request && requested == 0)) {
		*why = STR("no metrics returned matched known pods");
		return false;
	}
	out->mean = used / count;
	out->percent = samples->by_request ? used * 100 / requested : 0;
	out->ratio =
	    (double)(samples->by_request ? out->percent : out->mean) / (double)samples->target;
	return true;
}

static uint32_t make_up(struct samples *samples, const struct core_pod **pods,
			const enum standing *standings, uint32_t count, double ratio)
{
	bool is_up = ratio > 1.0;
	int64_t percent = samples->target > 100 ? samples->target : 100;
	uint32_t in = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct sample *sample;

		if (!(standings[i] == STANDING_MISSING && (is_up || ratio < 1.0)) &&
		    !(standings[i] == STANDING_UNREADY && is_up))
			continue;
		sample = add_sample(samples, pods[i]->metadata->name);
		sample->is_out = false;
		sample->milli = is_up                 ? 0
				: samples->by_request ? sample->request * percent / 100
						      : samples->target;
	}
	for (uint32_t i = 0; i < samples->len; i++)
		in += !samples->at[i].is_out;
	return in;
}

bool proposal_count(const struct proposal_target *target, const struct readings *readings,
		    struct proposal_use *use, int32_t *replicas, struct str *why)
{
	struct samples samples = { .by_request = use->by_request, .target = use->target };
	const struct core_pod **pods;
	enum standing *standings;
	struct ratio now, then;
	uint32_t count, in;

	*replicas = target->spec_replicas;
	if (!sort_pods(target, readings, use->resource, use->container, &samples, &standings, &pods,
		       &count, why) ||
	    !weigh(&samples, &now, why))
		return false;
	use->mean = now.mean;
	use->percent = now.percent;
	if (!(samples.unready > 0 && now.ratio > 1.0) && samples.missing == 0) {
		if (!proposal_is_near(target, now.ratio))
			*replicas = proposal_round_up(now.ratio * samples.ready);
		return true;
	}
	in = make_up(&samples, pods, standings, count, now.ratio);
	if (!weigh(&samples, &then, why))
		return false;
	if (proposal_is_near(target, then.ratio) || (now.ratio < 1.0 && then.ratio > 1.0) ||
	    (now.ratio > 1.0 && then.ratio < 1.0))
		return true;
	count = (uint32_t)proposal_round_up(then.ratio * in);
	if ((then.ratio < 1.0 && (int64_t)count > target->spec_replicas) ||
	    (then.ratio > 1.0 && (int64_t)count < target->spec_replicas))
		return true;
	*replicas = (int32_t)count;
	return true;
}

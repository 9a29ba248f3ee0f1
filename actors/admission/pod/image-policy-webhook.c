/*
 * ImagePolicyWebhook: another program judges the images of pods (upstream: plugin/pkg/admission/imagepolicy).
 *
 * It is sent an ImageReview; its answers are kept for a while. When it cannot be asked, pods are refused, or let in with a note, as an operator wants.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/image-policy.h"
#include "actors/admission/pod/pod-plugin.h"
#include "datastore/object/json.h"

#define MARK ".image-policy.k8s.io/"
#define PREFIX "imagepolicywebhook" MARK
#define QUESTION_BYTES_MAX (2U * MIB)

/* ---- what is told ------------------------------------------------------------------------------------------ */

/* As upstream reads them: -1 is none, 0 the usual; the rest so many times `scale`. */
static enum status read_time(int64_t value, int64_t scale, int64_t usual, int64_t min, int64_t max,
			     const char *where, int64_t *out, struct fault *why)
{
	char texts[3][TIME_TEXT];

	*out = value == 0 ? usual : 0;
	if (value == 0 || value == -1)
		return OK;
	if (value > INT64_MAX / scale || value < INT64_MIN / scale)
		value = value < 0 ? -1 : INT64_MAX / scale;
	*out = value * scale;
	if (*out >= min && *out <= max)
		return OK;
	time_print_duration(min, texts[0]);
	time_print_duration(max, texts[1]);
	time_print_duration(*out, texts[2]);
	return fault_set(why, BAD_REQUEST, where, "%s: valid value is between %s and %s, got %s",
			 where, texts[0], texts[1], texts[2]);
}

enum status image_policy_of(const struct imagepolicy_image_policy_webhook_config *from,
			    const char *where, struct image_policy *out, struct fault *why)
{
	int64_t backoff, allow, deny;

	TRY(read_time(from->retry_backoff, TIME_MS, 500 * TIME_MS, 1, 300 * TIME_S, where, &backoff,
		      why));
	TRY(read_time(from->allow_ttl, TIME_S, 300 * TIME_S, TIME_S, 1800 * TIME_S, where, &allow,
		      why));
	TRY(read_time(from->deny_ttl, TIME_S, 30 * TIME_S, TIME_S, 1800 * TIME_S, where, &deny,
		      why));
	out->review.retry_ms = (uint32_t)(backoff / TIME_MS);
	out->allow_ttl_ms = (uint64_t)(allow / TIME_MS);
	out->deny_ttl_ms = (uint64_t)(deny / TIME_MS);
	out->allows_when_away = from->default_allow;
	return OK;
}

void image_policy_fini(struct image_policy *policy)
{
	outside_review_fini(&policy->review);
}

/* ---- the question -------------------------------------------------------------------------------------------- */

static void add(struct imagepolicy_image_review_spec *spec, struct str image)
{
	spec->containers.at[spec->containers.len++].image = image;
}

static void add_containers(struct imagepolicy_image_review_spec *spec,
			   const struct core_container_list *list)
{
	for (uint32_t i = 0; i < list->len; i++)
		add(spec, list->at[i].image);
}

/* Absent: it is too large. */
static struct str question_of(struct admission *admission)
{
	struct arena *arena = admission->check.arena;
	const struct core_pod *pod = admission->object;
	const struct core_pod_spec *from = pod->spec;
	const struct str_map *notes = &pod->metadata->annotations;
	uint32_t count =
	    from->containers.len + from->init_containers.len + from->ephemeral_containers.len;
	struct imagepolicy_image_review_spec spec = { .namespace = admission->namespace };
	struct imagepolicy_image_review review = {
		.metadata = arena_new_of(arena, struct meta_object_meta),
		.spec = &spec,
		.status = arena_new_of(arena, struct imagepolicy_image_review_status),
	};
	struct text out = text_in(arena, QUESTION_BYTES_MAX);

	spec.containers.at = arena_zalloc(arena, (count + 1) * sizeof *spec.containers.at);
	if (admission->subresource.len == 0) {
		add_containers(&spec, &from->containers);
		add_containers(&spec, &from->init_containers);
	} else {
		for (uint32_t i = 0; i < from->ephemeral_containers.len; i++)
			add(&spec,
			    from->ephemeral_containers.at[i].ephemeral_container_common->image);
	}
	for (uint32_t i = 0; i < notes->len; i++)
		if (str_find(notes->at[i].key, STR(MARK)) >= 0)
			str_map_put(&spec.annotations, arena, notes->at[i].key, notes->at[i].value);
	json_encode(&imagepolicy_image_review_type, &review, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

static enum check fail(struct admission *admission, struct str words)
{
	struct core_pod *pod = admission->object;

	if (!admission->image_policy->allows_when_away)
		return admission_deny(admission, STR_FMT, STR_ARG(words));
	admission_annotate(admission, STR(PREFIX "failed-open"), STR("true"));
	str_map_put(&pod->metadata->annotations, admission->check.arena,
		    STR("alpha" MARK "failed-open"), STR("true"));
	return CHECK_PASS;
}

static enum check take(struct admission *admission,
		       const struct imagepolicy_image_review_status *status)
{
	struct arena *arena = admission->check.arena;

	for (uint32_t i = 0; i < status->audit_annotations.len; i++)
		admission_annotate(admission,
				   arena_printf(arena, PREFIX STR_FMT,
						STR_ARG(status->audit_annotations.at[i].key)),
				   status->audit_annotations.at[i].value);
	if (status->allowed)
		return CHECK_PASS;
	if (status->reason.len > 0)
		return admission_deny(
		    admission, "image policy webhook backend denied one or more images: " STR_FMT,
		    STR_ARG(status->reason));
	return admission_deny(admission, "one or more images rejected by webhook backend");
}

static enum check ask(struct admission *admission, struct str question)
{
	static const struct imagepolicy_image_review_status nothing;
	struct image_policy *policy = admission->image_policy;
	const struct imagepolicy_image_review_status *status;
	struct fault why = { 0 };
	struct str answer;
	void *record;
	enum check said =
	    outside_review_ask(&policy->review, &admission->check, question, &answer, &why);

	if (said == CHECK_WAIT)
		return CHECK_WAIT;
	if (answer.at == NULL ||
	    json_decode(&imagepolicy_image_review_type, answer, admission->check.arena,
			(struct json_options){ 0 }, &record, &why) != OK)
		return fail(admission, arena_str(admission->check.arena, str_from(why.text)));
	status = ((const struct imagepolicy_image_review *)record)->status;
	status = status != NULL ? status : &nothing;
	outside_review_keep(&policy->review, &admission->check, question, answer,
			    status->allowed ? policy->allow_ttl_ms : policy->deny_ttl_ms);
	return take(admission, status);
}

static enum check validate(struct admission *admission)
{
	struct str question;

	if (admission->image_policy == NULL ||
	    (!pod_plugin_concerns(admission, "") &&
	     !pod_plugin_concerns(admission, "ephemeralcontainers")))
		return CHECK_PASS;
	question = question_of(admission);
	return question.at != NULL ? ask(admission, question)
				   : fail(admission, STR("the question is too large"));
}

const struct plugin admission_image_policy_webhook = {
	.name = "ImagePolicyWebhook",
	.is_off = true,
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.validate = validate,
};

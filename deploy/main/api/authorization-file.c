#include "deploy/main/api/authorization-file.h"

#include <stdio.h>

#include "actors/authorization/mechanisms.h"
#include "actors/client/outside-review.h"
#include "datastore/object/name.h"
#include "datastore/schema/apiserver.h"
#include "deploy/main/api/file/kubeconfig-file.h"
#include "deploy/main/api/file/operator-file.h"

#define AUTHORIZERS_MAX 32U
#define TIMEOUT_NS_MAX (30 * TIME_S)
/* Some steps of a request ask the same again when they have waited: its answer has to last until then. */
#define KEPT_MS_MIN 1000U

struct reading {
	const struct authorization_file *file;
	struct arena *arena;
	struct fault *why;
	struct str at; /* authorizers[0] */
};

static enum status refuse(const struct reading *reading, const char *field, const char *words)
{
	return fault_set(reading->why, BAD_REQUEST, field, "%s: " STR_FMT "%s%s: %s",
			 reading->file->reload.path, STR_ARG(reading->at),
			 field[0] != '\0' ? "." : "", field, words);
}

static enum status refuse_value(const struct reading *reading, const char *field, const char *kind,
				struct str value, const char *words)
{
	return fault_set(reading->why, BAD_REQUEST, field,
			 "%s: " STR_FMT ".%s: %s: \"" STR_FMT "\"%s%s", reading->file->reload.path,
			 STR_ARG(reading->at), field, kind, STR_ARG(value),
			 words[0] != '\0' ? ": " : "", words);
}

/* One of some words, none of which may be left out. */
static enum status read_word(const struct reading *reading, const char *field, struct str value,
			     const char *words, const char *shown)
{
	if (value.len == 0)
		return refuse(reading, field, "Required value");
	if (str_is_among(value, words, '|'))
		return OK;
	return refuse_value(reading, field, "Unsupported value", value, shown);
}

/* ---- a webhook ------------------------------------------------------------------------------------------------ */

static enum status read_times(const struct reading *reading,
			      const struct apiserver_webhook_configuration *from,
			      struct webhook_rights *out)
{
	if (from->timeout == 0)
		return refuse(reading, "webhook.timeout", "Required value");
	if (from->timeout < 0 || from->timeout > TIMEOUT_NS_MAX)
		return refuse(reading, "webhook.timeout", "Invalid value: must be > 0s and <= 30s");
	if (from->authorized_ttl == 0)
		return refuse(reading, "webhook.authorizedTTL", "Required value");
	if (from->authorized_ttl < 0)
		return refuse(reading, "webhook.authorizedTTL", "Invalid value: must be > 0s");
	if (from->unauthorized_ttl == 0)
		return refuse(reading, "webhook.unauthorizedTTL", "Required value");
	if (from->unauthorized_ttl < 0)
		return refuse(reading, "webhook.unauthorizedTTL", "Invalid value: must be > 0s");
	out->review.timeout_ms = (uint32_t)((from->timeout + TIME_MS - 1) / TIME_MS);
	out->allowed_ttl_ms = (uint64_t)(from->authorized_ttl / TIME_MS);
	out->other_ttl_ms = (uint64_t)(from->unauthorized_ttl / TIME_MS);
	if (from->has.cache_authorized_requests && !from->cache_authorized_requests)
		out->allowed_ttl_ms = 0;
	if (from->has.cache_unauthorized_requests && !from->cache_unauthorized_requests)
		out->other_ttl_ms = 0;
	if (out->allowed_ttl_ms < KEPT_MS_MIN)
		out->allowed_ttl_ms = KEPT_MS_MIN;
	if (out->other_ttl_ms < KEPT_MS_MIN)
		out->other_ttl_ms = KEPT_MS_MIN;
	return OK;
}

static enum status read_connection(const struct reading *reading,
				   const struct apiserver_webhook_connection_info *from,
				   struct webhook_rights *out)
{
	struct str path = from != NULL ? from->kube_config_file : STR_NONE;

	if (from == NULL || from->type.len == 0)
		return refuse(reading, "webhook.connectionInfo.type", "Required value");
	if (str_is(from->type, "InClusterConfig"))
		return refuse(reading, "webhook.connectionInfo.type",
			      "Invalid value: \"InClusterConfig\": this server runs in no pod, use "
			      "KubeConfigFile");
	TRY(read_word(reading, "webhook.connectionInfo.type", from->type, "KubeConfigFile",
		      "supported values: \"InClusterConfig\", \"KubeConfigFile\""));
	if (path.len == 0)
		return refuse(reading, "webhook.connectionInfo.kubeConfigFile", "Required value");
	if (path.at[0] != '/')
		return refuse_value(reading, "webhook.connectionInfo.kubeConfigFile",
				    "Invalid value", path, "must be an absolute path");
	return kubeconfig_file_load(arena_cstr(reading->arena, path), reading->arena,
				    &out->review.place, reading->why);
}

static enum status read_conditions(const struct reading *reading,
				   const struct apiserver_webhook_match_condition_list list,
				   struct webhook_rights *out)
{
	struct webhook_condition *at =
	    arena_array(reading->arena, struct webhook_condition, list.len + 1);
	char field[80];
	struct str words;

	if (list.len > WEBHOOK_CONDITIONS_MAX)
		return refuse(reading, "webhook.matchConditions", "Too many: 64 at most");
	for (uint32_t i = 0; i < list.len; i++) {
		struct str text = list.at[i].expression;

		snprintf(field, sizeof field, "webhook.matchConditions[%u].expression", i);
		if (str_trim(text).len == 0)
			return refuse(reading, field, "Required value");
		for (uint32_t j = 0; j < i; j++)
			if (str_eq(list.at[j].expression, text))
				return refuse_value(reading, field, "Duplicate value", text, "");
		if (webhook_condition_compile(text, reading->arena, &at[i], &words) != OK)
			return refuse_value(reading, field, "Invalid value", text, words.at);
	}
	out->conditions = at;
	out->condition_count = list.len;
	return OK;
}

static enum status read_webhook(const struct reading *reading,
				const struct apiserver_webhook_configuration *from,
				struct webhook_rights *out)
{
	struct str shown = from->match_condition_subject_access_review_version;

	TRY(read_times(reading, from, out));
	TRY(read_word(reading, "webhook.subjectAccessReviewVersion",
		      from->subject_access_review_version, "v1|v1beta1",
		      "supported values: \"v1\", \"v1beta1\""));
	if (shown.len > 0 || from->match_conditions.len > 0)
		TRY(read_word(reading, "webhook.matchConditionSubjectAccessReviewVersion", shown,
			      "v1", "supported values: \"v1\""));
	TRY(read_word(reading, "webhook.failurePolicy", from->failure_policy, "NoOpinion|Deny",
		      "supported values: \"NoOpinion\", \"Deny\""));
	out->is_beta = str_is(from->subject_access_review_version, "v1beta1");
	out->denies_when_away = str_is(from->failure_policy, "Deny");
	TRY(read_connection(reading, from->connection_info, out));
	return read_conditions(reading, from->match_conditions, out);
}

/* ---- the chain --------------------------------------------------------------------------------------------------- */

static enum status check_name(const struct reading *reading,
			      const struct apiserver_authorizer_configuration *list, uint32_t index)
{
	const struct apiserver_authorizer_configuration *one = &list[index];

	if (one->name.len == 0)
		return refuse(reading, "name", "Required value");
	if (!name_is(NAME_DNS_SUBDOMAIN, one->name))
		return refuse_value(reading, "name", "Invalid value", one->name,
				    "authorizer name is invalid: a lowercase RFC 1123 subdomain "
				    "is wanted");
	for (uint32_t i = 0; i < index; i++) {
		if (str_eq(list[i].name, one->name))
			return refuse_value(reading, "name", "Duplicate value", one->name, "");
		if (str_eq(list[i].type, one->type) && !str_is(one->type, "Webhook"))
			return refuse_value(reading, "type", "Duplicate value", one->type, "");
	}
	return OK;
}

static enum status read_authorizer(const struct reading *reading,
				   const struct apiserver_authorizer_configuration *from,
				   struct authorizer *out)
{
	struct webhook_rights *rights;

	if (!str_is(from->type, "Webhook") && from->webhook != NULL)
		return refuse(reading, "webhook",
			      "Invalid value: \"non-null\": may only be specified when "
			      "type=Webhook");
	if (str_is(from->type, "Node"))
		*out = authorization_node();
	else if (str_is(from->type, "RBAC"))
		*out = authorization_rbac();
	else if (!str_is(from->type, "Webhook"))
		*out = authorization_fixed(str_is(from->type, "AlwaysAllow"));
	else if (from->webhook == NULL)
		return refuse(reading, "webhook", "Required value: required when type=Webhook");
	else {
		rights = arena_new_of(reading->arena, struct webhook_rights);
		rights->name = from->name;
		rights->metrics = reading->file->reload.metrics;
		*out = authorization_webhook(rights);
		return read_webhook(reading, from->webhook, rights);
	}
	return OK;
}

static enum status read_file(void *arg, struct str text, struct arena *arena, void **out,
			     struct fault *why)
{
	struct reading reading = { .file = arg, .arena = arena, .why = why };
	const struct apiserver_authorization_configuration *from;
	struct authorizer_set *set = arena_new_of(arena, struct authorizer_set);
	struct authorizer *at = arena_array(arena, struct authorizer, AUTHORIZERS_MAX);
	void *record;

	TRY(operator_file_parse(text, reading.file->reload.path,
				&apiserver_authorization_configuration_type, arena, &record, why));
	from = record;
	reading.at = STR("authorizers");
	if (from->authorizers.len == 0)
		return refuse(&reading, "",
			      "Required value: at least one authorization mode must "
			      "be defined");
	if (from->authorizers.len > AUTHORIZERS_MAX)
		return refuse(&reading, "", "Too many: 32 at most");
	for (uint32_t i = 0; i < from->authorizers.len; i++) {
		reading.at = arena_printf(arena, "authorizers[%u]", i);
		TRY(read_word(&reading, "type", from->authorizers.at[i].type,
			      "AlwaysAllow|AlwaysDeny|Node|RBAC|Webhook",
			      "supported values: \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", "
			      "\"RBAC\", \"Webhook\""));
		TRY(check_name(&reading, from->authorizers.at, i));
		TRY(read_authorizer(&reading, &from->authorizers.at[i], &at[i]));
	}
	*set = (struct authorizer_set){ at, from->authorizers.len };
	*out = set;
	return OK;
}

static bool use(void *arg, struct reload_read now, struct reload_read *before)
{
	struct authorization_file *file = arg;

	*before = (struct reload_read){ file->arena, (void *)(uintptr_t)file->rights };
	file->rights = now.at;
	file->arena = now.arena;
	return true;
}

static void end(void *before)
{
	const struct authorizer_set *set = before;

	for (uint32_t i = 0; i < set->count; i++)
		if (str_is(str_from(set->at[i].name), "Webhook")) {
			const struct webhook_rights *rights = set->at[i].config;

			outside_review_fini((struct outside_review *)(uintptr_t)&rights->review);
		}
}

enum status authorization_file_load(struct authorization_file *file, const char *path,
				    struct metrics *metrics, struct arena *arena, struct fault *why)
{
	void *set;

	file->reload = (struct reload_args){ .path = path,
					     .what = "authorization",
					     .arg = file,
					     .read = read_file,
					     .use = use,
					     .end = end,
					     .metrics_name = "authorization_config_controller",
					     .metrics = metrics };
	TRY(reload_begin(&file->reload, arena, &set, why));
	file->rights = set;
	return OK;
}

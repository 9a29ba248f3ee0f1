#include "actors/server/access/review-rule.h"
#include "actors/server/server-private.h"
#include "datastore/object/selector.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/authorization.h"

#define SELECTOR_TEXT_MAX (64U * KIB)

/*
 * Reviews: questions to the server itself that are answered and not kept. Who am I, whose token is this, may they do that.
 *
 * Each is a create whose answer is the question with its status filled in.
 */

static enum next answer(struct request *r)
{
	respond_record(r, 201, r->type, r->record);
	return DONE;
}

static enum next decode(struct request *r)
{
	return body_decode_as(r, r->resource->type, false);
}

/* ---- who ------------------------------------------------------------------------------------------------ */

static struct str_list list_of(const struct str *at, uint32_t count)
{
	return (struct str_list){ count ? (struct str *)(uintptr_t)at : NULL, count };
}

static enum next self_review(struct request *r)
{
	struct authentication_self_subject_review *review = r->record;

	review->status = arena_new_of(r->arena, struct authentication_self_subject_review_status);
	review->status->user_info = user_record(r->arena, &r->user);
	review->metadata->creation_timestamp = act_wall(r->server->act);
	review->metadata->creation_timestamp.ns -= review->metadata->creation_timestamp.ns % TIME_S;
	review->metadata->has.creation_timestamp = true;
	return answer(r);
}

static enum next token_review(struct request *r)
{
	struct authentication_token_review *review = r->record;
	struct authentication a = { .bearer = review->spec->token,
				    .audiences = review->spec->audiences };
	bool is_known;

	if (review->spec->token.len == 0)
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "token is required for TokenReview in authentication"));
	if (access_identify(r, &a, &is_known) == WAIT)
		return WAIT;
	review->status = arena_new_of(r->arena, struct authentication_token_review_status);
	if (!is_known) {
		review->status->error =
		    a.why.text[0] ? request_printf(r, "[invalid bearer token, %s]", a.why.text)
				  : STR("invalid bearer token");
		return answer(r);
	}
	SET(review->status, authenticated, true);
	review->status->user = user_record(r->arena, &a.user);
	review->status->audiences = a.out_audiences;
	return answer(r);
}

/* ---- may they ------------------------------------------------------------------------------------------------ */

/* Requirements as the text that they would be in a query. One that has none there (a field of several values) is left out, as upstream does. */
static void add_escaped(struct text *out, struct str value)
{
	for (uint32_t i = 0; i < value.len; i++) {
		if (value.at[i] == '\\' || value.at[i] == ',' || value.at[i] == '=')
			text_add_char(out, '\\');
		text_add_char(out, value.at[i]);
	}
}

static struct str fields_text(const struct authorization_field_selector_attributes *from,
			      struct arena *arena)
{
	struct text out = text_in(arena, SELECTOR_TEXT_MAX);

	if (from == NULL || from->requirements.len == 0)
		return from != NULL ? from->raw_selector : STR_NONE;
	for (uint32_t i = 0; i < from->requirements.len; i++) {
		const struct meta_field_selector_requirement *need = &from->requirements.at[i];
		bool is_in = str_is(need->operator, "In");

		if (need->values.len != 1 || (!is_in && !str_is(need->operator, "NotIn")))
			continue;
		text_add(&out, out.len > 0 ? STR(",") : STR(""));
		text_add(&out, need->key);
		text_add(&out, is_in ? STR("=") : STR("!="));
		add_escaped(&out, need->values.at[0]);
	}
	return out.is_cut ? STR_NONE : text_str(&out);
}

static struct str labels_text(const struct authorization_label_selector_attributes *from,
			      struct arena *arena)
{
	struct meta_label_selector set = { 0 };
	struct selector selector;

	if (from == NULL || from->requirements.len == 0)
		return from != NULL ? from->raw_selector : STR_NONE;
	set.match_expressions = from->requirements;
	if (selector_from_label_selector(&set, arena, &selector, NULL) != OK)
		return STR_NONE;
	return selector_print(&selector, arena);
}

static struct attributes attributes_of(const struct user *user,
				       const struct authorization_resource_attributes *resource,
				       const struct authorization_non_resource_attributes *path,
				       struct arena *arena)
{
	struct attributes out = { .user = user };

	if (resource == NULL) {
		out.verb = path->verb;
		out.path = path->path;
		return out;
	}
	out.is_resource = true;
	out.verb = resource->verb;
	out.group = resource->group;
	out.version = resource->version;
	out.resource = resource->resource;
	out.subresource = resource->subresource;
	out.namespace = resource->namespace;
	out.name = resource->name;
	out.field_selector = fields_text(resource->field_selector, arena);
	out.label_selector = labels_text(resource->label_selector, arena);
	return out;
}

static enum next judge(struct request *r, const struct attributes *attributes,
		       struct authorization_subject_access_review_status **out)
{
	struct authorization_subject_access_review_status *status;
	struct access_verdict verdict;

	if (access_ask(r, attributes, true, &verdict) == WAIT)
		return WAIT;
	status = arena_new_of(r->arena, struct authorization_subject_access_review_status);
	SET(status, allowed, verdict.is_allowed);
	if (verdict.is_denied)
		SET(status, denied, true);
	status->reason = verdict.reason;
	*out = status;
	return answer(r);
}

static enum next invalid(struct request *r, const struct faults *faults)
{
	/* Upstream has forgotten by then what kind it was. */
	return request_fail(
	    r, failure_invalid(r->arena, type_group(r->type), STR(""), STR(""), faults));
}

static enum next self_access_review(struct request *r)
{
	struct authorization_self_subject_access_review *review = r->record;
	struct faults faults = faults_in(r->arena);
	struct attributes attributes;

	review_rule_self(&faults, review->spec);
	review_rule_metadata(&faults, review->metadata, false);
	if (faults.len > 0)
		return invalid(r, &faults);
	attributes = attributes_of(&r->user, review->spec->resource_attributes,
				   review->spec->non_resource_attributes, r->arena);
	return judge(r, &attributes, &review->status);
}

static struct user *user_of(struct arena *arena,
			    const struct authorization_subject_access_review_spec *spec)
{
	struct user *user = arena_new_of(arena, struct user);
	struct user_extra *extra = arena_array(arena, struct user_extra, spec->extra.len);

	*user = (struct user){ .name = spec->user,
			       .uid = spec->uid,
			       .groups = spec->groups.at,
			       .group_count = spec->groups.len,
			       .extra = extra,
			       .extra_count = spec->extra.len };
	for (uint32_t i = 0; i < spec->extra.len; i++)
		extra[i] =
		    (struct user_extra){ spec->extra.at[i].key, spec->extra.at[i].value.items.at,
					 spec->extra.at[i].value.items.len };
	return user;
}

static enum next access_review(struct request *r)
{
	struct authorization_subject_access_review *review = r->record;
	struct faults faults = faults_in(r->arena);
	struct attributes attributes;

	review_rule_subject(&faults, review->spec);
	review_rule_metadata(&faults, review->metadata, false);
	if (faults.len > 0)
		return invalid(r, &faults);
	attributes =
	    attributes_of(user_of(r->arena, review->spec), review->spec->resource_attributes,
			  review->spec->non_resource_attributes, r->arena);
	return judge(r, &attributes, &review->status);
}

static enum next local_access_review(struct request *r)
{
	struct authorization_local_subject_access_review *review = r->record;
	struct faults faults = faults_in(r->arena);
	struct attributes attributes;

	review_rule_subject(&faults, review->spec);
	review_rule_metadata(&faults, review->metadata, true);
	review_rule_local(&faults, review);
	if (faults.len > 0)
		return invalid(r, &faults);
	attributes = attributes_of(user_of(r->arena, review->spec),
				   review->spec->resource_attributes, NULL, r->arena);
	return judge(r, &attributes, &review->status);
}

/* ---- what may I ------------------------------------------------------------------------------------------------ */

static void add_rule(struct authorization_subject_rules_review_status *status,
		     const struct authorizer_rule *rule)
{
	struct str_list verbs = list_of(rule->verbs, rule->verb_count);

	if (rule->path_count > 0)
		status->non_resource_rules.at[status->non_resource_rules.len++] =
		    (struct authorization_non_resource_rule){ .verbs = verbs,
							      .non_resource_urls = list_of(
								  rule->paths, rule->path_count) };
	if (rule->resource_count > 0)
		status->resource_rules.at[status->resource_rules.len++] =
		    (struct authorization_resource_rule){
			    .verbs = verbs,
			    .api_groups = list_of(rule->groups, rule->group_count),
			    .resources = list_of(rule->resources, rule->resource_count),
			    .resource_names =
				list_of(rule->resource_names, rule->resource_name_count),
		    };
}

static enum next rules_review(struct request *r)
{
	struct authorization_self_subject_rules_review *review = r->record;
	struct authorizer_set rights = access_rights(r->server);
	struct authorizer_rules rules = { .arena = r->arena };
	struct authorization_subject_rules_review_status *status;

	if (review->spec->namespace.len == 0)
		return request_fail(r, failure_bad_request(r->arena, "no namespace on request"));
	if (!r->is_fresh)
		return request_refresh(r);
	for (uint32_t i = 0; i < rights.count; i++) {
		const struct authorizer *one = &rights.at[i];
		struct check_context check = request_context(r);

		if (one->rules != NULL)
			one->rules(one, &check, &r->user, review->spec->namespace, &rules);
		else
			rules.is_incomplete = true;
	}
	status = arena_new_of(r->arena, struct authorization_subject_rules_review_status);
	status->resource_rules.at =
	    arena_array(r->arena, struct authorization_resource_rule, rules.len + 1);
	status->non_resource_rules.at =
	    arena_array(r->arena, struct authorization_non_resource_rule, rules.len + 1);
	for (uint32_t i = 0; i < rules.len; i++)
		add_rule(status, &rules.at[i]);
	SET(status, incomplete, rules.is_incomplete);
	status->evaluation_error = rules.why_incomplete;
	review->status = status;
	return answer(r);
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static const struct review {
	const char *resource;
	struct verb_steps steps;
} reviews[] = {
	{ "selfsubjectreviews", { .name = "review", .decode = decode, .read = self_review } },
	{ "tokenreviews", { .name = "review", .decode = decode, .read = token_review } },
	{ "selfsubjectaccessreviews",
	  { .name = "review", .decode = decode, .read = self_access_review } },
	{ "subjectaccessreviews", { .name = "review", .decode = decode, .read = access_review } },
	{ "localsubjectaccessreviews",
	  { .name = "review", .decode = decode, .read = local_access_review } },
	{ "selfsubjectrulesreviews", { .name = "review", .decode = decode, .read = rules_review } },
};

const struct verb_steps *reviews_steps(const struct resource *resource, enum verb verb)
{
	if (str_is(resource->row->name, "componentstatuses"))
		return verb == VERB_GET    ? &component_status_get_steps
		       : verb == VERB_LIST ? &component_status_list_steps
					   : NULL;
	if (verb != VERB_CREATE)
		return NULL;
	if (str_is(resource->row->name, "bindings"))
		return &binding_collection_steps;
	for (size_t i = 0; i < sizeof reviews / sizeof reviews[0]; i++)
		if (str_is(resource->row->name, reviews[i].resource))
			return &reviews[i].steps;
	return NULL;
}

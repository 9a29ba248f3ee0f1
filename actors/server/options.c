#include "actors/server/options.h"

#include "actors/kinds/rule.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "transport/http/url.h"

#define DRY_RUN_MAX 16U

/* Go's strconv.ParseBool, which upstream's conversion of query parameters uses: "", false and 0 are false, else true. */
bool options_flag(struct str value)
{
	return !(value.len == 0 || str_is(value, "0") || str_eq_nocase(value, STR("false")));
}

static enum option_bool parse_option(struct str value)
{
	return options_flag(value) ? OPTION_TRUE : OPTION_FALSE;
}

static bool is_number(struct str value)
{
	uint32_t i = value.len > 0 && (value.at[0] == '-' || value.at[0] == '+') ? 1 : 0;

	if (i == value.len)
		return false;
	for (; i < value.len; i++)
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
	return true;
}

enum status options_number(struct str value, int64_t *out, struct fault *why)
{
	if (value.len == 0)
		return OK;
	if (str_to_i64(value, out) == OK)
		return OK;
	return fault_set(why, BAD_REQUEST, "", "strconv.ParseInt: parsing \"" STR_FMT "\": %s",
			 STR_ARG(value), is_number(value) ? "value out of range" : "invalid syntax");
}

struct parameter {
	const char *name;
	enum { TEXT, FLAG, OPTION, NUMBER } form;
	size_t offset;
};
#define PARAMETER(name, form, member)                        \
	{                                                    \
		name, form, offsetof(struct options, member) \
	}
static const struct parameter parameters[] = {
	PARAMETER("labelSelector", TEXT, label_selector),
	PARAMETER("fieldSelector", TEXT, field_selector),
	PARAMETER("watch", FLAG, is_watch),
	PARAMETER("resourceVersion", TEXT, resource_version),
	PARAMETER("resourceVersionMatch", TEXT, resource_version_match),
	PARAMETER("timeoutSeconds", NUMBER, timeout_seconds),
	PARAMETER("limit", NUMBER, limit),
	PARAMETER("continue", TEXT, continue_token),
	PARAMETER("allowWatchBookmarks", FLAG, wants_bookmarks),
	PARAMETER("sendInitialEvents", OPTION, send_initial_events),
	PARAMETER("fieldManager", TEXT, field_manager),
	PARAMETER("fieldValidation", TEXT, field_validation),
	PARAMETER("force", OPTION, force),
	PARAMETER("gracePeriodSeconds", NUMBER, grace_seconds),
	PARAMETER("propagationPolicy", TEXT, propagation),
	PARAMETER("orphanDependents", OPTION, orphan),
	PARAMETER("includeObject", TEXT, include_object),
	PARAMETER("pretty", TEXT, pretty),
};
#define PARAMETERS (sizeof parameters / sizeof parameters[0])

static enum status take(const struct parameter *parameter, struct str value, struct options *out,
			struct fault *why)
{
	void *at = (char *)out + parameter->offset;

	switch (parameter->form) {
	case TEXT: *(struct str *)at = value; return OK;
	case FLAG: *(bool *)at = options_flag(value); return OK;
	case OPTION: *(enum option_bool *)at = parse_option(value); return OK;
	case NUMBER: return options_number(value, at, why);
	}
	return OK;
}

static enum status take_other(struct arena *arena, struct str name, struct str value,
			      struct options *out, struct fault *why)
{
	if (str_is(name, "dryRun")) {
		struct str *at;

		if (out->dry_run_count == DRY_RUN_MAX)
			return fault_set(why, BAD_REQUEST, "", "too many values of dryRun");
		at = arena_array(arena, struct str, out->dry_run_count + 1);
		if (out->dry_run_count > 0)
			memcpy(at, out->dry_run, out->dry_run_count * sizeof *at);
		at[out->dry_run_count++] = value;
		out->dry_run = at;
	} else if (str_is(name, "timeout") && value.len > 0) {
		if (time_parse_duration(value, &out->deadline_ns) != OK)
			return fault_set(why, BAD_REQUEST, "",
					 "invalid timeout specified in the request URL - time: "
					 "invalid duration \"" STR_FMT "\"",
					 STR_ARG(value));
	}
	return OK;
}

enum status options_parse(struct arena *arena, struct str query, struct options *out,
			  struct fault *why)
{
	struct url_walk walk = url_walk(arena, query);
	uint32_t seen = 0; /* the first value of a name counts */
	struct str name, value;

	*out = (struct options){ 0 };
	while (url_walk_next(&walk, &name, &value)) {
		size_t i = 0;

		while (i < PARAMETERS && !str_is(name, parameters[i].name))
			i++;
		if (i == PARAMETERS) {
			TRY(take_other(arena, name, value, out, why));
			continue;
		}
		if (seen & 1U << i)
			continue;
		seen |= 1U << i;
		TRY(take(&parameters[i], value, out, why));
		if (str_is(name, "gracePeriodSeconds") && value.len > 0)
			out->has_grace = true;
	}
	TRY(selector_parse_labels(out->label_selector, arena, &out->labels, why));
	TRY(selector_parse_fields(out->field_selector, arena, &out->fields, why));
	if (out->limit < 0)
		out->limit = 0;
	return OK;
}
_Static_assert(PARAMETERS <= 32, "bits of seen");

bool options_want_watch(struct arena *arena, struct str query)
{
	struct str value;

	if (query.len == 0)
		return false;
	value = url_query_get(arena, query, STR("watch"));
	return value.at != NULL && options_flag(value);
}

/* ---- 422 ---------------------------------------------------------------------------------------------- */

static struct str list_text(struct arena *arena, const struct str *at, uint32_t count)
{
	struct text out = text_in(arena, 4U * KIB);

	text_add_char(&out, '[');
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(&out, ',');
		text_add(&out, name_quoted(arena, at[i]));
	}
	text_add_char(&out, ']');
	return text_str(&out);
}

static void validate_dry_run(const struct options *options, struct faults *faults)
{
	for (uint32_t i = 0; i < options->dry_run_count; i++) {
		if (str_is(options->dry_run[i], "All"))
			continue;
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("dryRun"),
			   list_text(faults->arena, options->dry_run, options->dry_run_count),
			   "supported values: \"All\"");
		return;
	}
}

static void validate_field_validation(const struct options *options, struct faults *faults)
{
	struct str value = options->field_validation;

	if (value.len > 0 && !str_is(value, "Ignore") && !str_is(value, "Warn") &&
	    !str_is(value, "Strict"))
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("fieldValidation"),
			   name_quoted(faults->arena, value),
			   "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
}

static void forbid(struct faults *faults, const char *field, const char *words)
{
	faults_add(faults, FAULT_FORBIDDEN, str_from(field), STR_NONE, "%s", words);
}

static void validate_list(const struct options *options, struct faults *faults)
{
	struct str match = options->resource_version_match;

	if (options->send_initial_events != OPTION_UNSET)
		forbid(faults, "sendInitialEvents", "sendInitialEvents is forbidden for list");
	if (match.len == 0)
		return;
	if (options->resource_version.len == 0)
		forbid(faults, "resourceVersionMatch",
		       "resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (options->continue_token.len > 0)
		forbid(faults, "resourceVersionMatch",
		       "resourceVersionMatch is forbidden when continue is provided");
	if (!str_is(match, "Exact") && !str_is(match, "NotOlderThan"))
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("resourceVersionMatch"),
			   name_quoted(faults->arena, match),
			   "supported values: \"Exact\", \"NotOlderThan\", \"\"");
	if (str_is(match, "Exact") && str_is(options->resource_version, "0"))
		forbid(faults, "resourceVersionMatch",
		       "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

static void validate_watch(const struct options *options, struct faults *faults)
{
	struct str match = options->resource_version_match;
	/* One that begins anywhere is taken for one that wants to see what is there, and says so. */
	bool is_legacy =
	    match.len == 0 && options->send_initial_events == OPTION_UNSET &&
	    (options->resource_version.len == 0 || str_is(options->resource_version, "0"));

	if (options->send_initial_events != OPTION_UNSET && !str_is(match, "NotOlderThan"))
		forbid(faults, "resourceVersionMatch",
		       "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (match.len > 0 && options->send_initial_events == OPTION_UNSET)
		forbid(faults, "resourceVersionMatch",
		       "resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
		       "provided");
	if (match.len > 0 && !str_is(match, "NotOlderThan"))
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("resourceVersionMatch"),
			   name_quoted(faults->arena, match), "supported values: \"NotOlderThan\"");
	if ((match.len > 0 || is_legacy) && options->continue_token.len > 0)
		forbid(faults, "resourceVersionMatch",
		       "resourceVersionMatch is forbidden when continue is provided");
}

static void validate_delete(const struct options *options, struct faults *faults)
{
	struct str policy = options->propagation;

	if (policy.len > 0 && options->orphan != OPTION_UNSET)
		faults_add(faults, FAULT_INVALID, STR("propagationPolicy"),
			   name_quoted(faults->arena, policy),
			   "orphanDependents and deletionPropagation cannot be both set");
	if (policy.len > 0 && !str_is(policy, "Foreground") && !str_is(policy, "Background") &&
	    !str_is(policy, "Orphan"))
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("propagationPolicy"),
			   name_quoted(faults->arena, policy),
			   "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
	validate_dry_run(options, faults);
}

static void validate_write(const struct options *options, struct faults *faults)
{
	validate_dry_run(options, faults);
	rule_manager(PATH_ROOT(faults, "fieldManager"), options->field_manager);
	validate_field_validation(options, faults);
}

void options_validate(const struct options *options, enum verb verb, bool is_apply,
		      struct faults *faults, const char **kind)
{
	switch (verb) {
	case VERB_LIST:
		*kind = "ListOptions";
		validate_list(options, faults);
		break;
	case VERB_WATCH:
		*kind = "ListOptions";
		validate_watch(options, faults);
		break;
	case VERB_CREATE:
		*kind = "CreateOptions";
		validate_write(options, faults);
		break;
	case VERB_UPDATE:
		*kind = "UpdateOptions";
		validate_write(options, faults);
		break;
	case VERB_PATCH:
		*kind = "PatchOptions";
		if (is_apply && options->field_manager.len == 0)
			faults_add(faults, FAULT_REQUIRED, STR("fieldManager"), STR_NONE,
				   "is required for apply patch");
		else if (!is_apply && options->force != OPTION_UNSET)
			forbid(faults, "force", "may not be specified for non-apply patch");
		validate_write(options, faults);
		break;
	case VERB_DELETE:
	case VERB_DELETE_COLLECTION:
		*kind = "DeleteOptions";
		validate_delete(options, faults);
		break;
	default: *kind = ""; break;
	}
}

/* ---- DeleteOptions in a body ------------------------------------------------------------------------------- */

static enum status decode_delete(struct arena *arena, struct str body, enum format format,
				 void **record, struct fault *why)
{
	struct proto_envelope envelope;
	struct str api_version, kind;

	if (format == FORMAT_JSON) {
		TRY(json_kind(body, arena, &api_version, &kind, why));
		if (kind.len > 0 && !str_is(kind, "DeleteOptions"))
			return fault_set(why, BAD_REQUEST, "",
					 "decoded object cannot be converted to DeleteOptions");
		return json_decode(&meta_delete_options_type, body, arena,
				   (struct json_options){ 0 }, record, why);
	}
	TRY(proto_envelope_open(body, &envelope, why));
	return proto_decode(&meta_delete_options_type, envelope.raw, arena,
			    (struct proto_options){ 0 }, record, why);
}

void options_take_delete(struct options *options, const struct meta_delete_options *in)
{
	options->has_grace = in->has.grace_period_seconds;
	options->grace_seconds = in->grace_period_seconds;
	options->propagation = in->propagation_policy;
	options->orphan = !in->has.orphan_dependents ? OPTION_UNSET
			  : in->orphan_dependents    ? OPTION_TRUE
						     : OPTION_FALSE;
	options->dry_run = in->dry_run.at;
	options->dry_run_count = in->dry_run.len;
	if (in->preconditions != NULL) {
		options->uid_precondition = in->preconditions->uid;
		options->version_precondition = in->preconditions->resource_version;
	}
}

void options_give_delete(const struct options *options, struct arena *arena,
			 struct meta_delete_options *out)
{
	*out = (struct meta_delete_options){
		.propagation_policy = options->propagation,
		.dry_run = { (struct str *)(uintptr_t)options->dry_run, options->dry_run_count },
	};
	if (options->has_grace)
		SET(out, grace_period_seconds, options->grace_seconds);
	if (options->orphan != OPTION_UNSET)
		SET(out, orphan_dependents, options->orphan == OPTION_TRUE);
	if (options->uid_precondition.at == NULL && options->version_precondition.at == NULL)
		return;
	MAKE(out->preconditions, arena)->uid = options->uid_precondition;
	out->preconditions->resource_version = options->version_precondition;
}

enum status options_read_delete(struct options *options, struct arena *arena, struct str body,
				enum format format, struct fault *why)
{
	void *record;

	if (body.len == 0)
		return OK;
	TRY(decode_delete(arena, body, format, &record, why));
	options_take_delete(options, record);
	return OK;
}

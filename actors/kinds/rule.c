#include "actors/kinds/rule.h"

#include "actors/kinds/seen.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"

#define MANAGER_BYTES_MAX 128U /* apimachinery: FieldManagerMaxLength */

#define PORT_MAX 65535
#define REASON_MAX 1024U        /* metav1.Condition */
#define MESSAGE_MAX (32U * KIB) /* the same */
#define KNOWN_VALUES_MAX 96U    /* the longest of the schema has fewer */
#define QUOTED_LIST_MAX 4096U

/* ---- text ----------------------------------------------------------------------------------------------- */

bool rule_name(const struct path *at, enum name_syntax syntax, struct str value)
{
	/* The path costs text: it is written only when there is something to say. */
	if (name_is(syntax, value))
		return true;
	return name_check(syntax, value, path_text(at), path_faults(at));
}

bool rule_name_prefix(const struct path *at, enum name_syntax syntax, struct str value)
{
	return name_check_prefix(syntax, value, path_text(at), path_faults(at));
}

struct str rule_words(const struct path *at, enum name_syntax syntax, struct str value,
		      const char *joint)
{
	struct faults found = faults_in(path_arena(at));
	struct text out = text_in(path_arena(at), QUOTED_LIST_MAX);
	uint32_t skip;

	if (name_check(syntax, value, STR(""), &found))
		return STR("");
	/* `Invalid value: "<value>": <words>` */
	skip = (uint32_t)strlen("Invalid value: : ") + name_quoted(path_arena(at), value).len;
	for (uint32_t i = 0; i < found.len; i++) {
		struct str message = found.at[i].message;

		text_printf(&out, "%s" STR_FMT, i ? joint : "",
			    STR_ARG(str_slice(message, skip, message.len)));
	}
	text_add_char(&out, '\0');
	return str_of(out.at, out.len - 1);
}

bool rule_whole_name(const struct path *at, enum name_syntax syntax, struct str value)
{
	struct str words = value.len > 0 ? rule_words(at, syntax, value, ",") : STR_NONE;

	return words.len == 0 || path_invalid(at, value, words.at);
}

bool rule_needed(const struct path *at, struct str value, const char *words)
{
	return value.len > 0 || path_required(at, words);
}

bool rule_needed_name(const struct path *at, enum name_syntax syntax, struct str value,
		      const char *words)
{
	return rule_needed(at, value, words) && rule_name(at, syntax, value);
}

static bool is_on(const struct known_value *known)
{
	struct str gate = known_value_gate(known);

	return gate.at == NULL || gate_is_on(gate);
}

static bool is_known(struct str value, const struct known_values *values)
{
	const struct known_value *known = known_values_at(values);

	for (uint32_t i = 0; i < values->len; i++)
		if (str_eq(value, known_value_text(&known[i])))
			return is_on(&known[i]);
	return false;
}

/* What stands at a value in quotes: "A", "B"; in the given order. */
static struct str quoted_list(const struct path *at, struct str_list list)
{
	struct text out = text_in(path_arena(at), QUOTED_LIST_MAX);

	for (uint32_t i = 0; i < list.len; i++)
		text_printf(&out, "%s\"" STR_FMT "\"", i ? ", " : "", STR_ARG(list.at[i]));
	return arena_str(path_arena(at), text_str(&out));
}

/* Upstream keeps such values in sets, which list in order. */
static struct str in_order(const struct path *at, const struct known_values *values)
{
	struct str sorted[KNOWN_VALUES_MAX];
	uint32_t len = 0;

	for (uint32_t i = 0; i < values->len && len < KNOWN_VALUES_MAX; i++) {
		const struct known_value *known = &known_values_at(values)[i];
		uint32_t place = len;

		if (!is_on(known))
			continue;
		for (; place > 0 && str_cmp(sorted[place - 1], known_value_text(known)) > 0; place--)
			sorted[place] = sorted[place - 1];
		sorted[place] = known_value_text(known);
		len++;
	}
	return quoted_list(at, (struct str_list){ sorted, len });
}

bool rule_one_of(const struct path *at, struct str value, const struct known_values *values)
{
	if (is_known(value, values))
		return true;
	return path_not_supported(at, value, in_order(at, values).at);
}

bool rule_needed_one_of(const struct path *at, struct str value, const struct known_values *values)
{
	return rule_needed(at, value, "") && rule_one_of(at, value, values);
}

static bool is_path_text(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    strchr("/-._~%!$&'()*+,;=:", c) == NULL)
			return false;
	}
	return text.len > 0;
}

bool rule_domain_path(const struct path *at, struct str value)
{
	struct str rest = value, host = str_cut(&rest, '/');
	bool is_good;

	if (value.len == 0)
		return path_required(at, "");
	if (host.len == 0 || rest.len == 0)
		return path_invalid(at, value,
				    "must be a domain-prefixed path (such as \"acme.io/foo\")");
	is_good = rule_name(at, NAME_DNS_SUBDOMAIN, host);
	if (!is_path_text(rest))
		return path_invalid(at, rest,
				    "Invalid path (regex used for validation is "
				    "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
	return is_good;
}

bool rule_at_most_bytes(const struct path *at, struct str value, uint32_t max)
{
	return value.len <= max || path_too_long(at, max);
}

bool rule_manager(const struct path *at, struct str value)
{
	bool is_good = rule_at_most_bytes(at, value, MANAGER_BYTES_MAX);

	for (uint32_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (c < 0x20 || c == 0x7f)
			is_good = path_invalid(
			    at, value,
			    arena_printf(path_arena(at),
					 "invalid character U+%04X (at position %u)", c, i)
				.at);
	}
	return is_good;
}

/* ---- numbers -------------------------------------------------------------------------------------------- */

bool rule_not_negative(const struct path *at, int64_t value)
{
	return value >= 0 || path_invalid_number(at, value, "must be greater than or equal to 0");
}

bool rule_range(const struct path *at, int64_t value, int64_t min, int64_t max)
{
	if (value >= min && value <= max)
		return true;
	return path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%jd", (intmax_t)value),
			  "must be between %jd and %jd, inclusive", (intmax_t)min, (intmax_t)max);
}

bool rule_port(const struct path *at, int64_t value)
{
	return rule_range(at, value, 1, PORT_MAX);
}

bool rule_port_or_name(const struct path *at, struct int_or_string value)
{
	return value.is_string ? rule_name(at, NAME_PORT_NAME, value.string)
			       : rule_port(at, value.number);
}

bool rule_count_or_percent(const struct path *at, struct int_or_string value)
{
	return value.is_string ? rule_name(at, NAME_PERCENT, value.string)
			       : rule_not_negative(at, value.number);
}

static bool percent_of(struct int_or_string value, int64_t *out)
{
	return value.is_string && name_is(NAME_PERCENT, value.string) &&
	       str_to_i64(str_slice(value.string, 0, value.string.len - 1), out) == OK;
}

bool rule_at_most_100_percent(const struct path *at, struct int_or_string value)
{
	int64_t percent;

	return !percent_of(value, &percent) || percent <= 100 ||
	       path_invalid(at, value.string, "must not be greater than 100%");
}

struct str rule_shown_count(const struct path *at, struct int_or_string value)
{
	return value.is_string ? name_quoted(path_arena(at), value.string)
			       : arena_printf(path_arena(at), "%d", value.number);
}

bool rule_is_nothing(struct int_or_string value)
{
	int64_t number;

	if (!value.is_string)
		return value.number == 0;
	if (percent_of(value, &number))
		return number == 0;
	/* Other text is read as a number, and counts as 0 when it is none. */
	return str_to_i64(value.string, &number) != OK || number == 0;
}

/* ---- labels --------------------------------------------------------------------------------------------- */

bool rule_labels(const struct path *at, struct str_map labels)
{
	bool is_good = true;

	for (uint32_t i = 0; i < labels.len; i++) {
		is_good = rule_name(at, NAME_LABEL_KEY, labels.at[i].key) && is_good;
		is_good = rule_name(at, NAME_LABEL_VALUE, labels.at[i].value) && is_good;
	}
	return is_good;
}

/* The key is shown as it came, and judged in lower case. */
static bool check_annotation_key(const struct path *at, struct str key)
{
	struct str words;

	if (name_is(NAME_LABEL_KEY, key))
		return true;
	words = rule_words(at, NAME_LABEL_KEY, arena_lower(path_arena(at), key), "\n");
	if (words.len == 0)
		return true;
	return path_invalid_lines(at, key, STR(""), words);
}

bool rule_annotations(const struct path *at, struct str_map annotations)
{
	uint64_t bytes = 0;
	bool is_good = true;

	for (uint32_t i = 0; i < annotations.len; i++) {
		bytes += (uint64_t)annotations.at[i].key.len + annotations.at[i].value.len;
		is_good = check_annotation_key(at, annotations.at[i].key) && is_good;
	}
	if (bytes > LIMIT_ANNOTATIONS_BYTES)
		return path_too_long(at, LIMIT_ANNOTATIONS_BYTES);
	return is_good;
}

static bool check_expression(const struct path *at,
			     const struct meta_label_selector_requirement *expression,
			     bool allows_bad_values)
{
	struct str relation = expression->operator;
	bool is_good = true;

	if (str_is(relation, "In") || str_is(relation, "NotIn")) {
		if (expression->values.len == 0)
			is_good =
			    path_required(PATH(at, "values"),
					  "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (str_is(relation, "Exists") || str_is(relation, "DoesNotExist")) {
		if (expression->values.len > 0)
			is_good = path_forbidden(
			    PATH(at, "values"),
			    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	} else {
		is_good =
		    path_invalid(PATH(at, "operator"), relation, "not a valid selector operator");
	}
	is_good = rule_name(PATH(at, "key"), NAME_LABEL_KEY, expression->key) && is_good;
	for (uint32_t i = 0; i < expression->values.len && !allows_bad_values; i++)
		is_good = rule_name(PATH_AT(PATH(at, "values"), i), NAME_LABEL_VALUE,
				    expression->values.at[i]) &&
			  is_good;
	return is_good;
}

bool rule_selector(const struct path *at, const struct meta_label_selector *selector,
		   bool allows_bad_values)
{
	bool is_good;

	if (selector == NULL)
		return true;
	is_good = rule_labels(PATH(at, "matchLabels"), selector->match_labels);
	for (uint32_t i = 0; i < selector->match_expressions.len; i++)
		is_good = check_expression(PATH_AT(PATH(at, "matchExpressions"), i),
					   &selector->match_expressions.at[i], allows_bad_values) &&
			  is_good;
	return is_good;
}

bool rule_selector_is_empty(const struct meta_label_selector *selector)
{
	return selector != NULL && selector->match_labels.len == 0 &&
	       selector->match_expressions.len == 0;
}

bool rule_selector_matches(const struct path *at, const struct meta_label_selector *selector,
			   struct str_map labels)
{
	struct selector parsed;

	return selector_from_label_selector(selector, path_arena(at), &parsed, NULL) == OK &&
	       selector_matches_labels(&parsed, labels);
}

/* ---- records -------------------------------------------------------------------------------------------- */

static bool check_condition(const struct path *at, const struct meta_condition *condition)
{
	uint32_t before = path_faults(at)->len;

	rule_needed_name(PATH(at, "type"), NAME_LABEL_KEY, condition->type, "is required");
	if (rule_needed(PATH(at, "status"), condition->status, "") &&
	    !str_is(condition->status, "True") && !str_is(condition->status, "False") &&
	    !str_is(condition->status, "Unknown"))
		path_not_supported(PATH(at, "status"), condition->status,
				   "\"False\", \"True\", \"Unknown\"");
	if (condition->observed_generation < 0)
		path_invalid_number(PATH(at, "observedGeneration"), condition->observed_generation,
				    "must be greater than or equal to zero");
	if (condition->last_transition_time.ns == 0)
		path_required(PATH(at, "lastTransitionTime"), "");
	if (rule_needed_name(PATH(at, "reason"), NAME_CONDITION_REASON, condition->reason, ""))
		rule_at_most_bytes(PATH(at, "reason"), condition->reason, REASON_MAX);
	rule_at_most_bytes(PATH(at, "message"), condition->message, MESSAGE_MAX);
	return path_faults(at)->len == before;
}

bool rule_conditions(const struct path *at, struct meta_condition_list conditions)
{
	struct seen types = seen_in(path_arena(at));
	bool is_good = true;

	for (uint32_t i = 0; i < conditions.len; i++) {
		if (!seen_add(&types, conditions.at[i].type))
			is_good = path_duplicate(PATH_AT(at, i), conditions.at[i].type);
		is_good = check_condition(PATH_AT(at, i), &conditions.at[i]) && is_good;
	}
	return is_good;
}

bool rule_unchanged(const struct path *at, const struct type *type, const char *member,
		    const void *now, const void *old)
{
	const struct field *field = type_field(type, str_from(member));

	assert(field != NULL);
	if (record_equal_field(field, now, old))
		return true;
	return path_fault(at, FAULT_INVALID, path_shown_field(at, type, member, now),
			  "field is immutable");
}

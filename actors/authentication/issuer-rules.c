#include "actors/authentication/issuer-rules.h"

#include <stdarg.h>
#include <stdio.h>

#include "datastore/object/name.h"

#define EXTRA_MAX 64U
#define RULES_MAX 64U

/* ---- what expressions see ----------------------------------------------------------------------------------- */

static const struct cel_type a_string = { .kind = CEL_STRING };
static const struct cel_type a_dyn = { .kind = CEL_DYN };
static const struct cel_type strings = { .kind = CEL_LIST, .param = &a_string };
static const struct cel_type extras = { .kind = CEL_MAP, .param = &a_string, .value = &strings };
static const struct cel_type claims_type = { .kind = CEL_MAP, .param = &a_string, .value = &a_dyn };

#define NAME(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
static const struct cel_field user_fields[] = { { NAME("extra"), &extras },
						{ NAME("groups"), &strings },
						{ NAME("uid"), &a_string },
						{ NAME("username"), &a_string } };
static const struct cel_type user_type = { .kind = CEL_OBJECT,
					   .name = NAME("kubernetes.UserInfo"),
					   .fields = user_fields,
					   .field_count = 4 };

static const struct check_variable claims_variable = { NAME("claims"), &claims_type };
static const struct check_variable user_variable = { NAME("user"), &user_type };

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct fault *why;
	struct str at; /* of the authenticator */
	bool uses_email, uses_verified;
};

static enum status refuse(struct reading *reading, const char *field, int index, const char *member,
			  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* AT.FIELD[INDEX].MEMBER: words; without the brackets where the index is negative, without the member where that is "". */
static enum status refuse(struct reading *reading, const char *field, int index, const char *member,
			  const char *format, ...)
{
	char place[32] = "", words[320];
	va_list args;

	if (index >= 0)
		snprintf(place, sizeof place, "[%d]", index);
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return fault_set(reading->why, BAD_REQUEST, field, STR_FMT ".%s%s%s%s: %s",
			 STR_ARG(reading->at), field, place, member[0] != '\0' ? "." : "", member,
			 words);
}

static enum status bound(struct reading *reading, const char *field, uint32_t len, uint32_t max)
{
	return len <= max ? OK
			  : refuse(reading, field, -1, "",
				   "Too many: %u: must have at most %u items", len, max);
}

static void give_back(void *program)
{
	cel_free(program);
}

struct place {
	const char *field;
	int index;
	const char *member;
};

static struct str first_line(struct str words)
{
	return str_cut(&words, '\n');
}

static enum status compile(struct reading *reading, struct place place,
			   const struct check_variable *variable, bool is_condition,
			   struct str text, struct cel_program **out)
{
	const struct cel_environment environment = { .variables = variable, .count = 1 };
	const struct cel_source source = { .text = text,
					   .environment = &environment,
					   .result = is_condition ? CEL_BOOL : CEL_DYN,
					   .wrong_result = "must evaluate to bool" };
	struct str words;

	if (cel_compile(&source, reading->arena, out, &words) != OK)
		/* The first line says what and where; the others draw it. */
		return refuse(reading, place.field, place.index, place.member,
			      "Invalid value: \"" STR_FMT "\": " STR_FMT, STR_ARG(text),
			      STR_ARG(first_line(words)));
	arena_on_free(reading->arena, give_back, *out);
	if (variable == &claims_variable)
		reading->uses_verified |= cel_selects(*out, STR("claims"), STR("email_verified"));
	return OK;
}

static enum status read_mapping(struct reading *reading, const char *field, struct str claim,
				struct str expression, struct issuer_mapping *out)
{
	if (claim.len > 0 && expression.len > 0)
		return refuse(reading, field, -1, "",
			      "Invalid value: \"\": claim and expression can't both be set");
	*out = (struct issuer_mapping){ .claim = claim, .text = expression };
	return expression.len == 0 ? OK
				   : compile(reading, (struct place){ field, -1, "expression" },
					     &claims_variable, false, expression, &out->program);
}

static enum status read_prefixed(struct reading *reading, const char *field,
				 const struct apiserver_prefixed_claim_or_expression *from,
				 bool is_needed, struct issuer_mapping *out)
{
	static const struct apiserver_prefixed_claim_or_expression none = { .claim = { NULL, 0 } };

	if (from == NULL)
		from = &none;
	if (is_needed && from->claim.len == 0 && from->expression.len == 0)
		return refuse(reading, field, -1, "",
			      "Required value: claim or expression is required");
	TRY(read_mapping(reading, field, from->claim, from->expression, out));
	if (from->expression.len > 0 && from->prefix.at != NULL)
		return refuse(reading, field, -1, "prefix",
			      "Invalid value: \"" STR_FMT
			      "\": may not be specified when expression is set",
			      STR_ARG(from->prefix));
	if (from->claim.len > 0 && from->prefix.at == NULL)
		return refuse(reading, field, -1, "prefix",
			      "Required value: prefix is required when claim is set. It can be set "
			      "to an empty string to disable prefixing");
	out->prefix = from->prefix;
	return OK;
}

/* Keys belong to whoever owns the domain before the slash; Kubernetes' own are not for others to say. */
static const char *extra_key_fault(struct str key)
{
	struct str rest = key, domain = str_cut(&rest, '/');

	if (rest.len == 0 || !name_is(NAME_DNS_SUBDOMAIN, domain))
		return "must be a domain-prefixed path (such as \"acme.io/foo\")";
	for (uint32_t i = 0; i < key.len; i++)
		if (key.at[i] >= 'A' && key.at[i] <= 'Z')
			return "must be lowercase";
	if (str_is(domain, "kubernetes.io") || str_ends(domain, STR(".kubernetes.io")) ||
	    str_is(domain, "k8s.io") || str_ends(domain, STR(".k8s.io")))
		return "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use";
	return NULL;
}

static enum status read_extra(struct reading *reading,
			      const struct apiserver_extra_mapping_list list,
			      struct issuer_rules *out)
{
	const char *field = "claimMappings.extra";

	TRY(bound(reading, field, list.len, EXTRA_MAX));
	out->extra = arena_array(reading->arena, struct issuer_mapping, list.len + 1);
	for (uint32_t i = 0; i < list.len; i++) {
		struct str key = list.at[i].key, text = list.at[i].value_expression;
		const char *fault = extra_key_fault(key);

		if (fault != NULL)
			return refuse(reading, field, (int)i, "key",
				      "Invalid value: \"" STR_FMT "\": %s", STR_ARG(key), fault);
		for (uint32_t j = 0; j < i; j++)
			if (str_eq(out->extra[j].key, key))
				return refuse(reading, field, (int)i, "key",
					      "Duplicate value: \"" STR_FMT "\"", STR_ARG(key));
		if (text.len == 0)
			return refuse(reading, field, (int)i, "valueExpression", "Required value");
		out->extra[i] = (struct issuer_mapping){ .key = key, .text = text };
		TRY(compile(reading, (struct place){ field, (int)i, "valueExpression" },
			    &claims_variable, false, text, &out->extra[i].program));
		out->extra_count++;
	}
	return OK;
}

static enum status read_mappings(struct reading *reading,
				 const struct apiserver_claim_mappings *from,
				 struct issuer_rules *out)
{
	static const struct apiserver_claim_mappings none = { .username = NULL };

	if (from == NULL)
		from = &none;
	TRY(read_prefixed(reading, "claimMappings.username", from->username, true, &out->username));
	TRY(read_prefixed(reading, "claimMappings.groups", from->groups, false, &out->groups));
	if (from->uid != NULL)
		TRY(read_mapping(reading, "claimMappings.uid", from->uid->claim,
				 from->uid->expression, &out->uid));
	if (out->username.program != NULL)
		reading->uses_email =
		    cel_selects(out->username.program, STR("claims"), STR("email"));
	return read_extra(reading, from->extra, out);
}

/* Behind those of its list, if none there is like it. */
static enum status add_rule(struct reading *reading, const char *field,
			    const struct check_variable *variable, const struct issuer_rule *rule,
			    struct issuer_rule *rules, uint32_t *count)
{
	const char *member = rule->claim.len > 0 ? "claim" : "expression";
	struct str said = rule->claim.len > 0 ? rule->claim : rule->text;
	int index = (int)*count;

	for (int i = 0; i < index; i++)
		if (str_eq(rules[i].claim, rule->claim) && str_eq(rules[i].text, rule->text))
			return refuse(reading, field, index, member,
				      "Duplicate value: \"" STR_FMT "\"", STR_ARG(said));
	rules[index] = *rule;
	if (rule->text.len > 0)
		TRY(compile(reading, (struct place){ field, index, "expression" }, variable, true,
			    rule->text, &rules[index].program));
	++*count;
	return OK;
}

/* One of a list of claimValidationRules. */
static enum status read_claim_rule(struct reading *reading, int index,
				   const struct apiserver_claim_validation_rule *from,
				   struct issuer_rules *out)
{
	const char *field = "claimValidationRules";

	if (from->claim.len > 0 && from->expression.len > 0)
		return refuse(reading, field, index, "",
			      "Invalid value: \"" STR_FMT
			      "\": claim and expression can't both be set",
			      STR_ARG(from->claim));
	if (from->claim.len == 0 && from->expression.len == 0)
		return refuse(reading, field, index, "",
			      "Required value: claim or expression is required");
	if (from->claim.len > 0 && from->message.len > 0)
		return refuse(reading, field, index, "message",
			      "Invalid value: \"" STR_FMT
			      "\": may not be specified when claim is set",
			      STR_ARG(from->message));
	if (from->expression.len > 0 && from->required_value.len > 0)
		return refuse(reading, field, index, "requiredValue",
			      "Invalid value: \"" STR_FMT
			      "\": may not be specified when expression is set",
			      STR_ARG(from->required_value));
	return add_rule(reading, field, &claims_variable,
			&(struct issuer_rule){ .claim = from->claim,
					       .value = from->required_value,
					       .text = from->expression,
					       .message = from->message },
			out->claims, &out->claim_count);
}

static enum status read_claim_rules(struct reading *reading,
				    const struct apiserver_claim_validation_rule_list list,
				    struct issuer_rules *out)
{
	TRY(bound(reading, "claimValidationRules", list.len, RULES_MAX));
	out->claims = arena_array(reading->arena, struct issuer_rule, list.len + 1);
	for (uint32_t i = 0; i < list.len; i++)
		TRY(read_claim_rule(reading, (int)i, &list.at[i], out));
	return OK;
}

static enum status read_user_rules(struct reading *reading,
				   const struct apiserver_user_validation_rule_list list,
				   struct issuer_rules *out)
{
	const char *field = "userValidationRules";

	TRY(bound(reading, field, list.len, RULES_MAX));
	out->users = arena_array(reading->arena, struct issuer_rule, list.len + 1);
	for (uint32_t i = 0; i < list.len; i++) {
		if (list.at[i].expression.len == 0)
			return refuse(reading, field, (int)i, "expression", "Required value");
		TRY(add_rule(reading, field, &user_variable,
			     &(struct issuer_rule){ .text = list.at[i].expression,
						    .message = list.at[i].message },
			     out->users, &out->user_count));
	}
	return OK;
}

enum status issuer_rules_read(const struct apiserver_jwt_authenticator *from, struct str at,
			      struct arena *arena, struct issuer_rules *out, struct fault *why)
{
	struct reading reading = { .arena = arena, .why = why, .at = at };

	*out = (struct issuer_rules){ .extra_count = 0 };
	TRY(read_claim_rules(&reading, from->claim_validation_rules, out));
	TRY(read_mappings(&reading, from->claim_mappings, out));
	if (reading.uses_email && !reading.uses_verified)
		return refuse(&reading, "claimMappings.username", -1, "expression",
			      "Invalid value: \"" STR_FMT
			      "\": claims.email_verified must be used in "
			      "claimMappings.username.expression or "
			      "claimMappings.extra[*].valueExpression or "
			      "claimValidationRules[*].expression when claims.email is used in "
			      "claimMappings.username.expression",
			      STR_ARG(out->username.text));
	return read_user_rules(&reading, from->user_validation_rules, out);
}

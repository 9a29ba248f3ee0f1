#include "actors/authentication/issuer-rules.h"
#include "datastore/custom/rule/view.h"

/* From claims to a user, in upstream's order: who it is first, then whether its issuer's rules hold. */

#define VALUES_MAX 1024U /* groups, or values of one extra: a token has JWT_MAX bytes */

struct applying {
	const struct issuer_rules *rules;
	const struct value *claims;
	struct cel_value shown; /* the claims, to expressions */
	struct arena *arena;
	struct fault *why;
	uint64_t cost;
};

#define DENY(applying, ...) fault_set((applying)->why, UNAUTHORIZED, "", "oidc: " __VA_ARGS__)

static struct cel_value evaluate(struct applying *applying, struct cel_program *program)
{
	return cel_evaluate(program, &applying->shown, applying->arena, &applying->cost);
}

/* A string claim: absent where there is none. */
static enum status claim_text(struct applying *applying, const char *what, struct str claim,
			      struct str *out)
{
	const struct value *value = value_member(applying->claims, claim);

	if (value == NULL)
		return DENY(applying, "parse %s claims \"" STR_FMT "\": claim not present", what,
			    STR_ARG(claim));
	if (value->kind != VALUE_STRING)
		return DENY(applying, "parse %s claims \"" STR_FMT "\": it is no string", what,
			    STR_ARG(claim));
	*out = value->text;
	return OK;
}

static enum status mapped_text(struct applying *applying, const char *what,
			       const struct issuer_mapping *mapping, struct str *out)
{
	struct cel_value value;

	if (mapping->claim.len > 0)
		return claim_text(applying, what, mapping->claim, out);
	value = evaluate(applying, mapping->program);
	if (value.kind == CEL_ERROR)
		return DENY(applying, "error evaluating %s claim expression: " STR_FMT, what,
			    STR_ARG(value.text));
	if (value.kind != CEL_STRING)
		return DENY(applying,
			    "error evaluating %s claim expression: %s claim expression must "
			    "return a string",
			    what, what);
	*out = value.text;
	return OK;
}

/* An address that its issuer has not verified is whoever's that wants to be somebody. */
static enum status check_email(struct applying *applying)
{
	const struct value *verified = value_member(applying->claims, STR("email_verified"));

	if (verified == NULL || !str_is(applying->rules->username.claim, "email"))
		return OK;
	if (verified->kind != VALUE_BOOL)
		return DENY(applying, "parse 'email_verified' claim: it is no bool");
	return verified->is_true ? OK : DENY(applying, "email not verified");
}

static enum status take_username(struct applying *applying, struct user *out)
{
	const struct issuer_mapping *mapping = &applying->rules->username;

	TRY(mapped_text(applying, "username", mapping, &out->name));
	TRY(check_email(applying));
	/* Nobody is called nothing, whatever stands before it. */
	if (out->name.len == 0)
		return DENY(applying, "the username is empty");
	if (mapping->prefix.len > 0)
		out->name = arena_printf(applying->arena, STR_FMT STR_FMT, STR_ARG(mapping->prefix),
					 STR_ARG(out->name));
	return OK;
}

struct strings {
	struct str *at;
	uint32_t len;
};

static enum status add_string(struct applying *applying, struct strings *out, struct str text)
{
	if (out->len == VALUES_MAX)
		return DENY(applying, "a list has more than %u values", VALUES_MAX);
	out->at[out->len++] = text;
	return OK;
}

/* One string is a list of one; empty ones are none. */
static enum status strings_of(struct applying *applying, struct cel_value value, struct strings *out)
{
	out->at = arena_array(applying->arena, struct str, VALUES_MAX);
	if (value.kind == CEL_ERROR)
		return DENY(applying, "error evaluating claim expression: " STR_FMT,
			    STR_ARG(value.text));
	if (value.kind == CEL_NULL)
		return OK;
	if (value.kind == CEL_STRING)
		return value.text.len > 0 ? add_string(applying, out, value.text) : OK;
	for (uint32_t i = 0; value.kind == CEL_LIST && i < value.list->len; i++) {
		struct cel_value item = cel_list_item(value.list, i, applying->arena);

		if (item.kind != CEL_STRING)
			value.kind = CEL_DYN;
		else if (item.text.len > 0)
			TRY(add_string(applying, out, item.text));
	}
	return value.kind == CEL_LIST
		   ? OK
		   : DENY(applying, "error evaluating claim expression: expression must return a "
				    "string or a list of strings");
}

static enum status groups_of_claim(struct applying *applying, const struct value *value,
				   struct strings *out)
{
	const struct issuer_mapping *mapping = &applying->rules->groups;
	uint32_t count = value->kind == VALUE_LIST ? value->len : 1;
	const struct value *items = value->kind == VALUE_LIST ? value->items : value;

	out->at = arena_array(applying->arena, struct str, VALUES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		if (items[i].kind != VALUE_STRING)
			return DENY(applying,
				    "parse groups claim \"" STR_FMT
				    "\": it is neither a string nor a list of strings",
				    STR_ARG(mapping->claim));
		TRY(add_string(applying, out,
			       mapping->prefix.len == 0
				   ? items[i].text
				   : arena_printf(applying->arena, STR_FMT STR_FMT,
						  STR_ARG(mapping->prefix),
						  STR_ARG(items[i].text))));
	}
	return OK;
}

static enum status take_groups(struct applying *applying, struct user *out)
{
	const struct issuer_mapping *mapping = &applying->rules->groups;
	const struct value *value =
	    mapping->claim.len > 0 ? value_member(applying->claims, mapping->claim) : NULL;
	struct strings groups = { NULL, 0 };

	if (value != NULL)
		TRY(groups_of_claim(applying, value, &groups));
	else if (mapping->program != NULL)
		TRY(strings_of(applying, evaluate(applying, mapping->program), &groups));
	out->groups = groups.at;
	out->group_count = groups.len;
	return OK;
}

/* Those of the mapping, and by which token: what upstream calls the credential. */
static enum status take_extra(struct applying *applying, struct user *out)
{
	const struct issuer_rules *rules = applying->rules;
	const struct value *id = value_member(applying->claims, STR("jti"));
	struct user_extra *extra =
	    arena_array(applying->arena, struct user_extra, rules->extra_count + 1);

	for (uint32_t i = 0; i < rules->extra_count; i++) {
		struct strings values = { NULL, 0 };

		TRY(strings_of(applying, evaluate(applying, rules->extra[i].program), &values));
		if (values.len > 0)
			extra[out->extra_count++] =
			    (struct user_extra){ rules->extra[i].key, values.at, values.len };
	}
	if (id != NULL && id->kind == VALUE_STRING && id->text.len > 0) {
		struct str *value = arena_new_of(applying->arena, struct str);

		*value = arena_printf(applying->arena, "JTI=" STR_FMT, STR_ARG(id->text));
		extra[out->extra_count++] =
		    (struct user_extra){ STR("authentication.kubernetes.io/credential-id"), value,
					 1 };
	}
	out->extra = extra;
	return OK;
}

static enum status check_required(struct applying *applying, const struct issuer_rule *rule)
{
	const struct value *value = value_member(applying->claims, rule->claim);

	if (value == NULL)
		return DENY(applying, "required claim " STR_FMT " not present in ID token",
			    STR_ARG(rule->claim));
	if (value->kind != VALUE_STRING || !str_eq(value->text, rule->value))
		return DENY(applying, "required claim " STR_FMT " value does not match",
			    STR_ARG(rule->claim));
	return OK;
}

static enum status check_rule(struct applying *applying, const struct issuer_rule *rule,
			      const char *what)
{
	struct cel_value value = evaluate(applying, rule->program);

	if (value.kind == CEL_ERROR)
		return DENY(applying, "error evaluating %s expression: " STR_FMT, what,
			    STR_ARG(value.text));
	if (value.kind == CEL_BOOL && value.is_true)
		return OK;
	return DENY(
	    applying,
	    "error evaluating %s expression: validation expression '" STR_FMT "' failed%s" STR_FMT,
	    what, STR_ARG(rule->text), rule->message.len > 0 ? ": " : "", STR_ARG(rule->message));
}

/* ---- the user, to rules about it ---------------------------------------------------------------------------------- */

static struct cel_value list_of(struct arena *arena, const struct str *at, uint32_t len)
{
	struct cel_value *items = arena_array(arena, struct cel_value, len + 1);

	for (uint32_t i = 0; i < len; i++)
		items[i] = cel_string(at[i]);
	return cel_list_make(arena, items, len);
}

static struct cel_value insert(struct arena *arena, struct cel_value map, struct str key,
			       struct cel_value value)
{
	return cel_map_insert(map.map, cel_string(key), value, arena);
}

/* As upstream's conversion has it: what is empty is not there. */
static struct cel_value show_user(struct arena *arena, const struct user *user)
{
	struct cel_value out = cel_map_make(arena), extra = cel_map_make(arena);

	out = insert(arena, out, STR("username"), cel_string(user->name));
	if (user->uid.len > 0)
		out = insert(arena, out, STR("uid"), cel_string(user->uid));
	if (user->group_count > 0)
		out = insert(arena, out, STR("groups"),
			     list_of(arena, user->groups, user->group_count));
	for (uint32_t i = 0; i < user->extra_count; i++)
		extra = insert(arena, extra, user->extra[i].key,
			       list_of(arena, user->extra[i].values, user->extra[i].value_count));
	return user->extra_count > 0 ? insert(arena, out, STR("extra"), extra) : out;
}

enum status issuer_rules_apply(const struct issuer_rules *rules, const struct value *claims,
			       struct arena *arena, struct user *out, struct fault *why)
{
	struct applying applying = { .rules = rules,
				     .claims = claims,
				     .shown = view_value(claims, NULL, arena),
				     .arena = arena,
				     .why = why };
	struct user user = { .extra_count = 0 };

	TRY(take_username(&applying, &user));
	TRY(take_groups(&applying, &user));
	if (rules->uid.claim.len > 0 || rules->uid.program != NULL)
		TRY(mapped_text(&applying, "uid", &rules->uid, &user.uid));
	TRY(take_extra(&applying, &user));
	for (uint32_t i = 0; i < rules->claim_count; i++)
		if (rules->claims[i].program == NULL)
			TRY(check_required(&applying, &rules->claims[i]));
	for (uint32_t i = 0; i < rules->claim_count; i++)
		if (rules->claims[i].program != NULL)
			TRY(check_rule(&applying, &rules->claims[i], "claim validation"));
	applying.shown = show_user(arena, &user);
	for (uint32_t i = 0; i < rules->user_count; i++)
		TRY(check_rule(&applying, &rules->users[i], "user info validation"));
	*out = user;
	return OK;
}

#include "deploy/main/api/oidc-options.h"

#include "datastore/schema/type.h"
#include "deploy/main/api/file/operator-file.h"
#include "transport/tls/jwt.h"

#define CLAIMS_MAX 64U

static struct str text_of(const struct command_line *line, const char *name)
{
	return str_from(command_text(line, name));
}

static enum status read_algorithms(const struct command_line *line, struct arena *arena,
				   struct str *out, struct fault *why)
{
	struct str rest = text_of(line, "oidc-signing-algs");
	char *bars = arena_cstr(arena, rest);

	while (rest.at != NULL) {
		struct str one = str_cut(&rest, ',');

		if (!jwt_algorithm_is_known(one))
			return fault_set(why, BAD_REQUEST, "oidc-signing-algs",
					 "--oidc-signing-algs: unsupported signing alg: \"" STR_FMT
					 "\": it is none of RS256, RS384, RS512, PS256, PS384, "
					 "PS512, ES256, ES384, ES512",
					 STR_ARG(one));
	}
	for (char *at = bars; *at != '\0'; at++)
		if (*at == ',')
			*at = '|';
	*out = str_from(bars);
	return OK;
}

static enum status read_claims(const struct command_line *line, struct arena *arena,
			       struct apiserver_claim_validation_rule_list *out, struct fault *why)
{
	struct str rest = text_of(line, "oidc-required-claim");

	out->at = arena_array(arena, struct apiserver_claim_validation_rule, CLAIMS_MAX);
	while (rest.at != NULL) {
		struct str value = str_cut(&rest, ','), claim = str_cut(&value, '=');

		if (claim.len == 0 || value.at == NULL || out->len == CLAIMS_MAX)
			return fault_set(why, BAD_REQUEST, "oidc-required-claim",
					 "--oidc-required-claim wants CLAIM=VALUE, with commas "
					 "between, %u at most",
					 CLAIMS_MAX);
		out->at[out->len++] = (struct apiserver_claim_validation_rule){
			.claim = arena_str(arena, claim), .required_value = arena_str(arena, value)
		};
	}
	return OK;
}

/* What upstream has made of it since: the subject of one issuer is not that of another. */
static struct str username_prefix(const struct command_line *line, struct arena *arena)
{
	struct str given = text_of(line, "oidc-username-prefix");

	if (str_is(given, "-"))
		return STR("");
	if (given.len > 0)
		return given;
	if (str_is(text_of(line, "oidc-username-claim"), "email"))
		return STR("");
	return arena_printf(arena, "%s#", command_text(line, "oidc-issuer-url"));
}

static enum status read_issuer(const struct command_line *line, struct arena *arena,
			       struct apiserver_issuer **out, struct fault *why)
{
	struct apiserver_issuer *issuer = arena_new_of(arena, struct apiserver_issuer);
	const char *path = command_text(line, "oidc-ca-file");

	issuer->url = text_of(line, "oidc-issuer-url");
	issuer->audiences.at = arena_array(arena, struct str, 1);
	issuer->audiences.at[0] = text_of(line, "oidc-client-id");
	issuer->audiences.len = 1;
	*out = issuer;
	return path == NULL ? OK
			    : operator_file_read(path, arena, &issuer->certificate_authority, why);
}

static struct apiserver_claim_mappings *mappings_of(const struct command_line *line,
						    struct arena *arena)
{
	struct apiserver_claim_mappings *out = arena_new_of(arena, struct apiserver_claim_mappings);
	const char *prefix = command_text(line, "oidc-groups-prefix");

	out->username = arena_new_of(arena, struct apiserver_prefixed_claim_or_expression);
	out->username->claim = text_of(line, "oidc-username-claim");
	out->username->prefix = username_prefix(line, arena);
	out->groups = arena_new_of(arena, struct apiserver_prefixed_claim_or_expression);
	out->groups->claim = text_of(line, "oidc-groups-claim");
	if (out->groups->claim.len > 0)
		out->groups->prefix = str_from(prefix != NULL ? prefix : "");
	return out;
}

/* One of them says nothing without the two. */
static const char *first_of_others(const struct command_line *line)
{
	static const char *const others[] = { "oidc-username-prefix", "oidc-groups-claim",
					      "oidc-groups-prefix", "oidc-required-claim",
					      "oidc-ca-file" };

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (command_text(line, others[i]) != NULL)
			return others[i];
	return NULL;
}

enum status oidc_options_load(const struct command_line *line, struct arena *arena,
			      struct apiserver_jwt_authenticator_list *out, struct str *algorithms,
			      struct fault *why)
{
	struct apiserver_jwt_authenticator *one;
	bool has_url = command_text(line, "oidc-issuer-url") != NULL;
	bool has_client = command_text(line, "oidc-client-id") != NULL;

	*out = (struct apiserver_jwt_authenticator_list){ NULL, 0 };
	*algorithms = STR_NONE;
	if (!has_url && !has_client && first_of_others(line) == NULL)
		return OK;
	if (!has_url || !has_client)
		return fault_set(why, BAD_REQUEST, "oidc-issuer-url",
				 "--oidc-issuer-url and --oidc-client-id must be specified "
				 "together when any --oidc-* option is given");
	one = arena_new_of(arena, struct apiserver_jwt_authenticator);
	TRY(read_algorithms(line, arena, algorithms, why));
	TRY(read_claims(line, arena, &one->claim_validation_rules, why));
	TRY(read_issuer(line, arena, &one->issuer, why));
	one->claim_mappings = mappings_of(line, arena);
	*out = (struct apiserver_jwt_authenticator_list){ one, 1 };
	return OK;
}

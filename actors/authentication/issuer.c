#include "actors/authentication/issuer.h"

#include "actors/authentication/audience.h"

#include "runtime/actor/seams.h"
#include "transport/tls/certificate.h"
#include "transport/tls/jwt.h"

#define NOT_BEFORE_LEEWAY_NS (60 * TIME_S) /* clocks differ; an end is an end, as upstream has it */
#define WELL_KNOWN "/.well-known/openid-configuration"
#define GOOGLE STR("https://accounts.google.com")

/* ---- reading ------------------------------------------------------------------------------------------------------ */

struct reading {
	struct arena *arena;
	struct fault *why;
	struct str at; /* jwt[0] */
};

#define REFUSE(reading, field, format, ...)                                                 \
	fault_set((reading)->why, BAD_REQUEST, field, STR_FMT ".issuer." field ": " format, \
		  STR_ARG((reading)->at), ##__VA_ARGS__)

/* NULL: nothing is wrong with it. */
static const char *url_fault(struct str text)
{
	struct str rest = str_slice(text, sizeof "https://" - 1, text.len);
	struct str authority = str_cut(&rest, '/');

	if (!str_starts(text, STR("https://")))
		return "URL scheme must be https";
	if (str_find_char(authority, '@') >= 0)
		return "URL must not contain a username or password";
	if (str_find_char(text, '?') >= 0)
		return "URL must not contain a query";
	if (str_find_char(text, '#') >= 0)
		return "URL must not contain a fragment";
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return "this is no URL";
	return authority.len > 0 ? NULL : "URL must have a host";
}

static struct str without_slashes(struct str url)
{
	while (str_ends(url, STR("/")))
		url.len--;
	return url;
}

static enum status read_urls(struct reading *reading, const struct apiserver_issuer *from,
			     const struct issuer_limits *limits, struct issuer *out)
{
	const char *fault;

	if (from->url.len == 0)
		return REFUSE(reading, "url", "Required value");
	for (uint32_t i = 0; i < limits->own.len; i++)
		if (str_eq(from->url, limits->own.at[i]))
			return REFUSE(reading, "url",
				      "Invalid value: \"" STR_FMT
				      "\": URL must not overlap with disallowed issuers: [" STR_FMT
				      "]",
				      STR_ARG(from->url), STR_ARG(limits->own.at[i]));
	fault = url_fault(from->url);
	if (fault != NULL)
		return REFUSE(reading, "url", "Invalid value: \"" STR_FMT "\": %s",
			      STR_ARG(from->url), fault);
	out->url = out->source.issuer = from->url;
	out->source.discovery =
	    arena_printf(reading->arena, STR_FMT WELL_KNOWN, STR_ARG(without_slashes(from->url)));
	if (from->discovery_url.len == 0)
		return OK;
	fault = str_eq(without_slashes(from->url), without_slashes(from->discovery_url))
		    ? "discoveryURL must be different from URL"
		    : url_fault(from->discovery_url);
	if (fault != NULL)
		return REFUSE(reading, "discoveryURL", "Invalid value: \"" STR_FMT "\": %s",
			      STR_ARG(from->discovery_url), fault);
	out->source.discovery = from->discovery_url;
	return OK;
}

static enum status read_audiences(struct reading *reading, const struct apiserver_issuer *from,
				  struct issuer *out)
{
	struct str_list list = from->audiences;
	struct str policy = from->audience_match_policy;

	if (list.len == 0)
		return REFUSE(reading, "audiences",
			      "Required value: at least one " STR_FMT
			      ".issuer.audiences is required",
			      STR_ARG(reading->at));
	for (uint32_t i = 0; i < list.len; i++) {
		if (list.at[i].len == 0)
			return REFUSE(reading, "audiences", "Required value: element %u", i);
		for (uint32_t j = 0; j < i; j++)
			if (str_eq(list.at[i], list.at[j]))
				return REFUSE(reading, "audiences",
					      "Duplicate value: \"" STR_FMT "\"",
					      STR_ARG(list.at[i]));
	}
	if (list.len > 1 && !str_is(policy, "MatchAny"))
		return REFUSE(reading, "audienceMatchPolicy",
			      "Invalid value: \"" STR_FMT
			      "\": audienceMatchPolicy must be MatchAny for multiple audiences",
			      STR_ARG(policy));
	if (policy.len > 0 && !str_is(policy, "MatchAny"))
		return REFUSE(
		    reading, "audienceMatchPolicy",
		    "Invalid value: \"" STR_FMT
		    "\": audienceMatchPolicy must be empty or MatchAny for single audience",
		    STR_ARG(policy));
	out->audiences = list;
	return OK;
}

static enum status read_authorities(struct reading *reading, const struct apiserver_issuer *from,
				    struct issuer *out)
{
	struct certificate_info info;
	struct fault said = { 0 };

	if (from->certificate_authority.len == 0)
		return OK;
	if (certificate_read(from->certificate_authority, reading->arena, &info, &said) != OK)
		return REFUSE(reading, "certificateAuthority",
			      "Invalid value: \"<omitted>\": %.200s", said.text);
	out->source.authorities = from->certificate_authority;
	return OK;
}

static enum status read_issuer(struct reading *reading, const struct apiserver_issuer *from,
			       const struct issuer_limits *limits, struct issuer *out)
{
	static const struct apiserver_issuer none = { .url = { NULL, 0 } };

	if (from == NULL)
		from = &none;
	TRY(read_urls(reading, from, limits, out));
	TRY(read_audiences(reading, from, out));
	TRY(read_authorities(reading, from, out));
	if (from->egress_selector_type.len > 0)
		return REFUSE(reading, "egressSelectorType",
			      "Invalid value: \"" STR_FMT "\": there are no egress selectors here",
			      STR_ARG(from->egress_selector_type));
	out->algorithms = limits->algorithms;
	return OK;
}

/* Of the issuers before it: none has its name, none its document. */
static enum status check_others(struct reading *reading, const struct issuer_set *set,
				const struct issuer *one)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (str_eq(set->at[i].url, one->url))
			return REFUSE(reading, "url", "Duplicate value: \"" STR_FMT "\"",
				      STR_ARG(one->url));
		if (str_eq(set->at[i].source.discovery, one->source.discovery))
			return REFUSE(reading, "discoveryURL", "Duplicate value: \"" STR_FMT "\"",
				      STR_ARG(one->source.discovery));
	}
	return OK;
}

enum status issuer_set_read(const struct apiserver_jwt_authenticator_list *list,
			    const struct issuer_limits *limits, struct arena *arena,
			    struct issuer_set *out, struct fault *why)
{
	struct issuer_set set = { arena_array(arena, struct issuer, list->len + 1), 0 };

	if (list->len > ISSUERS_MAX)
		return fault_set(why, BAD_REQUEST, "jwt",
				 "jwt: Too many: %u: must have at most %u items", list->len,
				 ISSUERS_MAX);
	for (uint32_t i = 0; i < list->len; i++) {
		struct reading reading = { arena, why, arena_printf(arena, "jwt[%u]", i) };
		struct issuer *one = &set.at[i];

		list_init(&one->source.waiters);
		TRY(read_issuer(&reading, list->at[i].issuer, limits, one));
		TRY(check_others(&reading, &set, one));
		TRY(issuer_rules_read(&list->at[i], reading.at, arena, &one->rules, why));
		set.count++;
	}
	*out = set;
	return OK;
}

bool issuer_set_is_busy(const struct issuer_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (issuer_source_is_busy(&set->at[i].source))
			return true;
	return false;
}

void issuer_set_fini(struct issuer_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		issuer_source_fini(&set->at[i].source);
}

/* ---- judging --------------------------------------------------------------------------------------------------------- */

static enum check refuse(struct authentication *a, const char *words)
{
	fault_set(&a->why, UNAUTHORIZED, "", "oidc: verify token: %s", words);
	return CHECK_PASS;
}

static struct issuer *find(const struct issuer_set *set, const struct value *claims)
{
	const struct value *said = value_member(claims, STR("iss"));
	struct str url;

	if (said == NULL || said->kind != VALUE_STRING)
		return NULL;
	/* The one provider that leaves the scheme out. */
	url = str_is(said->text, "accounts.google.com") ? GOOGLE : said->text;
	for (uint32_t i = 0; i < set->count; i++)
		if (str_eq(set->at[i].url, url))
			return &set->at[i];
	return NULL;
}

static bool is_named(const struct issuer *issuer, const struct value *audience)
{
	return audience->kind == VALUE_STRING && str_list_has(issuer->audiences, audience->text);
}

static bool has_audience(const struct issuer *issuer, const struct value *claims)
{
	const struct value *said = value_member(claims, STR("aud"));

	if (said == NULL)
		return false;
	if (said->kind != VALUE_LIST)
		return is_named(issuer, said);
	for (uint32_t i = 0; i < said->len; i++)
		if (is_named(issuer, &said->items[i]))
			return true;
	return false;
}

/* Seconds, perhaps with a fraction; false: there are none. */
static bool seconds_of(const struct value *claims, const char *name, int64_t *out)
{
	const struct value *said = value_member(claims, str_from(name));
	double seconds;

	if (said == NULL || (said->kind != VALUE_INTEGER && said->kind != VALUE_DOUBLE))
		return false;
	seconds = said->kind == VALUE_INTEGER ? (double)said->integer : said->number;
	if (!(seconds > 0 && seconds < 9e9))
		return false;
	*out = (int64_t)seconds;
	return true;
}

static const char *time_fault(const struct value *claims, struct wall now)
{
	int64_t expires, begins;

	if (!seconds_of(claims, "exp", &expires) || now.ns > expires * TIME_S)
		return "the token is expired";
	if (value_member(claims, STR("nbf")) != NULL &&
	    (!seconds_of(claims, "nbf", &begins) || now.ns + NOT_BEFORE_LEEWAY_NS < begins * TIME_S))
		return "the token is not valid yet";
	return NULL;
}

static bool takes_algorithm(const struct issuer *issuer, struct str algorithm)
{
	return jwt_algorithm_is_known(algorithm) &&
	       (issuer->algorithms.len == 0 || str_is_among(algorithm, issuer->algorithms.at, '|'));
}

/* By these keys: what is remembered of others says nothing. */
static bool is_signed(struct issuers *issuers, const struct issuer_keys *keys, struct str token,
		      const struct jwt *jwt)
{
	struct token_digest digest = token_digest_of(token);

	for (size_t i = 0; i < sizeof keys->stamp; i++)
		digest.at[i] ^= (uint8_t)(keys->stamp >> (8 * i));
	if (token_memory_has(&issuers->memory, &digest))
		return true;
	if (!issuer_keys_verify(keys, jwt))
		return false;
	token_memory_add(&issuers->memory, &digest);
	return true;
}

/* CHECK_ALLOW: one of the issuer's keys has signed it. Waits once for keys that are new. */
static enum check check_signature(struct issuers *issuers, struct issuer *issuer,
				  struct authentication *a, const struct jwt *jwt)
{
	const struct issuer_keys *keys = issuer_source_keys(&issuer->source, &a->check);
	bool has_waited = a->check.state == issuer;

	if (keys != NULL && is_signed(issuers, keys, a->bearer, jwt))
		return CHECK_ALLOW;
	if (!has_waited && issuer_source_wait(&issuer->source, &a->check) == CHECK_WAIT) {
		a->check.state = issuer;
		return CHECK_WAIT;
	}
	if (keys == NULL && issuer->source.why.text[0] != '\0') {
		a->why = issuer->source.why;
		return CHECK_PASS;
	}
	return refuse(a, keys == NULL ? "the issuer's keys are not known yet"
				      : "none of the issuer's keys signed the token");
}

static enum check judge(struct issuers *issuers, struct issuer *issuer, struct authentication *a,
			const struct jwt *jwt, const struct value *claims)
{
	const char *fault;
	enum check said;

	if (!has_audience(issuer, claims))
		return refuse(a, "the token names none of the issuer's audiences");
	fault = time_fault(claims, a->check.now);
	if (fault != NULL)
		return refuse(a, fault);
	if (!takes_algorithm(issuer, jwt->algorithm))
		return refuse(a, "the token is signed with an algorithm that is not taken");
	said = check_signature(issuers, issuer, a, jwt);
	if (said != CHECK_ALLOW)
		return said;
	if (issuer_rules_apply(&issuer->rules, claims, a->check.arena, &a->user, &a->why) != OK)
		return CHECK_PASS;
	return CHECK_ALLOW;
}

/* ---- counting ------------------------------------------------------------------------------------------------------- */

static struct metrics_histogram *histogram(struct issuers *issuers, const struct issuer *issuer,
					   const char *result, struct arena *arena)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct str hash, labels;

	crypto_sha256(issuer->url, digest);
	hash = certificate_fingerprint_text(digest, arena);
	labels = arena_printf(arena, "result=\"%s\",jwt_issuer_hash=\"sha256:" STR_FMT "\"", result,
			      STR_ARG(hash));
	return metrics_histogram(
	    issuers->metrics, "apiserver_authentication_jwt_authenticator_latency_seconds",
	    "Time to judge a token of an issuer, without waiting for its keys.", labels.at,
	    metrics_bounds_seconds, metrics_bounds_seconds_count);
}

/* Series are made when there is something to show: a set is read by a worker, and they belong to the loop. */
static void count(struct issuers *issuers, struct issuer *issuer, struct arena *arena, bool is_good,
		  double seconds)
{
	if (issuers->metrics == NULL)
		return;
	if (issuer->good == NULL) {
		issuer->good = histogram(issuers, issuer, "success", arena);
		issuer->bad = histogram(issuers, issuer, "failure", arena);
	}
	metrics_observe(is_good ? issuer->good : issuer->bad, seconds);
}

/* The turn's own time stands still. */
static struct mono now_of(const struct act *act)
{
	const struct seams_clock *clock = &act_seams(act)->clock;

	return clock->mono(clock->self);
}

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct issuers *issuers = authenticator->config;
	struct value *claims = arena_new_of(a->check.arena, struct value);
	struct mono began = now_of(a->check.act);
	struct issuer *issuer;
	struct jwt jwt;
	enum check said;

	if (a->bearer.len == 0 || issuers->set == NULL || issuers->set->count == 0 ||
	    jwt_read(a->bearer, a->check.arena, &jwt, NULL) != OK ||
	    value_parse(jwt.claims, a->check.arena, claims) != OK || claims->kind != VALUE_MAP)
		return CHECK_PASS;
	issuer = find(issuers->set, claims);
	if (issuer == NULL)
		return CHECK_PASS;
	/* A mechanism that knows nothing of audiences is asked about the server's own alone. */
	if (!audience_match(a, issuers->audiences, issuers->audiences))
		return refuse(a, "the token is for another audience");
	said = judge(issuers, issuer, a, &jwt, claims);
	if (said != CHECK_WAIT)
		count(issuers, issuer, a->check.arena, said == CHECK_ALLOW,
		      (double)(now_of(a->check.act).ns - began.ns) / TIME_S);
	return said;
}

struct authenticator authentication_issuers(struct issuers *issuers)
{
	return (struct authenticator){ .name = "jwt", .check = check, .config = issuers };
}

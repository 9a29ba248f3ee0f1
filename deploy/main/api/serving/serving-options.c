#include "deploy/main/api/serving/serving-options.h"

#include "deploy/main/api/serving/feature-gates.h"
#include "deploy/main/api/serving/runtime-config.h"

#define GOAWAY_MAX 0.02 /* upstream's */
#define DELAY_MS_MAX (10U * 60U * 1000U)
#define TOKEN_MIN_S 3600U        /* upstream's --service-account-max-token-expiration */
#define TOKEN_MAX_S (1ULL << 32) /* of what can be asked for */
#define CORS "cors-allowed-origins"
#define CORS_ORIGINS_MAX 64U
#define EVENT_TTL_S_MAX (LIMIT_LEASE_TTL_S / 2U)

/* A number within bounds, as it is typed; durations in seconds. */
static enum status take(const struct command_line *line, const char *name, uint64_t unit,
			uint64_t least, uint64_t most, uint32_t *out, struct fault *why)
{
	uint64_t value = (uint64_t)command_number(line, name);

	if (value < least * unit || value > most * unit)
		return fault_set(why, BAD_REQUEST, name, "--%s is %ju%s to %ju%s, not %s", name,
				 (uintmax_t)least, unit > 1 ? "s" : "", (uintmax_t)most,
				 unit > 1 ? "s" : "", command_text(line, name));
	*out = (uint32_t)(value / unit);
	return OK;
}

static enum status take_delay(const struct command_line *line, uint32_t *out, struct fault *why)
{
	int64_t delay_ms = command_number(line, "shutdown-delay-duration");

	if (delay_ms > DELAY_MS_MAX)
		return fault_set(why, BAD_REQUEST, "shutdown-delay-duration",
				 "--shutdown-delay-duration is 0s to 10m, not %s",
				 command_text(line, "shutdown-delay-duration"));
	*out = (uint32_t)delay_ms;
	return OK;
}

static enum status take_chance(const char *text, double *out, struct fault *why)
{
	if (str_to_double(str_from(text), out) != OK || !(*out >= 0 && *out <= GOAWAY_MAX))
		return fault_set(why, BAD_REQUEST, "goaway-chance",
				 "--goaway-chance is 0 to 0.02, not \"%s\"", text);
	return OK;
}

/* max-age=N, includeSubDomains, preload. */
static enum status take_strict_transport(const char *text, struct arena *arena, struct str *out,
					 struct fault *why)
{
	struct str rest = str_from(text), word, number;
	struct text value = text_in(arena, KIB);
	uint64_t seconds;

	*out = STR_NONE;
	while (rest.len > 0) {
		word = str_trim(str_cut(&rest, ','));
		number = str_slice(word, (uint32_t)sizeof "max-age=" - 1, word.len);
		if (!str_is_among(word, "includeSubDomains|preload", '|') &&
		    !(str_starts(word, STR("max-age=")) && str_to_u64(number, &seconds) == OK))
			return fault_set(why, BAD_REQUEST, "strict-transport-security-directives",
					 "--strict-transport-security-directives: \"" STR_FMT
					 "\" is not max-age=SECONDS, includeSubDomains or preload",
					 STR_ARG(word));
		if (value.len > 0)
			text_lit(&value, "; ");
		text_add(&value, word);
	}
	if (value.len > 0)
		*out = text_str(&value);
	return OK;
}

static enum status take_token_max(const struct command_line *line, uint32_t *out, struct fault *why)
{
	*out = 0;
	if (command_number(line, "service-account-max-token-expiration") == 0)
		return OK;
	return take(line, "service-account-max-token-expiration", 1000, TOKEN_MIN_S,
		    TOKEN_MAX_S - 1, out, why);
}

/* ---- CORS ------------------------------------------------------------------------------------------------- */

static void free_pattern(void *arg)
{
	pattern_free(arg);
}

/* Upstream wants a mark of where the host begins, and one of where it ends: example.com would allow example.com.evil.org. */
static bool is_pinned(struct str text)
{
	return (str_find_char(text, '^') >= 0 || str_find(text, STR("//")) >= 0) &&
	       (str_find_char(text, '$') >= 0 || str_find_char(text, ':') >= 0);
}

static enum status take_origin(struct str text, struct arena *arena, struct cors *cors,
			       struct fault *why)
{
	struct fault said = { 0 };

	if (text.len == 0)
		return fault_set(why, BAD_REQUEST, CORS, "empty value in --" CORS);
	if (cors->count == CORS_ORIGINS_MAX)
		return fault_set(why, BAD_REQUEST, CORS, "--" CORS " has %u of them at most",
				 CORS_ORIGINS_MAX);
	if (pattern_new(text, &cors->origins[cors->count], &said) != OK)
		return fault_set(why, BAD_REQUEST, CORS,
				 "--" CORS " has an invalid regular expression: " STR_FMT
				 ": %.200s",
				 STR_ARG(text), said.text);
	arena_on_free(arena, free_pattern, cors->origins[cors->count++]);
	if (is_pinned(text))
		return OK;
	return fault_set(why, BAD_REQUEST, CORS,
			 "--" CORS " has an invalid regular expression: " STR_FMT
			 ": it does not pin to start/end of host in the origin header",
			 STR_ARG(text));
}

static enum status take_origins(const struct command_line *line, struct arena *arena,
				struct cors *out, struct fault *why)
{
	const char **all;
	uint32_t count = command_list(line, CORS, arena, &all);

	out->origins = arena_array(arena, struct pattern *, CORS_ORIGINS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		struct str rest = str_from(all[i]);

		do {
			TRY(take_origin(str_trim(str_cut(&rest, ',')), arena, out, why));
		} while (rest.at != NULL);
	}
	return OK;
}

enum status serving_options_load(const struct command_line *line, struct arena *arena,
				 struct serving_setting *out, struct fault *why)
{
	uint32_t not_ready_s, unreachable_s, request_s;

	*out = (struct serving_setting){ 0 };
	TRY(take(line, "max-requests-inflight", 1, 1, 100000, &out->in_flight_max, why));
	TRY(take(line, "max-mutating-requests-inflight", 1, 1, 100000, &out->mutating_max, why));
	out->is_unfair =
	    str_is(str_from(command_text(line, "enable-priority-and-fairness")), "false");
	TRY(take(line, "request-timeout", 1000, 1, 3600, &request_s, why));
	TRY(take(line, "min-request-timeout", 1, 1, 86400, &out->watch_min_s, why));
	TRY(take(line, "event-ttl", 1000, 60, EVENT_TTL_S_MAX, &out->event_ttl_s, why));
	TRY(take_delay(line, &out->shutdown_delay_ms, why));
	TRY(take(line, "default-not-ready-toleration-seconds", 1, 0, INT32_MAX, &not_ready_s, why));
	TRY(take(line, "default-unreachable-toleration-seconds", 1, 0, INT32_MAX, &unreachable_s,
		 why));
	TRY(take_token_max(line, &out->token_max_s, why));
	TRY(take_chance(command_text(line, "goaway-chance"), &out->goaway_chance, why));
	TRY(take_strict_transport(command_text(line, "strict-transport-security-directives"), arena,
				  &out->strict_transport, why));
	TRY(take_origins(line, arena, &out->cors, why));
	TRY(feature_gates_check(line, arena, why));
	out->request_ms = request_s * 1000U;
	out->tolerations = (struct toleration_seconds){ not_ready_s, unreachable_s };
	return runtime_config_load(command_text(line, "runtime-config"), arena, &out->unserved, why);
}

void serving_options_apply(const struct serving_setting *setting, struct server_config *server)
{
	server->in_flight_max = setting->in_flight_max;
	server->mutating_max = setting->mutating_max;
	server->is_unfair = setting->is_unfair;
	server->request_ms = setting->request_ms;
	server->watch_min_s = setting->watch_min_s;
	server->event_ttl_s = setting->event_ttl_s;
	server->token_max_s = setting->token_max_s;
	server->goaway_chance = setting->goaway_chance;
	server->strict_transport = setting->strict_transport;
	server->tolerations = &setting->tolerations;
	server->unserved = setting->unserved;
	server->cors = setting->cors.count > 0 ? &setting->cors : NULL;
}

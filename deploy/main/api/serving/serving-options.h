/*
 * How much the API server does at once, how long things may take, and how it ends.
 */
#ifndef DEPLOY_MAIN_API_SERVING_SERVING_OPTIONS_H
#define DEPLOY_MAIN_API_SERVING_SERVING_OPTIONS_H

#include "actors/admission/plugin.h"
#include "actors/server/door/cors.h"
#include "actors/server/server.h"
#include "deploy/main/command/command.h"

/* Upstream's, for what is otherwise here: taken, and told of in the log. */
#define MOOT(name_, why_) FLAG_OPTION(name_, "no meaning here: " why_, .is_moot = true)
#define MOOT_OF(name_, why_) TEXT_OPTION(name_, "X", "no meaning here: " why_, .is_moot = true)

/* For the table of options. */
#define SERVING_OPTIONS                                                                            \
	NUMBER_OPTION("max-requests-inflight", "N", "400",                                         \
		      "requests under way that only read; more are told to come again (429)",      \
		      .group = "The API server: how it serves"),                                   \
	    NUMBER_OPTION("max-mutating-requests-inflight", "N", "200",                            \
			  "and those that change something"),                                      \
	    CHOICE_OPTION("enable-priority-and-fairness", "true|false", "true",                    \
			  "requests wait for a seat of their priority level; false: all are "      \
			  "only counted"),                                                         \
	    DURATION_OPTION("request-timeout", "1m",                                               \
			    "how long a request may take that is no watch"),                       \
	    NUMBER_OPTION("min-request-timeout", "SECONDS", "1800",                                \
			  "how long a watch stands that says nothing of it; up to twice as long"), \
	    TEXT_OPTION("goaway-chance", "P",                                                      \
			"how likely an answer over HTTP/2 sends its client to another "            \
			"connection, so that clients spread over servers; up to 0.02",             \
			.fallback = "0"),                                                          \
	    DURATION_OPTION("shutdown-delay-duration", "0s",                                       \
			    "how long it still serves, not ready any more, when it is told to "    \
			    "end"),                                                                \
	    TEXT_OPTION("strict-transport-security-directives", "A,B",                             \
			"what the header Strict-Transport-Security says: max-age=31536000,"        \
			"includeSubDomains,preload"),                                              \
	    DURATION_OPTION("event-ttl", "1h", "how long events are kept"),                        \
	    NUMBER_OPTION("default-not-ready-toleration-seconds", "N", "300",                      \
			  "how long a pod that says nothing of it stays on a node that is not "    \
			  "ready"),                                                                \
	    NUMBER_OPTION("default-unreachable-toleration-seconds", "N", "300",                    \
			  "and on one that cannot be reached"),                                    \
	    DURATION_OPTION("service-account-max-token-expiration", "0s",                          \
			    "no token of a service account is good for longer; 0s: as long as is " \
			    "asked for"),                                                          \
	    TEXT_OPTION("cors-allowed-origins", "REGEX,...",                                       \
			"pages of which places may read answers: ^https://(.+\\.)?example\\.com$", \
			.is_many = true),                                                          \
	    TEXT_OPTION("feature-gates", "NAME=BOOL,...",                                          \
			"upstream's: what they are here does not change", .is_many = true),        \
	    TEXT_OPTION("runtime-config", "KEY=true|false,...",                                    \
			"which built-in resources are served: api/all, api/ga, api/beta, "         \
			"api/alpha, GROUP/VERSION or GROUP/VERSION/RESOURCE"),                     \
	    MOOT("profiling", "there are no profiles of this kind; troupe trace has others"),      \
	    MOOT("contention-profiling", "nothing is locked here"),                                \
	    MOOT("watch-cache", "all reads are from memory"),                                      \
	    MOOT_OF("watch-cache-sizes", "all objects are in memory"),                             \
	    MOOT_OF("default-watch-cache-size", "all objects are in memory"),                      \
	    MOOT_OF("delete-collection-workers", "one works on each request"),                     \
	    MOOT_OF("http2-max-streams-per-connection", "the number of streams is fixed"),         \
	    MOOT_OF("storage-media-type", "objects are stored as upstream stores them"),           \
	    MOOT_OF("lease-reuse-duration-seconds", "one lease is of all events of a minute"),     \
	    MOOT("enable-garbage-collector", "it is on unless --controllers says otherwise")

struct serving_setting {
	uint32_t in_flight_max, mutating_max, request_ms, watch_min_s, event_ttl_s;
	uint32_t shutdown_delay_ms;
	uint32_t token_max_s; /* 0: any */
	bool is_unfair;
	double goaway_chance;
	struct str strict_transport; /* absent: nothing is said */
	struct toleration_seconds tolerations;
	struct str_list unserved;
	struct cors cors;
};

/* BAD_REQUEST with words: a value that cannot be. */
MUST_USE enum status serving_options_load(const struct command_line *line, struct arena *arena,
					  struct serving_setting *out, struct fault *why);
void serving_options_apply(const struct serving_setting *setting, struct server_config *server);

#endif

/*
 * The API server: an actor registered as `api` that answers Kubernetes requests from both doors, HTTP and messages.
 *
 * Start it under a supervisor with `server_class` and a struct server_config, beside an actor registered as `store` and an
 * http_server_class actor whose handler is "api". It holds the caches of all resources, fed by one watch of the store; when it
 * is restarted it fills them anew. Any number of servers serve one cluster: all state is the store's.
 *
 * Bounds: LIMIT_IN_FLIGHT and LIMIT_IN_FLIGHT_MUTATING requests at once, of which each priority level has its part (flow/; 429 beyond),
 * LIMIT_WATCHERS watches,
 * LIMIT_REQUEST_MS for everything but a watch, LIMIT_BODY_BYTES, LIMIT_RESPONSE_BYTES.
 */
#ifndef ACTORS_SERVER_SERVER_H
#define ACTORS_SERVER_SERVER_H

#include "actors/admission/security/security-policy.h"
#include "actors/audit/audit-policy.h"
#include "actors/authentication/authenticator.h"
#include "actors/authentication/request-header.h"
#include "actors/authorization/authorizer.h"
#include "actors/encryption/encryption.h"
#include "actors/server/catalog/custom.h"
#include "actors/server/live/live.h"
#include "runtime/actor/act.h"
#include "runtime/trace/metrics.h"
#include "transport/http/server.h"
#include "transport/tls/certificate-key.h"

/* One line of /readyz?verbose: is this part well? */
struct server_check {
	const char *name;
	bool (*is_well)(void *arg);
	void *arg;
};

/* A page that is part of the program: whoever may read its path gets it as it is. */
struct server_page {
	const char *path; /* "/ui/"; without its last slash it leads there */
	struct str type, body;
	bool is_packed;    /* the body, by gzip */
	struct str policy; /* Content-Security-Policy */
};

/* Who keeps what is told of requests: an actor that takes struct audit_line. */
struct audit_sink {
	const char *actor;
	enum {
		AUDIT_BATCH,    /* nobody waits */
		AUDIT_BLOCKING, /* answers wait until it is kept, or has failed */
		AUDIT_STRICT,   /* and a request that cannot be told of fails before it is done */
	} mode;
};

#define AUDIT_SINKS_MAX 2
#define SERVER_FIGURES_MAX 2

struct audit_options {
	const struct audit_policy *policy;
	struct audit_sink sinks[AUDIT_SINKS_MAX];
	uint32_t sink_count;
};

/* Who shows no credential is nobody in particular at these paths, and refused elsewhere. */
struct anonymous_options {
	struct str_list paths;
};

/* Borrowed while the server lives. */
struct server_config {
	const char *store; /* "store"; of another host "store@n1/core" */
	/*
	 * The store is in another host, which may end and be started again while we go on. Who asks for something meanwhile waits for it, as
	 * long as a request may take, and a write that was under way is carried to its end, once (verb/carry.c).
	 */
	bool is_apart;
	struct str node; /* our name */
	const struct authenticator *authenticators;
	const struct authorizer *authorizers; /* none: everybody known may do everything; tests only */
	uint32_t authenticator_count, authorizer_count;
	/* In their place, where what counts may change: it does so on the server's loop, and what counted before stays LIMIT_REQUEST_MS. NULL: they do. */
	const struct authorizer_set *const *rights;
	const struct live_source *lives; /* one for each live resource that is served */
	const struct server_check *checks;
	const struct server_page *pages;
	uint32_t live_count, check_count, page_count;
	/* Kinds that are served beside the built-in ones; those of a group and version stand side by side. */
	const struct custom_resource *customs;
	uint32_t custom_count;
	/* Which of the built-in resources are served; NULL: all. What is not served has no cache and no discovery. */
	bool (*is_served)(const struct resource_row *row);

	const struct anonymous_options *anonymous; /* NULL: at all paths */
	const struct request_headers *request_headers; /* of the mechanism; NULL: no proxy is believed */
	const struct encryption *encryption;           /* of values in the store; NULL: none is */
	const struct audit_options *audit;             /* NULL: nothing is told */
	const struct security_options *security; /* of PodSecurity; NULL: upstream's defaults */
	struct event_limits *event_limits;       /* EventRateLimit's; NULL: there are none */
	struct image_policy *image_policy;       /* ImagePolicyWebhook's; NULL: nobody is asked */
	uint64_t idle_plugins; /* one bit for each of plugins[]: those are asked nothing */
	uint64_t more_plugins; /* and those that are off else are asked */

	/* Service account tokens: who signs, and which keys are published at /openid/v1/jwks. */
	struct str issuer;         /* https://kubernetes.default.svc.cluster.local */
	struct str_list audiences; /* of tokens that name none; the issuer if there are none */
	struct str keys_uri;       /* where the keys are, as is published; absent: at our address */
	bool has_short_tokens; /* those of pods are good for as long as is asked, not for a year */
	/* These may be exchanged, on the server's loop. */
	const struct certificate_key *signing_key; /* NULL: no tokens are issued */
	const struct certificate_key *const *verifying_keys;
	uint32_t verifying_key_count;

	/* That servers of other groups are shown; absent: none. */
	struct str front_proxy_certificate_pem, front_proxy_key_pem;
	/* That kubelets are shown, and by whom theirs have to be signed; absent: none, and whatever they show is taken, as upstream. */
	struct str kubelet_certificate_pem, kubelet_key_pem, kubelet_authorities_pem;
	struct str_list kubelet_address_types; /* in order; none: InternalIP, ExternalIP, Hostname */
	uint16_t kubelet_port;                 /* of nodes that name none; 0: 10250 */

	struct str address; /* host:port of the HTTP door as clients reach it; absent: not known */
	struct metrics *metrics; /* NULL: the server makes its own */

	/*
	 * Other hosts' actors whose lines stand behind ours at /metrics (they get an api_call for that path); NULL at the end. Those of one that
	 * is away do not. What they count under a name of ours stands behind our lines, and has to have a label of its own.
	 */
	const char *figures[SERVER_FIGURES_MAX + 1];

	uint64_t kept_bytes; /* of encodings that are kept (cache/kept.h); 0: LIMIT_KEPT_BYTES */

	/* 0 for those of limits.h; smaller ones are for tests. */
	uint32_t in_flight_max, mutating_max, request_ms, bookmark_ms;
	uint32_t watch_min_s; /* upstream's --min-request-timeout: a watch that names no time lives so long, up to twice */
	uint32_t event_ttl_s; /* how long events are kept */
	uint32_t token_max_s; /* tokens are not good for longer; 0: for as long as is asked */
	bool is_unfair; /* no priority and fairness: all are counted, and the next is refused */

	double goaway_chance; /* that an answer over HTTP/2 sends its client to another connection */
	struct str strict_transport; /* of the header Strict-Transport-Security; absent: none */
	const struct toleration_seconds *tolerations; /* NULL: upstream's */
	const struct service_setting *services;       /* NULL: upstream's */
	const struct cors *cors; /* pages of other places (door/cors.h); NULL: none may read anything */
	struct str_list unserved; /* built-in resources that are not served: "apps/v1/deployments" */
};

extern const struct act_class server_class;

/*
 * For http_server_config.is_streamed: what is for a pod, a Service or a node and is large, or nobody knows how large, goes through as it
 * comes. Without it the bodies of such requests are bounded as all others.
 */
bool server_is_streamed(void *arg, const struct http_exchange *exchange);

/*
 * To the server: its host will end. It is not ready from now on and serves as before; with `ends_watches` who watches or follows a log over
 * a connection is sent away in good order, to go on elsewhere.
 */
struct server_farewell {
	bool ends_watches;
};
ACT_TYPE_DECLARE(server_farewell);

#endif

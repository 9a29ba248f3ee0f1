/*
 * The proxy: a request that somebody else answers, handed on and back.
 *
 * For actors/server. Whoever asks was authenticated and authorized here; who it is for is said by a proxy_target. Bodies of answers,
 * watches and upgraded connections go through as they come, each way only as fast as it is taken; so do bodies of requests that
 * server_is_streamed has let through. Bounds: LIMIT_BODY_BYTES of others; the request's own time, but for what is long (LIMIT_PROXIED_HEAD_MS until it begins to be answered); LIMIT_PROXIED of those.
 */
#ifndef ACTORS_SERVER_PROXY_PROXY_H
#define ACTORS_SERVER_PROXY_PROXY_H

#include "actors/server/outside/places.h"
#include "actors/server/request.h"

struct rewrite;

struct proxy_target {
	struct place_spec place;
	struct str path; /* with its query, encoded */
	struct str authority;
	struct http_headers headers;
	struct rewrite *rewrite; /* of links in its answers; NULL: they go back as they are */
	bool is_long; /* it lasts: a watch, an open line. It takes no place among the requests under way */
	/* Nothing has answered: what that is answered with. `words` say why; INVALID: the target is none. */
	enum next (*failed)(struct request *r, enum status status, struct str words);
};

enum next proxy_send(struct request *r, const struct proxy_target *target);
/* The same step, run again: r->proxied is there. */
enum next proxy_go_on(struct request *r);

/* What the asker sent, without what front proxies say; and where it asked from, absent: nowhere. */
struct http_headers proxy_headers(const struct request *r);
struct str proxy_remote(const struct request *r);
struct str proxy_authority(const struct request *r); /* by which it called us; absent: by none */
struct str proxy_upgrade(const struct request *r);   /* that is asked for; absent: none */
/* The path, and the query of the request. */
struct str proxy_path(struct request *r, struct str path);

/* Of a request's head what says whether its body is to go through as it comes. */
struct proxy_head {
	struct str method, path;
	int64_t length;  /* of its body; 0: that is not said, or there is none */
	bool may_follow; /* a body of which nothing is said may come nonetheless */
	bool is_upgrade;
};
bool proxy_is_streamed(const struct proxy_head *head);
bool proxy_receive(struct server *server, const struct act_msg *msg);
/* Its peer takes more, or has said more. */
void proxy_moved(struct request *r);
void proxy_drop(struct request *r); /* it ends before its answer has */

#endif

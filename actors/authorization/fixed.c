#include "actors/authorization/mechanisms.h"

/* Whoever it is, whatever is asked: for those who want it so (upstream: AlwaysAllow and AlwaysDeny). */

static enum check allow(const struct authorizer *authorizer, struct authorization *authorization)
{
	(void)authorizer;
	(void)authorization;
	return CHECK_ALLOW;
}

/* Upstream's has no opinion, and says why nobody had another. */
static enum check deny(const struct authorizer *authorizer, struct authorization *authorization)
{
	(void)authorizer;
	authorization->reason = STR("Everything is forbidden.");
	return CHECK_PASS;
}

struct authorizer authorization_fixed(bool is_allowing)
{
	return is_allowing ? (struct authorizer){ .name = "AlwaysAllow", .check = allow }
			   : (struct authorizer){ .name = "AlwaysDeny", .check = deny };
}

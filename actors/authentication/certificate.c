/*
 * Client certificates: the common name is the user, each organization a group (x509 request authentication of
 * the Kubernetes reference). The TLS session has verified the certificate against the cluster's authority already.
 */
#include "transport/tls/certificate.h"
#include "actors/authentication/mechanisms.h"
#include "runtime/base/arena.h"

static const struct user_extra *credential(struct arena *arena,
					   const struct certificate_info *certificate)
{
	struct user_extra *extra = arena_new_of(arena, struct user_extra);
	struct str *value = arena_new_of(arena, struct str);
	struct str hex = certificate_fingerprint_text(certificate->fingerprint, arena);

	*value = arena_printf(arena, "X509SHA256=" STR_FMT, STR_ARG(hex));
	*extra = (struct user_extra){ STR("authentication.kubernetes.io/credential-id"), value, 1 };
	return extra;
}

static enum check check(const struct authenticator *authenticator,
			struct authentication *authentication)
{
	const struct certificate_info *certificate = authentication->certificate;
	struct arena *arena = authentication->check.arena;

	(void)authenticator;
	if (certificate == NULL || certificate->common_name.len == 0)
		return CHECK_PASS;
	authentication->user = (struct user){ .name = arena_str(arena, certificate->common_name),
					      .groups = certificate->organizations,
					      .group_count = certificate->organizations_count,
					      .extra = credential(arena, certificate),
					      .extra_count = 1 };
	return CHECK_ALLOW;
}

struct authenticator authentication_certificate(void)
{
	return (struct authenticator){ .name = "x509", .check = check };
}

#include "actors/kinds/field/signer.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"

/*
 * Projected volumes: files of several sources in one folder. Each path is there once; tokens do not take part in that.
 */

#define TOKEN_SECONDS_MIN 600
#define TOKEN_SECONDS_MAX (1LL << 32)
#define CERTIFICATE_SECONDS_MIN 3600
#define CERTIFICATE_SECONDS_MAX (91 * 86400)
#define CERTIFICATE_SECONDS_MAX_OWN 86400 /* of signers of Kubernetes itself */

struct projection {
	const struct pod_check *check;
	const struct path *volume; /* where conflicts are said */
	struct seen paths;
};

static void take_path(struct projection *p, struct str path, struct str shown)
{
	if (!seen_add(&p->paths, path))
		path_invalid(p->volume, shown, "conflicting duplicate paths");
}

static void check_items(struct projection *p, const struct path *at, struct str name,
			struct core_key_to_path_list items)
{
	rule_needed(PATH(at, "name"), name, "");
	pod_check_keys(PATH(at, "items"), items);
	for (uint32_t i = 0; i < items.len; i++)
		if (items.at[i].path.len > 0)
			take_path(p, items.at[i].path, name);
}

static void check_downward(struct projection *p, const struct path *at,
			   const struct core_downward_api_projection *source)
{
	for (uint32_t i = 0; i < source->items.len; i++) {
		pod_check_downward_file(at, &source->items.at[i]);
		if (source->items.at[i].path.len > 0)
			take_path(p, source->items.at[i].path, source->items.at[i].path);
	}
}

static void check_token(struct projection *p, const struct path *at,
			const struct core_service_account_token_projection *token)
{
	const struct path *seconds = PATH(at, "expirationSeconds");
	const struct path *path = PATH(p->volume, "path");

	if (!token->has.expiration_seconds)
		path_required(seconds, "");
	else if (token->expiration_seconds < TOKEN_SECONDS_MIN)
		path_invalid_number(seconds, token->expiration_seconds,
				    "may not specify a duration less than 10 minutes");
	else if (token->expiration_seconds > TOKEN_SECONDS_MAX)
		path_invalid_number(seconds, token->expiration_seconds,
				    "may not specify a duration larger than 2^32 seconds");
	if (rule_needed(path, token->path, "") && !p->check->tolerance->token_paths_anywhere)
		volume_check_path_name(path, token->path);
	pod_check_user(PATH(at, "user"), token->has.user, token->user);
}

static struct str with_slashes(struct arena *arena, struct str name)
{
	char *copy = arena_cstr(arena, name);

	for (uint32_t i = 0; i < name.len; i++)
		if (copy[i] == ':')
			copy[i] = '/';
	return str_of(copy, name.len);
}

/* The signer stands in the name, a colon for its slash. */
static void check_bundle_name(const struct path *at, struct str name)
{
	int64_t colon = str_find_last(name, ':');
	struct str signer = STR(""), words;

	if (!rule_needed(at, name, "must be a valid object name"))
		return;
	if (colon >= 0)
		signer = with_slashes(path_arena(at), str_slice(name, 0, (uint32_t)colon));
	words = signer_bundle_fault(at, name, signer, false);
	path_invalid_lines(at, name, STR("not a valid clustertrustbundlename: "), words);
}

static void check_bundle_source(const struct path *at,
				const struct core_cluster_trust_bundle_projection *bundle)
{
	bool has_name = bundle->name.at != NULL, has_signer = bundle->signer_name.at != NULL;
	const struct path *selector = PATH(at, "labelSelector"), *signer = PATH(at, "signerName");

	if (has_name && has_signer) {
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &core_cluster_trust_bundle_projection_type, bundle),
			   "only one of name and signerName may be used");
	} else if (has_name) {
		check_bundle_name(PATH(at, "name"), bundle->name);
		if (bundle->label_selector != NULL)
			path_fault(selector, FAULT_INVALID,
				   path_shown_record(selector, &meta_label_selector_type,
						     bundle->label_selector),
				   "labelSelector must be unset if name is specified");
	} else if (has_signer) {
		rule_needed(signer, bundle->signer_name, "must be a valid signer name");
		signer_check_name(signer, bundle->signer_name);
		rule_selector(selector, bundle->label_selector, false);
	} else {
		path_required(at, "either name or signerName must be specified");
	}
}

static void check_bundle(struct projection *p, const struct path *at,
			 const struct core_cluster_trust_bundle_projection *bundle)
{
	check_bundle_source(at, bundle);
	rule_needed(PATH(at, "path"), bundle->path, "");
	pod_check_user(PATH(at, "user"), bundle->has.user, bundle->user);
	volume_check_path_name(PATH(at, "path"), bundle->path);
	take_path(p, bundle->path, bundle->path);
}

static bool is_own_signer(struct str name)
{
	struct str rest = name, domain = str_cut(&rest, '/');

	return str_is(domain, "kubernetes.io") || str_ends(domain, STR(".kubernetes.io"));
}

static void check_seconds(const struct path *at,
			  const struct core_pod_certificate_projection *certificate)
{
	int32_t seconds = certificate->max_expiration_seconds;
	int32_t max = is_own_signer(certificate->signer_name) ? CERTIFICATE_SECONDS_MAX_OWN
							      : CERTIFICATE_SECONDS_MAX;

	if (!certificate->has.max_expiration_seconds)
		return;
	if (seconds < CERTIFICATE_SECONDS_MIN)
		path_invalid_number(at, seconds,
				    "if provided, maxExpirationSeconds must be >= 3600");
	if (seconds > max)
		path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%d", seconds),
			   "if provided, maxExpirationSeconds must be <= %d", max);
}

static void check_key_type(const struct path *at, struct str type)
{
	static const char *const known[] = { "RSA3072",   "RSA4096",   "ECDSAP256",
					     "ECDSAP384", "ECDSAP521", "ED25519" };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_is(type, known[i]))
			return;
	path_not_supported(at, type,
			   "\"RSA3072\", \"RSA4096\", \"ECDSAP256\", \"ECDSAP384\", "
			   "\"ECDSAP521\", \"ED25519\"");
}

static void check_certificate(struct projection *p, const struct path *at,
			      const struct core_pod_certificate_projection *certificate)
{
	const struct {
		const char *member;
		struct str path;
	} paths[] = {
		{ "credentialBundlePath", certificate->credential_bundle_path },
		{ "keyPath", certificate->key_path },
		{ "certificateChainPath", certificate->certificate_chain_path },
	};
	bool has_path = false;

	signer_check_name(PATH(at, "signerName"), certificate->signer_name);
	signer_check_annotations(PATH(at, "userAnnotations"), certificate->user_annotations);
	check_key_type(PATH(at, "keyType"), certificate->key_type);
	check_seconds(PATH(at, "maxExpirationSeconds"), certificate);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		if (paths[i].path.len == 0)
			continue;
		has_path = true;
		volume_check_path_name(PATH_NAMED(at, str_from(paths[i].member)), paths[i].path);
		take_path(p, paths[i].path, paths[i].path);
	}
	if (!has_path)
		path_required(at, "specify at least one of credentialBundlePath, keyPath, and "
				  "certificateChainPath");
	pod_check_user(PATH(at, "user"), certificate->has.user, certificate->user);
}

static void check_source(struct projection *p, const struct path *at,
			 const struct core_volume_projection *source)
{
	uint32_t count = (source->secret != NULL) + (source->config_map != NULL) +
			 (source->downward_api != NULL) + (source->service_account_token != NULL) +
			 (source->cluster_trust_bundle != NULL) + (source->pod_certificate != NULL);

	if (source->secret != NULL)
		check_items(p, PATH(at, "secret"), source->secret->local_object_reference->name,
			    source->secret->items);
	if (source->config_map != NULL)
		check_items(p, PATH(at, "configMap"),
			    source->config_map->local_object_reference->name,
			    source->config_map->items);
	if (source->downward_api != NULL)
		check_downward(p, PATH(at, "downwardAPI"), source->downward_api);
	if (source->service_account_token != NULL)
		check_token(p, PATH(at, "serviceAccountToken"), source->service_account_token);
	if (source->cluster_trust_bundle != NULL)
		check_bundle(p, PATH(at, "clusterTrustBundle"), source->cluster_trust_bundle);
	if (source->pod_certificate != NULL)
		check_certificate(p, PATH(at, "podCertificate"), source->pod_certificate);
	if (count > 1)
		path_forbidden(at, "may not specify more than 1 volume type per source");
}

void pod_check_projected(const struct pod_check *check, const struct path *at,
			 const struct core_projected_volume_source *source)
{
	struct projection p = { check, at, seen_in(path_arena(at)) };

	pod_check_mode(PATH(at, "defaultMode"), source->has.default_mode, source->default_mode);
	pod_check_user(PATH(at, "defaultUser"), source->has.default_user, source->default_user);
	for (uint32_t i = 0; i < source->sources.len; i++)
		check_source(&p, PATH_AT(PATH(at, "sources"), i), &source->sources.at[i]);
}

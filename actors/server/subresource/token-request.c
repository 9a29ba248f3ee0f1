#include "actors/client/uid.h"
#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/core.h"
#include "transport/tls/jwt.h"
#include "transport/wire/json.h"

/*
 * serviceaccounts/token: a token that says who holds it, for how long and for whom, bound to an object that has to live on.
 */

#define SECONDS_MIN 600 /* upstream's MinTokenAgeSec */
#define SECONDS_MAX (1LL << 32)
#define SECONDS_WARNED \
	3607 /* what admission asks for: such tokens live longer and tell when they should not */
#define SECONDS_EXTENDED (365LL * 24 * 3600)
#define CLAIMS_BYTES_MAX (8U * KIB)

struct making {
	const struct core_service_account *account;
	const struct core_pod *pod;
	struct str secret_name, secret_uid; /* absent: it is bound to none */
	const struct object *node;
	struct str node_name; /* of the pod's, though there is no such node */
	int64_t seconds, warn_after;
};

static enum next invalid(struct request *r, struct str name, const struct faults *faults)
{
	return request_fail(r, failure_invalid(r->arena, STR("authentication.k8s.io"),
					       STR("TokenRequest"), name, faults));
}

/* ---- what is asked for -------------------------------------------------------------------------------------- */

static enum next decode(struct request *r)
{
	return body_decode_as(r, &authentication_token_request_type, false);
}

static enum next check_names(struct request *r, const struct authentication_token_request *in)
{
	struct faults faults = faults_in(r->arena);

	if (in->metadata->name.len > 0 && !str_eq(in->metadata->name, r->route.name))
		faults_add(&faults, FAULT_INVALID, STR("metadata.name"),
			   name_quoted(r->arena, in->metadata->name),
			   "must match the service account name if specified");
	return faults.len > 0 ? invalid(r, r->route.name, &faults) : NEXT;
}

static enum next check_spec(struct request *r, const struct authentication_token_request_spec *spec)
{
	struct faults faults = faults_in(r->arena);
	struct str seconds = request_printf(r, "%jd", (intmax_t)spec->expiration_seconds);

	if (spec->expiration_seconds < SECONDS_MIN)
		faults_add(&faults, FAULT_INVALID, STR("spec.expirationSeconds"), seconds,
			   "may not specify a duration less than 10 minutes");
	if (spec->expiration_seconds > SECONDS_MAX)
		faults_add(&faults, FAULT_INVALID, STR("spec.expirationSeconds"), seconds,
			   "may not specify a duration larger than 2^32 seconds");
	return faults.len > 0 ? invalid(r, STR(""), &faults) : NEXT;
}

/* What it does not say is filled in, so that the answer says it. */
static void complete(struct request *r, struct authentication_token_request *in,
		     const struct core_service_account *account)
{
	struct wall now = act_wall(r->server->act);

	in->metadata->name = account->metadata->name;
	in->metadata->namespace = account->metadata->namespace;
	in->metadata->uid = account->metadata->uid;
	SET(in->metadata, creation_timestamp, ((struct wall){ now.ns - now.ns % TIME_S }));
	in->status = arena_new_of(r->arena, struct authentication_token_request_status);
	if (in->spec->audiences.len == 0)
		in->spec->audiences = server_audiences(r->server);
}

/* ---- what it is bound to -------------------------------------------------------------------------------------- */

static const struct object *find(struct request *r, const struct type *type, struct str namespace,
				 struct str name)
{
	const struct reader *reader = &r->server->reader;
	const struct object *object = reader->get(reader->self, type, namespace, name);

	return object ? object_hold(r->arena, object) : NULL;
}

static enum next missing(struct request *r, const char *resource, struct str name)
{
	return request_fail(r, failure_not_found(r->arena, STR(""), str_from(resource), name));
}

static enum next bind_pod(struct request *r, struct making *making, struct str name, struct str *uid)
{
	const struct object *object = find(r, &core_pod_type, r->route.namespace, name);

	if (object == NULL)
		return missing(r, "pods", name);
	making->pod = object->record;
	if (!str_eq(making->pod->spec->service_account_name, r->route.name))
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "cannot bind token for serviceaccount \"" STR_FMT
					   "\" to pod running with different serviceaccount name.",
					   STR_ARG(r->route.name)));
	making->node_name = making->pod->spec->node_name;
	if (making->node_name.len > 0)
		making->node = find(r, &core_node_type, STR(""), making->node_name);
	*uid = object_uid(object);
	return NEXT;
}

static enum next bind_other(struct request *r, const struct object **out, const struct type *type,
			    const char *resource, struct str name, struct str *uid)
{
	*out = find(r, type, type == &core_node_type ? STR("") : r->route.namespace, name);
	if (*out == NULL)
		return missing(r, resource, name);
	*uid = object_uid(*out);
	return NEXT;
}

static enum next bind_secret(struct request *r, struct making *making, struct str name,
			     struct str *uid)
{
	const struct object *secret;
	enum next next = bind_other(r, &secret, &core_secret_type, "secrets", name, uid);

	if (next != NEXT)
		return next;
	making->secret_name = object_name(secret);
	making->secret_uid = *uid;
	return NEXT;
}

static enum next bind(struct request *r, struct making *making,
		      const struct authentication_bound_object_reference *ref)
{
	bool is_core = ref->api_version.len == 0 || str_is(ref->api_version, "v1");
	struct str uid = STR("");
	enum next next;

	if (is_core && str_is(ref->kind, "Pod"))
		next = bind_pod(r, making, ref->name, &uid);
	else if (is_core && str_is(ref->kind, "Secret"))
		next = bind_secret(r, making, ref->name, &uid);
	else if (is_core && str_is(ref->kind, "Node"))
		next = bind_other(r, &making->node, &core_node_type, "nodes", ref->name, &uid);
	else
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "cannot bind token to object of type %s" STR_FMT
					   ", Kind=" STR_FMT,
					   str_find_char(ref->api_version, '/') < 0 ? "/" : "",
					   STR_ARG(ref->api_version), STR_ARG(ref->kind)));
	if (next != NEXT || ref->uid.len == 0 || str_eq(ref->uid, uid))
		return next;
	return request_fail(
	    r,
	    failure_conflict(r->arena, STR(""), ref->kind, ref->name,
			     request_printf(r,
					    "the UID in the bound object reference (" STR_FMT
					    ") does not match the UID in record. The object might "
					    "have been deleted and then recreated",
					    STR_ARG(ref->uid))));
}

/* ---- the token ------------------------------------------------------------------------------------------------ */

static void add_ref(struct text *out, const char *what, struct str name, struct str uid)
{
	text_printf(out, "\"%s\":{\"name\":", what);
	json_write_string(out, name);
	if (uid.len > 0) {
		text_lit(out, ",\"uid\":");
		json_write_string(out, uid);
	}
	text_add_char(out, '}');
}

/* Members in the order in which upstream's encoder puts them: sorted. */
static void add_bound(struct text *out, const struct making *making, int64_t now_s)
{
	text_lit(out, ",\"kubernetes.io\":{\"namespace\":");
	json_write_string(out, making->account->metadata->namespace);
	text_add_char(out, ',');
	if (making->node != NULL || making->node_name.len > 0) {
		add_ref(out, "node", making->node ? object_name(making->node) : making->node_name,
			making->node ? object_uid(making->node) : STR(""));
		text_add_char(out, ',');
	}
	if (making->pod != NULL) {
		add_ref(out, "pod", making->pod->metadata->name, making->pod->metadata->uid);
		text_add_char(out, ',');
	}
	if (making->secret_name.len > 0) {
		add_ref(out, "secret", making->secret_name, making->secret_uid);
		text_add_char(out, ',');
	}
	add_ref(out, "serviceaccount", making->account->metadata->name,
		making->account->metadata->uid);
	if (making->warn_after > 0)
		text_printf(out, ",\"warnafter\":%jd", (intmax_t)(now_s + making->warn_after));
	text_add_char(out, '}');
}

static struct str claims_of(struct request *r, const struct making *making,
			    struct str_list audiences)
{
	struct text out = text_in(r->arena, CLAIMS_BYTES_MAX);
	int64_t now_s = act_wall(r->server->act).ns / TIME_S;

	text_lit(&out, "{\"aud\":[");
	for (uint32_t i = 0; i < audiences.len; i++) {
		if (i > 0)
			text_add_char(&out, ',');
		json_write_string(&out, audiences.at[i]);
	}
	text_printf(&out, "],\"exp\":%jd,\"iat\":%jd,\"iss\":", (intmax_t)(now_s + making->seconds),
		    (intmax_t)now_s);
	json_write_string(&out, r->server->config->issuer);
	text_lit(&out, ",\"jti\":");
	json_write_string(&out, uid_new(r->server->act, r->arena));
	add_bound(&out, making, now_s);
	text_printf(&out, ",\"nbf\":%jd,\"sub\":", (intmax_t)now_s);
	json_write_string(&out, request_printf(r, "system:serviceaccount:" STR_FMT ":" STR_FMT,
					       STR_ARG(making->account->metadata->namespace),
					       STR_ARG(making->account->metadata->name)));
	text_add_char(&out, '}');
	return out.is_cut ? STR_NONE : text_str(&out);
}

static bool is_for_us(const struct request *r, struct str_list audiences)
{
	struct str_list own = server_audiences(r->server);
	uint32_t ours = 0;

	for (uint32_t i = 0; i < audiences.len; i++)
		for (uint32_t j = 0; j < own.len; j++)
			if (str_eq(audiences.at[i], own.at[j])) {
				ours++;
				break;
			}
	return ours == audiences.len && !r->server->config->has_short_tokens;
}

/* What the operator allows at most; who asked hears of it. */
static void shorten(struct request *r, struct authentication_token_request_spec *spec)
{
	int64_t most = r->server->config->token_max_s;

	if (most == 0 || spec->expiration_seconds <= most)
		return;
	request_warn(
	    r, request_printf(r, "requested expiration of %jd seconds shortened to %jd seconds",
			      (intmax_t)spec->expiration_seconds, (intmax_t)most));
	spec->expiration_seconds = most;
}

static enum next sign(struct request *r, struct authentication_token_request *in,
		      struct making *making)
{
	struct str claims;
	struct fault why = { 0 };

	shorten(r, in->spec);
	making->seconds = in->spec->expiration_seconds;
	if (making->pod != NULL && making->seconds == SECONDS_WARNED &&
	    is_for_us(r, in->spec->audiences)) {
		making->warn_after = making->seconds;
		making->seconds = SECONDS_EXTENDED;
	}
	claims = claims_of(r, making, in->spec->audiences);
	if (claims.at == NULL)
		return request_fail(
		    r, failure_too_large(r->arena, "the token would have too many audiences"));
	if (jwt_sign(claims, r->server->config->signing_key, r->arena, &in->status->token, &why) !=
	    OK)
		return request_fail(
		    r, failure_internal(r->arena, "failed to generate token: %s", why.text));
	SET(in->status, expiration_timestamp,
	    ((struct wall){ in->metadata->creation_timestamp.ns +
			    in->spec->expiration_seconds * TIME_S }));
	respond_record(r, 201, r->type, in);
	return DONE;
}

enum status token_request_for_secret(struct request *r, const struct core_service_account *account,
				     const struct meta_object_meta *secret, struct str *out)
{
	struct making making = { .account = account,
				 .secret_name = secret->name,
				 .secret_uid = secret->uid,
				 .seconds = SECONDS_MAX };
	struct str claims = claims_of(r, &making, server_audiences(r->server));

	if (claims.at == NULL)
		return TOO_LARGE;
	return jwt_sign(claims, r->server->config->signing_key, r->arena, out, NULL);
}

static enum next issue(struct request *r)
{
	struct authentication_token_request *in = r->record;
	struct making making = { 0 };
	enum next next = check_names(r, in);

	if (next != NEXT)
		return next;
	if (r->server->config->signing_key == NULL)
		return request_fail(
		    r, failure_not_implemented(r->arena, "this server signs no tokens"));
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	making.account = r->live->record;
	if (in->metadata->uid.len > 0 && !str_eq(in->metadata->uid, making.account->metadata->uid))
		return request_fail(
		    r,
		    failure_conflict(
			r->arena, STR("authentication.k8s.io"), STR("TokenRequest"), r->route.name,
			request_printf(
			    r,
			    "the UID in the token request (" STR_FMT
			    ") does not match the UID of the service account (" STR_FMT ")",
			    STR_ARG(in->metadata->uid), STR_ARG(making.account->metadata->uid))));
	complete(r, in, making.account);
	next = check_spec(r, in->spec);
	if (next == NEXT && in->spec->bound_object_ref != NULL)
		next = bind(r, &making, in->spec->bound_object_ref);
	return next == NEXT ? sign(r, in, &making) : next;
}

static enum next admit(struct request *r)
{
	return write_admit(r, ADMISSION_CREATE, r->type, r->record, NULL, false);
}

static enum next validate(struct request *r)
{
	return write_admit(r, ADMISSION_CREATE, r->type, r->record, NULL, true);
}

const struct verb_steps token_request_steps = {
	.name = "token", .decode = decode, .admit = admit, .validate = validate, .persist = issue
};

#include "actors/kinds/access/pem.h"
#include "actors/kinds/field/signer.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/type.h"
#include "transport/tls/certificate.h"

/*
 * The CertificateSigningRequest (upstream: apis/certificates/validation, registry/certificates). Who asks is written into it by the server;
 * approval and status are each other's matter. Whether somebody may approve or sign is judged before, by the server.
 */

#define SECONDS_MIN 600
#define LEGACY "kubernetes.io/legacy-unknown"

static struct certificates_certificate_signing_request *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct certificates_certificate_signing_request *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- preparing ------------------------------------------------------------------------------------------- */

static struct str_list copy_of(struct arena *arena, const struct str *at, uint32_t len)
{
	struct str_list list = { arena_array(arena, struct str, len + 1), len };

	for (uint32_t i = 0; i < len; i++)
		list.at[i] = at[i];
	return list;
}

static void prepare_create(struct kind_change *change)
{
	struct certificates_certificate_signing_request_spec *spec = new_of(change)->spec;
	const struct user *user = change->user;
	struct arena *arena = change->arena;

	spec->username = user->name;
	spec->uid = user->uid;
	spec->groups = copy_of(arena, user->groups, user->group_count);
	spec->extra.len = user->extra_count;
	spec->extra.at =
	    arena_array(arena, struct certificates_extra_value_entry, user->extra_count + 1);
	for (uint32_t i = 0; i < user->extra_count; i++)
		spec->extra.at[i] = (struct certificates_extra_value_entry){
			.key = user->extra[i].key,
			.value = { copy_of(arena, user->extra[i].values,
					   user->extra[i].value_count) },
		};
}

/* What was asked for is what is judged by people: it never changes. */
static void keep_spec(struct kind_change *change)
{
	new_of(change)->spec =
	    record_clone_shallow(&certificates_certificate_signing_request_spec_type,
				 old_of(change)->spec, change->arena);
}

static uint32_t count_of(const struct certificates_certificate_signing_request *csr,
			 const char *type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; csr->status != NULL && i < csr->status->conditions.len; i++)
		count += str_is(csr->status->conditions.at[i].type, type);
	return count;
}

/* Of as many as there were each becomes the stored one again. */
static void keep_conditions(struct kind_change *change, const char *type)
{
	struct certificates_certificate_signing_request_condition_list now, before;
	uint32_t at = 0;

	if (count_of(new_of(change), type) != count_of(old_of(change), type))
		return;
	now = new_of(change)->status->conditions;
	before = old_of(change)->status->conditions;
	for (uint32_t i = 0; i < before.len; i++) {
		if (!str_is(before.at[i].type, type))
			continue;
		while (!str_is(now.at[at].type, type))
			at++;
		now.at[at++] = before.at[i];
	}
}

static struct wall time_of_same(const struct kind_change *change,
				const struct certificates_certificate_signing_request_condition *c)
{
	struct certificates_certificate_signing_request_condition_list before =
	    old_of(change)->status->conditions;

	for (uint32_t i = 0; i < before.len; i++)
		if (str_eq(before.at[i].type, c->type) && str_eq(before.at[i].status, c->status) &&
		    before.at[i].last_transition_time.ns != 0)
			return before.at[i].last_transition_time;
	return change->check->now;
}

static void set_times(struct kind_change *change)
{
	struct certificates_certificate_signing_request_condition_list list =
	    new_of(change)->status->conditions;

	for (uint32_t i = 0; i < list.len; i++) {
		if (list.at[i].last_update_time.ns == 0)
			SET(&list.at[i], last_update_time, change->check->now);
		if (list.at[i].last_transition_time.ns == 0)
			SET(&list.at[i], last_transition_time, time_of_same(change, &list.at[i]));
	}
}

static void prepare_status(struct kind_change *change)
{
	keep_spec(change);
	keep_conditions(change, "Approved");
	keep_conditions(change, "Denied");
	set_times(change);
}

static void prepare_approval(struct kind_change *change)
{
	keep_spec(change);
	set_times(change);
	new_of(change)->status->certificate = old_of(change)->status->certificate;
}

/* ---- what is asked for ----------------------------------------------------------------------------------- */

static void check_request(const struct path *at,
			  const struct certificates_certificate_signing_request_spec *spec)
{
	struct certificate_info info;
	struct fault why = { 0 };
	struct pem_block block;
	struct str rest = spec->request;
	struct str shown = path_shown_field(at, &certificates_certificate_signing_request_spec_type,
					    "request", spec);

	if (!pem_next(&rest, &block) || !str_is(block.label, "CERTIFICATE REQUEST"))
		path_fault(at, FAULT_INVALID, shown, "PEM block type must be CERTIFICATE REQUEST");
	else if (certificate_request_read(block.text, path_arena(at), &info, &why) != OK)
		path_fault(at, FAULT_INVALID, shown, "%s", why.text);
}

static bool is_usage(struct str usage)
{
	for (uint32_t i = 0; i < certificates_key_usage_values.len; i++)
		if (str_eq(usage,
			   known_value_text(&known_values_at(&certificates_key_usage_values)[i])))
			return true;
	return false;
}

/* What is stored and was bad may stay bad; nothing new may. */
static void check_usages(const struct path *at, struct str_list usages, const struct str_list *old)
{
	struct seen seen = seen_in(path_arena(at)), before = seen_in(path_arena(at));
	bool allows_unknown = false, allows_twice = false;

	for (uint32_t i = 0; old != NULL && i < old->len; i++) {
		allows_unknown |= !is_usage(old->at[i]);
		allows_twice |= !seen_add(&before, old->at[i]);
	}
	if (usages.len == 0)
		path_required(at, "");
	for (uint32_t i = 0; i < usages.len && !allows_unknown; i++)
		rule_one_of(PATH_AT(at, i), usages.at[i], &certificates_key_usage_values);
	for (uint32_t i = 0; i < usages.len && !allows_twice; i++)
		if (!seen_add(&seen, usages.at[i]))
			path_duplicate(PATH_AT(at, i), usages.at[i]);
}

static void check_spec(struct kind_change *change)
{
	const struct certificates_certificate_signing_request_spec *spec = new_of(change)->spec;
	const struct certificates_certificate_signing_request_spec *old =
	    change->old != NULL ? old_of(change)->spec : NULL;
	const struct path *at = PATH_ROOT(change->faults, "spec"), *signer = PATH(at, "signerName");
	bool was_legacy = old != NULL && str_is(old->signer_name, LEGACY);

	check_request(PATH(at, "request"), spec);
	check_usages(PATH(at, "usages"), spec->usages, old != NULL ? &old->usages : NULL);
	if (str_is(spec->signer_name, LEGACY) && !was_legacy)
		path_invalid(signer, spec->signer_name,
			     "the legacy signerName is not allowed via this API version");
	else
		signer_check_name(signer, spec->signer_name);
	if (spec->has.expiration_seconds && spec->expiration_seconds < SECONDS_MIN)
		path_invalid_number(
		    PATH(at, "expirationSeconds"), spec->expiration_seconds,
		    "may not specify a duration less than 600 seconds (10 minutes)");
}

/* ---- what became of it ------------------------------------------------------------------------------------ */

static bool is_final(struct str type)
{
	return str_is(type, "Approved") || str_is(type, "Denied") || str_is(type, "Failed");
}

static void check_state(const struct path *at, struct str type, struct str status)
{
	bool is_true = str_is(status, "True");

	if (!rule_needed(at, status, "") || is_true)
		return;
	if (is_final(type))
		path_not_supported(at, status, "\"True\"");
	else if (!str_is(status, "False") && !str_is(status, "Unknown"))
		path_not_supported(at, status, "\"False\", \"True\", \"Unknown\"");
}

static bool is_both(const struct certificates_certificate_signing_request *csr)
{
	return csr != NULL && count_of(csr, "Approved") > 0 && count_of(csr, "Denied") > 0;
}

static void check_conditions(struct kind_change *change)
{
	struct certificates_certificate_signing_request_condition_list list =
	    new_of(change)->status->conditions;
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");
	bool allows_both = is_both(change->old), has_approved = false, has_denied = false;
	struct seen types = seen_in(change->arena);

	for (uint32_t i = 0; i < list.len; i++) {
		struct str type = list.at[i].type;
		const struct path *here = PATH(PATH_AT(at, i), "type");

		rule_needed(here, type, "");
		check_state(PATH(PATH_AT(at, i), "status"), type, list.at[i].status);
		has_approved |= str_is(type, "Approved");
		has_denied |= str_is(type, "Denied");
		if (has_approved && has_denied && !allows_both &&
		    (str_is(type, "Approved") || str_is(type, "Denied")))
			path_invalid(here, type,
				     "Approved and Denied conditions are mutually exclusive");
		if (!seen_add(&types, type))
			path_duplicate(here, type);
	}
}

/* Why a text is no chain of certificates, in upstream's words; absent: it is one. */
static struct str chain_fault(struct arena *arena, struct str chain)
{
	struct certificate_info info;
	struct pem_block block;
	struct fault why = { 0 };
	struct str rest = chain;
	uint32_t count = 0;

	while (pem_next(&rest, &block)) {
		if (!str_is(block.label, "CERTIFICATE"))
			return arena_printf(arena,
					    "only CERTIFICATE PEM blocks are allowed, found "
					    "\"" STR_FMT "\"",
					    STR_ARG(block.label));
		if (block.has_headers)
			return STR("no PEM block headers are permitted");
		if (certificate_read(block.text, arena, &info, &why) != OK)
			return arena_str(arena, str_from(why.text));
		count++;
	}
	return count > 0 ? STR_NONE : STR("must contain at least one CERTIFICATE PEM block");
}

static void check_certificate(struct kind_change *change)
{
	struct str now = new_of(change)->status->certificate;
	struct str before = change->old != NULL ? old_of(change)->status->certificate : STR_NONE;
	struct str fault = now.len > 0 ? chain_fault(change->arena, now) : STR_NONE;
	bool was_bad = before.len > 0 && chain_fault(change->arena, before).at != NULL;

	if (fault.at != NULL && !was_bad)
		path_invalid(PATH(PATH_ROOT(change->faults, "status"), "certificate"),
			     STR("<certificate data>"), arena_cstr(change->arena, fault));
}

static void validate_create(struct kind_change *change)
{
	check_spec(change);
	check_conditions(change);
	check_certificate(change);
}

/* ---- what may change ------------------------------------------------------------------------------------- */

/* Said once, it is said: nobody takes back an approval that a signer may have acted upon. */
static void check_counts(struct kind_change *change, const char *type, bool may_add)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");
	uint32_t now = count_of(new_of(change), type), before = count_of(old_of(change), type);

	if (now < before)
		path_fault(at, FAULT_FORBIDDEN, STR_NONE,
			   "updates may not remove a condition of type \"%s\"", type);
	else if (now > before && !may_add)
		path_fault(at, FAULT_FORBIDDEN, STR_NONE,
			   "updates may not add a condition of type \"%s\"", type);
}

static void check_change(struct kind_change *change, bool is_approval, bool is_signing)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "certificate");
	struct str now = new_of(change)->status->certificate;
	struct str before = old_of(change)->status->certificate;

	validate_create(change);
	check_counts(change, "Approved", is_approval);
	check_counts(change, "Denied", is_approval);
	check_counts(change, "Failed", true);
	if (str_eq(now, before))
		return;
	if (!is_signing)
		path_forbidden(at, "updates may not set certificate content");
	else if (before.len > 0)
		path_forbidden(at, "updates may not modify existing certificate content");
}

static void validate_update(struct kind_change *change)
{
	check_change(change, false, false);
}

static void validate_status(struct kind_change *change)
{
	check_change(change, false, true);
}

static void validate_approval(struct kind_change *change)
{
	check_change(change, true, false);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, validate_status },
	{ "approval", prepare_approval, validate_approval },
};

const struct kind_rules kind_certificate_signing_request = {
	.group = "certificates.k8s.io",
	.kind = "CertificateSigningRequest",
	.name_syntax = NAME_PATH_SEGMENT,
	.prepare_create = prepare_create,
	.prepare_update = keep_spec,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 2,
};

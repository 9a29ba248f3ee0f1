#include <stdlib.h>

#include "actors/kinds/seen.h"
#include "actors/server/server-private.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/core.h"
#include "datastore/schema/resource.h"
#include "datastore/schema/type.h"

/*
 * Rights that a write needs beside the right to write the object, and whose lack is told among the faults of the object.
 *
 * Who writes a policy with parameters, or binds one to some, has to be allowed to read them: a policy shows its writer what is in them
 * (upstream: registry/admissionregistration, authz.go). Who says what devices a claim was given, or what their drivers say of them, needs
 * rights on subresources that nobody serves (registry/resource, AuthorizedForBinding, AuthorizedForDeviceStatus).
 */

#define WORDS_BYTES_MAX (16U * KIB)
#define DRIVERS_MAX 64U
#define NODE_NAME_KEY STR("authentication.kubernetes.io/node-name")
#define ACCOUNT_PREFIX STR("system:serviceaccount:")

static void lack(struct request *r, const char *field, struct str words)
{
	faults_add(&r->unheld, FAULT_FORBIDDEN, str_from(field), STR_NONE, STR_FMT, STR_ARG(words));
}

/* If it waits, the whole is run again from the first question, which then is answered at once. */
static enum next ask(struct request *r, const struct attributes *attributes,
		     struct access_verdict *out)
{
	if (access_ask(r, attributes, true, out) == WAIT)
		return WAIT;
	access_reset(r);
	return NEXT;
}

/* ---- the writer, as Go shows him ----------------------------------------------------------------------------- */

static void show_list(struct text *out, const struct str *at, uint32_t len)
{
	text_add_char(out, '[');
	for (uint32_t i = 0; i < len; i++)
		text_printf(out, "%s" STR_FMT, i > 0 ? " " : "", STR_ARG(at[i]));
	text_add_char(out, ']');
}

static struct str shown_user(struct request *r)
{
	const struct user *user = &r->user;
	struct text out = text_in(r->arena, WORDS_BYTES_MAX);

	text_printf(&out, "&{" STR_FMT " " STR_FMT " ", STR_ARG(user->name), STR_ARG(user->uid));
	show_list(&out, user->groups, user->group_count);
	text_lit(&out, " map[");
	for (uint32_t i = 0; i < user->extra_count; i++) {
		text_printf(&out, "%s" STR_FMT ":", i > 0 ? " " : "", STR_ARG(user->extra[i].key));
		show_list(&out, user->extra[i].values, user->extra[i].value_count);
	}
	text_lit(&out, "]}");
	return text_str(&out);
}

/* ---- parameters of policies ------------------------------------------------------------------------------------ */

/* What is asked for: all that is not known is everything. */
struct parameters {
	struct str group, version, resource;
	bool is_parsed, is_resolved;
};

static struct parameters parameters_of(struct request *r,
				       const struct admissionregistration_param_kind *kind)
{
	struct parameters out = { STR("*"), STR("*"), STR("*"), false, false };
	struct check_context check = request_context(r);
	const struct resource *resource;
	const struct type *type;
	struct str version, group;

	if (kind == NULL)
		return out;
	version = kind->api_version;
	group = str_cut(&version, '/');
	if (version.at != NULL && str_find_char(version, '/') >= 0)
		return out;
	out.is_parsed = true;
	out.group = version.at != NULL ? group : STR("");
	out.version = version.at != NULL ? version : group;
	type = check.reader->kind(check.reader->self, kind->api_version, kind->kind);
	resource = type != NULL ? resources_find_type(r->server->resources, type) : NULL;
	if (resource == NULL)
		return out;
	out.is_resolved = true;
	out.resource = resource->row->name;
	return out;
}

static struct attributes attributes_for(struct request *r, const struct parameters *parameters,
					struct str verb)
{
	return (struct attributes){ .user = &r->user,
				    .verb = verb,
				    .is_resource = true,
				    .group = parameters->group,
				    .version = parameters->version,
				    .resource = parameters->resource };
}

static bool is_same_kind(const struct admissionregistration_param_kind *now,
			 const struct admissionregistration_param_kind *old)
{
	return old != NULL && str_eq(now->api_version, old->api_version) &&
	       str_eq(now->kind, old->kind);
}

static enum next check_policy(struct request *r, const struct admissionregistration_param_kind *kind,
			      const struct admissionregistration_param_kind *old)
{
	struct access_verdict verdict = { 0 };
	struct parameters parameters;
	struct attributes attributes;
	struct str user;

	if (kind == NULL || is_same_kind(kind, old))
		return NEXT;
	parameters = parameters_of(r, kind);
	attributes = attributes_for(r, &parameters, STR("get"));
	attributes.name = attributes.namespace = STR("*");
	if (ask(r, &attributes, &verdict) == WAIT)
		return WAIT;
	if (verdict.is_allowed)
		return NEXT;
	user = shown_user(r);
	lack(r, "spec.paramKind",
	     request_printf(r,
			    "user " STR_FMT " must have \"get\" permission on all objects of the "
			    "referenced paramKind (kind=" STR_FMT ", apiVersion=" STR_FMT ")",
			    STR_ARG(user), STR_ARG(kind->kind), STR_ARG(kind->api_version)));
	return NEXT;
}

/* What a binding binds, and to what. */
struct binding {
	struct str policy;
	const struct type *type; /* of the policy */
	const struct admissionregistration_param_ref *ref;
	bool is_mutating;
};

static const struct admissionregistration_param_kind *param_kind_of(const struct type *type,
								    const void *policy)
{
	if (type == &admissionregistration_validating_admission_policy_type)
		return ((const struct admissionregistration_validating_admission_policy *)policy)
		    ->spec->param_kind;
	return ((const struct admissionregistration_mutating_admission_policy *)policy)
	    ->spec->param_kind;
}

static void lack_parameters(struct request *r, const struct binding *binding, bool is_there,
			    const struct admissionregistration_param_kind *kind,
			    const struct parameters *parameters, struct str verb)
{
	struct str user = shown_user(r), first = user, second = verb;
	const char *what = parameters->is_parsed ? "resolve" : "parse";

	if (is_there && (kind == NULL || parameters->is_resolved)) {
		/* Upstream's words of the one kind have the two the other way round. */
		if (binding->is_mutating) {
			first = verb;
			second = user;
		}
		lack(r, "spec.paramRef",
		     request_printf(r,
				    "user " STR_FMT " does not have \"" STR_FMT
				    "\" permission on the object referenced by paramRef",
				    STR_ARG(first), STR_ARG(second)));
	} else if (is_there) {
		lack(r, "spec.paramRef",
		     request_printf(r,
				    "unable to %s paramKind &{" STR_FMT " " STR_FMT
				    "} to determine minimum required permissions and user " STR_FMT
				    " does not have \"" STR_FMT
				    "\" permission for all groups, versions and resources",
				    what, STR_ARG(kind->api_version), STR_ARG(kind->kind),
				    STR_ARG(user), STR_ARG(verb)));
	} else {
		lack(r, "spec.paramRef",
		     request_printf(r,
				    "unable to get policy " STR_FMT
				    " to determine minimum required permissions and user " STR_FMT
				    " does not have \"" STR_FMT
				    "\" permission for all groups, versions and resources",
				    STR_ARG(binding->policy), STR_ARG(user), STR_ARG(verb)));
	}
}

static enum next check_binding(struct request *r, const struct binding *binding)
{
	struct check_context check = request_context(r);
	const struct object *policy;
	const struct admissionregistration_param_kind *kind;
	struct access_verdict verdict = { 0 };
	struct parameters parameters;
	struct attributes attributes;
	struct str verb;

	if (binding->ref == NULL)
		return NEXT;
	policy = check_get(&check, binding->type, STR(""), binding->policy);
	if (policy == NULL && !r->is_fresh)
		return request_refresh(r);
	kind = policy != NULL ? param_kind_of(binding->type, policy->record) : NULL;
	parameters = parameters_of(r, kind);
	verb = binding->ref->name.len > 0 ? STR("get") : STR("list");
	attributes = attributes_for(r, &parameters, verb);
	attributes.name = binding->ref->name;
	attributes.namespace = binding->ref->namespace;
	if (ask(r, &attributes, &verdict) == WAIT)
		return WAIT;
	if (!verdict.is_allowed)
		lack_parameters(r, binding, policy != NULL, kind, &parameters, verb);
	return NEXT;
}

static enum next check_parameters(struct request *r)
{
	const struct type *of_validating = &admissionregistration_validating_admission_policy_type;
	const struct type *of_mutating = &admissionregistration_mutating_admission_policy_type;
	const void *old = r->live != NULL ? r->live->record : NULL;

	if (user_is_in(&r->user, GROUP_MASTERS))
		return NEXT;
	r->is_unheld_last = true;
	if (r->type == of_validating || r->type == of_mutating)
		return check_policy(r, param_kind_of(r->type, r->record),
				    old != NULL ? param_kind_of(r->type, old) : NULL);
	if (r->type == &admissionregistration_validating_admission_policy_binding_type) {
		const struct admissionregistration_validating_admission_policy_binding *binding =
		    r->record;

		return check_binding(r, &(struct binding){ binding->spec->policy_name, of_validating,
							   binding->spec->param_ref, false });
	}
	if (r->type == &admissionregistration_mutating_admission_policy_binding_type) {
		const struct admissionregistration_mutating_admission_policy_binding *binding =
		    r->record;

		return check_binding(r, &(struct binding){ binding->spec->policy_name, of_mutating,
							   binding->spec->param_ref, true });
	}
	return NEXT;
}

/* ---- what a claim was given ------------------------------------------------------------------------------------- */

static const struct resource_resource_claim_status *status_of(const void *claim)
{
	return ((const struct resource_resource_claim *)claim)->status;
}

static bool differs(const struct request *r, const char *member)
{
	const struct field *field =
	    type_field(&resource_resource_claim_status_type, str_from(member));

	return !record_equal_field(field, status_of(r->record), status_of(r->live->record));
}

static struct attributes claim_attributes(struct request *r, struct str verb, const char *part)
{
	return (struct attributes){ .user = &r->user,
				    .verb = verb,
				    .is_resource = true,
				    .group = r->route.group,
				    .version = r->route.version,
				    .resource = r->route.resource,
				    .subresource = str_from(part) };
}

/* As the refusal of a request for it would say. */
static struct str refusal(struct request *r, const struct attributes *a, struct str reason)
{
	struct str said = access_refusal(r, a, reason);
	struct str name = name_quoted(r->arena, a->name);

	return request_printf(r, STR_FMT "." STR_FMT " " STR_FMT " is forbidden: " STR_FMT,
			      STR_ARG(a->resource), STR_ARG(a->group), STR_ARG(name), STR_ARG(said));
}

static enum next check_given(struct request *r)
{
	struct attributes attributes = claim_attributes(r, r->route.verb_name, "binding");
	struct access_verdict verdict = { 0 };
	struct str said;

	if (!differs(r, "allocation") && !differs(r, "reservedFor"))
		return NEXT;
	if (ask(r, &attributes, &verdict) == WAIT)
		return WAIT;
	if (verdict.is_allowed)
		return NEXT;
	said = refusal(r, &attributes, verdict.reason);
	lack(r, "status.allocation",
	     request_printf(r,
			    "changing status.allocation or status.reservedFor requires "
			    "resource=\"resourceclaims/binding\", verb=\"" STR_FMT
			    "\" permission: " STR_FMT,
			    STR_ARG(attributes.verb), STR_ARG(said)));
	return NEXT;
}

/* The node that a claim was bound to; absent: to none, or to several. */
static struct str node_of(const struct resource_allocation_result *allocation)
{
	const struct core_node_selector *selector = allocation->node_selector;
	const struct core_node_selector_requirement *need;

	if (selector == NULL || selector->node_selector_terms.len != 1 ||
	    selector->node_selector_terms.at[0].match_expressions.len != 0 ||
	    selector->node_selector_terms.at[0].match_fields.len != 1)
		return STR_NONE;
	need = &selector->node_selector_terms.at[0].match_fields.at[0];
	if (!str_is(need->key, "metadata.name") || !str_is(need->operator, "In") ||
	    need->values.len != 1)
		return STR_NONE;
	return need->values.at[0];
}

/* A service account whose token says that it is of this node. */
static bool is_of_node(const struct user *user, struct str node)
{
	if (node.len == 0 || !str_starts(user->name, ACCOUNT_PREFIX))
		return false;
	for (uint32_t i = 0; i < user->extra_count; i++)
		if (str_eq(user->extra[i].key, NODE_NAME_KEY))
			return user->extra[i].value_count == 1 &&
			       str_eq(user->extra[i].values[0], node);
	return false;
}

static enum next check_driver(struct request *r, struct str driver, bool is_near)
{
	struct str verb = r->route.verb_name;
	struct str near = request_printf(r, "associated-node:" STR_FMT, STR_ARG(verb));
	struct str far = request_printf(r, "arbitrary-node:" STR_FMT, STR_ARG(verb));
	struct access_verdict verdict = { 0 };
	struct str first = STR_NONE;

	for (uint32_t i = is_near ? 0 : 1; i < 2; i++) {
		struct attributes a = claim_attributes(r, i == 0 ? near : far, "driver");

		a.namespace = r->route.namespace;
		a.name = driver;
		if (ask(r, &a, &verdict) == WAIT)
			return WAIT;
		if (verdict.is_allowed)
			return NEXT;
		if (first.at == NULL)
			first = refusal(r, &a, verdict.reason);
	}
	lack(r, "status.devices",
	     request_printf(r,
			    "changing status.devices requires resource=\"resourceclaims/driver\", "
			    "verb=\"[" STR_FMT "%s" STR_FMT "]\" permission: " STR_FMT,
			    STR_ARG(is_near ? near : STR("")), is_near ? " " : "", STR_ARG(far),
			    STR_ARG(first)));
	return NEXT;
}

static struct str key_of(struct request *r, const struct resource_allocated_device_status *device)
{
	return request_printf(r, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT,
			      STR_ARG(device->driver), STR_ARG(device->pool),
			      STR_ARG(device->device), STR_ARG(device->share_id));
}

static struct seen places_of(struct request *r, struct resource_allocated_device_status_list list)
{
	struct seen places = seen_in(r->arena);

	for (uint32_t i = 0; i < list.len; i++)
		seen_put(&places, key_of(r, &list.at[i]), i);
	return places;
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Of all devices that are new, changed or gone. */
static struct str_list changed_drivers(struct request *r)
{
	struct resource_allocated_device_status_list now = status_of(r->record)->devices;
	struct resource_allocated_device_status_list old = status_of(r->live->record)->devices;
	struct str_list drivers = { arena_array(r->arena, struct str, now.len + old.len + 1), 0 };
	struct seen before = places_of(r, old), after = places_of(r, now);
	struct seen names = seen_in(r->arena);

	for (uint32_t i = 0; i < now.len; i++) {
		int64_t place = seen_find(&before, key_of(r, &now.at[i]));

		if ((place < 0 || !record_equal(&resource_allocated_device_status_type,
						&old.at[place], &now.at[i])) &&
		    seen_add(&names, now.at[i].driver))
			drivers.at[drivers.len++] = now.at[i].driver;
	}
	for (uint32_t i = 0; i < old.len; i++)
		if (!seen_has(&after, key_of(r, &old.at[i])) && seen_add(&names, old.at[i].driver))
			drivers.at[drivers.len++] = old.at[i].driver;
	qsort(drivers.at, drivers.len, sizeof *drivers.at, compare_names);
	return drivers;
}

static enum next check_claim(struct request *r)
{
	const struct resource_allocation_result *allocation;
	struct str_list drivers;
	enum next next = check_given(r);

	allocation = status_of(r->record)->allocation;
	/* With the allocation goes all that was said of it, whoever said it. */
	if (next != NEXT || allocation == NULL || !differs(r, "devices"))
		return next;
	drivers = changed_drivers(r);
	/* More than an allocation can name is refused by the rules of the kind. */
	for (uint32_t i = 0; i < drivers.len && i < DRIVERS_MAX && next == NEXT; i++)
		next = check_driver(r, drivers.at[i], is_of_node(&r->user, node_of(allocation)));
	return next;
}

enum next rights_check(struct request *r)
{
	r->unheld = faults_in(r->arena);
	r->is_unheld_last = false;
	if (r->type == &resource_resource_claim_type && str_is(r->route.subresource, "status"))
		return r->live != NULL ? check_claim(r) : NEXT;
	return r->route.subresource.len == 0 ? check_parameters(r) : NEXT;
}

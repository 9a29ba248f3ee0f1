#include "datastore/cel/library/opaque.h"

#include "datastore/cel/library/function.h"

/*
 * The authorizer: what somebody may do, asked step by step: authorizer.group('apps').resource('deployments').check('create').
 */

struct question {
	const struct cel_authorizer *authorizer;
	struct cel_access access;
};

struct cel_value authorize_value(const struct cel_authorizer *authorizer, struct arena *arena)
{
	struct question *question = arena_new_of(arena, struct question);

	question->authorizer = authorizer;
	return (struct cel_value){ .kind = CEL_AUTHORIZER, .opaque = question };
}

struct cel_value authorize_resource(const struct cel_authorizer *authorizer,
				    const struct cel_access *access, struct arena *arena)
{
	struct question *question = arena_new_of(arena, struct question);

	*question = (struct question){ authorizer, *access };
	return (struct cel_value){ .kind = CEL_RESOURCE_CHECK, .opaque = question };
}

/* The same question with more said; `part` is where. */
static struct cel_value with(struct cel_call *call, const struct cel_value *args,
			     enum cel_kind kind, size_t part)
{
	struct question *question = arena_copy(call->arena, args[0].opaque, sizeof(struct question));

	*(struct str *)(void *)((char *)&question->access + part) = args[1].text;
	return (struct cel_value){ .kind = kind, .opaque = question };
}

#define PART(function, kind, part)                                                            \
	static struct cel_value function(struct cel_call *call, const struct cel_value *args) \
	{                                                                                     \
		return with(call, args, kind, offsetof(struct cel_access, part));             \
	}
PART(path, CEL_PATH_CHECK, path)
PART(group, CEL_GROUP_CHECK, group)
PART(resource, CEL_RESOURCE_CHECK, resource)
PART(subresource, CEL_RESOURCE_CHECK, subresource)
PART(namespace, CEL_RESOURCE_CHECK, namespace)
PART(name, CEL_RESOURCE_CHECK, name)
PART(field_selector, CEL_RESOURCE_CHECK, field_selector)
PART(label_selector, CEL_RESOURCE_CHECK, label_selector)

static struct cel_value service_account(struct cel_call *call, const struct cel_value *args)
{
	struct question *question = arena_copy(call->arena, args[0].opaque, sizeof(struct question));

	question->access.service_account =
	    arena_printf(call->arena, "system:serviceaccount:" STR_FMT ":" STR_FMT,
			 STR_ARG(args[1].text), STR_ARG(args[2].text));
	return (struct cel_value){ .kind = CEL_AUTHORIZER, .opaque = question };
}

static struct cel_value check(struct cel_call *call, const struct cel_value *args)
{
	const struct question *question = args[0].opaque;
	struct cel_decision *decision = arena_new_of(call->arena, struct cel_decision);
	struct cel_access access = question->access;

	access.verb = args[1].text;
	question->authorizer->decide(question->authorizer->arg, &access, call->arena, decision);
	return (struct cel_value){ .kind = CEL_DECISION, .opaque = decision };
}

static const struct cel_decision *decision_of(const struct cel_value *args)
{
	return args[0].opaque;
}

static struct cel_value allowed(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(decision_of(args)->is_allowed);
}

static struct cel_value reason(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_string(decision_of(args)->reason);
}

static struct cel_value error(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_string(decision_of(args)->error);
}

static struct cel_value errored(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(decision_of(args)->error.len > 0);
}

static const struct cel_function rows[] = {
	{ "path", ".(Authorizer,string)PathCheck", path, PRICE_ONE },
	{ "group", ".(Authorizer,string)GroupCheck", group, PRICE_ONE },
	{ "serviceAccount", ".(Authorizer,string,string)Authorizer", service_account, PRICE_ONE },
	{ "resource", ".(GroupCheck,string)ResourceCheck", resource, PRICE_ONE },
	{ "subresource", ".(ResourceCheck,string)ResourceCheck", subresource, PRICE_ONE },
	{ "namespace", ".(ResourceCheck,string)ResourceCheck", namespace, PRICE_ONE },
	{ "name", ".(ResourceCheck,string)ResourceCheck", name, PRICE_ONE },
	{ "fieldSelector", ".(ResourceCheck,string)ResourceCheck", field_selector, PRICE_SELECTOR },
	{ "labelSelector", ".(ResourceCheck,string)ResourceCheck", label_selector, PRICE_SELECTOR },
	{ "check", ".(PathCheck,string)Decision", check, PRICE_CHECK },
	{ "check", ".(ResourceCheck,string)Decision", check, PRICE_CHECK },
	{ "allowed", ".(Decision)bool", allowed, PRICE_ONE },
	{ "reason", ".(Decision)string", reason, PRICE_ONE },
	{ "error", ".(Decision)string", error, PRICE_ONE },
	{ "errored", ".(Decision)bool", errored, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_authorize, rows);

#include "actors/admission/policy-show.h"

#include <stdlib.h>

#include "datastore/cel/library/function.h"
#include "datastore/cel/library/opaque.h"
#include "datastore/object/json.h"
#include "datastore/schema/core.h"

#define REQUEST_BYTES_MAX (256U * KIB)

const struct value *policy_show_record(const struct admission *admission, const struct type *type,
				       const void *record)
{
	struct arena *arena = admission->check.arena;
	struct value *value = arena_new_of(arena, struct value);
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);

	if (record == NULL)
		return NULL;
	json_encode(type, record, &json);
	return value_parse(text_str(&json), arena, value) == OK ? value : NULL;
}

const struct value *policy_show_object(const struct admission *a, const void *record)
{
	const struct value *shown = policy_show_record(a, a->type, record);
	struct value_member *members;

	if (shown == NULL || a->named_type == NULL)
		return shown;
	members = arena_copy(a->check.arena, shown->members, shown->len * sizeof *members);
	for (uint32_t i = 0; i < shown->len; i++)
		if (str_is(members[i].name, "apiVersion"))
			members[i].value = (struct value){ .kind = VALUE_STRING,
							   .text = type_api_version(
							       a->named_type, a->check.arena) };
	return arena_copy(
	    a->check.arena,
	    &(struct value){ .kind = VALUE_MAP, .len = shown->len, .members = members },
	    sizeof *shown);
}

/* ---- the request ------------------------------------------------------------------------------------------------------ */

static struct value text_value(struct str text)
{
	return (struct value){ .kind = VALUE_STRING, .text = text.at != NULL ? text : STR("") };
}

struct making {
	struct value_member *at;
	uint32_t len;
};

/* Members in order of their names; an empty text is left out. */
static void put(struct making *m, const char *name, struct value value)
{
	if (value.kind == VALUE_STRING && value.text.len == 0)
		return;
	m->at[m->len++] = (struct value_member){ str_from(name), value };
}

/* Of a group, version and what a third member names: empty ones are there, too. */
static struct value triple(struct arena *arena, const char *third, struct str group,
			   struct str version, struct str value)
{
	struct value_member *at = arena_array(arena, struct value_member, 3);

	at[0] = (struct value_member){ STR("group"), text_value(group) };
	at[1] = (struct value_member){ str_from(third), text_value(value) };
	at[2] = (struct value_member){ STR("version"), text_value(version) };
	return (struct value){ .kind = VALUE_MAP, .len = 3, .members = at };
}

static struct value list_of(struct arena *arena, const struct str *at, uint32_t len)
{
	struct value list = { .kind = VALUE_LIST,
			      .len = len,
			      .items = arena_array(arena, struct value, len) };

	for (uint32_t i = 0; i < len; i++)
		list.items[i] = text_value(at[i]);
	return list;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct value_member *)a)->name,
		       ((const struct value_member *)b)->name);
}

static struct value show_user(struct arena *arena, const struct user *user)
{
	struct making m = { arena_array(arena, struct value_member, 4), 0 };
	struct value extra = { .kind = VALUE_MAP,
			       .len = user->extra_count,
			       .members =
				   arena_array(arena, struct value_member, user->extra_count) };

	for (uint32_t i = 0; i < user->extra_count; i++)
		extra.members[i] = (struct value_member){ user->extra[i].key,
							  list_of(arena, user->extra[i].values,
								  user->extra[i].value_count) };
	if (extra.len > 1)
		qsort(extra.members, extra.len, sizeof *extra.members, by_name);
	if (extra.len > 0)
		put(&m, "extra", extra);
	if (user->group_count > 0)
		put(&m, "groups", list_of(arena, user->groups, user->group_count));
	put(&m, "uid", text_value(user->uid));
	put(&m, "username", text_value(user->name));
	return (struct value){ .kind = VALUE_MAP, .len = m.len, .members = m.at };
}

struct str policy_show_operation(enum admission_operation operation)
{
	switch (operation) {
	case ADMISSION_CREATE: return STR("CREATE");
	case ADMISSION_UPDATE: return STR("UPDATE");
	case ADMISSION_DELETE: return STR("DELETE");
	case ADMISSION_CONNECT: return STR("CONNECT");
	}
	return STR("");
}

static struct value kind_of(struct arena *arena, const struct type *type)
{
	return triple(arena, "kind", type_group(type), type_version(type), type_kind(type));
}

static const struct value *show_request(const struct admission *a)
{
	struct arena *arena = a->check.arena;
	struct value *out = arena_new_of(arena, struct value);
	struct making m = { arena_array(arena, struct value_member, 12), 0 };
	struct value kind = kind_of(arena, admission_kind(a));
	struct value resource = triple(arena, "resource", a->group, a->version, a->resource);

	put(&m, "dryRun", (struct value){ .kind = VALUE_BOOL, .is_true = a->is_dry_run });
	put(&m, "kind", kind);
	put(&m, "name", text_value(a->name));
	put(&m, "namespace", text_value(a->namespace));
	put(&m, "operation", text_value(policy_show_operation(a->operation)));
	put(&m, "requestKind", a->asked != NULL ? kind_of(arena, a->asked_type) : kind);
	put(&m, "requestResource",
	    a->asked != NULL
		? triple(arena, "resource", a->asked->group, a->asked->version, a->asked->resource)
		: resource);
	put(&m, "requestSubResource", text_value(a->subresource));
	put(&m, "resource", resource);
	put(&m, "subResource", text_value(a->subresource));
	put(&m, "userInfo", show_user(arena, a->user));
	*out = (struct value){ .kind = VALUE_MAP, .len = m.len, .members = m.at };
	return out;
}

/* Of what is in one, but not of namespaces themselves. */
static const struct value *show_namespace(const struct admission *a)
{
	const struct object *namespace;

	if (a->namespace.len == 0 || (a->group.len == 0 && str_is(a->resource, "namespaces")))
		return NULL;
	namespace = check_get(&a->check, &core_namespace_type, STR(""), a->namespace);
	return namespace != NULL ? policy_show_record(a, &core_namespace_type, namespace->record)
				 : NULL;
}

void policy_show(const struct admission *a, struct policy_input *out)
{
	const struct resource_name own = { a->group, a->version, a->resource };
	const struct resource_name asked = a->asked != NULL ? *a->asked : own;

	*out = (struct policy_input){
		.object = policy_show_object(a, a->object),
		.old_object = policy_show_object(a, a->old),
		.request = show_request(a),
		.namespace_object = show_namespace(a),
		.authorizer = CEL_VALUE_NULL,
		.request_resource = CEL_VALUE_NULL,
	};
	if (a->authorizer == NULL)
		return;
	out->authorizer = authorize_value(a->authorizer, a->check.arena);
	out->request_resource =
	    authorize_resource(a->authorizer,
			       &(struct cel_access){ .group = asked.group,
						     .resource = asked.resource,
						     .subresource = a->subresource,
						     .namespace = a->namespace,
						     .name = a->name },
			       a->check.arena);
}

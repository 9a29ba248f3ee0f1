#include "actors/server/outside/conversion-review.h"

#include "datastore/custom/value.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"
#include "transport/wire/json.h"

#define GROUP "apiextensions.k8s.io/"

struct str conversion_review_version(struct str_list versions)
{
	for (uint32_t i = 0; i < versions.len; i++)
		if (str_is(versions.at[i], "v1") || str_is(versions.at[i], "v1beta1"))
			return versions.at[i];
	return STR_NONE;
}

/* As it is kept, which may be in neither the version of the cache nor that which is asked for. */
static const struct object *origin_of(const struct object *object)
{
	return object->origin != NULL ? object->origin : object;
}

struct str conversion_review_ask(struct str version, struct str uid, const struct type *to,
				 const struct object *const *objects, uint32_t count,
				 struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_RECORD_BYTES);
	struct str desired = type_api_version(to, arena);

	text_printf(&out,
		    "{\"kind\":\"ConversionReview\",\"apiVersion\":\"" GROUP STR_FMT
		    "\",\"request\":{\"uid\":\"" STR_FMT "\",\"desiredAPIVersion\":\"" STR_FMT
		    "\",\"objects\":[",
		    STR_ARG(version), STR_ARG(uid), STR_ARG(desired));
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(&out, ',');
		text_add(&out, object_bytes(origin_of(objects[i]), FORMAT_JSON, arena));
	}
	text_lit(&out, "]}}");
	return text_str(&out);
}

/* ---- the answer ------------------------------------------------------------------------------------------ */

struct reading {
	struct arena *arena;
	struct str words; /* what is wrong */
	const struct type *to;
};

static enum status wrong(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum status wrong(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->words = arena_vprintf(r->arena, format, args);
	va_end(args);
	return BAD_REQUEST;
}

/* Of nothing, too. */
static struct str text_of(const struct value *value, const char *name)
{
	const struct value *member = value != NULL ? value_member(value, str_from(name)) : NULL;

	return member != NULL && member->kind == VALUE_STRING ? member->text : STR("");
}

static enum status check_same(struct reading *r, const struct value *in, const struct value *out,
			      const char *member, const char *what)
{
	struct str a = text_of(in, member), b = text_of(out, member);

	if (str_eq(a, b))
		return OK;
	return wrong(r, "must have the same %s: " STR_FMT " != " STR_FMT, what, STR_ARG(a),
		     STR_ARG(b));
}

static struct value *member_of(struct value *map, struct str name)
{
	return (struct value *)(uintptr_t)value_member(map, name);
}

/* Members in order of their names; one of that name is not there. */
static void put(struct arena *arena, struct value *map, struct str name, struct value value)
{
	struct value_member *at = arena_array(arena, struct value_member, map->len + 1);
	uint32_t place = 0;

	while (place < map->len && str_cmp(map->members[place].name, name) < 0)
		place++;
	if (place > 0)
		memcpy(at, map->members, place * sizeof *at);
	at[place] = (struct value_member){ name, value };
	if (place < map->len)
		memcpy(at + place + 1, map->members + place, (map->len - place) * sizeof *at);
	map->members = at;
	map->len++;
}

static void drop(struct value *map, struct str name)
{
	for (uint32_t i = 0; i < map->len; i++) {
		if (!str_eq(map->members[i].name, name))
			continue;
		memmove(&map->members[i], &map->members[i + 1],
			(map->len - i - 1) * sizeof *map->members);
		map->len--;
		return;
	}
}

static bool is_label(struct str key, struct str value)
{
	return name_is(NAME_LABEL_KEY, key) && name_is(NAME_LABEL_VALUE, value);
}

/* Labels or annotations of the answer become the object's. */
static enum status take_strings(struct reading *r, struct value *meta, const struct value *answered,
				const char *name)
{
	const struct value *now = value_member(answered, str_from(name));

	drop(meta, str_from(name));
	if (now == NULL || now->kind == VALUE_NULL)
		return OK;
	if (now->kind != VALUE_MAP)
		return wrong(r, "invalid metadata.%s of type %s in converted object", name,
			     value_go_type(now));
	for (uint32_t i = 0; i < now->len; i++) {
		const struct value_member *member = &now->members[i];

		if (member->value.kind != VALUE_STRING)
			return wrong(r,
				     "metadata.%s[" STR_FMT
				     "] must be a string, but is %s in converted object",
				     name, STR_ARG(member->name), value_go_type(&member->value));
		if (str_is(str_from(name), "labels") && !is_label(member->name, member->value.text))
			return wrong(r, "metadata.labels: Invalid value: \"" STR_FMT "\"",
				     STR_ARG(member->name));
	}
	put(r->arena, meta, str_from(name), *now);
	return OK;
}

/* All metadata but labels and annotations is what it was. */
static enum status restore_metadata(struct reading *r, const struct value *in, struct value *out)
{
	const struct value *answered = value_member(out, STR("metadata"));
	struct value meta = *value_member(in, STR("metadata"));

	if (answered == NULL)
		return wrong(r, "missing metadata in converted object");
	if (answered->kind != VALUE_MAP)
		return wrong(r, "invalid metadata of type %s in converted object",
			     value_go_type(answered));
	TRY(take_strings(r, &meta, answered, "labels"));
	TRY(take_strings(r, &meta, answered, "annotations"));
	*member_of(out, STR("metadata")) = meta;
	return OK;
}

static enum status check_kind(struct reading *r, const struct value *in, const struct value *out)
{
	struct str expected = type_api_version(r->to, r->arena);
	struct str version = text_of(out, "apiVersion"), kind = text_of(out, "kind");
	struct str old_kind = text_of(in, "kind");

	if (out->kind != VALUE_MAP || kind.len == 0)
		return wrong(r, "Object 'Kind' is missing");
	if (!str_eq(version, expected))
		return wrong(r, "invalid groupVersion (expected " STR_FMT ", received " STR_FMT ")",
			     STR_ARG(expected), STR_ARG(version));
	if (!str_eq(kind, old_kind))
		return wrong(r, "invalid kind (expected " STR_FMT ", received " STR_FMT ")",
			     STR_ARG(old_kind), STR_ARG(kind));
	return OK;
}

static enum status check_names(struct reading *r, const struct value *in, const struct value *out)
{
	static const struct value nothing = { .kind = VALUE_MAP };
	const struct value *a = value_member(in, STR("metadata"));
	const struct value *b = value_member(out, STR("metadata"));

	if (b == NULL)
		b = &nothing;
	TRY(check_same(r, a, b, "name", "name"));
	TRY(check_same(r, a, b, "namespace", "namespace"));
	return check_same(r, a, b, "uid", "UID");
}

static enum status take(struct reading *r, const struct object *object, struct value *out,
			const struct object **result)
{
	struct str json = object_bytes(origin_of(object), FORMAT_JSON, r->arena);
	struct text text = text_in(r->arena, LIMIT_RECORD_BYTES);
	struct value *in = arena_new_of(r->arena, struct value);
	struct fault why = { 0 };
	struct object *made;
	struct str copy;

	if (value_parse(json, r->arena, in) != OK)
		return wrong(r, "the original cannot be read");
	TRY(check_kind(r, in, out));
	TRY(check_names(r, in, out));
	TRY(restore_metadata(r, in, out));
	value_write(out, &text);
	copy = text_str(&text);
	if (object_decode(r->to, FORMAT_JSON, copy, &made, &why) != OK)
		return wrong(r, "%s", why.text);
	record_default(r->to, made->record, object_arena(made), (struct wall){ 0 });
	if (object->origin != NULL)
		object_set_origin(made, object->origin);
	object_freeze(made, object->revision);
	*result = made;
	return OK;
}

static enum status check_identity(struct reading *r, const struct value *review, struct str version,
				  struct str uid)
{
	struct str api_version = text_of(review, "apiVersion"), kind = text_of(review, "kind");
	const struct value *response = value_member(review, STR("response"));
	struct str got = name_quoted(r->arena, text_of(response, "uid"));

	if (!str_is(version, "v1"))
		return OK;
	if (!str_is(api_version, GROUP "v1") || !str_is(kind, "ConversionReview"))
		return wrong(r,
			     "expected webhook response of " GROUP
			     "v1, Kind=ConversionReview, got " STR_FMT ", Kind=" STR_FMT,
			     STR_ARG(api_version), STR_ARG(kind));
	if (response == NULL)
		return wrong(r, "no response provided");
	if (!str_eq(text_of(response, "uid"), uid))
		return wrong(r, "expected response.uid=\"" STR_FMT "\", got " STR_FMT, STR_ARG(uid),
			     STR_ARG(got));
	return OK;
}

static enum status check_result(struct reading *r, const struct value *response)
{
	const struct value *result = value_member(response, STR("result"));
	struct str status = text_of(result, "status"), message = text_of(result, "message");

	if (str_is(status, "Success"))
		return OK;
	if (message.len > 0)
		return wrong(r, STR_FMT, STR_ARG(message));
	return wrong(r, "response.result.status was '" STR_FMT "', not 'Success'", STR_ARG(status));
}

/* The list of what was converted. */
static enum status open_answer(struct reading *r, struct str body, struct str version,
			       struct str uid, const struct value **out)
{
	struct value *review = arena_new_of(r->arena, struct value);
	const struct value *response;

	if (value_parse(body, r->arena, review) != OK)
		return wrong(r, "couldn't get version/kind; json parse error");
	TRY(check_identity(r, review, version, uid));
	response = value_member(review, STR("response"));
	if (response == NULL || response->kind != VALUE_MAP)
		return wrong(r, "no response provided");
	TRY(check_result(r, response));
	*out = value_member(response, STR("convertedObjects"));
	return OK;
}

static struct str kind_of(const struct object *object, struct arena *arena)
{
	const struct type *type = origin_of(object)->type;
	struct str version = type_api_version(type, arena);

	return arena_printf(arena, STR_FMT ", Kind=" STR_FMT, STR_ARG(version),
			    STR_ARG(type_kind(type)));
}

static struct str wrong_object(const struct reading *r, struct str kind, uint32_t at)
{
	return arena_printf(r->arena,
			    "conversion webhook for " STR_FMT
			    " returned invalid object at index %u: " STR_FMT,
			    STR_ARG(kind), at, STR_ARG(r->words));
}

enum status conversion_review_read(struct str body, struct str version, struct str uid,
				   const struct type *to, const struct object *const *objects,
				   uint32_t count, const struct object **out, struct str *words,
				   struct arena *arena)
{
	struct reading reading = { .arena = arena, .to = to };
	struct str kind = kind_of(objects[0], arena);
	const struct value *list = NULL;
	uint32_t len;

	if (open_answer(&reading, body, version, uid, &list) != OK) {
		*words = arena_printf(arena, "conversion webhook for " STR_FMT " failed: " STR_FMT,
				      STR_ARG(kind), STR_ARG(reading.words));
		return BAD_REQUEST;
	}
	len = list != NULL && list->kind == VALUE_LIST ? list->len : 0;
	if (len != count) {
		*words = arena_printf(
		    arena, "conversion webhook for " STR_FMT " returned %u objects, expected %u",
		    STR_ARG(kind), len, count);
		return BAD_REQUEST;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (take(&reading, objects[i], &list->items[i], &out[i]) == OK)
			continue;
		*words = wrong_object(&reading, kind, i);
		while (i-- > 0)
			object_unref(out[i]);
		return BAD_REQUEST;
	}
	return OK;
}

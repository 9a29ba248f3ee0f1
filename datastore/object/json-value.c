#include <assert.h>
#include <stdio.h>

#include "datastore/object/json-private.h"
#include "datastore/object/quantity.h"
#include "runtime/base/limits.h"
#include "runtime/base/time/time.h"
#include "runtime/base/time/wall.h"
#include "transport/wire/base64.h"

bool json_may_take(struct json_decode *d, uint64_t bytes)
{
	if (bytes <= d->bytes_left) {
		d->bytes_left -= bytes;
		return true;
	}
	if (d->status == OK)
		d->status = fault_set(d->why, TOO_LARGE, "", "the object takes more than %u bytes",
				      LIMIT_RECORD_BYTES);
	d->in.is_bad = true;
	return false;
}

struct str json_keep(struct json_decode *d, struct str s)
{
	bool is_in_input = s.at >= d->in.begin && s.at < d->in.end;

	return is_in_input && !d->borrow ? arena_str(d->arena, s) : s;
}

static bool read_string(struct json_decode *d, struct str *out)
{
	if (!json_string(&d->in, d->arena, out))
		return false;
	*out = json_keep(d, *out);
	return true;
}

static void read_integer(struct json_decode *d, const struct field *field, void *at,
			 const struct json_step *step)
{
	char type[256], what[64];
	struct str number;
	int64_t value = 0;
	uint64_t whole = 0;
	bool is_unsigned = field->kind == KIND_UINT32 || field->kind == KIND_UINT64;

	if (!json_number(&d->in, &number))
		return;
	bool fits =
	    is_unsigned ? str_to_u64(number, &whole) == OK : str_to_i64(number, &value) == OK;
	if (field->kind == KIND_INT32)
		fits = fits && value >= INT32_MIN && value <= INT32_MAX;
	if (field->kind == KIND_UINT32)
		fits = fits && whole <= UINT32_MAX;
	if (!fits) {
		json_go_type(field, true, step, type, sizeof type);
		snprintf(what, sizeof what, "number " STR_FMT, STR_ARG(str_slice(number, 0, 48)));
		json_fail_type(d, what, type, step);
		return;
	}
	switch (field->kind) {
	case KIND_INT32: *(int32_t *)at = (int32_t)value; break;
	case KIND_INT64: *(int64_t *)at = value; break;
	case KIND_UINT32: *(uint32_t *)at = (uint32_t)whole; break;
	default: *(uint64_t *)at = whole; break;
	}
}

static void read_double(struct json_decode *d, double *at, const struct json_step *step)
{
	struct str number;

	if (!json_number(&d->in, &number))
		return;
	if (str_to_double(number, at) != OK)
		json_fail_type(d, "number", "float64", step);
}

static void read_bytes(struct json_decode *d, struct str *at)
{
	struct str text;
	uint32_t error_at;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (base64_decode(BASE64_STANDARD, text, d->arena, at, &error_at) != OK)
		json_fail(d, "illegal base64 data at input byte %u", error_at);
}

/* Quantities may be strings or numbers; upstream looks at the text between the quotes as it stands. */
static void read_quantity(struct json_decode *d, struct str *at)
{
	struct fault why;
	struct str raw;

	if (!json_skip(&d->in, &raw))
		return;
	if (raw.at[0] == '"')
		raw = str_trim(str_slice(raw, 1, raw.len - 1));
	if (quantity_canonical(raw, d->arena, at, &why) != OK)
		json_fail(d, "%s", why.text);
}

static void read_time(struct json_decode *d, const struct field *field, struct wall *at)
{
	int64_t unit = field->kind == KIND_TIME ? TIME_S : TIME_US;
	struct wall time;
	struct str text;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (wall_parse(text, &time) != OK) {
		json_fail(d,
			  "parsing time \"" STR_FMT "\" as \"%s\": cannot parse \"" STR_FMT
			  "\" as \"2006\"",
			  STR_ARG(str_slice(text, 0, 64)),
			  field->kind == KIND_TIME ? "2006-01-02T15:04:05Z07:00"
						   : "2006-01-02T15:04:05.000000Z07:00",
			  STR_ARG(str_slice(text, 0, 64)));
		return;
	}
	*at = wall_floor(time, unit);
}

static void read_duration(struct json_decode *d, int64_t *at)
{
	struct str text;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (time_parse_duration(text, at) != OK)
		json_fail(d, "time: invalid duration \"" STR_FMT "\"",
			  STR_ARG(str_slice(text, 0, 64)));
}

static void read_int_or_string(struct json_decode *d, struct int_or_string *at,
			       const struct json_step *step)
{
	static const struct field number = { .kind = KIND_INT32 };

	*at = (struct int_or_string){ 0 };
	if (json_peek(&d->in) == JSON_STRING)
		at->is_string = read_string(d, &at->string);
	else if (json_peek(&d->in) == JSON_NUMBER)
		read_integer(d, &number, &at->number, step);
	else
		json_skip_wrong(d, "int32", step);
}

static void read_raw(struct json_decode *d, struct str *at)
{
	struct str raw;

	if (json_skip(&d->in, &raw))
		*at = json_keep(d, raw);
}

/* What a value of each kind has to begin with, if not all will do. */
static bool token_fits(enum kind kind, enum json_token token)
{
	switch (kind) {
	case KIND_BOOL: return token == JSON_TRUE || token == JSON_FALSE;
	case KIND_INT32:
	case KIND_INT64:
	case KIND_UINT32:
	case KIND_UINT64:
	case KIND_DOUBLE: return token == JSON_NUMBER;
	case KIND_TIME:
	case KIND_MICRO_TIME:
	case KIND_DURATION:
	case KIND_STRING:
	case KIND_BYTES: return token == JSON_STRING;
	default: return true;
	}
}

void json_read_scalar(struct json_decode *d, const struct field *field, void *at,
		      const struct json_step *step)
{
	enum json_token token = json_peek(&d->in);

	if (!token_fits(field->kind, token)) {
		if (field->kind >= KIND_TIME && field->kind <= KIND_DURATION)
			json_skip_wrong(d, "string", step);
		else
			json_wrong(d, field, true, step);
		return;
	}
	switch ((enum kind)field->kind) {
	case KIND_BOOL: *(bool *)at = json_literal(&d->in) && token == JSON_TRUE; return;
	case KIND_INT32:
	case KIND_INT64:
	case KIND_UINT32:
	case KIND_UINT64: read_integer(d, field, at, step); return;
	case KIND_DOUBLE: read_double(d, at, step); return;
	case KIND_TIME:
	case KIND_MICRO_TIME: read_time(d, field, at); return;
	case KIND_DURATION: read_duration(d, at); return;
	case KIND_INT_OR_STRING: read_int_or_string(d, at, step); return;
	case KIND_STRING: (void)read_string(d, at); return;
	case KIND_BYTES: read_bytes(d, at); return;
	case KIND_QUANTITY: read_quantity(d, at); return;
	case KIND_RAW:
	case KIND_JSON:
	case KIND_FIELDS_V1:
	case KIND_ANY: read_raw(d, at); return;
	case KIND_MESSAGE: break;
	}
	assert(!"a message is no scalar");
}

#include <assert.h>
#include <math.h>

#include "datastore/cel/library/function.h"
#include "datastore/cel/library/moment.h"
#include "datastore/cel/library/show.h"
#include "runtime/base/time/time.h"
#include "transport/wire/utf8.h"

/*
 * From one type to another.
 */

static struct cel_value same(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return args[0];
}

/* `to` is what texts become. */
static struct cel_value cannot(struct cel_call *call, const char *to)
{
	return cel_value_error(call->arena, "type conversion error from 'string' to '%s'", to);
}

static struct cel_value type_of(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return (struct cel_value){ .kind = CEL_TYPE, .type = cel_value_type(args[0]) };
}

static struct cel_value bool_from_string(struct cel_call *call, const struct cel_value *args)
{
	static const struct {
		const char *text;
		bool is_true;
	} words[] = { { "1", true },    { "t", true },      { "T", true },      { "true", true },
		      { "TRUE", true }, { "True", true },   { "0", false },     { "f", false },
		      { "F", false },   { "false", false }, { "FALSE", false }, { "False", false } };

	for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_is(args[0].text, words[i].text))
			return cel_bool(words[i].is_true);
	return cannot(call, "bool");
}

static struct cel_value bytes_from_string(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return (struct cel_value){ .kind = CEL_BYTES, .text = args[0].text };
}

/* ---- numbers ------------------------------------------------------------------------------------------------- */

static struct cel_value double_from_int(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double((double)args[0].integer);
}

static struct cel_value double_from_uint(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double((double)args[0].natural);
}

static struct cel_value double_from_string(struct cel_call *call, const struct cel_value *args)
{
	double number;

	if (str_to_double(args[0].text, &number) != OK)
		return cannot(call, "double");
	return cel_double(number);
}

static struct cel_value int_from_double(struct cel_call *call, const struct cel_value *args)
{
	double number = trunc(args[0].number);

	if (!(number > -0x1p63 && number < 0x1p63))
		return cel_value_error(call->arena, "integer overflow");
	return cel_int((int64_t)number);
}

static struct cel_value int_from_uint(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].natural > INT64_MAX)
		return cel_value_error(call->arena, "integer overflow");
	return cel_int((int64_t)args[0].natural);
}

/* A plus may stand before it, as in Go. */
static struct str unsigned_text(struct str text)
{
	return text.len > 1 && text.at[0] == '+' && text.at[1] != '-' ? str_slice(text, 1, text.len)
								      : text;
}

static struct cel_value int_from_string(struct cel_call *call, const struct cel_value *args)
{
	int64_t number;

	if (str_to_i64(unsigned_text(args[0].text), &number) != OK)
		return cannot(call, "int");
	return cel_int(number);
}

static struct cel_value int_from_moment(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].moment.seconds);
}

static struct cel_value int_from_duration(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].integer);
}

static struct cel_value uint_value(uint64_t natural)
{
	return (struct cel_value){ .kind = CEL_UINT, .natural = natural };
}

static struct cel_value uint_from_double(struct cel_call *call, const struct cel_value *args)
{
	double number = trunc(args[0].number);

	if (!(number >= 0 && number < 0x1p64))
		return cel_value_error(call->arena, "unsigned integer overflow");
	return uint_value((uint64_t)number);
}

static struct cel_value uint_from_int(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].integer < 0)
		return cel_value_error(call->arena, "unsigned integer overflow");
	return uint_value((uint64_t)args[0].integer);
}

static struct cel_value uint_from_string(struct cel_call *call, const struct cel_value *args)
{
	uint64_t number;

	if (str_to_u64(args[0].text, &number) != OK)
		return cannot(call, "uint");
	return uint_value(number);
}

/* ---- times --------------------------------------------------------------------------------------------------- */

static struct cel_value moment_from_int(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_TIMESTAMP };

	if (!moment_from_seconds(args[0].integer, &out.moment))
		return cel_value_error(call->arena, "timestamp overflow");
	return out;
}

static struct cel_value moment_from_string(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_TIMESTAMP };

	if (!moment_parse(args[0].text, &out.moment))
		return cannot(call, "google.protobuf.Timestamp");
	return out;
}

static struct cel_value duration_from_string(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_DURATION };

	if (time_parse_duration(args[0].text, &out.integer) != OK)
		return cannot(call, "google.protobuf.Duration");
	return out;
}

/* ---- to text --------------------------------------------------------------------------------------------------- */

static struct cel_value to_string(struct cel_call *call, const struct cel_value *args)
{
	struct str out = STR("");

	if (!show_plain(args[0], call->arena, &out))
		return cel_value_error(call->arena,
				       "invalid UTF-8 in bytes, cannot convert to string");
	return cel_string(out);
}

static const struct cel_function rows[] = {
	{ "type", "(A)type(A)", type_of, PRICE_CONVERT },
	{ "dyn", "(A)dyn", same, PRICE_DYN },
	{ "bool", "(bool)bool", same, PRICE_CONVERT },
	{ "bool", "(string)bool", bool_from_string, PRICE_CONVERT },
	{ "bytes", "(bytes)bytes", same, PRICE_CONVERT },
	{ "bytes", "(string)bytes", bytes_from_string, PRICE_TO_BYTES },
	{ "double", "(double)double", same, PRICE_CONVERT },
	{ "double", "(int)double", double_from_int, PRICE_CONVERT },
	{ "double", "(string)double", double_from_string, PRICE_CONVERT },
	{ "double", "(uint)double", double_from_uint, PRICE_CONVERT },
	{ "duration", "(duration)duration", same, PRICE_CONVERT },
	{ "duration", "(string)duration", duration_from_string, PRICE_CONVERT },
	{ "int", "(int)int", same, PRICE_CONVERT },
	{ "int", "(double)int", int_from_double, PRICE_CONVERT },
	{ "int", "(duration)int", int_from_duration, PRICE_CONVERT },
	{ "int", "(string)int", int_from_string, PRICE_CONVERT },
	{ "int", "(timestamp)int", int_from_moment, PRICE_CONVERT },
	{ "int", "(uint)int", int_from_uint, PRICE_CONVERT },
	{ "string", "(string)string", same, PRICE_CONVERT },
	{ "string", "(bool)string", to_string, PRICE_CONVERT },
	{ "string", "(bytes)string", to_string, PRICE_TO_STRING },
	{ "string", "(double)string", to_string, PRICE_CONVERT },
	{ "string", "(duration)string", to_string, PRICE_CONVERT },
	{ "string", "(int)string", to_string, PRICE_CONVERT },
	{ "string", "(timestamp)string", to_string, PRICE_CONVERT },
	{ "string", "(uint)string", to_string, PRICE_CONVERT },
	{ "timestamp", "(timestamp)timestamp", same, PRICE_CONVERT },
	{ "timestamp", "(int)timestamp", moment_from_int, PRICE_CONVERT },
	{ "timestamp", "(string)timestamp", moment_from_string, PRICE_CONVERT },
	{ "uint", "(uint)uint", same, PRICE_CONVERT },
	{ "uint", "(double)uint", uint_from_double, PRICE_CONVERT },
	{ "uint", "(int)uint", uint_from_int, PRICE_CONVERT },
	{ "uint", "(string)uint", uint_from_string, PRICE_CONVERT },
};
CEL_FUNCTION_TABLE(cel_functions_convert, rows);

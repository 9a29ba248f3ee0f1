#include "datastore/cel/library/opaque.h"

#include "datastore/cel/library/function.h"
#include "datastore/custom/format.h"
#include "datastore/object/name.h"
#include "datastore/schema/pattern.h"

/*
 * format.dns1123Label() and its like: syntaxes of names, and formats that schemas know.
 */

struct name_format {
	struct str name; /* in front, since equality looks at it */
	struct str function;
	enum name_syntax syntax;
	bool is_prefix;
	const char *format, *words; /* of schemas; else NULL */
	uint32_t pattern_size;
};

#define NAMED(name, syntax, is_prefix, size)                                                     \
	{                                                                                        \
		{ name, sizeof(name) - 1 }, { name, sizeof(name) - 1 }, syntax, is_prefix, NULL, \
		    NULL, size                                                                   \
	}
#define FORMAT(name, format, words, size)                                                      \
	{                                                                                      \
		{ name, sizeof(name) - 1 }, { name, sizeof(name) - 1 }, NAME_DNS_LABEL, false, \
		    format, words, size                                                        \
	}

static const struct name_format formats[] = {
	NAMED("dns1123Label", NAME_DNS_LABEL, false, 30),
	NAMED("dns1123Subdomain", NAME_DNS_SUBDOMAIN, false, 60),
	NAMED("dns1035Label", NAME_DNS1035_LABEL, false, 30),
	NAMED("qualifiedName", NAME_LABEL_KEY, false, 60),
	NAMED("dns1123LabelPrefix", NAME_DNS_LABEL, true, 30),
	NAMED("dns1123SubdomainPrefix", NAME_DNS_SUBDOMAIN, true, 60),
	NAMED("dns1035LabelPrefix", NAME_DNS1035_LABEL, true, 30),
	NAMED("labelValue", NAME_LABEL_VALUE, false, 40),
	FORMAT("uri", "uri", "invalid URI for request", 1104),
	FORMAT("uuid", "uuid", "does not match the UUID format", 72),
	FORMAT("byte", "byte", "invalid base64", 84),
	FORMAT("date", "date", "invalid date", 71),
	FORMAT("datetime", "date-time", "invalid datetime", 71),
};
#define FORMAT_COUNT (sizeof formats / sizeof *formats)

uint32_t name_format_pattern_size(struct cel_value format)
{
	return ((const struct name_format *)format.opaque)->pattern_size;
}

static struct cel_value value_of(uint32_t row)
{
	return (struct cel_value){ .kind = CEL_FORMAT, .opaque = &formats[row] };
}

static struct cel_value named(struct cel_call *call, const struct cel_value *args)
{
	for (uint32_t i = 0; i < FORMAT_COUNT; i++)
		if (str_eq(args[0].text, formats[i].function))
			return cel_value_some(call->arena, value_of(i));
	return CEL_VALUE_NONE;
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

/* A fault's words without the kind and the value: `Invalid value: "X": words`. */
static struct str bare(struct str message, struct str value)
{
	return str_slice(message, (uint32_t)sizeof("Invalid value: ") - 1 + value.len + 2,
			 message.len);
}

static struct cel_value judge_name(struct cel_call *call, const struct name_format *format,
				   struct str text)
{
	struct faults faults = faults_in(call->arena);
	struct cel_value list = cel_list_make(call->arena, NULL, 0);
	struct str shown = name_quoted(call->arena, text);

	if (format->is_prefix)
		name_check_prefix(format->syntax, text, STR(""), &faults);
	else
		name_check(format->syntax, text, STR(""), &faults);
	for (uint32_t i = 0; i < faults.len; i++)
		list = cel_list_append(list.list, cel_string(bare(faults.at[i].message, shown)),
				       call->arena);
	return list;
}

static bool fits(struct cel_call *call, struct str format, struct str text)
{
	struct str source = format_pattern(format);
	struct pattern *pattern;
	bool is_match = false;

	if (source.at != NULL) {
		if (pattern_new(source, &pattern, NULL) != OK)
			return false;
		if (pattern_match(pattern, text, &is_match) != OK)
			is_match = false;
		pattern_free(pattern);
		if (!is_match)
			return false;
	}
	return format_matches(format, text, call->arena);
}

static struct cel_value judge_format(struct cel_call *call, const struct name_format *format,
				     struct str text)
{
	struct cel_value list = cel_list_make(call->arena, NULL, 0);
	struct str words = str_from(format->words);

	if (fits(call, str_from(format->format), text))
		return list;
	if (str_is(format->name, "uri"))
		words = arena_printf(call->arena, "parse " STR_FMT ": " STR_FMT,
				     STR_ARG(name_quoted(call->arena, text)), STR_ARG(words));
	return cel_list_append(list.list, cel_string(words), call->arena);
}

static struct cel_value validate(struct cel_call *call, const struct cel_value *args)
{
	const struct name_format *format = args[0].opaque;
	struct cel_value faults, refused;

	/* What is wrong shows the text, once for each rule it breaks. */
	if (!cel_call_room(call, 8ULL * args[1].text.len, &refused))
		return refused;
	faults = format->format != NULL ? judge_format(call, format, args[1].text)
					: judge_name(call, format, args[1].text);
	return faults.list->len == 0 ? CEL_VALUE_NONE : cel_value_some(call->arena, faults);
}

#define GETTER(row)                                                                            \
	static struct cel_value get_##row(struct cel_call *call, const struct cel_value *args) \
	{                                                                                      \
		(void)call;                                                                    \
		(void)args;                                                                    \
		return value_of(row);                                                          \
	}
GETTER(0)
GETTER(1)
GETTER(2)
GETTER(3)
GETTER(4)
GETTER(5)
GETTER(6)
GETTER(7)
GETTER(8)
GETTER(9)
GETTER(10)
GETTER(11)
GETTER(12)

static const struct cel_function rows[] = {
	{ "format.dns1123Label", "()Format", get_0, PRICE_ONE },
	{ "format.dns1123Subdomain", "()Format", get_1, PRICE_ONE },
	{ "format.dns1035Label", "()Format", get_2, PRICE_ONE },
	{ "format.qualifiedName", "()Format", get_3, PRICE_ONE },
	{ "format.dns1123LabelPrefix", "()Format", get_4, PRICE_ONE },
	{ "format.dns1123SubdomainPrefix", "()Format", get_5, PRICE_ONE },
	{ "format.dns1035LabelPrefix", "()Format", get_6, PRICE_ONE },
	{ "format.labelValue", "()Format", get_7, PRICE_ONE },
	{ "format.uri", "()Format", get_8, PRICE_ONE },
	{ "format.uuid", "()Format", get_9, PRICE_ONE },
	{ "format.byte", "()Format", get_10, PRICE_ONE },
	{ "format.date", "()Format", get_11, PRICE_ONE },
	{ "format.datetime", "()Format", get_12, PRICE_ONE },
	{ "format.named", "(string)optional(Format)", named, PRICE_ONE },
	{ "validate", ".(Format,string)optional(list(string))", validate, PRICE_VALIDATE },
};
CEL_FUNCTION_TABLE(cel_functions_name_format, rows);

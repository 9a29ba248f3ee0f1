#include "actors/server/catalog/document-type.h"

#define PROTO "application/com.github.proto-openapi.spec."

/* What protobuf is called. The old name has a character that no media type may have: it is asked for, but never said. */
static const struct names {
	const char *proto, *proto_old;
} all[] = {
	[OPENAPI_V2] = { PROTO "v2.v1.0+protobuf", PROTO "v2@v1.0+protobuf" },
	[OPENAPI_V3] = { PROTO "v3.v1.0+protobuf", PROTO "v3@v1.0+protobuf" },
};

/* Of one clause of Accept; absent: none of ours. */
static struct str offered_type(const struct names *names, struct str clause, double *quality)
{
	struct str rest = clause;
	struct str type = str_trim(str_cut(&rest, ';'));

	*quality = 1;
	while (rest.at != NULL) {
		struct str parameter = str_trim(str_cut(&rest, ';'));

		if (str_starts(parameter, STR("q=")) &&
		    str_to_double(str_slice(parameter, 2, parameter.len), quality) != OK)
			*quality = 0;
	}
	if (str_is(type, "*/*") || str_is(type, "application/*") || str_is(type, DOCUMENT_TYPE_JSON))
		return STR(DOCUMENT_TYPE_JSON);
	if (str_is(type, names->proto) || str_is(type, names->proto_old))
		return str_from(names->proto);
	return STR_NONE;
}

/* The type to answer with; absent: nothing that is accepted. */
struct str document_type(enum openapi_version version, struct str accept)
{
	const struct names *names = &all[version];
	struct str rest = accept, best = STR_NONE;
	double most = 0, quality;

	if (accept.len == 0)
		return STR(DOCUMENT_TYPE_JSON);
	while (rest.at != NULL) {
		struct str type = offered_type(names, str_cut(&rest, ','), &quality);

		if (type.at == NULL || quality <= most)
			continue;
		best = type;
		most = quality;
	}
	return best;
}

const char *document_type_proto(enum openapi_version version)
{
	return all[version].proto;
}

#include "actors/server/answer/negotiate.h"

#include "actors/client/api.h"

#define CLAUSES_MAX 16U /* browsers send six */

struct clause {
	struct str type; /* without parameters */
	struct str as, group, version, stream;
	bool is_pretty;
	double quality;
};

static void read_parameter(struct clause *clause, struct str parameter)
{
	struct str rest = parameter;
	struct str name = str_trim(str_cut(&rest, '='));
	struct str value = str_trim(rest);

	if (value.len >= 2 && value.at[0] == '"')
		value = str_slice(value, 1, value.len - 1);
	if (str_is(name, "as"))
		clause->as = value;
	else if (str_is(name, "g"))
		clause->group = value;
	else if (str_is(name, "v"))
		clause->version = value;
	else if (str_is(name, "stream"))
		clause->stream = value;
	else if (str_is(name, "pretty"))
		clause->is_pretty = str_is(value, "1");
	else if (str_is(name, "q") && str_to_double(value, &clause->quality) != OK)
		clause->quality = 0;
}

static struct clause read_clause(struct str text)
{
	struct str rest = text;
	struct clause clause = { .quality = 1 };

	clause.type = str_trim(str_cut(&rest, ';'));
	while (rest.at != NULL)
		read_parameter(&clause, str_cut(&rest, ';'));
	return clause;
}

static uint32_t read_clauses(struct str accept, struct clause out[CLAUSES_MAX])
{
	struct str rest = accept;
	uint32_t count = 0;

	while (rest.at != NULL && count < CLAUSES_MAX) {
		struct str text = str_trim(str_cut(&rest, ','));

		if (text.len > 0)
			out[count++] = read_clause(text);
	}
	/* By quality; equal ones stay in their order. */
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t j = i; j > 0 && out[j].quality > out[j - 1].quality; j--) {
			struct clause moved = out[j];

			out[j] = out[j - 1];
			out[j - 1] = moved;
		}
	return count;
}

static bool take_format(const struct clause *clause, bool has_protobuf, struct answer_form *out)
{
	if (str_is(clause->type, "*/*") || str_is(clause->type, "application/*") ||
	    str_is(clause->type, "application/json") || str_eq(clause->type, API_TYPE_YAML))
		out->format = FORMAT_JSON;
	else if (has_protobuf && str_eq(clause->type, API_TYPE_PROTOBUF))
		out->format = FORMAT_PROTO;
	else
		return false;
	out->is_yaml = str_eq(clause->type, API_TYPE_YAML);
	return true;
}

static bool take_meta_view(const struct clause *clause, struct answer_form *out)
{
	bool is_v1 = str_is(clause->version, "v1");

	if (!str_is(clause->group, "meta.k8s.io") || !(is_v1 || str_is(clause->version, "v1beta1")))
		return false;
	if (str_is(clause->as, "Table") && out->format == FORMAT_JSON)
		out->view = VIEW_TABLE;
	else if (str_is(clause->as, "PartialObjectMetadata"))
		out->view = VIEW_PARTIAL;
	else if (str_is(clause->as, "PartialObjectMetadataList"))
		out->view = VIEW_PARTIAL_LIST;
	else
		return false;
	out->is_table_beta = !is_v1;
	return true;
}

static bool take_view(const struct clause *clause, enum negotiate_views views,
		      struct answer_form *out)
{
	out->view = VIEW_OBJECT;
	if (clause->as.len == 0)
		return true;
	if (views == NEGOTIATE_METADATA || views == NEGOTIATE_OBJECTS || views == NEGOTIATE_WATCH)
		return take_meta_view(clause, out) &&
		       (out->view != VIEW_TABLE || views != NEGOTIATE_METADATA);
	if (views == NEGOTIATE_DISCOVERY && str_is(clause->as, "APIGroupDiscoveryList") &&
	    str_is(clause->group, "apidiscovery.k8s.io") && str_is(clause->version, "v2")) {
		out->view = VIEW_DISCOVERY;
		return true;
	}
	return false;
}

enum status negotiate_accept(struct str accept, enum negotiate_views views, bool has_protobuf,
			     struct answer_form *out)
{
	struct clause clauses[CLAUSES_MAX];
	uint32_t count = read_clauses(accept, clauses);

	if (count == 0) {
		*out = (struct answer_form){ .format = FORMAT_JSON };
		return OK;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct answer_form form = { .is_pretty = clauses[i].is_pretty };

		if (clauses[i].quality <= 0 ||
		    (clauses[i].stream.len > 0 && !str_is(clauses[i].stream, "watch")))
			continue;
		if (!take_format(&clauses[i], has_protobuf, &form) ||
		    !take_view(&clauses[i], views, &form) ||
		    (form.is_yaml && views == NEGOTIATE_WATCH))
			continue;
		*out = form;
		return OK;
	}
	return NOT_ACCEPTABLE;
}

struct str negotiate_type(const struct answer_form *form, bool is_stream)
{
	if (form->view == VIEW_DISCOVERY)
		return form->format == FORMAT_PROTO
			   ? STR("application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;"
				 "as=APIGroupDiscoveryList")
			   : STR("application/json;g=apidiscovery.k8s.io;v=v2;"
				 "as=APIGroupDiscoveryList");
	if (form->format == FORMAT_PROTO)
		return is_stream ? STR("application/vnd.kubernetes.protobuf;stream=watch")
				 : API_TYPE_PROTOBUF;
	return API_TYPE_JSON;
}

static struct str bare(struct str content_type)
{
	struct str rest = content_type;

	return str_trim(str_cut(&rest, ';'));
}

enum status negotiate_content(struct str content_type, enum format *out, bool *out_is_yaml)
{
	struct str type = bare(content_type);

	*out_is_yaml = str_eq_nocase(type, API_TYPE_YAML);
	if (type.len == 0 || str_eq_nocase(type, STR("application/json")) || *out_is_yaml)
		*out = FORMAT_JSON;
	else if (str_eq_nocase(type, API_TYPE_PROTOBUF))
		*out = FORMAT_PROTO;
	else
		return UNSUPPORTED_MEDIA;
	return OK;
}

enum status negotiate_patch(struct str content_type, enum patch_form *out, bool *out_is_apply)
{
	static const struct {
		const char *type;
		enum patch_form form;
	} forms[] = {
		{ "application/json-patch+json", PATCH_JSON },
		{ "application/merge-patch+json", PATCH_MERGE },
		{ "application/strategic-merge-patch+json", PATCH_STRATEGIC },
	};
	struct str type = bare(content_type);

	*out_is_apply = str_is(type, "application/apply-patch+yaml");
	if (*out_is_apply)
		return OK;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (!str_is(type, forms[i].type))
			continue;
		*out = forms[i].form;
		return OK;
	}
	return UNSUPPORTED_MEDIA;
}

bool negotiate_pretty(struct str query_pretty, struct str agent)
{
	if (query_pretty.len > 0)
		return !(str_is(query_pretty, "0") || str_is(query_pretty, "false"));
	return str_starts(agent, STR("curl")) || str_starts(agent, STR("Wget")) ||
	       str_starts(agent, STR("Mozilla/5.0"));
}

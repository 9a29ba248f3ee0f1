#include "actors/kinds/field/signer.h"

#define DOMAIN_MAX 253U                         /* of a DNS name */
#define NAME_MAX_BYTES (253U + 253U + 63U + 2U) /* a domain, a slash, a label, a dot and a name */

/* Stops at the first bad label: more would only repeat it. */
static void check_labels(const struct path *at, enum name_syntax syntax, struct str labels)
{
	struct str rest = labels;

	while (rest.at != NULL) {
		struct str label = str_cut(&rest, '.');
		struct str words = rule_words(at, syntax, label, "\n");

		if (words.len == 0)
			continue;
		path_invalid_lines(
		    at, labels,
		    arena_printf(path_arena(at),
				 "validating label \"" STR_FMT "\": ", STR_ARG(label)),
		    words);
		return;
	}
}

bool signer_check_name(const struct path *at, struct str name)
{
	struct str rest = name, domain = str_cut(&rest, '/');
	uint32_t before = path_faults(at)->len;

	if (name.len == 0)
		return path_required(at, "");
	if (rest.at == NULL || str_find_char(rest, '/') >= 0)
		return path_invalid(
		    at,
		    name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
	if (domain.len > DOMAIN_MAX)
		path_too_long(at, DOMAIN_MAX);
	check_labels(at, NAME_DNS_LABEL, domain);
	if (str_find_char(domain, '.') < 0)
		path_invalid(at, domain,
			     "should be a domain with at least two segments separated by dots");
	check_labels(at, NAME_DNS_SUBDOMAIN, rest);
	if (name.len > NAME_MAX_BYTES)
		path_too_long(at, NAME_MAX_BYTES);
	return path_faults(at)->len == before;
}

static struct str with_colons(struct arena *arena, struct str name)
{
	char *copy = arena_cstr(arena, name);

	for (uint32_t i = 0; i < name.len; i++)
		if (copy[i] == '/')
			copy[i] = ':';
	return str_of(copy, name.len);
}

static struct str name_fault(const struct path *at, struct str name, bool is_prefix)
{
	struct str words;

	/* A dash at the end is one within the name, when it is made. */
	if (is_prefix && name.len > 1 && str_ends(name, STR("-")))
		name.len--;
	words = rule_words(at, NAME_DNS_SUBDOMAIN, name, "\n");

	return words.len > 0 ? words : STR_NONE;
}

struct str signer_bundle_fault(const struct path *at, struct str bundle, struct str signer,
			       bool is_prefix)
{
	struct arena *arena = path_arena(at);
	struct str prefix;

	if (signer.len == 0) {
		if (str_find_char(bundle, ':') >= 0)
			return STR("ClusterTrustBundle without signer name must not have \":\" in "
				   "its name");
		return name_fault(at, bundle, is_prefix);
	}
	prefix = arena_printf(arena, STR_FMT ":", STR_ARG(with_colons(arena, signer)));
	if (!str_starts(bundle, prefix))
		return arena_printf(arena,
				    "ClusterTrustBundle for signerName " STR_FMT
				    " must be named with prefix " STR_FMT,
				    STR_ARG(signer), STR_ARG(prefix));
	return name_fault(at, str_slice(bundle, prefix.len, bundle.len), is_prefix);
}

void signer_check_annotations(const struct path *at, struct str_map annotations)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < annotations.len; i++) {
		struct str key = annotations.at[i].key;
		char *lowered = arena_cstr(path_arena(at), key);

		for (uint32_t j = 0; j < key.len; j++)
			if (lowered[j] >= 'A' && lowered[j] <= 'Z')
				lowered[j] = (char)(lowered[j] - 'A' + 'a');
		key = str_of(lowered, key.len);
		bytes += (uint64_t)key.len + annotations.at[i].value.len;
		if (rule_needed_name(at, NAME_LABEL_KEY, key, "") && str_find_char(key, '/') < 0)
			path_invalid(at, key,
				     "must be a domain-prefixed key (such as \"acme.io/foo\")");
	}
	if (bytes > LIMIT_ANNOTATIONS_BYTES)
		path_too_long(at, LIMIT_ANNOTATIONS_BYTES);
}

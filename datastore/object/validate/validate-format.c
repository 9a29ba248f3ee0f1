#include <string.h>

#include "datastore/object/name.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/text.h"

#define UUID_BYTES 36U
#define POOL_BYTES_MAX 253U
#define DOMAIN_BYTES_MAX 63U
#define IDENTIFIER_BYTES_MAX 32U
#define QUOTA_PREFIX "requests."
#define OWN_DOMAIN "kubernetes.io/"

/* One string that is judged, and where it stands. */
struct format {
	struct judge *judge;
	const struct mark *mark;
	const struct way *way;
};

static struct str quoted(const struct format *f, struct str value)
{
	return name_quoted(f->judge->faults->arena, value);
}

static void wrong(const struct format *f, struct str shown, const char *prefix, const char *words)
{
	validate_say(f->judge, f->mark->stage, f->way, FAULT_INVALID, quoted(f, shown), "%s%s",
		     prefix, words);
}

static void too_long(const struct format *f, uint32_t max)
{
	validate_say(f->judge, f->mark->stage, f->way, FAULT_TOO_LONG, STR_NONE,
		     "may not be more than %u bytes", max);
}

/* What the rule itself says, without "Invalid value: ..." before it. Marks count bytes where the older rules say characters and mean bytes. */
static struct str words_of(const struct fault_item *item, struct arena *arena, struct str value)
{
	struct str shown = name_quoted(arena, value), words;

	words = str_slice(item->message,
			  (uint32_t)strlen(fault_kind_text(item->kind)) + 2 + shown.len + 2,
			  item->message.len);
	if (!str_ends(words, STR(" characters")))
		return words;
	words.len -= (uint32_t)strlen(" characters");
	return arena_printf(arena, STR_FMT " bytes", STR_ARG(words));
}

/* `judged` is looked at, `shown` is what is complained of: they differ where only a part, or more, has to fit. */
static void check_name(const struct format *f, enum name_syntax syntax, struct str judged,
		       struct str shown, const char *prefix)
{
	struct arena *arena = f->judge->faults->arena;
	struct faults found = faults_in(arena);

	name_check(syntax, judged, STR(""), &found);
	for (uint32_t i = 0; i < found.len; i++)
		wrong(f, shown, prefix, arena_cstr(arena, words_of(&found.at[i], arena, judged)));
}

/* ---- formats that are more than a syntax ------------------------------------------------------------- */

static bool is_uuid(struct str value)
{
	if (value.len != UUID_BYTES)
		return false;
	for (uint32_t i = 0; i < UUID_BYTES; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? value.at[i] != '-'
			    : memchr("0123456789abcdef", value.at[i], 16) == NULL)
			return false;
	}
	return true;
}

static void check_uuid(const struct format *f, struct str value)
{
	if (!is_uuid(value))
		wrong(f, value, "", "must be a lowercase UUID in 8-4-4-4-12 format");
}

static void check_pool_name(const struct format *f, struct str value)
{
	struct arena *arena = f->judge->faults->arena;
	struct str rest = value;

	if (value.len > POOL_BYTES_MAX)
		too_long(f, POOL_BYTES_MAX);
	for (uint32_t i = 0; rest.at != NULL; i++) {
		struct str part = str_cut(&rest, '/');
		const char *prefix = arena_printf(arena, "segment %u: ", i).at;

		if (part.len == 0)
			wrong(f, value, prefix, "must not be empty");
		else
			check_name(f, NAME_DNS_SUBDOMAIN, part, part, prefix);
	}
}

static void check_identifier(const struct format *f, struct str value)
{
	if (value.len > IDENTIFIER_BYTES_MAX)
		too_long(f, IDENTIFIER_BYTES_MAX);
	check_name(f, NAME_C_IDENTIFIER, value, value, "");
}

static void check_domain(const struct format *f, struct str value)
{
	if (value.len > DOMAIN_BYTES_MAX)
		too_long(f, DOMAIN_BYTES_MAX);
	check_name(f, NAME_DNS_SUBDOMAIN, value, value, "prefix: ");
}

/* More than one slash is let through, as upstream does. */
static void check_qualified(const struct format *f, struct str value)
{
	struct str rest = value, domain = str_cut(&rest, '/');

	if (rest.at == NULL) {
		check_identifier(f, value);
		wrong(f, value, "",
		      "a fully qualified name must be a domain and a name separated by a slash");
		return;
	}
	if (str_find_char(rest, '/') >= 0)
		return;
	if (domain.len == 0)
		wrong(f, STR(""), "", "prefix must not be empty");
	else
		check_domain(f, domain);
	if (rest.len == 0)
		wrong(f, STR(""), "", "name must not be empty");
	else
		check_identifier(f, rest);
}

static void check_extended_resource(const struct format *f, struct str value)
{
	struct arena *arena = f->judge->faults->arena;

	if (str_find_char(value, '/') < 0)
		wrong(f, value, "",
		      "a name must be a domain-prefixed path, such as 'example.com/my-prop'");
	else if (str_find(value, STR(OWN_DOMAIN)) >= 0)
		wrong(f, value, "", "must not have \"" OWN_DOMAIN "\" domain");
	if (str_starts(value, STR(QUOTA_PREFIX)))
		wrong(f, value, "", "must not have \"" QUOTA_PREFIX "\" prefix");
	/* It has to be a name also where quotas speak of it. */
	check_name(f, NAME_LABEL_KEY, arena_printf(arena, QUOTA_PREFIX STR_FMT, STR_ARG(value)),
		   value, "");
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum name_syntax syntax;
} syntaxes[] = {
	{ "k8s-short-name", NAME_DNS_LABEL },
	{ "k8s-long-name", NAME_DNS_SUBDOMAIN },
	{ "k8s-long-name-caseless", NAME_DNS_SUBDOMAIN_CASELESS },
	{ "k8s-label-key", NAME_LABEL_KEY },
	{ "k8s-prefixed-label-key", NAME_PREFIXED_LABEL_KEY },
	{ "k8s-path-segment-name", NAME_PATH_SEGMENT },
};

static const struct {
	const char *name;
	void (*check)(const struct format *f, struct str value);
} others[] = {
	{ "k8s-uuid", check_uuid },
	{ "k8s-resource-pool-name", check_pool_name },
	{ "k8s-resource-fully-qualified-name", check_qualified },
	{ "k8s-extended-resource-name", check_extended_resource },
};

void validate_format(struct judge *judge, const struct mark *mark, struct str value,
		     const struct way *way)
{
	const struct format f = { judge, mark, way };

	for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
		if (str_is(mark_value(mark), syntaxes[i].name))
			check_name(&f, syntaxes[i].syntax, value, value, "");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (str_is(mark_value(mark), others[i].name))
			others[i].check(&f, value);
}

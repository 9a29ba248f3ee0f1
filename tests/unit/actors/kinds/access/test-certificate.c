#include "actors/kinds/access/pem.h"
#include "datastore/schema/certificates.h"
#include "tests/unit/actors/kinds/kind-lab.h"
#include "transport/tls/certificate.h"
#include "transport/wire/base64.h"

/* ---- PEM -------------------------------------------------------------------------------------------------------- */

#define BLOCK(label, body) "-----BEGIN " label "-----\n" body "\n-----END " label "-----"

static const struct {
	const char *text, *labels; /* of all blocks; with headers: a star behind */
} pem_cases[] = {
	{ "", "" },
	{ "text", "" },
	{ BLOCK("A", "eA=="), "A " },
	{ "before\n" BLOCK("A B", "eA==") "\nbetween\n" BLOCK("C", "eA==") "\nbehind", "A B C " },
	{ BLOCK("A", "Proc-Type: 4\n\neA=="), "A* " },
	{ "x" BLOCK("A", "eA=="), "" },                     /* not at the beginning of a line */
	{ "-----BEGIN A-----\neA==\n-----END B-----", "" }, /* ends as another */
	{ "-----BEGIN A-----\neA==\n", "" },                /* never ends */
	{ "-----BEGIN A\n" BLOCK("B", "eA=="), "B " },      /* a broken one before a good one */
	{ "-----BEGIN ", "" },
	{ "-----BEGIN -----\n-----END -----", " " },
};

TEST(blocks_of_pem_are_found_whatever_is_between_them)
{
	for (size_t i = 0; i < sizeof pem_cases / sizeof pem_cases[0]; i++) {
		struct text out = text_in(test_arena(), KIB);
		struct str rest = str_from(pem_cases[i].text);
		struct pem_block block;

		while (pem_next(&rest, &block))
			text_printf(&out, STR_FMT "%s ", STR_ARG(block.label),
				    block.has_headers ? "*" : "");
		CHECK_STR(text_str(&out), pem_cases[i].labels);
	}
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static void free_key(void *arg)
{
	certificate_key_free(arg);
}

static struct certificate_key *new_key(void)
{
	struct certificate_key *key = certificate_key_new();

	arena_on_free(test_arena(), free_key, key);
	return key;
}

static struct str base64(struct str bytes)
{
	struct text out = text_in(test_arena(), MIB);

	base64_encode(BASE64_STANDARD, bytes, &out);
	return text_str(&out);
}

static struct str request_of(const char *name)
{
	const struct certificate_wish wish = { .common_name = str_from(name),
					       .usage = CERTIFICATE_CLIENT };
	struct str pem = STR("");

	CHECK_STATUS(certificate_request(&wish, new_key(), test_arena(), &pem, NULL), OK);
	return pem;
}

static struct str certificate_of(unsigned usage)
{
	const struct certificate_wish wish = { .common_name = STR("a"),
					       .usage = usage,
					       .not_before = { 0 },
					       .not_after = { 1000 * TIME_S } };
	struct str pem = STR("");

	CHECK_STATUS(certificate_self_signed(&wish, new_key(), test_arena(), &pem, NULL), OK);
	return pem;
}

#define CSR (&certificates_certificate_signing_request_type)

/* With these members of the spec beside a good request. */
static const char *request(const char *members)
{
	struct str text = base64(request_of("jane"));

	return arena_printf(test_arena(),
			    "{'metadata':{'name':'Any:name'},'spec':{'request':'" STR_FMT "',%s}}",
			    STR_ARG(text), members)
	    .at;
}

#define GOOD "'signerName':'a.io/b','usages':['client auth']"
#define USAGES                                                                                    \
	"\"any\", \"cert sign\", \"client auth\", \"code signing\", \"content commitment\", "     \
	"\"crl sign\", \"data encipherment\", \"decipher only\", \"digital signature\", \"email " \
	"protection\", \"encipher only\", \"ipsec end system\", \"ipsec tunnel\", \"ipsec "       \
	"user\", "                                                                                \
	"\"key agreement\", \"key encipherment\", \"microsoft sgc\", \"netscape sgc\", \"ocsp "   \
	"signing\", \"s/mime\", \"server auth\", \"signing\", \"timestamping\""

static const struct kind_case request_cases[] = {
	{ NULL, "" },
	{ "{'spec':{'usages':[]}}", "spec.usages: Required value" },
	{ "{'spec':{'usages':['any','any','fun']}}",
	  "spec.usages[2]: Unsupported value: \"fun\": supported values: " USAGES "\n"
	  "spec.usages[1]: Duplicate value: \"any\"" },
	{ "{'spec':{'signerName':''}}", "spec.signerName: Required value" },
	{ "{'spec':{'signerName':'kubernetes.io/legacy-unknown'}}",
	  "spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName "
	  "is "
	  "not allowed via this API version" },
	{ "{'spec':{'expirationSeconds':599}}",
	  "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 "
	  "seconds (10 minutes)" },
	{ "{'spec':{'request':'eA=='}}",
	  "spec.request: Invalid value: \"eA==\": PEM block type must be "
	  "CERTIFICATE REQUEST" },
};

TEST(a_request_asks_for_usages_of_a_signer)
{
	KIND_CREATES(CSR, request(GOOD), request_cases);
}

TEST(a_request_that_its_key_did_not_sign_is_refused)
{
	struct str pem = request_of("jane");
	char *copy = arena_cstr(test_arena(), pem);
	struct kind_lab *lab = kind_lab(CSR);
	int64_t end = str_find(pem, STR("\n-----END"));
	struct str found, text;

	/* The last bytes are the signature's. */
	copy[end - 6] = copy[end - 6] == 'A' ? 'B' : 'A';
	text = base64(str_of(copy, pem.len));
	found = kind_lab_create(lab,
				arena_printf(test_arena(),
					     "{'metadata':{'name':'r'},'spec':{'request':'" STR_FMT
					     "'," GOOD "}}",
					     STR_ARG(text))
				    .at,
				NULL);
	CHECK(str_starts(found, STR("spec.request: Invalid value: \"")));
}

TEST(who_asks_is_written_down_by_the_server)
{
	static const struct str groups[] = { { "devs", 4 } }, values[] = { { "v", 1 } };
	static const struct user_extra extra[] = { { { "k", 1 }, values, 1 } };
	struct kind_lab *lab = kind_lab(CSR);

	lab->user = (struct user){ .name = STR("jane"),
				   .uid = STR("7"),
				   .groups = groups,
				   .group_count = 1,
				   .extra = extra,
				   .extra_count = 1 };
	CHECK_STR(kind_lab_create(
		      lab, request(GOOD),
		      "{'spec':{'username':'root','uid':'0','groups':['system:masters'],"
		      "'extra':{'a':['b']}},'status':{'conditions':[{'type':'Approved','status'"
		      ":'True'}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.username"), "jane");
	CHECK_STR(kind_lab_value(lab, "spec.uid"), "7");
	CHECK_STR(kind_lab_value(lab, "spec.groups"), "[\"devs\"]");
	CHECK_STR(kind_lab_value(lab, "spec.extra"), "{\"k\":[\"v\"]}");
	CHECK_STR(kind_lab_value(lab, "status.conditions"), "");
}

/* ---- what becomes of them ------------------------------------------------------------------------------------------- */

#define CONDITIONS(list) "{'status':{'conditions':[" list "]}}"
#define C(type) "{'type':'" type "','status':'True'}"

static const char *with_status(const char *members)
{
	struct str text = base64(request_of("jane"));

	return arena_printf(test_arena(),
			    "{'metadata':{'name':'r'},'spec':{'request':'" STR_FMT "'," GOOD
			    "},'status':{%s}}",
			    STR_ARG(text), members)
	    .at;
}

static const struct kind_case approval_cases[] = {
	{ CONDITIONS(C("Approved")), "" },
	{ CONDITIONS(C("Denied") "," C("Failed")), "" },
	{ CONDITIONS(C("Approved") "," C("Denied")),
	  "status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions "
	  "are "
	  "mutually exclusive\n"
	  "status.conditions: Invalid value: \"{conditions[{\\\"type\\\": \\\"Approved\\\"}], "
	  "conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": must specify at most one of: "
	  "`conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": \"Denied\"}]`" },
	{ CONDITIONS("{'type':'Approved','status':'False'}"),
	  "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"" },
	{ CONDITIONS("{'type':'','status':''}"), "status.conditions[0].type: Required value\n"
						 "status.conditions[0].status: Required value" },
	{ CONDITIONS("{'type':'Mine','status':'Maybe'}"),
	  "status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", "
	  "\"True\", \"Unknown\"" },
};

static const struct kind_case status_cases[] = {
	{ CONDITIONS(C("Failed")), "" },
	{ CONDITIONS(C("Approved")),
	  "status.conditions: Forbidden: updates may not add a condition of "
	  "type \"Approved\"" },
	{ "{'status':{'certificate':'eA=='}}",
	  "status.certificate: Invalid value: \"<certificate data>\": must contain at least one "
	  "CERTIFICATE PEM block" },
};

static const struct kind_case removal_cases[] = {
	{ CONDITIONS(""),
	  "status.conditions: Forbidden: updates may not remove a condition of type "
	  "\"Approved\"" },
	/* What was said about it stays as it was said. */
	{ CONDITIONS("{'type':'Approved','status':'True','reason':'Other'}"), "" },
};

TEST(approval_and_signing_are_two_matters)
{
	struct kind_lab *lab = kind_lab(CSR);

	KIND_UPDATES(CSR, "approval", with_status(""), approval_cases);
	KIND_UPDATES(CSR, "status", with_status(""), status_cases);
	KIND_UPDATES(CSR, "approval", with_status("'conditions':[" C("Approved") "]"),
		     removal_cases);
	KIND_UPDATES(CSR, "status", with_status("'conditions':[" C("Approved") "]"), removal_cases);
	CHECK_STR(kind_lab_update(lab, "status", with_status("'conditions':[" C("Approved") "]"),
				  removal_cases[1].patch),
		  "");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].reason"), "");
	/* Neither touches what was asked for, nor does a plain update. */
	CHECK_STR(
	    kind_lab_update(lab, "", with_status(""),
			    "{'spec':{'signerName':'c.io/d'},'status':{'certificate':'eA=='}}"),
	    "");
	CHECK_STR(kind_lab_value(lab, "spec.signerName"), "a.io/b");
	CHECK_STR(kind_lab_value(lab, "status.certificate"), "");
}

TEST(a_certificate_is_given_once)
{
	struct str one = base64(certificate_of(CERTIFICATE_CLIENT));
	struct str other = base64(certificate_of(CERTIFICATE_CLIENT));
	const char *first =
	    arena_printf(test_arena(), "{'status':{'certificate':'" STR_FMT "'}}", STR_ARG(one)).at;
	const char *second =
	    arena_printf(test_arena(), "{'status':{'certificate':'" STR_FMT "'}}", STR_ARG(other)).at;
	const char *given =
	    with_status(arena_printf(test_arena(), "'certificate':'" STR_FMT "'", STR_ARG(one)).at);
	struct kind_lab *lab = kind_lab(CSR);

	CHECK_STR(kind_lab_update(lab, "status", with_status(""), first), "");
	CHECK_STR(kind_lab_value(lab, "status.certificate"), arena_cstr(test_arena(), one));
	CHECK_STR(kind_lab_update(lab, "approval", with_status(""), first), "");
	CHECK_STR(kind_lab_value(lab, "status.certificate"), "");
	CHECK_STR(
	    kind_lab_update(lab, "status", given, second),
	    "status.certificate: Forbidden: updates may not modify existing certificate content");
}

/* ---- bundles --------------------------------------------------------------------------------------------------------- */

#define BUNDLE (&certificates_cluster_trust_bundle_type)

static struct str as_json(struct str pem)
{
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < pem.len; i++) {
		if (pem.at[i] == '\n')
			text_lit(&out, "\\n");
		else
			text_add_char(&out, pem.at[i]);
	}
	return text_str(&out);
}

static const char *bundle_of(const char *name, struct str pem, struct str more)
{
	struct str one = as_json(pem), two = as_json(more);

	return arena_printf(test_arena(),
			    "{'metadata':{'name':'%s'},'spec':{'trustBundle':'" STR_FMT STR_FMT
			    "'}}",
			    name, STR_ARG(one), STR_ARG(two))
	    .at;
}

static const struct kind_case bundle_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'a.io:b:name'},'spec':{'signerName':'a.io/b'}}", "" },
	{ "{'metadata':{'name':'a:b'}}",
	  "metadata.name: Invalid value: \"a:b\": ClusterTrustBundle without signer name must not "
	  "have \":\" in its name" },
	{ "{'metadata':{'generateName':'a:'}}",
	  "metadata.generateName: Invalid value: \"a:\": ClusterTrustBundle without signer name "
	  "must not have \":\" in its name" },
	{ "{'metadata':{'generateName':'x-'}}", "" },
	{ "{'spec':{'signerName':'b'}}",
	  "metadata.name: Invalid value: \"x\": ClusterTrustBundle for signerName b must be named "
	  "with "
	  "prefix b:\n"
	  "spec.signerName: Invalid value: \"b\": must be a fully qualified domain and path of the "
	  "form 'example.com/signer-name'" },
	{ "{'spec':{'trustBundle':'x'}}",
	  "spec.trustBundle: Invalid value: \"<value omitted>\": at least "
	  "one trust anchor must be provided" },
};

TEST(a_bundle_holds_authorities_once_each)
{
	struct str authority = certificate_of(CERTIFICATE_AUTHORITY);
	struct str client = certificate_of(CERTIFICATE_CLIENT);
	struct str none = STR("");

	KIND_CREATES(BUNDLE, bundle_of("x", authority, none), bundle_cases);
	CHECK_STR(kind_lab_create(kind_lab(BUNDLE), bundle_of("x", authority, authority), NULL),
		  "spec.trustBundle: Invalid value: \"<value omitted>\": entry 1 is a duplicate");
	CHECK_STR(
	    kind_lab_create(kind_lab(BUNDLE), bundle_of("x", client, none), NULL),
	    "spec.trustBundle: Invalid value: \"<value omitted>\": entry 0 is not marked as a "
	    "certificate authority");
	CHECK_STR(
	    kind_lab_update(kind_lab(BUNDLE), "", bundle_of("x", authority, none),
			    "{'spec':{'signerName':'a.io/b'}}"),
	    "metadata.name: Invalid value: \"x\": ClusterTrustBundle for signerName a.io/b must be "
	    "named with prefix a.io:b:\n"
	    "spec.signerName: Invalid value: \"a.io/b\": field is immutable");
}

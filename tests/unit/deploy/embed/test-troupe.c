#include "deploy/embed/troupe.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define WAIT_MS 10000U

#define HEAD                                           \
	"apiVersion: apiextensions.k8s.io/v1\n"        \
	"kind: CustomResourceDefinition\n"             \
	"metadata: { name: ledgers.example.com }\n"    \
	"spec:\n"                                      \
	"  group: example.com\n"                       \
	"  names: { kind: Ledger, plural: ledgers }\n" \
	"  scope: Namespaced\n"
#define VERSIONS                                                                          \
	"  versions:\n"                                                                   \
	"  - name: v1\n"                                                                  \
	"    served: true\n"                                                              \
	"    storage: true\n"                                                             \
	"    subresources: { status: {} }\n"                                              \
	"    schema:\n"                                                                   \
	"      openAPIV3Schema:\n"                                                        \
	"        type: object\n"                                                          \
	"        properties:\n"                                                           \
	"          spec:\n"                                                               \
	"            type: object\n"                                                      \
	"            properties: { title: { type: string }, pages: { type: integer } }\n" \
	"          status:\n"                                                             \
	"            type: object\n"                                                      \
	"            properties: { sum: { type: integer }, seen: { type: boolean } }\n"

/* ---- a control plane that is looked at from within -------------------------------------------------------- */

struct lab {
	struct troupe *troupe;
	struct act_ref asker;
	bool is_ready, is_answered;
	struct api_answer answer;
	struct arena *kept;
};

struct asker {
	struct lab *lab;
};

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct lab *lab = *(struct lab *const *)args;

	((struct asker *)state)->lab = lab;
	lab->asker = act_self(act);
	return OK;
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct lab *lab = ((struct asker *)state)->lab;

	if (msg->kind != ACT_ANSWER)
		return ACT_UNHANDLED;
	CHECK_STATUS(msg->status, OK);
	lab->answer = *ACT_AS(msg, api_answer);
	lab->answer.body = arena_str(test_arena(), lab->answer.body);
	lab->is_answered = true;
	(void)act;
	return ACT_OK;
}

static const struct act_class asker_class = { .name = "asker",
					      .state_size = sizeof(struct asker),
					      .init = asker_init,
					      .receive = asker_receive };

static void ready(struct troupe *troupe, void *arg)
{
	struct lab *lab = arg;

	CHECK(troupe_url(troupe)[0] != '\0');
	lab->is_ready = true;
}

static bool is_ready(void *arg)
{
	return ((struct lab *)arg)->is_ready;
}

static bool is_answered(void *arg)
{
	return ((struct lab *)arg)->is_answered;
}

static struct troupe_config config_of(struct lab **lab, const char *name,
				      const struct troupe_kind *kinds, uint32_t count)
{
	struct act_child *child = arena_new_of(test_arena(), struct act_child);

	*child = (struct act_child){ .id = "asker", .class = &asker_class, .args = lab };
	return (struct troupe_config){
		.folder = arena_printf(test_arena(), "%s/%s", test_folder(), name).at,
		.kinds = kinds,
		.kind_count = count,
		.ready = ready,
		.arg = *lab,
		.children = child,
		.child_count = 1,
		.leaves_signals = true
	};
}

static struct lab *lab_open(const char *name, const struct troupe_kind *kinds, uint32_t count)
{
	struct lab **lab = arena_new_of(test_arena(), struct lab *);
	struct troupe_config config;
	struct fault why = { 0 };

	*lab = arena_new_of(test_arena(), struct lab);
	config = config_of(lab, name, kinds, count);
	if (troupe_open(&config, &(*lab)->troupe, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	CHECK(loop_run_until(troupe_loop((*lab)->troupe), is_ready, *lab, WAIT_MS));
	return *lab;
}

struct wish {
	struct lab *lab;
	const char *method, *path, *body;
};

static void send(struct act *act, void *state, void *arg)
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct wish *wish = arg;
	struct api_call call = request_call(wish->method, str_from(wish->path), STR("tester"));

	(void)state;
	call.groups = &masters;
	call.group_count = 1;
	call.accept = API_TYPE_JSON;
	if (wish->body != NULL)
		request_set_body(&call,
				 strcmp(wish->method, "PATCH") == 0
				     ? STR("application/merge-patch+json")
				     : API_TYPE_JSON,
				 str_from(wish->body));
	CHECK_STATUS(act_request(act, act_named(act, "api"), &api_call_type, &call, WAIT_MS, 1), OK);
}

/* A code of 0: whichever comes. */
static struct str ask(struct lab *lab, int32_t code, const char *method, const char *path,
		      const char *body)
{
	struct wish wish = { lab, method, path, body };
	struct loop *loop = troupe_loop(lab->troupe);

	lab->is_answered = false;
	CHECK(act_host_enter(loop_host(loop), lab->asker, send, &wish));
	CHECK(loop_run_until(loop, is_answered, lab, WAIT_MS));
	if (code != 0 && lab->answer.code != code)
		test_fail(__FILE__, __LINE__, "%s %s: %d: " STR_FMT, method, path,
			  (int)lab->answer.code, STR_ARG(lab->answer.body));
	return lab->answer.body;
}

static bool has(struct str text, const char *part)
{
	return str_find(text, str_from(part)) >= 0;
}

/* Asks until the words stand in the answer: what a controller does comes soon, not at once. */
static void await(struct lab *lab, const char *path, const char *part)
{
	struct str body = STR("");

	for (int i = 0; i < 500; i++) {
		loop_step(troupe_loop(lab->troupe), 2);
		body = ask(lab, 0, "GET", path, NULL);
		if (has(body, part))
			return;
	}
	test_fail(__FILE__, __LINE__, "no %s in " STR_FMT, part, STR_ARG(body));
}

/* ---- a controller ------------------------------------------------------------------------------------------ */

#define LEDGERS "/apis/example.com/v1/namespaces/default/ledgers"
#define MAPS "/api/v1/namespaces/default/configmaps"

/* A ledger wants a config map of its own that says its title, and shows how many there are. */
static void keep(struct troupe_turn *turn, void *arg)
{
	const struct troupe_object *ledger = troupe_this(turn), *const * maps;
	struct troupe_object *map, *status;
	uint32_t *calls = arg, count;

	++*calls;
	if (ledger == NULL)
		return;
	count = troupe_owned(turn, ledger, "ConfigMap", &maps);
	if (count == 0) {
		map = troupe_new_child(turn, "ConfigMap", ledger, troupe_name(turn));
		CHECK(troupe_set_text(map, "data[title]", troupe_text(ledger, "spec.title")));
		CHECK(troupe_set_text(map, "metadata.labels[example.com/of]", "ledger"));
	}
	status = troupe_status(turn, ledger);
	CHECK(troupe_set_int(status, "status.sum", troupe_int(ledger, "spec.pages", 1) + count));
	CHECK(troupe_set_bool(status, "status.seen", true));
	CHECK(!troupe_set_int(status, "status.nothing", 1));
	CHECK(!troupe_set_text(status, "status.sum", "x"));
	CHECK(!troupe_set_bool((struct troupe_object *)(uintptr_t)ledger, "status.seen", true));
}

TEST(a_kind_of_the_program_is_served_and_reconciled)
{
	static uint32_t calls;
	static const struct troupe_kind kinds[] = { { HEAD VERSIONS, keep, &calls,
						      .owns = { "ConfigMap" } } };
	struct lab *lab = lab_open("one", kinds, 1);
	struct str made;

	made = ask(lab, 201, "POST", LEDGERS,
		   "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"title\":\"May\",\"pages\":7},"
		   "\"status\":{\"sum\":99}}");
	CHECK(has(made, "\"generation\":1") && !has(made, "\"sum\":99"));
	await(lab, MAPS "/a", "\"title\":\"May\"");
	await(lab, LEDGERS "/a", "\"sum\":8");
	CHECK(has(ask(lab, 200, "GET", MAPS "/a", NULL), "\"example.com/of\":\"ledger\""));
	CHECK(has(ask(lab, 200, "GET", MAPS "/a", NULL), "\"kind\":\"Ledger\",\"name\":\"a\""));

	/* What it owns is made again, and a change of what it wants is seen. */
	ask(lab, 200, "DELETE", MAPS "/a", NULL);
	await(lab, MAPS, "\"title\":\"May\"");
	CHECK(has(ask(lab, 200, "PATCH", LEDGERS "/a", "{\"spec\":{\"pages\":20}}"),
		  "\"generation\":2"));
	await(lab, LEDGERS "/a", "\"sum\":21");
	CHECK(calls >= 3);
	troupe_close(lab->troupe);
}

TEST(two_control_planes_live_in_one_process)
{
	static uint32_t calls[2];
	struct troupe_kind kinds[2][1] = {
		{ { HEAD VERSIONS, keep, &calls[0], { "ConfigMap" }, { NULL } } },
		{ { HEAD VERSIONS, keep, &calls[1], { "ConfigMap" }, { NULL } } }
	};
	struct lab *a = lab_open("a", kinds[0], 1), *b = lab_open("b", kinds[1], 1);

	CHECK(strcmp(troupe_url(a->troupe), troupe_url(b->troupe)) != 0);
	ask(a, 201, "POST", LEDGERS, "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"title\":\"A\"}}");
	await(a, MAPS "/x", "\"title\":\"A\"");
	CHECK(!has(ask(b, 200, "GET", LEDGERS, NULL), "\"name\":\"x\""));
	CHECK_EQ(calls[1], 0);
	troupe_close(a->troupe);
	ask(b, 201, "POST", LEDGERS, "{\"metadata\":{\"name\":\"y\"},\"spec\":{\"title\":\"B\"}}");
	await(b, MAPS "/y", "\"title\":\"B\"");
	troupe_close(b->troupe);
}

TEST(what_was_there_is_there_again_and_looked_at)
{
	static uint32_t calls;
	static const struct troupe_kind kinds[] = { { HEAD VERSIONS, keep, &calls,
						      .owns = { "ConfigMap" } } };
	struct lab *lab = lab_open("again", kinds, 1);

	ask(lab, 201, "POST", LEDGERS,
	    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"title\":\"May\"}}");
	await(lab, LEDGERS "/a", "\"sum\":2");
	troupe_close(lab->troupe);
	calls = 0;
	lab = lab_open("again", kinds, 1);
	await(lab, LEDGERS "/a", "\"sum\":2");
	while (calls == 0)
		loop_step(troupe_loop(lab->troupe), 10);
	troupe_close(lab->troupe);
}

/* ---- what is wrong is said ----------------------------------------------------------------------------------- */

static void refused(const struct troupe_config *config, enum status expected, const char *words)
{
	struct fault why = { 0 };
	struct troupe *troupe = NULL;

	CHECK_STATUS(troupe_open(config, &troupe, &why), expected);
	CHECK(troupe == NULL);
	if (strstr(why.text, words) == NULL)
		test_fail(__FILE__, __LINE__, "no \"%s\" in \"%s\"", words, why.text);
}

TEST(a_definition_that_is_none_is_refused_with_words)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ NULL, "kinds[0]: it is missing" },
		{ "a: [", "kinds[0]:" },
		{ "apiVersion: v1\nkind: Pod\n", "no CustomResourceDefinition" },
		{ HEAD, "no version is both served and stored" },
		{ HEAD "  wrong: 1\n" VERSIONS, "unknown field \"spec.wrong\"" },
		{ "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
		  "spec.group is missing" },
		{ "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n"
		  "  group: apps\n  scope: Cluster\n  names: { kind: A, plural: as }\n",
		  "Kubernetes' own" },
		{ "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n"
		  "  group: a.b\n  scope: Galaxy\n  names: { kind: A, plural: as }\n",
		  "Namespaced or Cluster" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct troupe_kind kind = { .definition = cases[i].text };
		struct troupe_config config = {
			.folder = arena_printf(test_arena(), "%s/%zu", test_folder(), i).at,
			.kinds = &kind,
			.kind_count = 1
		};
		struct fault why = { 0 };
		struct troupe *troupe;

		CHECK(troupe_open(&config, &troupe, &why) != OK);
		if (strstr(why.text, cases[i].words) == NULL)
			test_fail(__FILE__, __LINE__, "case %zu: no \"%s\" in \"%s\"", i,
				  cases[i].words, why.text);
	}
}

TEST(a_kind_that_is_nowhere_cannot_be_owned)
{
	static const struct troupe_kind kinds[] = { { HEAD VERSIONS, keep, NULL,
						      .owns = { "Pod" } } };
	struct troupe_config config = { .folder = test_folder(), .kinds = kinds, .kind_count = 1 };

	refused(&config, INVALID, "kinds[0]: there is no kind \"Pod\"");
}

TEST(two_kinds_of_one_name_are_refused)
{
	static const struct troupe_kind kinds[] = { { .definition = HEAD VERSIONS },
						    { .definition = HEAD VERSIONS } };
	struct troupe_config config = { .folder = test_folder(), .kinds = kinds, .kind_count = 2 };

	refused(&config, INVALID, "kinds[1]: an earlier one has its name");
}

TEST(a_folder_has_one_control_plane_and_an_address_one_listener)
{
	struct lab *lab = lab_open("one", NULL, 0);
	struct troupe_config config = { .folder =
					    arena_printf(test_arena(), "%s/one", test_folder()).at };

	refused(&config, BUSY, "belongs to a control plane that runs");
	config.folder = arena_printf(test_arena(), "%s/two", test_folder()).at;
	config.listen = troupe_url(lab->troupe) + sizeof "https://" - 1;
	refused(&config, BUSY, config.listen);
	config.listen = "nonsense";
	refused(&config, INVALID, "listen wants IP:PORT");
	config.listen = NULL;
	config.folder = arena_printf(test_arena(), "%s/no/such", test_folder()).at;
	refused(&config, NOT_FOUND, "cannot make");
	troupe_close(lab->troupe);
}

TEST(keys_that_cannot_be_read_are_said)
{
	struct lab *lab = lab_open("one", NULL, 0);
	struct troupe_config config = { .folder =
					    arena_printf(test_arena(), "%s/one", test_folder()).at };
	const struct seams_files *files = loop_files();
	const char *path = arena_printf(test_arena(), "%s/pki/sa.key", config.folder).at;
	struct seams_file *file;

	troupe_close(lab->troupe);
	CHECK_STATUS(files->open(files->self, path, SEAMS_WRITE | SEAMS_TRUNCATE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, "no key", 6, 0), OK);
	files->close(files->self, file);
	refused(&config, INVALID, "one/pki: no key");
}

#include "deploy/main/command/document.h"
#include "tests/lib/test.h"

static void fill(struct document *doc)
{
	document_str(doc, "name", STR("a \"b\""));
	document_str(doc, "none", STR_NONE);
	document_object(doc, "ready");
	document_bool(doc, "reads", true);
	document_close(doc);
	document_list(doc, "members");
	for (uint64_t i = 1; i <= 2; i++) {
		document_object(doc, NULL);
		document_u64(doc, "id", i);
		document_bool(doc, "alive", false);
		document_close(doc);
	}
	document_close(doc);
	document_list(doc, "empty");
	document_close(doc);
	document_end(doc);
}

TEST(a_document_is_the_same_in_json_and_yaml)
{
	static const struct {
		enum document_form form;
		const char *text;
	} cases[] = {
		{ DOCUMENT_JSON,
		  "{\"name\":\"a \\\"b\\\"\",\"none\":null,\"ready\":{\"reads\":true},"
		  "\"members\":[{\"id\":1,\"alive\":false},{\"id\":2,\"alive\":false}],"
		  "\"empty\":[]}\n" },
		{ DOCUMENT_YAML,
		  "name: \"a \\\"b\\\"\"\nnone: null\nready:\n  reads: true\nmembers:\n"
		  "  - id: 1\n    alive: false\n  - id: 2\n    alive: false\nempty: []\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text out = text_in(test_arena(), 4 * KIB);
		struct document doc = document_in(&out, cases[i].form);

		fill(&doc);
		CHECK_STR(text_str(&out), cases[i].text);
	}
}

/* A to-do list as a control plane: a kind, a controller, kubectl. todo FOLDER [hosts] */
#include <string.h>
#include <troupe.h>

static const char definition[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: { name: todos.example.com }\n"
    "spec:\n"
    "  group: example.com\n"
    "  names: { kind: Todo, plural: todos, shortNames: [td] }\n"
    "  scope: Namespaced\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: { status: {} }\n"
    "    additionalPrinterColumns:\n"
    "    - { name: Task, type: string, jsonPath: .spec.task }\n"
    "    - { name: State, type: string, jsonPath: .status.state }\n"
    "    - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec:\n"
    "            type: object\n"
    "            required: [task]\n"
    "            properties: { task: { type: string }, done: { type: boolean } }\n"
    "          status: { type: object, properties: { state: { type: string } } }\n";

/* What the list shows follows from what people wrote: called for every to-do that is new or changed. */
static void reconcile(struct troupe_turn *turn, void *arg)
{
	const struct troupe_object *todo = troupe_this(turn);
	const char *state, *shown;

	(void)arg;
	if (todo == NULL)
		return;
	state = troupe_bool(todo, "spec.done", false) ? "Done" : "Open";
	shown = troupe_text(todo, "status.state");
	if (shown != NULL && strcmp(shown, state) == 0)
		return;
	troupe_set_text(troupe_status(turn, todo), "status.state", state);
	troupe_event(turn, todo, false, state, "\"%s\" is %s", troupe_text(todo, "spec.task"),
		     state);
}

int main(int argc, char **argv)
{
	struct troupe_kind todo = { .definition = definition, .reconcile = reconcile };
	struct troupe_config config = { .folder = argc > 1 ? argv[1] : "todo-data",
					.kinds = &todo,
					.kind_count = 1 };

	return argc > 2 ? troupe_main_hosts(&config, argc, argv) : troupe_main(&config);
}

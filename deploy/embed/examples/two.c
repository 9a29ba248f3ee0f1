/* Two control planes in one program, each on a thread of its own: two FOLDER. SIGTERM ends both. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <troupe.h>

static const char definition[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: { name: notes.example.com }\n"
    "spec:\n"
    "  group: example.com\n"
    "  names: { kind: Note, plural: notes }\n"
    "  scope: Namespaced\n"
    "  versions:\n"
    "  - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object,\n"
    "      properties: { seen: { type: integer } } } } }\n";

struct plane {
	char folder[256];
	unsigned seen;         /* only this one's thread counts */
	struct troupe *troupe; /* NULL: it could not be opened */
	pthread_barrier_t *are_open;
	pthread_t thread;
};

static void reconcile(struct troupe_turn *turn, void *arg)
{
	const struct troupe_object *note = troupe_this(turn);
	struct plane *plane = arg;

	if (note != NULL && troupe_int(note, "seen", 0) == 0)
		troupe_set_int(troupe_edit(turn, note), "seen", ++plane->seen);
}

static void ready(struct troupe *troupe, void *arg)
{
	(void)arg;
	printf("%s\n", troupe_kubeconfig(troupe));
	fflush(stdout);
}

/* A control plane belongs to the thread that opened it; only troupe_stop is for others. */
static void *live(void *arg)
{
	struct plane *plane = arg;
	struct troupe_kind kind = { .definition = definition, .reconcile = reconcile, .arg = plane };
	struct troupe_config config = { .folder = plane->folder,
					.kinds = &kind,
					.kind_count = 1,
					.ready = ready,
					.leaves_signals = true };
	struct act_fault why = { 0 };
	enum act_status status = troupe_open(&config, &plane->troupe, &why);

	pthread_barrier_wait(plane->are_open);
	if (status != ACT_STATUS_OK)
		return fprintf(stderr, "%s\n", why.text), NULL;
	status = troupe_run(plane->troupe);
	troupe_close(plane->troupe);
	return status == ACT_STATUS_OK ? plane : NULL;
}

int main(int argc, char **argv)
{
	struct plane planes[2] = { 0 };
	pthread_barrier_t are_open;
	sigset_t ends;
	int number, code = 0;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	pthread_barrier_init(&are_open, NULL, 3);
	for (int i = 0; i < 2; i++) {
		snprintf(planes[i].folder, sizeof planes[i].folder, "%s-%d",
			 argc > 1 ? argv[1] : "two", i);
		planes[i].are_open = &are_open;
		pthread_create(&planes[i].thread, NULL, live, &planes[i]);
	}
	pthread_barrier_wait(&are_open);
	if (planes[0].troupe != NULL && planes[1].troupe != NULL)
		sigwait(&ends, &number);
	for (int i = 0; i < 2; i++) {
		void *was_well;

		if (planes[i].troupe != NULL)
			troupe_stop(planes[i].troupe);
		pthread_join(planes[i].thread, &was_well);
		code |= was_well == NULL;
	}
	pthread_barrier_destroy(&are_open);
	return code;
}

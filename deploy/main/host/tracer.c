#include "deploy/main/host/tracer.h"

#include <stdio.h>

#include "deploy/main/command/document.h"
#include "deploy/main/host/process.h"
#include "runtime/actor/act-host.h"
#include "transport/wire/msgpack.h"

#define TEXT_MAX (1U * MIB)
#define ACTORS_MAX 5000U

struct tracer {
	bool is_busy;
	uint32_t along;    /* for how many others it is on */
	struct mono since; /* what it was on for before is nobody's who asks now */
	struct act_ticket ticket;
	struct act_ref who;
	struct tracer_ask ask;
};

struct tracer_due {
	char nothing;
};
static const ACT_TYPE(tracer_due, .id = 0);
struct tracer_along_over {
	char nothing;
};
static const ACT_TYPE(tracer_along_over, .id = 0);

/* ---- across borders ------------------------------------------------------------------------------------- */

static enum status encode_ask(const void *body, struct text *out)
{
	const struct tracer_ask *ask = body;

	pack_begin(out, 4);
	pack_str(out, str_from(ask->path));
	pack_str(out, str_from(ask->form));
	pack_u64(out, ask->for_ms);
	pack_str(out, str_from(ask->nodes));
	return OK;
}

static enum status decode_ask(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct tracer_ask *ask = body;
	struct str path, form, nodes;
	uint64_t for_ms;

	(void)arena;
	unpack_begin(&in);
	path = unpack_str(&in);
	form = unpack_str(&in);
	for_ms = unpack_u64(&in);
	nodes = unpack_str(&in);
	unpack_end(&in);
	snprintf(ask->nodes, sizeof ask->nodes, STR_FMT, STR_ARG(nodes));
	snprintf(ask->path, sizeof ask->path, STR_FMT, STR_ARG(path));
	snprintf(ask->form, sizeof ask->form, STR_FMT, STR_ARG(form));
	ask->for_ms = for_ms < TRACER_FOR_MAX_MS ? (uint32_t)for_ms : TRACER_FOR_MAX_MS;
	return unpack_status(&in);
}

static enum status encode_along(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_u64(out, ((const struct tracer_along *)body)->for_ms);
	return OK;
}

static enum status decode_along(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	uint64_t for_ms;

	(void)arena;
	unpack_begin(&in);
	for_ms = unpack_u64(&in);
	unpack_end(&in);
	((struct tracer_along *)body)->for_ms =
	    for_ms < TRACER_FOR_MAX_MS ? (uint32_t)for_ms : TRACER_FOR_MAX_MS;
	return unpack_status(&in);
}

static enum status encode_told(const void *body, struct text *out)
{
	const struct tracer_told *told = body;

	pack_begin(out, 2);
	pack_u64(out, told->status);
	pack_str(out, told->text);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_told(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct tracer_told *told = body;
	uint64_t status;

	unpack_begin(&in);
	status = unpack_u64(&in);
	told->text = arena_str(arena, unpack_str(&in));
	unpack_end(&in);
	if (status >= STATUS_COUNT)
		return CORRUPT;
	told->status = (enum status)status;
	return unpack_status(&in);
}

static void drop_told(void *body)
{
	arena_free(((struct tracer_told *)body)->arena);
}

ACT_TYPE(tracer_ask, .id = 910, .encode = encode_ask, .decode = decode_ask);
ACT_TYPE(tracer_told, .id = 911, .drop = drop_told, .encode = encode_told, .decode = decode_told);
ACT_TYPE(tracer_along, .id = 914, .encode = encode_along, .decode = decode_along);

const struct act_type *const tracer_types[] = { &tracer_ask_type, &tracer_told_type,
						&tracer_along_type };
const uint32_t tracer_type_count = sizeof tracer_types / sizeof tracer_types[0];

/* ---- who is who ------------------------------------------------------------------------------------------- */

struct people {
	struct arena *arena;
	struct act_ref *refs;
	struct str *names;
	uint32_t count;
};

static void meet(void *arg, const struct act_info *info)
{
	struct people *people = arg;

	if (people->count == ACTORS_MAX)
		return;
	people->refs[people->count] = info->ref;
	people->names[people->count++] = arena_str(people->arena, str_from(info->name));
}

static struct people people_of(struct act *act, struct arena *arena)
{
	struct people people = { .arena = arena,
				 .refs = arena_array(arena, struct act_ref, ACTORS_MAX),
				 .names = arena_array(arena, struct str, ACTORS_MAX) };

	act_host_each(act_host_of(act), meet, &people);
	return people;
}

static struct str host_name(uint16_t host, struct arena *arena)
{
	if (host < PROCESS_HOSTS)
		return str_from(process_host_name((enum process_host)host));
	return arena_printf(arena, "host-%u", host);
}

static struct str node_name(uint32_t node, const char *nodes, struct arena *arena)
{
	struct str rest = str_from(nodes);

	while (rest.len > 0) {
		struct str name = str_cut(&rest, ',');

		if (process_node_number(name) == node)
			return name;
	}
	return arena_printf(arena, "%08x", node);
}

/* HOST, or NODE/HOST of another node. */
static struct str place_name(const struct tracer *tracer, uint32_t node, uint16_t host,
			     struct arena *arena)
{
	struct str name = host_name(host, arena), of;

	if (node == tracer->who.node)
		return name;
	of = node_name(node, tracer->ask.nodes, arena);
	return arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(of), STR_ARG(name));
}

/* Its name, or its class if it has ended, or where it is. */
static struct str name_of(const struct tracer *tracer, const struct people *people,
			  struct act_ref ref, const char *class_name)
{
	for (uint32_t i = 0; i < people->count; i++)
		if (act_ref_eq(people->refs[i], ref))
			return people->names[i];
	if (class_name != NULL)
		return str_from(class_name);
	if (act_ref_is_nil(ref))
		return STR("-");
	return place_name(tracer, ref.node, ref.host, people->arena);
}

/* ---- telling ------------------------------------------------------------------------------------------------ */

struct telling {
	struct tracer *tracer;
	struct people people;
	struct text *out;
	struct document *doc; /* NULL: text */
	struct mono first;
	uint32_t rows;
};

static const char *kind_name(enum act_kind kind)
{
	static const char *const names[] = {
		[ACT_PLAIN] = "message", [ACT_REQUEST] = "request", [ACT_ANSWER] = "answer",
		[ACT_TIMER] = "timer",   [ACT_JOB] = "job",         [ACT_SIGNAL] = "signal"
	};

	return names[kind];
}

static const char *fate(const struct act_trace_entry *entry)
{
	return entry->is_out      ? "left"
	       : !entry->is_begun ? "waits"
	       : entry->is_done   ? "handled"
				  : "runs";
}

/* If nobody here sent it. */
static struct str far_host(const struct tracer *tracer, const struct act_trace_entry *entry,
			   struct arena *arena)
{
	if (entry->parent != 0 || entry->far_parent == 0)
		return STR_NONE;
	return place_name(tracer, entry->far_node, entry->far_host, arena);
}

static struct str parent_text(uint64_t parent, struct str host, struct arena *arena)
{
	return arena_printf(arena, host.at ? "%ju@" STR_FMT : "%ju%.*s", (uintmax_t)parent,
			    (int)host.len, host.at ? host.at : "");
}

static void tell_row(void *arg, const struct act_trace_entry *entry)
{
	struct telling *telling = arg;
	bool is_in = act_ref_eq(entry->to, telling->tracer->who);
	struct str other =
	    name_of(telling->tracer, &telling->people, is_in ? entry->from : entry->to,
		    is_in ? entry->from_class : entry->to_class);
	struct str host = far_host(telling->tracer, entry, telling->people.arena);
	uint64_t at_us, parent = host.at ? entry->far_parent : entry->parent;

	if (entry->at.ns < telling->tracer->since.ns)
		return;
	if (telling->rows++ == 0)
		telling->first = entry->at;
	if (telling->rows > TRACER_ROWS_MAX)
		return;
	at_us = (uint64_t)((entry->at.ns - telling->first.ns) / 1000);
	if (telling->doc == NULL) {
		struct str words = parent_text(parent, host, telling->people.arena);

		text_printf(
		    telling->out, "%-10ju %-18.*s %10ju %-3s %-24.*s %-8s %-24s %10.1f %10.1f %s\n",
		    (uintmax_t)entry->number, STR_ARG(words), (uintmax_t)at_us,
		    is_in ? "in" : "out", STR_ARG(other), kind_name(entry->kind), entry->type_name,
		    (double)entry->waited_ns / 1000, (double)entry->ran_ns / 1000, fate(entry));
		return;
	}
	document_object(telling->doc, NULL);
	document_u64(telling->doc, "number", entry->number);
	document_u64(telling->doc, "parent", parent);
	document_str(telling->doc, "parent_host", host);
	document_u64(telling->doc, "at_us", at_us);
	document_str(telling->doc, "direction", is_in ? STR("in") : STR("out"));
	document_str(telling->doc, "other", other);
	document_str(telling->doc, "kind", str_from(kind_name(entry->kind)));
	document_str(telling->doc, "type", str_from(entry->type_name));
	document_u64(telling->doc, "waited_ns", entry->waited_ns);
	document_u64(telling->doc, "ran_ns", entry->ran_ns);
	document_str(telling->doc, "fate", str_from(fate(entry)));
	document_close(telling->doc);
}

static struct str tell(struct act *act, struct tracer *tracer, struct arena *arena)
{
	struct text out = text_in(arena, TEXT_MAX);
	struct telling telling = { .tracer = tracer, .people = people_of(act, arena), .out = &out };
	struct document doc;
	bool is_text = strcmp(tracer->ask.form, "text") == 0;

	if (is_text) {
		text_printf(&out, "%-10s %-18s %10s %-3s %-24s %-8s %-24s %10s %10s %s\n", "NUMBER",
			    "PARENT", "AT_US", "", "OTHER", "KIND", "TYPE", "WAITED_US", "RAN_US",
			    "FATE");
	} else {
		bool is_json = strcmp(tracer->ask.form, "json") == 0;

		doc = document_in(&out, is_json ? DOCUMENT_JSON : DOCUMENT_YAML);
		telling.doc = &doc;
		document_list(&doc, "messages");
	}
	act_host_trace_each(act_host_of(act), tracer->who, tell_row, &telling);
	if (!is_text) {
		document_close(&doc);
		document_u64(&doc, "left_out",
			     telling.rows > TRACER_ROWS_MAX ? telling.rows - TRACER_ROWS_MAX : 0);
		document_end(&doc);
	} else if (telling.rows > TRACER_ROWS_MAX) {
		text_printf(&out, "and %u more\n", telling.rows - TRACER_ROWS_MAX);
	}
	return text_str(&out);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

struct search {
	struct str path;
	struct act_ref found;
};

/* By its name, or by the end of its path. */
static void look_for(void *arg, const struct act_info *info)
{
	struct search *search = arg;
	struct str path = str_from(info->path);

	if ((info->name != NULL && str_is(search->path, info->name)) ||
	    (path.len > search->path.len && str_ends(path, search->path) &&
	     path.at[path.len - search->path.len - 1] == '/'))
		search->found = info->ref;
}

static void answer_status(struct act *act, const struct act_msg *msg, enum status status)
{
	struct tracer_told told = { .status = status };

	(void)act_reply(act, msg, &tracer_told_type, &told);
}

static void asked(struct act *act, struct tracer *tracer, const struct act_msg *msg)
{
	struct search search = { .path = str_from(ACT_AS(msg, tracer_ask)->path) };

	if (tracer->is_busy) {
		answer_status(act, msg, BUSY);
		return;
	}
	act_host_each(act_host_of(act), look_for, &search);
	if (search.path.len == 0 || act_ref_is_nil(search.found)) {
		answer_status(act, msg, NOT_FOUND);
		return;
	}
	tracer->is_busy = true;
	tracer->ask = *ACT_AS(msg, tracer_ask);
	tracer->who = search.found;
	tracer->ticket = act_ticket(msg);
	tracer->since = act_now(act);
	if (tracer->along == 0)
		act_host_trace(act_host_of(act), TRACER_ENTRIES);
	act_after(act, tracer->ask.for_ms, &tracer_due_type, &(struct tracer_due){ 0 });
}

static void end_if_unused(struct act *act, const struct tracer *tracer)
{
	if (!tracer->is_busy && tracer->along == 0)
		act_host_trace(act_host_of(act), 0);
}

static void begin_along(struct act *act, struct tracer *tracer, const struct act_msg *msg)
{
	if (!tracer->is_busy && tracer->along == 0)
		act_host_trace(act_host_of(act), TRACER_ENTRIES);
	act_host_trace_for(act_host_of(act), msg->from.node);
	tracer->along++;
	act_after(act, ACT_AS(msg, tracer_along)->for_ms, &tracer_along_over_type,
		  &(struct tracer_along_over){ 0 });
}

static void due(struct act *act, struct tracer *tracer)
{
	struct tracer_told told = { .status = OK, .arena = arena_new(0) };

	told.text = tell(act, tracer, told.arena);
	tracer->is_busy = false;
	end_if_unused(act, tracer);
	if (act_answer(act, tracer->ticket, &tracer_told_type, &told) != OK)
		arena_free(told.arena);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, tracer_ask) && msg->kind == ACT_REQUEST)
		asked(act, state, msg);
	else if (ACT_IS(msg, tracer_due))
		due(act, state);
	else if (ACT_IS(msg, tracer_along))
		begin_along(act, state, msg);
	else if (ACT_IS(msg, tracer_along_over)) {
		((struct tracer *)state)->along--;
		end_if_unused(act, state);
	} else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void trace_off(void *arg)
{
	act_host_trace(arg, 0);
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)state;
	(void)args;
	act_own(act, trace_off, act_host_of(act));
	return OK;
}

const struct act_class tracer_class = {
	.name = "tracer", .state_size = sizeof(struct tracer), .init = init, .receive = receive
};

#include "deploy/main/api/serving/feature-gates.h"

#include <stdio.h>

#include "deploy/cluster/embedded.h"
#include "runtime/base/log.h"

#define GATES "feature-gates"
#define LABELS_MAX 160U

struct gate {
	struct str name, stage;
	bool is_on, is_locked;
};

/* False: there are no more. */
static bool next_gate(struct str *rest, struct gate *out)
{
	struct str line = str_cut(rest, '\n');

	if (line.len == 0)
		return false;
	out->name = str_cut(&line, '\t');
	out->stage = str_cut(&line, '\t');
	out->is_on = str_is(str_cut(&line, '\t'), "1");
	out->is_locked = line.len > 0;
	return true;
}

static bool find(struct str all, struct str name, struct gate *out)
{
	while (next_gate(&all, out))
		if (str_eq(out->name, name))
			return true;
	return false;
}

/* What is said of one: NAME=BOOL, or kube:NAME=BOOL. */
static enum status read_one(struct str all, struct str word, struct gate *out, bool *out_value,
			    struct fault *why)
{
	struct str value = word, name = str_trim(str_cut(&value, '='));

	if (str_starts(name, STR("kube:")))
		name = str_slice(name, 5, name.len);
	if (value.at == NULL)
		return fault_set(why, BAD_REQUEST, GATES,
				 "--" GATES ": missing bool value for " STR_FMT, STR_ARG(name));
	value = str_trim(value);
	*out_value = str_eq_nocase(value, STR("true")) || str_is(value, "1");
	if (!*out_value && !str_eq_nocase(value, STR("false")) && !str_is(value, "0"))
		return fault_set(why, BAD_REQUEST, GATES,
				 "--" GATES ": invalid value of " STR_FMT "=" STR_FMT
				 ": it is true or false",
				 STR_ARG(name), STR_ARG(value));
	if (!find(all, name, out))
		return fault_set(why, BAD_REQUEST, GATES,
				 "--" GATES ": unrecognized feature gate: " STR_FMT, STR_ARG(name));
	if (out->is_locked && out->is_on != *out_value)
		return fault_set(why, BAD_REQUEST, GATES,
				 "--" GATES ": cannot set feature gate " STR_FMT
				 " to %s, feature is locked to %s",
				 STR_ARG(name), *out_value ? "true" : "false",
				 out->is_on ? "true" : "false");
	return OK;
}

static enum status walk(const struct command_line *line, struct arena *arena, bool tells,
			struct fault *why)
{
	const char **given;
	uint32_t count = command_list(line, GATES, arena, &given);
	struct str all = count > 0 ? embedded_features(arena) : STR_NONE;
	struct gate gate;
	bool value;

	for (uint32_t i = 0; i < count; i++) {
		struct str rest = str_from(given[i]);

		while (rest.len > 0) {
			struct str word = str_trim(str_cut(&rest, ','));

			if (word.len == 0)
				continue;
			TRY(read_one(all, word, &gate, &value, why));
			if (tells && value != gate.is_on)
				log_warn("options", "a feature gate is what it is here",
					 LOG_STR("gate", gate.name),
					 LOG_CSTR("value", gate.is_on ? "true" : "false"));
		}
	}
	return OK;
}

enum status feature_gates_check(const struct command_line *line, struct arena *arena,
				struct fault *why)
{
	return walk(line, arena, false, why);
}

void feature_gates_tell(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct fault why;

	(void)!walk(line, arena, true, &why);
	arena_free(arena);
}

void feature_gates_write(void *arg, struct metrics *metrics, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct str rest = embedded_features(arena);
	char labels[LABELS_MAX];
	struct gate gate;

	(void)arg;
	(void)metrics;
	metrics_head(out, "kubernetes_feature_enabled", "gauge",
		     "1: what the feature gate of this name stands for is on.");
	while (next_gate(&rest, &gate)) {
		snprintf(labels, sizeof labels, "name=\"" STR_FMT "\",stage=\"" STR_FMT "\"",
			 STR_ARG(gate.name), STR_ARG(gate.stage));
		metrics_line(out, "kubernetes_feature_enabled", labels, gate.is_on);
	}
	arena_free(arena);
}

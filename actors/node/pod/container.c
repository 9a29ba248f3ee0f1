#include "actors/node/pod/container.h"

static struct container of_container(const struct core_container *c, enum container_kind kind)
{
	return (struct container){ .kind = kind,
				   .name = c->name,
				   .image = c->image,
				   .restart_policy = c->restart_policy,
				   .command = c->command,
				   .args = c->args,
				   .rules = c->restart_policy_rules,
				   .resources = c->resources,
				   .mounts = c->volume_mounts };
}

static struct container of_ephemeral(const struct core_ephemeral_container *ephemeral)
{
	const struct core_ephemeral_container_common *c = ephemeral->ephemeral_container_common;

	if (c == NULL)
		return (struct container){ .kind = CONTAINER_EPHEMERAL };
	return (struct container){ .kind = CONTAINER_EPHEMERAL,
				   .name = c->name,
				   .image = c->image,
				   .command = c->command,
				   .args = c->args,
				   .resources = c->resources,
				   .mounts = c->volume_mounts };
}

struct container container_at(const struct core_pod *pod, uint32_t place)
{
	const struct core_pod_spec *spec = pod->spec;

	if (place < spec->init_containers.len) {
		const struct core_container *init = &spec->init_containers.at[place];

		return of_container(init, str_is(init->restart_policy, "Always") ? CONTAINER_SIDECAR
										 : CONTAINER_INIT);
	}
	place -= spec->init_containers.len;
	if (place < spec->containers.len)
		return of_container(&spec->containers.at[place], CONTAINER_REGULAR);
	place -= spec->containers.len;
	if (place < spec->ephemeral_containers.len)
		return of_ephemeral(&spec->ephemeral_containers.at[place]);
	return (struct container){ .kind = CONTAINER_NONE };
}

uint32_t container_count(const struct core_pod *pod)
{
	return pod->spec->init_containers.len + pod->spec->containers.len +
	       pod->spec->ephemeral_containers.len;
}

static bool policy_restarts(struct str policy, int32_t exit_code)
{
	if (str_is(policy, "Never"))
		return false;
	return exit_code != 0 || !str_is(policy, "OnFailure");
}

static bool rule_fits(const struct core_container_restart_rule *rule, int32_t exit_code)
{
	const struct core_container_restart_rule_on_exit_codes *codes = rule->exit_codes;
	bool is_listed = false;

	if (codes == NULL)
		return false;
	for (uint32_t i = 0; i < codes->values.len; i++)
		is_listed = is_listed || codes->values.at[i] == exit_code;
	return str_is(codes->operator, "NotIn") ? !is_listed : is_listed;
}

bool container_restarts(const struct core_pod *pod, const struct container *container,
			int32_t exit_code)
{
	if (container->kind == CONTAINER_EPHEMERAL)
		return false;
	for (uint32_t i = 0; i < container->rules.len; i++)
		if (rule_fits(&container->rules.at[i], exit_code))
			return true;
	if (container->restart_policy.len > 0)
		return policy_restarts(container->restart_policy, exit_code);
	/* A pod that is always restarted still has init containers that are done once they succeed. */
	if (container->kind == CONTAINER_INIT && exit_code == 0)
		return false;
	return policy_restarts(pod->spec->restart_policy, exit_code);
}

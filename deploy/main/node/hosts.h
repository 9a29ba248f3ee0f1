/*
 * The hosts of a node: the verbs by which the root starts this program again as one of them.
 */
#ifndef DEPLOY_MAIN_NODE_HOSTS_H
#define DEPLOY_MAIN_NODE_HOSTS_H

#include "deploy/main/command/command.h"

/* root_spec.listening: what the root listens on for the hosts that serve clients. */
enum hosts_listening { HOSTS_LISTEN_API, HOSTS_LISTEN_DOOR, HOSTS_LISTEN_ETCD };

int hosts_core(const struct command_line *line);
int hosts_api(const struct command_line *line);
int hosts_control(const struct command_line *line);
int hosts_node(const struct command_line *line);

/*
 * A host without work, started as `troupe host-spare --data-dir DIR ROOM`: it warms up what every host needs, waits for the root to give it a
 * host's command line, and becomes that by `run`. DIR says whose it is, ROOM is there for the words that the process is then listed under.
 */
#define HOSTS_SPARE "host-spare"
#define HOSTS_SPARE_WORDS 5
int hosts_spare(char **argv, int (*run)(int argc, char **argv));

#endif

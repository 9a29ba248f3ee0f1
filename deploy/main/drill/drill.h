/*
 * `troupe drill leader|voter|controllers [--fault NAME]`: a proof of high availability on a cluster that works.
 *
 * Writes to, reads from and watches every node; kills the process that says it (SIGKILL, by its own node), or hurts it by a ChaosPlan
 * (drill-fault.h); waits until the cluster is as available as before; and says in one line how long writes, reads and controllers were
 * away, and how many acknowledged writes are lost. Refuses before anything is touched when the cluster could not bear it. What it writes lies in the namespace
 * troupe-drill, which it deletes at the end, like its plan, however that comes; the namespace also keeps two drills from meeting.
 */
#ifndef DEPLOY_MAIN_DRILL_DRILL_H
#define DEPLOY_MAIN_DRILL_DRILL_H

#include "deploy/main/command/command.h"

int drill_run(const struct command_line *line);

#endif

/*
 * Renewal: certificates that change while the node runs.
 *
 * An actor of each host that other nodes or clients reach. That of the core host makes anew what has become due, where the node can sign; all use what lies in
 * the node's folder of keys, whoever put it there: new connections show and demand the new, those that stand go on. Looks each
 * RENEWAL_LOOK_S; files that do not fit each other, as in the middle of being replaced, are left for the next look.
 */
#ifndef DEPLOY_MAIN_NODE_RENEWAL_H
#define DEPLOY_MAIN_NODE_RENEWAL_H

#include "runtime/actor/act.h"

#define RENEWAL_LOOK_S 10

extern const struct act_class renewal_class; /* args: struct process * */

#endif

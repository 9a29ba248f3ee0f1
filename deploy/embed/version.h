/*
 * Which release this is, of the header and of the library that is loaded.
 */
#ifndef DEPLOY_EMBED_VERSION_H
#define DEPLOY_EMBED_VERSION_H

#pragma GCC visibility push(default)

#define ACT_VERSION "0.1.0"

const char *act_version(void); /* of the library */

#pragma GCC visibility pop

#endif

/*
 * Which release this is.
 */
#ifndef DEPLOY_EMBED_VERSION_H
#define DEPLOY_EMBED_VERSION_H

#define TROUPE_VERSION "0.1.0"

#endif

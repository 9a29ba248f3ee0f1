/*
 * LZ4's frames, decoded: as https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md describe them.
 *
 * Checksums of content are not looked at: whoever asks has better ones of what comes out. Dictionaries are not known. CORRUPT with words.
 */
#ifndef DEPLOY_MAIN_MIGRATION_DQLITE_LZ4_H
#define DEPLOY_MAIN_MIGRATION_DQLITE_LZ4_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

bool lz4_is_frame(struct str first_bytes); /* four of them */

/* Decodes all frames of a file into another one. */
MUST_USE enum status lz4_decode(const struct seams_files *files, struct seams_file *from,
				struct seams_file *to, uint64_t *out_bytes, struct fault *why);

#endif

/*
 * Facts about this machine that a Node object shows: what it is and what it has.
 *
 * Read once, through the file seam and off the loop, from where the kernel and the system keep them. What cannot be read is left
 * empty or at the smallest honest value. Simulated nodes are given theirs instead.
 */
#ifndef ACTORS_NODE_FACTS_H
#define ACTORS_NODE_FACTS_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct facts {
	uint32_t cpus;
	uint64_t memory_bytes;
	uint64_t storage_bytes; /* what the file system of `folder` has free now */
	uint64_t huge_2m_bytes, huge_1g_bytes;
	uint64_t swap_bytes;
	const char *machine_id, *system_uuid, *boot_id, *kernel, *os_image;
	const char *architecture; /* as Go calls it: amd64 */
};

/* Strings live in the arena. Blocks: for a job. */
void facts_read(const struct seams_files *files, const char *folder, struct arena *arena,
		struct facts *out);

#endif

/*
 * A file whose text counts as it is, certificates and keys above all, and is read again when it changes (reload.h).
 *
 * `text` is the present one; whoever holds it elsewhere too takes it anew in `changed`, and may use the old one for RELOAD_KEPT_MS.
 */
#ifndef DEPLOY_MAIN_API_FILE_TEXT_FILE_H
#define DEPLOY_MAIN_API_FILE_TEXT_FILE_H

#include "deploy/main/api/file/reload.h"

struct text_file {
	struct str text;            /* absent: no file is named */
	struct reload_args reload;  /* of an actor; `path` NULL: none is wanted */
	struct arena *arena;        /* of the text; NULL: it is somebody else's */
	bool is_certificate;        /* one at least is in it, or it does not count */
	void (*changed)(void *arg); /* on the loop; NULL: nobody holds it elsewhere */
	void *arg;
};

/* `path` NULL: there is none. `what` is for the log. BAD_REQUEST and others with words that name the file. Blocks. */
MUST_USE enum status text_file_load(struct text_file *file, const char *path, const char *what,
				    bool is_certificate, struct arena *arena, struct fault *why);

#endif

/*
 * A disk with one file on it, the input of a decoder that reads from files. What is written to it is forgotten.
 */
#ifndef TESTS_FUZZ_DEPLOY_SHEET_H
#define TESTS_FUZZ_DEPLOY_SHEET_H

#include "runtime/actor/seams.h"

/* The input has to outlive it; it is the file, too, for who opens none. */
struct seams_files sheet_files(struct str *input);
#define SHEET_FILE(input) ((struct seams_file *)(input))

#endif

/* Files that commands read whole. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "base/call.h"

/* All of a file, or of standard input for "-", up to LIMIT_BUNDLE_BODY_BYTES. */
Fail file_read(Call *c, const char *name, Str *out) MUST_USE;

#endif

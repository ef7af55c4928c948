/* Asking the server that has a data folder open, through the owner's socket. */
#ifndef CLI_OWNER_CLIENT_H
#define CLI_OWNER_CLIENT_H

#include "base/call.h"

typedef struct OwnerAnswer {
    int status;
    Str body;
} OwnerAnswer;

/* One request: "POST", "/owner/token", a JSON text (or empty). FAIL_NOT_FOUND if no server
 * answers there, FAIL_SYSTEM if the answer is cut off. A status that tells of a failure is not
 * one of this function. */
Fail owner_call(Call *c, Str folder, const char *method, const char *path, Str body,
                OwnerAnswer *out) MUST_USE;

#endif

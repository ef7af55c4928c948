/* What commands that open a data folder share. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "cli/owner_client.h"
#include "store/store.h"

/* What runs on an open store; returns the process's exit status. */
typedef int FolderWork(Call *c, Store *store, void *context);

typedef struct FolderJob {
    const char *command;
    Str         folder;
    bool        create;
    FolderWork *work;
    /* Done instead where a server has the folder open, through the owner's socket; NULL: the
     * command is refused then. */
    int (*through_server)(Call *c, const struct FolderJob *job);
    void *context;
} FolderJob;

/* Opens the folder, does the work, closes it. Complains by itself. */
int folder_run(const FolderJob *job);

/* Asks the server that has the folder open, and complains if it refuses: *answer is of success
 * where this is EXIT_FINE. */
int folder_ask_server(Call *c, const FolderJob *job, const char *method, const char *path,
                      Str body, Str *answer);

#endif

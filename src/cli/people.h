/* What `hale user` and `hale client` share: an order as JSON, to the folder or the server. */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "base/buf.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "codec/json.h"

typedef struct PeopleMember {
    const char *name;
    Str         value;
} PeopleMember;

/* What can be ordered: `hale user add …` */
typedef struct PeopleDeed {
    const char *word;
    bool        names; /* wants to be told whom, as a second word */
    /* Prints the answer; returns the exit status. NULL: there is nothing to print. */
    int (*print)(const Json *answer);
} PeopleDeed;

typedef struct PeopleCommand {
    const char       *what; /* "user", "client": the command, and what the order is about */
    const PeopleDeed *deeds;
    size_t            deed_count;
    const char       *needs_name,
        *takes_none; /* what is said where a second word lacks, is too much */
} PeopleCommand;

/* Finds the deed that the first word names and carries it out where the folder is: here, or by the
 * server that has it open. What the order says besides the deed is in `members`. */
int people_run(const PeopleCommand *command, const Words *words, Str folder,
               const PeopleMember *members, size_t count);

/* Prints the array `list` of the answer, one line for each of its objects: the members named,
 * in columns, the last as wide as it is. */
typedef struct PeopleColumn {
    const char *member, *title;
    int         width;
} PeopleColumn;

int people_print_list(const Json *answer, const char *list, const PeopleColumn *columns,
                      size_t count);

#endif

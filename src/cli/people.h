/* What `hale user` and `hale client` share: an order as JSON, to the folder or the server. */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "base/buf.h"
#include "cli/folder.h"
#include "codec/json.h"

typedef struct PeopleMember {
    const char *name;
    Str         value;
} PeopleMember;

typedef struct PeopleOrder {
    const char         *what; /* "user", "client": the command, and what the order is about */
    const PeopleMember *members;
    size_t              count;
    /* Prints the answer; returns the exit status. */
    int (*print)(const Json *answer);
} PeopleOrder;

/* Carries the order out where the folder is: here, or by the server that has it open. */
int people_run(const PeopleOrder *order, Str folder, bool create);

/* Prints the array `list` of the answer, one line for each of its objects: the members named,
 * in columns, the last as wide as it is. */
typedef struct PeopleColumn {
    const char *member, *title;
    int         width;
} PeopleColumn;

int people_print_list(const Json *answer, const char *list, const PeopleColumn *columns,
                      size_t count);

#endif

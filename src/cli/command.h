/* The commands of `hale`, one file each: src/cli/<name>.c. src/main.c has the table. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Each takes its own name as argv[0] and returns the process's exit status (options.h). */
int command_serve(int argc, char **argv);

#endif

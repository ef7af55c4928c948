/* The commands of `hale`, one file each: src/cli/<name>.c. src/main.c has the table. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Each takes its own name as argv[0] and returns the process's exit status (options.h). */
int command_audit(int argc, char **argv);
int command_client(int argc, char **argv);
int command_access(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_export(int argc, char **argv);
int command_generate(int argc, char **argv);
int command_import(int argc, char **argv);
int command_key(int argc, char **argv);
int command_limits(int argc, char **argv);
int command_package(int argc, char **argv);
int command_path(int argc, char **argv);
int command_view(int argc, char **argv);
int command_reindex(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_snapshot(int argc, char **argv);
int command_token(int argc, char **argv);
int command_user(int argc, char **argv);
int command_validate(int argc, char **argv);
int command_breach(int argc, char **argv);
int command_break_glass(int argc, char **argv);

#endif

/* The files of the web app, made by tools/build_web when Hale is built. */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "base/str.h"

typedef enum AppForm { APP_PLAIN, APP_GZIP, APP_BROTLI, APP_FORMS } AppForm;

typedef struct AppFile {
    const char *path; /* below /app */
    const char *type;
    const char *etag;
    Str         bytes[APP_FORMS];
} AppFile;

/* Ended by a row without path; there is nothing else in it if the build had no npm packages. */
extern const AppFile app_files[];

#endif

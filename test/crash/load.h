/*
 * Mixed load for crash tests: creates, updates with If-Match, deletes, transactions of all of
 * these, and reads; each entered in the diary before it is sent. One Load belongs to one thread
 * and touches only resources of its own, so it knows what version each change must make.
 */
#ifndef TEST_CRASH_LOAD_H
#define TEST_CRASH_LOAD_H

#include "test/crash/diary.h"
#include "test/crash/dice.h"
#include "test/crash/recording_vfs.h"

typedef struct LoadRequest {
    const char *method;
    Str         path; /* below the base: "/Observation/7" */
    Str         body;
    Str         if_match;
    Str         if_none_exist;
    Str         request_id;
} LoadRequest;

typedef struct LoadAnswer {
    int      status;
    uint64_t version;       /* as the ETag says; 0 for none */
    char     location[200]; /* of what was made, or empty */
    Str      body;          /* until the next request */
} LoadAnswer;

/* Carries out a request; false if no answer came back, so that its outcome is open. */
typedef bool LoadSend(void *context, const LoadRequest *request, LoadAnswer *out);

enum { LOAD_KNOWN_MAX = 48 };

typedef struct LoadKnown {
    bool     there, observation;
    uint32_t version;
    char     id[DIARY_ID_MAX];
} LoadKnown;

typedef struct Load {
    Diary           *diary;
    const Recording *recording; /* or NULL */
    LoadSend        *send;
    void            *context;
    Arena           *arena;
    Dice             dice;
    unsigned         thread, made;
    LoadKnown        known[LOAD_KNOWN_MAX];
    unsigned         done, refused, open; /* answers so far */
    int              last_status;
} Load;

Load *load_new(Diary *diary, LoadSend *send, void *context, unsigned thread, uint64_t seed);
void  load_free(Load *l);

/* One operation. False if the diary is full or the connection is lost. */
bool load_step(Load *l);

/* One operation that changes something, or that only reads what is there. */
bool load_change(Load *l);
bool load_read(Load *l);

#endif

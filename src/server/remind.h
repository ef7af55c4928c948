/* The thread that looks which reminders are due: practice/reminder.h. */
#ifndef SERVER_REMIND_H
#define SERVER_REMIND_H

#include "store/store.h"

typedef struct Remind Remind;

/* `base` is our own address, without /fhir. */
Remind *remind_start(Store *s, Str base);

/* Takes NULL. */
void remind_stop(Remind *remind);

#endif

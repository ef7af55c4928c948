/*
 * The courier: a thread that sends what lies in the outbox (store/outbox.h), by the servers that the
 * administrator named. One message at a time; each has a Message-ID of its own that is the same whenever
 * it is sent. Where a server cannot be reached its messages wait, and it is tried again, less and less
 * often; a message that is put off waits by itself. See adr/0029.
 */
#ifndef EXCHANGE_COURIER_H
#define EXCHANGE_COURIER_H

#include "exchange/fetch_send.h"
#include "store/store.h"

typedef struct CourierSettings {
    SendServer mail, sms; /* url empty: that way is not open, and its messages wait */
    Str        mail_name; /* who sends, as people read it */
    Str        sms_from;
    Str        sms_body; /* with {to}, {from}, {text} in it */
} CourierSettings;

/* Lines "name = value", # begins a remark:
 *   mail-server, mail-user, mail-password, mail-from, mail-name, mail-certificates
 *   sms-gateway, sms-authorization, sms-type, sms-from, sms-body
 * FAIL_VALUE, FAIL_REQUIRED name the line or what is missing, never a value. */
Fail courier_settings(Call *c, Str text, CourierSettings *out) MUST_USE;

typedef struct Courier Courier;

/* Begins; the settings are copied. */
Courier *courier_start(Store *s, const CourierSettings *settings);

/* Ends when the message under way has gone; takes NULL. */
void courier_stop(Courier *courier);

#endif

/*
 * Free times: who could give what service when, from the hours of roles and services, less what is
 * closed and what the store knows to be taken. No record is looked at, only when somebody is busy.
 */
#ifndef INTERACTION_FREE_H
#define INTERACTION_FREE_H

#include "base/zone.h"
#include "fhir/spans.h"
#include "interaction/turn.h"

/* A HealthcareService as far as times are concerned: its extension `urn:hale:service`. */
typedef struct FreeNeed {
    BusyActor *actors; /* any one of these */
    size_t    *numbers;
    size_t     count;
} FreeNeed;

typedef enum FreeVisitors { FREE_ALL, FREE_NEW, FREE_RETURNING } FreeVisitors;

typedef struct FreeService {
    Str          id; /* empty: none in particular */
    Resource     resource;
    int64_t      duration_us, before_us, after_us, step_us;
    int64_t      notice_us, horizon_us; /* for those who book themselves */
    bool         online;
    FreeVisitors visitors;     /* whom it is online for */
    uint64_t     upcoming_max; /* of one patient at a time; 0: any number */
    int64_t      late_us;      /* so long before it begins they can no longer call it off */
    bool         approval;     /* it is pending until the practice has said yes */
    FreeNeed    *needs;
    size_t       need_count;
    uint32_t     preference;
} FreeService;

/* A PractitionerRole, with the place it is for. */
typedef struct FreeRole {
    Str         id, practitioner, location;
    Resource    resource;
    const Zone *zone;
    bool        room; /* the place holds one appointment at a time */
    uint32_t    preference;
    size_t      number, person, place; /* among the actors that are looked at */
    Spans       busy;                  /* the practitioner, by whatever role, and a room */
} FreeRole;

typedef struct FreeTexts {
    Str   *at;
    size_t count, room;
} FreeTexts;

/* What is wanted; of each kind any of those named, in order of preference; none named: all. */
typedef struct FreeAsked {
    Moment    within;
    FreeTexts roles, practitioners, locations, organizations, services; /* ids */
    FreeTexts specialties, visit_types; /* tokens: "system|code", "code" */
    int64_t   duration_us;              /* 0: what the service takes */
    uint32_t  most;
    bool      online; /* by the rules for those who book themselves */
} FreeAsked;

typedef struct FreeTime {
    const FreeRole    *role;
    const FreeService *service;
    Moment             time;
    const BusyActor  **chosen; /* one for each of the service's needs */
} FreeTime;

typedef struct FreeTimes {
    FreeTime *at; /* by time, then by preference */
    size_t    count;
} FreeTimes;

void free_text_add(Call *c, FreeTexts *to, Str text);

/* FAIL_TOO_COSTLY: more than LIMIT_FIND_DAYS; FAIL_VALUE: a service's rules that cannot be. */
Fail free_find(Call *c, Session *s, const Principal *p, const FreeAsked *asked,
               FreeTimes *out) MUST_USE;

/* A proposed Appointment, as JSON: with an id of ours, or as it is to be stored, in that status, with
 * `more` members (each with a comma in front). */
typedef struct FreeWriting {
    Str       id, status;
    Str       identifier; /* what it can be found by again */
    int64_t   held_until_us;
    FreeTexts patients; /* ids */
    Str       comment;
    bool      approval; /* the practice has to say yes first */
} FreeWriting;

void free_put(Call *c, Buf *out, const FreeTime *time, const FreeWriting *how);

/* What stands for that role and service in the id of a proposed Appointment, and for the time. */
Str free_proposal(Call *c, const FreeTime *time);

/* The time that an id of ours stands for, wherever in the practice; FAIL_NOT_FOUND if it is none.
 * Without `found` set it is no longer free: then time->time says which was meant. */
Fail free_proposed(Call *c, Session *s, const Principal *p, Str id, bool online, FreeTime *time,
                   bool *found) MUST_USE;

/* ---- free_load.c: roles and services as they are stored ---- */

typedef struct FreeDirectory {
    FreeRole    *roles;
    FreeService *services;
    size_t       role_count, service_count;
} FreeDirectory;

/* Those in use; with no more than id, practitioner and place set where the rest is not wanted. */
Fail free_load(Call *c, Session *s, const Principal *p, FreeDirectory *out) MUST_USE;

/* One service, in use or not; FAIL_NOT_FOUND. */
Fail free_service(Call *c, Session *s, const Principal *p, Str id, FreeService *out) MUST_USE;

/* The zone of a place, its own or that of what it is part of; whether it holds one at a time. */
Fail free_place(Call *c, Session *s, const Principal *p, Str location, const Zone **zone,
                bool *room) MUST_USE;

/* A permit for what is nobody's record and says when somebody can be seen. */
Fail free_permit(Call *c, const Principal *p, TypeId type, Permit *out) MUST_USE;

/* Calls each(context, resource) for all of the type that match, page by page. */
Fail free_each(Call *c, Session *s, const Principal *p, TypeId type, Str criteria,
               Fail (*each)(Call *c, const Resource *r, void *context), void *context) MUST_USE;

#endif

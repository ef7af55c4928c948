/* Trying passwords on a thread of their own: see password.h. ASVS 6.2, 11.4. */
#include "access/password.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "base/ensure.h"
#include "base/queue.h"
#include "store/embedded.h"

enum {
    WAITING_MAX = 8, /* who may wait: 8 times 50 ms is what a person puts up with */
    NICENESS = 10,
    FOLDED_MAX = PASSWORD_BYTES_MAX,
};

extern const EmbeddedFile common_passwords[];

/* ---- which are good enough ---- */

static size_t characters(Str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += (s.at[i] & 0xC0) != 0x80;
    return count;
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c & 0x80);
}

static Str fold(Arena *a, Str s)
{
    char *out = arena_alloc_raw(a, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        out[i] = small(s.at[i]);
    return (Str){ out, s.len };
}

/* "!!dragon2024" -> "dragon" */
static Str core(Str s)
{
    while (s.len && !is_letter(s.at[0]))
        s = str_skip(s, 1);
    while (s.len && !is_letter(s.at[s.len - 1]))
        s.len--;
    return s;
}

static bool is_common(Str word)
{
    Str rest = common_passwords[0].text, line;

    while (word.len && str_next(&rest, '\n', &line))
        if (str_equal(line, word))
            return true;
    return false;
}

/* "abcabcabcabc" -> "abc" */
static Str period(Str s)
{
    for (size_t len = 1; len <= s.len / 2; len++)
        if (s.len % len == 0 && memcmp(s.at, s.at + len, s.len - len) == 0)
            return str_slice(s, 0, len);
    return s;
}

PasswordFault password_fault(Arena *a, Str password, Str name)
{
    Str folded, heart;

    if (password.len > PASSWORD_BYTES_MAX)
        return PASSWORD_LONG;
    if (characters(password) < PASSWORD_CHARS_MIN)
        return PASSWORD_SHORT;
    folded = fold(a, password);
    heart = core(folded);
    if (period(folded).len < folded.len / 2 || heart.len < 4)
        return PASSWORD_COMMON;
    if (is_common(folded) || is_common(heart) || is_common(period(folded))
        || is_common(period(heart)))
        return PASSWORD_COMMON;
    return str_equal(heart, core(fold(a, name))) ? PASSWORD_NAME : PASSWORD_GOOD;
}

/* ---- the thread ---- */

typedef struct Trial {
    Arena          *arena;
    Str             hash, password;
    bool            keeps; /* a digest is to be made, not compared */
    bool            good;
    char            made[PASSWORD_HASH_CHARS];
    bool            done;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
} Trial;

static Queue    *trials;
static pthread_t thread;

/* What an empty digest is compared with: made of nothing that anybody could type. It is made with
 * the first trial, whosever that is, because the start should not wait for it. */
static pthread_once_t nobody_made = PTHREAD_ONCE_INIT;
static char           nobody[PASSWORD_HASH_CHARS];

static void make_nobody(void)
{
    ENSURE(password_hash(STR("\xff"), nobody));
}

static void try_now(Trial *t)
{
    bool real = t->hash.len > 0;

    pthread_once(&nobody_made, make_nobody);
    if (t->keeps)
        t->good = password_hash(t->password, t->made);
    else
        t->good =
            password_verify(t->arena, real ? t->hash : str_from(nobody), t->password) && real;
}

static void *work(void *context)
{
    Trial *t;

    (void)context;
    (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread, on Linux */
    while ((t = queue_take(trials, -1)) != NULL) {
        try_now(t);
        pthread_mutex_lock(&t->lock);
        t->done = true;
        pthread_cond_signal(&t->changed);
        pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

void password_thread_start(void)
{
    ENSURE(!trials);
    trials = queue_create(WAITING_MAX);
    ENSURE(pthread_create(&thread, NULL, work, NULL) == 0);
}

void password_thread_stop(void)
{
    if (!trials)
        return;
    queue_close(trials);
    pthread_join(thread, NULL);
    queue_destroy(trials);
    trials = NULL;
}

static Fail run(Call *c, Trial *t)
{
    t->arena = c->arena;
    if (!trials) {
        try_now(t);
        return OK;
    }
    ENSURE(pthread_mutex_init(&t->lock, NULL) == 0);
    ENSURE(pthread_cond_init(&t->changed, NULL) == 0);
    pthread_mutex_lock(&t->lock);
    if (!queue_put(trials, t)) {
        pthread_mutex_unlock(&t->lock);
        return fail(c, FAIL_BUSY, (Str){ 0 }, "Too many are signing in at this moment");
    }
    while (!t->done)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    return OK;
}

Fail password_try(Call *c, Str hash, Str password, bool *good)
{
    Trial t = { .hash = hash, .password = password };

    TRY(run(c, &t));
    *good = t.good;
    return OK;
}

Fail password_keep(Call *c, Str password, Str *hash)
{
    Trial t = { .password = password, .keeps = true };

    TRY(run(c, &t));
    if (!t.good)
        return fail(c, FAIL_BUSY, (Str){ 0 }, "There is not enough memory for this now");
    *hash = arena_str(c->arena, str_from(t.made));
    explicit_bzero(t.made, sizeof t.made);
    return OK;
}

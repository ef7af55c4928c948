/*
 * The keyring file, two lines of text so that a person can copy it to paper:
 *     hale keyring 1 aegis
 *     64 hexadecimal digits
 */
#include "store/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/random.h"
#include "codec/base64.h"

enum { FILE_BYTES_MAX = 256 };

static const Str first_words = STR_INIT("hale keyring ");
static const Str form = STR_INIT("1");

static Fail keyring_read(Call *c, const char *path, Str text, Keyring *out)
{
    Str line, version, cipher;

    if (!str_cut(text, '\n', &line, &text) || !str_starts(line, first_words)
        || !str_cut(str_skip(line, first_words.len), ' ', &version, &cipher))
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "%s is not a keyring: put back the right file",
                    path);
    if (!str_equal(version, form))
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "%s was made by a later Hale: use that, or a later one", path);
    if ((!str_equal(cipher, STR("aegis")) && !str_equal(cipher, STR("sqlcipher")))
        || !base16_read(str_trim(text), out->key, sizeof out->key))
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "%s is damaged: put back your copy of it", path);
    memcpy(out->cipher, cipher.at, cipher.len);
    out->cipher[cipher.len] = '\0';
    return OK;
}

static Fail keyring_load(Call *c, const char *path, int fd, Keyring *out)
{
    char        text[FILE_BYTES_MAX];
    struct stat about;
    ssize_t     got;
    Fail        result;

    if (fstat(fd, &about) != 0 || (about.st_mode & 077) != 0)
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "others may read %s: make it yours alone with chmod 600", path);
    got = read(fd, text, sizeof text);
    result = keyring_read(c, path, (Str){ text, got > 0 ? (size_t)got : 0 }, out);
    explicit_bzero(text, sizeof text);
    return result;
}

static bool write_all(int fd, Str text)
{
    return write(fd, text.at, text.len) == (ssize_t)text.len && fsync(fd) == 0;
}

static bool folder_sync(const char *folder)
{
    int  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

/* Under another name first: a keyring that is there is whole. */
static Fail keyring_make(Call *c, const char *folder, const char *path, const char *cipher)
{
    const char *draft = arena_printf(c->arena, "%s.new%c", path, 0).at;
    uint8_t     key[KEYRING_KEY_BYTES];
    Buf         lines = buf_new(c->arena, FILE_BYTES_MAX);
    Str         text;
    bool        made;
    int         fd;

    random_bytes(key, sizeof key);
    buf_printf(&lines, "hale keyring 1 %s\n", cipher);
    base16_put(&lines, (Str){ (const char *)key, sizeof key });
    buf_put_char(&lines, '\n');
    text = buf_str(&lines);
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    made = fd >= 0 && fchmod(fd, 0600) == 0 && write_all(fd, text);
    if (fd >= 0)
        close(fd);
    made = made && rename(draft, path) == 0 && folder_sync(folder);
    explicit_bzero(key, sizeof key);
    explicit_bzero((char *)text.at, text.len);
    if (!made)
        return fail(c, errno == ENOSPC ? FAIL_DISK_FULL : FAIL_SYSTEM, (Str){ 0 },
                    "%s cannot be written: %s", path, strerror(errno));
    return OK;
}

Fail keyring_open(Call *c, Str folder, const char *cipher, Keyring *out)
{
    const char *parent = arena_c_string(c->arena, folder);
    const char *path = arena_printf(c->arena, "%s/keyring%c", parent, 0).at;
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    Fail        result;

    if (fd < 0 && errno == ENOENT && cipher) {
        TRY(keyring_make(c, parent, path, cipher));
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0 && errno == ENOENT)
        return fail(c, FAIL_LOGIN, (Str){ 0 },
                    "%s is missing, and without it the database cannot be opened: put back your"
                    " copy of it",
                    path);
    if (fd < 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be read: %s", path, strerror(errno));
    result = keyring_load(c, path, fd, out);
    close(fd);
    return result;
}

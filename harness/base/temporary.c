/* Temporary files: their names, the lock that says their writer lives, and the broom for those whose writer does
 * not. */
#include "harness/base/temporary.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const char mark[] = ".tmp-";
enum {
    DIGITS = TEMPORARY_HOST,
    NAME_DIGITS = DIGITS / 2,
    SUFFIX = sizeof mark - 1 + DIGITS + 1 + DIGITS,
    ATTEMPTS = 8,
    OLD_SECONDS = 24 * 60 * 60
};

static void digest_digits(const char *one, const char *other, char *digits, size_t count)
{
    char hex[65];
    Hash *hash = hash_new();
    hash_add_text(hash, one);
    if (other) hash_add_text(hash, other);
    hash_finish(hash, hex);
    memcpy(digits, hex, count);
}

/* For a boot the kernel draws an id. */
void temporary_host(char digits[TEMPORARY_HOST + 1])
{
    struct utsname host = {0};
    char boot[64] = "";
    uname(&host);
    const int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t length = file < 0 ? 0 : read(file, boot, sizeof boot - 1);
    if (length < 0) boot[0] = '\0';
    if (file >= 0) close(file);
    digest_digits(host.nodename, NULL, digits, NAME_DIGITS);
    digest_digits(host.nodename, boot, digits + NAME_DIGITS, DIGITS - NAME_DIGITS);
    digits[DIGITS] = '\0';
}

bool temporary_same_name(const char *one, const char *other)
{
    return strncmp(one, other, NAME_DIGITS) == 0;
}

/* NULL when there is no chance to be had. */
static char *draw_name(const char *path)
{
    unsigned char chance[DIGITS / 2];
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance) return NULL;
    char host[DIGITS + 1], random[DIGITS + 1];
    temporary_host(host);
    for (size_t i = 0; i < sizeof chance; i++) snprintf(random + 2 * i, 3, "%02x", chance[i]);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t kept = strlen(base);
    if (kept > NAME_MAX - SUFFIX)
        for (kept = NAME_MAX - SUFFIX; kept > 0 && ((unsigned char)base[kept] & 0xC0) == 0x80;) kept--; /* UTF-8 */
    return xformat("%.*s%s%s-%s", (int)((size_t)(base - path) + kept), path, mark, host, random);
}

/* Takes the file's lock without waiting. */
static bool take(int file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &whole) == 0;
}

static bool is_held(int reason)
{
    return reason == EAGAIN || reason == EACCES;
}

/* A sweeper may have come between making the file and locking it. A file system without locks leaves it to the file's
 * age. */
static bool hold(int file)
{
    struct stat info;
    return take(file) ? fstat(file, &info) == 0 && info.st_nlink > 0 : !is_held(errno);
}

static void release(Temporary *t)
{
    if (t->file >= 0) close(t->file);
    free(t->path);
    free(t->name);
    *t = (Temporary){.file = -1};
}

const char *write_advice(int reason)
{
    switch (reason) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "free some space or choose another place";
    case EACCES:
    case EPERM:
        return "you may not write there: choose another place, or have its permissions changed";
    case EROFS:
        return "the place is read-only: choose another";
    case ENOENT:
    case ENOTDIR:
        return "make its folder first, or choose another place";
    case ENAMETOOLONG:
        return "choose a shorter name";
    case EMFILE:
    case ENFILE:
        return "too many files are open: close some programs, or raise the limit (ulimit -n)";
    case ENOMEM:
        return "close some programs, or try again";
    }
    return "choose another place";
}

bool temporary_fail(Error *err, const char *path, int reason)
{
    return fail(err, "%s: cannot write: %s; %s", path, strerror(reason), write_advice(reason));
}

bool temporary_open(Temporary *t, const char *path, Error *err)
{
    struct stat info;
    *t = (Temporary){.file = -1};
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return fail(err, "%s: is %s, a file is needed", path, S_ISDIR(info.st_mode) ? "a folder" : "a device");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        t->name = draw_name(path);
        if (t->name) t->file = open(t->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (t->file >= 0 && hold(t->file)) {
            t->path = xstrdup(path);
            return true;
        }
        const int reason = t->file < 0 ? errno : EEXIST;
        release(t);
        errno = reason;
        if (reason != EEXIST) break;
    }
    return temporary_fail(err, path, errno);
}

void temporary_write(Temporary *t, const void *bytes, size_t count)
{
    for (const char *at = bytes; count > 0 && !t->reason;) {
        const ssize_t written = write(t->file, at, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            t->reason = written < 0 ? errno : ENOSPC;
            return;
        }
        at += written;
        count -= (size_t)written;
    }
}

/* Makes a name in its folder last. Some file systems cannot; the file itself is safe. */
static void flush_folder(const char *path)
{
    char *folder = path_folder(path);
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
    free(folder);
}

bool temporary_commit(Temporary *t, Error *err)
{
    if (!t->reason && (fsync(t->file) != 0 || rename(t->name, t->path) != 0)) t->reason = errno;
    if (t->reason) {
        temporary_fail(err, t->path, t->reason);
        temporary_abandon(t);
        return false;
    }
    flush_folder(t->path);
    release(t);
    return true;
}

void temporary_abandon(Temporary *t)
{
    unlink(t->name);
    release(t);
}

/* Whose file it is: of this host since its last start; of one of this name, before; of another. */
typedef enum Whose { HERE, BEFORE, ELSEWHERE } Whose;

/* Whether a name ends with ".tmp-HOST-RANDOM". */
static bool is_ours(const char *name, const char *host, Whose *whose)
{
    static const char hex[] = "0123456789abcdef";
    const size_t length = strlen(name);
    if (length <= SUFFIX) return false;
    const char *end = name + length - SUFFIX, *writer = end + sizeof mark - 1, *random = writer + DIGITS + 1;
    *whose = strncmp(writer, host, DIGITS) == 0 ? HERE : temporary_same_name(writer, host) ? BEFORE : ELSEWHERE;
    return strncmp(end, mark, sizeof mark - 1) == 0 && strspn(writer, hex) == DIGITS && writer[DIGITS] == '-' &&
           strspn(random, hex) == DIGITS;
}

bool temporary_now(const char *folder, time_t *now)
{
    struct stat info;
    char *path = path_join(folder, "clock"), *name = draw_name(path);
    const int file = name ? open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666) : -1;
    const bool good = file >= 0 && write(file, "", 1) == 1 && fsync(file) == 0 && fstat(file, &info) == 0;
    if (file >= 0) unlink(name), close(file);
    if (good) *now = info.st_mtime;
    free(path), free(name);
    return good;
}

static bool is_old(const char *folder, const struct stat *info)
{
    time_t now;
    return temporary_now(folder, &now) && now - info->st_mtime > OLD_SECONDS;
}

/* Whether its writer is gone. */
static bool is_left(const char *folder, const char *path, Whose whose)
{
    const int file = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;
    struct stat info;
    bool left = false;
    if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) {
        const bool taken = take(file), held = !taken && is_held(errno);
        left = (taken && whose == HERE) || (!held && is_old(folder, &info));
    }
    close(file);
    return left;
}

void temporary_list(const char *folder, bool others, TextList *left)
{
    char host[DIGITS + 1];
    Whose whose;
    temporary_host(host);
    DIR *directory = opendir(folder);
    if (!directory) return;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (!is_ours(entry->d_name, host, &whose) || (whose == ELSEWHERE && !others)) continue;
        char *path = path_join(folder, entry->d_name);
        if (is_left(folder, path, whose)) text_list_add(left, path);
        free(path);
    }
    closedir(directory);
}

void temporary_sweep(const char *folder)
{
    TextList left = {0};
    temporary_list(folder, false, &left);
    for (size_t i = 0; i < left.count; i++) unlink(left.items[i]);
    text_list_free(&left);
}

bool temporary_folder(const char *folder, Error *err)
{
    if (!make_folders(folder, err)) return false;
    temporary_sweep(folder);
    return true;
}

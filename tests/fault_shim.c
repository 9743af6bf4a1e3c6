/* A shared object for LD_PRELOAD that lets one system call, or one allocation, fail: `make test-faults` drives a suite through every place
 * where that can happen (tests/faults.sh).
 *
 *     FAULT_CALL=write|fsync|rename|open|mmap|malloc   what fails
 *     FAULT_AT=N                                       the N-th call, from 1, and it alone; with FAULT_ON=1 all from there on
 *     FAULT_LIST=FILE                                  nothing fails; the numbers of calls that come from a new place are written, a line each
 *     FAULT_IN=main|reader                             counted in the program itself (default), or in each of the processes it forks
 *
 * A place is a way to the call through the last few functions. Only calls out of the program, libhdf5 and cJSON count: what other libraries do
 * without memory is not ours to judge. open and write count where the program asks, not inside the C library. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

enum { WRITE, FSYNC, RENAME, OPEN, MMAP, MALLOC, CALLS, NONE = CALLS, DEPTH = 8, RANGES = 32, PLACES = 1 << 16 };
static const char *const names[CALLS] = {"write", "fsync", "rename", "open", "mmap", "malloc"};
static const int reasons[CALLS] = {ENOSPC, EIO, EACCES, EMFILE, ENOMEM, ENOMEM};

static struct {
    int call, list;
    unsigned long at, count;
    bool on, reader;
    pid_t program;
    uintptr_t range[RANGES][2]; /* code that counts */
    size_t ranges;
    uint64_t *places;
} shim = {.call = NONE, .list = -1};

static __thread bool inside; /* backtrace allocates, once */

/* Code of the program, libhdf5 and cJSON. Without the C library's streams: those allocate. */
static void find_ranges(void)
{
    static char text[1 << 16];
    const int file = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    for (ssize_t got; file >= 0 && (got = read(file, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    if (file >= 0) close(file);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        unsigned long first, last;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &first, &last, rights) != 3 || rights[2] != 'x' || shim.ranges == RANGES)
            continue;
        if (!strstr(line, "/palbench") && !strstr(line, "libhdf5") && !strstr(line, "libcjson")) continue;
        shim.range[shim.ranges][0] = first, shim.range[shim.ranges++][1] = last;
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("FAULT_CALL"), *at = getenv("FAULT_AT"), *list = getenv("FAULT_LIST"),
               *in = getenv("FAULT_IN");
    if (!call || strcmp(program_invocation_short_name, "palbench") != 0) return;
    void *warm[DEPTH];
    backtrace(warm, DEPTH); /* loads what it needs while nothing counts */
    find_ranges();
    shim.places = mmap(NULL, PLACES * sizeof *shim.places, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    shim.at = at ? strtoul(at, NULL, 10) : 0;
    shim.on = getenv("FAULT_ON") != NULL;
    shim.reader = in && strcmp(in, "reader") == 0;
    shim.program = getpid();
    if (list) shim.list = (int)syscall(SYS_openat, AT_FDCWD, list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (int i = 0; i < CALLS; i++)
        if (strcmp(call, names[i]) == 0) shim.call = i;
}

static bool is_ours(const void *address)
{
    for (size_t i = 0; i < shim.ranges; i++)
        if ((uintptr_t)address >= shim.range[i][0] && (uintptr_t)address < shim.range[i][1]) return true;
    return false;
}

/* Has this way to the call not been seen before? */
static bool is_new(void *const *frames, int depth)
{
    uint64_t hash = 1469598103934665603u;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
    for (size_t at = hash % PLACES;; at = (at + 1) % PLACES) {
        if (shim.places[at] == hash) return false;
        if (!shim.places[at]) {
            shim.places[at] = hash;
            return true;
        }
    }
}

static void note(void)
{
    char line[32];
    const int length = snprintf(line, sizeof line, "%lu\n", shim.count);
    syscall(SYS_write, shim.list, line, (size_t)length);
}

/* Counts a call that comes from `caller`; true: it is to fail, with errno set. */
static bool fails(int call, const void *caller)
{
    if (call != shim.call || inside || !is_ours(caller) || (getpid() != shim.program) != shim.reader) return false;
    inside = true;
    shim.count++;
    bool fail = shim.at && (shim.on ? shim.count >= shim.at : shim.count == shim.at);
    if (shim.list >= 0) {
        void *frames[DEPTH];
        const int depth = backtrace(frames, DEPTH);
        if (is_new(frames + 2, depth - 2)) note();
        fail = false;
    }
    inside = false;
    if (fail) errno = reasons[call];
    return fail;
}

#define CALLER     __builtin_return_address(0)
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count)
{
    return fails(WRITE, CALLER) ? -1 : syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    return fails(WRITE, CALLER) ? -1 : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    return fails(WRITE, CALLER) ? -1 : syscall(SYS_pwrite64, file, bytes, count, at);
}

int fallocate(int file, int mode, off_t at, off_t count)
{
    return fails(WRITE, CALLER) ? -1 : (int)syscall(SYS_fallocate, file, mode, at, count);
}

int ftruncate(int file, off_t length)
{
    return fails(WRITE, CALLER) ? -1 : (int)syscall(SYS_ftruncate, file, length);
}

int fsync(int file)
{
    return fails(FSYNC, CALLER) ? -1 : (int)syscall(SYS_fsync, file);
}

int rename(const char *from, const char *to)
{
    return fails(RENAME, CALLER) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

#define OPEN_BODY(folder)                                                                                              \
    va_list arguments;                                                                                                 \
    va_start(arguments, flags);                                                                                        \
    const int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;                                                     \
    va_end(arguments);                                                                                                 \
    return fails(OPEN, CALLER) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int openat(int folder, const char *path, int flags, ...)
{
    OPEN_BODY(folder);
}

FILE *fopen(const char *path, const char *mode)
{
    return fails(OPEN, CALLER) ? NULL : REAL(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fails(OPEN, CALLER) ? NULL : REAL(fopen64)(path, mode);
}

void *mmap(void *place, size_t bytes, int rights, int flags, int file, off_t at)
{
    return fails(MMAP, CALLER) ? MAP_FAILED : (void *)syscall(SYS_mmap, place, bytes, rights, flags, file, at);
}

void *mmap64(void *place, size_t bytes, int rights, int flags, int file, off64_t at)
{
    return fails(MMAP, CALLER) ? MAP_FAILED : (void *)syscall(SYS_mmap, place, bytes, rights, flags, file, at);
}

void *malloc(size_t bytes)
{
    return fails(MALLOC, CALLER) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t size)
{
    return fails(MALLOC, CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t bytes)
{
    return fails(MALLOC, CALLER) ? NULL : __libc_realloc(pointer, bytes);
}

int posix_memalign(void **pointer, size_t alignment, size_t bytes)
{
    if (fails(MALLOC, CALLER)) return ENOMEM;
    *pointer = __libc_memalign(alignment, bytes);
    return *pointer ? 0 : ENOMEM;
}

/* A shared object for LD_PRELOAD that lets one system call, or one allocation, fail: `make test-faults` drives a suite through every place
 * where that can happen (tests/faults.sh).
 *
 *     FAULT_CALL=write|fsync|rename|open|mmap|malloc|hdf5   what fails (malloc: an allocation of the program or cJSON, hdf5: of libhdf5);
 *                                                      another word: nothing does
 *     FAULT_AT=N                                       the N-th call, from 1, and it alone; with FAULT_ON=1 all from there on
 *     FAULT_LIST=FILE                                  nothing fails; the file gets the numbers of calls that come from a new place, 4 bytes
 *                                                      each (and zeros behind them)
 *     FAULT_IN=main|reader                             counted in the program itself (default), or in each of the processes it forks
 *
 * A place is a way to the call through the last few functions. Only calls out of the program, libhdf5 and cJSON count: what other libraries do
 * without memory is not ours to judge. open and write count where the program asks, not inside the C library.
 *
 * Whatever fails, the clocks stand still, so that files of two runs are equal byte for byte. */
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
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

enum { WRITE, FSYNC, RENAME, OPEN, MMAP, MALLOC, HDF5, CALLS, NONE = CALLS, DEPTH = 8, RANGES = 32, PLACES = 1 << 16 };
static const char *const names[CALLS] = {"write", "fsync", "rename", "open", "mmap", "malloc", "hdf5"};
static const int reasons[CALLS] = {ENOSPC, EIO, EACCES, EMFILE, ENOMEM, ENOMEM, ENOMEM};

static struct {
    int call;
    unsigned long at, count;
    bool active, on, reader;
    pid_t program;
    struct {
        uintptr_t first, last;
        bool hdf5;
    } range[RANGES]; /* code that counts */
    size_t ranges;
    uint64_t *places; /* hashes of those seen, shared with the processes it forks, as is: */
    uint32_t *list;   /* [PLACES] what FAULT_LIST gets, mapped: these close what they inherit */
    uint32_t *listed;
} shim = {.call = NONE};

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
        shim.range[shim.ranges].hdf5 = strstr(line, "libhdf5") != NULL;
        shim.range[shim.ranges].first = first, shim.range[shim.ranges++].last = last;
    }
}

static void *shared(size_t bytes, int file)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
}

static void begin_list(const char *path)
{
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const size_t bytes = PLACES * sizeof *shim.list;
    if (file < 0 || syscall(SYS_ftruncate, file, bytes) != 0) abort();
    shim.places = shared(PLACES * sizeof *shim.places + sizeof *shim.listed, -1);
    shim.listed = (uint32_t *)(shim.places + PLACES);
    shim.list = shared(bytes, file);
    close(file);
}

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("FAULT_CALL"), *at = getenv("FAULT_AT"), *list = getenv("FAULT_LIST"),
               *in = getenv("FAULT_IN");
    if (!call || strcmp(program_invocation_short_name, "palbench") != 0) return;
    void *warm[DEPTH];
    backtrace(warm, DEPTH); /* loads what it needs while nothing counts */
    find_ranges();
    if (list) begin_list(list);
    shim.at = at ? strtoul(at, NULL, 10) : 0;
    shim.on = getenv("FAULT_ON") != NULL;
    shim.reader = in && strcmp(in, "reader") == 0;
    shim.program = getpid();
    shim.active = true;
    for (int i = 0; i < CALLS; i++)
        if (strcmp(call, names[i]) == 0) shim.call = i;
}

/* What a call from `address` counts as. */
static int counted(int call, const void *address)
{
    for (size_t i = 0; i < shim.ranges; i++)
        if ((uintptr_t)address >= shim.range[i].first && (uintptr_t)address < shim.range[i].last)
            return call == MALLOC && shim.range[i].hdf5 ? HDF5 : call;
    return NONE;
}

/* Has this way to the call not been seen before? */
static bool is_new(void *const *frames, int depth)
{
    uint64_t hash = 1469598103934665603u;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
    for (size_t at = hash % PLACES;; at = (at + 1) % PLACES) {
        uint64_t seen = 0;
        if (__atomic_compare_exchange_n(&shim.places[at], &seen, hash, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
        if (seen == hash) return false;
    }
}

/* Counts a call that comes from `caller`; true: it is to fail, with errno set. */
static bool fails(int call, const void *caller)
{
    if (inside || shim.call == NONE || counted(call, caller) != shim.call || (getpid() != shim.program) != shim.reader)
        return false;
    inside = true;
    shim.count++;
    bool fail = shim.at && (shim.on ? shim.count >= shim.at : shim.count == shim.at);
    if (shim.list) {
        void *frames[DEPTH];
        const int depth = backtrace(frames, DEPTH);
        if (is_new(frames + 2, depth - 2))
            shim.list[__atomic_fetch_add(shim.listed, 1, __ATOMIC_SEQ_CST)] = (uint32_t)shim.count;
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

/* What the machine is called is written into files as "unknown" when it cannot be read: then they rightly differ. */
static bool is_name_of_machine(const char *path)
{
    return strcmp(path, "/proc/cpuinfo") == 0;
}

FILE *fopen(const char *path, const char *mode)
{
    return !is_name_of_machine(path) && fails(OPEN, CALLER) ? NULL : REAL(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return !is_name_of_machine(path) && fails(OPEN, CALLER) ? NULL : REAL(fopen64)(path, mode);
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

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!shim.active) return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){.tv_sec = 1000000000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

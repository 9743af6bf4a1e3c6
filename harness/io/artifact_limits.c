/* What a child may use. Limits are counted from what it has: memory that it shares with its ancestors is no fault of the file. */
#include "harness/io/artifact_hdf5.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Sets the soft limit, within the hard one. (glibc's type of `what` is an enum, and unsigned.) */
static void set_limit(unsigned what, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(what, &limit) != 0) return;
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    setrlimit(what, &limit);
}

/* Address space of the process as it began; 0: not known. */
static size_t first_bytes(void)
{
    static size_t bytes;
    unsigned long pages = 0;
    FILE *file = bytes ? NULL : fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu", &pages) == 1) bytes = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
    if (file) fclose(file);
    return bytes;
}

void limit_memory(size_t bytes)
{
    size_t most;
    const size_t first = first_bytes();
    if (!first) return;
    if (__builtin_add_overflow(first, bytes, &most)) most = SIZE_MAX;
    set_limit(RLIMIT_AS, most);
}

void limit_time(size_t seconds)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0) return;
    set_limit(RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds);
}

/* A soft limit below the descriptors that are open leaves them open and gives no new one. */
void limit_files(bool others)
{
    set_limit(RLIMIT_NOFILE, others ? RLIM_INFINITY : 0);
}

void limit_nothing(void)
{
    set_limit(RLIMIT_AS, RLIM_INFINITY);
    set_limit(RLIMIT_CPU, RLIM_INFINITY);
    limit_files(true);
}

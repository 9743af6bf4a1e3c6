#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process that a name like "x.h5.tmp-1234" belongs to; 0 when it is no such name. */
static pid_t writer_of(const char *name)
{
    static const char mark[] = ".tmp-";
    const char *at = strstr(name, mark);
    if (!at) return 0;
    char *end;
    errno = 0;
    const long pid = strtol(at + sizeof mark - 1, &end, 10);
    return errno || *end || pid <= 0 || (pid_t)pid != pid ? 0 : (pid_t)pid;
}

void artifact_sweep(const char *folder)
{
    DIR *directory = opendir(folder);
    if (!directory) return;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        const pid_t pid = writer_of(entry->d_name);
        if (!pid || kill(pid, 0) == 0 || errno != ESRCH) continue;
        char *path = path_join(folder, entry->d_name);
        unlink(path);
        free(path);
    }
    closedir(directory);
}

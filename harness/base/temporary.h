/* Files that appear whole: written beside their place under a name of their own, flushed, renamed. Everything that the
 * program writes for good goes this way.
 *
 *     Temporary t;
 *     if (!temporary_open(&t, "features.bin", err)) return false;
 *     temporary_write(&t, values, bytes);
 *     return temporary_commit(&t, err);      // or temporary_abandon(&t); on failure nothing is left behind
 *
 * The name is PATH.tmp-HOST-RANDOM, 16 hexadecimal digits each (a PATH too long for that is cut). HOST is a digest of
 * the host's name, and one of its name and boot. RANDOM cannot be foreseen and the file must be new (O_EXCL), so that no link laid
 * there in advance leads the writer astray. As long as it is open the writer holds a lock on the file (an open file
 * description lock, fcntl(2)), which the kernel drops when the process ends, in whatever way: a file of this host that
 * can be locked has lost its writer, whatever the numbers of processes say, which two containers that share a folder
 * count apart and which are used again. Locks do not reach over every network disk: files of this host before its last
 * start are judged by their age alone, by the clock of the disk that they lie on, for clocks of hosts differ; and those
 * of other hosts are left to these, or to `palbench store prune`. */
#pragma once

#include "harness/base/text.h"

#include <stddef.h>
#include <time.h>

typedef struct Temporary {
    char *path, *name; /* where it is to stand, and where it stands meanwhile */
    int file;          /* open for reading and writing; whoever duplicates it shares the lock */
    int reason;        /* errno of the first write that failed; 0: none did */
} Temporary;

/* Fails on: a folder or a device at `path`, a place that cannot be written. There is nothing to free then. */
bool temporary_open(Temporary *t, const char *path, Error *err);
/* Appends; remembers the first failure, which temporary_commit reports. */
void temporary_write(Temporary *t, const void *bytes, size_t count);
/* Flushes to the disk and gives the file its name, in place of what stood there. Frees `t` either way. */
bool temporary_commit(Temporary *t, Error *err);
/* Removes the file and frees `t`. */
void temporary_abandon(Temporary *t);

/* What can be done about a place that cannot be written, for a sentence; `reason`: errno's. */
const char *write_advice(int reason);
/* "PATH: cannot write: REASON; ADVICE"; returns false. */
bool temporary_fail(Error *err, const char *path, int reason);

/* Removes the temporary files in `folder` whose writers are gone: those of this host that nobody holds, and those of
 * before its last start that nobody has written to for a day. Names of another form are not ours and stay; an absent
 * folder is an empty one. */
void temporary_sweep(const char *folder);
/* Adds the paths of those that temporary_sweep would remove; `others`: and of other hosts', when a day old. */
void temporary_list(const char *folder, bool others, TextList *left);

enum { TEMPORARY_HOST = 16 };
/* HOST of this host. */
void temporary_host(char digits[TEMPORARY_HOST + 1]);
/* Whether two HOSTs are of one name. */
bool temporary_same_name(const char *one, const char *other);
/* What time it is for the disk that the folder lies on. */
bool temporary_now(const char *folder, time_t *now);
/* Makes a folder that our files go into, with its parents, and sweeps it. */
bool temporary_folder(const char *folder, Error *err);

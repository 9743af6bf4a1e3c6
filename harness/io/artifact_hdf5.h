/* What writing and reading of artifacts share. Inside harness/io only. */
#pragma once

#include "harness/base/temporary.h"
#include "harness/io/artifact.h"

#include <hdf5.h>

/* Starts the library and keeps it from printing. Call before anything else of HDF5. */
void h5_start(void);

/* The innermost message of HDF5's error stack, the system's words alone where it is a failed system call. Take it before the
 * next call to HDF5, which clears it. */
typedef struct H5Reason {
    char text[400];
    bool system; /* the words are strerror's: a full disk, a missing permission */
} H5Reason;
H5Reason h5_reason(void);

/* What a name in a file leads to. A hard link always leads to something; when that cannot be read, the file is damaged. A soft link
 * that leads nowhere counts as nothing. */
typedef enum H5Kind { H5_NOTHING, H5_DATA, H5_OTHER, H5_DAMAGED } H5Kind;
H5Kind h5_kind(hid_t place, const char *name);

/* Adds the names in a group whose kind is H5_DATA or H5_DAMAGED, sorted; false when the group cannot be read. */
bool h5_names(hid_t group, struct TextList *names);

/* Frees the strings that H5Dread put into `room`. */
void h5_free_texts(hid_t type, hid_t space, void *room);

/* Variable-length UTF-8 string; close with H5Tclose. */
hid_t h5_text_type(void);

/* CRC-32 over all strings, each with its terminating zero: the attribute "crc32" of a data set of texts. HDF5's own checksum
 * cannot be had there: it covers references, and the library refuses it. */
uint32_t artifact_text_crc(const char *const *texts, size_t count);

/* Access properties of every file: no file locks (a rename makes files appear whole, and locks fail on some network disks),
 * closing a file closes all that is in it. Close with H5Pclose. */
hid_t h5_file_access(void);

/* Access properties of every data set: shards are looked for beside the file that joins them. Close with H5Pclose. */
hid_t h5_data_access(void);

/* Creates a file for writing with the three attributes; NULL on failure. Shared with artifact_join. */
struct ArtifactWriter {
    Temporary place;  /* its lock says that we live */
    const char *path; /* where it is to stand: place.path */
    hid_t file;
    int descriptor; /* HDF5's own */
    int sink;       /* a file in memory, for what HDF5 writes after a failure */
    bool failed;
    Error first;
};

/* Remembers the first failure (with HDF5's reason) of writing `what`, and sinks what HDF5 still writes. */
void artifact_record(ArtifactWriter *w, const char *what);

/* The type, shape and stored size of an open data set, checked: rank, overflow of the count, storage that can hold it, every
 * shard of a virtual one there. Sentences begin with "FILE: NAME: ". */
bool artifact_inspect(const ArtifactReader *r, hid_t data, const char *name, ArtifactShape *s, Error *err);

struct ArtifactReader {
    char *path;
    hid_t file;
};

/* What to do about a damaged file: ours is made again, another's is not ours to delete. */
const char *artifact_advice(const ArtifactReader *r);

/* Says why HDF5 could not read an open data set: a filter that this library lacks, by its name and with the way round it, or
 * damage. Returns false. */
bool artifact_unreadable(const ArtifactReader *r, hid_t data, const char *name, H5Reason reason, Error *err);

/* Opens a data set or fails with a sentence and a negative id. */
hid_t artifact_data(const ArtifactReader *r, const char *name, Error *err);

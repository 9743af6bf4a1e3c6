/* A data set that is written row after row. Rows are gathered until whole chunks are full, so that each chunk is written once, and HDF5
 * holds none of them. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"
#include "harness/io/tensor.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20 };

struct ArtifactRows {
    ArtifactWriter *writer;
    char *name;
    hid_t data, type; /* data: negative after a failure, which the writer has recorded */
    int rank;
    hsize_t dim[ARTIFACT_RANK_MAX];
    size_t row, block;    /* values a row; rows that are written together */
    size_t written, held; /* rows */
    bool half;
    float *floats;    /* [block, row] */
    uint16_t *halves; /* the same, where they are stored so */
};

static void record(ArtifactRows *rows, const Error *reason)
{
    if (!rows->writer->failed) rows->writer->failed = true, rows->writer->first = *reason;
}

ArtifactRows *artifact_rows_begin(ArtifactWriter *w, const char *name, int rank, const size_t *dim, bool half)
{
    ArtifactRows *rows = xcalloc(1, sizeof *rows);
    *rows = (ArtifactRows){.writer = w, .name = xstrdup(name), .rank = rank, .row = 1, .half = half};
    for (int i = 0; i < rank; i++) rows->dim[i] = dim[i];
    for (int i = 1; i < rank; i++) rows->row *= dim[i];
    size_t chunk;
    rows->data = artifact_create_floats(w, name, rank, dim, half, &chunk);
    rows->type = h5_number_type(half ? NUMBER_HALF : NUMBER_FLOAT, false);
    const size_t bytes = chunk * rows->row * sizeof(float),
                 chunks = bytes && bytes < BLOCK_BYTES ? BLOCK_BYTES / bytes : 1;
    rows->block = chunks * chunk;
    Error reason;
    if (!big_alloc(&rows->floats, rows->block * rows->row, sizeof *rows->floats, name, &reason) ||
        (half && !big_alloc(&rows->halves, rows->block * rows->row, sizeof *rows->halves, name, &reason)))
        record(rows, &reason);
    return rows;
}

/* The rows that are held, to their place. */
static void flush(ArtifactRows *rows)
{
    if (rows->writer->failed || !rows->held) return;
    for (size_t i = 0; rows->half && i < rows->held * rows->row; i++) rows->halves[i] = float_to_half(rows->floats[i]);
    hsize_t start[ARTIFACT_RANK_MAX] = {rows->written}, count[ARTIFACT_RANK_MAX];
    memcpy(count, rows->dim, sizeof count);
    count[0] = rows->held;
    const hid_t all = H5Screate_simple(rows->rank, rows->dim, NULL), part = H5Screate_simple(rows->rank, count, NULL);
    const void *values = rows->half ? (const void *)rows->halves : rows->floats;
    if (H5Sselect_hyperslab(all, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dwrite(rows->data, rows->type, part, all, H5P_DEFAULT, values) < 0)
        artifact_record(rows->writer, rows->name);
    H5Sclose(part);
    H5Sclose(all);
    rows->written += rows->held, rows->held = 0;
}

void artifact_rows_add(ArtifactRows *rows, const float *values, size_t count)
{
    if (count > rows->dim[0] - rows->written - rows->held)
        die("%s: %s: more rows than were told", rows->writer->path, rows->name);
    for (size_t taken = 0; taken < count && !rows->writer->failed;) {
        const size_t room = rows->block - rows->held, n = count - taken < room ? count - taken : room;
        memcpy(rows->floats + rows->held * rows->row, values + taken * rows->row, n * rows->row * sizeof *values);
        rows->held += n, taken += n;
        if (rows->held == rows->block) flush(rows);
    }
}

void artifact_rows_end(ArtifactRows *rows)
{
    Error reason;
    flush(rows);
    if (rows->written < rows->dim[0]) {
        fail(&reason, "%s: %s: %zu of its %zu rows came", rows->writer->path, rows->name, rows->written,
             (size_t)rows->dim[0]);
        record(rows, &reason);
    }
    if (rows->data >= 0 && !rows->writer->failed && H5Dflush(rows->data) < 0) artifact_record(rows->writer, rows->name);
    if (rows->data >= 0) H5Dclose(rows->data);
    H5Tclose(rows->type);
    free(rows->floats);
    free(rows->halves);
    free(rows->name);
    free(rows);
}

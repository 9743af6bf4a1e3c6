/* Chooses the tower, and fits positional embeddings to other grids. The interpolation's weights are worked out here,
 * in doubles, for rows and columns apart, and multiplied into one matrix; what runs is a product. */
#include "harness/clip/image_tower.h"

#include "harness/graph/ops.h"

#include <math.h>
#include <stdlib.h>

ImageTower clip_image_tower(Graph *g, const Clip *clip, Node *pixels, PoolPosition position, bool want_local)
{
    const Shape s = node_shape(pixels);
    if (s.rank != 4 || s.dim[3] != 3) {
        char text[96];
        die("image tower: pixels %s are not [batch, height, width, 3]", shape_text(s, text));
    }
    return clip->config.is_resnet ? resnet_tower(g, clip, pixels, position, want_local)
                                  : vit_tower(g, clip, pixels, want_local);
}

/* Keys' cubic kernel with a = -0.75 (Keys 1981) at distance t. */
static double cubic(double t)
{
    const double a = -0.75;
    t = fabs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((t - 5) * t + 8) * a * t - 4 * a : 0;
}

/* weights [to, from]: what each of `from` samples gives to each of `to`; samples outside repeat the border. */
static double *cubic_weights(size_t from, size_t to)
{
    double *weights = xcalloc(to * from, sizeof *weights);
    for (size_t i = 0; i < to; i++) {
        const double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
        const long left = (long)floor(at);
        for (long j = left - 1; j <= left + 2; j++) {
            const long inside = j < 0 ? 0 : j >= (long)from ? (long)from - 1 : j;
            weights[i * from + (size_t)inside] += cubic(at - (double)j);
        }
    }
    return weights;
}

/* Interpolation is linear, so it is one product with a fixed matrix [rows columns, side side]; gradients flow through it. */
static Node *interpolation_matrix(Graph *g, size_t side, size_t rows, size_t columns)
{
    double *down = cubic_weights(side, rows), *across = cubic_weights(side, columns);
    const size_t from = side * side;
    float *matrix = xmalloc(rows * columns * from * sizeof *matrix);
    for (size_t i = 0; i < rows * columns; i++)
        for (size_t j = 0; j < from; j++)
            matrix[i * from + j] = (float)(down[i / columns * side + j / side] * across[i % columns * side + j % side]);
    Node *node = constant_copy(g, shape(rows * columns, from), matrix);
    free(down);
    free(across);
    free(matrix);
    return node;
}

Node *positions_for_grid(Graph *g, Node *table, size_t rows, size_t columns)
{
    const size_t entries = node_shape(table).dim[0] - 1, side = (size_t)lround(sqrt((double)entries));
    if (side * side != entries) die("a positional embedding of %zu entries is no square grid", entries);
    if (side == rows && side == columns) return table;
    Node *grid = matmul(g, interpolation_matrix(g, side, rows, columns), slice(g, table, 0, 1, entries));
    Node *parts[] = {slice(g, table, 0, 0, 1), grid};
    return concat(g, parts, 2, 0);
}

/* Principal component analysis of few directions in many dimensions.
 *
 * Block power iteration on the covariance C = X^T X / (n - 1) of centred rows, which is never formed: V <- orth(C V) with a few more
 * columns than are asked for, then the eigenvectors of the small matrix V^T C V by Jacobi rotations (Golub, Van Loan, Matrix
 * Computations, 8.2.4 and 8.5). Always starts from the same vectors: equal rows give equal components. */
#pragma once

#include <stddef.h>

enum { PCA_PARTS_MAX = 8 };

typedef struct Pca {
    size_t width, parts;
    double *mean; /* [width] */
    double *axes; /* [parts, width] unit length, largest variance first; the largest entry is positive */
    double variance[PCA_PARTS_MAX]; /* along the axes, with n - 1 */
    double total;                   /* over all directions */
} Pca;

/* rows [count, width], count > 1, parts <= PCA_PARTS_MAX. With fewer directions than parts in the rows, the others have variance 0
 * and are arbitrary. Cost: about 16 count * width * (parts + 4) operations an iteration, at most 300 of them. */
void pca_fit(Pca *pca, const float *rows, size_t count, size_t width, size_t parts);
/* out [parts]: the row's coordinates on the axes. */
void pca_project(const Pca *pca, const float *row, double *out);
void pca_free(Pca *pca);

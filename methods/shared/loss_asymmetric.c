/* Each entry's value and slope are computed together, in doubles, from exp(-|x|), which does not overflow; the slopes
 * are kept, so that backward is one product. The cut of the logarithm and the shift of easy negatives have slope 0,
 * and the focusing factor's slope is taken or not as the option says. */
#include "methods/shared/loss_node_internal.h"
#include "methods/shared/losses.h"

#include <math.h>

static const double smallest = 1e-6; /* of a probability inside the logarithm, as DualCoOp's code has it */

/* `value` and its slope by x of  -weight log max(q, smallest),  weight = m^gamma;  dq, dm: slopes of q and m by x. */
typedef struct Term {
    double value, slope;
} Term;

static Term focal_term(const AsymmetricLoss *a, double gamma, double m, double dm, double q, double dq)
{
    const bool cut = q < smallest;
    const double weight = gamma > 0 ? pow(m, gamma) : 1, logarithm = log(cut ? smallest : q);
    Term t = {-weight * logarithm, cut ? 0 : -weight * dq / q};
    if (a->focus_gradient && gamma > 0 && m > 0) t.slope -= gamma * pow(m, gamma - 1) * dm * logarithm;
    return t;
}

static Term entry(const AsymmetricLoss *a, double x, float label)
{
    const double e = exp(-fabs(x)), larger = 1 / (1 + e), other = e / (1 + e);
    const double p = x >= 0 ? larger : other, rest = x >= 0 ? other : larger, dp = p * rest; /* rest = 1 - p */
    if (isnan(x)) return (Term){NAN, NAN};
    if (label == 1) return focal_term(a, (double)a->gamma_positive, rest, -dp, p, dp);
    if (label != 0) return (Term){0, 0};
    const double m = p - (double)a->clip; /* q = 1 - m: what is left of an easy negative is nothing */
    if (m <= 0) return (Term){0, 0};
    return focal_term(a, (double)a->gamma_negative, m, dp, rest + (double)a->clip, -dp);
}

static void asymmetric_forward(const OpCall *c)
{
    const AsymmetricLoss *a = c->node->attributes;
    const size_t batch = c->node->in[0]->shape.dim[0], classes = c->node->in[0]->shape.dim[1];
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) {
        double sum = 0;
        for (size_t i = b * classes; i < (b + 1) * classes; i++) {
            const Term t = entry(a, (double)c->in[0][i], c->in[1][i]);
            sum += t.value;
            if (c->saved) c->saved[i] = (float)t.slope;
        }
        c->scratch[b] = (float)sum;
    }
    c->out[0] = (float)loss_sum(c->scratch, batch);
}

static void asymmetric_backward(const OpCall *c)
{
    const size_t count = shape_size(c->node->in[0]->shape);
    if (!c->din[0]) return;
    for (size_t i = 0; i < count; i++) c->din[0][i] = c->dout[0] * c->saved[i];
}

static const Op op_asymmetric_loss = {
    .name = "asymmetric_loss",
    .backward_reads = READS_NOTHING,
    .saved = loss_slopes,
    .scratch = loss_images,
    .forward = asymmetric_forward,
    .backward = asymmetric_backward,
};

Node *asymmetric_loss(Graph *g, Node *x, Node *y, AsymmetricLoss form)
{
    return loss_node(g, &op_asymmetric_loss, x, y, &form, sizeof form);
}

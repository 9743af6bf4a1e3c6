/* The rule, and a call passed on. */
#include "harness/graph/frozen_linear.h"

bool frozen_linear_make(FrozenLinear *l, size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight,
                        Error *err)
{
    *l = (FrozenLinear){0};
    if (panel_linear_suits(rows, in, out))
        l->panels = panel_linear_new(rows, in, out, epilogue, weight, err);
    else
        l->onednn = onednn_linear_new(rows, in, out, epilogue, weight, err);
    return frozen_linear_is_made(l);
}

bool frozen_linear_is_made(const FrozenLinear *l)
{
    return l->panels || l->onednn;
}

void frozen_linear_run(const FrozenLinear *l, const float *x, const float *bias, const float *residual, float *y,
                       float *scratch)
{
    if (l->panels)
        panel_linear_run(l->panels, x, bias, residual, y, scratch);
    else
        onednn_linear_run(l->onednn, x, bias, residual, y);
}

size_t frozen_linear_scratch(const FrozenLinear *l)
{
    return l->panels ? panel_linear_scratch(l->panels) : 0;
}

size_t frozen_linear_bytes(const FrozenLinear *l)
{
    if (l->panels) return panel_linear_bytes(l->panels);
    return l->onednn ? onednn_linear_bytes(l->onednn) : 0;
}

void frozen_linear_free(FrozenLinear *l)
{
    panel_linear_free(l->panels);
    onednn_linear_free(l->onednn);
    *l = (FrozenLinear){0};
}

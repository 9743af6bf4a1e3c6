/* CLIP's text tower: embeddings plus positions, causal residual blocks, a last layer norm, a projection of the row of the
 * end token. Two exact savings of prompt learning are here: a prefix that all sequences share is computed once (causal
 * attention makes its activations the same for all), and the last block ends with the rows that are read. */
#include "harness/clip/block.h"

#include <stdlib.h>

static Node *last_norm(Graph *g, const Clip *clip, Node *x)
{
    return layer_norm(g, x, weight_node(g, clip, "ln_final.weight"), weight_node(g, clip, "ln_final.bias"),
                      clip->config.text_layer_norm_eps);
}

Node *clip_text_hidden(Graph *g, const Clip *clip, Node *embedded)
{
    const Shape s = node_shape(embedded);
    if (s.rank != 3 || s.dim[2] != clip->config.text_width || s.dim[1] > clip->config.context) {
        char text[96];
        die("text tower: embeddings %s do not fit a width of %zu and a context of %zu", shape_text(s, text),
            clip->config.text_width, clip->config.context);
    }
    Node *x = add(g, embedded, weight_rows(g, clip_weight(clip, "positional_embedding"), 0, s.dim[1]));
    for (size_t layer = 0; layer < clip->config.text_layers; layer++) {
        const Block b = block_of(g, clip, "", layer);
        x = residual_block(g, &b, x, ATTEND_CAUSAL);
    }
    return last_norm(g, clip, x);
}

Node *clip_text_project(Graph *g, const Clip *clip, Node *hidden)
{
    return matmul(g, hidden, weight_node(g, clip, "text_projection")); /* [W, D], as OpenAI stores it */
}

/* All prompts' rows in one matrix x [P + T, W]: the P rows of the prefix, then the sequences' own. One matrix, so that
 * every product reads its weights once. */
typedef struct Prompts {
    size_t prefix, own; /* P, T */
    const int32_t *offsets;
    size_t sequences;
} Prompts;

static Node *prefix_part(Graph *g, const Prompts *p, Node *x)
{
    return slice(g, x, 0, 0, p->prefix);
}

static Node *own_part(Graph *g, const Prompts *p, Node *x)
{
    return p->prefix ? slice(g, x, 0, p->prefix, p->own) : x;
}

/* Own rows look at the prefix and at their sequence. */
static Node *attend_own(Graph *g, const Block *b, const Prompts *p, Node *q, Node *k, Node *v)
{
    return prefix_attention(g, q, own_part(g, p, k), own_part(g, p, v), p->prefix ? prefix_part(g, p, k) : NULL,
                            p->prefix ? prefix_part(g, p, v) : NULL, b->heads, p->offsets, p->sequences);
}

/* The prefix looks at itself. */
static Node *attend_prefix(Graph *g, const Block *b, const Prompts *p, Node *q, Node *k, Node *v)
{
    const size_t width = node_shape(q).dim[1];
    const Shape batch = shape(1, p->prefix, width);
    Node *y = attention(g, reshape(g, prefix_part(g, p, q), batch), reshape(g, prefix_part(g, p, k), batch),
                        reshape(g, prefix_part(g, p, v), batch), b->heads, ATTEND_CAUSAL);
    return reshape(g, y, shape(p->prefix, width));
}

static Node *prompt_block(Graph *g, const Block *b, const Prompts *p, Node *x)
{
    Node *h = block_begin(g, b, x);
    Node *q = linear(g, h, b->q_weight, b->q_bias);
    Node *k = linear(g, h, b->k_weight, b->k_bias);
    Node *v = linear(g, h, b->v_weight, b->v_bias);
    Node *own = attend_own(g, b, p, own_part(g, p, q), k, v);
    if (!p->prefix) return block_end(g, b, x, own);
    Node *parts[] = {attend_prefix(g, b, p, q, k, v), own};
    return block_end(g, b, x, concat(g, parts, 2, 0));
}

/* Of the last block only every sequence's last row is read: -> [sequences, W]. */
static Node *last_prompt_block(Graph *g, const Block *b, const Prompts *p, Node *x)
{
    int32_t *last = xmalloc(p->sequences * sizeof *last);
    for (size_t s = 0; s < p->sequences; s++) last[s] = p->offsets[s + 1] - 1;
    Node *rows = constant_indices(g, shape(p->sequences), last);
    free(last);
    Node *h = block_begin(g, b, x);
    Node *q = linear(g, own_part(g, p, h), b->q_weight, b->q_bias);
    Node *k = linear(g, h, b->k_weight, b->k_bias);
    Node *v = linear(g, h, b->v_weight, b->v_bias);
    Node *attended = attend_own(g, b, p, q, k, v);
    return block_end(g, b, gather_rows(g, own_part(g, p, x), rows), gather_rows(g, attended, rows));
}

/* Positions of x's rows: 0 .. P-1, then P, P+1, ... in every sequence. */
static Node *prompt_positions(Graph *g, const Clip *clip, const Prompts *p)
{
    int32_t *position = xmalloc((p->prefix + p->own) * sizeof *position);
    size_t n = 0;
    for (; n < p->prefix; n++) position[n] = (int32_t)n;
    for (size_t s = 0; s < p->sequences; s++) {
        const size_t rows = (size_t)(p->offsets[s + 1] - p->offsets[s]);
        if (rows < 1 || p->prefix + rows > clip->config.context)
            die("prompt %zu has %zu rows after a prefix of %zu; 1 to a context of %zu are possible", s, rows, p->prefix,
                clip->config.context);
        for (size_t i = 0; i < rows; i++) position[n++] = (int32_t)(p->prefix + i);
    }
    Node *indices = constant_indices(g, shape(n), position);
    free(position);
    return embedding(g, weight_node(g, clip, "positional_embedding"), indices);
}

Node *clip_text_prompts(Graph *g, const Clip *clip, Node *prefix, Node *rows, const int32_t *offsets, size_t sequences)
{
    const Prompts p = {prefix ? node_shape(prefix).dim[0] : 0, node_shape(rows).dim[0], offsets, sequences};
    if (sequences == 0 || offsets[0] != 0 || (size_t)offsets[sequences] != p.own)
        die("clip_text_prompts: offsets do not cut %zu rows into sequences", p.own);
    Node *parts[] = {prefix, rows};
    Node *x = prefix ? concat(g, parts, 2, 0) : rows;
    x = add(g, x, prompt_positions(g, clip, &p));
    const size_t layers = clip->config.text_layers;
    for (size_t layer = 0; layer < layers; layer++) {
        const Block b = block_of(g, clip, "", layer);
        x = layer + 1 < layers ? prompt_block(g, &b, &p, x) : last_prompt_block(g, &b, &p, x);
    }
    return clip_text_project(g, clip, last_norm(g, clip, x));
}

/* Attention with its tiles chosen by hand, for tests; everyone else calls attention() of ops.h. */
#pragma once

#include "harness/graph/ops.h"

/* A tile holds the scores of `query_tile` queries against `key_tile` keys; 0: the usual ones. The forward is never by lanes. */
Node *attention_with_tiles(Graph *g, Node *q, Node *k, Node *v, int heads, AttentionMask mask, size_t query_tile,
                           size_t key_tile);

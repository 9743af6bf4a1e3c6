/* A function a kind of stage: operations by counting weights and the positions that they meet, bytes by counting
 * numbers. What training and scoring take the method says (Method.cost). Rates are those of one machine and rough
 * on purpose; calibrate.c mends them. */
#include "harness/plan/estimate.h"

#include "harness/clip/clip_cost.h"

#include <omp.h>

/* Rates on two threads of a 2.5 GHz core with AVX-512, rounded down. */
static const double flop_a_second_a_thread = 40e9, captions_a_second = 50e3, bytes_a_second = 50e6;
/* Drawing is mostly 3x3 convolutions, whose Winograd form takes fewer operations than are counted. */
static const double drawn_flop_a_second_a_thread = 100e9;
static const double tokens_a_caption = 14, overhead_seconds = 0.1;

static double seconds_of(double flop)
{
    return flop / (flop_a_second_a_thread * omp_get_max_threads()) + overhead_seconds;
}

void estimate_captions(Stage *s, size_t captions, size_t classes)
{
    s->seconds = (double)captions / captions_a_second + overhead_seconds;
    s->bytes = (double)captions * (60 + (double)classes / 8);
}

void estimate_choose(Stage *s, size_t captions, size_t classes)
{
    const ChooseParameters *p = s->parameters;
    const double count = (double)(p->captions < captions ? p->captions : captions);
    s->seconds = (double)captions / captions_a_second + overhead_seconds;
    s->bytes = count * (60 + (double)classes / 8);
}

void estimate_generate(Stage *s, const Generator *g, size_t images)
{
    s->seconds = (double)images * g->flop / (drawn_flop_a_second_a_thread * omp_get_max_threads()) + overhead_seconds;
    s->bytes = (double)images * 3 * (double)(g->width * g->height) + 8192;
    s->units = images;
}

void estimate_texts(Stage *s, const Clip *clip, size_t texts)
{
    const double tokens = (double)texts * tokens_a_caption;
    const double size = ((const EncodeTextParameters *)s->parameters)->half ? 2 : 4;
    s->units = texts;
    s->bytes = (double)clip->config.embed * (size * tokens + 4 * (double)texts);
    s->seconds = seconds_of(tokens * clip_token_flop(clip)) + s->bytes / bytes_a_second;
}

void estimate_images(Stage *s, size_t images)
{
    const EncodeImageParameters *p = s->parameters;
    const Clip *clip = p->model->clip;
    const double size = (double)p->pictures.side, tiles = (double)(p->encode.tiles * p->encode.tiles);
    const double local = tiles > 0 ? tiles : p->encode.want_local ? clip_positions(clip, size) : 0;
    s->bytes = (double)clip->config.embed * (double)images * (4 + (p->half ? 2 : 4) * local);
    s->seconds = seconds_of((double)images * (1 + tiles) * clip_picture_flop(clip, size)) + s->bytes / bytes_a_second;
    s->units = images;
}

void estimate_features(Stage *s)
{
    const FeaturesParameters *p = s->parameters;
    const double local = p->rows->tokens ? tokens_a_caption : (double)p->rows->positions;
    const double size = dataset_stores_half(p->dataset) ? 2 : 4;
    s->bytes = (double)p->rows->width * (double)p->rows->count * (4 + size * local) + 8192;
    s->seconds = 2 * s->bytes / bytes_a_second + overhead_seconds;
}

/* Of the test images' feature maps. */
static double positions_of(const Workload *work, const Stage *images)
{
    if (images->kind == &stage_features)
        return (double)((const FeaturesParameters *)images->parameters)->rows->positions;
    return clip_positions(work->clip, (double)((const EncodeImageParameters *)images->parameters)->pictures.side);
}

static Cost cost_of(const Method *method, const Workload *work)
{
    Cost cost = {0};
    if (method->cost) method->cost(work, &cost);
    return cost;
}

void estimate_train(Stage *s, const Workload *work)
{
    const Cost cost = cost_of(s->experiment->method, work);
    s->seconds = seconds_of(cost.train_flop);
    s->bytes = 4 * cost.learned + 8192;
}

void estimate_score(Stage *s, const Workload *work, const Stage *images)
{
    const Experiment *e = s->experiment;
    const bool local = (e->method->needs(&e->options) & NEED_TEST_LOCAL) != 0;
    const double places = 1 + (local ? positions_of(work, images) : 0);
    const double flop = 2 * work->test * places * work->classes * (double)work->clip->config.embed;
    s->bytes = work->test * work->classes * 13 + 65536;
    s->seconds = 0.2 + seconds_of(flop + cost_of(e->method, work).score_flop) + images->bytes / bytes_a_second / 4;
}

/* Pretraining: the loss against its definition, batches that depend on nothing but their number, exact resume. */
#include "harness/clip/vocabulary.h"
#include "harness/io/safetensors.h"
#include "harness/pretrain/pretrain_batch.h"
#include "harness/pretrain/pretrain_clip.h"
#include "harness/pretrain/pretrain_loss.h"

#include "datasets/mini/mini_world.h"
#include "harness/base/text.h"
#include "harness/clip/clip.h"
#include "harness/graph/random.h"
#include "tests/scratch_folder.h"

#include <math.h>

enum { BATCH = 8, GROUP = 4, POSITIONS = 5, WIDTH = 6 };

static void normalise(double *x)
{
    double sum = 0;
    for (int i = 0; i < WIDTH; i++) sum += x[i] * x[i];
    for (int i = 0; i < WIDTH; i++) x[i] /= sqrt(sum);
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < WIDTH; i++) sum += a[i] * b[i];
    return sum;
}

/* Mean of both directions' cross entropies of an n x n block with the true pairs on its diagonal. */
static double symmetric(int n, const double *logits)
{
    double loss = 0;
    for (int i = 0; i < n; i++) {
        double rows = 0, columns = 0;
        for (int j = 0; j < n; j++) rows += exp(logits[i * n + j]), columns += exp(logits[j * n + i]);
        loss += (log(rows) + log(columns)) / 2 - logits[i * n + i];
    }
    return loss / n;
}

static void loss_is_its_definition(void **state)
{
    (void)state;
    static float image[BATCH * WIDTH], local[BATCH * POSITIONS * WIDTH], text[BATCH * WIDTH];
    static double u[BATCH][WIDTH], v[BATCH][WIDTH], x[BATCH][POSITIONS][WIDTH];
    const double scale = 7, tau = 10;
    Random random;
    random_seed(&random, 3);
    random_normal(&random, image, BATCH * WIDTH);
    random_normal(&random, local, BATCH * POSITIONS * WIDTH);
    random_normal(&random, text, BATCH * WIDTH);
    for (int b = 0; b < BATCH; b++) {
        for (int i = 0; i < WIDTH; i++) u[b][i] = (double)image[b * WIDTH + i], v[b][i] = (double)text[b * WIDTH + i];
        normalise(u[b]), normalise(v[b]);
        for (int p = 0; p < POSITIONS; p++) {
            for (int i = 0; i < WIDTH; i++) x[b][p][i] = (double)local[(b * POSITIONS + p) * WIDTH + i];
            normalise(x[b][p]);
        }
    }
    double whole[BATCH][BATCH], expected_local = 0;
    for (int b = 0; b < BATCH; b++)
        for (int t = 0; t < BATCH; t++) whole[b][t] = scale * dot(u[b], v[t]);
    for (int first = 0; first < BATCH; first += GROUP) {
        double part[GROUP][GROUP];
        for (int b = 0; b < GROUP; b++)
            for (int t = 0; t < GROUP; t++) {
                double weight = 0, sum = 0;
                for (int p = 0; p < POSITIONS; p++) {
                    const double s = dot(x[first + b][p], v[first + t]);
                    weight += exp(tau * s), sum += exp(tau * s) * s;
                }
                part[b][t] = scale * sum / weight;
            }
        expected_local += symmetric(GROUP, part[0]) * GROUP / BATCH;
    }

    Error err;
    Graph *g = graph_new((GraphOptions){0});
    const ContrastiveLoss loss = contrastive_loss(
        g, constant(g, shape(BATCH, WIDTH), image), constant(g, shape(BATCH, POSITIONS, WIDTH), local),
        constant(g, shape(BATCH, WIDTH), text), constant_scalar(g, 7), (ContrastiveOptions){0.4f, 10, GROUP});
    assert_true(graph_compile(g, (Node *[]){loss.global, loss.local, loss.total}, 3, NULL, &err));
    graph_forward(g);
    const double global = symmetric(BATCH, whole[0]);
    assert_true(fabs((double)*node_data(loss.global) - global) < 1e-5);
    assert_true(fabs((double)*node_data(loss.local) - expected_local) < 1e-5);
    assert_true(fabs((double)*node_data(loss.total) - (global + 0.4 * expected_local)) < 1e-5);
    graph_free(g);
}

static void vocabulary_gives_every_word_one_token(void **state)
{
    (void)state;
    Error err;
    assert_true(vocabulary_write(world_words(), scratch_folder, &err));
    Tokenizer *t = tokenizer_open(scratch_folder, &err);
    assert_non_null(t);
    for (const char *const *word = world_words(); *word; word++) {
        TokenList list = {0};
        tokenizer_encode_bare(t, *word, &list);
        if (list.offsets[1] != 1) fail_msg("\"%s\" has %zu tokens", *word, list.offsets[1]);
        token_list_free(&list);
    }
    TokenList other = {0};
    tokenizer_encode_bare(t, "zebra!", &other); /* not a word of the world: letters, but never nothing */
    assert_true(other.offsets[1] > 1);
    token_list_free(&other);
    tokenizer_free(t);
    assert_false(vocabulary_write((const char *[]){"caf\xC3\xA9", NULL}, scratch_folder, &err));
}

static void a_pair_depends_on_its_number_alone(void **state)
{
    (void)state;
    Error err;
    const float mean[3] = {0.5f, 0.5f, 0.5f}, std[3] = {0.25f, 0.25f, 0.25f};
    assert_true(vocabulary_write(world_words(), scratch_folder, &err));
    Tokenizer *t = tokenizer_open(scratch_folder, &err);
    PretrainBatch one, two;
    assert_true(pretrain_batch_init(&one, 4, 32, &err) && pretrain_batch_init(&two, 8, 32, &err));
    pretrain_batch_fill(&two, 96, 1000, 1, t, mean, std);
    pretrain_batch_fill(&one, 100, 1000, 1, t, mean, std);
    assert_memory_equal(one.pixels, two.pixels + 4 * 64 * 64 * 3, sizeof(float) * 4 * 64 * 64 * 3);
    assert_memory_equal(one.ids, two.ids + 4 * 32, sizeof(int32_t) * 4 * 32);
    assert_memory_equal(one.ends, two.ends + 4, sizeof(int32_t) * 4);
    for (int i = 0; i < 4; i++) assert_int_equal(one.ids[i * 32 + one.ends[i]], tokenizer_end(t));
    pretrain_batch_free(&one), pretrain_batch_free(&two);
    tokenizer_free(t);
}

static void train(const char *name, bool resume, size_t stop_after)
{
    Error err = {0};
    char *out = xformat("%s/%s/out", scratch_folder, name), *work = xformat("%s/%s/work", scratch_folder, name);
    const PretrainClipOptions options = {.out = out,
                                         .work = work,
                                         .resume = resume,
                                         .pairs = 4 * 32,
                                         .batch = 32,
                                         .seed = 5,
                                         .tune_images = 50,
                                         .stop_after = stop_after};
    if (!pretrain_clip(&options, NULL, &err)) fail_msg("%s", err.text);
    free(out), free(work);
}

static char *weights_of(const char *name, size_t *length)
{
    Error err;
    char *data = NULL, *path = xformat("%s/%s/out/open_clip_model.safetensors", scratch_folder, name);
    assert_true(read_file(path, 1 << 26, &data, length, &err));
    free(path);
    return data;
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    train("whole", false, 0);
    train("parts", false, 2);
    train("parts", true, 3);
    train("parts", true, 0);
    size_t a_length = 0, b_length = 0;
    char *a = weights_of("whole", &a_length), *b = weights_of("parts", &b_length);
    assert_int_equal(a_length, b_length);
    assert_memory_equal(a, b, a_length);
    free(a), free(b);
}

static void another_recipe_does_not_go_on_from_a_checkpoint(void **state)
{
    (void)state;
    Error err = {0};
    train("recipe", false, 1);
    char *out = xformat("%s/recipe/out", scratch_folder), *work = xformat("%s/recipe/work", scratch_folder);
    const PretrainClipOptions options = {
        .out = out, .work = work, .resume = true, .pairs = 8 * 32, .batch = 32, .seed = 5};
    assert_false(pretrain_clip(&options, NULL, &err));
    assert_non_null(strstr(err.text, "another recipe"));
    free(out), free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_is_its_definition),
        cmocka_unit_test(vocabulary_gives_every_word_one_token),
        cmocka_unit_test(a_pair_depends_on_its_number_alone),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(another_recipe_does_not_go_on_from_a_checkpoint),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

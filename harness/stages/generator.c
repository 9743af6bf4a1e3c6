/* A pipeline's folder is opened once to learn what it would draw by itself, and closed again, since plans need these
 * facts and not the gigabytes; the session keeps them. An experiment's settings are laid over them, and only drawing
 * opens it for good. */
#include "harness/stages/generator.h"

#include "harness/diffusion/pipeline_cost.h"
#include "harness/stages/missing_model.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_PIXELS = 512 * 512, BATCH_MOST = 25 };

/* ---- what the folder says ---- */

static bool is_there(const Session *session, const Model *model, Error *err)
{
    if (!model->diffusion)
        return fail_usage(
            err,
            "%s: models.%s has no \"diffusion\"; name a diffusers folder that draws the training images, or "
            "bring images as the data set's \"images\" list",
            session->book->path, model->name);
    if (model->no_diffusion) return fail_absent(err, "model %s: %s", model->name, model->no_diffusion);
    return path_exists(model->diffusion) || fail_without_diffusion(model, err);
}

static PipelineParts parts_of(const Model *model, const char *scheduler, const char *prediction,
                              const char *const *embeddings, const char *const *loras)
{
    /* A checkpoint in one file has no vocabulary: the one of the model's CLIP is that of every Stable Diffusion 1 and 2. */
    const bool folder = path_is_folder(model->diffusion);
    return (PipelineParts){.vae = model->vae,
                           .tokenizer = folder ? NULL : model->tokenizer,
                           .scheduler = scheduler,
                           .prediction = prediction,
                           .embeddings = embeddings,
                           .loras = loras};
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The files of learned words, as they are found from here. */
static void list_embeddings(const Session *session, const cJSON *embedding, TextList *files)
{
    for (const cJSON *item = cJSON_IsArray(embedding) ? embedding->child : embedding; item;
         item = cJSON_IsArray(embedding) ? item->next : NULL) {
        char *path = path_join(session->book->folder, item->valuestring);
        text_list_add(files, path);
        free(path);
    }
    if (files->count) text_list_end(files);
}

/* LoRAs with their weights, as --lora takes them. */
static void list_loras(const Session *session, const cJSON *lora, TextList *files)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, lora)
    {
        char *path = path_join(session->book->folder, item->string);
        char *weighted = xformat("%s=%.9g", path, item->valuedouble);
        text_list_add(files, weighted);
        free(weighted);
        free(path);
    }
    if (files->count) text_list_end(files);
}

static bool same_list(const TextList *a, const TextList *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) return false;
    return a->count == b->count;
}

/* What of the settings a folder is opened with; the lists are the facts' afterwards. */
typedef struct Asked {
    const char *scheduler, *prediction;
    TextList embeddings, loras;
} Asked;

static bool learn(GeneratorFacts *f, const Model *model, Asked *asked, Error *err)
{
    const PipelineParts parts =
        parts_of(model, asked->scheduler, asked->prediction, (const char *const *)asked->embeddings.items,
                 (const char *const *)asked->loras.items);
    Pipeline *p = pipeline_open(model->diffusion, parts, err);
    if (!p) return false;
    *f = (GeneratorFacts){.model = model, .scheduler = pipeline_scheduler(p)};
    if (asked->prediction) f->prediction = strcmp(asked->prediction, "v") == 0 ? "v" : "epsilon";
    if (asked->scheduler) f->asked = f->scheduler; /* equal, and it outlives the experiments */
    pipeline_defaults(p, &f->steps, &f->guidance);
    pipeline_own_size(p, &f->width, &f->height);
    pipeline_cost(p, &f->call, &f->decoding);
    f->embeds_guidance = pipeline_embeds_guidance(p);
    const bool good = pipeline_fingerprint(p, f->fingerprint, err);
    if (good) {
        f->sampler = pipeline_take_scheduler(p);
        f->embeddings = asked->embeddings;
        f->loras = asked->loras;
        asked->embeddings = asked->loras = (TextList){0};
    }
    pipeline_free(p);
    return good;
}

static const GeneratorFacts *facts_of(Session *session, const Model *model, Asked *asked, Error *err)
{
    for (size_t i = 0; i < session->generator_count; i++) {
        const GeneratorFacts *f = &session->generators[i];
        if (f->model == model && same_text(f->asked, asked->scheduler) && same_text(f->prediction, asked->prediction) &&
            same_list(&f->embeddings, &asked->embeddings) && same_list(&f->loras, &asked->loras))
            return f;
    }
    if (session->generator_count == OPEN_MAX) {
        fail(err, "more than %d generators in one suite; split it", OPEN_MAX);
        return NULL;
    }
    GeneratorFacts *f = &session->generators[session->generator_count];
    if (!is_there(session, model, err) || !learn(f, model, asked, err)) return NULL;
    session->generator_count++;
    return f;
}

/* ---- with an experiment's settings ---- */

/* As many pictures at a time as 512x512 pixels hold, shards cut evenly. */
static size_t batch_of(size_t width, size_t height)
{
    size_t most = BATCH_PIXELS / (width * height);
    if (most < 1) most = 1;
    if (most > BATCH_MOST) most = BATCH_MOST;
    const size_t batches = (GENERATOR_SHARD + most - 1) / most;
    return (GENERATOR_SHARD + batches - 1) / batches;
}

bool generator_of(Session *session, const Experiment *e, Generator *g, Error *err)
{
    const Model *model = book_model(session->book, e->model);
    const GenerateSettings s = generate_settings_over(model->generate, e->generate);
    Asked asked = {.scheduler = s.scheduler, .prediction = s.prediction};
    list_embeddings(session, s.embedding, &asked.embeddings);
    list_loras(session, s.lora, &asked.loras);
    const GeneratorFacts *f = facts_of(session, model, &asked, err);
    text_list_free(&asked.embeddings);
    text_list_free(&asked.loras);
    if (!f) return fail_in(err, e->name);
    *g = (Generator){.model = model,
                     .scheduler = f->scheduler,
                     .prediction = f->prediction,
                     .embeddings = (const char *const *)f->embeddings.items,
                     .loras = (const char *const *)f->loras.items,
                     .negative = s.negative ? s.negative : "",
                     .steps = s.steps ? s.steps : f->steps,
                     .guidance = s.guidance >= 0 ? s.guidance : (double)f->guidance,
                     .width = s.width ? s.width : f->width,
                     .height = s.width ? s.height : f->height,
                     .seed = s.seed >= 0 ? (uint64_t)s.seed : 0};
    memcpy(g->fingerprint, f->fingerprint, sizeof g->fingerprint);
    if (!g->width || !g->height)
        return fail_usage(err, "%s: %s does not say what size its pictures have; give a \"size\" under \"generate\"",
                          e->name, model->diffusion);
    g->batch = batch_of(g->width, g->height);
    if (!scheduler_set_steps(f->sampler, g->steps, err)) return fail_in(err, e->name); /* before hours of other work */
    /* Guidance compares the prediction with the text to one without, two calls a step, unless the model takes it as an input. */
    const double halves = g->guidance > 1 && !f->embeds_guidance ? 2 : 1;
    const double calls = halves * (double)scheduler_calls(f->sampler);
    g->flop = (double)(g->width * g->height) * (calls * f->call + f->decoding);
    return true;
}

bool generator_is_models_own(Session *session, const Experiment *e)
{
    const GenerateSettings own = book_model(session->book, e->model)->generate;
    return generate_settings_equal(own, generate_settings_over(own, e->generate));
}

Pipeline *generator_open(const Generator *g, Arithmetic arithmetic, Error *err)
{
    const PipelineParts parts = parts_of(g->model, g->scheduler, g->prediction, g->embeddings, g->loras);
    Pipeline *p = pipeline_open(g->model->diffusion, parts, err);
    const DrawSettings settings = {.width = g->width,
                                   .height = g->height,
                                   .steps = g->steps,
                                   .batch = g->batch,
                                   .guidance = (float)g->guidance,
                                   .negative = g->negative,
                                   .graph = {.arithmetic = arithmetic}};
    if (p && pipeline_prepare(p, settings, err)) return p;
    pipeline_free(p);
    return NULL;
}

void generator_describe(const Generator *g, cJSON *config)
{
    char *size = xformat("%zux%zu", g->width, g->height);
    cJSON_AddStringToObject(config, "pipeline", g->fingerprint);
    cJSON_AddStringToObject(config, "scheduler", g->scheduler);
    cJSON_AddNumberToObject(config, "steps", (double)g->steps);
    cJSON_AddNumberToObject(config, "guidance", g->guidance);
    cJSON_AddStringToObject(config, "negative", g->negative);
    cJSON_AddStringToObject(config, "size", size);
    cJSON_AddNumberToObject(config, "batch", (double)g->batch);
    free(size);
}

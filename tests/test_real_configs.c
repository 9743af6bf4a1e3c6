/* Configurations of models in the wild (../shared/data/real/configs, skipped where it is absent): each is read, or refused with a
 * sentence that names the key. There are no weights beside them, so that "read" means that the next thing missed is a weight. */
#include "harness/clip/checkpoint.h"
#include "harness/diffusion/pipeline.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"
#include "harness/io/safetensors.h"
#include "tests/broken_files.h"

static const char root[] = "../shared/data/real/configs";

static void skip_where_absent(void)
{
    if (path_is_folder(root)) return;
    print_message("skipped: %s is not here\n", root);
    skip();
}

/* The names in a folder; caller frees. */
static TextList listed(const char *path)
{
    TextList names = {0};
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') text_list_add(&names, entry->d_name);
    closedir(folder);
    return names;
}

/* "FILE: KEY: what is wrong", or a sentence about `missing`. */
static bool names_a_key(const Error *err, const char *file, const char *missing)
{
    const char *at = strstr(err->text, file);
    if (!at) {
        if (!strstr(err->text, missing)) fail_msg("%s: neither read nor refused by a key", err->text);
        return false;
    }
    const char *key = at + strlen(file) + 2;
    const size_t length = strcspn(key, ":");
    if (strncmp(at + strlen(file), ": ", 2) != 0 || !key[length] || memchr(key, ' ', length))
        fail_msg("%s: no key is named", err->text);
    return true;
}

/* What is refused of a folder, NULL: nothing. */
typedef struct Expected {
    const char *folder, *index, *scheduler, *unet;
} Expected;

static const Expected expected[] = {
    {"Hugging_face_sta_dif_2.1", NULL, NULL, NULL},
    {"LoRA_Diffusers", "_class_name", NULL, "addition_embed_type"},
    {"Meinamix-for-ONNX", "_class_name", NULL, NULL},
    {"Tardis-fusion", NULL, NULL, NULL},
    {"Text_to_Image_generator", NULL, NULL, NULL},
    {"The_Owl_Characters_V2", "scheduler", "_class_name", NULL},
    {"dadaleCreateDiffusion", NULL, NULL, NULL},
    {"dreambooth-finetune", NULL, NULL, NULL},
    {"dreamlike-photoreal-2.0", NULL, NULL, NULL},
    {"magikaljourney", NULL, NULL, NULL},
    {"sd-image-variations-diffusers", "_class_name", NULL, NULL},
    {"stable-diffusion-2-1-base", NULL, NULL, NULL},
    {"stable-diffusion-v1-4", NULL, NULL, NULL},
    {"stable-diffusion-xl-base-1.0", "_class_name", NULL, "addition_embed_type"},
    {"std2-inpaint", "_class_name", NULL, NULL},
    {"text-to-video-ms-1.7b", "_class_name", NULL, "_class_name"},
};
enum { FOLDERS = sizeof expected / sizeof *expected };

static void assert_refusal(bool opened, const Error *err, const char *file, const char *missing, const char *key)
{
    if (opened ? key != NULL : names_a_key(err, file, missing) != (key != NULL))
        fail_msg("%s: %s", file, opened ? "was read" : err->text);
    if (key) assert_sentence(err, file, key);
}

static void every_index_and_sampler_is_opened_or_refused_by_its_key(void **state)
{
    (void)state;
    skip_where_absent();
    for (size_t i = 0; i < FOLDERS; i++) {
        const Expected *e = &expected[i];
        Error err = {0};
        char *folder = path_join(root, e->folder), *file = path_join(folder, "scheduler/scheduler_config.json");
        Pipeline *p = pipeline_open(folder, (PipelineParts){0}, &err);
        assert_refusal(p != NULL, &err, "model_index.json", "text_encoder: ", e->index);
        pipeline_free(p);
        if (path_exists(file)) {
            Scheduler *s = scheduler_open(file, NULL, &err);
            assert_refusal(s != NULL, &err, "scheduler_config.json", "scheduler_config.json", e->scheduler);
            scheduler_free(s);
        }
        free(folder), free(file);
    }
}

static void every_u_net_and_autoencoder_is_read_or_refused_by_its_key(void **state)
{
    (void)state;
    skip_where_absent();
    for (size_t i = 0; i < FOLDERS; i++) {
        Error err = {0};
        char *folder = path_join(root, expected[i].folder), *unet = path_join(folder, "unet"),
             *vae = path_join(folder, "vae");
        if (path_is_folder(unet)) {
            assert_null(unet_open(unet, &err));
            assert_refusal(false, &err, "config.json", "diffusion_pytorch_model", expected[i].unet);
        }
        if (path_is_folder(vae)) {
            assert_null(vae_open(vae, &err));
            assert_refusal(false, &err, "config.json", "diffusion_pytorch_model", NULL);
        }
        free(folder), free(unet), free(vae);
    }
}

static void every_folder_is_among_those_expected(void **state)
{
    (void)state;
    skip_where_absent();
    TextList names = listed(root);
    for (size_t i = 0; i < names.count; i++) {
        bool known = !strcmp(names.items[i], "open_clip");
        for (size_t k = 0; k < FOLDERS; k++) known |= !strcmp(names.items[i], expected[k].folder);
        if (!known) fail_msg("%s: say what is expected of it", names.items[i]);
    }
    text_list_free(&names);
}

static void every_preprocessor_is_openais_way(void **state)
{
    (void)state;
    skip_where_absent();
    size_t count = 0;
    for (size_t i = 0; i < FOLDERS; i++) {
        Error err = {0};
        char *path = xformat("%s/%s/feature_extractor/preprocessor_config.json", root, expected[i].folder);
        JsonFile *file = path_exists(path) ? json_read(path, &err) : NULL;
        if (file) {
            Preprocessing p = preprocessing_standard(), made;
            if (!checkpoint_processor(json_root(file), "preprocessor_config.json", &p, &err) ||
                !preprocessing_for(&p, 224, 0, RESIZE_OF_MODEL, &made, &err))
                fail_msg("%s", err.text);
            char *words = preprocessing_words(&made);
            assert_string_equal(words, "shorter side to 224 bicubic, cut to 224 (left, 0)");
            free(words);
            count++;
        }
        json_free(file);
        free(path);
    }
    assert_int_equal(count, 10);
}

/* A folder with this configuration and a file of one weight, opened as a CLIP; the sentence comes back. */
static void open_beside_a_weight(const char *config_name, const char *config, const char *weights, const char *weight,
                                 Error *err)
{
    const float zero[2] = {0, 0};
    const TensorOut tensor = {.name = weight, .rank = 1, .dim = {2}, .values = zero};
    char *folder = path_join(scratch_folder, "clip"), *file = path_join(folder, config_name),
         *model = path_join(folder, weights);
    scratch_clear(folder);
    assert_true(make_folders(folder, err) && write_file(file, config, strlen(config), err) &&
                safetensors_write(model, &tensor, 1, TENSOR_F32, NULL, err));
    assert_null(clip_open(folder, err));
    free(folder), free(file), free(model);
}

static char *text_of(const char *path)
{
    Error err;
    char *text;
    size_t length;
    if (!read_file(path, 1 << 20, &text, &length, &err)) fail_msg("%s", err.text);
    return text;
}

static void every_text_encoder_is_read(void **state)
{
    (void)state;
    skip_where_absent();
    for (size_t i = 0; i < FOLDERS; i++) {
        Error err = {0};
        char *path = xformat("%s/%s/text_encoder/config.json", root, expected[i].folder);
        if (path_exists(path)) {
            char *config = text_of(path);
            open_beside_a_weight("config.json", config, "model.safetensors",
                                 "text_model.embeddings.token_embedding.weight", &err);
            if (names_a_key(&err, "/config.json", "token_embedding.weight\" has the shape [2]"))
                fail_msg("%s: %s", path, err.text);
            free(config);
        }
        free(path);
    }
}

/* The families that are this program's CLIP; all others are refused by a key. */
static bool is_plain_clip(const char *name)
{
    static const char *const other[] = {"SigLIP", "CLIPA", "worldwide", "M-16-alt", "naflex", "moderntext", NULL};
    static const char *const beginnings[] = {"RN", "ViT-", NULL};
    for (size_t i = 0; other[i]; i++)
        if (strstr(name, other[i])) return false;
    for (size_t i = 0; beginnings[i]; i++)
        if (!strncmp(name, beginnings[i], strlen(beginnings[i]))) return true;
    return false;
}

static void every_configuration_of_open_clip_is_read_or_refused_by_its_key(void **state)
{
    (void)state;
    skip_where_absent();
    char *folder = path_join(root, "open_clip");
    TextList names = listed(folder);
    size_t plain = 0;
    for (size_t i = 0; i < names.count; i++) {
        if (!strstr(names.items[i], ".json")) continue;
        Error err = {0};
        char *path = path_join(folder, names.items[i]), *model = text_of(path);
        char *config = xformat("{\"model_cfg\": %s, \"preprocess_cfg\": {}}", model);
        open_beside_a_weight("open_clip_config.json", config, "open_clip_model.safetensors", "logit_scale", &err);
        const bool refused = names_a_key(&err, "open_clip_config.json", "visual.conv1.weight\" is missing");
        if (refused == is_plain_clip(names.items[i])) fail_msg("%s: %s", names.items[i], err.text);
        plain += !refused;
        free(path), free(model), free(config);
    }
    assert_in_range(plain, 30, 50);
    text_list_free(&names);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_and_sampler_is_opened_or_refused_by_its_key),
        cmocka_unit_test(every_u_net_and_autoencoder_is_read_or_refused_by_its_key),
        cmocka_unit_test(every_folder_is_among_those_expected),
        cmocka_unit_test(every_preprocessor_is_openais_way),
        cmocka_unit_test(every_text_encoder_is_read),
        cmocka_unit_test(every_configuration_of_open_clip_is_read_or_refused_by_its_key),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

/* How a checkpoint's pictures are prepared, out of the two forms in which that is written: transformers' preprocessor_config.json
 * (CLIPImageProcessor, its fast form, and the plain processors of SigLIP and ViT) and open_clip's preprocess_cfg. Every key is
 * obeyed, has no say in the pixels, or is refused by name: one that is ignored would give other features than the reference. */
#include "harness/clip/checkpoint.h"

#include <math.h>
#include <string.h>

static bool null_or_absent(Json j)
{
    return !j.node || cJSON_IsNull(j.node);
}

bool checkpoint_triple(Json object, const char *key, float values[3], Error *err)
{
    const Json list = json_get(object, key);
    const bool one = json_is_number(list); /* for all three */
    if (null_or_absent(list)) return true;
    if (!one && (!json_is_array(list) || json_count(list) != 3))
        return json_fail(list, err, "three numbers are needed, for red, green and blue");
    for (size_t i = 0; i < 3; i++) {
        double number;
        if (!json_as_number(one ? list : json_at(list, i), &number, err)) return false;
        values[i] = (float)number;
    }
    return true;
}

/* Standard deviations are divided by. */
static bool read_deviation(Json object, const char *key, float std[3], Error *err)
{
    if (!checkpoint_triple(object, key, std, err)) return false;
    for (size_t i = 0; i < 3; i++)
        if (!(std[i] > 0)) return json_fail(json_get(object, key), err, "numbers above 0 are needed");
    return true;
}

/* ---- transformers ---- */

/* The processors whose steps are those of preprocess.c; they differ in what an absent key means. */
typedef struct Processor {
    const char *name;
    bool crops;     /* CLIP's defaults: shortest_edge 224, cut to 224, OpenAI's mean and std */
    bool to_square; /* default_to_square: a `size` that is one number means both sides */
} Processor;

static const Processor processors[] = {
    {"CLIPImageProcessor", true, false},
    {"CLIPImageProcessorFast", true, false},
    {"CLIPFeatureExtractor", true, false},
    {"ChineseCLIPImageProcessor", true, false},
    {"ChineseCLIPImageProcessorFast", true, false},
    {"ChineseCLIPFeatureExtractor", true, false},
    {"SiglipImageProcessor", false, false},
    {"SiglipImageProcessorFast", false, false},
    {"ViTImageProcessor", false, true},
    {"ViTImageProcessorFast", false, true},
    {"ViTFeatureExtractor", false, true},
};

static const Processor *find_processor(Json settings, Error *err)
{
    const char *name, *older;
    if (!json_string_or(settings, "feature_extractor_type", "CLIPImageProcessor", &older, err) ||
        !json_string_or(settings, "image_processor_type", older, &name, err))
        return NULL;
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++)
        if (!strcmp(processors[i].name, name)) return &processors[i];
    const bool newer = json_get(settings, "image_processor_type").node != NULL;
    json_fail(json_get(settings, newer ? "image_processor_type" : "feature_extractor_type"), err,
              "pictures are prepared as CLIPImageProcessor, ChineseCLIPImageProcessor, SiglipImageProcessor or "
              "ViTImageProcessor does it, not as %s does",
              name);
    return NULL;
}

/* Keys without a say in the pixels of an RGB picture: names, devices, and the conversion to RGB, which always happens (without it
 * transformers stops at the pictures that it would have changed). */
static const char *const known_keys[] = {"size",
                                         "crop_size",
                                         "do_resize",
                                         "do_center_crop",
                                         "do_rescale",
                                         "do_normalize",
                                         "do_convert_rgb",
                                         "resample",
                                         "rescale_factor",
                                         "image_mean",
                                         "image_std",
                                         "default_to_square",
                                         "use_square_size",
                                         "do_pad",
                                         "pad_size",
                                         "data_format",
                                         "input_data_format",
                                         "processor_class",
                                         "image_processor_type",
                                         "feature_extractor_type",
                                         "return_tensors",
                                         "device",
                                         "disable_grouping",
                                         "image_seq_length",
                                         "_processor_class",
                                         "auto_map",
                                         "_valid_processor_keys",
                                         "_name_or_path",
                                         "transformers_version",
                                         NULL};

/* What would change pixels in a way that is not computed here must be absent, null, false or the one text. */
static bool refuse_unsupported(Json settings, Error *err)
{
    static const struct {
        const char *key, *allowed, *why;
    } keys[] = {{"use_square_size", NULL, "say it with \"size\": {\"height\", \"width\"}"},
                {"do_pad", NULL, "padding of whole batches is not supported"},
                {"auto_map", NULL, "code of its own is not run"},
                {"data_format", "channels_first", "the tower takes channels_first"},
                {"input_data_format", "channels_last", "pictures come as channels_last"}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const Json value = json_get(settings, keys[i].key);
        if (null_or_absent(value) || cJSON_IsFalse(value.node)) continue;
        if (keys[i].allowed && json_is_string(value) && !strcmp(value.node->valuestring, keys[i].allowed)) continue;
        return json_fail(value, err, "not supported: %s", keys[i].why);
    }
    return true;
}

static bool positive(Json object, const char *key, size_t *value, Error *err)
{
    if (!checkpoint_size(object, key, 0, value, err)) return false;
    return *value > 0 || json_fail(json_get(object, key), err, "pixels above 0 are needed");
}

static bool both_sides(Json size, size_t *width, size_t *height, Error *err)
{
    return json_only_keys(size, (const char *const[]){"height", "width", NULL}, err) &&
           positive(size, "height", height, err) && positive(size, "width", width, err);
}

static bool pair(Json list, size_t *width, size_t *height, Error *err)
{
    int64_t sides[2];
    if (json_count(list) != 2) return json_fail(list, err, "two numbers are needed, height and width");
    for (size_t i = 0; i < 2; i++) {
        if (!json_as_integer(json_at(list, i), &sides[i], err)) return false;
        if (sides[i] < 1 || sides[i] > 1 << 30) return json_fail(list, err, "pixels above 0 are needed");
    }
    *height = (size_t)sides[0], *width = (size_t)sides[1];
    return true;
}

/* 224, [224, 224], {"shortest_edge": 224} or {"height": 224, "width": 224}. */
static bool read_size(Json settings, bool to_square, Preprocessing *p, Error *err)
{
    const Json size = json_get(settings, "size");
    if (null_or_absent(size)) return true;
    p->fit = FIT_STRETCH;
    if (json_is_array(size)) return pair(size, &p->width, &p->height, err);
    if (json_is_object(size) && !json_get(size, "shortest_edge").node)
        return both_sides(size, &p->width, &p->height, err);
    if (json_is_object(size) && !json_only_keys(size, (const char *const[]){"shortest_edge", NULL}, err)) return false;
    const bool named = json_is_object(size);
    if (!positive(named ? size : settings, named ? "shortest_edge" : "size", &p->width, err)) return false;
    if (named || !to_square) p->fit = FIT_SHORTER;
    p->height = p->width;
    return true;
}

static bool read_cut(Json settings, Preprocessing *p, Error *err)
{
    const Json size = json_get(settings, "crop_size");
    size_t width, height;
    if (null_or_absent(size) || !p->cut) return true;
    const bool good = json_is_array(size)    ? pair(size, &width, &height, err)
                      : json_is_object(size) ? both_sides(size, &width, &height, err)
                                             : positive(settings, "crop_size", &width, err);
    if (!good) return false;
    p->cut_side = width;
    return json_is_number(size) || width == height ||
           json_fail(size, err, "%zu x %zu: the tower takes squares", width, height);
}

static bool read_filter(Json settings, Preprocessing *p, Error *err)
{
    int64_t filter;
    if (!json_integer_or(settings, "resample", p->filter, &filter, err)) return false;
    if (filter < 0 || filter >= FILTERS)
        return json_fail(json_get(settings, "resample"), err,
                         "%lld is no filter of Pillow's; 0 nearest, 1 lanczos, 2 bilinear, 3 bicubic, 4 box, 5 hamming",
                         (long long)filter);
    p->filter = (PixelFilter)filter;
    return true;
}

/* Other processors than CLIP's have other defaults; their files spell everything out, and what they leave out we do not guess. */
static bool check_complete(Json settings, const Processor *processor, Error *err)
{
    static const char *const keys[] = {"size", "resample", "image_mean", "image_std"};
    for (size_t i = 0; i < 4 && !processor->crops; i++)
        if (null_or_absent(json_get(settings, keys[i])))
            return json_fail(settings, err, "\"%s\" is needed with %s", keys[i], processor->name);
    return true;
}

static bool read_numbers(Json settings, Preprocessing *p, Error *err)
{
    if (!json_bool_or(settings, "do_rescale", true, &p->scales, err) ||
        !json_number_or(settings, "rescale_factor", p->factor, &p->factor, err) ||
        !json_bool_or(settings, "do_normalize", true, &p->normalises, err) ||
        !checkpoint_triple(settings, "image_mean", p->mean, err))
        return false;
    return read_deviation(settings, "image_std", p->std, err);
}

bool checkpoint_processor(Json settings, const char *source, Preprocessing *p, Error *err)
{
    enum { DEFAULT_SIDE = 224 };
    bool resizes, to_square;
    if (!json_is_object(settings)) return json_fail(settings, err, "an object is needed");
    const Processor *processor = find_processor(settings, err);
    if (!processor || !json_only_keys(settings, known_keys, err) || !refuse_unsupported(settings, err) ||
        !check_complete(settings, processor, err) || !json_bool_or(settings, "do_resize", true, &resizes, err) ||
        !json_bool_or(settings, "do_center_crop", processor->crops, &p->cut, err) ||
        !json_bool_or(settings, "default_to_square", processor->to_square, &to_square, err))
        return false;
    p->source = source;
    p->cut_rounds = false;
    p->width = p->height = DEFAULT_SIDE;
    p->cut_side = p->cut ? DEFAULT_SIDE : 0;
    if (!read_size(settings, to_square, p, err) || !read_cut(settings, p, err) || !read_filter(settings, p, err))
        return false;
    if (!resizes) p->fit = FIT_NOT;
    return read_numbers(settings, p, err);
}

/* ---- open_clip ---- */

/* A text of a list; absent or null: the first. */
static bool choose(Json object, const char *key, const char *const *words, size_t *choice, Error *err)
{
    const char *word;
    Text allowed = {0};
    if (!json_string_or(object, key, words[0], &word, err)) return false;
    for (*choice = 0; words[*choice]; ++*choice) {
        if (!strcmp(words[*choice], word)) {
            text_free(&allowed);
            return true;
        }
        text_addf(&allowed, "%s%s", *choice ? ", " : "", words[*choice]);
    }
    json_fail(json_get(object, key), err, "\"%.40s\" is not known; %s are", word, allowed.data);
    text_free(&allowed);
    return false;
}

/* open_clip takes the tower's size whatever stands here; one that differs is somebody's mistake. */
static bool check_tower_size(Json settings, size_t tower, Error *err)
{
    const Json size = json_get(settings, "size");
    size_t width, height;
    if (null_or_absent(size)) return true;
    if (!json_is_array(size)) {
        if (!positive(settings, "size", &width, err)) return false;
        height = width;
    } else if (!pair(size, &width, &height, err)) {
        return false;
    }
    return (width == tower && height == tower) ||
           json_fail(size, err,
                     "%zu x %zu, but model_cfg.vision_cfg.image_size is %zu, which open_clip takes; make them equal",
                     height, width, tower);
}

bool checkpoint_preprocess_cfg(Json settings, size_t tower, Preprocessing *p, Error *err)
{
    static const char *const filters[] = {"bicubic", "bilinear", "random", NULL}; /* random only in training: bicubic */
    static const char *const modes[] = {"shortest", "longest", "squash", NULL}, *const colours[] = {"RGB", NULL};
    size_t filter, mode, colour;
    int64_t fill;
    if (!json_is_object(settings)) return json_fail(settings, err, "an object is needed");
    if (!json_only_keys(
            settings,
            (const char *const[]){"size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color", NULL},
            err) ||
        !choose(settings, "interpolation", filters, &filter, err) ||
        !choose(settings, "resize_mode", modes, &mode, err) || !choose(settings, "mode", colours, &colour, err) ||
        !json_integer_or(settings, "fill_color", 0, &fill, err) || !check_tower_size(settings, tower, err) ||
        !checkpoint_triple(settings, "mean", p->mean, err) || !read_deviation(settings, "std", p->std, err))
        return false;
    if (fill < 0 || fill > 255)
        return json_fail(json_get(settings, "fill_color"), err, "a grey level from 0 to 255 is needed");
    p->source = "open_clip_config.json";
    p->filter = filter == 1 ? FILTER_BILINEAR : FILTER_BICUBIC;
    p->fit = mode == 0 ? FIT_SHORTER : mode == 1 ? FIT_LONGER : FIT_STRETCH;
    p->cut = p->fit != FIT_STRETCH;
    p->fill = (uint8_t)fill;
    return true;
}

/* The order of questions, and what the answers share. */
#include "harness/inspect/inspect.h"

#include "harness/base/memory.h"
#include "harness/inspect/inspect_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES = 1 << 24 };

typedef bool Look(const char *path, Inspection *i);

static Look *const at_folders[] = {inspect_pipeline,  inspect_diffusers_part, inspect_lora,    inspect_clip_folder,
                                   inspect_tokenizer, inspect_embedding,      inspect_dataset, inspect_pictures};
static Look *const at_files[] = {inspect_artifact, inspect_json, inspect_tokenizer, inspect_picture, inspect_tensors};

bool inspect(const char *path, Inspection *i, Error *err)
{
    const bool folder = path_is_folder(path);
    Look *const *looks = folder ? at_folders : at_files;
    const size_t count = folder ? sizeof at_folders / sizeof *at_folders : sizeof at_files / sizeof *at_files;
    *i = (Inspection){.kind = "unknown"};
    if (!path_exists(path)) return fail(err, "%s: no such file or folder", path);
    if (!folder && !path_is_file(path)) return fail(err, "%s: neither a file nor a folder", path);
    for (size_t k = 0; k < count; k++)
        if (looks[k](path, i)) return true;
    inspection_refuse(i, "nothing in it is known here: no checkpoint, LoRA, vocabulary, data set, pictures or result");
    return true;
}

void inspection_free(Inspection *i)
{
    free(i->layout);
    free(i->architecture);
    free(i->why);
    text_list_free(&i->missing);
    text_list_free(&i->unknown);
    text_list_free(&i->notes);
    text_list_free(&i->uses);
    *i = (Inspection){.kind = "unknown"};
}

void inspection_begin(Inspection *i, const char *kind, const char *layout)
{
    i->kind = kind;
    free(i->layout);
    i->layout = layout ? xstrdup(layout) : NULL;
}

static void __attribute__((format(printf, 2, 0))) add(TextList *list, const char *format, va_list arguments)
{
    char text[1200];
    vsnprintf(text, sizeof text, format, arguments);
    text_list_add(list, text);
}

void inspection_note(Inspection *i, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(&i->notes, format, arguments);
    va_end(arguments);
}

void inspection_use(Inspection *i, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(&i->uses, format, arguments);
    va_end(arguments);
}

void inspection_refuse(Inspection *i, const char *why)
{
    if (!i->why) i->why = xstrdup(why);
}

void inspection_count(Inspection *i, const TensorFile *tensors)
{
    for (size_t k = 0; k < tensor_file_count(tensors); k++) {
        const TensorView *view = tensor_file_at(tensors, k);
        i->elements[view->type] += view->count;
        if (view->type <= TENSOR_F64) i->parameters += view->count;
    }
}

void inspection_list(TextList *to, const char *prefix, const TextList *from)
{
    for (size_t k = 0; k < from->count; k++) {
        char *text = xformat("%s%s", prefix, from->items[k]);
        text_list_add(to, text);
        free(text);
    }
}

const char *inspect_generation(size_t text_width)
{
    return text_width == 768 ? "sd15" : text_width == 1024 ? "sd21" : NULL;
}

bool inspect_has(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    const bool there = path_exists(path);
    free(path);
    return there;
}

char *inspect_config(const char *folder)
{
    Error unread;
    char *path = path_join(folder, "config.json"), *text = NULL;
    size_t length;
    const bool good = path_exists(path) && read_file(path, CONFIG_BYTES, &text, &length, &unread);
    free(path);
    return good ? text : NULL;
}

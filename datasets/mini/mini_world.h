/* The embedded world: rendered scenes of the 20 VOC classes, and captions for them. Design: datasets/mini/README.md.
 *
 * Everything is a pure function of (seed, index): scene, picture and caption i of a split do not depend on any other.
 *
 *     WorldScene scene;
 *     world_scene(&scene, WORLD_TEST, i);              // which objects stand where
 *     world_render(&scene, &image);                    // 64 x 64 RGB
 *     world_caption(&scene, &(CaptionStyle){...}, seed, buffer);
 */
#pragma once

#include "harness/io/image.h"

#include <stddef.h>
#include <stdint.h>

enum { WORLD_CLASSES = 20, WORLD_SIZE = 64, WORLD_OBJECTS_MAX = 4, WORLD_CAPTION_MAX = 256 };

typedef enum WorldSplit {
    WORLD_PRETRAIN, /* "the web": what CLIP and the diffusion model see; mostly clean style */
    WORLD_CAPTIONS, /* scenes behind the methods' captions; never rendered for TaI */
    WORLD_TUNE,     /* test style */
    WORLD_TEST,
    WORLD_REAL, /* labelled images of the test style: linear probe, few-shot */
    WORLD_SPLITS
} WorldSplit;

/* Style shift of tune, test and real, fixed once on the tuning split after CLIP was trained (NOTES in mini_world.c). */
extern const double world_test_shift;
/* Part of every hash: raised whenever a picture or a caption may change. */
extern const int world_version;

typedef struct WorldObject {
    int class;
    double x, y, radius; /* pixels of the 64 x 64 picture */
    int colour;
    bool flip;
} WorldObject;

typedef struct WorldScene {
    WorldSplit split;
    uint64_t index;
    int type; /* street, field, room, sky, sea, rails */
    int count;
    WorldObject objects[WORLD_OBJECTS_MAX];
    double shift; /* style shift of its picture, 0 to 1.25 */
    uint64_t render_seed;
} WorldScene;

void world_scene(WorldScene *scene, WorldSplit split, uint64_t index);
/* pixels [64, 64, 3]; thread-safe. */
void world_render(const WorldScene *scene, uint8_t *pixels);
void world_labels(const WorldScene *scene, uint8_t labels[WORLD_CLASSES]); /* the renderer's truth */

typedef struct CaptionStyle {
    double mention; /* probability that an object is mentioned */
    double wrong;   /* of a wrong noun or colour */
    double generic; /* of a caption that names nothing */
    double photo;   /* of "a photo of" in front */
} CaptionStyle;
extern const CaptionStyle world_pretrain_style, world_caption_style;
/* One caption; another seed gives another caption of the same scene. With `mirrored`, left and right are swapped (for a
 * mirrored picture). */
void world_caption(const WorldScene *scene, const CaptionStyle *style, uint64_t seed, bool mirrored,
                   char caption[WORLD_CAPTION_MAX]);

/* Sentence `index`, 7 to 22 words, about 1 to 3 classes, not about any scene; labels: which. Another trial gives another sentence. */
void world_sentence(uint64_t index, uint64_t trial, char sentence[WORLD_CAPTION_MAX], uint8_t labels[WORLD_CLASSES]);

extern const char *const world_class_names[WORLD_CLASSES];
/* Every word a caption can contain, sorted, for the mini CLIP's vocabulary; NULL-terminated. */
const char *const *world_words(void);

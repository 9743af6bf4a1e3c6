/* PASCAL VOC 2007, in the order of its class list. */
#include "datasets/class_lists.h"
#include "datasets/dataset_internal.h"

const ClassNames voc_classes[VOC_CLASSES] = {
    CLASS_NAMES("aeroplane", "air craft", "jet", "plane", "air plane"),
    CLASS_NAMES("bicycle", "bike", "cycle"),
    CLASS_NAMES("bird"),
    CLASS_NAMES("boat", "raft", "dinghy"),
    CLASS_NAMES("bottle"),
    CLASS_NAMES("bus", "autobus", "coach", "charabanc", "double decker", "jitney", "motor bus", "motor coach",
                "omnibus"),
    CLASS_NAMES("car", "taxi", "auto", "automobile", "motor car"),
    CLASS_NAMES("cat", "kitty"),
    CLASS_NAMES("chair", "arm chair", "bench"),
    CLASS_NAMES("cow"),
    CLASS_NAMES("table", "dining table", "dinner table", "din table"),
    CLASS_NAMES("dog", "pup", "puppy", "doggy"),
    CLASS_NAMES("horse", "colt", "equus"),
    CLASS_NAMES("motor bike", "motor cycle"),
    CLASS_NAMES("person", "human", "people", "man", "woman", "passenger"),
    CLASS_NAMES("potted plant", "house plant", "bonsai", "pot plant"),
    CLASS_NAMES("sheep"),
    CLASS_NAMES("sofa", "couch"),
    CLASS_NAMES("train", "rail way", "railroad"),
    CLASS_NAMES("tvmonitor", "monitor", "tv", "television", "telly"),
};

/* What a method's work takes, so that a plan can foretell times and sizes: Method.cost. Rough is enough, the plan
 * corrects it by what stored stages of the same method took; it should grow as the work does. A multiply-add is two
 * operations. */
#pragma once

#include "harness/clip/clip_cost.h"
#include "methods/shared/option.h"

/* What there is to do, as far as it is known before anything has run. */
typedef struct Workload {
    const Options *options;
    const Clip *clip;
    double classes;
    double texts;     /* labelled captions or sentences that the data set has; 0 where the method asks for none */
    double labelled;  /* labelled images of the setting; likewise */
    double generated; /* images drawn for it, or the data set's own in their place; likewise */
    double test;      /* images to score */
} Workload;

typedef struct Cost {
    double train_flop; /* of all steps */
    double learned;    /* numbers that are stored of it */
    double score_flop; /* beside comparing every test image (every position if NEED_TEST_LOCAL) with every class */
} Cost;

/* Steps of a method with FIT_OPTIONS on so many examples. */
double cost_steps(const Workload *work, double examples);
/* The texts that an option caption_limit leaves. */
double cost_limited(double texts, size_t limit);
/* Tokens of a prompt set with PROMPT_OPTIONS: a shared context is computed once for all classes. */
double cost_prompt_tokens(const Workload *work);
/* Numbers of a learned context with PROMPT_OPTIONS. */
double cost_context(const Workload *work);
/* Adds `sets` prompt sets that learn for so many steps: forward and backward, three times the forward. */
void cost_add_prompts(Cost *cost, const Workload *work, double sets, double steps);
/* Operations of CLASS_TEXT_OPTIONS' sentences, or of so many a class, through the text tower. */
double cost_class_text(const Workload *work);
double cost_sentences(const Workload *work, double sentences);

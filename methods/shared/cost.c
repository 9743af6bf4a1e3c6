/* Pieces that methods put their costs together from. Lengths of texts are not known beforehand: a class name is taken
 * to have four tokens, a sentence about it ten. */
#include "methods/shared/cost.h"

#include "methods/shared/prompt.h"
#include "methods/shared/templates.h"

static const double tokens_a_name = 4, tokens_a_sentence = 10;

double cost_steps(const Workload *work, double examples)
{
    return (double)option_int(work->options, "epochs") * examples / (double)option_int(work->options, "batch");
}

double cost_limited(double texts, size_t limit)
{
    return limit > 0 && (double)limit < texts ? (double)limit : texts;
}

double cost_prompt_tokens(const Workload *work)
{
    const PromptOptions o = prompt_options(work->options);
    return (double)o.context * (o.shared ? 1 : work->classes) + work->classes * tokens_a_name;
}

double cost_context(const Workload *work)
{
    const PromptOptions o = prompt_options(work->options);
    return (double)o.context * (o.shared ? 1 : work->classes) * (double)work->clip->config.text_width;
}

void cost_add_prompts(Cost *cost, const Workload *work, double sets, double steps)
{
    cost->train_flop += steps * sets * 3 * cost_prompt_tokens(work) * clip_token_flop(work->clip);
    cost->learned += sets * cost_context(work);
}

double cost_sentences(const Workload *work, double sentences)
{
    return sentences * tokens_a_sentence * clip_token_flop(work->clip);
}

double cost_class_text(const Workload *work)
{
    return cost_sentences(work, (double)template_set(option_text(work->options, "templates"))->count * work->classes);
}

/* The stages of an ensemble: those of its members' results, and the mixing of their scores. */
#include "harness/bench/experiment_ensemble.h"
#include "harness/bench/plan_room.h"

#include <stdlib.h>

static Stage *new_ensemble(const Planner *p, int64_t seed)
{
    const Experiment *e = p->e;
    Stage *s = plan_new_stage(p, &stage_score);
    char *setting = experiment_setting(e), *options = options_json(&e->options, false);
    cJSON *of = cJSON_AddArrayToObject(s->config, "of");
    for (size_t k = 0; k < 2; k++) cJSON_AddItemToArray(of, cJSON_CreateString(e->members.items[k].name));
    cJSON_AddStringToObject(s->config, "experiment", e->name);
    cJSON_AddStringToObject(s->config, "method", e->method->name);
    cJSON_AddNumberToObject(s->config, "method_version", e->method->version);
    cJSON_AddItemToObject(s->config, "options", cJSON_Parse(options));
    cJSON_AddNumberToObject(s->config, "seed", (double)seed);
    cJSON_AddStringToObject(s->config, "dataset", e->dataset);
    cJSON_AddStringToObject(s->config, "model", e->model);
    cJSON_AddStringToObject(s->config, "protocol", e->protocol.name);
    cJSON_AddItemToObject(s->config, "protocol_fields", protocol_json(&e->protocol));
    cJSON_AddStringToObject(s->config, "setting", setting);
    free(setting);
    free(options);
    s->seed = seed;
    s->words = xformat("%s-s%lld", e->name, (long long)seed);
    s->label = xformat("mix the scores of %s and %s, seed %lld", e->members.items[0].name, e->members.items[1].name,
                       (long long)seed);
    return s;
}

bool plan_ensemble(const Planner *p, Error *err)
{
    const Experiment *e = p->e;
    Planner member[2];
    PlanInputs inputs[2];
    for (size_t k = 0; k < 2; k++) {
        member[k] = (Planner){.plan = p->plan, .b = p->b, .e = &e->members.items[k]};
        if (!plan_prepare(&member[k], &inputs[k], err)) return false;
    }
    for (size_t i = 0; i < e->seed_count; i++) {
        const Stage *scores[2];
        for (size_t k = 0; k < 2; k++) {
            int64_t own;
            ensemble_member_seed(member[k].e, e->seeds[i], &own); /* it has one: resolving saw to that */
            if (!(scores[k] = plan_result(&member[k], &inputs[k], own, err))) return false;
        }
        Stage *s = new_ensemble(p, e->seeds[i]);
        plan_add_input(s, scores[0]);
        plan_add_input(s, scores[1]);
        s->seconds = 0.2;
        s->bytes = scores[0]->bytes;
        plan_add(p, s)->asked = true;
    }
    return true;
}

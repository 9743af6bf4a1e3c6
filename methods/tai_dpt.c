/* TaI-DPT (CVPR 2023): TaI with a second, local prompt set on tokens and positions. Training and scoring: tai_common.h. */
#include "methods/shared/branches.h"
#include "methods/shared/tai_common.h"
#include "methods/shared/templates.h"

static const Option options[] = {TAI_OPTIONS(true)};

extern const Method method_tai_dpt;
const Method method_tai_dpt = {
    .name = "tai_dpt",
    .summary = "global and local prompts learned on captions as if they were images",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = tai_needs,
    .train = tai_train,
    .score = tai_score,
    .cost = tai_cost,
};

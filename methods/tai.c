/* TaI (CVPR 2023): prompts learned on captions instead of images, the global branch alone. Training and scoring: tai_common.h. */
#include "methods/shared/branches.h"
#include "methods/shared/tai_common.h"
#include "methods/shared/templates.h"

static const Option options[] = {TAI_OPTIONS(false)};

extern const Method method_tai;
const Method method_tai = {
    .name = "tai",
    .summary = "prompts learned on captions as if they were images, global branch",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = tai_needs,
    .train = tai_train,
    .score = tai_score,
    .cost = tai_cost,
};

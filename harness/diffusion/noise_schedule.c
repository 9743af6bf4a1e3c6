/* Betas by name or as a list, their running products, then the rescaling to zero SNR if it is asked for. Whatever
 * way they came, they are judged at the end and alike: betas inside (0, 1), a signal that falls; samplers divide by
 * both. */
#include "harness/diffusion/noise_schedule.h"

#include "harness/diffusion/scheduler_config.h"

#include <math.h>
#include <stdlib.h>

enum { TIMESTEPS_MAX = 1000000 };

static const char *const schedule_names[] = {"linear", "scaled_linear", "squaredcos_cap_v2", NULL};

float noise_to_signal(float signal)
{
    return sqrtf((1 - signal) / signal);
}

/* Evenly spaced float32 values, counted from the nearer end so that both ends are met exactly. */
static void evenly_spaced(float *values, size_t count, float first, float last)
{
    const float step = count > 1 ? (last - first) / (float)(count - 1) : 0;
    for (size_t i = 0; i < count; i++)
        values[i] = i < count / 2 || count == 1 ? first + step * (float)i : last - step * (float)(count - 1 - i);
}

static double cosine_signal(double t)
{
    const double c = cos((t + 0.008) / 1.008 * M_PI / 2);
    return c * c;
}

static void cosine_betas(float *betas, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double before = cosine_signal((double)i / (double)count);
        const double after = cosine_signal((double)(i + 1) / (double)count);
        betas[i] = (float)fmin(1 - after / before, 0.999);
    }
}

static bool read_trained_betas(float *betas, size_t count, Json list, Error *err)
{
    if (!cJSON_IsArray(list.node)) return json_fail(list, err, "a list of %zu numbers is needed", count);
    if (json_count(list) != count)
        return json_fail(list, err, "there are %zu values, num_train_timesteps is %zu", json_count(list), count);
    for (size_t i = 0; i < count; i++) {
        double beta;
        if (!json_as_number(json_at(list, i), &beta, err)) return false;
        betas[i] = (float)beta;
    }
    return true;
}

static bool named_betas(float *betas, size_t count, Json config, BetaSchedule named, double start, double end,
                        Error *err)
{
    if (!json_number_or(config, "beta_start", start, &start, err) ||
        !json_number_or(config, "beta_end", end, &end, err))
        return false;
    if (named == BETAS_COSINE) {
        cosine_betas(betas, count);
        return true;
    }
    if (!(start > 0 && start < 1)) return json_fail(json_get(config, "beta_start"), err, "it must lie between 0 and 1");
    if (!(end > 0 && end < 1)) return json_fail(json_get(config, "beta_end"), err, "it must lie between 0 and 1");
    if (named == BETAS_LINEAR) {
        evenly_spaced(betas, count, (float)start, (float)end);
        return true;
    }
    evenly_spaced(betas, count, (float)sqrt(start), (float)sqrt(end));
    for (size_t i = 0; i < count; i++) betas[i] *= betas[i];
    return true;
}

/* The product is kept in double and every member rounded once. */
static void signal_of_betas(float *signal, const float *betas, size_t count)
{
    double product = 1;
    for (size_t i = 0; i < count; i++) {
        product *= 1.0f - betas[i];
        signal[i] = (float)product;
    }
}

/* sqrt(abar) is shifted so that its last value is 0 and stretched so that its first one stays (Lin et al. 2024). */
static void rescale_to_zero_snr(float *betas, float *signal, size_t count)
{
    const float first = sqrtf(signal[0]), last = sqrtf(signal[count - 1]), stretch = first / (first - last);
    for (size_t i = 0; i < count; i++) {
        const float root = (sqrtf(signal[i]) - last) * stretch;
        signal[i] = root * root;
    }
    betas[0] = 1 - signal[0];
    for (size_t i = 1; i < count; i++) betas[i] = 1 - signal[i] / signal[i - 1];
    signal_of_betas(signal, betas, count);
}

static bool check_betas(const float *betas, size_t count, Json config, Error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!(betas[i] > 0 && betas[i] < 1))
            return json_fail(config, err, "beta %zu of the noise schedule is %g, it must lie between 0 and 1", i,
                             (double)betas[i]);
    return true;
}

static bool check_signal(const NoiseSchedule *schedule, Json config, Error *err)
{
    for (size_t i = 0; i < schedule->timesteps; i++) {
        const float before = i ? schedule->signal[i - 1] : 1, here = schedule->signal[i];
        const bool last = i + 1 == schedule->timesteps;
        if (!(here < before && (here > 0 || (last && schedule->zero_snr && here == 0))))
            return json_fail(config, err,
                             "the betas leave a signal of %g at timestep %zu and %g before it, it must fall and stay "
                             "above 0; give other betas",
                             (double)here, i, (double)before);
    }
    return true;
}

static bool fill(NoiseSchedule *schedule, float *betas, Json config, BetaSchedule kind, double start, double end,
                 Error *err)
{
    const size_t count = schedule->timesteps;
    const Json trained = json_get(config, "trained_betas");
    int named;
    if (!config_choice(config, "beta_schedule", schedule_names, (int)kind, &named, err)) return false;
    schedule->cosine = named == BETAS_COSINE;
    const bool is_trained = trained.node && !cJSON_IsNull(trained.node);
    if (is_trained ? !read_trained_betas(betas, count, trained, err)
                   : !named_betas(betas, count, config, (BetaSchedule)named, start, end, err))
        return false;
    if (!check_betas(betas, count, config, err)) return false;
    signal_of_betas(schedule->signal, betas, count);
    if (schedule->zero_snr) rescale_to_zero_snr(betas, schedule->signal, count);
    return check_signal(schedule, config, err);
}

bool noise_schedule_read(NoiseSchedule *schedule, Json config, bool may_rescale, BetaSchedule kind, double start,
                         double end, Error *err)
{
    *schedule = (NoiseSchedule){0};
    int64_t count;
    if (!json_integer_or(config, "num_train_timesteps", 1000, &count, err)) return false;
    if (count < 1 || count > TIMESTEPS_MAX)
        return json_fail(json_get(config, "num_train_timesteps"), err, "it must be from 1 to %d", TIMESTEPS_MAX);
    schedule->timesteps = (size_t)count;
    if (may_rescale && !json_bool_or(config, "rescale_betas_zero_snr", false, &schedule->zero_snr, err)) return false;
    schedule->signal = xcalloc(schedule->timesteps, sizeof(float));
    float *betas = xcalloc(schedule->timesteps, sizeof *betas);
    const bool good = fill(schedule, betas, config, kind, start, end, err);
    free(betas);
    if (!good) noise_schedule_free(schedule);
    return good;
}

void noise_schedule_free(NoiseSchedule *schedule)
{
    free(schedule->signal);
    *schedule = (NoiseSchedule){0};
}

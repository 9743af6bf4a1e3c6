/* The samplers against diffusers' trajectories with a pseudo model (tests/golden/make_schedulers.py), and what is refused. */
#include "harness/diffusion/initial_noise.h"
#include "harness/diffusion/scheduler.h"
#include "harness/io/json.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>

enum { IMAGES = 2, CHANNELS = 4, ROWS = 2, COLUMNS = 3, VALUES = CHANNELS * ROWS * COLUMNS, COUNT = IMAGES * VALUES };
enum { EVERY = 5, SOME = (COUNT + EVERY - 1) / EVERY };

static const uint64_t seeds[IMAGES] = {7, 8};

static void pseudo_model(const float *x, float timestep, float *output)
{
    for (size_t k = 0; k < COUNT; k++)
        output[k] = 0.7f * x[k] + (float)(0.3 * sin(0.013 * (double)timestep + 0.37 * (double)(k % VALUES)));
}

/* One call of the pseudo model and the step behind it. */
static void advance(Scheduler *s, size_t i, float *sample, Random *generators)
{
    float input[COUNT], output[COUNT];
    scheduler_scale_input(s, i, sample, input);
    pseudo_model(input, scheduler_timesteps(s)[i], output);
    scheduler_step(s, i, output, sample, generators, sample);
}

static void start(Scheduler *s, float *sample, Random *generators)
{
    Error err;
    if (!scheduler_begin(s, IMAGES, VALUES, &err)) fail_msg("%s", err.text);
    initial_noise(generators, seeds, IMAGES, CHANNELS, ROWS, COLUMNS, sample);
    for (size_t k = 0; k < COUNT; k++) sample[k] *= scheduler_noise_scale(s);
}

static Scheduler *parsed(const char *config, const char *kind, size_t steps)
{
    Error err;
    Scheduler *s = scheduler_parse("golden", config, strlen(config), kind, &err);
    if (!s || !scheduler_set_steps(s, steps, &err)) fail_msg("%s", err.text);
    return s;
}

/* ---- golden trajectories ---- */

/* The largest difference of values [k * every], relative to the largest golden value of the step. */
static double step_error(const float *ours, const float *golden, size_t count, size_t every)
{
    double error = 0, size = 0;
    for (size_t k = 0; k < count; k++) {
        error = fmax(error, fabs((double)ours[k * every] - (double)golden[k]));
        size = fmax(size, fabs((double)golden[k]));
        if (isnan(ours[k * every])) return INFINITY;
    }
    return error / size;
}

/* golden: scale of the noise, timesteps [calls], the last sample, some values of every sample [calls, SOME] */
static double trajectory_error(const char *name, Scheduler *s, const float *golden, size_t length)
{
    const size_t calls = scheduler_calls(s);
    if (length != 1 + calls + COUNT + calls * SOME)
        fail_msg("%s: %zu calls do not fit %zu values", name, calls, length);
    double error = step_error(&(float){scheduler_noise_scale(s)}, golden, 1, 1);
    const float *timesteps = scheduler_timesteps(s);
    for (size_t i = 0; i < calls; i++) {
        const double difference = fabs((double)timesteps[i] - (double)golden[1 + i]);
        /* A timestep with a fraction is a ratio of float32 logarithms' differences. */
        const bool whole = golden[1 + i] == floorf(golden[1 + i]);
        if (difference > (whole ? 0 : 1e-4))
            fail_msg("%s: timestep %zu is %.9g, not %.9g", name, i, (double)timesteps[i], (double)golden[1 + i]);
    }
    float sample[COUNT];
    Random generators[IMAGES];
    start(s, sample, generators);
    for (size_t i = 0; i < calls; i++) {
        advance(s, i, sample, generators);
        error = fmax(error, step_error(sample, golden + 1 + calls + COUNT + i * SOME, SOME, EVERY));
    }
    return fmax(error, step_error(sample, golden + 1 + calls, COUNT, 1));
}

static void every_sampler_walks_the_trajectory_of_diffusers(void **state)
{
    (void)state;
    Error err;
    JsonFile *file = json_read("tests/golden/schedulers.json", &err);
    if (!file) fail_msg("%s", err.text);
    TensorFile *st = golden_open("tests/golden/schedulers.safetensors");
    const Json cases = json_root(file);
    assert_in_range(json_count(cases), 100, 1000);
    double worst = 0, worst_exact = 0;
    size_t exact = 0;
    for (size_t i = 0; i < json_count(cases); i++) {
        const char *name, *config, *kind;
        int64_t steps;
        assert_true(json_string(json_at(cases, i), "name", &name, &err));
        assert_true(json_string(json_at(cases, i), "config", &config, &err));
        assert_true(json_string_or(json_at(cases, i), "kind", NULL, &kind, &err));
        assert_true(json_integer(json_at(cases, i), "steps", &steps, &err));
        Scheduler *s = parsed(config, kind, (size_t)steps);
        float *golden = golden_floats(st, name);
        double spread;
        assert_true(json_number(json_at(cases, i), "spread", &spread, &err));
        const double error = trajectory_error(name, s, golden, golden_view(st, name)->count);
        /* 12 of the cases start from noise in the thousands, or cross all of the noise in one step of Heun's, and diffusers itself
         * moves by up to 6e-3 when its input changes by a rounding of float32. */
        const double allowed = fmax(1e-5, 3 * spread);
        exact += allowed == 1e-5;
        worst = fmax(worst, error / allowed);
        if (allowed == 1e-5) worst_exact = fmax(worst_exact, error);
        if (!(error < allowed)) print_error("%s: relative error %g, allowed %g\n", name, error, allowed);
        free(golden);
        scheduler_free(s);
    }
    print_message("%zu trajectories are within 1e-5, at worst %.2g; %zu ill-conditioned ones at %.2g of their bound\n",
                  exact, worst_exact, json_count(cases) - exact, worst);
    assert_true(worst < 1);
    assert_true(exact + 13 > json_count(cases));
    tensor_file_close(st);
    json_free(file);
}

/* ---- what the definitions imply ---- */

#define SD_BETAS                                                                                                       \
    "\"num_train_timesteps\": 1000, \"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": "                 \
    "\"scaled_linear\""

static const char plain[] =
    "{\"_class_name\": \"PNDMScheduler\", \"skip_prk_steps\": true, \"steps_offset\": 1, " SD_BETAS "}";

static void run_all(Scheduler *s, float *sample)
{
    Random generators[IMAGES];
    start(s, sample, generators);
    for (size_t i = 0; i < scheduler_calls(s); i++) advance(s, i, sample, generators);
}

static void a_new_batch_knows_nothing_of_the_one_before(void **state)
{
    (void)state;
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        Scheduler *s = parsed(plain, *kind, 6);
        float first[COUNT], half[COUNT], again[COUNT];
        Random generators[IMAGES];
        run_all(s, first);
        start(s, half, generators); /* given up half-way */
        for (size_t i = 0; i < 3; i++) advance(s, i, half, generators);
        run_all(s, again);
        assert_memory_equal(first, again, sizeof first);
        scheduler_free(s);
    }
}

static void an_image_does_not_depend_on_its_batch(void **state)
{
    (void)state;
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        Scheduler *s = parsed(plain, *kind, 5);
        float both[COUNT], alone[COUNT] = {0};
        Error err;
        Random generator;
        run_all(s, both);
        assert_true(scheduler_begin(s, 1, VALUES, &err));
        initial_noise(&generator, &seeds[1], 1, CHANNELS, ROWS, COLUMNS, alone);
        for (size_t k = 0; k < VALUES; k++) alone[k] *= scheduler_noise_scale(s);
        for (size_t i = 0; i < scheduler_calls(s); i++) advance(s, i, alone, &generator);
        assert_memory_equal(both + VALUES, alone, VALUES * sizeof(float));
        scheduler_free(s);
    }
}

/* A model that knows the clean image leads every sampler without noise of its own to it. */
static void the_true_noise_leads_to_the_clean_image(void **state)
{
    (void)state;
    static const char *const exact[] = {"ddim", "dpmpp2m", "euler", "heun"};
    static const char config[] = "{\"clip_sample\": false, \"prediction_type\": \"sample\", " SD_BETAS "}";
    for (size_t kind = 0; kind < sizeof exact / sizeof *exact; kind++) {
        Scheduler *s = parsed(config, exact[kind], 8);
        float clean[COUNT], sample[COUNT];
        Random generators[IMAGES];
        start(s, sample, generators);
        for (size_t k = 0; k < COUNT; k++) clean[k] = sinf((float)k);
        for (size_t i = 0; i < scheduler_calls(s); i++) scheduler_step(s, i, clean, sample, generators, sample);
        for (size_t k = 0; k < COUNT; k++) assert_float_equal(sample[k], clean[k], 1e-5);
        scheduler_free(s);
    }
}

static void heun_calls_the_model_twice_a_step_but_once_in_the_last(void **state)
{
    (void)state;
    for (size_t steps = 1; steps <= 12; steps++) {
        Scheduler *s = parsed(plain, "heun", steps);
        assert_int_equal(scheduler_calls(s), 2 * steps - 1);
        for (size_t i = 1; i + 1 < scheduler_calls(s); i += 2) /* the end of a step is the beginning of the next */
            assert_float_equal(scheduler_timesteps(s)[i], scheduler_timesteps(s)[i + 1], 0);
        scheduler_free(s);
    }
}

static void any_number_of_steps_is_planned_or_refused(void **state)
{
    (void)state;
    static const char *const spacings[] = {"leading", "linspace", "trailing"};
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        for (int spacing = 0; spacing < 3; spacing++) {
            char config[256];
            snprintf(config, sizeof config,
                     "{\"num_train_timesteps\": 100, \"timestep_spacing\": \"%s\", \"original_inference_steps\": 100}",
                     spacings[spacing]);
            Error err;
            Scheduler *s = scheduler_parse("config", config, strlen(config), *kind, &err);
            assert_non_null(s);
            for (size_t steps = 1; steps <= 100; steps++) {
                if (!scheduler_set_steps(s, steps, &err)) {
                    assert_sentence(&err, "config", "steps");
                    assert_true(steps > 50 || (strcmp(*kind, "pndm") == 0 && steps < 4));
                    continue;
                }
                float sample[COUNT];
                run_all(s, sample);
                for (size_t k = 0; k < COUNT; k++) assert_true(isfinite(sample[k]));
            }
            scheduler_free(s);
        }
    }
}

/* ---- what is refused ---- */

static void assert_refused(const char *config, const char *kind, const char *place, const char *what)
{
    Error err;
    Scheduler *s = scheduler_parse("a/scheduler_config.json", config, strlen(config), kind, &err);
    if (s) fail_msg("accepted: %s", config);
    assert_sentence(&err, place, what);
}

static void unsupported_settings_are_refused_by_key(void **state)
{
    (void)state;
    static const char *const broken[][4] = {
        {"{}", NULL, "a/scheduler_config.json", "_class_name"},
        {"[]", "ddim", "a/scheduler_config.json", "object"},
        {"{\"beta_start\": NaN}", "ddim", "a/scheduler_config.json", "column 16"},
        {"{\"_class_name\": \"KDPM2DiscreteScheduler\"}", NULL, "_class_name", "ddim, pndm"},
        {"{}", "kdpm2", "kdpm2", "ddim, pndm"},
        {"{\"beta_start\": -0.1}", "euler", "beta_start", "between 0 and 1"},
        {"{\"beta_end\": 1.5}", "euler", "beta_end", "between 0 and 1"},
        {"{\"beta_end\": \"x\"}", "euler", "beta_end", "number"},
        {"{\"beta_schedule\": \"sigmoid\"}", "lcm", "beta_schedule", "squaredcos_cap_v2"},
        {"{\"trained_betas\": [0.1, 0.2]}", "ddim", "trained_betas", "2 values"},
        {"{\"trained_betas\": [0.1, 2], \"num_train_timesteps\": 2}", "ddim", "a/scheduler_config.json", "beta 1"},
        {"{\"trained_betas\": 3}", "ddim", "trained_betas", "list"},
        {"{\"num_train_timesteps\": 0}", "pndm", "num_train_timesteps", "from 1"},
        {"{\"num_train_timesteps\": 1e15}", "pndm", "num_train_timesteps", "from 1"},
        {"{\"num_train_timesteps\": 1, \"rescale_betas_zero_snr\": true}", "ddim", "a/scheduler_config.json", "betas"},
        {"{\"num_train_timesteps\": 100000}", "ddim", "a/scheduler_config.json", "signal"},
        {"{\"timestep_spacing\": \"random\"}", "ddim", "timestep_spacing", "trailing"},
        {"{\"steps_offset\": -1}", "ddim", "steps_offset", "from 0"},
        {"{\"prediction_type\": \"flow_prediction\"}", "ddim", "prediction_type", "epsilon"},
        {"{\"prediction_type\": \"sample\"}", "pndm", "prediction_type", "pndm"},
        {"{\"prediction_type\": \"sample\"}", "euler_a", "prediction_type", "euler_a"},
        {"{\"thresholding\": true}", "ddim", "thresholding", "not supported"},
        {"{\"clip_sample_range\": 0}", "ddim", "clip_sample_range", "above 0"},
        {"{\"eta\": 2}", "ddim", "eta", "from 0 to 1"},
        {"{\"use_beta_sigmas\": true}", "euler", "use_beta_sigmas", "not supported"},
        {"{\"use_exponential_sigmas\": true}", "heun", "use_exponential_sigmas", "not supported"},
        {"{\"use_lu_lambdas\": true}", "dpmpp2m", "use_lu_lambdas", "not supported"},
        {"{\"interpolation_type\": \"log_linear\"}", "euler", "interpolation_type", "linear"},
        {"{\"timestep_type\": \"continuous\", \"prediction_type\": \"v_prediction\"}", "euler", "timestep_type",
         "not supported"},
        {"{\"solver_order\": 3}", "dpmpp2m", "solver_order", "1 and 2"},
        {"{\"algorithm_type\": \"dpmsolver\"}", "dpmpp2m", "algorithm_type", "dpmsolver++"},
        {"{\"variance_type\": \"learned\"}", "dpmpp2m", "variance_type", "learned"},
        {"{\"final_sigmas_type\": \"one\"}", "dpmpp2m", "final_sigmas_type", "zero"},
        {"{\"sigma_min\": -1}", "euler", "sigma_min", "above 0"},
        {"{\"original_inference_steps\": 2000}", "lcm", "original_inference_steps", "from 1"},
        {"{\"timestep_scaling\": 0}", "lcm", "timestep_scaling", "above 0"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_refused(broken[i][0], broken[i][1], broken[i][2], broken[i][3]);
}

static void keys_that_a_sampler_does_not_take_are_accepted(void **state)
{
    (void)state;
    static const char config[] = "{\"_class_name\": \"UniPCMultistepScheduler\", \"_diffusers_version\": \"0.9\", "
                                 "\"solver_p\": null, \"predict_x0\": true, \"disable_corrector\": [], "
                                 "\"lambda_min_clipped\": -Infinity, \"note\": \"-Infinity \\\" -Infinity\"}";
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        Scheduler *s = parsed(config, *kind, 4);
        assert_string_equal(scheduler_kind(s), *kind);
        scheduler_free(s);
    }
}

static void impossible_numbers_of_steps_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *config, *kind;
        size_t steps;
        const char *what;
    } broken[] = {
        {plain, "ddim", 0, "at least 1"},
        {plain, "euler", 1001, "1000 timesteps"},
        {plain, "ddim", 1000, "timestep 1000"},
        {plain, "dpmpp2m", 1000, "fewer steps"},
        {plain, "lcm", 51, "original_inference_steps, 50"},
        {"{}", "pndm", 3, "at least 4"},
        {"{\"rescale_betas_zero_snr\": true}", "lcm", 4, "rescale_betas_zero_snr"},
        {"{\"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\"}", "ddim", 4, "rescale_betas_zero_snr"},
        {"{\"use_karras_sigmas\": true, \"sigma_min\": 9, \"sigma_max\": 3}", "euler", 4, "must fall"},
        {"{\"lambda_min_clipped\": 50}", "dpmpp2m", 4, "lambda_min_clipped"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        Error err;
        Scheduler *s =
            scheduler_parse("a/config.json", broken[i].config, strlen(broken[i].config), broken[i].kind, &err);
        if (!s) fail_msg("%s", err.text);
        assert_false(scheduler_set_steps(s, broken[i].steps, &err));
        assert_sentence(&err, "a/config.json", broken[i].what);
        assert_int_equal(scheduler_calls(s), 0);
        scheduler_free(s);
    }
}

static void a_file_is_read_and_a_missing_or_cut_one_is_named(void **state)
{
    (void)state;
    Error err;
    put_file(scratch("good.json"), plain, strlen(plain));
    Scheduler *s = scheduler_open(scratch("good.json"), NULL, &err);
    assert_non_null(s);
    assert_string_equal(scheduler_kind(s), "pndm");
    scheduler_free(s);
    put_file(scratch("cut.json"), plain, strlen(plain) / 2);
    assert_null(scheduler_open(scratch("cut.json"), NULL, &err));
    assert_sentence(&err, "cut.json", "column");
    assert_null(scheduler_open(scratch("none.json"), NULL, &err));
    assert_sentence(&err, "none.json", "");
}

static void a_changed_byte_is_read_or_refused_with_a_sentence(void **state)
{
    (void)state;
    uint32_t random = 5;
    for (int i = 0; i < 3000; i++) {
        char text[sizeof plain];
        memcpy(text, plain, sizeof plain);
        mutate(text, sizeof plain - 1, &random);
        Error err;
        Scheduler *s = scheduler_parse("config", text, sizeof plain - 1, NULL, &err);
        if (!s) {
            assert_sentence(&err, "config", "");
            continue;
        }
        if (scheduler_set_steps(s, 4, &err)) assert_true(scheduler_calls(s) >= 4);
        scheduler_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sampler_walks_the_trajectory_of_diffusers),
        cmocka_unit_test(a_new_batch_knows_nothing_of_the_one_before),
        cmocka_unit_test(an_image_does_not_depend_on_its_batch),
        cmocka_unit_test(the_true_noise_leads_to_the_clean_image),
        cmocka_unit_test(heun_calls_the_model_twice_a_step_but_once_in_the_last),
        cmocka_unit_test(any_number_of_steps_is_planned_or_refused),
        cmocka_unit_test(unsupported_settings_are_refused_by_key),
        cmocka_unit_test(keys_that_a_sampler_does_not_take_are_accepted),
        cmocka_unit_test(impossible_numbers_of_steps_are_refused),
        cmocka_unit_test(a_file_is_read_and_a_missing_or_cut_one_is_named),
        cmocka_unit_test(a_changed_byte_is_read_or_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

/* Pictures of every format, and the texts of PNGs. */
#include "harness/io/image.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    Image image = {0};
    TextList texts = {0};
    if (image_decode(bytes, count, "fuzzed", &image, &err)) {
        uint64_t sum = 0; /* every pixel is there */
        for (size_t i = 0; i < 3 * image.width * image.height; i++) sum += image.pixels[i];
        if (sum > (uint64_t)255 * 3 * image.width * image.height) abort();
        image_free(&image);
    }
    if (count > 8 && memcmp(bytes, "\x89PNG", 4) == 0 &&
        image_read_png_texts(fuzz_put("picture", bytes, count), &texts, &err))
        text_list_free(&texts);
    return 0;
}

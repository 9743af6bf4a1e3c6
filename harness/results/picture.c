/* A result names its protocol, the protocol a split: the picture is read from the data set again, which must still be
 * there, and handed over as PNG, since reports/ stands above and knows no session. */
#include "harness/results/picture.h"

#include <stdlib.h>

bool picture_of_result(void *context, const StoredResult *result, size_t image, uint8_t **png, size_t *bytes,
                       Error *err)
{
    Session *session = context;
    const Protocol *protocol = book_protocol(session->book, result->protocol);
    if (!protocol)
        return fail(err, "%s: protocol %s is not in the experiments file any more", result->file, result->protocol);
    Dataset *dataset = session_dataset(session, result->dataset, protocol->test_set, 0, err);
    Image picture = {0};
    if (!dataset || !dataset_image(dataset, protocol->split, image, &picture, err)) return false;
    const bool good = image_encode_png(&picture, png, bytes, err);
    image_free(&picture);
    return good;
}

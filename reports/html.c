/* Pictures go into the page as they are, in base64: inside <img> an SVG runs nothing. */
#include "reports/html.h"

#include "harness/base/memory.h"
#include "reports/escape.h"

#include <openssl/evp.h>
#include <stdlib.h>

bool html_figure(const char *svg, const char *caption, Text *out, Error *err)
{
    char *data = NULL;
    size_t length = 0;
    if (!read_file(svg, (size_t)64 << 20, &data, &length, err)) return false;
    char *encoded = xmalloc(4 * (length / 3 + 1) + 1);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)data, (int)length);
    text_add(out, "<figure><img alt=\"");
    html_escaped(caption, out);
    text_add(out, "\" src=\"data:image/svg+xml;base64,");
    text_add(out, encoded);
    text_add(out, "\"><figcaption>");
    html_escaped(caption, out);
    text_add(out, "</figcaption></figure>\n");
    free(encoded), free(data);
    return true;
}

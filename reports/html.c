#include "reports/html.h"

#include "harness/base/memory.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void html_escaped(const char *text, Text *out)
{
    for (const char *c = text; *c; c++) {
        if (*c == '&')
            text_add(out, "&amp;");
        else if (*c == '<')
            text_add(out, "&lt;");
        else if (*c == '>')
            text_add(out, "&gt;");
        else if (*c == '"')
            text_add(out, "&quot;");
        else
            text_add_bytes(out, c, 1);
    }
}

void html_link(const char *name, Text *out)
{
    for (const char *c = name; *c; c++) {
        const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        text_addf(out, plain || strchr("-._", *c) ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

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

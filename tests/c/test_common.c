#include <string.h>

#include "htst_common.h"
#include "htst_test.h"

int
main(void)
{
    for (int status = -6; status <= 0; status++) {
        const char *text = htst_strerror(status);
        CHECK(strstr(text, "(HTST_") != NULL);
        CHECK(text[strlen(text) - 1] == ')');
    }
    CHECK(strstr(htst_strerror(-999), "unknown") != NULL);
    return htst_test_report("test_common");
}

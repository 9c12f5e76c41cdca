/* Call a fuzz target for each file that the command line names, without libFuzzer: kept inputs run
 * with every compiler. */
#include "htst_fuzz.h"

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        REQUIRE(file != NULL && fseek(file, 0, SEEK_END) == 0);
        long size = ftell(file);
        REQUIRE(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
        uint8_t *data = malloc((size_t) size + 1);
        REQUIRE(data != NULL && fread(data, 1, (size_t) size, file) == (size_t) size);
        fclose(file);
        LLVMFuzzerTestOneInput(data, (size_t) size);
        free(data);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}

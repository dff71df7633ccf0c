/* Built as if with the header of another ABI version (see CMakeLists.txt): it is refused. */
#include <stdio.h>
#include <string.h>

#include "test_probe.h"

int main(void) {
  test_probe_t probe = {0};
  test_probe_error_t *err = NULL;
  int32_t code = test_probe_open(NULL, &probe, &err);
  if (code != TEST_PROBE_UNSUPPORTED || probe.id != 0) {
    fprintf(stderr, "open gave %d\n", (int)code);
    return 1;
  }
  puts(test_probe_error_message(err));
  code = strstr(test_probe_error_message(err), "ABI version 999") == NULL;
  test_probe_error_free(err);
  return code;
}

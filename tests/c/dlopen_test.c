/* The library is loaded by name, used, closed by dlclose while its threads live, and stays loaded. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "test_probe.h"

typedef uint32_t (*version_fn)(void);
typedef int32_t (*open_fn)(const char *, test_probe_t *, test_probe_error_t **);
typedef int32_t (*close_fn)(test_probe_t, int64_t, test_probe_error_t **);

static void *symbol(void *library, const char *name, void *into, size_t size) {
  void *found = dlsym(library, name);
  /* ISO C has no cast from an object pointer to a function pointer. */
  memcpy(into, &found, size);
  return found;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  for (int round = 0; round < 3; ++round) {
    version_fn version;
    open_fn open;
    close_fn close;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 3;
    }
    if (!symbol(library, "test_probe_abi_version", &version, sizeof version) ||
        !symbol(library, "test_probe_open", &open, sizeof open) ||
        !symbol(library, "test_probe_close", &close, sizeof close))
      return 4;
    if (version() != TEST_PROBE_ABI_VERSION) return 5;
    test_probe_t probe;
    if (open("kafka: {bootstrap-servers: \"127.0.0.1:1\"}", &probe, NULL) != TEST_PROBE_OK) return 6;
    /* The second round closes the library while its threads run. */
    if (round != 1 && close(probe, -1, NULL) != TEST_PROBE_OK) return 7;
    dlclose(library);
    if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL) {
      fprintf(stderr, "the library was unloaded\n");
      return 8;
    }
  }
  return 0;
}

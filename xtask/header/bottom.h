/* The timestamp of a record that names none, and of an event that has none. */
#define TEST_PROBE_NO_TIMESTAMP INT64_MIN

/* Begins a test_probe_record_t: a tombstone without type, id, key and headers. */
#define TEST_PROBE_RECORD_INIT \
  { sizeof(test_probe_record_t), NULL, NULL, NULL, {NULL, 0}, {NULL, 0}, NULL, 0, -1, 0, TEST_PROBE_NO_TIMESTAMP }

/* Returns NUL-terminated text as bytes without the NUL; NULL as null. */
static inline test_probe_bytes_t test_probe_text(const char *text) {
  test_probe_bytes_t bytes;
  bytes.data = (const uint8_t *)text;
  bytes.len = text == NULL ? 0 : strlen(text);
  return bytes;
}

/* What the macro test_probe_open calls: a library with another binary interface is refused. */
static inline int32_t test_probe_open_checked(const char *config, test_probe_t *out, test_probe_error_t **err) {
  int32_t code = test_probe_check_abi(TEST_PROBE_ABI_VERSION, err);
  return code != TEST_PROBE_OK ? code : test_probe_open(config, out, err);
}
#define test_probe_open(config, out, err) test_probe_open_checked(config, out, err)

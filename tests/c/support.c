#define _GNU_SOURCE
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 120000
#define COMMAND_MS 60000

static void die(const char *what, const char *detail) {
  fprintf(stderr, "support: %s: %s\n", what, detail);
  exit(1);
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

process_t process_start(const char *const argv[]) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) die("pipe", strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) die("fork", strerror(errno));
  if (pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  process_t process = {pid, in[1], out[0]};
  return process;
}

void process_send(const process_t *process, const char *line) {
  if (dprintf(process->in, "%s\n", line) < 0) die("a line was not sent", strerror(errno));
}

int process_line(const process_t *process, char *buffer, size_t size, int64_t deadline_ms) {
  const int64_t end = now_ms() + deadline_ms;
  size_t length = 0;
  while (length + 1 < size) {
    struct pollfd wait = {process->out, POLLIN, 0};
    const int64_t left = end - now_ms();
    const int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) die("no line came in time", "deadline");
    const ssize_t got = read(process->out, buffer + length, 1);
    if (got <= 0) return 0;
    if (buffer[length] == '\n') break;
    ++length;
  }
  buffer[length] = '\0';
  return 1;
}

int process_end(process_t *process, int64_t deadline_ms) {
  const int64_t end = now_ms() + deadline_ms;
  char rest[4096];
  int ended = 0;
  if (process->in >= 0) close(process->in);
  process->in = -1;
  for (;;) {
    struct pollfd wait = {process->out, POLLIN, 0};
    const int64_t left = end - now_ms();
    const int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    if (read(process->out, rest, sizeof rest) <= 0) {
      ended = 1;
      break;
    }
  }
  if (!ended) kill(process->pid, SIGKILL);
  int status = 0;
  while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
  }
  close(process->out);
  if (!ended) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *python(void) {
  const char *path = getenv("TEST_PROBE_PYTHON");
  return path != NULL && *path != '\0' ? path : "python3";
}

kafka_t kafka_start(void) {
  const char *const argv[] = {python(), TESTS_DIR "/brokers/kafka.py", "up", "--name", "c-tests", NULL};
  static const char key[] = "\"bootstrap_servers\": \"";
  char line[4096];
  kafka_t kafka;
  kafka.process = process_start(argv);
  if (!process_line(&kafka.process, line, sizeof line, START_MS)) die("kafka", "it did not start");
  const char *servers = strstr(line, key);
  if (servers == NULL) die("kafka", line);
  servers += sizeof key - 1;
  const size_t length = strcspn(servers, "\"");
  if (length >= sizeof kafka.servers) die("kafka", line);
  memcpy(kafka.servers, servers, length);
  kafka.servers[length] = '\0';
  return kafka;
}

void kafka_command(const kafka_t *kafka, const char *command) {
  char line[4096];
  process_send(&kafka->process, command);
  if (!process_line(&kafka->process, line, sizeof line, COMMAND_MS) || strstr(line, "\"ok\": true") == NULL)
    die(command, line);
}

void kafka_end(kafka_t *kafka) { process_end(&kafka->process, COMMAND_MS); }

process_t stub_start(const char *servers) {
  const char *const argv[] = {python(), TESTS_DIR "/brokers/stub_service.py", "--bootstrap", servers, NULL};
  char line[256];
  process_t stub = process_start(argv);
  if (!process_line(&stub, line, sizeof line, START_MS) || strstr(line, "\"ready\": true") == NULL)
    die("stub_service.py", "it did not get ready");
  return stub;
}

char *file_text(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) die(path, strerror(errno));
  const long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size + 1);
  if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) die(path, "not read");
  text[size] = '\0';
  fclose(file);
  return text;
}

const char *config_at(const char *servers) {
  static __thread char text[512];
  snprintf(text, sizeof text, "test-probe: {kafka: {bootstrap-servers: \"%s\"}}", servers);
  return text;
}

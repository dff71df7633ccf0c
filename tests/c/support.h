/*
 * What the tests in C and C++ share: processes with pipes, a real Kafka, the stub service, and
 * deadlines. Nothing here sleeps; every wait has an end, after which the test fails.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A child process; its stdin and stdout are pipes of ours. */
typedef struct {
  pid_t pid;
  int in;
  int out;
} process_t;

/* Starts a command, or exits. The child ends with us at the latest: its stdin is closed then. */
process_t process_start(const char* const argv[]);
/* Sends a line. */
void process_send(const process_t* process, const char* line);
/* Reads a line into a buffer, without its end; 0 at the end of the output. Exits after the deadline. */
int process_line(const process_t* process, char* buffer, size_t size, int64_t deadline_ms);
/* Closes stdin, reads the output to its end and waits. Returns the exit code, 128 + n for a signal,
   or -1 when the process had not ended by then (it is killed). */
int process_end(process_t* process, int64_t deadline_ms);

/* A real Kafka of one node, by tests/brokers/kafka.py. */
typedef struct {
  process_t process;
  char servers[256];
} kafka_t;

kafka_t kafka_start(void);
/* `stop 1`, `cont 1`, `kill 1` or `restart 1`; returns when it is done. */
void kafka_command(const kafka_t* kafka, const char* command);
void kafka_end(kafka_t* kafka);

/* The stub service of tests/brokers, which confirms orders; ready when this returns. */
process_t stub_start(const char* servers);

/* Returns a file's content, to be freed, or exits. */
char* file_text(const char* path);
/* Returns configuration for a probe at these servers, in a static buffer per thread. */
const char* config_at(const char* servers);
/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

#ifdef __cplusplus
}
#endif

#endif

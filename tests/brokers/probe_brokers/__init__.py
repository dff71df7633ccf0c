"""The parts behind `kafka.py`: child processes, the wire, the jars, the cluster.

Data flows one way: `process` and `wire` know nothing of Kafka's files, `jars` brings
the checked broker, `java` words its command, `cluster` runs it, `prepare` makes it fast.
"""

"""The parts behind `kafka.py`, `registry.py` and `oauth.py`.

Data flows one way: `process` and `wire` know nothing of a server's files, `jars` brings
what was pinned and checks it, `place` is where a server lives, `java` words a broker's
command. On these stand the servers: `cluster` (which `prepare` makes fast), and on
`http_server` the `registry_server` and the `token_server`. `commands` serves them to
any language, and `remote` is how Python speaks to that process.
"""

# What people and machines run. `make` lists it; tests/house/run.py does it.
.DEFAULT_GOAL := help
.PHONY: help demo test conformance soak bench fmt codegen clean

RUN := python3 tests/house/run.py

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Shows the main job on a Kafka of its own, without any server
	@cargo run --locked --quiet -p test-probe-cli -- demo

test: ## Checks and tests everything, on a real Kafka; STEP=name runs one step, KEEP_GOING=1 goes on when a check fails
	@$(RUN) test $(addprefix --only ,$(STEP))

conformance: ## Compares the embedded cluster with a real Kafka through every client; CLIENT=name takes one
	cargo build --locked -p test-probe-cli -p test-probe-conformance
	python3 tests/conformance/run.py --compare $(addprefix --client ,$(CLIENT))

soak: ## Simulates many more schedules, SEEDS=n of them, and plays 10,000 rounds on a real Kafka, in an optimised build
	@$(RUN) soak $(addprefix --seeds ,$(SEEDS))

bench: ## Measures beside the bare Kafka client, on a real Kafka; FIGURE=name measures one figure, formats among them
ifeq ($(FIGURE),formats)
	cargo build --locked --release -p test-probe-cli -p bindings-python
	cargo build --locked --release -p test-probe-formats --example peer
	$(RUN) venv
	build/.venv/bin/python bench/formats/compare.py
else
	python3 tests/brokers/kafka.py run -- cargo run --locked --release --quiet -p test-probe-bench -- $(FIGURE)
endif

fmt: ## Formats Rust, Python, C and C++
	@$(RUN) fmt

codegen: ## Writes the generated files: C header, error codes, JSON Schemas
	cargo run --locked --quiet -p xtask -- codegen

clean: ## Removes what was built, build/.venv included; downloaded brokers stay in their cache
	cargo clean
	rm -rf build

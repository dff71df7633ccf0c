# What people and machines run. `make` lists it; tests/house/run.py does it.
.DEFAULT_GOAL := help
.PHONY: help test soak fmt codegen clean

RUN := python3 tests/house/run.py

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## Checks and tests everything, on real Kafka too; STEP=name runs one step, KEEP_GOING=1 goes on after a failed check
	@$(RUN) test $(addprefix --only ,$(STEP))

soak: ## Simulates many more schedules, in an optimised build; SEEDS=n says how many
	@$(RUN) soak $(addprefix --seeds ,$(SEEDS))

fmt: ## Formats Rust, Python, C and C++
	@$(RUN) fmt

codegen: ## Writes the generated files: C header, error codes, vectors
	cargo run --locked --quiet -p xtask -- codegen

clean: ## Removes what was built, build/.venv included; downloaded brokers stay in their cache
	cargo clean
	rm -rf build

# One verb each; all of them are scripts, which a machine without make can run.
.PHONY: build demo demo-down test check test-all bench format clean

build:
	scripts/build

demo:
	scripts/demo

demo-down:
	scripts/demo-down

# Every test; as root, those on the lab too.
test:
	scripts/test

# Formatting, shell scripts, warnings, imports, linkage.
check:
	scripts/check

test-all: check test

# Needs root, and an idle machine.
bench:
	Benchmarks/run

format:
	swift format --in-place --parallel --recursive Sources Tests Package.swift

# What was compiled. The demo has demo-down, the lab's cache Tests/Lab/README.md.
clean:
	rm -rf .build

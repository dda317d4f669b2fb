# SPDX-License-Identifier: Apache-2.0
# A thin front: Meson builds, scripts/ does the rest. `make demo` and `make check` do everything
# from a bare Debian 12, as root.
export PATH := /usr/sbin:/usr/bin:/sbin:/bin
MESON_OPTIONS := -Dsamba=true

.PHONY: all setup build demo check bench fuzz soak install clean
all: build

setup:
	scripts/setup

build: setup
	test -e build/build.ninja || meson setup build $(MESON_OPTIONS)
	ninja -C build

demo: build
	scripts/demo build

check: setup
	scripts/check

bench: setup
	test -e build-bench/build.ninja || meson setup build-bench --buildtype=release -Dbench=true -Dtests=false
	ninja -C build-bench
	bench/run build-bench

# Longer runs than `make check` can wait for. SECONDS= for each fuzz target.
SECONDS := 3600
fuzz: setup
	test -e build-fuzz/build.ninja || CC=clang meson setup build-fuzz -Dfuzz=true -Dtests=false -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-fuzz
	fuzz/run build-fuzz $(SECONDS)

soak: build
	TEST_SOAK=1 meson test -C build --suite soak --timeout-multiplier 30

install: build
	meson install -C build
	test -n "$(DESTDIR)" || ldconfig

clean:
	rm -rf build build-sanitize build-fuzz build-bench

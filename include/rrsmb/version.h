/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file version.h
 * The version of these headers, and of the library that a program runs with.
 *
 * The version has one place: `project()` in the top meson.build. The numbers below are
 * checked against it by the build.
 */
#ifndef RRSMB_VERSION_H
#define RRSMB_VERSION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RRSMB_VERSION_MAJOR 0
#define RRSMB_VERSION_MINOR 1
#define RRSMB_VERSION_PATCH 0

/** Version of the headers as one number that can be compared: 0xMMmmpp. */
#define RRSMB_VERSION_NUMBER \
    ((RRSMB_VERSION_MAJOR << 16) | (RRSMB_VERSION_MINOR << 8) | RRSMB_VERSION_PATCH)

/** Marks what the shared library exports; everything else is hidden. */
#define RRSMB_API __attribute__((visibility("default")))

/**
 * Version of the library in use, as `"MAJOR.MINOR.PATCH"`.
 * @return A constant string; never NULL. Safe from any thread and after fork.
 */
RRSMB_API const char *rrsmb_version(void);

/**
 * Version of the library in use, encoded as RRSMB_VERSION_NUMBER.
 * A program compares it with the macro to learn whether it runs with a newer library than it
 * was compiled with. Safe from any thread and after fork.
 */
RRSMB_API uint32_t rrsmb_version_number(void);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional expressions evaluated, in three-valued logic (MS-DTYP 2.4.4.17). */
#ifndef RRSMB_SD_CONDITION_EVAL_H
#define RRSMB_SD_CONDITION_EVAL_H

#include "lib/sd/token.h"

/* In an order in which AND is the least and OR the greatest of two values. */
enum truth { TRUTH_FALSE = 0, TRUTH_UNKNOWN = 1, TRUTH_TRUE = 2 };

/* Lists are compared member by member and attributes looked for in the SACL, which is what a hostile
 * descriptor could make last for seconds. One access check may spend so many steps on its
 * conditions: a comparison or an attribute looked at, more for long strings. */
#define CONDITION_STEPS_MAX 200000

/**
 * Evaluate a validated condition.
 * @param sd       Its resource attributes are what @Resource finds.
 * @param is_deny  The condition of a deny ACE: deny-only SIDs and claims count.
 * @param steps    What is left of CONDITION_STEPS_MAX; with 0, all is unknown.
 */
enum truth condition_evaluate(const rrsmb_ace *ace, const rrsmb_sd_view *sd,
                              const rrsmb_token *token, bool is_deny, uint32_t *steps);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rrsmb.h
 * Everything: includes each public header of librrsmb.
 *
 * Most programs want acl.h (the front: read, set and remove the ACL of a file). sd.h
 * (security descriptors) can be used alone.
 */
#ifndef RRSMB_RRSMB_H
#define RRSMB_RRSMB_H

#include <rrsmb/acl.h>
#include <rrsmb/sd.h>
#include <rrsmb/status.h>
#include <rrsmb/store.h>
#include <rrsmb/transfer.h>
#include <rrsmb/version.h>

#endif

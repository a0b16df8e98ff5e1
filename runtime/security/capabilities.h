// Capability names and the five capability sets of a process.
//
// The sets are parsed in the parent; apply_* run between clone and exec, so they make system calls
// only. The order there: drop_bounding_set() while CAP_SETPCAP is held, keep_capabilities() before
// the user is changed, setresuid, then apply_capability_sets().
//
// Source: capabilities(7), capset(2), prctl(2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// One bit per capability: bit n is capability number n.
using CapabilityMask = std::uint64_t;

struct CapabilitySets {
  CapabilityMask bounding = 0;
  CapabilityMask effective = 0;
  CapabilityMask inheritable = 0;
  CapabilityMask permitted = 0;
  CapabilityMask ambient = 0;
};

// "CAP_CHOWN" → 0. kInvalid for a name this build does not know.
Result<unsigned> parse_capability(std::string_view name);

// 0 → "CAP_CHOWN"; empty for a number beyond the last known.
std::string_view capability_name(unsigned number);

// All of them, in the order of their numbers.
std::span<const std::string_view> all_capabilities();

Result<CapabilityMask> parse_capability_mask(std::span<const std::string> names);

// process.capabilities of an OCI config; null or absent sets are empty. kInvalid for unknown names,
// for effective beyond permitted. Ambient loses what permitted or inheritable has not.
Result<CapabilitySets> parse_capability_sets(const Json& capabilities);

// The capabilities the running kernel knows (/proc/sys/kernel/cap_last_cap) as a mask.
Result<CapabilityMask> kernel_capabilities();

// Everything below is async-signal-safe and returns 0 or an errno value.

// Drops from the bounding set all that is not in `keep`, up to the kernel's last capability.
int drop_bounding_set(CapabilityMask keep);

// PR_SET_KEEPCAPS, so that the following setresuid(2) keeps the permitted set.
int keep_capabilities();

// capset(2) and then the ambient set. Call after the user has been changed.
int apply_capability_sets(const CapabilitySets& sets);

}  // namespace ikada

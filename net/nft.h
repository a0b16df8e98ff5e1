// The executor of nft_plan.h: libnftables for what changes the table, one netlink question for
// whether it is there.
//
// Measured: a transaction of one element takes 0.1 to 0.5 ms, of which loading libnftables'
// context is 0.2; a transaction that the kernel refuses takes 10 to 35 ms, because undoing waits
// for an RCU grace period. So ask first, and do not try and see.
//
// Source: libnftables(3).
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// Carries out the commands as one transaction in the caller's network namespace: all or nothing.
// kConflict if something exists already, kNotFound if something does not, kUnavailable if the
// kernel has no nftables.
Result<void> run_nft(const std::string& commands);

// Whether our table exists with the layout of this program and has not been emptied.
Result<bool> has_nft_table();

enum class NftFamily { kIp, kBridge };

// The same of another table of ours, which has that chain with rules in it.
Result<bool> has_nft_table(const char* table, const char* chain, NftFamily family = NftFamily::kIp);

}  // namespace ikada

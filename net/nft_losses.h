// Whether somebody takes tables, chains or rules of ours away: the kernel tells of each change of
// nftables, in the order in which they are made. What this process takes away itself is told, too.
//
// Source: netlink(7); Linux include/uapi/linux/netfilter/nfnetlink.h (NFNLGRP_NFTABLES).
#pragma once

#include <cstddef>
#include <span>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// A socket that becomes readable with each change in this process's network namespace.
Result<UniqueFd> open_nft_changes();

// Reads what has come by now, or part of it if it is much: whether a table of ours has lost
// something, or may have, because more has come than the socket could keep.
Result<bool> take_nft_losses(int fd);

// Whether one datagram of it says so.
bool tells_nft_loss(std::span<const std::byte> datagram);

}  // namespace ikada

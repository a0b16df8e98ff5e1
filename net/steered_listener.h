// A listening TCP socket that has one address and port of a network namespace for itself, although
// a program there may listen on that port at all addresses, before or after.
//
// It listens on a port of the kernel's choice, and a small program that the kernel asks for each
// new connection steers those to `address`:`port` to it, if they come from inside the namespace
// (over lo). Neighbours on a network cannot reach it. The address is put on lo.
//
// Both descriptors have to stay open: without `link` nothing is steered any more, and without
// either nothing is left but the address.
//
// Source: Linux Documentation/bpf/prog_sk_lookup.rst (5.9; ingress_ifindex 5.17).
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct SteeredListener {
  UniqueFd listener;
  UniqueFd link;
};

// In this process's network namespace.
Result<SteeredListener> open_steered_listener(const std::string& address, std::uint16_t port);

// The kernel's program: `map_fd` is a map whose element 0 is the listener. `address` is in network
// order.
std::vector<bpf_insn> steering_program(std::uint32_t address, std::uint16_t port, int map_fd);

}  // namespace ikada

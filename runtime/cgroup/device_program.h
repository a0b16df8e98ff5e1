// The device rules of a container as a BPF program on its cgroup.
//
// Source: bpf(2), Linux Documentation/admin-guide/cgroup-v2.rst "Device controller",
// include/uapi/linux/bpf.h (struct bpf_cgroup_dev_ctx).
#pragma once

#include <linux/bpf.h>

#include <span>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"

namespace ikada {

// The program: deny unless the last rule that matches allows. Empty when the rules come to "allow
// everything", and then none is needed.
std::vector<bpf_insn> device_program(std::span<const DeviceRule> rules);

// Loads the program and attaches it in place of ours that is there. An empty program detaches.
Result<void> attach_device_program(int cgroup_fd, std::span<const bpf_insn> program);

}  // namespace ikada

// The BPF of a seccomp rule that depends on arguments.
//
// Source: Linux include/uapi/linux/seccomp.h (struct seccomp_data); arguments have 64 bits, BPF
// compares 32 at a time.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "runtime/security/seccomp_rules.h"

namespace ikada {

// Appends instructions that return the rule's action if all its conditions hold, and otherwise go
// on behind themselves. The accumulator is lost.
void emit_conditional_return(const SeccompRule& rule, std::vector<sock_filter>& out);

}  // namespace ikada

// Between ikadad and etcd: this program again, started as
//
//   PROGRAM etcd-child PARENT-PID ETCD ARGUMENT…
//
// It has the kernel kill it when ikadad dies, asks for the members that a new one begins with
// (etcd_joining.h), and becomes etcd. So no member is left behind that nobody looks after, and the
// next ikadad starts its own.
//
// Source: PR_SET_PDEATHSIG in prctl(2): the thread that starts it has to live on.
#pragma once

#include <string_view>

namespace ikada {

inline constexpr std::string_view kEtcdChildVerb = "etcd-child";

// To be asked first thing in main().
bool is_etcd_child(int argc, const char* const* argv);

// Returns only if etcd cannot be started.
int run_etcd_child(int argc, char** argv);

}  // namespace ikada

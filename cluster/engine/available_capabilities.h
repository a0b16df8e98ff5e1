// The capabilities that this process can hand on: its bounding set. On some hosts, and when ikada
// itself runs in a container, it is not every one that the kernel has.
//
// Source: capabilities(7); prctl(2), PR_CAPBSET_READ.
#pragma once

#include <string>
#include <vector>

namespace ikada {

// "CAP_CHOWN" …, in the kernel's order.
std::vector<std::string> find_available_capabilities();

}  // namespace ikada

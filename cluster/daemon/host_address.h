// Which of this host's addresses others are likely to reach it by.
#pragma once

#include <string>

namespace ikada {

// The address that packets to the outside would leave from, or 127.0.0.1 where there is no route.
// Nothing is sent.
std::string find_host_address();

}  // namespace ikada

// Who this host is likely to be to others.
#pragma once

#include <string>

namespace ikada {

// The address that packets to the outside would leave from, or 127.0.0.1 where there is no route.
// Nothing is sent.
std::string find_host_address();

// gethostname(2).
std::string find_host_name();

}  // namespace ikada

// Who this host is likely to be to others.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// The address that packets to the outside would leave from, or 127.0.0.1 where there is no route.
// Nothing is sent.
std::string find_host_address();

// Of all interfaces that are up, those of loopback too.
Result<std::vector<std::string>> find_own_addresses();

// "127.0.0.1", "::1" and the like: nobody else reaches a host there.
bool is_loopback_address(const std::string& address);

// Whether others may be told that this host, which has the addresses `own`, is at `address`.
// kInvalid if not. One host alone may be at a loopback address.
Result<void> check_advertised_address(const std::string& address,
                                      const std::vector<std::string>& own);

// gethostname(2).
std::string find_host_name();

}  // namespace ikada

// Who this host is likely to be to others.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// The address that packets to the outside would leave from, or 127.0.0.1 where there is no route.
// Nothing is sent.
std::string find_host_address();

// Whether others may be told that this host, which has the addresses `own`, is at `address`.
// kInvalid if not. One host alone may be at a loopback address.
Result<void> check_advertised_address(const std::string& address,
                                      const std::vector<std::string>& own);
// Of this host, now; an empty one is to be found, and fits.
Result<void> check_advertised_address(const std::string& address);

// gethostname(2).
std::string find_host_name();

}  // namespace ikada

// Who this host is likely to be to others.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// The address that packets to the outside would leave from, or 127.0.0.1 where there is no route.
// Nothing is sent.
std::string find_host_address();

// What others may be told that this host, which has the addresses `own`, is at: `address` in its
// canonical form (RFC 5952), as certificates are compared. kInvalid if it is not there. One host
// alone may be at a loopback address.
Result<std::string> advertised_address(const std::string& address,
                                       const std::vector<std::string>& own);
// Of this host, now; an empty one is to be found, and stays empty.
Result<std::string> advertised_address(const std::string& address);

// gethostname(2).
std::string find_host_name();

}  // namespace ikada

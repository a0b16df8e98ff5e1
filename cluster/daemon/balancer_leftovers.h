// What load balancers have left on a host that is no manager: its daemon was killed while the host
// left its cluster or was demoted, and they serve on without one.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cluster/engine/layout.h"

namespace ikada {

// Ends HAProxy, and removes the kernel's table, addresses and certificates with their keys. Failure
// is logged; the next start tries again.
void remove_balancer_leftovers(boost::asio::io_context& loop, const EngineLayout& layout);

}  // namespace ikada

// From a worker to its managers' registry: what comes on a socket of this host goes to whichever
// manager answers, over TLS with the node's certificate, and back.
//
// It knows nothing of what is said there. A manager that is lost ends the connection; the next one
// goes to another. It has a thread of its own.
#pragma once

#include <memory>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "cluster/node/node_tls.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class NodeTunnels {
 public:
  NodeTunnels();
  ~NodeTunnels();  // Ends what is under way.

  // From any thread. `socket` is a stream socket that does not block; the managers are tried in
  // their order.
  void carry(UniqueFd socket, std::vector<boost::asio::ip::tcp::endpoint> managers, TlsContext tls);

 private:
  struct Shaft;
  std::unique_ptr<Shaft> shaft_;
};

}  // namespace ikada

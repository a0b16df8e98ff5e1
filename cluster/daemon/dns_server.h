// The names of the cluster (cluster/node/name_table.h) for the tasks of this host, on port 53 of
// addresses of its own: over UDP, and over TCP for what does not fit into a datagram. All other
// names are the host's resolvers'.
//
// Only clients of the given subnets are answered, so that nobody outside can have us send to
// others. Messages that are none are ignored.
//
// All calls are on the loop's thread.
//
// Source: RFC 1035 section 4.2; RFC 7766.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "cluster/daemon/dns_forwarder.h"
#include "cluster/node/name_table.h"
#include "net/ipv4.h"

namespace ikada {

struct DnsServerLimits {
  size_t connections = 64;
  size_t connections_of_client = 8;
  size_t forwarded_of_client = 64;  // At a time.
  std::chrono::seconds idle{10};
};

class DnsServer {
 public:
  // Both outlive it.
  DnsServer(boost::asio::io_context& loop,
            const NameTable& names,
            DnsForwarder& forwarder,
            const DnsServerLimits& limits = {});
  ~DnsServer();  // stop()s.
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // Whether an interface has the address does not matter yet. Idempotent. kConflict if somebody
  // else has the port.
  Result<void> listen(std::uint32_t address, const Ipv4Subnet& clients, std::uint16_t port = 53);
  // Ends what listens at that address.
  void close(std::uint32_t address);
  void stop();

 private:
  struct Server;
  std::shared_ptr<Server> server_;
};

}  // namespace ikada

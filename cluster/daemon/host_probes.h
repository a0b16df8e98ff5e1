// Whether the host of a node that gossip calls dead still answers: of those that this manager never
// had a connection with, because it has not led for long.
//
// A host without its daemon refuses a connection to gossip's port; one that is gone says nothing.
// tcp(7), "ERRORS".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace ikada {

class HostProbes {
 public:
  // `port` is gossip's on every host.
  HostProbes(boost::asio::io_context& loop, std::uint16_t port);
  ~HostProbes();
  HostProbes(const HostProbes&) = delete;
  HostProbes& operator=(const HostProbes&) = delete;

  // Nothing came from the host at `address` within two seconds. Asks it the first time, and is
  // false until that is over; what was found out holds until clear().
  bool is_silent(const std::string& node, const std::string& address);
  void clear();

 private:
  struct Probe;

  boost::asio::io_context& loop_;
  const std::uint16_t port_;
  std::map<std::string, std::shared_ptr<Probe>> probes_;
};

}  // namespace ikada

#include "cluster/daemon/host_probes.h"

#include <chrono>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ikada {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Time for a second SYN.
constexpr std::chrono::seconds kLimit{2};

// Other errors are this host's own.
bool tells_of_nobody(const error_code& error) {
  return error == asio::error::operation_aborted || error == asio::error::timed_out ||
         error == asio::error::host_unreachable;
}

}  // namespace

struct HostProbes::Probe : std::enable_shared_from_this<HostProbes::Probe> {
  explicit Probe(asio::io_context& loop) : socket(loop), timer(loop) {}

  void start(const asio::ip::tcp::endpoint& target) {
    socket.async_connect(target, [self = shared_from_this()](const error_code& error) {
      self->timer.cancel();
      self->is_silent = tells_of_nobody(error);
      self->close();
    });
    timer.expires_after(kLimit);
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->close();
    });
  }

  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  asio::ip::tcp::socket socket;
  asio::steady_timer timer;
  bool is_silent = false;
};

HostProbes::HostProbes(asio::io_context& loop, std::uint16_t port) : loop_(loop), port_(port) {}

HostProbes::~HostProbes() { clear(); }

bool HostProbes::is_silent(const std::string& node, const std::string& address) {
  std::shared_ptr<Probe>& probe = probes_[node];
  if (probe != nullptr) return probe->is_silent;
  probe = std::make_shared<Probe>(loop_);
  error_code error;
  const asio::ip::address host = asio::ip::make_address(address, error);
  if (!error) probe->start({host, port_});
  return false;
}

void HostProbes::clear() {
  for (const auto& [node, probe] : probes_) {
    probe->timer.cancel();
    probe->close();
  }
  probes_.clear();
}

}  // namespace ikada

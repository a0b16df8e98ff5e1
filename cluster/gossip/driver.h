// Drives a member (swim.h) with real sockets and time: UDP and TCP on one port.
//
// Everything happens on the thread of the loop that it was made for, calls and callbacks alike.
// What has arrived is handed over before timers are looked at, so that a process that stood still
// first hears what it has missed.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/gossip/stream_link.h"
#include "cluster/gossip/swim.h"
#include "runtime/base/unique_fd.h"

namespace ikada::gossip {

constexpr std::uint16_t kDefaultPort = 7441;

struct DriverOptions {
  Endpoint listen;       // Where to listen; its address may be that of all interfaces.
  SelfDescription self;  // Its endpoint is what others are told.
  Config config;
};

struct Traffic {
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagram_bytes_sent = 0;
  std::uint64_t datagrams_refused = 0;  // That did not open.
};

class Driver {
 public:
  using OnChange = std::function<void(const MemberChange&)>;

  // Listens. `loop`, `keyring` and `signatures` outlive it. kInvalid for a description beyond its
  // limits; kConflict if the port is in use.
  static Result<std::unique_ptr<Driver>> create(boost::asio::io_context& loop,
                                                const DriverOptions& options,
                                                Keyring& keyring,
                                                const Signatures& signatures,
                                                OnChange on_change);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void join(std::vector<Endpoint> seeds);
  void remember(std::vector<std::shared_ptr<const Statement>> statements);
  void set_metadata(Metadata metadata);
  // `on_done` is called when the others have had time to hear it; then stop().
  void leave(std::function<void()> on_done);
  // Closes all sockets; nothing is called back any more.
  void stop();

  const Swim& swim() const { return *swim_; }
  const Traffic& traffic() const { return traffic_; }

 private:
  Driver(boost::asio::io_context& loop, Keyring& keyring, OnChange on_change);
  Result<void> listen(const Endpoint& at);
  void wait_for_datagrams();
  void take_datagrams();
  void wait_for_links();
  void take_link(UniqueFd fd);
  void wait_for_tick();
  void step(const Input& input);
  void carry_out(const Output& output);
  void send(const PacketToSend& packet);
  void act(const StreamAction& action);
  void dial(const StreamAction& action);
  std::shared_ptr<StreamLink> add_link(StreamLink::Socket socket, StreamId id);
  void make_room();

  boost::asio::io_context& loop_;
  Keyring& keyring_;
  OnChange on_change_;
  std::function<void()> on_done_;
  boost::asio::ip::udp::socket datagrams_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer accept_pause_;
  std::unique_ptr<Swim> swim_;
  std::map<StreamId, std::shared_ptr<StreamLink>> links_;
  StreamId next_incoming_ = 1;
  TimePoint tick_at_ = TimePoint::max();
  Traffic traffic_;
  bool is_stopped_ = false;
  std::array<char, 2048> buffer_{};
  std::shared_ptr<char> life_ = std::make_shared<char>();  // Callbacks see whether we are gone.
};

}  // namespace ikada::gossip

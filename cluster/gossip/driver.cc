#include "cluster/gossip/driver.h"

#include <stdlib.h>
#include <sys/random.h>

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "runtime/sys/inet_socket.h"

namespace ikada::gossip {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kDatagramsAtOnce = 256;
constexpr size_t kMaxLinks = 64;
constexpr int kReceiveBufferBytes = 1 << 20;

template <typename Protocol>
typename Protocol::endpoint to_asio(const Endpoint& endpoint) {
  const asio::ip::address_v6 address(endpoint.address);
  if (address.is_v4_mapped()) {
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address), endpoint.port};
  }
  return {address, endpoint.port};
}

template <typename AsioEndpoint>
Endpoint from_asio(const AsioEndpoint& found) {
  Endpoint endpoint;
  const asio::ip::address address = found.address();
  endpoint.address =
      address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes()
                      : address.to_v6().to_bytes();
  endpoint.port = found.port();
  return endpoint;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) ::abort();
  return seed;
}

// The first thing that fails, in words.
Result<void> done(const error_code& error, std::string_view what, const Endpoint& at) {
  if (!error) return {};
  const ErrorKind kind =
      error == asio::error::address_in_use ? ErrorKind::kConflict : ErrorKind::kSystem;
  return make_error(kind, "{} {}: {}", what, to_text(at), error.message());
}

}  // namespace

Driver::Driver(asio::io_context& loop, Keyring& keyring, OnChange on_change)
    : loop_(loop),
      keyring_(keyring),
      on_change_(std::move(on_change)),
      datagrams_(loop),
      acceptor_(loop),
      timer_(loop),
      accept_pause_(loop) {}

Driver::~Driver() { stop(); }

Result<std::unique_ptr<Driver>> Driver::create(asio::io_context& loop,
                                               const DriverOptions& options,
                                               Keyring& keyring,
                                               const Signatures& signatures,
                                               OnChange on_change) {
  std::unique_ptr<Driver> driver(new Driver(loop, keyring, std::move(on_change)));
  driver->swim_ =
      std::make_unique<Swim>(options.config, options.self, signatures, random_seed(), Clock::now());
  IK_TRY(check(driver->swim_->self()));
  IK_TRY(driver->listen(options.listen));
  driver->wait_for_datagrams();
  driver->wait_for_links();
  driver->step(Tick{});
  return driver;
}

Result<void> Driver::listen(const Endpoint& at) {
  const auto udp = to_asio<asio::ip::udp>(at);
  const auto tcp = to_asio<asio::ip::tcp>(at);
  error_code error;
  IK_LET(datagrams, open_inet_socket(udp.protocol().family(), SOCK_DGRAM));
  datagrams_.assign(udp.protocol(), datagrams.release(), error);
  IK_TRY(done(error, "socket", at));
  datagrams_.bind(udp, error);
  IK_TRY(done(error, "bind", at));
  datagrams_.non_blocking(true, error);
  IK_TRY(done(error, "fcntl", at));
  error_code ignored;  // What the kernel allows is enough.
  datagrams_.set_option(asio::socket_base::receive_buffer_size(kReceiveBufferBytes), ignored);
  IK_LET(listener, open_inet_socket(tcp.protocol().family(), SOCK_STREAM));
  acceptor_.assign(tcp.protocol(), listener.release(), error);
  IK_TRY(done(error, "socket", at));
  acceptor_.set_option(asio::socket_base::reuse_address(true), ignored);
  acceptor_.bind(tcp, error);
  IK_TRY(done(error, "bind", at));
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return done(error, "listen", at);
}

void Driver::join(std::vector<Endpoint> seeds) { step(Join{.seeds = std::move(seeds)}); }

void Driver::remember(std::vector<std::shared_ptr<const Statement>> statements) {
  step(Remember{.statements = std::move(statements)});
}

void Driver::set_metadata(Metadata metadata) { step(SetMetadata{.metadata = std::move(metadata)}); }

void Driver::leave(std::function<void()> on_done) {
  on_done_ = std::move(on_done);
  step(Leave{});
}

void Driver::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  error_code ignored;
  datagrams_.close(ignored);
  acceptor_.close(ignored);
  timer_.cancel();
  accept_pause_.cancel();
  for (const auto& [id, link] : links_) link->close();
  links_.clear();
}

void Driver::wait_for_datagrams() {
  datagrams_.async_wait(asio::socket_base::wait_read,
                        [this, life = std::weak_ptr(life_)](const error_code& error) {
                          if (error || life.expired() || is_stopped_) return;
                          take_datagrams();
                          if (!is_stopped_) wait_for_datagrams();
                        });
}

void Driver::take_datagrams() {
  for (size_t i = 0; i < kDatagramsAtOnce && !is_stopped_; ++i) {
    asio::ip::udp::endpoint from;
    error_code error;
    const size_t size = datagrams_.receive_from(asio::buffer(buffer_), from, 0, error);
    if (error == asio::error::would_block) return;
    if (error) continue;  // An ICMP error about something sent earlier.
    const Result<std::string> plain = keyring_.open({buffer_.data(), size}, Channel::kDatagram);
    if (!plain.has_value()) {
      ++traffic_.datagrams_refused;
      continue;
    }
    step(PacketReceived{.from = from_asio(from), .bytes = *plain});
  }
}

void Driver::wait_for_links() {
  acceptor_.async_wait(
      asio::socket_base::wait_read, [this, life = std::weak_ptr(life_)](const error_code& error) {
        if (life.expired() || is_stopped_) return;
        Result<UniqueFd> accepted = accept_connection(acceptor_.native_handle());
        if (!error && accepted.has_value()) take_link(std::move(*accepted));
        if (!error && (accepted.has_value() || accepted.error().kind == ErrorKind::kUnavailable)) {
          return wait_for_links();
        }
        // Out of descriptors: those who wait are served later.
        accept_pause_.expires_after(std::chrono::seconds(1));
        accept_pause_.async_wait([this, life](const error_code& ended) {
          if (!ended && !life.expired() && !is_stopped_) wait_for_links();
        });
      });
}

void Driver::take_link(UniqueFd fd) {
  error_code error;
  asio::ip::tcp::socket socket(loop_);
  const auto local = acceptor_.local_endpoint(error);
  if (!error) socket.assign(local.protocol(), fd.get(), error);
  if (error) return;
  static_cast<void>(fd.release());
  make_room();
  const StreamId id = next_incoming_;
  next_incoming_ += 2;
  add_link(std::move(socket), id)->start();
}

void Driver::wait_for_tick() {
  timer_.expires_at(tick_at_);
  timer_.async_wait([this, life = std::weak_ptr(life_)](const error_code& error) {
    if (error || life.expired() || is_stopped_) return;
    tick_at_ = TimePoint::max();
    take_datagrams();
    if (!is_stopped_) step(Tick{});
  });
}

void Driver::step(const Input& input) {
  if (!is_stopped_) carry_out(swim_->step(input, Clock::now()));
}

void Driver::carry_out(const Output& output) {
  for (const PacketToSend& each : output.packets) send(each);
  for (const StreamAction& each : output.streams) act(each);
  if (output.next_tick != tick_at_) {
    tick_at_ = output.next_tick;
    wait_for_tick();
  }
  for (const MemberChange& each : output.changes) on_change_(each);
  if (output.is_done && on_done_) std::exchange(on_done_, nullptr)();
}

void Driver::send(const PacketToSend& packet) {
  const std::string sealed = keyring_.seal(packet.bytes, Channel::kDatagram);
  error_code error;  // What cannot be sent is as good as lost.
  datagrams_.send_to(asio::buffer(sealed), to_asio<asio::ip::udp>(packet.to), 0, error);
  if (error) return;
  ++traffic_.datagrams_sent;
  traffic_.datagram_bytes_sent += sealed.size();
}

void Driver::act(const StreamAction& action) {
  if (action.kind == StreamAction::Kind::kDial) {
    dial(action);
    return;
  }
  const auto found = links_.find(action.stream);
  if (found == links_.end()) return;
  const std::shared_ptr<StreamLink> link = found->second;
  if (action.kind == StreamAction::Kind::kSend) {
    link->send(action.frame);
  } else {
    links_.erase(found);
    link->finish();
  }
}

void Driver::dial(const StreamAction& action) {
  make_room();
  const auto peer = to_asio<asio::ip::tcp>(action.to);
  asio::ip::tcp::socket socket(loop_);
  // Without a descriptor connect() opens one, or fails and says so.
  error_code ignored;
  Result<UniqueFd> fd = open_inet_socket(peer.protocol().family(), SOCK_STREAM);
  if (fd.has_value()) socket.assign(peer.protocol(), fd->release(), ignored);
  const std::shared_ptr<StreamLink> link = add_link(std::move(socket), action.stream);
  link->send(action.frame);
  link->connect(peer);
}

std::shared_ptr<StreamLink> Driver::add_link(StreamLink::Socket socket, StreamId id) {
  auto link = std::make_shared<StreamLink>(
      std::move(socket),
      id,
      keyring_,
      [this](StreamId stream, std::string_view frame) {
        step(FrameReceived{.stream = stream, .bytes = frame});
      },
      [this](StreamId stream) {
        links_.erase(stream);
        step(StreamClosed{.stream = stream});
      });
  links_[id] = link;
  return link;
}

// Strangers can connect but not say anything: the oldest that has not, goes first.
void Driver::make_room() {
  if (links_.size() < kMaxLinks) return;
  auto found = std::find_if(links_.begin(), links_.end(), [](const auto& each) {
    return !each.second->is_trusted() && each.first % 2 == 1;
  });
  if (found == links_.end()) found = links_.begin();
  found->second->close();
  links_.erase(found);  // If a dialogue was on it, that runs out of time by itself.
}

}  // namespace ikada::gossip

#include "tests/cluster/gossip/simulation.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace ikada::gossip {
namespace {

constexpr size_t kUdpHeaders = 28;
constexpr size_t kTcpHeaders = 52;
constexpr size_t kTcpSegment = 1400;
constexpr size_t kConnectionSegments = 6;  // Three to open it, three to close it.
constexpr Duration kRetransmission = milliseconds(200);
constexpr Duration kConnectTimeout = std::chrono::seconds(5);

// The port is the number, so that an endpoint names a member.
Endpoint endpoint_of(size_t node) {
  Endpoint endpoint;
  endpoint.address[15] = 1;
  endpoint.address[14] = static_cast<std::uint8_t>(node >> 16);
  endpoint.port = static_cast<std::uint16_t>(node % 60000 + 1);
  return endpoint;
}

size_t node_of(const Endpoint& endpoint) { return endpoint.port - 1U; }

size_t subject_of(const Statement& statement) {
  return std::strtoul(statement.name.c_str() + 1, nullptr, 10);
}

SelfDescription description_of(size_t node, std::uint64_t incarnation) {
  return {.name = fmt::format("m{}", node),
          .endpoint = endpoint_of(node),
          .metadata = {.role = Role::kWorker, .version = "0.1.0", .capacity = "c0ffee"},
          .first_incarnation = incarnation,
          .admission = std::nullopt};
}

std::uint64_t pair_of(size_t from, std::uint64_t to) { return from << 40 | to; }

}  // namespace

Simulation::Simulation(std::uint64_t seed, Config config)
    : config_(std::move(config)), random_(seed), now_(std::chrono::hours(1000)) {}

size_t Simulation::add(size_t count, double drift) {
  const size_t first = nodes_.size();
  for (size_t i = 0; i < count; ++i) {
    Node& node = nodes_.emplace_back();
    node.signatures = std::make_unique<QuickSignatures>(nodes_.size());
    node.drift = drift;
    side_.push_back(0);
    start(nodes_.size() - 1, 1);
  }
  return first;
}

void Simulation::add_acquainted(size_t count) {
  const size_t first = add(count);
  Remember all;
  for (size_t i = first; i < nodes_.size(); ++i) {
    all.statements.push_back(std::make_shared<const Statement>(swim(i).self()));
  }
  for (size_t i = first; i < nodes_.size(); ++i) step(i, all);
  observations_.clear();
}

void Simulation::input(size_t member, const Input& input) { step(member, input); }

void Simulation::join(size_t member, size_t seed) {
  step(member, Join{.seeds = {endpoint_of(seed)}});
}

void Simulation::start(size_t node, std::uint64_t incarnation) {
  Node& started = nodes_[node];
  started.swim = std::make_unique<Swim>(config_,
                                        description_of(node, incarnation),
                                        *started.signatures,
                                        random_.next(),
                                        local(node, now_));
  started.tick_at = TimePoint::max();
  started.is_paused = false;
  started.is_done = false;
  started.held.clear();
  step(node, Tick{});
}

void Simulation::kill(size_t member) {
  nodes_[member].swim.reset();
  nodes_[member].held.clear();
  for (auto& [key, stream] : streams_) {
    if (stream == nullptr || (stream->dialler != member && stream->listener != member)) continue;
    deliver_close(stream, stream->dialler == member, now_ + delay());
  }
}

void Simulation::restart(size_t member, std::uint64_t incarnation) { start(member, incarnation); }

void Simulation::pause(size_t member) { nodes_[member].is_paused = true; }

void Simulation::resume(size_t member) {
  Node& node = nodes_[member];
  node.is_paused = false;
  // As a driver does: what has arrived first, then the timers.
  for (auto& each : std::exchange(node.held, {})) each();
  if (node.swim != nullptr) step(member, Tick{});
}

void Simulation::set_cut(size_t from, size_t to, bool is_cut) {
  if (is_cut) {
    cuts_[pair_of(from, to)] = true;
  } else {
    cuts_.erase(pair_of(from, to));
  }
}

void Simulation::partition(const std::function<bool(size_t)>& is_inside) {
  for (size_t i = 0; i < side_.size(); ++i) side_[i] = is_inside(i) ? 1 : 0;
}

void Simulation::heal() {
  std::fill(side_.begin(), side_.end(), std::uint8_t{0});
  cuts_.clear();
}

void Simulation::run_for(Duration duration) {
  const TimePoint end = now_ + duration;
  while (!events_.empty() && events_.top().when <= end) {
    Event event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    now_ = std::max(now_, event.when);
    handle(event);
  }
  now_ = end;
}

bool Simulation::run_until(const std::function<bool()>& is_reached, Duration limit) {
  const TimePoint end = now_ + limit;
  while (!is_reached()) {
    if (now_ >= end) return false;
    run_for(milliseconds(10));
  }
  return true;
}

Status Simulation::status(size_t observer, size_t subject) {
  return swim(observer).members().find(member_id(fmt::format("m{}", subject)))->status;
}

bool Simulation::knows(size_t observer, size_t subject) {
  return swim(observer).members().find(member_id(fmt::format("m{}", subject))) != nullptr;
}

bool Simulation::agrees() {
  const auto running = static_cast<size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [](const Node& each) { return each.swim != nullptr; }));
  std::uint64_t view = 0;
  for (const Node& each : nodes_) {
    if (each.swim == nullptr) continue;
    const Statement& self = each.swim->self();
    view ^= mix_bits(member_id(self.name) ^ mix_bits(self.incarnation));
  }
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& each) {
    return each.swim == nullptr ||
           (each.swim->members().living() == running && each.swim->members().view() == view);
  });
}

bool Simulation::is_dead_to_all(size_t member) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i == member || nodes_[i].swim == nullptr) continue;
    if (!knows(i, member) || status(i, member) != Status::kDead) return false;
  }
  return true;
}

TimePoint Simulation::local(size_t node, TimePoint time) const {
  const double drift = nodes_[node].drift;
  if (drift == 1) return time;
  return TimePoint(Duration(
      static_cast<Duration::rep>(static_cast<double>(time.time_since_epoch().count()) * drift)));
}

TimePoint Simulation::global(size_t node, TimePoint local_time) const {
  const double drift = nodes_[node].drift;
  if (drift == 1) return local_time;
  // Rounded up: a timer must not be early.
  return TimePoint(
      Duration(static_cast<Duration::rep>(
                   static_cast<double>(local_time.time_since_epoch().count()) / drift) +
               2000));
}

void Simulation::push(Event event) {
  event.order = order_++;
  events_.push(std::move(event));
}

void Simulation::handle(Event& event) {
  Node& node = nodes_[event.node];
  if (event.kind == Event::Kind::kTick) {
    if (node.swim == nullptr || node.tick_at != event.when || node.is_paused) return;
    node.tick_at = TimePoint::max();
    step(event.node, Tick{});
    return;
  }
  if (node.is_paused) {
    // A socket's buffer holds only so much.
    if (node.held.size() < 2000) {
      auto held = std::make_shared<Event>(std::move(event));
      node.held.push_back([this, held] { handle(*held); });
    }
    return;
  }
  if (event.kind == Event::Kind::kCall) {
    event.call();
    return;
  }
  if (node.swim == nullptr) return;
  const std::optional<std::string> plain = opened(event.node, event.bytes, Channel::kDatagram);
  if (plain.has_value()) {
    step(event.node, PacketReceived{.from = endpoint_of(event.from), .bytes = *plain});
  }
}

std::string Simulation::sealed(size_t from, std::string_view plain, Channel channel) const {
  return seal ? seal(from, plain, channel) : std::string(plain);
}

std::optional<std::string> Simulation::opened(size_t to,
                                              std::string_view bytes,
                                              Channel channel) const {
  return open ? open(to, bytes, channel) : std::string(bytes);
}

void Simulation::step(size_t node, const Input& input) {
  ++steps_;
  carry_out(node, nodes_[node].swim->step(input, local(node, now_)));
}

void Simulation::carry_out(size_t node, Output output) {
  for (const MemberChange& each : output.changes) {
    observations_.push_back({.when = now_,
                             .observer = node,
                             .kind = each.kind,
                             .subject = subject_of(*each.statement)});
    if (on_change) on_change(observations_.back());
  }
  for (const PacketToSend& each : output.packets) send(node, each);
  for (const StreamAction& each : output.streams) act(node, each);
  Node& stepped = nodes_[node];
  stepped.is_done = stepped.is_done || output.is_done;
  const TimePoint tick_at = std::max(global(node, output.next_tick), now_);
  if (tick_at == stepped.tick_at) return;
  stepped.tick_at = tick_at;
  push({.when = tick_at,
        .order = 0,
        .node = node,
        .kind = Event::Kind::kTick,
        .from = 0,
        .bytes = {},
        .call = {}});
}

void Simulation::send(size_t from, const PacketToSend& packet) {
  const size_t to = node_of(packet.to);
  if (packet.bytes.size() > kMaxPacketBytes) std::abort();
  bytes_sent_ += packet.bytes.size() + kSealBytes + kUdpHeaders;
  if (on_packet) on_packet(from, to, packet.bytes);
  const int copies = random_.fraction() < network_.duplicates ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (!passes(from, to) || random_.fraction() < network_.loss) continue;
    push({.when = now_ + delay(),
          .order = 0,
          .node = to,
          .kind = Event::Kind::kPacket,
          .from = from,
          .bytes = sealed(from, packet.bytes, Channel::kDatagram),
          .call = {}});
  }
}

void Simulation::act(size_t from, const StreamAction& action) {
  const std::uint64_t key = pair_of(from, action.stream);
  if (action.kind == StreamAction::Kind::kDial) {
    auto stream = std::make_shared<Stream>(Stream{.dialler = from,
                                                  .listener = node_of(action.to),
                                                  .dialler_id = action.stream,
                                                  .listener_id = next_incoming_,
                                                  .last_arrival = now_ + delay() + delay()});
    next_incoming_ += 2;
    streams_[key] = stream;
    streams_[pair_of(stream->listener, stream->listener_id)] = stream;
    bytes_sent_ += kConnectionSegments * kTcpHeaders;
    deliver_frame(stream, true, action.frame);
    return;
  }
  const auto found = streams_.find(key);
  if (found == streams_.end()) return;
  const std::shared_ptr<Stream> stream = found->second;
  const bool to_listener = stream->dialler == from && stream->dialler_id == action.stream;
  if (action.kind == StreamAction::Kind::kSend) {
    deliver_frame(stream, to_listener, action.frame);
  } else {
    deliver_close(stream, to_listener, stream->last_arrival);
  }
}

void Simulation::deliver_frame(const std::shared_ptr<Stream>& stream,
                               bool to_listener,
                               std::string frame) {
  const size_t from = to_listener ? stream->dialler : stream->listener;
  const size_t to = to_listener ? stream->listener : stream->dialler;
  const size_t bytes = frame.size() + kSealBytes + 4;
  bytes_sent_ += bytes + (bytes / kTcpSegment + 1) * 2 * kTcpHeaders;
  if (frame.size() + kSealBytes > kMaxFrameBytes) std::abort();
  if (!passes(from, to) || !passes(to, from) || nodes_[to].swim == nullptr) {
    deliver_close(stream, !to_listener, now_ + kConnectTimeout);
    return;
  }
  TimePoint arrival = std::max(stream->last_arrival, now_) + delay();
  while (random_.fraction() < network_.loss) arrival += kRetransmission;
  stream->last_arrival = arrival;
  auto shared = std::make_shared<std::string>(sealed(from, frame, Channel::kStream));
  const StreamId id = to_listener ? stream->listener_id : stream->dialler_id;
  push({.when = arrival,
        .order = 0,
        .node = to,
        .kind = Event::Kind::kCall,
        .from = from,
        .bytes = {},
        .call = [this, to, id, shared, stream, to_listener] {
          if (nodes_[to].swim == nullptr || !streams_.contains(pair_of(to, id))) return;
          const std::optional<std::string> plain = opened(to, *shared, Channel::kStream);
          if (plain.has_value()) return step(to, FrameReceived{.stream = id, .bytes = *plain});
          deliver_close(stream, to_listener, now_);
          deliver_close(stream, !to_listener, now_);
        }});
}

void Simulation::deliver_close(const std::shared_ptr<Stream>& stream,
                               bool to_listener,
                               TimePoint when) {
  const size_t to = to_listener ? stream->listener : stream->dialler;
  const StreamId id = to_listener ? stream->listener_id : stream->dialler_id;
  push({.when = when,
        .order = 0,
        .node = to,
        .kind = Event::Kind::kCall,
        .from = 0,
        .bytes = {},
        .call = [this, to, id, stream] {
          streams_.erase(pair_of(stream->dialler, stream->dialler_id));
          streams_.erase(pair_of(stream->listener, stream->listener_id));
          if (nodes_[to].swim != nullptr) step(to, StreamClosed{.stream = id});
        }});
}

bool Simulation::passes(size_t from, size_t to) const {
  if (from >= nodes_.size() || to >= nodes_.size()) return false;  // There is nobody.
  return side_[from] == side_[to] && (cuts_.empty() || !cuts_.contains(pair_of(from, to)));
}

Duration Simulation::delay() {
  const auto range = static_cast<size_t>((network_.max_delay - network_.min_delay).count());
  return network_.min_delay + Duration(static_cast<Duration::rep>(random_.below(range + 1)));
}

}  // namespace ikada::gossip

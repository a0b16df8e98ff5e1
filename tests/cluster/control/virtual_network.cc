#include "tests/cluster/control/virtual_network.h"

#include <utility>

namespace ikada::control {
namespace {

// As cluster_member.cc has them.
constexpr Duration kPingAfter = milliseconds(500);
constexpr Duration kSilenceLimit = milliseconds(2000);
constexpr Duration kRepeat = milliseconds(200);

Error broken(const char* what) { return make_error(ErrorKind::kUnavailable, "{}", what); }

}  // namespace

VirtualLink::VirtualLink(VirtualNetwork& network,
                         std::shared_ptr<VirtualLoop> loop,
                         size_t place,
                         size_t other)
    : network_(network),
      loop_(std::move(loop)),
      place_(place),
      other_(other),
      timer_(loop_->make_timer()) {}

void VirtualLink::begin() {
  heard_ = said_ = loop_->now();
  last_arrival_ = network_.time().now();
  watch();
}

void VirtualLink::send(const Json& frame) {
  if (!is_over_) push(Item::Kind::kFrame, std::make_shared<const Json>(frame));
}

void VirtualLink::finish() {
  listener_ = {};
  close();
}

void VirtualLink::close() {
  if (is_over_) return;
  push(Item::Kind::kEnd, nullptr);
  is_over_ = true;
  timer_->cancel();
  loop_->post([self = shared_from_this()] { self->listener_ = {}; });
}

void VirtualLink::end(const Error& why) {
  if (is_over_) return;
  const auto on_end = std::move(listener_.on_end);
  close();
  if (on_end) on_end(why);
}

// Its process has gone: the kernel says goodbye, if it can.
void VirtualLink::cut_off(bool has_power) {
  if (!is_over_ && has_power) push(Item::Kind::kEnd, nullptr);
  is_over_ = true;
  listener_ = {};
  timer_->cancel();
  if (has_power) return;
  is_without_power_ = true;
  sent_.clear();
}

void VirtualLink::push(Item::Kind kind, std::shared_ptr<const Json> frame) {
  said_ = loop_->now();
  last_arrival_ = std::max(last_arrival_, network_.time().now()) + network_.delay();
  while (network_.time().chance(network_.loss_)) last_arrival_ += kRepeat;
  sent_.push_back({.arrival = last_arrival_, .kind = kind, .frame = std::move(frame)});
  pump();
}

void VirtualLink::pump() {
  if (is_pumping_ || sent_.empty()) return;
  is_pumping_ = true;
  network_.time().at(sent_.front().arrival, [self = shared_from_this()] {
    self->is_pumping_ = false;
    if (self->sent_.empty()) return;
    const bool passes = self->network_.passes(self->place_, self->other_) &&
                        self->network_.has_power_[self->other_] != 0;
    if (passes) {
      const Item item = self->sent_.front();
      self->sent_.pop_front();
      self->arrive(item);
    } else {
      self->sent_.front().arrival = self->network_.time().now() + kRepeat;
      // Nobody waits for ever for the end of a connection that is closed.
      if (self->is_over_ && self->sent_.size() > 100) self->sent_.clear();
    }
    self->pump();
  });
}

void VirtualLink::arrive(const Item& item) {
  const std::shared_ptr<VirtualLink> peer = peer_.lock();
  const bool is_known = peer != nullptr && !peer->is_without_power_;
  if (is_known) {
    return peer->loop_->deliver([peer, item] { peer->take(item); });
  }
  sent_.clear();
  loop_->deliver([self = shared_from_this()] { self->end(broken("connection reset")); });
}

void VirtualLink::take(const Item& item) {
  if (is_over_) return;
  heard_ = loop_->now();
  if (item.kind == Item::Kind::kEnd) return end(broken("closed by the other side"));
  const auto on_frame = listener_.on_frame;
  if (item.kind == Item::Kind::kFrame && on_frame) on_frame(*item.frame);
}

void VirtualLink::watch() {
  timer_->set(std::chrono::duration_cast<milliseconds>(kPingAfter / 2), [weak = weak_from_this()] {
    const std::shared_ptr<VirtualLink> self = weak.lock();
    if (self == nullptr || self->is_over_) return;
    const TimePoint now = self->loop_->now();
    if (now - self->heard_ > kSilenceLimit) {
      Error silent = broken("nothing heard any more");
      silent.code = kLinkSilent;
      return self->end(silent);
    }
    if (self->peer_.lock() != nullptr && now - self->said_ >= kPingAfter / 2) {
      self->push(Item::Kind::kPing, nullptr);
    }
    self->watch();
  });
}

VirtualNetwork::VirtualNetwork(VirtualTime& time, gossip::Simulation& gossip, size_t places)
    : time_(time), gossip_(gossip), has_power_(places, 1), side_(places, 0) {}

void VirtualNetwork::listen(size_t place, std::shared_ptr<VirtualLoop> loop, OnLink on_link) {
  ports_[place] = {.loop = std::move(loop), .on_link = std::move(on_link)};
}

std::shared_ptr<FrameLink> VirtualNetwork::dial(size_t from,
                                                const std::shared_ptr<VirtualLoop>& loop,
                                                size_t to,
                                                FrameLink::Listener listener) {
  auto near = std::make_shared<VirtualLink>(*this, loop, from, to);
  near->set_listener(std::move(listener));
  near->begin();
  std::erase_if(links_, [](const auto& each) { return each.expired(); });
  links_.push_back(near);
  time_.after(3 * delay(), [this, near] { connect(near); });
  return near;
}

void VirtualNetwork::connect(const std::shared_ptr<VirtualLink>& near) {
  const size_t to = near->other_;
  const bool passes = this->passes(near->place_, to) && this->passes(to, near->place_);
  if (near->is_over_ || !passes || has_power_[to] == 0) return;
  const auto port = ports_.find(to);
  if (port == ports_.end()) {
    return near->loop_->deliver([near] { near->end(broken("connection refused")); });
  }
  auto far = std::make_shared<VirtualLink>(*this, port->second.loop, to, near->place_);
  far->begin();
  far->peer_ = near;
  near->peer_ = far;
  links_.push_back(far);
  near->loop_->deliver([near] {
    near->heard_ = near->loop_->now();
    const auto on_ready = std::move(near->listener_.on_ready);
    if (on_ready) on_ready();
  });
  // The link lives as long as what the listener holds of it, or the next that is sent.
  port->second.loop->deliver([far, on_link = port->second.on_link] { on_link(far); });
}

void VirtualNetwork::end(size_t place, const std::shared_ptr<VirtualLoop>& loop, bool has_power) {
  const auto port = ports_.find(place);
  if (port != ports_.end() && port->second.loop == loop) ports_.erase(port);
  for (const auto& each : links_) {
    const std::shared_ptr<VirtualLink> link = each.lock();
    if (link != nullptr && link->loop_ == loop) link->cut_off(has_power);
  }
}

void VirtualNetwork::set_power(size_t place, bool has_power) { has_power_[place] = has_power; }

void VirtualNetwork::cut(size_t from, size_t to) {
  cuts_.insert({from, to});
  gossip_.set_cut(from, to, true);
}

void VirtualNetwork::partition(const std::set<size_t>& inside) {
  for (size_t i = 0; i < side_.size(); ++i) side_[i] = inside.contains(i) ? 1 : 0;
  gossip_.partition([&](size_t member) { return inside.contains(member); });
}

void VirtualNetwork::heal() {
  std::fill(side_.begin(), side_.end(), std::uint8_t{0});
  cuts_.clear();
  gossip_.heal();
}

bool VirtualNetwork::passes(size_t from, size_t to) const {
  return side_[from] == side_[to] && !cuts_.contains({from, to});
}

void VirtualNetwork::set_loss(double loss) {
  loss_ = loss;
  gossip_.network().loss = loss;
}

Duration VirtualNetwork::delay() {
  return time_.between(std::chrono::microseconds(100), milliseconds(3));
}

}  // namespace ikada::control

// What connects the simulated processes: links that keep order and repeat what was lost, as TCP
// does, and the gossip's packets beside them (tests/cluster/gossip/simulation.h), cut together.
//
// Places are numbered; a place has power or not, and a process that listens or not.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "cluster/node/frame_link.h"
#include "tests/cluster/control/virtual_time.h"
#include "tests/cluster/gossip/simulation.h"

namespace ikada::control {

class VirtualNetwork;

// One end.
class VirtualLink final : public FrameLink, public std::enable_shared_from_this<VirtualLink> {
 public:
  VirtualLink(VirtualNetwork& network,
              std::shared_ptr<VirtualLoop> loop,
              size_t place,
              size_t other);

  void send(const Json& frame) override;
  void finish() override;
  void close() override;
  void set_listener(Listener listener) { listener_ = std::move(listener); }

  size_t other() const { return other_; }

 private:
  friend class VirtualNetwork;
  struct Item {
    TimePoint arrival;
    enum class Kind { kFrame, kPing, kEnd } kind = Kind::kFrame;
    std::shared_ptr<const Json> frame = {};
  };

  void begin();
  void push(Item::Kind kind, std::shared_ptr<const Json> frame);
  void pump();
  void arrive(const Item& item);
  void take(const Item& item);
  void watch();
  void end(const Error& why);
  void cut_off(bool has_power);

  VirtualNetwork& network_;
  std::shared_ptr<VirtualLoop> loop_;
  const size_t place_;
  const size_t other_;
  std::weak_ptr<VirtualLink> peer_;
  Listener listener_;
  std::unique_ptr<Loop::Timer> timer_;
  std::deque<Item> sent_;  // And not arrived.
  TimePoint last_arrival_;
  TimePoint heard_;
  TimePoint said_;
  bool is_over_ = false;
  bool is_pumping_ = false;
  bool is_without_power_ = false;  // Nobody knows the connection any more.
};

class VirtualNetwork {
 public:
  using OnLink = std::function<void(const std::shared_ptr<VirtualLink>&)>;

  VirtualNetwork(VirtualTime& time, gossip::Simulation& gossip, size_t places);

  void listen(size_t place, std::shared_ptr<VirtualLoop> loop, OnLink on_link);
  std::shared_ptr<FrameLink> dial(size_t from,
                                  const std::shared_ptr<VirtualLoop>& loop,
                                  size_t to,
                                  FrameLink::Listener listener);
  // The process has ended; without power nobody is told of it.
  void end(size_t place, const std::shared_ptr<VirtualLoop>& loop, bool has_power);
  void set_power(size_t place, bool has_power);

  void cut(size_t from, size_t to);
  void partition(const std::set<size_t>& inside);
  void heal();
  bool passes(size_t from, size_t to) const;
  void set_loss(double loss);

  VirtualTime& time() { return time_; }
  Duration delay();

 private:
  friend class VirtualLink;
  struct Port {
    std::shared_ptr<VirtualLoop> loop;
    OnLink on_link;
  };

  void connect(const std::shared_ptr<VirtualLink>& near);

  VirtualTime& time_;
  gossip::Simulation& gossip_;
  std::vector<std::uint8_t> has_power_;
  std::vector<std::uint8_t> side_;
  std::set<std::pair<size_t, size_t>> cuts_;
  std::map<size_t, Port> ports_;
  std::vector<std::weak_ptr<VirtualLink>> links_;
  double loss_ = 0;
};

}  // namespace ikada::control

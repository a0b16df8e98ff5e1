// A gossip cluster in one process and in virtual time. The same seed gives the same run.
//
// Members are numbered from 0; their names are m0, m1 and so on. Packets take a random time and
// may be lost, doubled or overtaken; streams take longer where packets are lost, and break where
// nothing passes. A paused member gets everything at once when it goes on, as after SIGSTOP.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/gossip/keyring.h"
#include "cluster/gossip/swim.h"
#include "tests/cluster/gossip/quick_signatures.h"

namespace ikada::gossip {

struct Network {
  double loss = 0;
  double duplicates = 0;
  Duration min_delay = std::chrono::microseconds(100);
  Duration max_delay = milliseconds(2);
};

struct Observation {
  TimePoint when;
  size_t observer = 0;
  MemberChange::Kind kind = MemberChange::Kind::kJoined;
  size_t subject = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, Config config = {});

  // Adds members that know nobody; the first number. `drift`: how fast its clock goes.
  size_t add(size_t count = 1, double drift = 1);
  // Adds members that know each other already.
  void add_acquainted(size_t count);
  void input(size_t member, const Input& input);
  void join(size_t member, size_t seed);

  void kill(size_t member);
  // A new process with the name and key of a killed one. `incarnation`: its first.
  void restart(size_t member, std::uint64_t incarnation);
  void pause(size_t member);
  void resume(size_t member);
  // Packets from `from` to `to` no longer arrive, or arrive again.
  void set_cut(size_t from, size_t to, bool is_cut);
  // Between those for which it is true and the others nothing passes.
  void partition(const std::function<bool(size_t)>& is_inside);
  void heal();
  Network& network() { return network_; }

  void run_for(Duration duration);
  // Until it is true, looked at every 10 ms; false if it is not within `limit`.
  bool run_until(const std::function<bool()>& is_reached, Duration limit);

  TimePoint now() const { return now_; }
  size_t size() const { return nodes_.size(); }
  bool runs(size_t member) const { return nodes_[member].swim != nullptr; }
  Swim& swim(size_t member) { return *nodes_[member].swim; }
  bool is_done(size_t member) const { return nodes_[member].is_done; }
  Status status(size_t observer, size_t subject);
  bool knows(size_t observer, size_t subject);
  // Whether all that run hold exactly those that run for living, in the same incarnations.
  bool agrees();
  // Whether all others that run hold it for dead.
  bool is_dead_to_all(size_t member);

  const std::vector<Observation>& observations() const { return observations_; }
  void forget_observations() { observations_.clear(); }
  std::uint64_t bytes_sent() const { return bytes_sent_; }  // With headers of UDP, TCP and IP.
  std::uint64_t steps() const { return steps_; }

  // What goes over the wire instead of what members say, and what the receiver makes of that:
  // nothing if it cannot read it. Without them it goes in clear.
  std::function<std::string(size_t from, std::string_view plain, Channel channel)> seal;
  std::function<std::optional<std::string>(size_t to, std::string_view sealed, Channel channel)>
      open;

  // Called with everything that is sent and observed, for traces.
  std::function<void(size_t from, size_t to, std::string_view packet)> on_packet;
  std::function<void(const Observation&)> on_change;

 private:
  struct Node {
    std::unique_ptr<QuickSignatures> signatures;
    std::unique_ptr<Swim> swim;
    double drift = 1;
    TimePoint tick_at = TimePoint::max();
    bool is_paused = false;
    bool is_done = false;
    std::vector<std::function<void()>> held;  // What came while it was paused.
  };
  struct Event {
    TimePoint when;
    std::uint64_t order;
    size_t node;
    enum class Kind { kTick, kPacket, kCall } kind;
    size_t from;
    std::string bytes;
    std::function<void()> call;
    bool operator>(const Event& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };
  struct Stream {
    size_t dialler;
    size_t listener;
    StreamId dialler_id;
    StreamId listener_id;
    TimePoint last_arrival;
  };

  TimePoint local(size_t node, TimePoint time) const;
  TimePoint global(size_t node, TimePoint local_time) const;
  Config config_of() const { return config_; }
  void start(size_t node, std::uint64_t incarnation);
  void push(Event event);
  void handle(Event& event);
  void step(size_t node, const Input& input);
  void carry_out(size_t node, Output output);
  void send(size_t from, const PacketToSend& packet);
  void act(size_t from, const StreamAction& action);
  std::string sealed(size_t from, std::string_view plain, Channel channel) const;
  std::optional<std::string> opened(size_t to, std::string_view bytes, Channel channel) const;
  void deliver_frame(const std::shared_ptr<Stream>& stream, bool to_listener, std::string frame);
  void deliver_close(const std::shared_ptr<Stream>& stream, bool to_listener, TimePoint when);
  bool passes(size_t from, size_t to) const;
  Duration delay();

  Config config_;
  Network network_;
  Prng random_;
  TimePoint now_;
  std::uint64_t order_ = 0;
  std::vector<Node> nodes_;
  std::vector<std::uint8_t> side_;  // Of the partition.
  std::unordered_map<std::uint64_t, bool> cuts_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Stream>> streams_;  // By node and stream.
  StreamId next_incoming_ = 1;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Observation> observations_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace ikada::gossip

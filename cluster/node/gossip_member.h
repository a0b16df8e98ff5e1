// This host among the others: gossip with the keys of its membership, and what it says of them.
//
// Members are named by the ids of their nodes. All calls and callbacks are on the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/gossip/driver.h"
#include "cluster/node/membership.h"

namespace ikada {

class GossipMember {
 public:
  using OnChange = std::function<void(const gossip::MemberChange&)>;

  // Listens on all interfaces. kConflict if the port is in use.
  static Result<std::unique_ptr<GossipMember>> create(boost::asio::io_context& loop,
                                                      const Membership& membership,
                                                      std::uint16_t port,
                                                      OnChange on_change);
  ~GossipMember();
  GossipMember(const GossipMember&) = delete;
  GossipMember& operator=(const GossipMember&) = delete;

  std::uint16_t port() const { return own_.port; }

  // Addresses of others, without port; its own may be among them.
  void join(const std::vector<std::string>& addresses);
  void leave(std::function<void()> on_done);
  void stop();

  // Seals with the first and opens with all of them from now on.
  Result<void> set_keys(const std::vector<gossip::GossipKey>& keys) { return keyring_.set(keys); }

  // Nothing for a node that nobody has told of.
  std::optional<gossip::Status> status(const std::string& node) const;

 private:
  explicit GossipMember(gossip::Keyring keyring) : keyring_(std::move(keyring)) {}

  gossip::Keyring keyring_;
  std::unique_ptr<gossip::Ed25519> signatures_;
  std::unique_ptr<gossip::Driver> driver_;
  gossip::Endpoint own_;
};

}  // namespace ikada

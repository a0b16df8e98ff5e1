#include "cluster/node/gossip_member.h"

#include <utility>

#include "runtime/base/clock.h"

namespace ikada {
namespace {

// An address without port, with one.
Result<gossip::Endpoint> endpoint_at(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return gossip::parse_endpoint(is_v6 ? fmt::format("[{}]:{}", address, port)
                                      : fmt::format("{}:{}", address, port));
}

}  // namespace

Result<std::unique_ptr<GossipMember>> GossipMember::create(boost::asio::io_context& loop,
                                                           const Membership& membership,
                                                           std::uint16_t port,
                                                           OnChange on_change) {
  const std::string& cluster = membership.identity.cluster;
  const std::vector<gossip::GossipKey>& keys = membership.gossip.packet_keys;
  gossip::Keyring keyring(cluster, keys.front());
  for (const gossip::GossipKey& key : keys) IK_TRY(keyring.install(key));
  std::unique_ptr<GossipMember> member(new GossipMember(std::move(keyring)));
  IK_LET(signatures, gossip::Ed25519::create(membership.gossip.key));
  member->signatures_ = std::move(signatures);
  IK_LET(own, endpoint_at(membership.address, port));
  member->own_ = own;
  const bool is_v6 = membership.address.find(':') != std::string::npos;
  IK_LET(any, endpoint_at(is_v6 ? "::" : "0.0.0.0", port));
  gossip::Config config;
  config.cluster = cluster;
  config.authority = membership.gossip.authority;
  const bool is_manager = membership.identity.role == auth::NodeRole::kManager;
  const gossip::DriverOptions options{
      .listen = any,
      .self = {.name = membership.identity.node,
               .endpoint = own,
               .metadata = {.role = is_manager ? gossip::Role::kManager : gossip::Role::kWorker,
                            .version = IKADA_VERSION,
                            .capacity = {}},
               .first_incarnation = static_cast<std::uint64_t>(unix_now()),
               .admission = membership.gossip.admission},
      .config = config};
  IK_LET(driver,
         gossip::Driver::create(
             loop, options, member->keyring_, *member->signatures_, std::move(on_change)));
  member->driver_ = std::move(driver);
  return member;
}

GossipMember::~GossipMember() = default;

void GossipMember::join(const std::vector<std::string>& addresses) {
  std::vector<gossip::Endpoint> seeds;
  for (const std::string& address : addresses) {
    const Result<gossip::Endpoint> seed = endpoint_at(address, own_.port);
    if (seed.has_value() && *seed != own_) seeds.push_back(*seed);
  }
  if (!seeds.empty()) driver_->join(std::move(seeds));
}

void GossipMember::leave(std::function<void()> on_done) { driver_->leave(std::move(on_done)); }

void GossipMember::stop() { driver_->stop(); }

std::optional<gossip::Status> GossipMember::status(const std::string& node) const {
  const gossip::Member* const member = driver_->swim().members().find(gossip::member_id(node));
  if (member == nullptr) return std::nullopt;
  return member->status;
}

}  // namespace ikada

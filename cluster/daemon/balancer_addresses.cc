#include "cluster/daemon/balancer_addresses.h"

#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/spdlog.h>

#include "net/ipv4.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kRenewAgain{5};
// Somebody may not have heard the first one: a port that has just come up forwards nothing.
constexpr std::array<milliseconds, 4> kAnnounceAgain = {
    milliseconds(100), milliseconds(300), milliseconds(1000), milliseconds(3000)};

}  // namespace

AddressChanges plan_address_changes(const std::vector<HeldAddress>& found,
                                    const std::set<std::uint32_t>& wanted,
                                    const std::string& interface) {
  AddressChanges changes;
  std::set<std::uint32_t> there;
  for (const HeldAddress& each : found) {
    if (!each.is_ours) continue;
    if (wanted.contains(each.address) && each.interface == interface) {
      there.insert(each.address);
      changes.renew.push_back(each.address);
    } else {
      changes.release.push_back(each);
    }
  }
  for (const std::uint32_t each : wanted) {
    if (!there.contains(each)) changes.take.push_back(each);
  }
  return changes;
}

std::string interface_with(const std::vector<HeldAddress>& found, std::uint32_t address) {
  const auto it = std::ranges::find_if(
      found, [&](const HeldAddress& each) { return !each.is_ours && each.address == address; });
  return it == found.end() ? std::string() : it->interface;
}

BalancerAddresses::BalancerAddresses(boost::asio::io_context& loop,
                                     std::string interface,
                                     std::function<void()> on_hung)
    : loop_(loop),
      interface_(std::move(interface)),
      keeper_(loop, [this, on_hung = std::move(on_hung)] {
        spdlog::warn("addresses of load balancers: this daemon has hung for a while");
        held_.clear();
        renew_at_ = {};
        on_hung();
      }) {}

void BalancerAddresses::stop() {
  *is_here_ = false;
  keeper_.stop();
}

void BalancerAddresses::hold(const std::set<std::uint32_t>& wanted, std::uint32_t own_address) {
  const auto now = std::chrono::steady_clock::now();
  if (wanted == held_ && now < renew_at_) return;
  const Result<void> done = apply(wanted, own_address);
  std::string trouble = done.has_value() ? "" : done.error().message;
  if (!trouble.empty() && trouble != trouble_) {
    spdlog::error("addresses of load balancers: {}, retrying", trouble);
  }
  trouble_ = std::move(trouble);
  if (!done.has_value()) return;
  held_ = wanted;
  renew_at_ = now + kRenewAgain;
}

Result<void> BalancerAddresses::apply(const std::set<std::uint32_t>& wanted,
                                      std::uint32_t own_address) {
  IK_LET(found, list_addresses_held());
  const std::string interface =
      interface_.empty() ? interface_with(found, own_address) : interface_;
  const AddressChanges changes = plan_address_changes(found, wanted, interface);
  for (const HeldAddress& each : changes.release) {
    IK_TRY(release_held_address(each.interface, each.address));
    spdlog::info("address released address={}", format_ipv4(each.address));
  }
  if (wanted.empty()) {
    keeper_.stop();
    return {};
  }
  IK_TRY(keeper_.start().context("address keeper"));
  if (interface.empty()) {
    return make_error(ErrorKind::kUnavailable,
                      "no interface has this host's address {}: set balancer_interface",
                      format_ipv4(own_address));
  }
  for (const std::uint32_t each : changes.renew) {
    IK_TRY(hold_address(interface, each, kAddressLifetime));
    // A new daemon does not know what the last one has announced.
    if (!held_.contains(each)) announce(interface, each, 0);
  }
  for (const std::uint32_t each : changes.take) {
    IK_TRY(hold_address(interface, each, kAddressLifetime));
    spdlog::info("address taken address={} interface={}", format_ipv4(each), interface);
    announce(interface, each, 0);
  }
  return {};
}

void BalancerAddresses::announce(const std::string& interface,
                                 std::uint32_t address,
                                 size_t round) {
  const Result<void> told = announce_address(interface, address);
  if (!told.has_value()) spdlog::warn("{}, ignoring", told.error().message);
  if (round == kAnnounceAgain.size()) return;
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_, kAnnounceAgain[round]);
  timer->async_wait([this, timer, interface, address, round, is_here = is_here_](
                        const boost::system::error_code& error) {
    if (error || !*is_here || !held_.contains(address)) return;
    announce(interface, address, round + 1);
  });
}

}  // namespace ikada

// The load balancers' own addresses on this host: those that it holds are on an interface, and
// those that it does not hold any more are not.
//
// The daemon's end leaves them where they are; the next one goes on with them. If none comes, the
// kernel takes them away before another host gets them (kAddressLifetime, kRestartGrace). If it
// hangs, its keeper does (address_keeper.h).
//
// All calls are on the loop's thread; nothing waits for long.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/address_keeper.h"
#include "net/held_address.h"

namespace ikada {

inline constexpr std::chrono::seconds kAddressLifetime{25};

// What is to be done with the addresses that are there. Pure.
struct AddressChanges {
  std::vector<HeldAddress> release;
  std::vector<std::uint32_t> take;   // They are new here.
  std::vector<std::uint32_t> renew;  // They stay.
};
AddressChanges plan_address_changes(const std::vector<HeldAddress>& found,
                                    const std::set<std::uint32_t>& wanted,
                                    const std::string& interface);

// The interface with that address, among those that are not ours; empty if there is none.
std::string interface_with(const std::vector<HeldAddress>& found, std::uint32_t address);

class BalancerAddresses {
 public:
  // `interface` empty: the one with the host's own address. `on_hung` as AddressKeeper's.
  BalancerAddresses(boost::asio::io_context& loop,
                    std::string interface,
                    std::function<void()> on_hung);
  ~BalancerAddresses() { stop(); }
  BalancerAddresses(const BalancerAddresses&) = delete;
  BalancerAddresses& operator=(const BalancerAddresses&) = delete;

  // From now on these. Again at least every few seconds: their life is lengthened so.
  void hold(const std::set<std::uint32_t>& wanted, std::uint32_t own_address);
  // To be called before it is said which: `on_hung`, if the loop has stood still.
  void look() { keeper_.look(); }
  // Why they are not there; empty if they are.
  const std::string& trouble() const { return trouble_; }
  // Announces nothing any more.
  void stop();

 private:
  Result<void> apply(const std::set<std::uint32_t>& wanted, std::uint32_t own_address);
  void announce(const std::string& interface, std::uint32_t address, size_t round);

  boost::asio::io_context& loop_;
  const std::string interface_;
  std::set<std::uint32_t> held_;
  std::chrono::steady_clock::time_point renew_at_ = {};
  std::string trouble_;
  AddressKeeper keeper_;
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
};

}  // namespace ikada

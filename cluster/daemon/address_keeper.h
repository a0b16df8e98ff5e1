// Takes the load balancers' addresses off this host when ikadad hangs: this program again, started
// as
//
//   PROGRAM address-keeper
//
// While ikadad holds addresses it sends a byte through the program's standard input four times a
// second. After kMostSilence without one the addresses go: the others call a host lost when they
// have heard nothing of it for a little longer (kMemberLimits, gossip), and give them to another.
// When the pipe is closed ikadad has ended, and they stay for the next one as long as the kernel
// keeps them (balancer_addresses.h).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

inline constexpr std::string_view kAddressKeeperVerb = "address-keeper";

// To be asked first thing in main().
bool is_address_keeper(int argc, const char* const* argv);
int run_address_keeper();

// ikadad's side. All calls are on the loop's thread.
class AddressKeeper {
 public:
  static constexpr std::chrono::milliseconds kMostSilence{1500};

  // `on_hung` is called when the loop has stood still for so long: the addresses may be gone, and
  // somebody else's.
  AddressKeeper(boost::asio::io_context& loop, std::function<void()> on_hung);
  ~AddressKeeper() { stop(); }
  AddressKeeper(const AddressKeeper&) = delete;
  AddressKeeper& operator=(const AddressKeeper&) = delete;

  // Starts the program, if it does not run.
  Result<void> start();
  // Ends it; the addresses stay.
  void stop();
  // To be called before the addresses are held on to: `on_hung`, if that is so.
  void look();

 private:
  void beat();

  boost::asio::steady_timer timer_;
  std::function<void()> on_hung_;
  pid_t pid_ = -1;
  UniqueFd pipe_;
  std::chrono::steady_clock::time_point beat_at_ = {};
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
};

}  // namespace ikada

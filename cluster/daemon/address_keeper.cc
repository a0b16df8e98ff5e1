#include "cluster/daemon/address_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "net/held_address.h"
#include "net/ipv4.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBeat{250};
constexpr std::chrono::milliseconds kAgain{100};

// True if none is left.
bool release_all() {
  const Result<std::vector<HeldAddress>> held = list_addresses_held();
  if (!held.has_value()) return false;
  bool are_gone = true;
  for (const HeldAddress& each : *held) {
    if (!each.is_ours) continue;
    const Result<void> released = release_held_address(each.interface, each.address);
    are_gone = are_gone && released.has_value();
    ::fprintf(stderr,
              "ikadad hangs: address %s %s\n",
              format_ipv4(each.address).c_str(),
              released.has_value() ? "released" : released.error().message.c_str());
  }
  return are_gone;
}

}  // namespace

bool is_address_keeper(int argc, const char* const* argv) {
  return argc == 2 && argv[1] == kAddressKeeperVerb;
}

int run_address_keeper() {
  std::chrono::milliseconds patience = AddressKeeper::kMostSilence;
  while (true) {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&input, 1, static_cast<int>(patience.count()));
    if (ready < 0 && errno != EINTR) return 1;
    if (ready < 0) continue;
    if (ready == 0) {
      // For as long as it hangs there is nothing more to do.
      patience = release_all() ? std::chrono::milliseconds(-1) : kAgain;
      continue;
    }
    std::array<char, 256> beats{};
    if (::read(STDIN_FILENO, beats.data(), beats.size()) <= 0) return 0;
    patience = AddressKeeper::kMostSilence;
  }
}

AddressKeeper::AddressKeeper(boost::asio::io_context& loop, std::function<void()> on_hung)
    : timer_(loop), on_hung_(std::move(on_hung)) {}

Result<void> AddressKeeper::start() {
  if (pid_ > 0) return {};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("pipe");
  const UniqueFd input(ends[0]);
  UniqueFd output(ends[1]);
  IK_LET(pid,
         spawn({.program = "/proc/self/exe",
                .arguments = {"ikadad", std::string(kAddressKeeperVerb)},
                .environment = {},
                .fds = {{input.get(), STDIN_FILENO}}}));
  pid_ = pid;
  pipe_ = std::move(output);
  beat_at_ = SteadyClock::now();
  *std::exchange(is_here_, std::make_shared<bool>(true)) = false;
  beat();
  return {};
}

void AddressKeeper::stop() {
  *is_here_ = false;
  timer_.cancel();
  if (pid_ <= 0) return;
  // So it cannot take the closed pipe for anything else, and is gone at once.
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait_for_child(pid_).has_value());
  pid_ = -1;
  pipe_.reset();
}

void AddressKeeper::look() {
  const auto silent_since = std::exchange(beat_at_, SteadyClock::now());
  if (pid_ > 0 && beat_at_ - silent_since >= kMostSilence) on_hung_();
}

void AddressKeeper::beat() {
  look();
  if (::write(pipe_.get(), "", 1) < 0 && errno == EPIPE) {
    // Somebody has ended it.
    stop();
    static_cast<void>(start().has_value());
    return;
  }
  timer_.expires_after(kBeat);
  timer_.async_wait([this, is_here = is_here_](const boost::system::error_code& error) {
    if (!error && *is_here) beat();
  });
}

}  // namespace ikada

// A process of this program's that reads strangers' bytes (image/confinement.h), as its parent sees
// it: started, listened to over a SOCK_SEQPACKET channel, ended.
//
// It dies with the thread that started it. Nothing it says need be true.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

inline constexpr size_t kMaxConfinedMessageBytes = 8192;

struct ConfinedStart {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments;    // The verb and its words; our pid is appended.
  std::vector<std::pair<int, int>> fds;  // {ours, its number in the process}
  int channel_fd = -1;                   // The channel's number in the process.
};

// One message; empty text at its end.
struct ConfinedMessage {
  std::string text;
  UniqueFd fd;
};

class ConfinedProcess {
 public:
  static Result<ConfinedProcess> start(const ConfinedStart& start);
  ConfinedProcess(ConfinedProcess&& other) noexcept;
  ConfinedProcess& operator=(ConfinedProcess&&) = delete;
  ~ConfinedProcess() { kill(); }

  // nullopt if nothing has come yet and `wait` is false.
  Result<std::optional<ConfinedMessage>> receive(bool wait) const;

  // Waits for its end and says why it came without a last word.
  Error death();

  // Ends it, whatever it does; afterwards it writes nothing more.
  void kill();

 private:
  ConfinedProcess(pid_t pid, UniqueFd channel) : pid_(pid), channel_(std::move(channel)) {}

  pid_t pid_ = -1;
  UniqueFd channel_;
};

}  // namespace ikada

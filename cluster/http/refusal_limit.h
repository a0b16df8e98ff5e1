// How many refused signatures an address may cause: a burst, then one a second. Beyond that it is
// told to slow down, and not each refusal is recorded, so that nobody can fill the audit log from
// the network. A signature that is right is served all the same.
//
// An IPv6 address stands for its network of 64 bits. It knows no clock.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace ikada {

class RefusalLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Whether this refusal is one too many.
  bool is_too_many(const std::string& address, Time now);

 private:
  // When the address will have been good for long enough to have its whole burst again.
  std::map<std::string, Time> settled_at_;
};

}  // namespace ikada

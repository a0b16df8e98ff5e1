// How much repositories may hold: each quota counts the distinct blobs that the repositories of its
// patterns have, each blob once.
//
// Usage is measured when it is first needed and counted on from there. Before anything is refused
// it is measured again, so a wrong count refuses nothing. Thread-safe; measuring waits for the
// disk.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "image/registry/layout.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct QuotaRule {
  std::vector<std::string> repositories;  // Patterns (glob.h).
  std::uint64_t size_bytes = 0;

  auto operator<=>(const QuotaRule&) const = default;
};

class Quotas {
 public:
  // Does not own `layout`.
  explicit Quotas(const Layout& layout) : layout_(layout) {}

  // How many bytes more the repository may get; UINT64_MAX without a rule.
  Result<std::uint64_t> allowance(const std::vector<QuotaRule>& rules,
                                  const std::string& repository,
                                  std::uint64_t wanted_bytes);

  // Sets `size_bytes` aside until settle(). DENIED if they are too many.
  Result<void> reserve(const std::vector<QuotaRule>& rules,
                       const std::string& repository,
                       std::uint64_t size_bytes);

  // Ends a reservation: `is_added` if the repository has got a blob it did not have.
  void settle(const std::vector<QuotaRule>& rules,
              const std::string& repository,
              std::uint64_t size_bytes,
              bool is_added);

 private:
  struct Usage {
    std::uint64_t held_bytes = 0;
    std::uint64_t reserved_bytes = 0;
    bool is_measured = false;
  };
  Result<std::uint64_t> measure(const QuotaRule& rule) const;
  Result<std::uint64_t> left_of(const QuotaRule& rule, std::uint64_t wanted_bytes);

  const Layout& layout_;
  std::mutex mutex_;
  std::map<QuotaRule, Usage> usage_;  // Guarded by mutex_.
};

}  // namespace ikada::registry

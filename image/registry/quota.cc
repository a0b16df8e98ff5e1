#include "image/registry/quota.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "image/registry/catalog.h"
#include "image/registry/failure.h"
#include "image/registry/glob.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

std::uint64_t minus(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

Result<std::uint64_t> Quotas::measure(const QuotaRule& rule) const {
  std::uint64_t bytes = 0;
  std::set<ino_t> seen;
  IK_LET(names, all_repositories(layout_));
  for (const std::string& name : names) {
    if (!matches_any_glob(rule.repositories, name)) continue;
    for (const std::string& directory : {layout_.blob_links(name), layout_.manifest_links(name)}) {
      const Result<std::vector<std::string>> links = list_directory(directory);
      if (!links.has_value()) continue;  // Removed since.
      for (const std::string& link : *links) {
        struct stat status {};
        if (::stat(fmt::format("{}/{}", directory, link).c_str(), &status) != 0) continue;
        if (seen.insert(status.st_ino).second) bytes += static_cast<std::uint64_t>(status.st_size);
      }
    }
  }
  return bytes;
}

Result<std::uint64_t> Quotas::left_of(const QuotaRule& rule, std::uint64_t wanted_bytes) {
  Usage& usage = usage_[rule];
  const auto left = [&] { return minus(rule.size_bytes, usage.held_bytes + usage.reserved_bytes); };
  if (usage.is_measured && left() >= wanted_bytes) return left();
  IK_LET(held, measure(rule));
  usage.held_bytes = held;
  usage.is_measured = true;
  return left();
}

Result<std::uint64_t> Quotas::allowance(const std::vector<QuotaRule>& rules,
                                        const std::string& repository,
                                        std::uint64_t wanted_bytes) {
  const std::lock_guard lock(mutex_);
  std::uint64_t least = UINT64_MAX;
  for (const QuotaRule& rule : rules) {
    if (!matches_any_glob(rule.repositories, repository)) continue;
    IK_LET(left, left_of(rule, wanted_bytes));
    least = std::min(least, left);
  }
  return least;
}

Result<void> Quotas::reserve(const std::vector<QuotaRule>& rules,
                             const std::string& repository,
                             std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  for (const QuotaRule& rule : rules) {
    if (!matches_any_glob(rule.repositories, repository)) continue;
    IK_LET(left, left_of(rule, size_bytes));
    if (left >= size_bytes) continue;
    return api_error(kDenied,
                     "quota exceeded: {} of {} are left",
                     format_binary_size(left),
                     format_binary_size(rule.size_bytes));
  }
  for (const QuotaRule& rule : rules) {
    if (matches_any_glob(rule.repositories, repository)) usage_[rule].reserved_bytes += size_bytes;
  }
  return {};
}

void Quotas::settle(const std::vector<QuotaRule>& rules,
                    const std::string& repository,
                    std::uint64_t size_bytes,
                    bool is_added) {
  const std::lock_guard lock(mutex_);
  for (const QuotaRule& rule : rules) {
    if (!matches_any_glob(rule.repositories, repository)) continue;
    Usage& usage = usage_[rule];
    usage.reserved_bytes = minus(usage.reserved_bytes, size_bytes);
    if (is_added) usage.held_bytes += size_bytes;
  }
}

}  // namespace ikada::registry

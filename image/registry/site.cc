#include "image/registry/site.h"

#include <unistd.h>

#include "image/registry/token.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

// Most of what they do is to wait for the disk.
constexpr size_t kPoolThreads = 8;

Result<UniqueFd> lock_site(const Layout& layout) {
  Result<UniqueFd> lock = lock_file(layout.lock(), false);
  if (!lock.has_value() && lock.error().kind == ErrorKind::kConflict) {
    return make_error(ErrorKind::kConflict, "another registry serves {}", layout.root());
  }
  return lock;
}

}  // namespace

Result<std::unique_ptr<Site>> Site::open(std::shared_ptr<const Settings> settings) {
  IK_LET(layout, Layout::open(settings->config.root));
  IK_LET(lock, lock_site(layout));
  IK_LET(key, load_token_key(layout.token_key()));
  return std::unique_ptr<Site>(
      new Site(std::move(layout), std::move(lock), std::move(key), std::move(settings)));
}

Site::Site(Layout layout,
           UniqueFd lock,
           std::string token_key,
           std::shared_ptr<const Settings> first)
    : layout_(std::move(layout)),
      lock_(std::move(lock)),
      token_key_(std::move(token_key)),
      uploads_(layout_),
      quotas_(layout_),
      settings_(std::move(first)),
      pool_(kPoolThreads),
      slow_pool_(kPoolThreads) {}

std::shared_ptr<const Settings> Site::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void Site::replace_settings(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

void Site::join() {
  pool_.join();
  slow_pool_.join();
  passwords_.join();
}

}  // namespace ikada::registry

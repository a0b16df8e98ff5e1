// All that the answers work with: the store, what is on its way, and the settings of the moment.
//
// One for each process that serves; its lock makes it the only one on its root.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "image/registry/blocking_pool.h"
#include "image/registry/keeper.h"
#include "image/registry/layout.h"
#include "image/registry/password_check.h"
#include "image/registry/quota.h"
#include "image/registry/settings.h"
#include "image/registry/uploads.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

class Site {
 public:
  // kConflict if another process serves the root.
  static Result<std::unique_ptr<Site>> open(std::shared_ptr<const Settings> settings);

  const Layout& layout() const { return layout_; }
  Uploads& uploads() { return uploads_; }
  Quotas& quotas() { return quotas_; }
  PasswordCheck& passwords() { return passwords_; }
  BlockingPool& pool() { return pool_; }
  // For what may wait for others than the disk: a keeper that puts images on record.
  BlockingPool& slow_pool() { return slow_pool_; }
  const std::string& token_key() const { return token_key_; }
  // Null if the site decides itself. Set before anybody is served; it outlives the site.
  Keeper* keeper() const { return keeper_; }
  void set_keeper(Keeper* keeper) { keeper_ = keeper; }

  // Thread-safe.
  std::shared_ptr<const Settings> settings() const;
  void replace_settings(std::shared_ptr<const Settings> settings);

  // Waits until nothing runs in the pools any more.
  void join();

 private:
  Site(Layout layout, UniqueFd lock, std::string token_key, std::shared_ptr<const Settings> first);

  Layout layout_;
  UniqueFd lock_;
  std::string token_key_;
  Keeper* keeper_ = nullptr;
  Uploads uploads_;
  Quotas quotas_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;  // Guarded by mutex_.
  PasswordCheck passwords_;
  BlockingPool pool_;
  BlockingPool slow_pool_;
};

}  // namespace ikada::registry
